"""Every benchmark still runs and tells its figures; what the figures are is not a test."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from sqlalchemy.engine import make_url

from tests.benchmarks import engine
from webapp.commands.bench import bench

SMALL = {
    "archive": ["--dossiers", "2", "--rounds", "1"],
    "completions": ["--rounds", "2", "--block", "2"],
    "http": ["--rounds", "2", "--block", "2"],
    "inbox": ["--small", "500", "--large", "900", "--rounds", "2"],
    "calendar": ["--seconds", "0.1"],
    "memory": ["--completions", "60", "--warm-up", "20"],
    "timers": ["--waiting", "300", "--burst", "40"],
    "feel": ["--seconds", "0.1"],
    "start": ["--small", "500", "--large", "900", "--rounds", "3"],
}


WITHOUT_DATABASE = {"calendar", "feel"}


@pytest.mark.parametrize("name", SMALL)
def test_a_benchmark_tells_its_figures(name: str) -> None:
    """JSON with a median for each series, and a ratio for each that has a limit."""
    _tells(name)


@pytest.mark.parametrize("name", sorted(SMALL.keys() - WITHOUT_DATABASE))
def test_a_benchmark_runs_on_postgresql(name: str, postgres_url: str) -> None:
    """In a schema of its own, which is gone afterwards."""
    url = make_url(postgres_url).set(drivername="postgresql+psycopg")
    _tells(name, "--database", url.render_as_string(hide_password=False))


def _tells(name: str, *where: str) -> None:
    told = CliRunner().invoke(bench, [name, *SMALL[name], *where, "--json"])
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert found["benchmark"] == name
    assert all(series["median"] > 0 for series in found["series"])
    assert any("ratio" in series for series in found["series"])


def test_the_engine_is_compared_with_stock() -> None:
    """Both ways to play a scenario come to the same end; the figures are told."""
    told = CliRunner().invoke(engine.command, ["--rounds", "2", "--json"])
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert [("ratio" in series) for series in found["series"]] == [False, True, True, True]
    assert found["steps"] > 300


def test_every_benchmark_is_tried_here() -> None:
    """A new benchmark comes with a small run of itself."""
    assert set(bench.list_commands(None)) == set(SMALL)  # type: ignore[arg-type]
