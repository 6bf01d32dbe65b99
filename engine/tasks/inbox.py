"""The inbox: what waits for a person, most urgent first, and what a task's page needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select
from sqlalchemy.orm import Session, joinedload

from engine.calendar import Words
from engine.catalog.releases import Release, form_of, options
from engine.dossiers import legal_clock, reads
from engine.dossiers.commands import plain
from engine.dossiers.models import Dossier
from engine.errors import Invalid, NotFound
from engine.forms import Form
from engine.org import access
from engine.org.access import Actor
from engine.tasks.commands import form_context
from engine.tasks.models import Submission, Task

_SOON = "4 working hours"
SCOPES = ("group", "mine", "agency")
LEVELS = ("late", "soon", "ok", "paused", "escalated")


@dataclass(frozen=True)
class Filters:
    """What the inbox shows. ``scope``: my roles' tasks, those I hold, or (heads) the agency's."""

    scope: str = "group"
    text: str = ""
    procedure: str = ""
    element: str = ""
    level: str = ""


@dataclass(frozen=True)
class Row:
    """A line of the inbox."""

    task: Task
    dossier: Dossier
    words: Words
    may_claim: bool
    mine: bool


@dataclass(frozen=True)
class Inbox:
    """A page of rows; counts per level and per step are of the scope, whatever the level."""

    rows: list[Row]
    counts: dict[str, int]
    by_step: list[tuple[str, str, str, str, int]]
    next: str | None


@dataclass(frozen=True)
class TaskView:
    """All that a task's page shows. ``raw`` is the draft, or what was submitted."""

    task: Task
    dossier: reads.DossierView
    release: Release
    form: Form
    raw: dict[str, Any]
    context: dict[str, Any]
    options: dict[str, list[dict[str, str]]]
    may_work: bool
    mine: bool
    words: Words = field(default_factory=lambda: Words("ok", ""))


def inbox(
    session: Session,
    actor: Actor,
    filters: Filters,
    now: datetime,
    *,
    after: str | None = None,
    limit: int = 50,
) -> Inbox:
    """A page of open tasks by legal due time; ``after`` is the ``next`` of the page before."""
    if filters.scope not in SCOPES or (filters.level and filters.level not in LEVELS):
        raise Invalid("Bộ lọc không hợp lệ.")
    scope = and_(Task.status == "open", _scope(actor, filters.scope))
    wanted = and_(scope, *_narrowed(filters))
    query = (
        select(Task)
        .join(Dossier, Dossier.id == Task.dossier_id)
        .where(wanted, _level(session, filters.level, now))
        .options(joinedload(Task.dossier), joinedload(Task.assignee), joinedload(Task.agency))
        .order_by(Task.due_at.is_(None), Task.due_at, Task.id)
        .limit(limit + 1)
    )
    if after:
        query = query.where(_beyond(after))
    tasks = list(session.scalars(query))
    more = len(tasks) > limit
    rows = [_row(session, actor, task, now) for task in tasks[:limit]]
    return Inbox(
        rows=rows,
        counts=_counts(session, wanted, now),
        by_step=_by_step(session, scope),
        next=_cursor(tasks[limit - 1]) if more else None,
    )


def open_task(session: Session, actor: Actor, task_id: int, now: datetime) -> TaskView:
    """What the page of a task shows; unknown to those of other agencies."""
    task = session.get(Task, task_id)
    if task is None or task.agency_id not in actor.desks:
        raise NotFound("Không có việc này, hoặc việc không thuộc đơn vị của bạn.")
    dossier = reads.find(session, actor, task.dossier.code, now)
    form = dossier.release.forms[form_of(dossier.release.model.elements[task.element])]
    submitted = session.scalar(
        select(Submission.data).where(Submission.task_id == task.id).limit(1)
    )
    may_work = access.may_work(actor, task.agency_id, task.role)
    return TaskView(
        task=task,
        dossier=dossier,
        release=dossier.release,
        form=form,
        raw=submitted or task.draft or {},
        context=form_context(task.instance, task, now),
        options=options(session),
        may_work=may_work and task.status == "open" and task.assignee_id in (None, actor.person_id),
        mine=task.assignee_id == actor.person_id,
        words=legal_clock.words_for(session, task.agency_id, now, task.due_at, task.paused),
    )


