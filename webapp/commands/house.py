"""``motcua demo`` and ``motcua run``: the whole product under one parent process."""

from __future__ import annotations

import os
import sys
import time
import unicodedata
from collections.abc import Callable

import click

from engine.errors import MotCuaError
from webapp import assets, embedded, processes
from webapp.commands.database import upgrade
from webapp.commands.programs import web_command
from webapp.config import Settings


@click.command()
def demo() -> None:
    """Start the demo province: synthetic agencies, people and dossiers in every state."""
    os.environ["MOTCUA_DEMO"] = "1"
    settings = Settings.from_env()
    with processes.sole_owner(settings.data_dir) as tell:
        port = processes.free_port(settings.host, settings.port)
        if port != settings.port:
            click.echo(f"Cổng {settings.port} đang bận, dùng cổng {port}.")
        settings = settings.with_port(port)
        _supervise(settings, tell, prepare=lambda: _prepare_demo(settings))


@click.command()
def run() -> None:
    """Start web, worker and sweeper with the settings of the environment (deploy/README.md)."""
    settings = Settings.from_env()
    with processes.sole_owner(settings.data_dir) as tell:
        if processes.free_port(settings.host, settings.port) != settings.port:
            raise MotCuaError(
                f"Cổng {settings.port} trên {settings.host} đang bận: hãy đặt MOTCUA_PORT.",
                code="no-port",
            )
        _supervise(settings, tell, prepare=lambda: upgrade(settings.database_url))


def _supervise(
    settings: Settings, tell: Callable[[str], None], prepare: Callable[[], None]
) -> None:
    assets.manifest()  # says what to do when the front end is not built
    logs = settings.data_dir / "logs" if settings.demo else None
    if logs:
        logs.mkdir(exist_ok=True)
    programs = []
    environment = settings.to_env()
    os.environ.update(environment)

    def program(name: str, argv: list[str]) -> processes.Program:
        made = processes.Program(
            name, argv, env=environment, log=logs / f"{name}.log" if logs else None
        )
        programs.append(made)
        return made

    if settings.own_redis:
        redis = program("redis", embedded.command(settings.data_dir))
        redis.ready = lambda: embedded.wait_until_ready(settings.redis_url)
    motcua = [sys.executable, "-m", "webapp.cli"]
    program("sweeper", [*motcua, "sweeper"]).before = prepare
    program("worker", [*motcua, "worker"])
    program("web", web_command(settings))

    shown = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host  # noqa: S104
    address = f"http://{f'[{shown}]' if ':' in shown else shown}:{settings.port}"
    tell(address)

    def when_up() -> None:
        if settings.demo:
            click.echo(_people_table())
            click.echo(f"\n  Một Cửa chạy tại  {address}\n")
            click.echo(f"  Dữ liệu và nhật ký: {settings.data_dir}. Dừng bằng Ctrl-C.")
        else:
            click.echo(f"Một Cửa chạy tại {address}.")

    processes.Supervisor(
        programs,
        say=click.echo,
        up=lambda: processes.answers(shown, settings.port),
        when_up=when_up,
    ).run()
    click.echo("Đã dừng.")


def _prepare_demo(settings: Settings) -> None:
    """Make the tables and, when nobody lives there yet, the province with its dossiers."""
    from sqlalchemy import func, select

    from webapp import demo as province
    from webapp.app import create_app
    from webapp.db import db

    half_done = settings.data_dir / "seeding"
    if half_done.exists():
        if os.environ.get("MOTCUA_DATABASE_URL"):  # not ours to empty
            raise MotCuaError(
                "Lần tạo dữ liệu mẫu trước bị ngắt giữa chừng: hãy làm rỗng cơ sở dữ liệu của "
                f"MOTCUA_DATABASE_URL, xóa {half_done}, rồi chạy lại.",
                code="half-seeded",
            )
        click.echo("Lần tạo dữ liệu mẫu trước bị ngắt giữa chừng: tạo lại từ đầu.")
        for path in settings.data_dir.glob("motcua.db*"):
            path.unlink()
    upgrade(settings.database_url)
    app = create_app(settings)
    with app.app_context():
        from engine.org.models import Person

        lived_in = db.session.scalar(select(func.count()).select_from(Person))
        db.session.remove()
    if lived_in:
        return
    click.echo("Đang tạo tỉnh mẫu (chỉ lần đầu) …")
    begun = time.monotonic()
    half_done.touch()
    province.seed(app, _progress)
    half_done.unlink()
    click.echo(f"    xong sau {time.monotonic() - begun:.0f} giây")


def _progress(*parts: object) -> None:
    click.echo("    " + " ".join(str(part) for part in parts))


def _people_table() -> str:
    from webapp.demo import people

    head = {
        "username": "Tên đăng nhập",
        "name": "Họ tên",
        "short_name": "Cơ quan",
        "role": "Vai trò",
    }
    everybody = people()
    rows = [head, *everybody]
    widths = {key: max(_width(str(row[key])) for row in rows) for key in head}
    lines = [
        "  " + "  ".join(_pad(str(row[key]), widths[key]) for key in head).rstrip() for row in rows
    ]
    rule = "  " + "  ".join("─" * widths[key] for key in head)
    passwords = " / ".join(sorted({row["password"] for row in everybody}))
    return "\n".join(["", lines[0], rule, *lines[1:], "", f"  Mật khẩu của mọi người: {passwords}"])


def _width(text: str) -> int:
    return sum(not unicodedata.combining(letter) for letter in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
