"""Levels once and in order, the way up to the control office, the daily digest, at any scale."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError

from engine import digests, timers
from engine.db import writing
from engine.digests import DigestDay
from engine.dossiers.models import Dossier
from engine.dossiers.scenario import pass_time
from engine.events import Event
from engine.letters import Delivery
from engine.notices import Notice, unread
from engine.tasks import commands
from engine.tasks.models import Task
from engine.timer_rows import Timer
from tests.engine.clubhouse import MONDAY, Clubhouse

MORNING = time(7, 30)


def at(day: int, clock: str) -> datetime:
    """A moment of November 2026 in Hanoi."""
    return datetime.fromisoformat(f"2026-11-{day:02}T{clock}:00+07:00").astimezone(UTC)


def _sweep(club: Clubhouse, now: datetime, *, backwards: bool = False) -> int:
    """What sweeper and worker do once; the worker may take the rings in any order."""
    with writing(), club.sessions() as session:
        claimed = timers.claim_due(session, now)
        session.commit()
    for number in claimed[::-1] if backwards else claimed:
        with writing(), club.sessions() as session:
            timers.fire(session, number, now)
            session.commit()
    return len(claimed)


def _levels(club: Clubhouse, task: int) -> list[str]:
    with club.sessions() as session:
        wanted = ("warn", "due", "overdue", "escalated")
        query = select(Event.kind).where(Event.task_id == task, Event.kind.in_(wanted))
        return list(session.scalars(query.order_by(Event.seq)))


@pytest.mark.parametrize("backwards", [False, True])
def test_after_a_day_without_a_sweeper_the_levels_come_in_order_once(
    clock_club: Clubhouse, backwards: bool
) -> None:
    """Whatever order the rings are worked in; a second and third sweep add nothing."""
    code = clock_club.open()
    task = clock_club.task(code, "kiem_tra")
    later = at(18, "16:00")
    while _sweep(clock_club, later, backwards=backwards):
        pass
    assert _levels(clock_club, task) == ["warn", "due", "overdue", "escalated"]
    assert _sweep(clock_club, later) == 0


def test_the_head_hears_first_and_the_control_office_after_the_further_limit(
    clock_club: Clubhouse,
) -> None:
    """Due Tuesday 17:00; the head at 17:01; the control office two working hours later."""
    code = clock_club.open()
    task = clock_club.task(code, "kiem_tra")
    _sweep(clock_club, at(17, "17:01"))
    with clock_club.sessions() as session:
        told = unread(session, clock_club.actor(session, "chi"))
        assert [notice.kind for notice in told] == ["escalation"]
        assert unread(session, clock_club.actor(session, "kim")) == []
        mail = session.scalars(select(Delivery).where(Delivery.event == "escalation")).all()
        assert [letter.recipient for letter in mail] == ["chi@clb.example"]
        (event,) = session.scalars(select(Event).where(Event.kind == "overdue"))
        assert event.data["to"] == "Trưởng đơn vị"
    assert _sweep(clock_club, at(18, "09:29")) == 0
    _sweep(clock_club, at(18, "09:30"))
    with clock_club.sessions() as session:
        (notice,) = unread(session, clock_club.actor(session, "kim"))
        assert notice.kind == "escalation"
        assert code in notice.text
        assert "Trần Văn Tốt" not in notice.text
    assert _levels(clock_club, task)[-1] == "escalated"


def test_who_finishes_in_time_is_not_reported(clock_club: Clubhouse) -> None:
    """Between head and control office the step is done: nobody further up hears."""
    code = clock_club.open()
    _sweep(clock_club, at(17, "17:01"))
    done = clock_club.task(code, "kiem_tra")
    clock_club.complete("an", done, at(18, "08:00"), ket_qua="dat")
    _sweep(clock_club, at(18, "15:00"))
    assert _levels(clock_club, done) == ["warn", "due", "overdue"]


def test_the_warning_goes_to_the_role_and_by_mail_to_whoever_holds_the_step(
    clock_club: Clubhouse,
) -> None:
    """``warn="2 working hours"``: Tuesday 15:00."""
    code = clock_club.open()
    task = clock_club.task(code, "kiem_tra")
    with writing(), clock_club.sessions() as session:
        commands.claim(session, clock_club.actor(session, "an"), task, MONDAY)
        session.commit()
    assert _sweep(clock_club, at(17, "14:59")) == 0
    _sweep(clock_club, at(17, "15:00"))
    with clock_club.sessions() as session:
        for name in ("an", "binh"):
            assert [n.kind for n in unread(session, clock_club.actor(session, name))] == ["warn"]
        mail = session.scalars(select(Delivery.recipient).where(Delivery.event == "warn")).all()
        assert mail == ["an@clb.example"]


def test_the_database_refuses_a_level_twice(clock_club: Clubhouse) -> None:
    code = clock_club.open()
    task = clock_club.task(code, "kiem_tra")
    with writing(), clock_club.sessions() as session:
        level = session.scalars(
            select(Timer).where(Timer.task_id == task, Timer.kind == "due")
        ).one()
        again = {
            column.name: getattr(level, column.name)
            for column in Timer.__table__.columns
            if column.name != "id"
        }
        with pytest.raises(IntegrityError):
            session.execute(insert(Timer).values(again))


def test_sweepers_side_by_side_share_a_burst_without_overlap(clock_club: Clubhouse) -> None:
    """Four at one moment: each timer is claimed by exactly one of them."""
    for _ in range(30):
        clock_club.open()
    end = at(27, "17:00")
    with clock_club.sessions() as session:
        wanted = set(session.scalars(select(Timer.id).where(Timer.due_at <= end)))
    found: list[list[int]] = []
    gate = threading.Barrier(4)

    def sweep() -> None:
        gate.wait()
        while True:
            with writing(), clock_club.sessions() as session:
                claimed = timers.claim_due(session, end, 7)
                session.commit()
            if not claimed:
                return
            found.append(claimed)

    threads = [threading.Thread(target=sweep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = [number for claimed in found for number in claimed]
    assert len(numbers) == len(set(numbers))
    assert set(numbers) == wanted


def test_waiting_timers_are_not_read(clock_club: Clubhouse) -> None:
    """Both halves of the claim go by the index on status and date, however many wait."""
    code = clock_club.open()
    with writing(), clock_club.sessions() as session:
        dossier = session.scalars(select(Dossier).where(Dossier.code == code)).one()
        task = session.scalars(select(Task).where(Task.dossier_id == dossier.id)).first()
        assert task is not None
        session.execute(
            insert(Timer),
            [
                {
                    "kind": "bpmn",
                    "stage": 1,
                    "dossier_id": dossier.id,
                    "instance_id": task.instance_id,
                    "element": "x",
                    "status": "waiting",
                    "due_at": at(30, "09:00") + timedelta(minutes=number),
                }
                for number in range(3000)
            ],
        )
        session.commit()
        session.connection().exec_driver_sql("ANALYZE")
        session.commit()
        sqlite = session.get_bind().dialect.name == "sqlite"
        for status in ("waiting", "claimed"):
            told = session.execute(
                text(
                    f"EXPLAIN {'QUERY PLAN' if sqlite else ''} SELECT id FROM timer "
                    f"WHERE status = '{status}' AND due_at <= '2026-11-16 02:00:00' "
                    "ORDER BY due_at, id LIMIT 200"
                )
            )
            plan = " ".join(str(part) for row in told for part in row)
            assert "ix_timer_status" in plan
            assert "SCAN timer" not in plan
            assert "Seq Scan" not in plan
        session.rollback()


def _digest(club: Clubhouse, now: datetime) -> int:
    with writing(), club.sessions() as session:
        made = digests.make(session, now, MORNING)
        session.commit()
    return made


def test_the_digest_comes_once_on_a_working_morning(clock_club: Clubhouse) -> None:
    """Not before its hour, not on a Sunday, not twice; a head without work gets none."""
    code = clock_club.open()
    pass_time(clock_club.sessions, code, at(18, "07:00"))
    assert _digest(clock_club, at(18, "07:29")) == 0
    assert _digest(clock_club, at(18, "07:31")) == 2
    assert _digest(clock_club, at(18, "09:00")) == 0
    assert _digest(clock_club, at(22, "09:00")) == 0
    with clock_club.sessions() as session:
        for name in ("chi", "kim"):
            (notice,) = [n for n in unread(session, clock_club.actor(session, name))
                         if n.kind == "digest"]  # fmt: skip
            assert "1 việc quá hạn" in notice.text
        assert not [n for n in unread(session, clock_club.actor(session, "khoa"))
                    if n.kind == "digest"]  # fmt: skip
        mail = session.scalars(select(Delivery).where(Delivery.event == "digest")).all()
        assert {letter.recipient for letter in mail} == {"chi@clb.example", "kim@clb.example"}
        assert session.scalars(select(DigestDay)).one().recipients == 2


def test_many_sweepers_make_one_digest(clock_club: Clubhouse) -> None:
    clock_club.open()
    made: list[int] = []
    gate = threading.Barrier(4)

    def sweep() -> None:
        gate.wait()
        made.append(_digest(clock_club, at(18, "08:00")))

    threads = [threading.Thread(target=sweep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [0, 0, 0, 2]
    with clock_club.sessions() as session:
        count = select(func.count()).where(Notice.kind == "digest")
        assert session.scalar(count) == 2
