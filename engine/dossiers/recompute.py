"""Every due date of a dossier worked out again from its events alone. Reads; changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import calendar
from engine.dossiers import legal_clock
from engine.dossiers.legal_clock import Span
from engine.dossiers.models import Dossier, Instance
from engine.events import Event
from engine.tasks.models import Task


@dataclass
class Dates:
    """The citizen's date, and those of the agencies' parts and of the steps by their numbers."""

    dossier: datetime | None = None
    instances: dict[int, datetime | None] = field(default_factory=dict)
    tasks: dict[int, datetime | None] = field(default_factory=dict)


def recompute(session: Session, dossier: Dossier) -> Dates:
    """The due dates as the events alone give them, by the calendars as they were known then."""
    replay = _Replay(session, dossier)
    rows = session.scalars(select(Event).where(Event.dossier_id == dossier.id).order_by(Event.seq))
    for event in rows:
        replay.hear(event)
    return replay.end()


def differences(session: Session, dossier: Dossier) -> list[str]:
    """Where the stored dates are not those of the events; empty when all agree."""
    dates = recompute(session, dossier)
    found = []
    if dates.dossier != dossier.due_at:
        found.append(f"hồ sơ: {dossier.due_at} ≠ {dates.dossier}")
    for instance in session.scalars(select(Instance).where(Instance.dossier_id == dossier.id)):
        if dates.instances.get(instance.id) != instance.due_at:
            found.append(f"{instance.pool}: {instance.due_at} ≠ {dates.instances[instance.id]}")
    for task in session.scalars(select(Task).where(Task.dossier_id == dossier.id)):
        if dates.tasks.get(task.id) != task.due_at:
            found.append(f"{task.element}: {task.due_at} ≠ {dates.tasks[task.id]}")
    return found


class _Replay:
    """The events heard one by one, and what they mean for each clock."""

    def __init__(self, session: Session, dossier: Dossier) -> None:
        self._session = session
        self._agency_id = dossier.intake_agency_id
        self._dates = Dates()
        self._accepted: Event | None = None
        self._extended: Event | None = None
        self._standing: dict[int, tuple[int | None, datetime]] = {}
        self._over: dict[int, tuple[int | None, Span]] = {}  # by the pause's number
        self._pools: dict[int, Event] = {}
        self._spans: dict[int, list[Span]] = {}  # what an instance's dates leave out
        self._steps: dict[int, Event] = {}

    def hear(self, event: Event) -> None:
        """Take in the next event."""
        if event.kind == "accepted":
            self._accepted = event
        elif event.kind == "extended":
            self._extended = event
        elif event.kind == "pool-started" and event.instance_id is not None:
            self._pools[event.instance_id] = event
            self._spans[event.instance_id] = []
        elif event.kind == "pool-ended" and event.instance_id is not None:
            self._dates.instances[event.instance_id] = self._pool(event.instance_id)
        elif event.kind == "task-opened" and event.task_id is not None:
            self._steps[event.task_id] = event
        elif event.kind in ("task-done", "task-cancelled") and event.task_id is not None:
            self._dates.tasks[event.task_id] = self._step(self._steps[event.task_id])
        elif event.kind == "clock-paused":
            self._standing[event.data["pause"]] = (event.instance_id, event.at)
        elif event.kind == "clock-resumed":
            whose, begin = self._standing.pop(event.data["pause"])
            self._over[event.data["pause"]] = (whose, (begin, event.at))
            self._run_on()
        elif event.kind == "incident-left-out":
            begin, until = (datetime.fromisoformat(event.data[name]) for name in ("begin", "end"))
            self._over[event.data["pause"]] = (event.instance_id, (begin, until))
            self._run_on()
        elif event.kind == "incident-undone":
            del self._over[event.data["pause"]]
            self._run_on()

    def end(self) -> Dates:
        """The dates after the last event; what has ended keeps the date it ended with."""
        dates = self._dates
        for number in self._pools:
            if number not in dates.instances:
                dates.instances[number] = self._pool(number)
        for number, opened in self._steps.items():
            if number not in dates.tasks:
                dates.tasks[number] = self._step(opened)
        if self._accepted is None or not self._accepted.data["promise"]:
            return dates
        over = calendar.merge_pauses(span for _instance, span in self._over.values())
        days = legal_clock.calendar_for(self._session, self._agency_id, self._accepted.at)
        if self._extended is not None:
            until = datetime.fromisoformat(self._extended.data["due"])
            dates.dossier = legal_clock.moved(days, until, self._extended.at, over)
        else:
            promise = self._accepted.data["promise"]
            dates.dossier = legal_clock.chain(days, self._accepted.at, promise, over)
        return dates

    def _run_on(self) -> None:
        """Whatever does not stand still is dated by all the pauses that are over."""
        still = {instance for instance, _begin in self._standing.values()}
        for number in self._pools:
            if None not in still and number not in still and number not in self._dates.instances:
                self._spans[number] = calendar.merge_pauses(
                    span for instance, span in self._over.values() if instance in (None, number)
                )

    def _pool(self, number: int) -> datetime | None:
        opened = self._pools[number]
        limit = opened.data.get("limit")
        if not limit:
            return None
        days = legal_clock.calendar_for(self._session, opened.agency_id, opened.at)
        return legal_clock.due_after(days, opened.at, limit, self._spans[number])

    def _step(self, opened: Event) -> datetime | None:
        said, number = opened.data, opened.instance_id or 0
        if "pauses" in said:
            return None
        cap = self._pool(number)
        if "limit" not in said:
            return cap
        begun = opened.at
        if "counted_from" in said:
            begun = datetime.fromisoformat(said["counted_from"])
        days = legal_clock.calendar_for(self._session, opened.agency_id, begun)
        due = legal_clock.due_after(
            days, begun, said["limit"], self._spans[number], after_15h="after_15h" in said
        )
        return due if cap is None else min(due, cap)
