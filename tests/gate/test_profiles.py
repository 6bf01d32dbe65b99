"""What a bare file may leave open and how it then runs, and faults that are told only once."""

from __future__ import annotations

from engine import bpmn
from engine.bpmn import gate
from tests.engine.bpmn.drawing import Clock

HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">'
FLOW = '<sequenceFlow id="{0}_{1}" sourceRef="{0}" targetRef="{1}"/>'


def flow(*names: str) -> str:
    """Sequence flows from each to the next."""
    return "".join(FLOW.format(a, b) for a, b in zip(names, names[1:], strict=False))  # noqa: RUF007


def inspect(inside: str, strict: bool = False) -> gate.Inspection:
    """What the gate says of a file."""
    return gate.inspect(f"{HEAD}{inside}</definitions>".encode(), "thu.bpmn", strict=strict)


def told(inspection: gate.Inspection) -> list[tuple[str, str, str | None]]:
    """Rule, severity and place of what was found."""
    return [(f.rule, f.severity, f.element) for f in inspection.findings]


TWO_POOLS = f"""
<collaboration id="c"><participant id="P" processRef="p"/><participant id="Q" processRef="q"/>
  <messageFlow id="m" sourceRef="e" targetRef="r"/></collaboration><message id="M" name="Tin"/>
<process id="p" isExecutable="true"><startEvent id="s"/><endEvent id="e">
  <messageEventDefinition messageRef="M"/></endEvent>{flow("s", "e")}</process>
<process id="q" isExecutable="false"><serviceTask id="r"/><complexGateway id="g"/></process>
"""


def test_a_pool_that_is_only_drawn_is_outside() -> None:
    """What stands in it is not asked to run; a message to it leaves the house."""
    inspection = inspect(TWO_POOLS)
    assert told(inspection) == [("not-executable", "warning", "Q")]
    assert inspection.model is not None
    assert set(inspection.model.plans) == {"P"}
    message_flow = inspection.model.flows["m"]
    assert (message_flow.target_pool, message_flow.target_element) == ("Q", None)


def test_an_untyped_task_is_done_by_a_person() -> None:
    """On a bare file; the trace says what is drawn."""
    task = f'<startEvent id="s"/><task id="T"/>{flow("s", "T")}'
    inspection = inspect(f'<process id="p" isExecutable="true">{task}</process>')
    assert told(inspection) == [("untyped-task", "warning", "T")]
    assert inspection.model is not None
    move = bpmn.start(inspection.model, "p", {}, Clock())
    move = bpmn.complete(inspection.model, "p", move.state, move.open_tasks[0].id, {}, Clock())
    assert [(entry.element, entry.type) for entry in move.trace] == [("T", "task")]


def test_a_message_without_a_flow_goes_outside_on_a_bare_file() -> None:
    """The process runs on; a procedure has to draw where it goes."""
    inside = f"""<message id="M" name="Tin"/><process id="p" isExecutable="true">
      <startEvent id="s"/><sendTask id="t" messageRef="M"/>{flow("s", "t")}</process>"""
    inspection = inspect(inside)
    assert told(inspection) == [("message-without-flow", "warning", "t")]
    assert inspection.model is not None
    assert bpmn.start(inspection.model, "p", {}, Clock()).ended
    assert told(inspect(inside, strict=True)) == [("message-without-flow", "error", "t")]


HANDLER = (
    '<subProcess id="H" triggeredByEvent="true">{}'
    f'<userTask id="X"/>{flow("hs", "X")}</subProcess>'
)


def called_twice(inside: str) -> gate.Inspection:
    """A process with two calls of another one that has this in it."""
    caller = (
        '<startEvent id="s"/><callActivity id="C1" calledElement="q"/>'
        f'<callActivity id="C2" calledElement="q"/>{flow("s", "C1", "C2")}'
    )
    called = f'<startEvent id="qs"/><userTask id="U"/>{flow("qs", "U")}{inside}'
    return inspect(
        f'<process id="p" isExecutable="true">{caller}</process>'
        f'<process id="q" isExecutable="true">{called}</process>'
    )


def test_a_fault_in_a_process_called_twice_is_told_once() -> None:
    """And does not stop the check of the second call."""
    plain = called_twice(HANDLER.format('<startEvent id="hs"/>'))
    assert told(plain) == [("event-sub-process-start", "error", "H")]
    soft_error = '<startEvent id="hs" isInterrupting="false"><errorEventDefinition/></startEvent>'
    assert told(called_twice(HANDLER.format(soft_error))) == [("error-interrupts", "error", "hs")]


def test_links_and_signals_without_a_name_are_nobody_elses() -> None:
    """Two empty names are not the same name."""
    throw = "<intermediateThrowEvent id='t'><{0}EventDefinition/></intermediateThrowEvent>"
    catch = "<intermediateCatchEvent id='c'><{0}EventDefinition/></intermediateCatchEvent>"
    link = inspect(
        f'<process id="p" isExecutable="true"><startEvent id="s"/>{throw.format("link")}'
        f'{catch.format("link")}<userTask id="A"/>{flow("s", "t")}{flow("c", "A")}</process>'
    )
    assert told(link) == [("link-target", "error", "t")]
    signal = inspect(
        f'<process id="p" isExecutable="true"><startEvent id="s"/>{throw.format("signal")}'
        f"{catch.format('signal')}{flow('s', 't', 'c')}</process>"
    )
    assert {rule for rule, _, _ in told(signal)} == {"signal-ends"}


def test_ids_and_references_are_read_without_the_space_around_them() -> None:
    """As XML Schema reads an id."""
    inspection = inspect(
        '<process id=" p " isExecutable="true"><startEvent id="s "/><userTask id=" A"/>'
        '<sequenceFlow id="f" sourceRef=" s" targetRef="A "/></process>'
    )
    assert told(inspection) == []
    assert told(inspect('<process id=" " isExecutable="true"><userTask id="A"/></process>')) == [
        ("missing-id", "error", None)
    ]


def test_a_process_that_calls_itself_is_told_and_not_followed() -> None:
    """However deep inside the call stands."""
    call = f'<startEvent id="qs"/><callActivity id="C" calledElement="q"/>{flow("qs", "C")}'
    for inside in (
        call,
        f'<startEvent id="o"/><subProcess id="S">{call}</subProcess>{flow("o", "S")}',
    ):
        caller = f'<startEvent id="s"/><callActivity id="B" calledElement="q"/>{flow("s", "B")}'
        inspection = inspect(
            f'<process id="p" isExecutable="true">{caller}</process>'
            f'<process id="q" isExecutable="true">{inside}</process>'
        )
        assert told(inspection) == [("call-recursion", "error", "C")]
