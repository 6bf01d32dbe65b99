"""FEEL values in Python (Decimal, str, bool, None, dates, list, dict), equality, order and JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Any
from zoneinfo import ZoneInfo

from engine.errors import FeelError
from engine.feel.durations import Months, duration_text
from engine.feel.ranges import Range

FUEL, MAX_ITEMS, MAX_CHARS = 20_000, 100_000, 100_000
LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
MATH = Context(  # decimal128, as the standard asks
    prec=34, Emax=6144, Emin=-6143, traps=[Overflow, InvalidOperation, DivisionByZero]
)
_TOO_BIG = 10**34
_MAX_DEPTH, _MAX_JSON_DEPTH, _MAX_JSON_NODES = 60, 20, 10_000
_ORDERED = ("number", "string", "date", "time", "date and time", "duration", "months")


class Scope:
    """One evaluation: the names it sees, its moment and host functions, and the fuel left.

    ``frames`` are the names bound inside the expression, innermost last; they are pushed and
    popped by the closures. Names given from outside are lifted to FEEL values at first sight.
    """

    __slots__ = ("_given", "_lifted", "frames", "fuel", "functions", "now", "text")

    def __init__(
        self,
        text: str,
        given: Mapping[str, Any],
        functions: Mapping[str, Callable[..., Any]] | None,
        now: datetime | None,
    ) -> None:
        self.text, self._given, self.functions, self.now = text, given, functions, now
        self._lifted: dict[str | tuple[str, ...], Any] | None = None
        self.frames: list[Mapping[str, Any]] = []
        self.fuel = FUEL

    def root(self, name: str) -> Any:
        """The value given from outside; null when there is none."""
        return self._lift_once(name, self._given.get(name))

    def inside(self, path: tuple[str, ...]) -> Any:
        """What lies in the objects given from outside: only that is lifted, not all around it.

        ``...`` when the way goes through anything but objects.
        """
        value = self._given.get(path[0])
        for key in path[1:]:
            if type(value) is not dict:
                return ...
            value = value.get(key)
        return self._lift_once(path, value)

    def _lift_once(self, key: str | tuple[str, ...], value: Any) -> Any:
        if value is None or type(value) is bool:
            return value
        if type(value) is str:
            return self.text_of(value)
        if type(value) is int and -_TOO_BIG < value < _TOO_BIG:
            return Decimal(value)
        lifted = self._lifted
        if lifted is None:
            lifted = self._lifted = {}
        if key not in lifted:
            lifted[key] = _lift(value, self)
        return lifted[key]

    def find(self, name: str) -> Any:
        """The value of a name that may be bound inside the expression."""
        for names in reversed(self.frames):
            if name in names:
                return names[name]
        return self.root(name)

    def burn(self, cost: int = 1) -> None:
        """Use up fuel; FeelError when none is left."""
        self.fuel -= cost
        if self.fuel < 0:
            raise FeelError(
                self.text, "tính quá lâu nên đã dừng.", "Rút gọn danh sách hoặc biểu thức."
            )

    def text_of(self, value: str) -> str:
        """A new string within the size bound."""
        if len(value) > MAX_CHARS:
            raise FeelError(self.text, f"chuỗi dài hơn {MAX_CHARS} ký tự.", "Rút gọn chuỗi.")
        return value

    def list_of(self, value: list[Any]) -> list[Any]:
        """A new list within the size bound."""
        if len(value) > MAX_ITEMS:
            raise FeelError(
                self.text, f"danh sách dài hơn {MAX_ITEMS} phần tử.", "Rút gọn danh sách."
            )
        return value


def lift(value: Any, text: str = "") -> Any:
    """A JSON or Python value as a FEEL value, copied; FeelError beyond types and sizes."""
    return _lift(value, Scope(text, {}, None, None))


def _lift(value: Any, scope: Scope) -> Any:
    count = 0

    def one(item: Any, depth: int) -> Any:
        nonlocal count
        count += 1
        if depth > _MAX_DEPTH or count > MAX_ITEMS:
            raise FeelError(scope.text, "dữ liệu vào quá sâu hoặc quá lớn.", "Rút gọn dữ liệu.")
        plain = type(item)
        if plain is str:
            return scope.text_of(item)
        if plain is Decimal and item.is_finite():
            return MATH.plus(item)
        if item is None or plain is bool:
            return item
        if isinstance(item, int):
            if not -_TOO_BIG < item < _TOO_BIG:
                raise FeelError(scope.text, "số có hơn 34 chữ số.", "Dùng số nhỏ hơn.")
            return Decimal(item)
        if isinstance(item, float):
            return Decimal(repr(float(item))) if -1e308 < item < 1e308 else None
        if isinstance(item, Decimal):
            return None
        if isinstance(item, str):
            return scope.text_of(str(item))
        if isinstance(item, date | time | timedelta | Months):
            return item
        if isinstance(item, list | tuple):
            return [one(part, depth + 1) for part in item]
        if isinstance(item, Mapping):
            return {str(key): one(part, depth + 1) for key, part in item.items()}
        raise FeelError(
            scope.text, f"không dùng được dữ liệu kiểu {type(item).__name__}.", "Chỉ dùng JSON."
        )

    return one(value, 0)


def kind(value: Any) -> str:
    """The FEEL type of a value."""
    found = _KINDS.get(type(value))
    if found is None:
        found = next((name for t, name in _KINDS.items() if isinstance(value, t)), "null")
    return found


_KINDS: dict[type, str] = {
    Decimal: "number",
    str: "string",
    bool: "boolean",
    type(None): "null",
    list: "list",
    dict: "context",
    datetime: "date and time",
    date: "date",
    time: "time",
    timedelta: "duration",
    Months: "months",
    Range: "range",
}


def is_true(value: Any) -> bool:
    """Only FEEL's true is true."""
    return value is True


