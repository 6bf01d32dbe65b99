"""Rewrite a drawn graph so that it does what it shows: same element ids, synthetic ones hidden.

Links become flows, implicit splits become gateways, event sub-processes become boundary events
of a body. Knows no engine.
"""

from __future__ import annotations

from engine.bpmn.graph import GATEWAYS, Flow, Node, Scope
from engine.errors import ModelError


def normalise(scope: Scope, file: str) -> None:
    """Rewrite ``scope`` and everything inside it, in place."""
    _rewrite(scope, file)
    scope.freeze()
    for _, node in scope.walk():
        if node.scope is not None:
            node.scope.freeze()


def _rewrite(scope: Scope, file: str) -> None:
    for node in list(scope.nodes.values()):
        if node.scope is not None:
            _rewrite(node.scope, file)
    _links(scope, file)
    _splits(scope)
    _event_sub_processes(scope, file)
    _parallel_flows(scope)


def _links(scope: Scope, file: str) -> None:
    links = [n for n in scope.nodes.values() if n.event.kind == "link"]
    catches: dict[str, list[Node]] = {}
    for node in links:
        if node.kind == "intermediateCatchEvent":
            catches.setdefault(node.event.name, []).append(node)
    thrown = set()
    for node in links:
        if node.kind != "intermediateThrowEvent":
            continue
        targets = catches.get(node.event.name, [])
        if len(targets) != 1:
            raise ModelError(
                file,
                node.id,
                f"liên kết «{node.event.name}» có {len(targets)} điểm nhận.",
                "Hãy vẽ đúng một điểm nhận cùng tên trong cùng phạm vi.",
            )
        if scope.out(node.id):
            raise ModelError(
                file, node.id, "điểm gửi liên kết có mũi tên đi ra.", "Hãy bỏ mũi tên."
            )
        thrown.add(node.event.name)
        scope.flows.append(Flow(f"__link_{node.id}", node.id, targets[0].id))
        node.kind = "pass"
    for name, nodes in catches.items():
        if name not in thrown or scope.into(nodes[0].id) == []:
            raise ModelError(
                file, nodes[0].id, f"không nơi nào gửi liên kết «{name}».", "Hãy vẽ điểm gửi."
            )
        nodes[0].kind = "pass"


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


def _event_sub_processes(scope: Scope, file: str) -> None:
    handlers = [n for n in scope.nodes.values() if n.kind == "subProcess" and n.by_event]
    if not handlers:
        return
    starts = [n for n in scope.nodes.values() if n.kind == "startEvent"]
    targets = {tuple(sorted(f.target for f in scope.out(s.id))) for s in starts}
    if len(targets) > 1:
        raise ModelError(
            file,
            handlers[0].id,
            "tiểu quy trình sự kiện nằm cùng nhiều điểm bắt đầu dẫn tới các bước khác nhau.",
            "Hãy dẫn các điểm bắt đầu tới cùng một bước.",
        )
    for flow in scope.flows:
        end = scope.nodes[flow.target]
        if end in starts or end in handlers or scope.nodes[flow.source] in handlers:
            raise ModelError(
                file,
                flow.id,
                "mũi tên nối với điểm bắt đầu hoặc tiểu quy trình sự kiện.",
                "Hãy bỏ mũi tên: tiểu quy trình sự kiện chỉ chạy khi sự kiện của nó xảy ra.",
            )
    body = Scope(f"__body_{scope.id}", wrapped=True)
    begin = body.add(Node(f"__start_{scope.id}", "startEvent"))
    outside = {n.id for n in starts} | {n.id for n in handlers}
    for key in [k for k in scope.nodes if k not in outside]:
        body.add(scope.nodes.pop(key))
    for flow in scope.flows:
        if flow.source not in outside:
            body.flows.append(flow)
    if starts:
        for index, flow in enumerate(scope.out(starts[0].id)):
            body.flows.append(Flow(f"__begin_{scope.id}_{index}", begin.id, flow.target))
    scope.flows = [Flow(f"__body_{start.id}", start.id, f"__body_{scope.id}") for start in starts]
    scope.add(Node(body.id, "subProcess", scope=body))
    for handler in handlers:
        _handler(scope, handler, body.id, file)


def _handler(scope: Scope, handler: Node, body: str, file: str) -> None:
    inner = handler.scope
    assert inner is not None  # noqa: S101  a sub-process always has a scope
    starts = [n for n in inner.nodes.values() if n.kind == "startEvent"]
    if len(starts) != 1 or starts[0].event.kind == "none":
        raise ModelError(
            file,
            handler.id,
            "tiểu quy trình sự kiện cần đúng một điểm bắt đầu có sự kiện.",
            "Hãy đặt một sự kiện bắt đầu loại thông điệp, hẹn giờ, tín hiệu, lỗi hoặc cấp trên.",
        )
    start = inner.nodes.pop(starts[0].id)
    quiet = inner.add(Node(f"__ns_{start.id}", "startEvent"))
    for flow in inner.flows:
        if flow.source == start.id:
            flow.source = quiet.id
    handler.by_event = False
    interrupting = start.interrupting or start.event.kind == "error"
    scope.add(
        Node(
            start.id,
            "boundaryEvent",
            start.name,
            element=start.element,
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
