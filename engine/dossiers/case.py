"""What a command needs to know of a dossier before it acts: locked and read in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Integer, Select, String, and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session, aliased

from engine import one_read
from engine.dossiers.models import Dossier, Instance, Pause
from engine.errors import NotFound
from engine.idempotency import IdempotencyKey
from engine.liaison.models import Message
from engine.tasks.models import Task
from engine.timer_rows import OPEN, Timer


@dataclass
class Case:
    """A locked dossier, the instance a command is about, and every open task of the dossier.

    The flags say what else is there, so that only what exists is read: ``drawn`` timers that wait
    in the instance, ``handoffs`` to it that nobody has acknowledged, messages still ``pending``,
    ``paused`` once or more.
    """

    dossier: Dossier
    instance: Instance
    tasks: list[Task]
    task: Task | None = None
    earlier: IdempotencyKey | None = None
    drawn: bool = False
    handoffs: bool = False
    pending: bool = False
    paused: bool = False

    def of_instance(self) -> list[Task]:
        """The open tasks of the instance."""
        return [task for task in self.tasks if task.instance_id == self.instance.id]


def of_task(
    session: Session, task_id: int, person_id: int | None = None, key: str | None = None
) -> Case | None:
    """The case of a task, with the answer once given to the person's ``key``; None if unknown."""
    return _read(session, {"task": task_id, "person": person_id, "key": key})


def of_instance(session: Session, instance_id: int) -> Case:
    """The case of an instance, as it stands in the session's transaction."""
    found = _read(session, {"instance": instance_id})
    if found is None:
        raise NotFound("Không có phần việc này.")
    return found


def _read(session: Session, given: dict[str, Any]) -> Case | None:
    by_task, with_key = "task" in given, bool(given.get("key"))
    query = _query(by_task, with_key)
    while True:
        rows = query.rows(session, given)
        if not rows:
            return None
        dossier, instance, _, *flags = rows[0]
        seen, drawn, handoffs, pending, paused = flags[-5:]
        # Whoever waited for the lock sees the dossier's row as it is now, and all other rows as
        # they were before it waited: then everything is read once more, now without a wait.
        if dossier.event_count == seen:
            break
    tasks = [row[2] for row in rows if row[2] is not None]
    return Case(
        dossier=dossier,
        instance=instance,
        tasks=[task for task in tasks if task.status == "open"],
        task=next(task for task in tasks if task.id == given["task"]) if by_task else None,
        earlier=flags[0] if with_key else None,
        drawn=bool(drawn),
        handoffs=bool(handoffs),
        pending=bool(pending),
        paused=bool(paused),
    )


@cache
def _query(by_task: bool, with_key: bool) -> one_read.Read:
    asked, opened = aliased(Task, name="asked"), aliased(Task, name="opened")
    same = aliased(Dossier)
    entities: list[Any] = [Dossier, Instance, opened]
    if with_key:
        entities.append(IdempotencyKey)
    query: Select[Any] = select(
        *one_read.columns(*entities),
        select(same.event_count).where(same.id == Dossier.id).scalar_subquery(),
        exists().where(
            Timer.instance_id == Instance.id, Timer.kind == "bpmn", Timer.status.in_(OPEN)
        ),
        exists().where(
            Message.receiver_instance_id == Instance.id,
            Message.status == "delivered",
            Message.acknowledged_at.is_(None),
        ),
        exists().where(Message.dossier_id == Dossier.id, Message.status == "pending"),
        exists().where(Pause.dossier_id == Dossier.id),
    )
    wanted: Any = opened.status == "open"
    if by_task:
        task = bindparam("task", None, Integer)
        query = query.select_from(asked).join(Instance, Instance.id == asked.instance_id)
        query, wanted = query.where(asked.id == task), or_(wanted, opened.id == task)
    else:
        query = query.select_from(Instance)
        query = query.where(Instance.id == bindparam("instance", None, Integer))
    query = query.join(Dossier, Dossier.id == Instance.dossier_id)
    query = query.outerjoin(opened, and_(opened.dossier_id == Dossier.id, wanted))
    if with_key:
        mine = and_(
            IdempotencyKey.person_id == bindparam("person", None, Integer),
            IdempotencyKey.key == bindparam("key", None, String),
        )
        query = query.outerjoin(IdempotencyKey, mine)
    query = query.order_by(opened.id).with_for_update(of=Dossier)
    return one_read.Read(query, *entities)
