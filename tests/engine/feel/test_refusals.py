"""What FEEL refuses, each with place, reason and cure, and what its bounds stop."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
        ("a != b ?? c", "«?»"), ("x => x", "hàm"), ("function(x) x", "hàm"), ("a % 2", "modulo"),
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
    began = time.perf_counter()
    with pytest.raises(FeelError):
        feel.to_json(
            feel.compile_expression(text).evaluate(
                {"l": list(range(300)), "s": "x" * 999, "t": "ab" * 99}
            )
        )
    assert time.perf_counter() - began < 5  # a bound, not a measure


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1999 + "1" + ")" * 1999, "[" * 3999, "a" + ".b" * 1999, "a" + "[1]" * 1300,
        "not(" * 999, "-" * 3999 + "1", "{a:" * 999, "if a then " * 300, "1" + "-1" * 1999,
        '"' + "\\" * 3998, "/*" * 1999, "x in (" * 600, "for a in a return " * 200,
        "9" * 3999, "." * 3999, "a and " * 600 + "a", "\ud800", "\U0001f600", "a\u0301" * 999,
        "working days(" * 300, "?" * 3999, "@" * 3999, "matches(a, \"" + "(" * 3000 + "\")",
    ],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_hostile_texts_get_an_answer_or_a_sentence_at_once(text: str) -> None:
    began = time.perf_counter()
    for compile_ in (feel.compile_expression, feel.compile_unary_tests, feel.compile_script):
        with contextlib.suppress(FeelError):
            compile_(text).evaluate({"a": 1, "?": 1}, now=NOW)
    assert time.perf_counter() - began < 5  # a bound, not a measure


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


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='ab1."()[]{}<>=!+-*/,:?@ \n\\ifthenelsenot', max_size=60))
def test_any_text_is_an_answer_or_a_sentence(text: str) -> None:
    for compile_ in (feel.compile_expression, feel.compile_unary_tests):
        with contextlib.suppress(FeelError):
            feel.to_json(compile_(text).evaluate({"a": 1, "b": [1], "?": 1}, now=NOW))


WORDS = [
    "a", "b", "[1]", "{", "}", "(", ")", ",", ".", "..", "+", "-", "*", "/", "**", "=", "!=", "<",
    ">=", "and", "or", "not(", "if", "then", "else", "for", "x", "in", "return", "some", "every",
    "satisfies", "between", "null", "true", "1", "2.5", '"s"', '@"P1D"', "?", ":", "count(",
    "list contains(", "sum(", "now()",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=25))
def test_any_row_of_words_is_an_answer_or_a_sentence(words: list[str]) -> None:
    with contextlib.suppress(FeelError):
        run = feel.compile_expression(" ".join(words))
        feel.to_json(run.evaluate({"a": 1, "b": [1, {"a": "s"}]}, now=NOW))
