"""Put the demo's province into the tables, once, and list its people for the log-in page."""

from __future__ import annotations

from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.org.access import ROLES
from engine.org.models import Agency, Assignment, Jurisdiction, Person, Place
from webapp.demo.province import OFFICES, PASSWORD, PEOPLE, PLACES, PROVINCE, Office


def load_organisation(session: Session) -> None:
    """Add places, agencies, jurisdiction and people. Loaded already, nothing changes."""
    if session.scalar(select(Agency.id).where(Agency.code == OFFICES[0].code)) is not None:
        return
    session.add_all(Place(code=code, name=name, parent_code=PROVINCE[0]) for code, name in PLACES)
    agencies = {office.code: _agency(office) for office in OFFICES}
    session.add_all(agencies.values())
    session.flush()
    for office in OFFICES:
        agency = agencies[office.code]
        agency.parent_id = agencies[office.parent].id if office.parent else None
        agency.successor_id = agencies[office.successor].id if office.successor else None
        session.add_all(
            Jurisdiction(
                kind=kind, place_code=place, agency_id=agency.id, valid_from=first, valid_to=last
            )
            for kind, places, first, last in office.serves
            for place in places
        )
    secret = PasswordHasher().hash(PASSWORD)
    for someone in PEOPLE:
        person = Person(
            username=someone.username,
            name=someone.name,
            email=f"{someone.username}@hoason.example",
            password_hash=secret,
        )
        session.add(person)
        session.flush()
        session.add_all(
            Assignment(
                person_id=person.id,
                agency_id=agencies[code].id,
                role=role,
                valid_from=first,
                valid_to=last,
            )
            for code, roles, first, last in someone.posts
            for role in roles
        )
    session.flush()


def people() -> list[dict[str, Any]]:
    """The demo's people as they work today, in the order of the organisation.

    Each is {"username", "name", "agency", "short_name", "kind", "roles": [words], "role": one line
    of them, "password"}.
    """
    offices = {office.code: office for office in OFFICES}
    found = []
    for someone in PEOPLE:
        code, roles = next((code, roles) for code, roles, _, last in someone.posts if last is None)
        words = [ROLES[role] for role in roles]
        found.append(
            {
                "username": someone.username,
                "name": someone.name,
                "agency": offices[code].name,
                "short_name": offices[code].short_name,
                "kind": offices[code].kind,
                "roles": words,
                "role": " · ".join(words),
                "password": PASSWORD,
            }
        )
    return found


def _agency(office: Office) -> Agency:
    return Agency(
        code=office.code,
        kind=office.kind,
        name=office.name,
        short_name=office.short_name,
        level=office.level,
        address=office.address,
        phone=office.phone,
        valid_from=office.valid_from,
        valid_to=office.valid_to,
    )
