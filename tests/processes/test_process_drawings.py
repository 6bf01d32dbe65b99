"""The pictures under processes/ are complete and tidy: every element drawn, named, uncrossed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from lxml import etree

ROOT = Path(__file__).resolve().parents[2]
PICTURES = sorted((ROOT / "processes").glob("*/*/process.bpmn"))
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
WAY = "{http://www.omg.org/spec/DD/20100524/DI}waypoint"
GATEWAYS = {"exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway"}
NODES = GATEWAYS | {
    *("startEvent", "endEvent", "boundaryEvent"),
    *("intermediateThrowEvent", "intermediateCatchEvent"),
    *("userTask", "scriptTask", "businessRuleTask", "subProcess"),
}
DRAWN = NODES | {"participant", "lane", "sequenceFlow", "messageFlow"}

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A rectangle on the canvas."""

    x: float
    y: float
    w: float
    h: float

    def overlaps(self, other: Box) -> bool:
        """Whether the two share more than an edge."""
        return (
            self.x < other.x + other.w
            and other.x < self.x + self.w
            and self.y < other.y + other.h
            and other.y < self.y + self.h
        )

    def holds(self, other: Box) -> bool:
        """Whether the other lies wholly inside."""
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.x + other.w <= self.x + self.w
            and other.y + other.h <= self.y + self.h
        )


@dataclass(frozen=True)
class Picture:
    """What the file draws: elements, shapes, lines and their labels, by element id."""

    elements: dict[str, etree._Element]
    shapes: dict[str, Box]
    lines: dict[str, tuple[Point, ...]]
    labels: dict[str, Box]

    def of(self, *types: str) -> Iterator[str]:
        """Ids of the elements of these types."""
        for key, element in self.elements.items():
            if etree.QName(element).localname in types:
                yield key

    def scope(self, key: str) -> str:
        """The id of the process or sub-process an element stands in."""
        return str(self.elements[key].getparent().get("id"))


def _box(element: etree._Element) -> Box:
    bounds = element.find(DC + "Bounds")
    assert bounds is not None
    return Box(*(float(bounds.get(k)) for k in ("x", "y", "width", "height")))


@cache
def picture(path: Path) -> Picture:
    """Read a drawing once."""
    root = etree.parse(str(path)).getroot()
    elements = {
        e.get("id"): e
        for e in root.iter()
        if isinstance(e.tag, str) and e.tag.startswith(BPMN) and e.get("id")
    }
    shapes, lines, labels = {}, {}, {}
    for shape in root.iter(DI + "BPMNShape"):
        shapes[shape.get("bpmnElement")] = _box(shape)
    for edge in root.iter(DI + "BPMNEdge"):
        points = tuple((float(p.get("x")), float(p.get("y"))) for p in edge.iter(WAY))
        lines[edge.get("bpmnElement")] = points
    for label in root.iter(DI + "BPMNLabel"):
        labels[label.getparent().get("bpmnElement")] = _box(label)
    return Picture(elements, shapes, lines, labels)


def segments(points: tuple[Point, ...]) -> list[tuple[Point, Point]]:
    """The straight pieces of a line."""
    return list(pairwise(points))


def crossing(a: tuple[Point, Point], b: tuple[Point, Point]) -> bool:
    """Whether a level and an upright piece cross inside both."""
    for one, two in ((a, b), (b, a)):
        (x1, y1), (x2, y2) = one
        (u1, v1), (u2, v2) = two
        if y1 == y2 and u1 == u2:
            inside_x = min(x1, x2) < u1 < max(x1, x2)
            if inside_x and min(v1, v2) < y1 < max(v1, v2):
                return True
    return False


def through(piece: tuple[Point, Point], box: Box) -> bool:
    """Whether a piece of a line runs through the inside of a box."""
    (x1, y1), (x2, y2) = piece
    left, right, top, bottom = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
    across = left < box.x + box.w and box.x < right
    return across and top < box.y + box.h and box.y < bottom


every = pytest.mark.parametrize("path", PICTURES, ids=lambda p: p.parent.name)


def test_there_are_pictures() -> None:
    """The death group has its two dated versions."""
    assert [p.parent.name for p in PICTURES if p.parents[1].name == "khai-tu-lien-thong"] == [
        "2019-07-01",
        "2026-09-01",
    ]


@every
def test_every_element_is_drawn(path: Path) -> None:
    """bpmn-js shows, without a warning, only what has its shape or line."""
    p = picture(path)
    wanted = set(p.of(*DRAWN))
    drawn = set(p.shapes) | set(p.lines)
    assert wanted - drawn == set()
    assert drawn - wanted == set()
    for flow in p.of("sequenceFlow", "messageFlow"):
        for end in ("sourceRef", "targetRef"):
            assert p.elements[flow].get(end) in p.elements, (flow, end)


