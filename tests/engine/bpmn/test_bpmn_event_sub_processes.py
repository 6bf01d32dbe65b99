"""Event sub-processes: every kind of start, on every level, several at once, again and again."""

from __future__ import annotations

import pytest

from engine import bpmn
from tests.engine.bpmn.drawing import Walk

KINDS = {
    "message": ("message=Stop", "throw quiet"),
    "timer": ("after=PT1H", "throw quiet"),
    "signal": ("signal=Now", "throw shout signal=Now"),
    "escalation": ("escalation=Late", "throw shout escalation=Late"),
    "error": ("error=E1", "end shout error=E1"),
}


def set_off(walk: Walk, kind: str) -> Walk:
    """Let the event of a handler happen."""
    if kind == "message":
        return walk.tell("hs", why="w")
    if kind == "timer":
        return walk.ring("hs")
    return walk.do("Cause", why="w")


def scope(kind: str, soft: bool) -> str:
    """A body with two parallel branches and a handler of a kind."""
    how, thrower = KINDS[kind]
    name = thrower.split()[1]
    after = "" if thrower.startswith("end") else f"user After\n{name} > After"
    return f"""
    start bs
    and split
    user Cause
    user Other
    {thrower}
    {after}
    bs > split > Cause > {name}
    split > Other
    eventsub H {{
      start hs {"soft" if soft else ""} {how}
      user X
      end he
      hs > X > he
    }}
    """


@pytest.mark.parametrize("level", ["pool", "sub-process"])
@pytest.mark.parametrize("kind", list(KINDS))
def test_an_interrupting_event_sub_process_ends_its_scope(kind: str, level: str) -> None:
    """Everything else of the scope is gone; the handler knows its data; the outer goes on."""
    text = scope(kind, soft=False)
    if level == "sub-process":
        text = f"start s\nsub P {{\n{text}\n}}\nuser Z\ns > P > Z"
    walk = set_off(Walk(text, {"n": 1}), kind)
    assert walk.open == ["X"]
    assert (walk.timers, walk.wanted) == ([], [])
    assert walk.task("X").data == {"n": 1} | ({} if kind == "timer" else {"why": "w"})
    walk.do("X", done=True)
    assert walk.trace[-4:] == (["X", "he", "H", "P"] if level == "sub-process" else walk.trace[-4:])
    if level == "sub-process":
        assert walk.open == ["Z"]
        walk.do("Z")
    assert walk.ended
    assert walk.data["done"] is True


@pytest.mark.parametrize("level", ["pool", "sub-process"])
@pytest.mark.parametrize("kind", ["message", "timer", "signal", "escalation"])
def test_a_soft_event_sub_process_runs_beside_its_scope(kind: str, level: str) -> None:
    """Nothing is taken away; the scope ends when its body and its handler have."""
    text = scope(kind, soft=True)
    if level == "sub-process":
        text = f"start s\nsub P {{\n{text}\n}}\nuser Z\ns > P > Z"
    walk = set_off(Walk(text), kind)
    assert sorted(walk.open) == sorted(
        ["X", "Other", "Cause" if kind in ("message", "timer") else "After"]
    )
    for element in [e for e in walk.open if e != "X"]:
        walk.do(element)
    if kind in ("message", "timer"):
        assert walk.open == ["X", "After"]
        walk.do("After")
    assert walk.open == ["X"]
    assert (walk.wanted, walk.timers) == ([], [])
    walk.do("X")
    assert walk.ended or walk.open == ["Z"]
    assert walk.trace.count("H") == 1


def test_the_start_of_an_event_sub_process_is_a_start_event_in_the_trace() -> None:
    """Tags in the trace are those of the drawing."""
    walk = Walk(
        """
        start s
        user A
        boundary b on=A soft after=PT1H
        s > A
        eventsub H {
          start hs soft message=More
          manual M
          hs > M
        }
        """
    )
    seen: list[bpmn.TraceEntry] = [*walk.move.trace, *walk.ring("b").move.trace]
    seen += [*walk.tell("hs").move.trace, *walk.do("M").move.trace, *walk.do("A").move.trace]
    assert [(e.element, e.type) for e in seen] == [
        ("s", "startEvent"),
        ("b", "boundaryEvent"),
        ("hs", "startEvent"),
        ("M", "manualTask"),
        ("H", "subProcess"),
        ("A", "userTask"),
    ]


def test_a_soft_handler_runs_as_often_as_its_event_happens() -> None:
    """Two open at once; each later one knows what the earlier ones wrote."""
    walk = Walk(
        """
        start s
        user A
        end e
        s > A > e
        eventsub H {
          start hs soft message=More
          script N := n = n + 1
          user X
          hs > N > X
        }
        """,
        {"n": 0},
    )
    walk.tell("hs", a=1).tell("hs", a=2)
    assert walk.open == ["A", "X", "X"]
    assert [t.data for t in walk.move.open_tasks][1:] == [{"n": 1, "a": 1}, {"n": 2, "a": 2}]
    walk.do("X").tell("hs").do("A")
    assert walk.wanted == []
    walk.do("X").do("X")
    assert walk.ended
    assert walk.data == {"n": 3, "a": 2}
    assert walk.trace.count("hs") == walk.trace.count("H") == 3


