"""Pools that talk: who waits in vain, what is sent in vain, and whether runs agree."""

from __future__ import annotations

import pytest

from engine.bpmn import dry_run, gate, interplay
from engine.bpmn.parse import parse
from engine.findings import Finding
from tests.engine.bpmn.drawing import draw

RULES = {"message-never-comes", "message-lost", "pool-never-opened", "too-many-states"}
ASKS = "start s\nsend ask message=ask\nreceive hear message=tell\nend e\ns > ask > hear > e"
TELLS = "start t message=ask\nuser W\nsend tell message=tell\nend f\nt > W > tell > f"
MAYBE = (
    "start t message=ask\nuser W\nxor g default=d\nsend tell message=tell\nend f\nend h\n"
    "t > W > g\n[d] g > h\ng > tell : willing = true\ntell > f"
)
TWO = "ask -> t\ntell -> hear"
FINE = {
    "an answer": ({"a": ASKS, "b": TELLS}, TWO),
    "an answer that comes early": (
        {
            "a": "start s\nsend ask message=ask\nuser A\nreceive hear message=tell\nend e\n"
            "s > ask > A > hear > e",
            "b": TELLS,
        },
        TWO,
    ),
    "no answer, but a timer": (
        {
            "a": "start s\nsend ask message=ask\nevents v\ncatch hear message=tell\n"
            "catch late after=P3D\nend e\nend l\ns > ask > v\nv > hear > e\nv > late > l",
            "b": MAYBE,
        },
        TWO,
    ),
    "an answer out of a sub-process": (
        {
            "a": ASKS,
            "b": "start t message=ask\nsub P {\n start i\n user W\n send tell message=tell\n"
            " end n\n i > W > tell > n\n}\nend f\nt > P > f",
        },
        TWO,
    ),
    "a call that is taken back": (
        {
            "a": "start s\nsend ask message=ask\nuser A\nsend back message=back\nend e\n"
            "s > ask > A > back > e",
            "b": "start t message=ask\nuser W\nboundary off on=W message=back\nend f\nend h\n"
            "t > W > f\noff > h",
        },
        "ask -> t\nback -> off",
    ),
    "three in a ring, one after the other": (
        {
            "a": "start s\nsend ask message=ask\nreceive hear message=tell\nend e\n"
            "s > ask > hear > e",
            "b": "start t message=ask\nsend on message=on\nend f\nt > on > f",
            "c": "start u message=on\nsend tell message=tell\nend h\nu > tell > h",
        },
        "ask -> t\non -> u\ntell -> hear",
    ),
    "one of several pools asked": (
        {
            "a": "start s\nor g default=d\nor j\nend e\nend x\n"
            "send a1 message=m1\nreceive r1 message=n1\nsend a2 message=m2\nreceive r2 message=n2\n"
            "s > g\ng > a1 : p = true\n[d] g > a2\na1 > r1 > j\na2 > r2 > j\nj > e",
            "b": "start t1 message=m1\nsend n1 message=n1\nend f1\nt1 > n1 > f1",
            "c": "start t2 message=m2\nsend n2 message=n2\nend f2\nt2 > n2 > f2",
        },
        "a1 -> t1\nn1 -> r1\na2 -> t2\nn2 -> r2",
    ),
}
FINE["one of several pools asked"][0]["a"] = FINE["one of several pools asked"][0]["a"].replace(
    "\nend x", ""
)
FAULTY = {
    "an answer on some ways only": (
        {"a": ASKS, "b": MAYBE},
        TWO,
        {("message-never-comes", "warning", "hear")},
    ),
    "each waits for the other first": (
        {
            "a": "start s\nsend ask message=ask\nreceive hear message=tell\nsend go message=go\n"
            "end e\ns > ask > hear > go > e",
            "b": "start t message=ask\nreceive wait message=go\nsend tell message=tell\nend f\n"
            "t > wait > tell > f",
        },
        "ask -> t\ntell -> hear\ngo -> wait",
        {("message-never-comes", "error", "hear"), ("message-never-comes", "error", "wait")},
    ),
    "each of three waits for the next": (
        {
            "a": "start s\nsend x message=x\nsend y message=y\nreceive hear message=tell\n"
            "send on message=on\nend e\ns > x > y > hear > on > e",
            "b": "start t message=x\nreceive wait message=on\nsend go message=go\nend f\n"
            "t > wait > go > f",
            "c": "start u message=y\nreceive rest message=go\nsend tell message=tell\nend h\n"
            "u > rest > tell > h",
        },
        "x -> t\ny -> u\non -> wait\ngo -> rest\ntell -> hear",
        {("message-never-comes", "error", key) for key in ("hear", "wait", "rest")},
    ),
    "an event takes the sender away": (
        {
            "a": ASKS,
            "b": "start t message=ask\nuser W\nboundary late on=W after=P2D\n"
            "send tell message=tell\nend f\nend h\nt > W > tell > f\nlate > h",
        },
        TWO,
        {("message-never-comes", "warning", "hear")},
    ),
    "told twice, heard once": (
        {
            "a": ASKS,
            "b": "start t message=ask\nsend tell message=tell\nsend again message=tell\nend f\n"
            "t > tell > again > f",
        },
        f"{TWO}\nagain -> hear",
        {("message-lost", "warning", "m1"), ("message-lost", "warning", "m2")},
    ),
}


