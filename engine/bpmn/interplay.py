"""The pools of one file played together: who waits for a message that nobody sends any more.

A pool has an instance for each start event. A message is kept until it is wanted and delivered
once; at the edge of an activity it is void when no instance that has this edge is under way. What
comes from outside comes whenever it likes. Runs are followed with so many events at edges and so
many messages kept of one flow; beyond, nothing is certain. Pools move one after the other as long
as none waits for another, so that only what they tell each other multiplies. Knows no engine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from engine.bpmn.graph import Node, Scope
from engine.bpmn.model import MessageFlow
from engine.bpmn.soundness import MANY, choice_in_words, id_of, name_of
from engine.bpmn.stages import Stages, Tokens
from engine.bpmn.tokens import Game
from engine.findings import Finding, Findings, rule

NEVER_COMES = rule("message-never-comes", "soundness", "Thông điệp được chờ chắc chắn sẽ tới")
LOST = rule("message-lost", "soundness", "Thông điệp gửi đi có nơi nhận")
NEVER_OPENED = rule("pool-never-opened", "soundness", "Pool tham gia có lúc được mở")

_BOUND = 20_000  # states
_MOST_WORK = 2_000_000  # nodes and moves looked at, these as often as there are pools and flows
_MOST_KEPT = 2  # messages of one flow kept at the same time
_MOST_EVENTS = 3  # events at edges and ends of whole scopes in one run
_Told = tuple[tuple[int, int, str], ...]  # pool, stage, way or event chosen


@dataclass(frozen=True)
class _State:
    """``slots`` are the tokens of the instances, None before the beginning; ``sent`` by flow.

    ``events`` is how many events at edges led here.
    """

    slots: tuple[Tokens | None, ...]
    sent: tuple[int, ...]
    events: int = 0


@dataclass(frozen=True)
class _Slot:
    """An instance that may run: its pool, and the start event that opens it."""

    pool: str
    number: int
    start: Node
    reached: frozenset[str]


def interplay(
    scopes: Mapping[str, Scope],
    flows: Mapping[str, MessageFlow],
    file: str,
    *,
    main: str,
    strict: bool,
    bound: int = _BOUND,
) -> list[Finding]:
    """What is found in the talk of the pools, normalised and by their ids; ``main`` begins.

    In a procedure what is certain is an error; all else is a warning.
    """
    findings = Findings(file)
    inside = _between(scopes, flows)
    for pool in {pool for flow in inside for pool in (flow.source_pool, flow.target_pool)}:
        starts = [n for n in scopes[pool].nodes.values() if n.kind == "startEvent"]
        if pool != main and not any(node.event.kind == "message" for node in starts):
            _unopened(findings, strict, pool, "không có thông điệp nào mở pool này")
    todo, left = deque(_groups(inside)), _MOST_WORK
    sizes = {key: sum(1 for _ in scope.walk()) for key, scope in scopes.items()}
    while todo:
        group, pairs = todo.popleft()
        left -= sum(
            sizes[key] for key in {p for f in group for p in (f.source_pool, f.target_pool)}
        )
        if left < 0:
            _too_many(findings, main)
            break
        talk = _Talk(scopes, group, main)
        share = left // 2 if pairs else left
        left -= share - talk.play(bound, share)
        if not talk.complete:
            _too_many(findings, main)
            todo.extend((pair, []) for pair in pairs)
        _Report(talk, findings, strict).tell()
    return list(findings)


def _too_many(findings: Findings, main: str) -> None:
    findings.warning(
        MANY,
        main,
        "các pool trao đổi với nhau theo quá nhiều cách, chưa xét hết; có thể còn thông điệp "
        "không tới.",
        "Hãy bớt số lần trao đổi, hoặc chia thành vài thủ tục.",
    )


def _between(scopes: Mapping[str, Scope], flows: Mapping[str, MessageFlow]) -> list[MessageFlow]:
    """The flows between pools that run, save to where something may come from outside too."""
    running = [f for f in flows.values() if f.target_pool in scopes and f.target_element]
    free = {f.target_element for f in running if f.source_pool not in scopes}
    return [f for f in running if f.target_element not in free]


def _groups(
    flows: list[MessageFlow],
) -> Iterator[tuple[list[MessageFlow], list[list[MessageFlow]]]]:
    """The flows to be played together, each time with the parts of them to try when too many.

    Pools that hang together as a tree cannot wait for each other round about, so that every two
    of them can be looked at alone; what waits for several is looked at with all of them.
    """
    pairs: list[tuple[set[str], list[MessageFlow]]] = []
    for flow in flows:
        ends, joined = {flow.source_pool, flow.target_pool}, [flow]
        for other in [pair for pair in pairs if pair[0] == ends or _meet(pair[1], flow)]:
            pairs.remove(other)
            ends, joined = ends | other[0], [*other[1], *joined]
        pairs.append((ends, joined))
    parts: list[tuple[set[str], list[list[MessageFlow]]]] = []
    for pools, joined in pairs:
        around, inner = set(pools), [joined]
        for part in [part for part in parts if part[0] & pools]:
            parts.remove(part)
            around, inner = around | part[0], [*part[1], *inner]
        parts.append((around, inner))
    for around, inner in parts:
        sizes = [len({p for f in one for p in (f.source_pool, f.target_pool)}) for one in inner]
        if sum(sizes) - len(inner) == len(around) - 1:
            yield from ((one, []) for one in inner)
        else:
            yield [flow for one in inner for flow in one], inner


def _meet(flows: list[MessageFlow], other: MessageFlow) -> bool:
    """Whether a flow ends where one of others ends."""
    return any(flow.target_element == other.target_element for flow in flows)


def _unopened(findings: Findings, strict: bool, pool: str, why: str) -> None:
    note = findings.error if strict else findings.warning
    note(
        NEVER_OPENED,
        pool,
        f"pool «{pool}» không bao giờ được mở: {why}.",
        "Hãy vẽ sự kiện bắt đầu nhận thông điệp, và gửi thông điệp tới đó.",
    )


class _Talk:
    """The joint token game. A pool that nobody opens is told, and played as if it had begun."""

    def __init__(self, scopes: Mapping[str, Scope], flows: list[MessageFlow], main: str) -> None:
        self.flows = flows
        sends: dict[str, list[int]] = {}
        self.takes: dict[str, list[int]] = {}
        for number, flow in enumerate(flows):
            sends.setdefault(flow.source_element or "", []).append(number)
            self.takes.setdefault(flow.target_element or "", []).append(number)
        self.pools: dict[str, Stages] = {}
        self.slots: list[_Slot] = []
        self.begun: set[int] = set()
        talking = {pool for flow in flows for pool in (flow.source_pool, flow.target_pool)}
        for number, (pool, scope) in enumerate(scopes.items()):
            if pool in talking:
                self.pools[pool] = Stages(scope, sends, self.takes)
                self._slots_of(pool, number, scope, main)
        self.states: list[_State] = []
        self.came: list[tuple[int, _Told]] = []
        self.still: list[tuple[int, list[tuple[str, Node]]]] = []  # where nothing moves, who waits
        self.delivered: set[int] = set()
        self.wanted: set[int] = set()
        self.whole = True  # no run was left out because it had too many events or messages
        self.edges = {
            flow
            for stages in self.pools.values()
            for stage in stages.all
            for node in stage.scope.nodes.values()
            if node.kind == "boundaryEvent"
            for flow in self.takes.get(node.id, ())
        }
        self.complete = True
        self._number: dict[_State, int] = {}
        self._todo: deque[int] = deque()

    def _slots_of(self, pool: str, number: int, scope: Scope, main: str) -> None:
        starts = [node for node in scope.nodes.values() if node.kind == "startEvent"]
        opened = [node for node in starts if node.id in self.takes]
        for start in starts:
            if start in opened or not opened or pool == main or start.event.kind == "message":
                if start not in opened:
                    self.begun.add(len(self.slots))
                self.slots.append(_Slot(pool, number, start, _reached(scope, start)))

    def play(self, bound: int, work: int) -> int:
        """Every state that the pools can come to together, within the bounds; the work left."""
        first = tuple(
            self.pools[slot.pool].begin(slot.start) if number in self.begun else None
            for number, slot in enumerate(self.slots)
        )
        self._see(_State(first, (0,) * len(self.flows)), -1, ())
        size = len(self.slots) + len(self.flows)
        while self._todo:
            number = self._todo.popleft()
            after, waiting, broken = self._after(self.states[number])
            tokens = sum(len(slot) for slot in self.states[number].slots if slot)
            work -= (len(after) + 1) * size + tokens
            if len(self.states) > bound or work < 0:
                self.complete = False
                break
            for state, told in after:
                self._see(state, number, told)
            if not after and not broken:
                self.still.append((number, waiting))
        return work

    def game_of(self, chosen: tuple[int, int, str]) -> Game:
        """The game in which something was chosen."""
        pool = next(slot.pool for slot in self.slots if slot.number == chosen[0])
        return self.pools[pool].all[chosen[1]].game

    def _see(self, state: _State, before: int, told: _Told) -> None:
        if state not in self._number:
            self._number[state] = len(self.states)
            self._todo.append(len(self.states))
            self.states.append(state)
            self.came.append((before, told))

    def _after(
        self, state: _State
    ) -> tuple[list[tuple[_State, _Told]], list[tuple[str, Node]], bool]:
        """The next states; who waits; whether a way was left out.

        When an instance can move and wants nothing that another may still send, the others need
        not be asked: what they do meanwhile comes to the same. Not so when it only goes round.
        """
        for flow in self.edges:
            if state.sent[flow] and not self._has_edge(state, flow):
                sent = tuple(0 if n == flow else count for n, count in enumerate(state.sent))
                return [(_State(state.slots, sent, state.events), ())], [], False
        every: list[tuple[_State, _Told]] = []
        waiting: list[tuple[str, Node]] = []
        broken = left_out = False
        for number, (slot, tokens) in enumerate(zip(self.slots, state.slots, strict=True)):
            if not tokens:
                every += self._opening(state, number, slot)
                continue
            options = self.pools[slot.pool].options(tokens)
            self.wanted |= options.wants
            broken = broken or options.broken
            waiting += [(slot.pool, node) for node in options.stuck]
            found: list[tuple[_State, _Told]] = []
            for move in options.moves:
                if move.takes is None or state.sent[move.takes]:
                    self.delivered |= set() if move.takes is None else {move.takes}
                    told = tuple((slot.number, *one) for one in move.told)
                    after = self._with(state, number, move.tokens, move.takes, move.gives)
                    events = state.events + move.cuts
                    after = replace(after, events=events)
                    if events <= _MOST_EVENTS and max(after.sent) <= _MOST_KEPT:
                        found.append((after, told))
                    else:
                        self.whole, left_out = False, True
            alone = found and all(state.sent[flow] for flow in options.wants)
            if alone and all(one not in self._number for one, _ in found):
                return found, [], False
            every += found
        return every, waiting, broken or left_out

    def _has_edge(self, state: _State, flow: int) -> bool:
        """Whether an instance is under way, or about to be, that may catch it at an edge."""
        target = self.flows[flow].target_element
        for slot, tokens in zip(self.slots, state.slots, strict=True):
            opening = any(state.sent[one] for one in self.takes.get(slot.start.id, ()))
            if (tokens or opening) and target in slot.reached:
                return True
        return False

    def _opening(self, state: _State, number: int, slot: _Slot) -> Iterator[tuple[_State, _Told]]:
        for flow in self.takes.get(slot.start.id, ()):
            if state.sent[flow]:
                self.delivered.add(flow)
                begun = self.pools[slot.pool].begin(slot.start)
                yield self._with(state, number, begun, flow, ()), ()

    @staticmethod
    def _with(
        state: _State, number: int, tokens: Tokens, takes: int | None, gives: Iterable[int]
    ) -> _State:
        slots, sent = list(state.slots), list(state.sent)
        slots[number] = tokens
        if takes is not None:
            sent[takes] -= 1
        for flow in gives:
            sent[flow] += 1
        return _State(tuple(slots), tuple(sent), state.events)


def _reached(scope: Scope, start: Node) -> frozenset[str]:
    """The nodes that a start leads to, those inside sub-processes with them."""
    found, todo = {start.id}, [start.id]
    while todo:
        here = todo.pop()
        ways = [flow.target for flow in scope.out(here)]
        for key in [*ways, *(edge.id for edge in scope.boundaries(here))]:
            if key not in found:
                found.add(key)
                todo.append(key)
    inner = [scope.nodes[key].scope for key in found]
    return frozenset(found.union(*({n.id for _, n in one.walk()} for one in inner if one)))


class _Report:
    """What the states show, in words."""

    def __init__(self, talk: _Talk, findings: Findings, strict: bool) -> None:
        self.talk, self.findings = talk, findings
        self.strict = strict and talk.whole
        self.certain = findings.error if self.strict else findings.warning
        self.starts = {slot.start.id for slot in talk.slots}

    def tell(self) -> None:
        """Note everything found."""
        stuck: dict[str, tuple[int, str, Node]] = {}
        for number, waiting in self.talk.still:
            for pool, node in waiting:
                stuck.setdefault(node.id, (number, pool, node))
        if self.talk.complete:
            self._never(stuck)
        for key, (number, pool, node) in stuck.items():
            if any(flow in self.talk.delivered for flow in self.talk.takes[key]):
                self.findings.warning(
                    NEVER_COMES,
                    id_of(node),
                    f"«{name_of(node)}» có thể chờ mãi: {self._why(number, pool, node)}"
                    f"{self._when(number)}.",
                    "Hãy gửi thông điệp trên mọi đường đi, hoặc thêm hẹn giờ ở nơi chờ.",
                )
        self._lost()

    def _never(self, stuck: Mapping[str, tuple[int, str, Node]]) -> None:
        """What is waited for and comes in no state at all."""
        for key, flows in self.talk.takes.items():
            if any(flow in self.talk.delivered for flow in flows):
                continue
            pool = self.talk.flows[flows[0]].target_pool
            if key in self.starts:
                _unopened(
                    self.findings, self.strict, pool, "không lần nào thông điệp mở nó được gửi đi"
                )
            elif key in stuck:
                number, pool, node = stuck[key]
                self.certain(
                    NEVER_COMES,
                    id_of(node),
                    f"«{name_of(node)}» chờ mãi: {self._why(number, pool, node)}.",
                    "Hãy gửi thông điệp trước chỗ chờ, trên mọi đường đi.",
                )
            elif self.talk.whole and any(flow in self.talk.wanted for flow in flows):
                self.findings.warning(
                    NEVER_COMES,
                    key,
                    f"thông điệp cho «{key}» không lần nào tới khi nó được chờ.",
                    "Hãy gửi thông điệp trước chỗ chờ, hoặc bỏ chỗ chờ này.",
                )

    def _why(self, number: int, pool: str, node: Node) -> str:
        """Whom a pool waits for, and whether that one waits for it in turn."""
        flows = [self.talk.flows[flow] for flow in self.talk.takes[node.id]]
        waits: dict[str, set[str]] = {}
        for other, place in dict(self.talk.still)[number]:
            senders = (self.talk.flows[flow].source_pool for flow in self.talk.takes[place.id])
            waits.setdefault(other, set()).update(senders)
        reached, todo = set[str](), [flow.source_pool for flow in flows]
        while todo:
            other = todo.pop()
            if other not in reached:
                reached.add(other)
                todo += waits.get(other, ())
        partners = ", ".join(dict.fromkeys(f"«{flow.source_pool}»" for flow in flows))
        if pool in reached:
            return f"nó chờ {partners}, mà {partners} lại chờ nó"
        return f"{partners} không (còn) gửi thông điệp này"

    def _lost(self) -> None:
        """Messages that are left when nothing moves and whose pool has ended.

        Those that only cross an event at an edge are not: who has been called off hears no more.
        """
        told: set[int] = set()
        for number, waiting in self.talk.still:
            state = self.talk.states[number]
            busy = {pool for pool, _ in waiting}
            for index, flow in enumerate(self.talk.flows):
                never = self.talk.complete and index not in self.talk.delivered
                late = index in self.talk.edges or flow.target_element in self.starts
                left = state.sent[index] and not late and flow.target_pool not in busy
                if not left or index in told or not (never or not state.events):
                    continue
                told.add(index)
                what = "không có ai nhận" if never else "có thể không có ai nhận"
                self.findings.warning(
                    LOST,
                    flow.id,
                    f"thông điệp «{flow.name or flow.id}» {what}: «{flow.target_pool}» không "
                    f"(còn) đi qua chỗ chờ nó{'' if never else self._when(number)}.",
                    "Hãy chờ thông điệp trên mọi đường đi của pool nhận, hoặc bớt lần gửi.",
                )

    def _when(self, number: int) -> str:
        """The conditions and events of the way to a state."""
        parts: list[str] = []
        while number >= 0:
            number, told = self.talk.came[number]
            parts += [choice_in_words(self.talk.game_of(one), one[2]) for one in reversed(told)]
        words = list(dict.fromkeys(part for part in reversed(parts) if part))[:4]
        return f" (khi {'; '.join(words)})" if words else ""
