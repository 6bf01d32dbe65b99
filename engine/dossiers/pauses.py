"""Stop the legal clock and let it run on: the interval, its record, and every date that follows.

The caller holds the dossier's lock. While a clock stands still the rows of its limits are held;
when it runs on they get their new dates and wait again. A level reached before the pause stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from engine import events, one_write
from engine.calendar import Calendar
from engine.catalog.releases import Release
from engine.dossiers import legal_clock
from engine.dossiers.models import Dossier, Instance, Pause
from engine.dossiers.step_limits import CAUSES, Times, times_of
from engine.org.access import Actor
from engine.tasks.models import Task
from engine.timer_rows import (
    TOTAL,
    Timer,
    drawn_moment,
    following,
    hold_total,
    level_moments,
    renew_total,
)

__all__ = ["CAUSES", "count_anew", "resume", "step_due", "stop"]


def stop(
    session: Session,
    dossier: Dossier,
    release: Release,
    instances: Sequence[Instance],
    actor: Actor,
    now: datetime,
    *,
    instance: Instance | None,
    cause: str,
    reason: str,
    task: Task | None = None,
    document: str = "",
) -> Pause:
    """Begin a pause of ``instance``, or (None) of the whole dossier; ``instances`` stand still."""
    pause = Pause(
        dossier_id=dossier.id,
        instance_id=instance.id if instance else None,
        task_id=task.id if task else None,
        cause=cause,
        reason=reason,
        document=document,
        started_at=now,
        started_by=actor.name,
    )
    one_write.number(session, pause)
    if not dossier.paused:
        dossier.paused = True
        hold_total(session, dossier, now)
    for stopped in instances:
        if not stopped.paused:
            stopped.paused = True
            _hold(session, release, stopped, now)
    events.record(
        session,
        dossier,
        "clock-paused",
        actor,
        now,
        agency_id=instance.agency_id if instance else None,
        instance_id=pause.instance_id,
        task_id=pause.task_id,
        pause=pause.id,
        cause=cause,
        reason=reason,
        document=document,
    )
    return pause


def resume(
    session: Session,
    dossier: Dossier,
    release: Release,
    instances: Sequence[Instance],
    pause: Pause,
    actor: Actor,
    now: datetime,
) -> None:
    """End a pause; what stood still because of it alone gets its new dates."""
    pause.ended_at, pause.ended_by = now, actor.name
    session.flush()
    before = dossier.due_at
    still = session.execute(
        select(Pause.instance_id).where(Pause.dossier_id == dossier.id, Pause.ended_at.is_(None))
    )
    standing = {row.instance_id for row in still}
    dossier.paused = bool(standing)
    legal_clock.set_dossier_due(session, dossier)
    renew_total(session, release, dossier)
    for instance in instances:
        if None in standing or instance.id in standing:
            continue
        instance.paused = False
        _run_on(session, release, instance)
    events.record(
        session,
        dossier,
        "clock-resumed",
        actor,
        now,
        agency_id=session.get_one(Instance, pause.instance_id).agency_id
        if pause.instance_id
        else None,
        instance_id=pause.instance_id,
        task_id=pause.task_id,
        pause=pause.id,
        cause=pause.cause,
        reason=pause.reason,
        before=before.isoformat() if before else None,
        due=dossier.due_at.isoformat() if dossier.due_at else None,
    )


def count_anew(
    session: Session, dossier: Dossier, release: Release, instance: Instance, now: datetime
) -> None:
    """Every date not reached yet, after a pause in the past of ``instance`` came or went.

    A clock that stands still gets its dates when it runs on.
    """
    legal_clock.set_dossier_due(session, dossier)
    renew_total(session, release, dossier)
    if not instance.paused:
        _hold(session, release, instance, now)
        _run_on(session, release, instance)


def step_due(
    days: Calendar,
    start: datetime,
    times: Times,
    cap: datetime | None,
    pauses: Sequence[legal_clock.Span],
) -> datetime | None:
    """The step's own limit from its start, but never beyond what is left to its agency."""
    if times.limit is None:
        return cap
    due = legal_clock.due_after(days, start, times.limit, pauses, after_15h=times.after_15h)
    return due if cap is None else min(due, cap)


def _hold(session: Session, release: Release, instance: Instance, now: datetime) -> None:
    """Its open steps and the timers that follow them stand still; what is due already is due."""
    session.execute(
        update(Task)
        .where(Task.instance_id == instance.id, Task.status == "open")
        .values(paused=True)
    )
    drawn = following(release.digest, release.model.xml)
    session.execute(
        update(Timer)
        .where(
            Timer.instance_id == instance.id,
            Timer.status == "waiting",
            Timer.due_at > now,
            or_(
                Timer.task_id.is_not(None),
                (Timer.kind == "bpmn") & Timer.element.in_(sorted(drawn)),
            ),
        )
        .values(status="held")
    )


def _run_on(session: Session, release: Release, instance: Instance) -> None:
    limit = release.model.pools[instance.pool].properties.get("limit")
    legal_clock.set_instance_due(session, instance, limit)
    pauses = legal_clock.pauses_of(session, instance.dossier_id, instance.id)
    session.flush()
    held = session.scalars(
        select(Timer).where(
            Timer.instance_id == instance.id, Timer.status == "held", Timer.kind.not_in(TOTAL)
        )
    ).all()
    for task in session.scalars(
        select(Task).where(Task.instance_id == instance.id, Task.status == "open")
    ):
        times = times_of(release, release.model.elements[task.element])
        if times.pauses is not None:
            continue  # it waits for the citizen: no officer's clock
        task.paused = False
        start = task.counted_from or task.created_at
        days = legal_clock.calendar_for(session, instance.agency_id, start)
        task.due_at = step_due(days, start, times, instance.due_at, pauses)
        moments = level_moments(days, task, times, pauses)
        for timer in held:
            if timer.task_id == task.id and timer.armed_at is None:
                timer.due_at = moments.get(timer.kind, timer.due_at)
    for timer in held:
        if timer.armed_at is not None:
            days = legal_clock.calendar_for(session, instance.agency_id, timer.armed_at)
            timer.due_at = drawn_moment(days, timer, pauses)
        timer.status = "waiting"
    session.flush()
