"""Read DMN 1.1 to 1.3 files into decisions; what could not be kept faithfully is an error."""

from __future__ import annotations

import re
from typing import Any

from engine import feel
from engine.dmn import rules as gate
from engine.dmn.cells import listed
from engine.dmn.checks import Checks
from engine.dmn.source import child, children, id_of, local, parts, read_root, text_of
from engine.dmn.table import (
    AGGREGATIONS,
    LISTS,
    NUMERIC,
    POLICIES,
    RANKED,
    Decision,
    Input,
    Output,
    Rule,
)
from engine.errors import ModelError
from engine.findings import Findings

MAX_COLUMNS, MAX_CHAIN = 60, 10
_NAME = re.compile(r"[^\W\d]\w*")
_KINDS = {
    "invocation": "lời gọi (invocation)",
    "context": "bảng ngữ cảnh (boxed context)",
    "functionDefinition": "định nghĩa hàm",
    "relation": "bảng quan hệ (relation)",
    "list": "danh sách",
    "conditional": "biểu thức điều kiện dạng hộp",
    "filter": "bộ lọc dạng hộp",
    "for": "vòng lặp dạng hộp",
    "some": "lượng từ dạng hộp",
    "every": "lượng từ dạng hộp",
}


def parse_decisions(xml: bytes, file: str) -> dict[str, Decision]:
    """Every decision of a file by its id; ModelError names element, reason, cure and rule."""
    decisions, findings = read(xml, file)
    for found in findings:
        if found.severity == "error":
            raise ModelError(file, found.element, found.message, found.cure, found.rule)
    return decisions


def read(xml: bytes, file: str) -> tuple[dict[str, Decision], Findings]:
    """The decisions that can be kept, and everything that was found wrong while reading."""
    findings = Findings(file)
    root = read_root(xml, findings)
    return ({} if root is None else _Reader(root, findings).decisions()), findings


