"""Take in a yearly calendar: what it says anew, and which open dossiers it would date otherwise.

A promised date never moves by it: every date stays as it was given, the dossiers are listed, and
each gets an event, so that the office decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine import events
from engine.calendar import TIMEZONE, Calendar, Layer, merge_pauses
from engine.calendar.yearly import read
from engine.catalog import releases
from engine.dossiers import legal_clock, moves
from engine.dossiers.models import Dossier, Extension, Instance, Pause
from engine.dossiers.pauses import step_due
from engine.dossiers.step_limits import times_of
from engine.org.access import SYSTEM
from engine.org.calendars import Scope, beneath, calendar_of, calendars_with, layer_of, rows_of
from engine.org.models import Agency, CalendarImport
from engine.tasks.models import Task

PAGE = 500  # dossiers looked at together


@dataclass(frozen=True)
class Touched:
    """A date given by the calendar so far, and what the new one would say. Both UTC."""

    dossier_id: int
    code: str
    what: str
    due: datetime
    would_be: datetime


@dataclass(frozen=True)
class Change:
    """A file read and compared: ``layer`` is only what it says anew; ``touched`` in order."""

    filename: str
    sha256: str
    scope: Scope
    layer: Layer
    touched: tuple[Touched, ...]

    @property
    def empty(self) -> bool:
        """Whether the file says nothing that is not known already."""
        return not self.layer.hours and not self.layer.days


def one_at_a_time(session: Session) -> None:
    """Wait until no other import is at work, so that ``compare`` sees what it wrote.

    Held until the transaction ends. On SQLite the one writer (``engine.db.writing``) is enough.
    """
    if session.get_bind().dialect.name == "postgresql":
        table = CalendarImport.__tablename__
        session.execute(text(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))


def compare(session: Session, content: bytes, filename: str, scope: Scope) -> Change:
    """What a file would change for a scope. Changes nothing.

    Raises Invalid; its ``errors`` have the sentences by place ("dòng 3").
    """
    said = read(content, filename, beneath(session, scope))
    known = layer_of(session, scope)
    hours = said.hours
    if hours and known.hours[-len(hours) :] == hours:
        hours = ()
    days = {day: special for day, special in said.days.items() if known.days.get(day) != special}
    new = Layer(hours, days)
    touched = tuple(_touched(session, scope, new)) if new.hours or new.days else ()
    return Change(filename, hashlib.sha256(content).hexdigest(), scope, new, touched)


def carry_out(session: Session, change: Change, by: str, now: datetime) -> None:
    """Write the rows and one event for each dossier touched. The caller commits, then ``forget``.

    ``by`` is the name of who imports. Does nothing when the file says nothing new.
    """
    if change.empty:
        return
    batch = CalendarImport(
        filename=change.filename[:200], sha256=change.sha256, imported_at=now, imported_by=by[:120]
    )
    session.add(batch)
    session.flush()
    session.add_all(rows_of(change.layer, change.scope, batch.id))
    session.flush()
    for dossier_id, dates in _by_dossier(change.touched):
        events.record(
            session,
            moves.lock(session, dossier_id),
            "calendar-changed",
            SYSTEM,
            now,
            file=change.filename,
            by=by,
            change="; ".join(map(_words, dates)),
            dates=[[one.what, one.due.isoformat(), one.would_be.isoformat()] for one in dates],
        )


def _by_dossier(touched: Iterable[Touched]) -> list[tuple[int, list[Touched]]]:
    """In order of the dossiers' numbers, so that two imports lock them in the same order."""
    found: dict[int, list[Touched]] = {}
    for one in touched:
        found.setdefault(one.dossier_id, []).append(one)
    return sorted(found.items())


def _touched(session: Session, scope: Scope, layer: Layer) -> Iterator[Touched]:
    first = min([*layer.days, *(hours.since for hours in layer.hours)])
    since = datetime.combine(first, time(), TIMEZONE)
    query = select(Agency.id)
    if scope.agency_id is not None:
        query = query.where(Agency.id == scope.agency_id)
    if scope.kind is not None:
        query = query.where(Agency.kind == scope.kind)
    after = calendars_with(session, session.scalars(query).all(), scope, layer)
    agencies = {number: (calendar_of(session, number), days) for number, days in after.items()}
    last = 0
    while True:
        page = session.scalars(
            select(Dossier)
            .where(Dossier.closed_at.is_(None), Dossier.id > last)
            .order_by(Dossier.id)
            .limit(PAGE)
        ).all()
        if not page:
            return
        last = page[-1].id
        yield from _Page(session, page, agencies, since).touched()


