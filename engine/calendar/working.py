"""The working calendar: which minutes of which days count. Knows no legal limit.

All days and hours are those of Vietnam's clock; moments come in with any zone and go out as UTC.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.calendar.hours import Day, Hours, Layer, Shifts, Week, keep_part
from engine.errors import Invalid

DAY = timedelta(days=1)
ZERO = timedelta()
TIMEZONE = ZoneInfo("Asia/Ho_Chi_Minh")
FIRST_YEAR, LAST_YEAR = 1976, 2100  # one offset (+7) throughout, and known lunar holidays

_MIDNIGHT = datetime(FIRST_YEAR, 1, 1, tzinfo=TIMEZONE).astimezone(UTC)
_FIRST = date(FIRST_YEAR, 1, 1).toordinal()
_DAYS = date(LAST_YEAR, 12, 31).toordinal() - _FIRST + 1
_MICRO = 1_000_000
_NO_HOURS: Week = ((),) * 7


def _no_holidays(_year: int) -> Mapping[date, str]:
    return {}


class _Year(NamedTuple):
    """One year worked out. Days are counted from the first day of ``FIRST_YEAR``, time in µs."""

    first: int  # its 1 January
    shifts: list[Shifts]  # of each day
    spans: list[tuple[tuple[int, int], ...]]  # the same in µs of the day
    working: list[int]  # the days that count
    rank: list[int]  # how many of them lie before each day
    before: list[int]  # µs worked before each day, and at the end of the year


@dataclass(frozen=True, eq=False)
class Calendar:
    """Weekly hours, public holidays and dated days. Of what is said twice the last wins.

    ``holidays`` gives {day: name} of a year. Build one with ``default_calendar`` and ``over``.
    """

    hours: tuple[Hours, ...]
    days: Mapping[date, Day] = field(default_factory=dict)
    holidays: Callable[[int], Mapping[date, str]] = _no_holidays
    _years: dict[int, _Year] = field(default_factory=dict, init=False, repr=False)

    def over(self, *layers: Layer) -> Calendar:
        """This calendar with further layers on top, the most particular one last."""
        hours, days = self.hours, dict(self.days)
        for layer in layers:
            hours += layer.hours
            days.update(layer.days)
        return Calendar(hours, days, self.holidays)

    # what holds on a day

    def week_of(self, day: date) -> Week:
        """The weekly hours in force on a day, Monday first."""
        for hours in reversed(self.hours):
            if hours.week is not None and hours.covers(day):
                return hours.week
        return _NO_HOURS

    def late_after(self, day: date) -> time:
        """The hour of the 15:00 rule as it is on a day."""
        for hours in reversed(self.hours):
            if hours.late_after is not None and hours.covers(day):
                return hours.late_after
        return time.max

    def special(self, day: date) -> Day | None:
        """What is said of this very day, or None when it is as its weekday and the holidays say."""
        found = self.days.get(day)
        return None if found is None or found.kind == "usual" else found

    def plain_shifts(self, day: date) -> Shifts:
        """The hours a day has by its weekday and the public holidays alone."""
        if day in self.holidays(day.year):
            return ()
        return self.week_of(day)[day.weekday()]

    def shifts_of(self, day: date) -> Shifts:
        """The local working hours of a day; empty when the day does not count."""
        year = self._year(day.year)
        return year.shifts[day.toordinal() - _FIRST - year.first]

    def intake_of(self, day: date) -> Shifts:
        """The local hours in which dossiers are taken in, whether they count or not."""
        counted = self.shifts_of(day)
        if counted:
            return counted
        special = self.special(day)
        if special is not None and special.kind == "intake":
            return self.hours_of(day, special)
        if special is not None or day in self.holidays(day.year):
            return ()
        for hours in reversed(self.hours):
            if hours.intake is not None and hours.covers(day):
                return hours.intake[day.weekday()]
        return ()

    def hours_of(self, day: date, special: Day) -> Shifts:
        """The hours that would be open on a day of which this is said, counted or not."""
        week = self.week_of(day)
        shifts = special.shifts
        if not shifts and special.like is not None:
            shifts = week[special.like]
        return keep_part(shifts or week[day.weekday()] or self._usual(day), special.part)

    def is_working_day(self, day: date) -> bool:
        """Whether the day counts for a limit in working days."""
        return bool(self.shifts_of(day))

    def holiday_name(self, day: date) -> str | None:
        """Why a day does not count, when it is for more than its weekday; or None."""
        special = self.special(day)
        if special is not None:
            return special.note or "theo thông báo" if special.kind == "off" else None
        return self.holidays(day.year).get(day)

    def day_length(self, day: date) -> timedelta:
        """Working time of a usual day in the hours in force on ``day``."""
        return sum((_length(shift) for shift in self._usual(day)), ZERO)

    def next_working_day(self, day: date, after: bool = True) -> date:
        """The first working day after ``day``, or from ``day`` on when ``after`` is false."""
        index = day.toordinal() - _FIRST - (not after)
        return date.fromordinal(self.count_on(index, 1) + _FIRST)

    # moments

    def local(self, moment: datetime) -> datetime:
        """The moment on the clock of the people who work."""
        split(moment)
        return moment.astimezone(TIMEZONE)

    def at(self, day: date, clock: time) -> datetime:
        """A local clock time as an aware UTC moment."""
        return datetime.combine(day, clock, TIMEZONE).astimezone(UTC)

    def opening(self, day: date) -> datetime:
        """When a working day begins, UTC."""
        return self.at(day, self.shifts_of(day)[0][0])

    def closing(self, day: date) -> datetime:
        """When a working day ends, UTC."""
        return self.at(day, self.shifts_of(day)[-1][1])

    def spans(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Working spans from ``start`` on, the first one cut; UTC, to the end of the calendar."""
        index, clock = split(start)
        while True:
            year = self._table(index)
            for opens, closes in year.spans[index - year.first]:
                if closes > clock:
                    yield _moment(index, max(opens, clock)), _moment(index, closes)
            index, clock = index + 1, 0

    # counting; days as numbers since the first day of FIRST_YEAR

    def count_on(self, index: int, days: int) -> int:
        """The ``days``-th working day after a day, both as numbers; ``days`` is 1 or more."""
        year = self._table(index)
        place = year.rank[index + 1 - year.first] + days - 1
        number = date.fromordinal(index + _FIRST).year
        while place >= len(year.working):
            place -= len(year.working)
            number += 1
            year = self._year(number)
        return year.working[place]

    def count_back(self, index: int, days: int) -> int:
        """The ``days``-th working day before a day, both as numbers; ``days`` is 1 or more."""
        year = self._table(index)
        place = year.rank[index - year.first] - days
        number = date.fromordinal(index + _FIRST).year
        while place < 0:
            number -= 1
            year = self._year(number)
            place += len(year.working)
        return year.working[place]

    def end_of(self, index: int) -> datetime:
        """When the working day with that number ends, UTC."""
        year = self._table(index)
        return _moment(index, year.spans[index - year.first][-1][1])

    def works(self, index: int) -> bool:
        """Whether the day with that number counts."""
        year = self._table(index)
        return bool(year.spans[index - year.first])

    def worked(self, moment: datetime) -> tuple[int, int]:
        """The year of a moment, and the working time in it before the moment in µs."""
        index, clock = split(moment)
        year = self._table(index)
        place = index - year.first
        total = year.before[place]
        for opens, closes in year.spans[place]:
            if clock <= opens:
                break
            total += min(clock, closes) - opens
        return date.fromordinal(index + _FIRST).year, total

    def year_total(self, number: int) -> int:
        """The working time of a whole year in µs."""
        return self._year(number).before[-1]

    def moment_at(self, number: int, total: int) -> datetime:
        """The first moment of a year by which ``total`` µs, more than 0, were worked; UTC."""
        year = self._year(number)
        place = bisect_left(year.before, total) - 1
        rest = total - year.before[place]
        for opens, closes in year.spans[place]:
            if rest <= closes - opens:
                return _moment(year.first + place, opens + rest)
            rest -= closes - opens
        raise AssertionError("a day is as long as its spans")

    def _table(self, index: int) -> _Year:
        return self._year(date.fromordinal(index + _FIRST).year)

    def _year(self, number: int) -> _Year:
        found = self._years.get(number)
        if found is None:
            found = self._years[number] = self._work_out(number)
        return found

    def _work_out(self, number: int) -> _Year:
        if not FIRST_YEAR <= number <= LAST_YEAR:
            raise _outside()
        begin, end = date(number, 1, 1).toordinal(), date(number + 1, 1, 1).toordinal()
        year = _Year(begin - _FIRST, [], [], [], [], [0])
        for ordinal in range(begin, end):
            shifts = self._shifts(date.fromordinal(ordinal))
            spans = _spans(shifts)
            year.shifts.append(shifts)
            year.spans.append(spans)
            year.rank.append(len(year.working))
            if spans:
                year.working.append(ordinal - _FIRST)
            year.before.append(year.before[-1] + sum(b - a for a, b in spans))
        year.rank.append(len(year.working))
        return year

    def _shifts(self, day: date) -> Shifts:
        special = self.special(day)
        if special is None:
            return self.plain_shifts(day)
        return () if special.kind in ("off", "intake") else self.hours_of(day, special)

    def _usual(self, day: date) -> Shifts:
        return next((shifts for shifts in self.week_of(day) if shifts), ())


