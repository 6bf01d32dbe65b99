"""``motcua organisation``, ``password`` and ``publish``: what a new house needs first."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from pathlib import Path

import click
from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.catalog import releases
from engine.db import writing
from engine.errors import Invalid, NotFound
from engine.org import directory
from engine.org.models import Person
from webapp.commands.calendar import database
from webapp.commands.deadline import read_file, tell_faults

ROOT = Path(__file__).resolve().parents[2]
_SHORTEST = 10  # characters of a password
_DATABASE = click.option(
    "--database", "url", help="Default: MOTCUA_DATABASE_URL, or the data folder."
)


@click.group()
def organisation() -> None:
    """Places, agencies and people from a file (deploy/README.md)."""


@organisation.command("import")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--preview", is_flag=True, help="Tell what would change; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_DATABASE
def import_command(path: Path, preview: bool, as_json: bool, url: str | None) -> None:
    """Take in FILE, whole or not at all. New people get a password, shown once."""
    given: dict[str, str] = {}

    def secret(username: str) -> str:
        given[username] = secrets.token_urlsafe(12)
        return _hashed(given[username])

    try:
        told = directory.read(read_file(path))
        with database(url) as session, writing():
            changes = directory.carry_out(session, told, secret)
            if preview:
                session.rollback()
                given.clear()
            else:
                session.commit()
    except Invalid as error:
        raise tell_faults(error) from error
    if as_json:
        answer = {"preview": preview, "changes": changes, "passwords": given}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=1))
        return
    click.echo("\n".join(changes) or "Không có gì thay đổi.")
    if preview:
        click.echo("Chỉ xem trước, chưa ghi gì.")
    for username, password in given.items():
        click.echo(f"mật khẩu của {username}: {password}")
    if given:
        click.echo("Mật khẩu chỉ hiện một lần này; đổi bằng “motcua password”.")


@click.command()
@click.argument("username")
@_DATABASE
def password(username: str, url: str | None) -> None:
    """Set somebody's password; asks for it twice, or reads it from standard input."""
    with database(url) as session:
        if _person(session, username) is None:
            raise NotFound(f"Không có người dùng «{username}».")
    given = click.prompt("Mật khẩu mới", hide_input=True, confirmation_prompt="Nhập lại")
    if len(given) < _SHORTEST:
        raise Invalid(f"Mật khẩu phải có ít nhất {_SHORTEST} ký tự; chưa đổi gì.")
    with writing(), database(url) as session:
        person = _person(session, username)
        if person is None:
            raise NotFound(f"Không có người dùng «{username}».")
        person.password_hash = _hashed(given)
        session.commit()
    click.echo(f"Đã đổi mật khẩu của {username}.")


@click.command()
@click.argument("root", default=ROOT, type=click.Path(path_type=Path, exists=True))
@_DATABASE
def publish(root: Path, url: str | None) -> None:
    """Publish every procedure version under ROOT/processes; what is published already stays."""
    with writing(), database(url) as session:
        before = {number for (number,) in session.execute(select(releases.ReleaseRow.id))}
        rows = releases.publish_all(session, root, datetime.now(UTC))
        session.commit()
        for row in rows:
            said = "đã có" if row.id in before else "công bố"
            click.echo(f"{said}: {row.procedure} {row.version} – {row.title}")
    if not rows:
        raise Invalid(f"Không có thủ tục nào trong {root / 'processes'}.")


def _person(session: Session, username: str) -> Person | None:
    return session.scalar(select(Person).where(Person.username == username))


def _hashed(password: str) -> str:
    return PasswordHasher().hash(password)
