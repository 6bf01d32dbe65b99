"""``motcua bench timers``: a burst at the end of a working day, with very many timers waiting.

The rows are loaded straight into the tables; claiming and firing is the product's own code, the
firing in worker processes beside an officer who goes on writing.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from multiprocessing.connection import wait
from typing import Any

import click
from sqlalchemy import Connection, delete, func, insert, select

from engine import timers
from engine.db import writing
from engine.dossiers.models import Dossier, Instance
from engine.tasks.commands import save_draft
from engine.tasks.models import Task
from engine.timer_rows import Timer
from webapp.bench import town
from webapp.bench.report import Series, show

DUE = town.NOW + timedelta(days=2)  # the minute of the burst
MINUTE_AFTER = DUE + timedelta(minutes=1)
_CHUNK = 5_000
_OFFICER_RESTS = 0.05  # seconds between two of the officer's writes


def _copies(connection: Connection, model: Any, number: int, count: int, **fresh: Any) -> list[int]:
    """``count`` more rows like the one with this number; returns their ids."""
    table = model.__table__
    row = dict(connection.execute(select(table).where(table.c.id == number)).mappings().one())
    first = (connection.scalar(select(func.max(table.c.id))) or 0) + 1
    ids = list(range(first, first + count))
    for start in range(0, count, _CHUNK):
        part = ids[start : start + _CHUNK]
        rows = []
        for index, one in enumerate(part, start):
            changed = {key: make(index) for key, make in fresh.items()}
            rows.append({**row, "id": one, **changed})
        connection.execute(insert(table), rows)
    return ids


def prepare(house: town.Town, waiting: int, burst: int, shown: Any) -> list[int]:
    """Load ``waiting`` timers of other days and ``burst`` levels due at one moment."""
    (task,) = town.open_tasks(house, 1)
    with house.engine.begin() as connection:
        if house.engine.dialect.name != "sqlite":
            connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
        connection.execute(delete(Timer))  # the seed's own
        seed = connection.execute(
            select(Task.dossier_id, Task.instance_id).where(Task.id == task)
        ).one()
        dossiers = _copies(
            connection, Dossier, seed.dossier_id, burst, code=lambda n: f"B99.01-{n:08d}"
        )
        shown.update(burst)
        instances = _copies(
            connection, Instance, seed.instance_id, burst, dossier_id=lambda n: dossiers[n]
        )
        shown.update(burst)
        tasks = _copies(
            connection,
            Task,
            task,
            burst,
            dossier_id=lambda n: dossiers[n],
            instance_id=lambda n: instances[n],
            due_at=lambda _n: DUE,
        )
        shown.update(burst)
        for start in range(0, burst, _CHUNK):
            connection.execute(
                insert(Timer),
                [
                    _timer("due", dossiers[n], instances[n], DUE, task_id=tasks[n])
                    for n in range(start, min(start + _CHUNK, burst))
                ],
            )
        shown.update(burst)
        for start in range(0, waiting, _CHUNK):
            part = range(start, min(start + _CHUNK, waiting))
            connection.execute(
                insert(Timer),
                [
                    _timer(
                        "bpmn",
                        dossiers[n % burst],
                        instances[n % burst],
                        DUE + timedelta(days=1, seconds=n),
                    )
                    for n in part
                ],
            )
            shown.update(len(part))
    with house.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as free:
        free.exec_driver_sql("ANALYZE")
    return tasks


def _timer(kind: str, dossier: int, instance: int, due: Any, **more: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "stage": 1,
        "dossier_id": dossier,
        "instance_id": instance,
        "task_id": None,
        "element": "kiem_tra_ho_so",
        "status": "waiting",
        "due_at": due,
        **more,
    }


def _idle(house: town.Town, times: int = 50) -> list[float]:
    """Milliseconds of a sweep that finds nothing due."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        with writing(), house.sessions.begin() as session:
            if timers.claim_due(session, DUE - timedelta(minutes=1)):
                raise AssertionError("something was due")
        found.append((time.perf_counter() - begun) * 1000)
    return found


def _claims(house: town.Town) -> Iterator[list[int]]:
    while True:
        with writing(), house.sessions.begin() as session:
            claimed = timers.claim_due(session, MINUTE_AFTER)
        if not claimed:
            return
        yield claimed


