"""Gateways: ways chosen, branches joined, values kept; in loops too."""

from __future__ import annotations

import itertools

import pytest

from engine.errors import Conflict
from tests.engine.bpmn.drawing import Walk

SPLIT = """
start s
user A
and split
user B
user C
and join
user D
end e
s > A > split > B > join > D > e
split > C > join
"""


@pytest.mark.parametrize("order", list(itertools.permutations("BC")))
def test_what_one_branch_changed_survives_the_other_whoever_ends_last(order: tuple[str]) -> None:
    """The lost-update table: n, a list and a nested value, changed by one branch only."""
    before = {"n": 0, "papers": ["A", "B", "C"], "doc": {"st": "new"}}
    after = {"n": 1, "papers": [], "doc": {"st": "done"}}
    walk = Walk(SPLIT, before).do("A")
    for branch in order:
        # C's form sends back everything it was shown, unchanged.
        walk.do(branch, **(after if branch == "B" else before))
    assert walk.data == after
    assert walk.task("D").data == after


@pytest.mark.parametrize("order", list(itertools.permutations("BC")))
@pytest.mark.parametrize(
    ("old", "new"), [([1, 2, 3], [9]), ([9], [1, 2, 3]), ([1, 2], [2, 1]), (True, 1), ([], None)]
)
def test_a_list_is_taken_as_it_was_written(order: tuple[str], old: object, new: object) -> None:
    """Never a mixture of two branches' lists; true and 1 are different values."""
    walk = Walk(SPLIT, {"v": old}).do("A")
    for branch in order:
        walk.do(branch, **({"v": new} if branch == "B" else {}))
    assert walk.task("D").data["v"] == new
    assert type(walk.task("D").data["v"]) is type(new)


def test_each_branch_sees_its_own_values_until_they_meet() -> None:
    """B's change is not visible in C before the join."""
    walk = Walk(SPLIT, {"n": 0}).do("A").do("B", n=5)
    assert walk.task("C").data == {"n": 0}


def test_when_both_branches_write_the_later_writing_counts() -> None:
    """Two branches writing one field: the last writing, not the last arrival, is kept."""
    text = SPLIT.replace("user C", "user C\nuser C2").replace("split > C >", "split > C > C2 >")
    walk = Walk(text, {"n": 0}).do("A").do("C", n=1).do("B", n=2).do("C2")
    assert walk.data == {"n": 2}


def test_two_ends_keep_both_branches_changes() -> None:
    """Branches that never join meet at the end of the pool."""
    walk = Walk(
        """
        start s
        and split
        user B
        user C
        end e1
        end e2
        s > split > B > e1
        split > C > e2
        """,
        {"n": 0, "m": 0},
    )
    walk.do("B", n=1)
    assert not walk.ended
    walk.do("C", m=1)
    assert walk.ended
    assert walk.data == {"n": 1, "m": 1}


def test_a_parallel_loop_of_300_turns_neither_stalls_nor_grows() -> None:
    """Join and split in a loop; the state stays as small as at the beginning."""
    walk = Walk(
        """
        start s
        xor again
        and split
        user B
        user C
        and join
        xor more default=out
        end e
        s > again > split > B > join > more
        split > C > join
        [back] more > again : n < 300
        [out] more > e
        """,
        {"n": 0},
    )
    sizes = []
    for turn in range(1, 301):
        walk.do("C", seen=turn).do("B", n=turn)
        sizes.append(len(walk.move.state))
    assert walk.ended
    assert walk.data == {"n": 300, "seen": 300}
    assert walk.trace.count("join") == 300
    assert max(sizes) < sizes[0] + 40


INCLUSIVE_LOOP = """
start s
xor again
or split default=plain
user B
user C
user D
or join
xor more default=out
end e
s > again > split
[toB] split > B : b
[toC] split > C : c
[plain] split > D
B > join
C > join
D > join > more
[back] more > again : n < 3
[out] more > e
"""


def test_an_inclusive_join_waits_in_every_turn_for_exactly_what_was_started() -> None:
    """Turn 1 two branches, turn 2 one, turn 3 the default."""
    walk = Walk(INCLUSIVE_LOOP, {"n": 0, "b": True, "c": True})
    assert walk.open == ["B", "C"]
    walk.do("B", n=1)
    assert walk.open == ["C"]
    walk.do("C", b=False)
    assert walk.open == ["C"]
    walk.do("C", n=2, c=False)
    assert walk.open == ["D"]
    walk.do("D", n=3)
    assert walk.ended
    assert walk.trace.count("join") == 3


