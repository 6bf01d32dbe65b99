"""``motcua bench completions``: one completed task, the whole command, beside the bare rows.

Blocks of the limit and of ours alternate in one run, each block by all processes at once. The
limit writes exactly the rows that one command wrote, in one transaction, and nothing else.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import click
from sqlalchemy import Engine, event, select

from engine.db import load_models, writing
from engine.tasks.commands import complete
from engine.tasks.models import Task
from webapp.bench import rows, town
from webapp.bench.report import Series, show


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The SQL statements an engine sends inside, each COMMIT counted too."""
    sent: list[str] = []

    def statement(_c: Any, _cursor: Any, text: str, *_rest: Any) -> None:
        sent.append(text)

    def commit(_connection: Any) -> None:
        sent.append("COMMIT")

    event.listen(engine, "before_cursor_execute", statement)
    event.listen(engine, "commit", commit)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", statement)
        event.remove(engine, "commit", commit)


def finish(house: town.Town, task: int, number: int) -> None:
    """The whole command for one task."""
    with writing(), house.sessions() as session:
        moment = town.NOW + timedelta(minutes=30, seconds=number)
        complete(session, house.officer, task, dict(house.answer), moment)
        session.commit()


def _worker(url: str, template: rows.Written, places: Any, pipe: Any) -> None:
    house = town.enter(url)
    bare = rows.Bare(template, house.engine.dialect.name == "postgresql")
    with house.engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        connection.rollback()
        pipe.send("ready")
        for kind, work in iter(pipe.recv, ("end", None)):
            for number, item in work:
                if kind == "bare":
                    bare.run(connection, item, places[item])
                else:
                    finish(house, item, number)
            pipe.send("done")


@click.command()
@click.option("--database", "url", help="PostgreSQL URL (a schema of its own); default SQLite.")
@click.option("--processes", type=click.IntRange(1, 16), help="Default: 2 on PostgreSQL, else 1.")
@click.option("--rounds", default=12, show_default=True, type=click.IntRange(2, 1000))
@click.option("--block", default=20, show_default=True, help="Tasks per process and block.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(url: str | None, processes: int | None, rounds: int, block: int, as_json: bool) -> None:
    """Complete tasks of the death group, beside the bare transaction with the same rows."""
    with town.database(url) as fresh:
        house = town.settle(fresh)
        postgresql = house.engine.dialect.name == "postgresql"
        workers = processes or (2 if postgresql else 1)
        metadata = load_models()
        tasks = town.open_tasks(house, 2 + 2 * rounds * block * workers)
        with house.sessions() as session:
            found = session.execute(select(Task.id, Task.dossier_id).where(Task.id.in_(tasks)))
            dossier_of = {row.id: row.dossier_id for row in found}
        first, second, *rest = tasks
        finish(house, first, 0)  # everything cached
        before = rows.snapshot(house.engine, metadata)
        with counted(house.engine) as sent:
            finish(house, second, 1)
        template = rows.difference(before, rows.snapshot(house.engine, metadata))
        del before
        ours, limit = rest[: len(rest) // 2], [dossier_of[t] for t in rest[len(rest) // 2 :]]
        places = rows.counterparts(house.engine, metadata, template, dossier_of[second], limit)
        house.engine.dispose()
        series = [
            Series("bare transaction", "per second"),
            Series("completed task", "per second", limit="bare transaction"),
        ]
        context = multiprocessing.get_context("spawn")
        pipes = []
        for _ in range(workers):
            here, there = context.Pipe()
            context.Process(
                target=_worker, args=(fresh, template, places, there), daemon=True
            ).start()
            pipes.append(here)
        for pipe in pipes:
            pipe.recv()
        numbers = iter(range(10**9))
        for _ in range(rounds):
            for one, stock in ((series[0], limit), (series[1], ours)):
                kind = "bare" if one is series[0] else "ours"
                started = time.perf_counter()
                for pipe in pipes:
                    pipe.send((kind, [(next(numbers), stock.pop()) for _ in range(block)]))
                for pipe in pipes:
                    pipe.recv()
                one.values.append(block * workers / (time.perf_counter() - started))
        for pipe in pipes:
            pipe.send(("end", None))
    show(
        "completions",
        series,
        as_json,
        database="PostgreSQL" if postgresql else "SQLite",
        processes=workers,
        rows_written=template.count,
        statements=len(sent),
    )
