"""Message flows: which sends what to whom, and everything that sends or waits without one.

Knows no engine.
"""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from engine.bpmn.drawn import Drawn
from engine.bpmn.graph import Node
from engine.bpmn.model import MessageFlow
from engine.bpmn.refused import ACTIVITIES
from engine.bpmn.rules import (
    DANGLING,
    MESSAGE_FLOW_BORDER,
    MESSAGE_FLOW_ENDS,
    MESSAGE_FLOW_IN_POOL,
    MESSAGE_NAMES,
    MESSAGE_WITHOUT_FLOW,
    Notes,
)
from engine.bpmn.xml import children, properties

_SENDERS = ("endEvent", "intermediateThrowEvent", "sendTask")


def sends(node: Node) -> bool:
    """Whether a node is of a kind that sends rather than waits."""
    return node.kind in _SENDERS


class _Side:
    """One end of a message flow: its pool, and the node in it unless the pool is outside."""

    def __init__(self, pool: str, node: Node | None, outside: bool) -> None:
        self.pool, self.node, self.outside = pool, node, outside
        self.border = node is None and not outside


def message_flows(drawn: Drawn) -> dict[str, MessageFlow]:
    """The flows that carry something, by id; whatever cannot is noted."""
    notes = drawn.notes
    nodes = _nodes(drawn)
    found: dict[str, tuple[etree._Element, _Side, _Side]] = {}
    said: set[str] = set()
    for collaboration in children(drawn.source.root, "collaboration")[:1]:
        for flow in children(collaboration, "messageFlow"):
            key = flow.get("id", "")
            source = _side(drawn, flow, "sourceRef", nodes)
            target = _side(drawn, flow, "targetRef", nodes)
            if not key or source is None or target is None:
                continue
            if source.pool == target.pool:
                notes.error(
                    MESSAGE_FLOW_IN_POOL,
                    key,
                    "luồng thông điệp nằm trong một pool.",
                    "Hãy dùng mũi tên.",
                )
                said |= {side.node.id for side in (source, target) if side.node}
                continue
            found[key] = (flow, source, target)
    _borders(drawn, found, nodes)
    made: dict[str, MessageFlow] = {}
    for key, (flow, source, target) in found.items():
        if source.border or target.border or not _fit(key, source, target, notes):
            continue
        _names(drawn, flow, source, target)
        ends = [(side.pool, side.node.id if side.node else None) for side in (source, target)]
        fields = properties(flow).get("fields", "")
        names = tuple(part.strip() for part in fields.split(",") if part.strip())
        label = " ".join(_label(drawn, flow).split())
        made[key] = MessageFlow(key, label, *ends[0], *ends[1], names)
    _loose_ends(found, {k: n for k, n in nodes.items() if k not in said}, notes)
    return made


def _nodes(drawn: Drawn) -> dict[str, Node]:
    return {node.id: node for scope in drawn.scopes.values() for _, node in scope.walk()}


def _side(drawn: Drawn, flow: etree._Element, side: str, nodes: Mapping[str, Node]) -> _Side | None:
    reference = flow.get(side, "")
    if reference in drawn.participants:
        return _Side(reference, None, reference not in drawn.scopes)
    if reference in nodes:
        return _Side(drawn.node_pool[reference], nodes[reference], False)
    if reference in drawn.outside:
        return _Side(drawn.outside[reference], None, True)
    drawn.notes.error(
        DANGLING,
        flow.get("id"),
        f"luồng thông điệp nối tới «{reference}» không có.",
        "Hãy vẽ lại luồng thông điệp.",
    )
    return None


def _label(drawn: Drawn, flow: etree._Element) -> str:
    message = drawn.source.find("message", flow.get("messageRef"))
    return flow.get("name") or (message.get("name") if message is not None else None) or ""


