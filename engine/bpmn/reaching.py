"""What may have been written when a token arrives somewhere: definitions that reach each node.

Follows the normalised graph of one pool through sub-processes, calls, loops, boundary events and
handlers. Bits of integers stand for definitions and for names not yet set. Knows no expression.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from engine.bpmn.graph import Node, Scope
from engine.bpmn.loops import COUNTS
from engine.feel import types as t

REACHED = 1  # the bit that says that a token may come here at all
ANYTHING = ""  # the name of a definition that may set whatever it likes
_LOOKS = 500  # at what may be written beside something; beyond, all of it may
_THROWN = ("error", "escalation", "cancel")


@dataclass(frozen=True, eq=False)
class Definition:
    """A name that ``place`` (in words) sets.

    ``replaces``: nothing written before is left of it. ``script`` is the script task that assigns
    it, whose expression tells the type.
    """

    name: str
    place: str
    type: t.Type = field(default_factory=t.Any)
    replaces: bool = False
    script: Node | None = None

    def gives(self, path: str) -> bool:
        """Whether the path may have a value after it."""
        names = path.split(".")
        if self.name != names[0]:
            return False
        known = self.type
        for name in names[1:]:
            if isinstance(known, t.List):
                known = known.of
            if not isinstance(known, t.Context) or known.fields is None:
                return True
            if name not in known.fields:
                return False
            known = known.fields[name]
        return True


@dataclass(frozen=True)
class State:
    """What holds at a point: definitions that may have been made, paths that may be unset, and
    paths that may hold anything at all.
    """

    made: int = 0
    unset: int = 0
    free: int = 0


@dataclass
class _Point:
    """Where a token passes. ``sources`` and ``ways`` are the points before it, for what may have
    been written and for what may be unset; the rest says what changes here.
    """

    sources: list[int] = field(default_factory=list)
    ways: list[int] = field(default_factory=list)
    every: bool = False  # all ways come together here
    within: tuple[int, int] | None = None  # the point before a scope; what can stay unset in it
    outside: tuple[int, int, int] | None = None  # the point before a loop; what counts in turns
    gains: int = 0
    loses: int = 0
    sets: int = 0
    frees: bool = False
    state: State = field(default_factory=State)


Key = tuple[int, str]


class Course:
    """The definitions of one pool and where they reach.

    ``writes`` tells what a node sets, ``begins`` what is set when a start of the pool begins;
    ``paths`` are those asked about.
    """

    def __init__(
        self,
        pool: Scope,
        writes: Callable[[Node], Iterable[Definition]],
        begins: Callable[[Node], Iterable[Definition]],
        paths: Iterable[str],
    ) -> None:
        self.writes, self.begins = writes, begins
        self.paths = {path: 1 << at for at, path in enumerate(sorted(set(paths)))}
        self.definitions: list[Definition] = []
        self.where: list[int] = []  # the point of each definition
        self.looked = 0
        self.points: list[_Point] = []
        self.enter: dict[Key, int] = {}
        self.begin: dict[Key, int] = {}
        self.finish: dict[Key, int] = {}
        self.leave: dict[Key, int] = {}
        self.of_name: dict[str, int] = {}
        self._roots: dict[str, list[tuple[str, int]]] = {}
        for path, bit in self.paths.items():
            self._roots.setdefault(path.split(".")[0], []).append((path, bit))
        self._all = (1 << len(self.paths)) - 1
        self._free: dict[int, int] = {}
        self._hubs: dict[int, int] = {}
        self._beside: dict[int, int] = {}
        self._scope(pool)
        self._connect(pool)
        self._starts(pool)
        self._solve()

    # -- questions ------------------------------------------------------------------------

    def at(self, scope: Scope, node: Node, *, end: bool = False) -> State:
        """What holds when a token arrives at a node, or at the ``end`` of each of its turns."""
        return self.points[(self.finish if end else self.enter)[id(scope), node.id]].state

    def reaching(self, state: State, path: str) -> list[Definition]:
        """The definitions that may have given the path a value; not those that set anything."""
        left = state.made & self.of_name.get(path.split(".")[0], 0)
        return [one for one in self._listed(left) if one.gives(path)]

    def anything(self, state: State, path: str) -> bool:
        """Whether the path may hold whatever somebody liked; also where no token comes."""
        return bool(state.free & self.paths[path]) or not state.made & REACHED

    def may_be_unset(self, state: State, path: str) -> bool:
        """Whether a token may arrive before anything gave the path a value."""
        return bool(state.unset & self.paths[path])

    def written(self, path: str) -> list[Definition]:
        """All definitions of the pool that give the path a value."""
        return [one for one in self.definitions if one.gives(path)]

    def only_after(self, scope: Scope, node: Node, path: str) -> bool:
        """Whether everything that sets the path comes after the node, never before or beside."""
        start = self.enter[id(scope), node.id]
        later = self._behind(start)
        found = False
        for at, one in enumerate(self.definitions):
            if one.gives(path):
                found = True
                if self.where[at] not in later or start in self._behind(self.where[at]):
                    return False
        return found

    def beside(self, scope: Scope, node: Node, path: str, state: State) -> bool:
        """Whether something that is neither before nor after the node may give the path a value.

        A branch that runs in parallel: whoever has waited knows what it wrote meanwhile.
        """
        others = self.of_name.get(path.split(".")[0], 0) & ~state.made
        if not others:
            return False
        here = self.enter[id(scope), node.id]
        later = self._behind(here)
        for number in _numbers(others):
            self.looked += 1
            at = self.where[number]
            if self.looked > _LOOKS or (at not in later and here not in self._behind(at)):
                return True
        return False

    def _listed(self, bits: int) -> Iterator[Definition]:
        return (self.definitions[number] for number in _numbers(bits))

    def _behind(self, start: int) -> set[int]:
        seen: set[int] = set()
        todo = [start]
        while todo:
            for after in self._followers[todo.pop()]:
                if after not in seen:
                    seen.add(after)
                    todo.append(after)
        return seen

    # -- points ---------------------------------------------------------------------------

    def _point(self, *before: int) -> int:
        self.points.append(_Point(list(before), list(before)))
        return len(self.points) - 1

    def _define(self, point: int, made: Iterable[Definition]) -> None:
        """Let definitions be made at a point."""
        here = self.points[point]
        for one in made:
            if one.name == ANYTHING:
                here.frees = True
                continue
            self.definitions.append(one)
            self.where.append(point)
            bit = 1 << len(self.definitions)
            here.gains |= bit
            self.of_name[one.name] = self.of_name.get(one.name, 0) | bit
            for path, asked in self._roots.get(one.name, ()):
                if one.gives(path):
                    here.sets |= asked

    def _scope(self, scope: Scope) -> None:
        """Points for every node, with what it sets; inner scopes first."""
        for node in scope.nodes.values():
            key = (id(scope), node.id)
            self.enter[key] = self.begin[key] = self._point()
            if node.loop is not None:
                self.begin[key] = self._point(self.enter[key])
            if node.scope is not None:
                self._scope(node.scope)
            self.finish[key] = self.leave[key] = self._point(self.begin[key])
            self._define(self.finish[key], self.writes(node))
            if node.loop is not None:
                self._loop(key, node)
        self._free[id(scope)] = self._staying(scope)

    def _loop(self, key: Key, node: Node) -> None:
        loop = node.loop
        assert loop is not None  # noqa: S101
        enter, begin, finish = self.enter[key], self.begin[key], self.finish[key]
        counted = [Definition(name, node.id, t.Number(required=True), True) for name in COUNTS]
        item = [Definition(loop.item, node.id)] if loop.item else []
        self._define(begin, counted + item)
        if loop.kind != "parallel":
            for before in (self.points[begin].sources, self.points[begin].ways):
                before.append(finish)
        leave = self.leave[key] = self._point(finish)
        if _skips(node):
            self.points[leave].sources.append(enter)
            self.points[leave].ways.append(enter)
        inner = COUNTS.union(name for name in (loop.item, loop.result) if name)
        self.points[leave].outside = (enter, *self._bits(inner))
        if loop.results:
            listed = t.List(required=True)
            self._define(leave, [Definition(loop.results, node.id, listed, True)])

    def _staying(self, scope: Scope) -> int:
        """The paths that a scope can be gone through without being set, all its tokens ended."""
        free = dict.fromkeys(scope.nodes, 0)
        todo = deque(reversed(list(scope.nodes.values())))
        waiting = set(scope.nodes)
        while todo:
            node = todo.popleft()
            waiting.discard(node.id)
            found = self._through(scope, node, free)
            if found == free[node.id]:
                continue
            free[node.id] = found
            before = [flow.source for flow in scope.into(node.id)]
            before += [node.host] if node.host in scope.nodes and node.host else []
            for key in before:
                if key not in waiting:
                    waiting.add(key)
                    todo.append(scope.nodes[key])
        starts = [n.id for n in scope.nodes.values() if n.kind == "startEvent"]
        found = 0
        for key in starts:
            found |= free[key]
        return found

    def _through(self, scope: Scope, node: Node, free: Mapping[str, int]) -> int:
        if node.kind == "endEvent" and node.event.kind in ("error", "cancel"):
            return 0
        after = self._all
        for at, flow in enumerate(scope.out(node.id)):
            if not at:
                after = free[flow.target]
            elif node.kind == "parallelGateway":
                after &= free[flow.target]
            else:
                after |= free[flow.target]
        key = (id(scope), node.id)
        if not _skips(node):
            after &= self._free[id(node.scope)] if node.scope is not None else self._all
            after &= ~self.points[self.finish[key]].sets
        if node.loop is not None:
            after &= ~self.points[self.leave[key]].sets
        for boundary in scope.boundaries(node.id):
            after |= free[boundary.id] if boundary.interrupting else 0
        return after

    # -- ways -----------------------------------------------------------------------------

    def _connect(self, scope: Scope) -> None:
        for flow in scope.flows:
            self._lead(self.leave[id(scope), flow.source], self.enter[id(scope), flow.target])
        for node in scope.nodes.values():
            key = (id(scope), node.id)
            if node.kind == "parallelGateway" and len(scope.into(node.id)) > 1:
                self.points[self.enter[key]].every = True
            if node.scope is not None:
                self._inside(key, node.scope)
                self._connect(node.scope)
            if node.host is not None and node.host in scope.nodes:
                self._boundary(scope, node, scope.nodes[node.host])

    def _lead(self, source: int, target: int) -> None:
        self.points[target].sources.append(source)
        self.points[target].ways.append(source)

    def _inside(self, key: Key, inner: Scope) -> None:
        """From a sub-process into its scope, and out of it at its ends."""
        finish = self.points[self.finish[key]]
        finish.sources, finish.ways = [], []
        finish.within = (self.begin[key], self._free[id(inner)])
        for node in inner.nodes.values():
            here = (id(inner), node.id)
            if node.kind == "startEvent":
                self._lead(self.begin[key], self.enter[here])
            if not inner.out(node.id) and node.event.kind not in ("error", "cancel"):
                finish.sources.append(self.leave[here])
        if any(n.event.kind == "terminate" for n in _unwrapped(inner)):
            finish.sources.append(self._hub(inner))

    def _boundary(self, scope: Scope, node: Node, host: Node) -> None:
        """A boundary event begins with what its host began with and all that it wrote since."""
        entered = self.enter[id(scope), node.id]
        point = self.points[entered]
        around = self.begin[id(scope), host.id]
        point.sources.append(around)
        if host.scope is not None:
            point.sources.append(self._hub(host.scope))
            if host.scope.wrapped:  # an event sub-process: its scope with other handlers
                point.sources.append(self._handlers(scope))
        thrown = []
        if node.event.kind in _THROWN and host.scope is not None:
            thrown = [
                self.leave[id(inner), one.id]
                for inner, one in host.scope.walk()
                if one.kind in ("endEvent", "intermediateThrowEvent")
                and one.event.kind == node.event.kind
                and node.event.code in (None, one.event.code)
            ]
        point.ways += thrown or [around]

    def _hub(self, scope: Scope) -> int:
        """A point that knows all that may have been written anywhere in a scope."""
        if id(scope) not in self._hubs:
            inside = [self.leave[id(scope), node.id] for node in scope.nodes.values()]
            inside += [self._hub(node.scope) for node in scope.nodes.values() if node.scope]
            self._hubs[id(scope)] = self._gathered(inside)
        return self._hubs[id(scope)]

    def _handlers(self, scope: Scope) -> int:
        """The same for the event sub-processes beside the body of a scope."""
        if id(scope) not in self._beside:
            inner = [n.scope for n in scope.nodes.values() if n.scope and not n.scope.wrapped]
            self._beside[id(scope)] = self._gathered([self._hub(one) for one in inner])
        return self._beside[id(scope)]

    def _gathered(self, points: list[int]) -> int:
        self.points.append(_Point(sources=points))
        return len(self.points) - 1

    def _starts(self, pool: Scope) -> None:
        self._followers: list[list[int]] = [[] for _ in self.points]
        for at, point in enumerate(self.points):
            for before in {*point.sources, *point.ways}:
                self._followers[before].append(at)
            for special in (point.within, point.outside):
                if special is not None:
                    self._followers[special[0]].append(at)
        self._first: dict[int, State] = {}
        for node in pool.nodes.values():
            if node.kind == "startEvent":
                at = self.enter[id(pool), node.id]
                self._define(at, self.begins(node))
                self._first[at] = State(REACHED, self._all)

    # -- the least solution ---------------------------------------------------------------

    def _solve(self) -> None:
        replaced = [self._bits(names) for names in self._replaced()]
        todo = deque(self._first)
        waiting = set(todo)
        while todo:
            at = todo.popleft()
            waiting.discard(at)
            point = self.points[at]
            state = self._state(at, point, *replaced[at])
            if state == point.state:
                continue
            point.state = state
            for after in self._followers[at]:
                if after not in waiting:
                    waiting.add(after)
                    todo.append(after)

    def _replaced(self) -> list[set[str]]:
        names: list[set[str]] = [set() for _ in self.points]
        for one, point in zip(self.definitions, self.where, strict=True):
            if one.replaces:
                names[point].add(one.name)
        return names

    def _bits(self, names: Iterable[str]) -> tuple[int, int]:
        """The definitions of some names, and the paths under them."""
        made = paths = 0
        for name in names:
            made |= self.of_name.get(name, 0)
            for _, bit in self._roots.get(name, ()):
                paths |= bit
        return made, paths

    def _state(self, at: int, point: _Point, replaced: int, new: int) -> State:
        first = self._first.get(at, State())
        made, unset, free = first.made, first.unset, first.free
        for before in point.sources:
            made |= self.points[before].state.made
            free |= self.points[before].state.free
        if not made & REACHED:
            return State()
        if point.within is not None:
            unset |= self.points[point.within[0]].state.unset & point.within[1]
        elif point.every:
            both = self._all
            for before in point.ways:
                both &= self.points[before].state.unset
            unset |= both
        else:
            for before in point.ways:
                unset |= self.points[before].state.unset
        if point.outside is not None:
            enter, names, paths = point.outside
            around = self.points[enter].state
            made = made & ~names | around.made & names
            unset = unset & ~paths | around.unset & paths
            free = free & ~paths | around.free & paths
        free = self._all if point.frees else free & ~new
        return State(made & ~replaced | point.gains, unset & ~point.sets, free)


def _numbers(bits: int) -> Iterator[int]:
    """The places of the definitions that some bits stand for."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 2
        bits ^= low


def _skips(node: Node) -> bool:
    """Whether an activity may be gone past without a single turn."""
    return node.loop is not None and (node.loop.kind != "standard" or node.loop.test_before)


def _unwrapped(scope: Scope) -> Iterator[Node]:
    """The nodes whose terminate end ends this scope."""
    for node in scope.nodes.values():
        yield node
        if node.scope is not None and node.scope.wrapped:
            yield from _unwrapped(node.scope)
