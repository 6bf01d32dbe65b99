"""The one declarative base, column types and connections. Knows no table and no web page."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson
from sqlalchemy import DateTime, Engine, LargeBinary, MetaData, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

_NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
_RESTED = 5.0  # seconds a connection may lie in the pool unasked


class Base(DeclarativeBase):
    """Every table of the house."""

    metadata = MetaData(naming_convention=_NAMING)


class UTCDateTime(TypeDecorator[datetime]):
    """Aware datetimes only; stored as UTC, given back as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JSONBytes(TypeDecorator[Any]):
    """A JSON value as UTF-8 bytes: key order and number text survive on every database."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> bytes | None:
        return None if value is None else orjson.dumps(value)

    def process_result_value(self, value: bytes | None, dialect: Any) -> Any:
        return None if value is None else orjson.loads(bytes(value))


_write_intent: ContextVar[bool] = ContextVar("write_intent", default=False)


@contextmanager
def writing(intent: bool = True) -> Iterator[None]:
    """Transactions begun inside are for writing.

    SQLite then takes its write lock at once, so that a reader never has to upgrade a stale
    snapshot and fail; PostgreSQL locks rows when the command asks for them.
    """
    token = _write_intent.set(intent)
    try:
        yield
    finally:
        _write_intent.reset(token)


def prepare(engine: Engine) -> Engine:
    """Give an engine the house's connection settings. Idempotent."""
    if engine.dialect.name == "sqlite":
        if not event.contains(engine, "begin", _begin_sqlite):
            event.listen(engine, "connect", _connect_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
    elif not event.contains(engine, "checkin", _rest):
        event.listen(engine, "checkin", _rest)
        event.listen(engine, "checkout", partial(_still_there, engine.dialect))
    return engine


def make_engine(url: str, **options: Any) -> Engine:
    """An engine for a database URL (``sqlite:///…`` or ``postgresql+psycopg://…``)."""
    return prepare(create_engine(url, **options))


def _rest(_connection: DBAPIConnection | None, record: Any) -> None:
    record.info["since"] = time.monotonic()


def _still_there(dialect: Any, connection: DBAPIConnection, record: Any, _proxy: Any) -> None:
    """Ask a connection that has rested whether its server is still there; else get another.

    One that was used a moment ago is not asked: that would cost every command a round trip.
    """
    if time.monotonic() - record.info.get("since", float("inf")) < _RESTED:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise DisconnectionError from error


def _connect_sqlite(connection: DBAPIConnection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _write_intent.get() else "BEGIN")


def load_models() -> MetaData:
    """Import every room that holds tables; returns the complete metadata."""
    import engine.archive.models
    import engine.catalog.models
    import engine.digests
    import engine.dossiers.models
    import engine.events
    import engine.idempotency
    import engine.letters
    import engine.liaison.models
    import engine.notices
    import engine.org.models
    import engine.outbox
    import engine.tasks.models
    import engine.timer_rows  # noqa: F401

    return Base.metadata
