"""Pools exchanging messages, as the router would carry them; scripts and decisions on the way."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest

from engine import bpmn
from engine.errors import Conflict, Invalid, MotCuaError, NotFound
from tests.engine.bpmn.drawing import Clock, Walk, draw

COMMUNE = """
start s
user Receive
and split
send ToPolice message=Ask
throw ToFund message=Claim
receive FromPolice message=Done
catch FromFund message=Paid
and join
user Return
end e
s > Receive > split > ToPolice > FromPolice > join > Return > e
split > ToFund > FromFund > join
"""
POLICE = """
start ps message=Ask
user Remove
end pe message=Done
ps > Remove > pe
"""
FUND = """
start fs message=Claim
start stop message=Stopped
user Pay
user Stop
user Early
end fe message=Paid
end gone
fs > Early > FromPolice > Pay > fe
receive FromPolice message=Deregistered
stop > Stop > gone
"""
FLOWS = """
ToPolice -> ps name,home.code
pe -> FromPolice police_result
ToFund -> fs name
fe -> FromFund paid
Tell -> FromPolice2
"""


def three_pools() -> bpmn.Model:
    """A commune, a police station that also tells the fund, and the fund."""
    police = """
    start ps message=Ask
    user Remove
    throw Tell message=Deregistered
    end pe message=Done
    ps > Remove > Tell > pe
    """
    fund = FUND.replace("FromPolice", "Heard")
    flows = FLOWS.replace("Tell -> FromPolice2", "Tell -> Heard day")
    return bpmn.parse(
        draw({"commune": COMMUNE, "police": police, "fund": fund}, flows), {}, "ba.bpmn"
    )


def test_the_model_shows_pools_flows_and_starts() -> None:
    """What the gate, the router and the pictures read."""
    model = three_pools()
    assert model.main.id == "commune"
    assert model.pools["outside"].process_id is None
    assert model.pools["fund"].starts == ("fs", "stop")
    flow = next(f for f in model.flows.values() if f.source_element == "ToPolice")
    assert (flow.source_pool, flow.target_pool, flow.target_element) == ("commune", "police", "ps")
    assert flow.fields == ("name", "home.code")
    assert model.elements["Remove"].type == "userTask"
    assert model.elements["Remove"].pool == "police"


def test_three_pools_with_a_message_that_comes_too_early() -> None:
    """The police tell the fund before it listens: kept outside, delivered when wanted."""
    model = three_pools()
    commune = Walk(model, {"name": "An"}, pool="commune").do("Receive")
    assert [element for element, _ in commune.sent] == ["ToPolice", "ToFund"]
    assert [w.message for w in commune.move.wanted] == ["Done", "Paid"]
    police = Walk(model, {"name": "An"}, pool="police", at="ps").do("Remove", day="x")
    assert [element for element, _ in police.sent] == ["Tell", "pe"]
    assert police.ended
    fund = Walk(model, {"name": "An"}, pool="fund", at="fs")
    pending = deque([("Heard", {"day": "x"})])
    assert fund.wanted == []
    fund.do("Early")
    assert fund.wanted == ["Heard"]
    element, payload = pending.popleft()
    fund.tell(element, **payload).do("Pay", paid=5)
    assert fund.ended
    assert fund.sent == [("fe", {"name": "An", "day": "x", "paid": 5})]
    commune.tell("FromFund", paid=5)
    assert commune.open == []
    commune.tell("FromPolice", police_result="ok")
    assert commune.task("Return").data == {"name": "An", "paid": 5, "police_result": "ok"}
    assert commune.do("Return").ended


def test_two_message_starts_of_one_pool_begin_where_they_should() -> None:
    """Each start runs its own way; without a name none is chosen."""
    model = three_pools()
    assert Walk(model, pool="fund", at="fs").open == ["Early"]
    assert Walk(model, pool="fund", at="stop").open == ["Stop"]
    with pytest.raises(Conflict):
        Walk(model, pool="fund")
    with pytest.raises(Conflict):
        Walk(model, pool="fund", at="Pay")
    with pytest.raises(NotFound):
        Walk(model, pool="outside")


def test_a_message_of_the_same_name_waiting_in_the_same_pool_does_not_swallow_a_throw() -> None:
    """What is thrown always leaves the pool."""
    walk = Walk(
        """
        start s
        and split
        receive R message=Same
        throw T message=Same
        s > split > R
        split > T
        """
    )
    assert [element for element, _ in walk.sent] == ["T"]
    assert walk.wanted == ["R"]


def test_scripts_assign_what_later_steps_read() -> None:
    """Values are JSON; a script's error names the task and moves nothing."""
    text = """
    start s
    user A
    script S name="Tính tiền" := total = n * 2 + 0.5; big = total > 10; names = ["a", "b"]
    user B
    s > A > S > B
    """
    walk = Walk(text).do("A", n=7)
    assert walk.task("B").data == {"n": 7, "total": 14.5, "big": True, "names": ["a", "b"]}
    assert Walk(text).model.pools["a"].names == {"n"}


