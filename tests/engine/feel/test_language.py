"""What FEEL means here: values, names, cells, scripts, hidden fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine import feel
from engine.errors import FeelError

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)


def value(text: str, **context: Any) -> Any:
    return feel.to_json(feel.compile_expression(text).evaluate(context, now=NOW))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("today()", "2026-11-22"),
        ('date("2026-01-31") + duration("P1M")', "2026-02-28"),
        ('date("2026-11-24") - date("2026-11-22")', "P2D"),
        ('date("2026-13-01")', None),
        ('@"2026-11-22".month', 11),
        ("0.1 + 0.2 = 0.3", True),
        ("1 / 0", None),
        ("x in [1..3]", True),
        ("x in ]2..3]", False),
        ("4 in [3..5] and true", True),
        ("if z then 1 else 2", 2),
        ('{a: 1, b: {c: "d"}}.b.c', "d"),
        ("không_có = null", True),
        ("is defined(không_có)", False),
        ('người = "Đỗ"', True),
        ("0.1 * 3", 0.3),
        ("1 / 3 * 3 = 1", False),
        ("-x ** 2", 4),
        ("2 ** 3 ** 2", 64),
        ("[1, 2, 3][item > 1][1]", 2),
        ("ds[tuổi > 20].tên", ["An"]),
        ("ds[x].tên", "Bình"),
        ("ds[-1].tên", "Bình"),
        ("ds.tên", ["An", "Bình"]),
        ("ds[3]", None),
        ("null[1]", None),
        ("some d in ds satisfies d.tuổi < 18", True),
        ("every d in ds satisfies d.tuổi > 18", False),
        ("for a in 1..2, b in [a, 10] return a * b", [1, 10, 4, 20]),
        ("z > 1 or true", True),
        ("z > 1 and false", False),
        ("not(z)", None),
        ('x = "2"', None),
        ('x != "2"', True),
        ("x between 1 and 3 and true", True),
        ('"a" in ("b", "a")', True),
        ("x in (< 1, [2..3])", True),
        ("x in ds", False),
        ("[2] = 2", True),
        ('matches("012345678901", "^[0-9]{12}$")', True),
        ('matches("0912345678", "^(0|\\+84)[0-9]{9}$")', True),
        ('date and time("2026-11-22T10:00:00") > now()', True),
        ('time("07:30:00") < time("11:30:00")', True),
        ('(date("2026-11-24") - today()).days', 2),
        ('date("2026-11-24") - today() > duration("P1D")', True),
        ('duration("P1Y2M") * 2', "P2Y4M"),
        ('duration("P3D") / duration("PT12H")', 6),
        ('years and months duration(date("2008-11-23"), today()).years', 17),
        ('@"P1Y".months', 0),
        ('day of week(date("2026-11-22"))', "Sunday"),
        ('string join(["a", null, "b"], ", ")', "a, b"),
        ("decimal(2.345, 2)", 2.34),
        ("round half up(-2.345, 2)", -2.35),
        ("modulo(-5, 3)", 1),
        ('string([1.50, null, "a"])', '[1.5, null, "a"]'),
        ("/* ghi chú */ 1 // hết", 1),
        ('"a\\u0041\\"\\n"', 'aA"\n'),
        ("count(z)", None),
        ("sum([])", None),
    ],
)
def test_means(text: str, expected: Any) -> None:
    people = [{"tên": "An", "tuổi": 30}, {"tên": "Bình", "tuổi": 9}]
    assert value(text, x=2, z=None, người="Đỗ", ds=people) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # ranges: the examples of DMN 1.3, table 78
        ("before(1, 10)", True), ("before(10, 1)", False), ("before(1, [1..10])", False),
        ("before(1, (1..10])", True), ("before([1..10), 10)", True),
        ("before([1..10], [10..20])", False), ("before([1..10), [10..20])", True),
        ("before([1..10], (10..20])", True), ("after(12, [1..10])", True),
        ("after([11..20], [1..10])", True), ("after((10..20], [1..10])", True),
        ("meets([1..5], [5..10])", True), ("meets([1..5), [5..10])", False),
        ("met by([5..10], [1..5])", True), ("met by([5..10], [1..5))", False),
        ("overlaps([1..5], [3..8])", True), ("overlaps([1..8], [3..5])", True),
        ("overlaps([1..5], [6..8])", False), ("overlaps([1..5], [5..8])", True),
        ("overlaps([1..5], (5..8])", False), ("overlaps([1..5), [5..8])", False),
        ("overlaps before([1..5], [3..8])", True), ("overlaps before([1..5], [6..8])", False),
        ("overlaps before([1..5], (5..8])", False), ("overlaps before([1..5), (1..5])", True),
        ("overlaps before([1..5], [1..5])", False), ("overlaps after([3..8], [1..5])", True),
        ("overlaps after([5..8], [1..5))", False), ("overlaps after((1..5], [1..5))", True),
        ("finishes(10, [1..10])", True), ("finishes(10, [1..10))", False),
        ("finishes([5..10], [1..10])", True), ("finishes((1..10], [1..10])", True),
        ("finished by([1..10], 10)", True), ("finished by([1..10], [5..10))", False),
        ("includes([1..10], 5)", True), ("includes([1..10), 10)", False),
        ("includes([1..10], [4..6])", True), ("includes((1..10], [1..5])", False),
        ("during(1, (1..10])", False), ("during((1..10), [1..10])", True),
        ("starts(1, [1..10])", True), ("starts((1..5], [1..10])", False),
        ("starts([1..10), [1..10])", True), ("started by([1..10], [1..5])", True),
        ("coincides(5, 5)", True), ("coincides([1..5], [1..5])", True),
        ("coincides((1..5), [1..5])", False), ("coincides(5, [5..5])", None),
        ('before(1, "a")', None), ("overlaps([1..5], 3)", None), ("{r: [1..5]}.r.start", 1),
        ('date("2026-05-01") in [date("2026-01-01")..date("2026-12-31")]', True),
        ('[1.."a"] = null', True), ("[1..5] = [1..5]", True), ("[1..5] = [1..5)", False),
        # types
        ("2 instance of number", True), ("[1] instance of list<number>", True),
        ('["a"] instance of list<number>', False), ("null instance of number", False),
        ("null instance of Null", True), ("1 instance of Any", True),
        ("x.y instance of Any", False),
        ('@"2026-01-01" instance of date', True),
        ('@"2026-01-01" instance of date and time', False),
        ('@"P1D" instance of days and time duration', True),
        ('@"P1Y" instance of years and months duration', True), ("[1..2] instance of range", True),
        ("[1..2] instance of range<number>", True), ("{a: 1} instance of context", True),
        # named parameters
        ('substring(start position: 3, string: "foobar")', "obar"),
        ('substring(string: "foobar", start position: 3, length: 3)', "oba"),
        ('number(from: "1,000.5", grouping separator: ",", decimal separator: ".")', 1000.5),
        ("date(year: 2026, month: 2, day: 28)", "2026-02-28"),
        ('date and time(date: @"2026-01-01", time: @"10:00:00")', "2026-01-01T10:00:00"),
        ("before(range1: [1..2], range2: [3..4])", True), ("round up(n: 1.2)", 2),
        ('context put(context: {a: 1}, keys: ["b"], value: 2)', {"a": 1, "b": 2}),
        # a list of one stands for its item
        ('upper case(["a"])', "A"), ("floor([1.5])", 1), ('day of week([@"2026-11-22"])', "Sunday"),
        # text
        ('replace("abcd", "(ab)|(a)", "[1=$1][2=$2]")', "[1=ab][2=]cd"),
        ('replace("aXbx", "x", "-", "i")', "a-b-"), ('replace("a.b.c", "\\.", "")', "abc"),
        ('replace("aaa", "aa?", "b")', "bb"), ('replace("a$", "\\$", "$$")', "a$"),
        ('split("a1b22c", "[0-9]+")', ["a", "b", "c"]), ('split("", ",")', [""]),
        ('matches("a\nb", "a.b")', False), ('matches("a\nb", "a.b", "s")', True),
        # numbers
        ("stddev([47])", None), ("stddev([2, 4, 7, 5])", 2.0816659994661326),
        ("mode([6, 1, 9, 6, 1])", [1, 6]), ("mode([])", []), ("median([6, 1, 2, 3])", 2.5),
        ("exp(0)", 1), ("log(0)", None), ("sqrt(-1)", None), ("modulo(-12, 5)", 3),
        ("modulo(12, -5)", -3), ("round half down(-5.5, 0)", -5), ("round down(-5.59, 1)", -5.5),
        # dates
        ('@"2026-01-15T10:00:00@Europe/Paris" = @"2026-01-15T16:00:00+07:00"', True),
        ('@"2026-01-15T10:00:00@Nowhere/City"', "refused"),
        ('@"2026-01-15T10:00:00+07:00".time offset', "PT7H"),
        ("time(10, 30, 0, @\"PT7H\")", "10:30:00+07:00"),
        # lists, contexts, loops
        ("sort([3, 1, 2], function(a, b) a < b)", [1, 2, 3]),
        ('sort(["b", null, "a"], function(a, b) a < b)', ["b", None, "a"]),
        ("list replace([2, 4, 7, 8], function(item, new) item < new, 5)", [5, 5, 7, 8]),
        ("list replace([1, 2], -1, 9)", [1, 9]), ("list replace([1, 2], 3, 9)", None),
        ("for i in [1..3] return i", [1, 2, 3]), ("for i in 3..1 return i", [3, 2, 1]),
        ("for i in (1..3) return i", None),
        ('context([{key: "a", value: 1}, {key: "a", value: 2}])', None),
        ('context put({x: {y: 1}}, ["x", "y"], 2)', {"x": {"y": 2}}),
        ("context merge([{a: 1}, {a: 2, b: 3}])", {"a": 2, "b": 3}),
        ('is(@"10:00:00", @"10:00:00")', True), ('is("1", 1)', False),
    ],
)  # fmt: skip
def test_means_what_the_standard_says(text: str, expected: Any) -> None:
    if expected == "refused":
        with pytest.raises(FeelError):
            feel.compile_expression(text)
    else:
        assert value(text) == expected


@pytest.mark.parametrize(
    ("cell", "subject", "holds"),
    [
        ("-", 1, True), ("", None, True), ("> 3", 4, True), ("[1..5]", 5, True),
        ("(1..5)", 5, False), ('"a","b"', "b", True), ('not("a","b")', "b", False),
        ("true", True, True), ("true", False, False), ("?.k > 1", {"k": 2}, True),
        ("list contains(?, 2)", [1, 2], True), ("]1..3]", 1, False), ("not(]1..3])", 1, True),
        ("not(< 2, ]1..3))", 3, True), ("not(1) and true", 1, False), ("[1..3], [5..7]", 6, True),
        ("null", None, True), ("< 3, > 5", 6, True),
    ],
)  # fmt: skip
def test_a_cell_tests_its_input(cell: str, subject: Any, holds: bool) -> None:
    assert (feel.compile_unary_tests(cell).evaluate({"?": subject}) is True) is holds


@pytest.mark.parametrize(
    ("condition", "context", "hidden"),
    [
        ("=n > 0", {}, True),  # null counts as hidden, as in form-js
        ("=n > 0", {"n": 1}, True),
        ("=n > 0", {"n": 0}, False),
        ("=n = null or n > 5", {"n": 3}, False),
        ("=not(n > 0)", {}, False),  # a not(…) around all turns the null round
        ("not(n > 0) and true", {}, True),
        ("s = 1", {"s": "x"}, True),
        ("s", {"s": "x"}, False),
        ('list contains(ds, "a")', {"ds": ["a"]}, True),
        ('list contains(ds, "a")', {"ds": []}, False),
    ],
)
def test_a_field_is_hidden_as_form_js_hides_it(
    condition: str, context: dict[str, Any], hidden: bool
) -> None:
    assert feel.hidden(condition, context) is hidden


def test_a_script_assigns_line_by_line_and_knows_what_it_needs() -> None:
    script = feel.compile_script('a = x + 1\n// ghi chú\nb = if a > 2 then "nhiều" else "ít"')
    assert script.names == {"x"}
    assert feel.to_json(script.evaluate({"x": 2})) == {"a": 3, "b": "nhiều"}
    assert script.assigned == ("a", "b")
    more = feel.compile_script("a = [\n  1,\n  2 // hai\n]\nb = (a[1] = 1)\n")
    assert feel.to_json(more.evaluate({})) == {"a": [1, 2], "b": True}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("count = 1", "tên hàm"), ("if = 1", "từ khóa"), ("a == 1", "tên = biểu thức"),
        ("a.b = 1", "tên = biểu thức"), ("x", "tên = biểu thức"), ("", "trống"),
        ("a = 1\nb = ", "dòng 2"), ("a = 1\nb = a ==", "dòng 2"), ("__a = 1", "__a"),
        ("a = 1; b = 2", "«;»"), ("a = b = 1\nc == 2", "dòng 2"), ("x = 1\n" * 101, "100 dòng"),
    ],
)  # fmt: skip
def test_a_script_that_is_no_list_of_assignments_is_refused(text: str, says: str) -> None:
    with pytest.raises(FeelError, match=says):
        feel.compile_script(text)


def test_host_functions_count_working_time() -> None:
    run = feel.compile_expression("working days(7)")
    answer = run.evaluate({}, functions={"working days": lambda n: NOW + timedelta(days=n)})
    assert answer == NOW + timedelta(days=7)
    with pytest.raises(FeelError, match="không dùng được ở đây"):
        run.evaluate({})


def test_names_are_the_roots_that_an_expression_looks_at() -> None:
    text = "for i in ds return i.a + nguoi.tuoi + count(x[k = 1])"
    assert feel.compile_expression(text).names >= {"ds", "nguoi", "x"}
    assert "i" not in feel.compile_expression(text).names
    found = feel.compile_expression("ds[tuoi > han and item.k].ten")
    assert found.names == {"ds", "tuoi", "han"}
    assert found.perhaps == {"tuoi", "han"}  # fields of the items, or names from outside
    assert feel.compile_expression("ds[n + 1]").names == {"ds", "n"}
    assert feel.compile_expression("{a: x, b: a}.b").names == {"x"}


def test_values_from_outside_are_measured_copied_and_closed() -> None:
    run = feel.compile_expression("a")
    given = {"a": [{"k": 1}]}
    run.evaluate(given)[0]["k"] = 2
    assert given == {"a": [{"k": 1}]}
    assert run.evaluate({"a": float("nan")}) is None
    assert run.evaluate({"a": datetime(2026, 1, 1)}) == datetime(2026, 1, 1)
    deep: Any = 1
    for _ in range(40):
        deep = [deep, deep]
    for bad in (object(), deep, 10**40, "x" * 200_000, [[]] * 200_000):
        with pytest.raises(FeelError):
            run.evaluate({"a": bad})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("for i in 0..5 return if i = 0 then 1 else i * partial[-1]", [1, 1, 2, 6, 24, 120]),
        ("for x in [1, 2], y in [3, 4] return count(partial)", [0, 1, 2, 3]),
        ("for x in 1..2 return for y in 1..2 return count(partial)", [[0, 1], [0, 1]]),
        ("for partial in [1, 2] return partial", [1, 2]),
        ("partial + 1", 8),
    ],
)
def test_a_loop_may_read_what_it_has_returned_so_far(text: str, expected: Any) -> None:
    """`partial`, as DMN 1.3 has it; outside a loop it is a name like any other."""
    assert feel.compile_expression(text).evaluate({"partial": 7}) == expected
    inside = text.startswith("for")
    assert feel.compile_expression(text).names == (frozenset() if inside else {"partial"})


def test_what_a_loop_has_returned_so_far_costs_steps() -> None:
    """Lists of lists of all before them grow without bound, and are stopped."""
    for text in ("for i in 1..9999 return partial", "string(for i in 1..150 return partial)"):
        with pytest.raises(FeelError, match="quá lâu"):
            feel.compile_expression(text).evaluate({})
