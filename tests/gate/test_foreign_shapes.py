"""Drawings in the shapes other tools export: read as they are, refused where they would not run."""

from __future__ import annotations

import re

import pytest

from engine import bpmn
from engine.bpmn import gate
from tests.engine.bpmn.drawing import Clock

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
EXPORTS = {
    "prefixed, with a diagram and empty extensions": (
        "semantic",
        'id="ARIS_1"',
        """
        <semantic:collaboration id="COLLABORATION_1">
          <semantic:participant id="FLOWNODE_p" name="A" processRef="PROCESS_1"/>
        </semantic:collaboration>
        <semantic:message id="MESSAGE_1"/>
        <semantic:process id="PROCESS_1" isExecutable="true" name="A">
          <semantic:userTask id="n2" name="Task 1">
            <semantic:incoming>f1</semantic:incoming><semantic:outgoing>f2</semantic:outgoing>
          </semantic:userTask>
          <semantic:startEvent id="n1"><semantic:outgoing>f1</semantic:outgoing>
          </semantic:startEvent>
          <semantic:endEvent id="n3"><semantic:incoming>f2</semantic:incoming></semantic:endEvent>
          <semantic:sequenceFlow id="f1" sourceRef="n1" targetRef="n2"/>
          <semantic:sequenceFlow id="f2" sourceRef="n2" targetRef="n3"/>
        </semantic:process>
        <di:BPMNDiagram xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" id="d">
          <di:BPMNPlane bpmnElement="COLLABORATION_1" id="n1"/></di:BPMNDiagram>
        """,
        "n2",
    ),
    "every attribute spelled out, with lanes": (
        "",
        'expressionLanguage="http://www.w3.org/1999/XPath" '
        'typeLanguage="http://www.w3.org/2001/XMLSchema" exporter="Editor" '
        'xmlns:signavio="http://www.signavio.com"',
        """
        <process id="sid-1" isClosed="false" isExecutable="true" name="" processType="None">
          <extensionElements><signavio:signavioMetaData metaKey="x" metaValue=""/>
          </extensionElements>
          <laneSet id="sid-2"><lane id="sid-3" name="L"><flowNodeRef>sid-4</flowNodeRef>
            <flowNodeRef>sid-5</flowNodeRef></lane></laneSet>
          <startEvent id="sid-4" isInterrupting="true" parallelMultiple="false" name=""/>
          <userTask completionQuantity="1" id="sid-5" implementation="##unspecified"
            isForCompensation="false" name="Task 1 " startQuantity="1"/>
          <exclusiveGateway gatewayDirection="Diverging" id="sid-6" name=""/>
          <sequenceFlow id="sid-7" isImmediate="true" sourceRef="sid-4" targetRef="sid-5"/>
          <sequenceFlow id="sid-8" isImmediate="true" sourceRef="sid-5" targetRef="sid-6"/>
          <textAnnotation id="sid-9" textFormat="text/plain"><text>ghi</text></textAnnotation>
          <association associationDirection="None" id="sid-10" sourceRef="sid-5"
            targetRef="sid-9"/>
          <dataObject id="do" isCollection="false"/>
          <dataObjectReference id="dor" dataObjectRef="do" name="Hồ sơ"/>
        </process>
        """,
        "sid-5",
    ),
    "references with a prefix": (
        "bpmn2",
        'xmlns:tns="http://example.org/a" targetNamespace="http://example.org/a"',
        """
        <bpmn2:collaboration id="c"><bpmn2:participant id="P" processRef="tns:p"/>
          <bpmn2:participant id="Q"/>
          <bpmn2:messageFlow id="m" sourceRef="tns:Q" targetRef="tns:r"/></bpmn2:collaboration>
        <bpmn2:message id="M" name="Tin"/>
        <bpmn2:process id="p" isExecutable="true">
          <bpmn2:startEvent id="s"/><bpmn2:userTask id="u"/>
          <bpmn2:receiveTask id="r" messageRef="tns:M" instantiate="false"/>
          <bpmn2:sequenceFlow id="f" sourceRef="tns:s" targetRef="tns:u"/>
          <bpmn2:sequenceFlow id="g" sourceRef="u" targetRef="r"/>
        </bpmn2:process>
        """,
        "u",
    ),
    "a modeler's own marks and a form": (
        "bpmn",
        'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
        'xmlns:modeler="http://camunda.org/schema/modeler/1.0" '
        'modeler:executionPlatform="Cloud" xmlns:bioc="http://bpmn.io/schema/bpmn/biocolor/1.0"',
        """
        <bpmn:process id="p" isExecutable="true"><bpmn:documentation>d</bpmn:documentation>
          <bpmn:startEvent id="s" bioc:stroke="#000"/>
          <bpmn:userTask id="u"><bpmn:extensionElements><zeebe:userTask/>
            <zeebe:assignmentDefinition assignee="lan"/><zeebe:formDefinition formId="f"/>
            <zeebe:taskHeaders><zeebe:header key="a" value="b"/></zeebe:taskHeaders>
          </bpmn:extensionElements></bpmn:userTask>
          <bpmn:endEvent id="e"/>
          <bpmn:sequenceFlow id="f" sourceRef="s" targetRef="u"/>
          <bpmn:sequenceFlow id="g" sourceRef="u" targetRef="e"/>
        </bpmn:process>
        """,
        "u",
    ),
    "a script, a list and a call as one modeler writes them": (
        "bpmn",
        'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"',
        """
        <bpmn:process id="p" isExecutable="true"><bpmn:startEvent id="s"/>
          <bpmn:scriptTask id="list"><bpmn:extensionElements>
            <zeebe:script expression="=[1,&#10;2]" resultVariable="items"/>
          </bpmn:extensionElements></bpmn:scriptTask>
          <bpmn:callActivity id="call"><bpmn:extensionElements>
            <zeebe:calledElement processId="q" propagateAllChildVariables="true"/>
          </bpmn:extensionElements></bpmn:callActivity>
          <bpmn:userTask id="u"><bpmn:multiInstanceLoopCharacteristics isSequential="true">
            <bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="=items"
              inputElement="item" outputCollection="out" outputElement="=result"/>
            </bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>
          <bpmn:sequenceFlow id="f" sourceRef="s" targetRef="list"/>
          <bpmn:sequenceFlow id="g" sourceRef="list" targetRef="call"/>
          <bpmn:sequenceFlow id="h" sourceRef="call" targetRef="u"/>
        </bpmn:process>
        <bpmn:process id="q" isExecutable="true"><bpmn:startEvent id="qs"/>
          <bpmn:endEvent id="qe"/><bpmn:sequenceFlow id="qf" sourceRef="qs" targetRef="qe"/>
        </bpmn:process>
        """,
        "u",
    ),
    "a list by its name in another engine's attributes": (
        "",
        'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"',
        """
        <process id="p" isExecutable="true"><startEvent id="s"/>
          <scriptTask id="list"><script>items = [1, 2]</script></scriptTask>
          <userTask id="u"><multiInstanceLoopCharacteristics isSequential="true"
            camunda:collection="items" camunda:elementVariable="item"/></userTask>
          <sequenceFlow id="f" sourceRef="s" targetRef="list"/>
          <sequenceFlow id="g" sourceRef="list" targetRef="u"/>
        </process>
        """,
        "u",
    ),
    "forms, assignment and retries of another engine": (
        "",
        'xmlns:activiti="http://activiti.org/bpmn"',
        """
        <process id="p" isExecutable="true"><startEvent id="s" activiti:formKey="a"/>
          <userTask id="u" activiti:assignee="${lan}" activiti:candidateGroups="g"
            activiti:async="true" activiti:exclusive="false"><extensionElements>
            <activiti:formProperty id="x" name="y" type="string"/></extensionElements></userTask>
          <endEvent id="e"/>
          <sequenceFlow id="f" sourceRef="s" targetRef="u"/>
          <sequenceFlow id="g" sourceRef="u" targetRef="e"/>
        </process>
        """,
        "u",
    ),
}


