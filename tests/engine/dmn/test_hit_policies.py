"""Every hit policy, on random tables and values, against an oracle written from the standard."""

from __future__ import annotations

import random
from typing import Any

import pytest

from engine import feel
from engine.dmn import Decision, parse_decisions
from engine.errors import ModelError
from tests.engine.dmn.tables import Table, random_table

SEEDS = range(12)
ORDER = "cab"
VALUES = '<outputValues><text>"c", "a", "b"</text></outputValues>'


def oracle(policy: str, answers: list[str]) -> Any:
    """The answer over the outputs of the rules that hold, in the order of the rules."""
    ranked = sorted(answers, key=ORDER.index)
    if policy == "UNIQUE":
        return "refused" if len(answers) > 1 else (answers or [None])[0]
    if policy == "ANY":
        return "refused" if len(set(answers)) > 1 else (answers or [None])[0]
    if policy == "FIRST":
        return (answers or [None])[0]
    if policy == "PRIORITY":
        return (ranked or [None])[0]
    return ranked if policy == "OUTPUT ORDER" else answers


@pytest.mark.parametrize(
    "policy", ["UNIQUE", "ANY", "FIRST", "PRIORITY", "RULE ORDER", "OUTPUT ORDER", "COLLECT"]
)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_policy_answers_as_the_standard_says(seed: int, policy: str) -> None:
    dice = random.Random(seed)
    for _ in range(10):
        check(dice, random_table(dice), policy)


def check(dice: random.Random, table: Table, policy: str) -> None:
    decision = parse_decisions(table.xml(policy, values=VALUES), "bang.dmn")["bang"]
    for point in dice.sample(list(table.points()), 12) if _many(table) else table.points():
        expected = oracle(policy, [table.rules[at][1] for at in table.held(point)])
        try:
            made = decision.evaluate(table.data(point))["ra"]
        except ModelError:
            made = "refused"
        assert made == expected, point


def _many(table: Table) -> bool:
    return sum(1 for _ in table.points()) > 40


@pytest.mark.parametrize("seed", SEEDS)
def test_an_aggregation_is_that_of_python(seed: int) -> None:
    dice = random.Random(seed)
    table = random_table(dice)
    numbers = {letter: dice.randint(-9, 9) for letter in "abc"}
    for name, gather in (("SUM", sum), ("MIN", min), ("MAX", max), ("COUNT", len)):
        xml = table.xml("COLLECT", f'aggregation="{name}"').decode()
        for letter, number in numbers.items():
            xml = xml.replace(f'<outputEntry><text>"{letter}"<', f"<outputEntry><text>{number}<")
        xml = xml.replace('name="ra" typeRef="string"', 'name="ra" typeRef="number"')
        decision = parse_decisions(xml.encode(), "bang.dmn")["bang"]
        for point in list(table.points())[:: 1 + dice.randint(0, 9)]:
            held = [numbers[table.rules[at][1]] for at in table.held(point)]
            empty = 0 if name == "COUNT" else None
            made = feel.to_json(decision.evaluate(table.data(point))["ra"])
            assert made == (gather(held) if held else empty)


TWO = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d">
  <decision id="bang"><decisionTable hitPolicy="{policy}" {more}>
    <input id="i"><inputExpression><text>x</text></inputExpression></input>
    <output id="o1" name="muc"><outputValues><text>{one}</text></outputValues></output>
    <output id="o2" name="ghi_chu" />
    <output id="o3" name="hang"><outputValues><text>{three}</text></outputValues>{default}</output>
    <rule id="r1"><inputEntry><text>&gt; 0</text></inputEntry><outputEntry><text>"thấp"</text>
      </outputEntry><outputEntry><text>"một"</text></outputEntry><outputEntry><text>2</text>
      </outputEntry></rule>
    <rule id="r2"><inputEntry><text>&gt; 1</text></inputEntry><outputEntry><text>"cao"</text>
      </outputEntry><outputEntry><text>"hai"</text></outputEntry><outputEntry><text>3</text>
      </outputEntry></rule>
    <rule id="r3"><inputEntry><text>&gt; 2</text></inputEntry><outputEntry><text>"cao"</text>
      </outputEntry><outputEntry><text>"ba"</text></outputEntry><outputEntry><text>1</text>
      </outputEntry></rule>
    <rule id="r4"><inputEntry><text>&gt; 3</text></inputEntry><outputEntry><text>"cao"</text>
      </outputEntry><outputEntry><text>"bốn"</text></outputEntry><outputEntry><text>1</text>
      </outputEntry></rule>
    <rule id="r5"><inputEntry><text>&gt; 4</text></inputEntry><outputEntry><text>null</text>
      </outputEntry><outputEntry><text>"năm"</text></outputEntry><outputEntry><text>1</text>
      </outputEntry></rule>
  </decisionTable></decision>
</definitions>"""


def several(policy: str, **other: str) -> Decision:
    values = {"one": '"cao", "thấp"', "three": "1, 2, 3", "default": "", "more": ""} | other
    return parse_decisions(TWO.format(policy=policy, **values).encode(), "bang.dmn")["bang"]


@pytest.mark.parametrize(
    ("x", "expected"), [(1, "một"), (2, "hai"), (3, "ba"), (4, "ba"), (9, "ba"), (0, None)]
)
def test_priority_of_several_outputs_goes_from_left_to_right(x: int, expected: Any) -> None:
    assert several("PRIORITY").evaluate({"x": x})["ghi_chu"] == expected


def test_output_order_of_several_outputs_keeps_equals_in_the_order_of_rules() -> None:
    made = feel.to_json(several("OUTPUT ORDER").evaluate({"x": 9}))
    assert made["ghi_chu"] == ["ba", "bốn", "hai", "một", "năm"]
    assert made["muc"] == ["cao", "cao", "cao", "thấp", None]
    assert several("OUTPUT ORDER").evaluate({"x": 0}) == {"muc": [], "ghi_chu": [], "hang": []}


def test_a_column_whose_values_are_no_list_does_not_rank() -> None:
    made = several("OUTPUT ORDER", three="[1..3]").evaluate({"x": 3})
    assert made["ghi_chu"] == ["hai", "ba", "một"]
    with pytest.raises(ModelError, match="OUTPUT ORDER cần danh sách giá trị") as refusal:
        several("OUTPUT ORDER", one="not(null)", three="[1..3]")
    assert refusal.value.rule == "dmn-priority"


def test_a_default_where_a_list_would_be_is_refused() -> None:
    default = "<defaultOutputEntry><text>3</text></defaultOutputEntry>"
    assert feel.to_json(several("PRIORITY", default=default).evaluate({"x": 0}))["hang"] == 3
    for policy in ("RULE ORDER", "OUTPUT ORDER", "COLLECT"):
        with pytest.raises(ModelError, match="giá trị mặc định") as refusal:
            several(policy, default=default)
        assert refusal.value.rule == "dmn-default"
