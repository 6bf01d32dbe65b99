"""Play a planned dossier as people would: papers at the counter, receipts confirmed, steps taken.

Uses the real commands, each in a transaction of its own, at simulated moments.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from engine import feel
from engine.calendar import Calendar
from engine.calendar.working import working_time
from engine.catalog.releases import Release
from engine.db import writing
from engine.dossiers import papers
from engine.dossiers.commands import agency_for, open_dossier
from engine.dossiers.models import Dossier, Instance
from engine.dossiers.scenario import pass_time, settle, span
from engine.errors import Invalid, NotFound
from engine.liaison.commands import acknowledge
from engine.liaison.models import Message
from engine.notices import Notice, mark_read
from engine.org import queries
from engine.org.access import LIAISON, Actor
from engine.tasks.commands import claim, complete
from engine.tasks.models import Task
from webapp.demo.paper import blank_paper
from webapp.demo.plans import Plan
from webapp.demo.variation import working_moment

_NEWS = timedelta(days=2)
_RECENT = timedelta(hours=10)  # of work: what arrived since may still wait for its receipt
_FORGOTTEN = 0.12  # the share of handoffs that nobody confirms in time


class Player:
    """One database, one moment called now, one source of chance."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        now: datetime,
        calendar: Calendar,
        chance: random.Random,
    ) -> None:
        self._sessions, self._now = sessions, now
        self._calendar, self._chance = calendar, chance
        self._confirmed_at: dict[int, datetime | None] = {}
        self._reached = now
        self._left: set[int] = set()  # agencies with a fresh handoff that nobody confirmed

    def play(self, plan: Plan, unconfirmed: int | None = None) -> str:
        """Make the dossier of a plan; returns its code. Invalid when a step cannot be done.

        The next fresh handoff to the agency ``unconfirmed`` is left for its liaison officer.
        """
        self._left.discard(unconfirmed or 0)
        at = self._reached = plan.scenario.start_at
        code = self._open(plan.release, plan.scenario.data, at)
        settle(self._sessions, at)
        for step in plan.scenario.steps[: plan.until_step]:
            later = at + span(step["wait"])
            if later > self._now:
                break
            self._pass(code, later)
            at = later
            if "task" in step:
                self._do(code, step, at)
                settle(self._sessions, at)
        self._pass(code, self._now)
        if plan.handled:
            self._take_open_steps(code)
        return code

    def _open(self, release: Release, data: Mapping[str, Any], at: datetime) -> str:
        with writing(), self._sessions() as session:
            agency = agency_for(session, release, release.model.main.id, data, at)
            actor = self._somebody(session, agency.id, "mot-cua", at)
            dossier = open_dossier(session, actor, release, data, at, agency_id=agency.id)
            for paper in release.papers:
                when = paper.get("required_when")
                if when and not feel.is_true(feel.compile_expression(when).evaluate(dict(data))):
                    continue
                key, name = paper["key"], paper["name"]
                papers.add(session, actor, dossier.id, key, f"{key}.pdf", blank_paper(name), at)
            code = dossier.code
            session.commit()
        return code

    def _do(self, code: str, step: Mapping[str, Any], at: datetime) -> None:
        with writing(), self._sessions() as session:
            query = _open_tasks(code).where(Task.element == step["task"]).order_by(Task.id)
            if "pool" in step:
                query = query.join(Instance).where(Instance.pool == step["pool"])
            task = session.scalars(query).first()
            if task is None:
                raise Invalid(f"{code}: không có việc «{step['task']}» đang chờ.")
            actor = self._somebody(session, task.agency_id, task.role, at)
            claim(session, actor, task.id, at)
            complete(session, actor, task.id, step.get("data", {}), at)
            session.commit()

    def _pass(self, code: str, until: datetime) -> None:
        """Let time pass: timers fire, and liaison officers confirm what arrived."""
        while True:
            with self._sessions() as session:
                moments = sorted(self._receipts(session, code, until))
            if not moments:
                break
            moment, message_id = moments[0]
            pass_time(self._sessions, code, moment)
            with writing(), self._sessions() as session:
                message = session.get_one(Message, message_id)
                agency = message.receiver_agency_id
                if agency is not None and message.acknowledged_at is None:
                    actor = self._somebody(session, agency, LIAISON, moment)
                    acknowledge(session, actor, message_id, moment)
                session.commit()
            self._reached = moment
        pass_time(self._sessions, code, until)
        self._reached = until

    def _receipts(self, session: Session, code: str, until: datetime) -> list[tuple[datetime, int]]:
        """Handoffs not yet confirmed that somebody confirms by ``until``, and when."""
        waiting = session.execute(
            select(Message.id, Message.delivered_at, Message.receiver_agency_id)
            .join(Dossier, Dossier.id == Message.dossier_id)
            .where(
                Dossier.code == code,
                Message.status == "delivered",
                Message.acknowledged_at.is_(None),
                Message.receiver_agency_id.is_not(None),
            )
        ).all()
        found = []
        for message_id, delivered_at, agency_id in waiting:
            if message_id not in self._confirmed_at:
                wait = timedelta(minutes=self._chance.randrange(4, 80))
                moment = working_moment(self._calendar, delivered_at or until) + wait
                forgotten = self._chance.random() < _FORGOTTEN
                fresh = working_time(self._calendar, moment, self._now) < _RECENT
                if agency_id and fresh and agency_id not in self._left:
                    self._left.add(agency_id)  # every receiving agency has one to confirm
                    forgotten = True
                self._confirmed_at[message_id] = None if forgotten else moment
            planned = self._confirmed_at[message_id]
            if planned is not None and planned <= until:
                found.append((max(planned, self._reached), message_id))
        return found

    def _take_open_steps(self, code: str) -> None:
        with writing(), self._sessions() as session:
            for task in session.scalars(_open_tasks(code)).all():
                if self._chance.random() < 0.7:
                    actor = self._somebody(session, task.agency_id, task.role, self._now)
                    claim(session, actor, task.id, self._now)
            session.commit()

    def _somebody(self, session: Session, agency_id: int, role: str, at: datetime) -> Actor:
        people = queries.people_with(session, agency_id, role, at)
        if not people:
            raise NotFound(f"Không có ai giữ vai trò «{role}» trong đơn vị số {agency_id}.")
        return queries.actor_of(session, self._chance.choice(people).id, at)


def leave_read(sessions: sessionmaker[Session], now: datetime) -> None:
    """People have read what they were told of work since done, and of what is two days old."""
    with writing(), sessions() as session:
        for notice in session.scalars(select(Notice).where(Notice.read_at.is_(None))).all():
            task = session.get(Task, notice.task_id) if notice.task_id else None
            if notice.created_at > now - _NEWS and (task is None or task.status == "open"):
                continue
            people = queries.people_with(session, notice.agency_id, notice.role, now)
            if people:
                reader = queries.actor_of(session, people[0].id, now)
                mark_read(session, reader, notice.id, now)
        session.commit()


def _open_tasks(code: str) -> Any:
    return (
        select(Task)
        .join(Dossier, Dossier.id == Task.dossier_id)
        .where(Dossier.code == code, Task.status == "open")
    )
