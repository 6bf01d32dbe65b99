"""Small checks every component of a form file passes, and how a refusal is worded."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from engine.errors import ModelError
from engine.forms.conditions import Conditions

KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_MARKUP = re.compile(
    r"<[a-z/!]|\{\{|\*\*|\]\(|^\s*(#{1,6}\s|```|\* )", re.IGNORECASE | re.MULTILINE
)


class Checks:
    """The checks of one form file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.conditions = Conditions(self.refuse)

    def refuse(self, element: str | None, reason: str, cure: str) -> ModelError:
        """The error to raise: file, element, what is wrong, what to do."""
        return ModelError(self.file, element, reason, cure)

    def plain(self, raw: Mapping[str, Any], name: str, id_: str) -> str:
        text = raw.get(name, "")
        if text is None:
            return ""
        if not isinstance(text, str) or text.startswith("=") or _MARKUP.search(text):
            raise self.refuse(
                id_,
                f"{name} phải là chữ thường, không có biểu thức, thẻ hay ký hiệu định dạng.",
                "Viết lại bằng câu chữ thường.",
            )
        return unicodedata.normalize("NFC", text.strip())

    def inside(self, raw: Mapping[str, Any], name: str, id_: str | None) -> dict[str, Any]:
        """An object within a component, empty when it is not there."""
        found = raw.get(name) or {}
        if not isinstance(found, dict):
            raise self.refuse(id_, f"{name} phải là đối tượng.", "Ghi từng cặp tên, giá trị.")
        return found

    def properties(
        self, raw: Mapping[str, Any], id_: str | None, allowed: Iterable[str]
    ) -> dict[str, str]:
        properties = self.inside(raw, "properties", id_)
        if unknown := sorted(set(properties) - set(allowed)):
            raise self.refuse(
                id_,
                f"properties có «{unknown[0]}» không dùng được ở đây.",
                "Bỏ tên này; xem forms/README.md.",
            )
        return {name: str(value).strip() for name, value in properties.items()}

    def whole(self, id_: str, name: str, value: Any, least: int, most: int) -> int:
        text = str(value)
        if (
            isinstance(value, bool)
            or not re.fullmatch(r"[0-9]{1,6}", text, re.ASCII)
            or not (least <= int(text) <= most)
        ):
            raise self.refuse(id_, f"{name} sai.", f"Ghi số nguyên từ {least} đến {most}.")
        return int(text)

    def flag(self, properties: Mapping[str, str], name: str, id_: str) -> bool:
        """A property that is "true" or absent."""
        text = properties.get(name, "false").lower()
        if text not in ("true", "false"):
            raise self.refuse(id_, f"{name} sai.", "Ghi true hoặc bỏ đi.")
        return text == "true"
