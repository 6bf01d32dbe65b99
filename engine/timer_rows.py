"""The moments at which something must happen: the table, and how its rows come about."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lxml import etree
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import calendar, one_write
from engine.calendar import Calendar
from engine.db import Base, UTCDateTime
from engine.dossiers import legal_clock
from engine.dossiers.legal_clock import Span

if TYPE_CHECKING:
    from engine import bpmn
    from engine.catalog.releases import Release
    from engine.dossiers.models import Dossier, Instance
    from engine.dossiers.step_limits import Times
    from engine.tasks.models import Task

LEVELS = ("warn", "due", "overdue", "escalated")
TOTAL = ("all-warn", "all-due", "all-late")  # of the whole dossier: the citizen's date
OPEN = ("waiting", "claimed", "held")
_OF_TOTAL = "kind IN ('all-warn', 'all-due', 'all-late')"
_BEGINS_ON_A_DATE = re.compile(r"R\d*/\d{4}-")  # an ISO 8601 cycle from a date on
_BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


class Timer(Base):
    """A drawn timer (``bpmn``), a level of a limit, or a receipt that is awaited (``ack``).

    The levels of a step are ``warn``, ``due`` and ``overdue``, which tells the first role of
    ``escalate-to``; ``escalated`` tells the role with the number ``stage``. Those of the citizen's
    date have no step. Each stands here once per step or dossier: the database sees to it.

    ``status``: ``waiting`` → ``claimed`` (a sweeper rang) → ``fired``; or ``cancelled``. A claimed
    timer whose ring was lost is claimed again after a while. ``held``: the clock it follows stands
    still; it waits again, with a new date, when the pause ends. A drawn timer keeps the date the
    engine gave it (``drawn_due``, by ``limit`` from ``armed_at``) beside the one it fires at.
    """

    __tablename__ = "timer"
    __table_args__ = (
        UniqueConstraint("task_id", "dossier_id", "kind", "stage"),
        Index(
            "ux_timer_total",
            "dossier_id",
            "kind",
            unique=True,
            sqlite_where=text(_OF_TOTAL),
            postgresql_where=text(_OF_TOTAL),
        ),
        Index(None, "status", "due_at", "id"),
        Index(None, "instance_id", "status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    stage: Mapped[int] = mapped_column(default=1)
    dossier_id: Mapped[int] = mapped_column(ForeignKey("dossier.id"))
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), index=True)
    token: Mapped[int | None]
    element: Mapped[str] = mapped_column(String(80))
    limit: Mapped[str | None] = mapped_column(String(40))
    armed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    drawn_due: Mapped[datetime | None] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    status: Mapped[str] = mapped_column(String(10), default="waiting")
    claimed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    fired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


def level_moments(
    days: Calendar, task: Task, times: Times, pauses: Iterable[Span] = ()
) -> dict[str, datetime]:
    """When the levels of a step's limit are reached: a warning, the end, and a minute later."""
    if task.due_at is None:
        return {}
    start, due = task.counted_from or task.created_at, task.due_at
    return {
        "warn": calendar.warn_at(days, start, due, times.warning, pauses),
        "due": due,
        "overdue": due + timedelta(minutes=1),
    }


def arm_levels(
    session: Session,
    task: Task,
    days: Calendar,
    times: Times,
    pauses: Iterable[Span] = (),
    passed: Collection[str] = (),
) -> None:
    """One row for each level of the step's limit that was not ``passed`` yet."""
    shared: dict[str, Any] = {
        "stage": 1,
        "dossier_id": task.dossier_id,
        "instance_id": task.instance_id,
        "task_id": task.id,
        "element": task.element,
        "status": "held" if task.paused else "waiting",
    }
    for kind, moment in level_moments(days, task, times, pauses).items():
        if kind not in passed:
            one_write.insert(session, Timer, **shared, kind=kind, due_at=moment)


def arm_total(session: Session, release: Release, dossier: Dossier, instance: Instance) -> None:
    """One row for each level of the citizen's date, which has just been promised."""
    for kind, moment in _total_moments(session, release, dossier, ()).items():
        one_write.insert(
            session,
            Timer,
            kind=kind,
            dossier_id=dossier.id,
            instance_id=instance.id,
            element="",
            status="held" if dossier.paused else "waiting",
            due_at=moment,
        )


def hold_total(session: Session, dossier: Dossier, now: datetime) -> None:
    """The citizen's clock stands still; what is due already is due."""
    session.execute(
        update(Timer)
        .where(
            Timer.dossier_id == dossier.id,
            Timer.kind.in_(TOTAL),
            Timer.status == "waiting",
            Timer.due_at > now,
        )
        .values(status="held")
    )


