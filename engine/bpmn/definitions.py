"""What a drawn event waits for or throws, and how an activity repeats. Knows no engine."""

from __future__ import annotations

import re

from lxml import etree

from engine.bpmn.graph import Event, Loop
from engine.bpmn.rules import (
    COMPENSATION,
    CONDITIONAL_EVENT,
    DANGLING,
    FOREIGN_TEXT,
    LOOP_BOUND,
    MISPLACED_EVENT,
    MULTI_INSTANCE_COUNT,
    MULTI_INSTANCE_EVENTS,
    MULTI_INSTANCE_RESULT,
    MULTIPLE_EVENTS,
    TIMER_MISSING,
    TIMER_TEXT,
    Notes,
)
from engine.bpmn.source import Source
from engine.bpmn.xml import child_text, children, is_true, tag

# An event that was refused: the node stays in the graph, nothing more is said about it.
REFUSED = "refused"
_NAME = re.compile(r"^[^\W\d]\w*$")
_EVENT_KINDS = {
    "messageEventDefinition": "message",
    "timerEventDefinition": "timer",
    "signalEventDefinition": "signal",
    "errorEventDefinition": "error",
    "escalationEventDefinition": "escalation",
    "terminateEventDefinition": "terminate",
    "cancelEventDefinition": "cancel",
    "linkEventDefinition": "link",
}
_ALLOWED = {
    "startEvent": {"none", "message", "timer", "signal", "error", "escalation"},
    "endEvent": {"none", "message", "signal", "error", "escalation", "terminate", "cancel"},
    "intermediateCatchEvent": {"message", "timer", "signal", "link"},
    "intermediateThrowEvent": {"none", "message", "signal", "escalation", "link"},
    "boundaryEvent": {"message", "timer", "signal", "error", "escalation", "cancel"},
}
_WORDS = {
    "none": "không có loại",
    "message": "thông điệp",
    "timer": "hẹn giờ",
    "signal": "tín hiệu",
    "error": "lỗi",
    "escalation": "báo cấp trên",
    "terminate": "dừng tất cả",
    "cancel": "huỷ giao dịch",
    "link": "liên kết",
}
# Literal times that say something else than the kind of timer they stand in.
_BACKWARDS = (re.compile(r'"?\s*(-P|P-)'), "thời hạn âm")
_NO_TIME = (re.compile(r'"?\s*(p[\dt]\w*|P|\d+|\d{4}-W.*)\s*"?$'), "không đúng ISO 8601")
_NOT_HERE = {
    "timeDate": (_BACKWARDS, _NO_TIME, (re.compile(r'"?\s*(P\w|R\d*/)'), "không phải thời điểm")),
    "timeDuration": (
        _BACKWARDS,
        _NO_TIME,
        (re.compile(r'"?\s*(\d{4}-\d\d-\d\d|R\d*/)'), "không phải thời hạn"),
    ),
    "timeCycle": (
        _BACKWARDS,
        _NO_TIME,
        (re.compile(r'"?\s*(P\w|\d{4}-\d\d)'), "không ghi lặp mấy lần"),
        (re.compile(r'"?\s*R0+/'), "không lần nào"),
        (re.compile(r'"?\s*R\d*/\d{4}-[^/]*$'), "thiếu khoảng cách giữa hai lần"),
    ),
}
_TIMERS = "timeDate là một thời điểm, timeDuration như «P2D», timeCycle như «R3/PT24H»."
_COUNTS = re.compile(r"\bnrOf(Completed|Active)?Instances\b")
_OTHER_EVENT = "Hãy dùng sự kiện thông điệp, hẹn giờ, tín hiệu, lỗi hoặc báo cấp trên."


def read_event(source: Source, element: etree._Element, kind: str, notes: Notes) -> Event:
    """The event of an event node; what cannot mean anything there is noted."""
    key = element.get("id", "")
    found = [child for child in element if tag(child).endswith("EventDefinition")]
    for reference in children(element, "eventDefinitionRef"):
        shared = source.ids.get((reference.text or "").strip().rsplit(":", 1)[-1])
        if shared is None or not tag(shared).endswith("EventDefinition"):
            _dangling(notes, key, "định nghĩa sự kiện", (reference.text or "").strip())
            return Event(REFUSED)
        found.append(shared)
    if len(found) > 1 or is_true(element, "parallelMultiple"):
        notes.error(
            MULTIPLE_EVENTS,
            key,
            "một sự kiện có nhiều định nghĩa.",
            "Hãy tách thành các sự kiện riêng, hoặc dùng cổng sự kiện.",
        )
        return Event(REFUSED)
    event = _definition(source, element, found[0], key, notes) if found else Event()
    if event.kind != REFUSED and event.kind not in _ALLOWED[kind]:
        notes.error(
            MISPLACED_EVENT,
            key,
            f"sự kiện loại «{_WORDS[event.kind]}» không dùng được ở đây.",
            "Hãy chọn loại sự kiện khác.",
        )
        return Event(REFUSED)
    return event


