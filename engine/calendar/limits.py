"""A legal limit as text and as a value. Knows no calendar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from engine.errors import Invalid

Unit = Literal["hours", "working hours", "working days", "calendar days"]

MOST = 10_000

_WORDS: dict[str, Unit] = {
    "hour": "hours",
    "hours": "hours",
    "clock hour": "hours",
    "clock hours": "hours",
    "giờ": "hours",
    "working hour": "working hours",
    "working hours": "working hours",
    "giờ làm việc": "working hours",
    "working day": "working days",
    "working days": "working days",
    "ngày làm việc": "working days",
    "calendar day": "calendar days",
    "calendar days": "calendar days",
    "ngày": "calendar days",
}
_NAMES: dict[Unit, str] = {
    "hours": "giờ",
    "working hours": "giờ làm việc",
    "working days": "ngày làm việc",
    "calendar days": "ngày",
}
_SHAPE = re.compile(r"(\d{1,30})\s+(\D+)")


@dataclass(frozen=True)
class Limit:
    """``amount`` of one of the four clocks; ``hours`` are clock hours, day and night."""

    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        if not 0 <= self.amount <= MOST:
            raise Invalid(f"Thời hạn {self.amount} nằm ngoài khoảng 0 đến {MOST}.")

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}"

    @property
    def words(self) -> str:
        """The limit in Vietnamese: "8 ngày làm việc"."""
        return f"{self.amount} {_NAMES[self.unit]}"


@lru_cache(maxsize=1024)
def parse_limit(text: str) -> Limit:
    """Read "24 hours", "2 working hours", "8 working days", "12 calendar days".

    The Vietnamese words ("8 ngày làm việc") are read too. Raises Invalid with a sentence.
    """
    match = _SHAPE.fullmatch(text.strip().lower())
    unit = _WORDS.get(" ".join(match[2].split())) if match else None
    if match is None or unit is None:
        raise Invalid(
            f"Thời hạn «{text[:60]}» không đọc được. Hãy viết một số và một đơn vị, ví dụ "
            "«24 hours», «2 working hours», «8 working days» hoặc «12 calendar days»."
        )
    return Limit(int(match[1]), unit)
