"""Tables of the user task and of what was written down in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.db import Base, JSONBytes, UTCDateTime
from engine.dossiers.models import Dossier, Instance
from engine.org.models import Agency, Person


class Task(Base):
    """A step that waits for, or was done by, a person of one role in one agency.

    ``status`` is ``open``, ``done`` or ``cancelled``. ``token`` is the engine's number of the task
    in its instance. An open task of which ``paused`` is true does not run its clock. The clock
    counts from the opening; a step that a supplement interrupted and reopened goes on with the
    clock of the visit before, begun at ``counted_from``. ``escalated_at``: the head was told.
    """

    __tablename__ = "task"
    __table_args__ = (
        Index(None, "agency_id", "role", "status", "due_at", "id"),
        Index(None, "assignee_id", "status", "due_at"),
        Index(None, "instance_id", "status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dossier_id: Mapped[int] = mapped_column(ForeignKey("dossier.id"), index=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"))
    token: Mapped[int]
    element: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(160))
    procedure: Mapped[str] = mapped_column(String(60))
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    role: Mapped[str] = mapped_column(String(30))
    status: Mapped[str] = mapped_column(String(10), default="open")
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    paused: Mapped[bool] = mapped_column(default=False)
    limit: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    counted_from: Mapped[datetime | None] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    escalated_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    data: Mapped[dict[str, Any]] = mapped_column(JSONBytes)  # what routes, as it was on opening
    draft: Mapped[dict[str, Any] | None] = mapped_column(JSONBytes)
    dossier: Mapped[Dossier] = relationship()
    instance: Mapped[Instance] = relationship()
    agency: Mapped[Agency] = relationship()
    assignee: Mapped[Person | None] = relationship(foreign_keys=[assignee_id])


class Submission(Base):
    """A form as it was submitted: the start form (no task) or a task's."""

    __tablename__ = "submission"

    id: Mapped[int] = mapped_column(primary_key=True)
    dossier_id: Mapped[int] = mapped_column(ForeignKey("dossier.id"), index=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"), index=True)
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id"), index=True)
    form: Mapped[str] = mapped_column(String(80))
    data: Mapped[dict[str, Any]] = mapped_column(JSONBytes)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
