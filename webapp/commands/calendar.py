"""``motcua calendar``: show, import and export yearly calendars. Rules live in the engine."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from sqlalchemy import inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.orm import Session

from engine.calendar import TIMEZONE, Calendar, Layer, public_holidays
from engine.calendar.hours import shifts_text
from engine.calendar.words import WEEKDAYS
from engine.calendar.working import FIRST_YEAR, LAST_YEAR
from engine.calendar.written import day_words, hours_words, write
from engine.db import make_engine, writing
from engine.errors import Invalid, MotCuaError
from engine.new_calendars import Change, carry_out, compare, one_at_a_time
from engine.org.calendars import calendar_of, forget, layer_of, scope_of
from webapp.commands.deadline import read_file, tell_faults
from webapp.config import Settings

SHOWN = 20  # touched dates listed for people; JSON has all of them

Command = Callable[..., Any]


def database_options(command: Command) -> Command:
    """``--agency``, ``--kind`` and ``--database``."""
    for option in (
        click.option("--database", "url", help="Default: MOTCUA_DATABASE_URL, or the data folder."),
        click.option("--kind", help='All agencies of a kind: "ubnd-xa", "cong-an", …'),
        click.option("--agency", help="The code of one agency; without it the whole province."),
    ):
        command = option(command)
    return command


@contextmanager
def database(url: str | None) -> Iterator[Session]:
    """A session on the house's database; a sentence when there is none or it has no tables."""
    if url is None:
        # Only the database's address is needed here, no secret of the web.
        url = Settings.from_env({"MOTCUA_SECRET_KEY": "-" * 32, **os.environ}).database_url
    try:
        address = make_url(url)
        if address.drivername in ("postgresql", "postgres"):
            address = address.set(drivername="postgresql+psycopg")
        if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
            raise MotCuaError(f"Chưa có cơ sở dữ liệu {address.database}: hãy nêu --database.")
        engine = make_engine(address.render_as_string(hide_password=False))
    except (ArgumentError, ModuleNotFoundError):
        raise Invalid("--database không phải là địa chỉ cơ sở dữ liệu dùng được.") from None
    try:
        try:
            ready = inspect(engine).has_table("calendar_day")
        except OperationalError:
            raise MotCuaError("Không kết nối được cơ sở dữ liệu.") from None
        if not ready:
            raise MotCuaError(
                "Cơ sở dữ liệu chưa có bảng lịch làm việc: hãy chạy “motcua db upgrade”."
            )
        with Session(engine) as session:
            yield session
    finally:
        engine.dispose()


@click.group()
def calendar() -> None:
    """Show and import yearly calendars: hours, days off, make-up days."""


@calendar.command("import")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@database_options
@click.option("--by", help="Who imports, for the record. Default: the name logged in here.")
@click.option("--preview", is_flag=True, help="Tell what would change; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def import_command(
    path: Path,
    agency: str | None,
    kind: str | None,
    url: str | None,
    by: str | None,
    preview: bool,
    as_json: bool,
) -> None:
    """Take in a calendar (CSV or TOML; see deploy/README.md). All of the file, or nothing.

    Dates already promised stay as they are: the open dossiers that the new calendar would date
    otherwise are listed, for the office to decide.
    """
    content = read_file(path)
    with writing(not preview), database(url) as session:
        if not preview:
            one_at_a_time(session)
        try:
            change = compare(session, content, path.name, scope_of(session, agency, kind))
        except Invalid as error:
            raise tell_faults(error) from error
        if not preview:
            carry_out(session, change, by or _login(), datetime.now(UTC))
            session.commit()
            forget(session)
    _tell(change, preview, as_json)


