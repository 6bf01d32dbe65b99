"""The organisation from a file: what it adds, what it continues, and every fault with its place."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from engine.db import writing
from engine.errors import Invalid
from engine.org import directory, queries
from engine.org.models import Agency, Assignment, Jurisdiction, Person, Place

EXAMPLE = Path(__file__).resolve().parents[3] / "deploy" / "organisation.example.toml"
TEXT = EXAMPLE.read_text()


def take(engine: Engine, text: str) -> list[str]:
    """What changes; the hash of a password is the name backwards."""
    with writing(), Session(engine) as session:
        changes = directory.carry_out(
            session, directory.read(text.encode()), lambda name: name[::-1]
        )
        session.commit()
        return changes


def faults(text: str, engine: Engine | None = None) -> list[str]:
    """The sentences of a refusal."""
    with pytest.raises(Invalid) as refused:
        take(engine, text) if engine is not None else directory.read(text.encode())
    return refused.value.errors["tep"]


def test_the_example_becomes_places_agencies_and_people(engine: Engine) -> None:
    changes = take(engine, TEXT)
    assert "thêm đơn vị H99.31.01 UBND xã Tân An" in changes
    with Session(engine) as session:
        commune = session.scalars(select(Agency).where(Agency.code == "H99.31.01")).one()
        office = session.scalars(select(Agency).where(Agency.code == "H99.01")).one()
        assert commune.parent_id == office.id
        lan = session.scalars(select(Person).where(Person.username == "lan.ubnd.tanan")).one()
        assert lan.password_hash == "nanat.dnbu.nal"
        found = queries.people_with(session, commune.id, "ho-tich", _noon(date(2026, 11, 23)))
        assert [person.id for person in found] == [lan.id]
        (served,) = session.scalars(select(Jurisdiction))
        assert (served.kind, served.place_code, served.agency_id) == (
            "ubnd-xa",
            "31001",
            commune.id,
        )


def test_the_same_file_again_changes_nothing(engine: Engine) -> None:
    take(engine, TEXT)
    assert take(engine, TEXT) == []


def test_a_post_ends_and_another_begins(engine: Engine) -> None:
    """The old row gets its last day; the password of somebody known is left alone."""
    take(engine, TEXT)
    later = TEXT.replace(
        'roles = ["mot-cua", "ho-tich"]\nvalid_from = 2026-01-01',
        'roles = ["mot-cua", "ho-tich"]\nvalid_from = 2026-01-01\nvalid_to = 2026-12-31\n\n'
        '[[person.posts]]\nagency = "H99.31.01"\nroles = ["lanh-dao"]\nvalid_from = 2027-01-01',
    )
    with writing(), Session(engine) as session:
        session.scalars(
            select(Person).where(Person.username == "lan.ubnd.tanan")
        ).one().password_hash = "her own"
        session.commit()
    assert take(engine, later) == [
        "lan.ubnd.tanan: Tiếp nhận và trả kết quả tại UBND Tân An: đến hết 31/12/2026",
        "lan.ubnd.tanan: Tư pháp – hộ tịch tại UBND Tân An: đến hết 31/12/2026",
        "lan.ubnd.tanan: Lãnh đạo ký tại UBND Tân An từ 01/01/2027",
    ]
    with Session(engine) as session:
        lan = session.scalars(select(Person).where(Person.username == "lan.ubnd.tanan")).one()
        assert lan.password_hash == "her own"
        assert session.scalar(select(func.count()).select_from(Assignment)) == 5


def test_every_fault_is_told_with_its_entry() -> None:
    text = (
        TEXT.replace('level = "xa"', 'level = "thôn"')
        .replace('roles = ["quan-tri", "kiem-soat"]', 'roles = ["vua"]')
        .replace(
            "valid_from = 2016-01-01\n\n[[agency.serves]]",
            'valid_from = "2016"\nten = 1\n[[agency.serves]]',
        )
        .replace('username = "quan.tri"', 'username = "Quản Trị"')
    )
    told = "\n".join(faults(text))
    assert "agency[2] H99.31.01.level: Phải là một trong xa, huyen, tinh." in told
    assert "agency[2] H99.31.01.valid_from: Phải là một ngày" in told
    assert "agency[2] H99.31.01.ten: Không có mục này." in told
    assert "person[2] Quản Trị.username: Có ký tự không dùng được ở đây." in told
    assert "person[2] Quản Trị.posts[1] H99.01.roles[1]: Vai trò phải là một trong" in told


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (TEXT + TEXT.partition("[[agency]]")[0], "[[place]] 31001: ghi hai lần."),
        (
            TEXT.replace("2026-01-01", "2026-01-01\nvalid_to = 2025-01-01"),
            "Ngày cuối trước ngày đầu",
        ),
    ],
)
def test_what_contradicts_itself(text: str, sentence: str) -> None:
    assert any(sentence in fault for fault in faults(text))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            'places = ["31001"]',
            'places = ["39999"]',
            "địa bàn 39999 (ubnd-xa): chưa có địa bàn này",
        ),
        ('parent = "H99.01"', 'parent = "H98"', "không có đơn vị H98 (parent)"),
        ('agency = "H99.01"', 'agency = "H97"', "người dùng quan.tri: không có đơn vị H97"),
    ],
)
def test_what_is_not_there_is_told_and_nothing_is_written(
    engine: Engine, old: str, new: str, sentence: str
) -> None:
    assert any(sentence in fault for fault in faults(TEXT.replace(old, new), engine))
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(Agency)) == 0
        assert session.scalar(select(func.count()).select_from(Place)) == 0


def test_two_agencies_of_a_kind_for_one_place_are_refused(engine: Engine) -> None:
    """Only when their days overlap."""
    take(engine, TEXT)
    other = """
[[agency]]
code = "H99.31.09"
kind = "ubnd-xa"
name = "UBND xã Tân An mới"
short_name = "Tân An mới"
level = "xa"
valid_from = 2027-07-01

[[agency.serves]]
places = ["31001"]
valid_from = 2027-07-01
"""
    (fault,) = faults(other, engine)
    assert "H99.31.01 và H99.31.09 cùng phụ trách từ 01/07/2027" in fault
    ended = (
        TEXT.replace("[[person]]", "# ", 1)
        .partition("# \n")[0]
        .replace('places = ["31001"]\n', 'places = ["31001"]\nvalid_to = 2027-06-30\n')
    )
    take(engine, ended + other)


def test_an_agency_is_never_renamed(engine: Engine) -> None:
    take(engine, TEXT)
    (fault,) = faults(TEXT.replace('UBND xã Tân An"', 'UBND phường Tân An"'), engine)
    assert "name khác với đơn vị đang có" in fault


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(5), UTC)
