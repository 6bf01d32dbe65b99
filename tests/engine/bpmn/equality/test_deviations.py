"""Where the stock engine does not do what is drawn, and ours does: each difference has its test.

Every test runs one model on both: the stock engine's wrong outcome is asserted too, so that we
notice when a newer version of it puts something right.
"""

from __future__ import annotations

import inspect
import sys
from datetime import timedelta
from typing import Any

import pytest
from SpiffWorkflow.exceptions import WorkflowException

from engine.errors import Conflict, ModelError
from tests.engine.bpmn.drawing import NOON, Walk, draw
from tests.engine.bpmn.equality.stock import Stock


def both(text: str, data: dict[str, Any] | None = None) -> tuple[Walk, Stock]:
    """One pool on our engine and on the stock one."""
    return Walk(text, dict(data or {})), Stock(draw({"a": text}), "p_a", dict(data or {}), NOON)


SPLIT = """
start s
and g
user A
user B
and j
user Z
end e
s > g > A > j
g > B > j > Z > e
"""


def test_a_join_loses_what_one_branch_changed() -> None:
    """Stock: the last branch's stale copy wins, lists are mixed into values nobody wrote."""
    before: dict[str, Any] = {"n": 0, "papers": [1, 2, 3]}
    ours, stock = both(SPLIT, before)
    for run in (ours, stock):
        run.do("A", n=1, papers=[9])
        run.do("B")
    assert ours.task("Z").data == {"n": 1, "papers": [9]}
    assert stock.open_tasks()[0].data == before
    ours, stock = both(SPLIT, before)
    for run in (ours, stock):
        run.do("B", papers=[9])
        run.do("A", papers=[1, 2, 3])
    assert ours.task("Z").data["papers"] == [9]
    ours, stock = both(SPLIT, {"papers": [1, 2, 3]})
    for run in (ours, stock):
        run.do("A")
        run.do("B", papers=[9])
    assert ours.task("Z").data["papers"] == [9]
    assert stock.open_tasks()[0].data["papers"] == [9]


def test_two_ends_lose_what_one_branch_changed() -> None:
    """Stock: the same merging of whole copies where branches meet at the end."""
    text = "start s\nand g\nuser A\nuser B\nend e\nend f\ns > g > A > e\ng > B > f"
    ours, stock = both(text, {"n": 0})
    for run in (ours, stock):
        run.do("A", n=1)
        run.do("B")
        assert run.ended
    assert ours.data["n"] == 1
    assert stock.data["n"] == 0


def test_parallel_turns_lose_what_one_of_them_changed() -> None:
    """Stock: each later turn that wrote nothing puts the old value back."""
    text = "start s\nuser A times=3 as=i\nuser Z\nend e\ns > A > Z > e"
    ours, stock = both(text, {"n": 0})
    for run in (ours, stock):
        for turn in range(3):
            values = {"n": 5} if turn == 0 else {}
            if run is ours:
                ours.do("A", **values)
            else:
                stock.do("A", {"i": turn}, **values)
    assert ours.task("Z").data["n"] == 5
    assert stock.open_tasks()[0].data["n"] == 0


def test_a_parallel_join_in_a_loop_fires_early_in_the_second_turn() -> None:
    """Stock: a branch of the first turn counts again when it did not come last there."""
    text = """
    start s
    xor again
    and g
    user A
    user B
    and j
    xor more default=out
    user Z
    end e
    s > again > g > A > j
    g > B > j > more
    [back] more > again : n < 2
    [out] more > Z
    Z > e
    """
    ours, stock = both(text, {"n": 0})
    for run in (ours, stock):
        run.do("A", n=0)
        run.do("B", n=1)
        run.do("B", n=2)
    assert ours.open == ["A"]
    assert "Z" in stock.open
    ours.do("A", n=2)
    assert ours.open == ["Z"]


