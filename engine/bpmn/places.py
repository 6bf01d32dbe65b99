"""What changes the run stands where it is looked for, not where it is passed over. No engine."""

from __future__ import annotations

import re

from lxml import etree

from engine.bpmn.graph import EVENTS, GATEWAYS, TASKS
from engine.bpmn.rules import UNKNOWN_ATTRIBUTE, UNKNOWN_ELEMENT, Notes
from engine.bpmn.xml import BPMN, drawn_elements, is_false, is_true, owner, tag


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SUB_PROCESSES = ("subProcess", "transaction", "adHocSubProcess")
_SCOPES = frozenset({"process", *_SUB_PROCESSES, "choreography", "subChoreography"})
_NODES = {*TASKS, *GATEWAYS, *EVENTS, *_SUB_PROCESSES} | {
    *("task", "serviceTask", "callActivity", "complexGateway", "choreographyTask", "sequenceFlow")
}
_REPEATS = frozenset({"multiInstanceLoopCharacteristics"})
_TIMER = frozenset({"timerEventDefinition"})
_PLACES: dict[str, frozenset[str]] = {
    **dict.fromkeys(_NODES, _SCOPES),
    **dict.fromkeys(("process", "collaboration"), frozenset({"definitions"})),
    "conditionExpression": frozenset({"sequenceFlow"}),
    "script": frozenset({"scriptTask", "globalScriptTask"}),
    "loopCondition": frozenset({"standardLoopCharacteristics"}),
    "completionCondition": _REPEATS | {"adHocSubProcess"},
    **dict.fromkeys(("loopCardinality", "loopDataInputRef", "loopDataOutputRef"), _REPEATS),
    **dict.fromkeys(("inputDataItem", "outputDataItem"), _REPEATS),
    **dict.fromkeys(("timeDate", "timeDuration", "timeCycle"), _TIMER),
}
_EVENT_PLACES = frozenset({*EVENTS, "implicitThrowEvent", "event", "definitions"})
_TEXTS = {"conditionExpression", "script", "loopCondition", "loopCardinality"} | {
    *("completionCondition", "timeDate", "timeDuration", "timeCycle")
}
# An unknown attribute of such a name was meant to change the run.
_TELLING = re.compile(
    "condition|default|interrupt|cancel|loop|instance|trigger|duration|cycle|terminat|compens", re.I
)
_MOST_TOLD = 100  # unknown attributes of a file; more say nothing new
# The names of the standard, abstract ones left out.
_ATTRIBUTES = _words(
    """
    activityRef associationDirection attachedToRef behavior calledChoreographyRef
    calledCollaborationRef calledElement cancelActivity cancelRemainingInstances capacity
    categoryValueRef completionQuantity correlationKeyRef correlationPropertyRef
    dataObjectRef dataStoreRef default definition definitionalCollaborationRef direction
    errorCode errorRef escalationCode escalationRef evaluatesToTypeRef eventGatewayType
    exporter exporterVersion expressionLanguage extensionAttributeDefinition
    extensionDefinition gatewayDirection id implementation implementationRef importType
    initiatingParticipantRef innerConversationNodeRef innerMessageFlowRef
    innerParticipantRef inputDataRef instantiate isClosed isCollection isExecutable
    isForCompensation isImmediate isInterrupting isReference isRequired isSequential
    isUnlimited itemKind itemRef itemSubjectRef language location loopMaximum loopType
    maximum messageRef method minimum mustUnderstand name namespace noneBehaviorEventRef
    oneBehaviorEventRef operationRef ordering outerConversationNodeRef outerMessageFlowRef
    outerParticipantRef outputDataRef parallelMultiple parameterRef partitionElementRef
    processRef processType protocol script scriptFormat scriptLanguage signalRef sourceRef
    startQuantity structureRef targetNamespace targetRef testBefore textFormat
    transactionMethod triggeredByEvent type typeLanguage value valueRef waitForCompletion
    """
)
_ELEMENTS = _words(
    """
    activationCondition adHocSubProcess artifact assignment association auditing
    baseElementWithMixedContent boundaryEvent boundaryEventRefs businessRuleTask
    callActivity callChoreography callConversation cancelEventDefinition category
    categoryValue categoryValueRef childLaneSet choreography choreographyRef
    choreographyTask collaboration communication compensateEventDefinition
    completionCondition complexBehaviorDefinition complexGateway condition
    conditionExpression conditionalEventDefinition conversation conversationAssociation
    conversationLink correlationKey correlationProperty correlationPropertyBinding
    correlationPropertyRef correlationPropertyRetrievalExpression correlationSubscription
    dataInput dataInputAssociation dataInputRefs dataObject dataObjectReference dataOutput
    dataOutputAssociation dataOutputRefs dataPath dataState dataStore dataStoreReference
    definitions documentation endEvent endPoint endPointRef endPointRefs error errorEventDefinition
    errorRef escalation escalationEventDefinition event eventBasedGateway eventDefinition
    eventDefinitionRef exclusiveGateway expression extension extensionElements flowNodeRef
    formalExpression from globalBusinessRuleTask globalChoreographyTask globalCommunication
    globalConversation globalManualTask globalScriptTask globalTask globalUserTask group
    humanPerformer implicitThrowEvent import inMessageRef inclusiveGateway incoming
    incomingConversationLinks inputDataItem inputSet inputSetRef inputSetRefs interface interfaceRef
    intermediateCatchEvent intermediateThrowEvent ioBinding ioSpecification itemDefinition
    lane laneSet linkEventDefinition loopCardinality loopCondition loopDataInputRef
    loopDataOutputRef manualTask message messageEventDefinition messageFlow
    messageFlowAssociation messageFlowRef messagePath monitoring
    multiInstanceLoopCharacteristics operation operationRef optionalInputRefs
    optionalOutputRefs outMessageRef outgoing outgoingConversationLinks outputDataItem
    outputSet outputSetRef outputSetRefs parallelGateway participant participantAssociation
    participantMultiplicity participantRef partitionElement partnerEntity partnerRole
    performer potentialOwner process property receiveTask relationship rendering resource
    resourceAssignmentExpression resourceParameter resourceParameterBinding resourceRef
    resourceRole rootElement script scriptTask sendTask sequenceFlow serviceTask signal
    signalEventDefinition source sourceRef standardLoopCharacteristics startEvent
    subChoreography subConversation subProcess supportedInterfaceRef supports target
    targetRef task terminateEventDefinition text textAnnotation timeCycle timeDate
    timeDuration timerEventDefinition to transaction transformation userTask
    whileExecutingInputRefs whileExecutingOutputRefs
    """
)
# What may hold an unknown element that nobody else tells of: not scopes, nor formatted text.
_HOLDERS = _ELEMENTS - _SCOPES - {"documentation", "text"}
# A value that is not the usual one, and the only elements that can have it.
_UNUSUAL = {
    "cancelActivity": (is_false, ("boundaryEvent",)),
    "isInterrupting": (is_false, ("startEvent",)),
    "triggeredByEvent": (is_true, _SUB_PROCESSES),
    "instantiate": (is_true, ("receiveTask", "eventBasedGateway")),
}


