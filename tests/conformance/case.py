"""A conformance case: a small drawing, what is done with it, and what BPMN says must come of it.

Beside each ``name.bpmn`` stands ``name.toml``:

    shows    what the drawing shows, one line; ``because`` the place in the standard
    auto     whether tasks without an answer are done with {} (true unless said otherwise)
    start    start data; ``start_at`` the moment; ``process`` where to begin
    [[step]] answers, as in a scenario
    verdict  completed, waiting, refused or error; ``rule`` and ``element`` of the finding
    trace    the completions: ids in order; a list of lists is branches in any interleaving
    waiting, data, pools, times     what waits; values that must be there; moments by element
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KEYS = {"shows", "because", "auto", "start", "start_at", "process", "step"} | {
    *("verdict", "rule", "element", "trace", "waiting", "data", "pools", "times")
}


@dataclass(frozen=True)
class Case:
    """One drawing and its expectation."""

    name: str
    drawing: Path
    expectation: Path
    says: dict[str, Any]


def read_cases() -> list[Case]:
    """Every case under this folder, by name."""
    cases = []
    for path in sorted(HERE.glob("*/*.bpmn")):
        says = tomllib.loads(path.with_suffix(".toml").read_text(encoding="utf-8"))
        unknown = set(says) - KEYS
        assert not unknown, f"{path.stem}: {unknown}"
        name = f"{path.parent.name}/{path.stem}"
        cases.append(Case(name, path, path.with_suffix(".toml"), says))
    return cases


Pattern = tuple[Any, ...]


def fits(pattern: Sequence[Any], trace: Iterable[str]) -> bool:
    """Whether a trace is one of the orders that a pattern allows."""
    states = {_freeze(pattern)}
    for element in trace:
        states = {rest for state in states for rest in _after(state, element)}
    return () in {_trim(state) for state in states}


def _freeze(pattern: Sequence[Any]) -> Pattern:
    """The pattern as tuples: an item is an id or a set of branches."""
    return tuple(
        item if isinstance(item, str) else tuple(_freeze(branch) for branch in item)
        for item in pattern
    )


def _trim(state: Pattern) -> Pattern:
    """Without branches that are done."""
    while state and not isinstance(state[0], str):
        branches = tuple(b for b in map(_trim, state[0]) if b)
        if branches:
            return (branches, *state[1:])
        state = state[1:]
    return state


def _after(state: Pattern, element: str) -> Iterable[Pattern]:
    """What is left when ``element`` has come."""
    state = _trim(state)
    if not state:
        return
    head, rest = state[0], state[1:]
    if isinstance(head, str):
        if head == element:
            yield rest
        return
    for index, branch in enumerate(head):
        for left in _after(branch, element):
            yield ((*head[:index], left, *head[index + 1 :]), *rest)
