"""The ground the product stands on: locks, make, settings, the parent process, Redis."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from engine.errors import MotCuaError
from webapp import embedded, processes
from webapp.config import BadSettings, Settings

ROOT = Path(__file__).resolve().parent.parent
LOCKS = sorted((ROOT / "deploy").glob("*.lock"))
NODE_LOCK = ROOT / "webapp" / "frontend" / "package-lock.json"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_python_locks_have_hashes_and_name_no_host(lock: Path) -> None:
    """Each package is pinned with its hashes, and any mirror may serve it."""
    entries = re.split(r"\n(?=\S)", lock.read_text().strip())
    assert entries
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+==\S+", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry
    assert not re.search(r"https?://|index-url|find-links", lock.read_text())


def test_node_lock_has_hashes_and_names_no_host() -> None:
    """Nothing in the lock says where a package comes from, only what it must be."""
    content = NODE_LOCK.read_text()
    assert '"resolved"' not in content
    packages = content.count('"node_modules/')
    assert packages
    assert content.count('"integrity"') == packages
    lines = [line for line in content.splitlines() if re.search(r"https?://", line)]
    assert all('"url":' in line for line in lines), "only where makers ask for funding"


def test_development_lock_agrees_with_the_products() -> None:
    """Tests run on the very versions that are installed for use."""

    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([\w.-]+==[^\s\\]+)", (ROOT / "deploy" / name).read_text(), re.M))

    assert pins("requirements.lock") <= pins("requirements-dev.lock")
    assert pins("build.lock") <= pins("requirements-dev.lock")


def test_make_help_lists_every_target() -> None:
    """What can be made is what is told."""
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("help", "demo", "test", "lint", "run", "reset-demo", "assets"):
        assert re.search(rf"make {target}\s+\S", shown.stdout), target


def test_every_command_of_the_program_loads() -> None:
    """Each name in the table leads to a command that can tell about itself."""
    from click.testing import CliRunner

    from webapp.cli import COMMANDS, group

    for name in COMMANDS:
        result = CliRunner().invoke(group, [name, "--help"])
        assert result.exit_code == 0, (name, result.output)


def test_help_imports_nothing_heavy() -> None:
    """`motcua --help` answers at once."""
    code = (
        "import sys, webapp.cli; "
        "print([m for m in ('flask', 'sqlalchemy', 'rq') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_a_missing_module_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command whose module is gone says so, without a traceback."""
    from click.testing import CliRunner

    from webapp import cli

    monkeypatch.setitem(cli.COMMANDS, "web", ("webapp.gone:web", "Gone."))
    result = CliRunner().invoke(cli.group, ["web"])
    assert result.exit_code == 1
    assert "webapp.gone" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({}, "MOTCUA_SECRET_KEY"),
        ({"MOTCUA_SECRET_KEY": "short"}, "MOTCUA_SECRET_KEY"),
        ({"MOTCUA_DEMO": "1", "MOTCUA_PORT": "eighty"}, "MOTCUA_PORT"),
        ({"MOTCUA_DEMO": "1", "MOTCUA_PORT": "70000"}, "MOTCUA_PORT"),
        ({"MOTCUA_DEMO": "maybe"}, "MOTCUA_DEMO"),
        ({"MOTCUA_DEMO": "1", "MOTCUA_DATABASE_URL": "mysql://a/b"}, "MOTCUA_DATABASE_URL"),
        ({"MOTCUA_DEMO": "1", "MOTCUA_DATABASE_URL": "nonsense"}, "MOTCUA_DATABASE_URL"),
        ({"MOTCUA_DEMO": "1", "MOTCUA_REDIS_URL": "localhost:6379"}, "MOTCUA_REDIS_URL"),
        ({"MOTCUA_DEMO": "1", "MOTCUA_MAX_UPLOAD_MB": "0"}, "MOTCUA_MAX_UPLOAD_MB"),
    ],
)
def test_a_bad_setting_is_named(variables: dict[str, str], named: str, tmp_path: Path) -> None:
    """Every setting that cannot be used is refused by a sentence with its name."""
    with pytest.raises(BadSettings, match=named):
        Settings.from_env({"MOTCUA_DATA_DIR": str(tmp_path), **variables})


def test_the_demo_needs_no_setting(tmp_path: Path) -> None:
    """The demo keeps its own secret, and programs started beside it get the same settings."""
    env = {"MOTCUA_DATA_DIR": str(tmp_path), "MOTCUA_DEMO": "1"}
    settings = Settings.from_env(env)
    assert settings.secret_key == Settings.from_env(env).secret_key
    assert (tmp_path / "secret-key").stat().st_mode & 0o077 == 0
    assert settings.own_redis
    again = Settings.from_env(settings.to_env())
    assert again.to_env() == settings.to_env()
    assert settings.secret_key not in repr(settings)


