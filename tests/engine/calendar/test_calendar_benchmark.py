"""The benchmark runs, counts every clock, and says so in JSON. No time is asserted."""

from __future__ import annotations

import json

from click.testing import CliRunner

from engine.calendar import default_calendar, due
from webapp.bench.calendar import BARE, LIMITS, command, moments, works


def test_each_clock_is_measured_beside_a_bare_addition() -> None:
    """Each series has its rate; ratios are to the bare addition."""
    result = CliRunner().invoke(command, ["--seconds", "0.1", "--json"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.output)
    series = {row["name"]: row for row in answer["series"]}
    assert set(series) == set(works())
    assert {BARE, *LIMITS} <= set(series)
    assert all(row["median"] > 0 for row in series.values())
    assert all(row["limit"] == BARE for name, row in series.items() if name != BARE)


def test_what_is_measured_is_the_real_thing() -> None:
    """The measured work gives the deadline itself; nights and holidays are among the starts."""
    days, starts = default_calendar(), moments(500)
    measured = works()
    for limit in LIMITS:
        assert [measured[limit](start) for start in starts] == [
            due(days, start, limit) for start in starts
        ]
    working = [days.is_working_day(days.local(start).date()) for start in starts]
    assert True in working
    assert False in working
