"""Sub-processes, errors and escalations, event sub-processes, terminate, repetition."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.errors import Conflict
from tests.engine.bpmn.drawing import NOON, Walk

ERROR = """
start s
sub P {
  start ps
  and split
  user B
  user C
  xor ok default=fine
  end pe
  end bad error=E1
  ps > split > B > ok
  split > C > pe
  [wrong] ok > bad : result = "bad"
  [fine] ok > pe
}
boundary oops on=P error=E1
user H
end e
s > P > e
oops > H
"""


def test_an_error_interrupts_the_parallel_branches_of_its_scope() -> None:
    """The handler sees what the scope knew at that moment, the open task is gone."""
    walk = Walk(ERROR, {"n": 0, "result": None})
    assert walk.open == ["B", "C"]
    walk.do("B", result="bad", n=7)
    assert walk.open == ["H"]
    assert walk.task("H").data == {"n": 7, "result": "bad"}
    assert walk.trace == ["s", "ps", "split", "B", "ok", "bad", "oops"]
    assert walk.do("H").ended


def test_without_the_error_the_scope_ends_and_hands_on_what_it_knows() -> None:
    """Both branches' values leave the sub-process."""
    walk = Walk(ERROR, {"n": 0, "m": 0}).do("C", m=1).do("B", n=1)
    assert walk.ended
    assert walk.data == {"n": 1, "m": 1}
    assert walk.trace[-2:] == ["P", "e"]


def test_an_error_passes_scopes_that_do_not_catch_it() -> None:
    """The nearest catcher with the code, else one that catches all, wins."""
    walk = Walk(
        """
        start s
        sub P {
          start ps
          sub Q {
            start qs
            user A
            end bad error=E1
            qs > A > bad
          }
          boundary other on=Q error=E2
          user X
          ps > Q
          other > X
        }
        boundary any on=P error
        user H
        s > P
        any > H
        """
    )
    assert walk.do("A", k=1).open == ["H"]
    assert walk.data == {"k": 1}
    assert "Q" not in walk.trace


def test_an_escalation_may_leave_the_scope_running() -> None:
    """A soft escalation boundary runs beside the scope, as often as thrown."""
    walk = Walk(
        """
        start s
        sub P {
          start ps
          user A
          throw up escalation=Late
          user B
          end also escalation=Late
          ps > A > up > B > also
        }
        boundary heard on=P soft escalation=Late
        user H
        user Z
        s > P > Z
        heard > H
        """
    )
    walk.do("A")
    assert walk.open == ["B", "H"]
    walk.do("B", k=3)
    assert sorted(walk.open) == ["H", "H", "Z"]
    assert [t.data for t in walk.move.open_tasks if t.element == "H"] == [{}, {"k": 3}]


def test_an_interrupting_escalation_ends_the_scope() -> None:
    """Like an error, when drawn with a solid line."""
    walk = Walk(
        """
        start s
        sub P {
          start ps
          and split
          user A
          user B
          throw up escalation=Late
          ps > split > A > up
          split > B
        }
        boundary heard on=P escalation=Late
        user H
        s > P
        heard > H
        """
    )
    assert walk.do("A").open == ["H"]


def test_terminate_ends_its_scope_only() -> None:
    """Inside a sub-process the outer process goes on; outside everything ends."""
    walk = Walk(
        """
        start s
        sub P {
          start ps
          and split
          user A
          user B
          end stop terminate
          end pe
          ps > split > A > stop
          split > B > pe
        }
        and both
        user C
        user D
        end all terminate
        end e
        s > P > both > C > all
        both > D > e
        """,
        {"n": 0},
    )
    assert walk.do("A", n=1).open == ["C", "D"]
    walk.do("C", n=2)
    assert walk.ended
    assert walk.data == {"n": 2}
    assert walk.open == []


@pytest.mark.parametrize("soft", ["", "soft"])
def test_an_event_sub_process_by_message(soft: str) -> None:
    """Interrupting it ends the rest of the pool; not interrupting it runs beside it."""
    walk = Walk(
        f"""
        start s
        user A
        user B
        end e
        s > A > B > e
        eventsub H {{
          start hs {soft} message=Stop
          user X
          end he
          hs > X > he
        }}
        """,
        {"n": 0},
    )
    assert (walk.open, walk.wanted) == (["A"], ["hs"])
    walk.do("A", n=4).tell("hs", why="w")
    if soft:
        assert walk.open == ["B", "X"]
        assert walk.wanted == ["hs"]
        walk.do("B")
        assert not walk.ended
    else:
        assert walk.open == ["X"]
        assert walk.wanted == []
    assert walk.task("X").data == {"n": 4, "why": "w"}
    walk.do("X")
    assert walk.ended
    assert [t for t in walk.trace if t in ("hs", "X", "he", "H")] == ["hs", "X", "he", "H"]
    assert not [t for t in walk.trace if t.startswith("_")]


