"""Legal time in words people use at the counter. Decides no date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from engine.calendar.working import Calendar, working_minutes

Level = Literal["late", "soon", "ok", "paused"]

SOON = 240  # working minutes
MANY_DAYS = 3  # from here on hours no longer matter
WEEKDAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")


@dataclass(frozen=True)
class Words:
    """How urgent a limit is, and the sentence that says so."""

    level: Level
    text: str


def remaining_words(
    calendar: Calendar, now: datetime, due: datetime | None, paused: bool = False
) -> Words:
    """The working time left or overrun; a day is a working day. ``due`` is None without limit.

    Late: the end has passed. Soon: at most four working hours are left.
    """
    if paused:
        return Words("paused", "Tạm dừng tính thời hạn")
    if due is None:
        return Words("ok", "Không có thời hạn")
    if now > due:
        minutes = working_minutes(calendar, due, now)
        if not minutes:
            return Words("late", "Vừa quá hạn")
        return Words("late", f"Quá hạn {duration_words(calendar, minutes, now)}")
    minutes = working_minutes(calendar, now, due)
    level: Level = "soon" if minutes <= SOON else "ok"
    if minutes:
        return Words(level, f"Còn {duration_words(calendar, minutes, now)} làm việc")
    if due - now < timedelta(minutes=1):
        return Words(level, "Đến hạn lúc này")
    return Words(level, f"Đến hạn {moment_words(calendar, due)}, ngoài giờ làm việc")


def duration_words(calendar: Calendar, minutes: int, at: datetime) -> str:
    """Working minutes as "1 ngày 7 giờ", "3 giờ", "1 giờ 20 phút" or "25 phút".

    A day is a usual working day of the hours in force ``at`` that moment.
    """
    usual = calendar.day_length(calendar.local(at).date()) // timedelta(minutes=1)
    days, rest = divmod(minutes, usual)
    hours, rest = divmod(rest, 60)
    if days:
        return f"{days} ngày" + (f" {hours} giờ" if hours and days < MANY_DAYS else "")
    if hours:
        return f"{hours} giờ" + (f" {rest} phút" if rest and hours == 1 else "")
    return f"{rest} phút"


def moment_words(calendar: Calendar, moment: datetime) -> str:
    """A moment as people write it here: "17:00 ngày 25/02/2026"."""
    return f"{calendar.local(moment):%H:%M ngày %d/%m/%Y}"
