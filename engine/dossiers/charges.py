"""Whose time it was: each agency's own working minutes, and what it waited for. Reads only.

Time spent waiting for the citizen or for another agency is charged to nobody's officer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from engine import calendar
from engine.calendar import Calendar
from engine.dossiers import legal_clock
from engine.dossiers.contents import Contents, contents_of
from engine.dossiers.legal_clock import Span
from engine.dossiers.models import Dossier, Instance, Pause
from engine.org.models import Agency
from engine.tasks.models import Task


@dataclass(frozen=True)
class StepTime:
    """One visit of a step: working minutes of its own, and those it waited for, by cause."""

    task: Task
    own: int
    waiting: dict[str, int] = field(default_factory=dict)
    late: int = 0  # working minutes beyond its date, of its own time


@dataclass(frozen=True)
class AgencyTime:
    """One agency's part: minutes with work of its own open, minutes stopped, and the rest.

    ``others``: nothing was open here, another agency had the work.
    """

    agency: Agency
    pool: str
    own: int
    waiting: dict[str, int]
    others: int
    steps: tuple[StepTime, ...]


def charges(
    session: Session, dossier: Dossier, now: datetime, known: Contents | None = None
) -> list[AgencyTime]:
    """Every part of a dossier in the order they began, counted up to ``now``.

    ``known``: the dossier's rows, when the caller has read them already.
    """
    rows = known or contents_of(session, dossier)
    return [
        _part(
            legal_clock.calendar_for(session, instance.agency_id),
            instance,
            [task for task in rows.tasks if task.instance_id == instance.id],
            [p for p in rows.pauses if p.instance_id in (None, instance.id)],
            now,
        )
        for instance in rows.instances
    ]


def _part(
    days: Calendar, instance: Instance, tasks: list[Task], pauses: list[Pause], now: datetime
) -> AgencyTime:
    until = instance.ended_at or now
    whole = [_span(instance.started_at, until)]
    stopped = [_span(p.started_at, p.ended_at or now) for p in pauses]
    waits = {task.id for task in tasks if any(p.task_id == task.id for p in pauses)}
    busy = [_span(t.created_at, t.closed_at or now) for t in tasks if t.id not in waits]
    running = _minus(whole, stopped)
    own = _minutes(days, _common(running, busy))
    return AgencyTime(
        agency=instance.agency,
        pool=instance.pool,
        own=own,
        waiting=_by_cause(days, pauses, whole, now),
        others=_minutes(days, running) - own,
        steps=tuple(_step(days, task, pauses, task.id in waits, now) for task in tasks),
    )


def _step(days: Calendar, task: Task, pauses: list[Pause], waits: bool, now: datetime) -> StepTime:
    open_ = [_span(task.created_at, task.closed_at or now)]
    stopped = [_span(p.started_at, p.ended_at or now) for p in pauses]
    own = [] if waits else _minus(open_, stopped)
    late = _common(own, [(task.due_at, now)]) if task.due_at and task.due_at < now else []
    return StepTime(
        task, _minutes(days, own), _by_cause(days, pauses, open_, now), _minutes(days, late)
    )


def _by_cause(
    days: Calendar, pauses: Iterable[Pause], within: list[Span], now: datetime
) -> dict[str, int]:
    found: dict[str, int] = {}
    counted: list[Span] = []
    for pause in sorted(pauses, key=lambda p: p.started_at):  # what overlaps is the first's
        span = [_span(pause.started_at, pause.ended_at or now)]
        minutes = _minutes(days, _minus(_common(span, within), counted))
        if minutes:
            found[pause.cause] = found.get(pause.cause, 0) + minutes
        counted += span
    return found


def _span(begin: datetime, end: datetime) -> Span:
    """From one to the other; nothing when the reader's clock is behind the writer's."""
    return begin, max(begin, end)


def _minutes(days: Calendar, spans: Iterable[Span]) -> int:
    return sum(calendar.working_minutes(days, begin, end) for begin, end in spans)


def _common(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """Where both lie."""
    right = calendar.merge_pauses(others)
    return [
        (max(a, c), min(b, d))
        for a, b in calendar.merge_pauses(spans)
        for c, d in right
        if max(a, c) < min(b, d)
    ]


def _minus(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """Where the first lie without the others."""
    left = calendar.merge_pauses(spans)
    for c, d in calendar.merge_pauses(others):
        left = [
            piece
            for a, b in left
            for piece in ((a, min(b, c)), (max(a, d), b))
            if piece[0] < piece[1]
        ]
    return left
