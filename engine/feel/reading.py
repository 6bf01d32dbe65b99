"""What a condition asks of each name, seen from its tree: which constants, bounds and members.

A condition whose answer changes only at the constants found here can be known exactly by asking it
about one value for each constant and each stretch between two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.errors import FeelError
from engine.feel import types as t
from engine.feel.closures import Builder
from engine.feel.compiler import Compiled, run
from engine.feel.functions import HOST
from engine.feel.syntax import Node, parse
from engine.feel.values import Scope, kind

Path = tuple[str, ...]
RANGES = frozenset({"closed", "right_open", "left_open", "open"})
_MOVING = frozenset({"now", "today", *HOST})
_BINDING = frozenset({"for", "some", "every", "filter", "context", "subject", "lambda"})
_ANSWERING = frozenset({"or", "and", "compare", "between", "in"})


class Unclear(Exception):
    """The condition's answer may change elsewhere than at constants."""


@dataclass
class Asked:
    """What is asked of one path: values it is compared with, members, and other paths."""

    values: list[Any] = field(default_factory=list)
    members: list[Any] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    paths: set[Path] = field(default_factory=set)


def path_of(node: Node) -> Path | None:
    """``a.b.c`` as a path; None for anything else."""
    if node.kind == "name":
        return (str(node.children[0]),)
    if node.kind == "postfix" and node.children[0].kind == "name":
        suffixes = node.children[1:]
        if all(suffix.kind == "path" for suffix in suffixes):
            names = (suffix.children[0] for suffix in suffixes)
            return (str(node.children[0].children[0]), *(str(name) for name in names))
    return None


def paths_of(compiled: Compiled) -> frozenset[str]:
    """The dotted paths an expression reads, without what may be a field of a list's items."""
    sure = compiled.names - compiled.perhaps
    return frozenset(path for path in _read(parse(compiled.text)) if path.split(".")[0] in sure)


def _read(node: Node) -> Iterator[str]:
    if node.kind == "name":
        yield str(node.children[0])
        return
    rest = node.children
    if node.kind == "postfix" and rest[0].kind == "name":
        names = [str(rest[0].children[0])]
        for suffix in rest[1:]:
            if suffix.kind != "path":
                break
            names.append(str(suffix.children[0]))
        yield ".".join(names)
        rest = [suffix for suffix in rest[1:] if suffix.kind == "filter"]
    for child in rest:
        if isinstance(child, Node):
            yield from _read(child)


def function_of(node: Node) -> str:
    """The name of the function that a call names."""
    return " ".join(node.children[0].split()) if node.kind == "call" else ""


def parts(node: Node) -> Iterator[Node]:
    """The node and everything in it."""
    todo = [node]
    while todo:
        part = todo.pop()
        yield part
        todo += [child for child in part.children if isinstance(child, Node)]


def constant(node: Node) -> Any:
    """The value of an expression that reads no name and no clock; Unclear when it does."""
    for part in parts(node):
        if part.kind in _BINDING or part.kind == "name" or function_of(part) in _MOVING:
            raise Unclear
    try:
        return run(Builder("").build(node), Scope("", {}, None, None))
    except FeelError:
        raise Unclear from None


class Reading:
    """Reads conditions and gathers in ``asked`` what they ask of each path; Unclear otherwise."""

    def __init__(self, types: Mapping[str, t.Type]) -> None:
        self.types = types
        self.asked: dict[Path, Asked] = {}

    def condition(self, node: Node) -> None:
        """An expression of which only counts whether it is true."""
        children = node.children
        name = function_of(node)
        if node.kind in ("or", "and", "if"):
            for child in children:
                self.condition(child)
        elif name == "not" and len(children) == 2:
            self.condition(children[1])
        elif node.kind == "compare":
            self._compare(children[0], children[2])
        elif node.kind == "between":
            for bound in children[1:]:
                self._compare(children[0], bound)
        elif node.kind == "in":
            self._in(children[0], children[1])
        elif path_of(node) is not None:
            self._of(node).values += [True, False]
        elif name == "list contains" and len(children) == 3:
            self._in(children[2], children[1])
        elif name == "is defined" and path_of(children[1]) is not None:
            self._of(children[1])
        else:
            self._otherwise(node)

    def _compare(self, left: Node, right: Node) -> None:
        if path_of(left) is None:
            left, right = right, left
        if path_of(left) is None:
            if function_of(left) != "count":
                left, right = right, left
            if function_of(left) == "count" and path_of(left.children[1]) is not None:
                self._count(left.children[1], right)
            else:
                self._otherwise(left)
                self._otherwise(right)
        elif path_of(right) is not None:
            mine, other = self._of(left), self._of(right)
            mine.paths.add(_path(right))
            other.paths.add(_path(left))
        else:
            self._value(left, right)

    def _value(self, node: Node, other: Node) -> None:
        """A path compared with a constant."""
        try:
            found = constant(other)
        except Unclear:
            self._otherwise(node)
            self._otherwise(other)
            return
        if kind(found) in ("list", "context", "range"):
            raise Unclear
        self._of(node).values.append(found)

    def _count(self, node: Node, other: Node) -> None:
        found = constant(other)
        if type(found) is not Decimal or found != int(found) or not 0 <= found <= 5:
            raise Unclear
        self._of(node).counts.append(int(found))

    def _in(self, subject: Node, target: Node) -> None:
        if path_of(target) is not None:
            if path_of(subject) is not None:
                raise Unclear
            found = constant(subject)
            if kind(found) in ("list", "context", "range"):
                raise Unclear
            self._of(target).members.append(found)
        elif target.kind == "tests":
            for test in target.children:
                self._in(subject, test)
        elif target.kind in RANGES or target.kind == "list":
            for bound in target.children:
                self._compare(subject, bound)
        elif target.kind == "against":
            self._compare(subject, target.children[1])
        elif target.kind == "value":
            self._in(subject, target.children[0])
        else:
            self._compare(subject, target)

    def _otherwise(self, node: Node) -> None:
        """Any expression over names of which every value can be asked about."""
        if node.kind in _ANSWERING:
            self.condition(node)
            return
        for part in parts(node):
            if part.kind in _BINDING or function_of(part) in _MOVING:
                raise Unclear
        for path in _paths(node):
            if not finite(t.at(self.types, path)):
                raise Unclear
            self.asked.setdefault(path, Asked())

    def _of(self, node: Node) -> Asked:
        return self.asked.setdefault(_path(node), Asked())


def finite(type_: t.Type) -> bool:
    """Whether all values of a type can be listed."""
    return isinstance(type_, t.Boolean) or (isinstance(type_, t.Text) and type_.values is not None)


def _path(node: Node) -> Path:
    found = path_of(node)
    if found is None:
        raise Unclear
    return found


def _paths(node: Node) -> Iterator[Path]:
    found = path_of(node)
    if found is not None:
        yield found
        return
    if node.kind == "postfix" and any(child.kind == "path" for child in node.children[1:]):
        raise Unclear
    for child in node.children:
        if isinstance(child, Node):
            yield from _paths(child)
