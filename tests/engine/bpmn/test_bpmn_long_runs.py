"""Long runs: thousands of turns and tasks finish, and the saved state stays small."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from engine.bpmn import flow
from engine.bpmn.live import MOST, kept
from engine.errors import Conflict
from tests.engine.bpmn.drawing import Walk

TURNS = 5_000
LOOPING: dict[str, Any] = {"n": 0, "limit": TURNS, "items": ["x", "y"]}


def loop_of(body: str, way: str) -> str:
    """A loop drawn with arrows, left when n has reached the limit."""
    return f"""
    start s
    xor again
    {body}
    xor more default=out
    end e
    s > again > {way} > more
    [back] more > again : n < limit
    [out] more > e
    """


def test_a_loop_of_5000_turns_of_a_user_task() -> None:
    """Every turn a step of its own, saved and read back; the state never grows."""
    walk = Walk(loop_of("user A", "A"), {"n": 0, "limit": TURNS})
    sizes = set()
    for turn in range(1, TURNS + 1):
        walk.do("A", n=turn)
        sizes.add(len(walk.move.state))
    assert walk.ended
    assert walk.trace == ["s", *["again", "A", "more"] * TURNS, "e"]
    assert max(sizes) < 150


@pytest.mark.parametrize("most", [0, MOST], ids=["read back", "kept"])
def test_a_turn_of_a_long_loop_takes_as_much_work_as_the_first(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted: the calls of functions, ours, Python's and those written in C."""
    monkeypatch.setattr(kept, "most", most)
    walk = Walk(
        loop_of("user A\nsub P each=items as=i {\nstart ps\nuser B\nps > B\n}", "A > P"), LOOPING
    )
    calls = [_calls(walk, turn) for turn in range(1, TURNS // 5)]
    assert calls[0] > 1_000
    assert min(calls[10:60]) == min(calls[-50:])


def _calls(walk: Walk, turn: int) -> int:
    """How many calls a turn makes."""
    count = 0

    def note(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        walk.do("A", n=turn).do("B").do("B")
    finally:
        sys.setprofile(None)
    return count


def test_a_loop_with_a_parallel_split_and_join_of_2000_turns() -> None:
    """Joins keep nothing of the turns before."""
    text = loop_of("and split\nuser A\nuser B\nand join", "split > A > join")
    walk = Walk(text + "\nsplit > B > join", {"n": 0, "limit": 2_000})
    sizes = []
    for turn in range(1, 2_001):
        walk.do("B", seen=turn).do("A", n=turn)
        sizes.append(len(walk.move.state))
    assert walk.ended
    assert walk.data["seen"] == 2_000
    assert walk.trace.count("join") == 2_000
    assert max(sizes) < 220


def test_a_loop_with_an_inclusive_split_and_join_of_1000_turns() -> None:
    """Which branches run changes from turn to turn."""
    text = loop_of("or split\nuser A\nuser B\nor join", "split")
    text = text.replace("split > more", "split\nsplit > A : true\nA > join > more\nB > join")
    walk = Walk(text + "\nsplit > B : modulo(n, 2) = 0", {"n": 0, "limit": 1_000})
    for turn in range(1, 1_001):
        if "B" in walk.open:
            walk.do("B")
        walk.do("A", n=turn)
    assert walk.ended
    assert (walk.trace.count("join"), walk.trace.count("B")) == (1_000, 500)


def test_a_chain_of_2000_user_tasks() -> None:
    """One after another to the end."""
    names = [f"u{i}" for i in range(2_000)]
    lines = "\n".join(f"user {name}" for name in names)
    walk = Walk(f"start s\n{lines}\nend e\ns > {' > '.join(names)} > e")
    largest = 0
    for name in names:
        walk.do(name)
        largest = max(largest, len(walk.move.state))
    assert walk.ended
    assert walk.trace == ["s", *names, "e"]
    assert largest < 200


@pytest.mark.parametrize(
    ("body", "way"),
    [
        ("script S := n = n + 1", "S"),
        ("sub P {\nstart ps\nscript S := n = n + 1\nps > S\n}", "P"),
        (
            "and split\nthrow t\nscript S := n = n + 1\nand join\nsplit > t > join",
            "split > S > join",
        ),
    ],
    ids=["script", "sub-process", "split"],
)
def test_a_loop_of_5000_turns_within_one_step(body: str, way: str) -> None:
    """Nobody waits: the engine goes through all of them at once."""
    walk = Walk(loop_of(body, way), {"n": 0, "limit": TURNS})
    assert walk.ended
    assert walk.data["n"] == TURNS
    assert walk.trace.count("S") == TURNS


def test_repeated_activities_of_5000_turns() -> None:
    """A standard loop, a sequential and a parallel multi-instance over scripts, in one step."""
    items = list(range(TURNS))
    walk = Walk(
        """
        start s
        script L while="n < limit" := n = n + 1
        script Q each=items as=i one-by-one := last = i
        script P each=items as=i into=squares gives=r := r = i * i
        user Z
        s > L > Q > P > Z
        """,
        {"n": 0, "limit": TURNS, "items": items},
    )
    assert walk.open == ["Z"]
    assert walk.data["n"] == TURNS
    assert walk.data["last"] == TURNS - 1
    assert walk.data["squares"] == [i * i for i in items]
    assert len(walk.trace) == 1 + 3 * TURNS


def test_a_standard_loop_of_5000_turns_of_a_user_task() -> None:
    """Each turn is a step; the loop remembers its count only."""
    walk = Walk('start s\nuser A while="loopCounter < limit"\ns > A', {"limit": TURNS})
    largest = 0
    for _ in range(TURNS):
        walk.do("A")
        largest = max(largest, len(walk.move.state))
    assert walk.ended
    assert largest < 200


def test_a_list_of_5000_items_one_after_another() -> None:
    """The list is stored once, what is done is not."""
    items = list(range(TURNS))
    walk = Walk("start s\nuser B each=items as=i one-by-one\ns > B", {"items": items})
    first = len(walk.move.state)
    for turn in range(100):
        assert walk.task("B").data["i"] == turn
        walk.do("B")
        assert len(walk.move.state) < first + 200


def test_5000_parallel_user_tasks_share_what_they_carry() -> None:
    """The list they came from is in the state once, not once per task."""
    walk = Walk("start s\nuser A each=items as=i\ns > A", {"items": list(range(TURNS))})
    assert len(walk.open) == TURNS
    assert len(walk.move.state) < 150_000
    walk.do("A", TURNS - 1, n=1).do("A", 17)
    assert len(walk.open) == TURNS - 2
    assert walk.data["n"] == 1


@pytest.mark.parametrize("depth", [10, 40])
def test_deeply_nested_sub_processes(depth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In, out, interrupted from outside, with a soft handler on every level."""
    monkeypatch.setattr("engine.bpmn.read.MAX_DEPTH", 50)
    text = f"start s{depth}\nuser A\nend e{depth}\ns{depth} > A > e{depth}"
    for level in range(depth - 1, -1, -1):
        text = (
            f"start s{level}\nsub P{level} {{\n{text}\n}}\nend e{level}\n"
            f"s{level} > P{level} > e{level}\n"
            f"eventsub H{level} {{\nstart h{level} soft message=M{level}\nuser X{level}\n"
            f"h{level} > X{level}\n}}\nboundary b{level} on=P{level} message=B{level}\n"
        )
    walk = Walk(text)
    assert walk.open == ["A"]
    assert len(walk.wanted) == 2 * depth
    stopped = Walk(walk.model).tell("h1").tell("b0")
    assert stopped.ended
    walk.tell("h1").do("A")
    assert walk.open == ["X1"]
    assert walk.do("X1").ended
    assert [t for t in walk.trace if t.startswith("P")] == [f"P{i}" for i in reversed(range(depth))]


def test_a_loop_without_an_end_is_refused_with_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounded by steps; the refusal names an element of the loop; the state stays as it was."""
    monkeypatch.setattr(flow, "MAX_STEPS", 2_000)
    text = "start s\nuser A\nxor again\nscript S := n = n + 1\ns > A > again > S > again"
    walk = Walk(text, {"n": 0})
    before = walk.move.state
    with pytest.raises(Conflict, match="không dừng") as refused:
        walk.do("A")
    assert refused.value.details["element"] in ("again", "S")
    assert walk.move.state == before