def test_an_inclusive_join_in_a_loop_fires_twice() -> None:
    """Stock: in the second turn it does not wait for the other branch."""
    text = """
    start s
    xor again
    or g
    user A
    user B
    or j
    xor more default=out
    user Z
    end e
    s > again > g
    [ga] g > A : n < 9
    [gb] g > B : n < 9
    A > j
    B > j > more
    [back] more > again : n < 2
    [out] more > Z
    Z > e
    """
    ours, stock = both(text, {"n": 0})
    for run in (ours, stock):
        run.do("A", n=1)
        run.do("B", n=1)
        run.do("A", n=2)
    assert ours.open == ["B"]
    assert "Z" in stock.open or stock.trace.count("j") > ours.trace.count("j")


def test_an_inclusive_join_does_not_see_an_event_gateway_that_waits() -> None:
    """Stock: it looks back along the first flow only, and fires while another branch waits."""
    text = """
    start s
    or g default=f
    xor x default=d
    user First
    events w
    catch m message=M
    catch t after='"PT1H"'
    xor y1
    xor y
    user Q
    user C
    or j
    user Z
    end e
    s > g
    [gx] g > x : c = 1
    [gc] g > C : c = 1
    [f] g > Q
    [p] x > First : c = 2
    [d] x > w
    First > y
    w > m > y1
    w > t > y1 > y > j
    C > j > Z > e
    Q > j
    """
    ours, stock = both(text, {"c": 1})
    for run in (ours, stock):
        run.do("C")
    assert ours.open == []
    assert stock.open == ["Z"]
    ours.tell("m")
    assert ours.open == ["Z"]


def test_links_end_silently() -> None:
    """Stock: nothing happens behind the throw, and the process counts as ended."""
    text = """
    start s
    throw go link=x
    catch come link=x
    user A
    end e
    s > go
    come > A > e
    """
    ours, stock = both(text)
    assert ours.open == ["A"]
    assert stock.open == []


def test_an_activity_without_a_way_on_hangs_its_sub_process() -> None:
    """Stock: the sub-process never ends."""
    text = """
    start s
    sub P {
      start ps
      xor g default=d
      user A
      user B
      end pe
      ps > g
      [c] g > B : n > 5
      [d] g > A
      B > pe
    }
    user Z
    end e
    s > P > Z > e
    """
    ours, stock = both(text, {"n": 0})
    for run in (ours, stock):
        run.do("A")
    assert ours.open == ["Z"]
    assert stock.open == []
    assert not stock.ended


def test_a_top_level_end_that_is_not_drawn_loses_the_data() -> None:
    """Stock: the instance never completes."""
    ours, stock = both("start s\nuser A\ns > A")
    for run in (ours, stock):
        run.do("A", n=1)
    assert ours.ended
    assert ours.data == {"n": 1}
    assert stock.data != {"n": 1}


HANDLER = """
start s
user A
end e
s > A > e
eventsub H {{
  start hs {how}
  user X
  end he
  hs > X > he
}}
"""


def test_an_interrupting_event_sub_process_does_not_interrupt() -> None:
    """Stock: the task it should end stays open."""
    ours, stock = both(HANDLER.format(how="""after='"PT1H"'"""))
    ours.ring("hs")
    stock.wait_until(NOON + timedelta(hours=2))
    assert ours.open == ["X"]
    assert sorted(stock.open) == ["A", "X"]


def test_a_timer_event_sub_process_never_lets_the_process_end() -> None:
    """Stock: it waits for the timer although everything is done."""
    ours, stock = both(HANDLER.format(how="""soft after='"PT1H"'"""))
    for run in (ours, stock):
        run.do("A")
    assert ours.ended
    assert not stock.ended


def test_a_soft_boundary_event_fires_once_only() -> None:
    """Stock: the second message has nobody who waits for it."""
    text = """
    start s
    user A
    boundary b on=A soft message=M
    user B
    end e
    end f
    s > A > e
    b > B > f
    """
    ours, stock = both(text)
    ours.tell("b").tell("b")
    assert ours.open == ["A", "B", "B"]
    stock.tell("M")
    assert stock.wanted == []


def test_a_signal_end_throws_nothing() -> None:
    """Stock: an end event with a signal is a plain end."""
    text = """
    start s
    and g
    user A
    boundary b on=A signal=S
    user X
    end e
    end x
    end loud signal=S
    user T
    s > g > A > e
    g > T > loud
    b > X > x
    """
    ours, stock = both(text)
    for run in (ours, stock):
        run.do("T")
    assert ours.open == ["X"]
    assert stock.open == ["A"]


