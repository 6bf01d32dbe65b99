"""When to warn that a limit runs out, by the rule of the procedure. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from engine.calendar.due import Pauses, elapsed
from engine.calendar.limits import Limit, parse_limit
from engine.calendar.working import DAY, ZERO, Calendar, add_working, split
from engine.errors import Invalid

DEFAULT_WARNING = "24 hours or 20 %"
_SHARE = re.compile(r"(\d{1,3})\s*%")


@dataclass(frozen=True)
class WarningRule:
    """Warn when ``share`` percent of the time is left, or ``lead`` before the end."""

    share: int | None = None
    lead: Limit | None = None


@lru_cache(maxsize=256)
def parse_warning(text: str) -> tuple[WarningRule, ...]:
    """Read "24 hours", "20 %", "1 working day", "24 hours or 20 %"; Invalid with a sentence."""
    found = []
    for part in re.split(r"\s+or\s+|\s+hoặc\s+", text.strip().lower()):
        share = _SHARE.fullmatch(part)
        if share is None:
            try:
                found.append(WarningRule(lead=parse_limit(part)))
            except Invalid:
                raise _unreadable(text) from None
        elif not 1 <= int(share[1]) <= 99:
            raise _unreadable(text)
        else:
            found.append(WarningRule(share=int(share[1])))
    return tuple(found)


def warn_at(
    calendar: Calendar,
    start: datetime,
    due: datetime,
    rule: str = DEFAULT_WARNING,
    pauses: Pauses = (),
) -> datetime:
    """When to warn of an end; aware UTC, neither before ``start`` nor after ``due``.

    A share is one of the working time between start and end without the pauses, or of the clock
    time when there is no working time at all. Hours lie before the end by their own clock; days are
    the same time of day so many (working) days earlier. Of several ("24 hours or 20 %") the later
    one, so that short limits warn by their share. Raises Invalid for a rule that cannot be read.
    """
    start, due = start.astimezone(UTC), due.astimezone(UTC)
    if due <= start:
        return due
    whole = elapsed(calendar, "working hours", start, due, pauses)
    moments = []
    for warning in parse_warning(rule):
        if warning.lead is not None:
            moments.append(_before(calendar, due, warning.lead))
        elif whole > ZERO:
            moments.append(add_working(calendar, due, -whole * (warning.share or 0) / 100))
        else:
            moments.append(due - (due - start) * (warning.share or 0) / 100)
    return min(max(start, *moments), due)


def _before(calendar: Calendar, due: datetime, lead: Limit) -> datetime:
    if lead.unit == "hours":
        return due - timedelta(hours=lead.amount)
    if lead.unit == "working hours":
        return add_working(calendar, due, -timedelta(hours=lead.amount))
    if lead.unit == "calendar days" or not lead.amount:
        return due - DAY * lead.amount
    index = split(due)[0]
    return due - DAY * (index - calendar.count_back(index, lead.amount))


def _unreadable(text: str) -> Invalid:
    return Invalid(
        f"Mốc cảnh báo «{text[:60]}» không đọc được. Hãy viết ví dụ «24 hours», «20 %», "
        "«1 working day» hoặc «24 hours or 20 %»."
    )
