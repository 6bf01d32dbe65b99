"""What a function is, and how its arguments are looked at. Wrong kinds give null, not errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.feel.values import Scope

MANY = 200


@dataclass(frozen=True, slots=True)
class Function:
    """A function: fewest and most arguments, what runs, and whether it answers true or false."""

    least: int
    most: int
    run: Callable[..., Any]
    test: bool = False


def whole(value: Any) -> int | None:
    """A number as an int when it is whole and small enough to count with."""
    if type(value) is Decimal and abs(value) < 1_000_000_000 and value == int(value):
        return int(value)
    return None


def as_list(value: Any) -> list[Any] | None:
    """A list as it is, another value as a list of one; null stays null."""
    if value is None:
        return None
    return value if isinstance(value, list) else [value]


def items_of(scope: Scope, values: tuple[Any, ...]) -> list[Any]:
    """The arguments, or the items of the only argument when it is a list."""
    items = values[0] if len(values) == 1 and isinstance(values[0], list) else list(values)
    scope.burn(1 + len(items) // 16)
    return items
