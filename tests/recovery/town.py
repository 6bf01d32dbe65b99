"""The real programs as separate processes, and somebody who kills them at random moments."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis, RedisError

from webapp import embedded, processes

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
    """Redis, web, worker and sweeper over one database."""

    database_url: str
    folder: Path
    port: int = field(default_factory=lambda: processes.free_port("127.0.0.1", _somewhere()))

    def __post_init__(self) -> None:
        self.redis_url = embedded.socket_url(self.folder)
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
        commands: dict[str, tuple[list[str], Callable[[], bool]]] = {
            "redis": (embedded.command(self.folder), self._redis_answers),
            "web": (
                [*MOTCUA, "web", "--workers", "2", "--threads", "4"],
                lambda: processes.answers("127.0.0.1", self.port),
            ),
            "worker": ([*MOTCUA, "worker"], self._worker_listens),
            "sweeper": ([*MOTCUA, "sweeper"], self._sweeper_is_up),
        }
        self.programs = {
            name: Running(name, argv, env, self.folder / f"{name}.log", ready)
            for name, (argv, ready) in commands.items()
        }

    def start(self) -> None:
        for program in self.programs.values():
            program.start()
            if program.name == "redis":
                embedded.wait_until_ready(self.redis_url)

    def wait_until_ready(self, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not all(program.is_ready() for program in self.programs.values()):
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

    def _worker_listens(self) -> bool:
        process = self.programs["worker"].process
        return process is not None and _sleeps(process.pid, 1.0)

    def _sweeper_is_up(self) -> bool:
        process = self.programs["sweeper"].process
        return process is not None and _sleeps(process.pid, 1.0)


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
        victim = self.town.programs[self.PARENTS.get(name, name)]
        if not victim.is_ready():
            return False
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
