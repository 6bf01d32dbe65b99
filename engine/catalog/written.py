"""The FEEL types of what forms and decisions write into the data of a process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lxml import etree

from engine.bpmn.xml import BPMN, properties
from engine.catalog.fields import PEOPLE, called
from engine.dmn import Decision
from engine.dmn.results import types_of_decision
from engine.feel import types
from engine.forms import Form, nodes


def types_of(form: Form) -> dict[str, types.Type]:
    """What a completed form writes, by root name, as FEEL finds it in the data."""
    return _entries(form.tree, shown=True)


def _entries(tree: tuple[nodes.Node, ...], *, shown: bool) -> dict[str, types.Type]:
    found: dict[str, types.Type] = {}
    for node in tree:
        seen = shown and node.hide is None
        if isinstance(node, nodes.Group):
            inner = _entries(node.children, shown=seen)
            found |= {node.key: types.Context(inner)} if node.key else inner
        elif isinstance(node, nodes.Rows):
            row = types.Context(_entries(node.children, shown=True), required=True)
            found[node.key] = types.List(row)
        elif isinstance(node, nodes.Leaf):
            found[node.key] = _leaf(node, node.required and seen and not node.omit)
    return found


def _leaf(node: nodes.Leaf, required: bool) -> types.Type:
    """Dates and times are ISO text in the data."""
    if isinstance(node, nodes.Number):
        return types.Number(required=required)
    if isinstance(node, nodes.Checkbox):
        return types.Boolean(required=required)
    if not isinstance(node, nodes.Choice):
        return types.Text(required=required)
    item = _option(node)
    return types.List(item, required=required) if node.many else _with(item, required)


def _option(node: nodes.Choice) -> types.Type:
    values = [option.value for option in node.options]
    if node.source:
        return types.Text(required=True)
    if all(isinstance(value, str) for value in values):
        return types.Text(tuple(values), required=True)
    if all(isinstance(value, bool) for value in values):
        return types.Boolean(required=True)
    if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return types.Number(required=True)
    return types.Any()


def _with(type_: types.Type, required: bool) -> types.Type:
    return type_ if required else types.optional(type_)


def writes(
    forms: Mapping[str, Form],
    decisions: Mapping[str, Decision],
    pictures: Iterable[etree._Element],
) -> dict[str, dict[str, types.Type]]:
    """What forms and decisions set, by the id of the task that does it; root names."""
    found: dict[str, dict[str, types.Type]] = {}
    for root in pictures:
        for task in root.iter(*(f"{{{BPMN}}}{kind}" for kind in PEOPLE)):
            key = task.get("id", "")
            form = forms.get(properties(task).get("form", key))
            if form is not None:
                found[key] = types_of(form)
        for task in root.iter(f"{{{BPMN}}}businessRuleTask"):
            decision = decisions.get(called(task))
            if decision is not None:
                found[task.get("id", "")] = types_of_decision(decision)
    return found
