"""A running office for page tests: the real app on a real database, people who log in and click."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from engine.catalog import releases
from engine.db import load_models, make_engine, writing
from engine.dossiers import scenario
from engine.dossiers.models import Dossier
from engine.tasks.models import Task
from webapp.app import create_app
from webapp.config import Settings
from webapp.db import db
from webapp.demo import load_organisation

ROOT = Path(__file__).resolve().parents[2]
PROCEDURE = "khai-tu-lien-thong"
SCENARIOS = ROOT / "processes" / PROCEDURE / "2026-09-01" / "scenarios"
STARTED = datetime.fromisoformat("2026-11-23T09:00:00+07:00")  # a Monday
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Visitor:
    """One browser without JavaScript: keeps its cookies and sends the page's CSRF token."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        sent = {"csrf_token": self.token(), **(data or {})}
        return self.client.post(path, data=sent, **options)

    def token(self) -> str:
        for page in ("/thong-bao", "/dang-nhap"):
            found = _TOKEN.search(self.client.get(page).text)
            if found:
                return found[1]
        raise AssertionError("no page with a token")


class Office:
    """The app, its clock, and dossiers brought to a step by the real commands."""

    def __init__(self, app: Flask, started: datetime) -> None:
        self.app, self.now = app, started
        app.config["NOW"] = lambda: self.now
        with app.app_context():
            self.sessions: sessionmaker[Session] = sessionmaker(db.engine)

    def visitor(self) -> Visitor:
        return Visitor(self.app.test_client())

    def enter(self, username: str) -> Visitor:
        """Somebody of the demo, logged in."""
        visitor = self.visitor()
        answer = visitor.post("/dang-nhap/thu", {"username": username})
        assert answer.status_code == 302, answer.text
        return visitor

    def story(self, name: str) -> scenario.Scenario:
        return scenario.read(SCENARIOS / f"{name}.toml")

    def dossier(self, name: str = "bhxh-chi-tra", until_step: int | None = 0) -> str:
        """The code of a dossier that stands before a step of a scenario, begun now."""
        with self.sessions() as session:
            release = releases.in_force(session, PROCEDURE, self.now.date())
        told = scenario.play(
            self.sessions, release, self.story(name), start_at=self.now, until_step=until_step
        )
        assert told.ok, told.differences
        self.now += timedelta(days=20 if until_step is None else 0)
        return told.code

    def task(self, code: str, element: str | None = None) -> Task:
        """The dossier's open task (of that element)."""
        with self.sessions() as session:
            query = select(Task).join(Dossier).where(Dossier.code == code, Task.status == "open")
            if element:
                query = query.where(Task.element == element)
            return session.scalars(query.order_by(Task.id)).one()


@pytest.fixture(scope="session")
def _settled_province(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the organisation and the published procedures, made once."""
    path = tmp_path_factory.mktemp("province") / "motcua.db"
    engine = make_engine(f"sqlite:///{path}")
    load_models().create_all(engine)
    with writing(), Session(engine) as session:
        load_organisation(session)
        releases.publish_all(session, ROOT, STARTED)
        session.commit()
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture
def office(_settled_province: Path, redis_url: str, tmp_path: Path) -> Iterator[Office]:
    """The demo's province on a database of its own, at a fixed moment."""
    path = tmp_path / "motcua.db"
    shutil.copyfile(_settled_province, path)
    app = create_app(
        Settings(
            database_url=f"sqlite:///{path}", redis_url=redis_url, secret_key="k" * 40, demo=True,
            data_dir=tmp_path,
        )
    )  # fmt: skip
    yield Office(app, STARTED)
    with app.app_context():
        db.engine.dispose()


def posted(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested answers as the names and values of an HTML form, dates as people type them."""
    flat: dict[str, Any] = {}
    for key, value in data.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            flat |= posted(value, f"{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            flat[f"__rows.{name}"] = str(len(value))
            for number, row in enumerate(value):
                flat |= posted(row, f"{name}.{number}.")
        else:
            flat[name] = _typed(value)
    return flat


def _typed(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return [str(item) for item in value]
    date = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", str(value))
    return f"{date[3]}/{date[2]}/{date[1]}" if date else str(value)
