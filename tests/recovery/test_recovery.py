"""Web, worker, sweeper and Redis are killed again and again while people work: nothing is lost.

MOTCUA_TEST_SEED repeats a run's choices; MOTCUA_TEST_KILLS is how many kills there shall be.
"""

from __future__ import annotations

import os
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from engine.catalog import releases
from engine.catalog.releases import Release
from engine.db import make_engine, writing
from engine.dossiers import scenario
from engine.dossiers.models import Dossier
from engine.dossiers.scenario import Scenario
from engine.events import Event, verify
from engine.liaison.models import Message
from engine.org.models import Assignment, Person
from engine.outbox import Outbox
from engine.tasks.models import Submission, Task
from engine.timer_rows import Timer
from tests.recovery.officer import GaveUp, Officer
from tests.recovery.town import Chaos, Town, province

ROOT = Path(__file__).resolve().parents[2]
PROCEDURE = "khai-tu-lien-thong"
SEED = int(os.environ.get("MOTCUA_TEST_SEED") or random.SystemRandom().randrange(10**6))
KILLS = int(os.environ.get("MOTCUA_TEST_KILLS") or 14)
SHORTEST, LONGEST = 15.0, 240.0  # seconds of chaos
CLERKS = 4
WORKED = (
    "bhxh-chi-tra",
    "khong-co-che-do",
    "mot-co-quan-tu-choi",
    "trich-luc-sai",
    "tu-choi-dang-ky",
    "nguoi-co-cong-chi-tra",
    "thoi-huong-roi-bao-tro",
)
TIMED = ("bo-sung-qua-han", "co-quan-bo-sung-qua-han")  # a drawn timer must fire on the way
SENIOR = timedelta(days=40)  # so long ago the timed ones began: their limits have run out


class Desk:
    """Where dossiers are begun and worked; remembers which story each of them tells."""

    def __init__(self, sessions: sessionmaker[Session], town: Town, seed: int) -> None:
        self.sessions, self.chance = sessions, random.Random(seed)
        self.today = datetime.now(UTC)
        with sessions() as session:
            self.release = releases.in_force(session, PROCEDURE, self.today.date())
            rows = session.execute(
                select(Assignment.agency_id, Assignment.role, Person.username)
                .join(Person, Person.id == Assignment.person_id)
                .where(Assignment.valid_to.is_(None))
            ).all()
        self.names = {(agency, role): username for agency, role, username in rows}
        self.officers = {
            name: Officer(town.ports, name, f"127.0.1.{number}")
            for number, name in enumerate(sorted(set(self.names.values())), 1)
        }
        self.stories: dict[str, Scenario] = {}
        self.problems: list[str] = []
        self._lock = threading.Lock()

    def clerk(self, over: threading.Event) -> None:
        """Begin dossier after dossier until the chaos is over, and finish each that was begun."""
        while not over.is_set():
            with self._lock:
                name = self.chance.choice(WORKED + TIMED)
            code = "?"
            try:
                timed = name in TIMED
                story = self._story(name, self.today - SENIOR if timed else self.today)
                code, steps = self._seed(story) if timed else self._open(story)
                for step in steps:
                    self._do(code, step)
            except (GaveUp, AssertionError) as error:
                self.problems.append(f"{name} {code}: {error}")
                return

    def unheard(self, town: Town) -> None:
        """One more dossier, whose handoff is rung to a dead worker and then forgotten by Redis.

        No later ring helps: only the sweeper can find that something is owed.
        """
        try:
            code, steps = self._open(self._story("khong-co-che-do", self.today))
            for step in steps:
                if step["task"] == "ky_trich_luc":
                    town.programs["worker"].kill()
                self._do(code, step)
                if step["task"] == "ky_trich_luc":
                    assert town.flush()
                    town.programs["worker"].start()
                    self._await(code, "xoa_thuong_tru")  # before anybody else rings
        except (GaveUp, AssertionError) as error:
            self.problems.append(f"unheard: {error}")

    def _story(self, name: str, start: datetime) -> Scenario:
        folder = ROOT / "processes" / PROCEDURE / self.release.version / "scenarios"
        told = scenario.read(folder / f"{name}.toml")
        days = (start - told.start_at).days
        return replace(
            told, start_at=start, data=_moved(told.data, days), steps=_moved(told.steps, days)
        )

    def _open(self, story: Scenario) -> tuple[str, list[dict[str, Any]]]:
        officer = self.officers["lan.ubnd.tanan"]
        told = officer.post("/dossiers", {"procedure": PROCEDURE, "data": story.data})
        with self._lock:
            assert told["code"] not in self.stories, f"{told['code']} was given twice"
            self.stories[told["code"]] = story
        return told["code"], story.steps

    def _seed(self, story: Scenario) -> tuple[str, list[dict[str, Any]]]:
        """A dossier begun weeks ago that waits for its timer: the sweeper must find it due."""
        waits = next(number for number, step in enumerate(story.steps) if "task" not in step)
        told = scenario.play(self.sessions, self.release, story, until_step=waits)
        assert told.ok, told.differences
        with self._lock:
            self.stories[told.code] = story
        return told.code, story.steps[waits + 1 :]

    def _do(self, code: str, step: dict[str, Any]) -> None:
        task, agency, role = self._await(code, step["task"])
        officer = self.officers[self.names[agency, role]]
        officer.post(f"/tasks/{task}/claim", {})
        officer.post(f"/tasks/{task}/complete", {"data": step.get("data", {})})

    def _await(self, code: str, element: str) -> tuple[int, int, str]:
        query = (
            select(Task.id, Task.agency_id, Task.role)
            .join(Dossier, Dossier.id == Task.dossier_id)
            .where(Dossier.code == code, Task.element == element, Task.status == "open")
        )
        end = time.monotonic() + 90
        while time.monotonic() < end:
            with self.sessions() as session:
                found = session.execute(query).first()
            if found is not None:
                return found.id, found.agency_id, found.role
            _let_a_minute_pass(self.sessions)
            time.sleep(0.2)
        raise GaveUp(f"«{element}» never came")


