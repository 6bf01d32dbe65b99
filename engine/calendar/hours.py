"""What an office says of its time: weekly hours, dated days, and how they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Literal

from engine.errors import Invalid

Shift = tuple[time, time]
Shifts = tuple[Shift, ...]
Week = tuple[Shifts, ...]  # seven, Monday first
Season = tuple[tuple[int, int], tuple[int, int]]  # (month, day) of its first and last day
Kind = Literal["off", "worked", "half", "intake", "usual"]
Part = Literal["", "morning", "afternoon"]

NOON = time(12)
MOST_SHIFTS = 6  # a day
_PARTS: dict[str, Part] = {"sáng": "morning", "chiều": "afternoon"}
_PART_NAMES = {part: name for name, part in _PARTS.items()}
_SHIFT = re.compile(r"(\d{1,2})[:h](\d{2})\s*[-–]\s*(\d{1,2})[:h](\d{2})")


@dataclass(frozen=True)
class Hours:
    """Weekly hours from ``since`` to ``until`` (the last day; None: open end).

    ``week`` are the shifts that count, ``intake`` those in which dossiers are taken in without the
    time counting, ``late_after`` the hour of the 15:00 rule; None says nothing about it. A season
    (summer hours, winter hours) returns every year and may reach over the new year.
    """

    since: date
    until: date | None = None
    week: Week | None = None
    intake: Week | None = None
    late_after: time | None = None
    season: Season | None = None
    note: str = ""
    document: str = ""

    def __post_init__(self) -> None:
        if self.until is not None and self.until < self.since:
            raise Invalid("Giờ làm việc có ngày cuối trước ngày đầu.")
        for week in (self.week, self.intake):
            if week is None:
                continue
            if len(week) != 7:
                raise Invalid("Giờ làm việc phải nói đủ bảy ngày trong tuần.")
            if not any(week):
                raise Invalid("Cơ quan không có ca làm việc nào trong tuần.")
            for shifts in week:
                check_shifts(shifts)

    def covers(self, day: date) -> bool:
        """Whether these hours are in force on a day."""
        if day < self.since or (self.until is not None and day > self.until):
            return False
        if self.season is None:
            return True
        first, last = self.season
        here = (day.month, day.day)
        return first <= here <= last if first <= last else here >= first or here <= last


@dataclass(frozen=True)
class Day:
    """A single day that is not as its weekday is. ``like``: the weekday (0–6) whose hours it has.

    ``off`` does not count; ``worked`` counts though it would not; ``half`` counts with shorter
    hours; ``intake`` is open for dossiers and does not count; ``usual`` is as weekday and holidays
    say after all. ``shifts`` are its own hours, ``part`` keeps what lies before or after noon.
    """

    kind: Kind
    shifts: Shifts = ()
    like: int | None = None
    part: Part = ""
    note: str = ""
    document: str = ""

    def __post_init__(self) -> None:
        check_shifts(self.shifts)
        if self.like is not None and not 0 <= self.like <= 6:
            raise Invalid("Thứ trong tuần phải từ thứ Hai đến Chủ nhật.")


@dataclass(frozen=True)
class Layer:
    """All that one source says: a file, a province, a kind of agency, one agency."""

    hours: tuple[Hours, ...] = ()
    days: Mapping[date, Day] = field(default_factory=dict)


def check_shifts(shifts: Sequence[Shift]) -> None:
    """Invalid when a shift ends before it begins or overlaps the one before it, or are many."""
    if len(shifts) > MOST_SHIFTS:
        raise Invalid(f"Một ngày không có hơn {MOST_SHIFTS} ca.")
    before: time | None = None
    for opens, closes in shifts:
        if closes <= opens:
            raise Invalid(f"Ca {_shift_words(opens, closes)} kết thúc trước khi bắt đầu.")
        if before is not None and opens < before:
            raise Invalid(f"Ca {_shift_words(opens, closes)} chồng lên ca trước nó.")
        before = closes


def keep_part(shifts: Shifts, part: Part) -> Shifts:
    """What lies before noon (``morning``) or from noon on (``afternoon``)."""
    if part == "morning":
        return tuple((a, min(b, NOON)) for a, b in shifts if a < NOON)
    if part == "afternoon":
        return tuple((max(a, NOON), b) for a, b in shifts if b > NOON)
    return shifts


def read_shifts(text: str) -> Shifts:
    """Read "07:30-11:30 13:30-17:00" ("7h30-11h30" too); Invalid with a sentence."""
    text = text.strip().lower()
    rest = _SHIFT.sub("", text).replace(",", " ").replace("+", " ").strip()
    found = _SHIFT.findall(text)
    if rest or not found:
        raise Invalid(f"Ca «{text[:60]}» không đọc được; ví dụ: 07:30-11:30 13:30-17:00.")
    try:
        shifts = tuple((time(int(a), int(b)), time(int(c), int(d))) for a, b, c, d in found)
    except ValueError:
        raise Invalid(f"Ca «{text[:60]}» có giờ không tồn tại.") from None
    check_shifts(shifts)
    return shifts


def read_part(text: str) -> Part | None:
    """Read "sáng" or "chiều"; None when it is neither."""
    return _PARTS.get(text.strip().lower())


def shifts_text(shifts: Iterable[Shift], part: Part = "") -> str:
    """Shifts as they are written in a file: "07:30-11:30 13:30-17:00", "sáng"."""
    if part:
        return _PART_NAMES[part]
    return " ".join(_shift_words(a, b, "-") for a, b in shifts)


def _shift_words(opens: time, closes: time, dash: str = "–") -> str:
    return f"{opens:%H:%M}{dash}{closes:%H:%M}"
