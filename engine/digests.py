"""The daily digest: what is late and what soon will be, to each head and the control office.

A day's digests are made together with the row of that day: made once, however many sweepers ask.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import letters
from engine.db import Base, UTCDateTime
from engine.dossiers import legal_clock
from engine.notices import notify
from engine.org import queries
from engine.org.access import CONTROL, HEAD
from engine.org.models import Agency
from engine.tasks.models import Task

_VN = ZoneInfo("Asia/Ho_Chi_Minh")
_SOON = timedelta(hours=24)


class DigestDay(Base):
    """A day whose digests are made, all of them: the row and they are one transaction."""

    __tablename__ = "digest_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    recipients: Mapped[int]


@dataclass
class _State:
    """The open steps of one agency at the moment of the digest."""

    name: str
    open: int = 0
    late: int = 0
    soon: int = 0
    escalated: int = 0
    lines: list[str] = field(default_factory=list)


def make(session: Session, now: datetime, at: clock_time) -> int:
    """Make today's digests when it is a working day, ``at`` has passed and nobody did yet.

    Returns how many were made. Days on which no sweeper ran are left out: they would tell nothing.
    """
    local = now.astimezone(_VN)
    day = local.date()
    if local.time() < at or session.get(DigestDay, day) is not None:
        return 0
    if not legal_clock.calendar_for(session, None).is_working_day(day):
        return 0
    if not _first(session, day, now):
        return 0
    states = _states(session, now)
    made = 0
    for agency_id, state in states.items():
        if state.open and queries.people_with(session, agency_id, HEAD, now):
            _tell(session, agency_id, HEAD, state, day, now)
            made += 1
    whole = _State("toàn tỉnh")
    for state in states.values():
        whole.open += state.open
        whole.late += state.late
        whole.soon += state.soon
        whole.escalated += state.escalated
        if state.late:
            whole.lines.append(f"{state.name}: {state.late} việc quá hạn")
    for office in queries.control_offices(session, now):
        _tell(session, office, CONTROL, whole, day, now)
        made += 1
    session.get_one(DigestDay, day).recipients = made
    session.flush()
    return made


def _first(session: Session, day: date, now: datetime) -> bool:
    """Whether this transaction is the one that makes the day; others wait for it and see."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    row = {"day": day, "made_at": now, "recipients": 0}
    written = session.execute(
        dialect.insert(DigestDay).values(row).on_conflict_do_nothing().returning(DigestDay.day)
    )
    return written.first() is not None


def _states(session: Session, now: datetime) -> dict[int, _State]:
    running = Task.paused.is_(False)
    late = and_(running, Task.due_at < now)
    soon = and_(running, Task.due_at >= now, Task.due_at <= now + _SOON)
    rows = session.execute(
        select(
            Agency.id,
            Agency.short_name,
            func.count(),
            _sum(late),
            _sum(soon),
            _sum(Task.escalated_at.is_not(None)),
        )
        .join(Task, Task.agency_id == Agency.id)
        .where(Task.status == "open")
        .group_by(Agency.id, Agency.short_name)
        .order_by(Agency.id)
    )
    states = {row[0]: _State(row[1], row[2], row[3], row[4], row[5]) for row in rows}
    by_step: dict[int, list[str]] = defaultdict(list)
    named = session.execute(
        select(Task.agency_id, Task.name, func.count())
        .where(Task.status == "open", late)
        .group_by(Task.agency_id, Task.name)
        .order_by(func.count().desc(), Task.name)
    )
    for agency_id, name, number in named:
        by_step[agency_id].append(f"{name}: {number} việc quá hạn")
    for agency_id, lines in by_step.items():
        states[agency_id].lines = lines[:20]
    return states


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _tell(
    session: Session, agency_id: int, role: str, state: _State, day: date, now: datetime
) -> None:
    text = (
        f"Đầu ngày {day:%d/%m/%Y}, {state.name}: {state.late} việc quá hạn, "
        f"{state.soon} việc đến hạn trong 24 giờ, {state.open} việc đang chờ."
    )
    notify(session, "digest", agency_id, role, text, None, None, now)
    letters.to_post(
        session,
        agency_id,
        role,
        "digest",
        now,
        ref=day.isoformat(),
        values={
            "agency": state.name,
            "day": f"{day:%d/%m/%Y}",
            "late": state.late,
            "soon": state.soon,
            "escalated": state.escalated,
            "lines": state.lines,
        },
    )