@pytest.fixture
def town(database_url: str) -> Iterator[Town]:
    """The demo's province under real programs."""
    with province(database_url) as town:
        town.start()
        town.wait_until_ready()
        yield town


def test_nothing_is_lost_or_done_twice_under_kills(town: Town, tell: Callable[[str], None]) -> None:
    """Every dossier arrives where its story says; nothing twice, nothing lost, chains whole."""
    engine = make_engine(town.database_url)
    sessions = sessionmaker(engine)
    desk, chaos = Desk(sessions, town, SEED), Chaos(town, SEED)
    begun = time.monotonic()
    clerks = [
        threading.Thread(target=desk.clerk, args=(chaos.over,), daemon=True) for _ in range(CLERKS)
    ]
    for thread in (chaos, *clerks):
        thread.start()
    while time.monotonic() < begun + SHORTEST or chaos.count < KILLS:
        if not chaos.is_alive() or time.monotonic() > begun + LONGEST:
            break
        time.sleep(0.1)
    chaos.over.set()
    chaos.join(30)
    town.wait_until_ready()
    for clerk in clerks:
        clerk.join(150)
    desk.unheard(town)
    idle = _until_idle(sessions)
    answers: Counter[int | str] = Counter()
    for officer in desk.officers.values():
        answers.update(officer.seen)
    tell(
        f"{engine.dialect.name}: {chaos.count} kills {dict(chaos.kills)}, "
        f"{len(desk.stories)} dossiers, answers {dict(answers)}, "
        f"{time.monotonic() - begun:.0f} s, seed {SEED}"
    )
    assert chaos.error is None, chaos.error
    assert desk.problems == [], town.logs()
    assert not any(clerk.is_alive() for clerk in clerks), town.logs()
    assert idle, f"still owed after the calm: {_owed(sessions)}\n{town.logs()}"
    assert chaos.count >= KILLS
    assert "unforeseen" not in (town.folder / "web.log").read_text(errors="replace")
    assert answers[500] == 0
    assert len(desk.stories) >= CLERKS
    with sessions() as session:
        assert _wrong(sessions, session, desk.release, desk.stories) == []
        assert _twice(session) == []
    engine.dispose()


