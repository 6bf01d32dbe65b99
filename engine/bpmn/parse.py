"""A drawn file to a Model: read, note every fault, normalise, check, build. No exploration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from engine import dmn as tables
from engine.bpmn.build import Built, build
from engine.bpmn.check import check
from engine.bpmn.drawn import Drawn
from engine.bpmn.foreign import check_foreign
from engine.bpmn.graph import Scope
from engine.bpmn.lanes import check_lanes, elements_of, lanes_of
from engine.bpmn.language import check_language
from engine.bpmn.messages import message_flows
from engine.bpmn.model import Model, Pool
from engine.bpmn.normalise import normalise
from engine.bpmn.read import read
from engine.bpmn.rules import DUPLICATE_ID, EXPRESSION, MAIN_POOL, Notes
from engine.bpmn.xml import properties, tag
from engine.errors import ModelError
from engine.findings import RULES, Rule


@dataclass
class Reading:
    """A file with all that was found in it; ``model`` and ``scopes`` only when nothing is wrong."""

    notes: Notes
    model: Model | None = None
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    decisions: Mapping[str, Any] = field(default_factory=dict)


def parse(
    bpmn: bytes,
    dmn: Mapping[str, bytes],
    file: str,
    library: Mapping[str, bytes] | None = None,
    strict: bool = True,
) -> Model:
    """The model of a procedure file, its DMN tables and the files it calls (both by file name).

    ModelError (file, element, reason, cure, rule) on the first thing that would not run as drawn.
    """
    notes = Notes(file, strict=strict)
    reading = read_model(bpmn, decisions_of(dmn, notes), library or {}, notes)
    for finding in notes:
        if finding.severity == "error":
            raise ModelError(
                finding.file, finding.element, finding.message, finding.cure, finding.rule
            )
    if reading.model is None:
        raise ModelError(file, None, "không đọc được.", "Hãy lưu lại từ trình vẽ sơ đồ.")
    return reading.model


def decisions_of(dmn: Mapping[str, bytes], notes: Notes) -> dict[str, Any]:
    """The decisions of the DMN files; a file that cannot be used is noted."""
    found: dict[str, Any] = {}
    for name, source in sorted(dmn.items()):
        try:
            decisions = tables.parse_decisions(source, name)
        except ModelError as error:
            note_error(error, EXPRESSION, Notes(name), notes)
            continue
        add_decisions(found, decisions, name, notes)
    return found


def add_decisions(
    found: dict[str, Any], decisions: Mapping[str, Any], name: str, notes: Notes
) -> None:
    """Put the decisions of one DMN file to those of the others; each id is used once."""
    for key, decision in decisions.items():
        if key in found:
            inner = Notes(name)
            inner.error(DUPLICATE_ID, key, "mã quyết định bị dùng hai lần.", "Hãy đặt mã khác.")
            for finding in inner:
                notes.add(finding)
        found[key] = decision


def note_error(error: ModelError, rule: Rule, inner: Notes, notes: Notes) -> None:
    """Note a refusal of another part as a finding."""
    inner.error(RULES.get(error.rule, rule), error.element, error.reason, error.cure)
    for finding in inner:
        notes.add(finding)


def read_model(
    bpmn: bytes, decisions: Mapping[str, Any], library: Mapping[str, bytes], notes: Notes
) -> Reading:
    """Read a file to the end, noting all faults; a model only when there is no error."""
    drawn = read(bpmn, notes, library)
    if drawn is None or not drawn.whole:
        return Reading(notes)
    check_foreign(drawn.source.root, notes)
    flows = message_flows(drawn)
    check_lanes(drawn)
    check_language(drawn.scopes, decisions, drawn.source.root, notes)
    starts = {
        pool: tuple(n.id for n in scope.nodes.values() if n.kind == "startEvent")
        for pool, scope in drawn.scopes.items()
    }
    for scope in drawn.scopes.values():
        normalise(scope, notes)
    check(drawn.scopes, notes)
    if not notes.ok:
        return Reading(notes)
    lanes = lanes_of(drawn)
    elements = elements_of(drawn, lanes)
    types = {key: tag(node) for key, node in drawn.nodes.items()}
    plans: dict[str, Built] = {}
    for pool, scope in drawn.scopes.items():
        try:
            plans[pool] = build(scope, notes.file, decisions, types)
        except ModelError as error:
            note_error(error, EXPRESSION, Notes(notes.file), notes)
    pools = {
        key: _pool(drawn, key, plans.get(key), starts.get(key, ())) for key in drawn.participants
    }
    main = _main(pools, drawn)
    if main is None or not notes.ok:
        return Reading(notes)
    model = Model(
        pools=MappingProxyType(pools),
        flows=MappingProxyType(flows),
        elements=MappingProxyType(elements),
        lanes=MappingProxyType({lane.id: lane for lane in lanes}),
        main=main,
        xml=bpmn,
        plans=MappingProxyType(plans),
    )
    return Reading(notes, model, drawn.scopes, decisions)


def _pool(drawn: Drawn, key: str, built: Built | None, starts: tuple[str, ...]) -> Pool:
    participant = drawn.participants[key]
    process = drawn.processes.get(key)
    found = {**properties(process), **properties(participant)}
    named = participant if participant is not None else process
    name = (named.get("name") if named is not None else None) or key
    names = frozenset(built.names) if built is not None else frozenset()
    process_id = drawn.process_of(key)
    return Pool(key, " ".join(name.split()), process_id, MappingProxyType(found), names, starts)


def _main(pools: Mapping[str, Pool], drawn: Drawn) -> Pool | None:
    """The pool that opens the dossier: marked, or the only one that begins by hand.

    A bare file has no dossier: there it is the first that can begin.
    """
    running = [pools[key] for key in drawn.scopes]
    marked = [pool for pool in running if pool.properties.get("main") == "true"]
    if not marked:
        by_hand = {
            node.id
            for scope in drawn.scopes.values()
            for node in scope.nodes.values()
            if node.kind == "startEvent" and node.event.kind == "none"
        }
        marked = [pool for pool in running if any(start in by_hand for start in pool.starts)]
    if not marked and (len(running) == 1 or not drawn.notes.strict):
        marked = running[:1]
    if len(marked) != 1:
        drawn.notes.doubt(
            MAIN_POOL,
            None,
            "không rõ pool nào mở hồ sơ.",
            'Hãy ghi thuộc tính main = "true" ở đúng một pool.',
        )
    return marked[0] if marked else None
