"""Read DMN 1.1 to 1.3 files into decisions; what could not be kept faithfully is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from engine import feel
from engine.dmn.table import AGGREGATIONS, POLICIES, Decision, Input, Output, Rule
from engine.dmn.types import KINDS, fits, known
from engine.errors import FeelError, ModelError

MAX_BYTES, MAX_RULES, MAX_COLUMNS, MAX_CHAIN = 2_000_000, 2_000, 60, 10
_VERSIONS = (
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "https://www.omg.org/spec/DMN/20191111/MODEL/",
)
_NAME = re.compile(r"[^\W\d]\w*")


def parse_decisions(xml: bytes, file: str) -> dict[str, Decision]:
    """Every decision table of a file by its id; ModelError names element, reason and cure."""
    return _Reader(_root(xml, file), file).decisions()


def _root(xml: bytes, file: str) -> Any:
    if len(xml) > MAX_BYTES:
        raise ModelError(file, None, "Tệp quá lớn.", "Tách thành nhiều tệp.")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ModelError(file, None, f"XML không đúng: {error}.", "Lưu lại tệp.") from None
    if root.getroottree().docinfo.doctype:
        raise ModelError(file, None, "Không nhận DOCTYPE.", "Bỏ dòng DOCTYPE.")
    name = etree.QName(root)
    if name.localname != "definitions" or name.namespace not in _VERSIONS:
        raise ModelError(file, None, "Không phải tệp DMN 1.1–1.3.", "Lưu lại bằng DMN 1.3.")
    return root


class _Reader:
    def __init__(self, root: Any, file: str) -> None:
        self.file = file
        self.nodes: dict[str, Any] = {}
        for node in _children(root, "decision"):
            key = node.get("id") or ""
            if not key:
                raise self.refuse(None, "Có quyết định không có mã.", "Đặt id cho quyết định.")
            if key in self.nodes:
                raise self.refuse(key, "Hai quyết định cùng mã.", "Đặt mã khác nhau.")
            self.nodes[key] = node
        self.made: dict[str, Decision] = {}
        self.open: list[str] = []

    def decisions(self) -> dict[str, Decision]:
        if not self.nodes:
            raise self.refuse(None, "Không có bảng quyết định.", "Thêm một decision.")
        return {key: self.decision(key) for key in self.nodes}

    def refuse(self, element: str | None, reason: str, cure: str) -> ModelError:
        return ModelError(self.file, element, reason, cure)

    def decision(self, key: str) -> Decision:
        if key in self.made:
            return self.made[key]
        if key in self.open or len(self.open) >= MAX_CHAIN:
            raise self.refuse(key, "Các quyết định cần nhau thành vòng.", "Bỏ một mũi tên.")
        self.open.append(key)
        node = self.nodes[key]
        table = _child(node, "decisionTable")
        if table is None:
            raise self.refuse(key, "Quyết định không phải là bảng.", "Đổi sang decision table.")
        required = tuple(self.required(key, node))
        made = self.table(key, node, table, required)
        self.open.pop()
        self.made[key] = made
        return made

    def required(self, key: str, node: Any) -> Iterator[Decision]:
        if _child(node, "knowledgeRequirement") is not None:
            raise self.refuse(key, "Không dùng được business knowledge model.", "Gộp vào bảng.")
        seen: set[str] = set()
        for need in _children(node, "informationRequirement"):
            link = _child(need, "requiredDecision")
            if link is None:
                continue
            other = link.get("href", "").removeprefix("#")
            if other not in self.nodes:
                raise self.refuse(key, f"Cần quyết định «{other}» không có.", "Vẽ lại mũi tên.")
            decision = self.decision(other)
            if decision.variable in seen:
                raise self.refuse(
                    key, f"Hai quyết định cùng tên biến «{decision.variable}».", "Đổi tên biến."
                )
            seen.add(decision.variable)
            yield decision

    def table(self, key: str, node: Any, table: Any, required: tuple[Decision, ...]) -> Decision:
        policy = " ".join(table.get("hitPolicy", "UNIQUE").split())
        aggregation = table.get("aggregation", "")
        if policy not in POLICIES:
            raise self.refuse(
                key,
                f"Không hỗ trợ hit policy «{policy}».",
                f"Chọn một trong: {', '.join(POLICIES)}.",
            )
        if aggregation and (aggregation not in AGGREGATIONS or policy != "COLLECT"):
            raise self.refuse(
                key, f"Không hỗ trợ «{aggregation}» với {policy}.", "Chỉ COLLECT mới gộp được."
            )
        self.language(table)
        variable = _child(node, "variable")
        name = (variable.get("name") if variable is not None else None) or ""
        variable_name = name if _NAME.fullmatch(name) else key
        columns = tuple(self.input(at, c) for at, c in enumerate(_children(table, "input"), 1))
        outputs = tuple(self.output(c, name) for c in _children(table, "output"))
        if not outputs:
            raise self.refuse(key, "Bảng chưa có cột kết quả.", "Thêm cột kết quả.")
        if aggregation and len(outputs) > 1:
            raise self.refuse(key, "Gộp chỉ dùng cho một cột kết quả.", "Bỏ bớt cột kết quả.")
        twice = {output.name for output in outputs}
        if len(twice) < len(outputs):
            raise self.refuse(key, "Hai cột kết quả cùng tên.", "Đặt tên khác nhau.")
        rows = _children(table, "rule")
        if len(rows) > MAX_RULES or len(columns) + len(outputs) > MAX_COLUMNS:
            raise self.refuse(key, "Bảng quá lớn.", "Tách thành nhiều bảng.")
        rules = tuple(self.rule(at, row, columns, outputs) for at, row in enumerate(rows, 1))
        names: set[str] = set()
        for column in columns:
            names |= column.expression.names
        for rule in rules:
            for cell in (*(test for _, test in rule.tests), *rule.results):
                names |= cell.names
        for output in outputs:
            names |= output.default.names if output.default is not None else set()
        names -= {other.variable for other in required}
        for other in required:
            names |= other.inputs
        return Decision(
            key, node.get("name") or key, variable_name, self.file, policy, aggregation, columns,
            outputs, rules, required, frozenset(names),
        )  # fmt: skip

    def input(self, number: int, node: Any) -> Input:
        expression = _child(node, "inputExpression")
        text = _text(expression)
        if expression is None or not text:
            raise self.refuse(node.get("id"), f"Cột {number} chưa có biểu thức.", "Ghi biểu thức.")
        return Input(
            node.get("id") or f"{number}",
            node.get("label") or text,
            self.expression(expression, text),
            self.type(expression),
            self.tests(_child(node, "inputValues")),
        )

    def output(self, node: Any, variable: str) -> Output:
        name = node.get("name") or variable
        if not _NAME.fullmatch(name):
            raise self.refuse(
                node.get("id"),
                f"Tên cột kết quả «{name}» không dùng được.",
                "Đặt tên không dấu cách, ví dụ noi_chi_tra.",
            )
        default = _child(node, "defaultOutputEntry")
        text = _text(default)
        made = Output(
            node.get("id") or name,
            name,
            self.type(node),
            self.tests(_child(node, "outputValues")),
            self.expression(default, text) if default is not None and text else None,
        )
        if made.default is not None:
            self.constant(made.default, made, node)
        return made

    def rule(
        self, number: int, node: Any, columns: tuple[Input, ...], outputs: tuple[Output, ...]
    ) -> Rule:
        tests = _children(node, "inputEntry")
        results = _children(node, "outputEntry")
        key = node.get("id") or f"dòng {number}"
        if len(tests) != len(columns) or len(results) != len(outputs):
            raise self.refuse(key, f"Dòng {number} thiếu hoặc thừa ô.", "Sửa dòng này.")
        cells = []
        for at, cell in enumerate(tests):
            if _text(cell) not in ("", "-"):
                cells.append((at, self.compiled(feel.compile_unary_tests, cell, _text(cell))))
        made = tuple(self.expression(cell, _text(cell) or "null") for cell in results)
        for output, cell, source in zip(outputs, made, results, strict=True):
            self.constant(cell, output, source)
        return Rule(key, number, tuple(cells), made)

    def constant(self, cell: feel.Compiled, output: Output, node: Any) -> None:
        """A cell that reads nothing must fit its column's type and values already now."""
        if cell.names:
            return
        try:
            value = cell.evaluate({})
        except FeelError:
            return  # needs the moment or working time; looked at when it is evaluated
        if value is None:
            return
        if not fits(value, output.type):
            raise self.refuse(
                node.get("id"), f"Ô «{cell.text}» không phải kiểu {output.type}.", "Sửa ô này."
            )
        if output.allowed is not None and output.allowed.evaluate({"?": value}) is not True:
            raise self.refuse(
                node.get("id"), f"Ô «{cell.text}» ngoài danh sách cho phép.", "Sửa ô này."
            )

    def tests(self, node: Any) -> feel.Compiled | None:
        text = _text(node)
        return self.compiled(feel.compile_unary_tests, node, text) if text else None

    def expression(self, node: Any, text: str) -> feel.Compiled:
        return self.compiled(feel.compile_expression, node, text)

    def compiled(self, compile_: Any, node: Any, text: str) -> feel.Compiled:
        self.language(node)
        try:
            made: feel.Compiled = compile_(text)
        except FeelError as error:
            key = node.get("id") or node.getparent().get("id")
            raise self.refuse(key, error.message, "Sửa ô này.") from None
        return made

    def language(self, node: Any) -> None:
        name = node.get("expressionLanguage") or "feel"
        if name.rstrip("/").rpartition("/")[2].lower() not in ("feel", "s-feel"):
            raise self.refuse(node.get("id"), f"Không dùng được ngôn ngữ «{name}».", "Viết FEEL.")

    def type(self, node: Any) -> str | None:
        name = node.get("typeRef")
        if not name:
            return None
        found = known(name)
        if found is None:
            raise self.refuse(
                node.get("id"), f"Không có kiểu «{name}».", f"Chọn: {', '.join(KINDS)}."
            )
        return found


def _children(node: Any, name: str) -> list[Any]:
    return [c for c in node if etree.QName(c).localname == name]


def _child(node: Any, name: str) -> Any:
    return next(iter(_children(node, name)), None)


def _text(node: Any) -> str:
    inner = _child(node, "text") if node is not None else None
    return (inner.text or "").strip() if inner is not None else ""
