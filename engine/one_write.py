"""Write all that a session holds in one statement, so that a command costs one round trip.

On PostgreSQL the new and the changed rows of every table become one chain of CTEs; on SQLite they
are written one after another within the transaction that holds the write lock. Numbers of new
rows are known before: taken from the table's sequence in blocks, or, under SQLite's write lock,
counted on. Knows no table of the house.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Column, Dialect, Engine, Table, inspect
from sqlalchemy.orm import Mapper, Session
from sqlalchemy.orm.exc import StaleDataError

_BLOCK = 200
_ids: WeakKeyDictionary[Engine, dict[str, deque[int]]] = WeakKeyDictionary()
_lock = threading.Lock()
_ABSENT = object()


@contextmanager
def collecting(session: Session) -> Iterator[None]:
    """All that is added or changed inside is written at the end, at once, and then detached.

    Nothing is flushed on the way: what is read inside does not see what was changed inside.
    StaleDataError when a row's version was overtaken. The caller commits.
    """
    session.info["also"] = []
    try:
        with session.no_autoflush:
            yield
            _write(session)
    finally:
        del session.info["also"]


def number(session: Session, row: Any) -> int:
    """Give a new row its ``id`` and add it to the session."""
    session.add(row)
    if "also" not in session.info:
        session.flush()
    elif row.id is None:
        row.id = _next(session, row.__table__)
    return int(row.id)


def also(session: Session, text: str, *values: Any) -> None:
    """Send one more statement with the write: SQL with a "?" for each value the driver takes.

    On PostgreSQL it sees the tables as they were before that write, as every part of it does.
    """
    if "also" in session.info:
        session.info["also"].append((text, values))
        return
    session.flush()
    connection = session.connection()
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    connection.exec_driver_sql(text.replace("?", mark), values)


def _next(session: Session, table: Table) -> int:
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        last: dict[str, int] = session.info.setdefault("last ids", {})
        # Forgotten with the transaction: another writer may come between two of them.
        if session.info.get("last ids of") is not session.get_transaction():
            session.info["last ids of"] = session.get_transaction()
            last.clear()
        if table.name not in last:
            found = connection.exec_driver_sql(f'SELECT max(id) FROM "{table.name}"')  # noqa: S608
            last[table.name] = found.scalar() or 0
        last[table.name] += 1
        return last[table.name]
    with _lock:
        stock = _ids.setdefault(connection.engine, {}).setdefault(table.name, deque())
        if not stock:
            rows = connection.exec_driver_sql(
                f"SELECT nextval('{table.name}_id_seq') FROM generate_series(1, {_BLOCK})"  # noqa: S608
            )
            stock.extend(row[0] for row in rows)
        return stock.popleft()


def _write(session: Session) -> None:
    connection = session.connection()
    dialect = connection.dialect
    postgresql = dialect.name == "postgresql"
    mark = "?" if dialect.paramstyle == "qmark" else "%s"
    statements: list[tuple[str, list[Any], bool]] = []
    inserts: dict[Mapper[Any], list[Any]] = {}
    new = list(session.new)
    for row in new:
        if postgresql and row.id is None:
            number(session, row)
        inserts.setdefault(inspect(row).mapper, []).append(row)
    updates = [row for row in session.dirty if session.is_modified(row)]
    # One order for the same kind of write, so that the database has met its text before.
    updates.sort(key=lambda row: (row.__tablename__, row.id))
    for row in updates:
        statements.append(_update(row, dialect, mark))
    for mapper in _sorted(inserts):
        statements.append(_insert(mapper, inserts[mapper], dialect, mark))
    for text, given in session.info["also"]:
        statements.append((text.replace("?", mark), list(given), False))
    if statements and postgresql:
        _chain(connection, statements)
    else:
        for text, values, must in statements:
            done = connection.exec_driver_sql(text, tuple(values))
            if must and done.rowcount != 1:
                raise StaleDataError("a row was changed or removed by somebody else")
    for row in (*new, *updates):
        session.expunge(row)


def _chain(connection: Any, statements: list[tuple[str, list[Any], bool]]) -> None:
    parts, counts, values = [], [], []
    for place, (text, given, must) in enumerate(statements):
        parts.append(f"w{place} AS ({text} RETURNING 1)")
        values.extend(given)
        if must:
            counts.append(f"(SELECT count(*) FROM w{place})")  # noqa: S608
    total = " + ".join(counts) or "0"
    text = f"WITH {', '.join(parts)} SELECT {total}"
    done = connection.exec_driver_sql(text, tuple(values))
    if done.scalar() != len(counts):
        raise StaleDataError("a row was changed or removed by somebody else")


def _sorted(mappers: Iterable[Mapper[Any]]) -> list[Mapper[Any]]:
    """Those referred to before those that refer: SQLite checks each row at once."""
    return sorted(mappers, key=lambda mapper: _place(mapper.local_table))


@cache
def _place(table: Any) -> int:
    return int(table.metadata.sorted_tables.index(table))


def _insert(
    mapper: Mapper[Any], rows: list[Any], dialect: Dialect, mark: str
) -> tuple[str, list[Any], bool]:
    columns = _columns(mapper, dialect)
    values: list[Any] = []
    for row in rows:
        held = row.__dict__
        for key, column, process in columns:
            value = held.get(key, _ABSENT)
            if value is _ABSENT or (value is None and column.default is not None):
                value = _default(mapper, column)
            values.append(value if process is None else process(value))
    names = ", ".join(f'"{column.name}"' for _, column, _ in columns)
    line = f"({', '.join([mark] * len(columns))})"
    lines = ", ".join([line] * len(rows))
    table: Any = mapper.local_table
    text = f'INSERT INTO "{table.name}" ({names}) VALUES {lines}'  # noqa: S608
    return text, values, False


def _default(mapper: Mapper[Any], column: Column[Any]) -> Any:
    if mapper.version_id_col is column:
        return 1
    default: Any = column.default
    if default is None:
        if not column.nullable and not column.primary_key:
            raise ValueError(f"{column} has no value")
        return None
    return default.arg(None) if default.is_callable else default.arg


def _update(row: Any, dialect: Dialect, mark: str) -> tuple[str, list[Any], bool]:
    state = inspect(row)
    mapper = state.mapper
    names, values = [], []
    for key, column, process in _columns(mapper, dialect):
        if key in state.committed_state:
            value = row.__dict__[key]
            names.append(f'"{column.name}" = {mark}')
            values.append(value if process is None else process(value))
    where = f"id = {mark}"
    version = mapper.version_id_col
    if version is not None:
        names.append(f'"{version.name}" = {mark}')
        where += f' AND "{version.name}" = {mark}'
        held = getattr(row, version.name)
        values.extend([held + 1, row.id, held])
    else:
        values.append(row.id)
    text = f'UPDATE "{mapper.local_table.name}" SET {", ".join(names)} WHERE {where}'  # noqa: S608
    return text, values, True


@cache
def _columns(
    mapper: Mapper[Any], dialect: Dialect
) -> list[tuple[str, Column[Any], Callable[[Any], Any] | None]]:
    """Attribute, column and what turns a value into the driver's, in the table's order."""
    found = []
    columns: Any = mapper.local_table.columns
    for column in columns:
        process = column.type.dialect_impl(dialect).bind_processor(dialect)
        found.append((mapper.get_property_by_column(column).key, column, process))
    return found
