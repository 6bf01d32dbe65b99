"""Turn what the engine moved into rows: tasks, timers, messages, the clocks and the record.

The one place where a step of a pool meets the database. The caller holds the dossier's lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from engine import bpmn, events, letters, one_write, outbox
from engine.catalog.releases import Release, load
from engine.dossiers import case, legal_clock, pauses
from engine.dossiers.case import Case
from engine.dossiers.models import Dossier, Instance, Pause
from engine.dossiers.step_limits import Times, times_of
from engine.errors import NotFound
from engine.liaison.models import Message
from engine.liaison.send import send
from engine.org.access import SYSTEM, Actor
from engine.tasks.models import Task
from engine.timer_rows import (
    OPEN,
    TOTAL,
    Timer,
    arm_drawn,
    arm_levels,
    arm_total,
    cancel_total,
)

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
    clock = legal_clock.Clock(now, legal_clock.calendar_for(session, agency_id))
    move = bpmn.start(release.model, pool_id, pick(facts, pool.names), clock, at=at)
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
        paused=dossier.paused and _whole_dossier_paused(session, dossier),
    )
    session.add(instance)
    session.flush()
    limit = pool.properties.get("limit")
    legal_clock.set_instance_due(session, instance, limit)
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
        limit=limit,
    )
    if instance.round > 1:
        _void_superseded(session, dossier, instance)
    session.flush()
    around = case.of_instance(session, instance.id)
    apply(session, around, release, move, actor, clock)
    return instance


def apply(
    session: Session,
    around: Case,
    release: Release,
    move: bpmn.Move,
    actor: Actor,
    clock: legal_clock.Clock,
    *,
    done: Task | None = None,
) -> None:
    """Put one step of an instance into the session: everything that follows from the move.

    ``clock`` is the one that the engine was given for the step.
    """
    dossier, instance, now = around.dossier, around.instance, clock.now
    instance.state = move.state
    passed = set(instance.trace)
    if new := [e for e in dict.fromkeys(t.element for t in move.trace) if e not in passed]:
        instance.trace = [*instance.trace, *new]
    instance.wanted = [[w.task, w.element, w.message] for w in move.wanted]
    model = release.model
    resumed = _close_tasks(session, around, release, move, actor, now, done)
    promised = dossier.due_at is not None
    for entry in move.trace:
        _passed(session, around, release, model.elements[entry.element], actor, now)
    _open_tasks(session, around, release, move, actor, now, resumed)
    if dossier.due_at is not None and not promised:
        arm_total(session, release, dossier, instance)
    if around.drawn or move.timers:
        arm_drawn(session, release, instance, move, clock)
    for sent in move.sent:
        send(session, dossier, release, instance, sent, actor, now)
    if move.ended:
        _end(session, dossier, release, instance, actor, now)
    if around.pending or move.sent:
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
    around: Case,
    release: Release,
    move: bpmn.Move,
    actor: Actor,
    now: datetime,
    done: Task | None,
) -> bool:
    """Close what stands no longer; whether a step that had stopped the clock was among it."""
    dossier, instance = around.dossier, around.instance
    still = {task.id for task in move.open_tasks}
    waited = []
    for row in around.of_instance():
        if row.token in still:
            continue
        around.tasks.remove(row)
        if row.paused:
            waited.append(row.id)
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
        one_write.also(
            session,
            "UPDATE timer SET status = 'cancelled' "
            "WHERE task_id = ? AND status IN ('waiting', 'claimed', 'held')",
            row.id,
        )
    if waited:
        over = select(Pause).where(Pause.task_id.in_(waited), Pause.ended_at.is_(None))
        for pause in session.scalars(over.order_by(Pause.id)).all():
            pauses.resume(session, dossier, release, [instance], pause, actor, now)
    return bool(waited)


def _whole_dossier_paused(session: Session, dossier: Dossier) -> bool:
    whole = select(Pause.id).where(
        Pause.dossier_id == dossier.id, Pause.instance_id.is_(None), Pause.ended_at.is_(None)
    )
    return session.scalar(whole.limit(1)) is not None


def _passed(
    session: Session,
    around: Case,
    release: Release,
    element: bpmn.Element,
    actor: Actor,
    now: datetime,
) -> None:
    """What the properties of an element ask for when the token has passed it."""
    dossier, instance = around.dossier, around.instance
    if element.properties.get("clock") == "start" and dossier.accepted_at is None:
        dossier.accepted_at = now
        dossier.promise = list(release.promise_for(instance.facts))
        legal_clock.set_dossier_due(session, dossier, never_stopped=not around.paused)
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
        letters.to_applicant(session, dossier, "accepted", now, due=dossier.due_at)
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
    around: Case,
    release: Release,
    move: bpmn.Move,
    actor: Actor,
    now: datetime,
    resumed: bool,
) -> None:
    dossier, instance = around.dossier, around.instance
    known = {task.token for task in around.of_instance()}
    for token in move.open_tasks:
        if token.id in known:
            continue
        element = release.model.elements[token.element]
        times = times_of(release, element)
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
            limit=times.limit,
            data=token.data,
            paused=times.pauses is not None or instance.paused,
        )
        before = _interrupted(session, instance, element, now) if resumed else None
        stopped: Sequence[legal_clock.Span] = ()
        if before is not None:
            task.counted_from = before.counted_from or before.created_at
            stopped = legal_clock.pauses_of(session, dossier.id, instance.id)
        start = task.counted_from or now
        days = legal_clock.calendar_for(session, instance.agency_id, start)
        if times.pauses is None:
            task.due_at = pauses.step_due(days, start, times, instance.due_at, stopped)
        one_write.number(session, task)
        around.tasks.append(task)
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
            **_counting(times, task),
        )
        _set_status(session, dossier, element, actor, now)
        if times.pauses is not None:
            pauses.stop(
                session,
                dossier,
                release,
                [instance],
                actor,
                now,
                instance=instance,
                cause=times.pauses,
                reason=element.name,
                task=task,
            )
            letters.to_applicant(session, dossier, "supplement", now, ref=str(task.id))
        else:
            passed = _levels_passed(session, before) if before is not None else ()
            arm_levels(session, task, days, times, stopped, passed)


def _counting(times: Times, task: Task) -> dict[str, Any]:
    """What the step's date was counted from, so that the record alone gives it again."""
    told: dict[str, Any] = {}
    if times.limit is not None:
        told["limit"] = times.limit
    if times.after_15h:
        told["after_15h"] = True
    if task.counted_from is not None:
        told["counted_from"] = _iso(task.counted_from)
    if times.pauses is not None:
        told["pauses"] = times.pauses
    return told


