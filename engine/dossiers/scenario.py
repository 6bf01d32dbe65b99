"""Play a scenario (a procedure's own test, and the demo's script) through the real commands.

Every command has a session and a transaction of its own, so the state is saved and restored
between any two steps. Time is simulated: timers fire at the moment at which they are due.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import outbox, timers
from engine.catalog.releases import Release
from engine.db import writing
from engine.dossiers.commands import agency_for, open_dossier
from engine.dossiers.models import Dossier, Instance, Result
from engine.errors import Invalid, NotFound
from engine.events import verify
from engine.liaison import router
from engine.liaison.models import Message
from engine.org import queries
from engine.org.access import Actor
from engine.tasks.commands import claim, complete
from engine.tasks.models import Task
from engine.timer_rows import Timer

_SPAN = re.compile(r"^\s*(\d+)\s+(minute|hour|day)s?\s*$")
SessionFactory = Callable[[], Session]


@dataclass(frozen=True)
class Scenario:
    """One scenario file: who submits what, which tasks follow where, what ends."""

    name: str
    title: str
    start_at: datetime
    data: dict[str, Any]
    steps: list[dict[str, Any]]
    expect: dict[str, Any]
    covers: list[str] = field(default_factory=list)


@dataclass
class Outcome:
    """Where a played scenario arrived, and every difference from what it expected."""

    scenario: str
    code: str = ""
    steps: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether all is as expected."""
        return not self.differences


def read(path: Path) -> Scenario:
    """Read a scenario file. Raises Invalid with the file and what is wrong."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        start = raw["start_at"]
        return Scenario(
            name=path.stem,
            title=raw["title"],
            start_at=start if isinstance(start, datetime) else datetime.fromisoformat(start),
            data=raw["data"],
            steps=raw.get("step", []),
            expect=raw.get("expect", {}),
            covers=raw.get("covers", []),
        )
    except (tomllib.TOMLDecodeError, KeyError, ValueError) as error:
        raise Invalid(f"Kịch bản {path.name} không đọc được: {error}") from error


def span(text: str) -> timedelta:
    """``"30 minutes"``, ``"2 hours"`` or ``"8 days"``."""
    match = _SPAN.match(text)
    if match is None:
        raise Invalid(f"Khoảng thời gian «{text}» không đúng dạng; ví dụ: 30 minutes, 8 days.")
    return timedelta(**{f"{match[2]}s": int(match[1])})


def play(
    sessions: SessionFactory,
    release: Release,
    scenario: Scenario,
    *,
    start_at: datetime | None = None,
    data: Mapping[str, Any] | None = None,
    until_step: int | None = None,
    until: datetime | None = None,
) -> Outcome:
    """Play a scenario from ``start_at`` with its data, or other data of the same shape.

    Stops before step ``until_step`` or at the moment ``until`` (timers due by then are fired);
    then nothing is compared. Otherwise the outcome lists the differences from ``expect``.
    """
    now = start_at or scenario.start_at
    outcome = Outcome(scenario.name)
    outcome.code = _open(sessions, release, dict(data or scenario.data), now)
    settle(sessions, now)
    for number, step in enumerate(scenario.steps):
        later = now + span(step.get("wait") or step.get("after") or "15 minutes")
        if until_step is not None and number >= until_step:
            break
        if until is not None and later > until:
            break
        pass_time(sessions, outcome.code, later)
        now = later
        if "task" not in step:
            continue
        problem = _do(sessions, outcome.code, step, now)
        if problem:
            outcome.differences.append(f"bước {number + 1}: {problem}")
            return outcome
        settle(sessions, now)
        outcome.steps += 1
    else:
        if until is None:
            outcome.differences += _compare(sessions, outcome.code, release, scenario.expect)
            return outcome
    if until is not None:
        pass_time(sessions, outcome.code, until)
    return outcome


def settle(sessions: SessionFactory, now: datetime) -> None:
    """Keep every promise in the outbox, as the worker does."""
    while True:
        with writing(), sessions() as session:
            promises = outbox.owed(session, limit=1)
            if not promises:
                return
            router.route(session, promises[0].payload["dossier"], now)
            promises[0].done_at = now
            session.commit()


def pass_time(sessions: SessionFactory, code: str, until: datetime) -> None:
    """Fire the dossier's timers in order, each at its own moment, up to ``until``."""
    while True:
        with writing(), sessions() as session:
            due = session.execute(
                select(Timer.id, Timer.due_at)
                .join(Dossier, Dossier.id == Timer.dossier_id)
                .where(Dossier.code == code, Timer.status == "waiting", Timer.due_at <= until)
                .order_by(Timer.due_at, Timer.id)
                .limit(1)
            ).first()
            if due is None:
                return
            timers.fire(session, due.id, due.due_at)
            session.commit()
        settle(sessions, due.due_at)


