"""Read a BPMN file into pools, lanes and graphs. Refuses what has no meaning here."""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from engine.bpmn.definitions import message_name, read_event, read_loop
from engine.bpmn.graph import EVENTS, GATEWAYS, TASKS, Event, Flow, Node, Scope
from engine.bpmn.xml import BPMN, OURS, child_text, children, parse_xml, tag
from engine.errors import ModelError

MAX_DEPTH = 12

_REFUSED = {
    "task": ("công việc không có loại", "Hãy chọn User Task, Script Task hoặc Business Rule Task."),
    "serviceTask": (
        "Service Task không chạy được",
        "Hãy gửi thông điệp tới một pool đối tác, hoặc dùng Script Task.",
    ),
    "callActivity": (
        "Call Activity chưa được hỗ trợ",
        "Hãy vẽ phần được gọi thành tiểu quy trình ngay trong sơ đồ.",
    ),
    "adHocSubProcess": (
        "tiểu quy trình ad-hoc không có thứ tự để chạy",
        "Hãy vẽ các bước bằng cổng song song hoặc cổng bao hàm.",
    ),
    "transaction": (
        "tiểu quy trình giao dịch chưa được hỗ trợ",
        "Hãy dùng tiểu quy trình thường với sự kiện lỗi ở biên.",
    ),
    "complexGateway": (
        "cổng phức hợp không có nghĩa chắc chắn",
        "Hãy dùng cổng loại trừ, song song hoặc bao hàm.",
    ),
}
_IGNORED = {
    "extensionElements",
    "documentation",
    "laneSet",
    "ioSpecification",
    "textAnnotation",
    "association",
    "group",
    "category",
    "dataObject",
    "dataObjectReference",
    "dataStoreReference",
    "incoming",
    "outgoing",
    "property",
    "dataInputAssociation",
    "dataOutputAssociation",
    "script",
    "sequenceFlow",
    "standardLoopCharacteristics",
    "multiInstanceLoopCharacteristics",
    "auditing",
    "monitoring",
    "artifact",
}


_NEVER = {
    "preScript",
    "postScript",
    "messagePayload",
    "messageVariable",
    "serviceTaskOperator",
    "processVariableCorrelation",
    "payloadExpression",
    "variableName",
}


@dataclass
class Drawn:
    """A file as read: XML by id and one graph per executable pool (pool id → scope)."""

    file: str
    root: etree._Element
    participants: dict[str, etree._Element | None] = field(default_factory=dict)
    processes: dict[str, etree._Element] = field(default_factory=dict)
    nodes: dict[str, etree._Element] = field(default_factory=dict)
    node_pool: dict[str, str] = field(default_factory=dict)
    scopes: dict[str, Scope] = field(default_factory=dict)


def read(source: bytes, file: str) -> Drawn:
    """Everything drawn in a file; ModelError on what this house does not run."""
    drawn = Drawn(file, parse_xml(source, file))
    ids: set[str] = set()
    for element in drawn.root.iter(f"{{{BPMN}}}*"):
        key = element.get("id")
        if key is None:
            continue
        if key in ids:
            raise ModelError(file, key, "mã bị dùng hai lần.", "Hãy đặt mã khác.")
        if key.startswith("__"):
            raise ModelError(file, key, "mã bắt đầu bằng «__».", "Hãy đặt mã khác.")
        ids.add(key)
    _foreign(drawn)
    for process in children(drawn.root, "process"):
        drawn.processes[process.get("id", "")] = process
    collaborations = children(drawn.root, "collaboration")
    if len(collaborations) > 1:
        raise ModelError(
            file, collaborations[1].get("id"), "có hai sơ đồ cộng tác.", "Hãy giữ một."
        )
    used: set[str] = set()
    for participant in children(collaborations[0], "participant") if collaborations else []:
        key, process_id = participant.get("id", ""), participant.get("processRef")
        drawn.participants[key] = participant
        if process_id is None:
            continue
        if process_id not in drawn.processes or process_id in used:
            raise ModelError(
                file,
                key,
                f"trỏ tới quy trình «{process_id}» không có hoặc đã thuộc pool khác.",
                "Hãy vẽ lại pool này.",
            )
        used.add(process_id)
        drawn.scopes[key] = _scope(drawn, drawn.processes[process_id], key, 0)
    for process_id, process in drawn.processes.items():
        if process_id in used:
            continue
        if collaborations:
            raise ModelError(
                file, process_id, "quy trình không thuộc pool nào.", "Hãy đặt nó vào một pool."
            )
        drawn.participants[process_id] = None
        drawn.scopes[process_id] = _scope(drawn, process, process_id, 0)
    if not drawn.scopes:
        raise ModelError(file, None, "không có quy trình nào.", "Hãy vẽ ít nhất một pool.")
    return drawn


