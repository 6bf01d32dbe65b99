"""Evaluate decision tables: hit policies, typed columns, decisions that need decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from engine.dmn.types import convert, fits
from engine.errors import FeelError, ModelError
from engine.feel import Compiled
from engine.feel.values import MATH, kind

POLICIES = ("UNIQUE", "FIRST", "ANY", "PRIORITY", "RULE ORDER", "OUTPUT ORDER", "COLLECT")
RANKED = ("PRIORITY", "OUTPUT ORDER")
LISTS = ("RULE ORDER", "OUTPUT ORDER", "COLLECT")
NUMERIC = ("SUM", "MIN", "MAX")
AGGREGATIONS = (*NUMERIC, "COUNT")

Functions = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class Input:
    """A condition column: what is asked, its type, and the values it may have."""

    id: str
    label: str
    expression: Compiled
    type: str | None
    allowed: Compiled | None


@dataclass(frozen=True, slots=True)
class Output:
    """A conclusion column: its name, type, allowed values and what it says when no rule holds.

    ``order`` are the allowed values, the one of highest priority first; empty when they are not
    a plain list.
    """

    id: str
    name: str
    type: str | None
    allowed: Compiled | None
    default: Compiled | None
    order: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: the tests that say something (by column number), and one result per output."""

    id: str
    number: int
    tests: tuple[tuple[int, Compiled], ...]
    results: tuple[Compiled, ...]


