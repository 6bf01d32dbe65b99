"""Damaged drawings: whatever is missing or wrong, the answer is findings or a model that runs."""

from __future__ import annotations

import random

import pytest
from lxml import etree

from engine import bpmn
from engine.bpmn import gate
from engine.errors import ModelError, MotCuaError
from engine.findings import RULES
from tests.engine.bpmn.drawing import Clock, draw
from tests.engine.bpmn.test_bpmn_state import MANY

WHOLE = draw(
    {
        "a": MANY.replace("end e\n", "end e message=Told\n"),
        "b": """
        start s3 message=Told
        send t3 message=Back
        sub P3 {
          start ps3
          user A3
          script S3 := wrong = n > 2
          xor g3 default=fine
          end pe3
          end bad3 error=E1
          ps3 > A3 > S3 > g3
          [wrong] g3 > bad3 : wrong
          [fine] g3 > pe3
        }
        boundary oops3 on=P3 error=E1
        end e3 terminate
        s3 > t3 > P3 > e3
        oops3 > e3
        """,
    },
    "e -> s3 n",
)


def damaged(source: bytes, dice: random.Random) -> bytes:
    """A few elements or attributes removed, changed, doubled or moved."""
    root = etree.fromstring(source)
    for _ in range(dice.randint(1, 3)):
        elements = [e for e in root.iter() if e.getparent() is not None]
        element = dice.choice(elements)
        parent = element.getparent()
        how = dice.randrange(5)
        if how == 0 and parent is not None:
            parent.remove(element)
        elif how == 1 and element.attrib:
            del element.attrib[dice.choice(list(element.attrib))]
        elif how == 2 and element.attrib:
            values = [v for e in elements for v in e.attrib.values()]
            element.set(dice.choice(list(element.attrib)), dice.choice([*values, "", "x y", "-1"]))
        elif how == 3:
            element.text = dice.choice(["", "1 +", "x", "P1D", "1 = 1"])
        else:
            inside = set(element.iter())
            dice.choice([root, *(e for e in elements if e not in inside)]).append(element)
    return etree.tostring(root)


@pytest.mark.parametrize("seed", range(300))
def test_a_damaged_drawing_is_refused_or_runs(seed: int) -> None:
    """Never another exception, at parse or in the first steps."""
    told: list[str] = []
    pools: dict[str, tuple[str, ...]] = {}
    source = damaged(WHOLE, random.Random(seed))
    try:
        model = bpmn.parse(source, {}, "hong.bpmn")
    except ModelError as error:
        told.append(error.reason and error.cure)
    else:
        pools = {pool: model.pools[pool].starts for pool in model.plans}
    for pool, starts in pools.items():
        for start in starts:
            try:
                move = bpmn.start(model, pool, {"n": 0, "items": [1]}, Clock(), at=start)
                for task in move.open_tasks[:1]:
                    bpmn.complete(model, pool, move.state, task.id, {"n": 3}, Clock())
            except MotCuaError as error:
                told.append(error.message)
    assert all(told)


def refusal(source: bytes, strict: bool) -> ModelError | None:
    """What parse raises."""
    try:
        bpmn.parse(source, {}, "hong.bpmn", strict=strict)
    except ModelError as error:
        return error
    return None


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("seed", range(300))
def test_the_gate_answers_for_a_damaged_drawing(seed: int, strict: bool) -> None:
    """Findings that a person can act on, the same as parse raises, and never a fault of its own."""
    source = damaged(WHOLE, random.Random(seed))
    inspection = gate.inspect(source, "hong.bpmn", strict=strict)
    errors = [finding for finding in inspection.findings if finding.severity == "error"]
    assert inspection.ok == (errors == [])
    for finding in inspection.findings:
        assert finding.rule in RULES, finding
        assert finding.message
        assert finding.cure
    raised = refusal(source, strict)
    if raised is None:
        assert all(RULES[finding.rule].group == "soundness" for finding in errors)
    else:
        assert (raised.element, raised.rule) == (errors[0].element, errors[0].rule)


@pytest.mark.parametrize("seed", range(200))
def test_the_gate_answers_for_damaged_bytes(seed: int) -> None:
    """Bytes changed, cut out or doubled anywhere, tags and attributes included."""
    dice = random.Random(seed)
    source = bytearray(WHOLE)
    for _ in range(dice.randint(1, 20)):
        at, size = dice.randrange(len(source)), dice.randint(1, 200)
        how = dice.randrange(4)
        if how == 0:
            source[at] = dice.randrange(256)
        elif how == 1:
            del source[at : at + size]
        elif how == 2:
            source[at:at] = source[at : at + size]
        else:
            source[at:at] = dice.choice([b"<", b">", b'"', b"&", b"]]>", b"<![CDATA[", b"__"])
    inspection = gate.inspect(bytes(source), "hong.bpmn", strict=dice.random() < 0.5)
    assert {finding.rule for finding in inspection.findings} <= set(RULES)


def test_the_drawing_the_damage_begins_from_is_sound() -> None:
    """Else every refusal above would be of the same thing."""
    assert set(bpmn.parse(WHOLE, {}, "lanh.bpmn").plans) == {"a", "b"}
    assert gate.inspect(WHOLE, "lanh.bpmn", strict=True).findings == ()
