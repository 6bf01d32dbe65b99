"""The functions on numbers: 34 digits, half-even unless named otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from typing import Any

from engine.errors import FeelError
from engine.feel.arithmetic import numbers
from engine.feel.durations import Months
from engine.feel.signatures import MANY, Function, items_of, whole
from engine.feel.values import MATH, Scope, compare


def _numbers(scope: Scope, values: tuple[Any, ...]) -> list[Decimal]:
    items = items_of(scope, values)
    return items if all(type(item) is Decimal for item in items) else []


def _sum(scope: Scope, *values: Any) -> Any:
    items = _numbers(scope, values)
    total: Decimal | None = None
    for item in items:
        total = item if total is None else numbers(scope, "+", total, item)
    return total


def _mean(scope: Scope, *values: Any) -> Any:
    items = _numbers(scope, values)
    total = _sum(scope, items)
    return None if total is None else numbers(scope, "/", total, Decimal(len(items)))


def _median(scope: Scope, *values: Any) -> Any:
    items = sorted(_numbers(scope, values))
    if not items:
        return None
    middle = len(items) // 2
    if len(items) % 2:
        return items[middle]
    return _mean(scope, [items[middle - 1], items[middle]])


def _stddev(scope: Scope, *values: Any) -> Any:
    items = _numbers(scope, values)
    if len(items) < 2:
        return None
    scope.burn(1 + len(items) // 2)
    mean = _mean(scope, items)
    apart = [numbers(scope, "-", item, mean) for item in items]
    total = _sum(scope, [numbers(scope, "*", part, part) for part in apart if part is not None])
    return _sqrt(scope, numbers(scope, "/", total, Decimal(len(items) - 1)))


def _mode(scope: Scope, *values: Any) -> Any:
    given = items_of(scope, values)
    items = _numbers(scope, values)
    if len(items) < len(given):
        return None
    counts = Counter(items)
    most = max(counts.values(), default=0)
    return sorted(item for item, count in counts.items() if count == most)


def _by(function: Callable[[Decimal], Decimal], least: Decimal | None = None) -> Callable[..., Any]:
    """A function of one number, null below ``least`` and where there is no number."""

    def run(scope: Scope, value: Any) -> Any:
        if type(value) is not Decimal or (least is not None and value < least):
            return None
        scope.burn(8)
        try:
            return function(value)
        except Overflow:
            raise FeelError(scope.text, "kết quả là số quá lớn.", "Dùng số nhỏ hơn.") from None
        except (InvalidOperation, DivisionByZero):
            return None

    return run


def _log(value: Decimal) -> Decimal:
    return MATH.divide(Decimal(1), value) if not value else MATH.ln(value)


_sqrt = _by(MATH.sqrt, Decimal(0))


def _product(scope: Scope, *values: Any) -> Any:
    total: Decimal | None = None
    for item in _numbers(scope, values):
        total = item if total is None else numbers(scope, "*", total, item)
    return total


def _extreme(sign: str) -> Callable[..., Any]:
    def run(scope: Scope, *values: Any) -> Any:
        items = items_of(scope, values)
        best = items[0] if items and compare(scope, "<=", items[0], items[0]) else None
        for item in items[1:] if best is not None else ():
            better = compare(scope, sign, item, best)
            if better is None:
                return None
            best = item if better else best
        return best

    return run


def _round(mode: str) -> Callable[..., Any]:
    def run(scope: Scope, value: Any, digits: Any = Decimal(0)) -> Any:
        places = whole(digits)
        if type(value) is not Decimal or places is None or abs(places) > 6_000:
            return None
        if -int(value.as_tuple().exponent) <= places:
            return value
        try:
            return value.quantize(Decimal(1).scaleb(-places), mode, MATH)
        except InvalidOperation:
            return None

    return run


def _modulo(scope: Scope, a: Any, b: Any) -> Any:
    if type(a) is not Decimal or type(b) is not Decimal or not b:
        return None
    try:
        rest = MATH.remainder(a, b)
        return MATH.add(rest, b) if rest and (rest < 0) != (b < 0) else rest
    except InvalidOperation:
        return None


def _abs(scope: Scope, value: Any) -> Any:
    if isinstance(value, Decimal):
        return value.copy_abs()
    return abs(value) if isinstance(value, timedelta | Months) else None


def _parity(rest: int) -> Callable[..., Any]:
    def run(scope: Scope, value: Any) -> Any:
        return abs(_modulo(scope, value, Decimal(2))) == rest if type(value) is Decimal else None

    return run


def _number(scope: Scope, value: Any, grouping: Any = None, point: Any = None) -> Any:
    if not isinstance(value, str) or len(value) > 60:
        return None
    if (
        grouping not in (None, " ", ",", ".")
        or point not in (None, ",", ".")
        or (grouping is not None and grouping == (point or "."))
    ):
        return None
    value = value.replace(grouping, "") if grouping else value
    value = value.replace(".", "!").replace(",", ".") if point == "," else value
    sign = value.strip().lstrip("+-")
    if not sign.replace(".", "", 1).isdecimal() or not sign.isascii():
        return None
    try:
        return MATH.create_decimal(value.strip())
    except InvalidOperation:
        return None


TABLE = {
    "sum": Function(1, MANY, _sum),
    "mean": Function(1, MANY, _mean),
    "median": Function(1, MANY, _median),
    "product": Function(1, MANY, _product),
    "stddev": Function(1, MANY, _stddev),
    "mode": Function(1, MANY, _mode),
    "min": Function(1, MANY, _extreme("<")),
    "max": Function(1, MANY, _extreme(">")),
    "floor": Function(1, 2, _round(ROUND_FLOOR)),
    "ceiling": Function(1, 2, _round(ROUND_CEILING)),
    "decimal": Function(2, 2, _round(ROUND_HALF_EVEN)),
    "round up": Function(1, 2, _round(ROUND_UP)),
    "round down": Function(1, 2, _round(ROUND_DOWN)),
    "round half up": Function(1, 2, _round(ROUND_HALF_UP)),
    "round half down": Function(1, 2, _round(ROUND_HALF_DOWN)),
    "modulo": Function(2, 2, _modulo),
    "abs": Function(1, 1, _abs),
    "sqrt": Function(1, 1, _sqrt),
    "exp": Function(1, 1, _by(MATH.exp)),
    "log": Function(1, 1, _by(_log, Decimal(0))),
    "odd": Function(1, 1, _parity(1), test=True),
    "even": Function(1, 1, _parity(0), test=True),
    "number": Function(1, 3, _number),
}
