"""Other engines' settings, scripts and languages: named, so that none is silently ignored.

What sets data or does work is an error; what this house may leave out is a warning; what only
concerns forms, assignment, retries or the picture is passed over. Knows no engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from engine.bpmn.rules import (
    CORRELATION,
    FOREIGN_BEHAVIOUR,
    FOREIGN_SETTING,
    FOREIGN_TEXT,
    LANGUAGE,
    Notes,
)
from engine.bpmn.xml import BPMN, OURS, drawn_elements, is_false, owner, tag

_VENDORS = {
    "http://camunda.org/schema/1.0/bpmn": "camunda",
    "http://camunda.org/schema/zeebe/1.0": "zeebe",
    "http://activiti.org/bpmn": "activiti",
    "http://flowable.org/bpmn": "flowable",
    "http://operaton.org/schema/1.0/bpmn": "operaton",
    "http://www.jboss.org/drools": "jbpm",
    OURS: "spiffworkflow",
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Namespaces that only speak of the picture, or of XML.
_PICTURE = re.compile(
    r"http://www\.omg\.org/spec/(BPMN|DD)/|http://(bpmn|camunda|modeler)\S*/schema/(bpmn|modeler)/"
    r"|http://bpmn\.io/|http://www\.signavio\.com|http://www\.w3\.org/"
)

# Settings that do work, choose the way or set data: without them the drawing runs otherwise.
_BEHAVIOUR = _words(
    """
    calledDecision calledElement class collection conditionalFilter connector decisionRef
    delegateExpression elementIndexVariable elementVariable errorEventDefinition
    eventInParameter eventListener eventOutParameter eventType exclude executionListener
    executionListeners expression expressionResult field in inputOutput ioMapping
    loopCharacteristics mapDecisionResult mapException messagePayload messageVariable
    onEntry-script onExit-script
    out payloadExpression postScript preScript processVariableCorrelation
    resource resultVariable resultVariableName ruleVariablesInput rules script
    serviceTaskOperator skipExpression taskDefinition taskListener taskListeners topic type
    variableAggregation variableMappingClass variableMappingDelegateExpression variableName
    """
)
# Settings about who, when to look, how it is shown or retried: nothing runs otherwise.
_HARMLESS = _words(
    """
    allowGuest assignee assignmentDefinition async asyncAfter asyncBefore asyncLeave
    businessCalendarName calledDecisionId candidateGroups candidateStarterGroups
    candidateStarterUsers candidateUsers category constraint customProperties documentation
    dueDate exclusive executionPlatform expectedOutputJson failedJobRetryTimeCycle followUpDate
    formData formDefinition formField formFieldValidation formHandlerClass formKey formProperty
    formRef formRefBinding formRefVersion formVersion guestConfirmation header historyTimeToLive
    inputJson instructionsForEndUser isExecutable isForm isStartableInTasklist jobPriority
    linkedForm localization metaData metaValue modelerTemplate modelerTemplateIcon
    modelerTemplateVersion name owner packageName potentialStarter priority priorityDefinition
    properties property retryTimeCycle ruleFlowGroup sameDeployment selectable signalButtonLabel
    taskHeaders taskName taskPriority taskSchedule unitTest unitTests userTask userTaskForm
    validation value version versionTag waitStateId
    """
)
_CORRELATION = {"subscription", "correlationKey", "processVariableCorrelations"}
_CURE = "Hãy bỏ thiết lập này; dùng Script Task (FEEL) hoặc thuộc tính của phần tử."

_LOOKED_AT = 2_000  # characters of a text that are looked at to recognise its language
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_COMPUTED = re.compile(r"[$#]\{|^\s*=")
_NAMED = {
    "message": ("name",),
    "signal": ("name",),
    "error": ("errorCode",),
    "escalation": ("escalationCode",),
}
_JUEL = ("JUEL", "Hãy bỏ ${…} hoặc #{…} và viết bằng FEEL, ví dụ: so_tien > 1000.")
_RECOGNISED: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"[$#]\{"), *_JUEL),
    (
        re.compile(r"===|!==|&&|\|\||\b(var|let|const)\s+\w+\s*=|=>|;\s*$", re.MULTILINE),
        "JavaScript",
        "FEEL viết «=» cho bằng, «and», «or» cho và, hoặc; mỗi dòng một phép gán, không có «;».",
    ),
    (
        re.compile(r"\b(True|False|None)\b|==|\bimport\s+\w|\bis not\b|\blambda\b|^\s*def\s", re.M),
        "Python",
        "FEEL viết «=» cho bằng, «true», «false», «null» bằng chữ thường.",
    ),
    (
        re.compile(r"\bexecution\.|\bdef\s+\w+\s*=|\?\.|\.(equals|contains|getVariable)\("),
        "Groovy hoặc Java",
        "Hãy viết bằng FEEL: tên trường đứng một mình, «=» cho bằng, hàm như contains(a, b).",
    ),
)
_TEXTS = {
    "conditionExpression": "language",
    "scriptTask": "scriptFormat",
    "loopCondition": "language",
    "loopCardinality": "language",
    "completionCondition": "language",
    "timeDate": "language",
    "timeDuration": "language",
    "timeCycle": "language",
}
_NEUTRAL = ("feel", "xpath")


def recognise(text: str) -> tuple[str, str] | None:
    """The other language a text is written in, with the cure; None when none is seen."""
    plain = _QUOTED.sub('""', text[:_LOOKED_AT])
    for pattern, language, cure in _RECOGNISED:
        if pattern.search(plain):
            return language, cure
    return None


def check_foreign(root: etree._Element, notes: Notes) -> None:
    """Note foreign languages and settings everywhere but in pools that are only drawn."""
    expressions, seen = False, set[str]()
    for element in _running(root):
        if not isinstance(element.tag, str):
            continue
        kind = tag(element)
        if kind in _TEXTS:
            expressions = _language(element, kind, notes) or expressions
        elif not kind:
            _setting(element, etree.QName(element), seen, notes)
        for name in element.attrib:
            if str(name).startswith("{"):
                _setting(element, etree.QName(str(name)), seen, notes)
        if kind == "correlationSubscription":
            _correlation(element, notes)
        for name in _NAMED.get(kind, ()):
            _computed(element, element.get(name, ""), notes)
    declared = root.get("expressionLanguage", "")
    if expressions and declared and not any(word in declared.lower() for word in _NEUTRAL):
        _foreign_language(root, declared, notes)


def _running(root: etree._Element) -> Iterator[etree._Element]:
    yield root
    for top in root:
        if not (tag(top) == "process" and is_false(top, "isExecutable")):
            yield from top.iter()


def _language(element: etree._Element, kind: str, notes: Notes) -> bool:
    """Note a declared language that is not FEEL; True when none is declared."""
    language = element.get(_TEXTS[kind]) or element.get("scriptFormat") or ""
    if language and "feel" not in language.lower():
        _foreign_language(element, language, notes)
    return not language


def _computed(element: etree._Element, text: str, notes: Notes) -> None:
    """Names are plain text here; one that another engine would compute never matches."""
    if _COMPUTED.search(text):
        notes.error(
            FOREIGN_TEXT,
            owner(element),
            f"tên hoặc mã «{text[:80]}» là một biểu thức, ở đây tên được so từng chữ.",
            "Hãy ghi tên cố định.",
        )


def _foreign_language(element: etree._Element, language: str, notes: Notes) -> None:
    notes.error(
        LANGUAGE,
        owner(element),
        f"ngôn ngữ «{language[:80]}» không được dùng.",
        "Hãy viết bằng FEEL và bỏ tên ngôn ngữ khác.",
    )


def _setting(element: etree._Element, name: etree.QName, seen: set[str], notes: Notes) -> None:
    space = name.namespace or ""
    vendor = _VENDORS.get(space)
    if vendor is None and space not in seen and not _PICTURE.match(space):
        seen.add(space)
        notes.warning(
            FOREIGN_SETTING,
            owner(element),
            f"phần mở rộng «{name.localname}» theo «{space[:100]}» bị bỏ qua, kể cả ở chỗ khác.",
            "Hãy kiểm tra rằng quy trình vẫn đúng khi không có phần mở rộng này.",
        )
    if vendor is None or name.localname in _HARMLESS:
        return
    above = element.getparent()
    if (
        above is not None
        and etree.QName(above).namespace == name.namespace
        and (etree.QName(above).localname not in _HARMLESS)
    ):
        return  # a part of a setting that has been named
    if name.localname in _CORRELATION:
        _correlation(element, notes)
    elif name.localname in _BEHAVIOUR:
        notes.error(
            FOREIGN_BEHAVIOUR,
            owner(element),
            f"thiết lập «{_label(vendor, name.localname)}» không được thực hiện.",
            _CURE,
        )
    else:
        notes.warning(
            FOREIGN_SETTING,
            owner(element),
            f"thiết lập «{_label(vendor, name.localname)}» bị bỏ qua.",
            "Hãy kiểm tra rằng quy trình vẫn đúng khi không có thiết lập này, rồi bỏ nó.",
        )


def _label(vendor: str, name: str) -> str:
    return name if vendor == "spiffworkflow" else f"{vendor}:{name}"


def _correlation(element: etree._Element, notes: Notes) -> None:
    notes.doubt(
        CORRELATION,
        owner(element),
        "khoá tương quan không được dùng: thông điệp đi theo hồ sơ và luồng thông điệp.",
        "Hãy bỏ khoá tương quan; mỗi luồng thông điệp đã chỉ rõ nơi nhận trong cùng hồ sơ.",
    )


def data_targets(root: etree._Element) -> dict[str, str]:
    """What data associations would set: name or id to the id of the element they belong to."""
    names: dict[str, str] = {}
    ids = {e.get("id"): e for e in drawn_elements(root) if e.get("id")}
    for kind in ("dataInputAssociation", "dataOutputAssociation"):
        for association in root.iter(f"{{{BPMN}}}{kind}"):
            if not _assigns(association):
                continue
            for reference in association.findall(f"{{{BPMN}}}targetRef"):
                key = (reference.text or "").strip().rsplit(":", 1)[-1]
                place = owner(association.getparent()) or ""
                target = ids.get(key)
                while key:
                    names[key] = place
                    if target is not None and target.get("name"):
                        names[target.get("name", "")] = place
                    key = target.get("dataObjectRef", "") if target is not None else ""
                    target = ids.get(key)
                    if key in names:
                        break
    return names


def _assigns(association: etree._Element) -> bool:
    """Whether an association moves values, rather than only being drawn."""
    moved = ("assignment", "transformation", "sourceRef")
    return any(association.find(f"{{{BPMN}}}{name}") is not None for name in moved)
