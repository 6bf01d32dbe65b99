"""What a citizen was asked to supply: the answers of the step that asked, and until when.

Read from the record alone: a supplement's pause, the form handed in before it, the drawn timer
armed with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.catalog.releases import Release, options
from engine.dossiers.contents import Contents
from engine.forms import FormView
from engine.org.models import Agency
from engine.tasks.models import Submission
from engine.timer_rows import Timer


@dataclass(frozen=True)
class Demand:
    """One notice to supply papers. ``number`` is its pause; ``until`` ends the wait, if drawn."""

    number: int
    task_id: int
    agency: Agency
    person_id: int
    at: datetime
    until: datetime | None
    view: FormView


def demands(
    session: Session, release: Release, rows: Contents, agencies: Mapping[int, Agency]
) -> tuple[Demand, ...]:
    """Every notice of a dossier, the first one first; ``agencies`` are those that take part."""
    tasks = {task.id: task for task in rows.tasks}
    found = []
    for pause in rows.pauses:
        task = tasks.get(pause.task_id or 0)
        agency = agencies.get(task.agency_id) if task else None
        if pause.cause != "supplement" or task is None or agency is None:
            continue
        asked = _asked(rows, task.instance_id, pause.started_at)
        if asked is None:
            continue
        form = release.forms[asked.form]
        found.append(
            Demand(
                number=pause.id,
                task_id=task.id,
                agency=agency,
                person_id=asked.person_id,
                at=pause.started_at,
                until=_until(session, task.instance_id, pause.started_at),
                view=form.view(asked.data, asked.data, options(session), None, readonly=True),
            )
        )
    return tuple(found)


def _asked(rows: Contents, instance_id: int, at: datetime) -> Submission | None:
    """The last form a step of the instance handed in by then."""
    return next(
        (
            sub
            for sub in reversed(rows.submissions)
            if sub.instance_id == instance_id and sub.task_id is not None and sub.at <= at
        ),
        None,
    )


def _until(session: Session, instance_id: int, armed: datetime) -> datetime | None:
    query = select(Timer.due_at).where(
        Timer.instance_id == instance_id, Timer.kind == "bpmn", Timer.armed_at == armed
    )
    return session.scalars(query.order_by(Timer.due_at).limit(1)).first()
