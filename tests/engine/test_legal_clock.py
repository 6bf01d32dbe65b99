"""The legal clock: what a pause moves and what it does not, the one new date, whose time it was."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.db import writing
from engine.dossiers import clock_commands, recompute
from engine.dossiers.charges import charges
from engine.dossiers.models import Dossier, Extension, Instance, Pause
from engine.dossiers.scenario import pass_time
from engine.errors import Conflict, Forbidden, Invalid
from engine.events import Event, verify
from engine.tasks import commands
from engine.tasks.models import Task
from engine.timer_rows import Timer, following
from tests.engine.clubhouse import MONDAY, Clubhouse

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
REASON = "Hệ thống cơ sở dữ liệu dân cư ngừng trả lời"


def at(day: int, clock: str) -> datetime:
    """A moment of November 2026 in Hanoi; Monday is the 16th, Tuesday the 24th a holiday."""
    return datetime.fromisoformat(f"2026-11-{day:02}T{clock}:00+07:00").astimezone(UTC)


def _dossier(session: Session, code: str) -> Dossier:
    return session.scalars(select(Dossier).where(Dossier.code == code)).one()


def _dates(club: Clubhouse, code: str) -> dict[str, datetime | None]:
    """The dates of the dossier, its agency and its open steps; the events must agree."""
    with club.sessions() as session:
        dossier = _dossier(session, code)
        assert recompute.differences(session, dossier) == []
        instance = session.scalars(select(Instance).where(Instance.dossier_id == dossier.id)).one()
        tasks = session.scalars(
            select(Task).where(Task.dossier_id == dossier.id, Task.status == "open")
        )
        return {
            "dossier": dossier.due_at,
            "agency": instance.due_at,
            **{task.element: task.due_at for task in tasks},
        }


def _timers(club: Clubhouse, code: str) -> dict[tuple[str, str], tuple[str, datetime]]:
    with club.sessions() as session:
        rows = session.scalars(
            select(Timer)
            .join(Dossier)
            .where(Dossier.code == code, Timer.status.in_(("waiting", "held")))
        )
        return {(row.element, row.kind): (row.status, row.due_at) for row in rows}


def _ask(club: Clubhouse, code: str, moment: datetime) -> None:
    club.complete("an", club.task(code, "kiem_tra"), moment, ket_qua="xac-nhan")


def _answer(club: Clubhouse, code: str, moment: datetime) -> None:
    club.complete("an", club.task(code, "cho_xac_nhan"), moment)


def test_one_total_one_per_agency_one_per_step(clock_club: Clubhouse) -> None:
    code = clock_club.open()
    assert _dates(clock_club, code) == {
        "dossier": at(20, "17:00").replace(day=23),  # Tuesday 09:00, then four working days
        "agency": at(23, "17:00"),
        "tham_dinh": at(19, "17:00"),
        "kiem_tra": at(17, "17:00"),
    }


def test_a_pause_moves_every_clock_of_the_agency_and_the_citizens(clock_club: Clubhouse) -> None:
    """Two working days out: the dossier, the agency, the other step, its levels, drawn timers."""
    code = clock_club.open()
    before, timers = _dates(clock_club, code), _timers(clock_club, code)
    _ask(clock_club, code, at(16, "11:00"))
    held = _timers(clock_club, code)
    assert {key for key, (status, _due) in held.items() if status == "waiting"} == {
        ("het_han", "bpmn"),  # measures the pause itself
        ("nhac_ngay_cu_the", "bpmn"),  # says that it does not follow
    }
    with clock_club.sessions() as session:
        assert _dossier(session, code).paused
        other = session.get_one(Task, clock_club.task(code, "tham_dinh"))
        assert other.paused
    _answer(clock_club, code, at(18, "11:00"))
    after, moved = _dates(clock_club, code), _timers(clock_club, code)
    assert after == {
        "dossier": at(26, "17:00"),  # over the holiday of the 24th
        "agency": at(26, "17:00"),
        "tham_dinh": at(23, "17:00"),
        "kiem_tra": at(19, "17:00"),
    }
    assert all(status == "waiting" for status, _due in moved.values())
    assert moved["tham_dinh", "due"][1] == after["tham_dinh"]
    assert moved["tham_dinh", "overdue"][1] == after["tham_dinh"] + timedelta(minutes=1)
    assert moved["nhac", "bpmn"] == ("waiting", at(20, "17:00"))
    assert moved["nhac_gio", "bpmn"][1] == timers["nhac_gio", "bpmn"][1] + 2 * DAY
    assert moved["nhac_ngay_cu_the", "bpmn"] == timers["nhac_ngay_cu_the", "bpmn"]
    assert before["tham_dinh"] != after["tham_dinh"]


def test_a_step_reopened_after_a_supplement_gets_what_is_left(clock_club: Clubhouse) -> None:
    """One hour was used before the question; the level reached then is not reached again."""
    code = clock_club.open(MONDAY)
    first = clock_club.task(code, "kiem_tra")
    pass_time(clock_club.sessions, code, at(17, "16:00"))  # two hours before: warned
    _ask(clock_club, code, at(17, "16:00"))
    _answer(clock_club, code, at(18, "16:00"))
    again = clock_club.task(code, "kiem_tra")
    with clock_club.sessions() as session:
        task = session.get_one(Task, again)
        assert task.counted_from == MONDAY
        assert task.due_at == at(18, "17:00")
        kinds = session.scalars(select(Timer.kind).where(Timer.task_id == again)).all()
        assert sorted(kinds) == ["due", "overdue"]
        told = session.scalars(select(Event.task_id).where(Event.kind == "warn")).all()
        assert told == [first]


def test_the_same_step_visited_twice_has_two_clocks(clock_club: Clubhouse) -> None:
    code = clock_club.open()
    clock_club.complete("an", clock_club.task(code, "kiem_tra"), at(17, "10:00"), ket_qua="tra-lai")
    clock_club.complete("an", clock_club.task(code, "xem_lai"), at(17, "11:00"))
    with clock_club.sessions() as session:
        task = session.get_one(Task, clock_club.task(code, "kiem_tra"))
        assert task.counted_from is None
        assert task.due_at == at(18, "17:00")
        kinds = session.scalars(select(Timer.kind).where(Timer.task_id == task.id)).all()
        assert sorted(kinds) == ["due", "overdue", "warn"]
    assert _dates(clock_club, code)["kiem_tra"] == at(18, "17:00")


def test_a_question_asked_too_late_does_not_give_time_back(clock_club: Clubhouse) -> None:
    """The limit had run out before the question: the reopened step is late from the start."""
    code = clock_club.open()
    _ask(clock_club, code, at(18, "10:00"))
    _answer(clock_club, code, at(19, "10:00"))
    assert _dates(clock_club, code)["kiem_tra"] == at(17, "17:00")


def test_a_supplement_that_never_comes_ends_the_pause(clock_club: Clubhouse) -> None:
    code = clock_club.open()
    _ask(clock_club, code, at(16, "11:00"))
    pass_time(clock_club.sessions, code, at(26, "17:00"))
    with clock_club.sessions() as session:
        pause = session.scalars(select(Pause)).one()
        assert (pause.cause, pause.started_at) == ("vneid", at(16, "11:00"))
        assert pause.ended_at == at(26, "17:00")
        assert not _dossier(session, code).paused
    assert _dates(clock_club, code)["tham_dinh"] is not None


def _incident(club: Clubhouse, who: str, code: str, now: datetime, **said: str) -> list[int]:
    with writing(), club.sessions() as session:
        made = clock_commands.announce_incident(
            session,
            club.actor(session, who),
            _dossier(session, code).id,
            said.get("reason", REASON),
            said.get("document", "15/TB-VP"),
            now,
        )
        numbers = [pause.id for pause in made]
        session.commit()
    return numbers


def _over(club: Clubhouse, who: str, pause: int, now: datetime) -> None:
    with writing(), club.sessions() as session:
        clock_commands.end_incident(session, club.actor(session, who), pause, now)
        session.commit()


@pytest.mark.parametrize("who", ["kim", "chi"])
def test_an_announced_incident_stops_and_runs_on(clock_club: Clubhouse, who: str) -> None:
    """By the control office for the whole dossier, by the head for the agency's part."""
    code = clock_club.open()
    before = _dates(clock_club, code)
    (pause,) = _incident(clock_club, who, code, at(16, "13:30"))
    assert all(
        status == "held"
        for (element, _kind), (status, _due) in _timers(clock_club, code).items()
        if element != "nhac_ngay_cu_the"
    )
    with pytest.raises(Conflict):
        _incident(clock_club, who, code, at(16, "14:00"))
    with pytest.raises(Forbidden):
        _over(clock_club, "khoa", pause, at(17, "09:00"))
    _over(clock_club, who, pause, at(17, "13:30"))
    assert _dates(clock_club, code) == {
        name: {
            at(23, "17:00"): at(25, "17:00"),
            at(19, "17:00"): at(20, "17:00"),
            at(17, "17:00"): at(18, "17:00"),
        }[moment]
        for name, moment in before.items()
        if moment
    }
    with pytest.raises(Conflict):
        _over(clock_club, who, pause, at(18, "09:00"))
    with clock_club.sessions() as session:
        assert verify(session, _dossier(session, code))
        kinds = session.scalars(select(Event.kind).where(Event.kind.like("clock-%"))).all()
        assert kinds == ["clock-paused", "clock-resumed"]


