"""Made-up people and numbers from a seeded generator. Real persons and numbers never appear."""

from __future__ import annotations

import random
from collections.abc import Callable

_FAMILY = (
    "Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Phan", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ",
    "Ngô", "Dương", "Lý", "Đinh", "Lương", "Trịnh", "Tạ", "Chu",
)  # fmt: skip
_MIDDLE = {
    "nam": ("Văn", "Đình", "Quang", "Hữu", "Xuân", "Công", "Bá", "Trọng"),
    "nữ": ("Thị", "Thị Minh", "Thị Thanh", "Thị Kim", "Thị Bích", "Thị Ngọc"),
}
_GIVEN = {
    "nam": (
        "An", "Bảo", "Chính", "Đạt", "Giang", "Hải", "Hiếu", "Hòa", "Hưng", "Khôi", "Lâm", "Minh",
        "Nghĩa", "Phong", "Quân", "Sáng", "Tài", "Thành", "Tiến", "Vinh",
    ),
    "nữ": (
        "Ánh", "Châu", "Cúc", "Dung", "Hạnh", "Hiền", "Huệ", "Lan", "Liên", "Loan", "Mận", "Nga",
        "Nhung", "Oanh", "Phượng", "Quyên", "Tâm", "Thơm", "Tuyết", "Xuân",
    ),
}  # fmt: skip


class People:
    """Draws names, identity numbers (000…) and telephone numbers (0900…), none twice."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._taken: set[str] = set()

    def like(self, name: str, family: str = "") -> str:
        """Another name for the same sex as ``name`` says ("Thị" is a woman's)."""
        sex = "nữ" if "Thị" in name.split() else "nam"
        return self._new(lambda: self._name(family or self.family(), sex))

    def family(self) -> str:
        """A family name; these may return."""
        return self._chance.choice(_FAMILY)

    def identity(self) -> str:
        """Twelve digits that begin with 000: no province has that code."""
        return self._new(lambda: f"000{self._chance.randrange(10**9):09d}")

    def phone(self) -> str:
        """A number of the form 0900xxxxxx."""
        return self._new(lambda: f"0900{self._chance.randrange(10**6):06d}")

    def _name(self, family: str, sex: str) -> str:
        pick = self._chance.choice
        return f"{family} {pick(_MIDDLE[sex])} {pick(_GIVEN[sex])}"

    def _new(self, draw: Callable[[], str]) -> str:
        while True:
            found = draw()
            if found not in self._taken:
                self._taken.add(found)
                return found
