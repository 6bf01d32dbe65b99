"""``motcua db`` and ``motcua reset-demo``: the tables, and the demo's data. Knows no view."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import click
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from engine.db import make_engine
from engine.errors import MotCuaError
from webapp import embedded, processes
from webapp.config import Settings
from webapp.migrations import lint

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
_LOCK = 4_614_203_301  # the advisory lock of migrations; any number that nobody else takes
OURS = ("motcua.db*", "seeding", "secret-key", "logs", "attachments", "redis.sock", "dump.rdb")


def upgrade(url: str, revision: str = "head", *, more: tuple[Path, ...] = ()) -> None:
    """Bring the database's tables to the newest shape; does nothing when they have it.

    One at a time: another that is under way is waited for. ``more``: further folders of migrations.
    """
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            _alone(connection)
            config = _config(connection)
            folders = os.pathsep.join(map(str, (MIGRATIONS / "versions", *more)))
            config.set_main_option("path_separator", "os")
            config.set_main_option("version_locations", folders)
            command.upgrade(config, revision)
    finally:
        engine.dispose()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _alone(connection: Connection) -> None:
    """Hold the right to migrate until the connection closes. Asked for again and again: whoever
    waited for it inside a statement would hold up the building of an index."""
    if connection.dialect.name != "postgresql":
        return
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:n)"), {"n": _LOCK}):
        connection.rollback()
        time.sleep(0.2)
    connection.rollback()


@click.group("db")
def db() -> None:
    """Create or upgrade the tables of the database (MOTCUA_DATABASE_URL)."""


@db.command("upgrade")
def upgrade_command() -> None:
    """Bring the tables to the newest shape."""
    settings = Settings.from_env()
    upgrade(settings.database_url)
    click.echo("Cơ sở dữ liệu đã ở phiên bản mới nhất.")


@db.command("revision")
@click.argument("message")
def revision_command(message: str) -> None:
    """Write a new migration from what the tables lack (for developers)."""
    url = Settings.from_env().database_url
    upgrade(url)
    engine = make_engine(url)
    with engine.connect() as connection:
        config = _config(connection)
        number = len(list((MIGRATIONS / "versions").glob("*.py"))) + 1
        written = command.revision(config, message, autogenerate=True, rev_id=f"{number:04d}")
    engine.dispose()
    for script in written if isinstance(written, list) else [written]:
        if script:
            path = Path(script.path)
            lines = path.read_text().splitlines(keepends=True)
            path.write_text("".join(line for line in lines if "# ###" not in line))
            click.echo(f"Đã viết {path}; hãy đọc lại và chạy “ruff format” cho tệp.")
            for line, why in lint.of(path.read_text()) if number > 1 else ():
                click.echo(f"  {path.name}:{line}: {why}")


@click.command("reset-demo")
def reset_demo() -> None:
    """Throw the demo's data away; the next start makes it anew."""
    os.environ["MOTCUA_DEMO"] = "1"
    if os.environ.get("MOTCUA_DATABASE_URL"):
        raise MotCuaError(
            "reset-demo chỉ xoá dữ liệu mẫu trong MOTCUA_DATA_DIR; MOTCUA_DATABASE_URL đang trỏ "
            "tới một cơ sở dữ liệu khác nên không xoá gì.",
            code="not-a-demo",
        )
    data_dir = Settings.from_env().data_dir
    with processes.sole_owner(data_dir):
        for pattern in OURS:
            for path in data_dir.glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        embedded.socket_path(data_dir).unlink(missing_ok=True)
    click.echo(f"Đã xoá dữ liệu mẫu trong {data_dir}.")
