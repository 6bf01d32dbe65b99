"""Draw small BPMN models from a few lines of text, and walk them with a clock of our own.

start s            kinds: start end user manual task script rule send receive catch throw
user A                    boundary xor and or events sub eventsub transaction call
xor g default=f    key=value; a message not joined by a `flow` line goes to a partner outside
s > A > g          flows; `[id] g > B : x > 1` names a flow and gives it a condition
"""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from engine import bpmn

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
_TAGS = {
    "start": "startEvent",
    "end": "endEvent",
    "user": "userTask",
    "manual": "manualTask",
    "task": "task",
    "script": "scriptTask",
    "rule": "businessRuleTask",
    "send": "sendTask",
    "receive": "receiveTask",
    "catch": "intermediateCatchEvent",
    "throw": "intermediateThrowEvent",
    "boundary": "boundaryEvent",
    "xor": "exclusiveGateway",
    "and": "parallelGateway",
    "or": "inclusiveGateway",
    "events": "eventBasedGateway",
    "sub": "subProcess",
    "eventsub": "subProcess",
    "transaction": "transaction",
    "call": "callActivity",
}
_TIMERS = {"date": "timeDate", "after": "timeDuration", "every": "timeCycle"}
_ENDS_THAT_SEND = ("end", "throw", "send")


@dataclass
class Clock:
    """A clock that stands still until told otherwise; one working day is one day."""

    now: datetime = NOON

    def due(self, limit: str) -> datetime:
        """Plain days and hours are enough here."""
        amount, unit = limit.split(" ", 1)
        days = unit in ("working days", "calendar days")
        return self.now + timedelta(**{"days" if days else "hours": int(amount)})


@dataclass
class _Drawing:
    roots: dict[str, str] = field(default_factory=dict)
    flows: list[str] = field(default_factory=list)
    joined: set[str] = field(default_factory=set)
    loose: list[tuple[str, bool]] = field(default_factory=list)
    items: set[str] = field(default_factory=set)

    def item(self, tag: str, name: str) -> str:
        """An item of a repeated activity; its id is its name when that is still free."""
        key = name if name not in self.items else f"d{next(_counter)}"
        self.items.add(name)
        return f'<{tag} id="{key}" name="{name}"/>'

    def root(self, kind: str, name: str) -> str:
        """A message, signal, error or escalation, declared once."""
        key = f"{kind}_{name}"
        code = f" {kind}Code={quoteattr(name)}" if kind in ("error", "escalation") else ""
        self.roots[key] = f"<{kind} id={quoteattr(key)} name={quoteattr(name)}{code}/>"
        return key


def draw(pools: Mapping[str, str], flows: str = "", called: Mapping[str, str] = {}) -> bytes:
    """A BPMN file of pools (id to text) and message flows (`a -> b field,field` per line).

    ``called`` are processes (id to text) that belong to no pool, for call activities.
    """
    drawing = _Drawing()
    for index, line in enumerate(flows.strip().splitlines()):
        left, right = line.split("->")
        source, (target, *fields) = left.strip(), right.split(maxsplit=1)
        extension = _properties({"fields": fields[0]}) if fields else ""
        drawing.joined |= {source, target}
        drawing.flows.append(
            f'<messageFlow id="m{index}" sourceRef="{source}" targetRef="{target}">'
            f"{extension}</messageFlow>"
        )
    processes = {f"p_{key}": text for key, text in pools.items()} | dict(called)
    bodies = []
    for key, text in processes.items():
        inner = _scope(iter(text.strip().splitlines()), drawing)
        bodies.append(f'<process id="{key}" isExecutable="true">{inner}</process>')
    for index, (element, sends) in enumerate(drawing.loose):
        ends = (element, "outside") if sends else ("outside", element)
        drawing.flows.append(
            f'<messageFlow id="o{index}" sourceRef="{ends[0]}" targetRef="{ends[1]}"/>'
        )
    participants = [f'<participant id="{k}" processRef="p_{k}"/>' for k in pools]
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
        'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="definitions">'
        f'<collaboration id="collaboration">{"".join(participants)}<participant id="outside"/>'
        f"{''.join(drawing.flows)}</collaboration>"
        f"{''.join(drawing.roots.values())}{''.join(bodies)}</definitions>"
    ).encode()


