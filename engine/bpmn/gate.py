"""The gate: whether a drawing does what it shows, with everything found that speaks against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from engine import dmn as tables
from engine.bpmn.dataflow import Context, flow_findings
from engine.bpmn.interplay import interplay
from engine.bpmn.model import Model
from engine.bpmn.names import check_names
from engine.bpmn.parse import Reading, add_decisions, read_model
from engine.bpmn.rules import INTERNAL, Notes
from engine.bpmn.soundness import explore
from engine.findings import Finding

_NOTHING: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True)
class Inspection:
    """What was found in one file; ``model`` is None as soon as there is an error."""

    findings: tuple[Finding, ...]
    model: Model | None

    @property
    def ok(self) -> bool:
        """Whether the drawing runs as drawn."""
        return self.model is not None


def inspect(
    source: bytes,
    file: str,
    *,
    dmn: Mapping[str, bytes] = _NOTHING,
    library: Mapping[str, bytes] = _NOTHING,
    strict: bool,
    context: Context | None = None,
) -> Inspection:
    """Everything found in a drawing: language, structure, behaviour, soundness, data flow.

    ``dmn`` and ``library`` are the decision tables and further drawings of its version folder by
    file name; ``strict`` asks what a procedure needs, else only what the engine needs. Never
    raises: a fault of the checker itself is an error finding ``internal``.
    """
    notes = Notes(file, strict=strict)
    model = None
    try:
        reading = read_model(source, _decisions(dmn, notes), library, notes)
        if reading.model is not None:
            _explore(reading, context)
        model = reading.model
    except Exception as error:  # whatever it is, the file must not pass
        notes.add(fault(file, error))
    return Inspection(tuple(notes), model if notes.ok else None)


def fault(file: str, error: Exception) -> Finding:
    """What the checker itself tripped over, as a finding."""
    return Finding(
        file,
        INTERNAL.id,
        "error",
        None,
        f"lệnh kiểm tra gặp lỗi ({type(error).__name__}: {str(error)[:200]}).",
        "Hãy gửi tệp này cho người phát triển.",
    )


def _decisions(dmn: Mapping[str, bytes], notes: Notes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, source in sorted(dmn.items()):
        decisions, findings = tables.inspect(source, name)
        for finding in findings:
            notes.add(finding)
        add_decisions(found, decisions, name, notes)
    return found


def _explore(reading: Reading, context: Context | None) -> None:
    """Play the token game and follow the data, once the structure is sound."""
    notes, model = reading.notes, reading.model
    for scope in reading.scopes.values():
        for finding in explore(scope, notes.file, strict=notes.strict):
            notes.add(finding)
    if model is not None:
        for finding in interplay(
            reading.scopes, model.flows, notes.file, main=model.main.id, strict=notes.strict
        ):
            notes.add(finding)
        check_names(reading.scopes, model, reading.decisions, context, notes)
    for finding in flow_findings(
        reading.scopes,
        model.flows if model is not None else {},
        reading.decisions,
        notes.file,
        strict=notes.strict,
        context=context,
    ):
        notes.add(finding)