def split(moment: datetime) -> tuple[int, int]:
    """A moment as the number of its local day and µs since local midnight.

    Invalid without a time zone, and before or after the years the calendar knows.
    """
    if moment.tzinfo is None:
        raise Invalid("Thời điểm thiếu múi giờ.")
    since = moment - _MIDNIGHT
    if not 0 <= since.days < _DAYS:
        raise _outside()
    return since.days, since.seconds * _MICRO + since.microseconds


def working_time(calendar: Calendar, a: datetime, b: datetime) -> timedelta:
    """Working time between two moments; zero when ``b`` is not after ``a``."""
    if b <= a:
        return ZERO
    (year, begin), (last, total) = calendar.worked(a), calendar.worked(b)
    for number in range(year, last):
        total += calendar.year_total(number)
    return timedelta(microseconds=total - begin)


def working_minutes(calendar: Calendar, a: datetime, b: datetime) -> int:
    """Whole working minutes between two moments; 0 when ``b`` is not after ``a``."""
    return working_time(calendar, a, b) // timedelta(minutes=1)


def add_working(calendar: Calendar, start: datetime, amount: timedelta) -> datetime:
    """The first moment by which ``amount`` of working time has passed since ``start``, UTC.

    A negative amount goes back: the first moment from which so much is left until ``start``.
    """
    if not amount:
        return start.astimezone(UTC)
    number, total = calendar.worked(start)
    total += (amount.days * 86_400 + amount.seconds) * _MICRO + amount.microseconds
    while total <= 0:
        number -= 1
        total += calendar.year_total(number)
    while total > calendar.year_total(number):
        total -= calendar.year_total(number)
        number += 1
    return calendar.moment_at(number, total)


@lru_cache(maxsize=1024)
def _spans(shifts: Shifts) -> tuple[tuple[int, int], ...]:
    return tuple((_micro(opens), _micro(closes)) for opens, closes in shifts)


def _moment(index: int, clock: int) -> datetime:
    return _MIDNIGHT + timedelta(index, 0, clock)


def _micro(clock: time) -> int:
    return (clock.hour * 60 + clock.minute) * 60 * _MICRO


def _length(shift: tuple[time, time]) -> timedelta:
    return timedelta(microseconds=_micro(shift[1]) - _micro(shift[0]))


def _outside() -> Invalid:
    return Invalid(f"Lịch chỉ có từ năm {FIRST_YEAR} đến năm {LAST_YEAR}.")
