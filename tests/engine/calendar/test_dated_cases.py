"""A table of dated cases worked out by hand from the law and the wall calendar, one a row."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

import pytest

from engine.calendar import Calendar, default_calendar, due, explain, start_after_15h
from engine.calendar.vietnam import TIMEZONE
from engine.calendar.yearly import read

TABLES = Path(__file__).resolve().parent / "tables"
CASES = list(csv.DictReader((TABLES / "cases.csv").read_text().splitlines(), delimiter=";"))


def at(text: str) -> datetime:
    """A local moment from "13/02/2026 15:01"."""
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=TIMEZONE)


def calendar_with(name: str | None) -> Calendar:
    """Vietnam's calendar with a file of this folder on top."""
    days = default_calendar()
    if name is None:
        return days
    path = TABLES / f"{name}.csv"
    return days.over(read(path.read_bytes(), path.name, days))


def test_the_table_is_as_long_as_was_promised() -> None:
    """At least sixty cases, none twice, each with its reason and its law."""
    assert len(CASES) >= 60
    assert len({(case["from"], case["limit"], case["more"]) for case in CASES}) == len(CASES)
    assert all(case["why"] and case["law"] for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['from']} {c['limit']} {c['more'][:5]}")
def test_dated_case(case: dict[str, str]) -> None:
    """The end is as in the table, in UTC, and the explanation ends with it."""
    more = [part.strip() for part in case["more"].split(",") if part.strip()]
    spans = [part.removeprefix("pause ").split("..") for part in more if part.startswith("pause")]
    pauses = [(at(begin), at(end)) for begin, end in spans]
    named = [part for part in more if not part.startswith("pause") and part != "15h"]
    days = calendar_with(named[0] if named else None)
    start = start_after_15h(days, at(case["from"])) if "15h" in more else at(case["from"])
    end = due(days, start, case["limit"], pauses)
    assert f"{end.astimezone(TIMEZONE):%d/%m/%Y %H:%M}" == case["due"], case["why"]
    assert end.utcoffset().total_seconds() == 0
    last = explain(days, start, case["limit"], pauses)[-1]
    assert f"{at(case['due']):%H:%M ngày %d/%m/%Y}" in last
