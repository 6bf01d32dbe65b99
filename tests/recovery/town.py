"""The real programs as separate processes, and somebody who kills them at random moments."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from redis import Redis, RedisError
from sqlalchemy.orm import Session

from engine.catalog import releases
from engine.db import make_engine, writing
from webapp import embedded, processes
from webapp.demo import load_organisation

ROOT = Path(__file__).resolve().parents[2]
MOTCUA = [sys.executable, "-m", "webapp.cli"]


@dataclass
class Running:
    """One program: how to start it, how to see that it is ready, how often it died."""

    name: str
    argv: list[str]
    env: dict[str, str]
    log: Path
    ready: Callable[[], bool]
    process: subprocess.Popen[bytes] | None = None
    was_ready: bool = False

    def start(self) -> None:
        with open(self.log, "ab") as output:
            self.process = subprocess.Popen(
                self.argv,
                env={**os.environ, **self.env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
            )
        self.was_ready = False

    def is_ready(self) -> bool:
        if not self.was_ready and self.process is not None and self.process.poll() is None:
            self.was_ready = self.ready()
        return self.was_ready

    def kill(self) -> None:
        """SIGKILL to the program, then to all it started, which it can no longer replace."""
        assert self.process is not None
        for number in [self.process.pid, *_below(self.process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        self.process.wait()


@dataclass
class Town:
    """Redis and, over one database, ``each`` of web, worker and sweeper.

    One alone has two processes that answer; of several, each answers at a port of its own.
    """

    database_url: str
    folder: Path
    each: int = 1

    def __post_init__(self) -> None:
        self.redis_url = embedded.socket_url(self.folder)
        self.ports: list[int] = []
        while len(self.ports) < self.each:
            port = processes.free_port("127.0.0.1", _somewhere())
            if port not in self.ports:
                self.ports.append(port)
        self.port = self.ports[0]
        env = {
            "MOTCUA_DATABASE_URL": self.database_url,
            "MOTCUA_REDIS_URL": self.redis_url,
            "MOTCUA_SECRET_KEY": "k" * 40,
            "MOTCUA_DATA_DIR": str(self.folder),
            "MOTCUA_HOST": "127.0.0.1",
            "MOTCUA_PORT": str(self.port),
            "MOTCUA_DEMO": "0",
            "MOTCUA_HTTPS": "0",
            "MOTCUA_PROXIES": "1",  # each person of the test has an address of their own
            "PYTHONUNBUFFERED": "1",
        }
        self.programs: dict[str, Running] = {}
        self._program("redis", embedded.command(self.folder), env, self._redis_answers)
        for number, port in enumerate(self.ports):
            last = f"-{number + 1}" if number else ""
            web = [*MOTCUA, "web", "--workers", "2" if self.each == 1 else "1", "--threads", "4"]
            answers = partial(processes.answers, "127.0.0.1", port)
            self._program(f"web{last}", web, {**env, "MOTCUA_PORT": str(port)}, answers)
            for kind in ("worker", "sweeper"):
                name = f"{kind}{last}"
                self._program(name, [*MOTCUA, kind], env, partial(self._has_risen, name))

    def _program(
        self, name: str, argv: list[str], env: dict[str, str], ready: Callable[[], bool]
    ) -> None:
        self.programs[name] = Running(name, argv, env, self.folder / f"{name}.log", ready)

    def of_kind(self, kind: str) -> list[Running]:
        """Every web, every worker or every sweeper."""
        return [one for name, one in self.programs.items() if name.partition("-")[0] == kind]

    def start(self, *kinds: str) -> None:
        """Start the programs of these kinds, or all."""
        for program in self.programs.values():
            if kinds and program.name.partition("-")[0] not in kinds:
                continue
            program.start()
            if program.name == "redis":
                embedded.wait_until_ready(self.redis_url)

    def wait_until_ready(self, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not all(one.is_ready() for one in self.programs.values() if one.process):
            self.restart_the_dead()
            assert time.monotonic() < end, self.logs()
            time.sleep(0.05)

    def restart_the_dead(self) -> int:
        """Start again what ended by itself, as the parent process does; returns how many."""
        dead = [p for p in self.programs.values() if p.process and p.process.poll() is not None]
        for program in dead:
            program.start()
        return len(dead)

    def stop(self) -> None:
        for program in reversed(self.programs.values()):
            if program.process is not None:
                program.kill()

    def logs(self) -> str:
        """The end of every program's log."""
        return "\n".join(
            f"--- {name}\n{program.log.read_text(errors='replace')[-3000:]}"
            for name, program in self.programs.items()
            if program.log.exists()
        )

    def kill_child(self, parent: Running, delay: float = 0.0) -> bool:
        """Kill the process that carries out a job, or one that answers requests, if any does."""
        assert parent.process is not None
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            children = _below(parent.process.pid)
            if children:
                time.sleep(delay)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(random.choice(children), signal.SIGKILL)
                    return True
            time.sleep(0.01)
        return False

    def flush(self) -> bool:
        """Make Redis forget everything."""
        with contextlib.suppress(RedisError):
            with Redis.from_url(self.redis_url, socket_timeout=1) as client:
                client.flushall()
            return True
        return False

    def _redis_answers(self) -> bool:
        with contextlib.suppress(RedisError), Redis.from_url(self.redis_url) as client:
            return bool(client.ping())
        return False

    def _has_risen(self, name: str) -> bool:
        process = self.programs[name].process
        return process is not None and _sleeps(process.pid, 1.0)


