"""The append-only record of what happened, chained by hash per dossier."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.db import Base, JSONBytes, UTCDateTime
from engine.dossiers.models import Dossier
from engine.org.access import Actor


class Event(Base):
    """One thing that happened. ``hash`` covers the row and the hash before it."""

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
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("instance.id"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id"))
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
) -> Event:
    """Append an event to the dossier's chain. The caller holds the dossier's lock."""
    dossier.event_count += 1
    event = Event(
        dossier_id=dossier.id,
        seq=dossier.event_count,
        at=now.astimezone(UTC),
        kind=kind,
        actor=actor.username,
        actor_name=actor.name,
        agency_id=agency_id,
        instance_id=instance_id,
        task_id=task_id,
        data=data,
    )
    event.hash = dossier.last_hash = _hash(dossier.last_hash, event)
    session.add(event)
    return event


def _hash(before: str, event: Event) -> str:
    body = [
        before,
        event.seq,
        event.at.isoformat(),
        event.kind,
        event.actor,
        event.agency_id,
        event.instance_id,
        event.task_id,
        event.data,
    ]
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def verify(session: Session, dossier: Dossier) -> bool:
    """Whether the dossier's chain is whole: no event lost, changed or added outside."""
    before, count = "", 0
    query = select(Event).where(Event.dossier_id == dossier.id).order_by(Event.seq)
    for event in session.scalars(query):
        count += 1
        if event.seq != count or event.hash != _hash(before, event):
            return False
        before = event.hash
    return before == dossier.last_hash and count == dossier.event_count
