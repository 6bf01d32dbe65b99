"""``motcua bench archive``: dossiers put away and brought back per second, and what they weigh."""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

import click
from sqlalchemy import Engine, delete, func, insert, select, text

from engine.archive import bundle, commands
from engine.archive.models import ArchivedDossier, ArchivedPart
from engine.db import writing
from engine.dossiers import scenario
from engine.dossiers.models import Dossier
from engine.org.access import SYSTEM
from webapp.bench import town
from webapp.bench.report import Series, show

_REST = timedelta(days=100)  # longer than the rule of the procedure asks for


def finish(house: town.Town, count: int) -> None:
    """Play the whole story ``count`` times: every agency, every handoff, to the last result."""
    story = scenario.read(
        town.ROOT / "processes" / town.PROCEDURE / town.VERSION / "scenarios" / f"{town.STORY}.toml"
    )
    with town.progress(count, "Giải quyết hồ sơ") as bar:
        for number in range(count):
            begin = town.NOW + timedelta(seconds=number)
            told = scenario.play(house.sessions, house.release, story, start_at=begin)
            if not told.ok:
                raise click.ClickException(f"Kịch bản không chạy hết: {told.differences}")
            bar.update(1)
    with writing(), house.sessions.begin() as session:  # nothing waits for a letter or a receipt
        session.execute(text("UPDATE delivery SET status = 'off'"))
        session.execute(text("UPDATE message SET acknowledged_at = sent_at"))
        session.execute(text("UPDATE timer SET status = 'cancelled' WHERE status <> 'fired'"))


def put_away(house: town.Town, now: datetime) -> int:
    """Archive all that may go, a batch in each transaction."""
    count = 0
    while True:
        with writing(), house.sessions.begin() as session:
            gone = commands.archive(session, now)
        if not gone:
            return count
        count += len(gone)


def bring_back(house: town.Town, now: datetime) -> int:
    """Restore all that is archived, each in a transaction of its own."""
    with house.sessions() as session:
        codes = list(session.scalars(select(Dossier.code).where(Dossier.archived_at.is_not(None))))
    for code in codes:
        with writing(), house.sessions.begin() as session:
            commands.restore(session, SYSTEM, code, "đo tốc độ", now)
    return len(codes)


def ready(house: town.Town) -> dict[int, tuple[dict[str, Any], bundle.Rows]]:
    """What lies in the archive, by dossier: its row, and the rows within the bundle."""
    columns = [column.name for column in ArchivedDossier.__table__.columns]
    with house.sessions() as session:
        return {
            kept.dossier_id: ({name: getattr(kept, name) for name in columns}, bundle.unpack(kept))
            for kept in session.scalars(select(ArchivedDossier))
        }


def bare(house: town.Town, known: dict[int, tuple[dict[str, Any], bundle.Rows]]) -> None:
    """The limit: bundles made beforehand are written, rows deleted; nothing is looked for."""
    numbers = list(known)
    for start in range(0, len(numbers), commands.BATCH):
        part = numbers[start : start + commands.BATCH]
        with writing(), house.sessions.begin() as session:
            session.execute(insert(ArchivedDossier), [known[number][0] for number in part])
            bundle.remove(session, part)


def undo(house: town.Town, known: dict[int, tuple[dict[str, Any], bundle.Rows]]) -> None:
    """The rows as they were before ``bare``."""
    with writing(), house.sessions.begin() as session:
        session.execute(delete(ArchivedDossier))
        for _kept, rows in known.values():
            bundle.put_back(session, rows)


def weight(engine: Engine, tables: list[str]) -> int:
    """Bytes of tables with their indexes, packed anew; PostgreSQL only."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in tables:
            connection.execute(text(f'VACUUM FULL "{name}"'))
        sizes = [
            connection.scalar(text("SELECT pg_total_relation_size(to_regclass(:n))"), {"n": name})
            for name in tables
        ]
    return sum(sizes)


@click.command()
@click.option("--database", "url", help="A URL, or “postgresql” for one of its own; else SQLite.")
@click.option("--dossiers", default=40, show_default=True, help="Dossiers played to their end.")
@click.option("--rounds", default=5, show_default=True, help="Times they go and come back.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(url: str | None, dossiers: int, rounds: int, as_json: bool) -> None:
    """Archive finished dossiers of the death group and restore them."""
    least, back = Series("bare move", "dossiers/s"), Series("restored", "dossiers/s")
    away = Series("archived", "dossiers/s", limit=least.name)
    live = [part.__tablename__ for part in bundle.PARTS]
    kept = [ArchivedDossier.__tablename__, ArchivedPart.__tablename__]
    facts: dict[str, float] = {}
    with ExitStack() as stack:
        house = town.settle(stack.enter_context(town.database(url)))
        stack.callback(house.engine.dispose)
        finish(house, dossiers)
        weighs = house.engine.dialect.name == "postgresql"
        full = weight(house.engine, live) if weighs else 0
        now = town.NOW
        for turn in range(rounds):
            now += _REST
            started = time.perf_counter()
            count = put_away(house, now)
            away.values.append(count / (time.perf_counter() - started))
            if turn == 0:
                with house.sessions() as session:
                    sizes = session.execute(
                        select(
                            ArchivedDossier.rows,
                            ArchivedDossier.size,
                            func.length(ArchivedDossier.bundle),
                        )
                    ).all()
                rows, raw, packed = (
                    statistics.median(column) for column in zip(*sizes, strict=True)
                )
                facts |= {"rows": rows, "JSON bytes": raw, "bundle bytes": packed}
                if weighs:
                    before = full / dossiers
                    after = weight(house.engine, kept) / dossiers
                    facts |= {"table bytes before": round(before), "after": round(after)}
                    facts["after / before"] = round(after / before, 3)
            known = ready(house)
            started = time.perf_counter()
            count = bring_back(house, now)
            back.values.append(count / (time.perf_counter() - started))
            started = time.perf_counter()
            bare(house, known)
            least.values.append(len(known) / (time.perf_counter() - started))
            undo(house, known)
    show("archive", [least, away, back], as_json, **facts)
