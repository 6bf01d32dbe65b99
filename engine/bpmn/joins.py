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
        taken = still = 0
        for name, (before, by_flows) in self.plan.reach[self.name].items():
            if name in waiting:
                taken |= by_flows
            else:
                still |= before
        still &= ~taken
        for token in my_task.workflow.live():
            # An armed boundary event is no token of its own: its activity stands for it.
            if token.task_spec is self or not token.id or token.host is not None:
                continue
            if mutual and token.state == WAITING and not token.task_spec.waiting_for(token):
                continue
            if still >> token.task_spec.place & 1:
                return False
        _fire(waiting)
        return True


def reach_sets(plan: Any) -> None:
    """Note for each inclusive join, per incoming flow, from where a token can still reach it.

    A set of nodes is an integer with a bit for each node's ``place``. Two sets: with the ways that
    lead through boundary events, on which a token may still come, and without, since an activity
    goes on along its own flows even when a handler of its has come before. Not through the join
    itself: this only makes a difference where it lies on a cycle.
    """
    specs: dict[str, Node] = plan.task_specs
    joins = [s for s in specs.values() if isinstance(s, Inclusive) and len(s._inputs) > 1]
    if not joins:
        return
    flows: dict[str, list[str]] = {name: [] for name in specs}
    ways: dict[str, list[str]] = {name: [] for name in specs}
    for place, spec in enumerate(specs.values()):
        spec.place = place
        for target in spec._outputs:
            flows[target].append(spec.name)
        for target in (*spec._outputs, *spec.watchers):
            ways[target].append(spec.name)
    both = [_reaching(specs, joins, ways)]
    both.append(both[0] if flows == ways else _reaching(specs, joins, flows))
    for join in joins:
        plan.reach[join.name] = {
            source: (both[0][join.name, source], both[1][join.name, source])
            for source in join._inputs
        }


def _reaching(
    specs: dict[str, Node], joins: list[Inclusive], before: dict[str, list[str]]
) -> dict[tuple[str, str], int]:
    """For each join and node before it the set of those from which that node can be reached."""
    every = _ancestors(specs, before)
    found = {}
    for join in joins:
        cyclic = any(every[source] >> join.place & 1 for source in join._inputs)
        for source in join._inputs:
            around = _around(specs, before, source, join) if cyclic else every[source]
            found[join.name, source] = around
    return found


def _ancestors(specs: dict[str, Node], before: dict[str, list[str]]) -> dict[str, int]:
    """For each node the set of those from which it can be reached, itself included."""
    every = {name: 1 << spec.place for name, spec in specs.items()}
    order, changed = _those_before_first(before), True
    while changed:  # once more for each arrow that leads back into another
        changed = False
        for name in order:
            found = every[name]
            for other in before[name]:
                found |= every[other]
            if found != every[name]:
                every[name], changed = found, True
    return every


def _those_before_first(before: dict[str, list[str]]) -> list[str]:
    """All names, each behind what leads to it, save for the arrows back of cycles."""
    order: list[str] = []
    seen: set[str] = set()
    for last in before:
        todo = [(last, iter(before[last]))] if last not in seen else []
        seen.add(last)
        while todo:
            name, ways = todo[-1]
            other = next((way for way in ways if way not in seen), None)
            if other is None:
                order.append(name)
                todo.pop()
            else:
                seen.add(other)
                todo.append((other, iter(before[other])))
    return order


def _around(specs: dict[str, Node], before: dict[str, list[str]], source: str, join: Node) -> int:
    """The set of nodes from which ``source`` can be reached without the join."""
    found, todo = 1 << specs[source].place, [source]
    while todo:
        for name in before[todo.pop()]:
            bit = 1 << specs[name].place
            if name != join.name and not found & bit:
                found |= bit
                todo.append(name)
    return found