def test_a_taken_port_gives_the_next(tmp_path: Path) -> None:
    """Somebody else on our port is no reason not to start."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert processes.free_port("127.0.0.1", port) > port
    assert processes.free_port("127.0.0.1", port) == port
    with pytest.raises(MotCuaError, match="MOTCUA_HOST"):
        processes.free_port("192.0.2.1", port)


def test_a_second_start_names_the_first(tmp_path: Path) -> None:
    """One data folder has one owner; the second is told where the first one answers."""
    with processes.sole_owner(tmp_path) as tell:
        tell("http://127.0.0.1:8123")
        env = {**os.environ, "MOTCUA_DATA_DIR": str(tmp_path)}
        second = subprocess.run(
            [sys.executable, "-m", "webapp.cli", "demo"], env=env, capture_output=True, text=True
        )
        assert second.returncode == 1
        assert "http://127.0.0.1:8123" in second.stderr
        assert "Traceback" not in second.stderr
    with processes.sole_owner(tmp_path):
        pass  # free again


def test_the_parent_restarts_what_dies_and_stops_all_in_order(tmp_path: Path) -> None:
    """A killed child comes back; SIGTERM to the parent stops the last started first."""
    script = tmp_path / "parent.py"
    child = (  # whole lines at once: all three write to one pipe
        "import os, signal, sys, time\n"
        "say = lambda word: os.write(1, f'{word} {sys.argv[1]}\\n'.encode())\n"
        "signal.signal(signal.SIGTERM, lambda *_: (say('stop'), os._exit(0)))\n"
        "say('start')\n"
        "time.sleep(60)\n"
    )
    script.write_text(
        "import os, sys\n"
        "from webapp.processes import Program, Supervisor\n"
        f"child = {child!r}\n"
        "programs = [Program(n, [sys.executable, '-c', child, n]) for n in ('one', 'two')]\n"
        "say = lambda text: os.write(1, f'{text}\\n'.encode())\n"
        "Supervisor(programs, say=say, when_up=lambda: say(\n"
        "    f'pids {programs[0].process.pid} {programs[1].process.pid}')).run()\n"
    )
    parent = subprocess.Popen([sys.executable, script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    seen: list[str] = []

    def read_until(wanted: str) -> str:
        assert parent.stdout
        for line in parent.stdout:
            seen.append(line.strip())
            if wanted in line:
                return line
        raise AssertionError((wanted, seen))

    try:
        pids = [int(word) for word in read_until("pids").split()[1:]]
        while seen.count("start one") + seen.count("start two") < 2:
            read_until("start")
        os.kill(pids[0], signal.SIGKILL)
        read_until("start one")
        parent.send_signal(signal.SIGTERM)
        rest = parent.stdout.read().split("\n")
        assert parent.wait(20) == 0
    finally:
        parent.kill()
    stops = [line for line in rest if line.startswith("stop")]
    assert stops == ["stop two", "stop one"]


def test_children_go_when_the_parent_is_killed(tmp_path: Path) -> None:
    """Not even SIGKILL to the parent leaves a child behind."""
    script = tmp_path / "parent.py"
    script.write_text(
        "from webapp.processes import Program, Supervisor\n"
        "program = Program('sleeper', ['sleep', '60'])\n"
        "Supervisor([program], say=print,\n"
        "    when_up=lambda: print(program.process.pid, flush=True)).run()\n"
    )
    parent = subprocess.Popen([sys.executable, script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait(10)
    end = time.monotonic() + 10
    while _alive(pid):
        assert time.monotonic() < end
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_program_that_never_starts_ends_the_house(tmp_path: Path) -> None:
    """After five quick deaths the parent gives up and shows the end of the log."""
    log = tmp_path / "broken.log"
    argv = [sys.executable, "-c", "import sys; sys.exit('no such thing')"]
    program = processes.Program("broken", argv, log=log)
    supervisor = processes.Supervisor([program], say=lambda _: None)
    with pytest.raises(processes.WillNotStart, match="no such thing"):
        supervisor.run()


def test_our_own_redis_answers_on_a_socket_only(redis_url: str) -> None:
    """The Redis that comes with the installation works for RQ, and listens on no port."""
    with Redis.from_url(redis_url) as client:
        client.set("greeting", "xin chào")
        assert client.get("greeting") == "xin chào".encode()
        assert client.config_get("port") == {"port": "0"}


def test_a_long_data_folder_still_gets_a_socket(tmp_path: Path) -> None:
    """Sockets need short paths; a deep folder gets one elsewhere, always the same."""
    deep = tmp_path / ("d" * 120)
    assert len(str(embedded.socket_path(deep))) <= embedded.LONGEST_SOCKET
    assert embedded.socket_path(deep) == embedded.socket_path(deep)


def test_no_redis_at_all_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without any server the installation says what to do."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with pytest.raises(embedded.NoRedis, match="make install"):
        embedded.find_server()


def test_fresh_databases_are_apart(engine: Engine, session: Session) -> None:
    """Each test has every table, empty, on SQLite and on PostgreSQL."""
    assert session.scalar(text("SELECT count(*) FROM person")) == 0
    assert engine.dialect.name in ("sqlite", "postgresql")


def test_migrations_make_the_very_tables_of_the_models(engine: Engine) -> None:
    """`motcua db upgrade` on an empty database leaves nothing to add to the models' tables."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from engine.db import load_models
    from webapp.commands.database import upgrade

    url = engine.url.render_as_string(hide_password=False)
    load_models().drop_all(engine)
    upgrade(url)
    upgrade(url)  # a second time does nothing
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, load_models()) == []


