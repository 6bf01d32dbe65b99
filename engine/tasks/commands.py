"""What people do with a task: take it, give it back, hand it on, keep a draft, finish it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from engine import bpmn, events, idempotency, letters, one_write
from engine.catalog.releases import Release, form_of, options
from engine.dossiers import case, legal_clock, moves
from engine.dossiers.models import Dossier, Instance, Result
from engine.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from engine.liaison.commands import acknowledge_by_work
from engine.org import access, queries
from engine.org.access import Actor
from engine.org.models import Person
from engine.tasks.models import Submission, Task

_VN = ZoneInfo("Asia/Ho_Chi_Minh")
_MAX_DRAFT_NODES = 5_000


def claim(session: Session, actor: Actor, task_id: int, now: datetime) -> Task:
    """Take an open task of one's own role. Claimed again by the same person, nothing changes."""
    dossier, task = _take(session, actor, task_id)
    _must_work(actor, task)
    if task.assignee_id == actor.person_id:
        return task
    if task.assignee_id is not None:
        raise Conflict(f"{_name(session, task.assignee_id)} đã nhận việc này.")
    task.assignee_id = actor.person_id
    _record(session, dossier, task, "task-claimed", actor, now)
    acknowledge_by_work(session, dossier, task.instance_id, actor, now)
    session.flush()
    return task


def release(session: Session, actor: Actor, task_id: int, now: datetime) -> Task:
    """Give a task back to the others of the role; its draft stays."""
    dossier, task = _take(session, actor, task_id)
    if task.assignee_id is None:
        return task
    if task.assignee_id != actor.person_id and not access.is_head(actor, task.agency_id):
        raise Forbidden("Chỉ người đang giữ việc hoặc lãnh đạo đơn vị được trả việc lại.")
    task.assignee_id = None
    _record(session, dossier, task, "task-released", actor, now)
    session.flush()
    return task


def reassign(session: Session, actor: Actor, task_id: int, person_id: int, now: datetime) -> Task:
    """The head of the agency hands a task to somebody who holds its role."""
    dossier, task = _take(session, actor, task_id)
    if not access.may_reassign(actor, task.agency_id):
        raise Forbidden("Chỉ lãnh đạo đơn vị được phân công lại việc.")
    able = queries.people_with(session, task.agency_id, task.role, now)
    if person_id not in {person.id for person in able}:
        raise Invalid("Người được chọn không giữ vai trò của bước này trong đơn vị.")
    before, task.assignee_id = task.assignee_id, person_id
    _record(
        session,
        dossier,
        task,
        "task-reassigned",
        actor,
        now,
        before=_name(session, before),
        to=_name(session, person_id),
    )
    session.flush()
    return task


def save_draft(
    session: Session, actor: Actor, task_id: int, raw: Mapping[str, Any], now: datetime
) -> Task:
    """Keep what was typed so far. No event: a draft is nobody's business yet."""
    _dossier, task = _take(session, actor, task_id)
    _must_work(actor, task)
    _must_hold(session, actor, task)
    if _nodes(raw) > _MAX_DRAFT_NODES:
        raise Invalid("Bản nháp quá lớn; hãy bớt số dòng.")
    task.draft = dict(raw)
    session.flush()
    return task


def complete(
    session: Session,
    actor: Actor,
    task_id: int,
    raw: Mapping[str, Any],
    now: datetime,
    *,
    key: str | None = None,
    version: int | None = None,
) -> dict[str, Any]:
    """Finish a task with its form and let the procedure move.

    Returns ``{"task", "dossier", "opened", "ended"}``: ``opened`` are the ids of the open tasks of
    the same dossier that this actor may work on next. ``version`` is the instance's version as the
    page saw it. The same ``key`` again gives the same answer without acting twice.
    """
    with one_write.collecting(session):
        return _complete(session, actor, task_id, raw, now, key, version)


