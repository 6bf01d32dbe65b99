"""Who writes what beside whom: branches or turns that run at the same time and set the same name.

Joins keep the value written last, so such a pair depends on who is quicker. Knows no engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from engine import feel
from engine.bpmn.graph import Node, Scope
from engine.bpmn.soundness import id_of, name_of
from engine.bpmn.tokens import Game
from engine.errors import FeelError
from engine.findings import Finding, Findings, rule

PARALLEL = rule("parallel-write", "soundness", "Hai nhánh song song không ghi cùng một trường")
_BOUND = 20_000
_MOST_TOLD = 100  # pairs of a scope; who has more mends these first


@dataclass(frozen=True)
class Context:
    """What only a procedure's folder knows.

    ``writes`` are the fields that people write in a step (element id → field → FEEL type),
    ``start`` those of the form that opens a dossier.
    """

    writes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    start: Mapping[str, Any] = field(default_factory=dict)


def flow_findings(
    scopes: Mapping[str, Scope],
    flows: Mapping[str, Any],
    decisions: Mapping[str, Any],
    file: str,
    *,
    strict: bool,
    context: Context | None = None,
) -> list[Finding]:
    """Every pair of steps that may run beside each other and write the same name."""
    del flows, strict
    findings = Findings(file)
    writes = _Writes(decisions, context or Context())
    seen: set[str] = set()
    todo = list(scopes.values())
    while todo:
        scope = todo.pop()
        if scope.id in seen:
            continue
        seen.add(scope.id)
        todo.extend(node.scope for node in scope.nodes.values() if node.scope is not None)
        _scope(scope, writes, findings)
    return list(findings)


def _scope(scope: Scope, writes: _Writes, findings: Findings) -> None:
    _turns(scope, writes, findings)
    by_node = {node.id: writes.of(node) for node in scope.nodes.values()}
    if sum(bool(names) for names in by_node.values()) < 2:
        return
    game = Game(scope, apart=True)
    told: set[tuple[str, str]] = set()

    def compare(one: str, other: str) -> None:
        shared = by_node[one] & by_node[other]
        pair = (min(one, other), max(one, other))
        if not shared or one == other or pair in told or len(told) > _MOST_TOLD:
            return
        told.add(pair)
        if len(told) > _MOST_TOLD:
            findings.warning(
                PARALLEL,
                id_of(scope.nodes[one]),
                f"ngoài {_MOST_TOLD} cặp bước đã nêu còn những cặp khác có thể chạy cùng lúc và "
                "cùng ghi một trường.",
                "Hãy sửa các cặp đã nêu rồi kiểm tra lại.",
            )
            return
        first, second = scope.nodes[one], scope.nodes[other]
        names = ", ".join(f"«{name}»" for name in sorted(shared))
        findings.warning(
            PARALLEL,
            id_of(first),
            f"«{name_of(first)}» và «{name_of(second)}» có thể chạy cùng lúc và cùng ghi {names}; "
            "giá trị ghi sau cùng được giữ.",
            "Hãy dùng mỗi nhánh một tên, hoặc đặt hai bước nối tiếp nhau.",
        )

    rivals = _rivals(game, by_node)
    for pair in game.play(_BOUND, rivals).together if rivals else ():
        one, other = sorted(pair)
        for first in game.behind[one]:
            for second in game.behind[other]:
                compare(first, second)
    for edge in scope.nodes.values():
        if edge.kind == "boundaryEvent" and not edge.interrupting and edge.host is not None:
            for node in _behind(scope, edge.id):
                compare(edge.host, node)


def _turns(scope: Scope, writes: _Writes, findings: Findings) -> None:
    """Activities whose turns run at the same time and each set the same name.

    What a turn has for itself, its item and its result, is not shared.
    """
    for node in scope.nodes.values():
        if node.loop is None or node.loop.kind != "parallel":
            continue
        own = {node.loop.item, node.loop.result, node.loop.results}
        shared = writes.of(node) - own
        if shared:
            names = ", ".join(f"«{name}»" for name in sorted(shared))
            findings.warning(
                PARALLEL,
                id_of(node),
                f"các phiên của «{name_of(node)}» chạy cùng lúc và cùng ghi {names}; "
                "giá trị ghi sau cùng được giữ.",
                "Hãy gom kết quả của từng phiên vào danh sách kết quả, hoặc cho lặp lần lượt.",
            )


def _behind(scope: Scope, start: str) -> list[str]:
    """The nodes that a token from a node can come to, in the order of finding."""
    found, todo = {start: None}, [start]
    while todo:
        for flow in scope.out(todo.pop()):
            if flow.target not in found:
                found[flow.target] = None
                todo.append(flow.target)
    return list(found)[1:]


def _rivals(game: Game, by_node: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """For each chain on which something is written the others on which the same is."""
    writers: dict[str, set[str]] = {}
    for head, nodes in game.behind.items():
        for name in frozenset().union(*(by_node[node] for node in nodes)):
            writers.setdefault(name, set()).add(head)
    found: dict[str, set[str]] = {}
    for heads in writers.values():
        for head in heads:
            found.setdefault(head, set()).update(heads - {head})
    return {head: frozenset(others) for head, others in found.items() if others}


class _Writes:
    """The names each node sets in the data."""

    def __init__(self, decisions: Mapping[str, Any], context: Context) -> None:
        self.decisions, self.context = decisions, context

    def of(self, node: Node) -> frozenset[str]:
        """The root names a node writes, with all that is inside it."""
        found: set[str] = set()
        todo = [node]
        seen: set[str] = set()
        while todo:
            here = todo.pop()
            found |= self._own(here)
            if here.scope is not None and here.scope.id not in seen:
                seen.add(here.scope.id)
                todo.extend(here.scope.nodes.values())
        return frozenset(found)

    def _own(self, node: Node) -> set[str]:
        entered = self.context.writes.get(node.element or "", ())
        names = {path.partition(".")[0] for path in entered}
        if node.kind == "scriptTask":
            with suppress(FeelError):  # told elsewhere
                names |= set(feel.compile_script(node.script or "").assigned)
        if node.kind == "businessRuleTask" and node.decision in self.decisions:
            names |= set(self.decisions[node.decision or ""].outputs)
        if node.loop is not None and node.loop.results:
            names.add(node.loop.results)
        return names
