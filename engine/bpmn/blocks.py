"""What acts as one step: steps in a row, and blocks that open and close with like gateways.

A token that enters such a part leaves it once, at its end, whatever happens inside; so the token
game need not look inside, and parallel parts do not multiply each other's states. Knows no engine.
"""

from __future__ import annotations

from collections.abc import Container

from engine.bpmn.graph import Flow, Node, Scope

_ONE = ("exclusiveGateway", "eventBasedGateway")  # one way out of several
_MANY = ("parallelGateway", "inclusiveGateway")


class Chains:
    """Flows joined into chains. A chain goes by its first flow, the head.

    ``place`` gives for each flow the head of its chain, those inside a block included; ``last``
    for each head the flow at whose target a token on the chain is used; ``behind`` the nodes that
    a token on the chain comes to, that target last. Gateways in ``apart`` and steps in ``keep``
    are left as they are.
    """

    def __init__(
        self,
        scope: Scope,
        *,
        apart: Container[str],
        parallel: bool,
        keep: Container[str] = (),
    ) -> None:
        self.scope = scope
        self._above = {flow.id: flow.id for flow in scope.flows}
        self.last = {flow.id: flow for flow in scope.flows}
        self._passed: dict[str, list[str]] = {flow.id: [] for flow in scope.flows}
        for node in scope.nodes.values():
            into, out = scope.into(node.id), scope.out(node.id)
            if len(into) == len(out) == 1 and not scope.boundaries(node.id) and node.id not in keep:
                self._join(into[0], [node.id], out[0])
        kinds = (*_ONE, *_MANY) if parallel else _ONE
        splits = [n for n in scope.nodes.values() if n.kind in kinds and n.id not in apart]
        while True:  # once more for each level of blocks within blocks
            left = [split for split in splits if not self._closed(split)]
            if len(left) == len(splits):
                break
            splits = left
        self.place = {flow.id: self._head(flow.id) for flow in scope.flows}
        heads = {head for flow, head in self.place.items() if flow == head}
        self.last = {head: flow for head, flow in self.last.items() if head in heads}
        self.behind = {head: [*self._passed[head], flow.target] for head, flow in self.last.items()}

    def _closed(self, split: Node) -> bool:
        """Fuse the block that a gateway opens, if every way out leads to what closes it.

        An inclusive gateway closes every kind: it waits for those that are still to come. Where one
        token comes out, any step lets it through.
        """
        into, out = self.scope.into(split.id), self.scope.out(split.id)
        if len(into) != 1 or len(out) < 2:
            return False
        join = self.scope.nodes[self.last[out[0].id].target]
        behind = self.scope.out(join.id)
        closes = join.kind in (split.kind, "inclusiveGateway") or (
            split.kind in _ONE and join.kind != "parallelGateway"
        )
        if join is split or not closes or len(behind) != 1 or self.scope.boundaries(join.id):
            return False
        if {self.last[flow.id].id for flow in out} != {f.id for f in self.scope.into(join.id)}:
            return False
        inside = [split.id, *(n for flow in out for n in self._passed[flow.id]), join.id]
        if self._join(into[0], inside, behind[0]):
            for flow in out:
                self._above[flow.id] = into[0].id
            return True
        return False

    def _join(self, into: Flow, nodes: list[str], out: Flow) -> bool:
        """Let the chain that begins with ``out`` go on the chain that ends with ``into``."""
        head = self._head(into.id)
        if head == self._head(out.id):  # a ring
            return False
        self._passed[head] += [*nodes, *self._passed.pop(out.id)]
        self.last[head] = self.last[out.id]
        self._above[out.id] = head
        return True

    def _head(self, flow: str) -> str:
        head = flow
        while self._above[head] != head:
            head = self._above[head]
        while self._above[flow] != head:
            self._above[flow], flow = head, self._above[flow]
        return head
