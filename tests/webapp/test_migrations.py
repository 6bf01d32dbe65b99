"""Migrations change tables in use: nobody waits long, and broken off they are run again."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, inspect, text

from engine.db import load_models, make_engine
from webapp.commands.database import MIGRATIONS, upgrade
from webapp.migrations import lint

ROWS = 6_000
HEAD = '''"""A change."""

import sqlalchemy as sa

from webapp.migrations import online

revision = "9001"
down_revision = "0001"


def upgrade() -> None:
'''
CHANGE = """    online.create_table("shelf", sa.Column("id", sa.Integer(), primary_key=True))
    online.add_column("outbox", sa.Column("shelf_id", sa.Integer()))
    online.add_column("outbox", sa.Column("size", sa.Integer(), nullable=True))
    online.add_column(
        "outbox", sa.Column("colour", sa.String(9), nullable=False, server_default="red")
    )
    online.backfill("outbox", {"size": "length(kind)"}, "size IS NULL", batch=500)
    online.create_index("ix_outbox_size", "outbox", ["size", "id"])
    online.create_index("ix_outbox_owed", "outbox", ["id"], where="done_at IS NULL")
    online.add_check("ck_outbox_size", "outbox", "size IS NULL OR size >= 0")
    online.add_foreign_key("fk_outbox_shelf", "outbox", ["shelf_id"], "shelf", ["id"])
    online.set_not_null("outbox", "created_at")
    online.drop_column("outbox", "error")
"""


def written(folder: Path, body: str, name: str = "9001_change.py") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(HEAD + body)
    return folder


@pytest.fixture
def engine(database_url: str) -> Any:
    """A database made by the first migration, with many promises in it."""
    engine = make_engine(database_url)
    load_models().drop_all(engine)
    upgrade(database_url, "0001")
    line = "('route', :payload, '2026-01-01 00:00:00+00:00', 0, '')"
    with engine.begin() as connection:
        query = "INSERT INTO outbox (kind, payload, created_at, attempts, error) VALUES "
        for _ in range(ROWS // 500):
            connection.execute(text(query + ", ".join([line] * 500)), {"payload": b"{}"})
    yield engine
    engine.dispose()


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def shape(engine: Engine) -> tuple[Any, ...]:
    found = inspect(engine)
    columns = {column["name"]: column["nullable"] for column in found.get_columns("outbox")}
    indexes = {index["name"] for index in found.get_indexes("outbox")}
    checks = {check["name"] for check in found.get_check_constraints("outbox")}
    keys = {key["name"] for key in found.get_foreign_keys("outbox")}
    return columns, indexes, checks, keys


def test_a_change_of_every_kind_on_both_databases(engine: Engine, tmp_path: Path) -> None:
    """Columns, indexes, constraints and values are there afterwards, and once more does nothing."""
    folder = written(tmp_path / "more", CHANGE)
    for _ in range(2):
        upgrade(url_of(engine), more=(folder,))
    columns, indexes, checks, keys = shape(engine)
    assert columns["size"] is True
    assert (columns["colour"], columns["created_at"]) == (False, False)
    assert "error" not in columns
    assert {"ix_outbox_size", "ix_outbox_owed"} <= indexes
    assert checks == {"ck_outbox_size"}
    assert keys == {"fk_outbox_shelf"}
    with engine.connect() as connection:
        told = "SELECT count(*), min(size), max(size), min(colour) FROM outbox"
        assert tuple(connection.execute(text(told)).one()) == (ROWS, 5, 5, "red")


def test_broken_off_it_is_run_again(engine: Engine, tmp_path: Path) -> None:
    """After a failure at any step the same migration goes on to the same end."""
    steps = CHANGE.replace("    online.", "\n    online.").split("\n\n")
    for broken in range(len(steps)):
        body = "\n".join([*steps[:broken], "    raise RuntimeError", *steps[broken:]])
        with pytest.raises(RuntimeError):
            upgrade(url_of(engine), more=(written(tmp_path / f"b{broken}", body),))
    upgrade(url_of(engine), more=(written(tmp_path / "whole", CHANGE),))
    columns, indexes, checks, keys = shape(engine)
    assert "error" not in columns
    assert "ix_outbox_size" in indexes
    assert checks == {"ck_outbox_size"}
    assert keys == {"fk_outbox_shelf"}


# Where tables are locked by their readers; SQLite has one writer anyway.
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


class Writer:
    """Somebody who writes into the table all the time and cannot wait for more than a second."""

    def __init__(self, engine: Engine) -> None:
        url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self.url, self.stop = url, threading.Event()
        self.writes, self.errors = 0, list[Exception]()
        self.thread = threading.Thread(target=self._write)

    def _write(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SET statement_timeout = '1s'")
            while not self.stop.is_set():
                try:
                    connection.execute(
                        "INSERT INTO outbox (kind, payload, created_at, attempts) "
                        "VALUES ('x', '', now(), 0)"
                    )
                    connection.execute("UPDATE outbox SET attempts = 1 WHERE id IN (7, 500, 5000)")
                    self.writes += 2
                except psycopg.Error as error:
                    self.errors.append(error)

    def __enter__(self) -> Writer:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()


class Reader:
    """A long report that holds the table for two seconds, in which nobody may have it alone."""

    def __init__(self, engine: Engine) -> None:
        self.connection = engine.connect()
        self.connection.execute(text("SELECT count(*) FROM outbox"))
        self.timer = threading.Timer(2.0, self.connection.close)

    def __enter__(self) -> None:
        self.timer.start()

    def __exit__(self, *_: object) -> None:
        self.timer.join()


def nullable_error(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE outbox ALTER error SET DEFAULT ''"))


@on_postgresql
def test_writers_go_on_while_a_table_is_changed(engine: Engine, tmp_path: Path) -> None:
    """Behind a long report a change waits in short turns: no writer's second passes meanwhile."""
    nullable_error(engine)
    folder = written(tmp_path / "more", CHANGE)
    with Writer(engine) as writer, Reader(engine):
        upgrade(url_of(engine), more=(folder,))
        after = writer.writes
        while writer.writes < after + 4 and not writer.errors:
            threading.Event().wait(0.01)
    assert writer.errors == []
    assert writer.writes > 8