DECISION = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="x" name="x">
<decision id="payer" name="Payer"><decisionTable id="t" hitPolicy="FIRST">
<input id="i"><inputExpression id="ie"><text>insured</text></inputExpression></input>
<output id="o" name="payer" typeRef="string"/>
<rule id="r1"><inputEntry id="c1"><text>true</text></inputEntry>
<outputEntry id="v1"><text>"fund"</text></outputEntry></rule>
<rule id="r2"><inputEntry id="c2"><text>-</text></inputEntry>
<outputEntry id="v2"><text>"none"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


def test_a_business_rule_task_decides_by_its_table() -> None:
    """The decision's output routes the process; its inputs are among the pool's names."""
    text = """
    start s
    rule R decision=payer
    xor g default=no
    user Pay
    user Nothing
    s > R > g
    [yes] g > Pay : payer = "fund"
    [no] g > Nothing
    """
    walk = Walk(text, {"insured": True}, dmn={"p.dmn": DECISION})
    assert walk.open == ["Pay"]
    assert walk.data == {"insured": True, "payer": "fund"}
    assert walk.model.pools["a"].names == {"insured", "payer"}
    assert Walk(text, {"insured": False}, dmn={"p.dmn": DECISION}).open == ["Nothing"]


def test_lanes_give_roles_also_inside_sub_processes() -> None:
    """The lane's role property; a sub-process's tasks inherit it."""
    xml = draw(
        {
            "a": """
            start s
            user A @limit="3 working days" @form=mau
            sub P {
              start ps
              user B
              ps > B
            }
            user C
            s > A > P > C
            """
        }
    ).decode()
    lanes = (
        '<laneSet id="ls"><lane id="l1" name="Một cửa"><extensionElements>'
        '<spiffworkflow:properties><spiffworkflow:property name="role" value="mot-cua"/>'
        "</spiffworkflow:properties></extensionElements>"
        "<flowNodeRef>A</flowNodeRef><flowNodeRef>P</flowNodeRef></lane></laneSet>"
    )
    xml = xml.replace(
        '<process id="p_a" isExecutable="true">', '<process id="p_a" isExecutable="true">' + lanes
    )
    model = bpmn.parse(xml.encode(), {}, "lan.bpmn")
    assert {k: e.lane for k, e in model.elements.items() if k in "ABC"} == {
        "A": "mot-cua",
        "B": "mot-cua",
        "C": None,
    }
    assert dict(model.elements["A"].properties) == {"limit": "3 working days", "form": "mau"}
    assert model.lanes["l1"].nodes == ("A", "P")
    assert model.xml == xml.encode()


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [_deep(25), list(range(20_001)), object(), {1: 2}, float("nan"), float("inf"), b"x", 10**30],
    ids=["deep", "many", "object", "key", "nan", "inf", "bytes", "huge"],
)
def test_data_that_is_not_small_json_is_refused(value: Any) -> None:
    """Types, depth, nodes; nothing moves."""
    walk = Walk("start s\nuser A\ns > A")
    with pytest.raises(Invalid):
        walk.do("A", v=value)
    assert walk.do("A", v=_deep(15)).ended


def test_what_was_given_and_taken_is_never_shared() -> None:
    """Changing the caller's values afterwards changes nothing inside, nor the other way."""
    given = {"papers": ["a"]}
    walk = Walk("start s\nuser A\nuser B\ns > A > B", given)
    given["papers"].append("b")
    walk.move.open_tasks[0].data["papers"].append("c")
    assert walk.do("A").data == {"papers": ["a"]}


def test_a_failed_step_names_the_place() -> None:
    """An expression that fails at run time is a sentence with the element's name."""
    walk = Walk(
        'start s\nuser A\ncatch w name="Chờ hạn" after="working days(n)"\nuser B\ns > A > w > B'
    )
    with pytest.raises(MotCuaError, match="Chờ hạn"):
        walk.do("A", n="x")
    assert Clock().now == walk.clock.now
