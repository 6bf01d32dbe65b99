"""The organisation as it stands at a moment, on the demo's province."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from engine.db import writing
from engine.errors import NotFound
from engine.org import queries
from engine.org.access import Actor
from engine.org.models import Agency, Assignment, Jurisdiction, Person
from webapp.demo import load_organisation, people
from webapp.demo.province import ALL, PEOPLE

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
BEFORE = datetime(2020, 5, 4, 2, tzinfo=UTC)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """An otherwise empty database with the demo's organisation."""
    with writing(), Session(engine) as session:
        load_organisation(session)
        yield session


def code(session: Session, kind: str, place: str, at: datetime = NOW) -> str:
    """The code of the agency that serves a place."""
    return queries.resolve(session, kind, place, at).code


def somebody(session: Session, username: str, at: datetime = NOW) -> Actor:
    """An actor by user name."""
    person = session.scalars(select(Person).where(Person.username == username)).one()
    return queries.actor_of(session, person.id, at)


def test_every_kind_resolves_for_every_place(session: Session) -> None:
    """Seven kinds, three places, today and before the merger of 2025."""
    for kind in queries.KINDS:
        for place in ALL:
            assert queries.resolve(session, kind, place, NOW)
            assert queries.resolve(session, kind, place, BEFORE)


def test_communes_have_their_own_agencies(session: Session) -> None:
    """One insurance office serves two communes, each commune has its own police."""
    assert [code(session, "cong-an", p) for p in ALL] == ["H99.41.01", "H99.41.02", "H99.41.03"]
    assert [code(session, "bhxh", p) for p in ALL] == ["H99.50.01", "H99.50.01", "H99.50.02"]


def test_a_successor_takes_over_on_its_day(session: Session) -> None:
    """LĐTBXH until 28/02/2025 (Vietnam's calendar), Nội vụ from 01/03/2025."""
    last = datetime(2025, 2, 28, 16, 59, tzinfo=UTC)
    first = datetime(2025, 2, 28, 17, 0, tzinfo=UTC)
    assert code(session, "ldtbxh", "31002", last) == "H99.07"
    assert code(session, "ldtbxh", "31002", first) == "H99.06"
    old = session.scalars(select(Agency).where(Agency.code == "H99.07")).one()
    assert session.get_one(Agency, old.successor_id).code == "H99.06"


def test_nobody_in_charge_is_a_sentence(session: Session) -> None:
    """It names kind and place and says what to do."""
    with pytest.raises(NotFound, match=r"«99999» không có trong danh mục .* chọn lại"):
        queries.resolve(session, "bhxh", "99999", NOW)
    with pytest.raises(NotFound, match=r"thue nào phụ trách xã Tân An .* 23/11/2026.*bổ sung"):
        queries.resolve(session, "thue", "31001", NOW)
    with pytest.raises(NotFound, match="Công an nào phụ trách"):
        queries.resolve(session, "cong-an", "31001", datetime(2010, 1, 1, tzinfo=UTC))


def test_the_newest_jurisdiction_wins(session: Session) -> None:
    """A later row for the same place takes over from its first day."""
    other = queries.resolve(session, "bhxh", "31003", NOW)
    session.add(
        Jurisdiction(
            kind="bhxh", place_code="31001", agency_id=other.id, valid_from=date(2026, 12, 1)
        )
    )
    session.flush()
    assert code(session, "bhxh", "31001") == "H99.50.01"
    assert code(session, "bhxh", "31001", datetime(2026, 12, 1, tzinfo=UTC)) == "H99.50.02"


def test_posts_are_those_valid_at_the_moment(session: Session) -> None:
    """Before the merger the officer of Nội vụ worked for LĐTBXH."""
    today, then = somebody(session, "quang.noivu"), somebody(session, "quang.noivu", BEFORE)
    assert [a.code for a in queries.agencies_of(session, today)] == ["H99.06"]
    assert [a.code for a in queries.agencies_of(session, then)] == ["H99.07"]
    assert {role for _agency, role in today.posts} == {"chinh-sach", "lien-thong"}
    assert queries.agencies_of(session, Actor(1, "x", "X")) == []


def test_an_ended_post_and_a_locked_account_count_no_more(session: Session) -> None:
    """The last day still counts; afterwards the role is empty; a locked person is nobody."""
    police = queries.resolve(session, "cong-an", "31001", NOW)
    (officer,) = queries.people_with(session, police.id, "cu-tru", NOW)
    post = session.scalars(
        select(Assignment).where(Assignment.person_id == officer.id, Assignment.role == "cu-tru")
    ).one()
    post.valid_to = date(2026, 11, 23)
    session.flush()
    assert queries.people_with(session, police.id, "cu-tru", NOW) == [officer]
    tomorrow = datetime(2026, 11, 24, 2, tzinfo=UTC)
    assert queries.people_with(session, police.id, "cu-tru", tomorrow) == []
    (head,) = queries.heads_of(session, police.id, NOW)
    head.active = False
    session.flush()
    assert queries.heads_of(session, police.id, NOW) == []
    with pytest.raises(NotFound, match="khóa"):
        queries.actor_of(session, head.id, NOW)
    with pytest.raises(NotFound):
        queries.actor_of(session, 10**6, NOW)


def test_loading_twice_changes_nothing(session: Session) -> None:
    """The organisation is there once; everybody of the list can log in."""
    load_organisation(session)
    names = set(session.scalars(select(Person.username)))
    assert len(names) == len(PEOPLE)
    assert {someone["username"] for someone in people()} == names
    assert all(someone["role"] and someone["agency"] for someone in people())


def test_every_working_agency_has_a_head_and_a_liaison(session: Session) -> None:
    """Escalations and handoffs always find somebody."""
    for agency in session.scalars(select(Agency).where(Agency.valid_to.is_(None))):
        if agency.kind != "ubnd-tinh":
            assert queries.heads_of(session, agency.id, NOW), agency.code
            assert queries.people_with(session, agency.id, "lien-thong", NOW), agency.code
