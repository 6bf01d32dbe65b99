"""Who takes part in a dossier, and the record of who read it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from engine.archive.models import ArchivedPart
from engine.dossiers.models import Dossier, Instance, ReadLog
from engine.org.access import Actor


def participants(session: Session, dossier: Dossier) -> set[int]:
    """The agencies with a part in the dossier: where it was taken in, and every pool's."""
    running = select(Instance.agency_id).where(Instance.dossier_id == dossier.id)
    archived = select(ArchivedPart.agency_id).where(ArchivedPart.dossier_id == dossier.id)
    pools = session.scalars(union(running, archived))
    return {dossier.intake_agency_id, *pools}


def log_read(session: Session, dossier_id: int, actor: Actor, what: str, now: datetime) -> None:
    """Record that the actor read personal data of the dossier."""
    session.add(ReadLog(dossier_id=dossier_id, person_id=actor.person_id, what=what, at=now))
