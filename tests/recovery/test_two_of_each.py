"""Two webs, two workers and two sweepers on one PostgreSQL, all caches on: as if each were alone.

The same dossiers are worked from both sides at once, every click doubled, while workers route
messages and fire timers into them; then the same with programs killed and Redis emptied meanwhile.
MOTCUA_TEST_SEED repeats a run's choices.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, sessionmaker

from engine.db import make_engine
from engine.dossiers.models import Dossier
from engine.events import Event, verify
from engine.letters import Delivery
from engine.timer_rows import LEVELS, Timer
from tests.recovery.crowd import Crowd, Fate, fate, first_step, unlike, with_rivals
from tests.recovery.test_recovery import SEED, _owed, _twice, _until_idle
from tests.recovery.town import Chaos, Town, province

KILLS = int(os.environ.get("MOTCUA_TEST_KILLS") or 14)
LONGEST = 240.0  # seconds of chaos
STORIES = (
    "bhxh-chi-tra",
    "tuat-ben-noi-chi-tra-khac",
    "mot-co-quan-tu-choi",
    "thoi-huong-roi-nguoi-co-cong",
    "ba-xa-khac-nhau",
    "bao-tro-chi-tra",
    "khong-co-che-do",
    "can-xac-minh",
    "tu-choi-dang-ky",
    "trich-luc-sai",
    "trich-luc-sai-khi-dang-lam",
)
LATE = ("bhxh-chi-tra", "tuat-ben-noi-chi-tra-khac")  # begun three weeks ago: every level is due
# The officer and a timer that is due both act on a step; either may be first.
RACES = (
    ("bo-sung-kip", "bo_sung", "bo-sung-qua-han"),
    ("co-quan-bo-sung-kip", "cho_bo_sung_bhxh", "co-quan-bo-sung-qua-han"),
)
WEEKS, MONTH = timedelta(days=21), timedelta(days=40)

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def town(database_url: str) -> Iterator[Town]:
    """Two of each, not started yet."""
    with province(database_url, each=2) as town:
        yield town


@pytest.fixture
def engine(town: Town) -> Iterator[Engine]:
    """The test's own connections."""
    engine = make_engine(town.database_url)
    yield engine
    engine.dispose()


class Play:
    """What each story's end ought to be, and the dossiers that are to reach it."""

    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.won: Counter[str] = Counter()  # who came first in each race
        self.ends: dict[str, list[Fate]] = {name: [crowd.alone(name)] for name in STORIES}
        for early, _step, late in RACES:
            self.ends[early] = [crowd.alone(early), crowd.alone(late)]

    def seeded(self, each: int) -> list[threading.Thread]:
        """Dossiers with timers that are due, made while nobody sweeps."""
        crowd, work = self.crowd, []
        for name in LATE * each:
            work.append((name, crowd.seed(name, WEEKS, 0)))
        for name, step, _late in RACES * each:
            until = first_step(crowd.story(name, crowd.now).steps, step)
            work.append((name, crowd.seed(name, MONTH, until)))
        return [
            threading.Thread(target=crowd.work, args=(partial(_after, seeded, wait), name))
            for name, seeded in work
            for wait in [crowd.chance.uniform(0, 4)]
        ]

    def begun(self, each: int) -> list[threading.Thread]:
        """Dossiers that are begun at the counter."""
        begin = self.crowd.begin
        return [
            threading.Thread(target=self.crowd.work, args=(partial(begin, name), name))
            for name in STORIES * each
        ]

    def wrong(self, session: Session) -> list[str]:
        """Every dossier that ended otherwise than alone, is lost, or has a broken chain."""
        found = []
        for code, name in self.crowd.stories.items():
            told = fate(session, code)
            apart = [unlike(told, end) for end in self.ends[name]]
            nearest = apart.index(min(apart, key=len))
            if len(apart) > 1:
                self.won["timer" if nearest else "officer"] += 1
            found += [f"{name} {code}: {text}" for text in apart[nearest]]
        for dossier in session.scalars(select(Dossier)):
            if dossier.closed_at is None:
                found.append(f"{dossier.code} is still open")
            if not verify(session, dossier):
                found.append(f"{dossier.code}: chain broken")
        return found


def _after(seeded: tuple[str, list[dict[str, Any]]], wait: float) -> Any:
    time.sleep(wait)
    return seeded


def _start(town: Town, crowd: Crowd) -> None:
    """Sweepers last, when everybody has logged in: neither they nor the officers are ahead."""
    town.start("redis", "web", "worker")
    town.wait_until_ready()
    for officer in crowd.officers.values():
        officer.enter()
    town.start("sweeper")


