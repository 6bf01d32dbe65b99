"""Random small decision tables, each cell beside what it means in plain Python."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from xml.sax.saxutils import escape

Test = Callable[[Any], bool]
DAY = date(2026, 1, 1)


def _date(number: int) -> str:
    return f'date("{DAY + timedelta(days=number)}")'


# type: (how a constant is written, constants, every value that can make a difference)
TYPES: dict[str, tuple[Callable[[Any], str], list[Any], list[Any]]] = {
    "integer": (str, [1, 2, 4, 5], [*range(-1, 8), None]),
    "string": (lambda s: f'"{s}"', ["b", "d", "f"], [*"abcdefg", "", None]),
    "boolean": (lambda b: str(b).lower(), [True, False], [True, False, None]),
    "date": (_date, [1, 3, 4], [*range(-1, 7), None]),
}


# type: (the values a column may be limited to, those of them that make a difference)
LIMITS: dict[str, tuple[str, list[Any]]] = {
    "integer": ("[1..5]", [1, 2, 3, 4, 5, None]),
    "string": ('"b", "d", "f"', ["b", "d", "f", None]),
}


@dataclass
class Cell:
    """A condition cell: its text and what it holds of."""

    text: str
    holds: Test


@dataclass
class Table:
    """A random table over typed columns; the answers are letters."""

    types: list[str]
    rules: list[tuple[list[Cell], str]] = field(default_factory=list)

    def points(self, *, limited: bool = False) -> Iterator[tuple[Any, ...]]:
        """Every combination of values that can make a difference."""
        return itertools.product(
            *(
                LIMITS[name][1] if limited and name in LIMITS else TYPES[name][2]
                for name in self.types
            )
        )

    def held(self, point: tuple[Any, ...]) -> list[int]:
        """The rules that hold, from 0."""
        return [
            at
            for at, (cells, _) in enumerate(self.rules)
            if all(cell.holds(value) for cell, value in zip(cells, point, strict=True))
        ]

    def data(self, point: tuple[Any, ...]) -> dict[str, Any]:
        """A point as the data of a process."""
        return {
            f"x{at}": (DAY + timedelta(days=value)).isoformat()
            if name == "date" and value is not None
            else value
            for at, (name, value) in enumerate(zip(self.types, point, strict=True))
        }

    def xml(self, policy: str, more: str = "", values: str = "", *, limited: bool = False) -> bytes:
        """The table as a file, decision ``bang``, rules ``r0``, ``r1``…"""
        inputs = "".join(
            f'<input id="i{at}"><inputExpression typeRef="{name}"><text>x{at}</text>'
            "</inputExpression>"
            + (
                f"<inputValues><text>{LIMITS[name][0]}</text></inputValues>"
                if limited and name in LIMITS
                else ""
            )
            + "</input>"
            for at, name in enumerate(self.types)
        )
        rules = "".join(
            f'<rule id="r{at}">'
            + "".join(f"<inputEntry><text>{escape(c.text)}</text></inputEntry>" for c in cells)
            + f'<outputEntry><text>"{answer}"</text></outputEntry></rule>'
            for at, (cells, answer) in enumerate(self.rules)
        )
        return (
            '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d">'
            f'<decision id="bang"><decisionTable hitPolicy="{policy}" {more}>{inputs}'
            f'<output id="o" name="ra" typeRef="string">{values}</output>{rules}'
            "</decisionTable></decision></definitions>"
        ).encode()


def random_table(dice: random.Random) -> Table:
    """Up to three columns and five rules, with every form of cell."""
    table = Table([dice.choice(list(TYPES)) for _ in range(dice.randint(1, 3))])
    for _ in range(dice.randint(1, 5)):
        cells = [random_cell(dice, name) for name in table.types]
        table.rules.append((cells, dice.choice("abc")))
    return table


def random_cell(dice: random.Random, type_: str) -> Cell:
    """A cell of one of the forms; booleans have no order."""
    write, constants, _ = TYPES[type_]
    low, high = sorted(dice.choices(constants, k=2))
    if dice.random() < 0.3:
        return Cell(dice.choice(["-", ""]), lambda value: True)
    simple = _ordered(dice, write, low, high) if type_ != "boolean" else _equal(dice, write, low)
    form = dice.random()
    if form < 0.15:
        return Cell(f"not({simple.text})", lambda value: not simple.holds(value))
    if form < 0.25:
        return Cell(f"{simple.text}, {write(high)}", lambda v: simple.holds(v) or _is(v, high))
    if form < 0.3:
        return Cell("null", lambda value: value is None)
    if form < 0.35:
        return Cell("? != null", lambda value: value is not None)
    return simple


def _is(value: Any, other: Any) -> bool:
    return value is not None and bool(value == other)


def _equal(dice: random.Random, write: Callable[[Any], str], one: Any) -> Cell:
    text = dice.choice(["{}", "? = {}"]).format(write(one))
    return Cell(text, lambda value: _is(value, one))


def _ordered(dice: random.Random, write: Callable[[Any], str], low: Any, high: Any) -> Cell:
    a, b = write(low), write(high)

    def cell(text: str, holds: Test) -> Cell:
        return Cell(text, lambda value: value is not None and holds(value))

    return dice.choice(
        [
            cell(a, lambda v: v == low),
            cell(f"{a}, {b}", lambda v: v in (low, high)),
            cell(f"[{a}, {b}]", lambda v: v in (low, high)),
            cell(f"< {a}", lambda v: v < low),
            cell(f"<= {a}", lambda v: v <= low),
            cell(f"> {a}", lambda v: v > low),
            cell(f">= {a}", lambda v: v >= low),
            cell(f"[{a}..{b}]", lambda v: low <= v <= high),
            cell(f"({a}..{b}]", lambda v: low < v <= high),
            cell(f"[{a}..{b})", lambda v: low <= v < high),
            cell(f"({a}..{b})", lambda v: low < v < high),
            cell(f"? between {a} and {b}", lambda v: low <= v <= high),
            cell(f"? > {a} and ? != {b}", lambda v: v > low and v != high),
            cell(f"? in (< {a}, {b})", lambda v: v < low or v == high),
        ]
    )