def _complete(
    session: Session,
    actor: Actor,
    task_id: int,
    raw: Mapping[str, Any],
    now: datetime,
    key: str | None,
    version: int | None,
) -> dict[str, Any]:
    asked = idempotency.digest("complete", task_id, dict(raw))
    around = case.of_task(session, task_id, actor.person_id, idempotency.checked(key))
    if around is None or around.task is None or around.task.agency_id not in actor.desks:
        raise NotFound("Không có việc này, hoặc việc không thuộc đơn vị của bạn.")
    dossier, instance, task = around.dossier, around.instance, around.task
    if around.earlier is not None:
        return idempotency.answer_of(around.earlier, asked)
    _must_be_open(session, task)
    _must_work(actor, task)
    _must_hold(session, actor, task)
    if version is not None and version > instance.version:
        raise Stale("Trang này không khớp với hồ sơ hiện tại; hãy tải lại trang.")
    procedure = moves.release_of(session, dossier)
    data = _validated(session, procedure, instance, task, raw, now)
    pool = procedure.model.pools[instance.pool]
    clock = legal_clock.clock_of(session, instance, now)
    move = bpmn.complete(
        procedure.model,
        instance.pool,
        instance.state,
        task.token,
        moves.pick(data, pool.names),
        clock,
    )
    task.assignee_id = actor.person_id
    name = form_of(procedure.model.elements[task.element])
    instance.facts = procedure.forms[name].replace(instance.facts, data)
    one_write.insert(
        session,
        Submission,
        dossier_id=dossier.id,
        instance_id=instance.id,
        task_id=task.id,
        form=name,
        data=data,
        person_id=actor.person_id,
        at=now,
    )
    if around.handoffs:
        acknowledge_by_work(session, dossier, instance.id, actor, now)
    _record(session, dossier, task, "task-done", actor, now)
    _return_result(session, dossier, procedure, task, actor, now)
    moves.apply(session, around, procedure, move, actor, clock, done=task)
    answer = {
        "task": task.id,
        "dossier": dossier.code,
        "ended": dossier.closed_at is not None,
        "opened": [
            one.id
            for one in around.tasks
            if access.may_work(actor, one.agency_id, one.role)
            and one.assignee_id in (None, actor.person_id)
        ],
    }
    idempotency.remember(session, actor.person_id, key, asked, answer, now)
    return answer


def _take(
    session: Session, actor: Actor, task_id: int, *, closed_too: bool = False
) -> tuple[Dossier, Task]:
    """Lock the task's dossier and read the task afresh; unknown to those who may not see it."""
    found = session.get(Task, task_id)
    if found is None or found.agency_id not in actor.desks:
        raise NotFound("Không có việc này, hoặc việc không thuộc đơn vị của bạn.")
    dossier = moves.lock(session, found.dossier_id)
    session.refresh(found)
    if not closed_too:
        _must_be_open(session, found)
    return dossier, found


def _must_be_open(session: Session, task: Task) -> None:
    if task.status == "done":
        raise Conflict(
            f"Việc này đã được {_name(session, task.closed_by)} hoàn thành lúc "
            f"{_local(task.closed_at)}.",
            code="finished",
        )
    if task.status != "open":
        raise Conflict(
            f"Việc này không còn nữa: hồ sơ đã chuyển sang hướng khác lúc "
            f"{_local(task.closed_at)}.",
            code="finished",
        )


def _must_work(actor: Actor, task: Task) -> None:
    if not access.may_work(actor, task.agency_id, task.role):
        raise Forbidden("Việc này thuộc vai trò khác trong đơn vị của bạn.")


def _must_hold(session: Session, actor: Actor, task: Task) -> None:
    if task.assignee_id not in (None, actor.person_id):
        raise Conflict(f"{_name(session, task.assignee_id)} đang giữ việc này.")


def _validated(
    session: Session,
    release_: Release,
    instance: Instance,
    task: Task,
    raw: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any]:
    form = release_.forms[form_of(release_.model.elements[task.element])]
    lists = options(session) if form.lists else {}
    return form.validate(dict(raw), form_context(instance, task, now), lists)


def form_context(instance: Instance, task: Task, now: datetime) -> dict[str, Any]:
    """What a task's form may refer to: the agency's facts, what routes, and today."""
    today = now.astimezone(_VN).date().isoformat()
    return {**instance.facts, **task.data, "__today": today}


def _return_result(
    session: Session,
    dossier: Dossier,
    release_: Release,
    task: Task,
    actor: Actor,
    now: datetime,
) -> None:
    name = release_.model.elements[task.element].properties.get("result")
    if not name:
        return
    one_write.insert(
        session,
        Result,
        dossier_id=dossier.id,
        task_id=task.id,
        name=name,
        returned_by=actor.person_id,
        returned_at=now,
    )
    _record(session, dossier, task, "result-returned", actor, now, result=name)
    letters.to_applicant(session, dossier, "result", now, ref=str(task.id), result=name)


def _record(
    session: Session,
    dossier: Dossier,
    task: Task,
    kind: str,
    actor: Actor,
    now: datetime,
    **data: Any,
) -> None:
    events.record(
        session,
        dossier,
        kind,
        actor,
        now,
        agency_id=task.agency_id,
        instance_id=task.instance_id,
        task_id=task.id,
        element=task.element,
        name=task.name,
        **data,
    )


def _name(session: Session, person_id: int | None) -> str:
    person = session.get(Person, person_id) if person_id is not None else None
    return person.name if person else "Hệ thống"


def _local(moment: datetime | None) -> str:
    return f"{moment.astimezone(_VN):%H:%M %d/%m/%Y}" if moment else "trước đó"


def _nodes(value: Any) -> int:
    if isinstance(value, Mapping):
        return 1 + sum(_nodes(item) for item in value.values())
    if isinstance(value, list):
        return 1 + sum(_nodes(item) for item in value)
    return 1
