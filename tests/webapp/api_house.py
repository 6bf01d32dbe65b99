"""A house for API tests: the real app on both databases, programs that log in and speak JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from engine.catalog import releases
from engine.db import writing
from engine.dossiers.models import Attachment, Dossier, Instance
from engine.events import Event
from engine.liaison.models import Message
from engine.org import queries
from engine.org.models import Person
from engine.tasks.models import Submission, Task
from tests.webapp.office import PROCEDURE, ROOT, STARTED, Office
from webapp import jobs
from webapp.app import create_app
from webapp.config import Settings
from webapp.db import db
from webapp.demo import load_organisation
from webapp.demo.province import PASSWORD
from webapp.limits import limiter


class Program:
    """A client of the API: keeps its cookie, sends the CSRF token with every change."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.token = ""

    def log_in(self, username: str, password: str = PASSWORD) -> TestResponse:
        answer = self.client.post(
            "/api/v1/session", json={"username": username, "password": password}
        )
        if answer.status_code == 200:
            self.token = answer.json["csrf_token"]
        return answer

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.client.get(f"/api/v1{path}", query_string=query)

    def post(
        self, path: str, body: Any = None, *, key: str | None = None, **options: Any
    ) -> TestResponse:
        headers = {"X-CSRFToken": self.token} | ({"Idempotency-Key": key} if key else {})
        if "data" not in options:
            options["json"] = {} if body is None else body
        return self.client.post(f"/api/v1{path}", headers=headers, **options)

    def delete(self, path: str) -> TestResponse:
        return self.client.delete(f"/api/v1{path}", headers={"X-CSRFToken": self.token})


class House(Office):
    """An office whose people speak JSON, and a worker that keeps its promises."""

    def program(self, username: str | None = None) -> Program:
        program = Program(self.app.test_client())
        if username:
            answer = program.log_in(username)
            assert answer.status_code == 200, answer.text
        return program

    def work(self) -> int:
        """What a worker does when it is rung."""
        return jobs.drain(self.now)

    def form(self, story: str = "bhxh-chi-tra") -> dict[str, Any]:
        """The start form of a story."""
        return self.story(story).data

    def mark(self) -> tuple[int, ...]:
        """How much stands in the record: equal before and after, nothing happened between."""
        with self.sessions() as session:
            counts = [
                session.scalar(select(func.count()).select_from(table)) or 0
                for table in (Dossier, Instance, Task, Event, Message, Attachment, Submission)
            ]
            steps = session.scalar(select(func.coalesce(func.sum(Instance.version), 0))) or 0
            return (*counts, steps)

    def worker(self, agency_id: int, role: str) -> str:
        """The user name of somebody who holds a role in an agency."""
        with self.sessions() as session:
            return queries.people_with(session, agency_id, role, self.now)[0].username

    def id_of(self, username: str) -> int:
        """A person's number."""
        with self.sessions() as session:
            return session.scalars(select(Person.id).where(Person.username == username)).one()


def build(database_url: str, redis_url: str, folder: Path) -> House:
    """The demo's province in an empty database with its tables."""
    app = create_app(
        Settings(
            database_url=database_url,
            redis_url=redis_url,
            secret_key="k" * 40,
            demo=True,
            data_dir=folder,
        )
    )
    with app.app_context(), writing(), Session(db.engine) as session:
        load_organisation(session)
        releases.publish_all(session, ROOT, STARTED)
        session.commit()
    return House(app, STARTED)


@pytest.fixture
def house(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    """The province on a database of each kind; log-ins are not counted."""
    yield from _inhabited(database_url, redis_url, tmp_path, monkeypatch)


@pytest.fixture
def sqlite_house(
    sqlite_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    """The province on SQLite, for what no database can change."""
    yield from _inhabited(sqlite_url, redis_url, tmp_path, monkeypatch)


def _inhabited(
    database_url: str, redis_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    monkeypatch.setattr(limiter, "enabled", False)
    monkeypatch.setenv("MOTCUA_DATABASE_URL", database_url)
    monkeypatch.setenv("MOTCUA_REDIS_URL", redis_url)
    monkeypatch.setenv("MOTCUA_SECRET_KEY", "k" * 40)
    monkeypatch.setenv("MOTCUA_DATA_DIR", str(folder))
    jobs.forget(close=True)
    house = build(database_url, redis_url, folder)
    yield house
    jobs.forget(close=True)
    with house.app.app_context():
        db.engine.dispose()


__all__ = ["PROCEDURE", "House", "Program", "build", "house", "sqlite_house"]
