"""Run every scenario under processes/ on a real database and tell where each arrived."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click
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
        with sessions() as session:
            release = releases.load(session, published[procedure, version])
        try:
            outcome = scenario.play(sessions, release, scenario.read(path))
        except MotCuaError as error:
            details = "; ".join(
                f"{k}: {' '.join(v)}" for k, v in getattr(error, "errors", {}).items()
            )
            outcome = scenario.Outcome(path.stem, differences=[f"{error.message} {details}"])
        played.append((label, outcome))
    return played


@click.command("scenarios")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--database", "url", default="", help="Database URL, else a temporary SQLite file.")
@click.option("--only", default="", help="Only scenarios whose path contains this text.")
def main(as_json: bool, url: str, only: str) -> None:
    """Run every scenario under processes/*/*/scenarios/."""
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(url or f"sqlite:///{folder}/scenarios.db")
        load_models().create_all(engine)
        played = run_all(sessionmaker(engine), only=only)
        engine.dispose()
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
