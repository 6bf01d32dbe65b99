"""Every name that an expression reads was set on a path before it, and is of a kind that fits.

What sets names: forms, scripts, decisions, messages, loops. People and messages of a bare file may
set anything; a version folder tells what they set (``Folder``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine import feel
from engine.bpmn import scripting
from engine.bpmn.dataflow import Context
from engine.bpmn.graph import Flow, Node, Scope
from engine.bpmn.kinds import Kinds
from engine.bpmn.messages import sends
from engine.bpmn.model import MessageFlow, Model
from engine.bpmn.reaching import ANYTHING, Course, Definition, State
from engine.bpmn.rules import Notes
from engine.bpmn.soundness import id_of, name_of
from engine.dmn.results import types_of_decision
from engine.dmn.table import Decision, Input
from engine.errors import FeelError
from engine.feel import types as t
from engine.feel.reading import function_of, path_of, paths_of
from engine.feel.syntax import Node as Tree
from engine.feel.syntax import closest, parse
from engine.findings import rule

UNSET = rule("unset-name", "language", "Tên được đọc đã được ghi trên đường tới đó")
MAX_PATHS = 2_000
_PEOPLE = ("userTask", "manualTask", "task")


@dataclass(frozen=True)
class Folder(Context):
    """What a version's folder knows; ``asks`` are the paths that a step's form takes from the
    dossier (element id → paths).
    """

    asks: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Read:
    """An expression and where a token stands when it is evaluated.

    ``end``: after each turn of the node. ``wants`` is what must come of it: condition, timer,
    number, list, payload, form, or nothing certain. ``lines`` are the earlier lines of the same
    script, ``of`` the decision and column that it is of.
    """

    scope: Scope
    node: Node
    element: str
    text: str
    paths: frozenset[str]
    wants: str = ""
    compiled: feel.Compiled | None = None
    end: bool = False
    lines: tuple[tuple[str, feel.Compiled], ...] = ()
    of: tuple[Decision, Input] | None = None


def check_names(
    scopes: Mapping[str, Scope],
    model: Model,
    decisions: Mapping[str, Decision],
    context: Context | None,
    notes: Notes,
) -> None:
    """Note names that nothing sets before they are read, and kinds that never fit."""
    incoming: dict[str, list[MessageFlow]] = {}
    outgoing: dict[str, list[MessageFlow]] = {}
    for flow in model.flows.values():
        incoming.setdefault(flow.target_element or "", []).append(flow)
        outgoing.setdefault(flow.source_element or "", []).append(flow)
    for pool, scope in scopes.items():
        flows = _Flows(incoming, outgoing)
        _Pool(pool, scope, model, flows, decisions, context, notes).check()


@dataclass(frozen=True)
class _Flows:
    """The message flows by the element that they lead to, and by that which sends them."""

    incoming: Mapping[str, list[MessageFlow]]
    outgoing: Mapping[str, list[MessageFlow]]


class _Pool:
    def __init__(
        self,
        pool: str,
        scope: Scope,
        model: Model,
        flows: _Flows,
        decisions: Mapping[str, Decision],
        context: Context | None,
        notes: Notes,
    ) -> None:
        self.flows = flows
        self.pool, self.scope, self.model, self.notes = pool, scope, model, notes
        self.decisions, self.context = decisions, context
        self.asks = context.asks if isinstance(context, Folder) else {}

    def check(self) -> None:
        reads = list(self.reads())
        paths = {path for read in reads for path in read.paths}
        paths |= {path.split(".")[0] for path in paths}
        if len(paths) > MAX_PATHS:
            self.notes.warning(
                UNSET,
                self.scope.id,
                f"đọc hơn {MAX_PATHS} tên nên không xét được tên nào đã được ghi.",
                "Hãy tách quy trình.",
            )
            return
        course = Course(self.scope, self.writes, self.begins, paths)
        kinds = Kinds(course, self.scope, self.notes)
        for read in reads:
            state = course.at(read.scope, read.node, end=read.end)
            for path in sorted(read.paths):
                self.name(course, read, state, path)
            kinds.check(read, state)

    # -- what is written ------------------------------------------------------------------

    def begins(self, start: Node) -> Iterator[Definition]:
        """What is known when the pool begins: the form that opens a dossier."""
        if self.context is None:
            if self.notes.strict:
                yield Definition(ANYTHING, start.id)
        elif self.pool == self.model.main.id and start.event.kind == "none":
            for name, type_ in self.context.start.items():
                yield Definition(name, "tờ khai", type_)

    def writes(self, node: Node) -> Iterator[Definition]:
        """What a node sets."""
        place = name_of(node)
        if node.kind in _PEOPLE:
            known = self.context.writes.get(node.element or "") if self.context else None
            if known is None:
                yield Definition(ANYTHING, place)
            for name, type_ in (known or {}).items():
                yield Definition(name, place, type_)
        elif node.kind == "scriptTask":
            for name in feel.compile_script(_script(node)).assigned:
                yield Definition(name, place, replaces=True, script=node)
        elif node.kind == "businessRuleTask":
            for name, type_ in types_of_decision(self.decisions[node.decision or ""]).items():
                yield Definition(name, place, type_, replaces=True)
        elif node.event.kind == "message" and not sends(node):
            yield from self.received(node, place)

    def received(self, node: Node, place: str) -> Iterator[Definition]:
        flows = self.flows.incoming.get(node.element or "", [])
        if self.context is None or not flows:
            yield Definition(ANYTHING, place)
            return
        for flow in flows:
            partner = self.model.pools[flow.source_pool].process_id is None
            for path in flow.fields:
                yield Definition(*_sent(path, t.Any() if partner else self.type_of(path), place))

    def type_of(self, path: str) -> t.Type:
        """What all forms and decisions of the version agree that a path is."""
        if self.context is None:
            return t.Any()
        known = [self.context.start, *self.context.writes.values()]
        names = tuple(path.split("."))
        return t.union(found for one in known if names[0] in one for found in [t.at(one, names)])

    # -- what is read ---------------------------------------------------------------------

    def reads(self) -> Iterator[Read]:
        """Every expression of the pool, with the point at which it is evaluated."""
        for scope, node in [*self.scope.walk()]:
            if node.event.kind == "timer":
                yield from self.timer(scope, node)
            if node.loop is not None:
                yield from _loop(scope, node)
            if node.kind == "scriptTask":
                yield from _lines(scope, node)
            if node.kind == "businessRuleTask":
                yield from _table(scope, node, self.decisions[node.decision or ""], frozenset())
            for flow in scope.out(node.id):
                if flow.condition and flow.id != node.default:
                    yield _read(scope, node, flow.condition, _arrow(node, flow), "condition")
            if node.event.kind == "message" and sends(node):
                for sent in self.flows.outgoing.get(node.element or "", []):
                    paths = frozenset(sent.fields)
                    yield Read(scope, node, sent.id, sent.name, paths, "payload")
            asked = self.asks.get(node.element or "")
            if asked:
                yield Read(scope, node, id_of(node), name_of(node), asked, "form")

    def timer(self, scope: Scope, node: Node) -> Iterator[Read]:
        """A boundary timer is counted when its activity is reached."""
        armed = scripting.timer(node.event.timer, node.event.cycle, "", node.id).expression
        if armed is not None:
            host = scope.nodes.get(node.host or "", node)
            yield Read(scope, host, id_of(node), armed.text, paths_of(armed), "timer", armed)

    # -- what is found --------------------------------------------------------------------

    def name(self, course: Course, read: Read, state: State, path: str) -> None:
        """Note a path that nothing sets before it is read."""
        if course.anything(state, path):
            return
        loose = read.wants in ("payload", "form")  # these see all that the agency knows
        if course.reaching(state, path):
            stops = read.wants in ("timer", "number", "list")
            if stops and course.may_be_unset(state, path) and not _guarded(read, path):
                self.sometimes(read, path)
            return
        writers = sorted({one.place for one in course.written(path)})
        if not writers and (self.context is not None or read.wants == "payload"):
            return  # a name that the procedure does not have: the folder's own rules tell
        if _guarded(read, path) or (loose and not course.only_after(read.scope, read.node, path)):
            return
        if writers:
            where = ", ".join(f"«{place}»" for place in writers[:3])
            reason = f"chưa được ghi trên đường nào tới đây; chỉ được ghi ở {where}"
            cure = "Hãy đặt bước ghi trước chỗ đọc, hoặc đọc tên khác."
        else:
            reason = "mà không bước nào trước đó ghi; trừ khi được đưa vào lúc bắt đầu, nó là null"
            known = {one.name for one in course.definitions}
            cure = closest(path, sorted(known)) or "Hãy ghi nó ở một bước trước, hoặc sửa tên."
        self.notes.doubt(UNSET, read.element, f"«{_short(read.text)}» đọc «{path}» {reason}.", cure)

    def sometimes(self, read: Read, path: str) -> None:
        self.notes.warning(
            UNSET,
            read.element,
            f"«{_short(read.text)}» đọc «{path}», có đường tới đây mà chưa ghi nó; khi đó bước này "
            "dừng vì lỗi.",
            "Hãy ghi nó trên mọi đường tới đây, hoặc viết if … = null then … else ….",
        )


def _sent(path: str, type_: t.Type, place: str) -> tuple[str, str, t.Type]:
    """A path that is received, as a definition of its root."""
    root, *rest = path.split(".")
    for name in reversed(rest):
        type_ = t.Context({name: type_})
    return root, place, type_


def _script(node: Node) -> str:
    return (node.script or "").strip()


def _arrow(node: Node, flow: Flow) -> str:
    return id_of(node) if flow.id.startswith("__") else flow.id


def _short(text: str) -> str:
    return " ".join(text.split())[:80]


def _read(
    scope: Scope, node: Node, text: str, element: str, wants: str, *, end: bool = False
) -> Read:
    compiled = scripting.expression(text, "", element)
    return Read(scope, node, element, compiled.text, paths_of(compiled), wants, compiled, end)


def _loop(scope: Scope, node: Node) -> Iterator[Read]:
    loop, element = node.loop, id_of(node)
    if loop is None:
        return
    if loop.items:
        name = frozenset({loop.items})
        yield Read(scope, node, element, loop.items, name, "list")
    if loop.cardinality:
        yield _read(scope, node, loop.cardinality, element, "number")
    if loop.condition:
        yield _read(scope, node, loop.condition, element, "condition", end=True)
    if loop.result:
        yield Read(scope, node, element, loop.result, frozenset({loop.result}), end=True)


def _lines(scope: Scope, node: Node) -> Iterator[Read]:
    lines = feel.compile_script(_script(node)).lines
    written: set[str] = set()
    for at, (name, compiled) in enumerate(lines):
        paths = frozenset(p for p in paths_of(compiled) if p.split(".")[0] not in written)
        yield Read(scope, node, id_of(node), compiled.text, paths, "", compiled, lines=lines[:at])
        written.add(name)


def _table(scope: Scope, node: Node, decision: Decision, given: frozenset[str]) -> Iterator[Read]:
    """What a decision and those that it requires read of the data; a cell's names once."""
    given = given | {other.variable for other in decision.required}
    element = id_of(node)
    for column in decision.columns:
        text = column.expression
        paths = frozenset(p for p in paths_of(text) if p.split(".")[0] not in given)
        yield Read(scope, node, element, text.text, paths, "", text, of=(decision, column))
    seen: set[str] = set()
    for one in decision.rules:
        for cell in (*(test for _, test in one.tests), *one.results):
            names = cell.names - cell.perhaps - given
            if not names <= seen:
                seen |= names
                yield Read(scope, node, element, cell.text, names, "", cell)
    for other in decision.required:
        yield from _table(scope, node, other, frozenset())


def _guarded(read: Read, path: str) -> bool:
    """Whether the expression itself asks if there is a value."""
    return read.compiled is not None and path in _asked_for_null(read.compiled)


def _asked_for_null(compiled: feel.Compiled) -> set[str]:
    found: set[str] = set()
    try:
        todo: list[Any] = [parse(compiled.text)]
    except FeelError:  # a decision cell: it asks about «?»
        return found
    while todo:
        node = todo.pop()
        if not isinstance(node, Tree):
            continue
        todo += node.children
        sides: list[Tree] = []
        if node.kind == "compare" and any(c.kind == "null" for c in node.children[::2]):
            sides = list(node.children[::2])
        elif function_of(node) == "is defined":
            sides = list(node.children[1:2])
        found |= {".".join(path) for side in sides if (path := path_of(side)) is not None}
    return found
