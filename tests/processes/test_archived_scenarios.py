"""Real dossiers in the archive: every person reads the same of them, and they come back whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session, sessionmaker

from engine.archive import check, commands
from engine.catalog import releases
from engine.db import writing
from engine.dossiers import reads, scenario
from engine.dossiers.models import Dossier
from engine.errors import NotFound
from engine.org import queries
from engine.org.access import SYSTEM
from engine.org.models import Person
from tests.engine.test_archive import tables
from webapp.demo import load_organisation

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 9, 14, 2, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1000)
EACH = 8  # one scenario in so many: the paths differ, the rows hardly


def play_some(sessions: sessionmaker[Session]) -> None:
    """Scenarios of every version to their ends, with nothing left to wait for."""
    with writing(), sessions.begin() as session:
        load_organisation(session)
        published = [row.id for row in releases.publish_all(session, ROOT, NOW)]
        by_version = {one.version: one for one in (releases.load(session, n) for n in published)}
    for path in sorted((ROOT / "processes").glob("*/*/scenarios/*.toml"))[::EACH]:
        release = by_version[path.parts[-3]]
        told = scenario.play(sessions, release, scenario.read(path))
        assert told.ok, (path.name, told.differences)
    with writing(), sessions.begin() as session:
        for change in (
            "UPDATE delivery SET status = 'off'",
            "UPDATE message SET acknowledged_at = sent_at WHERE acknowledged_at IS NULL",
            "UPDATE timer SET status = 'cancelled' WHERE status IN ('waiting', 'claimed', 'held')",
            "DELETE FROM outbox",
            "DELETE FROM idempotency_key",
        ):
            session.execute(text(change))


def seen(sessions: sessionmaker[Session]) -> dict[tuple[str, str], str]:
    """What each person of the province is shown of each closed dossier."""
    told = {}
    with sessions() as session:
        people = [queries.actor_of(session, one, NOW) for one in session.scalars(select(Person.id))]
        closed = select(Dossier.code).where(Dossier.closed_at.is_not(None))
        for code in session.scalars(closed).all():
            for actor in people:
                try:
                    view = reads.find(session, actor, code, LATER)
                except NotFound as error:
                    told[code, actor.username] = error.message
                    continue
                told[code, actor.username] = repr(
                    (
                        view.facts,
                        [(t.id, t.name, t.status, t.due_at, t.agency.name) for t in view.tasks],
                        [t.assignee and t.assignee.name for t in view.tasks],
                        [(m.id, m.payload, m.sender.name) for m in view.messages],
                        [m.receiver and m.receiver.name for m in view.messages],
                        [entry for entry in view.timeline if entry.kind != "archived"],
                        [(r.name, r.returned_at) for r in view.results],
                        [agency.id for agency in view.participants],
                        [(p.agency.id, p.own, p.waiting, p.others) for p in view.parts],
                        (view.words, view.status, view.tokens, sorted(view.may)),
                    )
                )
        session.rollback()
    return told


def test_everybody_reads_the_same_and_the_rows_come_back(engine: Engine) -> None:
    """Each person's view before, in the archive and after; each table's rows before and after."""
    sessions = sessionmaker(engine)
    play_some(sessions)
    with sessions() as session:
        rows = tables(session)
    views = seen(sessions)
    away = 0
    while True:
        with writing(), sessions.begin() as session:
            gone = commands.archive(session, LATER)
        if not gone:
            break
        away += len(gone)
    assert away >= 5
    assert seen(sessions) == views
    with sessions() as session:
        assert not list(check.faults(session))
        codes = session.scalars(select(Dossier.code).where(Dossier.archived_at.is_not(None))).all()
    assert len(codes) == away
    for code in codes:
        with writing(), sessions.begin() as session:
            commands.restore(session, SYSTEM, code, "đối chiếu", LATER)
    assert seen(sessions).keys() == views.keys()
    with sessions() as session:
        back = tables(session)
    assert {name for name in rows if rows[name] != back[name]} == {"dossier", "event"}
