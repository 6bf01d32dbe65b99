"""The append-only record of what happened, chained by hash per dossier."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import one_write
from engine.db import Base, JSONBytes, UTCDateTime
from engine.dossiers.models import Dossier
from engine.org.access import Actor

_HASHED = ("seq", "at", "kind", "actor", "agency_id", "instance_id", "task_id", "data")


class Event(Base):
    """One thing that happened. ``hash`` covers the row and the hash before it.

    ``instance_id`` and ``task_id`` are numbers only: the record outlives the rows, which go into
    the archive.
    """

    __tablename__ = "event"
    __table_args__ = (UniqueConstraint("dossier_id", "seq"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    dossier_id: Mapped[int] = mapped_column(ForeignKey("dossier.id"))
    seq: Mapped[int]
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    kind: Mapped[str] = mapped_column(String(30))
    actor: Mapped[str] = mapped_column(String(60))
    actor_name: Mapped[str] = mapped_column(String(120))
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"))
    instance_id: Mapped[int | None]
    task_id: Mapped[int | None]
    data: Mapped[dict[str, Any]] = mapped_column(JSONBytes)
    hash: Mapped[str] = mapped_column(String(64))


def record(
    session: Session,
    dossier: Dossier,
    kind: str,
    actor: Actor,
    now: datetime,
    *,
    agency_id: int | None = None,
    instance_id: int | None = None,
    task_id: int | None = None,
    **data: Any,
) -> None:
    """Append an event to the dossier's chain. The caller holds the dossier's lock."""
    dossier.event_count += 1
    row = {
        "dossier_id": dossier.id,
        "seq": dossier.event_count,
        "at": now.astimezone(UTC),
        "kind": kind,
        "actor": actor.username,
        "actor_name": actor.name,
        "agency_id": agency_id,
        "instance_id": instance_id,
        "task_id": task_id,
        "data": data,
    }
    dossier.last_hash = _hash(dossier.last_hash, row)
    one_write.insert(session, Event, **row, hash=dossier.last_hash)


def _hash(before: str, row: Mapping[str, Any]) -> str:
    body = [before, *(row[name] for name in _HASHED)]
    body[2] = row["at"].isoformat()
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def verify(session: Session, dossier: Dossier, vouched: Mapping[int, str] | None = None) -> bool:
    """Whether the dossier's chain is whole: no event lost, changed or added outside.

    ``vouched``: the hashes, by ``seq``, of events that a deletion by rule has emptied.
    """
    before, count = "", 0
    query = select(Event).where(Event.dossier_id == dossier.id).order_by(Event.seq)
    for event in session.scalars(query):
        count += 1
        known = (vouched or {}).get(event.seq) or _hash(before, vars(event))
        if event.seq != count or event.hash != known:
            return False
        before = event.hash
    return before == dossier.last_hash and count == dossier.event_count