@dataclass(frozen=True)
class Decision:
    """A decision table. ``inputs`` are the root names it (and what it requires) asks the data for,
    ``own`` those that stand in this table.

    ``required`` are decisions evaluated first; each is seen under its ``variable``: the value of
    its only output, or a context of its outputs.
    """

    id: str
    name: str
    variable: str
    file: str
    policy: str
    aggregation: str
    columns: tuple[Input, ...]
    results: tuple[Output, ...]
    rules: tuple[Rule, ...]
    required: tuple[Decision, ...]
    inputs: frozenset[str]
    own: frozenset[str]

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names it gives, in the order of the columns."""
        return tuple(output.name for output in self.results)

    def evaluate(
        self,
        context: Mapping[str, Any],
        *,
        functions: Functions | None = None,
        now: datetime | None = None,
    ) -> dict[str, Any]:
        """The outputs over JSON values; null where no rule holds and no default is given.

        RULE ORDER, OUTPUT ORDER and COLLECT give a list per output, an aggregation one value.
        Raises ModelError when UNIQUE finds two rules, ANY two different answers, a value does not
        fit its column, or a cell exceeds its bounds.
        """
        return self._evaluate(context, functions, now, {})

    def _evaluate(
        self,
        context: Mapping[str, Any],
        functions: Functions | None,
        now: datetime | None,
        known: dict[str, dict[str, Any]],
    ) -> dict[str, Any]:
        """``known`` are the decisions evaluated already: several may require the same one."""
        seen = dict(context)
        for other in self.required:
            if other.id not in known:
                known[other.id] = other._evaluate(context, functions, now, known)
            made = known[other.id]
            seen[other.variable] = made[other.outputs[0]] if len(made) == 1 else made

        def value(compiled: Compiled, names: Mapping[str, Any], place: str) -> Any:
            try:
                return compiled.evaluate(names, functions=functions, now=now)
            except FeelError as error:
                raise self._error(f"{place}: {error.message}", "Sửa ô này.") from error

        asked = [
            {**seen, "?": self._asked(column, value(column.expression, seen, column.label))}
            for column in self.columns
        ]
        for column, names in zip(self.columns, asked, strict=True):
            if column.allowed is not None and names["?"] is not None:
                self._allow(column.label, names["?"], column.allowed)
        held: list[Rule] = []
        for rule in self.rules:
            place = f"dòng {rule.number}"
            if all(value(test, asked[at], place) is True for at, test in rule.tests):
                held.append(rule)
                if self.policy == "FIRST":
                    break
        if self.policy == "UNIQUE" and len(held) > 1:
            raise self._error(
                f"bảng UNIQUE chỉ được có một dòng đúng, nhưng các dòng {_list(held)} cùng đúng.",
                "Sửa điều kiện cho các dòng không chồng nhau, hoặc chọn FIRST.",
            )
        answers = [
            [
                self._result(output, value(cell, seen, f"dòng {rule.number}"))
                for output, cell in zip(self.results, rule.results, strict=True)
            ]
            for rule in held
        ]
        return self._decided(held, answers, lambda cell: value(cell, seen, "giá trị mặc định"))

    def _decided(
        self, held: list[Rule], answers: list[list[Any]], default: Callable[[Compiled], Any]
    ) -> dict[str, Any]:
        if self.policy in RANKED:
            answers = sorted(answers, key=self.rank)  # stable: equals stay in the order of rules
        if self.aggregation and (answers or self.aggregation == "COUNT"):
            return {self.outputs[0]: self._gathered([answer[0] for answer in answers])}
        if self.policy in LISTS and not self.aggregation:
            return {name: [a[at] for a in answers] for at, name in enumerate(self.outputs)}
        if not answers:
            return {
                output.name: None if output.default is None else default(output.default)
                for output in self.results
            }
        if self.policy == "ANY" and any(not same(answer, answers[0]) for answer in answers):
            raise self._error(
                f"bảng ANY cần mọi dòng đúng cho cùng kết quả, nhưng các dòng {_list(held)} "
                "cho kết quả khác nhau.",
                "Sửa kết quả cho giống nhau, hoặc chọn FIRST.",
            )
        return dict(zip(self.outputs, answers[0], strict=True))

    def rank(self, answer: list[Any]) -> tuple[int, ...]:
        """The priority of an answer, smallest first: column by column from the left, where a
        column has an order of values; null comes after all of them.
        """
        return tuple(
            next(
                (at for at, one in enumerate(output.order) if same([one], [value])),
                len(output.order),
            )
            if value is not None
            else len(output.order)
            for output, value in zip(self.results, answer, strict=True)
            if output.order
        )

    def _gathered(self, values: list[Any]) -> Any:
        if self.aggregation == "COUNT":
            return Decimal(len(values))
        if not all(isinstance(value, Decimal) for value in values):
            raise self._error(
                f"{self.aggregation} chỉ tính được trên số.", "Ghi số vào cột kết quả."
            )
        if self.aggregation == "SUM":
            total = values[0]
            for value in values[1:]:
                total = MATH.add(total, value)
            return total
        return min(values) if self.aggregation == "MIN" else max(values)

    def _asked(self, column: Input, value: Any) -> Any:
        value = convert(value, column.type)
        if not fits(value, column.type):
            raise self._error(
                f"«{column.label}» cần kiểu {column.type}, gặp {_shown(value)}.",
                "Sửa dữ liệu hoặc kiểu của cột.",
            )
        return value

    def _result(self, output: Output, value: Any) -> Any:
        if not fits(value, output.type):
            raise self._error(
                f"kết quả «{output.name}» cần kiểu {output.type}, gặp {_shown(value)}.",
                "Sửa ô kết quả hoặc kiểu của cột.",
            )
        if output.allowed is not None and value is not None:
            self._allow(output.name, value, output.allowed)
        return value

    def _allow(self, label: str, value: Any, allowed: Compiled) -> None:
        if allowed.evaluate({"?": value}) is not True:
            raise self._error(
                f"«{label}» có giá trị {_shown(value)} ngoài danh sách cho phép.",
                "Sửa giá trị hoặc danh sách cho phép.",
            )

    def _error(self, reason: str, cure: str) -> ModelError:
        return ModelError(self.file, self.id, reason, cure)


def _list(rules: list[Rule]) -> str:
    return ", ".join(f"{rule.number} ({rule.id})" for rule in rules)


def _shown(value: Any) -> str:
    return f"«{str(value)[:40]}» ({kind(value)})"


def same(left: list[Any], right: list[Any]) -> bool:
    """Whether two answers are the same in every column."""
    return all(kind(a) == kind(b) and bool(a == b) for a, b in zip(left, right, strict=True))
