"""Carry messages from pool to pool through the database: kept until wanted, delivered once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import bpmn, events
from engine.catalog.releases import Release
from engine.dossiers import case, legal_clock, moves
from engine.dossiers.commands import agency_for
from engine.dossiers.models import Dossier, Instance
from engine.errors import NotFound
from engine.liaison.models import Message
from engine.notices import notify
from engine.org.access import SYSTEM
from engine.timer_rows import Timer


def route(session: Session, dossier_id: int, now: datetime) -> int:
    """Deliver every message of a dossier that is wanted; returns how many were delivered.

    A delivery may send further messages: they are carried in the same transaction.
    """
    dossier = moves.lock(session, dossier_id)
    release = moves.release_of(session, dossier)
    delivered = 0
    while True:
        pending = session.scalars(
            select(Message)
            .where(Message.dossier_id == dossier.id, Message.status == "pending")
            .order_by(Message.id)
        ).all()
        moved = sum(_carry(session, dossier, release, message, now) for message in pending)
        delivered += moved
        if not moved:
            return delivered


def _carry(
    session: Session, dossier: Dossier, release: Release, message: Message, now: datetime
) -> bool:
    if message.status != "pending":  # made void by a delivery just before
        return False
    flow = release.model.flows[message.flow]
    target = release.model.pools[flow.target_pool]
    if target.process_id is None:
        message.status, message.delivered_at = "delivered", now
        message.note = "Gửi đối tác ngoài hệ thống"
        return True
    element = release.model.elements.get(flow.target_element or "")
    if element is not None and element.type == "startEvent":
        return _start(session, dossier, release, message, element, now)
    instances = session.scalars(
        select(Instance)
        .where(Instance.dossier_id == dossier.id, Instance.pool == target.id)
        .order_by(Instance.ended_at.is_not(None), Instance.id.desc())
    ).all()
    for receiver in instances:
        for token, wanted, _name in receiver.wanted if receiver.ended_at is None else ():
            if wanted == flow.target_element:
                _deliver(session, dossier, release, message, receiver, token, wanted, now)
                return True
    if element is not None and element.type == "boundaryEvent":
        _void(session, dossier, message, instances, "Nơi nhận không (còn) làm bước này", now)
    elif instances and instances[0].ended_at is not None:
        _void(session, dossier, message, instances, "Nơi nhận đã kết thúc phần việc", now)
    elif instances:
        message.receiver_agency_id = instances[0].agency_id
    return False


def _void(
    session: Session,
    dossier: Dossier,
    message: Message,
    instances: Sequence[Instance],
    note: str,
    now: datetime,
) -> None:
    """Nobody can take the message any more: a boundary catches only while its activity runs."""
    message.status, message.note = "void", note
    if instances:
        message.receiver_instance_id = instances[0].id
        message.receiver_agency_id = instances[0].agency_id
    events.record(
        session,
        dossier,
        "message-void",
        SYSTEM,
        now,
        agency_id=message.receiver_agency_id,
        instance_id=message.receiver_instance_id,
        message=message.id,
        flow=message.flow,
        name=message.name,
    )


def _start(
    session: Session,
    dossier: Dossier,
    release: Release,
    message: Message,
    element: bpmn.Element,
    now: datetime,
) -> bool:
    try:
        agency = agency_for(session, release, element.pool, message.payload, now)
    except NotFound as error:
        if message.note != error.message[:200]:
            message.note = error.message[:200]
            notify(
                session,
                "ack",
                message.sender_agency_id,
                "lien-thong",
                error.message[:400],
                dossier.id,
                None,
                now,
            )
        return False
    instance = moves.begin(
        session,
        dossier,
        release,
        element.pool,
        agency.id,
        dict(message.payload),
        SYSTEM,
        now,
        at=element.id,
    )
    _mark_delivered(session, dossier, message, instance, now)
    return True


def _deliver(
    session: Session,
    dossier: Dossier,
    release: Release,
    message: Message,
    receiver: Instance,
    token: int,
    element: str,
    now: datetime,
) -> None:
    pool = release.model.pools[receiver.pool]
    receiver.facts = {**receiver.facts, **message.payload}
    clock = legal_clock.clock_of(session, receiver, now)
    move = bpmn.deliver(
        release.model,
        receiver.pool,
        receiver.state,
        token,
        element,
        moves.pick(message.payload, pool.names),
        clock,
    )
    _mark_delivered(session, dossier, message, receiver, now)
    session.flush()
    around = case.of_instance(session, receiver.id)
    moves.apply(session, around, release, move, SYSTEM, clock)
    session.flush()


def _mark_delivered(
    session: Session, dossier: Dossier, message: Message, receiver: Instance, now: datetime
) -> None:
    message.status, message.delivered_at, message.note = "delivered", now, ""
    message.receiver_instance_id, message.receiver_agency_id = receiver.id, receiver.agency_id
    if message.ack_due_at is not None:
        session.add(
            Timer(
                kind="ack",
                dossier_id=dossier.id,
                instance_id=receiver.id,
                message_id=message.id,
                element=message.flow,
                due_at=message.ack_due_at,
            )
        )
    events.record(
        session,
        dossier,
        "message-delivered",
        SYSTEM,
        now,
        agency_id=receiver.agency_id,
        instance_id=receiver.id,
        message=message.id,
        flow=message.flow,
        name=message.name,
    )
    session.flush()
