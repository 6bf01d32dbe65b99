"""The whole gate for one version of a procedure: picture, tables, forms, facts and scenarios."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import orjson

from engine import bpmn, dmn
from engine.bpmn import gate as bpmn_gate
from engine.bpmn.names import Folder
from engine.catalog import clashing, drawing, facts, rules, scenarios
from engine.catalog.folder import libraries, read_folder, read_scenarios, tables_of
from engine.catalog.version import Version
from engine.catalog.written import types_of, writes
from engine.errors import ModelError
from engine.findings import Finding
from engine.forms import compile_form

Play = Callable[[Path, Path], list[tuple[str, list[str]]]]

_MOST_SEEN = 64
_seen: dict[tuple[str, str], tuple[Finding, ...]] = {}


def inspect_folder(folder: Path, forms: Path, *, play: Play | None = None) -> list[Finding]:
    """Everything found in a version's folder and its forms; nothing is published.

    ``play`` plays the folder's scenarios and tells (name, differences) of each; without it they
    are only read. It is called when nothing else stands in the way.
    """
    label = f"{folder.parent.name}/{folder.name}"
    try:
        files = {**read_folder(folder, forms), **read_scenarios(folder)}
    except ModelError as error:
        file = f"{label}/{Path(error.file).name}" if error.file != str(folder) else label
        return [finding_of(error, file)]
    found = inspect_files(files, label)
    if play is not None and all(finding.severity != "error" for finding in found):
        found += [
            Finding(
                f"{label}/scenarios/{name}.toml",
                rules.SCENARIO_FAILS.id,
                "error",
                None,
                difference,
                "Sửa kịch bản hoặc bức vẽ cho khớp nhau.",
            )
            for name, differences in play(folder, forms)
            for difference in differences
        ]
    return found


def inspect_files(files: Mapping[str, str], label: str) -> list[Finding]:
    """Everything found in a version's files {relative path: text}, errors first.

    The same files are looked at once per process.
    """
    digest = hashlib.sha256(orjson.dumps(dict(files), option=orjson.OPT_SORT_KEYS)).hexdigest()
    key = (label, digest)
    if key not in _seen:
        if len(_seen) >= _MOST_SEEN:
            _seen.clear()
        _seen[key] = _inspected(label, files)
    return list(_seen[key])


def refuse_errors(found: list[Finding]) -> None:
    """ModelError for the first error, with every finding in its details; else nothing."""
    for finding in found:
        if finding.severity == "error":
            refusal = ModelError(
                finding.file, finding.element, finding.message, finding.cure, finding.rule
            )
            refusal.details["findings"] = [asdict(one) for one in found]
            raise refusal


def finding_of(error: ModelError, file: str = "") -> Finding:
    """A refusal as a finding."""
    rule = error.rule or rules.FILES.id
    return Finding(file or error.file, rule, "error", error.element, error.reason, error.cure)


def _inspected(label: str, files: Mapping[str, str]) -> tuple[Finding, ...]:
    version = Version(label, files)
    try:
        _look(version)
    except Exception as error:  # whatever it is, the version must not be published
        version.note(bpmn_gate.fault(label, error))
    return tuple(sorted(version.found, key=lambda finding: finding.severity != "error"))


def _look(version: Version) -> None:
    facts.read(version)
    _read_forms(version)
    _read_decisions(version)
    version.whole = all(finding.severity != "error" for finding in version.found)
    _read_picture(version)
    facts.check(version)
    clashing.check(version)
    if version.model is not None:
        drawing.check(version, version.model)
    scenarios.check(version, version.model)


def _read_forms(version: Version) -> None:
    for name, text in version.files.items():
        if not name.startswith("forms/"):
            continue
        try:
            version.forms[Path(name).stem] = compile_form(text.encode(), version.name(name))
        except ModelError as error:
            version.error(rules.FORM, name, error.element, error.reason, error.cure)


def _read_decisions(version: Version) -> None:
    for name in tables_of(version.files):
        source = version.files[name].encode()
        decisions, findings = dmn.inspect(source, version.name(name))
        version.decisions |= decisions
        for finding in findings:
            version.note(finding)


def _read_picture(version: Version) -> None:
    """Take the picture in; a model that only does not run well is still looked at further."""
    source, file = version.files["process.bpmn"].encode(), version.name("process.bpmn")
    tables = _sources(version, tables_of(version.files))
    library = _sources(version, libraries(version.files))
    inspection = bpmn_gate.inspect(
        source, file, dmn=tables, library=library, strict=True, context=_context(version)
    )
    for finding in inspection.findings:
        version.note(finding)
    version.model = inspection.model
    if version.model is None:
        with suppress(ModelError):
            version.model = bpmn.parse(source, tables, file, library)


def _sources(version: Version, names: list[str]) -> dict[str, bytes]:
    return {version.name(name): version.files[name].encode() for name in names}


def _context(version: Version) -> Folder | None:
    """What only the folder knows of its data: what forms and decisions write, where it begins."""
    if not version.whole:
        return None
    start = version.forms.get("start")
    pictures = drawing.pictures_of(version)
    return Folder(
        writes=writes(version.forms, version.decisions, pictures),
        start=types_of(start) if start is not None else {},
        asks=drawing.asked_by_forms(version, pictures),
    )
