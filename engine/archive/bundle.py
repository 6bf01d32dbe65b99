"""The working rows of dossiers as bundles: read, packed, opened, put back. Knows no rule of time.

A bundle is zstd of canonical JSON: for each table its columns by name and its rows. JSON columns
stay the very text they are, bytes are base64, moments ISO 8601 in UTC.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import zstandard
from sqlalchemy import Column, Table, bindparam, delete, func, insert, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import LargeBinary

from engine.archive.models import ArchivedDossier
from engine.db import Base, JSONBytes, UTCDateTime
from engine.dossiers.models import Extension, Instance, Pause, Result
from engine.errors import Invalid
from engine.letters import Delivery
from engine.liaison.models import Message
from engine.notices import Notice
from engine.tasks.models import Submission, Task
from engine.timer_rows import Timer

# What goes into the bundle, those referred to first. What stays: the dossier's own row, its events
# (statistics are counted from them), its record of reads, and its papers, which share their bytes.
PARTS: tuple[type[Base], ...] = (
    Instance, Task, Submission, Message, Timer, Pause, Extension, Result, Notice, Delivery,
)  # fmt: skip
FORMAT = 1
_LEVEL = 9
_LARGEST = 256 * 1024 * 1024  # bytes of JSON that a bundle may hold

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Packed:
    """A dossier's rows packed: ``size`` and ``sha256`` are of the JSON within ``bundle``."""

    bundle: bytes
    size: int
    sha256: str
    rows: int
    agencies: tuple[int, ...]


def pack(session: Session, codes: Mapping[int, str]) -> dict[int, Packed]:
    """The working rows of some dossiers (code by id), each packed. The caller holds their locks."""
    said: dict[int, dict[str, Any]] = {
        number: {"format": FORMAT, "code": code, "tables": {}} for number, code in codes.items()
    }
    counts = dict.fromkeys(codes, 0)
    agencies: dict[int, set[int]] = {number: set() for number in codes}
    for part in PARTS:
        table = _table(part)
        names = [str(column.name) for column in table.c]
        place = names.index("dossier_id")
        write = [_writer(column) for column in table.c]
        query = select(*map(_raw, table.c)).where(_of(table, codes)).order_by(table.c.id)
        for row in session.execute(query):
            number = row[place]
            tables = said[number]["tables"]
            held = tables.setdefault(part.__tablename__, {"columns": names, "rows": []})
            held["rows"].append([turn(value) for turn, value in zip(write, row, strict=True)])
            counts[number] += 1
            if part is Instance:
                agencies[number].add(row[names.index("agency_id")])
    found = {}
    for number, content in said.items():
        text = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
        found[number] = Packed(
            bundle=zstandard.compress(text, _LEVEL),
            size=len(text),
            sha256=hashlib.sha256(text).hexdigest(),
            rows=counts[number],
            agencies=tuple(sorted(agencies[number])),
        )
    return found


def remove(session: Session, dossiers: Collection[int]) -> int:
    """Delete the working rows of some dossiers from their tables; returns how many."""
    count = 0
    for part in reversed(PARTS):
        gone: Any = session.execute(
            delete(part).where(_of(_table(part), dossiers)),
            execution_options={"synchronize_session": False},
        )
        count += gone.rowcount
    return count


def whole(kept: ArchivedDossier) -> bool:
    """Whether a bundle is still what was packed."""
    return _text(kept) is not None


