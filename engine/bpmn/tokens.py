"""The token game of one scope, played over all branches at once: every marking that can come up.

A marking is the set of flows that carry a token. An activity is one step (its inside is a scope of
its own); a second token on a flow is noted and not followed further. What acts as one step (see
``blocks``) is one place, so parallel branches cost little. Knows no engine and no severity.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from engine.bpmn.blocks import Chains
from engine.bpmn.graph import Flow, Node, Scope

_MOST_SUBSETS = 8  # ways out of an inclusive gateway whose every combination is tried
_MOST_PAIRED = 40  # more than so many are tried alone and all together only
_MOST_WORK = 2_000_000  # tokens and ways looked at in one play
_WAITS = ("userTask", "manualTask", "receiveTask", "intermediateCatchEvent", "eventBasedGateway")
_WRITES = (*_WAITS, "businessRuleTask", "subProcess", "boundaryEvent")  # what, is not known here
Marking = frozenset[str]
Known = frozenset[tuple[str, bool]]


def is_whole_end(node: Node) -> bool:
    """Whether a token that comes there ends its whole scope."""
    return node.kind == "endEvent" and node.event.kind in ("terminate", "error", "cancel")


@dataclass(frozen=True)
class Step:
    """One transition between two states by ``node``.

    ``free`` when there was a choice; ``chosen`` are then the flows it took, or the boundary event
    that happened. ``doubled`` is the flow that would have got a second token.
    """

    source: int
    target: int
    node: str
    chosen: tuple[str, ...] = ()
    free: bool = False
    doubled: str | None = None


@dataclass
class Play:
    """What was seen: ``markings`` with what is known of conditions, and the steps between them.

    ``guessed``: a way was left out because a condition asked before excludes it; ``partly``: the
    gateways of whose combinations of ways not all were tried. ``together`` are the rivals
    that carry tokens at the same time, ``passed`` the chains that lead straight to
    an end: a token there is gone at once.
    """

    markings: list[tuple[Marking, Known]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    complete: bool = True
    guessed: bool = False
    partly: set[str] = field(default_factory=set)
    together: set[frozenset[str]] = field(default_factory=set)
    passed: set[str] = field(default_factory=set)


class Game:
    """The rules for one scope. ``place`` gives for each flow the head of its chain, ``within`` for
    each head the gateways that choose inside its blocks.

    With ``apart`` parallel parts of a block are places of their own, to see what runs beside what;
    steps in ``keep`` are never part of a chain.
    """

    def __init__(self, scope: Scope, *, apart: bool = False, keep: Container[str] = ()) -> None:
        self.scope = scope
        self.apart = apart
        self.flow = {flow.id: flow for flow in scope.flows}
        self.tried = 0  # ways out of gateways, each as often as it was looked at
        self.conditions = self._repeated()
        chains = Chains(scope, apart=self._asked_again(), parallel=not apart, keep=keep)
        self.place, self.last, self.behind = chains.place, chains.last, chains.behind
        self.within = {head: self._choices_within(nodes) for head, nodes in self.behind.items()}
        self.into = {
            key: frozenset(self.place[flow.id] for flow in scope.into(key)) for key in scope.nodes
        }
        self.first = {key: min(places) for key, places in self.into.items() if places}
        self.ends = frozenset(head for head in self.last if self._leads_out(head))
        self.swift = frozenset(head for head in self.last if self._swift(head))
        self.reach: dict[str, dict[str, tuple[set[str], set[str]]]] = {}
        for node in scope.nodes.values():
            # Those that close a fused block never wait.
            waits = len(self.into[node.id] | set(self.out(node))) > 1
            if node.kind == "inclusiveGateway" and len(scope.into(node.id)) > 1 and waits:
                self.reach[node.id] = {
                    flow.id: (
                        self._before(flow, node.id),
                        self._before(flow, node.id, by_events=False),
                    )
                    for flow in scope.into(node.id)
                }

    def play(self, bound: int, rivals: Mapping[str, frozenset[str]] | None = None) -> Play:
        """Every marking within ``bound`` states, from each start event alone.

        ``rivals``: for a chain those of which it is asked whether they carry tokens beside it.
        """
        rivals = rivals or {}
        ends = frozenset() if self.apart else self.ends
        work = self.tried = 0
        seen: dict[tuple[Marking, Known], int] = {}
        played = Play()
        todo: deque[int] = deque()

        def state(marking: Marking, known: Known) -> int:
            key = (marking, known)
            if key not in seen:
                seen[key] = len(played.markings)
                played.markings.append(key)
                todo.append(seen[key])
            return seen[key]

        def meet(fresh: Iterable[str], marking: Marking) -> None:
            for one in fresh:
                for other in rivals.get(one, frozenset()) & marking:
                    played.together.add(frozenset((one, other)))

        for node in self.scope.nodes.values():
            if node.kind == "startEvent":
                out = frozenset(self.out(node))
                played.passed |= out & ends
                played.starts.append(state(out - ends, frozenset()))
                meet(out, out)
        while todo:
            if len(played.markings) > bound or work + self.tried > _MOST_WORK:
                played.complete = False
                break
            number = todo.popleft()
            marking, known = played.markings[number]
            for by, taken, given, then, chosen, free in self.moves(marking, known, played):
                work += len(marking)
                left = marking - taken
                played.passed.update(flow for flow in given if flow in ends)
                double = next((flow for flow in given if flow in left), None)
                if double is not None:
                    played.steps.append(Step(number, number, by, chosen, free, double))
                    continue
                after = (left | frozenset(given)) - ends
                meet(given, after)
                target = state(after, then)
                played.steps.append(Step(number, target, by, chosen, free))
        return played

    def moves(
        self, marking: Marking, known: Known, played: Play
    ) -> Iterator[tuple[str, frozenset[str], tuple[str, ...], Known, tuple[str, ...], bool]]:
        """node, flows used, flows given, what is known then, the way chosen, whether by choice."""
        found = False
        waiting: list[tuple[Node, frozenset[str]]] = []
        # The engine goes on by itself as far as it can before anybody's answer is taken.
        urgent = [head for head in marking if head in self.swift]
        for head in sorted(urgent or marking):
            node = self.scope.nodes[self.last[head].target]
            into = self.into[node.id]
            if node.kind == "parallelGateway" and len(into) > 1:
                if head == self.first[node.id] and marking.issuperset(into):
                    found = True
                    yield node.id, into, self.out(node), known, (), False
                continue
            if node.kind == "inclusiveGateway" and len(into) > 1:
                held = into & marking
                if head != min(held):
                    continue
                if self._may_join(node, held, marking):
                    found = True
                    yield from self._choice(node, held, known, played, many=True)
                else:
                    waiting.append((node, held))
                continue
            found = True
            yield from self._one(node, head, marking, known, played)
        if not found:  # joins that wait for each other: the engine lets one of them go on
            for node, held in waiting:
                yield from self._choice(node, held, known, played, many=True)

    def _one(
        self, node: Node, head: str, marking: Marking, known: Known, played: Play
    ) -> Iterator[tuple[str, frozenset[str], tuple[str, ...], Known, tuple[str, ...], bool]]:
        used = frozenset([head])
        if is_whole_end(node):
            yield node.id, marking, (), frozenset(), (), False
            return
        if node.kind in ("exclusiveGateway", "inclusiveGateway"):
            many = node.kind == "inclusiveGateway"
            yield from self._choice(node, used, known, played, many=many)
            return
        if node.kind == "eventBasedGateway":
            for flow in self.scope.out(node.id):
                yield node.id, used, (self.place[flow.id],), known, (flow.id,), True
            return
        out = self.out(node)
        yield node.id, used, out, known, (), False
        for edge in self.scope.boundaries(node.id):
            handler = self.out(edge)
            if edge.interrupting:
                yield edge.id, used, handler, known, (edge.id,), True
            elif not marking & set(handler) and not set(out) & set(handler):
                yield edge.id, used, (*out, *handler), known, (edge.id,), True

    def _choice(
        self, node: Node, used: frozenset[str], known: Known, played: Play, *, many: bool
    ) -> Iterator[tuple[str, frozenset[str], tuple[str, ...], Known, tuple[str, ...], bool]]:
        flows = self.scope.out(node.id)
        if len(flows) < 2:
            yield node.id, used, self.out(node), known, (), False
            return
        facts = dict(known)
        if many and len(flows) > _MOST_SUBSETS:
            played.partly.add(node.id)
        for chosen in self._ways(flows, many):
            self.tried += len(flows)
            then = self._assume(node, flows, chosen, facts, many)
            if then is None:
                played.guessed = True
                continue
            given = tuple(self.place[flow.id] for flow in chosen)
            yield node.id, used, given, then, tuple(flow.id for flow in chosen), True

    @staticmethod
    def _ways(flows: list[Flow], many: bool) -> Iterable[tuple[Flow, ...]]:
        if not many:
            return [(flow,) for flow in flows]
        if len(flows) <= _MOST_SUBSETS:
            sizes: Iterable[int] = range(1, len(flows) + 1)
        else:
            sizes = (1, 2, len(flows)) if len(flows) <= _MOST_PAIRED else (1, len(flows))
        return [ways for size in sizes for ways in combinations(flows, size)]

    def _assume(
        self,
        node: Node,
        flows: list[Flow],
        chosen: tuple[Flow, ...],
        facts: dict[str, bool],
        many: bool,
    ) -> Known | None:
        """What is known of conditions asked more than once when this way is taken; None: never."""
        then = dict(facts)
        taken = {flow.id for flow in chosen}
        for flow in flows:
            text, wanted = self._text(flow), flow.id in taken
            if flow.id != node.default and text is not None:
                if then.get(text, wanted) is not wanted:
                    return None
                if text in self.conditions:
                    then[text] = wanted
            if wanted and not many and flow.id != node.default:
                break  # those behind are not asked
        if many and any(f.id == node.default for f in chosen) and len(chosen) > 1:
            return None
        return frozenset(then.items())

    def _may_join(self, node: Node, held: frozenset[str], marking: Marking) -> bool:
        reach = self.reach[node.id]
        into = self.scope.into(node.id)
        # Where a handler's token has come the activity may still go on along its own flows.
        taken = set().union(*(reach[f.id][1] for f in into if self.place[f.id] in held))
        open_ways = [reach[f.id][0] for f in into if self.place[f.id] not in held]
        for head in marking - held:
            at = self.last[head].target
            if at != node.id and at not in taken and any(at in way for way in open_ways):
                return False
        return True

    def _leads_out(self, head: str) -> bool:
        """Whether a token there can only end, and only its source could put a second one there."""
        node = self.scope.nodes[self.last[head].target]
        source = self.scope.nodes[self.flow[head].source]
        ends = not self.scope.out(node.id) and not self.scope.boundaries(node.id)
        return ends and not is_whole_end(node) and len(self.scope.into(source.id)) < 2

    def _swift(self, head: str) -> bool:
        """Whether a token there comes to an end of the whole scope without anybody's doing."""
        *way, goal = (self.scope.nodes[key] for key in self.behind[head])
        return is_whole_end(goal) and all(n.kind not in _WAITS and n.scope is None for n in way)

    def _choices_within(self, nodes: list[str]) -> list[str]:
        """The gateways inside the blocks of a chain that choose their way."""
        kinds = ("exclusiveGateway", "inclusiveGateway", "eventBasedGateway")
        return [
            key
            for key in nodes[:-1]
            if self.scope.nodes[key].kind in kinds and len(self.scope.out(key)) > 1
        ]

    def out(self, node: Node) -> tuple[str, ...]:
        """The places that a node gives tokens to, one for each way out."""
        return tuple(self.place[flow.id] for flow in self.scope.out(node.id))

    def _repeated(self) -> set[str]:
        """Conditions that stand on ways out of more than one gateway and keep their answer.

        Whoever may write what they ask, unknown to the drawing, makes each answer anew.
        """
        if any(n.kind in _WRITES or n.kind == "scriptTask" for n in self.scope.nodes.values()):
            return set()
        asked: dict[str, set[str]] = {}
        for flow in self.scope.flows:
            text = self._text(flow)
            if text is not None:
                asked.setdefault(text, set()).add(flow.source)
        return {text for text, gateways in asked.items() if len(gateways) > 1}

    def _asked_again(self) -> set[str]:
        """The gateways whose way may be known from a gateway before."""
        return {flow.source for flow in self.scope.flows if self._text(flow) in self.conditions}

    @staticmethod
    def _text(flow: Flow) -> str | None:
        return " ".join(flow.condition.split()) if flow.condition else None

    def _before(self, into: Flow, join: str, *, by_events: bool = True) -> set[str]:
        """Where a token can still reach this way into a join, not by passing the join itself.

        ``by_events``: also from an activity by way of the events at its edge.
        """
        found, todo = {into.source}, [into.source]
        while todo:
            here = todo.pop()
            node = self.scope.nodes[here]
            sources = [flow.source for flow in self.scope.into(here)]
            if node.host is not None and by_events:
                sources.append(node.host)
            for source in sources:
                if source not in found and source != join:
                    found.add(source)
                    todo.append(source)
        return found
