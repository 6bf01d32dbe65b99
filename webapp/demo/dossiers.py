"""Make the demo's dossiers by running the real commands at past moments. Writes no row itself."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, sessionmaker

from engine.calendar import default_calendar
from engine.catalog import releases
from engine.db import writing
from engine.dossiers import scenario
from engine.dossiers.commands import agency_for
from engine.dossiers.models import Dossier
from engine.errors import Invalid, MotCuaError
from engine.liaison.models import Message
from engine.org.access import LIAISON
from engine.org.models import Agency, Assignment
from engine.tasks.models import Task
from webapp.demo.organisation import load_organisation
from webapp.demo.plans import Plan, Planner, Story
from webapp.demo.playing import Player, leave_read

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
    planner = Planner(stories, now, calendar)
    plans = planner.plans(count - count // 8)  # the rest is for desks that stay empty
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
    made += _fill_desks(sessions, planner, player, now)
    leave_read(sessions, now)
    return made


def _fill_desks(
    sessions: sessionmaker[Session], planner: Planner, player: Player, now: datetime
) -> int:
    """A dossier for every desk that does steps and has none waiting; how many were made."""
    made = 0
    for agency, role in _desks(sessions, now):
        with sessions() as session:
            there = _unconfirmed(agency.id) if role == LIAISON else _waiting(agency.id, role)
            if session.scalar(there):
                continue  # an earlier one brought work here too

            def lands(plan: Plan, pool: str, agency: Agency = agency) -> bool:
                found = agency_for(session, plan.release, pool, plan.scenario.data, now)
                return found.id == agency.id

            plan = planner.for_desk(agency.kind, role, lands)
        if plan is not None:
            player.play(plan, agency.id if role == LIAISON else None)
            made += 1
    return made


def _desks(sessions: sessionmaker[Session], now: datetime) -> list[tuple[Agency, str]]:
    """Every agency with each role that somebody holds there now."""
    with sessions() as session:
        held = select(Assignment).where(
            or_(Assignment.valid_to.is_(None), Assignment.valid_to >= now.date())
        )
        posts = {(post.agency_id, post.role) for post in session.scalars(held)}
        return [(session.get_one(Agency, agency), role) for agency, role in sorted(posts)]


def _waiting(agency_id: int, role: str) -> Select[Any]:
    return (
        select(Task.id)
        .where(Task.agency_id == agency_id, Task.role == role, Task.status == "open")
        .limit(1)
    )


def _unconfirmed(agency_id: int) -> Select[Any]:
    return (
        select(Message.id)
        .where(
            Message.receiver_agency_id == agency_id,
            Message.status == "delivered",
            Message.acknowledged_at.is_(None),
        )
        .limit(1)
    )


def _errors(error: MotCuaError) -> dict[str, list[str]]:
    return error.errors if isinstance(error, Invalid) else {}


def _stories(session: Session, release_id: int, root: Path) -> list[Story]:
    release = releases.load(session, release_id)
    folder = root / "processes" / release.procedure / release.version / "scenarios"
    return [Story(release, scenario.read(path)) for path in sorted(folder.glob("*.toml"))]
