"""The types a column may name, and which FEEL values fit them."""

from __future__ import annotations

from typing import Any

from engine.feel.durations import parse_date, parse_moment, parse_time
from engine.feel.values import kind

KINDS: dict[str, tuple[str, ...]] = {
    "string": ("string",),
    "boolean": ("boolean",),
    "number": ("number",),
    "integer": ("number",),
    "long": ("number",),
    "double": ("number",),
    "date": ("date",),
    "time": ("time",),
    "dateTime": ("date and time",),
    "dayTimeDuration": ("duration",),
    "yearMonthDuration": ("months",),
    "Any": (),
}
_READERS = {"date": parse_date, "time": parse_time, "dateTime": parse_moment}
_OTHER_NAMES = {
    "date and time": "dateTime",
    "days and time duration": "dayTimeDuration",
    "years and months duration": "yearMonthDuration",
    "any": "Any",
}


def known(name: str) -> str | None:
    """The type by any of its usual names, with or without a prefix; None when unknown."""
    name = name.removeprefix("feel:").strip()
    name = _OTHER_NAMES.get(name, name)
    return name if name in KINDS else None


def fits(value: Any, type_: str | None) -> bool:
    """Whether a FEEL value belongs to a type; null belongs to all."""
    if value is None or type_ is None or not KINDS[type_]:
        return True
    if type_ in ("integer", "long") and kind(value) == "number":
        return bool(value == value.to_integral_value())
    return kind(value) in KINDS[type_]


def fits_kind(value: Any, type_: str | None) -> bool:
    """Whether a FEEL value may be compared with values of a type; null with all."""
    return value is None or not KINDS.get(type_ or "") or kind(value) in KINDS[type_ or ""]


def convert(value: Any, type_: str | None) -> Any:
    """ISO text, as facts hold it, read as the date or time that a column asks for."""
    reader = _READERS.get(type_ or "")
    if reader is None or not isinstance(value, str):
        return value
    if not value:
        return None
    found: Any = reader(value)
    return value if found is None else found


def converts(type_: str) -> frozenset[str]:
    """The kinds of values beside its own that a column of a type takes: ISO text."""
    return frozenset({"string"}) if type_ in _READERS else frozenset()
