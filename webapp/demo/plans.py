"""Decide which dossiers the demo shows: which story, begun when, and where it stands now."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from engine.calendar import Calendar, due
from engine.calendar.vietnam import TIMEZONE
from engine.calendar.working import add_working, working_time
from engine.catalog.releases import Release
from engine.dossiers.scenario import Scenario
from engine.org.access import LIAISON
from webapp.demo.names import People
from webapp.demo.variation import length, lengthen, vary

_LOOK_BACK = timedelta(days=150)
_UNLIMITED = "10 working days"
_TRIES = 60


@dataclass(frozen=True)
class Story:
    """A scenario with the release it belongs to."""

    release: Release
    scenario: Scenario


@dataclass(frozen=True)
class Plan:
    """A dossier to make: the varied scenario is played up to ``until_step`` (None: to its end).

    ``kind`` is fresh, waiting, soon, late, supplement or done; ``handled`` says whether somebody
    has already taken the open steps and confirmed what was handed over.
    """

    kind: str
    release: Release
    scenario: Scenario
    until_step: int | None
    handled: bool


@dataclass(frozen=True)
class _Stop:
    """A place to stop: before step ``step``, whose task waits in ``pool``."""

    story: Story
    step: int
    pool: str
    kind: str | None  # of the agency
    role: str | None
    handed: bool  # from another pool
    limit: str
    pauses: bool


class Planner:
    """Draws plans with a seeded generator, as seen at ``now``."""

    def __init__(self, stories: Sequence[Story], now: datetime, calendar: Calendar) -> None:
        self._now, self._calendar = now, calendar
        self._chance = random.Random(20260901)  # noqa: S311 - a repeatable demo, not a secret
        self._people = People(self._chance)
        today = now.astimezone(TIMEZONE).date()
        begun = [s for s in stories if _first_day(s) <= today] or list(stories)
        newest = max((_first_day(s) for s in begun), default=today)
        self._current = [s for s in begun if _first_day(s) == newest]
        self._older = [s for s in begun if _first_day(s) < newest]
        self._change = newest

    def plans(self, count: int) -> list[Plan]:
        """About ``count`` dossiers in every state, oldest first."""
        stops = [stop for story in self._current for stop in _stops(story)]
        running = [stop for stop in stops if not stop.pauses]
        pools = list(dict.fromkeys(stop.pool for stop in running))
        share = max(1, count // 60)
        made = [
            *self._several(5 * share, [s for s in running if s.step == 0], "fresh"),
            *self._several(5 * share, [s for s in stops if s.pauses], "supplement"),
            *self._by_pool(pools, running, 2 * share, "waiting"),
            *self._by_pool(pools, running, 2 * share, "late"),
            *self._several(4 * share, [s for s in running if "hours" in s.limit], "soon"),
            *self._leftovers(5 * share),
        ]
        made += self._finished(max(count - len(made), 12 * share))
        return sorted(made, key=lambda plan: plan.scenario.start_at)

    def for_desk(self, kind: str, role: str, lands: Callable[[Plan, str], bool]) -> Plan | None:
        """A dossier that has just come to a role's step in an agency of ``kind``.

        For the liaison officer: to any step there that begins with a handoff.
        ``lands`` says whether a plan brings its pool's step to the agency meant; the places are
        drawn, so some tries are needed. None when no story ends there.
        """
        stops = [
            stop
            for story in self._current
            for stop in _stops(story)
            if stop.step and not stop.pauses and stop.kind == kind
            if stop.role == role or (role == LIAISON and stop.handed)
        ]
        for _ in range(_TRIES if stops else 0):
            stop = self._chance.choice(stops)
            plan = self._plan("waiting", stop, self._arrival("waiting", stop), handled=False)
            if lands(plan, stop.pool):
                return plan
        return None

    def _by_pool(
        self, pools: Sequence[str], stops: Sequence[_Stop], each: int, kind: str
    ) -> Iterator[Plan]:
        for pool in pools:
            yield from self._several(each, [s for s in stops if s.pool == pool and s.step], kind)

    def _several(self, count: int, stops: Sequence[_Stop], kind: str) -> Iterator[Plan]:
        """``count`` plans, as many different stops as there are."""
        if not stops:
            return
        drawn = self._chance.sample(stops, len(stops))
        for number in range(count):
            stop = drawn[number % len(drawn)]
            plan = self._plan(kind, stop, self._arrival(kind, stop), self._chance.random() < 0.4)
            if plan.scenario.start_at.date() >= _first_day(stop.story):
                yield plan

    def _arrival(self, kind: str, stop: _Stop) -> datetime:
        """When the dossier came to the step at which it now stands."""
        hours = self._chance.uniform
        if kind == "fresh":
            return self._back(timedelta(minutes=hours(4, 75)))
        if kind == "supplement":
            return self._back(timedelta(hours=hours(4, 30)))
        if kind == "late":
            before = self._back(timedelta(hours=hours(1, 22)))
            reached = self._latest(lambda t: due(self._calendar, t, stop.limit) <= before)
            return self._back(timedelta(minutes=hours(5, 300)), reached)
        if kind == "soon":
            soon = add_working(self._calendar, self._now, timedelta(minutes=hours(20, 100)))
            reached = self._latest(lambda t: due(self._calendar, t, stop.limit) <= soon)
            return self._back(timedelta(minutes=1), reached)
        return self._back(timedelta(minutes=hours(8, 110)))

    def _plan(self, kind: str, stop: _Stop, arrival: datetime, handled: bool) -> Plan:
        """Begin so early that the dossier reaches the stop at ``arrival``, in working hours."""
        start = arrival - length(stop.story.scenario, stop.step)
        varied = self._varied(stop.story, start)
        for _ in range(8):
            early = arrival - varied.start_at - length(varied, stop.step)
            if early >= timedelta(minutes=-1):
                break
            start += early
            varied = self._varied(stop.story, start)
        if stop.step and early > timedelta(minutes=1):
            varied = lengthen(varied, stop.step - 1, early)
        return Plan(kind, stop.story.release, varied, stop.step, handled)

    def _leftovers(self, count: int) -> Iterator[Plan]:
        """Dossiers accepted in the last days of the version before, not finished since."""
        stops = [s for story in self._older for s in _stops(story) if not s.pauses and s.step > 2]
        if self._now.astimezone(TIMEZONE).date() - self._change > timedelta(days=200):
            return
        for stop in self._chance.sample(stops, min(count, len(stops))):
            day = self._change - timedelta(days=self._chance.randrange(4, 9))
            start = _on(day, self._chance)
            yield Plan("late", stop.story.release, self._varied(stop.story, start), stop.step, True)

    def _finished(self, count: int) -> Iterator[Plan]:
        """Stories played to their end; those that show most of what is not yet shown come first."""
        left, shown = list(self._current), set[str]()
        for _ in range(count):
            if not left:
                left = list(self._current)
            if not left:
                return
            story = max(left, key=lambda s: len(_shows(s) - shown))
            left.remove(story)
            shown |= _shows(story)
            ago = timedelta(days=self._chance.uniform(0.3, 30))
            start = self._now - length(story.scenario) * 1.6 - ago
            start = max(start, _on(_first_day(story), self._chance))
            yield Plan("done", story.release, self._varied(story, start), None, True)

    def _varied(self, story: Story, start: datetime) -> Scenario:
        """The story begun at ``start``, or some time of the working day before."""
        begun = self._back(timedelta(minutes=1), start)
        if start - begun > timedelta(minutes=5):
            begun = self._back(timedelta(minutes=self._chance.randrange(15, 420)), start)
        begun = begun.astimezone(TIMEZONE)
        begun = begun.replace(second=self._chance.randrange(60), microsecond=0)
        return vary(story.scenario, begun, self._chance, self._people, self._calendar)

    def _back(self, working: timedelta, now: datetime | None = None) -> datetime:
        """The moment from which ``working`` time has passed until ``now``."""
        end = now or self._now
        return self._latest(lambda t: working_time(self._calendar, t, end) >= working, end)

    def _latest(self, holds: Callable[[datetime], bool], end: datetime | None = None) -> datetime:
        """The latest minute before ``end`` at which something holds that held long ago."""
        high = end or self._now
        low = high - _LOOK_BACK
        while high - low > timedelta(seconds=30):
            middle = low + (high - low) / 2
            low, high = (middle, high) if holds(middle) else (low, middle)
        return low


def _stops(story: Story) -> Iterator[_Stop]:
    model = story.release.model
    before = None
    for number, step in enumerate(story.scenario.steps):
        element = model.elements.get(step.get("task", ""))
        if element is None:
            continue
        own = element.properties.get("limit")
        pool = model.pools[element.pool].properties
        limit = own or pool.get("limit") or _UNLIMITED
        pauses = element.properties.get("pauses-clock") == "true"
        yield _Stop(
            story=story,
            step=number,
            pool=element.pool,
            kind=pool.get("kind"),
            role=element.lane,
            handed=before not in (None, element.pool),
            limit=limit,
            pauses=pauses,
        )
        before = element.pool


def _shows(story: Story) -> set[str]:
    """What a story shows: its outcome and every decision that people take in it."""
    decisions = (
        f"{name}: {value}"
        for step in story.scenario.steps
        for name, value in step.get("data", {}).items()
        if "ket_qua" in name
    )
    return {str(story.scenario.expect.get("status")), *decisions}


def _first_day(story: Story) -> date:
    return date.fromisoformat(story.release.version)


def _on(day: date, chance: random.Random) -> datetime:
    return datetime.combine(day, time(chance.randrange(8, 11), chance.randrange(60)), TIMEZONE)
