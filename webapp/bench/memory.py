"""``motcua bench memory``: what a web and a worker process hold after very many completed tasks.

Dossiers of the death group go round: most are verified again and again, of some the police find
the extract wrong, so that it is corrected, signed and handed over anew. Officers complete every
step through the API of one web process; one worker carries the messages. Reads the memory of both
from Linux's /proc.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased, sessionmaker

from engine.dossiers import scenario
from engine.dossiers.commands import agency_for
from engine.org import queries
from engine.outbox import Outbox
from engine.tasks.models import Task
from webapp import embedded, processes
from webapp.bench import town
from webapp.bench.http import Client
from webapp.bench.report import Series, show
from webapp.commands.programs import web_command
from webapp.config import Settings

OPENED_AS = "khong-co-che-do"  # the scenario whose dossiers go round
# The scenarios whose first steps are taken again and again, and the step that leads back.
VERIFIED = ("can-xac-minh", "xac_minh")
WRONG = ("trich-luc-sai-khi-dang-lam", "dinh_chinh")
_WRONG_ONES = 5  # every fifth dossier
_CLIENTS = 2  # programs logged in for each post
TURNS = 100  # completed tasks per dossier, about
SAMPLES = 20  # readings after the warm-up
_PATIENCE = 120.0  # seconds without one completed task


@dataclass(frozen=True)
class Running:
    """The product's own programs over one database: the web's port and whose memory is read."""

    port: int
    pids: dict[str, int]

    def memory(self) -> dict[str, float]:
        """Resident memory of each process in MB."""
        return {name: _resident(pid) for name, pid in self.pids.items()}


@contextmanager
def programs(url: str) -> Iterator[Running]:
    """One gunicorn process, one worker and a Redis, as an installation runs them."""
    with tempfile.TemporaryDirectory(prefix="motcua-bench-") as folder:
        port = processes.free_port("127.0.0.1", 18000)
        settings = Settings.from_env(
            {
                "MOTCUA_DATABASE_URL": url,
                "MOTCUA_DATA_DIR": folder,
                "MOTCUA_DEMO": "1",
                "MOTCUA_PORT": str(port),
            }
        )
        environment = {**os.environ, **settings.to_env()}
        started = [embedded.start(Path(folder))]
        try:
            worker = [sys.executable, "-m", "webapp.cli", "worker"]
            for argv in (web_command(settings, workers=1), worker):
                started.append(subprocess.Popen(argv, env=environment))
            _redis, web, jobs = started
            end = time.monotonic() + 60
            while not processes.answers("127.0.0.1", port):
                if web.poll() is not None or time.monotonic() > end:
                    raise click.ClickException("Máy chủ web không khởi động được.")
                time.sleep(0.1)
            yield Running(port, {"web": _children(web.pid)[0], "worker": jobs.pid})
        finally:
            for process in reversed(started):
                process.terminate()
                process.wait()


class Rounds:
    """Officers who complete whatever waits for them until enough is done."""

    def __init__(self, house: town.Town, port: int) -> None:
        from webapp.demo.province import PASSWORD

        self._sessions = house.sessions
        self._verified, self._wrong = _answers(*VERIFIED), _answers(*WRONG)
        self._lock = threading.Lock()
        self.done, self.problem = 0, ""
        self._limit, self._moved = 0, 0.0
        self._desks = [
            (agency, role, turn, Client(port, username, PASSWORD))
            for (agency, role), username in _posts(house, self._wrong).items()
            for turn in range(_CLIENTS)
        ]

    def until(self, total: int, seen: Callable[[int], object]) -> None:
        """Go on to so many completed tasks; ``seen`` hears their number now and then."""
        self._limit, self._moved = total, time.monotonic()
        threads = [
            threading.Thread(target=self._work, args=desk, daemon=True) for desk in self._desks
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            time.sleep(0.1)
            seen(self.done)
            if time.monotonic() - self._moved > _PATIENCE:
                self.problem = self.problem or "Không còn việc nào chuyển động."
            if self.problem:
                raise click.ClickException(self.problem)

    def _work(self, agency: int, role: str, turn: int, client: Client) -> None:
        try:
            while self.done < self._limit:
                waiting = self._waiting(agency, role, turn)
                for task, element, dossier in waiting:
                    with self._lock:
                        if self.done >= self._limit:
                            break
                        self.done, self._moved = self.done + 1, time.monotonic()
                    answers = self._verified if dossier % _WRONG_ONES else self._wrong
                    _complete(client, task, answers[element])
                if not waiting:
                    client.connection.close()  # before the server does; the next post opens it
                    time.sleep(0.05)
            client.connection.close()
        except Exception as error:  # told by the main thread
            self.problem = f"{type(error).__name__}: {error}"

    def _waiting(self, agency: int, role: str, turn: int) -> list[tuple[int, str, int]]:
        """Open tasks of a post whose dossier has no older one, so that none is taken away."""
        older = aliased(Task)
        query = (
            select(Task.id, Task.element, Task.dossier_id)
            .where(
                Task.agency_id == agency,
                Task.role == role,
                Task.status == "open",
                Task.dossier_id % _CLIENTS == turn,
                ~exists().where(
                    older.dossier_id == Task.dossier_id,
                    older.status == "open",
                    older.id < Task.id,
                ),
            )
            .order_by(Task.id)
            .limit(50)
        )
        with self._sessions() as session:
            return [(task, step, dossier) for task, step, dossier in session.execute(query)]


@click.command()
@click.option("--database", "url", help="PostgreSQL URL, or “postgresql”; default SQLite.")
@click.option("--completions", default=2_000, show_default=True, type=click.IntRange(40, 10**7))
@click.option("--warm-up", type=click.IntRange(20), help="Completions before. Default: a fifth.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(url: str | None, completions: int, warm_up: int | None, as_json: bool) -> None:
    """Complete very many tasks; tell how much the web's and the worker's memory grew."""
    warm_up = warm_up or max(20, completions // 5)
    with town.database(url) as fresh:
        house = replace(town.settle(fresh), start=_story(OPENED_AS).data)
        town.open_tasks(house, max(20, (warm_up + completions) // TURNS))
        samples: list[dict[str, float]] = []
        with programs(fresh) as running:
            rounds = Rounds(house, running.port)
            with town.progress(warm_up + completions, "Hoàn thành") as bar:

                def seen(done: int) -> None:
                    bar.update(done - bar.pos)
                    if samples and done >= warm_up + len(samples) * completions // SAMPLES:
                        samples.append(running.memory())

                rounds.until(warm_up, seen)
                _until_kept(house.sessions)
                samples.append(running.memory())
                begun = time.perf_counter()
                rounds.until(warm_up + completions, seen)
                took = time.perf_counter() - begun
            _until_kept(house.sessions)
            samples.append(running.memory())
        house.engine.dispose()
    series: list[Series] = []
    facts: dict[str, Any] = {}
    for name in running.pids:
        read = [sample[name] for sample in samples]
        before = f"{name} after the warm-up"
        series += [
            Series(before, "MB", read[:1]),
            Series(f"{name} at the end", "MB", read[-1:], limit=before),
        ]
        facts[f"{name}_growth_percent"] = round(100 * (read[-1] / read[0] - 1), 2)
        facts[f"{name}_mb"] = [round(value, 1) for value in read]
    show(
        "memory",
        series,
        as_json,
        database="SQLite" if fresh.startswith("sqlite") else "PostgreSQL",
        warm_up=warm_up,
        completions=completions,
        per_second=round(completions / took, 1),
        **facts,
    )


def _complete(client: Client, task: int, answer: dict[str, Any]) -> None:
    path, body = f"/api/v1/tasks/{task}/complete", {"data": answer}
    try:
        client.post(path, body)
    except ConnectionError:  # kept too long between two requests: the server hung up
        client.connection.close()
        client.post(path, body)


def _story(name: str) -> scenario.Scenario:
    folder = town.ROOT / "processes" / town.PROCEDURE / town.VERSION / "scenarios"
    return scenario.read(folder / f"{name}.toml")


def _answers(name: str, last: str) -> dict[str, Any]:
    """What a scenario answers to each step, up to the one that leads back."""
    found: dict[str, Any] = {}
    for step in _story(name).steps:
        found.setdefault(step["task"], step["data"])
        if step["task"] == last:
            break
    return found


def _posts(house: town.Town, answers: dict[str, Any]) -> dict[tuple[int, str], str]:
    """Somebody's user name for each post (agency, role) at which the rounds have a step."""
    found: dict[tuple[int, str], str] = {}
    with house.sessions() as session:
        for name in answers:
            step = house.release.model.elements[name]
            agency = agency_for(session, house.release, step.pool, house.start, town.NOW)
            role = step.lane or ""
            people = queries.people_with(session, agency.id, role, town.NOW)
            found[agency.id, role] = people[0].username
    return found


def _until_kept(sessions: sessionmaker[Session]) -> None:
    """Wait until the worker has carried everything."""
    unkept = select(func.count()).select_from(Outbox).where(Outbox.done_at.is_(None))
    left, end = None, time.monotonic() + _PATIENCE
    while True:
        with sessions() as session:
            before, left = left, session.scalar(unkept)
        if not left:
            return
        if left != before:
            end = time.monotonic() + _PATIENCE
        elif time.monotonic() > end:
            raise click.ClickException("Còn tin chưa chuyển; worker không theo kịp.")
        time.sleep(0.2)


def _resident(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise click.ClickException(f"Tiến trình {pid} đã dừng.")


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(number) for number in found]
