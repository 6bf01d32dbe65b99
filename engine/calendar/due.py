"""When a limit ends, how much of it is used and left (BLDS 2015 Đ.147–148; NĐ 301/2026). Pure.

Two clocks measure all four units: clock time for hours and calendar days, working time for working
hours and working days. Lengths are timedeltas of the unit's own clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from engine.calendar.limits import Limit, Unit, parse_limit
from engine.calendar.working import DAY, ZERO, Calendar, add_working, split, working_time
from engine.errors import Invalid

Pause = tuple[datetime, datetime]
Pauses = Iterable[tuple[datetime, datetime | None]]


def due(
    calendar: Calendar,
    start: datetime,
    limit: Limit | str,
    pauses: Pauses = (),
    now: datetime | None = None,
) -> datetime:
    """The end of a limit that runs from ``start``; aware UTC.

    Days: the first day is not counted and the last ends with its working hours. Hours run from the
    moment, working hours only inside shifts. Calendar days that end on a day off end with the next
    working day. Zero days end with the day itself, or with the next working day once it has closed.

    Each pause that begins before the end moves it by exactly the time it took from this clock:
    clock time for hours, working time for working hours and days, and for calendar days every
    24 hours or part of them. A pause without end is taken as lasting until ``now``.

    Raises Invalid for a limit that cannot be read, a moment without zone, a pause that ends before
    it begins or is open without ``now``, and for what lies outside the calendar's years.
    """
    limit = parse_limit(limit) if isinstance(limit, str) else limit
    if not pauses:
        return _plain(calendar, start, limit)
    end, moved = steps(calendar, start, limit, pauses, now)
    return moved[-1][1] if moved else end


def steps(
    calendar: Calendar,
    start: datetime,
    limit: Limit,
    pauses: Pauses,
    now: datetime | None = None,
) -> tuple[datetime, list[tuple[Pause, datetime]]]:
    """The end without pauses, and each pause that moves it with the end it moves it to."""
    start = start.astimezone(UTC)
    last = plain = _plain(calendar, start, limit)
    moved: list[tuple[Pause, datetime]] = []
    stopped = ZERO
    for begin, end in merge_pauses(pauses, now):
        begin = max(begin, start)
        if begin >= last or end <= begin:
            continue
        stopped += end - begin
        if limit.unit == "calendar days":
            last = _plain(calendar, start, limit, -(-stopped // DAY))
        else:
            last = add_pause(calendar, limit.unit, last, (begin, end))
        moved.append(((begin, end), last))
    return plain, moved


def add_pause(calendar: Calendar, unit: Unit, end: datetime, pause: Pause) -> datetime:
    """A date already given, moved by one pause that began before it; aware UTC.

    For dates that stand as promised whatever the calendar says now. Calendar days move by every
    24 hours or part of them, then to the end of a working day.
    """
    length = measure(calendar, unit, *pause)
    if unit == "calendar days":
        day = split(end)[0] + -(-length // DAY)
        return calendar.end_of(calendar.count_on(day - 1, 1)) if length else end.astimezone(UTC)
    if unit == "hours":
        return end.astimezone(UTC) + length
    return add_working(calendar, end, length)


def measure(calendar: Calendar, unit: Unit, a: datetime, b: datetime) -> timedelta:
    """The time from ``a`` to ``b`` on the unit's clock; zero when ``b`` is not after ``a``."""
    if unit in ("hours", "calendar days"):
        return max(b - a, ZERO)
    return working_time(calendar, a, b)


def elapsed(
    calendar: Calendar, limit: Limit | Unit, a: datetime, b: datetime, pauses: Pauses = ()
) -> timedelta:
    """How much of a limit is used between two moments, what the pauses took left out.

    Clock time for hours and calendar days, working time for working hours and days. An open pause
    lasts until ``b``. Zero when ``b`` is not after ``a``.
    """
    unit = limit.unit if isinstance(limit, Limit) else limit
    used = measure(calendar, unit, a, b)
    for begin, end in merge_pauses(pauses, b):
        used -= measure(calendar, unit, max(begin, a), min(end, b))
    return used


def remaining(
    calendar: Calendar,
    start: datetime,
    limit: Limit | str,
    now: datetime,
    pauses: Pauses = (),
) -> timedelta:
    """How much of a limit is left at ``now``, in the time of its own clock; negative when late.

    Together with what is ``elapsed`` it is always the whole limit. Hours and working days stand
    still during a pause; calendar days are told by the clock until their end, which may be moved
    on to a working day.
    """
    limit = parse_limit(limit) if isinstance(limit, str) else limit
    known = [(begin, now if end is None else end) for begin, end in pauses]
    end = due(calendar, start, limit, known)
    if now <= end:
        return elapsed(calendar, limit, now, end, known)
    return -elapsed(calendar, limit, end, now, known)


def start_after_15h(calendar: Calendar, moment: datetime) -> datetime:
    """Where the clock starts under the 15:00 rule (NĐ 309/2026 Đ.18.2); aware UTC.

    Accepted after that hour (``Calendar.late_after``, dated), after closing on a shorter day, or on
    a day that does not count: at the opening of the next working day.
    """
    local = calendar.local(moment)
    day = local.date()
    shifts = calendar.shifts_of(day)
    if shifts and local.time() <= min(calendar.late_after(day), shifts[-1][1]):
        return moment.astimezone(UTC)
    return calendar.opening(calendar.next_working_day(day))


def merge_pauses(pauses: Pauses, now: datetime | None = None) -> list[Pause]:
    """Pauses in order, those that touch made one; an open one ends ``now``.

    Invalid when one ends before it begins, has no zone, or is open and ``now`` is not said. An open
    pause that begins after ``now`` has not begun: it is left out.
    """
    closed: list[Pause] = []
    for begin, end in pauses:
        if end is None:
            if now is None:
                raise Invalid("Khoảng tạm dừng chưa kết thúc: cần thời điểm hiện tại để tính.")
            end = now
            if begin.tzinfo and now < begin:
                continue
        if begin.tzinfo is None or end.tzinfo is None:
            raise Invalid("Thời điểm tạm dừng thiếu múi giờ.")
        if end < begin:
            raise Invalid("Khoảng tạm dừng kết thúc trước khi bắt đầu.")
        closed.append((begin.astimezone(UTC), end.astimezone(UTC)))
    merged: list[Pause] = []
    for begin, end in sorted(closed):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged


def _plain(calendar: Calendar, start: datetime, limit: Limit, more_days: int = 0) -> datetime:
    """The end of a limit in one run; ``more_days`` lengthen calendar days."""
    day = split(start)[0]
    if limit.unit == "hours":
        return start.astimezone(UTC) + timedelta(hours=limit.amount)
    if limit.unit == "working hours":
        return add_working(calendar, start, timedelta(hours=limit.amount))
    if limit.unit == "calendar days":
        end = calendar.end_of(calendar.count_on(day + limit.amount + more_days - 1, 1))
    elif limit.amount:
        return calendar.end_of(calendar.count_on(day, limit.amount))
    else:
        end = calendar.end_of(calendar.count_on(day - 1, 1))
    return end if end >= start else calendar.end_of(calendar.count_on(day, 1))
