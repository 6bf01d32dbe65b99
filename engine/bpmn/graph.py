"""The drawn picture as plain nodes and flows, before it becomes executable. Knows no engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

TASKS = ("userTask", "manualTask", "scriptTask", "businessRuleTask", "sendTask", "receiveTask")
GATEWAYS = ("exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway")
EVENTS = (
    "startEvent",
    "endEvent",
    "intermediateCatchEvent",
    "intermediateThrowEvent",
    "boundaryEvent",
)


@dataclass
class Event:
    """What an event waits for or throws.

    ``kind`` is none, message, timer, signal, error, escalation, terminate, cancel or link;
    ``name`` the message, signal or link; ``code`` the error or escalation (None catches all);
    ``timer`` the text of the expression and ``cycle`` whether it repeats.
    """

    kind: str = "none"
    name: str = ""
    code: str | None = None
    timer: str = ""
    cycle: bool = False


@dataclass
class Loop:
    """Repetition of an activity: ``standard``, ``parallel`` or ``sequential``."""

    kind: str
    maximum: int | None = None
    test_before: bool = False
    condition: str | None = None
    cardinality: str | None = None
    items: str | None = None
    item: str | None = None
    results: str | None = None
    result: str | None = None


@dataclass
class Flow:
    """A sequence flow."""

    id: str
    source: str
    target: str
    condition: str | None = None


@dataclass
class Node:
    """A flow node. ``element`` is the drawn id for the trace, None for what we put in.

    ``kind`` is what it does, mostly its BPMN tag; ``drawn`` the tag itself. A ``task`` without a
    type does what a ``manualTask`` does; a ``callActivity`` and a ``transaction`` are
    ``subProcess`` nodes, the scope of a call being that of the called process. A process that is
    called twice is read twice: the same ids stand in two scopes.
    """

    id: str
    kind: str
    name: str = ""
    element: str | None = None
    drawn: str = ""
    event: Event = field(default_factory=Event)
    host: str | None = None
    interrupting: bool = True
    by_event: bool = False
    default: str | None = None
    script: str | None = None
    decision: str | None = None
    loop: Loop | None = None
    scope: Scope | None = None


@dataclass
class Scope:
    """The inside of a process or sub-process, in the order of the file."""

    id: str
    nodes: dict[str, Node] = field(default_factory=dict)
    flows: list[Flow] = field(default_factory=list)
    wrapped: bool = False
    _index: tuple[dict[str, list[Flow]], dict[str, list[Flow]], dict[str, list[Node]]] | None = None

    def out(self, node: str) -> list[Flow]:
        """The flows that leave a node."""
        if self._index is not None:
            return self._index[0].get(node, [])
        return [flow for flow in self.flows if flow.source == node]

    def into(self, node: str) -> list[Flow]:
        """The flows that reach a node."""
        if self._index is not None:
            return self._index[1].get(node, [])
        return [flow for flow in self.flows if flow.target == node]

    def freeze(self) -> None:
        """Note who leads where, once nothing is rewritten any more."""
        out: dict[str, list[Flow]] = {}
        into: dict[str, list[Flow]] = {}
        watchers: dict[str, list[Node]] = {}
        for flow in self.flows:
            out.setdefault(flow.source, []).append(flow)
            into.setdefault(flow.target, []).append(flow)
        for node in self.nodes.values():
            if node.host is not None:
                watchers.setdefault(node.host, []).append(node)
        self._index = (out, into, watchers)

    def add(self, node: Node) -> Node:
        """Put a node in."""
        self.nodes[node.id] = node
        return node

    def boundaries(self, host: str) -> list[Node]:
        """The boundary events attached to an activity."""
        if self._index is not None:
            return self._index[2].get(host, [])
        return [node for node in self.nodes.values() if node.host == host]

    def walk(self) -> Iterator[tuple[Scope, Node]]:
        """Every node of this scope and the scopes inside it."""
        for node in list(self.nodes.values()):
            yield self, node
            if node.scope is not None:
                yield from node.scope.walk()
