"""``+ - * / **`` on numbers, strings, dates and durations; null where kinds do not fit."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation, Overflow
from typing import Any

from engine.errors import FeelError
from engine.feel.durations import Months, add_months
from engine.feel.values import LOCAL, MATH, Scope

_ANY_DAY = date(2000, 1, 2)


def calculate(scope: Scope, sign: str, left: Any, right: Any) -> Any:
    """The result of one operator; FeelError only when a number or string grows too big."""
    if type(left) is Decimal and type(right) is Decimal:
        return numbers(scope, sign, left, right)
    if left is None or right is None:
        return None
    if type(left) is str or type(right) is str:
        if sign == "+" and type(left) is type(right):
            return scope.text_of(left + right)
        return None
    try:
        return _temporal(sign, left, right)
    except (OverflowError, ValueError, ArithmeticError):
        return None


def numbers(scope: Scope, sign: str, a: Decimal, b: Decimal) -> Decimal | None:
    """Decimal arithmetic with 34 digits; division by zero is null."""
    try:
        if sign == "+":
            return MATH.add(a, b)
        if sign == "-":
            return MATH.subtract(a, b)
        if sign == "*":
            return MATH.multiply(a, b)
        if sign == "/":
            return MATH.divide(a, b) if b else None
        scope.burn(4)
        if not b:
            return Decimal(1)
        return None if not a and b < 0 else MATH.power(a, b)
    except Overflow:
        raise FeelError(scope.text, "kết quả là số quá lớn.", "Dùng số nhỏ hơn.") from None
    except InvalidOperation:
        return None


def negate(value: Any) -> Any:
    """Minus a number or a duration."""
    if type(value) is Decimal:
        return MATH.minus(value)
    return -value if isinstance(value, timedelta | Months) else None


def _temporal(sign: str, left: Any, right: Any) -> Any:
    if sign == "+" and isinstance(left, timedelta | Months) and isinstance(right, date | time):
        left, right = right, left
    if isinstance(left, date) and sign in "+-":
        return _shift_day(sign, left, right)
    if isinstance(left, time) and isinstance(right, timedelta) and sign in "+-":
        moment = datetime.combine(_ANY_DAY, left)
        return (moment + right if sign == "+" else moment - right).timetz()
    if isinstance(left, Months):
        return _months(sign, left, right)
    if isinstance(left, timedelta):
        return _span(sign, left, right)
    if sign == "*" and type(left) is Decimal:
        return _scaled(left, right)
    return None


def _shift_day(sign: str, left: date, right: Any) -> Any:
    if isinstance(right, Months):
        return add_months(left, right.months if sign == "+" else -right.months)
    if isinstance(right, timedelta):
        if not isinstance(left, datetime):
            moment = datetime.combine(left, time())
            return (moment + right if sign == "+" else moment - right).date()
        return left + right if sign == "+" else left - right
    if sign == "-" and isinstance(right, date):
        if isinstance(left, datetime) and isinstance(right, datetime):
            return _aware(left) - _aware(right)
        if not isinstance(left, datetime) and not isinstance(right, datetime):
            return left - right
    return None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=LOCAL)


def _months(sign: str, left: Months, right: Any) -> Any:
    if isinstance(right, Months):
        if sign == "/":
            return MATH.divide(Decimal(left.months), Decimal(right.months))
        if sign in "+-":
            other = right.months if sign == "+" else -right.months
            return Months(left.months + other)
    if type(right) is Decimal and sign in "*/":
        number = Decimal(left.months)
        exact = MATH.multiply(number, right) if sign == "*" else MATH.divide(number, right)
        return Months(int(exact)) if abs(exact) < 1_000_000 else None
    return None


def _span(sign: str, left: timedelta, right: Any) -> Any:
    if isinstance(right, timedelta):
        if sign == "/":
            return MATH.divide(_micros(left), _micros(right))
        if sign in "+-":
            return left + right if sign == "+" else left - right
    if type(right) is Decimal and sign in "*/":
        number = _micros(left)
        exact = MATH.multiply(number, right) if sign == "*" else MATH.divide(number, right)
        return timedelta(microseconds=int(exact)) if abs(exact) < Decimal("1e20") else None
    return None


def _micros(span: timedelta) -> Decimal:
    return Decimal(span // timedelta(microseconds=1))


def _scaled(number: Decimal, duration: Any) -> Any:
    """A number times a duration."""
    if isinstance(duration, Months):
        return _months("*", duration, number)
    return _span("*", duration, number) if isinstance(duration, timedelta) else None