def _definition(
    source: Source, element: etree._Element, definition: etree._Element, key: str, notes: Notes
) -> Event:
    what = tag(definition)
    if what not in _EVENT_KINDS:
        rule, reason = {
            "compensateEventDefinition": (COMPENSATION, "sự kiện bù trừ không chạy được."),
            "conditionalEventDefinition": (
                CONDITIONAL_EVENT,
                "sự kiện điều kiện không nhận ra thay đổi ở nhánh khác.",
            ),
        }.get(what, (MISPLACED_EVENT, f"sự kiện «{what}» không chạy được."))
        notes.error(rule, key, reason, _OTHER_EVENT)
        return Event(REFUSED)
    kind = _EVENT_KINDS[what]
    if kind == "message":
        return Event(kind, message_name(source, definition, key, notes))
    if kind == "link":
        return Event(kind, definition.get("name") or element.get("name", ""))
    if kind == "timer":
        return _timer(definition, key, notes)
    if kind in ("signal", "error", "escalation"):
        reference = definition.get(f"{kind}Ref")
        target = source.find(kind, reference)
        if reference and target is None:
            _dangling(notes, key, kind, reference)
            return Event(REFUSED)
        if kind == "signal":
            name = target.get("name") if target is not None else element.get("name")
            # Without a name it is nobody else's signal.
            return Event(kind, name or reference or key)
        if target is None:
            return Event(kind)
        return Event(kind, target.get("name", ""), target.get(f"{kind}Code") or target.get("id"))
    return Event(kind)


def _timer(definition: etree._Element, key: str, notes: Notes) -> Event:
    found = [
        (name, text)
        for name in ("timeDate", "timeDuration", "timeCycle")
        if (text := child_text(definition, name))
    ]
    if len(found) == 1:
        name, text = found[0]
        wrong = next((why for shape, why in _NOT_HERE[name] if shape.match(text)), None)
        if wrong is None:
            return Event("timer", timer=text, cycle=name == "timeCycle")
        notes.error(TIMER_TEXT, key, f"«{text[:60]}» ghi ở «{name}»: {wrong}.", _TIMERS)
        return Event(REFUSED)
    reason = "hẹn giờ có nhiều thời hạn." if found else "hẹn giờ không có thời hạn."
    notes.error(TIMER_MISSING, key, reason, 'Hãy ghi một thời hạn, ví dụ "P2D".')
    return Event(REFUSED)


def message_name(source: Source, element: etree._Element, key: str, notes: Notes) -> str:
    """The name of the message a definition or a task refers to, else its own label."""
    reference = element.get("messageRef")
    if not reference:
        above = element.getparent()
        return element.get("name") or (above.get("name", "") if above is not None else "")
    target = source.find("message", reference)
    if target is None:
        _dangling(notes, key, "message", reference)
        return reference
    return target.get("name") or target.get("id", "")


def _dangling(notes: Notes, key: str, kind: str, reference: str) -> None:
    what = _WORDS.get(kind, kind)
    notes.error(
        DANGLING, key, f"trỏ tới {what} «{reference}» không có.", "Hãy chọn lại trong bảng."
    )


def read_loop(element: etree._Element, key: str, notes: Notes) -> Loop | None:
    """How an activity repeats; None when it does not."""
    for standard in children(element, "standardLoopCharacteristics"):
        return _standard(standard, key, notes)
    for multi in children(element, "multiInstanceLoopCharacteristics"):
        return _multi(multi, key, notes)
    return None


def _standard(standard: etree._Element, key: str, notes: Notes) -> Loop:
    maximum = (standard.get("loopMaximum") or "").strip()
    loop = Loop(
        "standard",
        maximum=int(maximum) if maximum.isdecimal() and len(maximum) < 10 else None,
        test_before=is_true(standard, "testBefore"),
        condition=child_text(standard, "loopCondition"),
    )
    if maximum and loop.maximum is None:
        notes.error(
            LOOP_BOUND,
            key,
            f"số lần lặp «{maximum[:40]}» không phải số.",
            "Hãy ghi một số nguyên, ví dụ 3.",
        )
    elif loop.maximum is None and loop.condition is None:
        notes.error(
            LOOP_BOUND, key, "vòng lặp không có điều kiện.", "Hãy ghi điều kiện hoặc số lần."
        )
    return loop


def _multi(multi: etree._Element, key: str, notes: Notes) -> Loop:
    loop = Loop("sequential" if is_true(multi, "isSequential") else "parallel")
    loop.cardinality = child_text(multi, "loopCardinality")
    loop.items = child_text(multi, "loopDataInputRef")
    loop.results = child_text(multi, "loopDataOutputRef")
    loop.condition = child_text(multi, "completionCondition")
    for item in children(multi, "inputDataItem"):
        loop.item = _variable(item)
    for item in children(multi, "outputDataItem"):
        loop.result = _variable(item)
    if (loop.cardinality is None) == (loop.items is None):
        notes.error(
            MULTI_INSTANCE_COUNT,
            key,
            "lặp nhiều phiên cần đúng một trong hai: số lần hoặc danh sách.",
            "Hãy ghi số lần (cardinality) hoặc tên danh sách.",
        )
    if (loop.results is None) != (loop.result is None):
        notes.error(
            MULTI_INSTANCE_RESULT,
            key,
            "lặp nhiều phiên thiếu tên danh sách kết quả hoặc tên kết quả.",
            "Hãy ghi cả hai, hoặc bỏ cả hai.",
        )
    if loop.condition is not None and (name := _COUNTS.search(loop.condition)):
        notes.error(
            FOREIGN_TEXT,
            key,
            f"«{name[0]}» là tên của phần mềm khác, ở đây không có giá trị.",
            f"Hãy viết «{name[0].replace('nrOf', 'numberOf')}».",
        )
    if multi.get("behavior", "All") not in ("All", "all") or children(
        multi, "complexBehaviorDefinition"
    ):
        notes.error(
            MULTI_INSTANCE_EVENTS,
            key,
            "lặp nhiều phiên ném sự kiện sau mỗi phiên, điều này không chạy được.",
            "Hãy bỏ thiết lập behavior; ném sự kiện ở bước sau đó.",
        )
    return loop


def _variable(item: etree._Element) -> str | None:
    """The data name of an item: its name, unless that is only a label and the id can be one."""
    name, key = item.get("name"), item.get("id")
    return name if name and (_NAME.match(name) or not key) else key
