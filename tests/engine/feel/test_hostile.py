"""Texts and data made to escape, to hang or to break: each gets an answer or a sentence.

They run in a process of their own whose processor time and memory the system bounds, so that a
text that hangs or grows fails the test instead of stopping it.
"""

from __future__ import annotations

import contextlib
import json
import resource
import subprocess
import sys
from datetime import UTC, datetime
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine import feel
from engine.errors import FeelError
from engine.feel import types as t
from engine.feel.analysis import clashes, covers, overlap
from engine.feel.functions import TABLE
from tests.engine.feel.drawing_lots import Lots

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
BIG: dict[str, Any] = {
    "l": list(range(300)), "s": "x" * 999, "t": "ab" * 500, "n": 7, "a": 1, "?": 1,
    "deep": {"a": [{"a": [{"a": 1}]}]}, "z": None, "b": True, "w": "\u0000\ud800",
    "rows": [{"k": k, "v": str(k)} for k in range(300)],
}  # fmt: skip
SECONDS, BYTES = 120, 2 * 1024**3

REPEATED = [
    "(",
    "[",
    "{",
    "{a:",
    "[[",
    "-",
    "--",
    "not(",
    "not not ",
    "if ",
    "if a then ",
    "if a then b else ",
    "for a in ",
    "for a in l return ",
    "some a in l satisfies ",
    "every ",
    "a.",
    "a[",
    "a[1]",
    ".b",
    "a and ",
    "a or ",
    "a + ",
    "a ** ",
    "2 ** ",
    "a = ",
    "a < ",
    "a in ",
    "a in (",
    "a between 1 and ",
    "1..",
    "[1..",
    "]1..",
    "..",
    ".",
    ",",
    ":",
    "?",
    "@",
    '@"',
    '"',
    '\\"',
    '"\\',
    "\\",
    "/*",
    "//",
    "/* */",
    "\n",
    "\t",
    " ",
    "\r\n",
    "1",
    "0.",
    "9",
    "1e9",
    "_",
    "__",
    "é",
    "a\u0301",
    "\u200b",
    "\u202e",
    "\ud800",
    "\x00",
    "\x1b",
    "\U0001f600",
    "ﷺ",
    "count(",
    "count(l)",
    "sum(",
    "date(",
    "sort(",
    "sort(l, function(x, y) ",
    "function(x, y) ",
    "matches(a, ",
    'matches(s, "',
    "working days(",
    "substring(string: ",
    "string: ",
    "instance of ",
    "a instance of ",
    "list<",
    "null ",
    "true ",
    "then ",
    "else ",
    "return ",
    "satisfies ",
    "}",
    "]",
    ")",
    "=",
    "!=",
    "==",
    "${",
    "#{",
    "{{",
    "&&",
    "||",
    "??",
    "=>",
    "->",
    "import os ",
    "lambda x: ",
    "; ",
    "a b ",
    "date and time(",
    "is defined(",
]

