"""Note what in a normalised graph would not run as drawn: paths, starts, events. No engine."""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.bpmn.caught import check_caught, check_signals
from engine.bpmn.definitions import REFUSED
from engine.bpmn.graph import Flow, Node, Scope
from engine.bpmn.rules import (
    BOUNDARY_HOST,
    CANCEL_OUTSIDE,
    CONDITION_IGNORED,
    CONDITION_MISSING,
    DEFAULT_WITH_CONDITION,
    ERROR_INTERRUPTS,
    EVENT_GATEWAY_BRANCHES,
    EVENT_GATEWAY_TARGET,
    FLOW_INTO_BOUNDARY,
    FLOW_INTO_START,
    FLOW_OUT_OF_END,
    MISPLACED_EVENT,
    NEVER_THROWN,
    NO_START,
    ORPHAN,
    SEVERAL_STARTS,
    SIGNAL_START,
    START_NOWHERE,
    SUB_PROCESS_START,
    TIMER_CYCLE,
    TIMER_START,
    UNREACHABLE,
    Notes,
)

_HOSTS = {
    "userTask",
    "manualTask",
    "scriptTask",
    "businessRuleTask",
    "sendTask",
    "receiveTask",
    "subProcess",
}
_SYNTHETIC = re.compile(r"^__[a-z]+_")


def check(scopes: Mapping[str, Scope], notes: Notes) -> None:
    """Note everything in the normalised pools (pool id → scope) that would not do what it shows."""
    for scope in scopes.values():
        _starts(scope, notes)
        _scope(scope, notes)
        for _, node in scope.walk():
            if node.scope is not None and node.event.kind != REFUSED:
                if not node.by_event:
                    _inner_start(node, notes)
                _scope(node.scope, notes)
        check_caught(scope, notes)
    check_signals(scopes, notes)


def place(node: Node) -> str:
    """The drawn element a node stands for."""
    return node.element or _SYNTHETIC.sub("", node.id)


def _arrow(scope: Scope, flow: Flow) -> str:
    """The drawn flow, or where it begins when it has no id of its own."""
    return place(scope.nodes[flow.source]) if flow.id.startswith("__") else flow.id


def _starts(scope: Scope, notes: Notes) -> None:
    starts = [n for n in scope.nodes.values() if n.kind == "startEvent"]
    if not starts:
        notes.error(NO_START, scope.id, "không có điểm bắt đầu.", "Hãy vẽ một sự kiện bắt đầu.")
    for node in starts:
        if node.event.kind in ("none", "message", REFUSED):
            continue
        rule = {"timer": TIMER_START, "signal": SIGNAL_START}.get(node.event.kind, MISPLACED_EVENT)
        notes.error(
            rule,
            node.id,
            "pool chỉ bắt đầu được bằng tay hoặc bằng thông điệp.",
            "Hãy dùng sự kiện bắt đầu thường hoặc nhận thông điệp.",
        )
    for node in [n for n in starts if n.event.kind == "none"][1:]:
        notes.error(
            SEVERAL_STARTS,
            node.id,
            "có hai điểm bắt đầu thường, không biết bắt đầu ở đâu.",
            "Hãy giữ một, các điểm khác nhận thông điệp.",
        )


def _inner_start(node: Node, notes: Notes) -> None:
    inside = node.scope.nodes if node.scope is not None else {}
    starts = [n for n in inside.values() if n.kind == "startEvent"]
    if inside and (len(starts) != 1 or starts[0].event.kind not in ("none", REFUSED)):
        notes.error(
            SUB_PROCESS_START,
            place(node),
            "tiểu quy trình cần đúng một điểm bắt đầu thường.",
            "Hãy vẽ một sự kiện bắt đầu không kèm loại.",
        )


def _scope(scope: Scope, notes: Notes) -> None:
    for node in scope.nodes.values():
        if node.event.kind != REFUSED:
            _node(scope, node, notes)
    _reach(scope, notes)


def _reach(scope: Scope, notes: Notes) -> None:
    """Note where no path leads, once for each part of the drawing that hangs together."""
    seen: set[str] = set()
    _spread(scope, [n.id for n in scope.nodes.values() if n.kind == "startEvent"], seen)
    if not seen:
        return  # without a start nothing is reached, which has been said
    _spread(scope, [n.id for n in scope.nodes.values() if _said(scope, n)], seen)
    left = [n for n in scope.nodes.values() if n.id not in seen]
    for node in sorted(left, key=lambda n: bool(scope.into(n.id)) or n.host is not None):
        if node.id in seen:
            continue
        _spread(scope, [node.id], seen)
        if scope.into(node.id) or scope.out(node.id):
            rule, reason = UNREACHABLE, "không đường nào dẫn tới đây."
        else:
            rule, reason = ORPHAN, "đứng rời, không đường nào dẫn tới đây."
        notes.error(rule, place(node), reason, "Hãy nối mũi tên hoặc xoá phần tử.")


def _said(scope: Scope, node: Node) -> bool:
    """Whether why this node is not reached has been noted already."""
    homeless = node.kind == "boundaryEvent" and node.host not in scope.nodes
    unlinked = node.event.kind == "link" and not scope.into(node.id)
    return node.event.kind == REFUSED or homeless or unlinked or node.by_event


def _spread(scope: Scope, todo: list[str], seen: set[str]) -> None:
    seen.update(todo)
    while todo:
        here = todo.pop()
        ways = [f.target for f in scope.out(here)] + [b.id for b in scope.boundaries(here)]
        for way in ways:
            if way not in seen:
                seen.add(way)
                todo.append(way)


