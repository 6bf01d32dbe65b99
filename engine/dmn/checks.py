"""Compile what stands in cells and columns, and check it against the types around it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from engine import feel
from engine.dmn import rules as gate
from engine.dmn.cells import Shape, listed, shape
from engine.dmn.source import id_of, text_of
from engine.dmn.table import Input, Output
from engine.dmn.types import KINDS, fits, fits_kind, known
from engine.errors import FeelError
from engine.feel.syntax import blank
from engine.feel.values import kind
from engine.findings import Findings
from engine.findings import Rule as GateRule

_LOOP = re.compile(r"\b(?:for|some|every)\b")


class Checks:
    """What every part of a file is asked; faults are noted, and None stands for what failed."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    def refuse(self, rule: GateRule, element: str | None, reason: str, cure: str) -> None:
        self.findings.error(rule, element, reason, cure)

    def fitting(self, column: Input, test: feel.Compiled, key: str | None, place: str) -> None:
        """The constants of a condition cell fit the column's type and allowed values."""
        found = shape(test.text)
        if found is None:
            return
        if self.clash(found, column.type, key, f"Ô «{test.text}» ({place})"):
            return
        if column.allowed is None:
            return
        for value in found.equals:
            if value is not None and column.allowed.evaluate({"?": value}) is not True:
                self.refuse(
                    gate.VALUES,
                    key,
                    f"Ô «{test.text}» ({place}) có giá trị ngoài danh sách cho phép "
                    f"«{column.allowed.text}».",
                    "Sửa ô này hoặc danh sách cho phép của cột.",
                )
                return

    def clash(self, found: Shape, type_: str | None, key: str | None, what: str) -> bool:
        if found.members and type_ is not None and KINDS[type_]:
            self.refuse(
                gate.TYPE,
                key,
                f"{what} hỏi trong danh sách, nhưng cột kiểu {type_}.",
                "Bỏ kiểu của cột (typeRef), hoặc so sánh trực tiếp.",
            )
            return True
        for value in (*found.equals, *found.bounds):
            if not fits_kind(value, type_):
                self.refuse(
                    gate.TYPE,
                    key,
                    f"{what} không bao giờ đúng: cột kiểu {type_}, ô ghi giá trị kiểu khác.",
                    _cure(type_),
                )
                return True
        return False

    def constant(self, cell: feel.Compiled, output: Output, node: Any) -> None:
        """A cell that reads nothing must fit its column's type and values already now."""
        if cell.names or _LOOP.search(blank(cell.text)):
            return
        try:
            value = cell.evaluate({})
        except FeelError:
            return  # needs the moment or working time; looked at when it is evaluated
        if value is None:
            return
        if not fits(value, output.type):
            self.refuse(
                gate.TYPE,
                id_of(node),
                f"Ô «{cell.text}» không phải kiểu {output.type}.",
                _cure(output.type),
            )
        elif output.allowed is not None and output.allowed.evaluate({"?": value}) is not True:
            self.refuse(
                gate.VALUES, id_of(node), f"Ô «{cell.text}» ngoài danh sách cho phép.", "Sửa ô này."
            )

    def gathered(self, cell: feel.Compiled, node: Any) -> None:
        """A result that is added up or compared is a number."""
        found = listed(cell.text)
        if found is not None and any(kind(value) != "number" for value in found):
            self.refuse(
                gate.TYPE,
                id_of(node),
                f"Ô «{cell.text}» không phải số nên không gộp được.",
                "Ghi số, hoặc bỏ cách gộp.",
            )

    def values(self, node: Any, type_: str | None, label: str) -> feel.Compiled | None:
        """The list of allowed values of a column: constants that fit its type."""
        text = text_of(node)
        made = self.compiled(feel.compile_unary_tests, node, text) if text else None
        if made is None:
            return None
        found = shape(text)
        if found is None:
            self.refuse(
                gate.VALUES,
                id_of(node),
                f"Danh sách «{text}» của cột «{label}» không phải giá trị cố định.",
                'Ghi như "co", "khong" hoặc [0..150].',
            )
            return None
        self.clash(found, type_, id_of(node), f"Danh sách «{text}» của cột «{label}»")
        return made

    def expression(self, node: Any, text: str) -> feel.Compiled | None:
        return self.compiled(feel.compile_expression, node, text)

    def compiled(
        self, compile_: Callable[[str], feel.Compiled], node: Any, text: str
    ) -> feel.Compiled | None:
        if not self.language(node):
            return None
        try:
            return compile_(text)
        except FeelError as error:
            self.refuse(gate.CELL, id_of(node), error.message, "Sửa ô này.")
            return None

    def language(self, node: Any) -> bool:
        name = node.get("expressionLanguage") or "feel"
        if name.rstrip("/").rpartition("/")[2].lower() in ("feel", "s-feel"):
            return True
        self.refuse(gate.CELL, id_of(node), f"Không dùng được ngôn ngữ «{name}».", "Viết FEEL.")
        return False

    def type(self, node: Any) -> str | None:
        name = node.get("typeRef")
        if not name:
            return None
        found = known(name)
        if found is None:
            self.refuse(
                gate.TYPE, id_of(node), f"Không có kiểu «{name}».", f"Chọn: {', '.join(KINDS)}."
            )
        return found


def _cure(type_: str | None) -> str:
    if type_ == "string":
        return 'Ghi chữ trong nháy kép, ví dụ "co".'
    if type_ in ("date", "time", "dateTime"):
        return 'Ghi như date("2026-09-01"), time("07:30:00").'
    return "Sửa ô này hoặc kiểu của cột."
