"""All functions of the language by name, and the names that the host answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.feel import on_lists, on_numbers, on_text, on_time
from engine.feel.signatures import MANY, Function, items_of
from engine.feel.values import Scope

HOST = ("working days", "working hours", "clock hours", "calendar days")


def _not(scope: Scope, value: Any) -> Any:
    return not value if isinstance(value, bool) else None


def _decide(stop: bool) -> Callable[..., Any]:
    def run(scope: Scope, *values: Any) -> Any:
        items = items_of(scope, values)
        if any(item is stop for item in items):
            return stop
        return not stop if all(isinstance(item, bool) for item in items) else None

    return run


def _get_value(scope: Scope, context: Any, key: Any) -> Any:
    if isinstance(context, Mapping) and isinstance(key, str):
        return context.get(key)
    return None


def _get_entries(scope: Scope, context: Any) -> Any:
    if not isinstance(context, Mapping):
        return None
    scope.burn(1 + len(context) // 16)
    return [{"key": key, "value": value} for key, value in context.items()]


TABLE: dict[str, Function] = {
    "not": Function(1, 1, _not, test=True),
    "all": Function(1, MANY, _decide(False), test=True),
    "any": Function(1, MANY, _decide(True), test=True),
    "is defined": Function(1, 1, lambda scope, value: value is not None, test=True),
    "get value": Function(2, 2, _get_value),
    "get entries": Function(1, 1, _get_entries),
    **on_numbers.TABLE,
    **on_text.TABLE,
    **on_lists.TABLE,
    **on_time.TABLE,
}
