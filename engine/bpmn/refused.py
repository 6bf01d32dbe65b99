"""Constructs that have no faithful meaning here: refused by tag or by attribute. No engine."""

from __future__ import annotations

from lxml import etree

from engine.bpmn.rules import (
    AD_HOC,
    COMPENSATION,
    COMPLEX_GATEWAY,
    INSTANTIATING_GATEWAY,
    INSTANTIATING_RECEIVE,
    LOOP_PLACE,
    PARALLEL_EVENT_GATEWAY,
    SERVICE_TASK,
    TOKEN_QUANTITY,
    Notes,
)
from engine.bpmn.xml import children, is_true
from engine.findings import Rule

ELEMENTS: dict[str, tuple[Rule, str, str]] = {
    "serviceTask": (
        SERVICE_TASK,
        "Service Task không chạy được",
        "Hãy gửi thông điệp tới một pool đối tác, hoặc dùng Script Task.",
    ),
    "adHocSubProcess": (
        AD_HOC,
        "tiểu quy trình ad-hoc không có thứ tự để chạy",
        "Hãy vẽ các bước bằng cổng song song hoặc cổng bao hàm.",
    ),
    "complexGateway": (
        COMPLEX_GATEWAY,
        "cổng phức hợp không có nghĩa chắc chắn",
        "Hãy dùng cổng loại trừ, song song hoặc bao hàm.",
    ),
}
ACTIVITIES = {
    "task",
    "userTask",
    "manualTask",
    "scriptTask",
    "businessRuleTask",
    "sendTask",
    "receiveTask",
    "subProcess",
    "transaction",
    "callActivity",
}
_IGNORED = {
    "extensionElements",
    "documentation",
    "laneSet",
    "ioSpecification",
    "ioBinding",
    "supportedInterfaceRef",
    "textAnnotation",
    "association",
    "group",
    "category",
    "dataObject",
    "dataObjectReference",
    "dataStoreReference",
    "dataState",
    "incoming",
    "outgoing",
    "property",
    "dataInputAssociation",
    "dataOutputAssociation",
    "resourceRole",
    "performer",
    "humanPerformer",
    "potentialOwner",
    "correlationSubscription",
    "supports",
    "script",
    "sequenceFlow",
    "standardLoopCharacteristics",
    "multiInstanceLoopCharacteristics",
    "auditing",
    "monitoring",
    "artifact",
}
_ONCE = ("", "1")


def ignored(kind: str) -> bool:
    """Whether a child of a scope is no flow node, so that it is not run."""
    return kind in _IGNORED or kind.endswith("EventDefinition")


def refuse_attributes(element: etree._Element, kind: str, key: str, notes: Notes) -> bool:
    """Note what the attributes of a flow node ask for and nobody does; whether nothing was."""
    ok = True
    if is_true(element, "isForCompensation"):
        notes.error(
            COMPENSATION, key, "hoạt động bù trừ không chạy được.", "Hãy vẽ các bước hoàn tác."
        )
        ok = False
    if kind == "receiveTask" and is_true(element, "instantiate"):
        notes.error(
            INSTANTIATING_RECEIVE,
            key,
            "Receive Task không mở được hồ sơ.",
            "Hãy dùng sự kiện bắt đầu nhận thông điệp.",
        )
        ok = False
    if kind == "eventBasedGateway" and is_true(element, "instantiate"):
        notes.error(
            INSTANTIATING_GATEWAY,
            key,
            "cổng sự kiện không mở được quy trình.",
            "Hãy dùng các sự kiện bắt đầu nhận thông điệp.",
        )
        ok = False
    elif kind == "eventBasedGateway" and element.get("eventGatewayType") == "Parallel":
        notes.error(
            PARALLEL_EVENT_GATEWAY,
            key,
            "cổng sự kiện chờ song song không được hỗ trợ.",
            "Hãy dùng cổng song song, sau đó mỗi nhánh một sự kiện chờ.",
        )
        ok = False
    for attribute in ("startQuantity", "completionQuantity"):
        if element.get(attribute, "").strip() not in _ONCE:
            notes.error(
                TOKEN_QUANTITY,
                key,
                f"«{attribute}» khác 1 không được thực hiện.",
                "Hãy bỏ thuộc tính này; muốn lặp thì dùng dấu lặp.",
            )
    loops = ("standardLoopCharacteristics", "multiInstanceLoopCharacteristics")
    if kind not in ACTIVITIES and any(children(element, loop) for loop in loops):
        notes.error(LOOP_PLACE, key, "chỉ công việc mới lặp được.", "Hãy bỏ dấu lặp.")
    return ok
