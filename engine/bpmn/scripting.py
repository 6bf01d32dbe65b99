"""FEEL for the engine: compiled once at parse, evaluated with the command's clock. Never Python."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from engine import feel
from engine.bpmn.model import Clock
from engine.errors import FeelError, Invalid, ModelError, MotCuaError

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
MAX_DEPTH = 20
MAX_NODES = 20_000
_UNCHANGED = frozenset({str, bool, type(None)})

_LIMIT = re.compile(r"^(\d{1,5}) +(working days?|working hours?|calendar days?|(clock )?hours?)$")
_DURATION = re.compile(
    r"^P(?=.)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?"
    r"(?:T(?=.)(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,8}(?:\.\d+)?)S)?)?$"
)
_CYCLE = re.compile(r"^R(\d{0,4})/(.+)$")
_ANCHORED = re.compile(r"^(\d{4}-\d{2}-\d{2}T[^/]+)/(P[^/]+)$")
_ALMOST = re.compile(r"^(P[\dT]|R\d*/|\d{4}-\d)")
_PUT_IN = re.compile(
    r"^__(to_)?[a-z]+_"
)  # before the id of the element that a node of ours belongs to
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}(T.+)?$")


@dataclass(frozen=True)
class Timer:
    """A timer's text, or the expression that gives it; ``cycle`` repeats."""

    text: str | None
    expression: feel.Compiled | None
    cycle: bool

    @property
    def names(self) -> frozenset[str]:
        """The root names it reads."""
        return self.expression.names if self.expression is not None else frozenset()


def expression(text: str, file: str, element: str) -> feel.Compiled:
    """Compile a FEEL expression of a model; ModelError when it does not compile."""
    text = text.strip()
    if text.startswith("=") and not text.startswith("=="):
        text = text[1:]
    try:
        return feel.compile_expression(text)
    except FeelError as error:
        raise ModelError(file, element, error.message, "Hãy sửa biểu thức FEEL.") from None


def timer(text: str, cycle: bool, file: str, element: str) -> Timer:
    """A timer as drawn: ISO 8601 text, a limit ("7 working days") or FEEL."""
    text = text.strip()
    plain = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
    if _is_moment_text(plain, cycle):
        return Timer(plain, None, cycle)
    if _ALMOST.match(plain):
        raise ModelError(
            file,
            element,
            f"hẹn giờ «{plain[:60]}» không đúng cách viết.",
            'Hãy ghi như "P2D", "R3/PT24H", "7 working days" hoặc một biểu thức FEEL.',
        )
    return Timer(None, expression(text, file, element), cycle)


def _is_moment_text(text: str, cycle: bool) -> bool:
    if match := _CYCLE.match(text):
        anchored = _ANCHORED.match(match[2])
        if anchored and not _DURATION.match(anchored[2]):
            return False
        return cycle and _is_moment_text(anchored[1] if anchored else match[2], False)
    if _DATE.match(text):
        try:
            datetime.fromisoformat(text)
        except ValueError:
            return False
        return True
    return bool(_LIMIT.match(text) or _DURATION.match(text))


def due(armed: Timer, data: Mapping[str, Any], clock: Clock) -> tuple[datetime, int | None]:
    """When a timer rings, counted from the clock, and how often more (None: for ever).

    A timer that does not repeat has 0 rings left after this one.
    """
    if armed.expression is None:
        value: Any = armed.text
    else:
        value = evaluate(armed.expression, data, clock)
    left: int | None = 0
    if armed.cycle:
        left = None
        if isinstance(value, str) and (match := _CYCLE.match(value)):
            value = match[2]
            left = int(match[1]) - 1 if match[1] else None
            if left is not None and left < 0:
                left = 0
            if anchored := _ANCHORED.match(value):
                return _from_start(anchored[1], anchored[2], left, clock)
    return _moment(value, clock), left


def _from_start(
    text: str, period: str, left: int | None, clock: Clock
) -> tuple[datetime, int | None]:
    """The next of the moments that a cycle with a start names; those that have passed are gone.

    The last one counts even when it has passed, as a date does.
    """
    moment, match = _moment(text, clock), _DURATION.match(period)
    if match is None or _after(moment, match) <= moment:
        raise Invalid(f"Hẹn giờ: khoảng cách «{period[:60]}» không hợp lệ.")
    if not (match[1] or match[2]):  # years and months are not all of one length
        step = _after(moment, match) - moment
        passed = max(0, (clock.now - moment) // step)
        whole = passed if left is None else min(passed, left)
        moment, left = moment + whole * step, left if left is None else left - whole
    while moment <= clock.now and left != 0:
        moment, left = _after(moment, match), left if left is None else left - 1
    return moment, left


def _moment(value: Any, clock: Clock) -> datetime:
    if isinstance(value, str):
        value = value.strip()
        if match := _LIMIT.match(value):
            unit = match[2].removeprefix("clock ")
            return clock.due(f"{match[1]} {unit if unit.endswith('s') else unit + 's'}")
        if match := _DURATION.match(value):
            return _after(clock.now, match)
        if _DATE.match(value):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                raise Invalid(f"Hẹn giờ: «{value[:60]}» không phải thời điểm hợp lệ.") from None
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=VIETNAM)
    if isinstance(value, date):
        return datetime.combine(value, time(), VIETNAM)
    if isinstance(value, timedelta):
        try:
            return clock.now + value
        except OverflowError:
            raise Invalid("Hẹn giờ: thời hạn quá xa.") from None
    months = getattr(value, "months", None)
    if isinstance(months, int):
        return _add_months(clock.now, months)
    raise Invalid(f"Hẹn giờ: giá trị «{str(value)[:60]}» không phải thời điểm hay thời hạn.")