class _Reader(Checks):
    """One file on its way to decisions. A decision with an error is left out, the rest go on."""

    def __init__(self, root: Any, findings: Findings) -> None:
        super().__init__(findings)
        self.nodes: dict[str, Any] = {}
        self.made: dict[str, Decision | None] = {}
        self.open: list[str] = []
        self.data = {node.get("id"): node.get("name") or "" for node in children(root, "inputData")}
        for node in children(root, "decision"):
            key = node.get("id") or ""
            if not key:
                self.refuse(gate.ID, None, "Có quyết định không có mã.", "Đặt id cho quyết định.")
            elif key in self.nodes:
                self.refuse(gate.ID, key, "Hai quyết định cùng mã.", "Đặt mã khác nhau.")
            else:
                self.nodes[key] = node

    def decisions(self) -> dict[str, Decision]:
        if not self.nodes:
            self.refuse(gate.FILE, None, "Không có bảng quyết định.", "Thêm một decision.")
        found = {key: self.decision(key) for key in self.nodes}
        return {key: decision for key, decision in found.items() if decision is not None}

    def errors(self) -> int:
        return sum(found.severity == "error" for found in self.findings)

    def decision(self, key: str) -> Decision | None:
        if key in self.made:
            return self.made[key]
        if key in self.open:
            around = " → ".join([*self.open[self.open.index(key) :], key])
            self.refuse(
                gate.NEED, key, f"Các quyết định cần nhau thành vòng: {around}.", "Bỏ một mũi tên."
            )
            return None
        if len(self.open) >= MAX_CHAIN:
            self.refuse(
                gate.NEED, key, f"Chuỗi quyết định dài hơn {MAX_CHAIN}.", "Gộp bớt quyết định."
            )
            return None
        self.open.append(key)
        before = self.errors()
        required = self.required(key, self.nodes[key])
        made = self.body(key, self.nodes[key], required) if required is not None else None
        self.open.pop()
        self.made[key] = made if self.errors() == before else None
        return self.made[key]

    def required(self, key: str, node: Any) -> tuple[Decision, ...] | None:
        """The decisions evaluated before this one; None when one of them cannot be."""
        if child(node, "knowledgeRequirement") is not None:
            self.refuse(
                gate.KIND, key, "Không dùng được business knowledge model.", "Gộp vào bảng."
            )
        found: dict[str, Decision] = {}
        whole = True
        for need in children(node, "informationRequirement"):
            link = child(need, "requiredDecision")
            if link is None:
                self.input_data(key, child(need, "requiredInput"))
                continue
            other = link.get("href", "").removeprefix("#")
            if other not in self.nodes:
                self.refuse(
                    gate.NEED, key, f"Cần quyết định «{other}» không có.", "Vẽ lại mũi tên."
                )
                continue
            decision = self.decision(other)
            if decision is None:
                whole = False
            elif decision.variable in found and found[decision.variable] is not decision:
                self.refuse(
                    gate.NEED,
                    key,
                    f"Hai quyết định cùng tên biến «{decision.variable}».",
                    "Đổi tên biến.",
                )
            else:
                found[decision.variable] = decision
        return tuple(found.values()) if whole else None

    def input_data(self, key: str, link: Any) -> None:
        other = link.get("href", "").removeprefix("#") if link is not None else ""
        if other not in self.data:
            self.refuse(gate.NEED, key, f"Cần dữ liệu vào «{other}» không có.", "Vẽ lại mũi tên.")

    def body(self, key: str, node: Any, required: tuple[Decision, ...]) -> Decision | None:
        table, literal = child(node, "decisionTable"), child(node, "literalExpression")
        if table is not None:
            made = self.table(key, node, table, required)
        elif literal is not None:
            made = self.literal(key, node, literal, required)
        else:
            found = next((c for c in parts(node) if local(c) in _KINDS), None)
            what = _KINDS[local(found)] if found is not None else "trống"
            self.refuse(
                gate.KIND, key, f"Quyết định không phải là bảng mà là {what}.",
                "Đổi sang decision table hoặc literal expression.",
            )  # fmt: skip
            return None
        if made is not None:
            self.declared(made, node)
        return made

    def declared(self, made: Decision, node: Any) -> None:
        """Where the picture shows what goes in, it shows all that goes in."""
        drawn = {
            self.data[href]
            for need in children(node, "informationRequirement")
            for link in children(need, "requiredInput")
            if (href := link.get("href", "").removeprefix("#")) in self.data
        }
        if not drawn:
            return
        for name in sorted(made.own - drawn - {other.variable for other in made.required}):
            self.findings.warning(
                gate.NAME,
                made.id,
                f"Bảng đọc «{name}» nhưng không mũi tên nào đưa «{name}» vào quyết định.",
                f"Vẽ dữ liệu vào «{name}», hoặc sửa tên trong bảng.",
            )

    def literal(
        self, key: str, node: Any, literal: Any, required: tuple[Decision, ...]
    ) -> Decision | None:
        """One expression: a table of one row that always holds."""
        name = self.variable(key, node)
        variable = child(node, "variable")
        text = text_of(literal)
        if not text:
            self.refuse(gate.CELL, key, "Biểu thức của quyết định trống.", "Ghi biểu thức.")
            return None
        cell = self.expression(literal, text)
        type_ = self.type(variable) if variable is not None else None
        if cell is None:
            return None
        output = Output(key, name, type_, None, None)
        self.constant(cell, output, literal)
        return Decision(
            key, node.get("name") or key, name, self.findings.file, "UNIQUE", "", (), (output,),
            (Rule(key, 1, (), (cell,)),), required, *_names(required, [cell]),
        )  # fmt: skip

    def variable(self, key: str, node: Any) -> str:
        variable = child(node, "variable")
        name = (variable.get("name") if variable is not None else None) or ""
        return name if _NAME.fullmatch(name) else key

    def table(
        self, key: str, node: Any, table: Any, required: tuple[Decision, ...]
    ) -> Decision | None:
        policy, aggregation = self.policy(key, table)
        self.language(table)
        variable = child(node, "variable")
        name = (variable.get("name") if variable is not None else None) or ""
        columns = [self.input(at, c) for at, c in enumerate(children(table, "input"), 1)]
        outputs = [self.output(c, name) for c in children(table, "output")]
        if not outputs:
            self.refuse(gate.SHAPE, key, "Bảng chưa có cột kết quả.", "Thêm cột kết quả.")
        if aggregation and len(outputs) > 1:
            self.refuse(
                gate.POLICY, key, "Gộp chỉ dùng cho một cột kết quả.", "Bỏ bớt cột kết quả."
            )
        if len(columns) + len(outputs) > MAX_COLUMNS:
            self.refuse(
                gate.SHAPE, key, f"Bảng có hơn {MAX_COLUMNS} cột.", "Tách thành nhiều bảng."
            )
            return None
        rules = [
            self.rule(at, row, columns, outputs, policy == "COLLECT" and aggregation in NUMERIC)
            for at, row in enumerate(children(table, "rule"), 1)
        ]
        kept = [output for output in outputs if output is not None]
        if len({output.name for output in kept}) < len(kept):
            self.refuse(gate.SHAPE, key, "Hai cột kết quả cùng tên.", "Đặt tên khác nhau.")
        self.ranking(key, policy, kept)
        self.defaults(policy, aggregation, kept)
        if None in columns or None in outputs or None in rules:
            return None
        ready = [column for column in columns if column is not None]
        rows = [rule for rule in rules if rule is not None]
        cells = [column.expression for column in ready]
        cells += [cell for rule in rows for cell in (*(t for _, t in rule.tests), *rule.results)]
        cells += [output.default for output in kept if output.default is not None]
        return Decision(
            key, node.get("name") or key, self.variable(key, node), self.findings.file, policy,
            aggregation, tuple(ready), tuple(kept), tuple(rows), required,
            *_names(required, cells),
        )  # fmt: skip

    def policy(self, key: str, table: Any) -> tuple[str, str]:
        policy = " ".join(table.get("hitPolicy", "UNIQUE").split())
        aggregation = table.get("aggregation", "")
        if policy not in POLICIES:
            self.refuse(
                gate.POLICY,
                key,
                f"Không có hit policy «{policy}».",
                f"Chọn một trong: {', '.join(POLICIES)}.",
            )
        if aggregation and (aggregation not in AGGREGATIONS or policy != "COLLECT"):
            self.refuse(
                gate.POLICY,
                key,
                f"Không hỗ trợ «{aggregation}» với {policy}.",
                f"Chỉ COLLECT mới gộp được, bằng {', '.join(AGGREGATIONS)}.",
            )
        return policy, aggregation

    def ranking(self, key: str, policy: str, outputs: list[Output]) -> None:
        if policy in RANKED and outputs and not any(output.order for output in outputs):
            self.refuse(
                gate.PRIORITY,
                key,
                f"Bảng {policy} cần danh sách giá trị (output values) để biết kết quả nào ưu tiên.",
                "Ghi danh sách giá trị của cột kết quả, giá trị ưu tiên nhất đứng đầu.",
            )

    def defaults(self, policy: str, aggregation: str, outputs: list[Output]) -> None:
        if policy not in LISTS or aggregation in NUMERIC:
            return
        for output in outputs:
            if output.default is not None:
                self.refuse(
                    gate.DEFAULT,
                    output.id,
                    f"Cột «{output.name}» có giá trị mặc định, nhưng bảng {policy} "
                    "không dòng nào đúng thì đã cho danh sách trống hoặc số 0.",
                    "Bỏ giá trị mặc định, hoặc thêm một dòng.",
                )

    def input(self, number: int, node: Any) -> Input | None:
        expression = child(node, "inputExpression")
        text = text_of(expression)
        key = node.get("id") or f"cột {number}"
        if expression is None or not text:
            self.refuse(gate.SHAPE, key, f"Cột {number} chưa có biểu thức.", "Ghi biểu thức.")
            return None
        compiled, type_ = self.expression(expression, text), self.type(expression)
        label = node.get("label") or text
        allowed = self.values(child(node, "inputValues"), type_, label)
        if compiled is None:
            return None
        return Input(key, label, compiled, type_, allowed)

    def output(self, node: Any, variable: str) -> Output | None:
        name = node.get("name") or variable
        key = node.get("id") or name
        if not _NAME.fullmatch(name):
            self.refuse(
                gate.SHAPE,
                node.get("id"),
                f"Tên cột kết quả «{name}» không dùng được.",
                "Đặt tên không dấu cách, ví dụ noi_chi_tra.",
            )
            return None
        type_ = self.type(node)
        allowed = self.values(child(node, "outputValues"), type_, name)
        order = listed(allowed.text) if allowed is not None else None
        default = child(node, "defaultOutputEntry")
        text = text_of(default)
        compiled = self.expression(default, text) if default is not None and text else None
        made = Output(key, name, type_, allowed, compiled, order or ())
        if compiled is not None:
            self.constant(compiled, made, default)
        return made

    def rule(
        self,
        number: int,
        node: Any,
        columns: list[Input | None],
        outputs: list[Output | None],
        gathered: bool,
    ) -> Rule | None:
        tests = children(node, "inputEntry")
        results = children(node, "outputEntry")
        key = node.get("id") or f"dòng {number}"
        if len(tests) != len(columns) or len(results) != len(outputs):
            self.refuse(gate.SHAPE, key, f"Dòng {number} thiếu hoặc thừa ô.", "Sửa dòng này.")
            return None
        cells: list[tuple[int, feel.Compiled]] = []
        whole = True
        for at, (column, cell) in enumerate(zip(columns, tests, strict=True)):
            if text_of(cell) in ("", "-"):
                continue
            test = self.compiled(feel.compile_unary_tests, cell, text_of(cell))
            if test is None:
                whole = False
                continue
            cells.append((at, test))
            if column is not None:
                self.fitting(column, test, id_of(cell), f"cột «{column.label}» dòng {number}")
        made = []
        for output, cell in zip(outputs, results, strict=True):
            if not text_of(cell):
                self.findings.warning(
                    gate.CELL,
                    id_of(cell),
                    f"Ô kết quả của dòng {number} để trống nên kết quả là null.",
                    "Ghi kết quả; nếu đúng là không có gì thì ghi null.",
                )
            result = self.expression(cell, text_of(cell) or "null")
            if result is None:
                whole = False
                continue
            made.append(result)
            if output is not None:
                self.constant(result, output, cell)
                if gathered:
                    self.gathered(result, cell)
        return Rule(key, number, tuple(cells), tuple(made)) if whole else None


def _names(
    required: tuple[Decision, ...], cells: list[feel.Compiled]
) -> tuple[frozenset[str], frozenset[str]]:
    """What a decision asks the data for, with what it requires; and what it reads itself."""
    own = frozenset[str]().union(*(cell.names for cell in cells))
    asked = own - {other.variable for other in required}
    return asked.union(*(other.inputs for other in required)), own