def _foreign(drawn: Drawn) -> None:
    """Refuse other engines' scripts and settings, which would silently not be carried out."""
    for element in drawn.root.iter(f"{{{OURS}}}*"):
        if etree.QName(element).localname in _NEVER:
            raise ModelError(
                drawn.file,
                _owner(element),
                f"thiết lập «{etree.QName(element).localname}» không được thực hiện.",
                "Hãy bỏ thiết lập này; dùng Script Task (FEEL) hoặc thuộc tính của phần tử.",
            )
    for element in drawn.root.iter(f"{{{BPMN}}}conditionExpression", f"{{{BPMN}}}scriptTask"):
        language = element.get("language") or element.get("scriptFormat") or "feel"
        if "feel" not in language.lower():
            raise ModelError(
                drawn.file,
                _owner(element),
                f"ngôn ngữ «{language}» không được dùng.",
                "Hãy viết bằng FEEL và bỏ tên ngôn ngữ khác.",
            )


def _owner(element: etree._Element | None) -> str | None:
    while element is not None and element.get("id") is None:
        element = element.getparent()
    return element.get("id") if element is not None else None


def process_of(drawn: Drawn, pool: str) -> str | None:
    """The process id of a pool; None when collapsed."""
    participant = drawn.participants[pool]
    return pool if participant is None else participant.get("processRef")


def _scope(drawn: Drawn, parent: etree._Element, pool: str, depth: int) -> Scope:
    if depth > MAX_DEPTH:
        raise ModelError(
            drawn.file, parent.get("id"), "tiểu quy trình lồng quá sâu.", "Hãy vẽ phẳng hơn."
        )
    scope = Scope(parent.get("id", ""))
    for element in parent:
        if not isinstance(element.tag, str):
            continue
        kind = tag(element)
        if kind in _REFUSED:
            reason, cure = _REFUSED[kind]
            raise ModelError(drawn.file, element.get("id"), reason + ".", cure)
        if kind in TASKS or kind in GATEWAYS or kind in EVENTS or kind == "subProcess":
            node = _node(drawn, element, kind, pool, depth)
            scope.add(node)
        elif kind and kind not in _IGNORED and not kind.endswith("EventDefinition"):
            raise ModelError(
                drawn.file,
                element.get("id"),
                f"phần tử «{kind}» không chạy được.",
                "Hãy bỏ hoặc thay bằng phần tử có trong hướng dẫn.",
            )
    _flows(drawn, parent, scope)
    return scope


def _flows(drawn: Drawn, parent: etree._Element, scope: Scope) -> None:
    for element in children(parent, "sequenceFlow"):
        key, source, target = (element.get(k, "") for k in ("id", "sourceRef", "targetRef"))
        for end in (source, target):
            if end not in scope.nodes:
                raise ModelError(
                    drawn.file,
                    key,
                    f"mũi tên nối tới «{end}» không có trong cùng phạm vi.",
                    "Hãy vẽ lại mũi tên.",
                )
        condition = child_text(element, "conditionExpression")
        scope.flows.append(Flow(key, source, target, condition))
    sources = {flow.id: flow.source for flow in scope.flows}
    for node in scope.nodes.values():
        if node.default is not None and sources.get(node.default) != node.id:
            raise ModelError(
                drawn.file, node.id, "mũi tên mặc định không đi ra từ đây.", "Hãy chọn lại."
            )


def _node(drawn: Drawn, element: etree._Element, kind: str, pool: str, depth: int) -> Node:
    key = element.get("id", "")
    if not key:
        raise ModelError(drawn.file, None, f"«{kind}» không có mã.", "Hãy đặt mã (id).")
    drawn.nodes[key], drawn.node_pool[key] = element, pool
    if element.get("isForCompensation") == "true":
        raise ModelError(
            drawn.file, key, "hoạt động bù trừ không chạy được.", "Hãy vẽ các bước hoàn tác."
        )
    node = Node(key, kind, element.get("name", ""), element=key, default=element.get("default"))
    if kind in EVENTS:
        node.event = read_event(drawn.root, drawn.file, element, kind)
    if kind == "boundaryEvent":
        node.host = element.get("attachedToRef", "")
        node.interrupting = element.get("cancelActivity", "true") != "false"
    if kind == "startEvent":
        node.interrupting = element.get("isInterrupting", "true") != "false"
    if kind in ("sendTask", "receiveTask"):
        node.event = Event("message", message_name(drawn.root, drawn.file, element, key))
    if kind == "scriptTask":
        node.script = child_text(element, "script") or ""
    if kind == "businessRuleTask":
        path = f"{{{BPMN}}}extensionElements/{{{OURS}}}calledDecisionId"
        found = element.find(path)
        node.decision = ((found.text or "") if found is not None else "").strip()
    if kind == "subProcess":
        node.by_event = element.get("triggeredByEvent") == "true"
        node.scope = _scope(drawn, element, pool, depth + 1)
    if kind == "receiveTask" and element.get("instantiate") == "true":
        raise ModelError(
            drawn.file,
            key,
            "Receive Task không mở được hồ sơ.",
            "Hãy dùng sự kiện bắt đầu nhận thông điệp.",
        )
    if kind == "eventBasedGateway" and (
        element.get("instantiate") == "true" or element.get("eventGatewayType") == "Parallel"
    ):
        raise ModelError(
            drawn.file,
            key,
            "cổng sự kiện mở quy trình hoặc chờ song song không được hỗ trợ.",
            "Hãy dùng các sự kiện bắt đầu nhận thông điệp, hoặc cổng song song.",
        )
    node.loop = read_loop(drawn.file, element, key)
    return node
