"""A limit told day by day, so that anybody can check the promised date by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from engine.calendar.due import Pauses, steps
from engine.calendar.limits import Limit, parse_limit
from engine.calendar.words import WEEKDAYS, moment_words
from engine.calendar.working import DAY, ZERO, Calendar, working_time


def explain(
    calendar: Calendar, start: datetime, limit: Limit | str, pauses: Pauses = ()
) -> list[str]:
    """Vietnamese lines: the start, each day and whether it counts, each pause, the end."""
    limit = parse_limit(limit) if isinstance(limit, str) else limit
    end, moved = steps(calendar, start, limit, pauses)
    first, last = calendar.local(start).date(), calendar.local(end).date()
    lines = [f"Thời hạn {limit.words}, tính từ {moment_words(calendar, start)}."]
    counted, day = 0, first
    while day <= last:
        counted += day > first and calendar.is_working_day(day)
        lines.append(f"{_day(day)}: {_note(calendar, day, start, end, limit, counted)}")
        day += DAY
    if moved:
        lines.append(f"Chưa kể tạm dừng, hạn là {moment_words(calendar, end)}.")
    for pause, later in moved:
        lines.append(
            f"Tạm dừng {moment_words(calendar, pause[0])} – {moment_words(calendar, pause[1])}: "
            f"không tính {_taken(calendar, pause, limit)}, hạn lùi đến "
            f"{moment_words(calendar, later)}."
        )
    end = moved[-1][1] if moved else end
    lines.append(f"Hạn: {moment_words(calendar, end)} ({WEEKDAYS[calendar.local(end).weekday()]}).")
    return lines


def _note(
    calendar: Calendar, day: date, start: datetime, end: datetime, limit: Limit, counted: int
) -> str:
    first, last = calendar.local(start).date(), calendar.local(end).date()
    off = _why_off(calendar, day)
    if limit.unit == "hours":
        begin = max(start, calendar.at(day, datetime.min.time()))
        until = min(end, calendar.at(day + DAY, datetime.min.time()))
        return f"tính {_hours(until - begin)}, cả ngày đêm" + (f" ({off})" if off else "")
    if limit.unit == "working hours":
        if off:
            return f"{off}, không tính"
        begin = max(start, calendar.opening(day))
        worked = working_time(calendar, begin, min(end, calendar.closing(day)))
        return f"tính {_hours(worked)}" if worked else "ngoài giờ làm việc, không tính"
    if day == first:
        return "hạn trong ngày" if day == last else "ngày đầu, không tính"
    if limit.unit == "calendar days":
        number = (day - first).days
        if number < limit.amount or (number == limit.amount and not off):
            return f"ngày thứ {number}"
        if number == limit.amount:
            return f"ngày thứ {number}, {off}: chuyển tiếp"
        return f"{off}: chuyển tiếp" if off else "ngày làm việc kế tiếp"
    return f"{off}, không tính" if off else f"ngày làm việc thứ {counted}"


def _taken(calendar: Calendar, pause: tuple[datetime, datetime], limit: Limit) -> str:
    if limit.unit in ("hours", "calendar days"):
        return _hours(pause[1] - pause[0])
    return f"{_hours(working_time(calendar, *pause))} làm việc"


def _why_off(calendar: Calendar, day: date) -> str:
    if calendar.is_working_day(day):
        return ""
    name = calendar.holiday_name(day)
    return f"nghỉ lễ ({name})" if name else "nghỉ cuối tuần"


def _day(day: date) -> str:
    name = WEEKDAYS[day.weekday()]
    return f"{name[0].upper()}{name[1:]} {day:%d/%m/%Y}"


def _hours(length: timedelta) -> str:
    minutes = max(length, ZERO) // timedelta(minutes=1)
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours} giờ"] * bool(hours) + [f"{rest} phút"] * bool(rest or not hours))
