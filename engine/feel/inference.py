"""Clashes of kinds that can be seen in an expression before it runs. Only certain ones.

Each part is given the kinds that it may have; None where anything is possible. Null is left out:
it belongs to every kind and clashes with none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.errors import FeelError
from engine.feel import types as t
from engine.feel.compiler import Compiled
from engine.feel.loops import PARTIAL
from engine.feel.parameters import FORMS
from engine.feel.reading import Unclear, constant, function_of, path_of
from engine.feel.syntax import RANGES, Node, closest, parse
from engine.feel.values import kind

Kinds = frozenset[str] | None
_WORDS = {
    "number": "số",
    "string": "chữ",
    "boolean": "đúng/sai",
    "date": "ngày",
    "date and time": "ngày giờ",
    "time": "giờ",
    "duration": "khoảng ngày giờ",
    "months": "khoảng năm tháng",
    "list": "danh sách",
    "context": "đối tượng",
    "range": "khoảng",
    "null": "trống",
    "function": "hàm",
}
_TRUTHS = frozenset(
    ["or", "and", "compare", "between", "in", "some", "every", "true", "false", "instance"]
)
_BOOLEAN, _NUMBER, _STRING = (frozenset({name}) for name in ("boolean", "number", "string"))
_MOMENTS = frozenset({"date", "date and time", "time"})
_SPANS = frozenset({"duration", "months"})
_PARTS = {
    "date": ("year", "month", "day", "weekday"),
    "time": ("hour", "minute", "second", "time offset"),
    "duration": ("days", "hours", "minutes", "seconds"),
    "months": ("years", "months"),
    "range": ("start", "end", "start included", "end included"),
    "date and time": (
        "year", "month", "day", "weekday", "hour", "minute", "second", "time offset"
    ),
}  # fmt: skip


def clashes(
    compiled: Compiled, types: Mapping[str, t.Type] | None = None, *, condition: bool = False
) -> list[str]:
    """Sentences, in Vietnamese, about parts that can never give an answer with these types.

    With ``condition`` the whole must be able to be true, too.
    """
    try:
        tree = parse(compiled.text)
    except FeelError:
        return []
    looking = _Looking(types or {})
    if condition:
        looking.truth(tree, "cả biểu thức")
    else:
        looking.kinds(tree)
    return list(dict.fromkeys(looking.found))


def result_kinds(compiled: Compiled, types: Mapping[str, t.Type] | None = None) -> Kinds:
    """The kinds (``number``, ``boolean``, …) that an expression may give; None when unknown."""
    try:
        return _Looking(types or {}).kinds(parse(compiled.text))
    except FeelError:
        return None


class _Looking:
    def __init__(self, types: Mapping[str, t.Type]) -> None:
        self.types = types
        self.found: list[str] = []
        self.bound: list[dict[str, t.Type]] = []
        self.filters = 0
        self._known: dict[int, Kinds] = {}  # every part is looked at once

    def say(self, sentence: str) -> None:
        self.found.append(sentence)

    # -- kinds of expressions -------------------------------------------------------------

    def kinds(self, node: Node) -> Kinds:
        """The kinds a part may have; looks at all that is inside it."""
        if id(node) not in self._known:
            self._known[id(node)] = self._look(node)
        return self._known[id(node)]

    def _look(self, node: Node) -> Kinds:
        if node.kind in ("name", "postfix"):
            return self._value(node)
        if node.kind in ("number", "string"):
            return frozenset({node.kind})
        if node.kind == "temporal":
            return frozenset({kind(constant(node))})
        if node.kind == "null":
            return frozenset()
        if node.kind in RANGES:
            self._same(node, node.children[0], node.children[1])
            return frozenset({"range"})
        look = getattr(self, "_" + node.kind, None)
        if look is not None:
            return look(node)
        if node.kind in _TRUTHS:
            for child in _nodes(node):
                self.kinds(child)
            return _BOOLEAN
        return None

    def _value(self, node: Node) -> Kinds:
        type_ = self.type_of(node)
        if node.kind == "postfix":
            self._inside(node)
            last = node.children[-1]
            if type_ is None and last.kind == "path":
                before = self.kinds(node.children[0]) if len(node.children) == 2 else None
                return self._part(node, before, str(last.children[0]))
        return None if type_ is None or isinstance(type_, t.Any) else type_.kinds

    def _inside(self, node: Node) -> None:
        base = node.children[0]
        if base.kind != "name":
            self.kinds(base)
        for suffix in node.children[1:]:
            if suffix.kind == "filter":
                self.filters += 1
                self.kinds(suffix.children[0])
                self.filters -= 1

    def _part(self, node: Node, kinds: Kinds, key: str) -> Kinds:
        if not kinds or kinds & {"list", "context"}:
            return None
        parts = [_PARTS.get(name, ()) for name in kinds]
        if not any(key in names for names in parts):
            self.say(f"{named(kinds)} không có phần «.{key}».")
            return None
        if key in ("start", "end", "time offset"):
            return None
        return _BOOLEAN if key.endswith("included") else _NUMBER

    def type_of(self, node: Node) -> t.Type | None:
        """The declared type of a path; None when it is no path or nothing is declared."""
        path = path_of(node)
        if path is None or self.filters:
            return None
        for names in reversed(self.bound):
            if path[0] in names:
                declared = names[path[0]]
                for key in path[1:]:
                    declared = t.inside(declared, key)
                return None if isinstance(declared, t.Any) else declared
        declared = t.at(self.types, path)
        if isinstance(declared, t.Any) and len(path) > 1:
            whole = t.at(self.types, path[:-1])
            if whole.kinds and not whole.kinds & {"list", "context"}:
                self._part(node, whole.kinds, path[-1])
        return None if isinstance(declared, t.Any) else declared

    # -- operators ------------------------------------------------------------------------

    def _or(self, node: Node) -> Kinds:
        for child in node.children:
            self.truth(child, "and/or")
        return _BOOLEAN

    _and = _or

    def truth(self, node: Node, place: str) -> None:
        """A part that stands where true or false is asked for."""
        kinds = self.kinds(node)
        if kinds and not kinds & {"boolean", "list"}:
            self.say(
                f"{_of(node)} là {named(kinds)} nhưng đứng ở chỗ của điều kiện ({place}), "
                "nên không bao giờ đúng. Viết một phép so sánh."
            )

    def _if(self, node: Node) -> Kinds:
        self.truth(node.children[0], "if")
        yes, no = self.kinds(node.children[1]), self.kinds(node.children[2])
        return None if yes is None or no is None else yes | no

    def _compare(self, node: Node) -> Kinds:
        left, sign, right = node.children
        if sign not in ("=", "!="):
            for side in (left, right):
                kinds = self.kinds(side)
                if kinds and not kinds & {"list"} and kinds <= {"boolean", "context"}:
                    self.say(f"{_of(side)} là {named(kinds)}, không so sánh lớn nhỏ được.")
                    return _BOOLEAN
        self._same(node, left, right)
        self._listed(left, right)
        self._listed(right, left)
        return _BOOLEAN

    def _between(self, node: Node) -> Kinds:
        for bound in node.children[1:]:
            self._same(node, node.children[0], bound)
        return _BOOLEAN

    def _in(self, node: Node) -> Kinds:
        subject, target = node.children
        self._member(subject, target)
        return _BOOLEAN

    def _member(self, subject: Node, target: Node) -> None:
        if target.kind == "tests" or target.kind == "list":
            for child in target.children:
                self._member(subject, child)
        elif target.kind in RANGES:
            for child in target.children:
                self._same(target, subject, child)
        elif target.kind == "against":
            self._same(target, subject, target.children[1])
        elif target.kind == "value":
            self._member(subject, target.children[0])
        else:
            type_ = self.type_of(target)
            if isinstance(type_, t.List):
                self.kinds(subject)
                self._listed_in(type_.of, target, subject)
                return
            self._same(target, subject, target)
            self._listed(subject, target)

    def _same(self, node: Node, left: Node, right: Node) -> None:
        """Both must have a kind in common."""
        first, second = self.kinds(left), self.kinds(right)
        if not first or not second or first & second or "list" in first | second:
            return
        if "range" in first | second and node.kind not in RANGES:
            return
        self.say(
            f"So sánh {named(first)} ({_of(left)}) với {named(second)} ({_of(right)}): "
            f"không bao giờ bằng. {_cure(first, second)}"
        )

    def _listed(self, node: Node, other: Node) -> None:
        """A constant that is none of the values a name may have."""
        type_ = self.type_of(node)
        if isinstance(type_, t.Text):
            self._listed_in(type_, node, other)

    def _listed_in(self, type_: t.Type, node: Node, other: Node) -> None:
        if not isinstance(type_, t.Text) or type_.values is None:
            return
        try:
            value = constant(other)
        except Unclear:
            return
        if isinstance(value, str) and value not in type_.values:
            few = ", ".join(f"«{name}»" for name in type_.values[:8])
            cure = closest(value, type_.values) or f"Các giá trị: {few}."
            self.say(f"{_of(node)} không có giá trị «{value}». {cure}")

    def _arithmetic(self, node: Node) -> Kinds:
        kinds = self.kinds(node.children[0])
        for at in range(1, len(node.children), 2):
            sign, other = str(node.children[at]), node.children[at + 1]
            more = self.kinds(other)
            if kinds is None or more is None:
                kinds = None
                continue
            results = {_result(sign, a, b) for a in kinds for b in more} - {None}
            if kinds and more and not results:
                self.say(
                    f"Không tính được {named(kinds)} {sign} {named(more)} ({_of(other)}): "
                    f"kết quả luôn trống. {_cure(kinds, more)}"
                )
                kinds = None
            else:
                kinds = frozenset(result for result in results if result is not None)
        return kinds

    def _negate(self, node: Node) -> Kinds:
        kinds = self.kinds(node.children[1])
        if kinds and not kinds & {"number", *_SPANS}:
            self.say(f"Không đổi dấu được {named(kinds)}.")
            return None
        return kinds

    # -- the rest ---------------------------------------------------------------------------

    def _list(self, node: Node) -> Kinds:
        for child in node.children:
            self.kinds(child)
        return frozenset({"list"})

    def _context(self, node: Node) -> Kinds:
        self.bound.append({})
        for entry in node.children:
            token, value = entry.children
            self.kinds(value)
            self.bound[-1][str(token).strip('"')] = t.Any()
        self.bound.pop()
        return frozenset({"context"})

    def _for(self, node: Node) -> Kinds:
        self._loop(node)
        return frozenset({"list"})

    def _some(self, node: Node) -> Kinds:
        self._loop(node)
        return _BOOLEAN

    _every = _some

    def _loop(self, node: Node) -> None:
        bindings, body = node.children
        self.bound.append({})
        for binding in bindings.children:
            for source in _nodes(binding):
                self.kinds(source)
            source_type = self.type_of(binding.children[1])
            found = source_type.of if isinstance(source_type, t.List) else t.Any()
            if binding.kind == "steps":
                found = t.Number()
            self.bound[-1][str(binding.children[0])] = found
        if node.kind == "for":
            self.bound[-1].setdefault(PARTIAL, t.List())
            self.kinds(body)
        else:
            self.truth(body, "satisfies")
        self.bound.pop()

    def _call(self, node: Node) -> Kinds:
        name, arguments = function_of(node), node.children[1:]
        if name == "not" and len(arguments) == 1:
            self.truth(arguments[0], "not")
            return _BOOLEAN
        kinds = [None if a.kind == "lambda" else self.kinds(a) for a in arguments]
        if name == "list contains" and len(arguments) == 2:
            type_ = self.type_of(arguments[0])
            if isinstance(type_, t.List):
                self._listed_in(type_.of, arguments[0], arguments[1])
        forms = [form for form in FORMS.get(name, ()) if form.takes(len(arguments))]
        for at, found in enumerate(kinds):
            wanted: set[str] = set()
            for form in forms:
                parameter = form.at(at)
                wanted |= parameter.kinds if parameter is not None else {"any"}
            if found and forms and not wanted & {"any", "list"} and not found & {"list", *wanted}:
                self.say(
                    f"Hàm «{name}» cần {named(frozenset(wanted))}, ở đây là {named(found)} "
                    f"({_of(arguments[at])}). {_cure(found, frozenset(wanted))}"
                )
        results = {form.result for form in forms}
        return None if not results or "any" in results else frozenset(results)


def _result(sign: str, a: str, b: str) -> str | None:
    """The kind of a sum, difference, product…; None when there is none."""
    if "list" in (a, b):
        return None
    if a == b == "number":
        return "number"
    if a == b == "string":
        return "string" if sign == "+" else None
    if a in _SPANS and b in _SPANS:
        return None if a != b or sign in ("*", "**") else "number" if sign == "/" else a
    if a in _SPANS and b == "number":
        return a if sign in "*/" else None
    if a == "number" and b in _SPANS:
        return b if sign == "*" else None
    if a in _MOMENTS and b in _SPANS and sign in "+-":
        return None if a == "time" and b == "months" else a
    if a in _SPANS and b in _MOMENTS and sign == "+":
        return None if b == "time" and a == "months" else b
    if a == b and a in ("date", "date and time") and sign == "-":
        return "duration"
    return None


def _cure(first: frozenset[str], second: frozenset[str]) -> str:
    both = first | second
    if "string" in both and both & _MOMENTS:
        return "Đọc chữ thành ngày bằng date(…)."
    if "string" in both and both & _SPANS:
        return "Đọc chữ thành thời hạn bằng duration(…)."
    if both == {"string", "number"}:
        return "Bỏ dấu nháy quanh số, hoặc dùng number(…), string(…)."
    if both == {"string", "boolean"}:
        return "Viết true hoặc false, không có dấu nháy."
    if both == {"date", "date and time"}:
        return "Lấy ngày của thời điểm bằng date(…)."
    return "Sửa cho hai bên cùng kiểu."


def named(kinds: frozenset[str]) -> str:
    """Kinds in Vietnamese words."""
    return " hoặc ".join(sorted(_WORDS.get(name, name) for name in kinds))


def _of(node: Node) -> str:
    """A part as it was written, short."""
    path = path_of(node)
    if path is not None:
        return f"«{'.'.join(path)}»"
    if node.kind in ("number", "string", "true", "false"):
        return f"«{node.children[0] if node.children else node.kind}»"
    return f"«{function_of(node)}(…)»" if node.kind == "call" else "biểu thức con"


def _nodes(node: Node) -> Iterator[Node]:
    return (child for child in node.children if isinstance(child, Node))
