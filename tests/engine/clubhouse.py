"""A fictional province with a chess club: the core is tested without any real procedure."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from engine.catalog import releases
from engine.db import writing
from engine.dossiers.commands import open_dossier
from engine.dossiers.models import Dossier
from engine.dossiers.scenario import settle
from engine.org import queries
from engine.org.access import Actor
from engine.org.models import Agency, Assignment, Jurisdiction, Person, Place
from engine.tasks import commands
from engine.tasks.models import Task

FOLDER = Path(__file__).parent / "club"
MONDAY = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)  # 09:00 in Hanoi
_SINCE = date(2000, 1, 1)


class Clubhouse:
    """One database with the club published, and short verbs for the tests."""

    def __init__(self, sessions: sessionmaker[Session], folder: Path = FOLDER) -> None:
        self.sessions = sessions
        with writing(), sessions() as session:
            self._found(session)
            self.release_id = releases.publish_folder(session, folder, folder / "forms", MONDAY).id
            session.commit()

    def _found(self, session: Session) -> None:
        for code, name in (("31001", "Xã Một"), ("31002", "Xã Hai")):
            session.add(Place(code=code, name=name))
        session.flush()
        people = {}
        for agency_code, kind, places, posts in (
            (
                "C1",
                "ubnd-xa",
                ["31001"],
                [
                    ("an", "mot-cua"),
                    ("binh", "mot-cua"),
                    ("chi", "truong-don-vi"),
                    ("lien", "lien-thong"),
                ],
            ),
            ("C2", "ubnd-xa", ["31002"], [("dung", "mot-cua")]),
            (
                "B1",
                "bhxh",
                ["31001", "31002"],
                [("giang", "che-do"), ("hai", "lien-thong"), ("khoa", "truong-don-vi")],
            ),
            ("K1", "ubnd-tinh", [], [("kim", "kiem-soat"), ("quan", "quan-tri")]),
        ):
            agency = Agency(
                code=agency_code,
                kind=kind,
                name=f"Đơn vị {agency_code}",
                short_name=agency_code,
                level="xa",
                valid_from=_SINCE,
            )
            session.add(agency)
            session.flush()
            for place in places:
                session.add(
                    Jurisdiction(
                        kind=kind, place_code=place, agency_id=agency.id, valid_from=_SINCE
                    )
                )
            for username, role in posts:
                person = Person(
                    username=username,
                    name=username.title(),
                    email=f"{username}@clb.example",
                    password_hash="-",
                )
                session.add(person)
                session.flush()
                people[username] = person.id
                session.add(
                    Assignment(
                        person_id=person.id, agency_id=agency.id, role=role, valid_from=_SINCE
                    )
                )

    def actor(self, session: Session, username: str) -> Actor:
        person = session.scalars(select(Person).where(Person.username == username)).one()
        return queries.actor_of(session, person.id, MONDAY)

    def open(self, now: datetime = MONDAY, *, key: str | None = None, **data: object) -> str:
        """A dossier opened by An; returns its code."""
        form = {"ho_ten": "Trần Văn Tốt", "xa": "31001", "bi_mat": "thích mã"} | data
        with writing(), self.sessions() as session:
            actor = self.actor(session, "an")
            release = releases.load(session, self.release_id)
            agency = session.scalars(select(Agency).where(Agency.code == "C1")).one()
            dossier = open_dossier(session, actor, release, form, now, agency_id=agency.id, key=key)
            code = dossier.code
            session.commit()
        settle(self.sessions, now)
        return code

    def task(self, code: str, element: str) -> int:
        """The newest open task of an element."""
        with self.sessions() as session:
            return (
                session.scalars(
                    select(Task.id)
                    .join(Dossier)
                    .where(Dossier.code == code, Task.element == element, Task.status == "open")
                    .order_by(Task.id.desc())
                ).first()
                or 0
            )

    def complete(
        self, username: str, task: int, now: datetime, *, key: str | None = None, **data: object
    ) -> dict[str, object]:
        with writing(), self.sessions() as session:
            actor = self.actor(session, username)
            answer = commands.complete(session, actor, task, data, now, key=key)
            session.commit()
        settle(self.sessions, now)
        return answer
