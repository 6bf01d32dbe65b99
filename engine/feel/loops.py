"""Walk through lists and ranges for ``for``, ``some`` and ``every``, burning fuel at each step."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel.ranges import Range
from engine.feel.syntax import Node
from engine.feel.values import Scope

Closure = Callable[[Scope], Any]
PARTIAL = "partial"  # what a ``for`` has returned so far, to be read inside it (DMN 1.3)


def reads(node: Node, name: str) -> bool:
    """Whether a name stands anywhere in an expression."""
    if node.kind == "name":
        return str(node.children[0]) == name
    return any(isinstance(child, Node) and reads(child, name) for child in node.children)


def gathering(
    sources: list[tuple[str, Closure]], body: Closure, cost: int, so_far: bool
) -> Closure:
    """``for … return``: what the body gives each time; it may read this list ``so_far``."""

    def run(scope: Scope) -> Any:
        made: list[Any] = []
        results: dict[str, Any] = {PARTIAL: []} if so_far else {}

        def step() -> bool:
            made.append(body(scope))
            if so_far:
                scope.burn(len(made))
                results[PARTIAL] = made.copy()
            return True

        scope.frames.append(results)
        whole = walk(scope, sources, 0, cost, step)
        scope.frames.pop()
        return scope.list_of(made) if whole is not None else None

    return run


def steps(low: Closure, high: Closure) -> Closure:
    """``1..5`` as a list, up or down; null when a bound is no whole number."""

    def run(scope: Scope) -> Any:
        return _counted(scope, low(scope), high(scope))

    return run


def _counted(scope: Scope, first: Any, last: Any) -> list[Any] | None:
    if not isinstance(first, Decimal) or not isinstance(last, Decimal):
        return None
    a, b = int(first), int(last)
    if a != first or b != last:
        return None
    scope.burn(1 + abs(b - a) // 8)
    return [Decimal(n) for n in (range(a, b + 1) if a <= b else range(a, b - 1, -1))]


def walk(
    scope: Scope,
    sources: list[tuple[str, Closure]],
    at: int,
    cost: int,
    step: Callable[[], Any],
) -> bool | None:
    """Step through every combination; False when a step stopped it, null without a list."""
    name, source = sources[at]
    values = source(scope)
    if type(values) is Range and values.low_in and values.high_in:
        values = _counted(scope, values.low, values.high)
    if type(values) is not list:
        return None
    last = at + 1 == len(sources)
    frame: dict[str, Any] = {}
    scope.frames.append(frame)
    result: bool | None = True
    for item in values:
        scope.burn(cost)
        frame[name] = item
        result = bool(step()) if last else walk(scope, sources, at + 1, cost, step)
        if result is not True:
            break
    scope.frames.pop()
    return result
