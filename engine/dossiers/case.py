"""What a command needs to know of a dossier before it acts: locked and read in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, exists, select
from sqlalchemy.orm import Session, aliased

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
    query = _query("task" in given, bool(given.get("key")))
    while True:
        rows = session.execute(query, given, execution_options={"populate_existing": True}).all()
        if not rows:
            return None
        row = rows[0]
        # Whoever waited for the lock sees the dossier's row as it is now, and all other rows as
        # they were before it waited: then everything is read once more, now without a wait.
        if row.Dossier.event_count == row.seen:
            break
    return Case(
        dossier=row.Dossier,
        instance=row.Instance,
        tasks=[one.opened for one in rows if one.opened is not None],
        task=row.asked if "task" in given else None,
        earlier=row.IdempotencyKey if given.get("key") else None,
        drawn=row.drawn,
        handoffs=row.handoffs,
        pending=row.pending,
        paused=row.paused,
    )


@cache
def _query(by_task: bool, with_key: bool) -> Select[Any]:
    asked, opened = aliased(Task, name="asked"), aliased(Task, name="opened")
    same = aliased(Dossier)
    waiting = Timer.status.in_(OPEN)
    entities: list[Any] = [
        Dossier,
        Instance,
        opened,
        select(same.event_count).where(same.id == Dossier.id).scalar_subquery().label("seen"),
        exists()
        .where(Timer.instance_id == Instance.id, Timer.kind == "bpmn", waiting)
        .label("drawn"),
        exists()
        .where(
            Message.receiver_instance_id == Instance.id,
            Message.status == "delivered",
            Message.acknowledged_at.is_(None),
        )
        .label("handoffs"),
        exists()
        .where(Message.dossier_id == Dossier.id, Message.status == "pending")
        .label("pending"),
        exists().where(Pause.dossier_id == Dossier.id).label("paused"),
    ]
    query: Select[Any]
    if by_task:
        query = select(asked, *entities).select_from(asked)
        query = query.join(Instance, Instance.id == asked.instance_id)
        query = query.where(asked.id == bindparam("task"))
    else:
        query = select(*entities).select_from(Instance)
        query = query.where(Instance.id == bindparam("instance"))
    query = query.join(Dossier, Dossier.id == Instance.dossier_id)
    is_open = and_(opened.dossier_id == Dossier.id, opened.status == "open")
    query = query.outerjoin(opened, is_open)
    if with_key:
        mine = and_(
            IdempotencyKey.person_id == bindparam("person"),
            IdempotencyKey.key == bindparam("key"),
        )
        query = query.add_columns(IdempotencyKey).outerjoin(IdempotencyKey, mine)
    return query.order_by(opened.id).with_for_update(of=Dossier)
