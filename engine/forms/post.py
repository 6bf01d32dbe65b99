"""An HTML post → nested data, typed text kept as it is. Knows names, not meanings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from engine.forms import nodes

ENTER = "__enter"  # the form's first button, which browsers press on Enter


class Posted(Protocol):
    """The part of a multi-dict that is used (werkzeug's has it)."""

    def getlist(self, key: str) -> list[str]: ...
    def __iter__(self) -> Iterator[str]: ...
    def __contains__(self, key: object) -> bool: ...


@dataclass(frozen=True, slots=True)
class RowAction:
    """A press on "add" or "remove" of a list, or Enter in a field (kind "enter", path "").

    The form is drawn again and the draft saved; nothing is handed in.
    """

    kind: str
    path: str
    index: int | None


def row_action(posted: Posted, tree: tuple[nodes.Node, ...]) -> RowAction | None:
    """The list button that was pressed, if one was."""
    lists = {node.path for node in nodes.walk(tree) if isinstance(node, nodes.Rows)}
    for key in posted:
        if key.startswith("__add.") and key[6:] in lists:
            return RowAction("add", key[6:], None)
        if key.startswith("__remove."):
            path, _, number = key[9:].rpartition(".")
            if path in lists and re.fullmatch(r"[0-9]{1,3}", number, re.ASCII):
                return RowAction("remove", path, int(number))
    return RowAction("enter", "", None) if ENTER in posted else None


def read(
    tree: Sequence[nodes.Node], posted: Posted, draft: Any, prefix: str = ""
) -> dict[str, Any]:
    """Fields that were on the page; what was not there is taken from ``draft`` (may be {})."""
    draft = draft if isinstance(draft, Mapping) else {}
    found: dict[str, Any] = {}
    for node in tree:
        if isinstance(node, nodes.Group):
            if not node.key:
                found |= read(node.children, posted, draft, prefix)
                continue
            inner = read(node.children, posted, draft.get(node.key), f"{prefix}{node.key}.")
            if inner:
                found[node.key] = inner
        elif isinstance(node, nodes.Rows):
            rows = _rows(node, posted, draft.get(node.key), f"{prefix}{node.key}")
            if rows is not None:
                found[node.key] = rows
        elif isinstance(node, nodes.Leaf):
            name = f"{prefix}{node.key}"
            if name in posted:
                found[node.key] = _value(node, posted.getlist(name))
            elif node.key in draft:
                found[node.key] = draft[node.key]
    return found


def _value(node: nodes.Leaf, sent: list[str]) -> Any:
    if isinstance(node, nodes.Choice) and node.many:
        return [item for item in sent if item]
    if isinstance(node, nodes.Checkbox):
        return sent[-1] == "true"
    return sent[-1]


def _rows(node: nodes.Rows, posted: Posted, draft: Any, name: str) -> list[dict[str, Any]] | None:
    numbers = re.compile(rf"{re.escape(name)}\.([0-9]{{1,3}})\.", re.ASCII)
    seen = [int(m[1]) for key in posted if (m := numbers.match(key))]
    marker = f"__rows.{name}"
    if marker in posted:
        text = posted.getlist(marker)[-1]
        seen.append(int(text) - 1 if re.fullmatch(r"[0-9]{1,3}", text, re.ASCII) else -1)
    elif not seen:
        return draft if isinstance(draft, list) else None
    old = draft if isinstance(draft, list) else []
    rows = [
        read(node.children, posted, old[i] if i < len(old) else None, f"{name}.{i}.")
        for i in range(min(max(seen) + 1, nodes.MOST_ROWS))
    ]
    action = row_action(posted, (node,))
    if action is not None and action.kind == "add" and len(rows) < node.max_rows:
        rows.append({})
    if action is not None and action.index is not None and action.index < len(rows):
        del rows[action.index]
    return rows
