"""Signals, errors, escalations and terminate ends: who hears them, what is gone, what goes on."""

from __future__ import annotations

import pytest

from tests.engine.bpmn.drawing import Walk


def test_a_signal_wakes_gateways_boundaries_and_catches_at_once() -> None:
    """One throw: event gateway, soft and hard boundary, catch event; each goes its way once."""
    walk = Walk(
        """
        start s
        and split
        user T
        throw shout signal=Now
        user T2
        events g
        catch gs signal=Now
        catch gt after=P1D
        user G
        user H
        user Hard
        boundary hard on=Hard signal=Now
        user HardX
        user Soft
        boundary soft on=Soft soft signal=Now
        user SoftX
        catch c signal=Now
        user C
        s > split > T > shout > T2
        split > g > gs > G
        g > gt > H
        split > Hard
        hard > HardX
        split > Soft
        soft > SoftX
        split > c > C
        """
    )
    assert walk.timers == ["gt"]
    walk.do("T")
    assert sorted(walk.open) == ["C", "G", "HardX", "Soft", "SoftX", "T2"]
    assert walk.timers == []
    assert walk.trace.index("shout") < min(map(walk.trace.index, ("gs", "hard", "soft", "c")))


def test_a_signal_reaches_only_those_that_wait_when_it_is_thrown() -> None:
    """It is not kept: a catch that comes later waits for the next one."""
    walk = Walk(
        """
        start s
        and split
        user A
        throw one signal=Now
        user B
        end two signal=Now
        user Late
        catch c signal=Now
        user D
        s > split > A > one > B > two
        split > Late > c > D
        """
    )
    walk.do("A").do("Late")
    assert walk.open == ["B"]
    assert walk.do("B").open == ["D"]


def test_a_soft_signal_boundary_is_heard_again_and_again() -> None:
    """Each throw starts the handler once."""
    walk = Walk(
        """
        start s
        and split
        user A
        boundary b on=A soft signal=Now
        script N := n = if n = null then 1 else n + 1
        sub L while="more" {
          start ls
          user T2
          end le signal=Now
          ls > T2 > le
        }
        s > split > A
        b > N
        split > L
        """
    )
    walk.do("T2", more=True).do("T2").do("T2", more=False)
    assert walk.open == ["A"]
    assert walk.trace.count("b") == walk.trace.count("N") == 3
    assert walk.do("A").ended


def test_a_signal_may_end_the_very_scope_that_throws_it() -> None:
    """The thrower's own way on is gone with its scope."""
    walk = Walk(
        """
        start s
        sub P {
          start ps
          throw shout signal=Now
          user Never
          ps > shout > Never
        }
        boundary b on=P signal=Now
        user B
        s > P
        b > B
        """
    )
    assert walk.open == ["B"]
    assert walk.trace == ["s", "ps", "shout", "b"]


@pytest.mark.parametrize("thrown", ["E1", "E2", "E3"])
def test_a_specific_code_is_preferred_to_a_catch_all_of_the_same_activity(thrown: str) -> None:
    """Whatever order they are drawn in; a nearer catch-all wins over a specific one further out."""
    walk = Walk(
        f"""
        start s
        sub P {{
          start ps
          sub Q {{
            start qs
            user A
            end bad error={thrown}
            qs > A > bad
          }}
          boundary all on=Q error
          boundary e1 on=Q error=E1
          user All
          user One
          ps > Q
          all > All
          e1 > One
        }}
        boundary e2 on=P error=E2
        user Two
        s > P
        e2 > Two
        """
    )
    assert walk.do("A").open == ["One" if thrown == "E1" else "All"]


def test_an_error_through_two_levels_leaves_nothing_behind() -> None:
    """Tasks, timers and messages of both scopes are gone; other branches outside go on."""
    walk = Walk(
        """
        start s
        and split
        user Elsewhere
        sub P {
          start ps
          and s1
          user B
          boundary bt on=B soft every=R/PT1H
          user BX
          sub Q {
            start qs
            and s2
            user A
            receive R message=M
            end bad error=E1
            qs > s2 > A > bad
            s2 > R
          }
          ps > s1 > Q
          s1 > B
          bt > BX
        }
        boundary e1 on=P error=E1
        user H
        end e
        s > split > P > e
        e1 > H
        split > Elsewhere
        """
    )
    assert (sorted(walk.open), walk.timers, walk.wanted) == (
        ["A", "B", "Elsewhere"],
        ["bt"],
        ["R"],
    )
    walk.do("A")
    assert (sorted(walk.open), walk.timers, walk.wanted) == (["Elsewhere", "H"], [], [])
    assert walk.do("H").do("Elsewhere").ended
    assert walk.trace == ["s", "split", "ps", "s1", "qs", "s2", "A", "bad", "e1", "H", "Elsewhere"]


