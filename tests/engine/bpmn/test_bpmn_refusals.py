"""What would not run as drawn is refused with file, element, reason and cure."""

from __future__ import annotations

import re

import pytest

from engine import bpmn
from engine.errors import ModelError
from tests.engine.bpmn.drawing import draw


def refused(source: bytes, dmn: dict[str, bytes] | None = None) -> ModelError:
    """The refusal of a file."""
    with pytest.raises(ModelError) as caught:
        bpmn.parse(source, dmn or {}, "thu.bpmn")
    error = caught.value
    assert error.file == "thu.bpmn"
    assert error.reason
    assert error.cure
    return error


@pytest.mark.parametrize(
    ("text", "element"),
    [
        ("user A", "p_a"),
        ("start s\nstart t\nuser A\ns > A\nt > A", "t"),
        ("start s after=PT1H\nuser A\ns > A", "s"),
        ("start s signal=x\nuser A\ns > A", "s"),
        ("start s\nuser A\nuser B\ns > A", "B"),
        ("start s\nuser A\nuser B\nuser C\ns > A\nB > C > B", "B"),
        ("start s\nuser A\ns > A > s", "s"),
        ("start s\nend e\nuser A\ns > e > A", "e"),
        ("start s", "s"),
        ("start s\nxor g\nuser A\nuser B\ns > g\n[x] g > A\n[y] g > B : k", "x"),
        ("start s\nor g\nuser A\nuser B\ns > g\n[x] g > A\n[y] g > B : k", "x"),
        ("start s\nand g\nuser A\nuser B\ns > g\n[x] g > A : k\ng > B", "x"),
        ("start s\nxor g default=x\nuser A\nuser B\ns > g\n[x] g > A : k\n[y] g > B : k", "x"),
        ("start s\nxor g default=zz\nuser A\ns > g > A", "g"),
        ("start s\nxor g default=y\nuser A\nuser B\ns > g\n[x] g > A : k +\n[y] g > B", "x"),
        ("start s\nscript S := k = 1 +\ns > S", "S"),
        ("start s\nscript S\ns > S", "S"),
        ("start s\ncatch w after='when the moon'\nuser A\ns > w > A", "w"),
        ("start s\ncatch w after='P2X'\nuser A\ns > w > A", "w"),
        ("start s\nrule R decision=none\ns > R", "R"),
        ("start s\nsub P {\nstart ps\nend pe error=E\nps > pe\n}\ns > P", "pe"),
        (
            "start s\nsub P {\nstart ps\nend pe error=E\nps > pe\n}\n"
            "boundary b on=P error=F\ns > P",
            "pe",
        ),
        ("start s\nend e error=E\ns > e", "e"),
        ("start s\nthrow t escalation=E\ns > t", "t"),
        ("start s\nthrow t signal=E\ns > t", "t"),
        ("start s\ncatch t signal=E\ns > t", "t"),
        ("start s\nthrow t link=x\ns > t", "t"),
        ("start s\ncatch c link=x\nuser A\ns > A\nc > A", "c"),
        ("start s\nuser A\nboundary b on=A error=E\ns > A", "b"),
        ("start s\nuser A\nboundary b on=Z after=PT1H\ns > A", "b"),
        ("start s\nsub P {\nuser B\n}\ns > P", "P"),
        ("start s\nsub P {\nstart p message=M\nuser B\np > B\n}\ns > P", "P"),
        ("start s\nevents g\nuser A\ncatch c after=PT1H\ns > g > A\ng > c", "A"),
        ("start s\nevents g\ncatch c after=PT1H\ns > g > c", "g"),
        (
            "start s\nuser A\nstart t message=M\nuser B\ns > A\nt > B\n"
            "eventsub H {\nstart h message=N\nuser X\nh > X\n}",
            "H",
        ),
        ("start s\nuser A\ns > A\neventsub H {\nstart h\nuser X\nh > X\n}", "H"),
        ('start s\nuser A while="n <"\ns > A', "A"),
        (
            "start s\nuser A\n[f] A > H\ns > A\neventsub H {\nstart h message=M\nuser X\nh > X\n}",
            "f",
        ),
        ("start s\nuser A each=xs into=ys\ns > A", "A"),
        ("start s\nuser __A\ns > __A", "__A"),
    ],
)
def test_what_the_engine_could_not_do_faithfully_is_refused(text: str, element: str) -> None:
    """Each names the element on the picture."""
    assert refused(draw({"a": text})).element == element


