"""``motcua bench inbox``: the inbox's first page beside a history that grows a hundredfold.

The same officer with the same open tasks; what differs is how much lies behind. Server time of
the whole page (queries and HTML), in blocks that alternate between the two databases.
"""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack
from typing import Any

import click

from webapp.bench import bulk, town
from webapp.bench.report import Series, show
from webapp.config import Settings

PAGES = ("/viec?muc=", "/viec?muc=late", "/viec?tim=nguoi+nop")


def house_of(url: str | None, dossiers: int, stack: ExitStack) -> tuple[town.Town, Any]:
    """A loaded house and its web application."""
    from webapp.app import create_app

    fresh = stack.enter_context(town.database(url))
    house = town.settle(fresh)
    bulk.fill(house, dossiers)
    environment = {"MOTCUA_DATABASE_URL": fresh, "MOTCUA_SECRET_KEY": "b" * 40}
    settings = {**environment, "MOTCUA_HTTPS": "0", "MOTCUA_REDIS_URL": "redis://127.0.0.1:1/0"}
    app = create_app(Settings.from_env(settings))
    return house, app


def client_of(app: Any, house: town.Town) -> Any:
    """A browser that is logged in as the officer, without the password's slow hash."""
    app.login_manager.session_protection = None
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = str(house.officer.person_id)
        session["_fresh"] = True
    return client


@click.command()
@click.option("--database", "url", help="A URL, or “postgresql” for one of its own; else SQLite.")
@click.option("--small", default=10_000, show_default=True, help="Dossiers in the small house.")
@click.option("--large", default=100_000, show_default=True, help="Dossiers in the large house.")
@click.option("--rounds", default=40, show_default=True, help="Pages of each kind in each house.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(url: str | None, small: int, large: int, rounds: int, as_json: bool) -> None:
    """Ask for the inbox's first page, with few and with very many dossiers behind it."""
    with ExitStack() as stack:
        few = Series(f"{small:,} dossiers", "ms")
        many = Series(f"{large:,} dossiers", "ms", limit=few.name)
        clients = [
            client_of(app, house)
            for house, app in (house_of(url, small, stack), house_of(url, large, stack))
        ]
        for turn in range(rounds + 3):
            for page in PAGES:
                for client, series in zip(clients, (few, many), strict=True):
                    started = time.perf_counter()
                    answer = client.get(page)
                    taken = (time.perf_counter() - started) * 1000
                    if answer.status_code != 200:
                        raise click.ClickException(f"{page}: {answer.status}")
                    if turn >= 3:
                        series.values.append(taken)
        p95 = [statistics.quantiles(series.values, n=20)[-1] for series in (few, many)]
    show(
        "inbox",
        [few, many],
        as_json,
        p95_ms=[round(value, 2) for value in p95],
        p95_ratio=round(p95[1] / p95[0], 3),
    )