def _after(start: datetime, match: re.Match[str]) -> datetime:
    years, months, weeks, days, hours, minutes = (int(match[i] or 0) for i in range(1, 7))
    moved = _add_months(start, years * 12 + months) if years or months else start
    try:
        return moved + timedelta(
            weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=float(match[7] or 0)
        )
    except OverflowError:
        raise Invalid("Hẹn giờ: thời hạn quá xa.") from None


def _add_months(start: datetime, months: int) -> datetime:
    local = start.astimezone(VIETNAM)
    total = local.year * 12 + local.month - 1 + months
    year, month = divmod(total, 12)
    if not 1 <= year <= 9999:
        raise Invalid("Hẹn giờ: thời hạn quá xa.")
    for day in range(local.day, 27, -1):
        try:
            return local.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return local.replace(year=year, month=month + 1)


def functions(clock: Clock) -> dict[str, Callable[..., Any]]:
    """Our FEEL functions, counted from the clock."""

    def counted(unit: str) -> Callable[..., Any]:
        def call(n: Any) -> datetime:
            try:
                amount = int(n)
            except (TypeError, ValueError):
                raise Invalid(f"Thời hạn: «{n}» không phải số nguyên.") from None
            if amount != n or amount < 0:
                raise Invalid(f"Thời hạn: «{n}» không phải số nguyên không âm.")
            return clock.due(f"{amount} {unit}")

        return call

    return {
        "working days": counted("working days"),
        "working hours": counted("working hours"),
        "clock hours": counted("hours"),
        "calendar days": counted("calendar days"),
    }


def evaluate(compiled: feel.Compiled, data: Mapping[str, Any], clock: Clock) -> Any:
    """The value of an expression over task data."""
    return compiled.evaluate(data, functions=functions(clock), now=clock.now)


def holds(compiled: feel.Compiled, data: Mapping[str, Any], clock: Clock) -> bool:
    """Whether a condition is FEEL true."""
    return feel.is_true(evaluate(compiled, data, clock))


def plain(value: Any) -> Any:
    """A deep copy of a JSON value; Invalid beyond JSON types, depth 20 or 20,000 nodes."""
    return _copy(value, 0, [1])


def _copy(value: Any, depth: int, count: list[int]) -> Any:
    if type(value) in _UNCHANGED:
        return value
    if isinstance(value, (list, tuple)):
        _deeper(value, depth, count)
        return [
            item if type(item) in _UNCHANGED else _copy(item, depth + 1, count) for item in value
        ]
    if isinstance(value, Mapping):
        _deeper(value, depth, count)
        if not all(isinstance(key, str) for key in value):
            raise Invalid("Dữ liệu có tên trường không phải chữ.")
        return {
            key: item if type(item) in _UNCHANGED else _copy(item, depth + 1, count)
            for key, item in value.items()
        }
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        if abs(value) > 2**53:
            raise Invalid("Dữ liệu có số quá lớn.")
        return int(value)
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise Invalid("Dữ liệu có số không hợp lệ.")
        return value
    raise Invalid(f"Dữ liệu có kiểu không cho phép ({type(value).__name__}).")


def _deeper(values: Sized, depth: int, count: list[int]) -> None:
    """Count what is in a list or context before it is looked at."""
    count[0] += len(values)
    if (values and depth >= MAX_DEPTH) or count[0] > MAX_NODES:
        raise Invalid("Dữ liệu quá lớn hoặc lồng quá sâu.", code="too-large")


def results(values: Mapping[str, Any]) -> dict[str, Any]:
    """Checked JSON of what a script or a decision gave."""
    return {name: plain(feel.to_json(value)) for name, value in values.items()}


def explain(error: MotCuaError, name: str, element: str) -> MotCuaError:
    """The same refusal with the place where it happened in front, by its drawn id."""
    element = _PUT_IN.sub("", element)
    error.args = (f"«{name or element}»: {error.message}",)
    error.message = error.args[0]
    error.details.setdefault("element", element)
    return error
