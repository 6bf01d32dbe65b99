"""Make executable plans of a checked graph: compile FEEL, connect nodes. Built once, only read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine import feel
from engine.bpmn import scripting
from engine.bpmn.events import Boundary, Catch, EventGateway
from engine.bpmn.graph import Loop, Scope
from engine.bpmn.graph import Node as Drawn
from engine.bpmn.joins import Inclusive, Parallel, reach_sets
from engine.bpmn.loops import COUNTER, COUNTS, Repeat
from engine.bpmn.nodes import (
    Choice,
    Node,
    Pass,
    Plan,
    RuleNode,
    ScriptNode,
    SubProcess,
    Throw,
    Work,
)
from engine.errors import FeelError, ModelError

_CLASSES: dict[str, type[Node]] = {
    "startEvent": Pass,
    "pass": Pass,
    "userTask": Work,
    "manualTask": Work,
    "scriptTask": ScriptNode,
    "businessRuleTask": RuleNode,
    "sendTask": Throw,
    "receiveTask": Catch,
    "intermediateCatchEvent": Catch,
    "intermediateThrowEvent": Throw,
    "endEvent": Throw,
    "boundaryEvent": Boundary,
    "exclusiveGateway": Choice,
    "inclusiveGateway": Inclusive,
    "parallelGateway": Parallel,
    "eventBasedGateway": EventGateway,
    "subProcess": SubProcess,
}


@dataclass
class Built:
    """The plans of a pool: the outer one, those of its sub-processes by name, and names read."""

    file: str
    decisions: Mapping[str, Any]
    types: Mapping[str, str]
    inner: dict[str, Plan] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    plan: Plan | None = None


def build(scope: Scope, file: str, decisions: Mapping[str, Any], types: Mapping[str, str]) -> Built:
    """The plans of one pool; ModelError when an expression does not compile."""
    built = Built(file, decisions, types)
    built.plan = _plan(scope, built)
    if COUNTER in built.names:
        for plan in (built.plan, *built.inner.values()):
            for spec in plan.task_specs.values():
                if isinstance(spec, Repeat):
                    spec.counted = True
    built.names -= COUNTS
    return built


def _plan(scope: Scope, built: Built) -> Plan:
    plan = Plan(scope.id, scope.wrapped)
    for node in scope.nodes.values():
        spec = _node(plan, scope, node, built)
        if node.loop is not None:
            _repeat(plan, node, spec, node.loop, built)
    for node in scope.nodes.values():
        spec = plan.task_specs[node.id]
        for boundary in scope.boundaries(node.id):
            spec.watchers.append(boundary.id)
        _connect(plan, scope, node, spec, built)
        if node.kind == "startEvent":
            plan.start.connect(spec)
    reach_sets(plan)
    return plan


def _node(plan: Plan, scope: Scope, node: Drawn, built: Built) -> Node:
    name = f"__turn_{node.id}" if node.loop is not None else node.id
    spec = _CLASSES[node.kind](plan, name)
    spec.bpmn_id, spec.bpmn_name = node.element, node.name
    spec.element, spec.event = node.element, node.event
    spec.tag = built.types.get(node.element or "", "")
    if isinstance(spec, Catch) and node.event.kind == "timer":
        spec.timer = scripting.timer(node.event.timer, node.event.cycle, built.file, node.id)
        built.names |= spec.timer.names
    if isinstance(spec, Boundary):
        spec.interrupting = node.interrupting
        host = scope.nodes[node.host or ""].scope
        if host is not None and host.wrapped:
            spec.whole, spec.tag = True, "startEvent"
    if isinstance(spec, ScriptNode):
        spec.script = _script(node, built)
    if isinstance(spec, RuleNode):
        if node.decision not in built.decisions:
            raise ModelError(
                built.file,
                node.id,
                f"bảng quyết định «{node.decision}» không có.",
                "Hãy chọn mã quyết định có trong các tệp .dmn của quy trình.",
            )
        spec.decision = built.decisions[node.decision or ""]
        built.names |= spec.decision.inputs
    if isinstance(spec, SubProcess) and node.scope is not None:
        spec.inner = node.scope.id
        # A process that several call activities call is read for each of them, and built once.
        if spec.inner not in built.inner:
            built.inner[spec.inner] = _plan(node.scope, built)
    return spec


def _script(node: Drawn, built: Built) -> Any:
    if not (node.script or "").strip():
        raise ModelError(
            built.file, node.id, "Script Task không có nội dung.", "Hãy ghi các phép gán FEEL."
        )
    try:
        script = feel.compile_script(node.script or "")
    except FeelError as error:
        raise ModelError(
            built.file, node.id, error.message, "Mỗi dòng là một phép gán: tên = biểu thức FEEL."
        ) from None
    built.names |= script.names
    return script


def _repeat(plan: Plan, node: Drawn, turn: Node, loop: Loop, built: Built) -> None:
    spec = Repeat(plan, node.id)
    spec.bpmn_name, spec.turn, spec.loop = node.name, turn.name, loop
    turn.repeats = spec.name
    turn._inputs.append(spec.name)
    if loop.condition:
        spec.condition = scripting.expression(loop.condition, built.file, node.id)
        built.names |= spec.condition.names
    if loop.cardinality:
        spec.cardinality = scripting.expression(loop.cardinality, built.file, node.id)
        built.names |= spec.cardinality.names
    built.names |= {name for name in (loop.items, loop.result) if name}


def _connect(plan: Plan, scope: Scope, node: Drawn, spec: Node, built: Built) -> None:
    flows = scope.out(node.id)
    if isinstance(spec, Choice):
        spec.choices = []
        for flow in flows:
            if flow.id == node.default:
                spec.default = flow.target
                continue
            condition = None
            if flow.condition:
                condition = scripting.expression(flow.condition, built.file, flow.id)
                built.names |= condition.names
            spec.choices.append((condition, flow.target))
    for flow in flows:
        spec.connect(plan.task_specs[flow.target])
    stops = node.kind == "endEvent" and node.event.kind in ("error", "cancel", "terminate")
    if not flows and not stops:
        spec.connect(plan.end)