def equal(scope: Scope, left: Any, right: Any) -> bool | None:
    """FEEL equality: null equals only null; a list of one equals its item; other kinds: null."""
    if left is None or right is None:
        return left is right
    a, b = type(left), type(right)
    if a is b and (a is str or a is Decimal or a is bool):
        return bool(left == right)
    scope.burn()
    if a is list and len(left) == 1 and b is not list:
        return equal(scope, left[0], right)
    if b is list and len(right) == 1 and a is not list:
        return equal(scope, left, right[0])
    what = kind(left)
    if what != kind(right):
        return None
    if what == "list":
        scope.burn(len(left) // 8)
        return len(left) == len(right) and all(
            equal(scope, x, y) is True for x, y in zip(left, right, strict=True)
        )
    if what == "context":
        return left.keys() == right.keys() and all(
            equal(scope, x, right[key]) is True for key, x in left.items()
        )
    if what == "range":
        ends = (left.low_in, left.high_in) == (right.low_in, right.high_in)
        low, high = equal(scope, left.low, right.low), equal(scope, left.high, right.high)
        return ends and low is True and high is True
    return bool(_comparable(left) == _comparable(right))


def holds(scope: Scope, range_: Range, value: Any) -> bool:
    """Whether a value lies in a range."""
    return (
        compare(scope, ">=" if range_.low_in else ">", value, range_.low) is True
        and compare(scope, "<=" if range_.high_in else "<", value, range_.high) is True
    )


def compare(scope: Scope, sign: str, left: Any, right: Any) -> bool | None:
    """``=``, ``!=`` and the four orders; null where kinds do not fit."""
    if sign == "=":
        return equal(scope, left, right)
    if sign == "!=":
        return equal(scope, left, right) is not True
    a = type(left)
    if a is not type(right) or (a is not Decimal and a is not str):
        if left is None or right is None:
            return None
        what = kind(left)
        if what != kind(right) or what not in _ORDERED:
            return None
        left, right = _comparable(left), _comparable(right)
    if sign == "<":
        return bool(left < right)
    if sign == "<=":
        return bool(left <= right)
    if sign == ">":
        return bool(left > right)
    return bool(left >= right)


def _comparable(value: Any) -> Any:
    """A moment without a zone is local time; so are times of day."""
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=LOCAL)
    if isinstance(value, time):
        moment = datetime.combine(date(2000, 1, 2), value)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=LOCAL)
    return value


def to_json(value: Any) -> Any:
    """A FEEL value as JSON: whole numbers int, others float, dates and durations ISO text.

    FeelError for other types, deeper than 20, or more than 10,000 nodes (shared ones counted
    each time they are met).
    """
    count = 0

    def one(item: Any, depth: int) -> Any:
        nonlocal count
        count += 1
        if depth > _MAX_JSON_DEPTH or count > _MAX_JSON_NODES:
            raise FeelError("", "kết quả quá sâu hoặc quá lớn.", "Trả về ít dữ liệu hơn.")
        if item is None or isinstance(item, bool):
            return item
        if isinstance(item, str):
            if len(item) > MAX_CHARS:
                raise FeelError("", "kết quả có chuỗi quá dài.", "Rút gọn chuỗi.")
            return item
        if isinstance(item, Decimal | int | float):
            return _json_number(item)
        if isinstance(item, date | time):
            return item.isoformat()
        if isinstance(item, timedelta | Months):
            return duration_text(item)
        if isinstance(item, list | tuple):
            return [one(part, depth + 1) for part in item]
        if isinstance(item, Mapping):
            return {str(key): one(part, depth + 1) for key, part in item.items()}
        if isinstance(item, Range):
            raise FeelError(
                "",
                "kết quả là một khoảng, không lưu được.",
                "Hỏi x in [1..5], hay lấy .start.",
            )
        raise FeelError("", f"kết quả kiểu {type(item).__name__} không lưu được.", "Sửa biểu thức.")

    return one(value, 0)


def _json_number(value: Decimal | int | float) -> int | float:
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite() or number.adjusted() > 34:
        raise FeelError("", "kết quả là số quá lớn.", "Dùng số có không quá 34 chữ số.")
    return int(number) if number == number.to_integral_value() else float(number)
