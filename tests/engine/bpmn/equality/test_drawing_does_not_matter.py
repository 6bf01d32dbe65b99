"""Where the shapes lie, which lane comes first and in which order nodes stand in the file: all the
same run. Only the order of the sequence flows counts: of parallel branches, of overlapping
conditions."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from lxml import etree

from engine import bpmn
from tests.engine.bpmn.drawing import Walk, draw
from tests.engine.bpmn.equality.sketches import Sketch
from tests.engine.bpmn.test_bpmn_state import choices

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"


def run(source: bytes, seed: int, data: dict[str, int]) -> tuple[list[str], dict[str, object]]:
    """A run with the same decisions: its trace and data."""
    dice = random.Random(seed)
    walk = Walk(bpmn.parse(source, {}, "thu.bpmn", strict=False), dict(data))
    for step in range(300):
        if walk.ended:
            break
        kind, element, nth = dice.choice(sorted(choices(walk)))
        if kind == "do":
            walk.do(element, nth, **{f"w{step}": step})
        elif kind == "tell":
            walk.tell(element)
        else:
            walk.ring(element)
    return walk.trace, walk.data


def scatter(root: etree._Element, dice: random.Random) -> None:
    """Draw every shape somewhere else."""
    plane = etree.SubElement(
        etree.SubElement(root, f"{{{DI}}}BPMNDiagram", id="diagram"), f"{{{DI}}}BPMNPlane"
    )
    process = root.find(f"{BPMN}process")
    assert process is not None
    for node in sorted(process.iterfind(".//*[@id]"), key=lambda _: dice.random()):
        shape = etree.SubElement(plane, f"{{{DI}}}BPMNShape", bpmnElement=node.get("id"))
        place = {k: str(dice.randrange(2000)) for k in ("x", "y", "width", "height")}
        etree.SubElement(shape, f"{{{DC}}}Bounds", **place)


def lanes(root: etree._Element, dice: random.Random) -> None:
    """Put every node into one of three lanes, drawn in any order."""
    process = root.find(f"{BPMN}process")
    assert process is not None
    lane_set = etree.Element(f"{BPMN}laneSet", id="lanes")
    drawn = [etree.SubElement(lane_set, f"{BPMN}lane", id=f"lane{i}") for i in range(3)]
    for node in process:
        if node.get("id") and not node.tag.endswith("sequenceFlow"):
            etree.SubElement(dice.choice(drawn), f"{BPMN}flowNodeRef").text = node.get("id")
    for lane in sorted(drawn, key=lambda _: dice.random()):
        lane_set.append(lane)
    process.insert(0, lane_set)


def nodes(root: etree._Element, dice: random.Random) -> None:
    """Write the nodes of every scope in another order, the flows as they were."""
    for scope in (*root.iter(f"{BPMN}process"), *root.iter(f"{BPMN}subProcess")):
        own = [e for e in scope if e.get("id") and not e.tag.endswith("sequenceFlow")]
        for node in sorted(own, key=lambda _: dice.random()):
            scope.append(node)


@pytest.mark.parametrize("change", [scatter, lanes, nodes])
@pytest.mark.parametrize("seed", range(40))
def test_the_run_does_not_depend_on_the_drawing(
    seed: int, change: Callable[[etree._Element, random.Random], None]
) -> None:
    """Trace, in order, and data are the same whatever is moved about."""
    sketch = Sketch(random.Random(seed), stock=False)
    source, data = draw({"a": sketch.model(3)}), sketch.data()
    root = etree.fromstring(source)
    change(root, random.Random(seed))
    moved = etree.tostring(root)
    assert moved != source
    assert run(moved, seed, data) == run(source, seed, data)


OVERLAP = """
start s
xor g default=no
script B := r = "B"
script C := r = "C"
user D
s > g
[x] g > B : k > 0
[y] g > C : k > 5
[no] g > D
B > D
C > D
"""


def test_the_first_flow_in_the_file_wins_and_parallel_branches_follow_the_flows() -> None:
    """This order is the model's own: exchanging two flows exchanges winner and order."""
    assert Walk(OVERLAP, {"k": 9}).data["r"] == "B"
    x, y = "[x] g > B : k > 0\n", "[y] g > C : k > 5\n"
    swapped = OVERLAP.replace(x, "").replace(y, y + x)
    assert Walk(swapped, {"k": 9}).data["r"] == "C"
    split = "start s\nand g\nscript A := a = 1\nscript B := b = 1\ns > g > {}\ng > {}"
    assert Walk(split.format("A", "B")).trace == ["s", "g", "A", "B"]
    assert Walk(split.format("B", "A")).trace == ["s", "g", "B", "A"]
