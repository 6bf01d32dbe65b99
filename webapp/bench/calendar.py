"""``motcua bench calendar``: deadlines per second of each clock, beside a bare datetime addition.

Starts lie at every minute of the year 2026, so that nights, weekends, Tết and the other holidays
are all in it. The series alternate in one run, block by block, on one core.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import click

from engine.calendar import default_calendar, due, explain, parse_limit, remaining, warn_at
from webapp.bench.report import Series, show

BLOCK = 500
LIMITS = ("24 hours", "4 working hours", "8 working days", "18 working days", "12 calendar days")
BARE = "bare datetime addition"


def moments(count: int) -> list[datetime]:
    """As many moments of 2026, the same in every run."""
    chance = random.Random(count)  # noqa: S311 - repeatable
    first = datetime(2026, 1, 1, tzinfo=UTC)
    return [first + timedelta(minutes=chance.randrange(365 * 24 * 60)) for _ in range(count)]


def works() -> dict[str, Callable[[datetime], object]]:
    """What is measured, by name: each takes the moment at which a limit starts."""
    days, length = default_calendar(), timedelta(days=8)
    found: dict[str, Callable[[datetime], object]] = {BARE: lambda start: start + length}
    for text in LIMITS:
        limit = parse_limit(text)
        found[text] = lambda start, limit=limit: due(days, start, limit)  # type: ignore[misc]
    eight = parse_limit("8 working days")

    def paused(start: datetime) -> datetime:
        pauses = [(start + timedelta(days=n), start + timedelta(days=n, hours=30)) for n in (1, 4)]
        return due(days, start, eight, pauses)

    def left(start: datetime) -> timedelta:
        return remaining(days, start, eight, start + timedelta(days=3))

    def warned(start: datetime) -> datetime:
        return warn_at(days, start, start + timedelta(days=10))

    found["8 working days, two pauses"] = paused
    found["8 working days, what is left"] = left
    found["8 working days, the warning"] = warned
    found["8 working days, explained"] = lambda start: explain(days, start, eight)
    return found


@click.command()
@click.option("--seconds", default=10.0, show_default=True, type=click.FloatRange(0.1, 3600))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(seconds: float, as_json: bool) -> None:
    """Work out deadlines for about so many seconds in all."""
    measured = works()
    starts = moments(BLOCK)
    series = {
        name: Series(name, "per second", limit=None if name == BARE else BARE) for name in measured
    }
    for work in measured.values():
        for start in starts:  # the years are worked out once
            work(start)
    end = time.perf_counter() + seconds
    while True:
        for name, work in measured.items():
            began = time.perf_counter()
            for start in starts:
                work(start)
            series[name].values.append(BLOCK / (time.perf_counter() - began))
        if time.perf_counter() >= end:
            break
    show("calendar", list(series.values()), as_json, processes=1, starts=BLOCK)
