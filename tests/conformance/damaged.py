"""Drawings put together of sound blocks and then damaged a little, and all their runs.

Every condition asks a fact of its own that the start data decide, every timer one that says
whether it rings in time; so the runs over all answers are all that can happen.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from hypothesis import strategies as st

from engine.bpmn import dry_run
from engine.bpmn.model import Model
from tests.engine.bpmn.drawing import draw

GATEWAYS = ("xor", "and", "or")
Draw = Callable[[st.SearchStrategy], object]


@dataclass
class Picture:
    """One scope: ``kinds`` by element, ``options`` of its line, ``ways`` as [source, target].

    ``turns`` are the gateways whose first way leads back, with what counts the turns.
    """

    kinds: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    ways: list[list[str]] = field(default_factory=list)
    inner: dict[str, Picture] = field(default_factory=dict)
    turns: dict[str, str] = field(default_factory=dict)

    def scopes(self) -> Iterator[Picture]:
        """This one and those inside."""
        yield self
        for inside in self.inner.values():
            yield from inside.scopes()

    def cyclic(self) -> bool:
        """Whether some way leads back, in whichever scope."""
        return any(_turns_back(scope) for scope in self.scopes())


@dataclass
class Drawing:
    """A picture and what it asks: ``facts`` are answered with yes or no, ``counts`` begin at 0."""

    picture: Picture
    flat: bool
    facts: list[str] = field(default_factory=list)
    counts: list[str] = field(default_factory=list)
    names: Iterator[int] = field(default_factory=itertools.count)

    def source(self) -> bytes:
        """The drawing as BPMN; the facts of conditions are numbered anew."""
        self.facts = [fact for fact in self.facts if fact.startswith("late")]
        return draw({"a": "\n".join(self._lines(self.picture))})

    def _lines(self, picture: Picture) -> list[str]:
        lines: list[str] = []
        for key, kind in picture.kinds.items():
            ways = [way for way in picture.ways if way[0] == key]
            asks = kind in ("xor", "or") and len(ways) > 1
            option = f" default=d{key}" if asks else ""
            lines.append(f"{kind} {key}{option} {picture.options.get(key, '')}".rstrip())
            if kind == "sub":
                lines[-1] += " {"
                lines += [*self._lines(picture.inner[key]), "}"]
            for number, (_, target) in enumerate(ways):
                if not asks:
                    lines.append(f"{key} > {target}")
                elif number == len(ways) - 1:
                    lines.append(f"[d{key}] {key} > {target}")
                else:
                    fact = f"v{len(self.facts)}"
                    self.facts.append(fact)
                    again = f" and {picture.turns[key]} <= 1" if key in picture.turns else ""
                    lines.append(f"{key} > {target} : {fact} = true{again}")
        return lines

    # -- blocks: each gives its first and its last element ---------------------------------

    def scope(self, draw: Draw, depth: int) -> Picture:
        """A start, a block and an end."""
        picture = Picture()
        start, end = self.add(picture, "start"), self.add(picture, "end")
        first, last = self.block(draw, picture, depth)
        picture.ways += [[start, first], [last, end]]
        return picture

    def add(self, picture: Picture, kind: str, options: str = "") -> str:
        """One element."""
        key = f"{kind}{next(self.names)}"
        picture.kinds[key] = kind
        picture.options[key] = options
        return key

    def block(self, draw: Draw, picture: Picture, depth: int) -> tuple[str, str]:
        """Any sound block, the smaller the deeper."""
        kinds = ["task"]
        if depth > 0:
            kinds += ["row", "row", *GATEWAYS, *GATEWAYS, "loop"]
            kinds += [] if self.flat else ["sub", "fails", "late", "late"]
        kind = draw(st.sampled_from(kinds))
        assert isinstance(kind, str)
        if kind == "task":
            key = self.add(picture, "user")
            return key, key
        if kind in GATEWAYS:
            return self._fork(draw, picture, kind, depth)
        return {
            "row": self._row,
            "loop": self._loop,
            "sub": self._sub,
            "fails": self._fails,
            "late": self._late,
        }[kind](draw, picture, depth)

    def _row(self, draw: Draw, picture: Picture, depth: int) -> tuple[str, str]:
        first, middle = self.block(draw, picture, depth - 1)
        behind, last = self.block(draw, picture, depth - 1)
        picture.ways.append([middle, behind])
        return first, last

    def _fork(self, draw: Draw, picture: Picture, kind: str, depth: int) -> tuple[str, str]:
        split, join = self.add(picture, kind), self.add(picture, kind)
        for _ in range(2 if draw(st.booleans()) else 3):
            first, last = self.block(draw, picture, depth - 1)
            picture.ways += [[split, first], [last, join]]
        return split, join

    def _loop(self, draw: Draw, picture: Picture, depth: int) -> tuple[str, str]:
        merge, again = self.add(picture, "xor"), self.add(picture, "xor")
        count, out = f"c{len(self.counts)}", self.add(picture, "user")
        self.counts.append(count)
        added = self.add(picture, "script", f":= {count} = {count} + 1")
        picture.turns[again] = count
        first, last = self.block(draw, picture, depth - 1)
        picture.ways += [[merge, first], [last, added], [added, again], [again, merge]]
        picture.ways.append([again, out])
        return merge, out

    def _inside(self, draw: Draw, picture: Picture, depth: int) -> str:
        key = self.add(picture, "sub")
        picture.inner[key] = self.scope(draw, depth - 1)
        return key

    def _sub(self, draw: Draw, picture: Picture, depth: int) -> tuple[str, str]:
        key = self._inside(draw, picture, depth)
        return key, key

    def _fails(self, draw: Draw, picture: Picture, depth: int) -> tuple[str, str]:
        """A sub-process that may end in an error, caught at its edge."""
        key = self._inside(draw, picture, depth)
        inside = picture.inner[key]
        gate = self.add(inside, "xor")
        wrong = self.add(inside, "end", f"error={key}")
        end = next(k for k, kind in inside.kinds.items() if kind == "end")
        last = next(way for way in inside.ways if way[1] == end)
        inside.ways += [[gate, wrong], [gate, end]]
        last[1] = gate
        return self._edge(draw, picture, key, f"error={key}", depth, soft=False)

    def _late(self, draw: Draw, picture: Picture, depth: int) -> tuple[str, str]:
        """A sub-process that waits, and a timer at its edge that rings before or never."""
        key = self._inside(draw, picture, depth)
        inside = picture.inner[key]
        wait = self.add(inside, "catch", "after=PT5H")
        (first,) = [way for way in inside.ways if inside.kinds[way[0]] == "start"]
        inside.ways.append([wait, first[1]])
        first[1] = wait
        fact = f"late{next(self.names)}"
        self.facts.append(fact)
        timer = f'\'after=if {fact} = true then "PT1H" else "P9D"\''
        return self._edge(draw, picture, key, timer, depth, soft=bool(draw(st.booleans())))

    def _edge(
        self, draw: Draw, picture: Picture, host: str, event: str, depth: int, *, soft: bool
    ) -> tuple[str, str]:
        edge = self.add(picture, "boundary", f"on={host} {event}{' soft' if soft else ''}")
        first, last = self.block(draw, picture, depth - 1)
        picture.ways.append([edge, first])
        if soft:
            picture.ways.append([last, self.add(picture, "end")])
            return host, host
        merge = self.add(picture, "xor")
        picture.ways += [[host, merge], [last, merge]]
        return host, merge


@st.composite
def drawings(draw: Draw, *, flat: bool, damaged: bool) -> Drawing:
    """A drawing of sound blocks; ``damaged``: with one or two faults put in."""
    made = Drawing(Picture(), flat)
    made.picture = made.scope(draw, 3)
    for _ in range(draw(st.integers(1, 2)) if damaged else 0):  # type: ignore[call-overload]
        _damage(draw, draw(st.sampled_from(list(made.picture.scopes()))))  # type: ignore[arg-type]
    return made


def _damage(draw: Draw, scope: Picture) -> None:
    """Exchange a gateway's kind, cut a way, add one, or exchange where two ways lead."""
    ways = scope.ways
    gateways = [key for key, kind in scope.kinds.items() if kind in GATEWAYS]
    what = draw(st.sampled_from(["kind", "kind", "kind", "cut", "more", "swap"]))
    if what == "kind" and gateways:
        key = draw(st.sampled_from(gateways))
        others = [kind for kind in GATEWAYS if kind != scope.kinds[key]]  # type: ignore[index]
        scope.kinds[key] = draw(st.sampled_from(others))  # type: ignore[index,assignment]
    elif what == "cut":
        ways.remove(draw(st.sampled_from(ways)))  # type: ignore[arg-type]
    elif what == "swap":
        one, other = draw(st.sampled_from(ways)), draw(st.sampled_from(ways))
        one[1], other[1] = other[1], one[1]  # type: ignore[index]
    else:
        inside = [k for k, kind in scope.kinds.items() if kind in (*GATEWAYS, "user", "sub")]
        source, target = draw(st.sampled_from(inside)), draw(st.sampled_from(inside))
        if [source, target] not in ways and source != target:
            ways.insert(0, [source, target])  # type: ignore[list-item]


def _turns_back(picture: Picture) -> bool:
    """Whether taking away what nothing leads to, again and again, leaves something."""
    ways = [*picture.ways]
    for key, kind in picture.kinds.items():
        if kind == "boundary":
            ways.append([picture.options[key].split()[0].removeprefix("on="), key])
    left = set(picture.kinds)
    while True:
        led_to = {target for source, target in ways if source in left}
        if not left - led_to:
            return bool(left)
        left &= led_to


@dataclass(frozen=True)
class Run:
    """What one run came to: how often each element, and whether it stuck at a join."""

    times: Counter[str]
    stuck: bool
    ended: bool


def runs(model: Model, drawing: Drawing) -> Iterator[Run]:
    """The runs over all answers."""
    for answers in itertools.product((False, True), repeat=len(drawing.facts)):
        data = dict(zip(drawing.facts, answers, strict=True)) | dict.fromkeys(drawing.counts, 0)
        outcome = dry_run.run(model, data=data, auto=True)
        rules = {finding.rule for finding in outcome.findings if finding.severity == "error"}
        ended = outcome.verdict == "completed"
        times = Counter(line.element for line in outcome.trace)
        yield Run(times, "deadlock" in rules, ended)