def test_two_pauses_that_overlap_count_once(clock_club: Clubhouse) -> None:
    """The citizen is asked, then an incident is announced and outlasts the answer."""
    code = clock_club.open()
    _ask(clock_club, code, at(16, "11:00"))
    (pause,) = _incident(clock_club, "kim", code, at(17, "11:00"))
    _answer(clock_club, code, at(18, "11:00"))
    with clock_club.sessions() as session:
        task = session.get_one(Task, clock_club.task(code, "kiem_tra"))
        assert task.paused
        assert _dossier(session, code).paused
    assert {
        status
        for (element, kind), (status, _due) in _timers(clock_club, code).items()
        if kind != "bpmn"
    } == {"held"}
    _over(clock_club, "kim", pause, at(19, "11:00"))
    assert _dates(clock_club, code) == {
        "dossier": at(27, "17:00"),
        "agency": at(27, "17:00"),
        "tham_dinh": at(25, "17:00"),
        "kiem_tra": at(20, "17:00"),
    }


def test_a_paused_dossier_can_end(clock_club: Clubhouse) -> None:
    """Nothing is left standing still when the last step is done during an incident."""
    code = clock_club.open()
    _incident(clock_club, "kim", code, at(16, "11:00"))
    clock_club.complete("an", clock_club.task(code, "kiem_tra"), at(16, "14:00"), ket_qua="dat")
    clock_club.complete("an", clock_club.task(code, "tham_dinh"), at(16, "15:00"))
    with clock_club.sessions() as session:
        dossier = _dossier(session, code)
        assert dossier.closed_at == at(16, "15:00")
        assert not dossier.paused
        assert session.scalars(select(Pause)).one().ended_at == at(16, "15:00")
        assert recompute.differences(session, dossier) == []


