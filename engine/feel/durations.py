"""ISO 8601 durations, and reading dates and times from text. Pure."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = r"\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:Z|[+-]\d{2}:\d{2})?"
_CLOCK = re.compile(_TIME, re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T" + _TIME, re.ASCII)
_SHORT_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?:Z|[+-]\d{2}:\d{2})?", re.ASCII)
_ZONED = re.compile(
    r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?)@([A-Za-z_/+-]{1,40})", re.ASCII
)
_MONTHS = re.compile(r"(-)?P(?=\d)(?:(\d{1,6})Y)?(?:(\d{1,7})M)?", re.ASCII)
_SPAN = re.compile(
    r"(-)?P(?=[\dT])(?:(\d{1,5})W)?(?:(\d{1,7})D)?"
    r"(?:T(?=\d)(?:(\d{1,8})H)?(?:(\d{1,9})M)?(?:(\d{1,10})(?:\.(\d{1,6}))?S)?)?",
    re.ASCII,
)


@dataclass(frozen=True, order=True, slots=True)
class Months:
    """A years-and-months duration, counted in ``months``."""

    months: int

    def __neg__(self) -> Months:
        return Months(-self.months)

    def __abs__(self) -> Months:
        return Months(abs(self.months))


def parse_date(text: str) -> date | None:
    """``2026-11-22``; None when it is no date."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def parse_moment(text: str) -> datetime | None:
    """``2026-11-22T07:30:00``, with an offset, a zone (``@Asia/Ho_Chi_Minh``) or neither.

    A zone is read as its offset at that moment; a date alone is its midnight.
    """
    day = parse_date(text)
    if day is not None:
        return datetime.combine(day, time())
    if zoned := _ZONED.fullmatch(text):
        return _in_zone(zoned[1], zoned[2])
    if not (_MOMENT.fullmatch(text) or _SHORT_MOMENT.fullmatch(text)):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _in_zone(text: str, name: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(name))
        offset = moment.utcoffset()
    except (ValueError, KeyError, OSError, OverflowError):
        return None
    return None if offset is None else moment.replace(tzinfo=timezone(offset))


def parse_time(text: str) -> time | None:
    """``07:30:00`` with or without an offset."""
    if not _CLOCK.fullmatch(text):
        return None
    try:
        return time.fromisoformat(text)
    except ValueError:
        return None


def parse_duration(text: str) -> timedelta | Months | None:
    """``P1Y2M`` or ``P3DT4H``; years and months do not mix with days and hours."""
    if match := _MONTHS.fullmatch(text):
        count = int(match[2] or 0) * 12 + int(match[3] or 0)
        return Months(-count if match[1] else count)
    match = _SPAN.fullmatch(text)
    if match is None:
        return None
    weeks, days, hours, minutes, seconds = (int(match[n] or 0) for n in range(2, 7))
    try:
        span = timedelta(
            weeks=weeks,
            days=days,
            hours=hours,
            minutes=minutes,
            seconds=seconds,
            microseconds=int((match[7] or "0").ljust(6, "0")),
        )
    except OverflowError:
        return None
    return -span if match[1] else span


def duration_text(value: timedelta | Months) -> str:
    """A duration in ISO 8601."""
    if isinstance(value, Months):
        years, months = divmod(abs(value.months), 12)
        body = (f"{years}Y" if years else "") + (f"{months}M" if months or not years else "")
        return ("-P" if value.months < 0 else "P") + body
    sign, value = ("-", -value) if value < timedelta() else ("", value)
    hours, rest = divmod(value.seconds, 3_600)
    minutes, seconds = divmod(rest, 60)
    part = f"{value.microseconds:06d}".rstrip("0")
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if seconds or part:
        clock += f"{seconds}.{part}S" if part else f"{seconds}S"
    day = f"{value.days}D" if value.days else ""
    return f"{sign}P{day}" + (f"T{clock}" if clock else "" if day else "T0S")


def add_months(day: date, months: int) -> date:
    """The same day of another month, or its last day when it is shorter. ValueError beyond 9999."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise ValueError(year)
    last = calendar.monthrange(year, month + 1)[1]
    return day.replace(year=year, month=month + 1, day=min(day.day, last))


def months_between(start: date, end: date) -> int:
    """Whole months from one day to another, towards zero."""
    count = (end.year - start.year) * 12 + end.month - start.month
    if count > 0 and end.day < start.day:
        return count - 1
    if count < 0 and end.day > start.day:
        return count + 1
    return count
