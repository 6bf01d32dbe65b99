"""Where and when a dry run begins: its moment, its clock, its first pools. Knows no database."""

from __future__ import annotations

from datetime import datetime

from engine import calendar
from engine.bpmn.answers import Answers
from engine.bpmn.loops import Repeat
from engine.bpmn.model import Model
from engine.bpmn.scripting import VIETNAM
from engine.errors import Invalid

DEFAULT_AT = datetime(2026, 9, 14, 9, tzinfo=VIETNAM)  # a Monday, 09:00
YEARS = range(1976, 2101)  # those of the calendar


class SimulatedClock:
    """A moment that the run moves, and a calendar seen from it."""

    def __init__(self, now: datetime, days: calendar.Calendar | None = None) -> None:
        self.now = now
        self.days = days or calendar.default_calendar()

    def due(self, limit: str) -> datetime:
        """The end of ``limit`` counted from now."""
        return calendar.due(self.days, self.now, limit)


def start_of(at: datetime | None, answers: Answers) -> datetime:
    """The moment a run begins; Invalid outside the years of the calendar."""
    start = at or answers.start_at or DEFAULT_AT
    if start.year not in YEARS:
        raise Invalid(f"Chỉ chạy thử được từ năm {YEARS[0]} đến năm {YEARS[-1]}.")
    return start


def first_pools(model: Model) -> list[str]:
    """The executable pools that nothing inside the file opens, the main one first.

    Those with a plain start begin by themselves; when there is none, one that a message from
    outside opens is taken.
    """
    inside = {f.target_element for f in model.flows.values() if f.source_pool in model.plans}
    pools = [model.main, *(pool for pool in model.pools.values() if pool is not model.main)]
    free = [p.id for p in pools if p.id in model.plans and inside.isdisjoint(p.starts)]
    return [pool for pool in free if plain_starts(model, pool)] or free[:1] or [model.main.id]


def plain_starts(model: Model, pool: str) -> list[str]:
    """The start events of a pool that need no message."""
    specs = model.plans[pool].plan.task_specs
    return [start for start in model.pools[pool].starts if specs[start].event.kind == "none"]


def repeats(model: Model) -> bool:
    """Whether an activity is repeated for each item, or so many times."""
    plans = [plan for built in model.plans.values() for plan in (built.plan, *built.inner.values())]
    return any(isinstance(spec, Repeat) for plan in plans for spec in plan.task_specs.values())
