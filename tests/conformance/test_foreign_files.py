"""Whatever file comes: one of four verdicts, in bounded time, never a crash."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from lxml import etree

from tests.conformance.case import Case
from tests.conformance.test_conformance import CASES
from webapp.commands import dry_run

_BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_KINDS = ("exclusive", "parallel", "inclusive")
VERDICTS = {"completed", "waiting", "refused", "error"}
ROUNDS = 400
_TEXTS = ["", "true", "x", "P1D", "R/PT1S", "R3/PT1S", "${x}", "0", "-1", "99999", "null", "[1,2]"]


def mutate(source: bytes, chance: random.Random) -> bytes:
    """The file with a few things taken away, moved, doubled, exchanged or garbled."""
    if chance.random() < 0.1:
        spoiled = bytearray(source)
        for _ in range(chance.randrange(1, 6)):
            spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
        return bytes(spoiled)
    root = etree.fromstring(source)
    for _ in range(chance.randrange(1, 4)):
        elements = [element for element in root.iter(etree.Element) if element is not root]
        if not elements:
            break
        one, two = chance.choice(elements), chance.choice(elements)
        match chance.randrange(7):
            case 0:
                one.getparent().remove(one)
            case 1:
                two.append(copy.deepcopy(one))
            case 2 if one not in two.iterancestors() and two not in one.iterancestors():
                one.append(two) if one is not two else None
            case 3 if one.attrib and two.attrib:
                key = chance.choice(list(one.attrib))
                one.set(key, chance.choice(list(two.attrib.values())))
            case 4 if one.attrib:
                del one.attrib[chance.choice(list(one.attrib))]
            case 5:
                one.text = chance.choice(_TEXTS)
            case 6:
                one.tag = two.tag
    return etree.tostring(root)


def redraw(source: bytes, chance: random.Random) -> bytes:
    """The file with gateways of other kinds, and flows that lead elsewhere in their scope."""
    root = etree.fromstring(source)
    gateways = list(root.iter(*(f"{{{_BPMN}}}{kind}Gateway" for kind in _KINDS)))
    flows = list(root.iter(f"{{{_BPMN}}}sequenceFlow"))
    for _ in range(chance.randrange(1, 4)):
        if gateways and chance.random() < 0.5:
            chance.choice(gateways).tag = f"{{{_BPMN}}}{chance.choice(_KINDS)}Gateway"
        elif flows:
            flow = chance.choice(flows)
            near = [e.get("targetRef") for e in flow.itersiblings(flow.tag)]
            near += [e.get("targetRef") for e in flow.itersiblings(flow.tag, preceding=True)]
            flow.set("targetRef", chance.choice([*near, flow.get("targetRef")]))
    return etree.tostring(root)


def verdict_of(source: bytes) -> dict[str, Any]:
    """The JSON of a dry run of these bytes."""
    _, outcome = dry_run.play(dry_run.Drawing("la.bpmn", source), auto=True)
    answer = dry_run.as_dict(outcome)
    json.dumps(answer)
    assert answer["verdict"] in VERDICTS
    assert not [f for f in answer["findings"] if f["rule"] == "internal"], answer["findings"]
    for finding in answer["findings"]:
        assert finding["message"]
        assert finding["cure"]
    if answer["verdict"] in ("refused", "error"):
        assert answer["findings"]
    return answer


@pytest.mark.parametrize("seed", range(4))
def test_spoiled_files_get_a_verdict(seed: int) -> None:
    """Mutations of every kind of drawing: refused or run, never an exception."""
    chance = random.Random(seed)
    seen = set()
    sources = [case.drawing.read_bytes() for case in CASES if _parses(case)]
    for _ in range(ROUNDS):
        seen.add(verdict_of(mutate(chance.choice(sources), chance))["verdict"])
    assert {"completed", "refused"} <= seen


@pytest.mark.parametrize("seed", range(4))
def test_redrawn_files_get_a_verdict(seed: int) -> None:
    """Other gateways and other ways: many still pass the gate, and all runs come to an end."""
    chance = random.Random(seed)
    sources = [case.drawing.read_bytes() for case in CASES if _parses(case)]
    seen = [verdict_of(redraw(chance.choice(sources), chance))["verdict"] for _ in range(ROUNDS)]
    assert {"completed", "refused"} <= set(seen)


def _parses(case: Case) -> bool:
    try:
        etree.fromstring(case.drawing.read_bytes())
    except etree.XMLSyntaxError:
        return False
    return "loop" not in case.says["shows"] and "turn" not in case.says["shows"]


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"\x00" * 50,
        b"<",
        b"\xff\xfe<\x00",
        b"<a>" * 5000,
        b'<?xml version="1.0" encoding="utf-7"?><definitions/>',
        b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>',
    ],
    ids=range(7),
)
def test_what_is_no_bpmn_is_refused(source: bytes) -> None:
    """Nothing, noise, half a tag, other bytes, a deep nest, an empty frame."""
    assert verdict_of(source)["verdict"] == "refused"


def test_an_endless_cycle_beside_a_message_that_never_comes_ends_with_a_finding() -> None:
    """A timer that rings for ever does not keep the run going for ever."""
    source = next(c for c in CASES if c.name == "boundary/timer-endless-cycle").drawing
    text = source.read_bytes().replace(b"userTask", b"receiveTask")
    answer = verdict_of(text)
    assert answer["verdict"] == "waiting"
    assert [place["element"] for place in answer["waiting"]] == ["A", "b"]
    assert "endless" in [f["rule"] for f in answer["findings"]]
