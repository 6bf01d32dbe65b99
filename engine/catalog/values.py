"""Which values the choices of a procedure offer, and which ones expressions ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lxml import etree

from engine import feel
from engine.bpmn.xml import BPMN
from engine.catalog.written import types_of
from engine.dmn import Decision
from engine.dmn.results import types_of_decision
from engine.errors import FeelError
from engine.feel import types
from engine.feel.reading import function_of, path_of
from engine.feel.syntax import Node, parse, unquote
from engine.forms import Form

Offered = Mapping[str, frozenset[str] | None]


def offered(
    forms: Iterable[Form], decisions: Iterable[Decision], pictures: Iterable[etree._Element]
) -> Offered:
    """The texts that may stand at each path, wherever it is written; None when any may."""
    found: dict[str, frozenset[str] | None] = {}

    def add(path: str, values: frozenset[str] | None) -> None:
        before = found.get(path, frozenset())
        found[path] = None if before is None or values is None else before | values

    for written in (*map(types_of, forms), *map(types_of_decision, decisions)):
        for name, type_ in written.items():
            for path, values in _flat(name, type_):
                add(path, values)
    for root in pictures:
        for script in root.iter(f"{{{BPMN}}}script"):
            for name, literal in _assigned((script.text or "").strip()):
                add(name, literal)
    return found


def asked(text: str) -> list[tuple[str, str]]:
    """The texts an expression compares paths with: (path, text)."""
    try:
        compiled = feel.compile_expression(text)
    except FeelError:
        return []
    sure = compiled.names - compiled.perhaps
    return [pair for pair in _asked(parse(text)) if pair[0].split(".")[0] in sure]


def _flat(path: str, type_: types.Type) -> Iterator[tuple[str, frozenset[str] | None]]:
    if isinstance(type_, types.Context) and type_.fields is not None:
        for name, inner in type_.fields.items():
            yield from _flat(f"{path}.{name}", inner)
        return
    item = type_.of if isinstance(type_, types.List) else type_
    known = isinstance(item, types.Text) and item.values is not None
    yield path, frozenset(item.values or ()) if known and isinstance(item, types.Text) else None


def _assigned(text: str) -> Iterator[tuple[str, frozenset[str] | None]]:
    try:
        lines = feel.compile_script(text).lines
    except FeelError:
        return
    for name, compiled in lines:
        literal = _literal(parse(compiled.text))
        yield name, None if literal is None else frozenset({literal})


def _asked(node: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(node, Node):
        return
    if node.kind == "compare" and node.children[1] in ("=", "!="):
        left, _, right = node.children
        yield from _pair(left, right)
        yield from _pair(right, left)
    elif node.kind == "in":
        for other in _items(node.children[1]):
            yield from _pair(node.children[0], other)
    elif function_of(node) == "list contains":
        yield from _pair(node.children[1], node.children[2])
    for child in node.children:
        yield from _asked(child)


def _pair(subject: Node, other: Node) -> Iterator[tuple[str, str]]:
    path, value = path_of(subject), _literal(other)
    if path is not None and value is not None:
        yield ".".join(path), value


def _items(node: Node) -> list[Node]:
    if node.kind in ("tests", "list"):
        return [item for child in node.children for item in _items(child)]
    return [node.children[0]] if node.kind == "value" else [node]


def _literal(node: Node) -> str | None:
    return unquote(node.children[0]) if node.kind == "string" else None
