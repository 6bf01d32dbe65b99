"""One statement to the database past SQLAlchemy's result machinery, within its transaction.

For the few statements that every command sends: what is long is worked out once per text. A text
has a "?" for each value, which the driver takes as it is. Errors are those of SQLAlchemy. Knows no
table of the house.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import count
from typing import Any

from psycopg import Connection as PostgresqlConnection
from psycopg import RawCursor
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def rows(connection: Connection, text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What a query gives, as the driver gives it."""
    with _sent(connection, text, values) as cursor:
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def touched(connection: Connection, text: str, values: Sequence[Any]) -> int:
    """How many rows a statement wrote."""
    with _sent(connection, text, values) as cursor:
        return int(cursor.rowcount)


@contextmanager
def _sent(connection: Connection, text: str, values: Sequence[Any]) -> Iterator[Any]:
    held: Any = connection.connection.driver_connection
    numbered = isinstance(held, PostgresqlConnection)
    # A raw cursor: the usual one would look through a long text for its marks on every call.
    cursor: Any = RawCursor(held) if numbered else held.cursor()
    # Whoever listens to the engine's statements hears these too.
    connection.dispatch.before_cursor_execute(connection, cursor, text, values, None, False)
    try:
        cursor.execute(_numbered(text) if numbered else text, values)
        yield cursor
    except Exception as error:
        dialect = connection.dialect
        drivers: Any = dialect.loaded_dbapi.Error
        if not isinstance(error, drivers):
            raise
        lost = dialect.is_disconnect(error, held, cursor)
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            text, None, error, drivers, connection_invalidated=lost, dialect=dialect
        ) from error
    finally:
        cursor.close()


@lru_cache(maxsize=1024)
def _numbered(text: str) -> str:
    place = count(1)
    return re.sub(r"\?", lambda _: f"${next(place)}", text)
