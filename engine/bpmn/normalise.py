"""Rewrite a drawn graph so that it does what it shows: same element ids, synthetic ones hidden.

Links become flows, implicit splits become gateways, event sub-processes become boundary events
of a body. Knows no engine.
"""

from __future__ import annotations

from engine.bpmn.definitions import REFUSED
from engine.bpmn.graph import GATEWAYS, Flow, Node, Scope
from engine.bpmn.rules import (
    ERROR_INTERRUPTS,
    EVENT_SUB_PROCESS_FLOW,
    EVENT_SUB_PROCESS_SCOPE,
    EVENT_SUB_PROCESS_START,
    LINK_FLOW,
    LINK_SOURCE,
    LINK_TARGET,
    Notes,
)


def normalise(scope: Scope, notes: Notes) -> None:
    """Rewrite ``scope`` and everything inside it, in place; what cannot be is noted and left."""
    _rewrite(scope, notes)
    scope.freeze()
    for _, node in scope.walk():
        if node.scope is not None:
            node.scope.freeze()


def _rewrite(scope: Scope, notes: Notes) -> None:
    for node in list(scope.nodes.values()):
        if node.scope is not None:
            _rewrite(node.scope, notes)
    _links(scope, notes)
    _splits(scope)
    _event_sub_processes(scope, notes)
    _parallel_flows(scope)


def _links(scope: Scope, notes: Notes) -> None:
    links = [n for n in scope.nodes.values() if n.event.kind == "link"]
    if not links:
        return
    catches: dict[str, list[Node]] = {}
    for node in links:
        if node.kind == "intermediateCatchEvent":
            catches.setdefault(node.event.name, []).append(node)
    leaving = {flow.source for flow in scope.flows}
    thrown = set()
    for node in links:
        if node.kind != "intermediateThrowEvent":
            continue
        node.kind = "pass"
        thrown.add(node.event.name)
        targets = catches.get(node.event.name, [])
        if len(targets) != 1 or not node.event.name:
            notes.error(
                LINK_TARGET,
                node.id,
                f"liên kết «{node.event.name}» có {len(targets)} điểm nhận."
                if node.event.name
                else "liên kết không có tên.",
                "Hãy vẽ đúng một điểm nhận cùng tên trong cùng phạm vi.",
            )
        if node.id in leaving:
            notes.error(
                LINK_FLOW, node.id, "điểm gửi liên kết có mũi tên đi ra.", "Hãy bỏ mũi tên."
            )
        else:
            for target in targets:
                scope.flows.append(Flow(f"__link_{node.id}", node.id, target.id))
    for name, nodes in catches.items():
        for node in nodes:
            node.kind = "pass"
        if name not in thrown:
            notes.error(
                LINK_SOURCE,
                nodes[0].id,
                f"không nơi nào gửi liên kết «{name}».",
                "Hãy vẽ điểm gửi.",
            )


def _splits(scope: Scope) -> None:
    leaving: dict[str, list[Flow]] = {}
    for flow in scope.flows:
        leaving.setdefault(flow.source, []).append(flow)
    for node in list(scope.nodes.values()):
        flows = leaving.get(node.id, [])
        conditional = any(f.condition for f in flows)
        if node.kind in GATEWAYS or (len(flows) < 2 and not conditional):
            continue
        kind = "inclusiveGateway" if conditional or node.default else "parallelGateway"
        split = scope.add(Node(f"__split_{node.id}", kind, node.name, default=node.default))
        for flow in flows:
            flow.source = split.id
        scope.flows.append(Flow(f"__to_split_{node.id}", node.id, split.id))
        node.default = None


def _event_sub_processes(scope: Scope, notes: Notes) -> None:
    handlers = [n for n in scope.nodes.values() if n.kind == "subProcess" and n.by_event]
    if not handlers or not _handlers_fit(scope, handlers, notes):
        return
    starts = [n for n in scope.nodes.values() if n.kind == "startEvent"]
    body = Scope(f"__body_{scope.id}", wrapped=True)
    begin = body.add(Node(f"__start_{scope.id}", "startEvent"))
    outside = {n.id for n in starts} | {n.id for n in handlers}
    for key in [k for k in scope.nodes if k not in outside]:
        body.add(scope.nodes.pop(key))
    for flow in scope.flows:
        if flow.source not in outside:
            body.flows.append(flow)
    for index, flow in enumerate(scope.out(starts[0].id)):
        body.flows.append(Flow(f"__begin_{scope.id}_{index}", begin.id, flow.target))
    scope.flows = [Flow(f"__body_{start.id}", start.id, f"__body_{scope.id}") for start in starts]
    scope.add(Node(body.id, "subProcess", scope=body))
    for handler in handlers:
        _handler(scope, handler, body.id)


