"""One parent for several programs: starts them in order, keeps them alive, stops them in order.

Knows nothing of what the programs do.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from engine.errors import MotCuaError

QUICK = 10.0  # seconds: a program that dies sooner did not really start
TOO_OFTEN = 5  # quick deaths in a row after which we give up
PATIENCE = 15.0  # seconds a program gets to stop by itself

_PR_SET_PDEATHSIG = 1


class AlreadyRunning(MotCuaError):
    """Another parent works in the same data folder."""

    code = "already-running"


class WillNotStart(MotCuaError):
    """A program dies again and again right after its start."""

    code = "will-not-start"


@dataclass
class Program:
    """One program to keep alive.

    ``before`` runs once, ahead of its first start; ``ready`` after every start. Both may raise.
    Without a ``log`` it writes where the parent does.
    """

    name: str
    argv: list[str]
    env: dict[str, str] = field(default_factory=dict)
    stop_signal: int = signal.SIGTERM
    before: Callable[[], None] | None = None
    ready: Callable[[], None] | None = None
    log: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    quick_deaths: int = 0
    next_start: float = 0.0

    def start(self) -> None:
        """Start it in a group of its own, so that Ctrl-C reaches the parent alone."""
        if self.before:
            self.before()
            self.before = None
        with contextlib.ExitStack() as stack:
            output = stack.enter_context(open(self.log, "ab")) if self.log else None
            self.process = subprocess.Popen(
                self.argv,
                env={**os.environ, **self.env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
        self.started = time.monotonic()
        if self.ready:
            self.ready()

    def stop(self) -> None:
        """Ask it to stop, wait, and end it by force when it does not."""
        process = self.process
        if process is None or process.poll() is not None:
            return
        process.send_signal(self.stop_signal)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Supervisor:
    """Keeps programs alive until told to stop; stops them in reverse order of their start."""

    def __init__(
        self,
        programs: list[Program],
        say: Callable[[str], None],
        up: Callable[[], bool] = lambda: True,
        when_up: Callable[[], None] = lambda: None,
    ) -> None:
        self.programs = programs
        self.say = say
        self.up = up
        self.when_up = when_up
        self.watching = False
        self.asked = False

    def run(self) -> None:
        """Start all in order and watch them until SIGINT or SIGTERM, then stop all.

        ``when_up`` is called once, as soon as ``up`` says that all of it answers.
        """
        before = {s: signal.signal(s, self._ask) for s in (signal.SIGINT, signal.SIGTERM)}
        told = False
        try:
            for program in self.programs:
                program.start()
            self.watching = True
            while not self.asked:
                for program in self.programs:
                    self._look_after(program)
                if not told and self.up():
                    self.when_up()
                    told = True
                time.sleep(0.2)
        except KeyboardInterrupt:
            self.asked = True
        finally:
            self.watching = True
            self._stop_all()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        if not self.watching:  # a long step before the start is broken off
            raise KeyboardInterrupt

    def _look_after(self, program: Program) -> None:
        process = program.process
        now = time.monotonic()
        if process is not None:
            code = process.poll()
            if code is None:
                return
            program.process = None
            program.quick_deaths = program.quick_deaths + 1 if now - program.started < QUICK else 0
            if program.quick_deaths >= TOO_OFTEN:
                raise WillNotStart(
                    f"“{program.name}” dừng {TOO_OFTEN} lần liền ngay sau khi khởi động."
                    + _last_lines(program.log)
                )
            wait = 2 ** max(program.quick_deaths - 1, 0) / 2
            program.next_start = now + wait
            self.say(f"“{program.name}” đã dừng bất ngờ (mã {code}); khởi động lại sau {wait:g} s.")
        elif now >= program.next_start:
            program.start()

    def _stop_all(self) -> None:
        running = [p for p in self.programs if p.process and p.process.poll() is None]
        if running:
            self.say("Đang dừng: " + ", ".join(p.name for p in reversed(running)) + " …")
        for program in reversed(running):
            program.stop()


@contextlib.contextmanager
def sole_owner(data_dir: Path) -> Iterator[Callable[[str], None]]:
    """Hold the data folder's lock; gives a function that leaves the address for others to read.

    Raises AlreadyRunning, naming the first one's address, when another process holds it.
    """
    path = data_dir / "running.lock"
    with open(path, "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            address = file.read().strip()
            where = f"tại {address}" if address else "(đang khởi động)"
            raise AlreadyRunning(
                f"Một Cửa đang chạy {where} với dữ liệu trong {data_dir}. "
                "Hãy dừng nó (Ctrl-C) trước, hoặc đặt MOTCUA_DATA_DIR sang thư mục khác.",
                address=address,
            ) from None

        def tell(text: str) -> None:
            file.seek(0)
            file.truncate()
            file.write(text)
            file.flush()

        tell("")
        try:
            yield tell
        finally:
            tell("")


def free_port(host: str, port: int, tries: int = 50) -> int:
    """``port`` when it can be listened on, else the next one that can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, min(port + tries, 65536)):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except PermissionError:
                continue
            except OSError as error:
                if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                    break  # no port of this host will do
                continue
            return candidate
    raise MotCuaError(
        f"Không mở được cổng nào từ {port} trên {host}: hãy đặt MOTCUA_HOST và MOTCUA_PORT.",
        code="no-port",
    )


def answers(host: str, port: int) -> bool:
    """Whether a web server answers at the address: an open port alone is not enough."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=2) as peer:
        peer.sendall(b"HEAD / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        return bool(peer.recv(1))
    return False


def _last_lines(log: Path | None, count: int = 8) -> str:
    if log is None or not log.exists():
        return ""
    lines = log.read_text(errors="replace").splitlines()[-count:]
    return f" Cuối nhật ký {log}:\n" + "\n".join(f"    {line}" for line in lines)


_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    """In the child: be told to stop when the parent is killed without a chance to say so."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
