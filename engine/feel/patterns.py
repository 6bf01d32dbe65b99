"""Patterns for ``matches``, ``replace`` and ``split``: run as a set of states, no backtracking.

Letters, ``.``, classes ``[a-z]``, ``\\d \\w \\s``, groups, ``|``, ``^ $``, ``? * + {m,n}``. A
repeated group holds no repetition of its own. Time grows with text length times pattern size.
Flags: ``i`` (upper and lower case alike) and ``s`` (``.`` fits line ends too).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

MAX_PATTERN, MAX_STATES, MAX_REPEAT, MAX_GROUPS = 200, 600, 100, 9
_CLASSES: dict[str, Callable[[str], bool]] = {
    "d": lambda c: "0" <= c <= "9",
    "w": lambda c: c == "_" or (c.isascii() and c.isalnum()),
    "s": lambda c: c in " \t\r\n\f\v",
}
_COUNT = re.compile(r"\{(\d{1,3})(?:(,)(\d{1,3})?)?\}", re.ASCII)
_PLAIN = frozenset(".^$|()[]{}*+?\\/-")


class PatternError(ValueError):
    """A pattern outside the subset; the message says why, in Vietnamese."""


@dataclass(slots=True)
class _State:
    """Reads one character that fits, or (without ``fits``) moves on for free."""

    fits: Callable[[str], bool] | None = None
    where: str = ""  # "start" or "end": passes only there
    ways: list[_State] = field(default_factory=list)  # the preferred one first
    mark: int | None = None  # on passing, remembers the place: 2n opens group n, 2n+1 closes it


_Piece = tuple[_State, _State]


@dataclass(frozen=True, slots=True)
class Found:
    """One place where a pattern fits: group n is ``places[2n]`` to ``places[2n + 1]``, 0 is all."""

    places: tuple[int | None, ...]
    looked: int  # how far the text was read

    def group(self, text: str, number: int) -> str:
        """What a group holds; empty when it took no part or does not exist."""
        if 2 * number + 1 >= len(self.places):
            return ""
        start, end = self.places[2 * number], self.places[2 * number + 1]
        return "" if start is None or end is None else text[start:end]


@lru_cache(maxsize=512)
def compile_pattern(pattern: str, flags: str = "") -> Pattern:
    """A pattern ready to ask; PatternError outside the subset."""
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"mẫu dài hơn {MAX_PATTERN} ký tự.")
    if len(flags) > 2 or not set(flags) <= {"i", "s"}:
        raise PatternError("mẫu chỉ nhận cờ «i» và «s».")
    reader = _Reader(pattern, "i" in flags, "s" in flags)
    first, last = reader.choice(0)
    if reader.at < len(pattern):
        raise PatternError("mẫu thừa dấu «)».")
    return Pattern(first, last, reader.states, len(reader.groups))


class Pattern:
    """A compiled pattern; ``cost`` is how many states it has."""

    def __init__(self, first: _State, last: _State, cost: int, groups: int) -> None:
        self._first, self._last, self.cost, self._groups = first, last, cost, groups

    def fits_nothing(self) -> bool:
        """Whether the empty text fits, so that it would be found everywhere."""
        return self.found_in("")

    def first_in(self, text: str, start: int) -> Found | None:
        """The first place from ``start`` on where the pattern fits, and what its groups hold."""
        size = 2 * (self._groups + 1)
        threads: dict[int, tuple[_State, tuple[int | None, ...]]] = {}
        best: tuple[int | None, ...] | None = None
        at = start
        for at in range(start, len(text) + 1):
            if best is None:
                fresh = (at, *([None] * (size - 1)))
                self._follow(threads, self._first, fresh, at, len(text))
            if not threads:
                if best is not None:
                    break
                continue
            after: dict[int, tuple[_State, tuple[int | None, ...]]] = {}
            for state, places in threads.values():
                if state is self._last:
                    best = (places[0], at, *places[2:])
                    break
                if state.fits is not None and at < len(text) and state.fits(text[at]):
                    for way in state.ways:
                        self._follow(after, way, places, at + 1, len(text))
            threads = after
        return None if best is None else Found(best, at)

    def _follow(
        self,
        threads: dict[int, tuple[_State, tuple[int | None, ...]]],
        state: _State,
        places: tuple[int | None, ...],
        at: int,
        end: int,
    ) -> None:
        """Walk on for free, the preferred way first; what stands in ``threads`` came before."""
        todo = [(state, places)]
        seen: set[int] = set()
        while todo:
            here, held = todo.pop()
            if id(here) in threads or id(here) in seen:
                continue
            if (here.where == "start" and at > 0) or (here.where == "end" and at < end):
                continue
            if here.mark is not None:
                held = (*held[: here.mark], at, *held[here.mark + 1 :])
            if here.fits is not None or here is self._last:
                threads[id(here)] = (here, held)
            else:
                seen.add(id(here))
                todo.extend((way, held) for way in reversed(here.ways))

    def found_in(self, text: str) -> bool:
        """Whether the pattern holds somewhere in the text."""
        states: dict[int, _State] = {}
        for at in range(len(text) + 1):
            self._add(states, self._first, at, len(text))
            if id(self._last) in states:
                return True
            if at < len(text):
                char = text[at]
                after: dict[int, _State] = {}
                for state in states.values():
                    if state.fits is not None and state.fits(char):
                        for way in state.ways:
                            self._add(after, way, at + 1, len(text))
                states = after
        return id(self._last) in states

    def _add(self, states: dict[int, _State], state: _State, at: int, end: int) -> None:
        todo = [state]
        while todo:
            here = todo.pop()
            if id(here) in states:
                continue
            if (here.where == "start" and at > 0) or (here.where == "end" and at < end):
                continue
            states[id(here)] = here
            if here.fits is None:
                todo.extend(here.ways)


class _Reader:
    def __init__(self, pattern: str, alike: bool, dot_all: bool) -> None:
        self.pattern, self.at, self.states = pattern, 0, 0
        self.alike, self.dot_all = alike, dot_all
        self.groups: dict[int, int] = {}  # place of «(» in the pattern → number of the group

    def state(self, fits: Callable[[str], bool] | None = None, where: str = "") -> _State:
        self.states += 1
        if self.states > MAX_STATES:
            raise PatternError("mẫu lặp quá nhiều.")
        return _State(fits, where)

    def peek(self) -> str:
        return self.pattern[self.at] if self.at < len(self.pattern) else ""

    def take(self) -> str:
        char = self.peek()
        self.at += 1
        return char

    def choice(self, depth: int) -> _Piece:
        if depth > 10:
            raise PatternError("mẫu có ngoặc lồng quá sâu.")
        first, last = self.state(), self.state()
        while True:
            begin, end = self.sequence(depth)
            first.ways.append(begin)
            end.ways.append(last)
            if self.peek() != "|":
                return first, last
            self.take()

    def sequence(self, depth: int) -> _Piece:
        first = last = self.state()
        while self.peek() not in ("", "|", ")"):
            begin, end = self.repeated(depth)
            last.ways.append(begin)
            last = end
        return first, last

    def repeated(self, depth: int) -> _Piece:
        start = self.at
        piece = self.atom(depth)
        stop = self.at
        least, most = self.times()
        if (least, most) == (1, 1):
            return piece
        inner = self.pattern[start:stop]
        if inner.startswith("(") and re.search(r"(?<!\\)[*+?{]", inner.removeprefix("(?:")):
            raise PatternError("nhóm được lặp lại có phép lặp bên trong.")
        return self.copies(start, stop, depth, least, most)

    def times(self) -> tuple[int, int | None]:
        sign = self.peek()
        if sign and sign in "?*+":
            self.take()
            found: tuple[int, int | None] = {"?": (0, 1), "*": (0, None), "+": (1, None)}[sign]
        elif sign == "{":
            match = _COUNT.match(self.pattern, self.at)
            if match is None:
                raise PatternError("số lần lặp viết như {12} hoặc {9,10}.")
            self.at = match.end()
            least = int(match[1])
            most = least if not match[2] else int(match[3]) if match[3] else None
            if max(least, most or 0) > MAX_REPEAT or (most is not None and most < least):
                raise PatternError(f"số lần lặp phải tăng dần và không quá {MAX_REPEAT}.")
            found = (least, most)
        else:
            return 1, 1
        if self.peek() and self.peek() in "?*+{":
            raise PatternError("hai dấu lặp liền nhau.")
        return found

    def copies(self, start: int, stop: int, depth: int, least: int, most: int | None) -> _Piece:
        """The same atom read again as often as it may stand."""
        after = self.at
        first = last = self.state()
        end = self.state()
        for turn in range(least if most is None else most):
            before, last = last, self._again(start, last, depth)
            if turn >= least:
                before.ways.append(end)
        if most is None:
            loop = self.state()
            last.ways.append(loop)
            self._again(start, loop, depth).ways.append(loop)
            last = loop
        last.ways.append(end)
        self.at = after
        return first, end

    def _again(self, start: int, last: _State, depth: int) -> _State:
        self.at = start
        begin, end = self.atom(depth)
        last.ways.append(begin)
        return end

    def atom(self, depth: int) -> _Piece:
        char = self.take()
        if char == "(":
            number: int | None = None
            place = self.at
            if self.peek() == "?":
                if not self.pattern.startswith("?:", self.at):
                    raise PatternError("mẫu không dùng được (?…).")
                self.at += 2
            else:
                number = self.groups.setdefault(place, len(self.groups) + 1)
                if number > MAX_GROUPS:
                    raise PatternError(f"mẫu có hơn {MAX_GROUPS} nhóm.")
            first, last = self.choice(depth + 1)
            if self.take() != ")":
                raise PatternError("mẫu thiếu dấu «)».")
            return (first, last) if number is None else self.marked(first, last, number)
        if char in ("^", "$"):
            return self.single(self.state(where="start" if char == "^" else "end"))
        if char in "*+?{}]":
            raise PatternError(f"«{char}» đứng sai chỗ; muốn tìm chính nó thì viết \\{char}.")
        if char == ".":
            return self.reads(lambda c: self.dot_all or c not in "\r\n\u2028\u2029")
        if char == "[":
            return self.reads(self.choice_of_chars())
        if char == "\\":
            return self.reads(self.escaped())
        return self.reads(lambda c: c == char)

    def marked(self, first: _State, last: _State, number: int) -> _Piece:
        """The same piece, remembering where it began and ended."""
        begin, end = self.state(), self.state()
        begin.mark, end.mark = 2 * number, 2 * number + 1
        begin.ways.append(first)
        last.ways.append(end)
        return begin, end

    def reads(self, fits: Callable[[str], bool]) -> _Piece:
        """A state that reads one character."""
        if not self.alike:
            return self.single(self.state(fits))
        return self.single(self.state(lambda c: fits(c) or fits(c.lower()) or fits(c.upper())))

    def single(self, state: _State) -> _Piece:
        after = self.state()
        state.ways.append(after)
        return state, after

    def escaped(self) -> Callable[[str], bool]:
        char = self.take()
        if char.lower() in _CLASSES and char:
            inside = _CLASSES[char.lower()]
            return inside if char.islower() else lambda c: not inside(c)
        if char in ("n", "t", "r"):
            wanted = {"n": "\n", "t": "\t", "r": "\r"}[char]
            return lambda c: c == wanted
        if char not in _PLAIN or not char:
            raise PatternError(f"mẫu không dùng được «\\{char}».")
        return lambda c: c == char

    def choice_of_chars(self) -> Callable[[str], bool]:
        turned = self.peek() == "^"
        if turned:
            self.take()
        tests: list[Callable[[str], bool]] = []
        while self.peek() != "]":
            if not self.peek():
                raise PatternError("mẫu thiếu dấu «]».")
            tests.append(self.one_range())
        self.take()
        if turned:
            return lambda c: not any(test(c) for test in tests)
        return lambda c: any(test(c) for test in tests)

    def one_range(self) -> Callable[[str], bool]:
        low = self.take()
        if low == "\\":
            return self.escaped()
        if self.peek() == "-" and self.pattern[self.at + 1 : self.at + 2] not in ("]", ""):
            self.take()
            high = self.take()
            if high == "\\" or high < low:
                raise PatternError("khoảng ký tự viết ngược.")
            return lambda c: low <= c <= high
        return lambda c: c == low
