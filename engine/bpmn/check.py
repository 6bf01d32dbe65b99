"""Refuse a graph the engine could not run as drawn: reason, cure, element. Knows no engine."""

from __future__ import annotations

from engine.bpmn.graph import Node, Scope
from engine.errors import ModelError

_ACTIVITIES = {
    "userTask",
    "manualTask",
    "scriptTask",
    "businessRuleTask",
    "sendTask",
    "receiveTask",
    "subProcess",
}
_ENDS = {"endEvent"}


def check(scope: Scope, file: str) -> None:
    """ModelError on the first thing in a normalised pool that would not do what it shows."""
    _starts(scope, file)
    _scope(scope, file)
    for inner, node in scope.walk():
        del inner
        if node.scope is not None:
            _inner_start(node, file)
            _scope(node.scope, file)
    _caught(scope, file, [])
    _signals(scope, file)


def _refuse(file: str, node: Node, reason: str, cure: str) -> ModelError:
    return ModelError(file, node.element or node.id.lstrip("_"), reason, cure)


def _starts(scope: Scope, file: str) -> None:
    starts = [n for n in scope.nodes.values() if n.kind == "startEvent"]
    if not starts:
        raise ModelError(file, scope.id, "không có điểm bắt đầu.", "Hãy vẽ một sự kiện bắt đầu.")
    for node in starts:
        if node.event.kind not in ("none", "message"):
            raise _refuse(
                file,
                node,
                "pool chỉ bắt đầu được bằng tay hoặc bằng thông điệp.",
                "Hãy dùng sự kiện bắt đầu thường hoặc nhận thông điệp.",
            )
    plain = [n for n in starts if n.event.kind == "none"]
    if len(plain) > 1:
        raise _refuse(
            file,
            plain[1],
            "có hai điểm bắt đầu thường, không biết bắt đầu ở đâu.",
            "Hãy giữ một, các điểm khác nhận thông điệp.",
        )


def _inner_start(node: Node, file: str) -> None:
    assert node.scope is not None  # noqa: S101  asked only of sub-processes
    starts = [n for n in node.scope.nodes.values() if n.kind == "startEvent"]
    if len(starts) != 1 or starts[0].event.kind != "none":
        raise _refuse(
            file,
            node,
            "tiểu quy trình cần đúng một điểm bắt đầu thường.",
            "Hãy vẽ một sự kiện bắt đầu không kèm loại.",
        )


def _scope(scope: Scope, file: str) -> None:
    for node in scope.nodes.values():
        _node(scope, node, file)
    todo = [n.id for n in scope.nodes.values() if n.kind == "startEvent"]
    seen = set(todo)
    while todo:
        here = todo.pop()
        ways = [f.target for f in scope.out(here)] + [b.id for b in scope.boundaries(here)]
        for way in ways:
            if way not in seen:
                seen.add(way)
                todo.append(way)
    for node in scope.nodes.values():
        if node.id not in seen:
            raise _refuse(
                file, node, "không đường nào dẫn tới đây.", "Hãy nối mũi tên hoặc xoá phần tử."
            )


def _node(scope: Scope, node: Node, file: str) -> None:
    out, into = scope.out(node.id), scope.into(node.id)
    if node.kind == "startEvent" and into:
        raise _refuse(file, node, "có mũi tên đi vào điểm bắt đầu.", "Hãy nối tới bước sau nó.")
    if node.kind in _ENDS and out:
        raise _refuse(file, node, "có mũi tên đi ra từ điểm kết thúc.", "Hãy bỏ mũi tên.")
    if node.kind == "startEvent" and not out:
        raise _refuse(file, node, "không dẫn tới đâu.", "Hãy nối tới bước đầu tiên.")
    if node.kind == "boundaryEvent":
        _boundary(scope, node, into != [], file)
    if node.kind in ("exclusiveGateway", "inclusiveGateway") and len(out) > 1:
        for flow in out:
            if flow.id == node.default and flow.condition:
                raise ModelError(
                    file,
                    flow.id,
                    "mũi tên mặc định lại có điều kiện.",
                    "Hãy bỏ điều kiện hoặc chọn mũi tên mặc định khác.",
                )
            if not flow.condition and flow.id != node.default and node.element is not None:
                raise ModelError(
                    file,
                    flow.id,
                    "mũi tên rẽ nhánh không có điều kiện.",
                    "Hãy ghi điều kiện hoặc đặt làm mũi tên mặc định.",
                )
    elif node.kind in ("parallelGateway", "eventBasedGateway"):
        for flow in out:
            if flow.condition:
                raise ModelError(
                    file,
                    flow.id,
                    "điều kiện đặt sau cổng không xét điều kiện.",
                    "Hãy bỏ điều kiện hoặc đổi loại cổng.",
                )
    if node.kind == "eventBasedGateway":
        _event_gateway(scope, node, file)
    if node.kind.endswith("Gateway") and not out and not into:
        raise _refuse(file, node, "cổng không nối với gì.", "Hãy nối hoặc xoá.")
    if node.loop is not None and node.kind not in _ACTIVITIES:
        raise _refuse(file, node, "chỉ công việc mới lặp được.", "Hãy bỏ dấu lặp.")


