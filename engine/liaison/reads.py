"""The liaison officer's board: what was sent and received, and what is not acknowledged yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session, joinedload

from engine.calendar import Words
from engine.dossiers import legal_clock
from engine.errors import Invalid, NotFound
from engine.liaison.models import Message
from engine.org import access
from engine.org.access import Actor

PAGE = 50


@dataclass(frozen=True)
class Handoff:
    """A line of the board. ``words``: how long the acknowledgement may still take."""

    message: Message
    words: Words
    may_acknowledge: bool


@dataclass(frozen=True)
class Board:
    """A page of handoffs; ``open`` counts those the actor's agencies must still acknowledge."""

    rows: list[Handoff]
    open: int
    next: int | None


def board(
    session: Session, actor: Actor, direction: str, state: str, now: datetime, page: int = 1
) -> Board:
    """Handoffs to (``in``) or from (``out``) the actor's agencies, newest first."""
    if direction not in ("in", "out") or state not in ("open", "all") or page < 1:
        raise Invalid("Bộ lọc không hợp lệ.")
    side = Message.receiver_agency_id if direction == "in" else Message.sender_agency_id
    wanted: ColumnElement[bool] = side.in_(actor.desks)
    if state == "open":
        wanted = and_(wanted, Message.acknowledged_at.is_(None), Message.status != "void")
    query = (
        select(Message)
        .where(wanted)
        .order_by(Message.id.desc())
        .options(
            joinedload(Message.dossier),
            joinedload(Message.sender),
            joinedload(Message.receiver),
            joinedload(Message.acknowledger),
        )
        .offset((page - 1) * PAGE)
        .limit(PAGE + 1)
    )
    found = list(session.scalars(query))
    rows = [Handoff(m, _words(session, m, now), _may(actor, m)) for m in found[:PAGE]]
    return Board(rows, to_acknowledge(session, actor), page + 1 if len(found) > PAGE else None)


def handoff(session: Session, actor: Actor, message_id: int, now: datetime) -> Handoff:
    """One handoff to or from the actor's agencies; NotFound for any other."""
    message = session.get(Message, message_id)
    if message is None or not actor.desks & {message.sender_agency_id, message.receiver_agency_id}:
        raise NotFound("Không có lượt bàn giao này.")
    return Handoff(message, _words(session, message, now), _may(actor, message))


def to_acknowledge(session: Session, actor: Actor) -> int:
    """How many delivered handoffs the actor's agencies have not acknowledged."""
    query = select(func.count()).select_from(Message).where(_owed(actor))
    return session.scalar(query) or 0


def _owed(actor: Actor) -> ColumnElement[bool]:
    return and_(
        Message.receiver_agency_id.in_(actor.desks),
        Message.status == "delivered",
        Message.acknowledged_at.is_(None),
    )


def _may(actor: Actor, message: Message) -> bool:
    return (
        message.status == "delivered"
        and message.acknowledged_at is None
        and message.receiver_agency_id is not None
        and access.may_acknowledge(actor, message.receiver_agency_id)
    )


def _words(session: Session, message: Message, now: datetime) -> Words:
    if message.acknowledged_at is not None:
        return Words("ok", "Đã xác nhận")
    if message.status == "void":
        return Words("paused", message.note or "Không còn nơi nhận")
    if message.status == "pending":
        return Words("paused", message.note or "Chờ nơi nhận sẵn sàng")
    due = message.ack_due_at
    return legal_clock.words_for(session, message.receiver_agency_id, now, due)