def _worker(environment: dict[str, str], pipe: Any) -> None:
    """A worker's process: fires what it is given with the job's code, tells when it was done."""
    from webapp import jobs

    os.environ |= environment
    pipe.send("ready")
    for numbers in iter(pipe.recv, None):
        fired = jobs.fire_timers(numbers, MINUTE_AFTER)
        pipe.send((fired, time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
    pipe.send(None)


def _officer(url: str, task: int, over: Any, pipe: Any) -> None:
    """Somebody who saves a draft again and again; how long each took, in milliseconds."""
    house = town.enter(url)
    found: list[float] = []
    pipe.send("ready")
    while not over.is_set() or not found:
        begun = time.perf_counter()
        with writing(), house.sessions.begin() as session:
            save_draft(session, house.officer, task, {"ghi_chu": str(len(found))}, town.NOW)
        found.append((time.perf_counter() - begun) * 1000)
        time.sleep(_OFFICER_RESTS)
    pipe.send(found)


@click.command()
@click.option("--database", "url", help="PostgreSQL URL (a schema of its own); default SQLite.")
@click.option("--waiting", default=100_000, show_default=True, type=click.IntRange(0, 10**7))
@click.option("--burst", default=10_000, show_default=True, type=click.IntRange(1, 10**6))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 32))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(url: str | None, waiting: int, burst: int, workers: int, as_json: bool) -> None:
    """Claim and fire a burst, with many more timers waiting and an officer at work beside it."""
    from webapp.jobs import BATCH

    with town.database(url) as fresh, tempfile.TemporaryDirectory() as folder:
        house = town.settle(fresh)
        empty = _idle(house)
        with town.progress(4 * burst + waiting, "Nạp") as bar:
            tasks = prepare(house, waiting, burst, bar)
        series = [
            Series("sweep, nothing waits", "ms", empty),
            Series("sweep, all wait", "ms", _idle(house), limit="sweep, nothing waits"),
        ]
        environment = {
            "MOTCUA_DATABASE_URL": fresh,
            "MOTCUA_DATA_DIR": folder,
            "MOTCUA_SECRET_KEY": "b" * 40,
        }
        house.engine.dispose()
        context = multiprocessing.get_context("spawn")
        pipes = []
        for _ in range(workers):
            here, there = context.Pipe()
            context.Process(target=_worker, args=(environment, there), daemon=True).start()
            pipes.append(here)
        over, (desk, far) = context.Event(), context.Pipe()
        context.Process(target=_officer, args=(fresh, tasks[0], over, far), daemon=True).start()
        for pipe in (*pipes, desk):
            pipe.recv()

        begun = time.monotonic()
        queue: list[list[int]] = []
        claims = Series("claims", "per second")
        for claimed in _claims(house):
            queue += [claimed[n : n + BATCH] for n in range(0, len(claimed), BATCH)]
        claimed_in = time.monotonic() - begun
        claims.values.append(burst / claimed_in)

        lateness: list[float] = []
        memory, fired, left = 0, 0, queue[::-1]
        firing = time.monotonic()
        busy: list[Any] = pipes[: len(left)]
        for pipe in busy:
            pipe.send(left.pop())
        while busy:
            for ready in list(wait(busy)):
                pipe = busy[busy.index(ready)]
                done, moment, peak = pipe.recv()
                lateness += [moment - begun] * done
                fired, memory = fired + done, max(memory, peak)
                if left:
                    pipe.send(left.pop())
                else:
                    busy.remove(pipe)
        fired_in = time.monotonic() - firing
        over.set()
        drafts = desk.recv()
        for pipe in pipes:
            pipe.send(None)
        with house.sessions() as session:
            wrong = session.scalar(
                select(func.count()).where(Timer.kind == "due", Timer.status != "fired")
            )
        house.engine.dispose()
    if fired != burst or wrong:
        raise click.ClickException(f"Bắn {fired} trên {burst} hẹn giờ, còn {wrong}.")
    series += [claims, Series("fires", "per second", [burst / fired_in])]
    series.append(Series("officer's write in the burst", "ms", drafts))
    show(
        "timers",
        series,
        as_json,
        database="SQLite" if fresh.startswith("sqlite") else "PostgreSQL",
        waiting=waiting,
        burst=burst,
        workers=workers,
        lateness_p50_s=round(_share(lateness, 50), 3),
        lateness_p99_s=round(_share(lateness, 99), 3),
        officer_p99_ms=round(_share(drafts, 99), 1),
        worker_peak_mb=round(memory / 1024, 1),
    )


def _share(values: list[float], percent: int) -> float:
    """The value below which so many percent lie."""
    if len(values) < 2:
        return values[0] if values else 0.0
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
