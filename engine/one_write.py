"""Write all that a session holds in one statement, so that a command costs one round trip.

On PostgreSQL the new and the changed rows of every table become one chain of CTEs; on SQLite they
are written one after another within the transaction that holds the write lock. Numbers of new
rows are known before: taken from the table's sequence in blocks, or, under SQLite's write lock,
counted on. Knows no table of the house.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect, Engine, Table
from sqlalchemy.orm import Mapper, Session
from sqlalchemy.orm.attributes import instance_state
from sqlalchemy.orm.exc import StaleDataError

from engine import driver
from engine.db import Base

_BLOCK = 200
_OWN = "rows to write"
_ids: WeakKeyDictionary[Engine, dict[str, deque[int]]] = WeakKeyDictionary()
_lock = threading.Lock()


@dataclass
class _Rows:
    """What a session holds beside its own new and changed objects."""

    new: dict[type[Base], list[dict[str, Any]]] = field(default_factory=dict)
    also: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)


@contextmanager
def collecting(session: Session) -> Iterator[None]:
    """All that is added or changed inside is written at the end, at once, and then detached.

    Nothing is flushed on the way: what is read inside does not see what was changed inside.
    StaleDataError when a row's version was overtaken. The caller commits.
    """
    held = session.info[_OWN] = _Rows()
    try:
        with session.no_autoflush:
            yield
            _write(session, held)
    finally:
        del session.info[_OWN]


def insert(session: Session, table: type[Base], **values: Any) -> None:
    """A new row that nobody needs in hand: its values by attribute, defaults for the rest."""
    held: _Rows | None = session.info.get(_OWN)
    if held is None:
        session.add(table(**values))
    else:
        held.new.setdefault(table, []).append(values)


def number(session: Session, row: Any) -> int:
    """Give a new row its ``id`` and add it to the session."""
    session.add(row)
    if _OWN not in session.info:
        session.flush()
    elif row.id is None:
        row.id = _next(session, row.__table__)
    return int(row.id)


def also(session: Session, text: str, *values: Any) -> None:
    """Send one more statement with the write: SQL with a "?" for each value the driver takes.

    On PostgreSQL it sees the tables as they were before that write, as every part of it does.
    """
    held: _Rows | None = session.info.get(_OWN)
    if held is not None:
        held.also.append((text, values))
        return
    session.flush()
    driver.touched(session.connection(), text, values)


def _next(session: Session, table: Table) -> int:
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        last: dict[str, int] = session.info.setdefault("last ids", {})
        # Forgotten with the transaction: another writer may come between two of them.
        if session.info.get("last ids of") is not session.get_transaction():
            session.info["last ids of"] = session.get_transaction()
            last.clear()
        if table.name not in last:
            query = f'SELECT max(id) FROM "{table.name}"'  # noqa: S608
            last[table.name] = driver.rows(connection, query, ())[0][0] or 0
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


@dataclass(frozen=True)
class _Part:
    """One statement of the write; ``must``: it has to find its row."""

    text: str
    values: list[Any]
    must: bool = False


def _write(session: Session, held: _Rows) -> None:
    connection = session.connection()
    dialect = connection.dialect
    new = list(session.new)
    for row in new:
        values = {key: value for key, value in row.__dict__.items() if key[0] != "_"}
        held.new.setdefault(type(row), []).append(values)
    # One order for the same kind of write, so that the database has met its text before.
    changed = sorted(session.dirty, key=lambda row: (row.__tablename__, row.id))
    parts = [part for row in changed if (part := _update(row, dialect)) is not None]
    for table in sorted(held.new, key=_place):
        parts.append(_insert(table, held.new[table], dialect))
    for text, given in held.also:
        parts.append(_Part(text, list(given)))
    if parts and dialect.name == "postgresql":
        _chain(connection, parts)
    else:
        for part in parts:
            found = driver.touched(connection, part.text, part.values)
            if part.must and found != 1:
                raise StaleDataError("a row was changed or removed by somebody else")
    # As expunge does for each, without its search for what is to follow: nothing is.
    session._expunge_states([instance_state(row) for row in (*new, *changed)])


def _chain(connection: Connection, parts: list[_Part]) -> None:
    text = _chained(tuple(part.text for part in parts), tuple(part.must for part in parts))
    values = [value for part in parts for value in part.values]
    if driver.rows(connection, text, values)[0][0] != sum(part.must for part in parts):
        raise StaleDataError("a row was changed or removed by somebody else")


@lru_cache(maxsize=512)
def _chained(texts: tuple[str, ...], musts: tuple[bool, ...]) -> str:
    parts = [f"w{place} AS ({text} RETURNING 1)" for place, text in enumerate(texts)]
    counts = [f"(SELECT count(*) FROM w{n})" for n, must in enumerate(musts) if must]  # noqa: S608
    return f"WITH {', '.join(parts)} SELECT {' + '.join(counts) or '0'}"


@cache
def _place(table: type[Base]) -> int:
    """Those referred to come before those that refer: SQLite checks each row at once."""
    return Base.metadata.sorted_tables.index(table.__table__)  # type: ignore[arg-type]


def _insert(table: type[Base], rows: list[dict[str, Any]], dialect: Dialect) -> _Part:
    columns = _columns(table.__mapper__, dialect)
    if all("id" not in row for row in rows):  # the database counts on
        columns = [column for column in columns if column.key != "id"]
    values: list[Any] = []
    for row in rows:
        for column in columns:
            value = row.get(column.key)
            if value is None:
                value = column.default
                if value is None and column.needed:
                    raise ValueError(f"{table.__tablename__}.{column.key} has no value")
            process = column.process
            values.append(value if process is None else process(value))
    names = tuple(column.name for column in columns)
    return _Part(_inserting(table.__tablename__, names, len(rows)), values)


@lru_cache(maxsize=512)
def _inserting(table: str, names: tuple[str, ...], count: int) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    lines = ", ".join([f"({', '.join('?' * len(names))})"] * count)
    return f'INSERT INTO "{table}" ({listed}) VALUES {lines}'  # noqa: S608


def _update(row: Any, dialect: Dialect) -> _Part | None:
    before, now = instance_state(row).committed_state, row.__dict__
    mapper = row.__mapper__
    names, values = [], []
    for column in _columns(mapper, dialect):
        key = column.key
        if key in before and before[key] != now[key]:
            value, process = now[key], column.process
            names.append(f'"{column.name}" = ?')
            values.append(value if process is None else process(value))
    if not names:
        return None
    where = "id = ?"
    version = mapper.version_id_col
    if version is not None:
        names.append(f'"{version.name}" = ?')
        where += f' AND "{version.name}" = ?'
        held = now[version.name]
        values.extend([held + 1, now["id"], held])
    else:
        values.append(now["id"])
    text = f'UPDATE "{row.__tablename__}" SET {", ".join(names)} WHERE {where}'  # noqa: S608
    return _Part(text, values, must=True)


@dataclass(frozen=True)
class _Column:
    """A column: its attribute, what it holds when nothing is said, how the driver takes it."""

    key: str
    name: str
    needed: bool
    default: Any
    process: Callable[[Any], Any] | None


@cache
def _columns(mapper: Mapper[Any], dialect: Dialect) -> list[_Column]:
    """In the table's order."""
    found = []
    columns: Any = mapper.local_table.columns
    for column in columns:
        default = 1 if mapper.version_id_col is column else None
        if column.default is not None:
            default = column.default.arg
            if callable(default):
                raise TypeError(f"{column} has a default that has to be worked out")
        found.append(
            _Column(
                key=mapper.get_property_by_column(column).key,
                name=column.name,
                needed=not column.nullable and not column.primary_key,
                default=default,
                process=column.type.dialect_impl(dialect).bind_processor(dialect),
            )
        )
    return found