def test_the_handler_of_a_sub_process_sees_old_data() -> None:
    """Stock: what was known when the scope began."""
    text = """
    start s
    sub P {
      start ps
      user A
      user B
      end pe
      ps > A > B > pe
    }
    boundary b on=P message=M
    user H
    end e
    end f
    s > P > e
    b > H > f
    """
    ours, stock = both(text, {"n": 0})
    for run in (ours, stock):
        run.do("A", n=1)
    ours.tell("b")
    stock.tell("M")
    assert ours.task("H").data["n"] == 1
    assert stock.open_tasks()[0].data["n"] == 0


def test_an_uncaught_error_end_is_a_plain_end() -> None:
    """Stock: siblings run on and the process ends as if nothing had happened; ours refuses."""
    text = "start s\nsub P {\nstart ps\nend bad error=E\nps > bad\n}\nuser Z\nend e\ns > P > Z > e"
    assert Stock(draw({"a": text}), "p_a", {}, NOON).open == ["Z"]
    with pytest.raises(ModelError, match="không nơi nào bắt"):
        Walk(text)


def test_an_error_as_the_last_step_completes_what_it_interrupts() -> None:
    """Stock: the sub-process counts as completed although its error boundary was taken."""
    text = """
    start s
    sub P {
      start ps
      and g
      user A
      user B
      end bad error=E
      end pe
      ps > g > A > bad
      g > B > pe
    }
    boundary b on=P error=E
    user H
    user Z
    end e
    end f
    s > P > Z > e
    b > H > f
    """
    ours, stock = both(text)
    for run in (ours, stock):
        run.do("B")
        run.do("A")
        assert run.open == ["H"]
    assert ours.trace[-2:] == ["bad", "b"]
    assert stock.trace[-3:] == ["bad", "P", "b"]


def test_two_timers_of_an_event_gateway_share_one_due_time() -> None:
    """Stock: the shorter one takes over the longer one's time."""
    text = """
    start s
    events g
    catch t1 after='"PT10H"'
    catch t2 after='"PT1H"'
    user A
    user B
    end e
    end f
    s > g > t1 > A > e
    g > t2 > B > f
    """
    ours, stock = both(text)
    ours.ring("t2")
    stock.wait_until(NOON + timedelta(hours=2))
    assert ours.open == ["B"]
    assert stock.open == []


def test_a_message_is_swallowed_by_a_catch_of_its_name_at_its_side() -> None:
    """Stock: thrown and caught within the instance; ours always goes out by its flow."""
    text = """
    start s
    and g
    catch c message=Same
    throw t message=Same
    user A
    end e
    end f
    s > g > c > A > e
    g > t > f
    """
    ours, stock = both(text)
    assert [element for element, _ in ours.sent] == ["t"]
    assert ours.wanted == ["c"]
    assert stock.open == ["A"]


def test_one_message_wakes_every_catch_of_its_name() -> None:
    """Stock: two branches that wait for it both go on; ours goes to exactly one place."""
    text = """
    start s
    and g
    catch c1 message=M
    catch c2 message=M
    user A
    user B
    end e
    end f
    s > g > c1 > A > e
    g > c2 > B > f
    """
    ours, stock = both(text)
    ours.tell("c1")
    stock.tell("M")
    assert ours.open == ["A"]
    assert sorted(stock.open) == ["A", "B"]


def test_the_winner_of_overlapping_conditions_follows_the_drawing() -> None:
    """Stock: the target that lies higher; ours: the flow that stands first in the file."""
    text = """
    start s
    xor g default=no
    user A
    user B
    user D
    end e
    s > g
    [x] g > A : k > 0
    [y] g > B : k > 5
    [no] g > D
    A > e
    B > e
    D > e
    """

    def shape(name: str, y: int) -> str:
        return (
            f'<di:BPMNShape id="{name}_di" bpmnElement="{name}">'
            f'<dc:Bounds x="0" y="{y}" width="100" height="80"/></di:BPMNShape>'
        )

    diagram = (
        '<di:BPMNDiagram xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" '
        'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" id="d">'
        '<di:BPMNPlane id="p" bpmnElement="p_a">'
        f"{shape('A', 900)}{shape('B', 100)}{shape('D', 500)}</di:BPMNPlane></di:BPMNDiagram>"
        "</definitions>"
    )
    source = draw({"a": text}).replace(b"</definitions>", diagram.encode())
    assert Stock(source, "p_a", {"k": 9}, NOON).open == ["B"]
    assert Walk(text, {"k": 9}).open == ["A"]