def renew_total(session: Session, release: Release, dossier: Dossier) -> None:
    """The levels not reached yet follow the citizen's date, which has moved."""
    open_rows = select(Timer).where(
        Timer.dossier_id == dossier.id, Timer.kind.in_(TOTAL), Timer.status.in_(OPEN)
    )
    rows = session.scalars(open_rows).all()
    if not rows:
        return
    pauses = legal_clock.pauses_of(session, dossier.id)
    moments = _total_moments(session, release, dossier, pauses)
    for row in rows:
        row.due_at = moments[row.kind]
        row.status = "held" if dossier.paused else "waiting"


def cancel_total(session: Session, dossier: Dossier) -> None:
    """Nothing is awaited any more."""
    session.execute(
        update(Timer)
        .where(Timer.dossier_id == dossier.id, Timer.kind.in_(TOTAL), Timer.status.in_(OPEN))
        .values(status="cancelled")
    )


def _total_moments(
    session: Session, release: Release, dossier: Dossier, pauses: Iterable[Span]
) -> dict[str, datetime]:
    if dossier.accepted_at is None or dossier.due_at is None:
        return {}
    start, due = dossier.accepted_at, dossier.due_at
    days = legal_clock.calendar_for(session, dossier.intake_agency_id, start)
    warning = release.meta.get("warn", calendar.DEFAULT_WARNING)
    return {
        "all-warn": calendar.warn_at(days, start, due, warning, pauses),
        "all-due": due,
        "all-late": due + timedelta(minutes=1),
    }


def arm_drawn(
    session: Session,
    release: Release,
    instance: Instance,
    move: bpmn.Move,
    clock: legal_clock.Clock,
) -> None:
    """Make the drawn timers' rows equal to what the engine has armed."""
    armed = {(t.task, t.element): t.due for t in move.timers}
    rows = session.scalars(
        select(Timer).where(
            Timer.instance_id == instance.id, Timer.kind == "bpmn", Timer.status.in_(OPEN)
        )
    )
    follows = following(release.digest, release.model.xml) if instance.paused and armed else ()
    for row in rows:
        due = armed.pop((row.token or 0, row.element), None)
        if due is None:
            row.status = "cancelled"
        elif due != row.drawn_due:
            row.drawn_due = row.due_at = due
            row.armed_at, row.limit = clock.now, clock.asked.get(due)
            row.status = "held" if row.element in follows else "waiting"
    for (token, element), due in armed.items():
        session.add(
            Timer(
                kind="bpmn",
                dossier_id=instance.dossier_id,
                instance_id=instance.id,
                token=token,
                element=element,
                limit=clock.asked.get(due),
                armed_at=clock.now,
                drawn_due=due,
                due_at=due,
                status="held" if element in follows else "waiting",
            )
        )


def drawn_moment(days: Calendar, timer: Timer, pauses: Iterable[Span]) -> datetime:
    """When a drawn timer fires that follows these pauses: its limit counted anew without them.

    A timer that was no limit (an ISO duration) is later by the whole time of each pause.
    """
    since, due = timer.armed_at, timer.drawn_due
    if since is None or due is None:
        return timer.due_at
    if timer.limit is not None:
        return legal_clock.due_after(days, since, timer.limit, pauses)
    for begin, end in pauses:
        begin = max(begin, since)
        if begin < due and begin < end:
            due += end - begin
    return due


@lru_cache(maxsize=64)
def following(digest: str, xml: bytes) -> frozenset[str]:
    """The drawn timers of a picture that stand still while their agency's clock does.

    All but those that say ``follows-pauses="false"``, those that name a date, and those on the
    edge of a step that itself stops the clock: they measure the pause.
    """
    del digest  # the short key of the cache; the picture follows from it
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(xml, parser)
    found = set()
    pausing = {node.get("id") for node in root.iter() if _said(node, "pauses-clock") == "true"}
    for timer in root.iter(f"{_BPMN}timerEventDefinition"):
        node = timer.getparent()
        if node is None or timer.find(f"{_BPMN}timeDate") is not None:
            continue
        if _BEGINS_ON_A_DATE.search(timer.findtext(f"{_BPMN}timeCycle", "")):
            continue
        if _said(node, "follows-pauses") != "false" and node.get("attachedToRef") not in pausing:
            found.add(node.get("id"))
    return frozenset(name for name in found if name)


def _said(node: Any, name: str) -> str | None:
    """The value of one of our properties on a drawn element."""
    for item in node.iterfind(f"{_BPMN}extensionElements/*/*"):
        if item.get("name") == name:
            value: str | None = item.get("value")
            return value
    return None