class _Page:
    """Some open dossiers with their clocks, read together."""

    def __init__(
        self,
        session: Session,
        dossiers: Iterable[Dossier],
        agencies: dict[int, tuple[Calendar, Calendar]],
        since: datetime,
    ) -> None:
        self._session, self._agencies, self._since = session, agencies, since
        self._dossiers = {dossier.id: dossier for dossier in dossiers}
        ids = list(self._dossiers)
        self._pauses: dict[int, list[Pause]] = {}
        over = select(Pause).where(Pause.dossier_id.in_(ids), Pause.ended_at.is_not(None))
        for pause in session.scalars(over):
            self._pauses.setdefault(pause.dossier_id, []).append(pause)
        extended = select(Extension.dossier_id).where(Extension.dossier_id.in_(ids))
        self._extended = set(session.scalars(extended))
        self._instances = session.scalars(
            select(Instance).where(Instance.dossier_id.in_(ids), Instance.ended_at.is_(None))
        ).all()
        self._tasks: dict[int, list[Task]] = {}
        waiting = select(Task).where(Task.dossier_id.in_(ids), Task.status == "open")
        for task in session.scalars(waiting.order_by(Task.id)):
            self._tasks.setdefault(task.instance_id, []).append(task)

    def touched(self) -> Iterator[Touched]:
        """By dossier: its own date, its agencies' and its steps'."""
        found = [*self._of_dossiers(), *self._of_instances()]
        yield from sorted(found, key=lambda one: one.dossier_id)

    def _of_dossiers(self) -> Iterator[Touched]:
        for dossier in self._dossiers.values():
            days = self._agencies.get(dossier.intake_agency_id)
            if days is None or not self._reaches(dossier.due_at) or dossier.id in self._extended:
                continue
            accepted, promise = dossier.accepted_at, dossier.promise
            if accepted is None or not promise:
                continue
            spans = self._spans(dossier.id, None)
            before, after = (legal_clock.chain(one, accepted, promise, spans) for one in days)
            yield from self._one(dossier, "ngày hẹn trả", dossier.due_at, before, after)

    def _of_instances(self) -> Iterator[Touched]:
        for instance in self._instances:
            days = self._agencies.get(instance.agency_id)
            if days is None:
                continue
            dossier = self._dossiers[instance.dossier_id]
            release = releases.load(self._session, dossier.release_id)
            limit = release.model.pools[instance.pool].properties.get("limit")
            spans = self._spans(dossier.id, instance.id)
            caps: list[datetime | None] = [None, None]
            if limit:
                start = instance.started_at
                caps = [legal_clock.due_after(one, start, limit, spans) for one in days]
                what = f"hạn của {instance.agency.short_name}"
                if self._reaches(instance.due_at):
                    yield from self._one(dossier, what, instance.due_at, *caps)
            for task in self._tasks.get(instance.id, ()):
                if self._reaches(task.due_at):
                    times = times_of(release, release.model.elements[task.element])
                    start = task.counted_from or task.created_at
                    dates = [
                        step_due(one, start, times, cap, spans)
                        for one, cap in zip(days, caps, strict=True)
                    ]
                    yield from self._one(dossier, f"bước «{task.name}»", task.due_at, *dates)

    def _one(
        self,
        dossier: Dossier,
        what: str,
        due: datetime | None,
        before: datetime | None,
        after: datetime | None,
    ) -> Iterator[Touched]:
        if due is not None and after is not None and before != after and due != after:
            yield Touched(dossier.id, dossier.code, what, due, after)

    def _reaches(self, due: datetime | None) -> bool:
        return due is not None and due >= self._since

    def _spans(self, dossier_id: int, instance_id: int | None) -> list[tuple[datetime, datetime]]:
        return merge_pauses(
            (pause.started_at, pause.ended_at)
            for pause in self._pauses.get(dossier_id, ())
            if instance_id is None or pause.instance_id in (None, instance_id)
        )


def _words(one: Touched) -> str:
    due, would_be = (moment.astimezone(TIMEZONE) for moment in (one.due, one.would_be))
    return f"{one.what}: {due:%H:%M %d/%m/%Y} → {would_be:%H:%M %d/%m/%Y}"
