"""Change tables of millions of rows while others read and write them: all that a migration may do.

On PostgreSQL every step is a transaction of its own. One that needs a table for itself waits for it
no longer than ``LOCK_WAIT``, lets the others pass and tries again; what takes long (indexes, checks
of old rows, new values) takes no such lock. Every step looks first whether it is done, so that a
migration that was broken off is simply run again. SQLite has one writer and copies a table.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import OperationalError

LOCK_WAIT = "100ms"  # how long others may have to wait behind us
TRIES = 600
_PAUSE = 0.25  # seconds between two tries, and a tenth of it between two batches
_NOT_AVAILABLE = ("55P03", "40P01")  # lock_not_available, deadlock_detected


def create_table(name: str, *parts: Any) -> None:
    """A new table with its columns, keys and constraints; indexes follow by ``create_index``."""
    _patiently(lambda: op.create_table(name, *parts, if_not_exists=True))


def drop_table(name: str) -> None:
    """A table that no running program uses any more."""
    _patiently(lambda: op.drop_table(name, if_exists=True))


def add_column(table: str, column: sa.Column[Any]) -> None:
    """A new column: empty, or with a constant default that the server fills in without rewriting.

    Its index, foreign key or NOT NULL after a backfill are steps of their own: else ValueError.
    """
    if not column.nullable and column.server_default is None:
        raise ValueError(f"{table}.{column.name}: NOT NULL needs a server_default, or set_not_null")
    if column.foreign_keys or column.index or column.unique or column.primary_key:
        raise ValueError(f"{table}.{column.name}: add its index or key in a step of its own")
    if not _postgresql() and _has_column(table, str(column.name)):
        return
    if _postgresql():
        _patiently(lambda: op.add_column(table, column, if_not_exists=True))
    else:
        op.add_column(table, column)


def drop_column(table: str, name: str) -> None:
    """A column that no running program reads any more."""
    if not _has_column(table, name):
        return
    if _postgresql():
        _patiently(lambda: op.drop_column(table, name))
        return
    with op.batch_alter_table(table) as batch:
        batch.drop_column(name)


def create_index(
    name: str, table: str, columns: Sequence[str], *, unique: bool = False, where: str | None = None
) -> None:
    """An index, built while rows are written. One left half-built by an attempt is built anew."""
    some: dict[str, Any] = {"unique": unique}
    if where is not None:
        some |= {"postgresql_where": sa.text(where), "sqlite_where": sa.text(where)}
    if not _postgresql():
        op.create_index(name, table, list(columns), if_not_exists=True, **some)
        return
    valid = _asked(
        "SELECT i.indisvalid FROM pg_index i WHERE i.indexrelid = to_regclass(:n)", n=name
    )
    if valid is True:
        return
    if valid is False:
        drop_index(name, table)
    some["postgresql_concurrently"] = True
    _patiently(lambda: op.create_index(name, table, list(columns), **some), waiting=True)


def drop_index(name: str, table: str) -> None:
    """An index that is needed no more."""
    if _postgresql():
        _patiently(
            lambda: op.drop_index(name, table, postgresql_concurrently=True, if_exists=True),
            waiting=True,
        )
    else:
        op.drop_index(name, table, if_exists=True)


def add_check(name: str, table: str, condition: str) -> None:
    """A condition on every row: first on new ones, then the old ones are looked through."""
    if _postgresql():
        _constrain(name, table, f"CHECK ({condition})")
        return
    with op.batch_alter_table(table) as batch:
        batch.create_check_constraint(name, sa.text(condition))


def add_foreign_key(
    name: str, table: str, columns: Sequence[str], to: str, keys: Sequence[str]
) -> None:
    """A foreign key: first on new rows, then the old ones are looked through."""
    if _postgresql():
        ours, theirs = (", ".join(map(_quoted, names)) for names in (columns, keys))
        _constrain(name, table, f"FOREIGN KEY ({ours}) REFERENCES {_quoted(to)} ({theirs})")
        return
    with op.batch_alter_table(table) as batch:
        batch.create_foreign_key(name, to, list(columns), list(keys))


def drop_constraint(name: str, table: str) -> None:
    """A check or a foreign key that holds no more."""
    if _postgresql():
        text = f"ALTER TABLE {_quoted(table)} DROP CONSTRAINT IF EXISTS {_quoted(name)}"
        _patiently(lambda: op.execute(text))
        return
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(name)


def set_not_null(table: str, column: str) -> None:
    """A column that may no longer be empty, once a backfill has filled it in every row."""
    if not _postgresql():
        with op.batch_alter_table(table) as batch:
            batch.alter_column(column, nullable=False)
        return
    name = f"nn_{table}_{column}"
    # The server believes a check that holds already, and does not look through the table again.
    _constrain(name, table, f"CHECK ({_quoted(column)} IS NOT NULL)")
    text = f"ALTER TABLE {_quoted(table)} ALTER COLUMN {_quoted(column)} SET NOT NULL"
    _patiently(lambda: op.execute(text))
    drop_constraint(name, table)


def backfill(table: str, values: Mapping[str, str], where: str, batch: int = 2000) -> int:
    """Write values (SQL) into the rows that ``where`` finds, a few at a time; returns how many.

    ``where`` must not find a row that is done; the table has an ``id``. Rows that come meanwhile
    are left to a default, or to programs that know the column: else there would be no end.
    """
    name = _quoted(table)
    filled = ", ".join(f"{_quoted(column)} = {value}" for column, value in values.items())
    some = f"SELECT id FROM {name} WHERE id > :after AND id <= :last AND ({where})"  # noqa: S608
    # Locked in the order of their numbers: no writer of several rows waits for us in a ring.
    some += " ORDER BY id LIMIT :n" + (" FOR NO KEY UPDATE" if _postgresql() else "")
    update = f"UPDATE {name} SET {filled} WHERE id IN ({some}) RETURNING id"  # noqa: S608
    count, after, last = 0, -1, _asked(f"SELECT max(id) FROM {name}") or 0  # noqa: S608
    while True:
        given = {"after": after, "last": last, "n": batch}
        done = _patiently(partial(_numbers, update, given))
        if not done:
            return count
        count, after = count + len(done), max(done)
        time.sleep(_PAUSE / 10)


def _postgresql() -> bool:
    return op.get_context().dialect.name == "postgresql"


def _constrain(name: str, table: str, what: str) -> None:
    """Add a constraint for new rows, then look through the old ones without locking them."""
    valid = _asked(
        "SELECT convalidated FROM pg_constraint WHERE conname = :n AND conrelid = to_regclass(:t)",
        n=name,
        t=table,
    )
    if valid is None:
        added = f"ALTER TABLE {_quoted(table)} ADD CONSTRAINT {_quoted(name)} {what} NOT VALID"
        _patiently(lambda: op.execute(added))
    if not valid:
        looked = f"ALTER TABLE {_quoted(table)} VALIDATE CONSTRAINT {_quoted(name)}"
        _patiently(lambda: op.execute(looked))


def _patiently(step: Callable[[], Any], *, waiting: bool = False) -> Any:
    """Carry out a step in a transaction of its own, again and again until its lock is free.

    ``waiting``: it waits for others without standing in anybody's way.
    """
    if not _postgresql():
        return step()
    wait = "0" if waiting else LOCK_WAIT
    with op.get_context().autocommit_block():
        op.execute(f"SET lock_timeout = '{wait}'")
        op.execute("SET statement_timeout = 0")
        for attempt in range(TRIES):
            try:
                return step()
            except OperationalError as error:
                state = getattr(error.orig, "sqlstate", None)
                if state not in _NOT_AVAILABLE or attempt == TRIES - 1:
                    raise
                time.sleep(_PAUSE)
    return None


def _numbers(update: str, given: Mapping[str, int]) -> Sequence[int]:
    return op.get_bind().execute(sa.text(update), given).scalars().all()


def _asked(query: str, **given: str) -> Any:
    return op.get_bind().execute(sa.text(query), given).scalar()


def _has_column(table: str, name: str) -> bool:
    return any(column["name"] == name for column in sa.inspect(op.get_bind()).get_columns(table))


def _quoted(name: str) -> str:
    return op.get_context().dialect.identifier_preparer.quote(name)