def test_an_inclusive_join_does_not_wait_for_a_branch_that_left() -> None:
    """A branch that takes an exit of its own is not waited for any more."""
    walk = Walk(
        """
        start s
        or split
        user B
        user C
        xor leave default=stay
        or join
        user D
        end e
        end gone
        s > split
        [1] split > B : true
        [2] split > C : true
        B > join > D > e
        C > leave
        [go] leave > gone : x = 1
        [stay] leave > join
        """
    )
    walk.do("B")
    assert walk.open == ["C"]
    walk.do("C", x=1)
    assert walk.open == ["D"]
    assert walk.do("D").ended


def test_the_first_true_condition_in_the_file_wins() -> None:
    """Overlapping conditions follow the order of the file, not of the drawing."""
    text = """
    start s
    xor g default=no
    user B
    user C
    user D
    s > g
    [x] g > C : k > 0
    [y] g > B : k > 5
    [no] g > D
    """
    assert Walk(text, {"k": 9}).open == ["C"]
    assert Walk(text, {"k": 0}).open == ["D"]
    assert Walk(text, {}).open == ["D"]


def test_no_way_out_is_a_sentence_and_nothing_moves() -> None:
    """The step is refused with the gateway's name."""
    walk = Walk(
        """
        start s
        user A
        xor g name="Đủ giấy tờ?"
        end e
        end f
        s > A > g
        [x] g > e : ok = true
        [y] g > f : ok = false
        """
    )
    with pytest.raises(Conflict, match="Đủ giấy tờ"):
        walk.do("A", ok=None)
    assert walk.do("A", ok=False).ended


def test_implicit_splits_and_ends_do_what_they_show() -> None:
    """Two arrows from a task are a parallel split; a task without an arrow ends its branch."""
    walk = Walk(
        """
        start s
        user A
        user B
        user C
        s > A > B
        A > C
        """
    )
    walk.do("A")
    assert walk.open == ["B", "C"]
    assert walk.do("C").do("B").ended
    assert walk.trace == ["s", "A", "C", "B"]


def test_conditions_on_arrows_out_of_a_task_are_kept() -> None:
    """An implicit inclusive split with a default."""
    text = """
    start s
    user A default=f
    user B
    user C
    s > A
    [t] A > B : k = 1
    [f] A > C
    """
    assert Walk(text).do("A", k=1).open == ["B"]
    assert Walk(text).do("A", k=2).open == ["C"]


def test_links_are_followed() -> None:
    """A link throw goes on at the catch of the same name."""
    walk = Walk(
        """
        start s
        user A
        throw go link=x
        catch come link=x
        user B
        s > A > go
        come > B
        """
    )
    assert walk.do("A").open == ["B"]
    assert walk.trace == ["s", "A", "go", "come"]


def test_two_arrows_between_the_same_nodes_are_two_arrows() -> None:
    """Both conditions lead to the same task."""
    text = """
    start s
    xor g default=d
    user A
    user B
    s > g
    [p] g > A : k = 1
    [q] g > A : k = 2
    [d] g > B
    """
    assert Walk(text, {"k": 2}).open == ["A"]
    assert Walk(text, {"k": 3}).open == ["B"]


def test_an_endless_loop_of_engine_steps_is_refused() -> None:
    """A loop without a person, message or time in it stops with a sentence."""
    text = """
    start s
    user A
    xor again
    script S := n = n + 1
    xor more default=out
    end e
    s > A > again > S > more
    [back] more > again : n > 0
    [out] more > e
    """
    walk = Walk(text)
    with pytest.raises(Conflict, match="không dừng"):
        walk.do("A", n=1)
    assert walk.do("A", n=-1000).ended


def test_a_deadlock_is_refused_where_it_would_happen() -> None:
    """A choice that leads into a parallel join: the step is refused, the task stays open."""
    walk = Walk(
        """
        start s
        user A
        xor g default=no
        user B
        and j name="Đủ hai kết quả"
        end e
        s > A > g
        [yes] g > j : k = 1
        [no] g > B
        B > j > e
        """
    )
    with pytest.raises(Conflict, match=r"bế tắc.*Đủ hai kết quả") as refused:
        walk.do("A", k=1)
    assert refused.value.details["element"] == "j"
    assert walk.open == ["A"]


def test_two_inclusive_joins_that_wait_for_each_other_go_on() -> None:
    """Each could be reached through the other; the first that came goes first."""
    walk = Walk(
        """
        start s
        and split
        user A
        user B
        or j1
        or j2
        xor x1 default=d1
        xor x2 default=d2
        end e1
        end e2
        s > split > A > j1 > x1
        split > B > j2 > x2
        [c1] x1 > j2 : cross = 1
        [d1] x1 > e1
        [c2] x2 > j1 : cross = 2
        [d2] x2 > e2
        """
    )
    walk.do("B")
    assert not walk.ended
    assert walk.do("A").ended
    assert sorted(walk.trace[-6:]) == ["e1", "e2", "j1", "j2", "x1", "x2"]
    assert walk.trace.index("j2") < walk.trace.index("j1")
