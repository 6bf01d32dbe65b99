"""Read a procedure folder and its forms, publish them by digest, load them parsed once."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson
import zstandard
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine import bpmn, feel
from engine.catalog.models import ReleaseRow
from engine.errors import FeelError, ModelError, NotFound
from engine.forms import Form, compile_form
from engine.org.models import Place

_MAX_FILE = 10 * 1024 * 1024


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


def read_folder(folder: Path, forms: Path) -> dict[str, str]:
    """The files of one version as {relative path: text}; forms stand under ``forms/``.

    Raises ModelError when the folder lacks its picture or its procedure.toml.
    """
    files: dict[str, str] = {}
    sources = [
        *((path, path.name) for path in sorted(folder.glob("*")) if path.is_file()),
        *((path, f"forms/{path.name}") for path in sorted(forms.glob("*.json"))),
    ]
    for path, name in sources:
        if path.stat().st_size > _MAX_FILE:
            raise ModelError(str(path), None, "Tệp lớn hơn 10 MB.", "Hãy tách hoặc rút gọn tệp.")
        try:
            files[name] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ModelError(
                str(path), None, "Tệp không phải văn bản UTF-8.", "Hãy lưu lại bằng mã UTF-8."
            ) from error
    for needed in ("process.bpmn", "procedure.toml"):
        if needed not in files:
            raise ModelError(str(folder), None, f"Thiếu tệp {needed}.", "Hãy thêm tệp này.")
    return files


def build(files: Mapping[str, str], release_id: int, label: str) -> Release:
    """Parse a version's files; any fault is a ModelError that names file, element and cure."""
    try:
        meta = tomllib.loads(files["procedure.toml"])
    except tomllib.TOMLDecodeError as error:
        raise ModelError(
            f"{label}/procedure.toml", None, f"Sai cú pháp TOML: {error}.", "Hãy sửa tệp."
        ) from error
    for needed in ("key", "title", "valid_from"):
        if needed not in meta:
            raise ModelError(
                f"{label}/procedure.toml", needed, "Thiếu khóa bắt buộc.", "Hãy thêm khóa này."
            )
    dmn = {name: text.encode() for name, text in files.items() if name.endswith(".dmn")}
    model = bpmn.parse(files["process.bpmn"].encode(), dmn, f"{label}/process.bpmn")
    forms = {
        Path(name).stem: compile_form(text.encode(), f"{label}/{name}")
        for name, text in files.items()
        if name.startswith("forms/")
    }
    _check_forms(model, forms, label)
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
        promises=_promises(meta, label),
        meta=meta,
    )


def publish_folder(session: Session, folder: Path, forms: Path, now: datetime) -> ReleaseRow:
    """Publish one version. The same files published again are the same release."""
    files = read_folder(folder, forms)
    label = f"{folder.parent.name}/{folder.name}"
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
            valid_from=_day(release.meta["valid_from"]),
            valid_to=_day(release.meta.get("valid_to")),
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


_loaded: dict[tuple[int, str], Release] = {}


def load(session: Session, release_id: int) -> Release:
    """A release by its number, parsed once per process."""
    row = session.get(ReleaseRow, release_id)
    if row is None:
        raise NotFound("Không có phiên bản thủ tục này.")
    key = (row.id, row.digest)
    if key not in _loaded:
        files = orjson.loads(zstandard.decompress(row.files))
        _loaded[key] = build(files, row.id, f"{row.procedure}/{row.version}")
    return _loaded[key]


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


def _check_forms(model: bpmn.Model, forms: Mapping[str, Form], label: str) -> None:
    tasks = {e.id for e in model.elements.values() if e.type in ("userTask", "manualTask")}
    named = {form_of(model.elements[t]) for t in tasks} | {"start"}
    for missing in sorted(named - set(forms)):
        raise ModelError(
            f"{label}/forms/{missing}.json",
            missing,
            "Bước này chưa có biểu mẫu.",
            f"Hãy thêm tệp {missing}.json.",
        )
    for extra in sorted(set(forms) - named):
        raise ModelError(
            f"{label}/forms/{extra}.json",
            extra,
            "Biểu mẫu không thuộc bước nào trong sơ đồ.",
            "Hãy đổi tên theo mã bước, hoặc xóa tệp.",
        )


def form_of(element: bpmn.Element) -> str:
    """The name of the form of a user task: its property ``form``, else its own id."""
    return element.properties.get("form", element.id)


def _promises(meta: Mapping[str, Any], label: str) -> tuple[Promise, ...]:
    cases = []
    for case in meta.get("promise", ()):
        try:
            when = feel.compile_expression(case["when"]) if "when" in case else None
        except FeelError as error:
            raise ModelError(
                f"{label}/procedure.toml", "promise", error.message, "Hãy sửa điều kiện."
            ) from error
        cases.append(Promise(tuple(case["steps"]), when))
    return tuple(cases)


def _digest(files: Mapping[str, str]) -> str:
    return hashlib.sha256(orjson.dumps(dict(files), option=orjson.OPT_SORT_KEYS)).hexdigest()


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value
