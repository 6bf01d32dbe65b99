"""Turn what the engine moved into rows: tasks, timers, messages, the clocks and the record.

The one place where a step of a pool meets the database. The caller holds the dossier's lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from engine import bpmn, events, outbox
from engine.catalog.releases import Release, load
from engine.dossiers import legal_clock
from engine.dossiers.models import Dossier, Instance, Pause
from engine.errors import NotFound
from engine.liaison.models import Message
from engine.liaison.send import send
from engine.org.access import SYSTEM, Actor
from engine.tasks.models import Task
from engine.timer_rows import Timer, arm_drawn, arm_levels

_OUTCOMES = {3: "refused", 7: "stopped", 8: "stopped", 9: "done", 10: "done"}


def lock(session: Session, dossier_id: int) -> Dossier:
    """The dossier, held until the transaction ends; all its commands queue here."""
    query = select(Dossier).where(Dossier.id == dossier_id).with_for_update()
    dossier = session.scalar(query.execution_options(populate_existing=True))
    if dossier is None:
        raise NotFound("Không có hồ sơ này.")
    return dossier


def pick(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Only the named root values."""
    return {name: values[name] for name in sorted(names) if name in values}


def begin(
    session: Session,
    dossier: Dossier,
    release: Release,
    pool_id: str,
    agency_id: int,
    facts: dict[str, Any],
    actor: Actor,
    now: datetime,
    *,
    at: str | None = None,
) -> Instance:
    """Start a pool for an agency. A pool started again at the same event is a further round."""
    pool = release.model.pools[pool_id]
    earlier = session.scalar(
        select(func.count()).where(
            Instance.dossier_id == dossier.id,
            Instance.pool == pool_id,
            Instance.agency_id == agency_id,
            Instance.start == (at or ""),
        )
    )
    move = bpmn.start(
        release.model, pool_id, pick(facts, pool.names), legal_clock.Clock(now), at=at
    )
    instance = Instance(
        dossier_id=dossier.id,
        pool=pool_id,
        start=at or "",
        agency_id=agency_id,
        round=(earlier or 0) + 1,
        state=move.state,
        facts=facts,
        trace=[],
        wanted=[],
        started_at=now,
    )
    session.add(instance)
    session.flush()
    legal_clock.set_instance_due(session, instance, pool.properties.get("limit"))
    events.record(
        session,
        dossier,
        "pool-started",
        actor,
        now,
        agency_id=agency_id,
        instance_id=instance.id,
        pool=pool_id,
        round=instance.round,
    )
    if instance.round > 1:
        _void_superseded(session, dossier, instance)
    apply(session, dossier, release, instance, move, actor, now)
    return instance


def apply(
    session: Session,
    dossier: Dossier,
    release: Release,
    instance: Instance,
    move: bpmn.Move,
    actor: Actor,
    now: datetime,
    *,
    done: Task | None = None,
) -> None:
    """Write one step of an instance: everything that follows from the move, or nothing."""
    instance.state = move.state
    instance.trace = [*instance.trace, *(entry.element for entry in move.trace)]
    instance.wanted = [[w.task, w.element, w.message] for w in move.wanted]
    model = release.model
    _close_tasks(session, dossier, release, instance, move, actor, now, done)
    for entry in move.trace:
        _passed(session, dossier, release, instance, model.elements[entry.element], actor, now)
    _open_tasks(session, dossier, release, instance, move, actor, now)
    arm_drawn(session, instance, move)
    for sent in move.sent:
        send(session, dossier, release, instance, sent, actor, now)
    if move.ended:
        _end(session, dossier, release, instance, actor, now)
    session.flush()
    waiting = select(Message.id).where(
        Message.dossier_id == dossier.id, Message.status == "pending"
    )
    if session.scalar(waiting.limit(1)) is not None:
        outbox.put(session, "route", {"dossier": dossier.id}, now)


def release_of(session: Session, dossier: Dossier) -> Release:
    """The version the dossier was accepted under, whatever is in force today."""
    return load(session, dossier.release_id)


def _void_superseded(session: Session, dossier: Dossier, instance: Instance) -> None:
    """What earlier rounds said and nobody took yet no longer counts."""
    older = select(Instance.id).where(
        Instance.dossier_id == dossier.id,
        Instance.pool == instance.pool,
        Instance.agency_id == instance.agency_id,
        Instance.start == instance.start,
        Instance.id != instance.id,
    )
    session.execute(
        update(Message)
        .where(Message.sender_instance_id.in_(older), Message.status == "pending")
        .values(status="void", note="Đã thay bằng lần giải quyết sau")
    )


def _close_tasks(
    session: Session,
    dossier: Dossier,
    release: Release,
    instance: Instance,
    move: bpmn.Move,
    actor: Actor,
    now: datetime,
    done: Task | None,
) -> None:
    still = {task.id for task in move.open_tasks}
    rows = session.scalars(
        select(Task).where(Task.instance_id == instance.id, Task.status == "open")
    )
    for row in rows:
        if row.token in still:
            continue
        row.status = "done" if row is done else "cancelled"
        row.closed_at, row.draft = now, None
        if row is done:
            row.closed_by = actor.person_id
        else:
            events.record(
                session,
                dossier,
                "task-cancelled",
                actor,
                now,
                agency_id=row.agency_id,
                instance_id=instance.id,
                task_id=row.id,
                element=row.element,
                name=row.name,
            )
        session.execute(
            update(Timer)
            .where(Timer.task_id == row.id, Timer.status != "fired")
            .values(status="cancelled")
        )
        if row.paused:
            _resume(session, dossier, release, instance, row, actor, now)


