"""An announced incident of an agency: what it moves, once, and how it is taken back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.db import writing
from engine.dossiers import incidents, recompute
from engine.dossiers.models import Dossier, Instance, Pause
from engine.errors import Conflict, Forbidden, Invalid, NotFound
from engine.events import Event, verify
from engine.org.models import Agency
from engine.tasks.models import Task
from engine.timer_rows import Timer
from tests.engine.clubhouse import MONDAY, Clubhouse

REASON = "Mất điện toàn trụ sở từ đầu giờ sáng"


def at(day: int, clock: str) -> datetime:
    """A moment of November 2026 in Hanoi; Monday is the 16th."""
    return datetime.fromisoformat(f"2026-11-{day:02}T{clock}:00+07:00").astimezone(UTC)


GIVEN: dict[str, Any] = {
    "begin": at(16, "13:30"),
    "end": at(17, "13:30"),
    "reason": REASON,
    "document": "9/TB",
    "now": at(17, "14:00"),
    "limit": 100,
}


def _agency(session: Session, code: str = "C1") -> int:
    return session.scalars(select(Agency.id).where(Agency.code == code)).one()


def _apply(club: Clubhouse, who: str, code: str = "C1", **other: Any) -> incidents.Done:
    with writing(), club.sessions() as session:
        actor, agency = club.actor(session, who), _agency(session, code)
        done = incidents.apply(session, actor, agency, **{**GIVEN, **other})
        session.commit()
        return done


def _undo(club: Clubhouse, who: str, document: str = "9/TB", limit: int = 100) -> incidents.Done:
    with writing(), club.sessions() as session:
        actor, agency = club.actor(session, who), _agency(session)
        done = incidents.undo(session, actor, agency, document, GIVEN["now"], limit=limit)
        session.commit()
        return done


def _state(club: Clubhouse) -> dict[str, list[object]]:
    """Every date of every dossier; the chains are whole and the events agree with the dates."""
    told: dict[str, list[object]] = {}
    with club.sessions() as session:
        for dossier in session.scalars(select(Dossier).order_by(Dossier.id)):
            assert recompute.differences(session, dossier) == []
            assert verify(session, dossier)
            of = dossier.id
            told[dossier.code] = [
                dossier.due_at,
                *session.scalars(select(Instance.due_at).where(Instance.dossier_id == of)),
                *session.scalars(select(Task.due_at).where(Task.dossier_id == of)),
                *(
                    tuple(row)
                    for row in session.execute(
                        select(Timer.kind, Timer.element, Timer.status, Timer.due_at)
                        .where(Timer.dossier_id == of, Timer.kind != "ack")
                        .order_by(Timer.id)
                    )
                ),
            ]
    return told


def test_an_interval_of_an_agency_counts_in_none_of_its_open_dossiers(
    clock_club: Clubhouse,
) -> None:
    """A working day later for each, only what is missing when asked again, and back."""
    club = clock_club
    codes = [club.open(MONDAY), club.open(MONDAY), club.open(at(16, "14:30"))]
    late = club.open(at(17, "13:45"))  # came after it was over
    before = _state(club)
    first = _apply(club, "chi", limit=2)
    assert ([one.code for one in first.moved], first.left) == (codes[:2], 1)
    second = _apply(club, "kim")
    assert ([one.code for one in second.moved], second.left) == (codes[2:], 0)
    assert _apply(club, "chi") == incidents.Done((), 0)
    after = _state(club)
    assert after[late] == before[late]
    for one in (*first.moved, *second.moved):
        assert one.before is not None
        assert one.after is not None
        assert one.after > one.before
        assert all(
            new != old
            for new, old in zip(after[one.code], before[one.code], strict=True)
            if not isinstance(old, tuple) or old[1] != "nhac_ngay_cu_the"
        )
    with club.sessions() as session:
        pauses = session.scalars(select(Pause).order_by(Pause.id)).all()
        spans = [(p.started_at, p.ended_at) for p in pauses]
        assert spans == [(GIVEN["begin"], GIVEN["end"])] * 2 + [(at(16, "14:30"), GIVEN["end"])]
        [told] = incidents.standing(session, [_agency(session)])
        assert (told.document, told.parts, told.begin) == ("9/TB", 3, GIVEN["begin"])
    assert _undo(club, "chi", limit=1).left == 2
    assert [one.code for one in _undo(club, "kim").moved] == codes[1:]
    assert _state(club) == before
    with pytest.raises(NotFound, match="còn hiệu lực"):
        _undo(club, "chi")


def test_two_who_apply_and_undo_at_one_moment_do_it_once(clock_club: Clubhouse) -> None:
    """Head and control office side by side: one pause for each dossier, then none."""
    codes = [clock_club.open(MONDAY) for _ in range(4)]
    before = _state(clock_club)
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(_apply, clock_club, who) for who in ("chi", "kim")]:
            done.result()
    with clock_club.sessions() as session:
        assert len(session.scalars(select(Pause)).all()) == len(codes)
        left_out = select(Event.dossier_id).where(Event.kind == "incident-left-out")
        assert len(session.scalars(left_out).all()) == len(codes)
    _state(clock_club)
    with ThreadPoolExecutor(2) as pool:
        for undone in [pool.submit(_undo, clock_club, who) for who in ("chi", "kim")]:
            assert isinstance(undone.exception(), NotFound | None)
    assert _state(clock_club) == before


def test_a_clock_that_stands_still_gets_its_dates_when_it_runs_on(clock_club: Clubhouse) -> None:
    """A supplement before, over and after the incident: what overlaps is left out once."""
    club = clock_club
    code, plain = club.open(MONDAY), club.open(MONDAY)
    club.complete("an", club.task(code, "kiem_tra"), at(16, "14:30"), ket_qua="xac-nhan")
    _apply(club, "chi")
    _state(club)
    club.complete("an", club.task(code, "cho_xac_nhan"), at(17, "16:00"))
    both = _state(club)
    _undo(club, "chi")
    one = _state(club)
    assert both[code] != one[code]  # the hour before the question
    assert both[plain] != one[plain]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"end": GIVEN["begin"]}, "den"),
        ({"end": at(17, "14:01")}, "den"),
        ({"begin": at(17, "13:30") - timedelta(days=32)}, "den"),
        ({"reason": "mất điện"}, "su_co"),
        ({"document": " "}, "thong_bao"),
    ],
)
def test_an_incident_that_makes_no_sense_changes_nothing(
    clock_club: Clubhouse, change: dict[str, Any], field: str
) -> None:
    clock_club.open(MONDAY)
    before = _state(clock_club)
    with pytest.raises(Invalid) as refused:
        _apply(clock_club, "chi", **change)
    assert list(refused.value.errors) == [field]
    assert _state(clock_club) == before


def test_only_its_head_and_the_control_office_and_one_interval(clock_club: Clubhouse) -> None:
    """An officer and another agency's head are refused; one number names one interval."""
    clock_club.open(MONDAY)
    for who in ("an", "khoa", "quan"):
        with pytest.raises(Forbidden):
            _apply(clock_club, who)
        with pytest.raises(Forbidden):
            _undo(clock_club, who)
    _apply(clock_club, "chi")
    for change in ({"end": at(17, "14:00")}, {"begin": at(16, "13:00")}):
        with pytest.raises(Conflict, match="khoảng thời gian khác"):
            _apply(clock_club, "chi", **change)
    with clock_club.sessions() as session:
        assert [a.code for a in incidents.agencies(session, clock_club.actor(session, "chi"))] == [
            "C1"
        ]
        assert len(incidents.agencies(session, clock_club.actor(session, "kim"))) > 2
        with pytest.raises(NotFound):
            incidents.undo(session, clock_club.actor(session, "kim"), 9999, "9/TB", MONDAY, limit=1)