def _properties(values: Mapping[str, str]) -> str:
    inner = "".join(
        f"<spiffworkflow:property name={quoteattr(k)} value={quoteattr(v)}/>"
        for k, v in values.items()
    )
    return (
        "<extensionElements><spiffworkflow:properties>"
        f"{inner}</spiffworkflow:properties></extensionElements>"
    )


def _scope(lines: Any, drawing: _Drawing) -> str:
    parts: list[str] = []
    for raw in lines:
        line = raw.strip()
        if line == "}":
            break
        if not line:
            continue
        words = line.split()
        if words[0] in _TAGS and words[1] != ">":
            parts.append(_node(line, lines, drawing))
        else:
            parts.append(_flow(line))
    return "".join(parts)


_counter = itertools.count(1_000)


def _flow(line: str) -> str:
    way, _, condition = line.partition(" : ")
    key = ""
    if way.startswith("["):
        key, way = way[1:].split("]", 1)
    names = [name.strip() for name in way.split(" > ")]
    inner = f"<conditionExpression>{escape(condition)}</conditionExpression>" if condition else ""
    out = ""
    for a, b in itertools.pairwise(names):
        out += (
            f'<sequenceFlow id="{key or f"f{next(_counter)}"}" sourceRef="{a}" targetRef="{b}">'
            f"{inner}</sequenceFlow>"
        )
    return out


def _node(line: str, lines: Any, drawing: _Drawing) -> str:
    head, _, script = line.partition(" := ")
    words = shlex.split(head.rstrip("{ "))
    kind, key, rest = words[0], words[1], words[2:]
    options = dict(word.split("=", 1) for word in rest if "=" in word)
    flags = {word for word in rest if "=" not in word}
    attributes, inner = {"id": key, "name": options.get("name", "")}, ""
    if "default" in options:
        attributes["default"] = options["default"]
    if kind == "boundary":
        attributes["attachedToRef"] = options["on"]
        attributes["cancelActivity"] = "false" if "soft" in flags else "true"
    if kind == "start" and "soft" in flags:
        attributes["isInterrupting"] = "false"
    if kind == "call":
        attributes["calledElement"] = options["process"]
    if kind == "eventsub":
        attributes["triggeredByEvent"] = "true"
    own = {k[1:]: v for k, v in options.items() if k.startswith("@")}
    if own:
        inner += _properties(own)
    inner += _definition(kind, key, options, flags, attributes, drawing)
    if kind == "script":
        inner += f"<script>{escape(script.replace(';', chr(10)))}</script>"
    if kind == "rule":
        inner += (
            "<extensionElements><spiffworkflow:calledDecisionId>"
            f"{options['decision']}</spiffworkflow:calledDecisionId></extensionElements>"
        )
    inner += _loop(options, flags, drawing)
    if kind in ("sub", "eventsub", "transaction"):
        inner += _scope(lines, drawing)
    text = "".join(f" {k}={quoteattr(v)}" for k, v in attributes.items())
    return f"<{_TAGS[kind]}{text}>{inner}</{_TAGS[kind]}>"


def _definition(
    kind: str,
    key: str,
    options: Mapping[str, str],
    flags: set[str],
    attributes: dict[str, str],
    drawing: _Drawing,
) -> str:
    if "message" in options:
        reference = drawing.root("message", options["message"])
        if key not in drawing.joined:
            drawing.loose.append((key, kind in _ENDS_THAT_SEND))
        if kind in ("send", "receive"):
            attributes["messageRef"] = reference
            return ""
        return f'<messageEventDefinition messageRef="{reference}"/>'
    for what in ("signal", "error", "escalation"):
        if what in options:
            return f'<{what}EventDefinition {what}Ref="{drawing.root(what, options[what])}"/>'
        if what in flags:
            return f"<{what}EventDefinition/>"
    for what, tag in _TIMERS.items():
        if what in options:
            return (
                f"<timerEventDefinition><{tag}>{escape(options[what])}</{tag}>"
                "</timerEventDefinition>"
            )
    if "link" in options:
        return f'<linkEventDefinition name="{options["link"]}"/>'
    for what in ("terminate", "cancel"):
        if what in flags:
            return f"<{what}EventDefinition/>"
    return ""


