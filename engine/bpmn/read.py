"""Read a BPMN file into pools and graphs; what has no meaning here is noted on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from lxml import etree

from engine.bpmn.definitions import REFUSED, message_name, read_event, read_loop
from engine.bpmn.drawn import MAX_NODES, Drawn, Place
from engine.bpmn.graph import EVENTS, GATEWAYS, TASKS, Event, Flow, Node, Scope
from engine.bpmn.pools import read_pools
from engine.bpmn.refused import ACTIVITIES, ELEMENTS, ignored, refuse_attributes
from engine.bpmn.rules import (
    CALL_RECURSION,
    CALL_SHARED_MESSAGE,
    CALL_TARGET,
    CONDITION_IGNORED,
    CONDITION_MISSING,
    DANGLING,
    DEFAULT_FLOW,
    DUPLICATE_ID,
    EMPTY_SUB_PROCESS,
    FLOW_ACROSS,
    MISSING_ID,
    NO_PROCESS,
    TOO_DEEP,
    TOO_LARGE,
    UNKNOWN_ELEMENT,
    UNTYPED_TASK,
    Notes,
)
from engine.bpmn.source import Source, load
from engine.bpmn.xml import BPMN, OURS, child_text, children, is_false, is_true, owner, tag

MAX_DEPTH = 40
_SCOPED = ("subProcess", "transaction", "callActivity")
_FLOW_NODES = {"task", *TASKS, *GATEWAYS, *EVENTS, *_SCOPED, *ELEMENTS}


def read(source: bytes, notes: Notes, library: Mapping[str, bytes]) -> Drawn | None:
    """Everything drawn in a file; None when it is no BPMN file at all."""
    loaded = load(source, notes.file, notes)
    if loaded is None:
        return None
    drawn = Drawn(loaded, notes, library)
    pools = read_pools(loaded, notes)
    drawn.participants, drawn.processes = pools.participants, pools.processes
    drawn.outside = pools.outside
    for pool, process in pools.processes.items():
        key = process.get("id", "")
        place = Place(pool, loaded, 0, ((loaded.name, key),))
        drawn.scopes[pool] = _scope(drawn, process, place)
    if not drawn.scopes and notes.ok:
        notes.error(
            NO_PROCESS, None, "không có quy trình nào chạy được.", "Hãy vẽ ít nhất một pool."
        )
    return drawn


def _scope(drawn: Drawn, parent: etree._Element, place: Place) -> Scope:
    scope = Scope(parent.get("id", ""))
    if place.depth > MAX_DEPTH:
        drawn.notes.error(TOO_DEEP, scope.id, "tiểu quy trình lồng quá sâu.", "Hãy vẽ phẳng hơn.")
        return scope
    for element in parent:
        if not isinstance(element.tag, str):
            continue
        kind = tag(element)
        if not kind:
            _stranger(drawn, element)
        elif not ignored(kind):
            _add(drawn, scope, element, kind, place)
    _flows(drawn, parent, scope, place)
    return scope


def _stranger(drawn: Drawn, element: etree._Element) -> None:
    """What is drawn in another namespace: no element of BPMN 2.0, whatever it is called."""
    name = etree.QName(element)
    drawn.notes.error(
        UNKNOWN_ELEMENT,
        owner(element),
        f"phần tử «{name.localname}» không thuộc BPMN 2.0.",
        "Hãy lưu lại từ trình vẽ sơ đồ, hoặc đưa nó vào extensionElements.",
    )


def _add(drawn: Drawn, scope: Scope, element: etree._Element, kind: str, place: Place) -> None:
    """Put a flow node into its scope; what is refused leaves a stub, so that flows still end."""
    drawn.count += 1
    if not drawn.whole:
        drawn.notes.error(
            TOO_LARGE,
            None,
            f"có hơn {MAX_NODES} phần tử, kể cả những phần được gọi nhiều lần.",
            "Hãy tách quy trình.",
        )
        return
    key = element.get("id", "").strip()
    if kind not in _FLOW_NODES:
        drawn.notes.error(
            UNKNOWN_ELEMENT,
            owner(element),
            f"phần tử «{kind}» không chạy được.",
            "Hãy bỏ hoặc thay bằng phần tử có trong hướng dẫn.",
        )
    elif not key:
        drawn.notes.error(MISSING_ID, owner(element), f"«{kind}» không có mã.", "Hãy đặt mã (id).")
    elif _alone(drawn, element, key, place):
        drawn.node_pool.setdefault(key, place.pool)
        if place.source is not drawn.source:
            drawn.notes.files[key] = place.source.name
        scope.add(_node(drawn, element, kind, key, place))
        return
    if key and key not in scope.nodes:
        drawn.node_pool.setdefault(key, place.pool)
        scope.add(Node(key, "pass", element=key, event=Event(REFUSED)))


def _alone(drawn: Drawn, element: etree._Element, key: str, place: Place) -> bool:
    """Whether no other element has this id, in this file or in one that is called together."""
    if place.source.ids.get(key) is not element:
        return False
    if drawn.nodes.setdefault(key, element) is element:
        return True
    drawn.notes.error(
        DUPLICATE_ID,
        key,
        f"mã đã dùng trong tệp khác của cùng phiên bản ({place.source.name}).",
        "Hãy đặt mã khác ở một trong hai tệp.",
    )
    return False


def _node(drawn: Drawn, element: etree._Element, kind: str, key: str, place: Place) -> Node:
    notes = drawn.notes
    node = Node(key, kind, element.get("name", ""), key, drawn=kind, default=element.get("default"))
    if kind in ELEMENTS:
        rule, reason, cure = ELEMENTS[kind]
        notes.error(rule, key, reason + ".", cure)
        node.kind, node.event = "pass", Event(REFUSED)
        return node
    if not refuse_attributes(element, kind, key, notes):
        node.event = Event(REFUSED)
    if kind == "task":
        notes.doubt(
            UNTYPED_TASK,
            key,
            "công việc không có loại.",
            "Hãy chọn User Task, Script Task hoặc Business Rule Task.",
        )
        node.kind = "manualTask"
    if kind in EVENTS and node.event.kind != REFUSED:
        node.event = read_event(place.source, element, kind, notes)
        if node.event.kind == REFUSED and kind.startswith("intermediate"):
            node.kind = "pass"
    if kind == "boundaryEvent":
        node.host = element.get("attachedToRef", "")
        node.interrupting = not is_false(element, "cancelActivity")
    if kind == "startEvent":
        node.interrupting = not is_false(element, "isInterrupting")
    if kind in ("sendTask", "receiveTask") and node.event.kind != REFUSED:
        node.event = Event("message", message_name(place.source, element, key, notes))
    if kind == "scriptTask":
        node.script = child_text(element, "script") or ""
    if kind == "businessRuleTask":
        found = element.find(f"{{{BPMN}}}extensionElements/{{{OURS}}}calledDecisionId")
        node.decision = ((found.text or "") if found is not None else "").strip()
    if kind in ACTIVITIES:
        node.loop = read_loop(element, key, notes)
    if node.event.kind == "message" and drawn.node_pool[key] != place.pool:
        notes.error(
            CALL_SHARED_MESSAGE,
            key,
            "phần được gọi có thông điệp mà nhiều pool cùng gọi, không rõ của pool nào.",
            "Hãy vẽ riêng phần này cho từng pool, hoặc đưa thông điệp ra ngoài phần được gọi.",
        )
    if kind == "callActivity":
        node.kind = "subProcess"
        node.scope = _called(drawn, element, key, place)
    elif kind in _SCOPED:
        node.kind = "subProcess"
        node.by_event = is_true(element, "triggeredByEvent")
        node.scope = _scope(drawn, element, place.inside())
        if _empty(drawn, node.scope, place):
            notes.error(
                EMPTY_SUB_PROCESS,
                key,
                "tiểu quy trình không có bước nào bên trong.",
                "Hãy vẽ các bước bên trong, hoặc thay bằng một công việc.",
            )
            node.event = Event(REFUSED)
    return node


def _called(drawn: Drawn, element: etree._Element, key: str, place: Place) -> Scope:
    """The inside of a call activity: the called process, read for this place."""
    target = (element.get("calledElement") or "").strip()
    empty = Scope(f"__call_{key}")
    found = _find_called(drawn, place.source, target)
    if found is None:
        reason = f"gọi «{target}» không có" if target else "không ghi gọi phần nào"
        drawn.notes.error(
            CALL_TARGET,
            key,
            f"Call Activity {reason} trong cùng phiên bản, hoặc phần ấy là một pool hay đã bị tắt.",
            "Hãy đặt quy trình được gọi vào cùng tệp (không thuộc pool nào) hoặc cùng thư mục.",
        )
        return empty
    source, process = found
    if (source.name, target) in place.chain:
        drawn.notes.error(
            CALL_RECURSION,
            key,
            f"«{target}» gọi lại chính nó.",
            "Hãy dùng vòng lặp hoặc cổng thay cho việc gọi lại.",
        )
        return empty
    if not drawn.whole:
        return empty
    drawn.callers.setdefault(target, element)
    drawn.called.setdefault(target, process)
    scope = _scope(drawn, process, place.called(source, target))
    if _empty(drawn, scope, place):
        drawn.notes.error(
            EMPTY_SUB_PROCESS,
            key,
            f"quy trình được gọi «{target}» không có bước nào.",
            "Hãy vẽ các bước của nó.",
        )
    return scope


def _empty(drawn: Drawn, scope: Scope, place: Place) -> bool:
    """Whether nothing is drawn in a scope, rather than that it was not read any further."""
    return not scope.nodes and place.depth < MAX_DEPTH and drawn.whole


def _find_called(drawn: Drawn, source: Source, target: str) -> tuple[Source, etree._Element] | None:
    pools = {p.get("id") for p in drawn.processes.values()} if source is drawn.source else set()
    process = source.processes.get(target)
    if process is not None:
        fits = target not in pools and not is_false(process, "isExecutable")
        return (source, process) if fits else None
    found = [
        (other, other.processes[target])
        for other in drawn.others().values()
        if target in other.processes and not is_false(other.processes[target], "isExecutable")
    ]
    return found[0] if len(found) == 1 else None


def _flows(drawn: Drawn, parent: etree._Element, scope: Scope, place: Place) -> None:
    notes = drawn.notes
    empty: list[Flow] = []
    for number, element in enumerate(children(parent, "sequenceFlow")):
        key, source, target = (element.get(k, "").strip() for k in ("id", "sourceRef", "targetRef"))
        if not key:
            key = f"__flow_{scope.id}_{number}"
            notes.doubt(MISSING_ID, source or scope.id, "mũi tên không có mã.", "Hãy đặt mã (id).")
        elif place.source.ids.get(key) is not element:
            continue
        if place.source is not drawn.source:
            notes.files[key] = place.source.name
        missing = [end for end in (source, target) if end not in scope.nodes]
        for end in missing:
            if not drawn.whole:
                continue
            rule = FLOW_ACROSS if end in place.source.ids else DANGLING
            notes.error(
                rule,
                key,
                f"mũi tên nối tới «{end}» không có trong cùng phạm vi.",
                "Hãy vẽ lại mũi tên.",
            )
        if not missing:
            condition = child_text(element, "conditionExpression")
            if condition and scope.nodes[source].kind == "startEvent":
                notes.error(
                    CONDITION_IGNORED,
                    key,
                    "mũi tên ra khỏi điểm bắt đầu có điều kiện.",
                    "Hãy đặt cổng loại trừ sau điểm bắt đầu, hoặc bỏ điều kiện.",
                )
            if condition is None and children(element, "conditionExpression"):
                empty.append(Flow(key, source, target))
            scope.flows.append(Flow(key, source, target, condition))
    _empty_conditions(scope, empty, notes)
    sources = {flow.id: flow.source for flow in scope.flows}
    for node in scope.nodes.values():
        if node.default is not None and sources.get(node.default) != node.id:
            rule = DEFAULT_FLOW if node.default in place.source.ids else DANGLING
            notes.error(rule, node.id, "mũi tên mặc định không đi ra từ đây.", "Hãy chọn lại.")
            node.default = None


def _empty_conditions(scope: Scope, empty: list[Flow], notes: Notes) -> None:
    """A flow that is drawn with a condition which says nothing; behind gateways told elsewhere."""
    leaving = Counter(flow.source for flow in scope.flows) if empty else Counter()
    for flow in empty:
        if scope.nodes[flow.source].kind in GATEWAYS:
            continue
        note = notes.error if leaving[flow.source] > 1 else notes.doubt
        note(
            CONDITION_MISSING,
            flow.source if flow.id.startswith("__") else flow.id,
            "mũi tên có điều kiện nhưng điều kiện để trống.",
            "Hãy ghi điều kiện, hoặc bỏ dấu điều kiện của mũi tên.",
        )
