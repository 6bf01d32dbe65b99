"""A limit told day by day, so that anybody can check the promised date by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from engine.calendar.due import Pauses, steps
from engine.calendar.hours import Day, shifts_text
from engine.calendar.limits import Limit, parse_limit
from engine.calendar.words import WEEKDAYS, moment_words
from engine.calendar.working import DAY, ZERO, Calendar, working_time


def explain(
    calendar: Calendar,
    start: datetime,
    limit: Limit | str,
    pauses: Pauses = (),
    now: datetime | None = None,
    accepted: datetime | None = None,
) -> list[str]:
    """Vietnamese lines: the start, each day and whether it counts, each pause, the end.

    ``now`` is how far an open pause is counted; ``accepted`` the moment of acceptance when the
    15:00 rule moved the start away from it.
    """
    limit = parse_limit(limit) if isinstance(limit, str) else limit
    pauses = list(pauses)
    end, moved = steps(calendar, start, limit, pauses, now)
    first, last = calendar.local(start).date(), calendar.local(end).date()
    lines = []
    if accepted is not None and accepted != start:
        lines.append(_late(calendar, accepted))
    lines.append(f"Thời hạn {limit.words}, tính từ {moment_words(calendar, start)}.")
    counted, day = 0, first
    while day <= last:
        counted += day > first and calendar.is_working_day(day)
        lines.append(f"{_day(day)}: {_note(calendar, day, start, end, limit, counted)}")
        day += DAY
    if moved:
        lines.append(f"Chưa kể tạm dừng, hạn là {moment_words(calendar, end)}.")
    opened = any(until is None for _begin, until in pauses)
    for pause, later in moved:
        still = " (còn đang tạm dừng)" if opened and pause[1] == now else ""
        lines.append(
            f"Tạm dừng {moment_words(calendar, pause[0])} – {moment_words(calendar, pause[1])}"
            f"{still}: không tính {_taken(calendar, pause, limit)}, hạn lùi đến "
            f"{moment_words(calendar, later)}."
        )
    end = moved[-1][1] if moved else end
    stands = opened and bool(moved) and moved[-1][0][1] == now
    head = "Nếu tính tiếp ngay bây giờ, hạn là" if stands else "Hạn"
    weekday = WEEKDAYS[calendar.local(end).weekday()]
    lines.append(f"{head}: {moment_words(calendar, end)} ({weekday}).")
    return lines


def _note(
    calendar: Calendar, day: date, start: datetime, end: datetime, limit: Limit, counted: int
) -> str:
    first, last = calendar.local(start).date(), calendar.local(end).date()
    off, how = _why_off(calendar, day), _why_other(calendar, day)
    if limit.unit == "hours":
        begin = max(start, calendar.at(day, datetime.min.time()))
        until = min(end, calendar.at(day + DAY, datetime.min.time()))
        return f"tính {_hours(_minute(until) - _minute(begin))}, cả ngày đêm" + (
            f" ({off})" if off else ""
        )
    if limit.unit == "working hours":
        if off:
            return f"{off}, không tính"
        begin = max(start, calendar.opening(day))
        until = min(end, calendar.closing(day))
        worked = working_time(calendar, _minute(begin), _minute(until))
        return (f"tính {_hours(worked)}" if worked else "ngoài giờ làm việc, không tính") + how
    if day == first:
        return "hạn trong ngày" if day == last else "ngày đầu, không tính"
    if limit.unit == "calendar days":
        number = (day - first).days
        if number < limit.amount or (number == limit.amount and not off):
            return f"ngày thứ {number}"
        if number == limit.amount:
            return f"ngày thứ {number}, {off}: chuyển tiếp"
        return f"{off}: chuyển tiếp" if off else "ngày làm việc kế tiếp" + how
    return f"{off}, không tính" if off else f"ngày làm việc thứ {counted}{how}"


def _late(calendar: Calendar, accepted: datetime) -> str:
    local = calendar.local(accepted)
    said = f"Tiếp nhận lúc {moment_words(calendar, accepted)}"
    if not calendar.is_working_day(local.date()):
        return f"{said}, là ngày không làm việc: tính từ đầu ngày làm việc kế tiếp."
    hour = calendar.late_after(local.date())
    if local.time() <= hour:
        return f"{said}, sau giờ làm việc: tính từ đầu ngày làm việc kế tiếp."
    return f"{said}, sau {hour:%H:%M}: tính từ đầu ngày làm việc kế tiếp."


def _taken(calendar: Calendar, pause: tuple[datetime, datetime], limit: Limit) -> str:
    begin, until = map(_minute, pause)
    if limit.unit == "calendar days":
        return f"{_hours(until - begin)} (phần lẻ của ngày tính một ngày)"
    if limit.unit == "hours":
        return _hours(until - begin)
    return f"{_hours(working_time(calendar, begin, until))} làm việc"


def _why_off(calendar: Calendar, day: date) -> str:
    """Why a day does not count; empty when it does."""
    if calendar.is_working_day(day):
        return ""
    special = calendar.special(day)
    if special is not None and special.kind == "intake":
        return "chỉ tiếp nhận hồ sơ" + _note_of(special)
    name = calendar.holiday_name(day)
    if name:
        return f"nghỉ lễ ({name})" if special is None else f"nghỉ{_note_of(special)}"
    off = "nghỉ cuối tuần" if day.weekday() > 4 else "không có ca làm việc"
    return f"{off}, chỉ tiếp nhận" if calendar.intake_of(day) else off


def _why_other(calendar: Calendar, day: date) -> str:
    """What is special about a day that counts; empty when nothing is."""
    special = calendar.special(day)
    if special is None or not calendar.is_working_day(day):
        return ""
    kind = "nửa ngày" if special.kind == "half" else "làm bù"
    said = [kind, shifts_text(calendar.shifts_of(day)), special.note, special.document]
    return f" ({', '.join(part for part in said if part)})"


def _note_of(special: Day) -> str:
    """The reason and the document of a special day, in parentheses."""
    said = ", ".join(part for part in (special.note, special.document) if part)
    return f" ({said})" if said else ""


def _day(day: date) -> str:
    name = WEEKDAYS[day.weekday()]
    return f"{name[0].upper()}{name[1:]} {day:%d/%m/%Y}"


def _minute(moment: datetime) -> datetime:
    """The minute in which a moment is shown: counted between these, the parts add up."""
    return moment.replace(second=0, microsecond=0)


def _hours(length: timedelta) -> str:
    minutes = max(length, ZERO) // timedelta(minutes=1)
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours} giờ"] * bool(hours) + [f"{rest} phút"] * bool(rest or not hours))
