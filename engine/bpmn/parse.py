"""A drawn file to a Model: read, normalise, check, build. Done once per published version."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lxml import etree

from engine import dmn as tables
from engine.bpmn import read as reader
from engine.bpmn.build import Built, build
from engine.bpmn.check import check
from engine.bpmn.graph import Scope
from engine.bpmn.model import Element, Lane, MessageFlow, Model, Pool
from engine.bpmn.normalise import normalise
from engine.bpmn.read import Drawn, process_of
from engine.bpmn.xml import BPMN, children, properties, tag
from engine.errors import ModelError


def parse(bpmn: bytes, dmn: Mapping[str, bytes], file: str) -> Model:
    """The model of a procedure file and its DMN tables (by file name).

    ModelError (file, element, reason, cure) on whatever would not run as drawn.
    """
    drawn = reader.read(bpmn, file)
    decisions = _decisions(dmn)
    lanes = _lanes(drawn)
    elements = _elements(drawn, lanes)
    flows = _message_flows(drawn, elements)
    types = {key: element.type for key, element in elements.items()}
    plans: dict[str, Built] = {}
    starts: dict[str, tuple[str, ...]] = {}
    for pool, scope in drawn.scopes.items():
        _message_ends(drawn, pool, scope, flows)
        starts[pool] = tuple(n.id for n in scope.nodes.values() if n.kind == "startEvent")
        normalise(scope, file)
        check(scope, file)
        plans[pool] = build(scope, file, decisions, types)
    pools = {
        key: _pool(drawn, key, plans.get(key), starts.get(key, ())) for key in drawn.participants
    }
    return Model(
        pools=MappingProxyType(pools),
        flows=MappingProxyType(flows),
        elements=MappingProxyType(elements),
        lanes=MappingProxyType({lane.id: lane for lane in lanes}),
        main=_main(pools, elements, drawn),
        xml=bpmn,
        plans=MappingProxyType(plans),
    )


def _decisions(dmn: Mapping[str, bytes]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, source in sorted(dmn.items()):
        for key, decision in tables.parse_decisions(source, name).items():
            if key in found:
                raise ModelError(name, key, "mã quyết định bị dùng hai lần.", "Hãy đặt mã khác.")
            found[key] = decision
    return found


def _lanes(drawn: Drawn) -> list[Lane]:
    lanes: list[Lane] = []
    for pool in drawn.scopes:
        process = drawn.processes[process_of(drawn, pool) or ""]
        for lane_set in children(process, "laneSet"):
            _lane_set(lane_set, pool, None, lanes)
    return lanes


def _lane_set(lane_set: etree._Element, pool: str, role: str | None, lanes: list[Lane]) -> None:
    for lane in children(lane_set, "lane"):
        own = properties(lane).get("role") or role
        nodes = tuple((ref.text or "").strip() for ref in children(lane, "flowNodeRef"))
        lanes.append(Lane(lane.get("id", ""), lane.get("name", ""), pool, own, nodes))
        for inner in children(lane, "childLaneSet"):
            _lane_set(inner, pool, own, lanes)


def _elements(drawn: Drawn, lanes: list[Lane]) -> dict[str, Element]:
    role_of: dict[str, str | None] = {}
    for lane in lanes:
        for node in lane.nodes:
            if lane.role is not None or node not in role_of:
                role_of[node] = lane.role
    elements = {}
    for key, node in drawn.nodes.items():
        kind = tag(node)
        above = node.getparent()
        if kind == "startEvent" and above is not None and above.get("triggeredByEvent") == "true":
            kind = "boundaryEvent"
        role = role_of.get(key)
        while role is None and above is not None:
            role, above = role_of.get(above.get("id", "")), above.getparent()
        elements[key] = Element(
            key,
            kind,
            " ".join(node.get("name", "").split()),
            drawn.node_pool[key],
            role,
            MappingProxyType(properties(node)),
        )
    return elements


def _message_flows(drawn: Drawn, elements: Mapping[str, Element]) -> dict[str, MessageFlow]:
    flows: dict[str, MessageFlow] = {}
    for collaboration in children(drawn.root, "collaboration"):
        for flow in children(collaboration, "messageFlow"):
            key = flow.get("id", "")
            source = _end(drawn, flow, "sourceRef", elements)
            target = _end(drawn, flow, "targetRef", elements)
            if source[0] == target[0]:
                raise ModelError(
                    drawn.file, key, "luồng thông điệp nằm trong một pool.", "Hãy dùng mũi tên."
                )
            fields = properties(flow).get("fields", "")
            names = tuple(part.strip() for part in fields.split(",") if part.strip())
            label = flow.get("name") or _message_label(drawn, flow)
            flows[key] = MessageFlow(key, " ".join(label.split()), *source, *target, names)
    return flows


def _message_label(drawn: Drawn, flow: etree._Element) -> str:
    for message in children(drawn.root, "message"):
        if message.get("id") == flow.get("messageRef"):
            return message.get("name") or ""
    return ""


def _end(
    drawn: Drawn, flow: etree._Element, side: str, elements: Mapping[str, Element]
) -> tuple[str, str | None]:
    reference = flow.get(side, "")
    if reference in drawn.participants:
        if process_of(drawn, reference) is not None:
            raise ModelError(
                drawn.file,
                flow.get("id"),
                "luồng thông điệp nối vào viền của pool đang mở.",
                "Hãy nối vào đúng sự kiện gửi hoặc nhận.",
            )
        return reference, None
    if reference not in elements:
        raise ModelError(
            drawn.file,
            flow.get("id"),
            f"luồng thông điệp nối tới «{reference}» không có.",
            "Hãy vẽ lại luồng thông điệp.",
        )
    return elements[reference].pool, reference


def _message_ends(drawn: Drawn, pool: str, scope: Scope, flows: Mapping[str, MessageFlow]) -> None:
    """Everything that sends has a flow out, everything that waits has one in, and no other has."""
    sources = {flow.source_element: flow.id for flow in flows.values()}
    targets = {flow.target_element: flow.id for flow in flows.values()}
    for _, node in scope.walk():
        sends = node.kind in ("endEvent", "intermediateThrowEvent", "sendTask")
        message = node.event.kind == "message"
        if message and sends and node.id not in sources:
            raise ModelError(
                drawn.file,
                node.id,
                "gửi thông điệp nhưng không có luồng đi ra.",
                "Hãy vẽ luồng thông điệp tới nơi nhận.",
            )
        if message and not sends and node.id not in targets:
            raise ModelError(
                drawn.file,
                node.id,
                "chờ thông điệp nhưng không có luồng đi vào.",
                "Hãy vẽ luồng thông điệp từ nơi gửi.",
            )
        wrong = sources.get(node.id) if not (message and sends) else targets.get(node.id)
        if not message:
            wrong = wrong or targets.get(node.id)
        if wrong:
            raise ModelError(
                drawn.file,
                wrong,
                f"luồng thông điệp nối sai chiều hoặc nối vào «{node.id}» không gửi, nhận được.",
                "Hãy nối từ sự kiện gửi tới sự kiện nhận.",
            )


def _pool(drawn: Drawn, key: str, built: Built | None, starts: tuple[str, ...]) -> Pool:
    participant = drawn.participants[key]
    process_id = process_of(drawn, key)
    process = drawn.processes.get(process_id or "")
    found = {**properties(process), **properties(participant)}
    named = participant if participant is not None else process
    name = (named.get("name") if named is not None else None) or key
    names = frozenset(built.names) if built is not None else frozenset()
    return Pool(key, " ".join(name.split()), process_id, MappingProxyType(found), names, starts)


def _main(pools: Mapping[str, Pool], elements: Mapping[str, Element], drawn: Drawn) -> Pool:
    marked = [pool for pool in pools.values() if pool.properties.get("main") == "true"]
    if not marked:
        waits = {
            key
            for key, node in drawn.nodes.items()
            if node.find(f"{{{BPMN}}}messageEventDefinition") is not None
        }
        marked = [p for p in pools.values() if any(s not in waits for s in p.starts)]
    if not marked and len(drawn.scopes) == 1:
        marked = [pools[next(iter(drawn.scopes))]]
    if len(marked) != 1 or marked[0].process_id is None:
        raise ModelError(
            drawn.file,
            None,
            "không rõ pool nào mở hồ sơ.",
            'Hãy ghi thuộc tính main = "true" ở đúng một pool.',
        )
    return marked[0]