@pytest.mark.parametrize(
    "inside",
    [
        '<task id="x"/>',
        '<serviceTask id="x"/>',
        '<callActivity id="x" calledElement="y"/>',
        '<adHocSubProcess id="x"/>',
        '<transaction id="x"/>',
        '<complexGateway id="x"/>',
        '<userTask id="x" isForCompensation="true"/>',
        '<intermediateThrowEvent id="x"><compensateEventDefinition/></intermediateThrowEvent>',
        '<intermediateCatchEvent id="x"><conditionalEventDefinition/></intermediateCatchEvent>',
        '<intermediateCatchEvent id="x"><timerEventDefinition/></intermediateCatchEvent>',
        '<intermediateCatchEvent id="x"/>',
        '<intermediateCatchEvent id="x"><timerEventDefinition/><messageEventDefinition/>'
        "</intermediateCatchEvent>",
        '<intermediateCatchEvent id="x"><messageEventDefinition messageRef="no"/>'
        "</intermediateCatchEvent>",
        '<sequenceFlow id="x" sourceRef="s" targetRef="nowhere"/>',
        '<receiveTask id="x" instantiate="true"/>',
        '<userTask id="s"/>',
        '<choreographyTask id="x"/>',
        '<eventBasedGateway id="x" instantiate="true"/>',
        '<userTask id="x"><extensionElements xmlns:o="http://spiffworkflow.org/bpmn/schema/1.0/core">'
        "<o:preScript>import os</o:preScript></extensionElements></userTask>",
        '<scriptTask id="x" scriptFormat="python"><script>a = 1</script></scriptTask>',
    ],
)
def test_elements_without_a_faithful_meaning_are_refused(inside: str) -> None:
    """What the engine would ignore, end silently or evaluate."""
    xml = draw({"a": "start s\nuser A\ns > A"}).decode()
    error = refused(
        xml.replace(
            '<process id="p_a" isExecutable="true">',
            '<process id="p_a" isExecutable="true">' + inside,
        ).encode()
    )
    assert error.element in ("x", "s")


@pytest.mark.parametrize(
    ("flows", "reason"),
    [
        ("A -> x", "sai chiều|không gửi"),
        ("t -> B", "không gửi, nhận được"),
        ("t -> nowhere", "không có"),
        ("t -> b", "viền"),
        ("t -> B\nt -> x", "không gửi, nhận được"),
        ("x -> t\nt -> x", "sai chiều"),
        ("t -> t", "một pool"),
    ],
)
def test_message_flows_join_what_sends_to_what_waits(flows: str, reason: str) -> None:
    """A flow in the wrong place would never carry anything."""
    pools = {
        "a": "start s\nuser A\nthrow t message=M\ns > A > t",
        "b": "start x message=M\nuser B\nx > B",
    }
    assert re.search(reason, refused(draw(pools, flows)).message)


def test_a_message_without_a_flow_is_refused() -> None:
    """It would go nowhere, or never come."""
    for text in ("start s\nthrow t message=M\ns > t", "start s\ncatch t message=M\ns > t"):
        xml = draw({"a": text}).decode()
        assert refused(re.sub(r"<messageFlow .*?/>", "", xml).encode()).element == "t"


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"no xml",
        b"<a/>",
        b'<!DOCTYPE d [<!ENTITY x "y">]><definitions '
        b'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">&x;</definitions>',
        b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>',
        b" " * 5_000_000,
    ],
)
def test_a_broken_file_is_a_sentence(source: bytes) -> None:
    """Never a traceback of the XML library, never an entity."""
    refused(source)


def test_an_unclear_main_pool_is_refused() -> None:
    """Two pools begin by hand; the property main settles it."""
    pools = {"a": "start s\nuser A\ns > A", "b": "start t\nuser B\nt > B"}
    assert "main" in refused(draw(pools)).cure
    mark = (
        '<extensionElements><spiffworkflow:properties><spiffworkflow:property name="main" '
        'value="true"/></spiffworkflow:properties></extensionElements>'
    )
    xml = (
        draw(pools)
        .decode()
        .replace(
            '<participant id="b" processRef="p_b"/>',
            f'<participant id="b" processRef="p_b">{mark}</participant>',
        )
    )
    assert bpmn.parse(xml.encode(), {}, "x").main.id == "b"
