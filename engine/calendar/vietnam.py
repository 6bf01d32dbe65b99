"""Vietnam's public holidays and yearly exchanged days. Dates are data; no rule of a limit here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from engine.calendar.working import Calendar

TIMEZONE = ZoneInfo("Asia/Ho_Chi_Minh")
OFFICE_HOURS = ((time(7, 30), time(11, 30)), (time(13, 30), time(17)))
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


@lru_cache(maxsize=64)
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

    ``off`` and ``worked`` add single days off and make-up days to those of ``swaps``.
    """
    swaps = tuple(swaps)
    names = {swap.off: f"Nghỉ hoán đổi, làm bù ngày {swap.worked:%d/%m/%Y}" for swap in swaps}
    names.update(dict.fromkeys(off, "Ngày nghỉ theo thông báo"))
    return Calendar(
        tz=TIMEZONE,
        week=(OFFICE_HOURS,) * 5 + ((), ()),
        holidays=public_holidays,
        off=names,
        worked=frozenset(worked) | {swap.worked for swap in swaps},
    )
