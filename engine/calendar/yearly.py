"""The yearly calendar of a file, checked: a sentence for every fault, and all or nothing.

One row says one thing: a day (or days) that is not as its weekday is, or the weekly hours of a
span of time. Knows no database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from engine.calendar.cells import days_of, fold, hour, span_of, weekdays
from engine.calendar.hours import (
    Day,
    Hours,
    Layer,
    Part,
    Season,
    Shifts,
    Week,
    read_part,
    read_shifts,
    shifts_text,
)
from engine.calendar.rows import DAY_KINDS, HOURS_KINDS, Field, Row, read_rows
from engine.calendar.words import WEEKDAYS
from engine.calendar.working import Calendar
from engine.errors import Invalid


@dataclass(frozen=True)
class _Span:
    """A row of hours, read, before it is put together with the others of its span."""

    row: Row
    field: Field
    first: date
    last: date | None
    season: Season | None


def read(content: bytes, name: str, below: Calendar) -> Layer:
    """What a file says, checked against the calendar it will lie on.

    ``name`` tells CSV from TOML. Raises Invalid: ``errors`` maps each place ("dòng 3") to its
    sentences; nothing of a file with a fault is used.
    """
    return _Reading(below).layer(read_rows(content, name), name)


class _Reading:
    """Reads the rows of one file and keeps every fault with its place."""

    def __init__(self, below: Calendar) -> None:
        self._below = below
        self._faults: dict[str, list[str]] = {}

    def layer(self, rows: list[Row], name: str) -> Layer:
        days: list[tuple[Row, date, date]] = []
        spans: list[_Span] = []
        for row in rows:
            with _noting(self, row):
                if row.kind in DAY_KINDS:
                    days.append((row, *days_of(row.when)))
                elif row.kind in HOURS_KINDS:
                    spans.append(_Span(row, HOURS_KINDS[row.kind], *span_of(row.when)))
                else:
                    known = ", ".join((*DAY_KINDS, *HOURS_KINDS))
                    raise Invalid(f"loại «{row.kind[:40]}» không có; các loại: {known}.")
        hours = self._hours(spans)
        found = self._days(days, self._below.over(Layer(hours)))
        if self._faults:
            raise Invalid(
                f"Tệp lịch {name} có lỗi ở {len(self._faults)} chỗ; không có gì được thay đổi.",
                errors=self._faults,
            )
        return Layer(hours, found)

    def fault(self, row: Row, sentence: str) -> None:
        self._faults.setdefault(row.place, []).append(sentence)

    def _days(self, rows: list[tuple[Row, date, date]], below: Calendar) -> dict[date, Day]:
        found: dict[date, Day] = {}
        said: dict[date, Row] = {}
        for row, first, last in rows:
            with _noting(self, row):
                special = _special(row)
                day = first
                while day <= last:
                    if day in said:
                        raise Invalid(f"ngày {day:%d/%m/%Y} đã có ở {said[day].place}.")
                    _check_day(day, special, below)
                    said[day], found[day] = row, special
                    day += timedelta(days=1)
        return found

    def _hours(self, spans: list[_Span]) -> tuple[Hours, ...]:
        groups: dict[tuple[Any, ...], list[_Span]] = {}
        for span in spans:
            key = (span.field, span.season is not None, span.first, span.last, span.season)
            groups.setdefault(key, []).append(span)
        made = []
        for group in groups.values():
            hours = self._one_span(group)
            if hours is not None:
                made.append(hours)
        for field in HOURS_KINDS.values():
            alike = [group[0] for group in groups.values() if group[0].field == field]
            self._check_spans([span for span in alike if span.season is None])
            self._check_seasons([span for span in alike if span.season is not None])
        return tuple(sorted(made, key=lambda hours: (hours.season is not None, hours.since)))

    def _one_span(self, group: list[_Span]) -> Hours | None:
        week: list[Shifts | None] = [None] * 7
        first = group[0]
        rules: dict[str, Any] = {}
        for span in group:
            row = span.row
            with _noting(self, row):
                if span.field == "late_after":
                    if rules:
                        raise Invalid(f"giờ chốt đã có ở {first.row.place}.")
                    rules["late_after"] = hour(row.shifts)
                    continue
                shifts = () if fold(row.shifts) == "nghi" else read_shifts(row.shifts)
                for weekday in weekdays(row.weekdays):
                    if week[weekday] is not None:
                        raise Invalid(
                            f"{WEEKDAYS[weekday]} đã có giờ ở dòng khác của cùng khoảng thời gian."
                        )
                    week[weekday] = shifts
        said: Week = tuple(shifts or () for shifts in week)
        if first.field != "late_after":
            if not any(said):
                if not any(span.row.place in self._faults for span in group):
                    self.fault(first.row, "cơ quan không có ca làm việc nào trong tuần.")
                return None
            rules[first.field] = said
        row = first.row
        with _noting(self, row):
            return Hours(
                first.first,
                first.last,
                season=first.season,
                note=row.note,
                document=row.document,
                **rules,
            )
        return None

    def _check_spans(self, spans: list[_Span]) -> None:
        """Spans of the same kind follow one another without overlap and without gap."""
        ordered = sorted(spans, key=lambda span: span.first)
        for before, after in pairwise(ordered):
            if before.last is None or after.first <= before.last:
                self.fault(
                    after.row,
                    f"khoảng thời gian chồng lên khoảng của {before.row.place}"
                    + (": khoảng đó chưa có ngày cuối." if before.last is None else "."),
                )
            elif after.first > before.last + timedelta(days=1):
                self.fault(
                    after.row,
                    f"hở từ {before.last + timedelta(days=1):%d/%m/%Y} đến "
                    f"{after.first - timedelta(days=1):%d/%m/%Y}: không có giờ nào giữa khoảng "
                    f"này và khoảng của {before.row.place}.",
                )

    def _check_seasons(self, spans: list[_Span]) -> None:
        """Seasons share no day, and two or more of them cover the whole year."""
        year = [date(2024, 1, 1) + timedelta(days=n) for n in range(366)]
        owner: dict[date, _Span] = {}
        for span in spans:
            hours = Hours(date(2000, 1, 1), season=span.season)
            for day in filter(hours.covers, year):
                if day in owner:
                    other = owner[day].row.place
                    self.fault(span.row, f"mùa chồng lên mùa của {other} (ngày {day:%d/%m}).")
                    break
                owner[day] = span
        if len(spans) > 1:
            bare = next((day for day in year if day not in owner), None)
            if bare is not None:
                self.fault(spans[-1].row, f"các mùa để hở: ngày {bare:%d/%m} không thuộc mùa nào.")


class _noting:  # noqa: N801 - read as a word in front of a block
    """Notes an Invalid raised inside as a fault of the row."""

    def __init__(self, reading: _Reading, row: Row) -> None:
        self._reading, self._row = reading, row

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: object, _trace: object) -> bool:
        if not isinstance(error, Invalid):
            return False
        self._reading.fault(self._row, error.message)
        return True


def _special(row: Row) -> Day:
    kind = DAY_KINDS[row.kind]
    like = None
    if row.weekdays:
        found = weekdays(row.weekdays)
        if len(found) != 1:
            raise Invalid("cột «làm theo thứ» của một ngày chỉ ghi một thứ.")
        like = found[0]
    part: Part = read_part(row.shifts) or ""
    shifts = () if part or not row.shifts else read_shifts(row.shifts)
    if kind in ("off", "usual") and (like is not None or row.shifts):
        raise Invalid(f"loại «{row.kind}» không dùng cột «làm theo thứ» và «ca».")
    if kind in ("half", "intake") and not row.shifts:
        raise Invalid(f"loại «{row.kind}» cần cột «ca», ví dụ: sáng, hoặc 07:30-11:30.")
    if kind in ("half", "intake") and like is not None:
        raise Invalid(f"loại «{row.kind}» không dùng cột «làm theo thứ».")
    if like is not None and shifts:
        raise Invalid("chỉ dùng một trong hai cột «làm theo thứ» và «ca».")
    return Day(kind, shifts, like, part, row.note, row.document)


def _check_day(day: date, special: Day, below: Calendar) -> None:
    """Invalid when the day is not one of which such a thing can be said."""
    when = f"{WEEKDAYS[day.weekday()]} {day:%d/%m/%Y}"
    if special.kind == "worked":
        if below.plain_shifts(day):
            raise Invalid(f"{when} vốn đã là ngày làm việc, không thể là ngày làm bù.")
        if special.like is not None and not below.week_of(day)[special.like]:
            raise Invalid(f"{WEEKDAYS[special.like]} không có ca làm việc để làm theo.")
    if special.kind == "half" and not below.plain_shifts(day) and not below.shifts_of(day):
        raise Invalid(f"{when} không phải ngày làm việc; hãy dùng loại «làm bù».")
    if special.kind not in ("off", "usual") and not below.hours_of(day, special):
        raise Invalid(f"{when} không còn giờ nào trong «{shifts_text((), special.part)}».")
