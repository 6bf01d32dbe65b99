"""The functions on ranges and points, as DMN 1.3 table 78 defines them. Wrong kinds give null."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.feel.ranges import Range
from engine.feel.signatures import Function
from engine.feel.values import Scope, compare, equal


class _Clash(Exception):
    pass


class _Asking:
    """Compares ends; a clash of kinds ends the whole question."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def less(self, left: Any, right: Any) -> bool:
        found = compare(self.scope, "<", left, right)
        if found is None:
            raise _Clash
        return found

    def same(self, left: Any, right: Any) -> bool:
        self.less(left, right)
        return equal(self.scope, left, right) is True

    def holds(self, range_: Range, point: Any) -> bool:
        above = self.less(range_.low, point) or (range_.low_in and self.same(range_.low, point))
        below = self.less(point, range_.high) or (range_.high_in and self.same(range_.high, point))
        return above and below

    def before(self, a: Any, b: Any) -> bool:
        left = a.high if isinstance(a, Range) else a
        right = b.low if isinstance(b, Range) else b
        touching = (a.high_in if isinstance(a, Range) else True) and (
            b.low_in if isinstance(b, Range) else True
        )
        if not isinstance(a, Range) and not isinstance(b, Range):
            return self.less(left, right)
        return self.less(left, right) or (not touching and self.same(left, right))

    def meets(self, a: Range, b: Range) -> bool:
        return a.high_in and b.low_in and self.same(a.high, b.low)

    def overlaps(self, a: Range, b: Range) -> bool:
        return not self.before(a, b) and not self.before(b, a)

    def starts_earlier(self, a: Range, b: Range) -> bool:
        same = self.same(a.low, b.low)
        return self.less(a.low, b.low) or (same and a.low_in and not b.low_in)

    def ends_earlier(self, a: Range, b: Range) -> bool:
        same = self.same(a.high, b.high)
        return self.less(a.high, b.high) or (same and b.high_in and not a.high_in)

    def overlaps_before(self, a: Range, b: Range) -> bool:
        return self.overlaps(a, b) and self.starts_earlier(a, b) and not self.ends_earlier(b, a)

    def within(self, inner: Any, outer: Range) -> bool:
        if not isinstance(inner, Range):
            return self.holds(outer, inner)
        return not self.starts_earlier(inner, outer) and not self.ends_earlier(outer, inner)

    def starts(self, inner: Any, outer: Range) -> bool:
        if not isinstance(inner, Range):
            return outer.low_in and self.same(inner, outer.low)
        same = self.same(inner.low, outer.low) and inner.low_in == outer.low_in
        return same and not self.ends_earlier(outer, inner)

    def finishes(self, inner: Any, outer: Range) -> bool:
        if not isinstance(inner, Range):
            return outer.high_in and self.same(inner, outer.high)
        same = self.same(inner.high, outer.high) and inner.high_in == outer.high_in
        return same and not self.starts_earlier(inner, outer)

    def coincides(self, a: Any, b: Any) -> bool:
        if isinstance(a, Range) and isinstance(b, Range):
            ends = self.same(a.low, b.low) and self.same(a.high, b.high)
            return ends and (a.low_in, a.high_in) == (b.low_in, b.high_in)
        return self.same(a, b)


_Question = Callable[[_Asking, Any, Any], bool]


def _question(ask: _Question, first: str, second: str) -> Function:
    """``first`` and ``second``: "range", "point" or "" for either."""

    def fits(value: Any, what: str) -> bool:
        return value is not None and what in ("", "range" if isinstance(value, Range) else "point")

    def run(scope: Scope, a: Any, b: Any) -> Any:
        scope.burn(2)
        if not fits(a, first) or not fits(b, second):
            return None
        try:
            return ask(_Asking(scope), a, b)
        except _Clash:
            return None

    return Function(2, 2, run, test=True)


def _both(a: Any, b: Any) -> bool:
    return isinstance(a, Range) == isinstance(b, Range)


def _coincide(asking: _Asking, a: Any, b: Any) -> bool:
    if not _both(a, b):
        raise _Clash
    return asking.coincides(a, b)


TABLE = {
    "before": _question(_Asking.before, "", ""),
    "after": _question(lambda asking, a, b: asking.before(b, a), "", ""),
    "meets": _question(_Asking.meets, "range", "range"),
    "met by": _question(lambda asking, a, b: asking.meets(b, a), "range", "range"),
    "overlaps": _question(_Asking.overlaps, "range", "range"),
    "overlaps before": _question(_Asking.overlaps_before, "range", "range"),
    "overlaps after": _question(
        lambda asking, a, b: asking.overlaps_before(b, a), "range", "range"
    ),
    "finishes": _question(_Asking.finishes, "", "range"),
    "finished by": _question(lambda asking, a, b: asking.finishes(b, a), "range", ""),
    "includes": _question(lambda asking, a, b: asking.within(b, a), "range", ""),
    "during": _question(_Asking.within, "", "range"),
    "starts": _question(_Asking.starts, "", "range"),
    "started by": _question(lambda asking, a, b: asking.starts(b, a), "range", ""),
    "coincides": _question(_coincide, "", ""),
}
