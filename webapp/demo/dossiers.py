"""Make the demo's dossiers by running the real commands at past moments. Writes no row itself."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from engine.calendar import default_calendar
from engine.catalog import releases
from engine.db import writing
from engine.dossiers import scenario
from engine.dossiers.models import Dossier
from engine.errors import Invalid, MotCuaError
from webapp.demo.organisation import load_organisation
from webapp.demo.plans import Planner, Story
from webapp.demo.playing import Player

ROOT = Path(__file__).resolve().parent.parent.parent
COUNT = 60


def make_dossiers(
    sessions: sessionmaker[Session],
    now: datetime,
    progress: Callable[[str], object] = print,
    *,
    root: Path = ROOT,
    count: int = COUNT,
) -> int:
    """Load the organisation, publish the procedures, make about ``count`` dossiers as of ``now``.

    Returns how many dossiers were made; 0 when there are dossiers already. What could not be made
    is told through ``progress`` and left out.
    """
    with writing(), sessions() as session:
        load_organisation(session)
        published = releases.publish_all(session, root, now)
        stories = [story for row in published for story in _stories(session, row.id, root)]
        there = session.scalar(select(Dossier.id).limit(1))
        session.commit()
    if there is not None:
        return 0
    progress(f"Đã có tổ chức, địa bàn và {len(published)} phiên bản thủ tục.")
    calendar = default_calendar()
    plans = Planner(stories, now, calendar).plans(count)
    player = Player(sessions, now, calendar, random.Random(count))  # noqa: S311 - repeatable
    made = 0
    for number, plan in enumerate(plans, 1):
        try:
            player.play(plan)
            made += 1
        except MotCuaError as error:
            details = "; ".join(f"{k}: {' '.join(v)}" for k, v in _errors(error).items())
            name = f"{plan.release.version}/{plan.scenario.name}"
            progress(f"Bỏ qua một hồ sơ mẫu ({name}): {error.message} {details}")
        if number % 5 == 0 or number == len(plans):
            progress(f"Hồ sơ mẫu: {number}/{len(plans)}")
    return made


def _errors(error: MotCuaError) -> dict[str, list[str]]:
    return error.errors if isinstance(error, Invalid) else {}


def _stories(session: Session, release_id: int, root: Path) -> list[Story]:
    release = releases.load(session, release_id)
    folder = root / "processes" / release.procedure / release.version / "scenarios"
    return [Story(release, scenario.read(path)) for path in sorted(folder.glob("*.toml"))]