@pytest.mark.parametrize(
    ("who", "said", "error"),
    [
        ("an", {}, Forbidden),
        ("khoa", {}, Forbidden),
        ("chi", {"reason": "mất"}, Invalid),
        ("kim", {"document": " "}, Invalid),
    ],
)
def test_an_incident_needs_right_reason_and_document(
    clock_club: Clubhouse, who: str, said: dict[str, str], error: type[Exception]
) -> None:
    code = clock_club.open()
    before = _dates(clock_club, code)
    with pytest.raises(error):
        _incident(clock_club, who, code, at(16, "11:00"), **said)
    assert _dates(clock_club, code) == before


def _extend(club: Clubhouse, who: str, code: str, until: date, now: datetime, **said: str) -> None:
    with writing(), club.sessions() as session:
        clock_commands.extend(
            session,
            club.actor(session, who),
            _dossier(session, code).id,
            until,
            said.get("reason", "Phải xác minh thêm tại nơi đăng ký cũ"),
            said.get("document", "21/PXL"),
            now,
        )
        session.commit()


def test_a_new_date_is_given_once_and_moves_with_later_pauses(clock_club: Clubhouse) -> None:
    code = clock_club.open(email="tot@dan.example", dien_thoai="0900000001")
    steps = _dates(clock_club, code)
    _extend(clock_club, "chi", code, date(2026, 11, 30), at(23, "10:00"))
    assert _dates(clock_club, code) == {**steps, "dossier": at(30, "17:00")}
    with pytest.raises(Conflict, match="một lần"):
        _extend(clock_club, "chi", code, date(2026, 12, 4), at(24, "10:00"))
    with clock_club.sessions() as session:
        given = session.scalars(select(Extension)).one()
        assert (given.before, given.until) == (steps["dossier"], at(30, "17:00"))
        event = session.scalars(select(Event).where(Event.kind == "extended")).one()
        assert event.data["document"] == "21/PXL"
    _ask(clock_club, code, at(25, "08:00"))
    _answer(clock_club, code, at(26, "08:00"))
    assert _dates(clock_club, code)["dossier"] == datetime(2026, 12, 1, 10, tzinfo=UTC)