def whole(prefix: str, attributes: str, inside: str) -> bytes:
    """A file in the namespace prefix of its tool."""
    name, mark = (f"{prefix}:definitions", f":{prefix}") if prefix else ("definitions", "")
    return f'<{name} xmlns{mark}="{BPMN}" {attributes}>{inside}</{name}>'.encode()


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_read_and_runs(name: str) -> None:
    """Its first task is open after the start, and nothing is wrong with it."""
    prefix, attributes, inside, first = EXPORTS[name]
    inspection = gate.inspect(whole(prefix, attributes, inside), name, strict=False)
    assert inspection.findings == ()
    assert inspection.model is not None
    move = bpmn.start(inspection.model, inspection.model.main.id, {}, Clock())
    assert [task.element for task in move.open_tasks] == [first]


TASK = '<startEvent id="s"/><userTask id="u">{}</userTask><endEvent id="e"/>'
FLOW = (
    '<sequenceFlow id="g" sourceRef="s" targetRef="u"/>'
    '<sequenceFlow id="f" sourceRef="u" targetRef="e">{}</sequenceFlow>'
)
VENDORS = (
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:drools="http://www.jboss.org/drools" '
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:activiti="http://activiti.org/bpmn" '
    'xmlns:flowable="http://flowable.org/bpmn" '
    'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"'
)


