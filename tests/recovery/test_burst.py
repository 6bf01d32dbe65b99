"""A burst of due levels while sweeper and worker are killed and Redis forgets: each fires once.

MOTCUA_TEST_SEED repeats a run's choices.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from engine.catalog import releases
from engine.db import make_engine
from engine.dossiers import scenario
from engine.dossiers.models import Dossier
from engine.events import Event, verify
from engine.letters import Delivery
from engine.notices import Notice
from engine.tasks.models import Task
from engine.timer_rows import Timer
from tests.recovery.test_recovery import PROCEDURE, ROOT, SEED, _let_a_minute_pass, _owed
from tests.recovery.test_recovery import town as town
from tests.recovery.town import Town

DOSSIERS = 120
LEVELS = ("warn", "due", "overdue", "escalated")
LONGEST = 240.0  # seconds
STRIKES = ("worker", "sweeper", "flush", "job", "worker", "flush", "sweeper", "job", "both")


def _late_dossiers(sessions: sessionmaker[Session], count: int) -> None:
    """Dossiers opened weeks ago at whose first step nobody looked: every level is due."""
    begun = datetime.now(UTC) - timedelta(days=21)
    with sessions() as session:
        release = releases.in_force(session, PROCEDURE, begun.date())
    folder = ROOT / "processes" / PROCEDURE / release.version / "scenarios"
    story = scenario.read(folder / "bhxh-chi-tra.toml")
    for number in range(count):
        moment = begun + timedelta(seconds=number)
        told = scenario.play(sessions, release, story, start_at=moment, until_step=0)
        assert told.ok, told.differences


def _fired(sessions: sessionmaker[Session]) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).where(Timer.status == "fired")) or 0


def _strike(town: Town, what: str, chance: random.Random) -> None:
    time.sleep(chance.uniform(0, 0.3))
    if what == "flush":
        assert town.flush()
        return
    for name in ("worker", "sweeper") if what == "both" else (what,):
        if name == "job":
            worker = town.programs["worker"]
            assert worker.process is not None
            town.kill_child(worker)
        else:
            town.programs[name].kill()
            town.programs[name].start()


def test_every_level_fires_exactly_once_in_a_burst_under_kills(
    town: Town, tell: Callable[[str], None]
) -> None:
    """SIGKILL to sweeper, worker and the jobs under way, Redis flushed; then all is as it ought."""
    chance = random.Random(SEED)
    engine = make_engine(town.database_url)
    sessions = sessionmaker(engine)
    town.programs["sweeper"].kill()  # the burst is made while nobody sweeps
    _late_dossiers(sessions, DOSSIERS)
    begun, struck = time.monotonic(), 0
    town.programs["sweeper"].start()
    seen = 0
    while time.monotonic() < begun + LONGEST:
        town.restart_the_dead()
        _let_a_minute_pass(sessions)
        now = _fired(sessions)
        if struck < len(STRIKES) and now > seen:  # in the middle of the work, each time
            _strike(town, STRIKES[struck], chance)
            struck += 1
        seen = now
        if not any(_owed(sessions).values()) and now >= DOSSIERS * len(LEVELS):
            break
        time.sleep(0.1)
    tell(
        f"{engine.dialect.name}: {seen} timers, {struck} strikes, "
        f"{time.monotonic() - begun:.0f} s, seed {SEED}"
    )
    assert not any(_owed(sessions).values()), town.logs()
    assert struck == len(STRIKES)
    with sessions() as session:
        tasks = session.scalars(select(Task.id).where(Task.status == "open")).all()
        assert len(tasks) == DOSSIERS
        told = Counter(
            (event.task_id, event.kind)
            for event in session.scalars(select(Event).where(Event.kind.in_(LEVELS)))
        )
        assert told == Counter({(task, kind): 1 for task in tasks for kind in LEVELS})
        order = session.execute(
            select(Event.task_id, Event.kind)
            .where(Event.kind.in_(LEVELS))
            .order_by(Event.dossier_id, Event.seq)
        ).all()
        assert [kind for _task, kind in order] == list(LEVELS) * DOSSIERS
        notices = Counter(session.scalars(select(Notice.kind).where(Notice.task_id.in_(tasks))))
        assert notices == {"warn": DOSSIERS, "due": DOSSIERS, "escalation": 2 * DOSSIERS}
        keys = session.scalars(select(Delivery.key)).all()
        assert len(keys) == len(set(keys))
        assert all(verify(session, dossier) for dossier in session.scalars(select(Dossier)))
    engine.dispose()
