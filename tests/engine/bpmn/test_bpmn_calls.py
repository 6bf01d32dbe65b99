"""Call activities and transactions: a sub-process drawn elsewhere, one that can be cancelled."""

from __future__ import annotations

import pytest

from tests.engine.bpmn.drawing import Walk

CHECK = """
start cs
user Check
xor ok default=fine
end ce
end bad error=Wrong
cs > Check > ok
[no] ok > bad : wrong
[fine] ok > ce
"""


def test_a_call_activity_runs_the_called_process() -> None:
    """Its own ids in the trace, the call itself after its inside; data goes in and out."""
    walk = Walk(
        "start s\ncall C process=check\nboundary b on=C error\nuser Z\nend e\ns > C > Z > e",
        {"n": 1},
        called={"check": CHECK},
    )
    assert walk.open == ["Check"]
    walk.do("Check", n=2, wrong=False)
    assert walk.open == ["Z"]
    assert walk.do("Z").ended
    assert walk.data == {"n": 2, "wrong": False}
    assert walk.trace == ["s", "cs", "Check", "ok", "ce", "C", "Z", "e"]
    assert {e.element: e.type for e in walk.move.trace} == {"Z": "userTask", "e": "endEvent"}


def test_two_calls_of_one_process_side_by_side() -> None:
    """Each call is an inside of its own, with its own boundary."""
    walk = Walk(
        """
        start s
        and split
        call C1 process=check
        boundary b1 on=C1 error=Wrong
        user H1
        call C2 process=check
        boundary b2 on=C2 error
        user H2
        xor m1
        xor m2
        and join
        s > split > C1 > m1 > join
        split > C2 > m2 > join
        b1 > H1 > m1
        b2 > H2 > m2
        """,
        called={"check": CHECK},
    )
    assert walk.open == ["Check", "Check"]
    walk.do("Check", 1, wrong=True)
    assert walk.open == ["Check", "H2"]
    walk.do("Check", wrong=False)
    assert walk.do("H2").ended
    assert (walk.trace.count("C1"), walk.trace.count("C2")) == (1, 0)


def test_a_repeated_call_of_a_process_that_calls_another() -> None:
    """Once per item, two levels deep."""
    walk = Walk(
        "start s\ncall C process=outer each=items as=i into=rs gives=r\nuser Z\ns > C > Z",
        {"items": ["x", "y"]},
        called={
            "outer": "start os\ncall D process=inner\nos > D",
            "inner": "start is\nscript S := r = i + i\nis > S",
        },
    )
    assert walk.open == ["Z"]
    assert walk.data == {"items": ["x", "y"], "rs": ["xx", "yy"]}
    assert walk.trace.count("D") == walk.trace.count("C") == walk.trace.count("S") == 2


def test_terminate_in_a_called_process_ends_the_call_only() -> None:
    """The caller goes on."""
    walk = Walk(
        "start s\ncall C process=q\nuser Z\ns > C > Z",
        called={"q": "start qs\nand g\nuser A\nuser B\nend t terminate\nqs > g > A > t\ng > B"},
    )
    assert walk.do("A").open == ["Z"]


TRANSACTION = """
start s
transaction T {
  start ts
  and split
  user A
  user B
  xor ok default=fine
  end te
  end undo cancel
  ts > split > A > ok
  split > B > te
  [no] ok > undo : wrong
  [fine] ok > te
}
boundary cancelled on=T cancel
boundary late on=T soft after=P1D
user H
user N
user Z
end e
s > T > Z > e
cancelled > H
late > N
"""


def test_a_cancel_end_takes_the_cancel_boundary() -> None:
    """Everything inside is gone; the handler knows what was known."""
    walk = Walk(TRANSACTION)
    assert (walk.open, walk.timers) == (["A", "B"], ["late"])
    walk.do("A", wrong=True)
    assert (walk.open, walk.timers) == (["H"], [])
    assert walk.task("H").data == {"wrong": True}
    assert walk.trace == ["s", "ts", "split", "A", "ok", "undo", "cancelled"]
    assert walk.do("H").ended


def test_a_transaction_that_is_not_cancelled_is_a_sub_process() -> None:
    """Its other boundaries work as on any sub-process."""
    walk = Walk(TRANSACTION).ring("late").do("A", wrong=False).do("B")
    assert walk.open == ["N", "Z"]
    assert walk.do("N").do("Z").ended
    assert walk.trace[-4:] == ["T", "N", "Z", "e"]


@pytest.mark.parametrize("wrong", [True, False])
def test_a_transaction_with_an_event_sub_process_can_be_cancelled(wrong: bool) -> None:
    """The cancel end stands in the body, the boundary on the transaction around it."""
    walk = Walk(
        """
        start s
        transaction T {
          start ts
          user A
          xor ok default=fine
          end te
          end undo cancel
          ts > A > ok
          [no] ok > undo : wrong
          [fine] ok > te
          eventsub E {
            start es soft message=M
            user X
            es > X
          }
        }
        boundary cancelled on=T cancel
        user H
        user Z
        s > T > Z
        cancelled > H
        """
    )
    walk.tell("es").do("A", wrong=wrong)
    assert walk.open == (["H"] if wrong else ["X"])


def test_a_task_without_a_type_waits_for_a_person() -> None:
    """And is a `task` in the trace."""
    walk = Walk("start s\ntask T\nend e\ns > T > e")
    assert walk.open == ["T"]
    assert walk.do("T").ended
    assert [e.type for e in walk.move.trace] == ["task", "endEvent"]
