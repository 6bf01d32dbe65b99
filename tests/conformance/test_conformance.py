"""Every drawing here does what the BPMN standard says of it, or is refused by name.

The expectations were derived from the standard, not from the engine. A dry run saves and restores
the state of every instance between any two steps, so each case is a test of that too.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from lxml import etree

from engine.bpmn.answers import Answers, read_answers
from tests.conformance.case import Case, fits, read_cases
from webapp.commands import dry_run

CASES = read_cases()


def answer(case: Case, source: bytes | None = None) -> dict[str, Any]:
    """What the command answers to a case, as its JSON."""
    says = case.says
    drawing = dry_run.read_drawing(case.drawing, says.get("process", ""))
    if source is not None:
        drawing = dry_run.Drawing(drawing.name, source, drawing.dmn, drawing.library)
    answers = read_answers(case.expectation.read_bytes(), case.expectation.name)
    answers = Answers(answers.steps, says.get("start", {}), answers.start_at)
    _, outcome = dry_run.play(
        drawing, says.get("process", ""), {}, answers, auto=says.get("auto", True)
    )
    got: dict[str, Any] = json.loads(json.dumps(dry_run.as_dict(outcome)))
    return got


def ids(got: dict[str, Any]) -> list[str]:
    """The elements of a trace."""
    return [line["element"] for line in got["trace"]]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_drawing_does_what_it_shows(case: Case) -> None:
    """Verdict, finding, order, data, what waits and when: as the case says."""
    says, got = case.says, answer(case)
    assert got["verdict"] == says["verdict"], got["findings"] or ids(got)
    errors = [f for f in got["findings"] if f["severity"] == "error"]
    assert all(f["message"] and f["cure"] and f["rule"] for f in got["findings"])
    assert bool(errors) == (says["verdict"] in ("refused", "error"))
    if "rule" in says:
        assert says["rule"] in [f["rule"] for f in errors], errors
    if says.get("element", "*") != "*":
        assert says["element"] in [f["element"] for f in errors], errors
    if got["trace"]:
        drawn = _drawn(case)
        assert all(line["type"] == drawn[line["element"]] for line in got["trace"])
    if "trace" in says:
        assert fits(says["trace"], ids(got)), ids(got)
    assert (
        sorted(w["element"] for w in got["waiting"])
        == sorted(says.get("waiting", []) if says["verdict"] == "waiting" else [])
        or says["verdict"] == "error"
    )
    assert {name: got["data"].get(name) for name in says.get("data", {})} == says.get("data", {})
    assert got.get("pools", {}) == says.get("pools", got.get("pools", {}))
    moments = {line["element"]: line["at"] for line in got["trace"]}
    assert {e: moments.get(e) for e in says.get("times", {})} == says.get("times", {})


def _drawn(case: Case) -> dict[str | None, str]:
    """The BPMN tag of each drawn id."""
    elements = etree.parse(case.drawing).iter(etree.Element)
    return {element.get("id"): etree.QName(element).localname for element in elements}


def test_the_real_command_answers_the_same() -> None:
    """`motcua dry-run --json`, as a process of its own, for a completed and a refused drawing."""
    for name, code in (("timers/working-days-over-a-weekend", 0), ("refused/service-task", 1)):
        case = next(case for case in CASES if case.name == name)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "webapp.cli", "dry-run", str(case.drawing)),
                *("--answers", str(case.expectation), "--auto", "--json"),
            ],
            capture_output=True,
            check=False,
        )
        assert done.returncode == code, done.stderr.decode()
        assert json.loads(done.stdout) == answer(case)


def test_patterns_allow_exactly_the_interleavings() -> None:
    """The judge itself: branches keep their own order and must all be there."""
    pattern = ["s", [["a", "b"], ["c"]], "e"]
    for good in ("sabce", "sacbe", "scabe"):
        assert fits(pattern, good)
    for bad in ("sbace", "sabe", "sabcce", "sabec", "abce", "sabc"):
        assert not fits(pattern, bad)
