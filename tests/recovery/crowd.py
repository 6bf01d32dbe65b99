"""Dossiers worked from two sides at once, every click doubled, and what became of each of them."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from engine.catalog import releases
from engine.db import writing
from engine.dossiers import scenario
from engine.dossiers.models import Dossier, Instance, Result
from engine.dossiers.scenario import Scenario
from engine.events import Event
from engine.liaison.models import Message
from engine.org.models import Assignment, Person
from engine.outbox import Outbox
from engine.tasks.models import Task
from engine.timer_rows import LEVELS, TOTAL, Timer
from tests.recovery.officer import GaveUp, Officer
from tests.recovery.test_recovery import PROCEDURE, ROOT, _let_a_minute_pass, _moved
from tests.recovery.town import Town

RIVAL = ".2"  # the second person of every post
CLICKS = ("double", "twins", "rivals", "stale", "claimed")
LONGEST = 240.0  # seconds for one dossier
# Whether a level is reached depends on when people work; who claims is up to the clicks.
_BY_THE_CLOCK = (*LEVELS, *TOTAL, "receipt-late", "task-claimed")

Fate = dict[str, Any]
Answer = tuple[int, dict[str, Any]]


@dataclass(frozen=True)
class Step:
    """An open task as a person's page showed it."""

    task: int
    element: str
    agency: int
    role: str
    version: int


def add_rivals(session: Session) -> None:
    """Everybody gets a colleague with the same posts."""
    for person in session.scalars(select(Person)).all():
        colleague = Person(
            username=person.username + RIVAL,
            name=f"{person.name} (hai)",
            password_hash=person.password_hash,
        )
        session.add(colleague)
        session.flush()
        for post in session.scalars(select(Assignment).where(Assignment.person_id == person.id)):
            session.add(
                Assignment(
                    person_id=colleague.id,
                    agency_id=post.agency_id,
                    role=post.role,
                    valid_from=post.valid_from,
                    valid_to=post.valid_to,
                )
            )


def fate(session: Session, code: str) -> Fate:
    """What became of a dossier, whoever did it and in whatever order."""
    dossier = session.scalars(select(Dossier).where(Dossier.code == code)).one()
    traces: dict[str, Counter[str]] = {}
    rounds: Counter[str] = Counter()
    for one in session.scalars(select(Instance).where(Instance.dossier_id == dossier.id)):
        traces.setdefault(one.pool, Counter()).update(one.trace)
        rounds[one.pool] += 1

    def counted(query: Any) -> Counter[Any]:
        return Counter(tuple(row) for row in session.execute(query))

    return {
        "outcome": dossier.outcome,
        "rounds": rounds,
        "traces": traces,
        "results": counted(select(Result.name).where(Result.dossier_id == dossier.id)),
        "messages": counted(
            select(Message.flow, Message.status).where(Message.dossier_id == dossier.id)
        ),
        "tasks": counted(select(Task.element, Task.status).where(Task.dossier_id == dossier.id)),
        "events": counted(
            select(Event.kind).where(
                Event.dossier_id == dossier.id, Event.kind.not_in(_BY_THE_CLOCK)
            )
        ),
    }


def unlike(found: Fate, wanted: Fate) -> list[str]:
    """Each part in which two fates differ."""
    return [
        f"{key}: {found[key]}, alone {wanted[key]}" for key in wanted if found[key] != wanted[key]
    ]