def _boundary(scope: Scope, node: Node, entered: bool, file: str) -> None:
    host = scope.nodes.get(node.host or "")
    if host is None or host.kind not in _ACTIVITIES:
        raise _refuse(file, node, "không gắn vào công việc nào.", "Hãy gắn vào một công việc.")
    if entered:
        raise _refuse(file, node, "có mũi tên đi vào sự kiện biên.", "Hãy bỏ mũi tên.")
    if node.event.kind in ("error", "escalation") and host.kind != "subProcess":
        raise _refuse(
            file,
            node,
            "công việc này không bao giờ ném lỗi hay báo cấp trên.",
            "Hãy gắn vào tiểu quy trình, hoặc rẽ nhánh bằng cổng sau công việc.",
        )
    if node.event.kind == "error" and not node.interrupting:
        raise _refuse(file, node, "sự kiện lỗi luôn ngắt công việc.", "Hãy vẽ nét liền.")


def _event_gateway(scope: Scope, node: Node, file: str) -> None:
    if len(scope.out(node.id)) < 2:
        raise _refuse(file, node, "cổng sự kiện cần ít nhất hai nhánh.", "Hãy vẽ thêm nhánh.")
    for flow in scope.out(node.id):
        target = scope.nodes[flow.target]
        waits = target.kind == "receiveTask" or (
            target.kind == "intermediateCatchEvent"
            and target.event.kind in ("message", "timer", "signal")
        )
        alone = len(scope.into(target.id)) == 1
        if not waits or not alone or target.loop or scope.boundaries(target.id):
            raise _refuse(
                file,
                target,
                "đứng sau cổng sự kiện nhưng không phải một sự kiện chờ riêng của cổng.",
                "Hãy đặt sự kiện nhận thông điệp, hẹn giờ hoặc tín hiệu ngay sau cổng.",
            )


def _caught(scope: Scope, file: str, catchers: list[tuple[str, str | None]]) -> None:
    """Every thrown error and escalation has a catcher around it."""
    for node in scope.nodes.values():
        event = node.event
        throws = node.kind in ("endEvent", "intermediateThrowEvent")
        caught = (event.kind, event.code) in catchers or (event.kind, None) in catchers
        if throws and event.kind in ("error", "escalation") and not caught:
            what = "Lỗi" if event.kind == "error" else "Báo cấp trên"
            raise _refuse(
                file,
                node,
                f"{what} «{event.name or event.code or ''}» không nơi nào bắt.",
                "Hãy đặt sự kiện bắt cùng mã ở biên tiểu quy trình chứa nó.",
            )
        if node.scope is not None:
            around = [(b.event.kind, b.event.code) for b in scope.boundaries(node.id)]
            _caught(node.scope, file, catchers + around)


def _signals(scope: Scope, file: str) -> None:
    thrown: dict[str, Node] = {}
    caught: dict[str, Node] = {}
    for _, node in scope.walk():
        if node.event.kind == "signal":
            throws = node.kind in ("endEvent", "intermediateThrowEvent")
            (thrown if throws else caught)[node.event.name] = node
    for name, node in [*thrown.items(), *caught.items()]:
        if (name in thrown) != (name in caught):
            raise _refuse(
                file,
                node,
                f"tín hiệu «{name}» không có cả nơi phát lẫn nơi nhận trong pool này.",
                "Hãy dùng thông điệp giữa các pool, hoặc vẽ đủ hai đầu.",
            )
