"""Drawings of sound blocks, whole and damaged: the gate says what the runs over all answers show.

The judges are the brute-force token game of the standard (flat drawings) and real runs.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings

from engine.bpmn import bounds, gate
from engine.bpmn.parse import parse
from engine.errors import ModelError
from engine.findings import Finding
from tests.conformance.damaged import Drawing, Run, drawings, runs
from tests.conformance.token_game import Game

SOUND = {"deadlock", "lack-of-synchronisation", "no-way-to-end", "never-runs"}
MOST_FACTS = 6
_SETTINGS = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[*HealthCheck],
)


@pytest.fixture(autouse=True, scope="module")
def short_runs() -> object:
    """A ring of damaged ways is left early."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounds, "MAX_ACTIONS", 120)
        yield


def told(source: bytes) -> list[Finding]:
    """What the token game finds; the example is dropped when something else speaks against it."""
    findings = gate.inspect(source, "drawing.bpmn", strict=False).findings
    assume(not any(f.severity == "error" and f.rule not in SOUND for f in findings))
    return [f for f in findings if f.rule in {*SOUND, "too-many-states"}]


def played(source: bytes, drawing: Drawing) -> list[Run]:
    """All runs; also of a drawing that the gate refuses."""
    try:
        model = parse(source, {}, "drawing.bpmn", strict=False)
    except ModelError:
        assume(False)
        raise
    return list(runs(model, drawing))


def twice(drawing: Drawing, run: Run) -> bool:
    """Whether something but an end happened more than once in a run without turns."""
    kinds = {key: kind for scope in drawing.picture.scopes() for key, kind in scope.kinds.items()}
    return any(count > 1 and kinds[key] != "end" for key, count in run.times.items())


@_SETTINGS
@given(drawings(flat=False, damaged=False))
def test_a_sound_drawing_is_let_be_and_completes(drawing: Drawing) -> None:
    """Whatever the answers. Only what runs beside a loop may meet itself again, if it is slow."""
    source = drawing.source()
    assume(len(drawing.facts) <= MOST_FACTS)
    findings = told(source)
    beside = any(
        "soft" in option for s in drawing.picture.scopes() for option in s.options.values()
    )
    assert not any(finding.severity == "error" for finding in findings)
    assert findings == [] or (beside and drawing.picture.cyclic())
    assert all(run.ended for run in played(source, drawing))


@_SETTINGS
@given(drawings(flat=True, damaged=True))
def test_the_gate_finds_what_the_token_game_finds(drawing: Drawing) -> None:
    """A join that is left short or a way with two tokens: told if and only if it can come up.

    What comes behind a second token is not told as well.
    """
    source = drawing.source()
    rules = {finding.rule for finding in told(source)}
    markings = Game(source).markings()
    assume(markings is not None)
    assert markings is not None
    doubled = any(len(set(marking)) < len(marking) for marking in markings)
    whole = {m: after for m, after in markings.items() if len(set(m)) == len(m)}
    stuck = any(marking and not after for marking, after in whole.items())
    assert ("lack-of-synchronisation" in rules) == doubled, (rules, source)
    assert stuck if "deadlock" in rules else doubled or not stuck, (rules, source)


@_SETTINGS
@given(drawings(flat=False, damaged=True))
def test_what_is_certain_happens_and_what_happens_is_told(drawing: Drawing) -> None:
    """An error: in every run, or in all that come to some element; a fault of a run: told."""
    source = drawing.source()
    assume(len(drawing.facts) <= MOST_FACTS)
    findings = told(source)
    rules = {finding.rule for finding in findings}
    all_runs = played(source, drawing)
    if any(run.stuck for run in all_runs):
        assert rules, source
    if all(run.ended for run in all_runs) and not drawing.picture.cyclic():
        doubled = any(twice(drawing, run) for run in all_runs)
        assert doubled or not any(f.severity == "error" for f in findings), (rules, source)
    for finding in findings:
        if finding.severity != "error":
            continue
        if finding.rule == "deadlock":
            bad = [run for run in all_runs if run.stuck]
        elif finding.rule == "lack-of-synchronisation" and not drawing.picture.cyclic():
            bad = [run for run in all_runs if twice(drawing, run)]
        else:
            continue
        good = [run for run in all_runs if run not in bad]
        elsewhere = {key for run in good for key in run.times}
        assert bad, (finding, source)
        assert not good or any({*run.times} - elsewhere for run in bad), (finding, source)
    if not drawing.picture.cyclic() and any(twice(drawing, run) for run in all_runs):
        assert rules & {"lack-of-synchronisation", "deadlock"}, (rules, source)
