"""Compile every expression of a drawing once, to note which are not FEEL. Knows no engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lxml import etree

from engine import feel
from engine.bpmn import scripting
from engine.bpmn.foreign import data_targets, recognise
from engine.bpmn.graph import Flow, Node, Scope
from engine.bpmn.rules import (
    DATA_ASSOCIATION,
    DECISION_MISSING,
    EXPRESSION,
    FOREIGN_TEXT,
    SCRIPT,
    TIMER_TEXT,
    Notes,
)
from engine.errors import FeelError, ModelError
from engine.findings import Rule

_DECISION_CURE = "Hãy chọn mã quyết định có trong các tệp .dmn của quy trình."


def check_language(
    scopes: Mapping[str, Scope], decisions: Mapping[str, Any], root: etree._Element, notes: Notes
) -> None:
    """Note expressions, scripts and timers that do not compile, and decisions that are missing."""
    read: set[str] = set()
    for pool_scope in scopes.values():
        scopes_inside = [pool_scope, *(n.scope for _, n in pool_scope.walk() if n.scope)]
        for scope in scopes_inside:
            for flow in scope.flows:
                read |= _condition(scope, flow, notes)
            for node in scope.nodes.values():
                read |= _node(node, decisions, notes)
    _data(root, read, notes)


def _condition(scope: Scope, flow: Flow, notes: Notes) -> frozenset[str]:
    if not flow.condition:
        return frozenset()
    element = flow.source if flow.id.startswith("__") else flow.id
    return _expression(flow.condition, element, notes)


def _node(node: Node, decisions: Mapping[str, Any], notes: Notes) -> frozenset[str]:
    names: frozenset[str] = frozenset()
    if node.event.kind == "timer":
        text, cycle = node.event.timer, node.event.cycle
        names |= _compiled(
            lambda: scripting.timer(text, cycle, notes.file, node.id),
            text,
            node.id,
            TIMER_TEXT,
            'Hãy ghi như "P2D", "R3/PT24H", "7 working days" hoặc một biểu thức FEEL.',
            notes,
        )
    if node.loop is not None:
        for expression in (node.loop.condition, node.loop.cardinality):
            if expression:
                names |= _expression(expression, node.id, notes)
        names |= {name for name in (node.loop.items, node.loop.result) if name}
    if node.kind == "scriptTask":
        names |= _script(node, notes)
    if node.kind == "businessRuleTask":
        if node.decision in decisions:
            names |= decisions[node.decision or ""].inputs
        else:
            notes.error(
                DECISION_MISSING,
                node.id,
                f"bảng quyết định «{node.decision}» không có.",
                _DECISION_CURE,
            )
    return names


def _script(node: Node, notes: Notes) -> frozenset[str]:
    text = (node.script or "").strip()
    cure = "Mỗi dòng là một phép gán: tên = biểu thức FEEL."
    if not text:
        notes.error(SCRIPT, node.id, "Script Task không có nội dung.", "Hãy ghi các phép gán FEEL.")
        return frozenset()
    return _compiled(lambda: feel.compile_script(text), text, node.id, SCRIPT, cure, notes)


def _expression(text: str, element: str, notes: Notes) -> frozenset[str]:
    return _compiled(
        lambda: scripting.expression(text, notes.file, element),
        text,
        element,
        EXPRESSION,
        "Hãy sửa biểu thức FEEL.",
        notes,
    )


def _compiled(
    compile_it: Callable[[], Any], text: str, element: str, rule: Rule, cure: str, notes: Notes
) -> frozenset[str]:
    """The names a text reads; a text that does not compile is noted and reads none."""
    try:
        names: frozenset[str] = compile_it().names
    except (ModelError, FeelError) as error:
        reason = error.reason if isinstance(error, ModelError) else error.message
        other = recognise(text)
        if other is not None:
            _foreign(other, text, element, notes)
        else:
            notes.error(rule, element, reason, cure)
        return frozenset()
    return names


def _foreign(other: tuple[str, str], text: str, element: str, notes: Notes) -> None:
    language, cure = other
    notes.error(
        FOREIGN_TEXT,
        element,
        f"«{' '.join(text.split())[:80]}» viết bằng ngôn ngữ {language}, không phải FEEL.",
        cure,
    )


def _data(root: etree._Element, read: set[str], notes: Notes) -> None:
    """Data associations are only drawn: an error where something reads what they would set."""
    for name, element in data_targets(root).items():
        if name in read:
            notes.error(
                DATA_ASSOCIATION,
                element,
                f"«{name}» được đọc trong biểu thức nhưng chỉ được gán bằng mũi tên dữ liệu, "
                "điều này không được thực hiện.",
                "Hãy gán bằng Script Task hoặc biểu mẫu của bước.",
            )
        else:
            notes.doubt(
                DATA_ASSOCIATION,
                element,
                "mũi tên dữ liệu có phép gán, phép gán này không được thực hiện.",
                "Hãy gán bằng Script Task hoặc biểu mẫu của bước; mũi tên dữ liệu chỉ để xem.",
            )
