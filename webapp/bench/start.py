"""``motcua bench start``: opening a dossier and finding one by its code, as the history grows."""

from __future__ import annotations

import random
import statistics
import time
from contextlib import ExitStack
from datetime import timedelta

import click

from engine.db import writing
from engine.dossiers import reads
from engine.dossiers.commands import open_dossier
from webapp.bench import bulk, town
from webapp.bench.report import Series, show


def open_one(house: town.Town, number: int) -> None:
    """The whole command, as the counter runs it."""
    with writing(), house.sessions() as session:
        moment = town.NOW + timedelta(seconds=number)
        open_dossier(
            session, house.officer, house.release, house.start, moment, agency_id=house.agency_id
        )
        session.commit()


def find_one(house: town.Town, number: int) -> None:
    """The dossier's page by its code, as an officer of the agency sees it."""
    with house.sessions() as session:
        reads.find(session, house.officer, f"B99.00-{number:08d}", town.NOW)


@click.command()
@click.option("--database", "url", help="A URL, or “postgresql” for one of its own; else SQLite.")
@click.option("--small", default=10_000, show_default=True, help="Dossiers in the small house.")
@click.option("--large", default=100_000, show_default=True, help="Dossiers in the large house.")
@click.option("--rounds", default=100, show_default=True, help="Acts of each kind in each house.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(url: str | None, small: int, large: int, rounds: int, as_json: bool) -> None:
    """Open dossiers and find dossiers, with few and with very many behind them."""
    chance = random.Random(20)  # noqa: S311
    facts = {}
    shown = []
    with ExitStack() as stack:
        houses = []
        for size in (small, large):
            house = town.settle(stack.enter_context(town.database(url)))
            bulk.fill(house, size)
            houses.append((house, size))
        for name, act in (("open a dossier", open_one), ("find by code", find_one)):
            few = Series(f"{name}, {small:,}", "ms")
            many = Series(f"{name}, {large:,}", "ms", limit=few.name)
            for turn in range(rounds + 5):
                for (house, size), series in zip(houses, (few, many), strict=True):
                    # Numbers whose agency is the officer's: every fiftieth.
                    number = chance.randrange(size // 50) * 50 if act is find_one else turn
                    started = time.perf_counter()
                    act(house, number)
                    if turn >= 5:
                        series.values.append((time.perf_counter() - started) * 1000)
            p95 = [statistics.quantiles(series.values, n=20)[-1] for series in (few, many)]
            facts[f"p95 ratio, {name}"] = round(p95[1] / p95[0], 3)
            shown += [few, many]
    show("start", shown, as_json, **facts)
