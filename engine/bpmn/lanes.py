"""Lanes and drawn elements as the rest of the house sees them: roles and properties. No engine."""

from __future__ import annotations

from types import MappingProxyType

from lxml import etree

from engine.bpmn.drawn import Drawn
from engine.bpmn.model import Element, Lane
from engine.bpmn.rules import LANE_TWICE, Notes
from engine.bpmn.xml import BPMN, children, is_true, properties, tag


def lanes_of(drawn: Drawn) -> list[Lane]:
    """The lanes of every pool that runs, and of the processes it calls, outer ones first."""
    lanes: list[Lane] = []
    for pool, process in drawn.processes.items():
        for lane_set in children(process, "laneSet"):
            _lane_set(lane_set, pool, None, lanes)
    for key, process in drawn.called.items():
        pool = drawn.node_pool[drawn.callers[key].get("id", "")]
        for lane_set in children(process, "laneSet"):
            _lane_set(lane_set, pool, None, lanes)
    return lanes


def check_lanes(drawn: Drawn) -> None:
    """Note what stands in two lanes of which neither lies in the other: whose work is it then."""
    owners = [*drawn.processes.values(), *drawn.called.values()]
    for process in dict.fromkeys(owners):
        placed: dict[str, etree._Element] = {}
        for lane_set in children(process, "laneSet"):
            for lane in lane_set.iter(f"{{{BPMN}}}lane"):
                for reference in children(lane, "flowNodeRef"):
                    _place(drawn.notes, placed, (reference.text or "").strip(), lane)


def _place(
    notes: Notes, placed: dict[str, etree._Element], node: str, lane: etree._Element
) -> None:
    other = placed.setdefault(node, lane)
    if other is lane or other in lane.iterancestors():
        placed[node] = lane  # the inner lane is the one that counts
        return
    names = [one.get("name") or one.get("id", "") for one in (other, lane)]
    notes.doubt(
        LANE_TWICE,
        node,
        f"thuộc hai làn «{names[0]}» và «{names[1]}», không rõ ai làm.",
        "Hãy giữ phần tử trong một làn.",
    )


def _lane_set(lane_set: etree._Element, pool: str, role: str | None, lanes: list[Lane]) -> None:
    for lane in children(lane_set, "lane"):
        own = properties(lane).get("role") or role
        nodes = tuple((ref.text or "").strip() for ref in children(lane, "flowNodeRef"))
        lanes.append(Lane(lane.get("id", ""), lane.get("name", ""), pool, own, nodes))
        for inner in children(lane, "childLaneSet"):
            _lane_set(inner, pool, own, lanes)


def elements_of(drawn: Drawn, lanes: list[Lane]) -> dict[str, Element]:
    """Every flow node by id; without a lane it has the role of what it lies in or is called by."""
    role_of: dict[str, str | None] = {}
    for lane in lanes:
        for node in lane.nodes:
            if lane.role is not None or node not in role_of:
                role_of[node] = lane.role
    return {key: _element(drawn, key, node, role_of) for key, node in drawn.nodes.items()}


def _element(
    drawn: Drawn, key: str, node: etree._Element, role_of: dict[str, str | None]
) -> Element:
    kind = tag(node)
    above = node.getparent()
    if kind == "startEvent" and above is not None and is_true(above, "triggeredByEvent"):
        kind = "boundaryEvent"
    role = role_of.get(key)
    while role is None and above is not None:
        around = above.get("id", "")
        role = role_of.get(around)
        above = drawn.callers[around] if around in drawn.callers else above.getparent()
    return Element(
        key,
        kind,
        " ".join(node.get("name", "").split()),
        drawn.node_pool[key],
        role,
        MappingProxyType(properties(node)),
    )