def _loop(options: Mapping[str, str], flags: set[str], drawing: _Drawing) -> str:
    if "while" in options or "most" in options:
        before = ' testBefore="true"' if "before" in flags else ""
        before += f' loopMaximum="{options["most"]}"' if "most" in options else ""
        condition = ""
        if "while" in options:
            condition = f"<loopCondition>{escape(options['while'])}</loopCondition>"
        return f"<standardLoopCharacteristics{before}>{condition}</standardLoopCharacteristics>"
    if "each" not in options and "times" not in options:
        return ""
    inner = ""
    if "times" in options:
        inner += f"<loopCardinality>{options['times']}</loopCardinality>"
    else:
        inner += f"<loopDataInputRef>{options['each']}</loopDataInputRef>"
    if "into" in options:
        inner += f"<loopDataOutputRef>{options['into']}</loopDataOutputRef>"
    if "as" in options:
        inner += drawing.item("inputDataItem", options["as"])
    if "gives" in options:
        inner += drawing.item("outputDataItem", options["gives"])
    if "until" in options:
        inner += f"<completionCondition>{escape(options['until'])}</completionCondition>"
    one_by_one = ' isSequential="true"' if "one-by-one" in flags else ""
    return (
        f"<multiInstanceLoopCharacteristics{one_by_one}>{inner}</multiInstanceLoopCharacteristics>"
    )


class Walk:
    """One pool of a model, walked step by step; every step goes through the saved bytes."""

    def __init__(
        self,
        text: str | bpmn.Model,
        data: dict[str, Any] | None = None,
        *,
        dmn: Mapping[str, bytes] | None = None,
        pool: str = "a",
        at: str | None = None,
        called: Mapping[str, str] = {},
    ) -> None:
        self.model = (
            bpmn.parse(draw({"a": text}, called=called), dmn or {}, "thu.bpmn", strict=False)
            if isinstance(text, str)
            else text
        )
        self.pool, self.clock = pool, Clock()
        self.trace: list[str] = []
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self._keep(bpmn.start(self.model, pool, data or {}, self.clock, at=at))

    def _keep(self, move: bpmn.Move) -> Walk:
        self.move = move
        self.trace += [entry.element for entry in move.trace]
        self.sent += [(sent.element, sent.data) for sent in move.sent]
        return self

    @property
    def open(self) -> list[str]:
        """The elements of the open tasks."""
        return [task.element for task in self.move.open_tasks]

    @property
    def timers(self) -> list[str]:
        """The elements of the armed timers."""
        return [timer.element for timer in self.move.timers]

    @property
    def wanted(self) -> list[str]:
        """The elements that wait for a message."""
        return [wanted.element for wanted in self.move.wanted]

    @property
    def ended(self) -> bool:
        """Whether the instance has ended."""
        return self.move.ended

    @property
    def data(self) -> dict[str, Any]:
        """The data of the instance."""
        return self.move.data

    def task(self, element: str, nth: int = 0) -> bpmn.OpenTask:
        """The nth open task of an element."""
        return [t for t in self.move.open_tasks if t.element == element][nth]

    def do(self, element: str, nth: int = 0, **data: Any) -> Walk:
        """Complete a task."""
        task = self.task(element, nth)
        return self._keep(
            bpmn.complete(self.model, self.pool, self.move.state, task.id, data, self.clock)
        )

    def tell(self, element: str, **data: Any) -> Walk:
        """Deliver a message."""
        wanted = next(w for w in self.move.wanted if w.element == element)
        return self._keep(
            bpmn.deliver(
                self.model, self.pool, self.move.state, wanted.task, element, data, self.clock
            )
        )

    def ring(self, element: str) -> Walk:
        """Fire a timer at its due time."""
        timer = next(t for t in self.move.timers if t.element == element)
        self.clock.now = max(self.clock.now, timer.due)
        return self._keep(
            bpmn.fire(self.model, self.pool, self.move.state, timer.task, element, self.clock)
        )
