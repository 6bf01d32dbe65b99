"""What is hidden, given what was entered. FEEL with form-js's meaning: null counts as hidden.

A hidden field counts as empty for other conditions, so what is shown follows from what will be
stored; conditions that wait for each other in a circle are refused when the form is compiled.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from engine import feel
from engine.errors import FeelError
from engine.forms import nodes, values

Places = frozenset[tuple[str, int | None]]  # (node id, row number)

_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')
_PATHS = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*", re.ASCII)
_SPECIAL = frozenset({"this", "parent", "i"})


class Conditions:
    """Compiles and checks the conditions of one form."""

    def __init__(self, refuse: Callable[[str | None, str, str], Exception]) -> None:
        self.refuse = refuse
        self.inputs: frozenset[str] = frozenset()

    def compile(self, id_: str, text: Any) -> nodes.Condition:
        """A ``=…`` expression; which names it may use is checked once the whole form is known."""
        if not isinstance(text, str) or not text.lstrip().startswith("="):
            raise self.refuse(id_, "Điều kiện phải là biểu thức.", "Bắt đầu bằng dấu =.")
        body = text.lstrip()[1:].strip()
        try:
            compiled = feel.compile_expression(body)
        except FeelError as error:
            raise self.refuse(id_, f"Điều kiện sai: {error.message}", "Sửa biểu thức.") from None
        roots = compiled.names
        found = (re.sub(r"\s", "", path) for path in _PATHS.findall(_STRINGS.sub('""', body)))
        paths = frozenset(path for path in found if path.split(".")[0] in roots)
        return nodes.Condition(body, compiled, paths)

    def bind(self, tree: tuple[nodes.Node, ...]) -> None:
        """Check every name of every condition, and that no two conditions wait for each other."""
        known = {node.path: node for node in nodes.walk(tree) if node.path}
        waits: dict[str, set[str]] = {}
        for node, parents in _with_parents(tree, ()):
            waits[node.id] = {parent.id for parent in parents[-1:]}
            if node.hide is None:
                continue
            rows = next((p for p in parents if isinstance(p, nodes.Rows)), None)
            for name in sorted(node.hide.compiled.names | {p for p in node.hide.paths if "." in p}):
                root = name.split(".")[0]
                if root in self.inputs or (root in _SPECIAL and name == root):
                    if root in _SPECIAL and rows is None:
                        raise self.refuse(
                            node.id, f"Điều kiện dùng «{root}» ngoài danh sách.", "Ghi tên trường."
                        )
                    continue
                target = known.get(_absolute(name, rows))
                if target is None:
                    raise self.refuse(
                        node.id,
                        f"Điều kiện nêu «{name}», không có trong biểu mẫu.",
                        "Sửa tên trường, hoặc khai tên ở properties.inputs của biểu mẫu.",
                    )
                inside = {n.id for n in nodes.walk((target,))} if name in node.hide.paths else set()
                waits[node.id] |= inside
        _refuse_circles(waits, self.refuse)


def _absolute(name: str, rows: nodes.Rows | None) -> str:
    root, _, rest = name.partition(".")
    if root == "this" and rows is not None:
        return f"{rows.path}.{nodes.ROW}.{rest}"
    return rest if root == "parent" else name


def _with_parents(
    tree: Sequence[nodes.Node], parents: tuple[nodes.Node, ...]
) -> Iterator[tuple[nodes.Node, tuple[nodes.Node, ...]]]:
    for node in tree:
        yield node, parents
        if isinstance(node, nodes.Group | nodes.Rows):
            yield from _with_parents(node.children, (*parents, node))


def _refuse_circles(
    waits: Mapping[str, set[str]], refuse: Callable[[str | None, str, str], Exception]
) -> None:
    done: set[str] = set()
    for start in waits:
        stack = [(start, iter(waits[start]))]
        open_ = {start}
        while stack:
            name, rest = stack[-1]
            for other in rest:
                if other in open_:
                    raise refuse(
                        name,
                        f"Điều kiện ẩn của «{name}» và «{other}» chờ lẫn nhau.",
                        "Sửa để điều kiện chỉ nhìn về trường khác, không vòng lại.",
                    )
                if other not in done:
                    open_.add(other)
                    stack.append((other, iter(waits.get(other, ()))))
                    break
            else:
                stack.pop()
                open_.discard(name)
                done.add(name)


def dependents(tree: tuple[nodes.Node, ...]) -> frozenset[str]:
    """Paths (rows as ``*``) on which some field's visibility or need depends."""
    known = {node.path: node for node in nodes.walk(tree) if node.path}
    found: set[str] = set()
    for node, parents in _with_parents(tree, ()):
        rows = next((p for p in parents if isinstance(p, nodes.Rows)), None)
        needs = node.need if isinstance(node, nodes.Leaf) else None
        for name in {path for c in (node.hide, needs) if c is not None for path in c.paths}:
            target = known.get(_absolute(name, rows))
            if isinstance(target, nodes.Group):
                found |= {n.path for n in nodes.walk(target.children) if n.path}
            elif target is not None:
                found.add(target.path)
    return frozenset(found)


