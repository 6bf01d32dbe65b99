"""Random nested procedures: every task that should run runs as often as it should, and every value
written is there at the end, in whatever order the work is done."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from tests.engine.bpmn.drawing import Walk


@dataclass
class Sketch:
    """A procedure being invented, and how often each of its tasks must run."""

    dice: random.Random
    lines: list[str] = field(default_factory=list)
    due: Counter[str] = field(default_factory=Counter)
    count: int = 0

    def name(self, letter: str) -> str:
        """A new id."""
        self.count += 1
        return f"{letter}{self.count}"

    def block(self, depth: int, times: int) -> tuple[str, str]:
        """Draw a block that runs ``times`` times; its first and last node."""
        kinds = [self.task, self.script]
        if depth:
            kinds += [self.chain, self.gateway, self.gateway, self.loop, self.sub, self.each]
        return self.dice.choice(kinds)(depth - 1, times)

    def task(self, _: int, times: int) -> tuple[str, str]:
        """A user task."""
        name = self.name("u")
        self.lines.append(f"user {name}")
        if times:
            self.due[name] = times
        return name, name

    def script(self, _: int, times: int) -> tuple[str, str]:
        """A script that counts its own runs."""
        name = self.name("s")
        self.lines.append(f"script {name} := {name} = if {name} = null then 1 else {name} + 1")
        if times:
            self.due[name] = times
        return name, name

    def chain(self, depth: int, times: int) -> tuple[str, str]:
        """Two blocks, one after the other."""
        first, second = self.block(depth, times), self.block(depth, times)
        self.lines.append(f"{first[1]} > {second[0]}")
        return first[0], second[1]

    def gateway(self, depth: int, times: int) -> tuple[str, str]:
        """Branches between two gateways of a kind."""
        kind = self.dice.choice(["xor", "and", "or"])
        split, join = self.name("g"), self.name("g")
        ways = self.dice.randint(2, 3)
        taken = {
            "xor": {self.dice.randrange(ways)},
            "and": set(range(ways)),
            "or": set(self.dice.sample(range(ways), self.dice.randint(1, ways))),
        }[kind]
        self.lines += [f"{kind} {split}", f"{kind} {join}"]
        for way in range(ways):
            runs = times if way in taken else 0
            if self.dice.random() < 0.15:
                first = last = self.name("p")
                self.lines.append(f"throw {first}")
            else:
                first, last = self.block(depth, runs)
            condition = "" if kind == "and" else f" : {'1 = 1' if way in taken else '1 = 2'}"
            self.lines += [f"{split} > {first}{condition}", f"{last} > {join}"]
        return split, join

    def loop(self, depth: int, times: int) -> tuple[str, str]:
        """A block gone through several times by an arrow back."""
        turns = self.dice.randint(1, 3)
        begin, body = self.name("g"), self.block(depth, times * turns)
        count, more, back = self.name("n"), self.name("g"), self.name("f")
        out = self.name("f")
        self.lines += [
            f"xor {begin}",
            f"script {count}s := {count} = if {count} = null then 1 else {count} + 1",
            f"xor {more} default={out}",
            f"{begin} > {body[0]}",
            f"{body[1]} > {count}s > {more}",
            f"[{back}] {more} > {begin} : modulo({count}, {turns}) != 0",
        ]
        after = self.name("p")
        self.lines += [f"throw {after}", f"[{out}] {more} > {after}"]
        return begin, after

    def sub(self, depth: int, times: int, repeat: str = "", runs: int = 1) -> tuple[str, str]:
        """A sub-process."""
        name, start, end = self.name("P"), self.name("b"), self.name("e")
        self.lines += [f"sub {name}{repeat} {{", f"start {start}", f"end {end}"]
        first, last = self.block(depth, times * runs)
        self.lines += [f"{start} > {first}", f"{last} > {end}", "}"]
        late, handler, merge = self.name("t"), self.name("h"), self.name("g")
        soft = self.dice.random() < 0.4
        self.lines += [f"user {handler}", f"xor {merge}", f"{name} > {merge}"]
        self.lines += [f"boundary {late} on={name} {'soft every=R2/P1D' if soft else 'after=P1D'}"]
        self.lines += [f"{late} > {handler}"]
        if not soft:
            self.lines += [f"{handler} > {merge}"]
        return name, merge

    def each(self, depth: int, times: int) -> tuple[str, str]:
        """A repeated sub-process, one after another so that counters count."""
        runs = self.dice.randint(0, 3)
        return self.sub(depth, times, f" times={runs} one-by-one", runs)


@pytest.mark.parametrize("seed", range(150))
def test_whatever_is_nested_runs_as_drawn(seed: int) -> None:
    """Seeded, so that a failure can be looked at again."""
    sketch = Sketch(random.Random(seed))
    first, last = sketch.block(4, 1)
    text = "\n".join(["start s", *sketch.lines, "end e", f"s > {first}", f"{last} > e"])
    walk = Walk(text)
    done: Counter[str] = Counter()
    while not walk.ended:
        task = sketch.dice.choice(walk.move.open_tasks)
        done[task.element] += 1
        shown = dict(task.data)  # a form sends back what it was shown
        walk.do(task.element, **{**shown, task.element: "x"})
    assert {k: v for k, v in sketch.due.items() if k.startswith("u")} == dict(done)
    for name, times in sketch.due.items():
        assert walk.data[name] == ("x" if name.startswith("u") else times), name
    assert walk.timers == walk.wanted == walk.open == []
    assert not [t for t in walk.trace if t.startswith("_")]


@pytest.mark.parametrize("seed", range(150))
def test_whatever_is_interrupted_still_comes_to_its_end(seed: int) -> None:
    """The same procedures with timers that ring at random: nothing stalls, nothing is left over."""
    sketch = Sketch(random.Random(seed))
    first, last = sketch.block(4, 1)
    text = "\n".join(["start s", *sketch.lines, "end e", f"s > {first}", f"{last} > e"])
    walk = Walk(text, {"kept": [1]})
    for _ in range(400):
        if walk.ended:
            break
        if walk.timers and sketch.dice.random() < 0.3:
            walk.ring(sketch.dice.choice(walk.timers))
        else:
            walk.do(sketch.dice.choice(walk.open))
    assert walk.ended
    assert walk.data["kept"] == [1]
    assert walk.timers == walk.wanted == walk.open == []
    assert walk.trace[0] == "s"
    assert not [t for t in walk.trace if t.startswith("_")]
