"""Time, messages inside a pool, signals and boundaries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine import bpmn
from engine.errors import Conflict, MotCuaError
from tests.engine.bpmn.drawing import NOON, Walk

TIMER = "start s\ncatch wait {how}\nuser A\ns > wait > A"


@pytest.mark.parametrize(
    ("how", "due"),
    [
        ("after=P2D", NOON + timedelta(days=2)),
        ("after=PT1H30M", NOON + timedelta(minutes=90)),
        ("after=P1M", datetime(2026, 12, 23, 5, 0, tzinfo=UTC)),
        ('after="7 working days"', NOON + timedelta(days=7)),
        ('after="24 hours"', NOON + timedelta(hours=24)),
        ("after='duration(\"PT2H\")'", NOON + timedelta(hours=2)),
        ('after="working days(n)"', NOON + timedelta(days=3)),
        ('after="clock hours(n + 1)"', NOON + timedelta(hours=4)),
        ("date=2026-12-01T07:00:00+07:00", datetime(2026, 12, 1, tzinfo=UTC)),
        ("date=2026-12-01", datetime(2026, 11, 30, 17, tzinfo=UTC)),
        ("date=moment", datetime(2027, 1, 1, 17, tzinfo=UTC)),
        ("after=limit", NOON + timedelta(days=5)),
    ],
)
def test_every_kind_of_due_time(how: str, due: datetime) -> None:
    """ISO text, limits, FEEL dates, durations and our functions; counted from the clock."""
    data = {"n": 3, "moment": "2027-01-02", "limit": "5 working days"}
    walk = Walk(TIMER.format(how=how), data)
    assert [timer.due for timer in walk.move.timers] == [due]
    assert walk.ring("wait").open == ["A"]
    assert walk.timers == []


def test_a_timer_that_gives_no_time_is_refused_with_a_sentence() -> None:
    """A missing value is not a moment."""
    with pytest.raises(MotCuaError, match="Hẹn giờ"):
        Walk(TIMER.format(how="after=nothing"))


def test_an_event_gateway_with_two_timers_of_one_label_goes_the_way_that_rang() -> None:
    """Each timer has its own due time; the other events are gone afterwards."""
    text = """
    start s
    events g
    catch early name="Hết hạn" after=PT1H
    catch late name="Hết hạn" after=P1D
    catch answer message=Reply
    user A
    user B
    user C
    s > g > early > A
    g > late > B
    g > answer > C
    """
    walk = Walk(text)
    assert {t.element: t.due - NOON for t in walk.move.timers} == {
        "early": timedelta(hours=1),
        "late": timedelta(days=1),
    }
    assert walk.wanted == ["answer"]
    assert Walk(text).ring("late").open == ["B"]
    walk.tell("answer", ok=True)
    assert walk.open == ["C"]
    assert walk.timers == walk.wanted == []
    assert walk.trace == ["s", "g", "answer"]
    assert walk.data == {"ok": True}


def test_an_interrupting_timer_takes_the_task_away() -> None:
    """The task is gone, its handler runs; the timer is gone when the task ends in time."""
    text = """
    start s
    user A
    boundary late on=A after=P1D
    user B
    end e
    s > A > e
    late > B
    """
    walk = Walk(text)
    assert (walk.open, walk.timers) == (["A"], ["late"])
    assert walk.ring("late").open == ["B"]
    assert walk.timers == []
    assert walk.do("B").ended
    assert walk.trace == ["s", "late", "B"]
    done = Walk(text).do("A")
    assert done.ended
    assert done.timers == []


def test_a_soft_timer_that_repeats_rings_as_often_as_drawn() -> None:
    """R2: twice, each counted from the ring before; the task stays open."""
    walk = Walk(
        """
        start s
        user A
        boundary remind on=A soft every=R2/PT24H
        script note := n = if n = null then 1 else n + 1
        end e
        s > A > e
        remind > note
        """
    )
    walk.ring("remind")
    assert (walk.open, walk.timers) == (["A"], ["remind"])
    assert walk.move.timers[0].due == NOON + timedelta(days=2)
    walk.ring("remind")
    assert (walk.open, walk.timers) == (["A"], [])
    assert walk.do("A").ended
    assert walk.trace.count("remind") == 2


def test_a_soft_timer_without_a_cycle_rings_once() -> None:
    """Afterwards it is not armed; an endless cycle stays armed."""
    text = "start s\nuser A\nboundary b on=A soft {}\nuser B\ns > A\nb > B"
    walk = Walk(text.format("after=PT1H")).ring("b")
    assert (walk.open, walk.timers) == (["A", "B"], [])
    walk = Walk(text.format("every=R/PT1H")).ring("b").ring("b").ring("b")
    assert walk.open == ["A", "B", "B", "B"]
    assert walk.timers == ["b"]
    walk.do("A")
    assert (walk.open, walk.timers) == (["B", "B", "B"], [])
    assert walk.do("B").do("B").do("B").ended


def test_a_soft_message_comes_as_often_as_it_is_sent() -> None:
    """Each delivery runs the handler with its own payload."""
    walk = Walk(
        """
        start s
        user A
        boundary more on=A soft message=More
        user B
        s > A
        more > B
        """,
        {"n": 0},
    )
    walk.tell("more", n=1).tell("more", n=2)
    assert [task.data["n"] for task in walk.move.open_tasks] == [0, 1, 2]
    assert walk.wanted == ["more"]
    assert walk.do("A").wanted == []


def test_an_interrupting_message_ends_parallel_work_inside() -> None:
    """Tasks, timers and wanted messages of the scope are gone at once."""
    walk = Walk(
        """
        start s
        sub P {
          start ps
          and split
          user B
          catch wait after=P1D
          receive R message=Inner
          and join
          end pe
          ps > split > B > join > pe
          split > wait > join
          split > R > join
        }
        boundary stop on=P message=Stop
        user H
        end e
        s > P > e
        stop > H
        """
    )
    assert (walk.open, walk.timers, walk.wanted) == (["B"], ["wait"], ["stop", "R"])
    walk.tell("stop", why="x")
    assert (walk.open, walk.timers, walk.wanted) == (["H"], [], [])
    assert walk.task("H").data == {"why": "x"}


def test_a_signal_reaches_every_place_that_waits_for_it() -> None:
    """Inside one instance, also into sub-processes."""
    walk = Walk(
        """
        start s
        and split
        user A
        throw shout signal=Now
        catch one signal=Now
        sub P {
          start ps
          catch two signal=Now
          user C
          ps > two > C
        }
        user B
        s > split > A > shout
        split > one > B
        split > P
        """
    )
    assert walk.open == ["A"]
    assert walk.do("A").open == ["C", "B"]
    assert walk.do("B").do("C").ended


def test_a_signal_end_throws() -> None:
    """An end event with a signal is not a quiet end."""
    walk = Walk(
        """
        start s
        and split
        user A
        end shout signal=Now
        user B
        boundary heard on=B signal=Now
        user C
        s > split > A > shout
        split > B
        heard > C
        """
    )
    assert walk.do("A").open == ["C"]


def test_nothing_fires_twice_or_late() -> None:
    """A second ring, a message nobody waits for and an unknown task are refused."""
    text = "start s\nuser A\nboundary b on=A soft after=PT1H\nuser B\ns > A\nb > B"
    walk = Walk(text)
    timer = walk.move.timers[0]
    walk.ring("b")
    with pytest.raises(Conflict):
        bpmn.fire(walk.model, "a", walk.move.state, timer.task, "b", walk.clock)
    with pytest.raises(Conflict):
        bpmn.deliver(walk.model, "a", walk.move.state, walk.task("A").id, "A", {}, walk.clock)
    for task in (0, -1, 99, walk.move.open_tasks[0].id + 50):
        with pytest.raises(Conflict):
            bpmn.complete(walk.model, "a", walk.move.state, task, {}, walk.clock)
    done = walk.do("A").do("B")
    assert done.ended
    with pytest.raises(Conflict, match="kết thúc"):
        bpmn.complete(walk.model, "a", done.move.state, 1, {}, walk.clock)