def _open(sessions: SessionFactory, release: Release, data: dict[str, Any], now: datetime) -> str:
    with writing(), sessions() as session:
        agency = agency_for(session, release, release.model.main.id, data, now)
        actor = _somebody(session, agency.id, "mot-cua", now)
        dossier = open_dossier(session, actor, release, data, now, agency_id=agency.id)
        code = dossier.code
        session.commit()
        return code


def _do(sessions: SessionFactory, code: str, step: Mapping[str, Any], now: datetime) -> str:
    """Claim and complete the step's task as somebody of its role; a sentence when it cannot be."""
    with writing(), sessions() as session:
        query = (
            select(Task)
            .join(Dossier, Dossier.id == Task.dossier_id)
            .join(Instance, Instance.id == Task.instance_id)
            .where(Dossier.code == code, Task.status == "open", Task.element == step["task"])
            .order_by(Task.id)
        )
        if "pool" in step:
            query = query.where(Instance.pool == step["pool"])
        task = session.scalar(query.limit(1))
        if task is None:  # a worker may be carrying its message: wait for the dossier, look again
            dossier = select(Dossier.id).where(Dossier.code == code)
            router.route(session, session.scalars(dossier).one(), now)
            task = session.scalar(query.limit(1))
        if task is None:
            return f"không có việc «{step['task']}» đang chờ (đang chờ: {_waiting(session, code)})"
        actor = _somebody(session, task.agency_id, task.role, now)
        task_id = task.id
        try:
            claim(session, actor, task_id, now)
            session.commit()
            complete(session, actor, task_id, step.get("data", {}), now)
            session.commit()
        except Invalid as error:
            details = "; ".join(f"{k}: {' '.join(v)}" for k, v in error.errors.items())
            return f"«{step['task']}»: {error.message} {details}"
    return ""


def _somebody(session: Session, agency_id: int, role: str, now: datetime) -> Actor:
    people = queries.people_with(session, agency_id, role, now)
    if not people:
        raise NotFound(f"Không có ai giữ vai trò «{role}» trong đơn vị số {agency_id}.")
    return queries.actor_of(session, people[0].id, now)


def _waiting(session: Session, code: str) -> str:
    names = session.scalars(
        select(Task.element)
        .join(Dossier, Dossier.id == Task.dossier_id)
        .where(Dossier.code == code, Task.status == "open")
    )
    return ", ".join(sorted(names)) or "không có"


def _compare(
    sessions: SessionFactory, code: str, release: Release, expect: Mapping[str, Any]
) -> list[str]:
    with sessions() as session:
        dossier = session.scalars(select(Dossier).where(Dossier.code == code)).one()
        return list(_differences(session, dossier, expect))


def _differences(session: Session, dossier: Dossier, expect: Mapping[str, Any]) -> Iterator[str]:
    instances = session.scalars(select(Instance).where(Instance.dossier_id == dossier.id)).all()
    reached = {element for instance in instances for element in instance.trace}
    still_open = sorted(
        session.scalars(
            select(Task.element).where(Task.dossier_id == dossier.id, Task.status == "open")
        )
    )
    if "status" in expect and dossier.outcome != expect["status"]:
        yield f"kết cục là {dossier.outcome} (đang chờ {still_open}), cần {expect['status']}"
    ended = {i.pool for i in instances if i.ended_at is not None}
    for pool in set(expect.get("ended_pools", ())) - ended:
        yield f"pool {pool} chưa kết thúc"
    for element in expect.get("reached", ()):
        if element not in reached:
            yield f"chưa qua {element}"
    for element in expect.get("not_reached", ()):
        if element in reached:
            yield f"đã qua {element}, lẽ ra không"
    if "open" in expect and sorted(expect["open"]) != still_open:
        yield f"đang chờ {still_open}, cần {sorted(expect['open'])}"
    if "status" in expect and still_open:
        yield f"hồ sơ đã xong mà còn việc chờ: {still_open}"
    results = session.scalars(select(Result.name).where(Result.dossier_id == dossier.id)).all()
    if "returned" in expect and sorted(expect["returned"]) != sorted(results):
        yield f"đã trả {sorted(results)}, cần {sorted(expect['returned'])}"
    pending = session.scalars(
        select(Message.flow).where(Message.dossier_id == dossier.id, Message.status == "pending")
    ).all()
    if dossier.closed_at is not None and pending:
        yield f"còn thông điệp chưa giao: {sorted(pending)}"
    if not verify(session, dossier):
        yield "chuỗi sự kiện không khớp mã băm"
