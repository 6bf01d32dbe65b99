"""Vietnam's public holidays and yearly exchanged days. Dates are data; no rule of a limit here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache

import holidays

from engine.calendar.hours import Day, Hours, Shifts
from engine.calendar.working import FIRST_YEAR, TIMEZONE, Calendar

__all__ = ["OFFICE_HOURS", "SWAPS", "TIMEZONE", "Swap", "default_calendar", "public_holidays"]

OFFICE_HOURS: Shifts = ((time(7, 30), time(11, 30)), (time(13, 30), time(17)))
OFFICE_WEEK = Hours(
    since=date(FIRST_YEAR, 1, 1),
    week=(OFFICE_HOURS,) * 5 + ((), ()),
    late_after=time(15),  # NĐ 309/2026 Đ.18.2; before it NĐ 61/2018 Đ.19
)
CULTURE_DAY_SINCE = 2026  # NQ 28/2026/QH16: 24/11, Ngày Văn hóa Việt Nam


@dataclass(frozen=True)
class Swap:
    """A weekday off in exchange for a weekend day worked, as announced for the year."""

    off: date
    worked: date


SWAPS = (
    Swap(off=date(2019, 4, 29), worked=date(2019, 5, 4)),
    Swap(off=date(2024, 4, 29), worked=date(2024, 5, 4)),
    Swap(off=date(2025, 5, 2), worked=date(2025, 4, 26)),
    Swap(off=date(2026, 8, 31), worked=date(2026, 8, 22)),
)


@lru_cache(maxsize=256)
def public_holidays(year: int) -> Mapping[date, str]:
    """The year's public holidays with their days in lieu, {day: Vietnamese name}.

    Exchanged days are left out: they are announced yearly and belong to ``Swap``.
    """
    known = holidays.country_holidays("VN", years=year, language="vi")
    exchanged = holidays.country_holidays("VN", years=year, language="en_US")
    days = {
        day: name
        for day, name in known.items()
        if day.year == year and "substituted from" not in exchanged.get(day, "")
    }
    if year >= CULTURE_DAY_SINCE:
        days.setdefault(date(year, 11, 24), "Ngày Văn hóa Việt Nam")
    return days


def default_calendar(
    swaps: Iterable[Swap] = SWAPS, off: Iterable[date] = (), worked: Iterable[date] = ()
) -> Calendar:
    """Monday to Friday 07:30–11:30 and 13:30–17:00, Vietnam's holidays, the exchanged days.

    ``off`` and ``worked`` add single days off and make-up days to those of ``swaps``. What an
    agency or a province says goes on top with ``Calendar.over``.
    """
    days: dict[date, Day] = {}
    for swap in swaps:
        note = f"Nghỉ hoán đổi, làm bù ngày {swap.worked:%d/%m/%Y}"
        days[swap.off] = Day("off", note=note)
        note = f"cho ngày {swap.off:%d/%m/%Y}"
        days[swap.worked] = Day("worked", like=swap.off.weekday(), note=note)
    days |= {day: Day("off", note="Ngày nghỉ theo thông báo") for day in off}
    days |= {day: Day("worked") for day in worked}
    return Calendar((OFFICE_WEEK,), days, public_holidays)
