"""How long a closed dossier stays at hand and how long it is kept: the rule, from procedure.toml.

Pure; knows no database.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.calendar import TIMEZONE
from engine.errors import Invalid

PERMANENT = "permanent"
_SPAN = re.compile(r"([1-9]\d{0,3}) (day|month|year)s?")
_LONGEST = 36_525  # days; longer than a century is a slip of the pen
_KEYS = ("archive_after", "keep", "legal_basis")
_DAYS = {"day": 1, "month": 30, "year": 365}


@dataclass(frozen=True)
class Retention:
    """``archive_after`` and ``keep`` as written: «90 days», «10 years», ``permanent``."""

    archive_after: str = "90 days"
    keep: str = PERMANENT
    legal_basis: str = ""

    def to_archive(self, now: datetime) -> datetime:
        """A dossier closed at or before this moment goes into the archive."""
        return _moved(now, self.archive_after, -1)

    def ends(self, closed_at: datetime) -> datetime | None:
        """When a dossier closed at a moment may be deleted; None: never."""
        return None if self.keep == PERMANENT else _moved(closed_at, self.keep, 1)


def retention_of(meta: Mapping[str, Any]) -> Retention:
    """The rule in a procedure's facts (``[retention]``); without one it is kept for ever.

    Raises Invalid; its ``errors`` have the sentences by key.
    """
    said = meta.get("retention", {})
    if not isinstance(said, dict):
        raise _refused({"retention": ["[retention] phải là một bảng."]})
    errors = {
        key: [f"Không có khóa «{key}» trong [retention]; có: {', '.join(_KEYS)}."]
        for key in sorted(set(said) - set(_KEYS))
    }
    for key in sorted(set(said) & set(_KEYS)):
        sentence = _fault(key, said[key])
        if sentence:
            errors[key] = [sentence]
    if said.get("keep", PERMANENT) != PERMANENT and not said.get("legal_basis"):
        errors.setdefault("legal_basis", ["Có thời hạn lưu thì phải ghi căn cứ (legal_basis)."])
    if errors:
        raise _refused(errors)
    return Retention(**{key: value.strip() for key, value in said.items()})


def _fault(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        return f"«{key}» phải là chữ và không trống."
    if key == "legal_basis":
        return "Căn cứ dài quá 400 ký tự." if len(value) > 400 else ""
    if key == "keep" and value == PERMANENT:
        return ""
    found = _SPAN.fullmatch(value)
    if found is None:
        examples = "«90 days», «12 months», «10 years»"
        also = f" hoặc «{PERMANENT}»" if key == "keep" else ""
        return f"Không hiểu thời hạn «{value[:40]}»; viết như {examples}{also}."
    if int(found[1]) * _DAYS[found[2]] > _LONGEST:
        return f"Thời hạn «{value}» dài hơn 100 năm; muốn giữ mãi thì ghi «{PERMANENT}»."
    return ""


def _refused(errors: dict[str, list[str]]) -> Invalid:
    first = next(iter(errors.values()))[0]
    return Invalid(f"Quy định lưu trữ không dùng được: {first}", errors=errors)


def _moved(moment: datetime, span: str, sign: int) -> datetime:
    """A moment so many days, or months of the calendar in Vietnam, later or (-1) earlier."""
    found = _SPAN.fullmatch(span)
    assert found is not None, span  # checked when it was read  # noqa: S101
    number, unit = sign * int(found[1]), found[2]
    if unit == "day":
        return moment + timedelta(days=number)
    local = moment.astimezone(TIMEZONE)
    months = local.year * 12 + local.month - 1 + number * (12 if unit == "year" else 1)
    year, month = months // 12, months % 12 + 1
    day = min(local.day, calendar.monthrange(year, month)[1])
    return local.replace(year=year, month=month, day=day).astimezone(moment.tzinfo)
