"""The order of what happens follows the file's flows, never where shapes stand on the page."""

from __future__ import annotations

import random

import pytest
from lxml import etree

from tests.conformance.case import Case
from tests.conformance.test_conformance import CASES, answer

_BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_DI = "http://www.omg.org/spec/BPMN/20100524/DI"
_DC = "http://www.omg.org/spec/DD/20100524/DC"
_DD = "http://www.omg.org/spec/DD/20100524/DI"
RUNNING = [case for case in CASES if case.says["verdict"] in ("completed", "waiting")]


def drawn(source: bytes, seed: int) -> bytes:
    """The file with a diagram whose shapes stand anywhere, in any order."""
    chance = random.Random(seed)
    root = etree.fromstring(source)
    diagram = etree.SubElement(root, f"{{{_DI}}}BPMNDiagram", id="the_diagram")
    plane = etree.SubElement(diagram, f"{{{_DI}}}BPMNPlane", id="the_plane")
    ids = [element.get("id") for element in root.iter(f"{{{_BPMN}}}*") if element.get("id")]
    chance.shuffle(ids)
    for key in ids:
        element = root.find(f".//{{{_BPMN}}}*[@id='{key}']")
        flow = element is not None and etree.QName(element).localname.endswith("Flow")
        kind = "BPMNEdge" if flow else "BPMNShape"
        shape = etree.SubElement(plane, f"{{{_DI}}}{kind}", id=f"di_{key}", bpmnElement=key)
        x, y = str(chance.randrange(2000)), str(chance.randrange(2000))
        if flow:
            etree.SubElement(shape, f"{{{_DD}}}waypoint", x=x, y=y)
        else:
            etree.SubElement(shape, f"{{{_DC}}}Bounds", x=x, y=y, width="100", height="80")
    return etree.tostring(root)


@pytest.mark.parametrize("case", RUNNING, ids=[case.name for case in RUNNING])
def test_a_diagram_changes_nothing(case: Case) -> None:
    """Without a diagram, with one, with another: the same answer to the letter."""
    source = case.drawing.read_bytes()
    plain = answer(case)
    for seed in (1, 2):
        assert answer(case, drawn(source, seed)) == plain
