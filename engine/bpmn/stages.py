"""One pool opened up to its messages: the token games of its scopes played as one.

A sub-process that sends or waits for a message of another pool is entered; all others are one
step. A repeated one may turn again or, where it can, be passed over. Knows no engine.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.bpmn.graph import Node, Scope
from engine.bpmn.tokens import Game, Play, is_whole_end

# The number of a stage and a head of its game; "" stands for the stage being open.
Tokens = frozenset[tuple[int, str]]


@dataclass(frozen=True)
class Move:
    """One thing a pool can do: ``takes`` a message of that flow, ``gives`` others.

    ``told`` are the ways and events chosen, each with its stage; ``cuts``: an event took
    away what ran or was waited for.
    """

    tokens: Tokens
    takes: int | None = None
    gives: tuple[int, ...] = ()
    told: tuple[tuple[int, str], ...] = ()
    cuts: bool = False


@dataclass
class Options:
    """The ``moves`` of a pool; the flows that it ``wants`` something from, in whichever move.

    ``stuck`` are the places where it can do nothing but wait for a message; ``broken`` when
    something was left out: a second token, which another rule tells.
    """

    moves: list[Move] = field(default_factory=list)
    wants: set[int] = field(default_factory=set)
    stuck: list[Node] = field(default_factory=list)
    broken: bool = False


@dataclass
class Stage:
    """A scope that is played; ``above`` is the stage and the node whose inside it is."""

    number: int
    scope: Scope
    game: Game
    above: tuple[int, str] | None
    inner: dict[str, int] = field(default_factory=dict)
    within: set[int] = field(default_factory=set)


class Stages:
    """A pool and the sub-processes in it that take part: ``sends`` and ``takes`` by element."""

    def __init__(
        self,
        pool: Scope,
        sends: Mapping[str, Sequence[int]],
        takes: Mapping[str, Sequence[int]],
    ) -> None:
        self.sends, self.takes = sends, takes
        self.all: list[Stage] = []
        self._known: dict[Tokens, Options] = {}
        self._open(pool, None)

    def _open(self, scope: Scope, above: tuple[int, str] | None) -> int:
        opened = [n for n in scope.nodes.values() if n.scope and self.takes_part(n.scope)]
        keep: Container[str] = {n.id for n in opened} | {k for k in scope.nodes if self._talks(k)}
        stage = Stage(len(self.all), scope, Game(scope, keep=keep), above)
        self.all.append(stage)
        stage.within = {stage.number}
        for node in opened:
            assert node.scope is not None  # noqa: S101
            stage.inner[node.id] = self._open(node.scope, (stage.number, node.id))
            stage.within |= self.all[stage.inner[node.id]].within
        return stage.number

    def takes_part(self, scope: Scope) -> bool:
        """Whether anything in a scope sends or waits for a message of another pool."""
        return any(self._talks(node.id) for _, node in scope.walk())

    def _talks(self, key: str) -> bool:
        return key in self.sends or key in self.takes

    def begin(self, start: Node) -> Tokens:
        """The tokens of a new instance."""
        return self._given(0, start)

    def options(self, tokens: Tokens) -> Options:
        """What an instance with these tokens can do."""
        if tokens not in self._known:
            self._known[tokens] = self._options(tokens)
        return self._known[tokens]

    def _options(self, tokens: Tokens) -> Options:
        found = Options()
        for stage in self.all:
            heads = frozenset(h for number, h in tokens if number == stage.number and h)
            if heads and (quiet := self._steps(stage, heads, tokens, found)):
                return quiet
            if (stage.number, "") in tokens:
                self._around(stage, tokens, found)
        return found

    def _given(self, stage: int, node: Node) -> Tokens:
        return frozenset((stage, head) for head in self.all[stage].game.out(node))

    def _steps(
        self, stage: Stage, heads: frozenset[str], tokens: Tokens, found: Options
    ) -> Options | None:
        """The steps of one stage.

        The step of a single token that tells nobody anything comes to the same whatever the others
        do before or after it: then that one alone is given back, with all its ways.
        """
        nodes = stage.scope.nodes
        quiet: dict[str, Options] = {}
        for by, taken, given, _, chosen, _ in stage.game.moves(heads, frozenset(), Play()):
            node = nodes[by]
            rest = tokens - {(stage.number, head) for head in taken}
            told = tuple((stage.number, one) for one in chosen)
            after = frozenset((stage.number, head) for head in given)
            if node.host in stage.inner:
                continue  # its activity is open: see ``_around``
            if by in stage.inner:
                self._enter(stage, node, rest, found)
            elif is_whole_end(node):
                left = self._end(stage, node, tokens)
                found.moves.append(Move(left, None, (), told, cuts=True))
            elif node.kind == "eventBasedGateway":
                first = nodes[stage.game.last[given[0]].target]
                if first.id in self.takes:
                    after = self._given(stage.number, first)
                    self._await(first, rest, after, told, found)
                else:
                    self._go(rest, after, Move(rest, told=told, cuts=True), found)
            elif by in self.takes:
                self._await(node, rest, after, told, found)
            else:
                gives, cuts = tuple(self.sends.get(by, ())), node.kind == "boundaryEvent"
                here = found
                if self._quiet(stage, node) and len(taken) == 1:
                    here = quiet.setdefault(by, Options())
                self._go(rest, after, Move(rest, None, gives, told, cuts), here)
        for one in quiet.values():
            if not one.broken:
                return one
            found.broken = True
            found.moves += one.moves
        return None

    def _quiet(self, stage: Stage, node: Node) -> bool:
        """Whether a step sends nothing, waits for no other token and has no event at its edge."""
        joins = node.kind == "inclusiveGateway" and len(stage.scope.into(node.id)) > 1
        edge = node.kind == "boundaryEvent" or stage.scope.boundaries(node.id)
        return not joins and not edge and node.id not in self.sends

    def _enter(self, stage: Stage, node: Node, rest: Tokens, found: Options) -> None:
        inner = self.all[stage.inner[node.id]]
        if (inner.number, "") in rest:
            found.broken = True
            return
        found.moves.append(Move(rest | self._inside(inner)))
        if node.loop is not None and (node.loop.kind != "standard" or node.loop.test_before):
            self._go(rest, self._given(stage.number, node), Move(rest), found)

    def _inside(self, stage: Stage) -> Tokens:
        starts = [n for n in stage.scope.nodes.values() if n.kind == "startEvent"]
        opened: Tokens = frozenset([(stage.number, "")])
        return opened.union(*(self._given(stage.number, start) for start in starts))

    def _around(self, stage: Stage, tokens: Tokens, found: Options) -> None:
        """The end of an open sub-process, and the events at its edge."""
        assert stage.above is not None  # noqa: S101
        number, key = stage.above
        above = self.all[number]
        host = above.scope.nodes[key]
        inside = {token for token in tokens if token[0] in stage.within}
        rest = tokens - inside
        if len(inside) == 1:
            self._go(rest, self._given(number, host), Move(rest), found)
            if host.loop is not None:
                found.moves.append(Move(rest | self._inside(stage)))
        for edge in above.scope.boundaries(key):
            if edge.event.kind in ("error", "cancel"):
                continue  # thrown: see ``_end``
            after, left = self._given(number, edge), rest if edge.interrupting else tokens
            if not edge.interrupting and after & tokens:
                continue  # its branch runs already
            told = ((number, edge.id),)
            if edge.id in self.takes:
                self._await(edge, left, after, told, found)
            else:
                self._go(left, after, Move(left, told=told, cuts=True), found)

    def _await(
        self,
        node: Node,
        rest: Tokens,
        after: Tokens,
        told: tuple[tuple[int, str], ...],
        found: Options,
    ) -> None:
        found.wants.update(self.takes[node.id])
        if node.kind != "boundaryEvent":
            found.stuck.append(node)
        for flow in self.takes[node.id]:
            cuts = node.kind == "boundaryEvent"
            self._go(rest, after, Move(rest, flow, (), told, cuts), found)

    @staticmethod
    def _go(rest: Tokens, after: Tokens, move: Move, found: Options) -> None:
        if rest & after:
            found.broken = True
        else:
            found.moves.append(replace(move, tokens=rest | after))

    def _end(self, stage: Stage, end: Node, tokens: Tokens) -> Tokens:
        """What is left when an end event ends its scope, or throws to an edge further out."""
        for scope in self._outwards(stage):
            left = frozenset(token for token in tokens if token[0] not in scope.within)
            if scope.above is None:
                return frozenset()
            number, key = scope.above
            if end.event.kind == "terminate":
                if not scope.scope.wrapped:
                    return left | {(scope.number, "")}
                continue
            for edge in self.all[number].scope.boundaries(key):
                codes = (None, end.event.code)
                if edge.event.kind == end.event.kind and edge.event.code in codes:
                    return left | self._given(number, edge)
        return frozenset()

    def _outwards(self, stage: Stage) -> Iterator[Stage]:
        yield stage
        while stage.above is not None:
            stage = self.all[stage.above[0]]
            yield stage
