"""Names that two branches, or two turns, set at the same time: found, and not found."""

from __future__ import annotations

import pytest

from engine.bpmn import gate
from engine.bpmn.dataflow import Context
from tests.engine.bpmn.drawing import draw

FOUND = {
    "two branches": (
        "start s\nand g\nand j\nscript A := x = 1\nscript B := x = 2\nend e\n"
        "s > g > A > j\ng > B > j\nj > e",
        {("A", "B", "x")},
    ),
    "a sub-process and what is beside it": (
        "start s\nand g\nand j\nscript A := x = 1\nsub P {\n start i\n script B := x = 2\n end n\n"
        " i > B > n\n}\nend e\ns > g > A > j\ng > P > j\nj > e",
        {("A", "P", "x")},
    ),
    "two ways of an inclusive gateway": (
        "start s\nor g default=way\nor j\nscript A := x = 1\nscript B := x = 2\nscript C := x = 3\n"
        "end e\ns > g\ng > A : p = true\ng > B : q = true\n[way] g > C\nA > j\nB > j\nC > j\nj > e",
        {("A", "B", "x")},
    ),
    "either way beside a branch": (
        "start s\nand g\nand j\nxor h default=way\nxor k\nscript A := x = 1\nscript B := x = 2\n"
        "script C := x = 3\nend e\ns > g > h\nh > A : p = true\n[way] h > B\nA > k\nB > k > j\n"
        "g > C > j\nj > e",
        {("A", "C", "x"), ("B", "C", "x")},
    ),
    "a reminder and the work it reminds of": (
        "start s\nsub P {\n start i\n user W\n script A := x = 1\n end n\n i > W > A > n\n}\n"
        "boundary b on=P soft after=P1D\nuser U\nxor h default=way\nscript B := x = 2\nend e\n"
        "end e2\nend e3\ns > P > e\nb > U > h\nh > B : p = true\nB > e2\n[way] h > e3",
        {("P", "B", "x")},
    ),
    "an event sub-process that does not interrupt": (
        "start s\nuser W\nscript A := x = 1\nend e\ns > W > A > e\n"
        "eventsub H {\n start b soft after=P1D\n script B := x = 2\n end n\n b > B > n\n}",
        {("phần chính", "H", "x")},
    ),
    "turns at the same time": (
        "start s\nsub P times=3 {\n start i\n script A := x = 1\n end n\n i > A > n\n}\nend e\n"
        "s > P > e",
        {("P", "", "x")},
    ),
}
NOT_FOUND = {
    "one after the other": "start s\nscript A := x = 1\nscript B := x = 2\nend e\ns > A > B > e",
    "one or the other": (
        "start s\nxor g default=way\nxor j\nscript A := x = 1\nscript B := x = 2\nend e\n"
        "s > g\ng > A : p = true\n[way] g > B\nA > j\nB > j\nj > e"
    ),
    "one or the other, each beside a third": (
        "start s\nand g\nand j\nxor h default=way\nxor k\nscript A := x = 1\nscript B := x = 2\n"
        "script C := y = 3\nend e\ns > g > h\nh > A : p = true\n[way] h > B\nA > k\nB > k > j\n"
        "g > C > j\nj > e"
    ),
    "after the join": (
        "start s\nand g\nand j\nscript A := x = 1\nuser B\nscript C := x = 2\nend e\n"
        "s > g > A > j\ng > B > j\nj > C > e"
    ),
    "an interrupting edge": (
        "start s\nsub P {\n start i\n user W\n script A := x = 1\n end n\n i > W > A > n\n}\n"
        "boundary b on=P after=P1D\nscript B := x = 2\nend e\nend e2\ns > P > e\nb > B > e2"
    ),
    "turn after turn": (
        "start s\nsub P times=3 one-by-one {\n start i\n script A := x = 1\n end n\n i > A > n\n}\n"
        "end e\ns > P > e"
    ),
    "turns with results of their own": (
        "start s\nscript L := ps = [1, 2]\nsub P each=ps as=p into=xs gives=x {\n start i\n"
        " script A := x = p\n end n\n i > A > n\n}\nend e\ns > L > P > e"
    ),
}


def told(lines: str, context: Context | None = None) -> list[tuple[str | None, str]]:
    """Element and sentence of what is found."""
    inspection = gate.inspect(draw({"a": lines}), "drawing.bpmn", strict=False, context=context)
    return [(f.element, f.message) for f in inspection.findings if f.rule == "parallel-write"]


@pytest.mark.parametrize("name", FOUND)
def test_what_runs_beside_each_other_is_told(name: str) -> None:
    """Each pair once, with the name that both set."""
    lines, expected = FOUND[name]
    found = told(lines)
    assert len(found) == len(expected), found
    for one, other, field in expected:
        assert any(
            {one, other} <= {element or "", *_quoted(message), ""} and field in _quoted(message)
            for element, message in found
        ), found


@pytest.mark.parametrize("name", NOT_FOUND)
def test_what_never_runs_beside_each_other_is_let_be(name: str) -> None:
    """Nothing found."""
    assert told(NOT_FOUND[name]) == []


def test_what_people_write_is_known_in_a_procedure() -> None:
    """By the forms of two tasks; on a bare file nobody knows what they write."""
    lines = "start s\nand g\nand j\nuser A\nuser B\nend e\ns > g > A > j\ng > B > j\nj > e"
    writes = {"A": {"ho_so.ten": None}, "B": {"ho_so.tuoi": None, "z": None}}
    assert told(lines) == []
    ((_, message),) = told(lines, Context(writes=writes))
    assert _quoted(message) >= {"A", "B", "ho_so"}


def _quoted(message: str) -> set[str]:
    return {part.split("»")[0] for part in message.split("«")[1:]}