GROWING = [
    "10 ** 10 ** 10",
    "9 ** 9 ** 9 ** 9",
    "2 ** 999999999",
    "(10 ** 33) ** 200",
    "exp(99999999)",
    "1e999999",
    "10 ** 6000 * 10 ** 6000",
    "-(10 ** 400)",
    "10 ** -6100 / 10 ** 6100",
    "0 ** -1",
    "1 / 3 / 10 ** 6000",
    "round up(1 / 3, 999999999)",
    "decimal(10 ** 30, -40)",
    "sqrt(10 ** 6000)",
    "log(0)",
    "log(-1)",
    "sqrt(-1)",
    "modulo(10 ** 6000, 3)",
    "modulo(1, 10 ** -6000)",
    "for i in 1..999999999999 return i",
    "for i in -999999..999999 return i",
    "[1..999999999][1]",
    "for i in 1..10 ** 30 return i",
    "for i in [1..99999999] return 1",
    "count(for a in l, b in l, c in l return 1)",
    "for a in 1..1000 return for b in 1..1000 return a * b",
    "some a in 1..9999999 satisfies a < 0",
    "every a in l, b in l, c in l satisfies true",
    "sum(for a in l return sum(for b in l return a))",
    "count(distinct values(for a in l, b in l return [a, b]))",
    "l[l[l[l[item > 0] = l] = l] = l]",
    "sort(for a in l, b in l return a * b,"
    " function(x, y) count(sort(l, function(i, j) i < j)) > x)",
    "sort(l, function(x, y) sort(l, function(i, j) sort(l, function(p, q) p < q) = i) = x)",
    "sort(l, function(x, y) true)",
    "sort(l, function(x, y) null)",
    "list replace(l, function(x, y) l = l, l)",
    "{a: s, b: a+a+a, c: b+b+b, d: c+c+c, e: d+d+d, f: e+e+e, g: f+f+f}.g",
    "{a: l, b: concatenate(a,a,a,a), c: concatenate(b,b,b,b), d: concatenate(c,c,c,c),"
    " e: concatenate(d,d,d,d), f: concatenate(e,e,e,e)}.f",
    "{a: l, b: [a,a,a,a], c: [b,b,b,b], d: [c,c,c,c], e: [d,d,d,d], f: [e,e,e,e] = [e,e,e,e]}.f",
    "{a: l, b: [a,a,a], c: [b,b,b], d: [c,c,c], e: [d,d,d], f: flatten([e,e,e])}.f",
    "{a: l, b: [a,a,a], c: [b,b,b], d: [c,c,c], e: [d,d,d], f: string([e,e,e])}.f",
    "{a: l, b: [a,a,a], c: [b,b,b], d: [c,c,c], e: [d,d,d], f: distinct values([e,e,e])}.f",
    "{a: l, b: [a,a,a], c: [b,b,b], d: [c,c,c], e: [d,d,d], f: list contains([e,e], [e,e])}.f",
    "{a: {x: l, y: l}, b: {x: a, y: a}, c: {x: b, y: b}, d: {x: c, y: c},"
    " e: {x: d, y: d}, f: e = e}.f",
    "{a: [], b: append(a, a), c: append(b, b), d: append(c, c), e: append(d, d)}",
    'replace(s, "x", s)',
    'replace(replace(s, "x", "$0$0$0$0$0$0$0$0$0"), "x", s)',
    'split(s, "x")',
    'replace(s, "", "a")',
    'replace(s, "x*", "a")',
    'replace(s, "(x*)y|x", "a")',
    'split(s, "x*y|x")',
    'matches(s, "(x+x+)+y")',
    'matches(s, "(x|x)*y")',
    'matches(s, "(x|xx)+y")',
    'matches(s, "(.*)(.*)(.*)(.*)y")',
    'matches(s, "x{100}x{100}x{100}x{100}x{100}x{100}")',
    'matches(s, "((((((((((((x))))))))))))")',
    'matches(s, "[a-z-Z-a]")',
    'matches(s, "(?<n>x)")',
    'matches(s, "(?=x)")',
    'matches(s, "\\\\1")',
    'matches(s, "x", "iiiiiiiiii")',
    'matches(s, "x", "m")',
    "matches(s, s)",
    "replace(s, s, s)",
    'for a in l return for b in l return matches(t, "(a|b)*(a|c)*(b|c)*d")',
    'replace(t, "(a)(b)", "$9$8$2$1")',
    "string join(for a in l, b in l return s, s)",
    "string join([s, s, s], s)",
    "upper case(string join(l, s))",
    "string(rows)",
    "context merge(for r in rows return {k: rows})",
    'context put(deep, ["a", "b", "c"], deep)',
    "context(for i in 1..300 return {key: string(i), value: rows})",
    "get entries(deep)",
    "union(rows, rows, rows)",
    "index of(rows, rows)",
    'rows[k > 1][k > 2][k > 3][v = "5"][1].k',
    'date("9999-12-31") + duration("P1D")',
    'date("0001-01-01") - duration("P1D")',
    'date("0000-01-01")',
    'date("9999-12-31") + duration("P99999Y")',
    'duration("P9999999D") * 10 ** 30',
    'duration("P1Y") * 10 ** 30',
    'duration("P999999Y") + duration("P999999Y")',
    'duration("P1D") / duration("PT0S")',
    'duration("P1Y") / 0',
    '@"2026-01-01T00:00:00@../../etc/passwd"',
    '@"2026-01-01T00:00:00@America"',
    '@"2026-01-01T00:00:00+99:00"',
    'date and time("2026-01-01T00:00:00@Etc/Unknown")',
    "date(10 ** 30, 1, 1)",
    "date(2026, 13, 1)",
    "time(25, 0, 0)",
    'time(1, 1, 1, duration("P5D"))',
    "date(null)",
    'number("١٢")',
    'number("1_000")',
    'number("NaN")',
    'number("Infinity")',
    'number("1e5")',
    "insert before(l, 10 ** 30, 1)",
    "sublist(l, -(10 ** 30))",
    "substring(s, 10 ** 30)",
    "l[10 ** 30]",
    "l[1.5]",
    "remove(l, 0)",
    "rows[item]",
    "rows[rows]",
    "l[l]",
    "min(rows)",
    'max([1, "a"])',
    "stddev([10 ** 6000, -(10 ** 6000)])",
    "product(for i in l return 10 ** 99)",
    "mean([])",
    "before([1..2], rows)",
    'overlaps([1..5], ["a".."b"])',
    "[1..5]",
    "[[1..5]]",
    "{a: (1..2)}",
    "string([1..5])",
    "w",
    "w + w",
    "upper case(w)",
    "{w: w}",
    '"\\u0000"',
    '"\\ud800"',
    '"\\U110000"',
    "__class__",
    "a.__class__",
    "().__class__.__mro__",
    "a.__init__.__globals__",
    'get value(deep, "__class__")',
    "a.mro",
    "deep.items",
    "deep.keys()",
    "s.format",
    "s.format(a)",
    "l.append(1)",
    "l.sort",
    "n.real",
    "n.is_nan",
    'exec("import os")',
    "eval(s)",
    'open("/etc/passwd")',
    "globals()",
    "lambda: 1",
    "print(1)",
    "now().tzinfo",
    "today().today()",
    "date.today()",
    "date.max",
    "self",
    "scope",
    "scope.functions",
    "sort(l, now)",
    "sort(l, count)",
    "{__proto__: 1}",
    "{constructor: 1}.constructor",
    'context([{key: "__class__", value: 1}])',
    "working days(10 ** 30)",
    "working days(-1)",
    'working days("a")',
    "now()",
    'today() + duration("P1D")',
]