@pytest.mark.parametrize(
    "setting",
    [
        '<camunda:executionListener event="start" class="a.B"/>',
        '<camunda:taskListener event="create" expression="${x}"/>',
        '<camunda:inputOutput><camunda:inputParameter name="a">1</camunda:inputParameter>'
        "</camunda:inputOutput>",
        '<zeebe:ioMapping><zeebe:input source="=a" target="b"/></zeebe:ioMapping>',
        '<zeebe:taskDefinition type="job"/>',
        '<zeebe:executionListeners><zeebe:executionListener type="x"/></zeebe:executionListeners>',
        '<drools:onEntry-script scriptFormat="http://www.java.com/java"><drools:script>x();'
        "</drools:script></drools:onEntry-script>",
        '<activiti:executionListener event="start" class="a.B"/>',
        '<flowable:eventListener class="a.B"/>',
        "<spiffworkflow:preScript>x = 1</spiffworkflow:preScript>",
        "<spiffworkflow:postScript>x = 1</spiffworkflow:postScript>",
    ],
)
def test_another_engines_work_is_refused_once(setting: str) -> None:
    """One finding, at the element that has the setting."""
    inside = TASK.format(f"<extensionElements>{setting}</extensionElements>") + FLOW.format("")
    source = whole("", VENDORS, f'<process id="p" isExecutable="true">{inside}</process>')
    found = gate.inspect(source, "x", strict=False).findings
    assert [(f.rule, f.severity, f.element) for f in found] == [("foreign-behaviour", "error", "u")]


@pytest.mark.parametrize(
    "element",
    [
        '<scriptTask id="u">{zeebe}<zeebe:script expression="a" resultVariable="b"/>{end}',
        '<scriptTask id="u">{zeebe}<zeebe:script expression="=a" resultVariable="b.c"/>{end}',
        '<callActivity id="u">{zeebe}<zeebe:calledElement processId="=a"/>{end}',
        '<callActivity id="u">{zeebe}'
        '<zeebe:calledElement processId="q" propagateAllChildVariables="false"/>{end}',
        '<userTask id="u">{many}{zeebe}'
        '<zeebe:loopCharacteristics inputCollection="=[1, 2]"/>{end}{more}',
        '<userTask id="u">{many}{zeebe}<zeebe:loopCharacteristics inputCollection="=a" '
        'outputCollection="out" outputElement="={{x: 1}}"/>{end}{more}',
        '<userTask id="u"><multiInstanceLoopCharacteristics camunda:collection="${{a}}">{more}',
    ],
)
def test_what_says_more_than_bpmn_can_stays_refused(element: str) -> None:
    """A text instead of FEEL, a computed target, data held back, a computed list."""
    kind = element.split()[0].strip("<")
    end, more = "</extensionElements>", "</multiInstanceLoopCharacteristics>"
    many = more.replace("/", "")
    inside = element.format(zeebe="<extensionElements>", end=end, many=many, more=more)
    source = whole(
        "",
        VENDORS,
        f'<process id="p" isExecutable="true"><startEvent id="s"/>{inside}</{kind}>'
        '<sequenceFlow id="g" sourceRef="s" targetRef="u"/></process>'
        '<process id="q" isExecutable="true"><startEvent id="qs"/><endEvent id="qe"/>'
        '<sequenceFlow id="qf" sourceRef="qs" targetRef="qe"/></process>',
    )
    found = gate.inspect(source, "x", strict=False).findings
    assert ("foreign-behaviour", "error", "u") in [(f.rule, f.severity, f.element) for f in found]