def test_an_event_sub_process_by_time_error_and_terminate() -> None:
    """A timer that never rings does not hold the end; an error or terminate ends the handlers."""
    text = """
    start s
    user A
    xor g default=f
    end e
    end all terminate
    end bad error=Boom
    s > A > g
    [t] g > all : k = 1
    [x] g > bad : k = 2
    [f] g > e
    eventsub T {
      start ts soft after=PT1H
      user R
      ts > R
    }
    eventsub E {
      start es error=Boom
      user F
      es > F
    }
    """
    walk = Walk(text)
    assert [t.due for t in walk.move.timers] == [NOON + timedelta(hours=1)]
    assert walk.do("A").ended
    assert Walk(text).ring("ts").do("A", k=1).ended
    walk = Walk(text).ring("ts").do("A", k=2)
    assert walk.open == ["F"]
    assert walk.do("F").ended


def test_an_event_sub_process_inside_a_sub_process() -> None:
    """The handler belongs to the inner scope; the outer goes on after it."""
    walk = Walk(
        """
        start s
        sub P {
          start ps
          user A
          ps > A
          eventsub H {
            start hs message=Stop
            user X
            hs > X
          }
        }
        user Z
        s > P > Z
        """
    )
    assert walk.tell("hs").open == ["X"]
    assert walk.do("X").open == ["Z"]
    assert walk.trace == ["s", "ps", "hs", "X", "H", "P"]


def test_each_item_gets_a_turn_and_results_keep_the_items_order() -> None:
    """Parallel turns, finished in another order."""
    walk = Walk(
        """
        start s
        user A each=people as=person into=answers gives=answer
        user B
        s > A > B
        """,
        {"people": ["x", "y", "z"], "n": 0},
    )
    assert [t.data["person"] for t in walk.move.open_tasks] == ["x", "y", "z"]
    walk.do("A", 2, answer=3).do("A", 0, answer=1, n=5).do("A", 0, answer=2)
    assert walk.open == ["B"]
    assert walk.data == {"people": ["x", "y", "z"], "answers": [1, 2, 3], "n": 5}
    assert walk.trace == ["s", "A", "A", "A"]


def test_turns_one_after_another_until_enough() -> None:
    """Sequential, with a completion condition; a timer on the whole activity."""
    text = """
    start s
    sub P each=people as=person until="found" one-by-one {
      start ps
      user A
      ps > A
    }
    boundary late on=P after=P1D
    user H
    user B
    s > P > B
    late > H
    """
    data = {"people": ["x", "y", "z"]}
    walk = Walk(text, data)
    assert [t.data["person"] for t in walk.move.open_tasks] == ["x"]
    walk.do("A")
    assert [t.data["person"] for t in walk.move.open_tasks] == ["y"]
    walk.do("A", found=True)
    assert walk.open == ["B"]
    assert walk.timers == []
    late = Walk(text, data).do("A").ring("late")
    assert late.open == ["H"]
    assert Walk(text, {"people": []}).open == ["B"]


def test_parallel_turns_stop_when_enough() -> None:
    """The other turns' tasks are gone."""
    walk = Walk(
        "start s\nsub P times=3 until=done {\nstart ps\nuser A\nps > A\n}\nuser B\ns > P > B"
    )
    assert walk.open == ["A", "A", "A"]
    assert walk.do("A", 1, done=True).open == ["B"]


def test_a_standard_loop_repeats_while_its_condition_holds() -> None:
    """Tested after each turn, or before the first when drawn so."""
    walk = Walk('start s\nuser A while="n < 3"\nuser B\ns > A > B', {"n": 0})
    walk.do("A", n=1).do("A", n=2)
    assert walk.open == ["A"]
    assert walk.do("A", n=3).open == ["B"]
    assert walk.trace == ["s", "A", "A", "A"]
    assert Walk('start s\nuser A before while="n < 3"\nuser B\ns > A > B', {"n": 5}).open == ["B"]


def test_a_list_that_is_none_is_refused_with_a_sentence() -> None:
    """Multi-instance over something else than a list."""
    with pytest.raises(Conflict, match="không phải danh sách"):
        Walk("start s\nuser A each=people as=p\ns > A", {"people": "x"})


def test_an_error_in_one_turn_ends_all_turns() -> None:
    """The boundary stands on the whole repeated activity and knows what its turn knew."""
    walk = Walk(
        """
        start s
        sub P each=people as=person {
          start ps
          user A
          xor g default=fine
          end pe
          end bad error=E1
          ps > A > g
          [wrong] g > bad : result = "bad"
          [fine] g > pe
        }
        boundary oops on=P error=E1
        user H
        user Z
        s > P > Z
        oops > H
        """,
        {"people": ["x", "y"]},
    )
    walk.do("A", 1, result="bad")
    assert walk.open == ["H"]
    assert walk.task("H").data["result"] == "bad"


def test_too_many_turns_within_turns_are_refused() -> None:
    """A product of repetitions cannot fill the memory."""
    inner = "sub Q times=1000 {\nstart qs\nuser A\nqs > A\n}\nps > Q"
    with pytest.raises(Conflict, match="quá nhiều"):
        Walk(f"start s\nsub P times=1000 {{\nstart ps\n{inner}\n}}\ns > P")
