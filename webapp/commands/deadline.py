"""``motcua deadline``: a legal limit worked out and told day by day. Rules live in the engine."""

from __future__ import annotations

import json
from datetime import datetime

import click

from engine.calendar import default_calendar, due, explain, parse_limit, start_after_15h, warn_at
from engine.calendar.vietnam import TIMEZONE
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
    """Two moments with ".." between them."""

    name = "from..to"

    def convert(
        self,
        value: str | tuple[datetime, datetime],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[datetime, datetime]:
        if isinstance(value, tuple):
            return value
        begin, _, end = (read_moment(part) for part in value.partition(".."))
        if begin is None or end is None:
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


@click.command("deadline")
@click.option("--from", "start", type=Moment(), required=True, help='"13/02/2026 15:01" or ISO.')
@click.option("--limit", required=True, help='"24 hours", "8 working days", …')
@click.option("--after-15h", is_flag=True, help="Accepted after 15:00 starts the next working day.")
@click.option("--pause", "pauses", type=Span(), multiple=True, help="A..B; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def deadline(
    start: datetime,
    limit: str,
    after_15h: bool,
    pauses: tuple[tuple[datetime, datetime], ...],
    as_json: bool,
) -> None:
    """Work out a legal limit and tell each day of it."""
    calendar = default_calendar()
    try:
        counted = start_after_15h(calendar, start) if after_15h else start
        parsed = parse_limit(limit)
        end = due(calendar, counted, parsed, pauses)
        lines = explain(calendar, counted, parsed, pauses)
        warn = warn_at(calendar, counted, end)
    except Invalid as error:
        raise click.ClickException(error.message) from error
    if as_json:
        answer = {
            "from": start.isoformat(),
            "starts": counted.astimezone(TIMEZONE).isoformat(),
            "limit": str(parsed),
            "warn": warn.astimezone(TIMEZONE).isoformat(),
            "due": end.astimezone(TIMEZONE).isoformat(),
            "lines": lines,
        }
        click.echo(json.dumps(answer, ensure_ascii=False, indent=1))
        return
    if counted != start:
        click.echo("Tiếp nhận sau 15 giờ hoặc ngày nghỉ: tính từ đầu ngày làm việc kế tiếp.")
    for line in lines:
        click.echo(line)
