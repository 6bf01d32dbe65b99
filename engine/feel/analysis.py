"""What can be known of conditions without running them: do they cover all, exclude each other.

Exact where a condition compares names with constants and with each other (``=``, ``<``, ``in``,
``between``, ``list contains``, ``count``) and joins this with and, or, not and if; "unknown"
otherwise. Text values of a name count as they are; null counts unless a type says it is required.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

from engine.errors import FeelError
from engine.feel import types as t
from engine.feel.compiler import Compiled
from engine.feel.inference import clashes
from engine.feel.on_text import to_text
from engine.feel.points import points
from engine.feel.reading import Path, Reading, Unclear
from engine.feel.syntax import parse
from engine.feel.values import Scope

__all__ = ["Coverage", "Verdict", "clashes", "covers", "overlap"]

Verdict = Literal["yes", "no", "unknown"]
_BUDGET = 300_000  # tree nodes and steps that one question may cost


@dataclass(frozen=True)
class Coverage:
    """Whether one condition always holds. ``witness`` says when none does, in Vietnamese."""

    verdict: Verdict
    witness: str = ""


@dataclass(frozen=True)
class _Case:
    data: dict[str, Any]
    values: tuple[tuple[Path, Any], ...]
    expected: bool


def covers(conditions: Sequence[Compiled], types: Mapping[str, t.Type] | None = None) -> Coverage:
    """Whether at least one of the conditions is true whatever the names hold.

    ``yes`` and ``no`` are certain under the declared types; values of kinds that nobody expects
    (text where only numbers are compared, when no type is declared) never make a ``no``.
    """
    if not conditions:
        return Coverage("no", "không có điều kiện nào")
    known = [condition for condition in conditions if _clear(condition, types or {})]
    answer = Coverage("yes")
    try:
        asking = _Asking(known, types or {})
        for case in asking.cases():
            if any(asking.holds(condition, case) for condition in known):
                continue
            if len(known) < len(conditions):
                return Coverage("unknown")
            if case.expected:
                return Coverage("no", _witness(case))
            answer = Coverage("unknown")
    except (Unclear, FeelError):
        return Coverage("unknown")
    return answer


def overlap(
    a: Compiled, b: Compiled, types: Mapping[str, t.Type] | None = None
) -> Literal["disjoint", "overlaps", "unknown"]:
    """Whether both conditions can be true together; certain under the declared types."""
    answer: Literal["disjoint", "overlaps", "unknown"] = "disjoint"
    try:
        asking = _Asking((a, b), types or {})
        for case in asking.cases():
            if asking.holds(a, case) and asking.holds(b, case):
                if case.expected:
                    return "overlaps"
                answer = "unknown"
    except (Unclear, FeelError):
        return "unknown"
    return answer


def _clear(condition: Compiled, types: Mapping[str, t.Type]) -> bool:
    try:
        Reading(types).condition(parse(condition.text))
    except (Unclear, FeelError):
        return False
    return True


class _Asking:
    """Asks conditions about every combination of representatives, within a budget."""

    def __init__(self, conditions: Sequence[Compiled], types: Mapping[str, t.Type]) -> None:
        self.left = _BUDGET
        self.sizes: dict[str, int] = {}
        reading = Reading(types)
        for condition in conditions:
            tree = parse(condition.text)
            self.sizes[condition.text] = tree.size
            reading.condition(tree)
        asked = reading.asked
        self.paths = sorted(asked)
        for path in self.paths:
            if any(other != path and other[: len(path)] == path for other in self.paths):
                raise Unclear  # the whole is asked about, and a part of it
        self.axes: list[list[tuple[Any, bool]]] = []
        count = 1
        for path in self.paths:
            group = _group(asked, path)
            if len(group) > 1 and any(asked[p].members or asked[p].counts for p in group):
                raise Unclear
            values = [value for member in group for value in asked[member].values]
            if len(group) > 1:
                values += [value for member in group for value in _listed(t.at(types, member))]
            axis = points(t.at(types, path), asked[path], values, len(group))
            count *= len(axis)
            if count > _BUDGET:
                raise Unclear
            self.axes.append(axis)

    def cases(self) -> Iterator[_Case]:
        """Every combination of representatives."""
        for combination in product(*self.axes):
            data: dict[str, Any] = {}
            for path, (value, _) in zip(self.paths, combination, strict=True):
                place = data
                for key in path[:-1]:
                    place = place.setdefault(key, {})
                place[path[-1]] = value
            values = [value for value, _ in combination]
            named = tuple(zip(self.paths, values, strict=True))
            yield _Case(data, named, all(expected for _, expected in combination))

    def holds(self, condition: Compiled, case: _Case) -> bool:
        """Whether a condition is true; Unclear when the budget is used up."""
        value, steps = condition.evaluate_counting(case.data)
        self.left -= self.sizes[condition.text] + steps
        if self.left < 0:
            raise Unclear
        return value is True


def _group(asked: Mapping[Path, Any], path: Path) -> set[Path]:
    """The paths that are compared with each other, directly or through others."""
    found, todo = {path}, [path]
    while todo:
        for other in asked[todo.pop()].paths - found:
            found.add(other)
            todo.append(other)
    return found


def _listed(type_: t.Type) -> tuple[Any, ...]:
    return (type_.values or ()) if isinstance(type_, t.Text) else ()


def _witness(case: _Case) -> str:
    if not case.values:
        return "mọi trường hợp"
    said = [f"{'.'.join(path)} {_value(value)}" for path, value in case.values]
    return "khi " + " và ".join(said)


def _value(value: Any) -> str:
    if value is None:
        return "không có giá trị"
    text = to_text(Scope("", {}, None, None), value, True)
    if isinstance(value, str) and ("\0" in value or value == "khác"):
        return "là chữ khác các giá trị được hỏi"
    return f"là {text}".replace("…", "giá trị khác")
