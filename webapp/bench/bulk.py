"""History by the million: dossiers, instances and tasks loaded straight into the tables.

Every agency has a bounded number of open tasks whatever the size, as a real office has; the rest
is history. COPY on PostgreSQL, executemany on SQLite.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, func, select

from engine.db import Base, load_models
from engine.dossiers.models import Dossier, Instance
from engine.org.models import Agency
from engine.tasks.models import Task
from webapp.bench.town import NOW, Town, progress

TASKS = 5  # per dossier
OPEN = 400  # open tasks of the measured agency, whatever the size
_CHUNK = 20_000


def fill(house: Town, dossiers: int) -> None:
    """Load ``dossiers`` more, with five tasks each, into an agency's and others' history."""
    load_models()
    with house.engine.begin() as connection:
        base = {
            table: connection.scalar(select(func.coalesce(func.max(table.c.id), 0)))
            for table in map(_table, (Dossier, Instance, Task))
        }
        agencies = list(connection.scalars(select(Agency.id).order_by(Agency.id)))
        others = [number for number in agencies if number != house.agency_id]
        made = _Made(house, base, others, dossiers)
        for model, rows in (
            (Dossier, made.dossiers()),
            (Instance, made.instances()),
            (Task, made.tasks()),
        ):
            count = dossiers * (TASKS if model is Task else 1)
            _load(connection, _table(model), rows, count)
            _count_on(connection, _table(model))
    with house.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def _count_on(connection: Connection, table: Table) -> None:
    """Rows that come with their numbers do not move PostgreSQL's sequence: what comes next would
    take a number that is taken."""
    if connection.dialect.name == "postgresql":
        query = f"SELECT setval('{table.name}_id_seq', max(id)) FROM \"{table.name}\""  # noqa: S608
        connection.exec_driver_sql(query)


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101
    return table


class _Made:
    def __init__(self, house: Town, base: Any, others: list[int], count: int) -> None:
        self.house, self.base, self.others, self.count = house, base, others, count
        steps = [e for e in house.release.model.elements.values() if e.type == "userTask"]
        self.steps = [e for e in steps if e.pool == house.release.model.main.id][:TASKS]
        self.role = house.release.model.elements["kiem_tra_ho_so"].lane

    def agency(self, number: int) -> int:
        if number % 50 == 0 or number < OPEN:
            return self.house.agency_id
        return self.others[number % len(self.others)]

    def opened(self, number: int) -> datetime:
        """Open ones lately, the others back through five years."""
        if number < OPEN:
            return NOW - timedelta(minutes=number * 7)
        return NOW - timedelta(days=30) - timedelta(seconds=number * 1800 * 86400 // self.count)

    def dossiers(self) -> Iterator[dict[str, Any]]:
        first = self.base[_table(Dossier)]
        for number in range(self.count):
            opened = self.opened(number)
            closed = None if number < OPEN else opened + timedelta(days=9)
            yield {
                "id": first + number + 1,
                "code": f"B99.00-{number:08d}",
                "release_id": self.house.release.id,
                "procedure": self.house.release.procedure,
                "title": self.house.release.short_title,
                "applicant": f"Người nộp {number}",
                "subject": f"Người mất {number}",
                "search": f"b99.00-{number:08d} nguoi nop {number} nguoi mat {number}",
                "intake_agency_id": self.agency(number),
                "opened_by": self.house.officer.person_id,
                "portal_status": 2 if closed is None else 10,
                "outcome": None if closed is None else "done",
                "opened_at": opened,
                "accepted_at": opened,
                "due_at": opened + timedelta(days=20),
                "closed_at": closed,
            }

    def instances(self) -> Iterator[dict[str, Any]]:
        for number in range(self.count):
            yield {
                "id": self.base[_table(Instance)] + number + 1,
                "dossier_id": self.base[_table(Dossier)] + number + 1,
                "pool": self.house.release.model.main.id,
                "agency_id": self.agency(number),
                "state": b"\x01",
                "facts": {},
                "trace": [],
                "wanted": [],
                "started_at": self.opened(number),
                "ended_at": None if number < OPEN else self.opened(number) + timedelta(days=9),
            }

    def tasks(self) -> Iterator[dict[str, Any]]:
        first = self.base[_table(Task)]
        for number in range(self.count):
            for place, step in enumerate(self.steps):
                is_open = number < OPEN and place == TASKS - 1
                created = self.opened(number) + timedelta(hours=place)
                yield {
                    "id": first + number * TASKS + place + 1,
                    "dossier_id": self.base[_table(Dossier)] + number + 1,
                    "instance_id": self.base[_table(Instance)] + number + 1,
                    "token": place + 1,
                    "element": step.id,
                    "name": step.name,
                    "procedure": self.house.release.procedure,
                    "agency_id": self.agency(number),
                    "role": self.role if number < OPEN else step.lane or "",
                    "status": "open" if is_open else "done",
                    "created_at": created,
                    "due_at": created + timedelta(days=2),
                    "closed_at": None if is_open else created + timedelta(hours=1),
                    "data": {},
                }


def _load(connection: Connection, table: Table, rows: Iterable[dict[str, Any]], count: int) -> None:
    columns = list(table.columns)
    dialect = connection.dialect
    turn = [c.type.dialect_impl(dialect).bind_processor(dialect) for c in columns]
    defaults = [
        c.default.arg if c.default is not None and c.default.is_scalar else None  # type: ignore[attr-defined]
        for c in columns
    ]
    version = table.c.get("version")

    def line(row: dict[str, Any]) -> list[Any]:
        values = []
        for column, process, default in zip(columns, turn, defaults, strict=True):
            value = row.get(column.name, default)
            if value is None and column is version:
                value = 1
            if process is not None and value is not None:
                value = process(value)
            values.append(value)
        return values

    names = ", ".join(f'"{column.name}"' for column in columns)
    cursor: Any = connection.connection.cursor()
    source = iter(rows)
    with progress(count, f"Nạp {table.name}") as bar:
        if dialect.name == "postgresql":
            with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
                while chunk := list(islice(source, _CHUNK)):
                    for row in chunk:
                        copy.write_row(line(row))
                    bar.update(len(chunk))
        else:
            marks = ", ".join("?" * len(columns))
            query = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608
            while chunk := list(islice(source, _CHUNK)):
                cursor.executemany(query, [line(row) for row in chunk])
                bar.update(len(chunk))
    cursor.close()