@every
def test_every_element_has_a_name(path: Path) -> None:
    """Nodes, pools, lanes, handoffs and each way out of a split are named."""
    p = picture(path)
    nameless = {k for k in p.of(*(DRAWN - {"sequenceFlow"})) if not p.elements[k].get("name")}
    for key in p.of(*GATEWAYS):
        ways = [f for f in p.of("sequenceFlow") if p.elements[f].get("sourceRef") == key]
        if len(ways) > 1:
            nameless |= {f for f in ways if not p.elements[f].get("name")}
    assert nameless == set()


@every
def test_every_split_says_when(path: Path) -> None:
    """Each way out of a split has a condition or is the default."""
    p = picture(path)
    for key in p.of("exclusiveGateway", "inclusiveGateway"):
        ways = [f for f in p.of("sequenceFlow") if p.elements[f].get("sourceRef") == key]
        default = p.elements[key].get("default")
        if len(ways) > 1:
            for way in ways:
                has = p.elements[way].find(BPMN + "conditionExpression") is not None
                assert has != (way == default), way


@every
def test_shapes_stand_apart(path: Path) -> None:
    """No node covers another; each lies in its lane, pool or sub-process."""
    p = picture(path)
    nodes = list(p.of(*NODES))
    boundary = set(p.of("boundaryEvent"))
    for a, b in combinations(nodes, 2):
        if p.scope(a) == p.scope(b) and not {a, b} & boundary:
            assert not p.shapes[a].overlaps(p.shapes[b]), (a, b)
    for key in set(nodes) - boundary:
        parent = p.scope(key)
        if parent in p.shapes:
            assert p.shapes[parent].holds(p.shapes[key]), (parent, key)
    for lane in p.of("lane"):
        for ref in p.elements[lane].iter(BPMN + "flowNodeRef"):
            assert p.shapes[lane].holds(p.shapes[ref.text]), (lane, ref.text)
    for a, b in combinations(p.of("participant"), 2):
        assert not p.shapes[a].overlaps(p.shapes[b]), (a, b)


@every
def test_boundary_events_sit_on_their_host(path: Path) -> None:
    """The middle of a boundary event is on the border of what it is attached to."""
    p = picture(path)
    for key in p.of("boundaryEvent"):
        box, host = p.shapes[key], p.shapes[p.elements[key].get("attachedToRef")]
        x, y = box.x + box.w / 2, box.y + box.h / 2
        on_side = x in (host.x, host.x + host.w) and host.y <= y <= host.y + host.h
        on_edge = y in (host.y, host.y + host.h) and host.x <= x <= host.x + host.w
        assert on_side or on_edge, key


@every
def test_lines_are_level_or_upright_and_do_not_cross(path: Path) -> None:
    """Sequence flows bend at right angles, cross no other flow and run through no node."""
    p = picture(path)
    flows = list(p.of("sequenceFlow"))
    nodes = list(p.of(*NODES))
    for flow in flows:
        for (x1, y1), (x2, y2) in segments(p.lines[flow]):
            assert x1 == x2 or y1 == y2, flow
        ends = {p.elements[flow].get("sourceRef"), p.elements[flow].get("targetRef")}
        for node in nodes:
            inside = p.scope(node) == p.scope(flow) and node not in ends
            attached = p.elements[node].get("attachedToRef")
            if inside and attached not in ends:
                for piece in segments(p.lines[flow]):
                    assert not through(piece, p.shapes[node]), (flow, node)
    for a, b in combinations(flows, 2):
        for one in segments(p.lines[a]):
            for two in segments(p.lines[b]):
                assert not crossing(one, two), (a, b)


@every
def test_handoffs_are_columns_of_their_own(path: Path) -> None:
    """A message flow is one upright line, alone in its column, through no node on its way."""
    p = picture(path)
    columns = []
    for flow in p.of("messageFlow"):
        ((x1, y1), (x2, y2)) = p.lines[flow]
        assert x1 == x2, flow
        columns.append(x1)
        ends = {p.elements[flow].get("sourceRef"), p.elements[flow].get("targetRef")}
        hosts = {p.elements[e].get("attachedToRef") for e in ends}
        for node in set(p.of(*(NODES - {"subProcess"}))) - ends - hosts:
            assert not through(((x1, y1), (x2, y2)), p.shapes[node]), (flow, node)
    assert len(columns) == len(set(columns))


@every
def test_labels_are_readable(path: Path) -> None:
    """No label lies on a node, on another label or on an upright or level line."""
    p = picture(path)
    nodes = list(p.of(*(NODES - {"subProcess"})))
    for key, label in p.labels.items():
        inner = Box(label.x + 4, label.y + 3, label.w - 8, label.h - 6)
        for node in nodes:
            assert not inner.overlaps(p.shapes[node]), (key, node)
        for flow, points in p.lines.items():
            for piece in segments(points):
                assert not through(piece, inner), (key, flow)
    for (a, one), (b, two) in combinations(p.labels.items(), 2):
        inner = Box(one.x + 4, one.y + 3, one.w - 8, one.h - 6)
        assert not inner.overlaps(two), (a, b)
