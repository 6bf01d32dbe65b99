"""What a drawn event waits for or throws, and how an activity repeats. Knows no engine."""

from __future__ import annotations

from lxml import etree

from engine.bpmn.graph import Event, Loop
from engine.bpmn.xml import child_text, children, tag
from engine.errors import ModelError

_EVENT_KINDS = {
    "messageEventDefinition": "message",
    "timerEventDefinition": "timer",
    "signalEventDefinition": "signal",
    "errorEventDefinition": "error",
    "escalationEventDefinition": "escalation",
    "terminateEventDefinition": "terminate",
    "linkEventDefinition": "link",
}
_ALLOWED = {
    "startEvent": {"none", "message", "timer", "signal", "error", "escalation"},
    "endEvent": {"none", "message", "signal", "error", "escalation", "terminate"},
    "intermediateCatchEvent": {"message", "timer", "signal", "link"},
    "intermediateThrowEvent": {"none", "message", "signal", "escalation", "link"},
    "boundaryEvent": {"message", "timer", "signal", "error", "escalation"},
}


def read_event(root: etree._Element, file: str, element: etree._Element, kind: str) -> Event:
    """The event of an event node; ModelError when it cannot mean anything there."""
    key = element.get("id", "")
    found = [child for child in element if tag(child).endswith("EventDefinition")]
    if children(element, "eventDefinitionRef") or len(found) > 1:
        raise ModelError(
            file,
            key,
            "một sự kiện có nhiều định nghĩa.",
            "Hãy tách thành các sự kiện riêng, hoặc dùng cổng sự kiện.",
        )
    if not found:
        event = Event()
    else:
        event = _definition(root, file, element, found[0], key)
    if event.kind not in _ALLOWED[kind]:
        raise ModelError(
            file,
            key,
            f"sự kiện loại «{event.kind}» không dùng được ở đây.",
            "Hãy chọn loại sự kiện khác.",
        )
    return event


def _definition(
    root: etree._Element,
    file: str,
    element: etree._Element,
    definition: etree._Element,
    key: str,
) -> Event:
    what = tag(definition)
    if what not in _EVENT_KINDS:
        reasons = {
            "compensateEventDefinition": "sự kiện bù trừ không chạy được.",
            "conditionalEventDefinition": "sự kiện điều kiện không nhận ra thay đổi ở nhánh khác.",
            "cancelEventDefinition": "sự kiện huỷ giao dịch không chạy được.",
        }
        raise ModelError(
            file,
            key,
            reasons.get(what, f"sự kiện «{what}» không chạy được."),
            "Hãy dùng sự kiện thông điệp, hẹn giờ, tín hiệu, lỗi hoặc báo cấp trên.",
        )
    kind = _EVENT_KINDS[what]
    if kind == "message":
        return Event(kind, message_name(root, file, definition, key))
    if kind == "link":
        return Event(kind, definition.get("name") or element.get("name", ""))
    if kind == "timer":
        for name in ("timeDate", "timeDuration", "timeCycle"):
            text = child_text(definition, name)
            if text:
                return Event(kind, timer=text, cycle=name == "timeCycle")
        raise ModelError(
            file, key, "hẹn giờ không có thời hạn.", 'Hãy ghi thời hạn, ví dụ "2 ngày".'
        )
    if kind in ("signal", "error", "escalation"):
        reference = definition.get(f"{kind}Ref")
        target = _root_element(root, file, kind, reference, key)
        if kind == "signal":
            name = target.get("name") if target is not None else element.get("name")
            return Event(kind, name or reference or "")
        if target is None:
            return Event(kind)
        return Event(kind, target.get("name", ""), target.get(f"{kind}Code") or target.get("id"))
    return Event(kind)


def message_name(root: etree._Element, file: str, element: etree._Element, key: str) -> str:
    """The name of the message a definition or a task refers to, else its own label."""
    target = _root_element(root, file, "message", element.get("messageRef"), key)
    if target is None:
        above = element.getparent()
        return element.get("name") or (above.get("name", "") if above is not None else "")
    return target.get("name") or target.get("id", "")


def _root_element(
    root: etree._Element, file: str, kind: str, reference: str | None, key: str
) -> etree._Element | None:
    if not reference:
        return None
    for element in children(root, kind):
        if element.get("id") == reference:
            return element
    raise ModelError(
        file, key, f"trỏ tới {kind} «{reference}» không có.", "Hãy chọn lại trong bảng."
    )


def read_loop(file: str, element: etree._Element, key: str) -> Loop | None:
    """How an activity repeats; None when it does not."""
    for standard in children(element, "standardLoopCharacteristics"):
        maximum = standard.get("loopMaximum")
        loop = Loop(
            "standard",
            maximum=int(maximum) if maximum and maximum.isdigit() else None,
            test_before=standard.get("testBefore") == "true",
            condition=child_text(standard, "loopCondition"),
        )
        if loop.maximum is None and loop.condition is None:
            raise ModelError(
                file, key, "vòng lặp không có điều kiện.", "Hãy ghi điều kiện hoặc số lần."
            )
        return loop
    for multi in children(element, "multiInstanceLoopCharacteristics"):
        loop = Loop("sequential" if multi.get("isSequential") == "true" else "parallel")
        loop.cardinality = child_text(multi, "loopCardinality")
        loop.items = child_text(multi, "loopDataInputRef")
        loop.results = child_text(multi, "loopDataOutputRef")
        loop.condition = child_text(multi, "completionCondition")
        for item in children(multi, "inputDataItem"):
            loop.item = item.get("name") or item.get("id")
        for item in children(multi, "outputDataItem"):
            loop.result = item.get("name") or item.get("id")
        if (loop.cardinality is None) == (loop.items is None):
            raise ModelError(
                file,
                key,
                "lặp nhiều phiên cần đúng một trong hai: số lần hoặc danh sách.",
                "Hãy ghi số lần (cardinality) hoặc tên danh sách.",
            )
        if (loop.results is None) != (loop.result is None):
            raise ModelError(
                file,
                key,
                "lặp nhiều phiên thiếu tên danh sách kết quả hoặc tên kết quả.",
                "Hãy ghi cả hai, hoặc bỏ cả hai.",
            )
        return loop
    return None
