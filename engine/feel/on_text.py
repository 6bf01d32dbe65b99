"""The functions on strings, and how a value is written as one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from engine.errors import FeelError
from engine.feel.durations import Months, duration_text
from engine.feel.patterns import Found, Pattern, PatternError, compile_pattern
from engine.feel.ranges import Range
from engine.feel.signatures import Function, as_list, whole
from engine.feel.values import MATH, MAX_CHARS, Scope

_DOLLAR = re.compile(r"\$([0-9$])", re.ASCII)


def _text(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(scope: Scope, *values: Any) -> Any:
        if not all(isinstance(value, str) for value in values):
            return None
        scope.burn(1 + sum(map(len, values)) // 64)
        found = function(*values)
        return scope.text_of(found) if isinstance(found, str) else found

    return run


def _substring(scope: Scope, text: Any, start: Any, length: Any = Decimal(10**8)) -> Any:
    first, size = whole(start), whole(length)
    if not isinstance(text, str) or not first or size is None:
        return None
    begin = first - 1 if first > 0 else len(text) + first
    return text[max(begin, 0) : max(begin + size, 0)]


def _before(text: str, mark: str) -> str:
    return text[: text.index(mark)] if mark in text else ""


def _after(text: str, mark: str) -> str:
    return text[text.index(mark) + len(mark) :] if mark in text else ""


def _join(scope: Scope, values: Any, mark: Any = "") -> Any:
    items = as_list(values)
    if items is None or not all(isinstance(item, str | None) for item in items):
        return None
    mark = mark or ""
    if not isinstance(mark, str):
        return None
    parts = [item for item in items if item is not None]
    size = sum(map(len, parts)) + len(mark) * len(parts)
    scope.burn(1 + size // 64)
    if size > 2 * MAX_CHARS:
        raise FeelError(scope.text, "chuỗi quá dài.", "Rút gọn chuỗi.")
    return scope.text_of(mark.join(parts))


def to_text(scope: Scope, value: Any, inside: bool = False) -> str:
    """A value as FEEL writes it; strings get quotes only inside lists and contexts."""
    scope.burn()
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        if not inside:
            return value
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, Decimal):
        return format(value.normalize(MATH), "f") if value else "0"
    if isinstance(value, timedelta | Months):
        return duration_text(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Range):
        low, high = to_text(scope, value.low, True), to_text(scope, value.high, True)
        return f"{'[' if value.low_in else '('}{low}..{high}{']' if value.high_in else ')'}"
    if isinstance(value, list):
        return scope.text_of("[" + ", ".join(to_text(scope, item, True) for item in value) + "]")
    parts = (
        f"{key if key.isidentifier() else to_text(scope, key, True)}: {to_text(scope, item, True)}"
        for key, item in value.items()
    )
    return scope.text_of("{" + ", ".join(parts) + "}")


def _string(scope: Scope, value: Any) -> Any:
    return None if value is None else to_text(scope, value)


def _matches(scope: Scope, text: Any, pattern: Any, flags: Any = None) -> Any:
    if not isinstance(text, str) or not isinstance(pattern, str):
        return None
    compiled = _pattern(scope, text, pattern, flags)
    return None if compiled is None else compiled.found_in(text)


def _pattern(scope: Scope, text: str, pattern: str, flags: Any) -> Pattern | None:
    """The pattern, paid for; null outside the subset."""
    if flags is not None and not isinstance(flags, str):
        return None
    try:
        compiled = compile_pattern(pattern, flags or "")
    except PatternError:
        return None
    scope.burn(1 + len(text) * compiled.cost // 4)
    return compiled


def _places(scope: Scope, text: str, pattern: Pattern) -> Iterator[Found]:
    at = 0
    while (found := pattern.first_in(text, at)) is not None:
        begin, end = found.places[0] or 0, found.places[1] or 0
        if end == begin:
            return
        scope.burn(1 + (found.looked - at) * pattern.cost // 4)
        yield found
        at = end


def _replace(scope: Scope, text: Any, pattern: Any, put: Any, flags: Any = None) -> Any:
    if not all(isinstance(part, str) for part in (text, pattern, put)):
        return None
    compiled = _pattern(scope, text, pattern, flags)
    if compiled is None or compiled.fits_nothing():
        return None
    parts: list[str] = []
    size, at = 0, 0
    for found in _places(scope, text, compiled):
        filled = _filled(text, found, put)
        parts += [text[at : found.places[0]], filled]
        size += len(filled)
        if size > MAX_CHARS:
            raise FeelError(scope.text, "chuỗi quá dài.", "Rút gọn chuỗi.")
        at = found.places[1] or 0
    return scope.text_of("".join([*parts, text[at:]]))


def _filled(text: str, found: Found, put: str) -> str:
    """``$0`` … ``$9`` in a replacement filled in with what the groups hold."""
    return _DOLLAR.sub(lambda sign: "$" if sign[1] == "$" else found.group(text, int(sign[1])), put)


def _split(scope: Scope, text: Any, pattern: Any) -> Any:
    if not isinstance(text, str) or not isinstance(pattern, str):
        return None
    compiled = _pattern(scope, text, pattern, None)
    if compiled is None or compiled.fits_nothing():
        return None
    parts, at = [], 0
    for found in _places(scope, text, compiled):
        parts.append(text[at : found.places[0]])
        at = found.places[1] or 0
    return scope.list_of([*parts, text[at:]])


TABLE = {
    "string": Function(1, 1, _string),
    "contains": Function(2, 2, _text(lambda a, b: b in a), test=True),
    "starts with": Function(2, 2, _text(lambda a, b: a.startswith(b)), test=True),
    "ends with": Function(2, 2, _text(lambda a, b: a.endswith(b)), test=True),
    "string length": Function(1, 1, _text(lambda a: Decimal(len(a)))),
    "upper case": Function(1, 1, _text(str.upper)),
    "lower case": Function(1, 1, _text(str.lower)),
    "substring": Function(2, 3, _substring),
    "substring before": Function(2, 2, _text(_before)),
    "substring after": Function(2, 2, _text(_after)),
    "string join": Function(1, 2, _join),
    "matches": Function(2, 3, _matches, test=True),
    "replace": Function(3, 4, _replace),
    "split": Function(2, 2, _split),
}