def check_places(root: etree._Element, notes: Notes) -> None:
    """Note every BPMN element, attribute and text that is not where it has a meaning.

    What stands in ``extensionElements`` or in another namespace is nobody's to run.
    """
    told: set[tuple[str, str]] = set()
    for element in drawn_elements(root):
        _element(element, notes)
        _attributes(element, told, notes)


def _element(element: etree._Element, notes: Notes) -> None:
    kind, above = tag(element), element.getparent()
    around = tag(above) if above is not None else ""
    places = _EVENT_PLACES if kind.endswith("EventDefinition") else _PLACES.get(kind)
    if around in ("", "extensionElements"):
        pass
    elif places is not None and around not in places:
        notes.error(
            UNKNOWN_ELEMENT,
            owner(element),
            f"«{kind}» nằm trong «{around}», ở đó nó không có nghĩa.",
            "Hãy mở tệp trong trình vẽ, đặt lại phần tử này rồi lưu.",
        )
    elif kind not in _ELEMENTS and around in _HOLDERS:
        notes.doubt(
            UNKNOWN_ELEMENT,
            owner(element),
            f"«{kind}» trong «{around}» không có trong BPMN 2.0, nên bị bỏ qua.",
            "Hãy xem lại cách viết, hoặc lưu lại từ trình vẽ sơ đồ.",
        )
    if kind in _TEXTS and any(_is_text_no_more(inner) for inner in element):
        notes.error(
            UNKNOWN_ELEMENT,
            owner(element),
            f"trong «{kind}» có một phần tử khác xen giữa biểu thức.",
            "Hãy ghi biểu thức bằng chữ thường, không định dạng.",
        )


def _attributes(element: etree._Element, told: set[tuple[str, str]], notes: Notes) -> None:
    kind = tag(element)
    for attribute, (unusual, kinds) in _UNUSUAL.items():
        if unusual(element, attribute) and kind not in kinds:
            notes.error(
                UNKNOWN_ATTRIBUTE,
                owner(element),
                f"«{attribute}» không có nghĩa ở «{kind}».",
                "Hãy bỏ thuộc tính này, hoặc chọn lại loại phần tử.",
            )
    for key in element.attrib:
        name = str(key)
        if name.startswith(f"{{{BPMN}}}"):
            notes.error(
                UNKNOWN_ATTRIBUTE,
                owner(element),
                f"thuộc tính «{etree.QName(name).localname}» có tiền tố, nên không ai đọc nó.",
                "Hãy bỏ tiền tố trước tên thuộc tính.",
            )
        elif name[0] != "{" and name not in _ATTRIBUTES and (kind, name) not in told:
            told.add((kind, name))
            if len(told) > _MOST_TOLD:
                return
            note = notes.error if _TELLING.search(name) else notes.doubt
            note(
                UNKNOWN_ATTRIBUTE,
                owner(element),
                f"thuộc tính «{name[:80]}» của «{kind}» không có trong BPMN 2.0, nên bị bỏ qua.",
                "Hãy xem lại cách viết, hoặc lưu lại từ trình vẽ sơ đồ.",
            )


def _is_text_no_more(inner: etree._Element) -> bool:
    return isinstance(inner.tag, str) and tag(inner) not in ("documentation", "extensionElements")
