"""The values of a column cut into atoms, so that rules become boxes of bits. Exact, bounded.

Every cell that compares with constants only is constant on each atom: a constant itself, or a
stretch between two neighbours. One value stands for each atom, and the cell itself is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cmp_to_key
from typing import Any

from engine.dmn.types import KINDS, fits
from engine.feel import Compiled, Months
from engine.feel.values import LOCAL, MATH, Scope, compare, kind

Box = tuple[int, ...]
MAX_MEMBERS = 7
_DAY = timedelta(days=1)
_FIRST: dict[str, Any] = {
    "number": Decimal(0),
    "string": "khác",
    "date": date(2026, 1, 1),
    "date and time": datetime(2026, 1, 1, tzinfo=LOCAL),
    "time": time(12),
    "duration": timedelta(),
    "months": Months(0),
}


class TooMuch(Exception):
    """The table is too large to be looked at exhaustively."""


@dataclass
class Budget:
    """What may still be spent on one table; TooMuch when it is used up."""

    left: int

    def spend(self, cost: int = 1) -> None:
        self.left -= cost
        if self.left < 0:
            raise TooMuch


@dataclass(frozen=True)
class Axis:
    """One thing asked: representatives of its atoms; which of them are null or usual.

    Usual are the values of the kinds that the column is about: gaps are looked for there.
    """

    atoms: tuple[Any, ...]
    null: int
    usual: int

    @property
    def full(self) -> int:
        return (1 << len(self.atoms)) - 1

    def where(self, cell: Compiled, size: int, budget: Budget) -> int:
        """The atoms on which a cell holds."""
        budget.spend(len(self.atoms) * (1 + size // 4))
        found = 0
        for at, value in enumerate(self.atoms):
            if cell.evaluate({"?": value}) is True:
                found |= 1 << at
        return found


def axis(
    type_: str | None, points: Iterable[Any], members: Sequence[Any], allowed: Compiled | None
) -> Axis | None:
    """The atoms of a column of a type, cut at these points; None when lists are too many."""
    by_kind: dict[str, list[Any]] = {}
    for point in points:
        if point is not None:
            by_kind.setdefault(kind(point), []).append(point)
    kinds = KINDS.get(type_ or "") or (*_FIRST, "boolean", "list")
    members = _sorted(members)
    if len(members) > MAX_MEMBERS or "context" in by_kind or "list" in by_kind:
        return None
    if any(isinstance(p, time) and p.tzinfo is not None for p in by_kind.get("time", ())):
        return None
    atoms: list[Any] = [None]
    usual = 0
    spoken = {name for name in kinds if name in by_kind} | ({"list"} if members else set())
    for name in kinds:
        if name == "boolean":
            found: list[Any] = [False, True]
        elif name == "list":
            found = list(_lists(members))
        else:
            found = list(_stretch(name, by_kind.get(name, []), type_))
        for value in found:
            if fits(value, type_) and (allowed is None or allowed.evaluate({"?": value}) is True):
                if not spoken or name in spoken:
                    usual |= 1 << len(atoms)
                atoms.append(value)
    return Axis(tuple(atoms), 1, usual)


def uncovered(box: Box, rules: Sequence[Box], budget: Budget) -> Box | None:
    """A part of the box that no rule covers; None when they cover all of it."""
    stack = [(box, 0)]
    while stack:
        part, at = stack.pop()
        while at < len(rules):
            budget.spend()
            if all(a & b for a, b in zip(part, rules[at], strict=True)):
                break
            at += 1
        else:
            return part
        inner = list(part)
        for number, mask in enumerate(rules[at]):
            rest = inner[number] & ~mask
            if rest:
                stack.append(((*inner[:number], rest, *inner[number + 1 :]), at + 1))
            inner[number] &= mask
    return None


def common(left: Box, right: Box) -> Box | None:
    """The part that two boxes share."""
    made = tuple(a & b for a, b in zip(left, right, strict=True))
    return made if all(made) else None


def lowest(mask: int) -> int:
    """The number of the first atom in a mask."""
    return (mask & -mask).bit_length() - 1


def _lists(members: Sequence[Any]) -> Iterator[list[Any]]:
    for choice in range(1 << len(members)):
        chosen = [member for at, member in enumerate(members) if choice >> at & 1]
        yield chosen
        if len(chosen) == 1:
            yield [*chosen, "…"]  # a list of one equals its item, a longer one does not


def _stretch(name: str, points: list[Any], type_: str | None) -> Iterator[Any]:
    """A value for every constant and for every stretch before, between and after them."""
    if name == "date and time":
        points = [p if p.tzinfo is not None else p.replace(tzinfo=LOCAL) for p in points]
    points = _sorted(points)
    if not points:
        yield _FIRST[name]
        return
    low: Any = None
    for high in [*points, None]:
        for candidate in _CANDIDATES[name](low, high):
            above, below = (
                low is None or _less(low, candidate),
                high is None or _less(candidate, high),
            )
            if above and below and fits(candidate, type_):
                yield candidate
                break
        if high is not None:
            yield high
        low = high


def _sorted(values: Iterable[Any]) -> list[Any]:
    """Without repetition, kind by kind, each in its order."""
    found: list[Any] = []
    for value in sorted(values, key=cmp_to_key(_order)):
        if not found or _order(found[-1], value) != 0:
            found.append(value)
    return found


def _order(left: Any, right: Any) -> int:
    if kind(left) != kind(right):
        return -1 if kind(left) < kind(right) else 1
    return -1 if _less(left, right) else int(_less(right, left))


def _less(left: Any, right: Any) -> bool:
    return compare(Scope("", {}, None, None), "<", left, right) is True


def _numbers(low: Any, high: Any) -> Iterator[Any]:
    if low is None:
        yield MATH.subtract(high.to_integral_value(ROUND_CEILING), Decimal(1))
        return
    yield MATH.add(low.to_integral_value(ROUND_FLOOR), Decimal(1))
    if high is not None:
        yield MATH.divide(MATH.add(low, high), Decimal(2))


def _texts(low: Any, high: Any) -> Iterator[Any]:
    yield "khác"
    if low is None:
        yield ""
    else:
        yield from (low + "…", low + "a", low + "\0")


def _dates(low: Any, high: Any) -> Iterator[Any]:
    yield from _moved(low, high, _DAY)


def _moments(low: Any, high: Any) -> Iterator[Any]:
    yield from _moved(low, high, _DAY)
    if low is not None and high is not None:
        yield low + (high - low) / 2


def _times(low: Any, high: Any) -> Iterator[Any]:
    if low is None:
        yield time()
    elif high is None:
        yield time(23, 59, 59, 999_999)
    else:
        start, end = (datetime.combine(date(2026, 1, 1), t) for t in (low, high))
        yield (start + (end - start) / 2).time()


def _moved(low: Any, high: Any, step: timedelta) -> Iterator[Any]:
    try:
        yield high - step if low is None else low + step
    except OverflowError:
        return


def _months(low: Any, high: Any) -> Iterator[Any]:
    yield Months(high.months - 1 if low is None else low.months + 1)


_CANDIDATES: dict[str, Callable[[Any, Any], Iterator[Any]]] = {
    "number": _numbers,
    "string": _texts,
    "date": _dates,
    "date and time": _moments,
    "time": _times,
    "duration": _moments,
    "months": _months,
}