def next_task(session: Session, actor: Actor, now: datetime, after_task_id: int) -> int | None:
    """The most urgent other task that the actor may work on."""
    page = inbox(session, actor, Filters(), now, limit=20)
    for row in page.rows:
        if row.task.id != after_task_id and (row.mine or row.may_claim) and not row.task.paused:
            return row.task.id
    return None


def row(session: Session, actor: Actor, task_id: int, now: datetime) -> Row:
    """One line anew, after it was claimed or released."""
    task = session.get(Task, task_id)
    if task is None or task.agency_id not in actor.desks:
        raise NotFound("Không có việc này, hoặc việc không thuộc đơn vị của bạn.")
    return _row(session, actor, task, now)


def _row(session: Session, actor: Actor, task: Task, now: datetime) -> Row:
    works = access.may_work(actor, task.agency_id, task.role)
    return Row(
        task=task,
        dossier=task.dossier,
        words=legal_clock.words_for(session, task.agency_id, now, task.due_at, task.paused),
        may_claim=works and task.status == "open" and task.assignee_id is None,
        mine=task.assignee_id == actor.person_id,
    )


def _scope(actor: Actor, scope: str) -> ColumnElement[bool]:
    if scope == "mine":
        return Task.assignee_id == actor.person_id
    if scope == "agency":
        heads = [a for a, _role in actor.posts if access.is_head(actor, a)]
        return Task.agency_id.in_(heads) if heads else false()
    posts = [
        and_(Task.agency_id == agency, Task.role == role) for agency, role in sorted(actor.posts)
    ]
    return or_(*posts) if posts else false()


def _narrowed(filters: Filters) -> list[ColumnElement[bool]]:
    found = []
    for word in plain(filters.text).split():
        found.append(Dossier.search.contains(word, autoescape=True))
    if filters.procedure:
        found.append(Task.procedure == filters.procedure)
    if filters.element:
        found.append(Task.element == filters.element)
    return found


def _levels(session: Session, now: datetime) -> dict[str, ColumnElement[bool]]:
    soon = legal_clock.due_after(legal_clock.calendar_for(session, None), now, _SOON)
    runs = Task.paused.is_(False)
    return {
        "late": and_(runs, Task.due_at < now),
        "soon": and_(runs, Task.due_at >= now, Task.due_at <= soon),
        "ok": and_(runs, or_(Task.due_at > soon, Task.due_at.is_(None))),
        "paused": Task.paused.is_(True),
        "escalated": Task.escalated_at.is_not(None),
    }


def _level(session: Session, level: str, now: datetime) -> ColumnElement[bool]:
    return _levels(session, now)[level] if level else Task.status == "open"


def _counts(session: Session, wanted: ColumnElement[bool], now: datetime) -> dict[str, int]:
    sums = [
        func.coalesce(func.sum(case((condition, 1), else_=0)), 0).label(name)
        for name, condition in _levels(session, now).items()
    ]
    query = select(*sums).join_from(Task, Dossier, Dossier.id == Task.dossier_id).where(wanted)
    return {name: int(n) for name, n in session.execute(query).one()._mapping.items()}


def _by_step(session: Session, scope: ColumnElement[bool]) -> list[tuple[str, str, str, str, int]]:
    query = (
        select(
            Task.procedure,
            func.max(Dossier.title),
            Task.element,
            func.max(Task.name),
            func.count(),
        )
        .join_from(Task, Dossier, Dossier.id == Task.dossier_id)
        .where(scope)
        .group_by(Task.procedure, Task.element)
        .order_by(Task.procedure, func.min(Task.id))
    )
    return [tuple(line) for line in session.execute(query)]  # type: ignore[misc]


def _cursor(task: Task) -> str:
    return f"{task.due_at.isoformat() if task.due_at else ''}|{task.id}"


def _beyond(after: str) -> ColumnElement[bool]:
    moment, _, number = after.partition("|")
    try:
        last = int(number)
        due = datetime.fromisoformat(moment) if moment else None
    except ValueError as error:
        raise Invalid("Con trỏ trang không hợp lệ; hãy mở lại danh sách.") from error
    if due is None:
        return and_(Task.due_at.is_(None), Task.id > last)
    return or_(Task.due_at > due, and_(Task.due_at == due, Task.id > last), Task.due_at.is_(None))
