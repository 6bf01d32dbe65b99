"""A lost connection: replaced when it had rested, told when it was at work."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine import db, driver


def _end_the_others(engine: Engine) -> None:
    """End every other connection to this database, as a restart of the server would."""
    apart = db.make_engine(engine.url.render_as_string(hide_password=False))
    with apart.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    apart.dispose()


on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@on_postgresql
def test_a_connection_that_rested_and_is_gone_is_replaced(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine.connect() as connection:
        before = connection.scalar(text("SELECT pg_backend_pid()"))
    _end_the_others(engine)
    monkeypatch.setattr(db, "_RESTED", -1.0)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT pg_backend_pid()")) != before


@on_postgresql
def test_a_connection_lost_at_work_is_told_and_not_used_again(engine: Engine) -> None:
    with Session(engine) as session:
        connection = session.connection()
        assert driver.rows(connection, "SELECT ? + 1", [1]) == [(2,)]
        _end_the_others(engine)
        with pytest.raises(DBAPIError) as lost:
            driver.rows(connection, "SELECT ? + 1", [1])
        assert lost.value.connection_invalidated
    with Session(engine) as session:
        assert driver.rows(session.connection(), "SELECT ? + 1", [2]) == [(3,)]


def test_errors_of_the_driver_are_those_of_sqlalchemy(engine: Engine) -> None:
    with Session(engine) as session, pytest.raises(DBAPIError):
        driver.rows(session.connection(), "SELECT nothing FROM nowhere WHERE id = ?", [1])
