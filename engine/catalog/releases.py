"""Read a procedure folder and its forms, publish them by digest, load them parsed once."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import orjson
import zstandard
from sqlalchemy import Engine, or_, select
from sqlalchemy.orm import Session

from engine import bpmn, feel
from engine.catalog import gate
from engine.catalog.drawing import form_of as form_of  # the rest of the house takes it from here
from engine.catalog.facts import day_of
from engine.catalog.folder import libraries, read_folder, read_scenarios, tables_of
from engine.catalog.models import ReleaseRow
from engine.errors import NotFound
from engine.forms import Form, compile_form
from engine.org.models import Place


@dataclass(frozen=True)
class Promise:
    """One case of the date promised to the citizen: limits counted one after another."""

    steps: tuple[str, ...]
    when: Any = None  # compiled FEEL, or nothing for the last case


@dataclass(frozen=True)
class Release:
    """A published version, ready to run: the model, its forms by element id and its facts.

    ``meta`` is procedure.toml. ``papers`` are the components the law lists, in its order.
    """

    id: int
    procedure: str
    version: str
    digest: str
    title: str
    short_title: str
    model: bpmn.Model
    forms: Mapping[str, Form]
    papers: tuple[dict[str, Any], ...]
    promises: tuple[Promise, ...]
    meta: Mapping[str, Any] = field(default_factory=dict)

    def promise_for(self, facts: Mapping[str, Any]) -> tuple[str, ...]:
        """The limits promised for these facts; the first case that holds."""
        for case in self.promises:
            if case.when is None or feel.is_true(case.when.evaluate(facts)):
                return case.steps
        return ()


def build(files: Mapping[str, str], release_id: int, label: str) -> Release:
    """Parse a version's files, which have passed the gate."""
    meta = tomllib.loads(files["procedure.toml"])
    dmn = {name: files[name].encode() for name in tables_of(files)}
    library = {name: files[name].encode() for name in libraries(files)}
    model = bpmn.parse(files["process.bpmn"].encode(), dmn, f"{label}/process.bpmn", library)
    forms = {
        Path(name).stem: compile_form(text.encode(), f"{label}/{name}")
        for name, text in files.items()
        if name.startswith("forms/")
    }
    return Release(
        id=release_id,
        procedure=meta["key"],
        version=str(meta["valid_from"]),
        digest=_digest(files),
        title=meta["title"],
        short_title=meta.get("short_title", meta["title"]),
        model=model,
        forms=forms,
        papers=tuple(meta.get("papers", ())),
        promises=_promises(meta),
        meta=meta,
    )


def publish_folder(session: Session, folder: Path, forms: Path, now: datetime) -> ReleaseRow:
    """Publish one version. The same files published again are the same release.

    ModelError with everything the gate found in ``details["findings"]`` when any of it is an error.
    """
    files = read_folder(folder, forms)
    label = f"{folder.parent.name}/{folder.name}"
    gate.refuse_errors(gate.inspect_files({**files, **read_scenarios(folder)}, label))
    release = build(files, 0, label)
    row = session.scalar(
        select(ReleaseRow).where(
            ReleaseRow.procedure == release.procedure, ReleaseRow.digest == release.digest
        )
    )
    if row is None:
        row = ReleaseRow(
            procedure=release.procedure,
            version=release.version,
            digest=release.digest,
            title=release.title,
            valid_from=day_of(release.meta["valid_from"]),
            valid_to=day_of(release.meta.get("valid_to")),
            files=zstandard.compress(orjson.dumps(files)),
            published_at=now,
        )
        session.add(row)
        session.flush()
    return row


def publish_all(session: Session, root: Path, now: datetime) -> list[ReleaseRow]:
    """Publish every version under ``root/processes`` with its forms under ``root/forms``."""
    folders = sorted(p.parent for p in (root / "processes").glob("*/*/process.bpmn"))
    return [
        publish_folder(session, folder, root / "forms" / folder.parent.name / folder.name, now)
        for folder in folders
    ]


_built: dict[tuple[int, str], Release] = {}
_loaded: WeakKeyDictionary[Engine, dict[int, Release]] = WeakKeyDictionary()


def load(session: Session, release_id: int) -> Release:
    """A release by its number: read once per database, parsed once per process.

    What is published is never changed, so nothing of it is asked again.
    """
    known = _loaded.setdefault(session.get_bind().engine, {})
    if release_id not in known:
        row = session.get(ReleaseRow, release_id)
        if row is None:
            raise NotFound("Không có phiên bản thủ tục này.")
        key = (row.id, row.digest)
        if key not in _built:
            files = orjson.loads(zstandard.decompress(row.files))
            _built[key] = build(files, row.id, f"{row.procedure}/{row.version}")
        known[release_id] = _built[key]
    return known[release_id]


def in_force(session: Session, procedure: str, day: date) -> Release:
    """The version of a procedure in force on a day."""
    row = session.scalar(_in_force(day).where(ReleaseRow.procedure == procedure).limit(1))
    if row is None:
        raise NotFound(
            f"Không có phiên bản nào của thủ tục «{procedure}» có hiệu lực ngày {day:%d/%m/%Y}."
        )
    return load(session, row.id)


def all_in_force(session: Session, day: date) -> list[Release]:
    """Every procedure in force on a day, by title."""
    newest: dict[str, ReleaseRow] = {}
    for row in session.scalars(_in_force(day)):
        newest.setdefault(row.procedure, row)
    return sorted((load(session, row.id) for row in newest.values()), key=lambda r: r.title)


def options(session: Session) -> dict[str, list[dict[str, str]]]:
    """The lists that forms name by ``valuesKey``."""
    places = session.scalars(select(Place).order_by(Place.name))
    return {"xa": [{"value": place.code, "label": place.name} for place in places]}


def _in_force(day: date) -> Any:
    return (
        select(ReleaseRow)
        .where(
            ReleaseRow.valid_from <= day,
            or_(ReleaseRow.valid_to.is_(None), ReleaseRow.valid_to >= day),
        )
        .order_by(ReleaseRow.valid_from.desc(), ReleaseRow.id.desc())
    )


def _promises(meta: Mapping[str, Any]) -> tuple[Promise, ...]:
    return tuple(
        Promise(
            tuple(case["steps"]),
            feel.compile_expression(case["when"]) if "when" in case else None,
        )
        for case in meta.get("promise", ())
    )


def _digest(files: Mapping[str, str]) -> str:
    return hashlib.sha256(orjson.dumps(dict(files), option=orjson.OPT_SORT_KEYS)).hexdigest()