def found(pools: dict[str, str], flows: str) -> list[Finding]:
    """What is found in the talk of a procedure's pools."""
    findings = gate.inspect(draw(pools, flows), "drawing.bpmn", strict=True).findings
    return [finding for finding in findings if finding.rule in RULES]


@pytest.mark.parametrize("name", FINE)
def test_pools_that_understand_each_other_are_let_be(name: str) -> None:
    """Nothing found, and a run comes to its end."""
    pools, flows = FINE[name]
    assert found(pools, flows) == []
    model = parse(draw(pools, flows), {}, "drawing.bpmn", strict=False)
    assert dry_run.run(model, data={"p": False, "willing": False}, auto=True).verdict == "completed"


@pytest.mark.parametrize("name", FAULTY)
def test_what_comes_never_or_not_always_is_told(name: str) -> None:
    """Certain: an error in a procedure, and only a warning on a bare file."""
    pools, flows, expected = FAULTY[name]
    assert {(f.rule, f.severity, f.element) for f in found(pools, flows)} == expected
    bare = gate.inspect(draw(pools, flows), "drawing.bpmn", strict=False)
    told = {(f.rule, f.severity, f.element) for f in bare.findings if f.rule in RULES}
    assert told == {(rule, "warning", element) for rule, _, element in expected}
    if any(severity == "error" for _, severity, _ in expected):
        model = parse(draw(pools, flows), {}, "drawing.bpmn", strict=False)
        assert dry_run.run(model, auto=True).verdict == "waiting"


def test_the_sentence_names_the_condition_and_the_circle() -> None:
    """So that the designer sees where to look."""
    (maybe,) = found(*FAULTY["an answer on some ways only"][:2])
    assert "«b» không (còn) gửi" in maybe.message
    assert "khi nhánh mặc định của «g»" in maybe.message
    circle = found(*FAULTY["each waits for the other first"][:2])
    assert all("lại chờ nó" in finding.message for finding in circle)


def test_what_is_not_looked_at_whole_says_so() -> None:
    """A bound of states that is hit is a warning, and nothing is certain then."""
    pools, flows, _ = FAULTY["each of three waits for the next"]
    reading = gate.read_model(draw(pools, flows), {}, {}, gate.Notes("drawing.bpmn", strict=True))
    assert reading.model is not None
    findings = interplay.interplay(
        reading.scopes, reading.model.flows, "drawing.bpmn", main="a", strict=True, bound=2
    )
    assert {(f.rule, f.severity) for f in findings} == {("too-many-states", "warning")}


def test_many_partners_cost_little() -> None:
    """Each of twelve is asked beside the others, works, and answers or gives up by a timer."""
    lines, flows, pools = ["start s", "and g", "and j", "end e", "s > g", "j > e"], [], {}
    for number in range(12):
        lines += [
            f"send ask{number} message=ask{number}",
            f"receive r{number} message=tell{number}",
        ]
        lines.append(f"g > ask{number} > r{number} > j")
        key = f"b{number}"
        pools[key] = (
            f"start t{number} message=ask{number}\nuser w{number}\nsend n{number} "
            f"message=tell{number}\nend f{number}\nt{number} > w{number} > n{number} > f{number}"
        )
        flows += [f"ask{number} -> t{number}", f"n{number} -> r{number}"]
    assert found({"a": "\n".join(lines), **pools}, "\n".join(flows)) == []