def _resume(
    session: Session,
    dossier: Dossier,
    release: Release,
    instance: Instance,
    task: Task,
    actor: Actor,
    now: datetime,
) -> None:
    pause = session.scalar(select(Pause).where(Pause.task_id == task.id, Pause.ended_at.is_(None)))
    if pause is None:
        return
    pause.ended_at = now
    session.flush()
    before = dossier.due_at
    limit = release.model.pools[instance.pool].properties.get("limit")
    legal_clock.set_dossier_due(session, dossier)
    legal_clock.set_instance_due(session, instance, limit)
    events.record(
        session,
        dossier,
        "clock-resumed",
        actor,
        now,
        agency_id=instance.agency_id,
        instance_id=instance.id,
        task_id=task.id,
        reason=pause.reason,
        before=_iso(before),
        due=_iso(dossier.due_at),
    )


def _passed(
    session: Session,
    dossier: Dossier,
    release: Release,
    instance: Instance,
    element: bpmn.Element,
    actor: Actor,
    now: datetime,
) -> None:
    """What the properties of an element ask for when the token has passed it."""
    if element.properties.get("clock") == "start" and dossier.accepted_at is None:
        dossier.accepted_at = now
        dossier.promise = list(release.promise_for(instance.facts))
        legal_clock.set_dossier_due(session, dossier)
        events.record(
            session,
            dossier,
            "accepted",
            actor,
            now,
            agency_id=instance.agency_id,
            instance_id=instance.id,
            due=_iso(dossier.due_at),
            promise=dossier.promise,
        )
    if element.type not in ("userTask", "manualTask"):
        _set_status(session, dossier, element, actor, now)


def _set_status(
    session: Session, dossier: Dossier, element: bpmn.Element, actor: Actor, now: datetime
) -> None:
    status = element.properties.get("portal-status")
    if status and int(status) != dossier.portal_status:
        dossier.portal_status = int(status)
        events.record(session, dossier, "status", actor, now, status=int(status))


def _open_tasks(
    session: Session,
    dossier: Dossier,
    release: Release,
    instance: Instance,
    move: bpmn.Move,
    actor: Actor,
    now: datetime,
) -> None:
    known = set(session.scalars(select(Task.token).where(Task.instance_id == instance.id)))
    for token in move.open_tasks:
        if token.id in known:
            continue
        element = release.model.elements[token.element]
        pausing = element.properties.get("pauses-clock") == "true"
        task = Task(
            dossier_id=dossier.id,
            instance_id=instance.id,
            token=token.id,
            element=element.id,
            name=element.name,
            procedure=dossier.procedure,
            agency_id=instance.agency_id,
            role=element.lane or "",
            created_at=now,
            limit=element.properties.get("limit"),
            data=token.data,
            paused=pausing,
        )
        if not pausing:
            task.due_at = _task_due(instance, element, now)
        session.add(task)
        session.flush()
        events.record(
            session,
            dossier,
            "task-opened",
            actor,
            now,
            agency_id=task.agency_id,
            instance_id=instance.id,
            task_id=task.id,
            element=element.id,
            name=element.name,
            due=_iso(task.due_at),
        )
        _set_status(session, dossier, element, actor, now)
        if pausing:
            session.add(
                Pause(
                    dossier_id=dossier.id,
                    instance_id=instance.id,
                    task_id=task.id,
                    reason=element.name,
                    started_at=now,
                )
            )
            events.record(
                session,
                dossier,
                "clock-paused",
                actor,
                now,
                agency_id=instance.agency_id,
                instance_id=instance.id,
                task_id=task.id,
                reason=element.name,
            )
        elif task.due_at is not None:
            arm_levels(session, task, now)


def _task_due(instance: Instance, element: bpmn.Element, now: datetime) -> datetime | None:
    """The step's own limit from now, but never beyond what is left to its agency."""
    limit = element.properties.get("limit")
    if limit is None:
        return instance.due_at
    after_15h = element.properties.get("after-15h") == "true"
    due = legal_clock.due_after(now, limit, after_15h=after_15h)
    return due if instance.due_at is None else min(due, instance.due_at)


def _end(
    session: Session,
    dossier: Dossier,
    release: Release,
    instance: Instance,
    actor: Actor,
    now: datetime,
) -> None:
    instance.ended_at = now
    session.execute(
        update(Timer)
        .where(
            Timer.instance_id == instance.id,
            Timer.status.in_(("waiting", "claimed")),
            Timer.message_id.is_(None),
        )
        .values(status="cancelled")
    )
    events.record(
        session,
        dossier,
        "pool-ended",
        actor,
        now,
        agency_id=instance.agency_id,
        instance_id=instance.id,
        pool=instance.pool,
        round=instance.round,
    )
    session.flush()
    running = session.scalar(
        select(func.count()).where(Instance.dossier_id == dossier.id, Instance.ended_at.is_(None))
    )
    main_ended = session.scalar(
        select(func.count()).where(
            Instance.dossier_id == dossier.id,
            Instance.pool == release.model.main.id,
            Instance.ended_at.is_not(None),
        )
    )
    if main_ended and not running and dossier.closed_at is None:
        dossier.closed_at = now
        dossier.outcome = _OUTCOMES.get(dossier.portal_status, "done")
        events.record(session, dossier, "closed", SYSTEM, now, outcome=dossier.outcome)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
