"""Delete what the rule no longer lets us keep, and write down that it was done: a chain of proofs.

What stays of a dossier: its code, its dates and its outcome, and its events without words of
people, so that what was counted from them stays true.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session, joinedload

from engine import events
from engine.archive.models import ArchivedDossier, DeletionProof, LegalHold
from engine.dossiers import moves
from engine.dossiers.commands import plain
from engine.dossiers.models import Attachment, Blob, Dossier
from engine.events import Event
from engine.org.access import Actor

# What an event may still say when the rest is deleted: dates, numbers, names of the drawing and of
# officers. Free words (reasons, documents, names of files) go.
_STAYS = frozenset(
    {
        "after_15h", "before", "cause", "counted_from", "dates", "due", "element", "fields", "flow",
        "keep", "limit", "message", "name", "outcome", "pause", "pauses", "paper", "pool",
        "promise", "release", "result", "round", "rows", "sha256", "stage", "status", "to", "until",
        "version",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Ended:
    """A dossier that may no longer be kept; ``held`` is the document of a hold that keeps it."""

    dossier: Dossier
    kept: ArchivedDossier
    held: str


def ended(session: Session, now: datetime, limit: int = 100, after: int = 0) -> list[Ended]:
    """The archived dossiers whose time has passed, with the holds that stand, in order of id."""
    query = (
        select(ArchivedDossier)
        .where(
            ArchivedDossier.proof_id.is_(None),
            ArchivedDossier.keep_until <= now,
            ArchivedDossier.dossier_id > after,
        )
        .options(joinedload(ArchivedDossier.dossier))
        .order_by(ArchivedDossier.dossier_id)
        .limit(limit)
    )
    found = list(session.scalars(query))
    holds = session.execute(
        select(LegalHold.dossier_id, LegalHold.document).where(
            LegalHold.dossier_id.in_([kept.dossier_id for kept in found]),
            LegalHold.released_at.is_(None),
        )
    )
    documents = {row.dossier_id: row.document for row in holds}
    return [Ended(k.dossier, k, documents.get(k.dossier_id, "")) for k in found]


def purge(session: Session, actor: Actor, dossier_id: int, now: datetime) -> DeletionProof | None:
    """Delete one dossier whose time has passed, with proof. None when it may or need not be."""
    dossier = moves.lock(session, dossier_id)
    kept = session.get(ArchivedDossier, dossier_id, populate_existing=True)
    if (
        kept is None
        or kept.proof_id is not None
        or kept.keep_until is None
        or kept.keep_until > now
    ):
        return None
    hold = select(LegalHold.id).where(
        LegalHold.dossier_id == dossier_id, LegalHold.released_at.is_(None)
    )
    if session.scalar(hold.limit(1)) is not None:
        return None
    if session.get_bind().dialect.name == "postgresql":  # one link of the chain at a time
        session.execute(text("LOCK TABLE deletion_proof IN SHARE ROW EXCLUSIVE MODE"))
    papers = _papers(session, dossier_id)
    emptied = _empty_events(session, dossier_id)
    dossier.applicant = dossier.subject = dossier.phone = dossier.email = ""
    dossier.search = plain(dossier.code)
    events.record(session, dossier, "deleted", actor, now, sha256=kept.sha256, rows=kept.rows)
    last = session.scalar(select(DeletionProof).order_by(DeletionProof.id.desc()).limit(1))
    statement = {
        "code": dossier.code,
        "procedure": dossier.procedure,
        "closed_at": _iso(dossier.closed_at),
        "archived_at": _iso(kept.archived_at),
        "keep": kept.keep,
        "keep_until": _iso(kept.keep_until),
        "legal_basis": kept.legal_basis,
        "rows": kept.rows,
        "bundle_sha256": kept.sha256,
        "papers_sha256": papers,
        "events_emptied": emptied,
        "last_hash": dossier.last_hash,
        "deleted_at": _iso(now),
        "deleted_by": actor.name,
    }
    previous = last.hash if last else ""
    proof = DeletionProof(
        dossier_id=dossier_id,
        deleted_at=now,
        deleted_by=actor.name,
        statement=statement,
        previous=previous,
        hash=link(previous, statement),
    )
    session.add(proof)
    session.flush()
    kept.bundle, kept.proof_id = None, proof.id
    session.flush()
    return proof


def proofs(session: Session, limit: int = 200, before: int | None = None) -> list[DeletionProof]:
    """The proofs of deletion, newest first."""
    query = select(DeletionProof).order_by(DeletionProof.id.desc()).limit(limit)
    if before is not None:
        query = query.where(DeletionProof.id < before)
    return list(session.scalars(query))


def link(previous: str, statement: Mapping[str, Any]) -> str:
    """The hash of a proof: over what it states and the hash before it."""
    body = orjson.dumps([previous, statement], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(body).hexdigest()


def _papers(session: Session, dossier_id: int) -> list[str]:
    """Delete the dossier's papers, and the bytes that no other dossier has; returns the hashes."""
    theirs = select(Attachment.sha256).where(Attachment.dossier_id == dossier_id)
    hashes = sorted(set(session.scalars(theirs)))
    quiet = {"synchronize_session": False}
    session.execute(
        delete(Attachment).where(Attachment.dossier_id == dossier_id), execution_options=quiet
    )
    # Locked first: who is just putting the same bytes into another dossier is waited for, and seen
    # by the next statement.
    session.execute(select(Blob.sha256).where(Blob.sha256.in_(hashes)).with_for_update())
    used = select(Attachment.id).where(Attachment.sha256 == Blob.sha256).exists()
    session.execute(delete(Blob).where(Blob.sha256.in_(hashes), ~used), execution_options=quiet)
    return hashes


def _empty_events(session: Session, dossier_id: int) -> list[list[Any]]:
    """Take people's words out of the events; returns [seq, hash] of those that lost something.

    Such an event keeps its hash, which the proof vouches for from now on.
    """
    emptied: list[list[Any]] = []
    query = select(Event).where(Event.dossier_id == dossier_id).order_by(Event.seq)
    for event in session.scalars(query):
        stays = {name: value for name, value in event.data.items() if name in _STAYS}
        if stays != event.data:
            event.data = stays
            emptied.append([event.seq, event.hash])
    return emptied


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
