"""Random typed FEEL: expressions, decision cells and the data they are asked about. Seeded."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

WORDS = ("", "a", "bhxh", "Đỗ Văn", "khan-cap", "abc", "b")
PATTERNS = ("a", "[a-c]+", "b|h", "^a", "c$", "(b)(c)", "h.", "\\\\d", "[^a]", "x{2}", "a?b")
DATES = ("2026-01-31", "2024-02-29", "2026-11-22", "2025-12-01")


def data(random: Random) -> dict[str, Any]:
    """Values for the names that expressions use; some of them null or missing."""
    some = random.choice

    def number() -> Any:
        return some((0, 1, 2, 3, 5, -1, -2.5, 0.5, 10, 66, 1200, None))

    def row() -> dict[str, Any]:
        return {"k": some((1, 2, 3)), "v": some(WORDS)}

    return {
        "n": number(), "m": number(), "p": some((1, 2, 3, 4)),
        "s": some((*WORDS, None)), "t": some(WORDS),
        "b": some((True, False, None)), "c": some((True, False)), "z": None,
        "l": [some((1, 2, 3, 5, -1, 0.5)) for _ in range(some((0, 1, 2, 3, 4)))],
        "q": [number() for _ in range(some((1, 2, 3)))],
        "ls": [some(WORDS) for _ in range(some((0, 1, 2, 3)))],
        "o": {"k": number(), "v": some(WORDS)},
        "lo": [row() for _ in range(some((0, 1, 2, 3)))],
        "d": some(DATES), "g": some(DATES),
    }  # fmt: skip


class Lots:
    """Draws an expression of a wanted type; ``deep`` is how far it may still nest."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def expression(self) -> str:
        """An expression of any type."""
        kinds = (
            self.truth, self.truth, self.number, self.text, self.numbers, self.texts, self.context
        )  # fmt: skip
        return self._some(*kinds)(self.random.choice((1, 2, 2, 3, 3, 4)))

    def cell(self) -> tuple[str, Any]:
        """A decision cell, and a value to ask it about."""
        draw = self.random
        about = draw.choice(("number", "text", "truth"))
        if about == "truth":
            return draw.choice(("true", "false", "-", "not(true)")), draw.choice((True, False))
        value = (
            draw.choice((0, 1, 2, 3, 5, 66, -1, 0.5, None))
            if about == "number"
            else draw.choice((*WORDS, None))
        )
        tests = [self._test(about, value) for _ in range(draw.choice((1, 1, 2, 3)))]
        text = ", ".join(tests)
        return (f"not({text})" if draw.random() < 0.2 else text), value

    def _test(self, about: str, value: Any) -> str:
        draw = self.random
        if about == "text":
            ways = [lambda: self._word(), lambda: f"{self._sign()} {self._word()}"]
            if value is not None:
                ways.append(lambda: f"starts with(?, {self._word()})")
            return draw.choice(ways)()
        low, high = sorted((draw.choice((0, 1, 2, 5)), draw.choice((1, 3, 66))))
        ways = [
            lambda: str(low),
            lambda: f"{self._sign()} {high}",
            lambda: f"{draw.choice('[(]')}{low}..{high}{draw.choice('])')}",
            lambda: "null",
        ]
        if value is not None:
            ways.append(lambda: f"? {self._order()} {low}")
        return draw.choice(ways)()

    # -- what expressions are made of ---------------------------------------------------

    def _some(self, *ways: Callable[..., str]) -> Callable[..., str]:
        return self.random.choice(ways)

    def _draw(self, deep: int, leaves: list[str], ways: list[Callable[[int], str]]) -> str:
        if deep <= 0 or self.random.random() < 0.12:
            return self.random.choice(leaves)
        return self.random.choice(ways)(deep - 1)

    def _sign(self) -> str:
        return self.random.choice(("=", "!=", "<", "<=", ">", ">="))

    def _order(self) -> str:
        return self.random.choice(("<", "<=", ">", ">="))

    def _word(self) -> str:
        return f'"{self.random.choice(WORDS)}"'

    def number(self, deep: int) -> str:
        """An expression that gives a number (or null)."""
        n, t, ls = self.number, self.text, self.numbers
        fresh = self.random.choice(("0", "1", "2", "3", "7", "0.5", "2.5", "12", "100"))
        ways: list[Callable[[int], str]] = [
            lambda x: f"({n(x)} {self.random.choice('+-*')} {n(x)})",
            lambda x: f"({n(x)} {self.random.choice('+-*')} {n(x)})",
            lambda x: f"({n(x)} / {self.random.choice('248')})",
            lambda x: f"-{n(0)}",
            lambda x: f"(if {self.truth(x)} then {n(x)} else {n(x)})",
            lambda x: f"{self.random.choice(('sum', 'count', 'min', 'max'))}({ls(x)})",
            lambda x: f"{self.random.choice(('mean', 'product'))}({ls(x)})",
            lambda x: f"median([{n(x)}, {n(x)}])",
            lambda x: f"{self.random.choice(('max', 'min', 'sum'))}({n(x)}, {n(x)})",
            lambda x: f"{self.random.choice(('floor', 'ceiling', 'abs'))}({n(x)})",
            lambda x: f"modulo({n(0)}, {self.random.choice('234')})",
            lambda x: f"decimal({self.random.choice(('n', 'm', 'p', '2.5', '-1.25'))}, 1)",
            lambda x: f"round {self._rounding()}({self.random.choice(('p', '1.26', '-3.5'))}, 0)",
            lambda x: f"string length({t(x)})",
            lambda x: f"{ls(x)}[{self.random.choice(('1', '2', '-1', 'p'))}]",
            lambda x: f"{self.context(x)}.k",
            lambda x: f"count({self.texts(x)})",
            lambda x: f"lo[v = {t(x)}][1].k",
            lambda x: f"{self.date(x)}.{self.random.choice(('year', 'month', 'day'))}",
            lambda x: f"{self.random.choice(('day', 'week'))} of year({self.date(x)})",
            lambda x: f"{self.span(x)}.{self.random.choice(('years', 'months'))}",
            lambda x: f"sqrt({self.random.choice(('4', '2', 'p', '0'))})",
            lambda x: f"exp({self.random.choice(('0', '1', 'p'))})",
            lambda x: f"log({self.random.choice(('1', '2', 'p'))})",
            lambda x: f"stddev({ls(x)})",
            lambda x: f"count(mode({ls(x)}))",
            lambda x: f"({self.random.choice(('2', '3', 'p'))} ** {self.random.choice('0123')})",
        ]
        return self._draw(deep, ["n", "m", "p", "p", fresh, fresh, "o.k", "z"], ways)

    def _rounding(self) -> str:
        return self.random.choice(("up", "down", "half up", "half down"))

    def text(self, deep: int) -> str:
        """An expression that gives a string (or null)."""
        t, n = self.text, self.number
        ways: list[Callable[[int], str]] = [
            lambda x: f"({t(x)} + {t(x)})",
            lambda x: f"{self.random.choice(('upper', 'lower'))} case({t(x)})",
            lambda x: f"substring({t(x)}, {self.random.choice(('1', '2', '-1'))})",
            lambda x: f"substring({t(x)}, 1, {self.random.choice(('1', '2', 'p'))})",
            lambda x: (
                f"substring {self.random.choice(('before', 'after'))}({t(x)}, {self._sure()})"
            ),
            lambda x: f"string(count({self.numbers(x)}))",
            lambda x: f"string({t(x)})",
            lambda x: f"(if {self.truth(x)} then {t(x)} else {t(x)})",
            lambda x: f"string join({self.texts(x)}, {self._word()})",
            lambda x: f"string join({self.texts(x)})",
            lambda x: f"{self.context(x)}.v",
            lambda x: f"lo[k = {n(x)}][1].v",
            lambda x: f'replace({t(x)}, "{self.random.choice(PATTERNS[:-1])}", {self._sure()})',
            lambda x: f'replace({t(x)}, "(b)(.)", "$2$1")',
            lambda x: f"{self.texts(x)}[1]",
            lambda x: f"day of week({self.date(x)})",
            lambda x: f"month of year({self.date(x)})",
            lambda x: f"string({self.date(x)})",
            lambda x: f"string({self.duration(x)})",
            lambda x: f'get value(o, "{self.random.choice("vx")}")',
        ]
        return self._draw(deep, ["s", "t", self._word(), self._word(), "o.v", "lo[1].v"], ways)

    def _sure(self) -> str:
        return f'"{self.random.choice(WORDS[1:])}"'

    def truth(self, deep: int) -> str:
        """An expression that gives true, false or null."""
        b, n, t = self.truth, self.number, self.text
        ways: list[Callable[[int], str]] = [
            lambda x: f"{n(x)} {self._sign()} {n(x)}",
            lambda x: f"{n(x)} {self._sign()} {n(x)}",
            lambda x: f"{t(x)} {self._sign()} {t(x)}",
            lambda x: f"({b(x)} and {b(x)})",
            lambda x: f"({b(x)} or {b(x)})",
            lambda x: f"not({b(x)})",
            lambda x: f"{self.random.choice(('n', 'm', 's', 'b', 'z', 'o.k'))} = null",
            lambda x: f"{n(x)} between 1 and {self.random.choice(('3', '10'))}",
            lambda x: f"({n(x)} in {self.random.choice(('[1..3]', '(0..5]', '[2..9)'))})",
            lambda x: f"({n(x)} in (< 2, {n(0)}, [3..5]))",
            lambda x: f"({t(x)} in ({self._word()}, {self._word()}))",
            lambda x: f"{self._each()} i in {self.numbers(x)} satisfies i {self._order()} {n(x)}",
            lambda x: f"{self._each()} i in {self.texts(x)} satisfies i = {t(x)}",
            lambda x: f"{self._each()} i in l, j in {self.numbers(x)} satisfies i > j",
            lambda x: f"list contains({self.texts(x)}, {t(x)})",
            lambda x: f"list contains({self.numbers(x)}, {n(x)})",
            lambda x: f"{self.random.choice(('contains', 'starts with'))}({t(x)}, {t(x)})",
            lambda x: f"ends with({t(x)}, {t(x)})",
            lambda x: f'matches({t(x)}, "{self.random.choice(PATTERNS)}")',
            lambda x: f'matches(input: {t(x)}, pattern: "B", flags: "i")',
            lambda x: f"{self.random.choice(('odd', 'even'))}({self.random.choice(('p', '4'))})",
            lambda x: f"{self.date(x)} {self._order()} {self.date(x)}",
            lambda x: f"{self.date(x)} = {self.date(x)}",
            lambda x: (
                f"{self.random.choice(('before', 'after'))}({self._point()}, {self._range()})"
            ),
            lambda x: (
                f"{self.random.choice(('before', 'after'))}({self._range()}, {self._range()})"
            ),
            lambda x: (
                f"{self.random.choice(('meets', 'met by'))}({self._range()}, {self._range()})"
            ),
            lambda x: f"overlaps({self._range()}, {self._range()})",
            lambda x: f"includes({self._range()}, {self._point()})",
            lambda x: f"{self.random.choice(('all', 'any'))}([{b(x)}, {b(x)}])",
            lambda x: f"[{n(x)}, 1] = [{n(x)}, {n(0)}]",
            lambda x: f"is({n(0)}, {n(0)})",
            lambda x: f"(if {b(x)} then {b(x)} else {b(x)})",
            lambda x: f"{self.span(x)} {self._order()} {self.span(x)}",
            lambda x: f"{self.duration(x)} {self._order()} {self.duration(x)}",
        ]
        return self._draw(deep, ["b", "c", "true", "false", "n > 1", "(n > 1 or z)"], ways)

    def _each(self) -> str:
        return self.random.choice(("some", "every"))

    def _point(self) -> str:
        return self.random.choice(("0", "1", "3", "5", "p"))

    def _range(self) -> str:
        draw = self.random
        return f"{draw.choice('[(')}{draw.choice('12')}..{draw.choice('345')}{draw.choice('])')}"

    def numbers(self, deep: int) -> str:
        """An expression that gives a list of numbers (or null)."""
        n, ls = self.number, self.numbers
        ways: list[Callable[[int], str]] = [
            lambda x: f"[{n(x)}, {n(x)}]",
            lambda x: f"[{n(x)}, {n(x)}, {n(x)}]",
            lambda x: f"(for i in {ls(x)} return i {self.random.choice('+-*')} {n(x)})",
            lambda x: f"(for i in 1..{self.random.choice('1234')} return {n(x)})",
            lambda x: f"(for i in {ls(x)}, j in 1..2 return i * j)",
            lambda x: f"{ls(x)}[item {self._order()} {n(x)}]",
            lambda x: f"append({ls(x)}, {n(x)})",
            lambda x: f"concatenate({ls(x)}, {ls(x)})",
            lambda x: f"reverse({ls(x)})",
            lambda x: f"sublist({ls(x)}, {self.random.choice(('1', '2', '-1'))})",
            lambda x: f"sublist({ls(x)}, 1, {self.random.choice('12')})",
            lambda x: f"distinct values({ls(x)})",
            lambda x: f"flatten([{ls(x)}, {n(x)}])",
            lambda x: f"union({ls(x)}, {ls(x)})",
            lambda x: f"index of({ls(x)}, {n(x)})",
            lambda x: f"remove([{n(x)}, {n(x)}], 1)",
            lambda x: f"insert before([{n(x)}], 1, {n(x)})",
            lambda x: f"list replace([1, 2, {n(x)}], 2, {n(x)})",
            lambda x: f"sort([{self._three()}], function(x, y) x {self.random.choice('<>')} y)",
            lambda x: "lo.k",
            lambda x: f"lo[k {self._sign()} {n(x)}].k",
            lambda x: f"(if {self.truth(x)} then {ls(x)} else {ls(x)})",
        ]
        return self._draw(deep, ["l", "l", "q", "[1, 2]", "[]", "lo.k"], ways)

    def _three(self) -> str:
        return ", ".join(self.random.sample(("1", "2.5", "3", "-4", "10", "p + 20"), 4))

    def texts(self, deep: int) -> str:
        """An expression that gives a list of strings (or null)."""
        t, ls = self.text, self.texts
        ways: list[Callable[[int], str]] = [
            lambda x: f"[{t(x)}, {t(x)}]",
            lambda x: f'split({self._known()}, "{self.random.choice(("a", "[ -]", "b|h"))}")',
            lambda x: f"(for i in {ls(x)} return i + {t(x)})",
            lambda x: f"{ls(x)}[item {self._order()} {self._word()}]",
            lambda x: f"append({ls(x)}, {self._word()})",
            lambda x: f"concatenate({ls(x)}, {ls(x)})",
            lambda x: f"reverse({ls(x)})",
            lambda x: f"distinct values({ls(x)})",
            lambda x: f"lo[k > {self.number(x)}].v",
        ]
        return self._draw(deep, ["ls", "ls", '["a", "b"]', "lo.v"], ways)

    def _known(self) -> str:
        return self.random.choice(("t", "o.v"))

    def context(self, deep: int) -> str:
        """An expression that gives an object with ``k`` and ``v`` (or null)."""
        n, t, o = self.number, self.text, self.context
        ways: list[Callable[[int], str]] = [
            lambda x: f"{{k: {n(x)}, v: {t(x)}}}",
            lambda x: f"{{v: {t(x)}, k: count([v, 1])}}",
            lambda x: f'context put({o(x)}, "k", {n(x)})',
            lambda x: f"context merge([{o(x)}, {{k: {n(x)}}}])",
            lambda x: f'context([{{key: "k", value: {n(x)}}}, {{key: "v", value: {t(x)}}}])',
            lambda x: f"lo[{self.random.choice(('1', '2', '-1'))}]",
            lambda x: f"(if {self.truth(x)} then {o(x)} else {o(x)})",
        ]
        return self._draw(deep, ["o", "o", "lo[1]"], ways)

    def date(self, deep: int) -> str:
        """An expression that gives a date."""
        d = self.date
        ways: list[Callable[[int], str]] = [
            lambda x: f'({d(x)} + duration("P{self.random.choice(("1D", "2M", "1Y", "30D"))}"))',
            lambda x: f'({d(x)} - duration("P{self.random.choice(("1D", "1Y", "10D"))}"))',
            lambda x: f"date({d(x)})",
            lambda x: "date(2026, 3, 15)",
        ]
        return self._draw(deep, ["date(d)", "date(g)", '@"2026-02-28"'], ways)

    def duration(self, deep: int) -> str:
        """An expression that gives a duration in days and hours."""
        return f'duration("P{self.random.choice(("1D", "3D", "T5H", "1DT2H", "T30M"))}")'

    def span(self, deep: int) -> str:
        """An expression that gives a duration in years and months."""
        return f'duration("P{self.random.choice(("1Y", "1Y2M", "2Y", "3M"))}")'
