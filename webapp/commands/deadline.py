"""``motcua deadline``: a legal limit worked out and told day by day. Rules live in the engine."""

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import click

from engine.calendar import (
    DEFAULT_WARNING,
    TIMEZONE,
    Calendar,
    default_calendar,
    due,
    explain,
    parse_limit,
    start_after_15h,
    warn_at,
)
from engine.calendar.yearly import read
from engine.errors import Invalid

_FORMATS = ("%d/%m/%Y %H:%M", "%d/%m/%Y", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M")


class Moment(click.ParamType):
    """A moment in Vietnam: "13/02/2026 15:01", or ISO 8601."""

    name = "moment"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        moment = read_moment(value)
        if moment is None:
            self.fail(f"«{value}» không phải thời điểm; ví dụ: 13/02/2026 15:01.", param, ctx)
        return moment


class Span(click.ParamType):
    """Two moments with ".." between them; without the second it has not ended."""

    name = "from..to"

    def convert(
        self,
        value: str | tuple[datetime, datetime | None],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[datetime, datetime | None]:
        if isinstance(value, tuple):
            return value
        first, dots, last = value.partition("..")
        begin, end = read_moment(first), read_moment(last)
        if begin is None or not dots or (end is None and last.strip()):
            self.fail(
                f"«{value}» không phải khoảng thời gian; ví dụ: "
                "23/02/2026 09:00..24/02/2026 09:00.",
                param,
                ctx,
            )
        return begin, end


def read_moment(text: str) -> datetime | None:
    """A moment on Vietnam's clock (an ISO text with a zone keeps its own), or None."""
    text = text.strip()
    for shape in _FORMATS:
        try:
            return datetime.strptime(text, shape).replace(tzinfo=TIMEZONE)
        except ValueError:
            continue
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=TIMEZONE)


def read_file(path: Path) -> bytes:
    """A file's bytes; a sentence when it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise Invalid(f"Không có tệp {path}.") from None
    except OSError as error:
        raise Invalid(f"Không đọc được {path}: {error.strerror}.") from None


def tell_faults(error: Invalid) -> click.ClickException:
    """The refusal of a file with its sentences, place by place."""
    lines = [error.message]
    for place, sentences in error.errors.items():
        lines += [f"  {place}: {sentence}" for sentence in sentences]
    return click.ClickException("\n".join(lines))


@click.command("deadline")
@click.option("--from", "start", type=Moment(), required=True, help='"13/02/2026 15:01" or ISO.')
@click.option("--limit", required=True, help='"24 hours", "8 working days", …')
@click.option("--agency", help="Count by the calendar of this agency (its code).")
@click.option("--after-15h", is_flag=True, help="Accepted after 15:00 starts the next working day.")
@click.option("--pause", "pauses", type=Span(), multiple=True, help="A..B; may be repeated.")
@click.option("--now", type=Moment(), help="How far a pause without end (A..) is counted.")
@click.option(
    "--calendar",
    "file",
    type=click.Path(path_type=Path),
    help="A calendar file (CSV or TOML) on top, as for “motcua calendar import”.",
)
@click.option("--warn", default=DEFAULT_WARNING, show_default=True, help="When to warn.")
@click.option("--database", "url", help="For --agency; default MOTCUA_DATABASE_URL.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def deadline(
    start: datetime,
    limit: str,
    agency: str | None,
    after_15h: bool,
    pauses: tuple[tuple[datetime, datetime | None], ...],
    now: datetime | None,
    file: Path | None,
    warn: str,
    url: str | None,
    as_json: bool,
) -> None:
    """Work out a legal limit and tell each day of it."""
    try:
        parsed = parse_limit(limit)
        days = _calendar(agency, file, url)
        counted = start_after_15h(days, start) if after_15h else start
        end = due(days, counted, parsed, pauses, now)
        lines = explain(days, counted, parsed, pauses, now, accepted=start)
        spans = [(begin, until or now or end) for begin, until in pauses]
        warned = warn_at(days, counted, end, warn, spans)
    except Invalid as error:
        raise tell_faults(error) from error
    if not as_json:
        click.echo("\n".join(lines))
        return
    answer = {
        "from": start.isoformat(),
        "starts": counted.astimezone(TIMEZONE).isoformat(),
        "limit": str(parsed),
        "warn": warned.astimezone(TIMEZONE).isoformat(),
        "due": end.astimezone(TIMEZONE).isoformat(),
        "explanation": lines,
    }
    click.echo(json.dumps(answer, ensure_ascii=False, indent=1))


def _calendar(agency: str | None, file: Path | None, url: str | None) -> Calendar:
    """The agency's calendar, else Vietnam's; with the file on top."""
    days = default_calendar()
    with ExitStack() as stack:
        if agency:
            from engine.org.calendars import calendar_of, scope_of
            from webapp.commands.calendar import database

            session = stack.enter_context(database(url))
            days = calendar_of(session, scope_of(session, agency).agency_id)
        if file is None:
            return days
        return days.over(read(read_file(file), file.name, days))
