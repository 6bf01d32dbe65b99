"""Act on time: claim what is due, fire each timer once, escalate what is late."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from engine import bpmn, events
from engine.dossiers import legal_clock, moves
from engine.dossiers.models import Dossier, Instance
from engine.liaison.models import Message
from engine.notices import notify
from engine.org.access import SYSTEM
from engine.tasks.models import Task
from engine.timer_rows import Timer

_VN = ZoneInfo("Asia/Ho_Chi_Minh")
_CLAIM_LASTS = timedelta(seconds=60)  # a ring that was lost is rung again after this


def claim_due(session: Session, now: datetime, limit: int = 200) -> list[int]:
    """Mark due timers as claimed and return their ids, oldest first.

    Any number of sweepers may run: on PostgreSQL each passes over rows another one holds.
    """
    free = or_(
        Timer.status == "waiting",
        and_(Timer.status == "claimed", Timer.claimed_at < now - _CLAIM_LASTS),
    )
    rows = session.scalars(
        select(Timer)
        .where(free, Timer.due_at <= now)
        .order_by(Timer.due_at, Timer.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.status, row.claimed_at = "claimed", now
    session.flush()
    return [row.id for row in rows]


def fire(session: Session, timer_id: int, now: datetime) -> bool:
    """Carry out one timer in the caller's transaction; False when there is nothing (left) to do."""
    timer = session.get(Timer, timer_id)
    if timer is None:
        return False
    dossier = moves.lock(session, timer.dossier_id)
    session.refresh(timer)
    if timer.status not in ("waiting", "claimed") or timer.due_at > now:
        return False
    timer.status, timer.fired_at = "fired", now
    if timer.kind == "bpmn":
        _fire_drawn(session, dossier, timer, now)
    elif timer.kind == "ack":
        _remind_receipt(session, dossier, timer, now)
    else:
        _reach_level(session, dossier, timer, now)
    session.flush()
    return True


def _fire_drawn(session: Session, dossier: Dossier, timer: Timer, now: datetime) -> None:
    instance = session.get_one(Instance, timer.instance_id)
    session.refresh(instance)
    release = moves.release_of(session, dossier)
    move = bpmn.fire(
        release.model,
        instance.pool,
        instance.state,
        timer.token or 0,
        timer.element,
        legal_clock.Clock(now),
    )
    events.record(
        session,
        dossier,
        "timer-fired",
        SYSTEM,
        now,
        agency_id=instance.agency_id,
        instance_id=instance.id,
        element=timer.element,
        name=release.model.elements[timer.element].name,
    )
    session.flush()
    moves.apply(session, dossier, release, instance, move, SYSTEM, now)


def _reach_level(session: Session, dossier: Dossier, timer: Timer, now: datetime) -> None:
    task = session.get(Task, timer.task_id)
    if task is None or task.status != "open" or task.due_at is None:
        return
    due = f"{task.due_at.astimezone(_VN):%H:%M %d/%m/%Y}"
    events.record(
        session,
        dossier,
        timer.kind,
        SYSTEM,
        now,
        agency_id=task.agency_id,
        instance_id=task.instance_id,
        task_id=task.id,
        element=task.element,
        name=task.name,
        due=task.due_at.isoformat(),
    )
    if timer.kind == "warn":
        text = f"Sắp đến hạn: {task.name}, hồ sơ {dossier.code}, hạn {due}."
        notify(session, "warn", task.agency_id, task.role, text, dossier.id, task.id, now)
    elif timer.kind == "due":
        text = f"Đến hạn: {task.name}, hồ sơ {dossier.code}, hạn {due}."
        notify(session, "due", task.agency_id, task.role, text, dossier.id, task.id, now)
    else:
        task.escalated_at = now
        text = f"Quá hạn, cần chỉ đạo: {task.name}, hồ sơ {dossier.code}, hạn {due}."
        notify(
            session,
            "escalation",
            task.agency_id,
            _escalate_to(session, dossier, task),
            text,
            dossier.id,
            task.id,
            now,
        )


def _escalate_to(session: Session, dossier: Dossier, task: Task) -> str:
    """The role that hears of a late step: the element's ``escalate-to``, else the head."""
    element = moves.release_of(session, dossier).model.elements[task.element]
    return element.properties.get("escalate-to", "truong-don-vi")


def _remind_receipt(session: Session, dossier: Dossier, timer: Timer, now: datetime) -> None:
    message = session.get(Message, timer.message_id)
    if message is None or message.acknowledged_at is not None:
        return
    text = f"Chưa xác nhận đã nhận: {message.name}, hồ sơ {dossier.code} (quá 2 giờ làm việc)."
    for agency in (message.receiver_agency_id, message.sender_agency_id):
        if agency is not None:
            notify(session, "ack", agency, "lien-thong", text, dossier.id, None, now)
    events.record(
        session,
        dossier,
        "receipt-late",
        SYSTEM,
        now,
        agency_id=message.receiver_agency_id,
        instance_id=message.receiver_instance_id,
        message=message.id,
        name=message.name,
    )