class Crowd:
    """Officers who all click at once; remembers the dossiers and every answer that was wrong."""

    def __init__(self, sessions: sessionmaker[Session], town: Town, seed: int) -> None:
        self.sessions, self.town, self.chance = sessions, town, random.Random(seed)
        self.now = datetime.now(UTC)
        with sessions() as session:
            self.release = releases.in_force(session, PROCEDURE, self.now.date())
            posts = session.execute(
                select(Assignment.agency_id, Assignment.role, Person.username)
                .join(Person, Person.id == Assignment.person_id)
                .where(Assignment.valid_to.is_(None))
            ).all()
        self.people: dict[tuple[int, str], list[Officer]] = {}
        names = sorted({name for _agency, _role, name in posts})
        self.officers = {
            name: Officer(town.ports, name, f"127.0.1.{number}")
            for number, name in enumerate(names, 1)
        }
        for agency, role, name in posts:
            self.people.setdefault((agency, role), []).append(self.officers[name])
        self.stories: dict[str, str] = {}  # the dossiers' codes and what each of them plays
        self.clicks: Counter[str] = Counter()
        self.problems: list[str] = []
        self.lossy = False  # whether an answer may get lost on its way
        self._lock = threading.Lock()

    def alone(self, name: str) -> Fate:
        """What becomes of a story that is played with nobody else in town."""
        told = scenario.play(self.sessions, self.release, self.story(name, self.now))
        assert told.ok, told.differences
        with self.sessions() as session:
            return fate(session, told.code)

    def story(self, name: str, start: datetime) -> Scenario:
        """A story with its dates moved to another beginning."""
        folder = ROOT / "processes" / PROCEDURE / self.release.version / "scenarios"
        told = scenario.read(folder / f"{name}.toml")
        days = (start - told.start_at).days
        return replace(
            told, start_at=start, data=_moved(told.data, days), steps=_moved(told.steps, days)
        )

    def seed(self, name: str, age: timedelta, until: int) -> tuple[str, list[dict[str, Any]]]:
        """A dossier begun some time ago that stands before a step; its timers are due."""
        story = self.story(name, self.now - age)
        told = scenario.play(self.sessions, self.release, story, until_step=until)
        assert told.ok, told.differences
        return told.code, story.steps[until:]

    def begin(self, name: str) -> tuple[str, list[dict[str, Any]]]:
        """A dossier begun now at the counter, by a double click."""
        story, key = self.story(name, self.now), uuid.uuid4().hex
        send = partial(
            self.officers["lan.ubnd.tanan"].insist,
            "/dossiers",
            {"procedure": PROCEDURE, "data": story.data},
            key=key,
        )
        one, two = _at_once(*(partial(send, port=port) for port in self.town.ports))
        assert one == two, f"two dossiers of one click: {one}, {two}"
        assert one[0] == 201, one
        return one[1]["code"], story.steps

    def work(self, begin: Callable[[], tuple[str, list[dict[str, Any]]]], name: str) -> None:
        """Begin a dossier and do its steps: those that can stand side by side, at once."""
        code = "?"
        try:
            code, steps = begin()
            with self._lock:
                assert code not in self.stories, f"{code} was given twice"
                self.stories[code] = name
            self._work(code, steps)
        except (GaveUp, AssertionError) as error:
            self.problems.append(f"{name} {code}: {error}")

    def _work(self, code: str, steps: list[dict[str, Any]]) -> None:
        elements = [step["task"] for step in steps if "task" in step]
        left = [step for step in steps if "task" in step]
        side_by_side = len(elements) == len(set(elements))
        end = time.monotonic() + LONGEST
        while left:
            assert time.monotonic() < end, f"stuck before {[step['task'] for step in left]}"
            if not self._calm(code):
                _let_a_minute_pass(self.sessions)
                time.sleep(0.1)
                continue
            closed, opened = self._open(code)
            if closed:
                return
            wave = [(step, opened[step["task"]]) for step in left if step["task"] in opened]
            if not side_by_side:
                wave = wave[:1]
            clicks = [
                threading.Thread(target=self._click, args=(code, seen, step.get("data", {})))
                for step, seen in wave
            ]
            for click in clicks:
                click.start()
            for click in clicks:
                click.join()
            left = [step for step in left if all(step is not done for done, _seen in wave)]
            if not wave:
                time.sleep(0.1)

    def _calm(self, code: str) -> bool:
        """Whether the worker has nothing left to carry for the dossier and no timer is due.

        A timer that was just rung for is let race: people act while its job is on the way.
        """
        with self.sessions() as session:
            number = session.scalar(select(Dossier.id).where(Dossier.code == code))
            owed = session.scalars(select(Outbox.payload).where(Outbox.done_at.is_(None))).all()
            due = select(Timer.status).where(
                Timer.dossier_id == number,
                Timer.kind == "bpmn",
                Timer.status.in_(("waiting", "claimed")),
                Timer.due_at <= datetime.now(UTC),
            )
            timer = session.scalar(due.limit(1))
        if timer == "claimed":
            time.sleep(self.chance.uniform(0, 4))
        return timer != "waiting" and all(payload["dossier"] != number for payload in owed)

    def _open(self, code: str) -> tuple[bool, dict[str, Step]]:
        query = (
            select(Task.id, Task.element, Task.agency_id, Task.role, Instance.version)
            .join(Dossier, Dossier.id == Task.dossier_id)
            .join(Instance, Instance.id == Task.instance_id)
            .where(Dossier.code == code, Task.status == "open")
        )
        with self.sessions() as session:
            closed = session.scalar(select(Dossier.closed_at).where(Dossier.code == code))
            rows = session.execute(query).all()
        return closed is not None, {row[1]: Step(*row) for row in rows}

    def _click(self, code: str, step: Step, data: dict[str, Any]) -> None:
        """Complete a task twice at the same moment, through both webs; right is done once."""
        with self._lock:
            how = self.chance.choice(CLICKS)
            people = list(self.people[step.agency, step.role])
            self.chance.shuffle(people)
            first_port, second_port = self.chance.sample(self.town.ports, 2)
            self.clicks[how] += 1
        me, rival = people[0], people[1]
        keys: list[str | None] = [uuid.uuid4().hex, uuid.uuid4().hex]
        bodies: list[dict[str, Any]] = [{"data": data}, {"data": data}]
        other = rival if how in ("rivals", "claimed") else me
        if how == "double":
            keys = [keys[0], keys[0]]
        elif how == "twins":
            keys = [None, None]
        elif how == "stale":  # a page of the past is good while its task is open; of the future not
            bodies = [{"data": data, "version": step.version}, {"data": data, "version": 10**6}]
        elif how == "claimed":
            me.insist(f"/tasks/{step.task}/claim", {}, key=uuid.uuid4().hex, port=second_port)
        path = f"/tasks/{step.task}/complete"
        answers = _at_once(
            partial(me.insist, path, bodies[0], key=keys[0], port=first_port),
            partial(other.insist, path, bodies[1], key=keys[1], port=second_port),
        )
        wrong = self._judge(how, answers)
        let_in = any(status == 200 for status, _told in answers)
        if wrong and (let_in or not self._overtaken(step.task)):
            self.problems.append(f"{code} {step.element} {how}: {wrong} {answers}")

    def _judge(self, how: str, answers: list[Answer]) -> str:
        statuses = [status for status, _told in answers]
        if any(status not in (200, 409) for status in statuses):
            return "neither done nor refused"
        if how == "double":
            same = statuses == [200, 200] and answers[0][1] == answers[1][1]
            return "" if same else "a key has one answer"
        if statuses.count(200) == 2:
            return "done twice"
        if statuses.count(200) == 1:
            wanted = {"stale": [200, 409], "claimed": [200, 409]}.get(how, statuses)
            return "" if statuses == wanted else "the wrong one was let in"
        # Without a key whoever never heard the first answer learns that the task is finished.
        return "" if self.lossy and how == "twins" else "nobody was let in"

    def _overtaken(self, task: int) -> bool:
        """Whether a timer or a message took the task away before anybody could finish it."""
        with self.sessions() as session:
            return session.get_one(Task, task).status == "cancelled"


def _at_once(*asks: Callable[[], Answer]) -> list[Answer]:
    """The answers to requests that set out at the same moment."""
    answers: list[Answer] = [(0, {})] * len(asks)
    gate = threading.Barrier(len(asks))

    def ask(place: int, send: Callable[[], Answer]) -> None:
        gate.wait()
        try:
            answers[place] = send()
        except GaveUp as error:
            answers[place] = (0, {"message": str(error)})

    threads = [threading.Thread(target=ask, args=one) for one in enumerate(asks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def first_step(steps: list[dict[str, Any]], element: str) -> int:
    """The place of a story's step."""
    return next(number for number, step in enumerate(steps) if step.get("task") == element)


def with_rivals(sessions: sessionmaker[Session]) -> None:
    """Commit everybody's colleague."""
    with writing(), sessions.begin() as session:
        add_rivals(session)
