"""Every rule of the gate has a title, a line in the guide, a failing and a passing example."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine import dmn
from engine.bpmn import gate
from engine.catalog.gate import inspect_folder
from engine.findings import RULES, Finding
from webapp.commands.check import GROUPS, rule_table
from webapp.scenarios import play_folder

HERE = Path(__file__).parent
EXAMPLES = HERE / "examples"
GUIDE = HERE.parents[1] / "processes" / "README.md"
BEGIN, END = "<!-- motcua check --rules -->", "<!-- /motcua check --rules -->"
TABLE = rule_table()
VIETNAMESE = re.compile(r"[ăâđêôơưĂÂĐÊÔƠƯ]|[\u00c0-\u1ef9]")


def found(rule: str, example: str) -> list[Finding]:
    """What the gate finds in an example: a bare drawing or table, or a version folder."""
    drawing, folder = EXAMPLES / rule / f"{example}.bpmn", EXAMPLES / rule / example
    table = drawing.with_suffix(".dmn")
    if table.is_file():
        return dmn.inspect(table.read_bytes(), table.name)[1]
    if drawing.is_file():
        return list(gate.inspect(drawing.read_bytes(), drawing.name, strict=False).findings)
    assert folder.is_dir(), f"no example {example} of {rule}"
    forms = folder / "forms"
    if rule == "scenario-fails":
        return inspect_folder(folder, forms, play=play_folder)
    return inspect_folder(folder, forms)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_the_failing_example_is_found_by_its_rule(rule: str) -> None:
    """With a sentence, and with what to do about it."""
    hits = [finding for finding in found(rule, "fails") if finding.rule == rule]
    assert hits
    assert all(VIETNAMESE.search(finding.message) and finding.cure for finding in hits)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_the_passing_example_passes(rule: str) -> None:
    """No error at all, and nothing of that rule."""
    findings = found(rule, "passes")
    assert [finding for finding in findings if finding.severity == "error"] == []
    assert rule not in {finding.rule for finding in findings}


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_has_a_stable_id_a_chapter_and_a_title(rule: str) -> None:
    """The title is one Vietnamese line."""
    declared = RULES[rule]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", declared.id)
    assert declared.group in GROUPS
    assert "\n" not in declared.title
    assert VIETNAMESE.search(declared.title)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_stands_in_the_guide(rule: str) -> None:
    """One line each."""
    line = f"| `{rule}` | {RULES[rule].title} |"
    assert GUIDE.read_text(encoding="utf-8").count(line) == 1


def test_what_is_doubtful_on_a_bare_file_is_an_error_in_a_procedure() -> None:
    """Only what is left out on purpose, changes nothing or depends on data stays a warning."""
    doubtful = set()
    for drawing in EXAMPLES.glob("*/fails.bpmn"):
        rule, source = drawing.parent.name, drawing.read_bytes()
        severities = []
        for strict in (False, True):
            findings = gate.inspect(source, drawing.name, strict=strict).findings
            severities.append({f.severity for f in findings if f.rule == rule})
        if severities == [{"warning"}, {"warning"}]:
            doubtful.add(rule)
        else:
            assert severities in ([{"warning"}, {"error"}], [{"error"}, {"error"}]), rule
    assert doubtful == {
        "endless-loop",
        "foreign-setting",
        "message-lost",
        "never-runs",
        "not-executable",
        "overlapping-conditions",
        "parallel-write",
        "too-many-states",
    }


def test_the_guide_shows_the_table_of_the_command() -> None:
    """Made by ``motcua check --rules``, between two marks."""
    text = GUIDE.read_text(encoding="utf-8")
    assert text.split(BEGIN)[1].split(END)[0].strip() == TABLE.strip()


def test_every_example_belongs_to_a_rule() -> None:
    """None is left over from a rule that has gone."""
    assert {path.name for path in EXAMPLES.iterdir()} == set(RULES)