def _borders(
    drawn: Drawn,
    found: Mapping[str, tuple[etree._Element, _Side, _Side]],
    nodes: Mapping[str, Node],
) -> None:
    """A flow drawn to the border of an open pool is the message that bears its name, if one is."""
    taken = {side.node.id for _, *sides in found.values() for side in sides if side.node}
    bearing: dict[tuple[str, bool, str], list[Node]] = {}
    for node in nodes.values():
        if node.event.kind == "message":
            place = (drawn.node_pool[node.id], sends(node), node.event.name)
            bearing.setdefault(place, []).append(node)
    for key, (flow, source, target) in found.items():
        for side, other in ((source, target), (target, source)):
            if not side.border:
                continue
            name = _label(drawn, flow)
            if other.node is not None and other.node.event.kind == "message":
                name = other.node.event.name
            alike = bearing.get((side.pool, side is source, name), [])
            fits = [node for node in alike if node.id not in taken]
            where = "luồng thông điệp nối vào viền của pool đang mở"
            cure = "Hãy nối vào đúng sự kiện gửi hoặc nhận."
            if len(fits) == 1 and not drawn.notes.strict:
                side.node, side.border = fits[0], False
                taken.add(fits[0].id)
                drawn.notes.warning(
                    MESSAGE_FLOW_BORDER,
                    key,
                    f"{where}; được hiểu là nối vào «{fits[0].id}» cùng tên thông điệp.",
                    cure,
                )
            else:
                drawn.notes.error(MESSAGE_FLOW_BORDER, key, f"{where}.", cure)


def _fit(key: str, source: _Side, target: _Side, notes: Notes) -> bool:
    """Whether both ends send and receive; a task that does neither may face a pool outside."""
    ok = True
    for side, other, sending in ((source, target, True), (target, source, False)):
        node = side.node
        if node is None or (node.event.kind == "message" and sends(node) == sending):
            continue
        reason = f"luồng thông điệp nối sai chiều hoặc nối vào «{node.id}» không gửi, nhận được."
        cure = "Hãy nối từ sự kiện gửi tới sự kiện nhận."
        plain = node.event.kind == "none" and node.drawn in ACTIVITIES
        if plain and other.outside and not notes.strict:
            notes.warning(
                MESSAGE_FLOW_ENDS,
                key,
                f"«{node.id}» không gửi, nhận thông điệp: luồng này chỉ để xem.",
                "Hãy dùng Send Task, Receive Task hoặc sự kiện thông điệp nếu muốn chạy.",
            )
        elif node.event.kind != "refused":
            notes.error(MESSAGE_FLOW_ENDS, key, reason, cure)
        ok = False
    return ok


def _names(drawn: Drawn, flow: etree._Element, source: _Side, target: _Side) -> None:
    """Both ends, and the flow itself, mean the same message where they refer to one."""
    said = {side.node.event.name for side in (source, target) if side.node and _refers(drawn, side)}
    message = drawn.source.find("message", flow.get("messageRef"))
    if message is not None:
        said.add(message.get("name") or message.get("id", ""))
    if len(said) > 1:
        drawn.notes.doubt(
            MESSAGE_NAMES,
            flow.get("id"),
            f"hai đầu nói tới những tin khác nhau: {', '.join(f'«{n}»' for n in sorted(said))}.",
            "Hãy chọn cùng một message ở nơi gửi, nơi nhận và luồng.",
        )


def _refers(drawn: Drawn, side: _Side) -> bool:
    """Whether an end names its message by reference, not just by its own label."""
    element = drawn.nodes.get(side.node.id) if side.node is not None else None
    if element is None:
        return False
    return any(
        one.get("messageRef") for one in (element, *children(element, "messageEventDefinition"))
    )


def _loose_ends(
    found: Mapping[str, tuple[etree._Element, _Side, _Side]],
    nodes: Mapping[str, Node],
    notes: Notes,
) -> None:
    sources = {source.node.id for _, source, _ in found.values() if source.node}
    targets = {target.node.id for _, _, target in found.values() if target.node}
    # A flow to a border that is no node's has been noted; whom it was meant for is not known.
    unclear = any(side.border for _, *sides in found.values() for side in sides)
    for node in nodes.values():
        if node.event.kind != "message" or unclear:
            continue
        if sends(node) and node.id not in sources:
            notes.doubt(
                MESSAGE_WITHOUT_FLOW,
                node.id,
                "gửi thông điệp nhưng không có luồng đi ra.",
                "Hãy vẽ luồng thông điệp tới nơi nhận.",
            )
        if not sends(node) and node.id not in targets:
            notes.doubt(
                MESSAGE_WITHOUT_FLOW,
                node.id,
                "chờ thông điệp nhưng không có luồng đi vào.",
                "Hãy vẽ luồng thông điệp từ nơi gửi.",
            )
