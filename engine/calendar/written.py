"""The calendar written back: as the CSV that says the same, and in lines for people."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date

from engine.calendar.cells import weekday_text
from engine.calendar.hours import Day, Hours, Layer, Shifts, Week, shifts_text
from engine.calendar.rows import COLUMNS, DAY_KINDS, HOURS_KINDS
from engine.calendar.words import WEEKDAYS
from engine.calendar.working import FIRST_YEAR

_KIND_NAMES = {kind: name for name, kind in DAY_KINDS.items()}
_FIELD_NAMES = {name: text for text, name in HOURS_KINDS.items()}


def write(layer: Layer) -> str:
    """The CSV that says the same as a layer."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(COLUMNS)
    for hours in layer.hours:
        when = f"{hours.since:%d/%m/%Y}..{_last_day(hours)}"
        for field, week in (("week", hours.week), ("intake", hours.intake)):
            for shifts, weekdays in _by_shifts(week or ()):
                kind = _FIELD_NAMES[field]  # type: ignore[index]
                lines.writerow(
                    (when, kind, weekdays, shifts_text(shifts), hours.note, hours.document)
                )
        if hours.late_after is not None:
            hour = f"{hours.late_after:%H:%M}"
            lines.writerow((when, _FIELD_NAMES["late_after"], "", hour, hours.note, hours.document))
    for day, special in sorted(layer.days.items()):
        like = "" if special.like is None else weekday_text(special.like)
        shifts_said = shifts_text(special.shifts, special.part)
        kind = _KIND_NAMES[special.kind]
        lines.writerow((f"{day:%d/%m/%Y}", kind, like, shifts_said, special.note, special.document))
    return out.getvalue()


def day_words(day: date, special: Day) -> str:
    """A dated day in one line: "Thứ Bảy 22/08/2026: làm bù, theo thứ Hai (…)"."""
    weekday = WEEKDAYS[day.weekday()]
    said = _KIND_NAMES[special.kind]
    if special.like is not None:
        said += f", theo {WEEKDAYS[special.like]}"
    if special.shifts or special.part:
        said += f", {shifts_text(special.shifts, special.part)}"
    source = ", ".join(part for part in (special.note, special.document) if part)
    return f"{weekday[0].upper()}{weekday[1:]} {day:%d/%m/%Y}: {said}" + (
        f" ({source})" if source else ""
    )


def hours_words(hours: Hours) -> list[str]:
    """Weekly hours in lines: "Giờ làm việc từ 01/01/2026: thứ 2-6 07:30-11:30 13:30-17:00"."""
    when = f"từ {hours.since:%d/%m/%Y}" if hours.since.year > FIRST_YEAR else "thường lệ"
    if hours.season is not None or hours.until is not None:
        when += f" đến {_last_day(hours)}"
    lines = []
    for title, week in (("Giờ làm việc", hours.week), ("Giờ chỉ tiếp nhận", hours.intake)):
        for shifts, weekdays in _by_shifts(week or ()):
            lines.append(f"{title} {when}: thứ {weekdays} {shifts_text(shifts)}")
    if hours.late_after is not None:
        lines.append(f"Giờ chốt {when}: sau {hours.late_after:%H:%M} tính sang ngày làm việc sau")
    return lines


def _by_shifts(week: Week) -> Iterator[tuple[Shifts, str]]:
    """Each kind of day of a week with its weekdays: "2-6", "2,4"."""
    known: dict[Shifts, list[int]] = {}
    for weekday, shifts in enumerate(week):
        if shifts:
            known.setdefault(shifts, []).append(weekday)
    for shifts, weekdays in known.items():
        run = weekdays == list(range(weekdays[0], weekdays[-1] + 1)) and len(weekdays) > 1
        ends = (weekdays[0], weekdays[-1]) if run else weekdays
        yield shifts, ("-" if run else ",").join(weekday_text(day) for day in ends)


def _last_day(hours: Hours) -> str:
    if hours.season is None:
        return f"{hours.until:%d/%m/%Y}" if hours.until else ""
    (first, last), year = hours.season, hours.since.year
    year += last < first
    return f"{last[1]:02d}/{last[0]:02d}/{year} hằng năm"
