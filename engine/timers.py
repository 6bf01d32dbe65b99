"""Act on time: claim what is due, fire each timer once, escalate what is late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, select, update
from sqlalchemy.orm import Session, aliased

from engine import bpmn, events, letters, one_read, one_write
from engine.dossiers import case, legal_clock, moves
from engine.dossiers.models import Dossier, Instance
from engine.dossiers.step_limits import Times, times_of
from engine.liaison.models import Message
from engine.notices import notify
from engine.org import queries
from engine.org.access import CONTROL, LIAISON, ROLES, SYSTEM
from engine.org.models import Agency
from engine.tasks.models import Task
from engine.timer_rows import LEVELS, TOTAL, Timer
from engine.total_levels import reach_total

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
    rung = _rung(session, timer_id)
    if rung is None or rung.timer.status not in ("waiting", "claimed") or rung.timer.due_at > now:
        return False
    timer, dossier = rung.timer, rung.dossier
    if timer.kind == "bpmn":
        timer.status, timer.fired_at = "fired", now
        _fire_drawn(session, dossier, timer, now)
        session.flush()
        return True
    with one_write.collecting(session):
        if timer.kind == "ack":
            timer.status, timer.fired_at = "fired", now
            _remind_receipt(session, dossier, timer, now)
        for level in _of_total(session, timer) if timer.kind in TOTAL else ():
            level.status, level.fired_at = "fired", now
            reach_total(session, dossier, level.kind, now)
        for level in rung.levels:
            level.status, level.fired_at = "fired", now
            _reach_level(session, rung, level, now)
    return True


@dataclass(frozen=True)
class _Rung:
    """A timer with its locked dossier, its step and the step's agency.

    ``levels``: of a level, those of the same step not reached yet, up to it, in their order.
    """

    timer: Timer
    dossier: Dossier
    task: Task | None
    agency: Agency | None
    levels: list[Timer]


def _rung(session: Session, timer_id: int) -> _Rung | None:
    while True:
        rows = _reading().rows(session, {"timer": timer_id})
        if not rows:
            return None
        timer, dossier, task, agency, _, seen = rows[0]
        if dossier.event_count == seen:  # else somebody else had the lock: read once more
            break
    levels = [row[4] for row in rows if row[4] is not None]
    levels.sort(key=lambda level: (level.stage, LEVELS.index(level.kind)))
    return _Rung(timer, dossier, task, agency, levels)


@cache
def _reading() -> one_read.Read:
    level, same = aliased(Timer, name="level"), aliased(Dossier)
    entities = (Timer, Dossier, Task, Agency, level)
    query: Select[Any] = (
        select(
            *one_read.columns(*entities),
            select(same.event_count).where(same.id == Dossier.id).scalar_subquery(),
        )
        .select_from(Timer)
        .join(Dossier, Dossier.id == Timer.dossier_id)
        .outerjoin(Task, Task.id == Timer.task_id)
        .outerjoin(Agency, Agency.id == Task.agency_id)
        .outerjoin(
            level,
            and_(
                level.task_id == Timer.task_id,
                level.kind.in_(LEVELS),
                level.status.in_(("waiting", "claimed")),
                level.due_at <= Timer.due_at,
                Timer.kind.in_(LEVELS),
            ),
        )
        .where(Timer.id == bindparam("timer", None, Integer))
        .with_for_update(of=Dossier)
    )
    return one_read.Read(query, *entities)


def _of_total(session: Session, timer: Timer) -> list[Timer]:
    """The levels of the citizen's date not reached yet, up to this one, in their order."""
    rows = session.scalars(
        select(Timer).where(
            Timer.dossier_id == timer.dossier_id,
            Timer.kind.in_(TOTAL),
            Timer.status.in_(("waiting", "claimed")),
            Timer.due_at <= timer.due_at,
        )
    )
    return sorted(rows, key=lambda level: TOTAL.index(level.kind))


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


def _reach_level(session: Session, rung: _Rung, timer: Timer, now: datetime) -> None:
    dossier, task, at = rung.dossier, rung.task, rung.agency
    if task is None or at is None or task.status != "open" or task.due_at is None:
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
                    "agency": at.short_name,
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
    one_write.insert(
        session,
        Timer,
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
