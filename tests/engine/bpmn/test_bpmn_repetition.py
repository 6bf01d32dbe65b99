"""Standard loops and multi-instance: counts, conditions, results, nesting, boundaries."""

from __future__ import annotations

import pytest

from engine.errors import Conflict, MotCuaError
from tests.engine.bpmn.drawing import Walk


@pytest.mark.parametrize(
    ("how", "turns"),
    [
        ("most=3", 3),
        ("most=3 before", 3),
        ("most=0 before", 0),
        ('while="loopCounter < 4"', 4),
        ('while="loopCounter < 4" before', 4),
        ('while="loopCounter < 4" most=2', 2),
        ("while=false", 1),
        ("while=false before", 0),
        ("while=unknown", 1),
    ],
)
@pytest.mark.parametrize("kind", ["script", "user", "sub", "call"])
def test_how_often_a_standard_loop_turns(kind: str, how: str, turns: int) -> None:
    """Tested before or after, by condition, by count of turns, by maximum; null is not true."""
    head = {
        "script": f"script A {how} := n = n + 1",
        "user": f"user A {how}",
        "sub": f"sub A {how} {{\nstart a1\nscript A2 := n = n + 1\na1 > A2\n}}",
        "call": f"call A process=called {how}",
    }[kind]
    text = f"start s\n{head}\nuser Z\ns > A > Z"
    if kind == "call":
        walk = Walk(text, {"n": 0}, called={"called": "start a1\nscript A2 := n = n + 1\na1 > A2"})
    else:
        walk = Walk(text, {"n": 0})
    done = 0
    while walk.open == ["A"]:
        done += 1
        walk.do("A", n=done)
    assert walk.open == ["Z"]
    assert walk.trace.count("A") == turns
    assert walk.data["n"] == turns
    assert "loopCounter" not in walk.data


def test_inside_a_turn_its_number_can_be_read() -> None:
    """From 1, also in nested turns; gone afterwards."""
    walk = Walk(
        """
        start s
        sub P times=2 one-by-one {
          start ps
          script S := seen = seen + string(loopCounter)
          sub Q most=2 {
            start qs
            script T := seen = seen + string(loopCounter)
            qs > T
          }
          script U := seen = seen + string(loopCounter) + "/"
          ps > S > Q > U
        }
        user Z
        s > P > Z
        """,
        {"seen": ""},
    )
    assert walk.data == {"seen": "1121/2122/"}
    assert walk.model.pools["a"].names == {"seen"}


def test_a_cardinality_numbers_its_items_from_zero() -> None:
    """As the stock engine does; loopCounter, from 1, is BPMN's own number."""
    walk = Walk("start s\nuser A times=3 as=i\ns > A")
    assert [t.data for t in walk.move.open_tasks] == [{"i": 0}, {"i": 1}, {"i": 2}]


@pytest.mark.parametrize("order", ["", "one-by-one"])
@pytest.mark.parametrize(
    ("until", "turns"),
    [
        ("numberOfCompletedInstances >= 2", 2),
        ("numberOfCompletedInstances / numberOfInstances > 0.5", 3),
        ("loopCounter = 3", 3),
        ("numberOfTerminatedInstances > 0", 4),
        ('i = "b"', 2),
        ("r = 3", 3),
        ("unknown", 4),
    ],
)
def test_a_completion_condition_ends_the_rest(until: str, turns: int, order: str) -> None:
    """BPMN's counters, the item and the result are known to it; results of those that ended."""
    walk = Walk(
        f"start s\nuser A each=items as=i into=rs gives=r until='{until}' {order}\n"
        "user Z\ns > A > Z",
        {"items": ["a", "b", "c", "d"]},
    )
    done = 0
    while "A" in walk.open:
        done += 1
        walk.do("A", r=done)
    assert done == turns
    assert walk.trace.count("A") == turns
    assert walk.data == {"items": ["a", "b", "c", "d"], "rs": list(range(1, turns + 1))}


def test_results_of_parallel_turns_that_ended_stand_in_the_items_order() -> None:
    """The second and fourth of four; the others have none."""
    walk = Walk(
        "start s\nuser A each=items as=i into=rs gives=r"
        ' until="numberOfCompletedInstances = 2"\nuser Z\ns > A > Z',
        {"items": ["a", "b", "c", "d"]},
    )
    walk.do("A", 3, r="D").do("A", 1, r="B")
    assert walk.data["rs"] == ["B", "D"]


@pytest.mark.parametrize("order", ["", "one-by-one"])
@pytest.mark.parametrize("inside", ["user A", "sub A"])
def test_an_empty_list_is_passed_at_once(inside: str, order: str) -> None:
    """No turn, no line in the trace, an empty list of results."""
    body = " {\nstart a1\nuser B\na1 > B\n}" if inside == "sub A" else ""
    walk = Walk(
        f"start s\n{inside} each=items as=i into=rs gives=r {order}{body}\nuser Z\ns > A > Z",
        {"items": []},
    )
    assert walk.open == ["Z"]
    assert walk.trace == ["s"]
    assert walk.data == {"items": [], "rs": []}


def test_nested_turns_keep_their_results_apart() -> None:
    """Lists within lists, each inner list in its outer turn, finished in a mixed order."""
    walk = Walk(
        """
        start s
        sub P each=families as=family into=all gives=ages {
          start ps
          sub Q each=family as=person into=ages gives=age {
            start qs
            user A
            qs > A
          }
          ps > Q
        }
        user Z
        s > P > Z
        """,
        {"families": [["a", "b"], [], ["c"]]},
    )
    assert [t.data["person"] for t in walk.move.open_tasks] == ["a", "b", "c"]
    walk.do("A", 2, age=3).do("A", 1, age=2).do("A", 0, age=1)
    assert walk.open == ["Z"]
    assert walk.data == {"families": [["a", "b"], [], ["c"]], "all": [[1, 2], [], [3]]}
    assert walk.trace.count("P") == 3


