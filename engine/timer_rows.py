"""The moments at which something must happen: the table, and how its rows come about."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import calendar
from engine.db import Base, UTCDateTime
from engine.dossiers.legal_clock import CALENDAR

if TYPE_CHECKING:
    from engine import bpmn
    from engine.dossiers.models import Instance
    from engine.tasks.models import Task


class Timer(Base):
    """A drawn timer (``bpmn``) or a level of a limit (``warn``, ``due``, ``overdue``, ``ack``).

    ``status``: ``waiting`` → ``claimed`` (a sweeper rang) → ``fired``; or ``cancelled``. A claimed
    timer whose ring was lost is claimed again after a while.
    """

    __tablename__ = "timer"
    __table_args__ = (Index(None, "status", "due_at"), Index(None, "instance_id", "status"))

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    dossier_id: Mapped[int] = mapped_column(ForeignKey("dossier.id"))
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), index=True)
    token: Mapped[int | None]
    element: Mapped[str] = mapped_column(String(80))
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    status: Mapped[str] = mapped_column(String(10), default="waiting")
    claimed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    fired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


def arm_levels(session: Session, task: Task, now: datetime) -> None:
    """A limit's levels: a warning, the due moment, and a minute later the escalation."""
    if task.due_at is None:
        return
    levels = {
        "warn": calendar.warn_at(CALENDAR, now, task.due_at),
        "due": task.due_at,
        "overdue": task.due_at + timedelta(minutes=1),
    }
    for kind, moment in levels.items():
        session.add(
            Timer(
                kind=kind,
                dossier_id=task.dossier_id,
                instance_id=task.instance_id,
                task_id=task.id,
                element=task.element,
                due_at=moment,
            )
        )


def arm_drawn(session: Session, instance: Instance, move: bpmn.Move) -> None:
    """Make the drawn timers' rows equal to what the engine has armed."""
    armed = {(t.task, t.element): t.due for t in move.timers}
    rows = session.scalars(
        select(Timer).where(
            Timer.instance_id == instance.id,
            Timer.kind == "bpmn",
            Timer.status.in_(("waiting", "claimed")),
        )
    )
    for row in rows:
        due = armed.pop((row.token or 0, row.element), None)
        if due is None:
            row.status = "cancelled"
        elif due != row.due_at:
            row.due_at, row.status = due, "waiting"
    for (token, element), due in armed.items():
        session.add(
            Timer(
                kind="bpmn",
                dossier_id=instance.dossier_id,
                instance_id=instance.id,
                token=token,
                element=element,
                due_at=due,
            )
        )
