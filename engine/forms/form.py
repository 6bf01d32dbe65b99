"""A compiled form: what the rest of the house calls."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from engine.errors import Invalid
from engine.forms import compile as compiler
from engine.forms import conditions, nodes, post, schema, values
from engine.forms.view import FormView, Viewer


def compile_form(source: bytes | dict[str, Any], file: str) -> Form:
    """Read one form-js JSON file. Raises ModelError on anything outside the allowed subset."""
    document, tree = compiler.Compiler(file).root(source)
    title = str((document.get("properties") or {}).get("title") or document.get("id") or file)
    return Form(title, tree)


class Form:
    """One form, immutable, safe to share between threads.

    ``title``: its heading. ``names``: the top-level keys it writes. ``paths``: every value's path
    with ``*`` for the row number. ``dependents``: paths on which some field's visibility depends.
    ``lists``: the server's lists it needs in ``options`` (its valuesKey names).
    """

    def __init__(self, title: str, tree: tuple[nodes.Node, ...]) -> None:
        self.title = title
        self.tree = tree
        self.fields = tuple(node for node in nodes.walk(tree) if isinstance(node, nodes.Leaf))
        self.names = frozenset(node.path.split(".")[0] for node in nodes.walk(tree) if node.path)
        self.paths = frozenset(node.path for node in self.fields)
        self.dependents = conditions.dependents(tree)
        self.lists = frozenset(
            node.source for node in self.fields if isinstance(node, nodes.Choice) and node.source
        )
        self._schema = schema.build(tree)
        self._labels = {node.path: node.label for node in nodes.walk(tree) if node.path}

    def from_post(
        self,
        posted: post.Posted,
        options: values.Options | None = None,
        draft: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Nested data of an HTML post, typed text unchanged; control names and strangers ignored.

        A list's add or remove button is carried out here. ``draft`` gives back what was typed
        earlier into fields that were hidden when the page was drawn.
        """
        return post.read(self.tree, posted, draft or {})

    def row_action(self, posted: post.Posted) -> post.RowAction | None:
        """The list button pressed in this post: then save the draft and draw again."""
        return post.row_action(posted, self.tree)

    def view(
        self,
        raw: Mapping[str, Any],
        context: Mapping[str, Any],
        options: values.Options,
        errors: Mapping[str, list[str]] | None = None,
        readonly: bool = False,
    ) -> FormView:
        """What to draw. ``readonly`` shows every stored value, whatever the conditions say."""
        lists, gone = values.Lists(options, {}), conditions.Places()
        need = gone
        if not readonly:
            lists = self._lists(context, options)
            gone = conditions.hidden(self.tree, raw, context, lists)
            need = conditions.needed(self.tree, raw, context, lists, gone)
        today = values.show_date(str(context.get("__today", "")))
        viewer = Viewer(gone, need, lists, errors or {}, readonly, self.dependents, today)
        return viewer.form(self.title, self.tree, raw)

    def known(
        self, raw: Mapping[str, Any], context: Mapping[str, Any], options: values.Options
    ) -> dict[str, Any]:
        """What is entered so far, as conditions see it: nothing is refused, unreadable is blank."""
        lists = self._lists(context, options)
        gone = conditions.hidden(self.tree, raw, context, lists)
        return conditions.known(self.tree, raw, lists, gone)

    def validate(
        self, raw: Any, context: Mapping[str, Any], options: values.Options
    ) -> dict[str, Any]:
        """Clean JSON data: ISO dates, numbers, null for empty; hidden fields left out.

        Raises Invalid with ``errors`` {path: [Vietnamese sentence]}. ``context["__today"]`` (ISO)
        is needed by forms with a limit "today"; KeyError when a server list is missing.
        """
        if not isinstance(raw, Mapping):
            raise Invalid("Dữ liệu biểu mẫu phải là một đối tượng JSON.")
        lists = self._lists(context, options)
        gone = conditions.hidden(self.tree, raw, context, lists)
        need = conditions.needed(self.tree, raw, context, lists, gone)
        data = schema.prepare(self.tree, raw, gone, need)
        try:
            return schema.load(self._schema, schema.Run(data, context, lists))
        except ValidationError as error:
            errors: dict[str, list[str]] = {}
            for path, text in schema.flatten(error.messages):
                errors.setdefault(path, []).append(self._sentence(path, text))
            raise Invalid(f"Biểu mẫu có {len(errors)} chỗ cần sửa.", errors=errors) from None

    def replace(self, facts: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
        """``facts`` after this form was handed in (again) with validated ``data``.

        What an earlier round stored in fields that are hidden now goes; ``omitEmpty`` fields left
        empty keep what stood there.
        """
        keep = {node.path.split(".")[0] for node in self.fields if node.omit}
        gone = self.names - set(data) - keep
        return {**{key: value for key, value in facts.items() if key not in gone}, **data}

    def _lists(self, context: Mapping[str, Any], options: values.Options) -> values.Lists:
        return values.Lists(options, conditions.left_out(self.tree, context))

    def _sentence(self, path: str, text: str) -> str:
        if text.startswith("«"):
            return text
        row = re.search(r"\.([0-9]+)(?:\.|$)", path)
        label = self._labels.get(re.sub(r"\.[0-9]+(?=\.|$)", f".{nodes.ROW}", path))
        if label is None:
            label = path.rsplit(".", 1)[-1][:60]
            if row and label.isdigit():
                label = self._labels.get(path[: row.start()], label)
        where = f" (dòng {int(row[1]) + 1})" if row else ""
        return f"«{label}»{where} {text}."
