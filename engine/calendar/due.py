"""When a limit ends and when to warn (BLDS 2015 Đ.147–148; NĐ 301/2026). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta

from engine.calendar.limits import Limit, parse_limit
from engine.calendar.working import (
    DAY,
    ZERO,
    Calendar,
    add_working,
    working_time,
)
from engine.errors import Invalid

Pauses = Iterable[tuple[datetime, datetime]]

AFTERNOON = time(15)


def due(calendar: Calendar, start: datetime, limit: Limit | str, pauses: Pauses = ()) -> datetime:
    """The end of a limit that runs from ``start``; aware UTC.

    Days: the first day is not counted and the last ends with its working hours. Hours run from the
    moment, working hours only inside shifts. Calendar days that end on a day off end with the next
    working day. Zero days end with the day itself, or with the next working day once it has closed.

    Each pause that begins before the end moves it by exactly the time it took from this clock:
    clock time for hours, working time for working hours and days, and for calendar days every
    24 hours or part of them.
    """
    limit = parse_limit(limit) if isinstance(limit, str) else limit
    end, moved = steps(calendar, start, limit, pauses)
    return moved[-1][1] if moved else end


def steps(
    calendar: Calendar, start: datetime, limit: Limit, pauses: Pauses
) -> tuple[datetime, list[tuple[tuple[datetime, datetime], datetime]]]:
    """The end without pauses, and each pause that moves it with the end it moves it to."""
    start = calendar.local(start).astimezone(UTC)
    last = plain = _plain(calendar, start, limit, 0)
    moved: list[tuple[tuple[datetime, datetime], datetime]] = []
    stopped = ZERO
    for begin, end in merge_pauses(pauses):
        begin = max(begin, start)
        if begin >= last or end <= begin:
            continue
        stopped += end - begin
        if limit.unit == "hours":
            last += end - begin
        elif limit.unit == "calendar days":
            last = _plain(calendar, start, limit, -(-stopped // DAY))
        else:
            last = add_working(calendar, last, working_time(calendar, begin, end))
        moved.append(((begin, end), last))
    return plain, moved


def warn_at(calendar: Calendar, start: datetime, due: datetime) -> datetime:
    """When to warn: 24 clock hours before the end, or with 20 % of the working time left.

    The later of the two, so that short limits warn at 20 %; never before ``start``. A limit that
    holds no working time at all warns with 20 % of its clock time left.
    """
    start, due = start.astimezone(UTC), due.astimezone(UTC)
    if due <= start:
        return due
    working = working_time(calendar, start, due)
    if working > ZERO:
        share = add_working(calendar, start, working * 4 / 5)
    else:
        share = start + (due - start) * 4 / 5
    return max(share, due - timedelta(hours=24), start)


def start_after_15h(calendar: Calendar, moment: datetime) -> datetime:
    """Where the clock starts under the 15:00 rule (NĐ 309/2026 Đ.18.2); aware UTC.

    Accepted after 15:00 or on a day off: at the opening of the next working day.
    """
    local = calendar.local(moment)
    day = local.date()
    if calendar.is_working_day(day) and local.time() <= AFTERNOON:
        return moment.astimezone(UTC)
    return calendar.opening(calendar.next_working_day(day))


def merge_pauses(pauses: Pauses) -> Sequence[tuple[datetime, datetime]]:
    """Pauses in order, those that touch made one; Invalid when one ends before it begins."""
    merged: list[tuple[datetime, datetime]] = []
    for begin, end in sorted(pauses):
        if begin.tzinfo is None or end.tzinfo is None:
            raise Invalid("Thời điểm tạm dừng thiếu múi giờ.")
        if end < begin:
            raise Invalid("Khoảng tạm dừng kết thúc trước khi bắt đầu.")
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end.astimezone(UTC)))
        else:
            merged.append((begin.astimezone(UTC), end.astimezone(UTC)))
    return merged


def _plain(calendar: Calendar, start: datetime, limit: Limit, more_days: int) -> datetime:
    """The end of a limit in one run; ``more_days`` lengthen calendar days."""
    if limit.unit == "hours":
        return start + timedelta(hours=limit.amount)
    if limit.unit == "working hours":
        return add_working(calendar, start, timedelta(hours=limit.amount))
    day = calendar.local(start).date()
    if limit.unit == "calendar days":
        day += DAY * (limit.amount + more_days)
    else:
        for _ in range(limit.amount):
            day = calendar.next_working_day(day)
    end = calendar.closing(calendar.next_working_day(day, after=False))
    return end if end >= start else calendar.closing(calendar.next_working_day(day))
