"""Lanes and message flows that say two things at once."""

from __future__ import annotations

import pytest

from engine.bpmn import gate

HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d">'
STEPS = (
    '<startEvent id="s"/><userTask id="A"/><endEvent id="e"/>'
    '<sequenceFlow id="f" sourceRef="s" targetRef="A"/>'
    '<sequenceFlow id="g" sourceRef="A" targetRef="e"/>'
)
HERE = "<flowNodeRef>A</flowNodeRef>"


def found(inside: str, *, strict: bool) -> list[tuple[str, str, str | None]]:
    """Rule, severity and element of each finding of a drawing."""
    source = f"{HEAD}{inside}</definitions>".encode()
    findings = gate.inspect(source, "lan.bpmn", strict=strict).findings
    return [(f.rule, f.severity, f.element) for f in findings]


def lanes(inside: str) -> str:
    """A process of one step with lanes."""
    return f'<process id="p" isExecutable="true">{inside}{STEPS}</process>'


@pytest.mark.parametrize(
    ("inside", "twice"),
    [
        (f'<laneSet id="l"><lane id="a">{HERE}</lane><lane id="b"/></laneSet>', False),
        (f'<laneSet id="l"><lane id="a">{HERE}{HERE}</lane></laneSet>', False),
        (
            f'<laneSet id="l"><lane id="a">{HERE}<childLaneSet id="m"><lane id="b">{HERE}</lane>'
            "</childLaneSet></lane></laneSet>",
            False,
        ),
        (
            f'<laneSet id="l"><lane id="a">{HERE}</lane><lane id="b">{HERE}</lane></laneSet>',
            True,
        ),
        (
            f'<laneSet id="l"><lane id="a">{HERE}</lane></laneSet>'
            f'<laneSet id="m"><lane id="b">{HERE}</lane></laneSet>',
            True,
        ),
    ],
)
def test_a_step_in_two_lanes_has_no_one_to_do_it(inside: str, twice: bool) -> None:
    """A lane within a lane is one place; two beside each other are two."""
    assert found(lanes(inside), strict=True) == ([("lane-twice", "error", "A")] if twice else [])
    assert found(lanes(inside), strict=False) == ([("lane-twice", "warning", "A")] if twice else [])


@pytest.mark.parametrize(
    ("thrown", "caught", "flow", "differ"),
    [
        ('messageRef="m"', 'messageRef="m"', "", False),
        ('messageRef="m"', 'messageRef="n"', "", True),
        ('messageRef="m"', 'messageRef="same"', "", False),
        ('messageRef="m"', 'messageRef="m"', 'messageRef="n"', True),
        ("", 'messageRef="n"', "", False),
        ("", "", "", False),
    ],
)
def test_both_ends_of_a_message_flow_mean_one_message(
    thrown: str, caught: str, flow: str, differ: bool
) -> None:
    """By its name; an end that refers to none takes what comes."""
    drawn = (
        '<collaboration id="c"><participant id="a" processRef="p"/><participant id="b" '
        f'processRef="q"/><messageFlow id="mf" sourceRef="e" targetRef="t" {flow}/></collaboration>'
        '<message id="m" name="tin"/><message id="n" name="khac"/><message id="same" name="tin"/>'
        '<process id="p" isExecutable="true"><startEvent id="s"/><userTask id="A"/>'
        f'<endEvent id="e" name="Gửi"><messageEventDefinition {thrown}/></endEvent>'
        '<sequenceFlow id="f" sourceRef="s" targetRef="A"/>'
        '<sequenceFlow id="g" sourceRef="A" targetRef="e"/></process>'
        '<process id="q" isExecutable="true"><startEvent id="t" name="Nhận">'
        f'<messageEventDefinition {caught}/></startEvent><userTask id="B"/>'
        '<sequenceFlow id="h" sourceRef="t" targetRef="B"/></process>'
    )
    names = [one for one in found(drawn, strict=True) if one[0] == "message-names"]
    assert names == ([("message-names", "error", "mf")] if differ else [])
