"""What the gate says about tables that no small random table shows."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from lxml import etree

from engine import feel
from engine.dmn import inspect, parse_decisions
from engine.errors import ModelError
from engine.findings import Finding

ROOT = Path(__file__).parents[3]
HEAD = '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d">'


def decision(
    columns: list[tuple[str, str]],
    rules: list[tuple[list[str], str]],
    policy: str = "UNIQUE",
    key: str = "bang",
    needs: str = "",
) -> str:
    """One table: columns are (expression, type), rules (cells, answer)."""
    inputs = "".join(
        f'<input id="{key}_i{n}"><inputExpression typeRef="{type_}">'
        f"<text>{escape(text)}</text></inputExpression></input>"
        for n, (text, type_) in enumerate(columns)
    )
    rows = "".join(
        f'<rule id="{key}_r{n}">'
        + "".join(f"<inputEntry><text>{escape(cell)}</text></inputEntry>" for cell in cells)
        + f"<outputEntry><text>{escape(answer)}</text></outputEntry></rule>"
        for n, (cells, answer) in enumerate(rules, 1)
    )
    return (
        f'<decision id="{key}"><variable name="v_{key}" />{needs}'
        f'<decisionTable hitPolicy="{policy}">{inputs}<output id="{key}_o" name="{key}_ra" />'
        f"{rows}</decisionTable></decision>"
    )


def look(*decisions: str) -> list[Finding]:
    return inspect((HEAD + "".join(decisions) + "</definitions>").encode(), "bang.dmn")[1]


def told(found: list[Finding], rule: str) -> list[str]:
    return [f"{f.severity} {f.message}" for f in found if f.rule == rule]


def test_everything_wrong_is_told_at_once() -> None:
    found = look(
        decision([("x", "number"), ("", "")], [(["> 1", "-"], '"a"'), (["== 2", "-"], "${b}")]),
        decision([("x", "tiền")], [(["-"], '"a"')], "LAST", key="khac"),
    )
    assert {f.rule for f in found} == {"dmn-shape", "dmn-cell", "dmn-type", "dmn-policy"}
    assert sum(f.rule == "dmn-cell" for f in found) == 2


def test_a_list_is_looked_at_by_its_members() -> None:
    rules = [(['list contains(?, "bhxh")'], '"a"'), (['list contains(?, "ncc")'], '"b"')]
    found = look(decision([("doi_tuong", "")], rules))
    assert told(found, "dmn-overlap")[0].startswith("error")
    assert 'doi_tuong = ["bhxh", "ncc"]' in told(found, "dmn-overlap")[0]
    assert "doi_tuong = []" in told(found, "dmn-gap")[0]
    apart = [rules[0], (['list contains(?, "ncc") and not(list contains(?, "bhxh"))'], '"b"')]
    whole = [*apart, (['not(list contains(?, "ncc")) and not(list contains(?, "bhxh"))'], '"c"')]
    found = look(decision([("doi_tuong", "")], whole))
    assert told(found, "dmn-overlap") == []
    assert "doi_tuong = null" in told(found, "dmn-gap")[0]


def test_whole_numbers_have_no_gap_between_neighbours() -> None:
    rules = [(["<= 3"], '"a"'), ([">= 4"], '"b"'), (["null"], '"c"')]
    assert look(decision([("n", "integer")], rules)) == []
    assert "n = 3.5" in told(look(decision([("n", "number")], rules)), "dmn-gap")[0]


def test_calculated_columns_only_may_overlap() -> None:
    rules = [
        (["true", "-"], '"a"'),
        (["-", "true"], '"b"'),
        (["false, null", "false, null"], '"c"'),
    ]
    free = look(decision([("a", "boolean"), ("b", "boolean")], rules))
    assert told(free, "dmn-overlap")[0].startswith("error")
    bound = look(decision([("tuoi > 60", "boolean"), ("tuoi < 60", "boolean")], rules))
    assert told(bound, "dmn-overlap")[0].startswith("warning")
    assert "có thể cùng đúng" in told(bound, "dmn-overlap")[0]


def test_two_columns_about_the_same_thing_are_one() -> None:
    rules = [([">= 18", "< 60"], '"a"'), ([">= 60", "-"], '"b"'), (["< 18", "-"], '"c"')]
    found = look(
        decision([("tuoi", "number"), ("tuoi", "number")], [*rules, (["null", "-"], '"d"')])
    )
    assert found == []


def test_what_a_required_decision_gives_is_not_free() -> None:
    need = '<informationRequirement><requiredDecision href="#diem" /></informationRequirement>'
    found = look(
        decision([("v_diem", "number")], [(["> 1"], '"a"'), (["> 2"], '"b"')], needs=need),
        decision([("x", "number")], [(["-"], "1")], key="diem"),
    )
    assert told(found, "dmn-overlap")[0].startswith("warning")


def test_a_cell_that_cannot_be_looked_at_is_named_where_it_matters() -> None:
    apart = [(['"a"', "> nguong"], "1"), (['"b"', "<= nguong"], "2"), (["-", "-"], "3")]
    columns = [("nhom", "string"), ("so", "number")]
    assert told(look(decision(columns, apart[:2])), "dmn-overlap") == []
    assert told(look(decision(columns, apart, "FIRST")), "dmn-unchecked") == []
    close = [(['"a"', "> nguong"], "1"), (["-", "<= nguong"], "2")]
    unclear = told(look(decision(columns, close)), "dmn-unchecked")
    assert any("> nguong" in line for line in unclear)
    assert any("<= nguong" in line for line in unclear)
    moving = look(decision([("ngay", "date")], [(["< today()"], "1"), ([">= today()"], "2")]))
    assert len(told(moving, "dmn-unchecked")) == 2


def test_answers_that_are_calculated_cannot_be_compared() -> None:
    found = look(decision([("x", "number")], [(["> 1"], "x"), (["-"], "x + 0")], "ANY"))
    assert "kết quả là phép tính" in told(found, "dmn-unchecked")[0]
    assert look(decision([("x", "number")], [(["> 1"], "x + 1"), (["-"], "x + 1")], "ANY")) == []


@pytest.mark.parametrize(
    ("type_", "cell", "rule"),
    [
        ("number", '"một"', "dmn-type"), ("string", "> 5", "dmn-type"),
        ("date", '"2026-09-01"', "dmn-type"), ("boolean", '"true"', "dmn-type"),
        ("string", 'list contains(?, "a")', "dmn-type"), ("number", "true", "dmn-type"),
        ("integer", "2.5", "dmn-dead-rule"), ("number", "(3..3)", "dmn-dead-rule"),
        ("number", "? > 3 and ? < 2", "dmn-dead-rule"), ("time", "> 5", "dmn-type"),
    ],
)  # fmt: skip
def test_a_cell_that_never_matches_is_told(type_: str, cell: str, rule: str) -> None:
    found = look(decision([("x", type_)], [([cell], "1"), (["-"], "2")], "FIRST"))
    assert [f.rule for f in found] == [rule]


@pytest.mark.parametrize(
    ("type_", "cell", "holds", "not_holds"),
    [
        ("number", "5", [5, 5.0], [4, None]), ("number", "-5, 7", [-5, 7], [5]),
        ("number", ">= 5", [5, 6], [4.9, None]), ("number", "[1..3]", [1, 3], [0.5, 4]),
        ("number", "(1..3)", [2], [1, 3]), ("number", "]1..3]", [3], [1]),
        ("number", "[1, 2, 3]", [2], [4]), ("number", "[1..3], > 9", [2, 10], [5]),
        ("number", "not([1..3])", [4, None], [2]), ("number", "not(1, 2)", [3], [1, 2]),
        ("number", "? * 2 > 10", [6], [5, None]), ("number", "> nguong", [8], [7]),
        ("string", '"a", "b"', ["a", "b"], ["c", None]), ("string", "null", [None], [""]),
        ("string", "not(null)", ["a"], [None]), ("string", 'starts with(?, "x")', ["xã"], ["a"]),
        ("boolean", "true", [True], [False, None]), ("boolean", "not(true)", [False, None], [True]),
        ("date", 'date("2026-09-01")', ["2026-09-01"], ["2026-09-02", None]),
        ("date", '>= @"2026-09-01"', ["2026-09-01"], ["2026-08-31"]),
        ("date", '[date("2026-01-01")..date("2026-12-31")]', ["2026-05-05"], ["2027-01-01"]),
        ("date", "? < today()", ["2026-11-22"], ["2026-11-23"]),
        ("time", '< time("12:00:00")', ["07:30:00"], ["12:00:00"]),
        ("dateTime", '< date and time("2026-01-01T00:00:00")', ["2025-12-31"], ["2026-01-01"]),
        ("", 'list contains(?, "a")', [["a"], ["a", "b"]], [["b"], [], None]),
        ("", "count(?) > 1", [[1, 2]], [[1]]), ("", "-", [1, None, "x", []], []),
    ],
)  # fmt: skip
def test_every_form_of_cell(type_: str, cell: str, holds: list[Any], not_holds: list[Any]) -> None:
    xml = HEAD + decision([("x", type_)], [([cell], '"có"')], "FIRST") + "</definitions>"
    table = parse_decisions(xml.encode(), "bang.dmn")["bang"]
    now = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    for values, expected in ((holds, "có"), (not_holds, None)):
        for value in values:
            made = table.evaluate({"x": value, "nguong": 7}, now=now)
            assert made == {"bang_ra": expected}, value


def test_a_literal_expression_is_a_decision() -> None:
    need = '<informationRequirement><requiredDecision href="#muc" /></informationRequirement>'
    xml = (
        f'{HEAD}<decision id="muc"><variable name="muc" typeRef="number" />'
        "<literalExpression><text>luong * 10</text></literalExpression></decision>"
        + decision([("muc", "number")], [(["> 100"], '"cao"')], "FIRST", needs=need)
        + "</definitions>"
    )
    found = parse_decisions(xml.encode(), "bang.dmn")
    assert feel.to_json(found["muc"].evaluate({"luong": 3})) == {"muc": 30}
    assert found["bang"].inputs == {"luong"}
    assert found["bang"].evaluate({"luong": 11}) == {"bang_ra": "cao"}
    words = xml.replace("luong * 10", '"mười " + ten').encode()
    with pytest.raises(ModelError, match="cần kiểu number"):
        parse_decisions(words, "bang.dmn")["muc"].evaluate({"ten": "đồng"})


@pytest.mark.parametrize(
    ("inside", "says"),
    [
        ("<invocation><binding /></invocation>", "lời gọi"),
        ("<context />", "ngữ cảnh"), ("<relation />", "quan hệ"), ("<list />", "danh sách"),
        ("<functionDefinition />", "hàm"), ("", "trống"),
        (
            '<knowledgeRequirement><requiredKnowledge href="#f" /></knowledgeRequirement>'
            "<literalExpression><text>1</text></literalExpression>",
            "business knowledge model",
        ),
    ],
)  # fmt: skip
def test_other_kinds_of_decision_are_refused(inside: str, says: str) -> None:
    found = look(f'<decision id="bang">{inside}</decision>')
    assert [f.rule for f in found] == ["dmn-kind"]
    assert says in found[0].message


def test_decisions_in_a_circle_name_the_way_around() -> None:
    def needs(other: str) -> str:
        return (
            f'<informationRequirement><requiredDecision href="#{other}" /></informationRequirement>'
        )

    found = look(
        *(
            decision([("x", "")], [(["-"], "1")], key=k, needs=needs(o))
            for k, o in ("ab", "bc", "ca")
        )
    )
    assert [(f.rule, f.element) for f in found] == [("dmn-requirement", "a")]
    assert "a → b → c → a" in found[0].message


def test_a_decision_needed_by_many_is_evaluated_once() -> None:
    """Nine layers of six decisions, each needing the whole layer below: 6 ** 9 paths."""
    layers = []
    for layer in range(9):
        below = "".join(
            f'<informationRequirement><requiredDecision href="#d{layer - 1}_{n}" />'
            "</informationRequirement>"
            for n in range(6 if layer else 0)
        )
        layers += [
            decision([("x", "number")], [(["-"], "1")], key=f"d{layer}_{n}", needs=below)
            for n in range(6)
        ]
    xml = (HEAD + "".join(layers) + "</definitions>").encode()
    made = parse_decisions(xml, "bang.dmn")["d8_0"].evaluate({"x": 1})
    assert feel.to_json(made) == {"d8_0_ra": 1}


def test_large_tables_are_looked_at_or_said_not_to_be() -> None:
    columns = [(f"x{n}", "number") for n in range(10)]
    steps = [([f"[{n}..{n + 1})", *["-"] * 9], f'"{n}"') for n in range(300)]
    found = look(decision(columns, steps))
    assert {f.rule for f in found} == {"dmn-gap"}
    wild = [([f"[{n + c}..{n * c + 900}]" for c in range(10)], "1") for n in range(300)]
    found = look(decision(columns, wild, "FIRST"))
    assert {f.rule for f in found} == {"dmn-unchecked"}
    assert "quá lớn" in found[0].message
    hostile = [([f"? > {n} and " + " and ".join(["? != 7"] * 40)], "1") for n in range(200)]
    found = look(decision([("x", "number")], hostile))
    assert "dmn-unchecked" in {f.rule for f in found}
    many = decision([("x", "")], [(["-"], "1")] * 10_001)
    assert [f.rule for f in look(many)] == ["dmn-file"]


def test_a_list_of_allowed_values_is_constant() -> None:
    for values in ("< muc", "< working days(3)", "today()"):
        table = decision([("x", "")], [(["1"], '"a"'), (["-"], '"b"')], "FIRST")
        table = table.replace(
            "</input>", f"<inputValues><text>{escape(values)}</text></inputValues></input>"
        )
        assert [f.rule for f in look(table)] == ["dmn-values"], values


def test_what_is_added_up_is_a_number() -> None:
    for answer, wrong in (('"a"', True), ("null", True), ("2", False), ("x + 1", False)):
        table = decision([("x", "number")], [(["-"], answer)], 'COLLECT" aggregation="SUM')
        assert [f.rule for f in look(table)] == (["dmn-type"] if wrong else []), answer


def test_an_empty_answer_is_told() -> None:
    found = look(decision([("x", "number")], [(["-"], "")]))
    assert told(found, "dmn-cell")[0].startswith("warning")


def test_no_damage_to_a_file_breaks_the_gate() -> None:
    """Elements, attributes, texts and bytes taken away, moved or swapped: always a list."""
    source = (ROOT / "processes/khai-tu-lien-thong/2026-09-01/mai-tang.dmn").read_bytes()
    dice = random.Random(7)
    texts = ["", "-", "?", "null", "1..", "not(", "{a: 1}", "[[1]]", "working days(1)", "x" * 5000]
    for _ in range(300):
        root = etree.fromstring(source)
        for _ in range(dice.randint(1, 4)):
            node = dice.choice([n for n in root.iter() if isinstance(n.tag, str)])
            change = dice.randint(0, 3)
            if change == 0 and node.getparent() is not None:
                node.getparent().remove(node)
            elif change == 1 and node.attrib:
                node.attrib[dice.choice(list(node.attrib))] = dice.choice(
                    ["", "x", "bang", "number"]
                )
            elif change == 2:
                node.text = dice.choice(texts)
            else:
                node.append(etree.Element(dice.choice(list(root.iter())).tag))
        assert isinstance(inspect(etree.tostring(root), "bang.dmn")[1], list)
    for _ in range(300):
        at = dice.randrange(len(source))
        spoilt = (
            source[:at] + dice.randbytes(dice.randint(0, 9)) + source[at + dice.randint(0, 30) :]
        )
        assert isinstance(inspect(spoilt, "bang.dmn")[1], list)


def table(
    policy: str, rules: list[tuple[list[str], str]], more: str = "", column: str = "x"
) -> str:
    """A table of one number, or of none."""
    columns = [(column, "number")] if column else []
    made = decision(columns, rules, policy)
    return made.replace(f'hitPolicy="{policy}"', f'hitPolicy="{policy}" {more}')


@pytest.mark.parametrize("policy", ["UNIQUE", "FIRST", "COLLECT", "RULE ORDER"])
def test_a_table_without_a_row_is_told(policy: str) -> None:
    """It decides nothing: null, or the empty list."""
    assert [f.rule for f in look(table(policy, []))] == ["dmn-shape"]


def test_a_table_without_a_column_is_looked_at_too() -> None:
    """Both of its rows always hold."""
    two = [([], "1"), ([], "2")]
    (found,) = look(table("UNIQUE", two, column=""))
    assert (found.rule, found.severity) == ("dmn-overlap", "error")
    assert look(table("UNIQUE", two[:1], column="")) == []
    assert [f.rule for f in look(table("FIRST", two, column=""))] == ["dmn-dead-rule"]


@pytest.mark.parametrize("how", ["SUM", "MIN", "MAX"])
def test_a_sum_of_nothing_is_null_and_told(how: str) -> None:
    """FEEL's sum, min and max of the empty list are null; only a count is 0."""
    rules = [(["> 1"], "10"), (["> 2"], "20")]
    found = look(table("COLLECT", rules, f'aggregation="{how}"'))
    assert [(f.rule, f.severity) for f in found] == [("dmn-gap", "warning")]
    assert look(table("COLLECT", rules, 'aggregation="COUNT"')) == []
    assert look(table("COLLECT", rules)) == []


@pytest.mark.parametrize("cell", ["[[1..3], 5]", "[5, [1..3]]", "[1..3], 5"])
def test_ranges_in_the_list_of_a_cell_count_as_ranges(cell: str) -> None:
    """Evaluated so, and looked at so: with 3 both rows hold, with 4 neither."""
    found = look(table("UNIQUE", [([cell], "1"), (["[3..4)"], "2")]))
    assert told(found, "dmn-overlap") == [
        "error Bảng UNIQUE nhưng dòng 1 (bang_r1) và dòng 2 (bang_r2) cùng đúng khi x = 3."
    ]
    test = feel.compile_unary_tests(cell)
    assert [x for x in range(8) if test.evaluate({"?": x})] == [1, 2, 3, 5]
    wrong = look(table("FIRST", [([cell.replace("5", '"a"')], "1"), (["-"], "2")]))
    assert [f.rule for f in wrong] == ["dmn-type"]
