"""Tables of the archive: bundles, who took part, legal holds, and the chain of deletion proofs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.db import Base, JSONBytes, UTCDateTime
from engine.dossiers.models import Dossier

_KEPT = text("proof_id IS NULL AND keep_until IS NOT NULL")
_STANDING = text("released_at IS NULL")


class ArchivedDossier(Base):
    """All working rows of a closed dossier in one: ``bundle`` is zstd of canonical JSON.

    ``sha256`` and ``size`` (bytes) are of the JSON. ``keep_until`` is empty when the rule says
    ``permanent``. Once deleted there is no bundle and ``proof_id`` names the proof.
    """

    __tablename__ = "archived_dossier"
    __table_args__ = (
        Index("ix_archived_dossier_ends", "keep_until", postgresql_where=_KEPT, sqlite_where=_KEPT),
    )

    dossier_id: Mapped[int] = mapped_column(ForeignKey("dossier.id"), primary_key=True)
    archived_at: Mapped[datetime] = mapped_column(UTCDateTime)
    keep: Mapped[str] = mapped_column(String(20))
    keep_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    legal_basis: Mapped[str] = mapped_column(String(400), default="")
    rows: Mapped[int]
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    bundle: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    proof_id: Mapped[int | None] = mapped_column(ForeignKey("deletion_proof.id"))
    dossier: Mapped[Dossier] = relationship()


class ArchivedPart(Base):
    """An agency that took part in an archived dossier, and may therefore read it."""

    __tablename__ = "archived_part"
    __table_args__ = (Index(None, "agency_id", "dossier_id"),)

    dossier_id: Mapped[int] = mapped_column(ForeignKey("dossier.id"), primary_key=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"), primary_key=True)


class LegalHold(Base):
    """While it stands, nothing of the dossier is deleted whatever its retention says."""

    __tablename__ = "legal_hold"
    __table_args__ = (
        Index(
            "ix_legal_hold_standing",
            "dossier_id",
            postgresql_where=_STANDING,
            sqlite_where=_STANDING,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dossier_id: Mapped[int] = mapped_column(ForeignKey("dossier.id"))
    reason: Mapped[str] = mapped_column(String(400))
    document: Mapped[str] = mapped_column(String(120))
    placed_by: Mapped[str] = mapped_column(String(120))
    placed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    released_by: Mapped[str] = mapped_column(String(120), default="")
    released_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    release_reason: Mapped[str] = mapped_column(String(400), default="")
    dossier: Mapped[Dossier] = relationship()


class DeletionProof(Base):
    """What was deleted of a dossier, by which rule, when and by whom; no personal data.

    ``hash`` covers ``statement`` and the hash of the proof before it (``previous``, empty for the
    first): no proof can be changed, put between or taken out unseen.
    """

    __tablename__ = "deletion_proof"

    id: Mapped[int] = mapped_column(primary_key=True)
    dossier_id: Mapped[int] = mapped_column(ForeignKey("dossier.id"), unique=True)
    deleted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    deleted_by: Mapped[str] = mapped_column(String(120))
    statement: Mapped[dict[str, Any]] = mapped_column(JSONBytes)
    previous: Mapped[str] = mapped_column(String(64), unique=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    dossier: Mapped[Dossier] = relationship()