def test_a_gateway_without_a_way_out_breaks_the_engine() -> None:
    """Stock: a bare exception in the middle of the step; ours: a refusal that names the gateway."""
    text = """
    start s
    user A
    xor g name="Đủ giấy tờ?"
    user B
    user C
    end e
    s > A > g
    [x] g > B : n > 1
    [y] g > C : n > 2
    B > e
    C > e
    """
    ours, stock = both(text)
    with pytest.raises(Conflict, match="Đủ giấy tờ"):
        ours.do("A", n=0)
    assert ours.open == ["A"]
    with pytest.raises(WorkflowException):
        stock.do("A", n=0)
    assert stock.open == []


def test_a_repeated_activity_behind_a_boundary_event_breaks_the_engine() -> None:
    """Stock: the interrupting handler cannot be a multi-instance task."""
    text = """
    start s
    user A
    boundary b on=A message=M
    user B times=2
    end e
    s > A > e
    b > B > e
    """
    ours, stock = both(text)
    ours.tell("b")
    assert ours.open == ["B", "B"]
    with pytest.raises(WorkflowException):
        stock.tell("M")


def test_the_item_of_a_repeated_activity_stays_behind() -> None:
    """Stock: it is left in the data, so that the next turn refuses to write it."""
    text = """
    start s
    xor again
    user A times=2 as=i one-by-one
    xor more default=out
    end e
    s > again > A > more
    [back] more > again : n < 2
    [out] more > e
    """
    ours, stock = both(text, {"n": 0})
    ours.do("A").do("A", n=1).do("A").do("A", n=2)
    assert ours.ended
    assert "i" not in ours.data
    with pytest.raises(WorkflowException, match="already exists"):
        stock.do("A")


def test_results_of_parallel_turns_stand_in_the_order_of_finishing() -> None:
    """Stock: whoever finishes first stands first; ours keeps the order of the items."""
    text = "start s\nuser A each=items as=i into=rs gives=r\nend e\ns > A > e"
    ours, stock = both(text, {"items": ["x", "y"]})
    ours.do("A", 1, r="Y").do("A", r="X")
    stock.do("A", {"i": "y"}, r="Y")
    stock.do("A", {"i": "x"}, r="X")
    assert ours.data["rs"] == ["X", "Y"]
    assert stock.data["rs"] == ["Y", "X"]


def test_a_cycle_forgets_its_handler_when_the_task_ends() -> None:
    """Stock: a handler that is still open is gone with its host."""
    text = """
    start s
    user A
    boundary b on=A soft every='"R3/PT1H"'
    user H
    end e
    end f
    s > A > e
    b > H > f
    """
    ours, stock = both(text)
    ours.ring("b")
    stock.wait_until(NOON + timedelta(hours=1, seconds=1))
    assert sorted(ours.open) == ["A", "H"]
    for run in (ours, stock):
        run.do("A")
    assert ours.open == ["H"]
    assert stock.open == []


def test_a_parallel_split_in_a_loop_goes_deeper_with_every_turn() -> None:
    """Stock: a RecursionError at turn 195, here at a few turns with little room for recursion."""
    text = """
    start s
    xor again
    and g
    throw B
    script C := n = n + 1
    and j
    xor more default=out
    end e
    s > again > g > C > j
    g > B > j > more
    [back] more > again : n < 25
    [out] more > e
    """
    room, ours = sys.getrecursionlimit(), Walk(text, {"n": 24})
    source = draw({"a": text})
    try:
        sys.setrecursionlimit(len(inspect.stack(0)) + 150)
        ours = Walk(ours.model, {"n": 0})
        with pytest.raises(RecursionError):
            Stock(source, "p_a", {"n": 0}, NOON)
    finally:
        sys.setrecursionlimit(room)
    assert ours.ended
    assert ours.data == {"n": 25}
