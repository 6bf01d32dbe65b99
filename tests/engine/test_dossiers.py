"""A dossier from the counter to its last result, and every refusal on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from engine import timers
from engine.db import writing
from engine.dossiers import papers, reads
from engine.dossiers.models import Blob, Dossier, Instance, ReadLog
from engine.dossiers.scenario import pass_time
from engine.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from engine.events import Event, verify
from engine.liaison import commands as liaison
from engine.liaison.models import Message
from engine.liaison.reads import board
from engine.notices import Notice, unread
from engine.tasks import commands, inbox
from engine.tasks.models import Task
from engine.timer_rows import Timer
from tests.engine.clubhouse import MONDAY, Clubhouse

HOUR = timedelta(hours=1)
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def _dossier(session, code: str) -> Dossier:
    return session.scalars(select(Dossier).where(Dossier.code == code)).one()


def _accepted(club: Clubhouse) -> str:
    code = club.open()
    club.complete("an", club.task(code, "xet_don"), MONDAY + HOUR, ket_qua="nhan")
    return code


def test_a_dossier_goes_from_the_counter_to_the_last_result(club: Clubhouse) -> None:
    code = _accepted(club)
    club.complete("giang", club.task(code, "cap_the"), MONDAY + 2 * HOUR, so_the="123456")
    answer = club.complete("binh", club.task(code, "tra_the"), MONDAY + 3 * HOUR)

    assert answer["ended"] is True
    with club.sessions() as session:
        dossier = _dossier(session, code)
        assert (dossier.outcome, dossier.portal_status) == ("done", 10)
        assert verify(session, dossier)
        assert (
            session.scalar(select(func.count()).where(Timer.status.in_(("waiting", "claimed"))))
            == 0
        )


def test_an_agency_receives_the_listed_fields_and_no_more(club: Clubhouse) -> None:
    code = _accepted(club)
    with club.sessions() as session:
        receiver = session.scalars(select(Instance).where(Instance.pool == "bao_hiem")).one()
        assert receiver.facts == {"ho_ten": "Trần Văn Tốt", "xa": "31001"}
        view = reads.find(session, club.actor(session, "giang"), code, MONDAY + HOUR)
        assert [section.title for section in view.facts] == ["Xin cấp thẻ"]
        assert "thích mã" not in repr(view.facts)


def test_codes_count_up_per_unit_and_day(club: Clubhouse) -> None:
    codes = [club.open(), club.open(), club.open(MONDAY + timedelta(days=1))]
    assert codes == ["C1-261116-0001", "C1-261116-0002", "C1-261117-0001"]


def test_a_repeated_key_answers_the_same_and_acts_once(club: Clubhouse) -> None:
    assert club.open(key="k1") == club.open(key="k1")
    code = club.open()
    task = club.task(code, "xet_don")
    first = club.complete("an", task, MONDAY, key="k2", ket_qua="nhan")
    assert club.complete("an", task, MONDAY + HOUR, key="k2", ket_qua="nhan") == first
    with club.sessions() as session:
        done = select(func.count()).where(Event.kind == "task-done", Event.task_id == task)
        assert session.scalar(done) == 1
    with pytest.raises(Conflict, match="Idempotency-Key"):
        club.complete("an", task, MONDAY, key="k2", ket_qua="tu-choi", ly_do="x")


def test_a_finished_task_says_who_finished_it_and_when(club: Clubhouse) -> None:
    code = club.open()
    task = club.task(code, "xet_don")
    club.complete("an", task, MONDAY, ket_qua="nhan")
    with pytest.raises(Conflict, match=r"An hoàn thành lúc 09:00 16/11/2026"):
        club.complete("binh", task, MONDAY, ket_qua="nhan")


def test_nobody_of_another_agency_or_role_works_on_a_task(club: Clubhouse) -> None:
    task = club.task(club.open(), "xet_don")
    for stranger in ("dung", "giang"):
        with pytest.raises(NotFound):
            club.complete(stranger, task, MONDAY, ket_qua="nhan")
    with pytest.raises(Forbidden):
        club.complete("lien", task, MONDAY, ket_qua="nhan")


def test_a_claimed_task_belongs_to_its_holder_until_released_or_reassigned(
    club: Clubhouse,
) -> None:
    task = club.task(club.open(), "xet_don")
    with writing(), club.sessions() as session:
        an, binh, chi = (club.actor(session, name) for name in ("an", "binh", "chi"))
        commands.claim(session, an, task, MONDAY)
        with pytest.raises(Conflict, match="An đã nhận"):
            commands.claim(session, binh, task, MONDAY)
        with pytest.raises(Forbidden):
            commands.release(session, binh, task, MONDAY)
        with pytest.raises(Forbidden):
            commands.reassign(session, binh, task, binh.person_id, MONDAY)
        commands.reassign(session, chi, task, binh.person_id, MONDAY)
        session.commit()
    with pytest.raises(Conflict, match="Binh đang giữ"):
        club.complete("an", task, MONDAY, ket_qua="nhan")
    club.complete("binh", task, MONDAY, ket_qua="nhan")


def test_a_wrong_form_names_the_field_and_changes_nothing(club: Clubhouse) -> None:
    code = club.open()
    task = club.task(code, "xet_don")
    with club.sessions() as session:
        before = _dossier(session, code).last_hash
    for wrong in ({}, {"ket_qua": "khac"}, {"ket_qua": "tu-choi"}):
        with pytest.raises(Invalid) as refusal:
            club.complete("an", task, MONDAY, **wrong)
        assert set(refusal.value.errors) == (
            {"ly_do"} if wrong == {"ket_qua": "tu-choi"} else {"ket_qua"}
        )
    with club.sessions() as session:
        assert _dossier(session, code).last_hash == before
        assert session.get_one(Task, task).status == "open"


def test_a_supplement_pauses_the_clock_and_the_answer_resumes_it(club: Clubhouse) -> None:
    code = club.open()
    club.complete("an", club.task(code, "xet_don"), MONDAY, ket_qua="bo-sung", ly_do="thiếu ảnh")
    with club.sessions() as session:
        waiting = session.get_one(Task, club.task(code, "cho_bo_sung"))
        assert waiting.paused
        assert waiting.due_at is None
        assert _dossier(session, code).portal_status == 5
    later = MONDAY + timedelta(days=2)
    club.complete("an", club.task(code, "cho_bo_sung"), later, da_du=True)
    club.complete("an", club.task(code, "xet_don"), later, ket_qua="nhan")
    with club.sessions() as session:
        dossier = _dossier(session, code)
        assert dossier.accepted_at == later
        # Wednesday + 1 working day, then + 2 working days = Monday 17:00 in Hanoi
        assert dossier.due_at == datetime(2026, 11, 23, 10, tzinfo=UTC)


def test_a_supplement_that_never_comes_stops_the_dossier_by_itself(club: Clubhouse) -> None:
    code = club.open()
    club.complete("an", club.task(code, "xet_don"), MONDAY, ket_qua="bo-sung", ly_do="thiếu ảnh")
    pass_time(club.sessions, code, MONDAY + timedelta(days=20))
    with club.sessions() as session:
        dossier = _dossier(session, code)
        assert (dossier.outcome, dossier.portal_status) == ("stopped", 8)
        # 7 working days after Monday 16/11: Tuesday 24/11 is a holiday, so Thursday 26/11 17:00
        assert dossier.closed_at == datetime(2026, 11, 26, 10, tzinfo=UTC)
        assert verify(session, dossier)


def test_each_level_of_a_limit_fires_once_even_if_rung_twice(club: Clubhouse) -> None:
    code = club.open()
    task = club.task(code, "xet_don")
    end = MONDAY + timedelta(days=3)
    for _sweep in range(2):
        with writing(), club.sessions() as session:
            due = timers.claim_due(session, end)
            session.commit()
        for timer in [*due, *due]:
            with writing(), club.sessions() as session:
                timers.fire(session, timer, end)
                session.commit()
    with club.sessions() as session:
        kinds = session.scalars(select(Event.kind).where(Event.task_id == task)).all()
        assert [kinds.count(kind) for kind in ("warn", "due", "overdue")] == [1, 1, 1]
        assert session.get_one(Task, task).escalated_at == end
        heads = unread(session, club.actor(session, "chi"))
        assert [notice.kind for notice in heads] == ["escalation"]
        late = inbox.inbox(
            session,
            club.actor(session, "chi"),
            inbox.Filters(scope="agency", level="escalated"),
            end,
        )
        assert [row.task.id for row in late.rows] == [task]


def test_a_claim_whose_ring_was_lost_is_claimed_again(club: Clubhouse) -> None:
    club.open()
    end = MONDAY + timedelta(days=3)
    with writing(), club.sessions() as session:
        first = timers.claim_due(session, end)
        assert timers.claim_due(session, end) == []
        assert timers.claim_due(session, end + timedelta(minutes=2)) == first


def test_a_message_is_delivered_once_and_receipt_is_proved(club: Clubhouse) -> None:
    code = _accepted(club)
    with writing(), club.sessions() as session:
        message = session.scalars(select(Message).where(Message.flow == "mf_xin_the")).one()
        assert message.status == "delivered"
        with pytest.raises(Forbidden):
            liaison.acknowledge(session, club.actor(session, "giang"), message.id, MONDAY)
        with pytest.raises(NotFound):
            liaison.acknowledge(session, club.actor(session, "dung"), message.id, MONDAY)
        hai = club.actor(session, "hai")
        liaison.acknowledge(session, hai, message.id, MONDAY + 2 * HOUR)
        liaison.acknowledge(session, hai, message.id, MONDAY + 3 * HOUR)
        assert message.acknowledged_at == MONDAY + 2 * HOUR
        assert len(board(session, hai, "in", "all", MONDAY + 3 * HOUR).rows) == 1
        session.commit()
    with club.sessions() as session:
        started = session.scalar(select(func.count()).where(Instance.pool == "bao_hiem"))
        assert started == 1
        assert verify(session, _dossier(session, code))


def test_receipt_not_confirmed_in_two_working_hours_alerts_both_sides(club: Clubhouse) -> None:
    code = _accepted(club)
    pass_time(club.sessions, code, MONDAY + timedelta(hours=9))
    with club.sessions() as session:
        assert [n.kind for n in unread(session, club.actor(session, "lien"))] == ["ack"]
        assert [n.kind for n in unread(session, club.actor(session, "hai"))] == ["ack"]


def test_beginning_to_work_confirms_receipt(club: Clubhouse) -> None:
    code = _accepted(club)
    task = club.task(code, "cap_the")
    with writing(), club.sessions() as session:
        commands.claim(session, club.actor(session, "giang"), task, MONDAY + 2 * HOUR)
        session.commit()
    pass_time(club.sessions, code, MONDAY + timedelta(hours=9))
    with club.sessions() as session:
        assert session.scalar(select(func.count()).where(Notice.kind == "ack")) == 0


def test_the_place_decides_the_agency_and_the_promise(club: Clubhouse) -> None:
    code = club.open(xa="31002")
    with club.sessions() as session:
        task = session.get_one(Task, club.task(code, "xet_don"))
        assert task.agency.code == "C2"
    club.complete("dung", club.task(code, "xet_don"), MONDAY, ket_qua="nhan")
    with club.sessions() as session:
        assert _dossier(session, code).promise == ["1 working days"]
        # the counter that took it in still sees it; so does the agency that decides
        for name in ("an", "dung", "giang"):
            assert reads.find(session, club.actor(session, name), code, MONDAY).full


def test_reading_a_dossier_is_recorded(club: Clubhouse) -> None:
    code = club.open()
    with writing(), club.sessions() as session:
        reads.find(session, club.actor(session, "an"), code, MONDAY)
        session.commit()
        assert session.scalar(select(func.count()).select_from(ReadLog)) == 1
        with pytest.raises(NotFound):
            reads.find(session, club.actor(session, "dung"), code, MONDAY)


def test_a_changed_event_breaks_the_chain(club: Clubhouse) -> None:
    code = club.open()
    with writing(), club.sessions() as session:
        session.execute(update(Event).where(Event.seq == 2).values(actor="ai-do"))
        assert not verify(session, _dossier(session, code))


def test_papers_are_checked_stored_once_and_shown_to_participants_only(club: Clubhouse) -> None:
    code = club.open()
    with writing(), club.sessions() as session:
        dossier = _dossier(session, code)
        an, dung = club.actor(session, "an"), club.actor(session, "dung")
        first = papers.add(session, an, dossier.id, "anh", "../../ảnh thẻ.pdf", PDF, MONDAY)
        papers.add(session, an, dossier.id, "", "bản sao.pdf", PDF, MONDAY)
        assert first.filename == "ảnh thẻ.pdf"
        assert session.scalar(select(func.count()).select_from(Blob)) == 1
        assert papers.get(session, an, first.id, MONDAY)[1] == PDF
        with pytest.raises(NotFound):
            papers.get(session, dung, first.id, MONDAY)
        with pytest.raises(NotFound):
            papers.add(session, dung, dossier.id, "", "x.pdf", PDF, MONDAY)
        with pytest.raises(Invalid, match="PDF"):
            papers.add(session, an, dossier.id, "", "x.exe", b"MZ" + b"0" * 99, MONDAY)
        with pytest.raises(Invalid, match="danh mục"):
            papers.add(session, an, dossier.id, "vo-van", "x.pdf", PDF, MONDAY)
        with pytest.raises(TooLarge):
            papers.add(session, an, dossier.id, "", "x.pdf", PDF + b"0" * papers.MAX_BYTES, MONDAY)
        papers.remove(session, an, first.id, MONDAY)
        with pytest.raises(NotFound):
            papers.get(session, an, first.id, MONDAY)


def test_the_inbox_is_sorted_by_legal_due_time_and_pages_by_key(club: Clubhouse) -> None:
    opened = [club.open(MONDAY + timedelta(days=-n), ho_ten=f"Người {n}") for n in range(5)]
    with club.sessions() as session:
        an = club.actor(session, "an")
        seen, after = [], None
        while True:
            page = inbox.inbox(session, an, inbox.Filters(), MONDAY, after=after, limit=2)
            seen += [row.dossier.code for row in page.rows]
            after = page.next
            if after is None:
                break
        assert sorted(seen) == sorted(opened)
        dues = [
            session.scalars(select(Task.due_at).join(Dossier).where(Dossier.code == code)).one()
            for code in seen
        ]
        assert dues == sorted(dues)
        found = inbox.inbox(session, an, inbox.Filters(text="nguoi 3"), MONDAY)
        assert [row.dossier.applicant for row in found.rows] == ["Người 3"]
        assert sum(found.counts[level] for level in ("late", "soon", "ok", "paused")) == 1
        with pytest.raises(Invalid):
            inbox.inbox(session, an, inbox.Filters(), MONDAY, after="hôm qua|x")
