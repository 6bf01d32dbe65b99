"""``motcua archive``: put closed dossiers away, hold, restore, delete with proof. No rule."""

from __future__ import annotations

import getpass
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import click
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from engine.archive import check, commands, deletion, holds
from engine.calendar import TIMEZONE
from engine.db import writing
from engine.org.access import SYSTEM, Actor
from webapp.commands.calendar import database
from webapp.commands.deadline import Moment

_DATABASE = click.option("--database", "url", help="Default: MOTCUA_DATABASE_URL, or the data.")
_NOW = click.option("--now", type=Moment(), hidden=True, help="Another moment than this one.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_SMALL = 5  # dossiers in one transaction of SQLite, where there is one writer
_BREATH = 0.02  # seconds between two of those, for the others


@click.group("archive", invoke_without_command=True)
@click.option("--dry-run", is_flag=True, help="Only say what would go, and what is in the way.")
@click.option("--limit", type=click.IntRange(1), help="No more than so many dossiers.")
@_DATABASE
@_NOW
@_JSON
@click.pass_context
def archive(
    context: click.Context,
    dry_run: bool,
    limit: int | None,
    url: str | None,
    now: datetime | None,
    as_json: bool,
) -> None:
    """Put closed dossiers away, whose rule says so. May be broken off and run side by side."""
    if context.invoked_subcommand is not None:
        return
    with database(url) as session:
        told = commands.forecast(session, _at(now))
        if dry_run:
            _tell_forecast(told, as_json)
            return
        gone = _put_away(session, _at(now), min(limit or told.ready, told.ready))
        with _unit(session):
            swept = commands.sweep(session, _at(now))
    if as_json:
        click.echo(json.dumps({"archived": gone, "swept": swept}))
    else:
        click.echo(f"Đã lưu trữ {gone} hồ sơ, dọn {swept} dòng ghi nhớ đã hết hạn.")


@archive.command("purge")
@click.option("--yes", is_flag=True, help="Really delete; without it only the list is shown.")
@click.option("--limit", type=click.IntRange(1), default=1000, show_default=True)
@_DATABASE
@_NOW
def purge(yes: bool, limit: int, url: str | None, now: datetime | None) -> None:
    """Delete the archived dossiers whose retention has ended, each with a proof."""
    moment, deleted, held, after = _at(now), 0, 0, 0
    with database(url) as session:
        seen = 0
        while seen < limit:
            page = deletion.ended(session, moment, min(100, limit - seen), after)
            if not page:
                break
            numbers = [(one.dossier.id, one.held) for one in page]
            for one in page:
                _tell_ended(one)
            seen += len(page)
            after = numbers[-1][0]
            session.rollback()
            for number, document in numbers:
                held += bool(document)
                if yes and not document:
                    with _unit(session):
                        deleted += deletion.purge(session, _operator(), number, moment) is not None
        if deleted:
            _wipe(session)
    if yes:
        click.echo(f"Đã xóa {deleted} hồ sơ, mỗi hồ sơ một biên bản; đang giữ lại {held}.")
    elif seen:
        click.echo(f"{seen - held} hồ sơ hết thời hạn lưu, {held} đang giữ lại. Xóa: thêm --yes.")
    else:
        click.echo("Không có hồ sơ nào hết thời hạn lưu.")


@archive.command("restore")
@click.argument("code")
@click.option("--reason", required=True, help="Why, as it will stand in the record.")
@_DATABASE
@_NOW
def restore(code: str, reason: str, url: str | None, now: datetime | None) -> None:
    """Bring a dossier's rows back into the tables."""
    with database(url) as session, _unit(session):
        count = commands.restore(session, _operator(), code, reason, _at(now))
    click.echo(f"Đã đưa hồ sơ {code} ra khỏi lưu trữ: {count} dòng.")


@archive.command("hold")
@click.argument("code")
@click.option("--reason", required=True, help="Why it must not be deleted.")
@click.option("--document", required=True, help="The paper that asks for it.")
@_DATABASE
@_NOW
def hold(code: str, reason: str, document: str, url: str | None, now: datetime | None) -> None:
    """Keep a dossier from being deleted (legal hold)."""
    with database(url) as session, _unit(session):
        number = holds.place(session, _operator(), code, reason, document, _at(now)).id
    click.echo(f"Đã giữ hồ sơ {code} (lệnh giữ số {number}).")


@archive.command("release")
@click.argument("number", type=int)
@click.option("--reason", required=True, help="Why it need not be held any longer.")
@_DATABASE
@_NOW
def release(number: int, reason: str, url: str | None, now: datetime | None) -> None:
    """End a legal hold by its number."""
    with database(url) as session, _unit(session):
        code = holds.release(session, _operator(), number, reason, _at(now)).dossier.code
    click.echo(f"Đã thôi giữ hồ sơ {code}.")


@archive.command("verify")
@_DATABASE
@_JSON
def verify(url: str | None, as_json: bool) -> None:
    """Recompute all bundles, the chains of events and of proofs; exit code 1 when one is wrong."""
    with database(url) as session:
        found = list(check.faults(session))
    if as_json:
        click.echo(json.dumps([vars(fault) for fault in found], ensure_ascii=False))
    else:
        for fault in found:
            click.echo(f"{fault.code}: {fault.sentence}")
        click.echo(f"{len(found)} lỗi." if found else "Kho lưu trữ nguyên vẹn.")
    sys.exit(1 if found else 0)


def _put_away(session: Session, now: datetime, limit: int) -> int:
    small = session.get_bind().dialect.name == "sqlite"
    size, gone = _SMALL if small else commands.BATCH, 0
    with click.progressbar(length=limit, label="Lưu trữ", file=sys.stderr) as bar:
        while gone < limit:
            with _unit(session):
                batch = commands.archive(session, now, min(size, limit - gone))
            if not batch:  # the rest is in other hands
                break
            gone += len(batch)
            bar.update(len(batch))
            if small:
                time.sleep(_BREATH)
    return gone


@contextmanager
def _unit(session: Session) -> Iterator[None]:
    """One transaction that writes: committed at its end, taken back when anything fails."""
    session.rollback()  # what was read so far belongs to another transaction
    with writing():
        try:
            yield
            session.commit()
        except BaseException:
            session.rollback()
            raise


def _wipe(session: Session) -> None:
    """Let go of what deleted rows leave behind in the files: SQLite is written anew."""
    session.rollback()
    bind = session.get_bind()
    assert isinstance(bind, Engine)  # noqa: S101
    if bind.dialect.name == "sqlite":
        session.close()
        connection = bind.raw_connection()
        connection.cursor().execute("VACUUM")
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        return
    with bind.connect().execution_options(isolation_level="AUTOCOMMIT") as alone:
        for table in ("archived_dossier", "attachment", "blob", "dossier", "event"):
            alone.execute(text(f'VACUUM "{table}"'))


def _operator() -> Actor:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a process without a user's name
        name = "không rõ"
    return replace(SYSTEM, name=f"Người vận hành ({name})"[:120])


def _at(now: datetime | None) -> datetime:
    return now or datetime.now(UTC)


def _tell_forecast(told: commands.Forecast, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(vars(told), ensure_ascii=False))
        return
    click.echo(f"{told.ready} hồ sơ đã kết thúc và đến hạn đưa vào lưu trữ.")
    for reason, number in told.waiting.items():
        click.echo(f"  {number} hồ sơ chưa đưa được: {reason}.")


def _tell_ended(one: deletion.Ended) -> None:
    until = one.kept.keep_until
    day = f"{until.astimezone(TIMEZONE):%d/%m/%Y}" if until else ""
    kept = f", giữ lại theo {one.held}" if one.held else ""
    click.echo(
        f"{one.dossier.code}: lưu {one.kept.keep}, hết hạn {day} ({one.kept.legal_basis}){kept}"
    )