def test_the_whole_house_starts_answers_and_stops(tmp_path: Path) -> None:
    """`motcua run` brings up Redis, sweeper, worker and web, mends them, and leaves nothing."""
    port = processes.free_port("127.0.0.1", 18200)
    env = {
        **os.environ,
        "MOTCUA_DATA_DIR": str(tmp_path),
        "MOTCUA_SECRET_KEY": "k" * 40,
        "MOTCUA_PORT": str(port),
    }
    argv = [sys.executable, "-m", "webapp.cli", "run"]
    log = tmp_path / "house.log"
    with open(log, "w") as output:
        house = subprocess.Popen(argv, env=env, cwd=ROOT, stdout=output, stderr=output)
    try:
        _wait(lambda: f"http://127.0.0.1:{port}" in log.read_text(), 180)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as page:
            assert page.status == 200
        children = _children(house.pid)
        assert len(children) == 4
        worker = next(pid for pid, line in children.items() if line.endswith("worker"))
        os.kill(worker, signal.SIGKILL)
        _wait(lambda: "“worker”" in log.read_text() and len(_children(house.pid)) == 4, 20)
        children |= _children(house.pid)
    finally:
        house.send_signal(signal.SIGTERM)
        assert house.wait(60) == 0, log.read_text()
    assert not [pid for pid in children if _alive(pid)]
    assert "Traceback" not in log.read_text()


def _wait(ready: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "too slow"
        time.sleep(0.1)


def _children(parent: int) -> dict[int, str]:
    """Command lines of a process's living children, by process number."""
    numbers = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    lines = {int(n): Path(f"/proc/{n}/cmdline").read_bytes() for n in numbers}
    return {n: line.decode().replace("\0", " ").strip() for n, line in lines.items() if line}


def test_the_guard_stops_stray_connections() -> None:
    """A connection beyond this machine is refused inside tests."""
    from tests.conftest import _is_near

    with socket.socket() as sock:
        assert _is_near(sock, ("127.0.0.1", 80))
        assert not _is_near(sock, ("192.0.2.1", 80))


def test_node_comes_from_somewhere() -> None:
    """The front end can be built: Node on PATH or in the environment, new enough."""
    shown = subprocess.run(
        [ROOT / "deploy" / "with-node", "node", "--version"], capture_output=True, text=True
    )
    assert shown.returncode == 0, shown.stderr
    assert int(shown.stdout.strip().lstrip("v").split(".")[0]) >= 18


def test_front_end_is_built_and_complete() -> None:
    """Every file named by the manifest is there, and the page's own names are in it."""
    from webapp import assets

    built = assets.manifest()
    assert {"app.js", "app.css", "viewer.js", "viewer.css"} <= set(built)
    for file in built.values():
        assert (assets.DIST / file).stat().st_size > 0


def test_shell_scripts_are_valid() -> None:
    """The scripts beside the locks parse, and can be executed."""
    for name in ("with-node", "install-redis", "progress", "renew-locks"):
        script = ROOT / "deploy" / name
        assert os.access(script, os.X_OK)
        subprocess.run([shutil.which("bash") or "bash", "-n", script], check=True)
