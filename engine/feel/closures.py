"""Turn a tree into Python closures, once. A closure takes the scope and gives a FEEL value."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import takewhile
from typing import Any

from engine.errors import FeelError
from engine.feel import functions as library
from engine.feel.access import field_of, item_at
from engine.feel.arithmetic import calculate, negate
from engine.feel.durations import parse_date, parse_duration, parse_moment, parse_time
from engine.feel.foreign import FUNCTIONS
from engine.feel.kinds import TYPES, type_test
from engine.feel.loops import PARTIAL, Closure, gathering, reads, steps, walk
from engine.feel.parameters import takes_only_single
from engine.feel.patterns import PatternError, compile_pattern
from engine.feel.ranges import Range
from engine.feel.syntax import MAX_DIGITS, RANGES, Node, closest, unquote
from engine.feel.values import Scope, compare, equal, holds

Test = Callable[[Scope, Any], Any]


class Builder:
    """Builds the closures of one text and gathers the root names it reads.

    ``names`` are all root names; ``perhaps`` those seen only inside a filter, where they may
    also be fields of the items.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.sure: set[str] = set()
        self.perhaps: set[str] = set()
        self._bound: list[frozenset[str]] = []
        self._filters = 0

    def build(self, node: Node) -> Closure:
        """The closure of an expression."""
        made: Closure = getattr(self, "_" + node.kind)(node)
        return made

    # -- literals and names -----------------------------------------------------------

    def _number(self, node: Node) -> Closure:
        token = node.children[0]
        if len(token.replace(".", "").lstrip("0")) > MAX_DIGITS:
            raise self._refuse(token, f"số có hơn {MAX_DIGITS} chữ số.", "Viết số ngắn hơn.")
        return _constant(Decimal(str(token)))

    def _string(self, node: Node) -> Closure:
        return _constant(unquote(node.children[0]))

    def _true(self, node: Node) -> Closure:
        return _constant(True)

    def _false(self, node: Node) -> Closure:
        return _constant(False)

    def _null(self, node: Node) -> Closure:
        return _constant(None)

    def _temporal(self, node: Node) -> Closure:
        token = node.children[0]
        text = unquote(token)
        for read in (parse_date, parse_moment, parse_time, parse_duration):
            value = read(text)
            if value is not None:
                return _constant(value)
        raise self._refuse(
            token, f"«{text[:40]}» không phải ngày, giờ hay thời hạn.", 'Viết như @"2026-11-22".'
        )

    def _name(self, node: Node) -> Closure:
        return self._look(str(node.children[0]))

    def _subject(self, node: Node) -> Closure:
        return self._look("?")

    def _look(self, name: str) -> Closure:
        bound = any(name in names for names in self._bound)
        if not bound:
            (self.perhaps if self._filters else self.sure).add(name)
        if not self._is_root(name):
            return lambda scope: scope.find(name)
        return lambda scope: scope.root(name)

    def _is_root(self, name: str) -> bool:
        """Whether a name can only be one from outside."""
        return not self._filters and not any(name in names for names in self._bound)

    # -- operators --------------------------------------------------------------------

    def _or(self, node: Node) -> Closure:
        return _chain([self.build(child) for child in node.children], True)

    def _and(self, node: Node) -> Closure:
        return _chain([self.build(child) for child in node.children], False)

    def _compare(self, node: Node) -> Closure:
        left, sign, right = self.build(node.children[0]), str(node.children[1]), node.children[2]
        other = self.build(right)
        if sign == "=":
            return lambda scope: equal(scope, left(scope), other(scope))
        return lambda scope: compare(scope, sign, left(scope), other(scope))

    def _instance(self, node: Node) -> Closure:
        value, token = self.build(node.children[0]), node.children[1]
        fits = type_test(token.split(None, 2)[2])
        if fits is None:
            raise self._refuse(token, "không có kiểu này.", f"Các kiểu: {', '.join(TYPES)}.")
        return lambda scope: fits(scope, value(scope))

    def _between(self, node: Node) -> Closure:
        value, low, high = (self.build(child) for child in node.children)

        def run(scope: Scope) -> Any:
            found, least, most = value(scope), low(scope), high(scope)
            if least is None or most is None:
                return None
            above = compare(scope, ">=", found, least)
            below = compare(scope, "<=", found, most)
            return None if above is None or below is None else above and below

        return run

    def _in(self, node: Node) -> Closure:
        subject, target = self.build(node.children[0]), node.children[1]
        if target.kind in _SPECIAL or target.kind == "tests":
            children = target.children if target.kind == "tests" else [target]
            tests = [self._member(child) for child in children]
            return lambda scope: _any_of(scope, tests, subject(scope))
        values = self.build(target)

        def run(scope: Scope) -> Any:
            value, found = subject(scope), values(scope)
            return None if found is None else _belongs(scope, value, found)

        return run

    def _member(self, node: Node) -> Test:
        """One alternative of ``x in (…)``: a comparison, a range, a value or a list of values."""
        if node.kind in _SPECIAL:
            return self._special(node)
        value = self.build(node.children[0])
        return lambda scope, subject: _belongs(scope, subject, value(scope))

    def test(self, node: Node) -> Test:
        """One unary test of a decision cell, asked about the value bound to ``?``."""
        if node.kind in _SPECIAL:
            return self._special(node)
        inner = node.children[0]
        value = self.build(inner)
        if inner.kind != "true" and inner.kind != "false" and _answers(inner):
            return lambda scope, subject: value(scope) is True
        return lambda scope, subject: _belongs(scope, subject, value(scope))

    def _special(self, node: Node) -> Test:
        if node.kind == "against":
            sign, other = str(node.children[0]), self.build(node.children[1])
            return lambda scope, subject: compare(scope, sign, subject, other(scope))
        first, last = node.children
        if first.kind == last.kind == "number" and Decimal(first.children[0]) > Decimal(
            last.children[0]
        ):
            raise self._refuse(
                first.children[0], "khoảng viết ngược nên không chứa gì.", "Viết số nhỏ trước."
            )
        low, high = self.build(first), self.build(last)
        above = ">=" if node.kind in ("closed", "right_open") else ">"
        below = "<=" if node.kind in ("closed", "left_open") else "<"
        return lambda scope, subject: (
            compare(scope, above, subject, low(scope)) is True
            and compare(scope, below, subject, high(scope)) is True
        )

    def _range(self, node: Node) -> Closure:
        low, high = (self.build(child) for child in node.children)
        low_in = node.kind in ("closed", "right_open")
        high_in = node.kind in ("closed", "left_open")

        def run(scope: Scope) -> Any:
            first, last = low(scope), high(scope)
            if compare(scope, "<", first, last) is None:
                return None
            return Range(first, last, low_in, high_in)

        return run

    _closed = _right_open = _left_open = _open = _range

    def _arithmetic(self, node: Node) -> Closure:
        first, *rest = node.children
        start = self.build(first)
        steps = [(str(rest[n]), self.build(rest[n + 1])) for n in range(0, len(rest), 2)]
        if len(steps) == 1:
            sign, other = steps[0]
            return lambda scope: calculate(scope, sign, start(scope), other(scope))

        def run(scope: Scope) -> Any:
            value = start(scope)
            for sign, other in steps:
                value = calculate(scope, sign, value, other(scope))
            return value

        return run

    def _negate(self, node: Node) -> Closure:
        value = self.build(node.children[1])
        return lambda scope: negate(value(scope))

    def _if(self, node: Node) -> Closure:
        condition, yes, no = (self.build(child) for child in node.children)
        return lambda scope: yes(scope) if condition(scope) is True else no(scope)

    # -- lists and contexts -----------------------------------------------------------

    def _list(self, node: Node) -> Closure:
        items = [self.build(child) for child in node.children]
        return lambda scope: [item(scope) for item in items]

    def _context(self, node: Node) -> Closure:
        entries: list[tuple[str, Closure]] = []
        self._bound.append(frozenset())
        for entry in node.children:
            token, expression = entry.children
            key = unquote(token) if token.type == "STRING" else str(token)
            entries.append((key, self.build(expression)))
            self._bound[-1] |= {key}
        self._bound.pop()

        def run(scope: Scope) -> Any:
            made: dict[str, Any] = {}
            scope.frames.append(made)
            for key, value in entries:
                made[key] = value(scope)
            scope.frames.pop()
            return made

        return run

    def _postfix(self, node: Node) -> Closure:
        base, *suffixes = node.children
        made = self.build(base)
        keys = list(takewhile(lambda suffix: suffix.kind == "path", suffixes))
        for suffix in keys:
            made = self._path(made, suffix.children[0])
        if keys and base.kind == "name" and self._is_root(str(base.children[0])):
            made = _through(made, str(base.children[0]), [str(key.children[0]) for key in keys])
        for suffix in suffixes[len(keys) :]:
            made = getattr(self, "_" + suffix.kind)(made, suffix.children[0])
        return made

    def _path(self, base: Closure, token: Any) -> Closure:
        key = str(token)

        def run(scope: Scope) -> Any:
            value = base(scope)
            if type(value) is dict:
                return value.get(key)
            if type(value) is list:
                scope.burn(1 + len(value) // 8)
                return [field_of(item, key) for item in value]
            return field_of(value, key)

        return run

    def _filter(self, base: Closure, inner: Node) -> Closure:
        if inner.kind == "number" and not Decimal(inner.children[0]):
            raise self._refuse(
                inner.children[0],
                "Danh sách đếm từ 1, không có vị trí 0.",
                "Phần tử đầu viết ds[1].",
            )
        may_be_place = not _answers(inner)
        self._bound.append(frozenset({"item"}))
        self._filters += 1
        inside = self.build(inner)
        self._filters -= 1
        self._bound.pop()
        cost = 1 + inner.size // 8

        def run(scope: Scope) -> Any:
            value = base(scope)
            if value is None:
                return None
            items = value if type(value) is list else [value]
            if may_be_place:
                place = inside(scope)  # asked once without an item: list[2], list[n + 1]
                if type(place) is Decimal:
                    return item_at(items, place)
            kept = []
            for item in items:
                scope.burn(cost)
                scope.frames.append({"item": item})
                if type(item) is dict:
                    scope.frames.append(item)
                    wanted = inside(scope) is True
                    scope.frames.pop()
                else:
                    wanted = inside(scope) is True
                scope.frames.pop()
                if wanted:
                    kept.append(item)
            return kept

        return run

    # -- loops ------------------------------------------------------------------------

    def _for(self, node: Node) -> Closure:
        so_far = reads(node.children[1], PARTIAL)
        sources, body, cost = self._loop(node, frozenset({PARTIAL} if so_far else ()))
        return gathering(sources, body, cost, so_far)

    def _some(self, node: Node) -> Closure:
        sources, body, cost = self._loop(node)

        def run(scope: Scope) -> Any:
            whole = walk(scope, sources, 0, cost, lambda: body(scope) is not True)
            return None if whole is None else not whole

        return run

    def _every(self, node: Node) -> Closure:
        sources, body, cost = self._loop(node)
        return lambda scope: walk(scope, sources, 0, cost, lambda: body(scope) is True)

    def _loop(
        self, node: Node, given: frozenset[str] = frozenset()
    ) -> tuple[list[tuple[str, Closure]], Closure, int]:
        bindings, inner = node.children
        sources = []
        self._bound.append(frozenset())
        for binding in bindings.children:
            name = str(binding.children[0])
            parts = [self.build(child) for child in binding.children[1:]]
            sources.append((name, steps(*parts) if binding.kind == "steps" else parts[0]))
            self._bound[-1] |= {name}
        self._bound[-1] |= given
        body = self.build(inner)
        self._bound.pop()
        return sources, body, 1 + inner.size // 8

    # -- calls ------------------------------------------------------------------------

    def _call(self, node: Node) -> Closure:
        token, *rest = node.children
        name = " ".join(token.split())
        takes_function = _WITH_FUNCTION.get(name)
        arguments = [
            self._pair(child)
            if child.kind == "lambda" and at == takes_function
            else self.build(child)
            for at, child in enumerate(rest)
        ]
        if name in library.HOST:
            return self._host(token, name, arguments)
        known = library.TABLE.get(name)
        if known is None:
            cure = FUNCTIONS.get(name) or closest(name, [*library.TABLE, *library.HOST])
            raise self._refuse(token, f"không có hàm «{name}».", cure or "Xem danh sách hàm.")
        if not known.least <= len(arguments) <= known.most:
            count = str(known.least) if known.least == known.most else f"{known.least} trở lên"
            raise self._refuse(
                token,
                f"hàm «{name}» cần {count} tham số, ở đây có {len(arguments)}.",
                "Sửa số tham số.",
            )
        if name == "matches" and rest[1].kind == "string":
            self._check_pattern(rest[1].children[0])
        run = known.run
        arguments = [
            _single(argument) if takes_only_single(name, at) else argument
            for at, argument in enumerate(arguments)
        ]
        if len(arguments) == 1:
            only = arguments[0]
            return lambda scope: run(scope, only(scope))
        return lambda scope: run(scope, *[argument(scope) for argument in arguments])

    def _pair(self, node: Node) -> Closure:
        """``function(x, y) …`` as sort and list replace ask it: a Python function of two values."""
        first, second, inner = str(node.children[0]), str(node.children[1]), node.children[2]
        self._bound.append(frozenset({first, second}))
        body, cost = self.build(inner), 1 + inner.size // 8
        self._bound.pop()

        def run(scope: Scope) -> Any:
            def ask(left: Any, right: Any) -> Any:
                scope.burn(cost)
                scope.frames.append({first: left, second: right})
                value = body(scope)
                scope.frames.pop()
                return value

            return ask

        return run

    def _lambda(self, node: Node) -> Closure:
        raise self._refuse(
            node.children[0],
            "không được định nghĩa hàm ở đây.",
            "Chỉ sort và list replace nhận function(x, y) …; còn lại dùng for, some, every.",
        )

    def _host(self, token: Any, name: str, arguments: list[Closure]) -> Closure:
        if len(arguments) != 1:
            raise self._refuse(token, f"hàm «{name}» cần 1 tham số.", f"Viết như {name}(3).")
        amount = arguments[0]

        def run(scope: Scope) -> Any:
            function = (scope.functions or {}).get(name)
            if function is None:
                raise FeelError(
                    self.text, f"hàm «{name}» không dùng được ở đây.", "Chỉ dùng cho thời hạn."
                )
            value = amount(scope)
            if not isinstance(value, Decimal):
                return None
            return function(int(value) if value == value.to_integral_value() else value)

        return run

    def _check_pattern(self, token: Any) -> None:
        try:
            compile_pattern(unquote(token))
        except PatternError as error:
            raise self._refuse(token, str(error), "Viết mẫu như ^[0-9]{12}$.") from None

    def _refuse(self, token: Any, reason: str, cure: str) -> FeelError:
        return FeelError(self.text, reason, cure, getattr(token, "start_pos", None))


_SPECIAL = RANGES | {"against"}
_ANSWERS = frozenset(
    ["or", "and", "compare", "between", "in", "some", "every", "true", "false", "instance"]
)
_WITH_FUNCTION = {"sort": 1, "list replace": 1}


def _answers(node: Node) -> bool:
    """Whether an expression can only give true, false or null, seen from its form."""
    if node.kind == "call":
        known = library.TABLE.get(" ".join(node.children[0].split()))
        return known is not None and known.test
    if node.kind == "if":
        return _answers(node.children[1]) and _answers(node.children[2])
    return node.kind in _ANSWERS


def _constant(value: Any) -> Closure:
    return lambda scope: value


def _through(slow: Closure, name: str, keys: list[str]) -> Closure:
    """A path from outside; ``slow`` finds it where the way goes through lists and dates."""
    path = (name, *keys)

    def run(scope: Scope) -> Any:
        found = scope.inside(path)
        return slow(scope) if found is ... else found

    return run


def _single(argument: Closure) -> Closure:
    """A list of one stands for its item where no list is wanted."""

    def run(scope: Scope) -> Any:
        value = argument(scope)
        return value[0] if type(value) is list and len(value) == 1 else value

    return run


def _chain(parts: list[Closure], stop: bool) -> Closure:
    """``or`` (stop at true) or ``and`` (stop at false), with three values."""

    def run(scope: Scope) -> Any:
        sure = True
        for part in parts:
            value = part(scope)
            if value is stop:
                return stop
            if value is not (not stop):
                sure = False
        return not stop if sure else None

    return run


def _any_of(scope: Scope, tests: list[Test], subject: Any) -> bool:
    return any(test(scope, subject) is True for test in tests)


def _belongs(scope: Scope, subject: Any, value: Any) -> bool:
    """Equal to the value, or to an item of it when it is a list."""
    if type(value) is list:
        scope.burn(1 + len(value) // 16)
        for item in value:
            if equal(scope, item, subject) is True:
                return True
            if type(item) is Range and holds(scope, item, subject):
                return True
    if type(value) is Range:
        return holds(scope, value, subject)
    return equal(scope, subject, value) is True