HOSTILE = [
    *GROWING,
    *(piece * (3_900 // len(piece)) for piece in REPEATED),
    *(piece * 30 + "1" for piece in REPEATED),
    *("1" + piece * 30 for piece in REPEATED[::3]),
    "(" * 39 + "1" + ")" * 39,
    "[" * 39 + "]" * 39,
    "a" * 4000,
    "a" * 4001,
    "a" * 10**6,
    "x" + " + x" * 199,
    "{" + ", ".join(f"k{n}: k{n - 1}" for n in range(1, 90)) + "}",
    "(" * 30 + "n < 1" + ") < 2" * 30,
    "(" * 30 + "n + 1" + ").year" * 30,
    "=".join("ab" * 300),
    "a" + "".join(f"[item > {n}]" for n in range(150)),
    "\n" * 3999 + "1",
    "1" + "//\n" * 1300,
]

CHILD = """
import json, sys
from tests.engine.feel.test_hostile import ask_all
json.dump(ask_all(json.load(sys.stdin)), sys.stdout)
"""


def ask(text: str) -> str:
    """ "answer" or "sentence"; anything else that is raised goes through."""
    seen = "answer"
    for compile_ in (feel.compile_expression, feel.compile_unary_tests, feel.compile_script):
        try:
            found: Any = compile_(text)
            value = found.evaluate(BIG, now=NOW, functions={})
            json.dumps(feel.to_json(value), allow_nan=False)
        except FeelError as error:
            error.message.encode()
            seen = "sentence" if error.reason else "no reason"
    with contextlib.suppress(FeelError):
        compiled = feel.compile_expression(text)
        types: dict[str, t.Type] = {"n": t.Number(), "s": t.Text(), "l": t.List(t.Number())}
        clashes(compiled, types)
        covers([compiled, compiled], types)
        overlap(compiled, compiled, types)
        feel.hidden(compiled, BIG)
    return seen


def ask_all(texts: list[str]) -> list[str]:
    """Each text's outcome; what should never be raised is its outcome too."""
    outcomes = []
    for text in texts:
        try:
            outcomes.append(ask(text))
        except BaseException as error:
            outcomes.append(f"{type(error).__name__}: {error}"[:200])
    return outcomes


def bound() -> None:
    """Let the system end this process when it takes too much."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))


def test_hostile_texts_get_an_answer_or_a_sentence() -> None:
    assert len(set(HOSTILE)) >= 350
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=json.dumps(HOSTILE),
        preexec_fn=bound,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    outcomes = json.loads(done.stdout)
    assert len(outcomes) == len(HOSTILE)
    wrong = [
        (text[:60], outcome)
        for text, outcome in zip(HOSTILE, outcomes, strict=True)
        if outcome not in ("answer", "sentence")
    ]
    assert not wrong
    assert outcomes.count("sentence") > 200


WORDS = [
    "a",
    "b",
    "l",
    "[1]",
    "{",
    "}",
    "(",
    ")",
    ",",
    ".",
    "..",
    "+",
    "-",
    "*",
    "/",
    "**",
    "=",
    "!=",
    "<",
    ">=",
    "and",
    "or",
    "not(",
    "if",
    "then",
    "else",
    "for",
    "x",
    "in",
    "return",
    "some",
    "every",
    "[",
    "satisfies",
    "between",
    "null",
    "true",
    "1",
    "2.5",
    '"s"',
    '@"P1D"',
    '@"2026-11-22"',
    "?",
    ":",
    "]",
    "function(x, y)",
    "instance of number",
    "string:",
    "start position:",
    *(f"{n}(" for n in TABLE),
]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=25))
def test_any_row_of_words_is_an_answer_or_a_sentence(words: list[str]) -> None:
    ask(" ".join(words))


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='ab1."()[]{}<>=!+-*/,:?@ \n\\ifthenelsenot', max_size=60))
def test_any_text_is_an_answer_or_a_sentence(text: str) -> None:
    ask(text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
def test_any_unicode_is_an_answer_or_a_sentence(text: str) -> None:
    ask(text)
    ask(f'"{text}" = string({text})')


def test_what_is_well_formed_and_then_damaged_is_an_answer_or_a_sentence() -> None:
    random = Random(11)
    lots = Lots(random)
    for _ in range(1500):
        text = lots.expression()
        at = random.randrange(len(text) + 1)
        ask(
            text[:at]
            + random.choice(["", random.choice(WORDS), text[at : at + 5]])
            + text[at + 1 :]
        )