@pytest.mark.parametrize("order", ["", "one-by-one"])
def test_boundaries_stand_on_the_whole_repeated_activity(order: str) -> None:
    """Armed once, not per turn; a soft one runs beside, a hard one ends every turn."""
    text = f"""
    start s
    user A each=items as=i {order}
    boundary remind on=A soft every=R2/PT1H
    boundary stop on=A message=Stop
    user N
    user H
    user Z
    s > A > Z
    remind > N
    stop > H
    """
    data = {"items": [1, 2]}
    walk = Walk(text, data)
    assert (walk.timers, walk.wanted) == (["remind"], ["stop"])
    walk.ring("remind").do("A").ring("remind")
    assert walk.timers == []
    walk.do("A")
    assert sorted(walk.open) == ["N", "N", "Z"]
    assert walk.wanted == []
    stopped = Walk(text, data).do("A", k=5).tell("stop")
    assert (stopped.open, stopped.timers) == (["H"], [])
    # The item belongs to its turn: the handler of the whole does not see it.
    assert stopped.task("H").data == {"items": [1, 2], "k": 5}


def test_boundaries_on_a_loop_are_armed_for_all_its_turns() -> None:
    """The timer counts from the first turn."""
    text = (
        'start s\nuser A while="more"\nboundary b on=A after=P1D\nuser B\nuser Z\ns > A > Z\nb > B'
    )
    walk = Walk(text)
    due = walk.move.timers[0].due
    walk.do("A", more=True)
    assert walk.move.timers[0].due == due
    assert walk.ring("b").open == ["B"]
    ended = Walk(text).do("A", more=True).do("A", more=False)
    assert (ended.open, ended.timers) == (["Z"], [])


def test_an_escalation_of_one_turn_leaves_the_others() -> None:
    """Soft: heard once per turn that throws; the turns go on."""
    walk = Walk(
        """
        start s
        sub P each=items as=i {
          start ps
          user A
          throw up escalation=Late
          user B
          ps > A > up > B
        }
        boundary heard on=P soft escalation=Late
        script N := late = if late = null then i else late + i
        user Z
        s > P > Z
        heard > N
        """,
        {"items": ["x", "y"]},
    )
    walk.do("A", 1).do("A")
    assert walk.open == ["B", "B"]
    walk.do("B").do("B")
    assert walk.open == ["Z"]
    assert walk.trace.count("heard") == 2


def test_what_turns_write_side_by_side_is_kept() -> None:
    """Each turn writes a field of its own; one that writes nothing takes nothing away."""
    walk = Walk("start s\nuser A times=3 as=i\nuser Z\ns > A > Z", {"n": 0, "list": [1, 2]})
    walk.do("A", 1, n=5, list=[9]).do("A", 0).do("A", 0, m=1)
    assert walk.data == {"n": 5, "list": [9], "m": 1}


@pytest.mark.parametrize(
    ("how", "data", "said"),
    [
        ("each=items as=i", {}, "không phải danh sách"),
        ("each=items as=i", {"items": {"a": 1}}, "không phải danh sách"),
        ("each=items as=i", {"items": "abc"}, "không phải danh sách"),
        ("times=n", {}, "số lần lặp"),
        ("times=n", {"n": -1}, "số lần lặp"),
        ("times=n", {"n": 1.5}, "số lần lặp"),
        ("times=n", {"n": "3"}, "số lần lặp"),
        ("times=n", {"n": True}, "số lần lặp"),
        ("times=n", {"n": 10_001}, "số lần lặp"),
    ],
)
def test_a_bad_list_or_count_names_the_activity_and_moves_nothing(
    how: str, data: dict[str, object], said: str
) -> None:
    """The step before is refused and can be repeated with better data."""
    walk = Walk(f'start s\nuser Before\nuser A name="Xin ý kiến" {how}\ns > Before > A', {})
    before = walk.move.state
    with pytest.raises(Conflict, match=said) as refused:
        walk.do("Before", **data)
    assert "Xin ý kiến" in refused.value.message
    assert refused.value.details["element"] == "A"
    assert walk.move.state == before
    assert walk.do("Before", items=[1], n=1).open == ["A"]


def test_a_failing_condition_of_a_repeated_activity_names_it() -> None:
    """What FEEL refuses at run time is a sentence with the activity's name."""
    walk = Walk(
        'start s\nuser A name="Hỏi lại" while="working days(n) > 1"\ns > A',
    )
    with pytest.raises(MotCuaError, match="Hỏi lại") as refused:
        walk.do("A", n=-1)
    assert refused.value.details["element"] == "A"


@pytest.mark.parametrize("order", ["", "one-by-one"])
def test_messages_of_repeated_tasks(order: str) -> None:
    """A receive task waits under its own id in every turn; a send task sends once per item."""
    text = f"""
    start s
    send S message=M each=items as=i {order}
    receive R message=Back each=items as=i into=rs gives=r {order}
    end e
    s > S > R > e
    """
    walk = Walk(text, {"items": ["a", "b"]})
    assert [data["i"] for _, data in walk.sent] == ["a", "b"]
    assert set(walk.wanted) == {"R"}
    walk.tell("R", r=1).tell("R", r=2)
    assert walk.ended
    assert walk.data == {"items": ["a", "b"], "rs": [1, 2]}
    assert walk.trace == ["s", "S", "S", "R", "R", "e"]