def left_out(tree: tuple[nodes.Node, ...], context: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """By choice field, the tokens of options that are not offered now (context only)."""
    return {
        node.id: frozenset(
            token for token, when in node.hide_options if feel.hidden(when.compiled, context)
        )
        for node in nodes.walk(tree)
        if isinstance(node, nodes.Choice) and node.hide_options
    }


def shown(value: Any, node: nodes.Leaf) -> Any:
    """The entered value, or the field's default where nothing was ever entered."""
    return node.default if value is nodes.ABSENT else value


def hidden(
    tree: tuple[nodes.Node, ...],
    raw: Mapping[str, Any],
    context: Mapping[str, Any],
    lists: values.Lists,
) -> Places:
    """Every component that is not shown, children of hidden parents included."""
    found: Places = frozenset()
    for _ in range(len(list(nodes.walk(tree))) + 1):
        data = _data(tree, raw, lists, found, None)
        again = frozenset(_pass(tree, data, context, data, None, False))
        if again == found:
            break
        found = again
    return found


def known(
    tree: tuple[nodes.Node, ...], raw: Mapping[str, Any], lists: values.Lists, gone: Places
) -> dict[str, Any]:
    """What is entered so far, typed as conditions see it; hidden and unreadable is blank."""
    return _data(tree, raw, lists, gone, None)


def needed(
    tree: tuple[nodes.Node, ...],
    raw: Mapping[str, Any],
    context: Mapping[str, Any],
    lists: values.Lists,
    gone: Places,
) -> Places:
    """Fields whose own ``requiredWhen`` is true now."""
    if not any(isinstance(node, nodes.Leaf) and node.need for node in nodes.walk(tree)):
        return frozenset()
    root = _data(tree, raw, lists, gone, None)

    def look(
        part: Sequence[nodes.Node], this: Mapping[str, Any], index: int | None
    ) -> Iterator[tuple[str, int | None]]:
        for node in part:
            if isinstance(node, nodes.Group):
                yield from look(node.children, this, index)
            elif isinstance(node, nodes.Rows):
                for number, row in enumerate(rows_of(root, node)):
                    yield from look(node.children, row, number)
            elif isinstance(node, nodes.Leaf) and node.need is not None:
                names = _names(context, root, this, index)
                if feel.is_true(node.need.compiled.evaluate(names)):
                    yield node.id, index

    return frozenset(look(tree, root, None)) - gone


def _pass(
    tree: Sequence[nodes.Node],
    data: Mapping[str, Any],
    context: Mapping[str, Any],
    root: Mapping[str, Any],
    index: int | None,
    gone: bool,
) -> Iterator[tuple[str, int | None]]:
    for node in tree:
        away = gone or (node.hide is not None and _hides(node.hide, context, root, data, index))
        if away:
            yield node.id, index
        if isinstance(node, nodes.Group):
            yield from _pass(node.children, data, context, root, index, away)
        elif isinstance(node, nodes.Rows):
            for number, row in enumerate(rows_of(root, node)):
                yield from _pass(node.children, row, context, root, number, away)


def _hides(
    condition: nodes.Condition,
    context: Mapping[str, Any],
    root: Mapping[str, Any],
    this: Mapping[str, Any],
    index: int | None,
) -> bool:
    return feel.hidden(condition.compiled, _names(context, root, this, index))


def _names(
    context: Mapping[str, Any], root: Mapping[str, Any], this: Mapping[str, Any], index: int | None
) -> dict[str, Any]:
    names: dict[str, Any] = {**context, **root}
    return names if index is None else names | {"this": this, "parent": root, "i": index + 1}


def rows_of(data: Mapping[str, Any], node: nodes.Rows) -> list[Mapping[str, Any]]:
    """The rows at a list's path inside (possibly grouped) data; rows that are no object are {}."""
    found: Any = data
    for key in node.path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    if not isinstance(found, list):
        return []
    return [row if isinstance(row, Mapping) else {} for row in found]


def _data(
    tree: Sequence[nodes.Node],
    raw: Any,
    lists: values.Lists,
    gone: Places,
    index: int | None,
) -> dict[str, Any]:
    """Typed values for conditions: hidden and unreadable ones are blank."""
    raw = raw if isinstance(raw, Mapping) else {}
    data: dict[str, Any] = {}
    for node in tree:
        away = (node.id, index) in gone
        if isinstance(node, nodes.Group):
            inner = _data(node.children, raw.get(node.key) if node.key else raw, lists, gone, index)
            data |= {node.key: inner} if node.key else inner
        elif isinstance(node, nodes.Rows):
            rows = [] if away else raw_rows(node, raw.get(node.key, nodes.ABSENT))
            data[node.key] = [
                _data(node.children, row, lists, gone, number) for number, row in enumerate(rows)
            ]
        elif isinstance(node, nodes.Leaf):
            data[node.key] = values.blank(node)
            if not away:
                data[node.key] = _typed(node, shown(raw.get(node.key, nodes.ABSENT), node), lists)
    return data


def raw_rows(node: nodes.Rows, raw: Any) -> list[Any]:
    """The rows entered; a fresh form begins with the list's default number of empty rows."""
    if raw is nodes.ABSENT or raw is None:
        return [{} for _ in range(node.default_rows)]
    return raw[: nodes.MOST_ROWS] if isinstance(raw, list) else []


def _typed(node: nodes.Leaf, raw: Any, lists: values.Lists) -> Any:
    if isinstance(node, nodes.Choice) and node.source and not node.many:
        return nodes.token(raw) or None if isinstance(raw, str | int | None) else None
    try:
        return values.read(node, raw, lists)
    except values.Unreadable:
        return values.blank(node)
