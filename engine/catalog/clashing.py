"""Clashes of kinds in the conditions of forms and of procedure.toml. Knows no picture."""

from __future__ import annotations

from collections.abc import Iterator

from engine import feel
from engine.bpmn.kinds import CLASH, plain
from engine.catalog.facts import FILE, conditions_of
from engine.catalog.version import Version
from engine.catalog.written import types_of
from engine.errors import FeelError
from engine.feel.inference import clashes
from engine.forms import Form, nodes

_CURE = "Hãy sửa điều kiện cho hợp kiểu của trường."


def check(version: Version) -> None:
    """Every condition compares fields with what they can hold, choices with what they offer."""
    for name, form in sorted(version.forms.items()):
        types = types_of(form)  # without what the form takes from the dossier
        for node, condition in _conditions(form):
            for sentence in clashes(condition.compiled, types, condition=True):
                file = f"forms/{name}.json"
                version.error(CLASH, file, node.id, f"«{condition.text}»: {sentence}", _CURE)
    start = version.forms.get("start")
    if start is None:
        return
    types = {name: plain(type_) for name, type_ in types_of(start).items()}
    for place, text in conditions_of(version.meta):
        try:
            compiled = feel.compile_expression(text)
        except FeelError:
            continue  # another rule's matter
        for sentence in clashes(compiled, types, condition=True):
            version.error(CLASH, FILE, place, f"«{text}»: {sentence}", _CURE)


def _conditions(form: Form) -> Iterator[tuple[nodes.Node, nodes.Condition]]:
    for node in nodes.walk(form.tree):
        if node.hide is not None:
            yield node, node.hide
        if isinstance(node, nodes.Leaf) and node.need is not None:
            yield node, node.need
        if isinstance(node, nodes.Choice):
            for _, condition in node.hide_options:
                yield node, condition
