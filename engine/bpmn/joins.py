"""Parallel and inclusive gateways: tokens counted per incoming flow, values merged by last write.

Right in loops too: each firing uses one token of each flow. Knows nothing of files or bytes.
"""

from __future__ import annotations

from typing import Any

from engine.bpmn.flow import WAITING, Token
from engine.bpmn.nodes import Choice, Node


def _by_flow(node: Node, my_task: Token) -> dict[str, list[Token]]:
    waiting: dict[str, list[Token]] = {}
    for token in sorted(my_task.workflow.live(), key=lambda t: t.last_state_change):
        if token.task_spec is node and token.state == WAITING and token.came is not None:
            waiting.setdefault(token.came, []).append(token)
    return waiting


def _fire(waiting: dict[str, list[Token]]) -> None:
    used = sorted((tokens[0] for tokens in waiting.values()), key=lambda t: t.last_state_change)
    survivor = used[-1]
    survivor.absorb(used[:-1])
    for token in used[:-1]:
        token.cancel()
    survivor._ready()


class Parallel(Node):
    """Waits for a token on every incoming flow, then goes on along every outgoing one."""

    def enter(self, my_task: Token) -> bool | None:
        if len(self._inputs) < 2:
            return True
        my_task._set_state(WAITING)
        waiting = _by_flow(self, my_task)
        if len(waiting) == len(self._inputs):
            _fire(waiting)
        return None


class Inclusive(Choice):
    """Waits until no other token can reach an incoming flow that has none."""

    many = True

    def enter(self, my_task: Token) -> bool | None:
        if len(self._inputs) < 2:
            return True
        my_task._set_state(WAITING)
        return None

    def may_settle(self, my_task: Token, mutual: bool = False) -> bool:
        waiting = _by_flow(self, my_task)
        reach: Any = self.plan.reach[self.name]
        taken = set().union(*(reach[name] for name in waiting))
        open_ways = [reach[name] for name in self._inputs if name not in waiting]
        for token in my_task.workflow.live():
            # An armed boundary event is no token of its own: its activity stands for it.
            if token.task_spec is self or not token.id or token.host is not None:
                continue
            if mutual and token.state == WAITING and not token.task_spec.waiting_for(token):
                continue
            at = token.task_spec.name
            if at not in taken and any(at in way for way in open_ways):
                return False
        _fire(waiting)
        return True


def reach_sets(plan: Any) -> None:
    """Note for each inclusive join, per incoming flow, from where a token can still reach it."""
    before: dict[str, set[str]] = {name: set() for name in plan.task_specs}
    for spec in plan.task_specs.values():
        for target in [*spec._outputs, *spec.watchers]:
            before[target].add(spec.name)
    for spec in plan.task_specs.values():
        if isinstance(spec, Inclusive) and len(spec._inputs) > 1:
            plan.reach[spec.name] = {}
            for source in spec._inputs:
                found, todo = {source}, [source]
                while todo:
                    for name in before[todo.pop()]:
                        if name not in found and name != spec.name:
                            found.add(name)
                            todo.append(name)
                plan.reach[spec.name][source] = frozenset(found)