def _handlers_fit(scope: Scope, handlers: list[Node], notes: Notes) -> bool:
    """Whether the event sub-processes of a scope can be put behind its body."""
    firsts: dict[str, list[str]] = {
        node.id: [] for node in scope.nodes.values() if node.kind == "startEvent"
    }
    apart = {handler.id for handler in handlers}
    fit = bool(firsts)  # a scope without a start is refused by the checks, and so is a flow into it
    for flow in scope.flows:
        if flow.source in firsts:
            firsts[flow.source].append(flow.target)
        fit = fit and flow.target not in firsts
        if flow.target in apart or flow.source in apart:
            fit = False
            notes.error(
                EVENT_SUB_PROCESS_FLOW,
                flow.source if flow.id.startswith("__") else flow.id,
                "mũi tên nối với tiểu quy trình sự kiện.",
                "Hãy bỏ mũi tên: tiểu quy trình sự kiện chỉ chạy khi sự kiện của nó xảy ra.",
            )
    if len({tuple(sorted(targets)) for targets in firsts.values()}) > 1:
        fit = False
        notes.error(
            EVENT_SUB_PROCESS_SCOPE,
            handlers[0].id,
            "tiểu quy trình sự kiện nằm cùng nhiều điểm bắt đầu dẫn tới các bước khác nhau.",
            "Hãy dẫn các điểm bắt đầu tới cùng một bước.",
        )
    return all([fit, *(_handler_starts(handler, notes) for handler in handlers)])


def _handler_starts(handler: Node, notes: Notes) -> bool:
    """Whether an event sub-process has the one start that can set it off."""
    inner = handler.scope.nodes.values() if handler.scope is not None else ()
    begins = [node for node in inner if node.kind == "startEvent"]
    if handler.event.kind == REFUSED or any(node.event.kind == REFUSED for node in begins):
        return False
    if len(begins) != 1 or begins[0].event.kind == "none":
        notes.error(
            EVENT_SUB_PROCESS_START,
            handler.id,
            "tiểu quy trình sự kiện cần đúng một điểm bắt đầu có sự kiện.",
            "Hãy đặt một sự kiện bắt đầu loại thông điệp, hẹn giờ, tín hiệu, lỗi hoặc cấp trên.",
        )
        return False
    if begins[0].event.kind == "error" and not begins[0].interrupting:
        notes.error(
            ERROR_INTERRUPTS,
            begins[0].id,
            "sự kiện lỗi luôn ngắt phần đang chạy.",
            'Hãy vẽ nét liền (isInterrupting="true").',
        )
        return False
    return True


def _handler(scope: Scope, handler: Node, body: str) -> None:
    inner = handler.scope
    assert inner is not None  # noqa: S101  a sub-process always has a scope
    start = inner.nodes.pop(next(n.id for n in inner.nodes.values() if n.kind == "startEvent"))
    quiet = inner.add(Node(f"__ns_{start.id}", "startEvent"))
    for flow in inner.flows:
        if flow.source == start.id:
            flow.source = quiet.id
    handler.by_event = False
    interrupting = start.interrupting
    scope.add(
        Node(
            start.id,
            "boundaryEvent",
            start.name,
            element=start.element,
            drawn=start.drawn,
            event=start.event,
            host=body,
            interrupting=interrupting,
        )
    )
    scope.flows.append(Flow(f"__handler_{handler.id}", start.id, handler.id))


def _parallel_flows(scope: Scope) -> None:
    """Two flows between the same nodes: the second gets a node of its own to be told apart."""
    seen: set[tuple[str, str]] = set()
    for flow in list(scope.flows):
        if (flow.source, flow.target) in seen:
            between = scope.add(Node(f"__pass_{flow.id}", "pass"))
            scope.flows.append(Flow(f"__after_{flow.id}", between.id, flow.target))
            flow.target = between.id
        seen.add((flow.source, flow.target))
