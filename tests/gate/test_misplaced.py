"""What changes the run stands where it is looked for, says one thing, and says it in BPMN."""

from __future__ import annotations

import pytest

from engine.bpmn import gate

NS = (
    'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="http://mine" '
    'xmlns:b="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:o="http://other"'
)
FLOWS = (
    '<sequenceFlow id="f" sourceRef="s" targetRef="u"/>'
    '<sequenceFlow id="g" sourceRef="u" targetRef="e"/>'
)
PLAIN = f'<startEvent id="s"/><userTask id="u"/><endEvent id="e"/>{FLOWS}'


def found(inside: str, outside: str = "", strict: bool = False) -> list[tuple[str, str]]:
    """The rules and elements that one process breaks, warnings with a question mark."""
    process = f'<process id="p" isExecutable="true">{inside}</process>'
    source = f"<definitions {NS}>{outside}{process}</definitions>".encode()
    findings = gate.inspect(source, "lạ.bpmn", strict=strict).findings
    return [(f.rule + "?" * (f.severity == "warning"), f.element or "") for f in findings]


def with_task(inside: str = "", attributes: str = "") -> str:
    """The plain drawing with something in its task."""
    return PLAIN.replace('<userTask id="u"/>', f'<userTask id="u" {attributes}>{inside}</userTask>')


def with_timer(inside: str) -> str:
    """A drawing that waits for a time."""
    timer = f"<timerEventDefinition>{inside}</timerEventDefinition>"
    catch = f'<intermediateCatchEvent id="u">{timer}</intermediateCatchEvent>'
    return PLAIN.replace('<userTask id="u"/>', catch)


@pytest.mark.parametrize(
    ("inside", "finding"),
    [
        (with_task('<scriptTask id="x"><script>a = 1</script></scriptTask>'), "unknown-element"),
        (with_task('<timerEventDefinition id="x"/>'), "unknown-element"),
        (with_task("<timeDuration>P1D</timeDuration>"), "unknown-element"),
        (with_task("<script>a = 1</script>"), "unknown-element"),
        (with_task("<loopCardinality>3</loopCardinality>"), "unknown-element"),
        (with_task("<robot/>"), "unknown-element?"),
        (f'{PLAIN}<laneSet><lane id="l"><userTask id="x"/></lane></laneSet>', "unknown-element"),
        (with_task("", 'loopKind="standard"'), "unknown-attribute"),
        (with_task("", 'isInterrupting="false"'), "unknown-attribute"),
        (with_task("", 'cancelActivity="0"'), "unknown-attribute"),
        (with_task("", 'b:name="x"'), "unknown-attribute"),
        (with_task("", 'colour="red"'), "unknown-attribute?"),
        (with_timer("<timeDate>2026-12-01</timeDate>" * 2), "doubled-setting"),
        (with_timer("<timeDuration>P1D<b>T</b>2H</timeDuration>"), "unknown-element"),
        (with_task('<x:act xmlns:x="http://example.org/acts"/>'), "foreign-setting?"),
    ],
)  # fmt: skip
def test_what_nobody_would_look_at_is_told(inside: str, finding: str) -> None:
    """An error where it was meant to change the run, else at least a warning."""
    assert finding in [rule for rule, _ in found(inside)]


@pytest.mark.parametrize(
    "inside",
    [
        PLAIN,
        with_task("", 'isForCompensation="false" startQuantity="1" implementation="##WebService"'),
        with_task('<extensionElements><sequenceFlow id="x"/></extensionElements>'),
        with_task("<documentation><p>Làm <i>ngay</i></p></documentation>"),
        with_timer("<timeDuration><documentation>hai ngày</documentation>P2D</timeDuration>"),
        with_timer("<timeDuration>P2<!-- hai -->D</timeDuration>"),
        with_task("", 'cancelActivity="true" isInterrupting="true"'),
    ],
)
def test_what_changes_nothing_is_not_told(inside: str) -> None:
    """Usual values, extensions, documentation, comments."""
    assert found(inside) == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("timeDate", "P1D"),
        ("timeDate", "R3/PT1H"),
        ("timeDuration", "2026-12-01T07:00:00"),
        ("timeDuration", '"2026-12-01"'),
        ("timeDuration", "-P1D"),
        ("timeDuration", '"-P1D"'),
        ("timeDuration", "p1d"),
        ("timeDuration", "5"),
        ("timeDuration", "R3/P1D"),
        ("timeCycle", "P1D"),
        ("timeCycle", "R0/P1D"),
        ("timeCycle", "R3/2026-12-01T07:00:00"),
    ],
)
def test_a_time_of_another_kind_is_refused(kind: str, text: str) -> None:
    """A date is no duration, a duration no date, and a cycle says how often."""
    assert found(with_timer(f"<{kind}>{text}</{kind}>")) == [("timer-text", "u")]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("timeDate", "2026-12-01T07:00:00Z"),
        ("timeDuration", '"P1DT2H"'),
        ("timeDuration", "7 working days"),
        ("timeDuration", "working days(7)"),
        ("timeDuration", "P2W"),
    ],
)
def test_a_time_of_its_kind_passes(kind: str, text: str) -> None:
    """As ISO 8601, as a limit or as FEEL."""
    assert found(with_timer(f"<{kind}>{text}</{kind}>")) == []


def test_a_reference_into_an_imported_file_is_not_taken_for_one_in_this() -> None:
    """Though the same id stands here."""
    call = PLAIN.replace('<userTask id="u"/>', '<callActivity id="u" calledElement="o:q"/>')
    called = '<process id="q" isExecutable="true"><startEvent id="z"/></process>'
    kind = "http://www.omg.org/spec/BPMN/20100524/MODEL"
    imported = f'<import importType="{kind}" location="o.bpmn" namespace="http://other"/>'
    assert ("call-target", "u") in found(call, imported + called)


def test_another_diagram_of_the_file_is_told() -> None:
    """A choreography beside a process is only drawn."""
    other = '<choreography id="c"><startEvent id="cs"/></choreography>'
    assert found(PLAIN, other) == [("not-executable?", "c")]
