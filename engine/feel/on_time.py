"""The functions on dates, times and durations. The moment is given, never read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from engine.errors import FeelError
from engine.feel.durations import (
    Months,
    months_between,
    parse_duration,
    parse_moment,
    parse_time,
)
from engine.feel.signatures import Function, whole
from engine.feel.values import LOCAL, Scope


def _date(scope: Scope, value: Any, month: Any = None, day: Any = None) -> Any:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        moment = parse_moment(value)
        return moment.date() if moment else None
    parts = [whole(part) for part in (value, month, day)]
    try:
        return date(*parts) if None not in parts else None  # type: ignore[arg-type]
    except (ValueError, OverflowError):
        return None


def _moment(scope: Scope, value: Any, clock: Any = None) -> Any:
    if clock is None:
        if isinstance(value, date) and not isinstance(value, datetime):
            return datetime.combine(value, time())
        return (
            parse_moment(value)
            if isinstance(value, str)
            else (value if isinstance(value, datetime) else None)
        )
    if isinstance(value, date) and isinstance(clock, time):
        return datetime.combine(value.date() if isinstance(value, datetime) else value, clock)
    return None


def _time(
    scope: Scope, value: Any, minute: Any = None, second: Any = None, offset: Any = None
) -> Any:
    if offset is not None and not isinstance(offset, timedelta):
        return None
    if isinstance(value, datetime):
        return value.timetz()
    if isinstance(value, time):
        return value
    if isinstance(value, str):
        return parse_time(value)
    parts = [whole(part) for part in (value, minute, second)]
    try:
        zone = None if offset is None else timezone(offset)
        return time(*parts, tzinfo=zone) if None not in parts else None  # type: ignore[misc, arg-type]
    except (ValueError, OverflowError):
        return None


def _duration(scope: Scope, value: Any) -> Any:
    if isinstance(value, timedelta | Months):
        return value
    return parse_duration(value) if isinstance(value, str) else None


def _months_between(scope: Scope, start: Any, end: Any) -> Any:
    if isinstance(start, date) and isinstance(end, date):
        return Months(months_between(start, end))
    return None


def _day_of_week(scope: Scope, value: Any) -> Any:
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    return names[value.weekday()] if isinstance(value, date) else None


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def _of_day(tell: Callable[[date], Any]) -> Callable[..., Any]:
    return lambda scope, value: tell(value) if isinstance(value, date) else None


def _now(scope: Scope) -> datetime:
    if scope.now is None:
        raise FeelError(scope.text, "ở đây không có thời điểm hiện tại.", "Bỏ now() và today().")
    return scope.now.astimezone(LOCAL)


TABLE = {
    "date": Function(1, 3, _date),
    "date and time": Function(1, 2, _moment),
    "time": Function(1, 4, _time),
    "duration": Function(1, 1, _duration),
    "years and months duration": Function(2, 2, _months_between),
    "day of week": Function(1, 1, _day_of_week),
    "day of year": Function(1, 1, _of_day(lambda day: Decimal(day.timetuple().tm_yday))),
    "month of year": Function(1, 1, _of_day(lambda day: _MONTHS[day.month - 1])),
    "week of year": Function(1, 1, _of_day(lambda day: Decimal(day.isocalendar().week))),
    "now": Function(0, 0, _now),
    "today": Function(0, 0, lambda scope: _now(scope).date()),
}
