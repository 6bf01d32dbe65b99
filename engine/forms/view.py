"""The tree that the templates draw: every decision taken, every text ready. Knows no HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.forms import nodes, values
from engine.forms.conditions import Places, raw_rows, shown


@dataclass(slots=True)
class ChoiceView:
    """One option; ``gone``: chosen earlier, no longer in the list; ``ask``: what to ask first."""

    value: str
    label: str
    id: str
    checked: bool
    gone: bool = False
    ask: str = ""


@dataclass(slots=True)
class RowView:
    """One row of a list; ``name`` is its path, ``index`` from 0."""

    name: str
    index: int
    id: str
    title: str
    children: list[FieldView]


@dataclass(slots=True)
class FieldView:
    """One visible component. ``name`` is its HTML name and path; ``value`` what stands in it."""

    kind: str
    id: str
    name: str = ""
    label: str = ""
    description: str = ""
    required: bool = False
    value: str = ""
    text: str = ""  # for reading: dates dd/mm/yyyy, options by label, Có or Không
    checked: bool = False
    choices: list[ChoiceView] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    span: int = 12  # of 12 columns
    breaks: bool = False  # begins a new line of the grid
    refresh: bool = False  # other fields' visibility depends on it
    subtype: str = ""
    latest: str = ""  # the last day a calendar offers, dd/mm/yyyy
    input_mode: str = ""
    autocomplete: str = "off"
    max_length: int | None = None
    lines: int = 3
    prefix: str = ""
    suffix: str = ""
    paragraphs: tuple[str, ...] = ()
    children: list[FieldView] = field(default_factory=list)
    rows: list[RowView] = field(default_factory=list)
    row_label: str = ""
    add_label: str = ""
    can_add: bool = False
    can_remove: bool = False

    @property
    def described_by(self) -> str:
        """ids for aria-describedby, "" when there is nothing to add."""
        parts = [f"{self.id}-desc"] if self.description else []
        return " ".join(parts + ([f"{self.id}-err"] if self.errors else []))

    @property
    def empty(self) -> bool:
        """Nothing to read here (readonly views leave it out)."""
        if self.kind in ("text", "separator"):
            return True
        if self.kind == "group":
            return all(child.empty for child in self.children)
        return not self.rows if self.kind == "dynamiclist" else not self.text


@dataclass(frozen=True, slots=True)
class ErrorView:
    """A line of the error summary; ``id`` is "" when no field of the page is meant."""

    path: str
    id: str
    section: str
    text: str


@dataclass(slots=True)
class FormView:
    """A whole form, ready to draw.

    ``kept``: names and values typed earlier into fields that are hidden now; drawn as hidden
    inputs, so that they come back with the field.
    """

    title: str
    fields: list[FieldView]
    errors: list[ErrorView]
    readonly: bool
    kept: list[tuple[str, str]]


class Viewer:
    """Builds one FormView."""

    def __init__(
        self,
        gone: Places,
        need: Places,
        lists: values.Lists,
        errors: Mapping[str, list[str]],
        readonly: bool,
        dependents: frozenset[str],
        today: str,
    ) -> None:
        self.gone, self.need, self.lists, self.errors = gone, need, lists, errors
        self.readonly, self.dependents, self.today = readonly, dependents, today
        self.summary: list[ErrorView] = []
        self.kept: list[tuple[str, str]] = []

    def form(self, title: str, tree: Sequence[nodes.Node], raw: Mapping[str, Any]) -> FormView:
        fields = self.draw(tree, raw, None, "")
        seen = {line.path for line in self.summary}
        rest = [
            ErrorView(path, "", "", text)
            for path, texts in self.errors.items()
            if path not in seen
            for text in texts
        ]
        return FormView(title, fields, [*self.summary, *rest], self.readonly, self.kept)

    def draw(
        self, tree: Sequence[nodes.Node], raw: Any, index: int | None, section: str
    ) -> list[FieldView]:
        raw = raw if isinstance(raw, Mapping) else {}
        views: list[FieldView] = []
        shares: dict[str, int] = {}
        visible = [node for node in tree if (node.id, index) not in self.gone]
        for node in tree:
            if (node.id, index) in self.gone:
                self.kept += _typed(node, raw, index)
        for node in visible:
            if node.row:
                shares[node.row] = shares.get(node.row, 0) + 1
        last_row, used = None, 0
        for node in visible:
            view = self.one(node, raw, index, section)
            if node.columns is not None:
                view.span = max(1, min(12, round(node.columns * 12 / 16)))
            elif node.row:
                view.span = max(3, 12 // shares[node.row])
            fresh = not node.row or node.row != last_row
            view.breaks = fresh and used % 12 != 0
            used = view.span if fresh else used + view.span
            last_row = node.row
            views.append(view)
        return views

    def one(
        self, node: nodes.Node, raw: Mapping[str, Any], index: int | None, section: str
    ) -> FieldView:
        name = nodes.concrete(node.path, index)
        anchor = f"f-{name.replace('.', '-')}" if name else f"c-{node.id}"
        view = FieldView(
            kind=node.kind, id=anchor, name=name, label=node.label,
            description=node.description,
        )  # fmt: skip
        if name and (texts := self.errors.get(name)):
            view.errors = list(texts)
            self.summary += [ErrorView(name, anchor, section, text) for text in texts]
        match node:
            case nodes.Group():
                inner = raw.get(node.key) if node.key else raw
                view.children = self.draw(node.children, inner, index, node.label or section)
            case nodes.Rows():
                self.rows(node, view, raw)
            case nodes.Words():
                view.paragraphs = node.paragraphs
            case nodes.Leaf():
                self.leaf(node, view, raw, index)
        return view

    def rows(self, node: nodes.Rows, view: FieldView, raw: Mapping[str, Any]) -> None:
        entered = raw.get(node.key, nodes.ABSENT)
        rows = [] if self.readonly and not isinstance(entered, list) else raw_rows(node, entered)
        view.row_label = node.properties.get("rowLabel", "Dòng")
        view.add_label = node.properties.get("addLabel", f"Thêm {view.row_label.lower()}")
        view.can_add = len(rows) < node.max_rows
        view.can_remove = len(rows) > node.min_rows
        view.refresh = node.path in self.dependents
        for number, row in enumerate(rows):
            title = f"{view.row_label} {number + 1}"
            children = self.draw(node.children, row, number, title)
            name = f"{node.path}.{number}"
            id_ = f"f-{name.replace('.', '-')}"
            for text in self.errors.get(name, ()):
                self.summary.append(ErrorView(name, id_, node.label, text))
            view.rows.append(RowView(name, number, id_, title, children))

    def leaf(
        self, node: nodes.Leaf, view: FieldView, raw: Mapping[str, Any], index: int | None
    ) -> None:
        entered = raw.get(node.key, nodes.ABSENT)
        value = None if entered is nodes.ABSENT else entered
        if not self.readonly and entered is nodes.ABSENT:
            value = shown(entered, node)
            value = None if value is nodes.ABSENT else value
        view.required = node.required or (node.id, index) in self.need
        view.refresh = node.path in self.dependents
        view.prefix, view.suffix = node.prefix, node.suffix
        view.autocomplete = node.properties.get("autocomplete", "off")
        match node:
            case nodes.Choice():
                self.choice(node, view, value)
                return
            case nodes.Checkbox():
                view.checked = value is True or value == "true"
                view.text = "" if value is None else "Có" if view.checked else "Không"
                return
            case nodes.Text():
                view.max_length = node.max_length
                lines = node.properties.get("rows", "")
                view.lines = int(lines) if lines.isascii() and lines.isdigit() else 3
                view.input_mode = node.properties.get("inputmode", "email" if node.email else "")
            case nodes.Number():
                view.input_mode = "numeric" if node.digits == 0 else "decimal"
            case nodes.DateTime():
                view.subtype = node.subtype
                view.latest = self.today if node.not_after == "today" else ""
                view.input_mode = "numeric" if node.subtype == "date" else ""
        view.value = view.text = values.typed_text(node, value)
        if isinstance(node, nodes.Number) and isinstance(value, int | float):
            view.text = values.show_number(value)
        if view.text and self.readonly:
            view.text = " ".join(part for part in (node.prefix, view.text, node.suffix) if part)

    def choice(self, node: nodes.Choice, view: FieldView, value: Any) -> None:
        unknown = self.readonly and node.source and node.source not in self.lists.server
        known = () if unknown else values.choices(node, self.lists)
        items = value if isinstance(value, list) else [] if value in (None, "") else [value]
        chosen = [nodes.token(item) for item in items if isinstance(item, str | int | float | bool)]
        labels = {option.token: option.label for option in (*node.options, *known)}
        offered = {option.token for option in known}
        for number, option in enumerate(known):
            id_ = view.id if number == 0 and node.kind != "select" else f"{view.id}-{number + 1}"
            shown = ChoiceView(option.token, option.label, id_, option.token in chosen)
            shown.ask = dict(node.asks).get(option.token, "")
            view.choices.append(shown)
        for number, old in enumerate(text for text in chosen if text and text not in offered):
            label = f"{labels.get(old, old)} (không còn trong danh sách)"
            view.choices.append(ChoiceView(old, label, f"{view.id}-old{number}", True, gone=True))
        view.value = chosen[0] if chosen and not node.many else ""
        view.text = "; ".join(labels.get(text, text) for text in chosen if text)


def _typed(
    node: nodes.Node, raw: Mapping[str, Any], index: int | None
) -> Iterator[tuple[str, str]]:
    """What a hidden component holds, as an HTML post would carry it."""
    value = raw.get(node.key) if node.key else raw
    name = nodes.concrete(node.path, index)
    if isinstance(node, nodes.Group) and isinstance(value, Mapping):
        for child in node.children:
            yield from _typed(child, value, index)
    elif isinstance(node, nodes.Rows) and isinstance(value, list):
        rows = [row if isinstance(row, Mapping) else {} for row in value[: node.max_rows]]
        yield f"__rows.{name}", str(len(rows))
        for number, row in enumerate(rows):
            for child in node.children:
                yield from _typed(child, row, number)
    elif isinstance(node, nodes.Leaf) and value not in (None, "", [], False):
        for item in value if isinstance(value, list) else [value]:
            yield name, values.typed_text(node, item)
