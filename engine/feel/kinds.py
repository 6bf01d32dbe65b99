"""The types that ``instance of`` asks for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from engine.feel.ranges import Range
from engine.feel.values import Scope, kind

_KINDS = {
    "number": "number",
    "string": "string",
    "boolean": "boolean",
    "date": "date",
    "time": "time",
    "date and time": "date and time",
    "days and time duration": "duration",
    "years and months duration": "months",
    "list": "list",
    "context": "context",
    "range": "range",
    "Null": "null",
}
TYPES = (*_KINDS, "Any", "list<…>")
_OF = re.compile(r"(list|range)\s*<\s*(\w+)\s*>")

TypeTest = Callable[[Scope, Any], bool]


def type_test(name: str) -> TypeTest | None:
    """What asks whether a value is of a type; None when there is no such type."""
    inside = _OF.fullmatch(name)
    if inside is not None:
        return _of(inside[1], inside[2])
    name = " ".join(name.split())
    if name == "Any":
        return lambda scope, value: value is not None
    wanted = _KINDS.get(name)
    return None if wanted is None else lambda scope, value: kind(value) == wanted


def _of(outer: str, inner: str) -> TypeTest | None:
    fits = type_test(inner)
    if fits is None:
        return None

    def items(scope: Scope, value: Any) -> bool:
        if type(value) is not list:
            return False
        scope.burn(1 + len(value) // 16)
        return all(fits(scope, item) for item in value)

    def ends(scope: Scope, value: Any) -> bool:
        return isinstance(value, Range) and fits(scope, value.low)

    return items if outer == "list" else ends
