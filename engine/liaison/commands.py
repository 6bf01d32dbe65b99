"""Acknowledge a handoff: a person of the receiving agency confirms that it has arrived."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import events
from engine.dossiers import moves
from engine.dossiers.models import Dossier
from engine.errors import Conflict, Forbidden, NotFound
from engine.liaison.models import Message
from engine.org import access
from engine.org.access import Actor
from engine.timer_rows import Timer


def acknowledge(session: Session, actor: Actor, message_id: int, now: datetime) -> Message:
    """Confirm receipt. Done twice by the same agency it stays as it was the first time."""
    message = session.get(Message, message_id)
    if message is None or not actor.desks & {message.sender_agency_id, message.receiver_agency_id}:
        raise NotFound("Không có lượt bàn giao này.")
    dossier = moves.lock(session, message.dossier_id)
    session.refresh(message)
    if message.receiver_agency_id is None or message.status != "delivered":
        raise Conflict("Lượt bàn giao này chưa đến nơi nhận nên chưa thể xác nhận.")
    if not access.may_acknowledge(actor, message.receiver_agency_id):
        raise Forbidden("Chỉ đầu mối liên thông hoặc lãnh đạo của cơ quan nhận được xác nhận.")
    if message.acknowledged_at is None:
        _confirm(session, dossier, message, actor, now)
    return message


def acknowledge_by_work(
    session: Session, dossier: Dossier, instance_id: int, actor: Actor, now: datetime
) -> None:
    """Whoever begins to work on what was handed over has received it."""
    open_handoffs = select(Message).where(
        Message.receiver_instance_id == instance_id,
        Message.status == "delivered",
        Message.acknowledged_at.is_(None),
    )
    for message in session.scalars(open_handoffs):
        _confirm(session, dossier, message, actor, now)


def _confirm(
    session: Session, dossier: Dossier, message: Message, actor: Actor, now: datetime
) -> None:
    message.acknowledged_at, message.acknowledged_by = now, actor.person_id
    session.execute(
        update(Timer)
        .where(Timer.message_id == message.id, Timer.status.in_(("waiting", "claimed")))
        .values(status="cancelled")
    )
    events.record(
        session,
        dossier,
        "message-acknowledged",
        actor,
        now,
        agency_id=message.receiver_agency_id,
        instance_id=message.receiver_instance_id,
        message=message.id,
        name=message.name,
    )
    session.flush()
