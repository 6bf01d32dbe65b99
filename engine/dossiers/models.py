"""Tables of the dossier: the case, its running pools, papers, results, pauses and reads."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.catalog.models import ReleaseRow
from engine.db import Base, JSONBytes, UTCDateTime
from engine.org.models import Agency

_LIVE = text("closed_at IS NOT NULL AND archived_at IS NULL")


class Dossier(Base):
    """One citizen's case under one code, pinned to the release in force when it was opened.

    ``portal_status`` is the national status 1–10; ``outcome`` is empty while open, then
    ``done``, ``refused`` or ``stopped``. ``paused``: some clock of it stands still now.
    ``phone`` and ``email`` are where the applicant wants to hear of it. ``last_hash`` closes the
    chain of its events. ``archived_at``: its working rows lie in one bundle (``engine.archive``);
    ``restored_at``: they were brought back, and rest for a while before they go again.
    """

    __tablename__ = "dossier"
    __table_args__ = (
        Index(None, "closed_at", "due_at"),
        Index(
            "ix_dossier_to_archive",
            "release_id",
            "closed_at",
            postgresql_where=_LIVE,
            sqlite_where=_LIVE,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    release_id: Mapped[int] = mapped_column(ForeignKey("release.id"))
    procedure: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(300))
    applicant: Mapped[str] = mapped_column(String(120))
    subject: Mapped[str] = mapped_column(String(120), default="")
    search: Mapped[str] = mapped_column(Text, default="")  # lower case, without diacritics
    phone: Mapped[str] = mapped_column(String(20), default="")
    email: Mapped[str] = mapped_column(String(160), default="")
    intake_agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    opened_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    portal_status: Mapped[int] = mapped_column(default=1)
    outcome: Mapped[str | None] = mapped_column(String(10))
    opened_at: Mapped[datetime] = mapped_column(UTCDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    promise: Mapped[list[str] | None] = mapped_column(JSONBytes)  # limits, one after another
    paused: Mapped[bool] = mapped_column(default=False)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    archived_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    restored_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    event_count: Mapped[int] = mapped_column(default=0)
    last_hash: Mapped[str] = mapped_column(String(64), default="")
    release: Mapped[ReleaseRow] = relationship()
    intake_agency: Mapped[Agency] = relationship()


class Instance(Base):
    """One pool of the picture at work for one dossier in one agency.

    ``state`` is the engine's own bytes; ``version`` refuses stale writers; ``facts`` is all that
    this agency was told or wrote down; ``wanted`` are the catches that wait for a message. A pool
    that is started again has a further ``round``. ``paused``: its clock stands still now.
    """

    __tablename__ = "instance"
    __table_args__ = (Index(None, "dossier_id", "pool"), Index(None, "agency_id", "ended_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    dossier_id: Mapped[int] = mapped_column(ForeignKey("dossier.id"))
    pool: Mapped[str] = mapped_column(String(80))
    start: Mapped[str] = mapped_column(String(80), default="")  # the start event that began it
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    round: Mapped[int] = mapped_column(default=1)
    state: Mapped[bytes] = mapped_column(LargeBinary)
    version: Mapped[int] = mapped_column(default=1)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONBytes)
    trace: Mapped[list[str]] = mapped_column(JSONBytes)  # element ids, each once
    wanted: Mapped[list[list[Any]]] = mapped_column(JSONBytes)  # [token, element, message name]
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    paused: Mapped[bool] = mapped_column(default=False)
    dossier: Mapped[Dossier] = relationship()
    agency: Mapped[Agency] = relationship()

    __mapper_args__ = {"version_id_col": version}


class Pause(Base):
    """An interval in which a clock does not run: of one instance, or (none) of the whole dossier.

    ``cause`` is one of :data:`engine.dossiers.pauses.CAUSES`; ``document`` is the paper that says
    so. A pause that a drawn step makes belongs to its task and ends with it.
    """

    __tablename__ = "pause"
    __table_args__ = (Index(None, "dossier_id", "ended_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    dossier_id: Mapped[int] = mapped_column(ForeignKey("dossier.id"))
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("instance.id"), index=True)
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id"), index=True)
    cause: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(400))
    document: Mapped[str] = mapped_column(String(120), default="")
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    started_by: Mapped[str] = mapped_column(String(120))
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_by: Mapped[str] = mapped_column(String(120), default="")


class Extension(Base):
    """The one new date (xin lỗi và hẹn lại) that an agency may give a citizen, with its reason."""

    __tablename__ = "extension"

    id: Mapped[int] = mapped_column(primary_key=True)
    dossier_id: Mapped[int] = mapped_column(ForeignKey("dossier.id"), unique=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    reason: Mapped[str] = mapped_column(String(400))
    document: Mapped[str] = mapped_column(String(120))
    before: Mapped[datetime] = mapped_column(UTCDateTime)
    until: Mapped[datetime] = mapped_column(UTCDateTime)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    agency: Mapped[Agency] = relationship()


class Result(Base):
    """A result handed to the citizen as soon as its own step ended."""

    __tablename__ = "result"

    id: Mapped[int] = mapped_column(primary_key=True)
    dossier_id: Mapped[int] = mapped_column(ForeignKey("dossier.id"), index=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id"), index=True)
    name: Mapped[str] = mapped_column(String(160))
    returned_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    returned_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Blob(Base):
    """The bytes of a paper, stored once under their SHA-256."""

    __tablename__ = "blob"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class Attachment(Base):
    """A paper of the dossier. ``component`` is the key of the published list, or empty."""

    __tablename__ = "attachment"

    id: Mapped[int] = mapped_column(primary_key=True)
    dossier_id: Mapped[int] = mapped_column(ForeignKey("dossier.id"), index=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    component: Mapped[str] = mapped_column(String(60), default="")
    filename: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(80))
    sha256: Mapped[str] = mapped_column(ForeignKey("blob.sha256"), index=True)
    size: Mapped[int]
    uploaded_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    uploaded_at: Mapped[datetime] = mapped_column(UTCDateTime)
    removed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class CodeCounter(Base):
    """The day's last serial number of a unit, taken under a lock."""

    __tablename__ = "code_counter"
    __table_args__ = (UniqueConstraint("agency_id", "day"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    day: Mapped[date]
    last: Mapped[int] = mapped_column(default=0)


class ReadLog(Base):
    """Who read whose personal data, and when."""

    __tablename__ = "read_log"

    id: Mapped[int] = mapped_column(primary_key=True)
    dossier_id: Mapped[int] = mapped_column(ForeignKey("dossier.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    what: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
