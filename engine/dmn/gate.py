"""Look at tables as a whole: overlaps, gaps, rules that never count, each with a witness."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any

from engine.dmn import rules as gate
from engine.dmn.cells import Shape, shape
from engine.dmn.reading import read
from engine.dmn.space import Axis, Box, Budget, TooMuch, axis, common, lowest, uncovered
from engine.dmn.table import LISTS, NUMERIC, Decision, Input, Rule, same
from engine.errors import FeelError
from engine.feel import Compiled, to_json
from engine.findings import Finding, Findings

MAX_RULES, MAX_WORK, MAX_SHOWN = 1_000, 600_000, 8  # the work is that of a whole file
_PATH = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


def inspect(source: bytes, name: str) -> tuple[dict[str, Decision], list[Finding]]:
    """The decisions of a file that can run, and all that is wrong or doubtful in it."""
    decisions, findings = _inspected(source, name)
    return dict(decisions), list(findings)


@lru_cache(maxsize=64)
def _inspected(source: bytes, name: str) -> tuple[dict[str, Decision], tuple[Finding, ...]]:
    decisions, findings = read(source, name)
    budget = Budget(MAX_WORK)
    for decision in decisions.values():
        _Look(decision, findings, budget).all()
    return decisions, tuple(findings)


class _Look:
    """One table as boxes: where each rule holds for sure, and where it perhaps does.

    A cell whose answer depends on more than constants holds nowhere for sure, everywhere perhaps.
    """

    def __init__(self, decision: Decision, findings: Findings, budget: Budget) -> None:
        self.decision, self.findings, self.budget = decision, findings, budget
        self.axes: list[Axis] = []
        self.names: list[str] = []
        self.axis_of: dict[int, int] = {}
        self.sure: list[Box] = []
        self.perhaps: list[Box] = []
        self.unclear: dict[int, list[int]] = {}  # rule's place → columns of cells not understood

    def all(self) -> None:
        """Note everything; a table too large to be looked at is noted as unchecked."""
        policy, gathers = self.decision.policy, self.decision.aggregation in NUMERIC
        if not self.decision.rules:
            self._empty()
            return
        try:
            if len(self.decision.rules) > MAX_RULES:
                raise TooMuch
            self._draw()
            self._never()
            if policy in ("UNIQUE", "ANY"):
                self._pairs(policy)
            if policy in ("FIRST", "PRIORITY"):
                self._shadowed(policy)
            if policy not in LISTS or gathers:
                self._gap()
        except TooMuch:
            self.findings.warning(
                gate.UNCHECKED,
                self.decision.id,
                "Bảng quá lớn nên không kiểm hết được chồng lấn và chỗ trống.",
                "Tách thành nhiều bảng nhỏ hơn.",
            )

    # -- boxes ------------------------------------------------------------------------

    def _draw(self) -> None:
        groups: dict[tuple[str, str | None, str], list[int]] = {}
        for at, column in enumerate(self.decision.columns):
            allowed = column.allowed.text if column.allowed is not None else ""
            groups.setdefault((_plain(column), column.type, allowed), []).append(at)
        shapes = {
            test.text: shape(test.text) for rule in self.decision.rules for _, test in rule.tests
        }
        masks: dict[tuple[int, str], int | None] = {}
        for (name, type_, _), columns in groups.items():
            number = len(self.axes)
            self.axis_of |= dict.fromkeys(columns, number)
            self.names.append(name)
            tests = {
                test.text: test
                for rule in self.decision.rules
                for at, test in rule.tests
                if at in columns
            }
            found = self._axis(self.decision.columns[columns[0]], type_, tests, shapes)
            self.axes.append(found or Axis((None,), 1, 1))
            for text, test in tests.items():
                known = shapes[text]
                clear = found is not None and known is not None
                masks[number, text] = (
                    found.where(test, known.size, self.budget)
                    if clear and found is not None and known is not None
                    else None
                )
        full = tuple(one.full for one in self.axes)
        for place, rule in enumerate(self.decision.rules):
            sure, perhaps = list(full), list(full)
            for at, test in rule.tests:
                number = self.axis_of[at]
                mask = masks[number, test.text]
                if mask is None:
                    sure[number] = 0
                    self.unclear.setdefault(place, []).append(at)
                else:
                    sure[number] &= mask
                    perhaps[number] &= mask
            self.sure.append(tuple(sure))
            self.perhaps.append(tuple(perhaps))
        self.full: Box = full

    def _axis(
        self,
        column: Input,
        type_: str | None,
        tests: dict[str, Compiled],
        shapes: dict[str, Shape | None],
    ) -> Axis | None:
        points: list[Any] = []
        members: list[Any] = []
        for text in tests:
            found = shapes[text]
            if found is not None:
                points += [*found.equals, *found.bounds]
                members += found.members
        if column.allowed is not None:
            limits = shape(column.allowed.text)
            if limits is None:
                return None
            points += [*limits.equals, *limits.bounds]
            members += limits.members
        self.budget.spend(len(points))
        return axis(type_, points, members, column.allowed)

    def _empty(self) -> None:
        self.findings.warning(
            gate.SHAPE,
            self.decision.id,
            "Bảng chưa có dòng nào nên không quyết định được gì.",
            "Thêm dòng, hoặc bỏ bảng.",
        )

    # -- what is looked for -----------------------------------------------------------

    def _never(self) -> None:
        for rule, box in zip(self.decision.rules, self.perhaps, strict=True):
            empty = next((n for n, mask in enumerate(box) if not mask), None)
            if empty is not None:
                self.findings.warning(
                    gate.DEAD,
                    rule.id,
                    f"Dòng {rule.number} không bao giờ đúng: không giá trị nào của "
                    f"«{self.names[empty]}» hợp với ô của nó.",
                    "Sửa ô này, hoặc xóa dòng.",
                )

    def _pairs(self, policy: str) -> None:
        shown = more = 0
        rules = self.decision.rules
        for later in range(len(rules)):
            for earlier in range(later):
                self.budget.spend()
                shared = common(self.perhaps[earlier], self.perhaps[later])
                if shared is None:
                    continue
                differ = policy == "UNIQUE" or _differ(rules[earlier], rules[later])
                if differ is False:
                    continue
                sure = common(self.sure[earlier], self.sure[later])
                if sure is None or differ is None:
                    self._note_unclear([earlier, later])
                    if sure is not None:
                        self._note_results(rules[earlier], rules[later])
                elif shown < MAX_SHOWN:
                    shown += 1
                    self._overlap(policy, rules[earlier], rules[later], sure)
                else:
                    more += 1
        if more:
            rule = gate.OVERLAP if policy == "UNIQUE" else gate.ANY
            self.findings.warning(
                rule, self.decision.id, f"Còn {more} cặp dòng như vậy nữa.", "Sửa các cặp đã nêu."
            )

    def _overlap(self, policy: str, first: Rule, second: Rule, shared: Box) -> None:
        case, certain = self._case(shared)
        note = self.findings.error if certain else self.findings.warning
        may = "" if certain else "có thể "
        where = f"dòng {first.number} ({first.id}) và dòng {second.number} ({second.id})"
        if policy == "UNIQUE":
            note(
                gate.OVERLAP,
                second.id,
                f"Bảng UNIQUE nhưng {where} {may}cùng đúng khi {case}.",
                "Sửa điều kiện cho các dòng không chồng nhau, hoặc chọn FIRST.",
            )
        else:
            note(
                gate.ANY,
                second.id,
                f"Bảng ANY nhưng {where} {may}cùng đúng khi {case} mà cho kết quả khác nhau.",
                "Sửa kết quả cho giống nhau, hoặc chọn FIRST.",
            )

    def _shadowed(self, policy: str) -> None:
        rules = self.decision.rules
        ranks = [self._rank(rule) for rule in rules]
        for at, rule in enumerate(rules):
            mine = ranks[at]
            if not all(self.perhaps[at]) or (policy == "PRIORITY" and mine is None):
                continue
            rivals = [
                self.sure[other]
                for other in range(len(rules))
                if (
                    other < at
                    if policy == "FIRST" or mine is None
                    else (theirs := ranks[other]) is not None
                    and (theirs < mine or (theirs == mine and other < at))
                )
            ]
            if rivals and uncovered(self.perhaps[at], rivals, self.budget) is None:
                why = "các dòng phía trên" if policy == "FIRST" else "các dòng ưu tiên hơn"
                self.findings.warning(
                    gate.DEAD,
                    rule.id,
                    f"Dòng {rule.number} không bao giờ được chọn: {why} đã nhận hết mọi trường "
                    "hợp của nó.",
                    "Đổi thứ tự dòng, sửa điều kiện, hoặc xóa dòng.",
                )

    def _rank(self, rule: Rule) -> tuple[int, ...] | None:
        values = [_value(cell) for cell in rule.results]
        return None if _NOTHING in values else self.decision.rank(values)

    def _gap(self) -> None:
        if all(output.default is not None for output in self.decision.results):
            return
        usual = tuple(one.usual for one in self.axes)
        with_null = tuple(one.usual | one.null for one in self.axes)
        for box in (usual, with_null):
            if not all(box):
                continue
            gap = uncovered(box, _widest(self.perhaps), self.budget)
            if gap is not None:
                case, certain = self._case(gap)
                self.findings.warning(
                    gate.GAP,
                    self.decision.id,
                    f"Không dòng nào đúng khi {case}"
                    + ("" if certain else " (nếu các giá trị này có lúc cùng xảy ra)")
                    + "; khi đó kết quả trống.",
                    "Thêm dòng cho trường hợp này, hoặc giá trị mặc định cho cột kết quả.",
                )
                return
        if self.unclear and uncovered(with_null, _widest(self.sure), self.budget) is not None:
            self._note_unclear(list(self.unclear))

    # -- words ------------------------------------------------------------------------

    def _case(self, box: Box) -> tuple[str, bool]:
        """A witness in words, and whether the data can certainly bring it about."""
        told = [
            number
            for number in range(len(self.axes))
            if any(rule[number] != self.full[number] for rule in self.perhaps)
        ]
        words = []
        for number in told:
            one = self.axes[number]
            words.append(f"{self.names[number]} = {_word(one.atoms[_shown(one, box[number])])}")
        return "; ".join(words) or "bất kỳ dữ liệu nào", self._independent(told)

    def _independent(self, numbers: Sequence[int]) -> bool:
        """Whether every axis is a datum of its own, free to take any of its values."""
        given = {other.variable for other in self.decision.required}
        names = [self.names[number] for number in numbers]
        if any(not _PATH.fullmatch(name) or name.split(".")[0] in given for name in names):
            return False
        return not any(
            one is not other and (one == other or other.startswith(one + "."))
            for at, one in enumerate(names)
            for other in names[:at] + names[at + 1 :]
        )

    def _note_unclear(self, places: Sequence[int]) -> None:
        for place in places:
            rule = self.decision.rules[place]
            tests = dict(rule.tests)
            for at in self.unclear.get(place, ()):
                self.findings.warning(
                    gate.UNCHECKED,
                    rule.id,
                    f"Không kiểm được chồng lấn và chỗ trống ở ô «{tests[at].text}» (dòng "
                    f"{rule.number}, cột «{self.decision.columns[at].label}»): ô không chỉ so "
                    "sánh với giá trị cố định.",
                    "Ghi giá trị cố định, hoặc đưa phép tính lên biểu thức của cột.",
                )

    def _note_results(self, first: Rule, second: Rule) -> None:
        self.findings.warning(
            gate.UNCHECKED,
            second.id,
            f"Không kiểm được dòng {first.number} và dòng {second.number} có cho cùng kết quả "
            "hay không: ô kết quả là phép tính.",
            "Ghi giá trị cố định, hoặc viết hai ô giống hệt nhau.",
        )


_NOTHING = object()


def _value(cell: Compiled) -> Any:
    """What a result cell always gives; _NOTHING when that depends on anything."""
    if cell.names:
        return _NOTHING
    try:
        return cell.evaluate({})
    except FeelError:
        return _NOTHING


def _differ(first: Rule, second: Rule) -> bool | None:
    """Whether two rules give different answers; None when that cannot be told."""
    unknown: bool | None = False
    for left, right in zip(first.results, second.results, strict=True):
        if left.text == right.text:
            continue
        one, other = _value(left), _value(right)
        if one is _NOTHING or other is _NOTHING:
            unknown = None
        elif not same([one], [other]):
            return True
    return unknown


def _widest(boxes: Sequence[Box]) -> list[Box]:
    """The boxes, those that say least first: they cover most."""
    return sorted(boxes, key=lambda box: -sum(mask.bit_count() for mask in box))


def _shown(one: Axis, mask: int) -> int:
    """The atom to tell of: a usual one if there is one."""
    return lowest(mask & one.usual or mask)


def _plain(column: Input) -> str:
    return " ".join(column.expression.text.split())


def _word(value: Any) -> str:
    """A value as it is written in FEEL."""
    if value is None:
        return "null (trống)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value[:60]}"'
    if isinstance(value, Decimal):
        return str(to_json(value))
    if isinstance(value, list):
        return "[" + ", ".join(map(_word, value)) + "]"
    text = str(to_json(value))
    if isinstance(value, datetime):
        return f'date and time("{text}")'
    if isinstance(value, date):
        return f'date("{text}")'
    return f'time("{text}")' if isinstance(value, time) else f'duration("{text}")'
