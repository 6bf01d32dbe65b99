"""The FEEL types of what a decision writes into the data of a process. Evaluates nothing."""

from __future__ import annotations

from engine.dmn.table import LISTS, Decision
from engine.dmn.types import KINDS
from engine.feel import types
from engine.feel.syntax import parse, unquote

_DECIDED: dict[str, types.Type] = {
    "boolean": types.Boolean(),
    "number": types.Number(),
    "integer": types.Number(),
    "long": types.Number(),
    "double": types.Number(),
}


def types_of_decision(decision: Decision) -> dict[str, types.Type]:
    """What a decision writes: dates as ISO text, as all data; a list where the policy gives one."""
    found: dict[str, types.Type] = {}
    for at, output in enumerate(decision.results):
        cells = [rule.results[at] for rule in decision.rules]
        if output.default is not None:
            cells.append(output.default)
        item = _decided(output.type)
        values = [_string(cell.text) for cell in cells]
        if values and all(value is not None for value in values):
            item = types.Text(tuple(dict.fromkeys(value for value in values if value is not None)))
            if any(not rule.tests for rule in decision.rules) or output.default is not None:
                item = types.Text(item.values, required=True)
        if decision.aggregation:
            item = types.Number()
        elif decision.policy in LISTS:
            item = types.List(item, required=True)
        found[output.name] = item
    return found


def _decided(type_: str | None) -> types.Type:
    """Whatever is no number and no truth is text in the data; a column without type, anything."""
    if type_ is None or not KINDS[type_]:
        return types.Any()
    return _DECIDED.get(type_, types.Text())


def _string(text: str) -> str | None:
    """The value of a cell that is one text and nothing else."""
    tree = parse(text)
    return unquote(tree.children[0]) if tree.kind == "string" else None
