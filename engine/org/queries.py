"""Read the organisation as it stands at a moment: jurisdiction, posts, heads. Changes nothing."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, Integer, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from engine import one_read
from engine.errors import NotFound
from engine.org.access import CONTROL, HEAD, Actor
from engine.org.models import Agency, Assignment, Jurisdiction, Person, Place

KINDS: dict[str, str] = {
    "ubnd-xa": "UBND cấp xã",
    "cong-an": "Công an",
    "bhxh": "Bảo hiểm xã hội",
    "ldtbxh": "Lao động – Thương binh và Xã hội",
    "noi-vu": "ngành Nội vụ",
    "y-te": "ngành Y tế",
    "ubnd-tinh": "UBND tỉnh",
}

_VN = ZoneInfo("Asia/Ho_Chi_Minh")


def resolve(session: Session, kind: str, place_code: str, at: datetime) -> Agency:
    """The agency of a kind that serves a place at a moment.

    Raises NotFound with a sentence that names kind and place and says what to do.
    """
    day = _day(at)
    query = (
        select(Agency)
        .join(Jurisdiction, Jurisdiction.agency_id == Agency.id)
        .where(
            Jurisdiction.kind == kind,
            Jurisdiction.place_code == place_code,
            _valid(Jurisdiction, day),
            _valid(Agency, day),
        )
        .order_by(Jurisdiction.valid_from.desc(), Jurisdiction.id.desc())
        .limit(1)
    )
    agency = session.scalar(query)
    if agency is None:
        raise NotFound(_nobody(session, kind, place_code, day), kind=kind, place=place_code)
    return agency


def actor_of(session: Session, person_id: int, at: datetime) -> Actor:
    """A person as an actor, with the posts valid at a moment. NotFound when unknown or locked."""
    rows = _posts().rows(session, {"person": person_id, "day": _day(at)})
    if not rows:
        raise NotFound("Tài khoản này không tồn tại hoặc đã bị khóa.")
    held = frozenset((agency, role) for *_, agency, role in rows if agency is not None)
    _, username, name, *_ = rows[0]
    return Actor(person_id, username, name, held)


@cache
def _posts() -> one_read.Read:
    """Asked with every request: the person and each post."""
    day: Any = bindparam("day", None, Date)
    held = (
        select(Assignment.person_id, Assignment.agency_id, Assignment.role)
        .join(Agency, Agency.id == Assignment.agency_id)
        .where(_valid(Assignment, day), _valid(Agency, day))
        .subquery()
    )
    query = (
        select(Person.id, Person.username, Person.name, held.c.agency_id, held.c.role)
        .outerjoin(held, held.c.person_id == Person.id)
        .where(Person.id == bindparam("person", None, Integer), Person.active)
    )
    return one_read.Read(query)


def agencies_of(session: Session, actor: Actor) -> list[Agency]:
    """The agencies in which the actor holds a post, by name."""
    if not actor.posts:
        return []
    query = select(Agency).where(Agency.id.in_(actor.agencies)).order_by(Agency.name, Agency.id)
    return list(session.scalars(query))


def people_with(session: Session, agency_id: int, role: str, at: datetime) -> list[Person]:
    """The active people who hold a role in an agency at a moment, in order of their numbers."""
    holding = select(Assignment.person_id).where(
        Assignment.agency_id == agency_id, Assignment.role == role, _valid(Assignment, _day(at))
    )
    query = select(Person).where(Person.id.in_(holding), Person.active).order_by(Person.id)
    return list(session.scalars(query))


def heads_of(session: Session, agency_id: int, at: datetime) -> list[Person]:
    """The heads of an agency at a moment."""
    return people_with(session, agency_id, HEAD, at)


def control_offices(session: Session, at: datetime) -> list[int]:
    """The agencies in which somebody watches over all dossiers at a moment."""
    held = select(Assignment.agency_id).where(
        Assignment.role == CONTROL, _valid(Assignment, _day(at))
    )
    return sorted(set(session.scalars(held)))


def _valid(table: Any, day: date) -> ColumnElement[bool]:
    """Rows in force on a day; ``valid_to`` is the last day."""
    return and_(table.valid_from <= day, or_(table.valid_to.is_(None), table.valid_to >= day))


def _day(at: datetime) -> date:
    return at.astimezone(_VN).date()


def _nobody(session: Session, kind: str, place_code: str, day: date) -> str:
    place = session.get(Place, place_code)
    name = KINDS.get(kind, kind)
    if place is None:
        return (
            f"Mã địa bàn «{place_code}» không có trong danh mục xã, phường; "
            f"không thể chọn cơ quan {name}. Hãy chọn lại xã, phường."
        )
    return (
        f"Không có cơ quan {name} nào phụ trách {place.name} ({place_code}) vào ngày "
        f"{day:%d/%m/%Y}. Quản trị viên cần bổ sung địa bàn phụ trách."
    )