def _interrupted(
    session: Session, instance: Instance, element: bpmn.Element, now: datetime
) -> Task | None:
    """The step's last visit, when it ended in a pause that ends now: its clock goes on.

    A step that is visited again for any other reason has a second clock.
    """
    last = session.scalar(
        select(Task)
        .where(
            Task.instance_id == instance.id,
            Task.element == element.id,
            Task.status != "open",
        )
        .order_by(Task.id.desc())
        .limit(1)
    )
    if last is None:
        return None
    pause = select(Pause.id).where(
        Pause.instance_id == instance.id,
        Pause.task_id.is_not(None),
        Pause.started_at == last.closed_at,
        Pause.ended_at == now,
    )
    return last if session.scalar(pause.limit(1)) is not None else None


def _levels_passed(session: Session, task: Task) -> list[str]:
    reached = select(Timer.kind).where(
        Timer.task_id == task.id, Timer.stage == 1, Timer.status == "fired"
    )
    return list(session.scalars(reached))


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
            Timer.status.in_(OPEN),
            Timer.message_id.is_(None),
            Timer.kind.not_in(TOTAL),
        )
        .values(status="cancelled")
    )
    if instance.paused:
        _end_pauses(session, dossier, release, [instance], actor, now)
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
        if dossier.paused:
            _end_pauses(session, dossier, release, [], actor, now)
        dossier.closed_at = now
        dossier.outcome = _OUTCOMES.get(dossier.portal_status, "done")
        cancel_total(session, dossier)
        events.record(session, dossier, "closed", SYSTEM, now, outcome=dossier.outcome)


def _end_pauses(
    session: Session,
    dossier: Dossier,
    release: Release,
    instances: list[Instance],
    actor: Actor,
    now: datetime,
) -> None:
    """Nothing is left that could stand still: of an instance, or (none given) of the dossier."""
    query = select(Pause).where(Pause.dossier_id == dossier.id, Pause.ended_at.is_(None))
    if instances:
        query = query.where(Pause.instance_id.in_([instance.id for instance in instances]))
    for pause in session.scalars(query).all():
        pauses.resume(session, dossier, release, instances, pause, actor, now)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