def _wrong(
    sessions: sessionmaker[Session],
    session: Session,
    release: Release,
    stories: dict[str, Scenario],
) -> list[str]:
    """What differs from the stories: a dossier lost, extra, or not where its story ends."""
    codes = set(session.scalars(select(Dossier.code)))
    found = [f"lost {code}" for code in stories.keys() - codes]
    found += [f"nobody opened {code}" for code in codes - stories.keys()]
    for code in codes & stories.keys():
        differences = scenario._compare(sessions, code, release, stories[code].expect)
        found += [f"{code} ({stories[code].name}): {text}" for text in differences]
    for dossier in session.scalars(select(Dossier)):
        if not verify(session, dossier):
            found.append(f"{dossier.code}: chain broken")
    return found


def _twice(session: Session) -> list[str]:
    """Whatever stands there more than once."""
    of_a_task = ("task-opened", "task-done", "task-claimed", "warn", "due", "overdue")
    checks = {
        "task": select(Task.instance_id, Task.token).group_by(Task.instance_id, Task.token),
        "event number": select(Event.dossier_id, Event.seq).group_by(Event.dossier_id, Event.seq),
        "event of a task": select(Event.task_id, Event.kind)
        .where(Event.kind.in_(of_a_task))
        .group_by(Event.task_id, Event.kind),
        "submission": select(Submission.task_id)
        .where(Submission.task_id.is_not(None))
        .group_by(Submission.task_id),
    }
    found = []
    for name, query in checks.items():
        for row in session.execute(query.having(func.count() > 1)):
            found.append(f"{name} twice: {tuple(row)}")
    for kind in ("message-sent", "message-delivered"):
        numbers = Counter(
            event.data["message"]
            for event in session.scalars(select(Event).where(Event.kind == kind))
            if "message" in event.data
        )
        found += [f"{kind} twice: {n}" for n, count in numbers.items() if count > 1]
    fired = session.scalar(select(func.count()).where(Event.kind == "timer-fired"))
    rows = session.scalar(select(func.count()).where(Timer.kind == "bpmn", Timer.status == "fired"))
    if fired != rows:
        found.append(f"{rows} drawn timers fired, {fired} events say so")
    return found


def _owed(sessions: sessionmaker[Session]) -> dict[str, int]:
    """What the worker and the sweeper still have to do."""
    with sessions() as session:
        counts = {
            "promises": select(func.count()).where(Outbox.done_at.is_(None)),
            "messages": select(func.count()).where(Message.status == "pending"),
            "timers": select(func.count()).where(
                Timer.status.in_(("waiting", "claimed")), Timer.due_at <= datetime.now(UTC)
            ),
        }
        return {name: session.scalar(query) or 0 for name, query in counts.items()}


def _until_idle(sessions: sessionmaker[Session], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not any(_owed(sessions).values()):
            return True
        _let_a_minute_pass(sessions)
        time.sleep(0.3)
    return False


def _let_a_minute_pass(sessions: sessionmaker[Session]) -> None:
    """Age the claims of timers whose ring Redis forgot: the sweeper waits a minute for those.

    Only claims a few seconds old: a ring under way is not disturbed.
    """
    moment = datetime.now(UTC)
    stale = (Timer.status == "claimed", Timer.claimed_at < moment - timedelta(seconds=4))
    with sessions() as session:
        if session.scalar(select(Timer.id).where(*stale).limit(1)) is None:
            return
    with writing(), sessions.begin() as session:
        session.execute(
            update(Timer).where(*stale).values(claimed_at=moment - timedelta(seconds=61))
        )


def _moved(value: Any, days: int) -> Any:
    """The same data with every date as many days later."""
    if isinstance(value, dict):
        return {key: _moved(item, days) for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, days) for item in value]
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return (date.fromisoformat(value) + timedelta(days=days)).isoformat()
    return value