def test_who_holds_a_step_may_give_the_new_date(clock_club: Clubhouse) -> None:
    code = clock_club.open()
    with pytest.raises(Forbidden):
        _extend(clock_club, "an", code, date(2026, 11, 30), at(23, "10:00"))
    held = clock_club.task(code, "kiem_tra")
    with writing(), clock_club.sessions() as session:
        commands.claim(session, clock_club.actor(session, "an"), held, at(23, "09:00"))
        session.commit()
    _extend(clock_club, "an", code, date(2026, 11, 30), at(23, "10:00"))


@pytest.mark.parametrize(
    ("until", "said", "field"),
    [
        (date(2026, 11, 29), {}, "ngay"),  # a Sunday
        (date(2026, 11, 24), {}, "ngay"),  # a holiday
        (date(2026, 11, 20), {}, "ngay"),  # before the old date
        (date(2029, 11, 20), {}, "ngay"),  # a slip of the pen
        (date(9999, 12, 31), {}, "ngay"),
        (date(2026, 11, 30), {"reason": "bận"}, "ly_do"),
        (date(2026, 11, 30), {"document": ""}, "van_ban"),
    ],
)
def test_a_new_date_that_makes_no_sense_changes_nothing(
    clock_club: Clubhouse, until: date, said: dict[str, str], field: str
) -> None:
    code = clock_club.open()
    before = _dates(clock_club, code)
    with pytest.raises(Invalid) as refused:
        _extend(clock_club, "chi", code, until, at(23, "10:00"), **said)
    assert set(refused.value.errors) == {field}
    assert _dates(clock_club, code) == before


def test_no_new_date_while_the_clock_stands_still(clock_club: Clubhouse) -> None:
    code = clock_club.open()
    _ask(clock_club, code, at(16, "11:00"))
    with pytest.raises(Conflict, match="tạm dừng"):
        _extend(clock_club, "chi", code, date(2026, 11, 30), at(23, "10:00"))


