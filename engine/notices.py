"""Notices inside the application: what a person or an agency's role should look at."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, and_, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import one_write
from engine.db import Base, UTCDateTime
from engine.org.access import Actor


class Notice(Base):
    """One notice to a role of an agency. ``kind``: warn, due, escalation, ack or digest."""

    __tablename__ = "notice"
    __table_args__ = (Index(None, "agency_id", "role", "read_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    role: Mapped[str] = mapped_column(String(30))
    dossier_id: Mapped[int | None] = mapped_column(ForeignKey("dossier.id"), index=True)
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id"), index=True)
    text: Mapped[str] = mapped_column(String(400))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    read_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


def notify(
    session: Session,
    kind: str,
    agency_id: int,
    role: str,
    text: str,
    dossier_id: int | None,
    task_id: int | None,
    now: datetime,
) -> None:
    """Put a notice before everyone who holds ``role`` in the agency."""
    one_write.insert(
        session,
        Notice,
        kind=kind,
        agency_id=agency_id,
        role=role,
        text=text,
        dossier_id=dossier_id,
        task_id=task_id,
        created_at=now,
    )


def unread(session: Session, actor: Actor, limit: int = 50) -> list[Notice]:
    """The actor's unread notices, newest first."""
    if not actor.posts:
        return []
    mine = or_(*(and_(Notice.agency_id == a, Notice.role == r) for a, r in sorted(actor.posts)))
    query = select(Notice).where(mine, Notice.read_at.is_(None))
    return list(session.scalars(query.order_by(Notice.id.desc()).limit(limit)))


def mark_read(session: Session, actor: Actor, notice_id: int, now: datetime) -> None:
    """The actor has seen a notice addressed to one of their posts; others' stay untouched."""
    notice = session.get(Notice, notice_id)
    if notice is not None and (notice.agency_id, notice.role) in actor.posts:
        notice.read_at, notice.read_by = now, actor.person_id
