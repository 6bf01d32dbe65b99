"""The cells of a yearly calendar: days, spans of time, weekdays and hours as people write them."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time

from engine.calendar.hours import Season
from engine.calendar.working import FIRST_YEAR, LAST_YEAR
from engine.errors import Invalid

_WEEKDAY = {"hai": 0, "ba": 1, "tu": 2, "nam": 3, "sau": 4, "bay": 5, "cn": 6}
_YEARLY = "hang nam"
_SPAN = re.compile(r"\s*(?:\.\.|–| - )\s*")


def days_of(text: str) -> tuple[date, date]:
    """Read "31/08/2026" or "A..B", at most a year; Invalid with a sentence."""
    first, last, season = span_of(text)
    if season is not None:
        raise Invalid("«hằng năm» chỉ dùng cho giờ làm việc, giờ tiếp nhận và giờ chốt.")
    if last is None:
        if _SPAN.search(text.strip()):
            raise Invalid("khoảng ngày phải có ngày cuối.")
        last = first
    if (last - first).days > 366:
        raise Invalid("khoảng ngày dài hơn một năm.")
    return first, last


def span_of(text: str) -> tuple[date, date | None, Season | None]:
    """Read "01/01/2026", "01/01/2026..", "A..B" and "A..B hằng năm"; Invalid with a sentence."""
    plain = fold(text)
    yearly = plain.endswith(_YEARLY)
    begin, *rest = _SPAN.split(plain.removesuffix(_YEARLY).strip(), maxsplit=1)
    first = _date(begin)
    last = _date(rest[0]) if rest and rest[0] else None
    if last is not None and last < first:
        raise Invalid(f"ngày cuối {last:%d/%m/%Y} trước ngày đầu {first:%d/%m/%Y}.")
    if not yearly:
        return first, last, None
    if last is None:
        raise Invalid("«hằng năm» cần cả ngày đầu và ngày cuối.")
    season = (first.month, first.day), (last.month, last.day)
    if last.year - first.year > 1 or (last.year > first.year and season[1] >= season[0]):
        raise Invalid("một mùa không dài hơn một năm.")
    return first, None, season


def _date(text: str) -> date:
    text = text.strip()
    for shape in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            day = datetime.strptime(text, shape).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise Invalid(f"ngày {text} nằm ngoài các năm {FIRST_YEAR}–{LAST_YEAR}.")
        return day
    if not text:
        raise Invalid("thiếu ngày.")
    raise Invalid(f"ngày «{text[:40]}» không đọc được; ví dụ: 31/08/2026.")


def hour(text: str) -> time:
    """Read "15:00" or "15h00"; Invalid with a sentence."""
    match = re.fullmatch(r"(\d{1,2})[:h](\d{2})", text.strip().lower())
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise Invalid(f"giờ chốt «{text[:40]}» không đọc được; ví dụ: 15:00.")
    return time(int(match[1]), int(match[2]))


def weekdays(text: str) -> list[int]:
    """Read "2-6", "2,3,5", "thứ Bảy", "CN"; in order, each once."""
    plain = fold(text).replace("thu ", " ").replace("chu nhat", "cn").strip()
    if not plain:
        raise Invalid("thiếu cột «làm theo thứ»; ví dụ: 2-6, hoặc thứ Bảy.")
    found: list[int] = []
    for token in re.split(r"[,;+\s]+", re.sub(r"\s*-\s*", "-", plain)):
        begin, _, end = token.partition("-")
        first = _one_weekday(begin, text)
        last = _one_weekday(end, text) if end else first
        if last < first:
            raise Invalid(f"thứ «{text[:40]}» không đúng thứ tự.")
        found.extend(range(first, last + 1))
    if len(set(found)) != len(found):
        raise Invalid(f"thứ «{text[:40]}» ghi một thứ hai lần.")
    return found


def _one_weekday(token: str, text: str) -> int:
    if token in ("2", "3", "4", "5", "6", "7"):
        return int(token) - 2
    if token in ("8", *_WEEKDAY):
        return _WEEKDAY.get(token, 6)
    raise Invalid(f"thứ «{text[:40]}» không đọc được; ví dụ: 2-6, thứ Bảy, CN.")


def weekday_text(weekday: int) -> str:
    """The weekday as it is written in a file: "2" is Monday, "CN" Sunday."""
    return "CN" if weekday == 6 else str(weekday + 2)


def fold(text: str) -> str:
    """Lower case, without diacritics, single spaces."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())
