"""Decision tables: each hit policy does what the standard says, faults name their cell."""

from __future__ import annotations

from typing import Any

import pytest

from engine import feel
from engine.dmn import Decision, parse_decisions
from engine.errors import ModelError

TABLE = """<?xml version="1.0"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="d">
  <decision id="quyet_dinh"><decisionTable hitPolicy="{policy}" {more}>
    <input id="i"><inputExpression><text>{expression}</text></inputExpression></input>
    <output id="o" name="ra" />
    {rules}
  </decisionTable></decision>
</definitions>"""


def decide(policy: str, rules: list[tuple[str, str]], x: Any, *, more: str = "", of: str = "x"):
    cells = "".join(
        f'<rule id="r{n}"><inputEntry id="c{n}"><text>{test}</text></inputEntry>'
        f'<outputEntry id="k{n}"><text>{answer}</text></outputEntry></rule>'
        for n, (test, answer) in enumerate(rules)
    )
    xml = TABLE.format(policy=policy, more=more, rules=cells, expression=of)
    decision = parse_decisions(xml.encode(), "bang.dmn")["quyet_dinh"]
    return feel.to_json(decision.evaluate({"x": x}))["ra"]


OVERLAP = [("&gt; 1", "10"), ("&gt; 2", "20"), ("&gt; 9", "30")]


@pytest.mark.parametrize(
    ("policy", "more", "x", "expected"),
    [
        ("FIRST", "", 3, 10), ("FIRST", "", 0, None), ("UNIQUE", "", 2, 10),
        ("RULE ORDER", "", 3, [10, 20]), ("COLLECT", "", 3, [10, 20]), ("COLLECT", "", 0, []),
        ("COLLECT", 'aggregation="SUM"', 3, 30), ("COLLECT", 'aggregation="MIN"', 3, 10),
        ("COLLECT", 'aggregation="MAX"', 10, 30), ("COLLECT", 'aggregation="COUNT"', 10, 3),
    ],
)  # fmt: skip
def test_hit_policy(policy: str, more: str, x: int, expected: Any) -> None:
    assert decide(policy, OVERLAP, x, more=more) == expected


def test_unique_and_any_refuse_what_they_do_not_allow() -> None:
    with pytest.raises(ModelError, match=r"1 \(r0\), 2 \(r1\)"):
        decide("UNIQUE", OVERLAP, 3)
    with pytest.raises(ModelError, match="ANY"):
        decide("ANY", OVERLAP, 3)
    assert decide("ANY", [("-", "1"), ("&gt; 0", "1")], 3) == 1


@pytest.mark.parametrize(
    ("policy", "rules", "says"),
    [
        ("PRIORITY", OVERLAP, "PRIORITY"),
        ("FIRST", [("== 3", "1")], "c0"),
        ("FIRST", [("3", "${a}")], "JUEL"),
        ("OUTPUT ORDER", OVERLAP, "OUTPUT ORDER"),
    ],
)
def test_a_table_that_cannot_run_is_refused(policy: str, rules: Any, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        decide(policy, rules, 1)


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"<a",
        b"<definitions/>",
        b'<!DOCTYPE a [<!ENTITY x "y">]><definitions>&x;</definitions>',
    ],
)
def test_a_file_that_is_no_table_is_refused(xml: bytes) -> None:
    with pytest.raises(ModelError):
        parse_decisions(xml, "bang.dmn")


COLUMNS = """<?xml version="1.0"?>
<definitions xmlns="{version}" id="d" name="d" namespace="d">
  <decision id="bang" name="Bảng">
    <decisionTable id="t" {table}>
      <input id="i1" label="Tuổi"><inputExpression id="e1" typeRef="{type}">
        <text>tuoi</text></inputExpression>{allowed}</input>
      <input id="i2"><inputExpression><text>nhom</text></inputExpression></input>
      <output id="o1" name="muc" typeRef="number">{outputs}</output>
      <output id="o2" name="{second}" typeRef="string" />
      <rule id="r1"><inputEntry id="c11"><text>{cell}</text></inputEntry>
        <inputEntry id="c12"><text>"a", "b"</text></inputEntry>
        <outputEntry id="k11"><text>{result}</text></outputEntry>
        <outputEntry id="k12"><text>"cao"</text></outputEntry></rule>
      <rule id="r2"><inputEntry id="c21"><text>{other}</text></inputEntry>
        <inputEntry id="c22"><text>-</text></inputEntry>
        <outputEntry id="k21"><text>goc + 1</text></outputEntry>
        <outputEntry id="k22"><text>"thấp"</text></outputEntry></rule>
    </decisionTable>
  </decision>
</definitions>"""
USUAL = {
    "version": "http://www.omg.org/spec/DMN/20180521/MODEL/", "table": 'hitPolicy="UNIQUE"',
    "type": "number", "allowed": "", "outputs": "", "second": "hang", "cell": "&gt;= 60",
    "other": "&lt; 60", "result": "goc * 2",
}  # fmt: skip


def columns(**other: str) -> Decision:
    return parse_decisions(COLUMNS.format(**(USUAL | other)).encode(), "bang.dmn")["bang"]


def test_rows_and_columns() -> None:
    decision = columns()
    assert decision.inputs == {"tuoi", "nhom", "goc"}
    assert decision.outputs == ("muc", "hang")
    made = decision.evaluate({"tuoi": 60, "nhom": "b", "goc": 5})
    assert feel.to_json(made) == {"muc": 10, "hang": "cao"}
    made = decision.evaluate({"tuoi": 59, "nhom": None, "goc": 5})
    assert feel.to_json(made) == {"muc": 6, "hang": "thấp"}
    assert decision.evaluate({"tuoi": 70, "nhom": "c"}) == {"muc": None, "hang": None}
    assert decision.evaluate({}) == {"muc": None, "hang": None}