def test_whose_time_it_was(clock_club: Clubhouse) -> None:
    """An hour of one's own, a working day for the citizen, then an incident."""
    code = clock_club.open()
    clock_club.complete("an", clock_club.task(code, "tham_dinh"), at(16, "09:30"))
    _ask(clock_club, code, at(16, "10:00"))  # after an hour
    _answer(clock_club, code, at(17, "10:00"))
    (pause,) = _incident(clock_club, "chi", code, at(17, "10:30"))
    _over(clock_club, "chi", pause, at(17, "11:00"))
    clock_club.complete("an", clock_club.task(code, "kiem_tra"), at(17, "11:30"), ket_qua="dat")
    with clock_club.sessions() as session:
        (part,) = charges(session, _dossier(session, code), at(20, "09:00"))
    assert part.own == 60 + 30 + 30
    assert part.waiting == {"vneid": 450, "incident": 30}
    assert part.others == 0
    times = [(step.task.element, step.own, step.waiting) for step in part.steps]
    assert times == [
        ("tham_dinh", 30, {}),
        ("kiem_tra", 60, {}),
        ("cho_xac_nhan", 0, {"vneid": 450}),
        ("kiem_tra", 60, {"incident": 30}),
    ]


def test_waiting_for_another_agency_is_not_ones_own_time(club: Clubhouse) -> None:
    code = club.open()
    club.complete("an", club.task(code, "xet_don"), MONDAY + HOUR, ket_qua="nhan")
    club.complete("giang", club.task(code, "cap_the"), MONDAY + 2 * HOUR, so_the="123456")
    club.complete("binh", club.task(code, "tra_the"), MONDAY + timedelta(hours=2, minutes=20))
    with club.sessions() as session:
        counter, insurance = charges(session, _dossier(session, code), MONDAY + 9 * HOUR)
        assert recompute.differences(session, _dossier(session, code)) == []
    assert (counter.own, counter.others) == (80, 60)
    assert (insurance.own, insurance.others) == (60, 0)


def test_late_minutes_are_ones_own_only(clock_club: Clubhouse) -> None:
    """Late since Tuesday 17:00; Wednesday is an incident; an hour on Thursday counts."""
    code = clock_club.open()
    (pause,) = _incident(clock_club, "kim", code, at(18, "07:30"))
    _over(clock_club, "kim", pause, at(19, "07:30"))
    with clock_club.sessions() as session:
        (part,) = charges(session, _dossier(session, code), at(19, "08:30"))
    assert {step.task.element: step.late for step in part.steps} == {
        "tham_dinh": 0,
        "kiem_tra": 60,
    }


def test_a_limit_that_cannot_be_read_is_a_sentence_and_changes_nothing(
    clock_club: Clubhouse,
) -> None:
    from engine.dossiers.step_limits import _read

    for said in (
        {"limit": "8 fortnights"},
        {"warn": "soon"},
        {"escalate-to": "giam-doc"},
        {"escalate-to": "truong-don-vi, truong-don-vi"},
        {"escalate-after": "-1 hours"},
        {"pauses-clock": "true", "pause-cause": "rain"},
    ):
        with pytest.raises(Invalid) as refused:
            _read(said, {})
        assert refused.value.message.endswith(".")
    assert _read({}, {"warn": "20 %", "escalate_to": "truong-don-vi"}).escalate_to == (
        "truong-don-vi",
    )
    with clock_club.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == 0


def test_a_timer_that_names_a_date_follows_no_pause() -> None:
    """A date, and a cycle that begins on one; a length and a cycle of lengths stand still."""
    said = {
        "ngay": "<timeDate>date(2026, 9, 20)</timeDate>",
        "tu_ngay": "<timeCycle>R3/2026-09-20T10:00:00/PT1H</timeCycle>",
        "lap": "<timeCycle>R3/PT1H</timeCycle>",
        "lau": "<timeDuration>PT1H</timeDuration>",
    }
    drawn = "".join(
        f'<boundaryEvent id="{name}"><timerEventDefinition>{text}</timerEventDefinition>'
        "</boundaryEvent>"
        for name, text in said.items()
    )
    xml = f'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">{drawn}</definitions>'
    assert following("a date", xml.encode()) == {"lap", "lau"}
