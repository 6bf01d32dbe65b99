"""One drawn file as XML: its elements by id, and whether ids and references hold. No engine."""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from engine.bpmn.exports import adopt
from engine.bpmn.places import check_places
from engine.bpmn.rules import (
    BAD_VALUE,
    DANGLING,
    DOUBLED,
    DUPLICATE_ID,
    MISSING_ID,
    RESERVED_ID,
    Notes,
)
from engine.bpmn.xml import children, drawn_elements, owner, parse_xml, tag

# Attributes that name another element, possibly with a prefix as in ``tns:Process_1``.
_REFERENCES = (
    "sourceRef",
    "targetRef",
    "default",
    "attachedToRef",
    "processRef",
    "messageRef",
    "signalRef",
    "errorRef",
    "escalationRef",
    "calledElement",
    "dataObjectRef",
    "dataStoreRef",
    "categoryValueRef",
)
# Those whose element is looked up where it is needed are not looked up a second time here.
_PICTURE = ("dataObjectRef", "dataStoreRef", "categoryValueRef")
_ONCE = {
    "conditionExpression": "điều kiện",
    "script": "kịch bản lệnh",
    "loopCondition": "điều kiện lặp",
    "loopCardinality": "số lần lặp",
    "completionCondition": "điều kiện dừng lặp",
    "loopDataInputRef": "danh sách lặp",
    "loopDataOutputRef": "danh sách kết quả",
    "inputDataItem": "tên mục lặp",
    "outputDataItem": "tên kết quả",
    "standardLoopCharacteristics": "dấu lặp",
    "multiInstanceLoopCharacteristics": "dấu lặp",
    "extensionElements": "phần mở rộng",
    "timeDate": "thời điểm",
    "timeDuration": "thời hạn",
    "timeCycle": "chu kỳ",
}
_YES_NO = (
    "isExecutable",
    "triggeredByEvent",
    "cancelActivity",
    "isInterrupting",
    "isSequential",
    "testBefore",
    "instantiate",
    "isForCompensation",
    "parallelMultiple",
)
_LISTS = {"flowNodeRef": "làn", "incoming": "phần tử", "outgoing": "phần tử"}
_NAMED = {
    "process",
    "participant",
    "messageFlow",
    "message",
    "signal",
    "error",
    "escalation",
}

# What becomes a node or a flow, among which our own have names with «__».
_OF_THE_GRAPH = ("ask", "Gateway", "Event", "rocess", "Activity", "transaction", "Flow")


@dataclass
class Source:
    """A file: its root, its elements by id (the first of each) and its processes."""

    name: str
    root: etree._Element
    ids: dict[str, etree._Element] = field(default_factory=dict)
    processes: dict[str, etree._Element] = field(default_factory=dict)

    def find(self, kind: str, reference: str | None) -> etree._Element | None:
        """The element of this kind with this id."""
        found = self.ids.get(reference or "")
        return found if found is not None and tag(found) == kind else None


def load(source: bytes, name: str, notes: Notes) -> Source | None:
    """The file with its ids noted; None when it cannot be read at all."""
    root = parse_xml(source, notes)
    if root is None:
        return None
    adopt(root)
    loaded = Source(name, root)
    for element in drawn_elements(root):
        _identify(loaded, element, notes)
        _values(element, notes)
    check_places(root, notes)
    for process in children(root, "process"):
        key = process.get("id", "")
        if loaded.ids.get(key) is process:
            loaded.processes[key] = process
    _unprefix(loaded)
    _references(loaded, notes)
    return loaded


def _identify(loaded: Source, element: etree._Element, notes: Notes) -> None:
    key = element.get("id", "").strip()
    if not key:
        if tag(element) in _NAMED:
            notes.error(
                MISSING_ID, owner(element), f"«{tag(element)}» không có mã.", "Hãy đặt mã (id)."
            )
        return
    element.set("id", key)
    if key.startswith("__") and tag(element).endswith(_OF_THE_GRAPH):
        notes.error(RESERVED_ID, key, "mã bắt đầu bằng «__».", "Hãy đặt mã khác.")
    if loaded.ids.setdefault(key, element) is not element:
        notes.error(DUPLICATE_ID, key, "mã bị dùng hai lần.", "Hãy đặt mã khác.")


def _values(element: etree._Element, notes: Notes) -> None:
    """What is written twice or not as its type asks has no meaning that all tools share."""
    for attribute in _YES_NO:
        value = element.get(attribute)
        if value is not None and value.strip() not in ("true", "false", "0", "1"):
            notes.error(
                BAD_VALUE,
                owner(element),
                f"«{attribute}» ghi «{value[:40]}», không rõ là đúng hay sai.",
                "Hãy ghi true hoặc false.",
            )
    kinds = [_ONCE.get(tag(child)) for child in element if isinstance(child.tag, str)]
    for what in {kind for kind in kinds if kind is not None and kinds.count(kind) > 1}:
        notes.error(
            DOUBLED, owner(element), f"{what} được ghi hai lần.", "Hãy giữ một, bỏ cái kia."
        )


def _unprefix(loaded: Source) -> None:
    for element in drawn_elements(loaded.root):
        for attribute in _REFERENCES:
            value = element.get(attribute)
            if value is not None and value not in loaded.ids and not _elsewhere(element, value):
                element.set(attribute, value.strip().rsplit(":", 1)[-1])
        if tag(element) in _LISTS and element.text is not None:
            value = element.text.strip()
            if ":" in value and value not in loaded.ids:
                element.text = value.rsplit(":", 1)[1]


def _elsewhere(element: etree._Element, reference: str) -> bool:
    """Whether a reference is to an imported file, which may use the same ids."""
    space = element.nsmap.get(reference.strip().partition(":")[0]) if ":" in reference else None
    root = element.getroottree().getroot()
    return space is not None and any(i.get("namespace") == space for i in children(root, "import"))


def _references(loaded: Source, notes: Notes) -> None:
    """What only the picture refers to; what runs is looked up where it is read."""
    for element in drawn_elements(loaded.root):
        kind = tag(element)
        named = [element.get(attribute) for attribute in _PICTURE]
        if kind in _LISTS:
            named = [(element.text or "").strip()]
        elif kind == "association":
            named += [element.get("sourceRef"), element.get("targetRef")]
        for reference in named:
            if reference and reference not in loaded.ids:
                notes.doubt(
                    DANGLING,
                    owner(element),
                    f"trỏ tới «{reference}» không có trong tệp.",
                    "Hãy mở tệp trong trình vẽ, xoá hoặc nối lại chỗ này rồi lưu.",
                )