@on_postgresql
def test_the_same_change_made_plainly_would_stop_them(engine: Engine) -> None:
    """What the rules are for: a plain ALTER TABLE behind a report holds up every writer."""
    nullable_error(engine)
    with Writer(engine) as writer, Reader(engine), engine.begin() as connection:
        connection.execute(text("ALTER TABLE outbox ADD COLUMN size integer"))
    assert writer.errors


@on_postgresql
def test_a_half_built_index_is_built_anew(engine: Engine, tmp_path: Path) -> None:
    """An attempt that failed leaves an invalid index; the next one replaces it."""
    body = (
        '    online.create_index("uq_outbox_kind", "outbox", ["kind", "attempts"], unique=True)\n'
    )
    folder = written(tmp_path / "more", body)
    with pytest.raises(Exception, match="uq_outbox_kind"):
        upgrade(url_of(engine), more=(folder,))
    asked = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('uq_outbox_kind')")
    with engine.begin() as connection:
        assert connection.scalar(asked) is False
        connection.execute(text("UPDATE outbox SET attempts = id"))
    upgrade(url_of(engine), more=(folder,))
    with engine.connect() as connection:
        assert connection.scalar(asked) is True


@on_postgresql
def test_two_upgrades_at_once_are_one(engine: Engine, tmp_path: Path) -> None:
    """The second waits for the first without holding it up, and finds nothing to do."""
    folder = written(tmp_path / "more", CHANGE)
    errors: list[Exception] = []

    def run() -> None:
        try:
            upgrade(url_of(engine), more=(folder,))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert "error" not in shape(engine)[0]


def test_our_migrations_keep_to_the_rules() -> None:
    """No migration after the first touches a table otherwise than ``online`` does."""
    assert lint.faults(MIGRATIONS / "versions") == []


def test_the_example_keeps_to_the_rules(tmp_path: Path) -> None:
    """The change that the tests above carry out passes; the first migration is let through."""
    assert lint.faults(written(tmp_path, CHANGE)) == []
    assert lint.of((MIGRATIONS / "versions" / "0001_first_tables.py").read_text())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("    op.create_index('ix', 'outbox', ['kind'])", "op.create_index"),
        ("    op.add_column('outbox', sa.Column('a', sa.Integer(), nullable=False))", "add_column"),
        ("    op.alter_column('outbox', 'kind', type_=sa.Text())", "op.alter_column"),
        ("    op.execute('UPDATE outbox SET kind = 1')", "op.execute"),
        ("    online.op.execute('UPDATE outbox SET kind = 1')", "online.op.execute"),
        ("    with op.batch_alter_table('outbox') as b:\n        pass", "batch_alter_table"),
        ("    online._patiently(print)", "its own"),
        ("    online.backfill('outbox', {'kind': '1'})", "whole table"),
        ("    from alembic import op", "imports from alembic"),
        ("    import os", "imports os"),
        ("    getattr(online, 'op')", "getattr"),
    ],
)
def test_what_could_lock_a_table_is_refused(body: str, said: str) -> None:
    """Each forbidden step is named with its line."""
    ((line, sentence),) = lint.of(HEAD + body)
    assert line == HEAD.count("\n") + 1
    assert said in sentence


def test_a_column_that_would_rewrite_the_table_is_refused(engine: Engine, tmp_path: Path) -> None:
    """NOT NULL without a default, and a column with its index or key at once."""
    for number, column in enumerate(
        (
            'sa.Column("a", sa.Integer(), nullable=False)',
            'sa.Column("a", sa.Integer(), index=True)',
            'sa.Column("a", sa.Integer(), sa.ForeignKey("person.id"))',
        )
    ):
        body = f'    online.add_column("outbox", {column})\n'
        with pytest.raises(ValueError, match=r"outbox\.a"):
            upgrade(url_of(engine), more=(written(tmp_path / str(number), body),))
