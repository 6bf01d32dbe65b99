"""The token game at the gate: what it finds, what it lets be, and whether the engine agrees."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest

from engine.bpmn import dry_run, gate
from engine.bpmn.answers import Answers
from engine.bpmn.parse import parse
from engine.errors import ModelError
from tests.conformance.composed import Composer
from tests.engine.bpmn.drawing import draw

SOUND = {"deadlock", "lack-of-synchronisation", "no-way-to-end", "never-runs"}
FAULTY = {
    "xor into and": (
        "start s\nuser A\nuser B\nxor g default=f\nand j\nend e\n"
        "s > g\n[f] g > A\ng > B : x = 1\nA > j\nB > j\nj > e",
        {("deadlock", "error", "j")},
    ),
    "xor into and behind one way of a gateway": (
        "start s\nuser A\nuser B\nuser C\nxor h default=d\nxor g default=f\nand j\nend e\nend e2\n"
        "s > h\n[d] h > C\nC > e2\nh > g : y = 1\n[f] g > A\ng > B : x = 1\nA > j\nB > j\nj > e",
        {("deadlock", "error", "j")},
    ),
    "and into xor": (
        "start s\nuser A\nuser B\nuser C\nand g\nxor j\nend e\ns > g > A > j\ng > B > j\nj > C > e",
        {("lack-of-synchronisation", "error", "C")},
    ),
    "or into xor": (
        "start s\nuser A\nuser B\nuser C\nor g default=f\nxor j\nend e\n"
        "s > g\n[f] g > A\ng > B : x = 1\ng > C : y = 1\nA > j\nB > j\nC > j\nj > e",
        {("lack-of-synchronisation", "warning", "e")},
    ),
    "an escape from one of two branches": (
        "start s\nuser A\nuser B\nand g\nand j\nxor h default=f\nend e\nend e2\n"
        "s > g > A > h\n[f] h > j\nh > e2 : x = 1\ng > B > j\nj > e",
        {("deadlock", "warning", "j")},
    ),
    "a timer that leaves a join short": (
        "start s\nuser A\nuser B\nand g\nand j\nend e\nend e2\nboundary b on=A after=PT1H\n"
        "s > g > A > j\ng > B > j\nj > e\nb > e2",
        {("deadlock", "warning", "j")},
    ),
    "an answer that a script changes": (
        "start s\nuser A\nuser B\nscript W := x = 2\nand g\nand j\nxor h default=d\n"
        "xor k default=l\nend e\nend e2\nend e3\n"
        "s > h\n[d] h > e2\nh > g : x = 1\ng > A > W > k\nk > j : x = 1\n[l] k > e3\n"
        "g > B > j\nj > e",
        {("deadlock", "warning", "j")},
    ),
    "inside a sub-process": (
        "start s\nsub P {\n start i\n user A\n user B\n xor g default=f\n and j\n end n\n"
        " i > g\n [f] g > A\n g > B : x = 1\n A > j\n B > j\n j > n\n}\nend e\ns > P > e",
        {("deadlock", "error", "j")},
    ),
}
FINE = {
    "and into and": "start s\nuser A\nuser B\nand g\nand j\nend e\ns > g > A > j\ng > B > j\nj > e",
    "or into or": (
        "start s\nuser A\nuser B\nor g default=f\nor j\nend e\n"
        "s > g\n[f] g > A\ng > B : x = 1\nA > j\nB > j\nj > e"
    ),
    "and into or": "start s\nuser A\nuser B\nand g\nor j\nend e\ns > g > A > j\ng > B > j\nj > e",
    "the same question in both branches": (
        "start s\nthrow A\nthrow B\nand g\nand j\nxor h default=f\nxor k default=l\n"
        "end e\nend e2\nend e3\n"
        "s > g > A > h\n[f] h > e2\nh > j : x = 1\ng > B > k\n[l] k > e3\nk > j : x = 1\nj > e"
    ),
    "the first of two wins": (
        "start s\nuser A\nuser B\nand g\nxor m\nscript w := x = 1\nend t terminate\n"
        "s > g > A > m\ng > B > m\nm > w > t"
    ),
    "terminate beside a branch": (
        "start s\nuser A\nuser B\nand g\nend e\nend t terminate\ns > g > A > e\ng > B > t"
    ),
    "a round with a wait": (
        "start s\nuser A\nxor m\nxor g default=f\nend e\ns > m > A > g\n[f] g > m\ng > e : x = 1"
    ),
}


def found(lines: str, strict: bool = False) -> set[tuple[str, str, str | None]]:
    """Rule, severity and element of what the token game finds."""
    inspection = gate.inspect(draw({"a": lines}), "drawing.bpmn", strict=strict)
    return {(f.rule, f.severity, f.element) for f in inspection.findings if f.rule in SOUND}


@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_is_found_and_weighed(name: str) -> None:
    """Certain: an error. Hanging on conditions or events: a warning."""
    lines, expected = FAULTY[name]
    assert found(lines) == expected


@pytest.mark.parametrize("name", FINE)
def test_a_sound_drawing_is_let_be(name: str) -> None:
    """No finding, in a procedure neither."""
    assert found(FINE[name]) == set()
    assert found(FINE[name], strict=True) == set()


def test_a_warning_names_the_conditions() -> None:
    """So that the designer sees which answers lead there."""
    lines, _ = FAULTY["an escape from one of two branches"]
    inspection = gate.inspect(draw({"a": lines}), "drawing.bpmn", strict=False)
    (message,) = [f.message for f in inspection.findings if f.rule == "deadlock"]
    assert "khi x = 1" in message


def test_many_parallel_branches_cost_little() -> None:
    """Chains are one place: sixteen branches of three steps are explored whole."""
    lines = ["start s", "and g", "and j", "end e", "s > g", "j > e"]
    for branch in range(16):
        lines += [f"user a{branch}", f"user b{branch}", f"user c{branch}"]
        lines.append(f"g > a{branch} > b{branch} > c{branch} > j")
    inspection = gate.inspect(draw({"a": "\n".join(lines)}), "drawing.bpmn", strict=False)
    assert inspection.findings == ()


@pytest.mark.parametrize("seed", range(8))
def test_the_engine_agrees_about_damaged_drawings(seed: int) -> None:
    """A join of the wrong kind: what the gate is sure of happens, what it does not tell does not.

    Sound drawings put together by chance, one gateway's kind exchanged in each.
    """
    looked = Counter[str]()
    for number in range(25):
        composer = Composer(random.Random(10_000 + seed * 25 + number))
        source, _ = composer.drawing()
        damaged = _exchange(source, random.Random(number))
        if damaged is None:
            continue
        told = gate.inspect(damaged, "drawing.bpmn", strict=False).findings
        certain = {f.rule for f in told if f.severity == "error" and f.rule in SOUND}
        if any(f.severity == "error" and f.rule not in SOUND for f in told):
            continue
        try:
            model = parse(damaged, {}, "drawing.bpmn", strict=False)
        except ModelError:
            continue
        outcome = dry_run.run(model, answers=Answers(data=composer.facts), auto=True)
        stuck = any(f.rule == "deadlock" for f in outcome.findings)
        place = (seed, number, [f.message for f in told], outcome.verdict)
        looked["sure" if certain else "told" if told else "silent"] += 1
        if stuck:
            assert any(f.rule in SOUND for f in told), place
    assert looked["silent"] or looked["sure"] or looked["told"]


def _exchange(source: bytes, chance: random.Random) -> bytes | None:
    """The drawing with one exclusive gateway made parallel, or the other way round."""
    text = source.decode()
    gateways = re.findall(r'<(?:\w+:)?(exclusive|parallel)Gateway id="([^"]+)"', text)
    if not gateways:
        return None
    kind, key = chance.choice(gateways)
    other = "parallel" if kind == "exclusive" else "exclusive"
    tag = re.compile(rf'<((?:\w+:)?){kind}Gateway id="{re.escape(key)}"([^>]*?)(/?)>', re.DOTALL)
    match = tag.search(text)
    if match is None:
        return None
    changed = tag.sub(rf'<\1{other}Gateway id="{key}"\2\3>', text, count=1)
    if match[3]:
        return changed.encode()
    close = f"</{match[1]}{kind}Gateway>"
    at = changed.index(close, match.start())
    return (changed[:at] + f"</{match[1]}{other}Gateway>" + changed[at + len(close) :]).encode()