@pytest.mark.parametrize(
    ("condition", "language"),
    [
        ("${amount > 100}", "JUEL"),
        ("#{approved}", "JUEL"),
        ('approved === true && name != "x"', "JavaScript"),
        ("a || b", "JavaScript"),
        ("amount == 100", "Python"),
        ("approved is not None", "Python"),
        ("approved = True", "Python"),
        ('name.equals("x")', "Groovy hoặc Java"),
        ('execution.getVariable("x")', "Groovy hoặc Java"),
    ],
)
def test_a_foreign_expression_is_recognised(condition: str, language: str) -> None:
    """The cure says how FEEL writes it."""
    escaped = condition.replace("&", "&amp;").replace("<", "&lt;")
    inner = f"<conditionExpression>{escaped}</conditionExpression>"
    inside = TASK.format("") + FLOW.format(inner)
    source = whole("", "", f'<process id="p" isExecutable="true">{inside}</process>')
    (finding,) = gate.inspect(source, "x", strict=False).findings
    assert finding.rule == "foreign-text"
    assert language in finding.message
    assert "FEEL" in finding.cure


@pytest.mark.parametrize("text", ["so_tien > 1000", 'contains(ten, "==")', 'ma = "${x}"'])
def test_feel_is_not_taken_for_another_language(text: str) -> None:
    """Nor what stands in quotes."""
    inner = f"<conditionExpression>{text.replace('<', '&lt;')}</conditionExpression>"
    inside = TASK.format("") + FLOW.format(inner)
    source = whole("", "", f'<process id="p" isExecutable="true">{inside}</process>')
    assert gate.inspect(source, "x", strict=False).model is not None


def test_a_flow_to_a_border_is_resolved_by_its_message_or_refused() -> None:
    """Never dropped in silence: a warning on a bare file, an error when it is not clear."""
    source = """
      <collaboration id="c"><participant id="P" processRef="p"/>
        <participant id="Q" processRef="q"/>
        <messageFlow id="m" sourceRef="t" targetRef="Q"/></collaboration>
      <message id="M" name="Tin"/>
      <process id="p" isExecutable="true"><startEvent id="s"/><endEvent id="t">
        <messageEventDefinition messageRef="M"/></endEvent>
        <sequenceFlow id="f" sourceRef="s" targetRef="t"/></process>
      <process id="q" isExecutable="true"><startEvent id="r">
        <messageEventDefinition messageRef="M"/></startEvent><userTask id="u"/>
        <sequenceFlow id="g" sourceRef="r" targetRef="u"/></process>
    """
    bare = gate.inspect(whole("", "", source), "x", strict=False)
    assert [(f.rule, f.severity) for f in bare.findings] == [("message-flow-border", "warning")]
    assert bare.model is not None
    assert bare.model.flows["m"].target_element == "r"
    strict = gate.inspect(whole("", "", source), "x", strict=True)
    assert [(f.rule, f.severity) for f in strict.findings] == [("message-flow-border", "error")]
    unclear = re.sub(r'(<startEvent id="r">.*?)messageRef="M"', r"\1", source, flags=re.S)
    found = gate.inspect(whole("", "", unclear), "x", strict=False).findings
    assert [(f.rule, f.severity) for f in found] == [("message-flow-border", "error")]