def _go(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()


def _end(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join()


def _levels(session: Session) -> list[str]:
    """Every level of a step that was not told exactly once."""
    told = Counter(
        (event.task_id, event.kind, event.data["stage"])
        for event in session.scalars(select(Event).where(Event.kind.in_(LEVELS)))
    )
    fired = Counter(
        (timer.task_id, timer.kind, timer.stage)
        for timer in session.scalars(
            select(Timer).where(Timer.kind.in_(LEVELS), Timer.status == "fired")
        )
    )
    found = [f"level {key} told {count} times" for key, count in told.items() if count != 1]
    return found + [f"level {key} fired, not told" for key in fired.keys() ^ told.keys()]


def _wrong(play: Play, sessions: sessionmaker[Session]) -> list[str]:
    """Everything in the database that ought to be otherwise."""
    with sessions() as session:
        keys = Counter(session.scalars(select(Delivery.key)))
        twice = [f"letter {key} twice" for key, count in keys.items() if count > 1]
        return [*play.wrong(session), *_twice(session), *_levels(session), *twice]


def _unkept(town: Town) -> list[str]:
    """What a program wrote down as gone wrong."""
    logs = "".join(one.log.read_text(errors="replace") for one in town.programs.values())
    words = ("unforeseen", "promise not kept", "timer not fired")
    return [word for word in words if word in logs]


def test_two_of_each_do_what_one_alone_does(
    town: Town, engine: Engine, tell: Callable[[str], None]
) -> None:
    """Siblings completed at once, doubled clicks, messages and timers between them: same ends."""
    sessions = sessionmaker(engine)
    with_rivals(sessions)
    crowd = Crowd(sessions, town, SEED)
    play = Play(crowd)
    seeded = play.seeded(each=2)
    begun = time.monotonic()
    _start(town, crowd)
    work = [*seeded, *play.begun(each=1)]
    _go(work)
    _end(work)
    idle, wrong = _until_idle(sessions), _wrong(play, sessions)
    answers: Counter[int | str] = Counter()
    for officer in crowd.officers.values():
        answers.update(officer.seen)
    tell(
        f"{len(crowd.stories)} dossiers, clicks {dict(crowd.clicks)}, "
        f"answers {dict(answers)}, first {dict(play.won)}, "
        f"{time.monotonic() - begun:.0f} s, seed {SEED}"
    )
    assert not crowd.problems, "\n".join([*crowd.problems, town.logs()])
    assert idle, f"still owed: {_owed(sessions)}\n{town.logs()}"
    assert set(answers) <= {200, 201, 409}
    assert len(crowd.stories) == len(seeded) + len(STORIES)
    assert not wrong, "\n".join(wrong)
    assert _unkept(town) == []


def test_two_of_each_under_kills(town: Town, engine: Engine, tell: Callable[[str], None]) -> None:
    """The same while webs, workers, jobs and sweepers get SIGKILL and Redis is emptied."""
    sessions = sessionmaker(engine)
    with_rivals(sessions)
    crowd, chaos = Crowd(sessions, town, SEED), Chaos(town, SEED)
    crowd.lossy = True
    play = Play(crowd)
    seeded = play.seeded(each=1)
    _start(town, crowd)
    begun = time.monotonic()
    chaos.start()
    work = [*seeded, *play.begun(each=1)]
    _go(work)
    while chaos.is_alive() and (chaos.count < KILLS or not chaos.kills["flush"]):
        if time.monotonic() > begun + LONGEST:
            break
        if not any(one.is_alive() for one in work):
            work = play.begun(each=1)
            _go(work)
        time.sleep(0.1)
    chaos.over.set()
    chaos.join(30)
    town.wait_until_ready()
    _end(work)
    idle, wrong = _until_idle(sessions), _wrong(play, sessions)
    tell(
        f"{chaos.count} kills {dict(chaos.kills)}, {len(crowd.stories)} dossiers, "
        f"clicks {dict(crowd.clicks)}, first {dict(play.won)}, "
        f"{time.monotonic() - begun:.0f} s, seed {SEED}"
    )
    assert chaos.error is None, chaos.error
    assert not crowd.problems, "\n".join([*crowd.problems, town.logs()])
    assert idle, f"still owed: {_owed(sessions)}\n{town.logs()}"
    assert chaos.count >= KILLS
    assert chaos.kills["flush"]
    assert not wrong, "\n".join(wrong)
    assert _unkept(town) == []
