"""What the designer's cheat sheet says is so: every example in README.md is evaluated."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine import feel
from engine.errors import FeelError
from engine.feel.functions import HOST, TABLE

TEXT = (Path(feel.__file__).parent / "README.md").read_text(encoding="utf-8")
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
    section = TEXT.split(f"## {title}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|") and "`" in line]
    return [re.findall(r"`([^`]+)`", row.replace("\\|", "|")) for row in rows]


@pytest.mark.parametrize(("text", "expected"), EXAMPLES)
def test_an_example_gives_what_it_says(text: str, expected: str) -> None:
    found: Any = feel.to_json(feel.compile_expression(text).evaluate(DATA, now=NOW))
    assert found == json.loads(expected)
    assert type(found) is type(json.loads(expected))


def test_every_function_is_listed_and_every_listed_one_exists() -> None:
    listed = [name for row in cells("Hàm") for name in row]
    assert sorted(listed) == sorted([*TABLE, *HOST])


def test_the_grammar_knows_every_function_name_with_spaces() -> None:
    grammar = (Path(feel.__file__).parent / "grammar.lark").read_text(encoding="utf-8")
    line = re.search(r"^FUNCTION.*/\(\?:(.*)\)\(\?=", grammar, re.MULTILINE)
    assert line is not None
    known = {name.replace(r"\s+", " ") for name in line[1].split("|")}
    assert known == {name for name in (*TABLE, *HOST) if " " in name}


@pytest.mark.parametrize("row", cells("Không dùng được"))
def test_what_cannot_be_written_is_refused_and_its_cure_compiles(row: list[str]) -> None:
    wrong, right = row
    with pytest.raises(FeelError):
        feel.compile_expression(wrong)
    feel.compile_expression(right)


def test_the_cells_hold_as_told() -> None:
    examples = {
        "-": (1, True), ">= 60": (60, True), "[60..80)": (80, False), '"con", "vợ"': ("vợ", True),
        'not("con", "vợ")': ("con", False), "null": (None, True),
        'list contains(?, "bhxh")': (["bhxh"], True),
    }  # fmt: skip
    assert [row[0] for row in cells("Ô bảng quyết định")] == list(examples)
    for cell, (value, holds) in examples.items():
        assert feel.compile_unary_tests(cell).evaluate({"?": value}) is holds


def test_the_script_runs() -> None:
    script = feel.compile_script(re.findall(r"```script\n(.*?)```", TEXT, re.DOTALL)[0])
    assert script.evaluate(DATA) == {"cao_tuoi": True, "can_bhxh": True, "can_chuyen": True}
