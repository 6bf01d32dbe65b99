"""The functions on lists. A single value counts as a list of one, null as no list."""

from __future__ import annotations

from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from engine.feel.signatures import MANY, Function, as_list, whole
from engine.feel.values import Scope, equal


def _count(scope: Scope, values: Any) -> Any:
    items = as_list(values)
    return None if items is None else Decimal(len(items))


def _list_contains(scope: Scope, values: Any, wanted: Any) -> Any:
    items = as_list(values)
    if items is None:
        return None
    scope.burn(1 + len(items) // 16)
    return any(equal(scope, item, wanted) is True for item in items)


def _index_of(scope: Scope, values: Any, wanted: Any) -> Any:
    items = as_list(values)
    if items is None:
        return None
    scope.burn(1 + len(items) // 16)
    return [Decimal(n) for n, item in enumerate(items, 1) if equal(scope, item, wanted) is True]


def _append(scope: Scope, values: Any, *more: Any) -> Any:
    items = as_list(values)
    if items is None:
        return None
    scope.burn(1 + len(items) // 16)
    return scope.list_of([*items, *more])


def _concatenate(scope: Scope, *lists: Any) -> Any:
    joined: list[Any] = []
    for part in lists:
        items = as_list(part)
        if items is None:
            return None
        joined += items
        scope.burn(1 + len(items) // 16)
        scope.list_of(joined)
    return joined


def _distinct(scope: Scope, values: Any) -> Any:
    items = as_list(values)
    if items is None:
        return None
    scope.burn(1 + len(items) // 16)
    kept: list[Any] = []
    seen: set[tuple[type, Any]] = set()
    for item in items:
        if isinstance(item, str | bool | Decimal | None):
            key = (type(item), item)
            if key not in seen:
                seen.add(key)
                kept.append(item)
        elif not any(equal(scope, item, other) is True for other in kept):
            kept.append(item)
    return kept


def _union(scope: Scope, *lists: Any) -> Any:
    joined = _concatenate(scope, *lists)
    return None if joined is None else _distinct(scope, joined)


def _flatten(scope: Scope, values: Any) -> Any:
    items = as_list(values)
    if items is None:
        return None
    flat: list[Any] = []
    for item in items:
        scope.burn()
        flat += _flatten(scope, item) if isinstance(item, list) else [item]
        scope.list_of(flat)
    return flat


def _reverse(scope: Scope, values: Any) -> Any:
    items = as_list(values)
    return None if items is None else items[::-1]


def _sublist(scope: Scope, values: Any, start: Any, length: Any = Decimal(10**8)) -> Any:
    items, first, size = as_list(values), whole(start), whole(length)
    if items is None or not first or size is None:
        return None
    begin = first - 1 if first > 0 else len(items) + first
    return items[max(begin, 0) : max(begin + size, 0)]


def _insert_before(scope: Scope, values: Any, place: Any, item: Any) -> Any:
    items, at = as_list(values), whole(place)
    if items is None or at is None or not 1 <= at <= len(items):
        return None
    return scope.list_of([*items[: at - 1], item, *items[at - 1 :]])


def _remove(scope: Scope, values: Any, place: Any) -> Any:
    items, at = as_list(values), whole(place)
    if items is None or at is None or not 1 <= at <= len(items):
        return None
    return [*items[: at - 1], *items[at:]]


def _list_replace(scope: Scope, values: Any, place: Any, new: Any) -> Any:
    items = as_list(values)
    if items is None:
        return None
    scope.burn(1 + len(items) // 16)
    if callable(place):
        return [new if place(item, new) is True else item for item in items]
    at = whole(place)
    if not at or abs(at) > len(items):
        return None
    at = at - 1 if at > 0 else len(items) + at
    return [*items[:at], new, *items[at + 1 :]]


def _sort(scope: Scope, values: Any, precedes: Any) -> Any:
    items = as_list(values)
    if items is None or not callable(precedes):
        return None
    scope.burn(1 + len(items) // 16)

    def order(left: Any, right: Any) -> int:
        if precedes(left, right) is True:
            return -1
        return 1 if precedes(right, left) is True else 0

    return sorted(items, key=cmp_to_key(order))


TABLE = {
    "count": Function(1, 1, _count),
    "list contains": Function(2, 2, _list_contains, test=True),
    "index of": Function(2, 2, _index_of),
    "append": Function(2, MANY, _append),
    "concatenate": Function(1, MANY, _concatenate),
    "union": Function(1, MANY, _union),
    "distinct values": Function(1, 1, _distinct),
    "flatten": Function(1, 1, _flatten),
    "reverse": Function(1, 1, _reverse),
    "sublist": Function(2, 3, _sublist),
    "insert before": Function(3, 3, _insert_before),
    "remove": Function(2, 2, _remove),
    "list replace": Function(3, 3, _list_replace),
    "sort": Function(2, 2, _sort),
}