@calendar.command("show")
@database_options
@click.option("--year", type=click.IntRange(FIRST_YEAR, LAST_YEAR), help="Default: this year.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(
    agency: str | None, kind: str | None, url: str | None, year: int | None, as_json: bool
) -> None:
    """Show a year as it counts: weekly hours, holidays and the days that are not usual."""
    year = year or datetime.now(TIMEZONE).year
    with database(url) as session:
        scope = scope_of(session, agency, kind)
        if scope.kind is not None:
            raise Invalid("Lệnh show dùng --agency; để xem riêng một loại hãy dùng export --kind.")
        days = calendar_of(session, scope.agency_id)
    told = list(_year(days, year))
    working = sum(days.is_working_day(day) for day in _all_days(year))
    if as_json:
        answer = {"scope": scope.name, "year": year, "working_days": working, "days": told}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=1))
        return
    click.echo(f"Lịch làm việc năm {year}, {scope.name}: {working} ngày làm việc.")
    for hours in days.hours:
        for line in hours_words(hours):
            click.echo(line)
    for one in told:
        click.echo(f"{one['weekday']} {one['date']}: {one['text']}")


@calendar.command("export")
@database_options
def export(agency: str | None, kind: str | None, url: str | None) -> None:
    """Print as CSV what was imported for an agency, a kind or the province, as it holds now."""
    with database(url) as session:
        click.echo(write(_in_force(layer_of(session, scope_of(session, agency, kind)))), nl=False)


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "quản trị viên"


def _in_force(layer: Layer) -> Layer:
    """Without the hours that a later import took the place of."""
    known: list[Any] = []
    for hours in layer.hours:
        known = [one for one in known if one != hours] + [hours]
    return Layer(tuple(known), layer.days)


def _all_days(year: int) -> Iterator[date]:
    day = date(year, 1, 1)
    while day.year == year and day < date.max:
        yield day
        day += timedelta(days=1)


def _year(days: Calendar, year: int) -> Iterator[dict[str, str]]:
    """The days of a year that are not as their weekday is, in order."""
    for day in _all_days(year):
        special = days.special(day)
        holiday = public_holidays(year).get(day)
        if special is None and holiday is None:
            continue
        text = f"nghỉ lễ ({holiday})" if special is None else day_words(day, special)
        weekday = WEEKDAYS[day.weekday()]
        yield {
            "date": f"{day:%d/%m/%Y}",
            "weekday": f"{weekday[0].upper()}{weekday[1:]}",
            "kind": "holiday" if special is None else special.kind,
            "text": text.partition(": ")[2] or text,
            "hours": shifts_text(days.shifts_of(day)),
            "intake": shifts_text(days.intake_of(day)),
        }


def _tell(change: Change, preview: bool, as_json: bool) -> None:
    hours = [line for one in change.layer.hours for line in hours_words(one)]
    days = [day_words(day, special) for day, special in sorted(change.layer.days.items())]
    if as_json:
        answer = {
            "imported": not preview and not change.empty,
            "scope": change.scope.name,
            "hours": hours,
            "days": days,
            "touched": [
                {
                    "dossier": one.code,
                    "what": one.what,
                    "due": one.due.astimezone(TIMEZONE).isoformat(),
                    "would_be": one.would_be.astimezone(TIMEZONE).isoformat(),
                }
                for one in change.touched
            ],
        }
        click.echo(json.dumps(answer, ensure_ascii=False, indent=1))
        return
    if change.empty:
        click.echo("Tệp không nói điều gì mới; không có gì thay đổi.")
        return
    click.echo(f"{'Xem trước' if preview else 'Đã nhập'} lịch cho {change.scope.name}:")
    for line in (*hours, *days):
        click.echo(f"  {line}")
    dossiers = len({one.dossier_id for one in change.touched})
    if not dossiers:
        click.echo("Không có hồ sơ đang giải quyết nào đổi ngày theo lịch mới.")
        return
    click.echo(
        f"{dossiers} hồ sơ đang giải quyết sẽ có ngày khác nếu tính theo lịch mới. Ngày đã hẹn "
        "được giữ nguyên; đơn vị xem từng hồ sơ và quyết định:"
    )
    for touched in change.touched[:SHOWN]:
        due, would_be = (t.astimezone(TIMEZONE) for t in (touched.due, touched.would_be))
        click.echo(
            f"  {touched.code}, {touched.what}: {due:%H:%M %d/%m/%Y} → {would_be:%H:%M %d/%m/%Y}"
        )
    if len(change.touched) > SHOWN:
        click.echo(f"  … và {len(change.touched) - SHOWN} ngày khác (--json để xem tất cả).")
