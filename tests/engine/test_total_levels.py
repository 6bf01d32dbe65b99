"""The levels of the citizen's date: once each, moved with it, told to who answers for it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from engine.db import writing
from engine.dossiers import recompute
from engine.dossiers.models import Dossier
from engine.dossiers.scenario import pass_time
from engine.events import Event, verify
from engine.letters import Delivery
from engine.notices import Notice, unread
from engine.tasks.models import Task
from engine.timer_rows import TOTAL, Timer
from tests.engine.clubhouse import Clubhouse
from tests.engine.test_escalation import _sweep, at
from tests.engine.test_legal_clock import _answer, _ask, _extend

PROMISED = at(23, "17:00")  # Tuesday 09:00, then four working days


def _levels(club: Clubhouse, code: str) -> dict[str, tuple[str, datetime]]:
    with club.sessions() as session:
        rows = session.scalars(
            select(Timer).join(Dossier).where(Dossier.code == code, Timer.kind.in_(TOTAL))
        )
        return {row.kind: (row.status, row.due_at) for row in rows}


def _reached(club: Clubhouse, code: str) -> list[str]:
    with club.sessions() as session:
        dossier = session.scalars(select(Dossier).where(Dossier.code == code)).one()
        assert verify(session, dossier)
        assert recompute.differences(session, dossier) == []
        query = select(Event.kind).where(Event.dossier_id == dossier.id, Event.kind.in_(TOTAL))
        return list(session.scalars(query.order_by(Event.seq)))


def test_the_promise_arms_a_warning_the_date_and_a_minute_later(clock_club: Clubhouse) -> None:
    """The warning is the procedure's: here 24 hours or 20 % of the way, whichever is later."""
    levels = _levels(clock_club, clock_club.open())
    assert levels["all-due"] == ("waiting", PROMISED)
    assert levels["all-late"] == ("waiting", PROMISED + timedelta(minutes=1))
    status, warned = levels["all-warn"]
    assert status == "waiting"
    assert PROMISED - timedelta(days=4) < warned < PROMISED


@pytest.mark.parametrize("backwards", [False, True])
def test_after_a_week_without_a_sweeper_each_comes_once_in_order(
    clock_club: Clubhouse, backwards: bool
) -> None:
    code = clock_club.open()
    later = at(27, "16:00")
    while _sweep(clock_club, later, backwards=backwards):
        pass
    assert _reached(clock_club, code) == list(TOTAL)
    assert {status for status, _due in _levels(clock_club, code).values()} == {"fired"}


def test_who_hears(clock_club: Clubhouse) -> None:
    """The counter before; when it is past the head at once, and the control office with them."""
    code = clock_club.open()
    pass_time(clock_club.sessions, code, PROMISED)
    with clock_club.sessions() as session:
        texts = [n.text for n in unread(session, clock_club.actor(session, "an"))]
        assert [t for t in texts if t.startswith("Đến ngày hẹn trả: Thủ tục để thử đồng hồ")]
        session.query(Notice).delete()
        session.query(Delivery).delete()
        session.commit()
    pass_time(clock_club.sessions, code, PROMISED + timedelta(minutes=1))
    with clock_club.sessions() as session:
        for name in ("chi", "kim"):
            (notice,) = unread(session, clock_club.actor(session, name))
            assert notice.kind == "escalation"
            assert notice.text == (
                "Quá ngày hẹn trả, cần chỉ đạo và xin lỗi người dân: Thủ tục để thử đồng hồ, "
                f"hồ sơ {code}, hẹn trả 17:00 23/11/2026."
            )
        mail = session.scalars(select(Delivery).where(Delivery.event == "escalation")).all()
        assert {letter.recipient for letter in mail} == {"chi@clb.example", "kim@clb.example"}
        assert "Trần Văn Tốt" not in str([letter.values for letter in mail])
        event = session.scalars(select(Event).where(Event.kind == "all-late")).one()
        assert event.data["to"] == "Trưởng đơn vị, Kiểm soát thủ tục hành chính"


def test_who_hears_of_a_step_with_the_same_date_is_not_told_twice(clock_club: Clubhouse) -> None:
    """The step ends with the dossier: its own level has told the head, at the same minute."""
    code = clock_club.open()
    task = clock_club.task(code, "kiem_tra")
    with writing(), clock_club.sessions() as session:
        dossier = session.scalars(select(Dossier).where(Dossier.code == code)).one()
        session.get_one(Task, task).due_at = dossier.due_at
        session.commit()
    _sweep(clock_club, PROMISED + timedelta(minutes=1))
    with clock_club.sessions() as session:
        told = unread(session, clock_club.actor(session, "chi"))
        assert not [n for n in told if n.text.startswith("Quá ngày hẹn trả")]
        assert [
            n
            for n in unread(session, clock_club.actor(session, "kim"))
            if n.text.startswith("Quá ngày hẹn trả")
        ]


def test_a_pause_holds_them_and_they_run_on_with_the_new_date(clock_club: Clubhouse) -> None:
    code = clock_club.open()
    _ask(clock_club, code, at(16, "11:00"))
    assert {status for status, _due in _levels(clock_club, code).values()} == {"held"}
    _answer(clock_club, code, at(18, "11:00"))
    levels = _levels(clock_club, code)
    assert levels["all-due"] == ("waiting", at(26, "17:00"))  # over the holiday of the 24th
    assert levels["all-late"] == ("waiting", at(26, "17:01"))
    assert levels["all-warn"][1] < at(26, "17:00")


def test_a_new_date_takes_along_what_was_not_reached(clock_club: Clubhouse) -> None:
    """The warning came before; the date and the minute after it move."""
    code = clock_club.open()
    warned = _levels(clock_club, code)["all-warn"][1]
    pass_time(clock_club.sessions, code, warned)
    _extend(clock_club, "chi", code, date(2026, 11, 30), at(23, "10:00"))
    levels = _levels(clock_club, code)
    assert levels["all-warn"] == ("fired", warned)
    assert levels["all-due"] == ("waiting", at(30, "17:00"))
    pass_time(clock_club.sessions, code, at(30, "17:01"))
    assert _reached(clock_club, code) == list(TOTAL)


def test_a_dossier_that_ended_is_reported_to_nobody(clock_club: Clubhouse) -> None:
    code = clock_club.open()
    clock_club.complete("an", clock_club.task(code, "kiem_tra"), at(16, "14:00"), ket_qua="dat")
    clock_club.complete("an", clock_club.task(code, "tham_dinh"), at(16, "15:00"))
    assert {status for status, _due in _levels(clock_club, code).values()} == {"cancelled"}
    assert _sweep(clock_club, at(27, "16:00")) == 0
    assert _reached(clock_club, code) == []


def test_the_database_refuses_a_second_row_of_a_level(clock_club: Clubhouse) -> None:
    code = clock_club.open()
    with writing(), clock_club.sessions() as session:
        row = session.scalars(
            select(Timer).join(Dossier).where(Dossier.code == code, Timer.kind == "all-due")
        ).one()
        again = {
            column.name: getattr(row, column.name)
            for column in Timer.__table__.columns
            if column.name != "id"
        }
        session.add(Timer(**again))
        with pytest.raises(IntegrityError):
            session.flush()
