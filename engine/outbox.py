"""Work promised inside a transaction and carried out after it. Redis only rings; this remembers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import one_write
from engine.db import Base, JSONBytes, UTCDateTime

_PROMISED = "promised"


class Outbox(Base):
    """A promise: ``kind`` says which job keeps it (``route`` delivers a dossier's messages)."""

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "done_at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONBytes)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(String(400), default="")
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


def put(session: Session, kind: str, payload: dict[str, Any], now: datetime) -> None:
    """Promise a piece of work in the caller's transaction; ``promised`` then says so."""
    one_write.insert(session, Outbox, kind=kind, payload=payload, created_at=now)
    session.info[_PROMISED] = True


def promised(session: Session) -> bool:
    """Whether something was promised in this session since this was asked last."""
    return bool(session.info.pop(_PROMISED, False))


def owed(session: Session, limit: int = 100) -> list[Outbox]:
    """The oldest promises not yet kept. On PostgreSQL rows another worker holds are passed over."""
    query = select(Outbox).where(Outbox.done_at.is_(None)).order_by(Outbox.id).limit(limit)
    return list(session.scalars(query.with_for_update(skip_locked=True)))
