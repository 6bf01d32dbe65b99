"""What forms and decisions are said to write is what the bundled scenarios really write."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path
from typing import Any

import pytest

from engine.catalog.values import asked
from engine.catalog.written import types_of
from engine.dmn import parse_decisions
from engine.dmn.results import types_of_decision
from engine.feel import compile_expression, to_json, types
from engine.feel.reading import paths_of
from engine.forms import compile_form

ROOT = Path(__file__).parents[3]
FOLDERS = sorted(path.parent for path in (ROOT / "processes").glob("*/*/process.bpmn"))


def fits(value: Any, type_: types.Type) -> bool:
    """Whether a JSON value is of a declared type."""
    if value is None:
        return not type_.required
    if isinstance(type_, types.Text):
        return isinstance(value, str) and (type_.values is None or value in type_.values)
    if isinstance(type_, types.Number):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(type_, types.Boolean):
        return isinstance(value, bool)
    if isinstance(type_, types.List):
        return isinstance(value, list) and all(fits(item, type_.of) for item in value)
    assert isinstance(type_, types.Context)
    inside = type_.fields or {}
    return set(value) <= set(inside) and all(
        fits(value.get(name), part) for name, part in inside.items()
    )


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: p.name)
def test_what_scenarios_fill_in_is_of_the_declared_type(folder: Path) -> None:
    forms = {
        path.stem: types_of(compile_form(path.read_bytes(), path.name))
        for path in (ROOT / "forms" / folder.parent.name / folder.name).glob("*.json")
    }
    filled = 0
    for path in (folder / "scenarios").glob("*.toml"):
        scenario = tomllib.loads(path.read_text(encoding="utf-8"))
        given = [("start", scenario["data"])]
        given += [(s["task"], s.get("data", {})) for s in scenario["step"] if "task" in s]
        for name, data in given:
            filled += 1
            for field, value in data.items():
                assert fits(value, forms[name][field]), (path.name, name, field, value)
            missing = {f for f, type_ in forms[name].items() if type_.required} - set(data)
            assert not missing, (path.name, name, missing)
    assert filled > 200


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: p.name)
def test_what_a_decision_gives_is_of_the_declared_type(folder: Path) -> None:
    table = parse_decisions((folder / "mai-tang.dmn").read_bytes(), "mai-tang.dmn")
    decision = table["noi_chi_tra_mai_tang"]
    declared = types_of_decision(decision)
    groups = ["bhxh", "nguoi-co-cong", "cuu-chien-binh", "bao-tro-xa-hoi", "khan-cap"]
    seen = set()
    for count in range(3):
        for chosen in itertools.combinations(groups, count):
            made = to_json(decision.evaluate({"doi_tuong": list(chosen)}))
            assert all(fits(made[name], type_) for name, type_ in declared.items())
            seen.add(made["noi_chi_tra"])
    place = declared["noi_chi_tra"]
    assert isinstance(place, types.Text)
    assert place.required
    assert set(place.values or ()) == seen


@pytest.mark.parametrize(
    ("text", "paths", "values"),
    [
        ('a.b = "x" and c', {"a.b", "c"}, [("a.b", "x")]),
        ('some n in than satisfies n.tuoi > k and n.ten = "An"', {"than", "k"}, []),
        ("than[tuoi > 18].ten", {"than"}, []),
        ('{a: b.c, d: a}.d = "x"', {"b.c"}, []),
        ('if list contains(x.y, "q") then z else "w"', {"x.y", "z"}, [("x.y", "q")]),
        ("date(ngay).year + a.b.c", {"ngay", "a.b.c"}, []),
    ],
)
def test_what_an_expression_reads_and_asks(
    text: str, paths: set[str], values: list[tuple[str, str]]
) -> None:
    assert paths_of(compile_expression(text)) == paths
    assert asked(text) == values
