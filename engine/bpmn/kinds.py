"""Clashes of kinds that can be seen in a drawing: each expression under what its names may hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from engine import feel
from engine.bpmn.graph import Node, Scope
from engine.bpmn.reaching import Course, Definition, State
from engine.bpmn.rules import Notes
from engine.dmn.cells import shape
from engine.dmn.table import Decision, Input
from engine.dmn.types import KINDS, converts
from engine.feel import types as t
from engine.feel.inference import clashes, named, result_kinds
from engine.feel.values import kind
from engine.findings import rule

if TYPE_CHECKING:
    from engine.bpmn.names import Read

CLASH = rule("type-clash", "language", "Biểu thức không lẫn các kiểu dữ liệu")
_MOST = 40  # definitions of one name; beyond this nothing is certain
_DEPTH = 30  # scripts that take from scripts
_WANTED = {
    "timer": frozenset({"duration", "months", "date", "date and time", "string"}),
    "number": frozenset({"number"}),
    "list": frozenset({"list"}),
}
_HOW = {
    "timer": 'Hẹn giờ cần một thời hạn hoặc thời điểm, ví dụ duration("P2D").',
    "number": "Số lần lặp cần một số nguyên.",
    "list": "Lặp theo danh sách cần một danh sách.",
}
# What a value becomes in the data of a process: JSON, so that dates are text.
_KEPT: dict[str, t.Type] = {
    "number": t.Number(),
    "boolean": t.Boolean(),
    "list": t.List(),
    "context": t.Context(),
} | dict.fromkeys(("string", "date", "date and time", "time", "duration", "months"), t.Text())
# What it is for the later lines of the same script.
_SEEN: dict[str, t.Type] = _KEPT | {
    "date": t.Date(),
    "date and time": t.DateTime(),
    "time": t.Time(),
    "duration": t.Duration(),
    "months": t.Duration(),
}


class Kinds:
    """Asks each expression of a pool whether its parts can ever fit."""

    def __init__(self, course: Course, pool: Scope, notes: Notes) -> None:
        self.course, self.notes = course, notes
        self.scopes = {id(node): scope for scope, node in pool.walk()}
        self.known: dict[int, t.Type] = {}
        self.depth = 0

    def check(self, read: Read, state: State) -> None:
        """Note what in an expression can never give an answer."""
        if read.compiled is None and read.wants not in _WANTED:
            return
        text = " ".join(read.text.split())[:80]
        names = read.compiled.names if read.compiled is not None else read.paths
        types = self.types(read.node, state, names)
        if read.compiled is not None:
            for name, line in read.lines:
                types[name] = _type(result_kinds(line, types), _SEEN)
            condition = read.wants == "condition"
            for sentence in clashes(read.compiled, types, condition=condition):
                self.say(read, f"«{text}»: {sentence}", "Hãy sửa biểu thức cho hợp kiểu.")
        wanted = _WANTED.get(read.wants)
        if wanted is not None:
            found = self.kinds(read, types)
            if found and not found & wanted:
                self.say(read, f"«{text}» là {named(found)}. {_HOW[read.wants]}", "Hãy sửa lại.")
        if read.of is not None and read.compiled is not None:
            self.column(read, *read.of, result_kinds(read.compiled, types))

    def column(
        self, read: Read, decision: Decision, column: Input, found: frozenset[str] | None
    ) -> None:
        """A column asks for what the data cannot hold."""
        if not found:
            return
        if column.type is not None and KINDS[column.type]:
            if not found & {*KINDS[column.type], *converts(column.type)}:
                self.say(
                    read,
                    f"bảng «{decision.name}»: cột «{column.label}» kiểu {column.type}, dữ liệu là "
                    f"{named(found)}.",
                    "Hãy sửa kiểu (typeRef) của cột, hoặc trường đưa vào.",
                )
            return
        place = decision.columns.index(column)
        for one in decision.rules:
            for at, test in one.tests:
                seen = shape(test.text) if at == place else None
                values = [*seen.equals, *seen.bounds] if seen is not None else []
                kinds = {kind(value) for value in values if value is not None}
                if kinds and not kinds & found and "list" not in found:
                    self.say(
                        read,
                        f"bảng «{decision.name}», dòng {one.number}: ô «{test.text}» không bao "
                        f"giờ đúng, «{column.label}» là {named(found)}.",
                        "Hãy sửa ô này cho hợp kiểu.",
                    )

    def say(self, read: Read, message: str, cure: str) -> None:
        self.notes.doubt(CLASH, read.element, message, cure)

    # -- what names hold ------------------------------------------------------------------

    def kinds(self, read: Read, types: Mapping[str, t.Type]) -> frozenset[str] | None:
        if read.compiled is not None:
            return result_kinds(read.compiled, types)
        return next((types[name].kinds for name in read.paths if name in types), None)

    def types(self, node: Node, state: State, names: Iterable[str]) -> dict[str, t.Type]:
        """The types of names at a point; only of those of which all writers are known."""
        found: dict[str, t.Type] = {}
        for name in names:
            if name not in self.course.paths or self.course.anything(state, name):
                continue
            made = self.course.reaching(state, name)
            unset = self.course.may_be_unset(state, name)
            if not made or len(made) > _MOST or (unset and not self.notes.strict):
                continue
            if self.course.beside(self.scopes[id(node)], node, name, state):
                continue
            type_ = t.union(self.of(one) for one in made)
            if not isinstance(type_, t.Any):
                found[name] = t.optional(type_) if unset else type_
        return found

    def of(self, one: Definition) -> t.Type:
        """The type of what a definition leaves in the data."""
        if one.script is None:
            return plain(one.type)
        if id(one) in self.known:
            return self.known[id(one)]
        if self.depth >= _DEPTH:
            return t.Any()
        self.known[id(one)] = t.Any()  # while it is being asked about: scripts in a circle
        self.depth += 1
        self.known[id(one)] = self.assigned(one.script, one.name)
        self.depth -= 1
        return self.known[id(one)]

    def assigned(self, node: Node, wanted: str) -> t.Type:
        script = feel.compile_script((node.script or "").strip())
        state = self.course.at(self.scopes[id(node)], node)
        types = self.types(node, state, script.names)
        found: t.Type = t.Any()
        for name, compiled in script.lines:
            kinds = result_kinds(compiled, types)
            types[name] = _type(kinds, _SEEN)
            if name == wanted:
                found = _type(kinds, _KEPT)
        return found


def _type(kinds: frozenset[str] | None, kept: Mapping[str, t.Type]) -> t.Type:
    return t.union(kept.get(name, t.Any()) for name in sorted(kinds or ()))


def plain(type_: t.Type) -> t.Type:
    """Without the values of choices: what they may be is another rule's matter."""
    if isinstance(type_, t.Text):
        return t.Text(required=type_.required)
    if isinstance(type_, t.List):
        return t.List(plain(type_.of), required=type_.required)
    if isinstance(type_, t.Context) and type_.fields is not None:
        fields = {name: plain(inner) for name, inner in type_.fields.items()}
        return t.Context(fields, required=type_.required)
    return type_