def _node(scope: Scope, node: Node, notes: Notes) -> None:
    out, into = scope.out(node.id), scope.into(node.id)
    if node.kind == "startEvent" and into:
        notes.error(
            FLOW_INTO_START,
            place(node),
            "có mũi tên đi vào điểm bắt đầu.",
            "Hãy nối tới bước sau nó.",
        )
    if node.kind == "endEvent" and out:
        notes.error(
            FLOW_OUT_OF_END, place(node), "có mũi tên đi ra từ điểm kết thúc.", "Hãy bỏ mũi tên."
        )
    if node.kind == "startEvent" and not out:
        notes.error(START_NOWHERE, place(node), "không dẫn tới đâu.", "Hãy nối tới bước đầu tiên.")
    if node.kind == "boundaryEvent":
        _boundary(scope, node, into != [], notes)
    once = node.kind == "intermediateCatchEvent" or (
        node.kind == "boundaryEvent" and node.interrupting
    )
    if node.event.cycle and once:
        notes.doubt(
            TIMER_CYCLE,
            place(node),
            "hẹn giờ lặp ở đây chỉ reo được một lần.",
            "Hãy dùng thời hạn (timeDuration), hoặc sự kiện biên không ngắt.",
        )
    if node.kind in ("exclusiveGateway", "inclusiveGateway"):
        _choice(scope, node, notes)
    elif node.kind in ("parallelGateway", "eventBasedGateway"):
        for flow in [f for f in out if f.condition or f.id == node.default]:
            notes.error(
                CONDITION_IGNORED,
                _arrow(scope, flow),
                "điều kiện hoặc dấu mặc định đặt sau cổng không xét điều kiện.",
                "Hãy bỏ điều kiện hoặc đổi loại cổng.",
            )
    if node.kind == "eventBasedGateway":
        _event_gateway(scope, node, notes)


def _choice(scope: Scope, node: Node, notes: Notes) -> None:
    out = scope.out(node.id)
    for flow in out:
        if flow.id == node.default and flow.condition:
            notes.error(
                DEFAULT_WITH_CONDITION,
                _arrow(scope, flow),
                "mũi tên mặc định lại có điều kiện.",
                "Hãy bỏ điều kiện hoặc chọn mũi tên mặc định khác.",
            )
        plain = not flow.condition and flow.id != node.default
        # Behind an activity a plain flow is always taken; beside a default one, tools disagree
        # whether that one is then taken too.
        if plain and len(out) > 1 and (node.element is not None or node.default is not None):
            notes.error(
                CONDITION_MISSING,
                _arrow(scope, flow),
                "mũi tên rẽ nhánh không có điều kiện.",
                "Hãy ghi điều kiện hoặc đặt làm mũi tên mặc định.",
            )


def _boundary(scope: Scope, node: Node, entered: bool, notes: Notes) -> None:
    host = scope.nodes.get(node.host or "")
    if entered:
        notes.error(
            FLOW_INTO_BOUNDARY, node.id, "có mũi tên đi vào sự kiện biên.", "Hãy bỏ mũi tên."
        )
    if host is not None and host.event.kind == REFUSED:
        return
    if host is None or host.kind not in _HOSTS:
        notes.error(
            BOUNDARY_HOST,
            node.id,
            "không gắn vào công việc nào.",
            "Hãy gắn vào một công việc trong cùng phạm vi.",
        )
        return
    if node.event.kind in ("error", "escalation") and host.kind != "subProcess":
        notes.doubt(
            NEVER_THROWN,
            node.id,
            "công việc này không bao giờ ném lỗi hay báo cấp trên.",
            "Hãy gắn vào tiểu quy trình, hoặc rẽ nhánh bằng cổng sau công việc.",
        )
    if node.event.kind == "cancel" and host.drawn != "transaction":
        notes.error(
            CANCEL_OUTSIDE,
            node.id,
            "sự kiện huỷ không gắn vào tiểu quy trình giao dịch.",
            "Hãy gắn vào một giao dịch, hoặc dùng sự kiện lỗi.",
        )
    if node.event.kind in ("error", "cancel") and not node.interrupting:
        notes.error(
            ERROR_INTERRUPTS,
            node.id,
            "sự kiện lỗi, huỷ luôn ngắt công việc.",
            'Hãy vẽ nét liền (cancelActivity="true").',
        )


def _event_gateway(scope: Scope, node: Node, notes: Notes) -> None:
    if len(scope.out(node.id)) < 2:
        notes.error(
            EVENT_GATEWAY_BRANCHES,
            node.id,
            "cổng sự kiện cần ít nhất hai nhánh.",
            "Hãy vẽ thêm nhánh.",
        )
    heard: set[str] = set()
    for flow in scope.out(node.id):
        target = scope.nodes[flow.target]
        if target.event.kind == REFUSED:
            continue
        if target.event.kind == "signal" and target.event.name in heard:
            notes.error(
                EVENT_GATEWAY_TARGET,
                place(target),
                f"hai nhánh của cổng sự kiện cùng chờ tín hiệu «{target.event.name}».",
                "Hãy giữ một nhánh, hoặc đặt tên tín hiệu khác.",
            )
        elif target.event.kind == "signal":
            heard.add(target.event.name)
        waits = target.kind == "receiveTask" or (
            target.kind == "intermediateCatchEvent"
            and target.event.kind in ("message", "timer", "signal")
        )
        alone = len(scope.into(target.id)) == 1
        if not waits or not alone or target.loop or scope.boundaries(target.id):
            notes.error(
                EVENT_GATEWAY_TARGET,
                target.element or _arrow(scope, flow),
                "đứng sau cổng sự kiện nhưng không phải một sự kiện chờ riêng của cổng.",
                "Hãy đặt sự kiện nhận thông điệp, hẹn giờ hoặc tín hiệu ngay sau cổng.",
            )
