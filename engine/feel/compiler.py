"""Compile FEEL texts once, keep them, and evaluate them within their bounds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from engine.errors import FeelError
from engine.feel import functions as library
from engine.feel.closures import Builder, Closure
from engine.feel.syntax import KEYWORDS, MAX_TEXT, Node, blank, parse, prepare, refuse_strange
from engine.feel.values import FUEL, Scope

_NAME = re.compile(r"[^\W\d]\w*")
_ASSIGNMENT = re.compile(r"\s*(.*?)\s*=(?!=)", re.DOTALL)
_NOT = re.compile(r"\s*not\s*\(")
_MAX_LINES, _MAX_SCRIPT = 100, 16_000


class Compiled:
    """An expression ready to run, safe to share between threads.

    ``names`` are the root variables it reads; ``perhaps`` those among them that stand only
    inside a filter (``list[cond]``) and so may be fields of the list's items.
    """

    __slots__ = ("_run", "inside_not", "names", "perhaps", "text")

    def __init__(
        self, text: str, run: Closure, builder: Builder, inside_not: Closure | None = None
    ) -> None:
        self.text, self._run = text, run
        self.names = frozenset(builder.sure | builder.perhaps) - {"?"}
        self.perhaps = frozenset(builder.perhaps - builder.sure) - {"?"}
        self.inside_not = inside_not

    def evaluate(
        self,
        context: Mapping[str, Any],
        *,
        functions: Mapping[str, Callable[..., Any]] | None = None,
        now: datetime | None = None,
    ) -> Any:
        """The FEEL value over JSON values (and dates); missing names are null.

        ``functions`` answer our working-time functions; ``now`` (aware) answers now() and
        today(). Raises FeelError when a bound (steps, sizes) is exceeded; clashing types give
        null.
        """
        return run(self._run, Scope(self.text, context, functions, now))

    def evaluate_counting(self, context: Mapping[str, Any]) -> tuple[Any, int]:
        """The value without clock and functions, and how many steps of its fuel it took."""
        scope = Scope(self.text, context, None, None)
        return run(self._run, scope), FUEL - scope.fuel

    def __repr__(self) -> str:
        return f"Compiled({self.text!r})"


class Script:
    """Assignments in order. ``names`` are read from outside, ``assigned`` are written."""

    __slots__ = ("assigned", "lines", "names", "text")

    def __init__(self, text: str, lines: tuple[tuple[str, Compiled], ...]) -> None:
        self.text, self.lines = text, lines
        self.assigned = tuple(dict.fromkeys(name for name, _ in lines))
        read: set[str] = set()
        written: set[str] = set()
        for name, compiled in lines:
            read |= compiled.names - written
            written.add(name)
        self.names = frozenset(read)

    def evaluate(
        self,
        context: Mapping[str, Any],
        *,
        functions: Mapping[str, Callable[..., Any]] | None = None,
        now: datetime | None = None,
    ) -> dict[str, Any]:
        """The assigned names with their values; later lines see earlier ones."""
        seen = dict(context)
        made: dict[str, Any] = {}
        for name, compiled in self.lines:
            made[name] = seen[name] = compiled.evaluate(seen, functions=functions, now=now)
        return made


def run(closure: Closure, scope: Scope) -> Any:
    """Evaluate within bounds: whatever goes wrong inside is a FeelError."""
    try:
        return closure(scope)
    except (ArithmeticError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise FeelError(
            scope.text, f"không tính được ({type(error).__name__}).", "Kiểm tra giá trị đưa vào."
        ) from error


@lru_cache(maxsize=4096)
def compile_expression(text: str) -> Compiled:
    """Compile one expression; FeelError names the place, the reason and the cure."""
    tree = parse(text)
    builder = Builder(text)
    closure = builder.build(tree)
    if "?" in builder.sure | builder.perhaps:
        raise FeelError(
            text,
            "«?» chỉ dùng trong ô điều kiện của bảng quyết định.",
            "Ghi tên giá trị; muốn chọn một trong hai thì viết if … then … else ….",
            blank(text).find("?"),
        )
    return Compiled(text, closure, builder, _negated(tree))


@lru_cache(maxsize=4096)
def compile_unary_tests(text: str) -> Compiled:
    """Compile a decision cell, asked about the value bound to ``?``: true or false.

    An empty cell and ``-`` hold always; ``not(…)`` around all tests turns the answer round.
    """
    text = prepare(text)
    builder = Builder(text)
    if text.strip() in ("", "-"):
        return Compiled(text, lambda scope: True, builder)
    inner = _inside_not(text)
    tests = [builder.test(node) for node in (inner or parse(text, "tests")).children]
    wanted = inner is None

    def closure(scope: Scope) -> Any:
        subject = scope.root("?")
        return any(test(scope, subject) is True for test in tests) is wanted

    return Compiled(text, closure, builder)


@lru_cache(maxsize=1024)
def compile_script(text: str) -> Script:
    """Compile lines ``name = <FEEL>``; a line goes on while a bracket is open. FeelError."""
    if len(text) > _MAX_SCRIPT:
        raise FeelError(text, f"tập lệnh dài hơn {_MAX_SCRIPT} ký tự.", "Tách thành nhiều bước.")
    refuse_strange(text)
    lines = [_assignment(text, number, line) for number, line in _logical_lines(text)]
    if not lines:
        raise FeelError(text, "tập lệnh trống.", "Viết dòng «tên = biểu thức».")
    if len(lines) > _MAX_LINES:
        raise FeelError(text, f"tập lệnh có hơn {_MAX_LINES} dòng.", "Tách thành nhiều bước.")
    return Script(text, tuple(lines))


def _negated(tree: Node) -> Closure | None:
    """What stands inside a ``not(…)`` that spans the whole expression."""
    if tree.kind == "call" and tree.children[0] == "not" and len(tree.children) == 2:
        return Builder("").build(tree.children[1])
    return None


def _inside_not(text: str) -> Node | None:
    """The tests inside ``not(…)`` when it spans the whole cell; positions are kept."""
    bare = blank(text).rstrip()
    match = _NOT.match(bare)
    if match is None or not bare.endswith(")"):
        return None
    try:
        return parse(" " * match.end() + text[match.end() : len(bare) - 1], "tests")
    except FeelError:
        return None


def _logical_lines(text: str) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    level = 0
    shown, offset = blank(text), 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        bare = shown[offset : offset + len(line)]
        offset += len(line)
        if level > 0:
            found[-1] = (found[-1][0], found[-1][1] + line)
        elif bare.strip():
            found.append((number, line))
        level = max(0, level + sum((c in "([{") - (c in ")]}") for c in bare))
    return found


def _assignment(text: str, number: int, line: str) -> tuple[str, Compiled]:
    match = _ASSIGNMENT.match(line)
    name = match[1] if match else ""
    if match is None or not _NAME.fullmatch(name):
        raise FeelError(
            line.strip()[:MAX_TEXT],
            f"dòng {number} không có dạng «tên = biểu thức».",
            "Viết như: can_cong_an = co_thuong_tru = true.",
        )
    if name in KEYWORDS or name in library.TABLE:
        raise FeelError(
            line.strip(), f"dòng {number}: «{name}» là tên hàm hoặc từ khóa.", "Đặt tên khác."
        )
    if name.startswith("__") or name.endswith("__"):
        raise FeelError(line.strip(), f"dòng {number}: không dùng tên «{name}».", "Đặt tên khác.")
    try:
        return name, compile_expression(line[match.end() :].strip())
    except FeelError as error:
        raise FeelError(
            error.text, f"dòng {number}: {error.reason}", error.cure, error.position
        ) from None