def unpack(kept: ArchivedDossier) -> Rows:
    """The rows of a bundle by table, their values as the columns of the tables have them.

    Invalid when the bundle was damaged, or tells of a column that the tables no longer have.
    """
    text = _text(kept)
    if text is None:
        raise Invalid(
            "Gói lưu trữ của hồ sơ không còn nguyên vẹn; hãy khôi phục từ bản sao lưu.",
            dossier=kept.dossier_id,
        )
    content = orjson.loads(text)
    if content["format"] != FORMAT:
        raise _strange(f"format {content['format']}")
    said = content["tables"]
    found: Rows = {}
    for part in PARTS:
        table = _table(part)
        held = said.pop(table.name, None)
        if held is None:
            continue
        unknown = sorted(set(held["columns"]) - set(table.c.keys()))
        if unknown:
            raise _strange(f"{table.name}.{unknown[0]}")
        read = [_reader(table.c[name]) for name in held["columns"]]
        found[table.name] = [
            {
                name: turn(value)
                for name, turn, value in zip(held["columns"], read, row, strict=True)
            }
            for row in held["rows"]
        ]
    if said:
        raise _strange(sorted(said)[0])
    return found


def put_back(session: Session, rows: Rows) -> int:
    """Write the rows of a bundle into their tables; returns how many."""
    count = 0
    for part in PARTS:
        given = rows.get(part.__tablename__)
        if given:
            table = _table(part)
            # JSON columns are given as their text, to be written as it was, not dumped anew.
            exact = {
                name: bindparam(f"the_{name}", type_=LargeBinary())
                for name in given[0]
                if isinstance(table.c[name].type, JSONBytes)
            }
            lines = [
                {f"the_{name}" if name in exact else name: value for name, value in row.items()}
                for row in given
            ]
            session.execute(insert(table).values(exact), lines)
            count += len(given)
    return count


def newest(session: Session) -> set[int]:
    """The dossiers with the newest row of some table: SQLite would give its number once more."""
    found = set()
    for part in PARTS:
        table = _table(part)
        top = select(func.max(table.c.id)).scalar_subquery()
        found.add(session.scalar(select(table.c.dossier_id).where(table.c.id == top)))
    return {number for number in found if number is not None}


def _text(kept: ArchivedDossier) -> bytes | None:
    """The JSON of a bundle, or nothing when it is not what was packed."""
    try:
        text = zstandard.ZstdDecompressor().decompress(kept.bundle or b"", _LARGEST)
    except zstandard.ZstdError:
        return None
    same = len(text) == kept.size and hashlib.sha256(text).hexdigest() == kept.sha256
    return text if same else None


def _strange(name: str) -> Invalid:
    return Invalid(
        f"Gói lưu trữ có «{name}» mà phiên bản phần mềm này không còn; "
        "hãy khôi phục bằng phiên bản đã lưu gói."
    )


def _table(part: type[Base]) -> Table:
    table = part.__table__
    assert isinstance(table, Table)  # noqa: S101
    return table


def _of(table: Table, dossiers: Collection[int]) -> Any:
    """The rows of these dossiers, found by an index."""
    if table.name == Timer.__tablename__:
        theirs = select(Instance.id).where(Instance.dossier_id.in_(dossiers))
        return table.c.instance_id.in_(theirs)
    return table.c.dossier_id.in_(dossiers)


def _raw(column: Column[Any]) -> Any:
    return type_coerce(column, LargeBinary) if isinstance(column.type, JSONBytes) else column


def _same(value: Any) -> Any:
    return value


def _writer(column: Column[Any]) -> Callable[[Any], Any]:
    if isinstance(column.type, JSONBytes):
        return lambda value: None if value is None else bytes(value).decode()
    if isinstance(column.type, LargeBinary):
        return lambda value: None if value is None else base64.b64encode(value).decode()
    if isinstance(column.type, UTCDateTime):
        return lambda value: None if value is None else value.astimezone(UTC).isoformat()
    return _same


def _reader(column: Column[Any]) -> Callable[[Any], Any]:
    if isinstance(column.type, JSONBytes):
        return lambda value: None if value is None else value.encode()
    if isinstance(column.type, LargeBinary):
        return lambda value: None if value is None else base64.b64decode(value)
    if isinstance(column.type, UTCDateTime):
        return lambda value: None if value is None else datetime.fromisoformat(value)
    return _same
