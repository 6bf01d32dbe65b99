"""The working calendar: which minutes of which days count. Knows no legal limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.errors import Invalid

Shift = tuple[time, time]
DAY = timedelta(days=1)
ZERO = timedelta()


def _no_holidays(_year: int) -> Mapping[date, str]:
    return {}


@dataclass(frozen=True)
class Calendar:
    """Working shifts by weekday (Monday first), public holidays, and days exchanged.

    ``holidays`` gives {day: name} of a year. ``off`` are further days off and ``worked`` make-up
    days, which beat weekends and holidays and have the shifts of the first working weekday.
    """

    tz: ZoneInfo
    week: tuple[tuple[Shift, ...], ...]
    holidays: Callable[[int], Mapping[date, str]] = _no_holidays
    off: Mapping[date, str] = field(default_factory=dict)
    worked: frozenset[date] = frozenset()

    @property
    def usual_shifts(self) -> tuple[Shift, ...]:
        """The shifts of the first working weekday."""
        return next(shifts for shifts in self.week if shifts)

    @property
    def day_length(self) -> timedelta:
        """Working time of a usual day (7.5 hours)."""
        return sum((_length(shift) for shift in self.usual_shifts), ZERO)

    def shifts_of(self, day: date) -> tuple[Shift, ...]:
        """The local working hours of a day; empty when the day does not count."""
        shifts = self.week[day.weekday()]
        if day in self.worked:
            return shifts or self.usual_shifts
        if shifts and (day in self.off or day in self.holidays(day.year)):
            return ()
        return shifts

    def is_working_day(self, day: date) -> bool:
        """Whether the day counts for a limit in working days."""
        return bool(self.shifts_of(day))

    def holiday_name(self, day: date) -> str | None:
        """Why a weekday does not count, or None."""
        if day in self.worked:
            return None
        return self.off.get(day) or self.holidays(day.year).get(day)

    def next_working_day(self, day: date, after: bool = True) -> date:
        """The first working day after ``day``, or from ``day`` on when ``after`` is false."""
        if after:
            day += DAY
        while not self.shifts_of(day):
            day += DAY
        return day

    def local(self, moment: datetime) -> datetime:
        """The moment on the clock of the people who work."""
        if moment.tzinfo is None:
            raise Invalid("Thời điểm thiếu múi giờ.")
        return moment.astimezone(self.tz)

    def at(self, day: date, clock: time) -> datetime:
        """A local clock time as an aware UTC moment."""
        return datetime.combine(day, clock, self.tz).astimezone(UTC)

    def opening(self, day: date) -> datetime:
        """When a working day begins, UTC."""
        return self.at(day, self.shifts_of(day)[0][0])

    def closing(self, day: date) -> datetime:
        """When a working day ends, UTC."""
        return self.at(day, self.shifts_of(day)[-1][1])

    def spans(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Working spans from ``start`` on, the first one cut; UTC, without end."""
        day = self.local(start).date()
        while True:
            for opens, closes in self.shifts_of(day):
                end = self.at(day, closes)
                if end > start:
                    yield max(self.at(day, opens), start), end
            day += DAY


def working_time(calendar: Calendar, a: datetime, b: datetime) -> timedelta:
    """Working time between two moments; zero when ``b`` is not after ``a``."""
    total = ZERO
    if b <= a:
        return total
    for opens, closes in calendar.spans(a):
        if opens >= b:
            return total
        total += min(closes, b) - opens
    raise AssertionError("spans never end")


def working_minutes(calendar: Calendar, a: datetime, b: datetime) -> int:
    """Whole working minutes between two moments; 0 when ``b`` is not after ``a``."""
    return working_time(calendar, a, b) // timedelta(minutes=1)


def add_working(calendar: Calendar, start: datetime, amount: timedelta) -> datetime:
    """The first moment by which ``amount`` of working time has passed since ``start``, UTC."""
    if amount <= ZERO:
        return start.astimezone(UTC)
    for opens, closes in calendar.spans(start):
        if closes - opens >= amount:
            return opens.astimezone(UTC) + amount
        amount -= closes - opens
    raise AssertionError("spans never end")


def _length(shift: Shift) -> timedelta:
    opens, closes = (timedelta(hours=t.hour, minutes=t.minute) for t in shift)
    return closes - opens
