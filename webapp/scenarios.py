"""Run every scenario under processes/ on a real database and tell where each arrived."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker

from engine.catalog import releases
from engine.db import load_models, make_engine, writing
from engine.dossiers import scenario
from engine.errors import MotCuaError

ROOT = Path(__file__).resolve().parent.parent


def run_all(
    sessions: sessionmaker[Session], root: Path = ROOT, only: str = ""
) -> list[tuple[str, scenario.Outcome]]:
    """Play every scenario; returns (procedure/version/name, outcome) in order of the files."""
    from webapp import demo

    now = datetime.now(UTC)
    with writing(), sessions() as session:
        demo.load_organisation(session)
        published = {
            (row.procedure, row.version): row.id for row in releases.publish_all(session, root, now)
        }
        session.commit()
    played = []
    for path in sorted((root / "processes").glob("*/*/scenarios/*.toml")):
        procedure, version = path.parts[-4], path.parts[-3]
        label = f"{procedure}/{version}/{path.stem}"
        if only not in label:
            continue
        played.append((label, _play(sessions, published[procedure, version], path)))
    return played


def play_folder(folder: Path, forms: Path) -> list[tuple[str, list[str]]]:
    """Play the scenarios of one version on a temporary database: (name, differences) of each.

    The version must pass the gate: ModelError as when it is published.
    """
    from webapp import demo

    with _database() as sessions:
        with writing(), sessions() as session:
            demo.load_organisation(session)
            release = releases.publish_folder(session, folder, forms, datetime.now(UTC)).id
            session.commit()
        return [
            (path.stem, _play(sessions, release, path).differences)
            for path in sorted((folder / "scenarios").glob("*.toml"))
        ]


@contextmanager
def _database(url: str = "") -> Iterator[sessionmaker[Session]]:
    """An empty database at a URL, else one that is thrown away: it need not outlive a crash."""
    with tempfile.TemporaryDirectory() as place:
        engine = make_engine(url or f"sqlite:///{place}/scenarios.db")
        if not url:
            event.listen(engine, "connect", lambda c, _: c.execute("PRAGMA synchronous=OFF"))
        load_models().create_all(engine)
        yield sessionmaker(engine)
        engine.dispose()


def _play(sessions: sessionmaker[Session], release_id: int, path: Path) -> scenario.Outcome:
    with sessions() as session:
        release = releases.load(session, release_id)
    try:
        return scenario.play(sessions, release, scenario.read(path))
    except MotCuaError as error:
        details = "; ".join(f"{k}: {' '.join(v)}" for k, v in getattr(error, "errors", {}).items())
        return scenario.Outcome(path.stem, differences=[f"{error.message} {details}"])


@click.command("scenarios")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--database", "url", default="", help="Database URL, else a temporary SQLite file.")
@click.option("--only", default="", help="Only scenarios whose path contains this text.")
def main(as_json: bool, url: str, only: str) -> None:
    """Run every scenario under processes/*/*/scenarios/."""
    with _database(url) as sessions:
        played = run_all(sessions, only=only)
    if as_json:
        rows = [
            {
                "scenario": label,
                "ok": o.ok,
                "dossier": o.code,
                "steps": o.steps,
                "differences": o.differences,
            }
            for label, o in played
        ]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        for label, outcome in played:
            click.echo(f"{'đạt ' if outcome.ok else 'HỎNG'}  {label}  ({outcome.steps} bước)")
            for line in outcome.differences:
                click.echo(f"      {line}")
        good = sum(outcome.ok for _label, outcome in played)
        click.echo(f"{good}/{len(played)} kịch bản đạt")
    raise SystemExit(0 if played and all(outcome.ok for _label, outcome in played) else 1)
