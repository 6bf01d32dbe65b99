"""What FEEL refuses, each with place, reason and cure, and what its bounds stop."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from engine import feel
from engine.errors import FeelError
from engine.feel.functions import TABLE

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("${a}", "JUEL"), ("a == 1", "«=»"), ("a && b", "«and»"), ("a || b", "«or»"),
        ("__import__('os')", "«__»"), ("lambda: 1", "định nghĩa hàm"), ("a.b()", "phương thức"),
        ("a.b.c(1)", "phương thức"), ("a ? 1 : 2", "if … then"), ("!a", "not("),
        ("? > 1", "bảng quyết định"),
        ("a != b ?? c", "«??»"), ("x => x", "hàm"), ("function(x) x", "hàm"), ("a % 2", "modulo"),
        ("import os", "lập trình"), ("not a", "not("), ("None", "null"), ("True", "true"),
        ("a AND b", "chữ thường"), ("a <> b", "!="), ("a ≤ b", "<="), ("“x”", "nháy"),
        ("foo(1)", "không có hàm"), ("upper cases(a)", "không chờ"), ("coutn(a)", "«count»"),
        ("count()", "tham số"), ("(1", "«(» chưa đóng"), ("1 +", "kết thúc"),
        ("", "trống"), ("a b", "không chờ «b»"), ("'x'", "nháy kép"), ("if a then b", "«else»"),
        ("[1, 2", "«[» chưa đóng"), ('"chưa đóng', "chuỗi chưa đóng"), ("a" * 5000, "4000"),
        ("(" * 200 + "1" + ")" * 200, "quá sâu"), ("-" * 200 + "1", "quá sâu"),
        ("1" + "+1" * 500, "phần tử"), ("9" * 40, "34"), ('@"2026-02-30"', "không phải ngày"),
        ("x in [5..1]", "ngược"), ("a = b = c", "không chờ «=»"), ("a := 1", "không chờ"),
        ("x = 1; y = 2", "«;»"), ("\x00", "ký tự lạ"), ("`a`", "nháy"), ("${a} == 1", "JUEL"),
    ],
)  # fmt: skip
def test_refuses_with_a_sentence(text: str, says: str) -> None:
    with pytest.raises(FeelError) as refusal:
        feel.compile_expression(text)
    assert says in refusal.value.message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("#{a}", "Bỏ #{"),
        ("{{a}}", "Bỏ {{"),
        ("a === 1", "một dấu «=»"),
        ("a !== 1", "«!=»"),
        ("a != null && b", "«and»"),
        ("a is not null", "x != null"),
        ("a is None", "«null»"),
        ("a eq 1", "viết «=»"),
        ("a gt 1", "Viết «>»"),
        ("a là 1", "viết «=»"),
        ("a và b", "«and»"),
        ("a =< 1", "«<=»"),
        ("a => 1", "«>=»"),
        ("a >< 1", "«!=»"),
        ("a ^ 2", "a ** b"),
        ("a not in (1, 2)", "not(x in"),
        ("a ?? b", "if x = null"),
        ("a?.b", "đã an toàn"),
        ("b if a else c", "if điều kiện then"),
        ("[x for x in ds]", "for x in ds return"),
        ("return 1", "không có return"),
        ("if a > 1: b", "khối lệnh"),
        ("a := 1", "Không gán"),
        ("a++", "x + 1"),
        ("1,5 > a", "dấu chấm"),
        ("1.000.000", "Viết liền"),
        ("10%", "0.1"),
        ("P3D", 'duration("P3D")'),
        ("PT5M", "nháy"),
        ("R3/PT10M", "nháy"),
        ("2026-11-22", "phép trừ"),
        ("date(2026-11-22)", "phép trừ"),
        ("22/11/2026", "phép chia"),
        ("1e5", "dạng mũ"),
        ("0x1F", "hệ mười"),
        ("ds[0]", "đếm từ 1"),
        ("[1..5[", "[1..5)"),
        ("today > a", "today()"),
        ("now", "now()"),
        ("a = NULL", "«null»"),
        ("a = TRUE", "«true»"),
        ("IF a THEN b", "chữ thường"),
        ("= a > 1", "Bỏ dấu ="),
        ("len(a)", "count(ds)"),
        ("round(a)", "decimal"),
        ("trim(a)", "replace"),
        ("ten.equals(1)", "a = b"),
        ("ds.size()", "count(ds)"),
        ("ten.startsWith(1)", "starts with"),
        ('execution.getVariable("x")', "tên dữ liệu"),
        ("$a", "không có $"),
        ("5 days", 'duration("P5D")'),
        ("a – b", "viết «-»"),
        ("a × b", "viết «*»"),
        ("so con > 1", "tên có khoảng trắng"),
        ("substring(chu: a)", "string, start position, length"),
        ("cuont(list: a)", "«count»"),
        ("a instance of foo", "không có kiểu"),
        ("count(function(x, y) x)", "sort"),
        ("\x00", "\\u0000"),
        ("a\u200bb", "\\u200b"),
    ],
)
def test_what_belongs_to_another_language_gets_its_own_cure(text: str, says: str) -> None:
    with pytest.raises(FeelError) as refusal:
        feel.compile_expression(text)
    assert says in refusal.value.message
    assert refusal.value.cure


@pytest.mark.parametrize(
    "text",
    [
        'ho_ten = "a == b && c"',
        "a -- 1",
        'x = "today"',
        "// a == b\n1",
        "todays + nowhere",
        "ngay - 2026 - 11",
        "a[b[1]]",
        "ten1e5 + 1",
        "P3D1 + xP3D",
        'replace(a, "x;y", "%")',
        "a.now + a.today",
        "{now: 1}.now",
        "1 instance of Null",
        "x in [0]",
        "[[0]]",
        "if a then [0] else []",
        "x in ]1..5)",
        "[1..a[1]]",
    ],
)
def test_what_only_looks_foreign_compiles(text: str) -> None:
    feel.compile_expression(text)


@pytest.mark.parametrize(
    "text",
    [
        "for a in 1..1000 return for b in 1..1000 return a * b",
        "count(for a in 1..99999999 return a)",
        "sum(for a in l return sum(for b in l return sum(for c in l return a)))",
        "some a in 1..9999999 satisfies a < 0",
        "10 ** 999 * 10 ** 999",
        "99999999999 ** 1000",
        "{a: l, b: [a,a,a,a], c: [b,b,b,b], d: [c,c,c,c], e: [d,d,d,d], f: [e,e,e] = [e,e,e]}.f",
        "{a: l, b: [a,a,a], c: [b,b,b], d: [c,c,c], e: [d,d,d], f: flatten([e,e,e])}.f",
        "{a: l, b: [a,a,a], c: [b,b,b], d: [c,c,c], e: [d,d,d], f: string([e,e,e])}.f",
        "{a: s, b: a+a+a, c: b+b+b, d: c+c+c, e: d+d+d, f: e+e+e, g: f+f+f}.g",
        "{a: l, b: concatenate(a,a,a,a), c: concatenate(b,b,b,b), d: concatenate(c,c,c,c),"
        " e: concatenate(d,d,d,d), f: concatenate(e,e,e,e)}.f",
        "l[l[l[l[l[item > 0] = l] = l] = l] = l]",
        'for a in l return for b in l return matches(t, "(a|b)*(a|c)*(b|c)*d")',
        "count(distinct values(for a in l, b in l return [a, b]))",
    ],
)
def test_bounds_stop_what_would_run_on(text: str) -> None:
    with pytest.raises(FeelError):
        feel.to_json(
            feel.compile_expression(text).evaluate(
                {"l": list(range(300)), "s": "x" * 999, "t": "ab" * 99}
            )
        )


def test_an_error_names_place_reason_and_cure() -> None:
    with pytest.raises(FeelError) as refusal:
        feel.compile_expression("a = 1 and coutn(b) > 2")
    assert (refusal.value.position, refusal.value.cure) == (10, "Có phải «count»?")
    assert refusal.value.message == (
        "Biểu thức «a = 1 and coutn(b) > 2» (ký tự 11): không có hàm «coutn». Có phải «count»?"
    )


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("(a+)+", "bên trong"), ("(a", "thiếu"), ("[a", "thiếu"), ("a**", "liền nhau"),
        ("a{200}", "100"), ("(?=a)", "không dùng"), ("x" * 300, "200"), ("[b-a]", "ngược"),
    ],
)  # fmt: skip
def test_a_pattern_outside_the_subset_is_refused(pattern: str, says: str) -> None:
    with pytest.raises(FeelError, match=says):
        feel.compile_expression(f'matches(a, "{pattern}")')
    assert feel.compile_expression("matches(a, p)").evaluate({"a": "a", "p": pattern}) is None


ODD: list[Any] = [
    None, True, -1, 0, 2.5, 10**33, "", "abc", "2026-11-22", "P1D", [], [1, None], [[1], ["a"]],
    {}, {"a": [1]}, date(2026, 11, 22), datetime(9999, 12, 31, 23, tzinfo=UTC),
    timedelta(days=999999),
]  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_no_function_falls_over_whatever_it_is_given(name: str) -> None:
    function = TABLE[name]
    for count in range(function.least, min(function.most, 3) + 1):
        letters = ("a", "b", "c")[:count]
        run = feel.compile_expression(f"{name}({', '.join(letters)})")
        for first in ODD:
            for second in ODD if count > 1 else ODD[:1]:
                with contextlib.suppress(FeelError):
                    feel.to_json(run.evaluate({"a": first, "b": second, "c": first}, now=NOW))


@pytest.mark.parametrize("sign", ["+", "-", "*", "/", "**", "=", "!=", "<", "<=", ">", ">="])
def test_no_operator_falls_over_whatever_it_is_given(sign: str) -> None:
    run = feel.compile_expression(f"a {sign} b")
    for first in ODD:
        for second in ODD:
            with contextlib.suppress(FeelError):
                feel.to_json(run.evaluate({"a": first, "b": second}))


def test_a_result_that_grows_when_written_is_refused() -> None:
    deep: Any = 1
    for _ in range(40):
        deep = [deep, deep]
    with pytest.raises(FeelError):
        feel.to_json(deep)
    with pytest.raises(FeelError):
        feel.to_json(object())
    assert feel.to_json([date(2026, 11, 22), timedelta(hours=1)]) == ["2026-11-22", "PT1H"]