def test_a_cycle_starts_its_handler_once_per_ring() -> None:
    """R3: three lines of the start in the trace, three of the handler."""
    walk = Walk(
        """
        start s
        user A
        s > A
        eventsub H {
          start hs soft every=R3/PT1H
          script N := n = if n = null then 1 else n + 1
          hs > N
        }
        """
    )
    walk.ring("hs").ring("hs").ring("hs")
    assert walk.timers == []
    assert walk.do("A").ended
    assert walk.data == {"n": 3}
    assert walk.trace == ["s", *["hs", "N", "H"] * 3, "A"]


def test_several_handlers_in_one_scope_and_an_interrupting_one_ends_them_all() -> None:
    """BPMN: running non-interrupting handlers are part of what is interrupted."""
    walk = Walk(
        """
        start s
        sub P {
          start ps
          user A
          ps > A
          eventsub Soft {
            start one soft message=One
            user X
            one > X
          }
          eventsub Timed {
            start two soft every=R/PT1H
            user Y
            two > Y
          }
          eventsub Hard {
            start three message=Three
            user W
            three > W
          }
        }
        user Z
        s > P > Z
        """
    )
    assert walk.wanted == ["one", "three"]
    walk.tell("one").ring("two").do("X", x=1)
    assert walk.open == ["A", "Y"]
    walk.tell("three")
    assert (walk.open, walk.wanted, walk.timers) == (["W"], [], [])
    assert walk.task("W").data == {"x": 1}
    walk.do("W")
    assert walk.open == ["Z"]
    assert "Timed" not in walk.trace


def test_the_handler_of_the_inner_scope_comes_before_the_boundary() -> None:
    """And what the handler itself throws goes to the next scope out, not to its neighbours."""
    text = """
    start s
    sub P {
      start ps
      user A
      end bad error=E1
      ps > A > bad
      eventsub H {
        start hs error=E1
        user X
        end again error=E1
        hs > X > again
      }
      eventsub Soft {
        start other soft message=M
        user N
        other > N
      }
    }
    boundary out on=P error
    user Z
    user Y
    s > P > Z
    out > Y
    """
    walk = Walk(text).do("A")
    assert walk.open == ["X"]
    assert walk.do("X").open == ["Y"]
    assert walk.trace == ["s", "ps", "A", "bad", "hs", "X", "again", "out"]
    assert walk.do("Y").ended


def test_terminate_in_a_handler_ends_the_handler_only() -> None:
    """It is a sub-process like any other; in the body it ends the whole scope."""
    text = """
    start s
    sub P {
      start ps
      user A
      end all terminate
      ps > A > all
      eventsub H {
        start hs soft message=M
        and split
        user X
        user Y
        end stop terminate
        hs > split > X > stop
        split > Y
      }
    }
    user Z
    s > P > Z
    """
    walk = Walk(text).tell("hs").do("X")
    assert walk.open == ["A"]
    walk.tell("hs")
    assert walk.open == ["A", "X", "Y"]
    assert walk.do("A").open == ["Z"]
    assert walk.trace[-3:] == ["A", "all", "P"]


def test_an_event_sub_process_in_each_turn_of_a_repeated_one() -> None:
    """Each turn has its own handlers; interrupting one turn leaves the others."""
    walk = Walk(
        """
        start s
        sub P each=items as=i into=rs gives=r {
          start ps
          user A
          ps > A
          eventsub H {
            start hs message=M
            script S := r = "stopped " + i
            hs > S
          }
        }
        user Z
        s > P > Z
        """,
        {"items": ["x", "y", "z"]},
    )
    assert walk.wanted == ["hs"] * 3
    walk.tell("hs")
    assert walk.open == ["A", "A"]
    walk.do("A", 1, r="z done").do("A", r="y done")
    assert walk.open == ["Z"]
    assert walk.data["rs"] == ["stopped x", "y done", "z done"]
    assert walk.trace.count("P") == 3


def test_handlers_within_handlers() -> None:
    """An event sub-process may have its own."""
    walk = Walk(
        """
        start s
        user A
        s > A
        eventsub H {
          start hs soft message=M
          user X
          hs > X
          eventsub K {
            start ks after=P1D
            user Y
            ks > Y
          }
        }
        """
    )
    walk.tell("hs")
    assert (walk.open, walk.timers) == (["A", "X"], ["ks"])
    walk.ring("ks")
    assert walk.open == ["A", "Y"]
    walk.do("Y").do("A")
    assert walk.ended
    assert walk.trace == ["s", "hs", "ks", "Y", "K", "H", "A"]
