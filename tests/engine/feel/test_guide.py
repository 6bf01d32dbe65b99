"""What the designer's guide says of FEEL is so: every example in processes/README.md is tried."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine import feel
from engine.errors import FeelError
from engine.feel.durations import parse_duration
from engine.feel.functions import HOST, TABLE
from engine.feel.kinds import TYPES
from engine.feel.parameters import FORMS

GUIDE = (Path(__file__).parents[3] / "processes/README.md").read_text(encoding="utf-8")
TEXT = GUIDE.split("\n## FEEL\n")[1].split("\n## ")[0]
DATA = json.loads(re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)[0])
NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
EXAMPLES = [
    tuple(part.strip() for part in line.rsplit("=>", 1))
    for block in re.findall(r"```feel\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]


def cells(title: str) -> list[list[str]]:
    """The code spans of a section's table, row by row."""
    section = TEXT.split(f"### {title}\n")[1].split("\n### ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|") and "`" in line]
    return [re.findall(r"`([^`]+)`", row.replace("\\|", "|")) for row in rows]


@pytest.mark.parametrize(("text", "expected"), EXAMPLES)
def test_an_example_gives_what_it_says(text: str, expected: str) -> None:
    found: Any = feel.to_json(feel.compile_expression(text).evaluate(DATA, now=NOW))
    assert found == json.loads(expected)
    assert type(found) is type(json.loads(expected))


def test_every_function_is_listed_and_every_listed_one_exists() -> None:
    listed = [name for row in cells("Hàm") for name in row if "(" not in name]
    assert sorted(listed) == sorted([*TABLE, *HOST])


def test_the_grammar_knows_every_function_name_with_spaces() -> None:
    grammar = (Path(feel.__file__).parent / "grammar.lark").read_text(encoding="utf-8")
    parameters = {p.name for forms in FORMS.values() for form in forms for p in form.parameters}
    for token, names in (("FUNCTION", (*TABLE, *HOST)), ("PARAMETER", parameters)):
        line = re.search(rf"^{token}.*/\(\?:(.*)\)\(\?=", grammar, re.MULTILINE)
        assert line is not None
        known = [name.replace(r"\s+", " ") for name in line[1].split("|")]
        assert sorted(known) == sorted(name for name in names if " " in name)


def test_the_ways_of_calling_agree_with_what_runs() -> None:
    assert FORMS.keys() == {*TABLE, *HOST}
    for name, function in TABLE.items():
        counts = [n for n in range(5) if any(form.takes(n) for form in FORMS[name])]
        assert function.least == counts[0], name
        assert function.most == counts[-1] or (function.most > 100 and counts[-1] == 4), name


def test_the_types_are_what_instance_of_asks_for() -> None:
    for written, *names in (split_at_types(row) for row in cells("Kiểu giá trị")):
        for text in written:
            assert feel.compile_expression(f"{text} instance of {names[0]}").evaluate({}) is True


def split_at_types(row: list[str]) -> list[Any]:
    """The values of a row, then the names of their type."""
    at = next(n for n, part in enumerate(row) if part.split("<")[0] in TYPES)
    return [row[:at], *row[at:]]


@pytest.mark.parametrize("text", re.findall(r"```timer\n(.*?)```", TEXT, re.DOTALL)[0].splitlines())
def test_a_timer_is_a_moment_or_a_duration(text: str) -> None:
    functions = {name: lambda n: NOW + timedelta(hours=float(n)) for name in HOST}
    found = feel.compile_expression(text).evaluate(DATA, now=NOW, functions=functions)
    if isinstance(found, str):
        found = parse_duration(found)
    assert isinstance(found, datetime | timedelta)


@pytest.mark.parametrize("row", cells("Không dùng được"))
def test_what_cannot_be_written_is_refused_and_its_cure_compiles(row: list[str]) -> None:
    wrong, right = row
    with pytest.raises(FeelError):
        feel.compile_expression(wrong)
    feel.compile_expression(right)


def test_the_cells_hold_as_told() -> None:
    examples = {
        "-": (1, True), ">= 60": (60, True), "[60..80)": (80, False),
        "< 16, >= 60": (15, True), '"con", "vợ"': ("vợ", True),
        'not("con", "vợ")': ("con", False), "null": (None, True),
        'list contains(?, "bhxh")': (["bhxh"], True),
    }  # fmt: skip
    assert [row[0] for row in cells("Ô bảng quyết định")] == list(examples)
    for cell, (value, holds) in examples.items():
        assert feel.compile_unary_tests(cell).evaluate({"?": value}) is holds


def test_the_script_runs() -> None:
    script = feel.compile_script(re.findall(r"```script\n(.*?)```", TEXT, re.DOTALL)[0])
    assert script.evaluate(DATA) == {"cao_tuoi": True, "can_bhxh": True, "can_chuyen": True}
