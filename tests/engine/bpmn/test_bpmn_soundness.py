"""The token game at the gate: what it finds, and what it lets be."""

from __future__ import annotations

import pytest

from engine.bpmn import gate
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