@contextlib.contextmanager
def province(database_url: str, each: int = 1) -> Iterator[Town]:
    """The demo's organisation and procedures in a database, and programs not started yet."""
    folder = Path(tempfile.mkdtemp(prefix="motcua-town-"))  # a short path: sockets need one
    engine = make_engine(database_url)
    with writing(), Session(engine) as session:
        load_organisation(session)
        releases.publish_all(session, ROOT, datetime.now(UTC))
        session.commit()
    engine.dispose()
    town = Town(database_url, folder, each)
    try:
        yield town
    finally:
        town.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Chaos(threading.Thread):
    """Kills web, worker, sweeper or Redis, or empties Redis, at moments drawn from a seed."""

    BAG = (
        "web",
        "serving",
        "serving",
        "worker",
        "worker",
        "job",
        "job",
        "sweeper",
        "redis",
        "flush",
    )

    PARENTS = {"serving": "web", "job": "worker"}  # of these only a child is killed

    def __init__(self, town: Town, seed: int) -> None:
        super().__init__(daemon=True)
        self.town, self.chance = town, random.Random(seed)
        self.over = threading.Event()
        self.kills: Counter[str] = Counter()
        self.error: BaseException | None = None

    def run(self) -> None:
        bag: list[str] = []
        try:
            while not self.over.wait(self.chance.uniform(0.2, 1.6)):
                if not bag:
                    bag = self.chance.sample(self.BAG, len(self.BAG))
                # Whoever is still getting up is spared for now: that would show nothing.
                struck = next((name for name in bag if self._strike(name)), None)
                if struck:
                    bag.remove(struck)
                    self.kills[struck] += 1
                self.town.restart_the_dead()
        except BaseException as error:  # told by the main thread
            self.error = error

    def _strike(self, name: str) -> bool:
        if name == "flush":
            return self.town.flush()
        risen = [p for p in self.town.of_kind(self.PARENTS.get(name, name)) if p.is_ready()]
        if not risen:
            return False
        victim = self.chance.choice(risen)
        if name in self.PARENTS:
            return self.town.kill_child(victim, self.chance.uniform(0, 0.1))
        victim.kill()
        victim.start()
        return True

    @property
    def count(self) -> int:
        """How many programs or children of theirs were killed."""
        return sum(number for name, number in self.kills.items() if name != "flush")


def _somewhere() -> int:
    """Where to look for a port: elsewhere than another run of this test on the same machine."""
    return random.SystemRandom().randrange(20_000, 30_000)


def _below(pid: int) -> list[int]:
    """The children of a process and theirs."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for number in map(int, task.read_text().split()):
                found += [*_below(number), number]
    return found


def _sleeps(pid: int, seconds: float) -> bool:
    """Whether a program has lived for a while: it has read its settings and imported its rooms."""
    try:
        ticks = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
        up = float(Path("/proc/uptime").read_text().split()[0])
    except (OSError, IndexError):
        return False
    return up - ticks / os.sysconf("SC_CLK_TCK") > seconds
