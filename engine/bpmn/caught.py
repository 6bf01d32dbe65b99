"""Whatever is thrown inside a pool has somebody who catches it. Knows no engine."""

from __future__ import annotations

from collections.abc import Mapping

from engine.bpmn.graph import Node, Scope
from engine.bpmn.rules import (
    CANCEL_OUTSIDE,
    CANCEL_UNCAUGHT,
    ERROR_UNCAUGHT,
    ESCALATION_UNCAUGHT,
    SIGNAL_ENDS,
    Notes,
)

_THROWS = ("endEvent", "intermediateThrowEvent")
_AROUND = "Hãy đặt sự kiện bắt cùng mã ở biên tiểu quy trình chứa nó."


def check_caught(scope: Scope, notes: Notes) -> None:
    """Every error and escalation thrown in a pool has a catcher around it, every cancel a way."""
    _caught(scope, [], None, notes)


def _caught(
    scope: Scope,
    catchers: list[tuple[str, str | None]],
    transaction: Node | None,
    notes: Notes,
) -> None:
    for node in scope.nodes.values():
        event = node.event
        caught = (event.kind, event.code) in catchers or (event.kind, None) in catchers
        if node.kind in _THROWS and not caught:
            name = event.name or event.code or ""
            if event.kind == "error":
                notes.error(ERROR_UNCAUGHT, node.id, f"Lỗi «{name}» không nơi nào bắt.", _AROUND)
            if event.kind == "escalation":
                notes.doubt(
                    ESCALATION_UNCAUGHT,
                    node.id,
                    f"Báo cấp trên «{name}» không nơi nào bắt.",
                    _AROUND,
                )
        if node.kind == "endEvent" and event.kind == "cancel":
            _cancel(node, transaction, caught, notes)
        if node.scope is not None:
            around = [(b.event.kind, b.event.code) for b in scope.boundaries(node.id)]
            cancelled = transaction if node.scope.wrapped else None
            cancelled = node if node.drawn == "transaction" else cancelled
            _caught(node.scope, catchers + around, cancelled, notes)


def _cancel(node: Node, transaction: Node | None, caught: bool, notes: Notes) -> None:
    if transaction is None:
        notes.error(
            CANCEL_OUTSIDE,
            node.id,
            "kết thúc huỷ không nằm ngay trong một tiểu quy trình giao dịch.",
            "Hãy đặt nó trong giao dịch, hoặc dùng kết thúc lỗi.",
        )
    elif not caught:
        notes.error(
            CANCEL_UNCAUGHT,
            transaction.id,
            f"giao dịch bị huỷ ở «{node.id}» mà không có sự kiện huỷ ở biên.",
            "Hãy gắn một sự kiện huỷ vào biên giao dịch và vẽ đường đi tiếp.",
        )


def check_signals(scopes: Mapping[str, Scope], notes: Notes) -> None:
    """A signal goes to all who wait for it in its pool, and must not be awaited in another."""
    thrown: dict[str, dict[str, Node]] = {}
    caught: dict[str, dict[str, Node]] = {}
    for pool, scope in scopes.items():
        for around, node in scope.walk():
            opens = node.kind == "startEvent" and around is scope  # refused, which has been said
            if node.event.kind == "signal" and not opens:
                side = thrown if node.kind in _THROWS else caught
                side.setdefault(node.event.name, {}).setdefault(pool, node)
    for name in [*thrown, *(name for name in caught if name not in thrown)]:
        pools = {**thrown.get(name, {}), **caught.get(name, {})}
        if len(pools) > 1 and name in thrown:
            for node in pools.values():
                notes.error(
                    SIGNAL_ENDS,
                    node.id,
                    f"tín hiệu «{name}» đi qua nhiều pool; tín hiệu chỉ tới trong pool của nó.",
                    "Hãy dùng thông điệp giữa các pool.",
                )
        elif name not in thrown or name not in caught:
            for node in pools.values():
                notes.doubt(
                    SIGNAL_ENDS,
                    node.id,
                    f"tín hiệu «{name}» không có cả nơi phát lẫn nơi nhận trong pool này.",
                    "Hãy dùng thông điệp giữa các pool, hoặc vẽ đủ hai đầu.",
                )
