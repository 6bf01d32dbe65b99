"""Every scenario's declaration and decisions pass the forms of its version, and lose nothing."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from engine.forms import Form, compile_form

ROOT = Path(__file__).parents[3]
BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
VERSIONS = sorted(path.parent for path in (ROOT / "processes").glob("*/*/process.bpmn"))
SCENARIOS = sorted((ROOT / "processes").glob("*/*/scenarios/*.toml"))


class Everything(dict):
    """A server list that has whatever place a scenario names."""

    def __init__(self, data: dict[str, Any]) -> None:
        places = {value for key, value in data.items() if key.startswith("xa_")}
        super().__init__(xa=[{"value": place, "label": place} for place in sorted(places)])


def form_of(scenario: Path, name: str) -> Form:
    version = scenario.parents[1]
    path = ROOT / "forms" / version.parent.name / version.name / f"{name}.json"
    return compile_form(path.read_bytes(), path.name)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: f"{p.parents[1].name}/{p.stem}")
def test_a_scenario_fills_its_forms_to_the_last_field(path):
    """What a scenario writes is shown, valid and stored: no form hides what the story says."""
    scenario = tomllib.loads(path.read_text(encoding="utf-8"))
    data, lists = scenario["data"], Everything(scenario["data"])
    facts = form_of(path, "start").validate(data, {"__today": scenario["start_at"][:10]}, lists)
    assert lost(data, facts) == []
    for step in scenario["step"]:
        if "task" in step and "data" in step:
            found = form_of(path, step["task"])
            clean = found.validate(step["data"], {**facts, "__today": "2200-01-01"}, lists)
            assert lost(step["data"], clean) == []
            facts = found.replace(facts, clean)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda p: p.name)
def test_every_user_task_has_its_form_and_every_form_its_task(version):
    """The picture and the forms name the same steps."""
    drawn = ElementTree.parse(version / "process.bpmn").iter(f"{{{BPMN}}}userTask")
    files = (ROOT / "forms" / version.parent.name / version.name).glob("*.json")
    assert {path.stem for path in files} == {task.get("id") for task in drawn} | {"start"}


def lost(given: Any, stored: Any, at: str = "") -> list[str]:
    """Paths of what was given and is not stored."""
    if isinstance(given, dict):
        inner = stored if isinstance(stored, dict) else {}
        return [
            p for key, value in given.items() for p in lost(value, inner.get(key), f"{at}.{key}")
        ]
    empty = given in (None, False, "", [])
    return [at] if stored is None and not empty else []
