"""What is known of conditions before they run: covering, overlap, clashes of kinds."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from engine import feel
from engine.feel import types as t
from engine.feel.analysis import clashes, covers, overlap
from tests.engine.feel.drawing_lots import PATTERNS, WORDS, Lots, data

NUMBER, TEXT = t.Number(required=True), t.Text(required=True)
TWO = t.Text(("dat", "khong-dat"), required=True)
LIST = t.List(t.Text(), required=True)


def compiled(texts: tuple[str, ...]) -> list[feel.Compiled]:
    return [feel.compile_expression(text) for text in texts]


@pytest.mark.parametrize(
    ("texts", "types", "verdict", "witness"),
    [
        (("x < 2", "x >= 2"), {}, "no", "khi x không có giá trị"),
        (("x < 2", "x >= 2"), {"x": t.Number()}, "no", "khi x không có giá trị"),
        (("x < 2", "x >= 2"), {"x": NUMBER}, "yes", ""),
        (("x < 2", "x > 2"), {"x": NUMBER}, "no", "khi x là 2"),
        (("x < 2", "x >= 2", "x = null"), {"x": t.Number()}, "yes", ""),
        (("x < 2", "x >= 2", "x = null"), {}, "unknown", ""),
        (("x = 1", "x != 1"), {}, "yes", ""),
        (("not(x = 1)", "x = 1"), {}, "unknown", ""),  # x = 1 is null for a text
        (("not(x = 1)", "x = 1"), {"x": NUMBER}, "yes", ""),
        (("x in [1..3]", "x < 1", "x > 3"), {"x": NUMBER}, "yes", ""),
        (("x in (1..3]", "x < 1", "x > 3"), {"x": NUMBER}, "no", "khi x là 1"),
        (("x between 1 and 5", "x > 5 or x < 1"), {"x": NUMBER}, "yes", ""),
        (("x in (1, 2, > 2)", "x < 1"), {"x": NUMBER}, "no", "khi x là 1.5"),
        (('k = "dat"', 'k = "khong-dat"'), {"k": TWO}, "yes", ""),
        (('k = "dat"', 'k = "khong-dat"'), {"k": t.Text(TWO.values)}, "no", "không có giá trị"),
        (('k = "dat"', 'k = "khong-dat"'), {"k": TEXT}, "no", "khi k là \"\""),
        (('upper case(k) = "DAT"', 'k = "khong-dat"'), {"k": TWO}, "yes", ""),
        (('upper case(k) = "DAT"', 'k = "khong-dat"'), {"k": TEXT}, "unknown", ""),
        (("b", "not(b)"), {}, "no", "khi b không có giá trị"),
        (("b", "not(b)"), {"b": t.Boolean(required=True)}, "yes", ""),
        (("b = true", "b != true"), {}, "yes", ""),
        (("a < b", "a >= b"), {"a": NUMBER, "b": NUMBER}, "yes", ""),
        (("a < b", "a > b"), {"a": NUMBER, "b": NUMBER}, "no", "khi a là 0 và b là 0"),
        (("a < b", "b <= c", "c <= a"), dict.fromkeys("abc", NUMBER), "yes", ""),
        (("a < b", "b < c", "c < a"), dict.fromkeys("abc", NUMBER), "no", "khi a là 0"),
        (("n > 0 and m > 0", "n <= 0", "m <= 0"), {"n": NUMBER, "m": NUMBER}, "yes", ""),
        (('list contains(l, "x")', 'not(list contains(l, "x"))'), {"l": LIST}, "yes", ""),
        (('"x" in l', 'not("x" in l)'), {"l": LIST}, "yes", ""),
        (('list contains(l, "x")', 'list contains(l, "y")'), {"l": LIST}, "no", "khi l là []"),
        (('list contains(l, "x")', 'not(list contains(l, "x"))'), {}, "no", "l không có giá trị"),
        (("count(l) > 1", "count(l) <= 1"), {"l": LIST}, "yes", ""),
        (("count(l) > 1", "count(l) = 1"), {"l": LIST}, "no", "khi l là []"),
        (("o.k > 1", "o.k <= 1"), {"o": t.Context({"k": NUMBER}, required=True)}, "yes", ""),
        (("o.k > 1", "o.k <= 1"), {"o": t.Context({"k": NUMBER})}, "no", "khi o.k không có"),
        (("o.k > 1", "o.k <= 1"), {"o.k": NUMBER}, "yes", ""),
        (("if b then x > 1 else true", "x <= 1"), {"x": NUMBER}, "yes", ""),
        (('d < date("2026-01-01")', 'd >= date("2026-01-01")'), {"d": t.Date(required=True)}, "yes", ""),  # noqa: E501
        (('w > duration("P3D")', 'w < duration("P3D")'), {"w": t.Duration(required=True)}, "no", "khi w"),  # noqa: E501
        (("x > 1", "x <= f(1)"), {}, "unknown", ""),
        (("x = 1", "x != 1", "x <= f(1)"), {}, "yes", ""),
        (("today() > d",), {}, "unknown", ""),
        (("some i in l satisfies i > 1", "true"), {}, "yes", ""),
        (("true",), {}, "yes", ""),
        (("1 > 2",), {}, "no", "mọi trường hợp"),
        ((), {}, "no", "không có điều kiện"),
    ],
)  # fmt: skip
def test_covers(
    texts: tuple[str, ...], types: dict[str, t.Type], verdict: str, witness: str
) -> None:
    texts = tuple(text.replace("f(1)", "floor(y)") for text in texts)
    found = covers(compiled(texts), types)
    assert found.verdict == verdict
    assert witness in found.witness
    assert bool(found.witness) is (verdict == "no")


@pytest.mark.parametrize(
    ("a", "b", "types", "expected"),
    [
        ("x < 2", "x >= 2", {}, "disjoint"),
        ("x < 2", "x > 1", {}, "overlaps"),
        ("x = 1", "x = 2", {}, "disjoint"),
        ('k != "dat"', 'k != "khong-dat"', {"k": TWO}, "disjoint"),
        ('k != "dat"', 'k != "khong-dat"', {"k": t.Text()}, "overlaps"),
        ('list contains(l, "x")', 'list contains(l, "y")', {}, "overlaps"),
        ("b", "not(b)", {}, "disjoint"),
        ("b", "c", {}, "overlaps"),
        ("x > 1 and b", "x > 2 and not(b)", {}, "disjoint"),
        ("a < b", "b < a", {"a": NUMBER, "b": NUMBER}, "disjoint"),
        ("floor(x) = 1", "x > 3", {}, "unknown"),
        ("x > 1", "now() > y", {}, "unknown"),
    ],
)
def test_overlap(a: str, b: str, types: dict[str, t.Type], expected: str) -> None:
    first, second = compiled((a, b))
    assert overlap(first, second, types) == overlap(second, first, types) == expected


def test_too_many_names_are_given_up_at_once() -> None:
    many = tuple(f"a{n} > {n}" for n in range(30))
    assert covers(compiled(many)).verdict == "unknown"


TYPES: dict[str, t.Type] = {
    "n": t.Number(), "m": t.Number(), "p": t.Number(required=True),
    "s": t.Text(), "t": t.Text(required=True), "b": t.Boolean(), "c": t.Boolean(required=True),
    "l": t.List(t.Number(), required=True), "ls": t.List(t.Text(), required=True),
    "q": t.List(t.Number(), required=True),
    "o": t.Context({"k": t.Number(), "v": t.Text()}, required=True),
    "lo": t.List(t.Context({"k": t.Number(), "v": t.Text()}), required=True),
    "d": t.Text(required=True), "g": t.Text(required=True),
}  # fmt: skip


def conditions(random: Random) -> list[str]:
    """Conditions that can be known, now and then one that can not."""
    simple = [
        lambda: f"{random.choice(('n', 'm', 'p'))} {sign()} {random.choice('0123')}",
        lambda: f"p {sign()} n",
        lambda: f'{random.choice(("s", "t"))} {sign()} "{random.choice(WORDS)}"',
        lambda: random.choice(("b", "c", "not(b)", "b = null", "c = true", "z = null")),
        lambda: f"n in {random.choice('[(')}1..{random.choice('35')}{random.choice('])')}",
        lambda: f'list contains(ls, "{random.choice(WORDS)}")',
        lambda: f"count(l) {sign()} {random.choice('012')}",
        lambda: f"o.k {sign()} 2",
        lambda: f's in ("{random.choice(WORDS)}", null)',
        lambda: f'matches(t, "{random.choice(PATTERNS)}")',
    ]

    def sign() -> str:
        return random.choice(("=", "!=", "<", "<=", ">", ">="))

    def one() -> str:
        first = random.choice(simple)()
        if random.random() < 0.5:
            return first
        second = random.choice(simple)()
        joined = f"({first}) {random.choice(('and', 'or'))} ({second})"
        return joined if random.random() < 0.8 else f"not({joined})"

    found = [one() for _ in range(random.choice((1, 2, 2, 3)))]
    return [*found, f"not({found[0]})"] if random.random() < 0.4 else found


def test_what_is_said_holds_for_random_data() -> None:
    random = Random(2026)
    said = {"yes": 0, "no": 0, "unknown": 0, "disjoint": 0}
    for _ in range(600):
        texts = conditions(random)
        asked = compiled(tuple(texts))
        found = covers(asked, TYPES)
        apart = len(asked) > 1 and overlap(asked[0], asked[1], TYPES) == "disjoint"
        said[found.verdict] += 1
        said["disjoint"] += apart
        for _ in range(25):
            values = data(random)
            true = [one.evaluate(values) is True for one in asked]
            assert found.verdict != "yes" or any(true), (texts, values)
            assert not apart or not (true[0] and true[1]), (texts, values)
    assert min(said.values()) > 20, said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('n = "3"', "So sánh số («n») với chữ («\"3\"»)"), ("n = 3 and s", "«s» là chữ"),
        ("s + 1", "Không tính được chữ + số"), ('b = "true"', "không có dấu nháy"),
        ('s > date("2026-01-01")', "date(…)"), ('date("2026-01-01") > now()', "Lấy ngày"),
        ("b > 1", "không so sánh lớn nhỏ"), ("if n then 1 else 2", "chỗ của điều kiện (if)"),
        ("not(n)", "not"), ('o.k = "a"', "«o.k»"), ("n.foo = 1", "«.foo»"),
        ("upper case(n)", "Hàm «upper case» cần chữ"), ("-s", "đổi dấu"),
        ('some r in lo satisfies r.k = "a"', "«r.k»"), ("s in [1..5]", "với số"),
        ('n between "a" and "b"', "với chữ"), ('for i in 1..3 return i + "a"', "số + chữ"),
        ('k = "datt"', "Có phải «dat»?"), ('"c" in e', "«e» không có giá trị «c»"),
        ('list contains(e, "c")', "Các giá trị: «a», «b»."), ('count(lo) > "1"', "«count(…)»"),
    ],
)  # fmt: skip
def test_clashes_are_told(text: str, says: str) -> None:
    types = {**TYPES, "k": TWO, "e": t.List(t.Text(("a", "b")))}
    assert says in " ".join(clashes(feel.compile_expression(text), types))


def test_a_condition_that_is_no_question_is_told() -> None:
    for text in ("s", "n + 1", '"a"', "count(l)", "if b then s else n"):
        found = clashes(feel.compile_expression(text), TYPES, condition=True)
        assert "không bao giờ đúng" in " ".join(found), text
        assert clashes(feel.compile_expression(text), TYPES) == []
    for text in ("b", "not(b)", "n > 1", "is defined(s)", "unknown", "if b then c else null"):
        assert clashes(feel.compile_expression(text), TYPES, condition=True) == [], text


@pytest.mark.parametrize(
    "text",
    ["n = null", "[n] = n", "l = 1", "sum(n)", "x.y > 1", 'n[1] = "a"', "n = z", 'lo[k > "a"]'],
)
def test_what_may_be_meant_is_no_clash(text: str) -> None:
    assert clashes(feel.compile_expression(text), TYPES) == []


def test_no_false_alarm_on_random_well_typed_expressions() -> None:
    lots = Lots(Random(7))
    for _ in range(1500):
        text = lots.expression()
        assert clashes(feel.compile_expression(text), TYPES) == [], text


def test_types_are_found_by_path() -> None:
    person = t.Context({"ten": t.Text(required=True)}, required=True)
    types: dict[str, t.Type] = {"a": person, "b": t.Context(person.fields), "c.d": NUMBER}
    found: dict[tuple[str, ...], Any] = {
        ("a", "ten"): t.Text(required=True), ("b", "ten"): t.Text(), ("c", "d"): NUMBER,
        ("c",): t.Any(), ("a", "tuoi"): t.Any(),
    }  # fmt: skip
    assert {path: t.at(types, path) for path in found} == found