def test_a_date_column_reads_the_text_that_facts_hold() -> None:
    decision = columns(type="date", cell='&gt;= date("2026-09-01")', other="null")
    made = decision.evaluate({"tuoi": "2026-09-02", "nhom": "a", "goc": 1})
    assert made["hang"] == "cao"
    with pytest.raises(ModelError, match="cần kiểu date"):
        decision.evaluate({"tuoi": "hôm qua", "nhom": "a"})


def test_rule_order_gives_a_list_per_output() -> None:
    made = columns(table='hitPolicy="RULE ORDER"', cell="-").evaluate(
        {"tuoi": 1, "nhom": "a", "goc": 3}
    )
    assert feel.to_json(made) == {"muc": [6, 4], "hang": ["cao", "thấp"]}


def test_a_default_stands_where_no_rule_holds() -> None:
    default = "<defaultOutputEntry><text>0</text></defaultOutputEntry>"
    assert feel.to_json(columns(outputs=default).evaluate({"tuoi": 99})) == {
        "muc": 0, "hang": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"result": '"x"'}, "k11.*number"), ({"cell": "60.."}, "c11"), ({"type": "tiền"}, "tiền"),
        ({"cell": "[60..1]"}, "ngược"), ({"second": "muc"}, "cùng tên"),
        ({"second": "hạng cao"}, "hạng cao"), ({"version": "urn:x"}, "1.1–1.3"),
        ({"table": 'hitPolicy="COLLECT" aggregation="SUM"'}, "một cột"),
        ({"table": 'hitPolicy="FIRST" aggregation="SUM"'}, "COLLECT"),
        ({"table": 'expressionLanguage="juel"'}, "juel"),
        ({"outputs": "<outputValues><text>1, 2</text></outputValues>", "result": "3"}, "cho phép"),
        ({"result": "coutn(x)"}, "count"),
    ],
)  # fmt: skip
def test_a_column_that_cannot_hold_is_refused(other: dict[str, str], says: str) -> None:
    with pytest.raises(ModelError, match=says):
        columns(**other)


def test_values_outside_a_column_are_told_not_passed_over() -> None:
    allowed = "<inputValues><text>[0..150]</text></inputValues>"
    with pytest.raises(ModelError, match=r"Tuổi.*ngoài danh sách"):
        columns(allowed=allowed).evaluate({"tuoi": 200, "nhom": "a"})
    with pytest.raises(ModelError, match=r"Tuổi.*cần kiểu number"):
        columns().evaluate({"tuoi": "60", "nhom": "a"})
    with pytest.raises(ModelError, match=r"muc.*cần kiểu number"):
        columns(result="nhom").evaluate({"tuoi": 60, "nhom": "a"})
    with pytest.raises(ModelError, match="dòng 1"):
        columns(result="sum(for a in 1..99999, b in 1..9999 return a)").evaluate(
            {"tuoi": 60, "nhom": "a"}
        )


CHAIN = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d">
  <decision id="sau" name="Sau"><variable name="ket_qua" />
    <informationRequirement><requiredDecision href="#{first}" /></informationRequirement>
    <decisionTable hitPolicy="FIRST">
      <input id="i"><inputExpression><text>diem</text></inputExpression></input>
      <output id="o" />
      <rule id="r"><inputEntry><text>&gt; 5</text></inputEntry>
        <outputEntry><text>"đạt " + ten</text></outputEntry></rule>
    </decisionTable></decision>
  <decision id="truoc" name="Trước"><variable name="diem" />{back}
    <decisionTable hitPolicy="COLLECT" aggregation="SUM">
      <input id="j"><inputExpression><text>x</text></inputExpression></input>
      <output id="p" name="p" typeRef="number" />
      <rule id="s1"><inputEntry><text>&gt; 1</text></inputEntry>
        <outputEntry><text>2</text></outputEntry></rule>
      <rule id="s2"><inputEntry><text>&gt; 2</text></inputEntry>
        <outputEntry><text>x</text></outputEntry></rule>
    </decisionTable></decision>
</definitions>"""


def test_a_decision_may_need_another() -> None:
    found = parse_decisions(CHAIN.format(first="truoc", back="").encode(), "chuoi.dmn")
    assert list(found) == ["sau", "truoc"]
    assert found["sau"].inputs == {"x", "ten"}
    assert found["sau"].evaluate({"x": 4, "ten": "An"}) == {"ket_qua": "đạt An"}
    assert found["sau"].evaluate({"x": 2, "ten": "An"}) == {"ket_qua": None}


def test_decisions_that_need_each_other_are_refused() -> None:
    back = '<informationRequirement><requiredDecision href="#sau" /></informationRequirement>'
    with pytest.raises(ModelError, match="vòng"):
        parse_decisions(CHAIN.format(first="truoc", back=back).encode(), "chuoi.dmn")
    with pytest.raises(ModelError, match="không có"):
        parse_decisions(CHAIN.format(first="khac", back="").encode(), "chuoi.dmn")


def test_hostile_files_end_in_a_sentence() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><definitions>&b;'
    outside = b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><definitions/>'
    deep = b"<a>" * 5000
    for xml in (
        bomb + b"</definitions>",
        outside,
        deep,
        b"\xff\xfe",
        b" " * 3_000_000,
        b'<?xml version="1.0" encoding="la"?><definitions/>',
        bomb.decode().encode("utf-16"),
        b"<a/>" * 9,
    ):
        with pytest.raises(ModelError):
            parse_decisions(xml, "bang.dmn")
