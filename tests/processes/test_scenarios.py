"""Every scenario of every procedure, on every database, saved and restored between its steps."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from sqlalchemy.orm import sessionmaker

from engine.db import load_models, make_engine
from webapp.scenarios import ROOT, run_all

SCENARIOS = sorted((ROOT / "processes").glob("*/*/scenarios/*.toml"))


def test_every_scenario_arrives_where_it_says(database_url: str) -> None:
    engine = make_engine(database_url)
    load_models().create_all(engine)
    played = run_all(sessionmaker(engine))
    engine.dispose()
    assert len(played) == len(SCENARIOS) > 0
    wrong = {label: outcome.differences for label, outcome in played if not outcome.ok}
    assert wrong == {}


@pytest.mark.parametrize("folder", sorted({path.parent for path in SCENARIOS}), ids=str)
def test_every_user_task_is_done_in_some_scenario(folder: Path) -> None:
    forms = {
        path.stem for path in (ROOT / "forms" / folder.parts[-3] / folder.parts[-2]).glob("*.json")
    } - {"start"}
    done = {
        step["task"]
        for path in folder.glob("*.toml")
        for step in tomllib.loads(path.read_text(encoding="utf-8")).get("step", [])
        if "task" in step
    }
    assert forms - done == set()
