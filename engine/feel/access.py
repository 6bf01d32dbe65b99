"""What lies inside a value: fields of contexts, parts of dates and durations, items by place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.feel.durations import Months
from engine.feel.ranges import Range


def field_of(value: Any, key: str) -> Any:
    """``value.key``: a context's entry, or a part of a date, time, duration or range."""
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(value, date):
        if key in ("year", "month", "day"):
            return Decimal(getattr(value, key))
        if key == "weekday":
            return Decimal(value.isoweekday())
    if isinstance(value, datetime | time) and key in ("hour", "minute", "second"):
        return Decimal(getattr(value, key))
    if isinstance(value, datetime | time) and key == "time offset":
        return value.utcoffset()
    if isinstance(value, Range):
        return getattr(value, _RANGE[key]) if key in _RANGE else None
    if isinstance(value, timedelta):
        return _part(value // timedelta(seconds=1), key, _CLOCK)
    if isinstance(value, Months):
        return _part(value.months, key, _YEAR)
    return None


_RANGE = {"start": "low", "end": "high", "start included": "low_in", "end included": "high_in"}
_CLOCK = {"days": (86_400, 0), "hours": (3_600, 24), "minutes": (60, 60), "seconds": (1, 60)}
_YEAR = {"years": (12, 0), "months": (1, 12)}


def _part(amount: int, key: str, units: Mapping[str, tuple[int, int]]) -> Decimal | None:
    if key not in units:
        return None
    size, wrap = units[key]
    whole = abs(amount) // size
    whole = whole % wrap if wrap else whole
    return Decimal(-whole if amount < 0 else whole)


def item_at(items: list[Any], place: Decimal) -> Any:
    """The item at a place from 1, or from -1 backwards; null when there is none."""
    if place != place.to_integral_value() or not 1 <= abs(place) <= len(items):
        return None
    at = int(place)
    return items[at - 1 if at > 0 else at]
