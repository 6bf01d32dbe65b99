"""The working rows of one dossier: from its tables or, once archived, from its bundle."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.attributes import set_committed_value

from engine.archive import bundle
from engine.archive.models import ArchivedDossier
from engine.db import Base, JSONBytes
from engine.dossiers.models import Dossier, Extension, Instance, Pause, Result
from engine.errors import NotFound
from engine.liaison.models import Message
from engine.org.models import Agency, Person
from engine.tasks.models import Submission, Task


@dataclass(frozen=True)
class Contents:
    """Each table's rows in order of their numbers. Archived ones belong to no session."""

    instances: list[Instance] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    extension: Extension | None = None


def contents_of(session: Session, dossier: Dossier) -> Contents:
    """The rows of a dossier the caller may see. NotFound when they were deleted by rule."""
    if dossier.archived_at is not None:
        return _archived(session, dossier)
    return Contents(
        instances=_live(session, Instance, dossier, joinedload(Instance.agency)),
        tasks=_live(session, Task, dossier, joinedload(Task.assignee), joinedload(Task.agency)),
        submissions=_live(session, Submission, dossier),
        messages=_live(session, Message, dossier),
        pauses=_live(session, Pause, dossier),
        results=_live(session, Result, dossier),
        extension=next(iter(_live(session, Extension, dossier)), None),
    )


def _live(session: Session, table: Any, dossier: Dossier, *options: Any) -> list[Any]:
    query = select(table).where(table.dossier_id == dossier.id).options(*options)
    return list(session.scalars(query.order_by(table.id)))


def _archived(session: Session, dossier: Dossier) -> Contents:
    kept = session.get_one(ArchivedDossier, dossier.id)
    if kept.proof_id is not None:
        raise NotFound(
            f"Hồ sơ {dossier.code} đã được xóa theo thời hạn lưu trữ (biên bản số "
            f"{kept.proof_id}); chỉ còn mã, các ngày và kết quả.",
            code="deleted",
        )
    rows = bundle.unpack(kept)
    people = _by_id(session, Person, (row["assignee_id"] for row in rows.get("task", ())))
    people |= _by_id(session, Person, (row["acknowledged_by"] for row in rows.get("message", ())))
    agencies = _by_id(
        session,
        Agency,
        (
            value
            for table in rows.values()
            for row in table
            for name, value in row.items()
            if name.endswith("agency_id")
        ),
    )
    instances = _made(Instance, rows, dossier=dossier)
    by_id = {instance.id: instance for instance in instances}
    tasks = _made(Task, rows, dossier=dossier)
    messages = _made(Message, rows, dossier=dossier)
    extensions = _made(Extension, rows)
    for one in (*instances, *tasks, *extensions):
        set_committed_value(one, "agency", agencies[one.agency_id])
    for task in tasks:
        set_committed_value(task, "instance", by_id[task.instance_id])
        set_committed_value(task, "assignee", people.get(task.assignee_id))
    for message in messages:
        set_committed_value(message, "sender", agencies[message.sender_agency_id])
        set_committed_value(message, "receiver", agencies.get(message.receiver_agency_id))
        set_committed_value(message, "acknowledger", people.get(message.acknowledged_by))
    return Contents(
        instances=instances,
        tasks=tasks,
        submissions=_made(Submission, rows),
        messages=messages,
        pauses=_made(Pause, rows),
        results=_made(Result, rows),
        extension=next(iter(extensions), None),
    )


def _made(table: type[Base], rows: bundle.Rows, **related: Any) -> list[Any]:
    """Objects as the session would have loaded them, but of no session: nothing writes them."""
    mapper = inspect(table)
    json = {column.name for column in mapper.local_table.c if isinstance(column.type, JSONBytes)}
    found = []
    for row in rows.get(table.__tablename__, ()):
        one = mapper.class_manager.new_instance()
        for name, value in row.items():
            if name in json and value is not None:
                value = orjson.loads(value)
            set_committed_value(one, mapper.get_property_by_column(mapper.columns[name]).key, value)
        for name, value in related.items():
            set_committed_value(one, name, value)
        found.append(one)
    return found


def _by_id(session: Session, table: Any, numbers: Iterable[int | None]) -> dict[Any, Any]:
    wanted = {number for number in numbers if number is not None}
    if not wanted:
        return {}
    return {row.id: row for row in session.scalars(select(table).where(table.id.in_(wanted)))}
