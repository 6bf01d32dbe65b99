"""Inclusive gateways: what a join waits for, nested, in loops, with exits, beside boundaries."""

from __future__ import annotations

import itertools

import pytest

from engine.errors import Conflict
from tests.engine.bpmn.drawing import Walk

NESTED = """
start s
or o1
or i1
user A
user B
or i2
user C
or o2
user Z
s > o1
[oa] o1 > i1 : outer
[ob] o1 > C : c
[ia] i1 > A : a
[ib] i1 > B : b
A > i2
B > i2
i2 > o2
C > o2 > Z
"""


@pytest.mark.parametrize("taken", [t for n in (1, 2, 3) for t in itertools.combinations("abc", n)])
def test_nested_joins_wait_for_exactly_what_was_started(taken: tuple[str, ...]) -> None:
    """Every subset of branches, finished in every order."""
    data = {name: name in taken for name in "abc"} | {"outer": "a" in taken or "b" in taken}
    tasks = [name.upper() for name in taken]
    for order in itertools.permutations(tasks):
        walk = Walk(NESTED, data)
        assert sorted(walk.open) == tasks
        for task in order:
            assert "Z" not in walk.open
            walk.do(task)
        assert walk.open == ["Z"]
        assert walk.trace.count("o2") == 1


def test_a_join_inside_a_nested_loop_fires_once_per_turn() -> None:
    """The loop is inside one branch; the outer join waits for it to leave the loop."""
    walk = Walk(
        """
        start s
        or o1
        xor again
        or i1
        user A
        user B
        or i2
        xor more default=out
        user C
        or o2
        user Z
        s > o1
        [x] o1 > again : true
        [y] o1 > C : true
        again > i1
        [ia] i1 > A : true
        [ib] i1 > B : n < 2
        A > i2
        B > i2
        i2 > more
        [back] more > again : n < 3
        [out] more > o2
        C > o2 > Z
        """,
        {"n": 0},
    )
    walk.do("C")
    for turn in (1, 2):
        assert sorted(walk.open) == ["A", "B"]
        walk.do("B")
        walk.do("A", n=turn)
    assert walk.open == ["A"]
    walk.do("A", n=3)
    assert walk.open == ["Z"]
    assert (walk.trace.count("i2"), walk.trace.count("o2")) == (3, 1)


def test_a_join_waits_for_what_an_interrupting_boundary_may_still_bring() -> None:
    """The armed event is part of its activity: it holds the join as long as that runs."""
    text = """
    start s
    or o1
    user A
    boundary b on=A after=P1D
    user X
    user C
    or o2
    user Z
    s > o1
    [x] o1 > A : true
    [y] o1 > C : true
    A > o2
    b > X > o2
    C > o2 > Z
    """
    walk = Walk(text).do("C")
    assert walk.open == ["A"]
    assert walk.do("A").open == ["Z"]
    late = Walk(text).do("C").ring("b")
    assert late.open == ["X"]
    assert late.do("X").open == ["Z"]


def test_a_soft_boundarys_branch_is_waited_for() -> None:
    """Its handler reaches the join: the join waits for it, too, and fires once."""
    walk = Walk(
        """
        start s
        or o1
        user A
        boundary b on=A soft after=P1D
        user X
        user C
        or o2
        user Z
        s > o1
        [x] o1 > A : true
        [y] o1 > C : true
        A > o2
        b > X > o2
        C > o2 > Z
        """
    )
    walk.ring("b").do("A").do("C")
    assert walk.open == ["X"]
    walk.do("X")
    assert walk.open == ["Z"]
    assert walk.trace.count("o2") == 1


def test_a_join_does_not_wait_for_what_would_come_by_a_flow_that_has_its_token() -> None:
    """BPMN: a token that can also reach an input already filled holds nothing up."""
    walk = Walk(
        """
        start s
        and split
        user A
        user B
        xor m
        user C
        xor pick default=f
        or j
        user Z
        s > split > A > m > j
        split > B > pick
        [f] pick > m
        [g] pick > C : x
        C > j > Z
        """
    )
    walk.do("A")
    assert walk.open == ["B", "Z"]
    assert walk.do("B").open == ["Z", "Z"]


def test_joins_that_wait_for_each_other_go_on_although_a_timer_is_armed_elsewhere() -> None:
    """Only what can still reach them counts, not everything that is open."""
    walk = Walk(
        """
        start s
        and split
        user A
        user B
        user Other
        or j1
        or j2
        xor x1 default=d1
        xor x2 default=d2
        end e1
        end e2
        s > split > A > j1 > x1
        split > B > j2 > x2
        split > Other
        [c1] x1 > j2 : cross = 1
        [d1] x1 > e1
        [c2] x2 > j1 : cross = 2
        [d2] x2 > e2
        eventsub H {
          start hs soft after=P30D
          user X
          hs > X
        }
        """
    )
    walk.do("B").do("A")
    assert walk.open == ["Other"]
    assert sorted(walk.trace[-6:]) == ["e1", "e2", "j1", "j2", "x1", "x2"]
    assert walk.trace.index("j2") < walk.trace.index("j1")


def test_an_inclusive_split_without_a_default_follows_every_true_way() -> None:
    """And is refused, with its name and what was passed before it, when none is."""
    text = """
    start s
    user Q
    or o name="Cần giấy tờ nào?"
    user A
    user B
    s > Q > o
    [x] o > A : n > 1
    [y] o > B : n > 2
    """
    assert Walk(text).do("Q", n=3).open == ["A", "B"]
    assert Walk(text).do("Q", n=2).open == ["A"]
    walk = Walk(text)
    before = walk.move.state
    with pytest.raises(Conflict, match="Cần giấy tờ nào") as refused:
        walk.do("Q", n=1)
    assert refused.value.details["element"] == "o"
    passed = refused.value.trace  # type: ignore[attr-defined]
    assert [entry.element for entry in passed] == ["Q"]
    assert walk.move.state == before
