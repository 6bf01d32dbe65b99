"""All functions of the language by name, and the names that the host answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.feel import on_lists, on_numbers, on_ranges, on_text, on_time
from engine.feel.signatures import MANY, Function, as_list, items_of
from engine.feel.values import Scope, equal, kind

HOST = ("working days", "working hours", "clock hours", "calendar days")


def _not(scope: Scope, value: Any) -> Any:
    return not value if isinstance(value, bool) else None


def _is(scope: Scope, left: Any, right: Any) -> Any:
    return kind(left) == kind(right) and equal(scope, left, right) is True


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


def _context(scope: Scope, entries: Any) -> Any:
    made: dict[str, Any] = {}
    for entry in as_list(entries) or ():
        scope.burn()
        if not isinstance(entry, Mapping) or not {"key", "value"} <= entry.keys():
            return None
        key = entry["key"]
        if not isinstance(key, str) or key in made:
            return None
        made[key] = entry["value"]
    return made if entries is not None else None


def _context_put(scope: Scope, context: Any, keys: Any, value: Any) -> Any:
    path = as_list(keys)
    if not path or not all(isinstance(key, str) for key in path) or len(path) > 20:
        return None
    if not isinstance(context, Mapping):
        return None
    scope.burn(1 + len(context) // 16)
    if len(path) > 1:
        value = _context_put(scope, context.get(path[0]), path[1:], value)
        if value is None:
            return None
    return {**context, path[0]: value}


def _context_merge(scope: Scope, *contexts: Any) -> Any:
    made: dict[str, Any] = {}
    for context in items_of(scope, contexts):
        if not isinstance(context, Mapping):
            return None
        scope.burn(1 + len(context) // 16)
        made |= context
    return made


TABLE: dict[str, Function] = {
    "not": Function(1, 1, _not, test=True),
    "all": Function(1, MANY, _decide(False), test=True),
    "any": Function(1, MANY, _decide(True), test=True),
    "is defined": Function(1, 1, lambda scope, value: value is not None, test=True),
    "get value": Function(2, 2, _get_value),
    "get entries": Function(1, 1, _get_entries),
    "context": Function(1, 1, _context),
    "context put": Function(3, 3, _context_put),
    "context merge": Function(1, MANY, _context_merge),
    "is": Function(2, 2, _is, test=True),
    **on_numbers.TABLE,
    **on_text.TABLE,
    **on_lists.TABLE,
    **on_time.TABLE,
    **on_ranges.TABLE,
}
