"""Act on time: claim what is due, fire each timer once, escalate what is late."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from engine import bpmn, events, letters
from engine.dossiers import case, legal_clock, moves
from engine.dossiers.models import Dossier, Instance
from engine.dossiers.step_limits import Times, times_of
from engine.liaison.models import Message
from engine.notices import notify
from engine.org import queries
from engine.org.access import CONTROL, LIAISON, ROLES, SYSTEM
from engine.tasks.models import Task
from engine.timer_rows import LEVELS, Timer

_VN = ZoneInfo("Asia/Ho_Chi_Minh")
CLAIM_LASTS = timedelta(seconds=60)  # a ring that was lost is rung again after this
BATCH = 200  # timers per claim: one short statement


def claim_due(session: Session, now: datetime, limit: int = BATCH) -> list[int]:
    """Mark due timers as claimed and return their ids, oldest first.

    Any number of sweepers may run: on PostgreSQL each passes over rows another one holds, on
    SQLite the statement holds the write lock for as long as it takes to mark ``limit`` rows.
    """
    lost = and_(Timer.status == "claimed", Timer.claimed_at < now - CLAIM_LASTS)
    found = _claim(session, lost, now, limit)
    if len(found) < limit:
        found += _claim(session, Timer.status == "waiting", now, limit - len(found))
    return [number for _due, number in sorted(found)]


def _claim(
    session: Session, free: ColumnElement[bool], now: datetime, limit: int
) -> list[tuple[datetime, int]]:
    oldest = (
        select(Timer.id)
        .where(free, Timer.due_at <= now)
        .order_by(Timer.due_at, Timer.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = session.execute(
        update(Timer)
        .where(Timer.id.in_(oldest))
        .values(status="claimed", claimed_at=now)
        .returning(Timer.due_at, Timer.id)
        .execution_options(synchronize_session=False)
    )
    return [(due, number) for due, number in claimed]


def fire(session: Session, timer_id: int, now: datetime) -> bool:
    """Carry out one timer in the caller's transaction; False when there is nothing (left) to do.

    The levels of a step are reached in their order, also when they are rung for in another.
    """
    timer = session.get(Timer, timer_id)
    if timer is None:
        return False
    dossier = moves.lock(session, timer.dossier_id)
    session.refresh(timer)
    if timer.status not in ("waiting", "claimed") or timer.due_at > now:
        return False
    if timer.kind == "bpmn":
        timer.status, timer.fired_at = "fired", now
        _fire_drawn(session, dossier, timer, now)
    elif timer.kind == "ack":
        timer.status, timer.fired_at = "fired", now
        _remind_receipt(session, dossier, timer, now)
    else:
        for level in _up_to(session, timer):
            level.status, level.fired_at = "fired", now
            _reach_level(session, dossier, level, now)
    session.flush()
    return True


def _up_to(session: Session, timer: Timer) -> list[Timer]:
    """The step's levels that are not reached yet, up to this one."""
    levels = session.scalars(
        select(Timer).where(
            Timer.task_id == timer.task_id,
            Timer.status.in_(("waiting", "claimed")),
            Timer.due_at <= timer.due_at,
        )
    ).all()
    return sorted(levels, key=lambda level: (level.stage, LEVELS.index(level.kind)))


def _fire_drawn(session: Session, dossier: Dossier, timer: Timer, now: datetime) -> None:
    instance = session.get_one(Instance, timer.instance_id)
    session.refresh(instance)
    release = moves.release_of(session, dossier)
    clock = legal_clock.clock_of(session, instance, now)
    move = bpmn.fire(
        release.model, instance.pool, instance.state, timer.token or 0, timer.element, clock
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
    around = case.of_instance(session, instance.id)
    moves.apply(session, around, release, move, SYSTEM, clock)


def _reach_level(session: Session, dossier: Dossier, timer: Timer, now: datetime) -> None:
    task = session.get(Task, timer.task_id)
    if task is None or task.status != "open" or task.due_at is None:
        return
    release = moves.release_of(session, dossier)
    times = times_of(release, release.model.elements[task.element])
    told = _told(session, task, timer, times, now)
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
        stage=timer.stage,
        to=", ".join(dict.fromkeys(ROLES[role] for _agency, role in told)) or "không ai",
    )
    due = f"{task.due_at.astimezone(_VN):%H:%M %d/%m/%Y}"
    kind, sentence = {
        "warn": ("warn", "Sắp đến hạn"),
        "due": ("due", "Đến hạn"),
        "overdue": ("escalation", "Quá hạn, cần chỉ đạo"),
        "escalated": ("escalation", "Vẫn quá hạn, cần chỉ đạo"),
    }[timer.kind]
    text = f"{sentence}: {task.name}, hồ sơ {dossier.code}, hạn {due}."
    for agency, role in told:
        notify(session, kind, agency, role, text, dossier.id, task.id, now)
        if kind == "escalation" or (kind == "warn" and task.assignee_id is not None):
            letters.to_post(
                session,
                agency,
                role,
                kind,
                now,
                ref=f"{task.id}.{timer.stage}",
                values={
                    "code": dossier.code,
                    "procedure": dossier.title,
                    "step": task.name,
                    "agency": task.agency.short_name,
                    "due": due,
                },
                dossier=dossier,
                only=task.assignee_id if kind == "warn" else None,
            )
    if timer.kind in ("overdue", "escalated"):
        task.escalated_at = task.escalated_at or now
        _arm_next_stage(session, task, timer, times)


def _told(
    session: Session, task: Task, timer: Timer, times: Times, now: datetime
) -> list[tuple[int, str]]:
    """The posts that hear of a level: those who do the step, or the role whose turn it is."""
    if timer.kind in ("warn", "due"):
        return [(task.agency_id, task.role)]
    if timer.stage > len(times.escalate_to):
        return []
    role = times.escalate_to[timer.stage - 1]
    if role == CONTROL:
        return [(agency, role) for agency in queries.control_offices(session, now)]
    return [(task.agency_id, role)]


def _arm_next_stage(session: Session, task: Task, timer: Timer, times: Times) -> None:
    """The next role hears when the step is still open after the further limit."""
    if timer.stage >= len(times.escalate_to):
        return
    days = legal_clock.calendar_for(session, task.agency_id)
    due = legal_clock.due_after(days, timer.due_at, times.escalate_after)
    session.add(
        Timer(
            kind="escalated",
            stage=timer.stage + 1,
            dossier_id=task.dossier_id,
            instance_id=task.instance_id,
            task_id=task.id,
            element=task.element,
            limit=times.escalate_after,
            armed_at=timer.due_at,
            drawn_due=due,
            due_at=due,
        )
    )


def _remind_receipt(session: Session, dossier: Dossier, timer: Timer, now: datetime) -> None:
    message = session.get(Message, timer.message_id)
    if message is None or message.acknowledged_at is not None:
        return
    text = f"Chưa xác nhận đã nhận: {message.name}, hồ sơ {dossier.code} (quá 2 giờ làm việc)."
    for agency in (message.receiver_agency_id, message.sender_agency_id):
        if agency is not None:
            notify(session, "ack", agency, LIAISON, text, dossier.id, None, now)
            letters.to_post(
                session,
                agency,
                LIAISON,
                "ack",
                now,
                ref=str(message.id),
                values={
                    "code": dossier.code,
                    "procedure": dossier.title,
                    "step": message.name,
                    "agency": message.receiver.short_name if message.receiver else "",
                },
                dossier=dossier,
            )
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
