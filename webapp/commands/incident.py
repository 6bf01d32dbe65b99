"""``motcua incident``: leave an announced incident out of an agency's clocks. Holds no rule."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click
from sqlalchemy.orm import Session

from engine.calendar import TIMEZONE
from engine.db import writing
from engine.dossiers import incidents
from engine.dossiers.incidents import Done, Moved
from engine.errors import Invalid
from engine.org.access import SYSTEM, Actor
from engine.org.calendars import scope_of
from webapp.commands.calendar import database
from webapp.commands.deadline import Moment, tell_faults

_BATCH = 20  # dossiers in one transaction: others wait no longer than for these
_PREVIEW = 200  # dossiers tried out and taken back
SHOWN = 20

Command = Callable[..., Any]


def _options(command: Command) -> Command:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        click.option("--now", type=Moment(), hidden=True, help="Another moment than this one."),
        click.option("--preview", is_flag=True, help="Tell what would change; change nothing."),
        click.option("--database", "url", help="Default: MOTCUA_DATABASE_URL, or the data folder."),
        click.option("--document", required=True, help="The number of the announcement."),
        click.option("--agency", required=True, help="The code of the agency."),
    ):
        command = option(command)
    return command


@click.group()
def incident() -> None:
    """Leave an announced incident out of the clocks of an agency's open dossiers."""


@incident.command("apply")
@_options
@click.option("--from", "begin", type=Moment(), required=True, help='"23/11/2026 08:00" or ISO.')
@click.option("--to", "end", type=Moment(), required=True, help="When it was over.")
@click.option("--reason", required=True, help="What happened; citizens read it.")
def apply(
    agency: str,
    document: str,
    url: str | None,
    preview: bool,
    now: datetime | None,
    as_json: bool,
    begin: datetime,
    end: datetime,
    reason: str,
) -> None:
    """Move every date not reached yet. Run again after a break, only the rest is done."""
    moment = now or datetime.now(UTC)

    def act(session: Session, agency_id: int, limit: int) -> Done:
        return incidents.apply(
            session, _operator(), agency_id, begin, end, reason, document, moment, limit=limit
        )

    try:
        done = _carry_out(act, agency, url, preview)
    except Invalid as error:
        raise tell_faults(error) from error
    _tell(done, "Sẽ không tính" if preview else "Đã không tính", preview, as_json)


@incident.command("undo")
@_options
def undo(
    agency: str,
    document: str,
    url: str | None,
    preview: bool,
    now: datetime | None,
    as_json: bool,
) -> None:
    """Take an incident back: its interval counts again in all that is still open."""
    moment = now or datetime.now(UTC)

    def act(session: Session, agency_id: int, limit: int) -> Done:
        return incidents.undo(session, _operator(), agency_id, document, moment, limit=limit)

    done = _carry_out(act, agency, url, preview)
    _tell(done, "Sẽ tính lại" if preview else "Đã tính lại", preview, as_json)


def _carry_out(
    act: Callable[[Session, int, int], Done], agency: str, url: str | None, preview: bool
) -> Done:
    """In small transactions one after another; a preview does it once and takes it back."""
    moved: list[Moved] = []
    with database(url) as session:
        agency_id = scope_of(session, agency).agency_id or 0
        session.rollback()
        while True:
            with writing():
                done = act(session, agency_id, _PREVIEW if preview else _BATCH)
                if preview:
                    session.rollback()
                else:
                    session.commit()
            moved += done.moved
            if preview or not done.left:
                return Done(tuple(moved), done.left)


def _operator() -> Actor:
    try:
        return replace(SYSTEM, name=getpass.getuser())
    except (KeyError, OSError):
        return SYSTEM


def _tell(done: Done, did: str, preview: bool, as_json: bool) -> None:
    moved = done.moved
    if as_json:
        rows = [
            {"dossier": one.code, "before": _iso(one.before), "after": _iso(one.after)}
            for one in moved
        ]
        answer = {"applied": not preview, "moved": rows, "left": done.left}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=1))
        return
    if not moved:
        click.echo("Không có hồ sơ nào phải sửa.")
        return
    click.echo(f"{did} thời gian có sự cố của {len(moved) + done.left} hồ sơ đang giải quyết:")
    for one in moved[:SHOWN]:
        click.echo(f"  {one.code}: hẹn trả {_words(one.before)} → {_words(one.after)}")
    more = len(moved) + done.left - min(len(moved), SHOWN)
    if more:
        click.echo(f"  … và {more} hồ sơ khác (--json để xem thêm).")


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(TIMEZONE).isoformat() if moment else None


def _words(moment: datetime | None) -> str:
    return f"{moment.astimezone(TIMEZONE):%H:%M %d/%m/%Y}" if moment else "chưa có"
