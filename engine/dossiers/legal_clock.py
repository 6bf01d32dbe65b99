"""When things are due: limits counted from a moment by the calendar, pauses left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import calendar
from engine.dossiers.models import Dossier, Instance, Pause

CALENDAR = calendar.default_calendar()


class Clock:
    """The moment of a command, and the calendar seen from it: what the engine is told of time."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def due(self, limit: str) -> datetime:
        """The moment at which ``limit`` (``"8 working days"``) counted from now runs out."""
        return due_after(self.now, limit)


def due_after(
    start: datetime,
    limit: str,
    pauses: Iterable[tuple[datetime, datetime]] = (),
    *,
    after_15h: bool = False,
) -> datetime:
    """``start`` plus ``limit`` without the pauses; with the 15:00 rule where it applies."""
    if after_15h:
        start = calendar.start_after_15h(CALENDAR, start)
    return calendar.due(CALENDAR, start, calendar.parse_limit(limit), tuple(pauses))


def chain(
    start: datetime, limits: Sequence[str], pauses: Iterable[tuple[datetime, datetime]] = ()
) -> datetime:
    """The end of several limits counted one after another."""
    moment = start
    for limit in limits:
        moment = due_after(moment, limit, pauses)
    return moment


def pauses_of(
    session: Session, dossier_id: int, instance_id: int | None = None
) -> list[tuple[datetime, datetime]]:
    """The finished pauses of a dossier, or of one of its instances, overlapping ones merged."""
    query = select(Pause).where(Pause.dossier_id == dossier_id, Pause.ended_at.is_not(None))
    if instance_id is not None:
        query = query.where(Pause.instance_id == instance_id)
    merged: list[tuple[datetime, datetime]] = []
    for pause in session.scalars(query.order_by(Pause.started_at)):
        begin, end = pause.started_at, pause.ended_at
        if end is None:
            continue
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged


def set_dossier_due(session: Session, dossier: Dossier) -> None:
    """Count the citizen's date anew from the acceptance, the promise and the pauses."""
    if dossier.accepted_at is not None and dossier.promise:
        pauses = pauses_of(session, dossier.id)
        dossier.due_at = chain(dossier.accepted_at, dossier.promise, pauses)


def set_instance_due(session: Session, instance: Instance, limit: str | None) -> None:
    """Count the agency's date anew from its start, the pool's limit and its own pauses."""
    if limit:
        pauses = pauses_of(session, instance.dossier_id, instance.id)
        instance.due_at = due_after(instance.started_at, limit, pauses)


def is_paused(session: Session, dossier_id: int) -> bool:
    """Whether some clock of the dossier stands still now."""
    query = select(Pause.id).where(Pause.dossier_id == dossier_id, Pause.ended_at.is_(None))
    return session.scalar(query.limit(1)) is not None
