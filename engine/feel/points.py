"""Values that stand for all values of a name: each constant asked about, each stretch between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cmp_to_key
from itertools import islice
from typing import Any

from engine.feel import types as t
from engine.feel.durations import Months
from engine.feel.reading import Asked, Unclear
from engine.feel.values import LOCAL, MATH, Scope, compare, kind

_DAY, _TICK = timedelta(days=1), timedelta(microseconds=1)
_SCOPE = Scope("", {}, None, None)
_MAX_MEMBERS = 4
_ODD: tuple[Any, ...] = (
    Decimal(7), "khác", True, date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=LOCAL), time(12),
    timedelta(1), Months(1), {"khac": Decimal(1)},
)  # fmt: skip


def points(type_: t.Type, asked: Asked, values: Sequence[Any], many: int) -> list[tuple[Any, bool]]:
    """Representatives of a name's values; False beside those of a kind nobody expects there.

    ``values`` are the constants that it or a name compared with it meets, ``many`` how many names
    share them: so many values are taken from each stretch, that they can stand in every order.
    """
    made: list[tuple[Any, bool]] = [] if type_.required else [(None, True)]
    if isinstance(type_, t.Boolean):
        return [*made, (True, True), (False, True)]
    if isinstance(type_, t.Text) and type_.values is not None:
        return [*made, *((value, True) for value in type_.values)]
    known = type_.kinds
    about = {kind(value) for value in values if value is not None}
    if asked.members or asked.counts:
        about.add("list")
    if asked.counts and "list" not in known and known:
        raise Unclear
    for name in sorted(known or about):
        if name == "list":
            made += ((value, True) for value in _lists(type_, asked))
        elif name == "boolean":
            made += [(True, True), (False, True)]
        elif name in _MOVE:
            constants = [value for value in values if kind(value) == name]
            made += ((value, True) for value in _stretches(name, constants, many))
        elif name == "context":
            made.append(({"khac": Decimal(1)}, True))
    if not known:
        odd = [value for value in _ODD if kind(value) not in about]
        if "list" not in about:
            odd += [[], *([value] for value, _ in made), [Decimal(1), Decimal(2)]]
        odd += asked.members
        made += ((value, False) for value in odd)
    return made


def _lists(type_: t.Type, asked: Asked) -> Iterator[list[Any]]:
    """Every choice of the members asked about, at every length asked about."""
    members: list[Any] = []
    for member in asked.members:
        if member not in members or kind(member) not in map(kind, members):
            members.append(member)
    if asked.values and any(value is not None for value in asked.values):
        raise Unclear
    if len(members) > _MAX_MEMBERS:
        raise Unclear
    of = type_.of if isinstance(type_, t.List) else t.Any()
    closed = of.values if isinstance(of, t.Text) else None
    fillers = ["…"] if closed is None else [v for v in closed if v not in members]
    longest = max([*asked.counts, 0]) + 1
    for choice in range(1 << len(members)):
        chosen = [member for at, member in enumerate(members) if choice >> at & 1]
        if closed is not None and any(m is not None and m not in closed for m in chosen):
            continue
        yield chosen
        filler = [*fillers, *chosen][:1]
        for more in range(1, longest - len(chosen) + 1 if filler else 0):
            yield chosen + filler * more
        if filler and longest <= len(chosen):
            yield chosen + filler


def _stretches(name: str, constants: list[Any], many: int) -> Iterator[Any]:
    """The constants in order, and ``many`` values before, between and after them."""
    if name == "date and time":
        constants = [c if c.tzinfo is not None else c.replace(tzinfo=LOCAL) for c in constants]
    if name == "time" and any(c.tzinfo is not None for c in constants):
        raise Unclear
    ordered: list[Any] = []
    for value in sorted(constants, key=cmp_to_key(_order)):
        if not ordered or _order(ordered[-1], value):
            ordered.append(value)
    low: Any = None
    for high in [*ordered, None]:
        yield from islice(_between(name, low, high), many)
        if high is not None:
            yield high
        low = high


def _between(name: str, low: Any, high: Any) -> Iterator[Any]:
    for value in _MOVE[name](low, high):
        if (low is None or _order(low, value) < 0) and (high is None or _order(value, high) < 0):
            yield value


def _order(left: Any, right: Any) -> int:
    if compare(_SCOPE, "<", left, right) is True:
        return -1
    return 1 if compare(_SCOPE, ">", left, right) is True else 0


def _numbers(low: Any, high: Any) -> Iterator[Any]:
    if low is None:
        start = Decimal(0) if high is None else MATH.subtract(high, Decimal(1)).to_integral_value()
        for step in range(32):
            yield MATH.subtract(start, Decimal(step))
        return
    for step in range(1, 33):
        if high is None:
            yield MATH.add(low, Decimal(step))
        else:
            share = MATH.divide(MATH.subtract(high, low), Decimal(2**step))
            yield MATH.add(low, share)


def _texts(low: Any, high: Any) -> Iterator[Any]:
    if low is None:
        yield from (["khác"] if high is None else [])
        yield from ("\0" * count for count in range(32))
    else:
        yield from (low + "\0" * count for count in range(1, 33))


def _steps(first: Any, step: Any) -> Callable[[Any, Any], Iterator[Any]]:
    """Values in whole steps from a constant, else from ``first``."""

    def run(low: Any, high: Any) -> Iterator[Any]:
        start = low if low is not None else high if high is not None else first
        try:
            for count in range(0 if low is high is None else 1, 33):
                yield start + count * step if low is not None else start - count * step
        except (OverflowError, ValueError, TypeError):
            return

    return run


def _moments(low: Any, high: Any) -> Iterator[Any]:
    yield from _steps(_ODD[4], _DAY)(low, high)
    if low is not None:
        yield from (low + count * _TICK for count in range(1, 33))


def _spans(low: Any, high: Any) -> Iterator[Any]:
    yield from _steps(timedelta(0), _DAY)(low, high)
    if low is not None:
        yield from (low + count * _TICK for count in range(1, 33))


def _times(low: Any, high: Any) -> Iterator[Any]:
    day = date(2026, 1, 1)
    start = datetime.combine(day, low if low is not None else time())
    for count in range(0 if low is None else 1, 33):
        moment = start + count * _TICK
        if moment.date() == day:
            yield moment.time()


def _months(low: Any, high: Any) -> Iterator[Any]:
    start = low if low is not None else high if high is not None else Months(0)
    for count in range(0 if low is high is None else 1, 33):
        yield Months(start.months + (count if low is not None else -count))


_MOVE: dict[str, Callable[[Any, Any], Iterator[Any]]] = {
    "number": _numbers,
    "string": _texts,
    "date": _steps(date(2026, 1, 1), _DAY),
    "date and time": _moments,
    "time": _times,
    "duration": _spans,
    "months": _months,
}