def test_an_escalation_through_two_levels_interrupts_only_the_catcher() -> None:
    """The inner scope is inside what is interrupted; a soft catcher interrupts nothing."""
    text = """
    start s
    sub P {{
      start ps
      sub Q {{
        start qs
        user A
        throw up escalation=Late
        user B
        qs > A > up > B
      }}
      boundary other on=Q soft escalation=Other
      user X
      ps > Q
      other > X
    }}
    boundary heard on=P {soft} escalation=Late
    user H
    user Z
    s > P > Z
    heard > H
    """
    hard = Walk(text.format(soft="")).do("A", k=1)
    assert hard.open == ["H"]
    assert hard.task("H").data == {"k": 1}
    soft = Walk(text.format(soft="soft")).do("A", k=1)
    assert sorted(soft.open) == ["B", "H"]
    assert soft.do("B").open == ["H", "Z"]


def test_an_escalation_is_caught_once_by_the_nearest() -> None:
    """The specific code before the catch-all, the inner before the outer; never both."""
    walk = Walk(
        """
        start s
        sub P {
          start ps
          sub Q {
            start qs
            throw up escalation=Late
            user B
            qs > up > B
          }
          boundary all on=Q soft escalation
          boundary late on=Q soft escalation=Late
          user All
          user One
          ps > Q
          all > All
          late > One
        }
        boundary out on=P soft escalation=Late
        user Out
        s > P
        out > Out
        """
    )
    assert sorted(walk.open) == ["B", "One"]


def test_an_escalation_end_of_the_last_branch_still_ends_its_scope() -> None:
    """The end event throws, then ends its token like any other."""
    walk = Walk(
        """
        start s
        sub P {
          start ps
          end up escalation=Late
          ps > up
        }
        boundary heard on=P soft escalation=Late
        user H
        user Z
        s > P > Z
        heard > H
        """
    )
    assert sorted(walk.open) == ["H", "Z"]
    assert walk.trace.count("P") == 1


def test_terminate_in_one_turn_of_a_repeated_sub_process_ends_that_turn() -> None:
    """The other turns go on; the activity ends when all have."""
    walk = Walk(
        """
        start s
        sub P each=items as=i {
          start ps
          and split
          user A
          user B
          end stop terminate
          ps > split > A > stop
          split > B
        }
        user Z
        s > P > Z
        """,
        {"items": [1, 2]},
    )
    assert walk.open == ["A", "B", "A", "B"]
    assert walk.do("A").open == ["A", "B"]
    assert walk.do("A").open == ["Z"]
    assert walk.trace.count("P") == 2


def test_terminate_at_the_top_takes_everything_with_it() -> None:
    """Sub-processes, turns, armed events, soft handlers; the data of all is kept."""
    walk = Walk(
        """
        start s
        and split
        user A
        end all terminate
        sub P times=2 {
          start ps
          user B
          boundary b on=B soft after=PT1H
          user C
          ps > B
          b > C
        }
        receive R message=M
        s > split > A > all
        split > P
        split > R
        eventsub H {
          start hs soft message=More
          user X
          hs > X
        }
        """
    )
    walk.ring("b").tell("hs", h=1).do("B", k=2)
    assert sorted(walk.open) == ["A", "B", "C", "X"]
    walk.do("A")
    assert walk.ended
    assert (walk.open, walk.timers, walk.wanted) == ([], [], [])
    assert walk.data == {"h": 1, "k": 2}
    assert walk.trace[-2:] == ["A", "all"]


def test_a_sub_process_whose_activity_has_no_way_on_ends() -> None:
    """A last task without an arrow, a gateway without one, a boundary without one."""
    walk = Walk(
        """
        start s
        sub P {
          start ps
          and g
          user A
          boundary b on=A soft after=PT1H
          xor x
          user B
          ps > g > A
          g > B > x
        }
        user Z
        s > P > Z
        """
    )
    walk.ring("b").do("A").do("B")
    assert walk.open == ["Z"]
    assert walk.trace == ["s", "ps", "g", "b", "A", "B", "x", "P"]


def test_a_soft_message_boundary_on_a_sub_process_and_an_interrupting_one_beside_it() -> None:
    """The soft one as often as it comes, also while its handlers are open; the other once."""
    walk = Walk(
        """
        start s
        sub P {
          start ps
          user A
          ps > A
        }
        boundary more on=P soft message=More
        boundary stop on=P message=Stop
        user M
        user H
        end e
        s > P > e
        more > M
        stop > H
        """
    )
    walk.tell("more", n=1).tell("more", n=2).do("M").tell("more", n=3)
    assert sorted(walk.open) == ["A", "M", "M"]
    walk.tell("stop")
    assert sorted(walk.open) == ["H", "M", "M"]
    assert walk.wanted == []
    assert walk.trace.count("more") == 3
    assert "P" not in walk.trace
