"""When things are due: the citizen's total, the agency's limit and the step's, pauses left out.

A limit counts from a moment by its agency's calendar. A pause of an instance stops the clocks of
that instance, of its open steps and of the citizen; a pause of the whole dossier stops all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine import calendar
from engine.calendar import Calendar, Words
from engine.dossiers.models import Dossier, Extension, Instance, Pause
from engine.org.calendars import calendar_of as _calendar_of

Span = tuple[datetime, datetime]


class Clock:
    """The moment of a command, and the calendar seen from it: what the engine is told of time.

    ``asked`` remembers the limits that a step asked for by the moment they end at, so that a
    timer's row can count its limit anew when a pause comes between.
    """

    def __init__(self, now: datetime, days: Calendar) -> None:
        self.now = now
        self.asked: dict[datetime, str] = {}
        self._days = days

    def due(self, limit: str) -> datetime:
        """The moment at which ``limit`` (``"8 working days"``) counted from now runs out."""
        end = due_after(self._days, self.now, limit)
        self.asked[end] = limit
        return end


def calendar_for(
    session: Session, agency_id: int | None, known_at: datetime | None = None
) -> Calendar:
    """The calendar of an agency (None: the province's), as it was known when a clock began.

    A date that was promised stays counted by the calendar of that moment: what is imported later
    never moves it silently. Without ``known_at`` the calendar as it is known now.
    """
    return _calendar_of(session, agency_id, known_at)


def clock_of(session: Session, instance: Instance, now: datetime) -> Clock:
    """What a step of this instance is told of time."""
    return Clock(now, calendar_for(session, instance.agency_id))


def words_for(
    session: Session,
    agency_id: int | None,
    now: datetime,
    due: datetime | None,
    paused: bool = False,
) -> Words:
    """What is left until ``due`` in an agency's working time, in words."""
    return calendar.remaining_words(calendar_for(session, agency_id), now, due, paused)


def due_after(
    days: Calendar,
    start: datetime,
    limit: str,
    pauses: Iterable[Span] = (),
    *,
    after_15h: bool = False,
) -> datetime:
    """``start`` plus ``limit`` without the pauses; with the 15:00 rule where it applies."""
    if after_15h:
        start = calendar.start_after_15h(days, start)
    return calendar.due(days, start, calendar.parse_limit(limit), tuple(pauses))


def chain(
    days: Calendar, start: datetime, limits: Sequence[str], pauses: Iterable[Span] = ()
) -> datetime:
    """The end of several limits counted one after another."""
    moment, spans = start, tuple(pauses)
    for limit in limits:
        moment = due_after(days, moment, limit, spans)
    return moment


def moved(days: Calendar, date: datetime, since: datetime, pauses: Iterable[Span]) -> datetime:
    """A date given at ``since``, later by the working time of each pause that begins before it."""
    for begin, end in pauses:
        begin = max(begin, since)
        if begin < date and begin < end:
            date = calendar.add_pause(days, "working hours", date, (begin, end))
    return date


def pauses_of(session: Session, dossier_id: int, instance_id: int | None = None) -> list[Span]:
    """The finished pauses of a dossier, or those that stopped one of its instances, merged."""
    query = select(Pause.started_at, Pause.ended_at).where(
        Pause.dossier_id == dossier_id, Pause.ended_at.is_not(None)
    )
    if instance_id is not None:
        query = query.where(or_(Pause.instance_id == instance_id, Pause.instance_id.is_(None)))
    return calendar.merge_pauses((begin, end) for begin, end in session.execute(query))


def set_dossier_due(session: Session, dossier: Dossier, *, never_stopped: bool = False) -> None:
    """Count the citizen's date anew from the acceptance and the promise, or the one new date.

    ``never_stopped``: the caller knows of no pause and no extension so far; none is looked for.
    """
    if dossier.accepted_at is None or not dossier.promise:
        return
    days = _citizens(session, dossier)
    pauses = [] if never_stopped else pauses_of(session, dossier.id)
    extension = None if never_stopped else extension_of(session, dossier)
    if extension is None:
        dossier.due_at = chain(days, dossier.accepted_at, dossier.promise, pauses)
    else:
        dossier.due_at = moved(days, extension.until, extension.at, pauses)


def set_instance_due(session: Session, instance: Instance, limit: str | None) -> None:
    """Count the agency's date anew from its start, the pool's limit and the pauses it had."""
    if limit:
        days = calendar_for(session, instance.agency_id, instance.started_at)
        pauses = pauses_of(session, instance.dossier_id, instance.id)
        instance.due_at = due_after(days, instance.started_at, limit, pauses)


def extension_of(session: Session, dossier: Dossier) -> Extension | None:
    """The one new date that was given, if any."""
    return session.scalar(select(Extension).where(Extension.dossier_id == dossier.id))


def _citizens(session: Session, dossier: Dossier) -> Calendar:
    """The citizen's date counts by the calendar of the counter that took the dossier in."""
    return calendar_for(session, dossier.intake_agency_id, dossier.accepted_at)
