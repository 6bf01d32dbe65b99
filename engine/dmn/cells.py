"""What a decision cell compares its value with, seen from its form. Evaluates no table."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from engine.errors import FeelError
from engine.feel.ranges import Range
from engine.feel.reading import RANGES, Unclear, constant, function_of, parts
from engine.feel.syntax import Node, parse

_NOT = re.compile(r"\s*not\s*\((.*)\)\s*", re.DOTALL)


@dataclass(frozen=True)
class Shape:
    """The constants of a cell whose answer changes only at them.

    ``equals`` are asked for by equality, ``bounds`` are ends of comparisons and ranges,
    ``members`` are asked for inside a list; ``size`` is what one evaluation costs.
    """

    equals: tuple[Any, ...]
    bounds: tuple[Any, ...]
    members: tuple[Any, ...]
    size: int


@dataclass
class _Walk:
    equals: list[Any] = field(default_factory=list)
    bounds: list[Any] = field(default_factory=list)
    members: list[Any] = field(default_factory=list)

    def tests(self, node: Node) -> None:
        for test in node.children:
            self.test(test)

    def test(self, node: Node) -> None:
        if node.kind == "against":
            into = self.equals if node.children[0] in ("=", "!=") else self.bounds
            into.append(constant(node.children[1]))
        elif node.kind in RANGES:
            self.bounds += [constant(child) for child in node.children]
        elif _reads_value(node):
            self.answer(node.children[0])
        else:
            self.value(node.children[0])

    def value(self, node: Node) -> None:
        found = constant(node)
        if isinstance(found, bool) and node.kind not in ("true", "false"):
            return  # a comparison of constants: it holds or not, whatever the value is
        if isinstance(found, dict):
            raise Unclear
        for item in found if isinstance(found, list) else [found]:
            if isinstance(item, Range):
                self.bounds += [item.low, item.high]
            else:
                self.equals.append(item)

    def answer(self, node: Node) -> None:
        """A true-or-false expression about ``?``."""
        children = node.children
        if node.kind in ("or", "and"):
            for child in children:
                self.answer(child)
        elif node.kind == "compare":
            left, sign, right = children
            other = right if left.kind == "subject" else left
            if "subject" not in (left.kind, right.kind):
                raise Unclear
            (self.equals if sign in ("=", "!=") else self.bounds).append(constant(other))
        elif node.kind == "between" and children[0].kind == "subject":
            self.bounds += [constant(child) for child in children[1:]]
        elif node.kind == "in" and children[0].kind == "subject":
            target = children[1]
            if target.kind == "tests":
                self.tests(target)
            elif target.kind in RANGES or target.kind == "against":
                self.test(target)
            else:
                self.value(target)
        elif node.kind == "call":
            name, arguments = function_of(node), children[1:]
            if name == "not" and len(arguments) == 1:
                self.answer(arguments[0])
            elif name == "list contains" and arguments[0].kind == "subject":
                self.members.append(constant(arguments[1]))
            elif name != "is defined" or arguments[0].kind != "subject":
                raise Unclear
        else:
            raise Unclear


def shape(text: str) -> Shape | None:
    """The constants a cell looks at; None when its answer depends on anything else."""
    walk = _Walk()
    try:
        tree = _tree(text)
        if tree is not None:
            walk.tests(tree)
    except (Unclear, FeelError):
        return None
    size = tree.size if tree is not None else 1
    return Shape(tuple(walk.equals), tuple(walk.bounds), tuple(walk.members), size)


def listed(text: str) -> tuple[Any, ...] | None:
    """The values of a cell that is a plain list of constants, in its order; else None."""
    found = shape(text)
    if found is None or found.bounds or found.members or _NOT.fullmatch(text):
        return None
    return found.equals


def _tree(text: str) -> Node | None:
    if text.strip() in ("", "-"):
        return None
    inner = _NOT.fullmatch(text)
    if inner is not None:
        try:
            return parse(inner[1], "tests")
        except FeelError:
            pass  # not( … ) does not span the whole cell
    return parse(text, "tests")


def _reads_value(node: Node) -> bool:
    return any(part.kind == "subject" for part in parts(node))
