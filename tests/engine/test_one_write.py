"""A command's rows in one statement: what is written, what is refused, and who waits for whom."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from engine import one_write
from engine.db import writing
from engine.dossiers import case
from engine.dossiers.models import Dossier, Instance
from engine.errors import Conflict
from engine.events import Event, verify
from engine.outbox import Outbox
from engine.tasks.models import Task
from tests.engine.clubhouse import MONDAY, Clubhouse


def _counted(engine: Engine) -> list[str]:
    sent: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: sent.append(call[2]))
    return sent


def test_new_and_changed_rows_are_written_at_once(engine: Engine, session: Session) -> None:
    session.add(Outbox(kind="old", payload={}, created_at=MONDAY))
    session.commit()
    sent = _counted(engine)
    with one_write.collecting(session):
        row = session.scalars(select(Outbox)).one()
        row.attempts = 3
        number = one_write.number(session, Outbox(kind="new", payload={"a": 1}, created_at=MONDAY))
        one_write.also(session, "UPDATE outbox SET error = ? WHERE kind = ?", "later", "none")
    writes = [text for text in sent if text.startswith(("WITH", "UPDATE", "INSERT"))]
    assert len(writes) == (1 if engine.dialect.name == "postgresql" else 3)
    session.commit()
    found = {one.kind: one for one in session.scalars(select(Outbox))}
    assert (found["new"].id, found["new"].payload, found["new"].attempts) == (number, {"a": 1}, 0)
    assert (found["old"].attempts, found["old"].error, found["old"].created_at) == (3, "", MONDAY)


def test_nothing_is_written_when_something_is_refused(session: Session) -> None:
    def refused() -> None:
        with one_write.collecting(session):
            one_write.number(session, Outbox(kind="new", payload={}, created_at=MONDAY))
            raise Conflict("no")

    with pytest.raises(Conflict):
        refused()
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Outbox)) == 0
    session.add(Outbox(kind="plain", payload={}, created_at=MONDAY))
    session.commit()  # a session serves on after a refusal


def test_numbers_are_never_given_twice(engine: Engine) -> None:
    for turn in range(3):
        with writing(), Session(engine) as session:
            with one_write.collecting(session):
                for place in range(150):
                    one_write.number(
                        session, Outbox(kind=f"{turn}-{place}", payload={}, created_at=MONDAY)
                    )
            session.add(Outbox(kind=f"{turn}-plain", payload={}, created_at=MONDAY))
            session.commit()
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(Outbox)) == 453


def test_an_overtaken_version_is_refused(club: Clubhouse) -> None:
    task = club.task(club.open(), "xet_don")

    def overtaken(session: Session) -> None:
        with one_write.collecting(session):
            found = case.of_task(session, task)
            assert found is not None
            found.instance.trace = ["x"]
            session.connection().exec_driver_sql("UPDATE instance SET version = version + 1")

    with writing(), club.sessions() as session:
        with pytest.raises(StaleDataError):
            overtaken(session)
        session.rollback()
    with club.sessions() as session:
        assert "x" not in session.scalars(select(Instance.trace)).one()


def test_a_row_without_a_needed_value_is_named(session: Session) -> None:
    with (
        pytest.raises(ValueError, match=r"outbox\.payload has no value"),
        one_write.collecting(session),
    ):
        session.add(Outbox(kind="new", created_at=MONDAY))


def test_whoever_waited_for_the_dossier_sees_what_was_done_meanwhile(club: Clubhouse) -> None:
    """Two people finish the same task at once: one does it, the other is told who did."""
    tasks = [club.task(club.open(MONDAY + timedelta(minutes=n)), "xet_don") for n in range(8)]
    said: list[str] = []

    def finish(name: str, start: threading.Barrier) -> None:
        for task in tasks:
            start.wait()
            try:
                club.complete(name, task, MONDAY + timedelta(hours=1), ket_qua="nhan")
            except Conflict as refusal:
                said.append(refusal.message)

    together = threading.Barrier(2)
    people = [threading.Thread(target=finish, args=(n, together)) for n in ("an", "binh")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert len(said) == len(tasks)
    assert all("hoàn thành lúc" in sentence for sentence in said)
    with club.sessions() as session:
        done = select(func.count()).where(Event.kind == "task-done")
        assert session.scalar(done) == len(tasks)
        assert all(verify(session, dossier) for dossier in session.scalars(select(Dossier)))
        opened = select(Task.dossier_id, func.count()).group_by(Task.dossier_id)
        assert len({count for _, count in session.execute(opened)}) == 1
