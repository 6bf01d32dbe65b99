"""What the gate says of names, against the real engine: never set is never set, always is always.

Random drawings of scripts in sequence, choice, parallel, loops, sub-processes and errors. Every
way through them is run; each reader leaves null when the name it reads was not set.
"""

from __future__ import annotations

import itertools
import random

import pytest

from engine.bpmn import dry_run
from engine.bpmn.graph import Node
from engine.bpmn.parse import read_model
from engine.bpmn.reaching import Course, Definition
from engine.bpmn.rules import Notes
from tests.engine.bpmn.drawing import draw

NAMES = ("x0", "x1", "x2")
CHOICES = ("c0", "c1", "c2")
EACH = 40


class Scribe:
    """Draws blocks by chance: (lines, entry, exit) between two nodes."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.count = 0
        self.readers: dict[str, str] = {}
        self.lines: list[str] = []

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def drawing(self) -> str:
        first, last = self.block(4)
        return "\n".join(["start s0", "end e0", *self.lines, f"s0 > {first}", f"{last} > e0"])

    def block(self, depth: int) -> tuple[str, str]:
        shapes = [self.write, self.read]
        if depth:
            shapes += [self.sequence] * 3 + [self.choice, self.parallel, self.scope, self.turns]
        return self.chance.choice(shapes)(depth - 1)

    def write(self, _: int) -> tuple[str, str]:
        key = self.name("W")
        self.lines.append(f"script {key} := {self.chance.choice(NAMES)} = 1")
        return key, key

    def read(self, _: int) -> tuple[str, str]:
        key = self.name("R")
        self.readers[key] = self.chance.choice(NAMES)
        self.lines.append(f"script {key} := {key.lower()} = {self.readers[key]}")
        return key, key

    def sequence(self, depth: int) -> tuple[str, str]:
        blocks = [self.block(depth) for _ in range(self.chance.randint(2, 3))]
        self.lines += [f"{a[1]} > {b[0]}" for a, b in itertools.pairwise(blocks)]
        return blocks[0][0], blocks[-1][1]

    def choice(self, depth: int) -> tuple[str, str]:
        split, join, flow = self.name("g"), self.name("j"), self.name("d")
        (a, b), (c, d) = self.block(depth), self.block(depth)
        self.lines += [f"xor {split} default={flow}", f"xor {join}", f"[{flow}] {split} > {a}"]
        self.lines += [f"{split} > {c} : {self.chance.choice(CHOICES)}"]
        self.lines += [f"{b} > {join}", f"{d} > {join}"]
        return split, join

    def parallel(self, depth: int) -> tuple[str, str]:
        split, join = self.name("g"), self.name("j")
        self.lines += [f"and {split}", f"and {join}"]
        for _ in range(2):
            first, last = self.block(depth)
            self.lines += [f"{split} > {first}", f"{last} > {join}"]
        return split, join

    def scope(self, depth: int) -> tuple[str, str]:
        """A sub-process: with one end, with two parallel ends, or left by an error."""
        key, start = self.name("P"), self.name("s")
        outside, self.lines = self.lines, []
        how = self.chance.choice(["plain", "ends", "error", "turns"])
        first, last = self.block(depth)
        end = self.name("e")
        inner = [f"start {start}", f"{start} > {first}"]
        if how == "ends":
            split = self.name("g")
            a, b = self.block(depth), self.block(depth)
            ends = [self.name("e"), self.name("e")]
            inner += [f"and {split}", f"{last} > {split}", *(f"end {e}" for e in ends)]
            inner += [f"{split} > {one[0]}" for one in (a, b)]
            inner += [f"{one[1]} > {e}" for one, e in zip((a, b), ends, strict=True)]
        elif how == "error":
            split, flow, thrown = self.name("g"), self.name("d"), self.name("e")
            inner += [f"xor {split} default={flow}", f"end {end}", f"end {thrown} error={key}"]
            inner += [f"{last} > {split}", f"[{flow}] {split} > {end}"]
            inner += [f"{split} > {thrown} : {self.chance.choice(CHOICES)}"]
        else:
            inner += [f"end {end}", f"{last} > {end}"]
        turns = " most=2" if how == "turns" else ""
        inside = [f"sub {key}{turns} {{", *self.lines, *inner, "}"]
        self.lines = outside + inside
        if how != "error":
            return key, key
        handler, join = self.name("b"), self.name("j")
        first, last = self.block(depth)
        self.lines += [f"boundary {handler} on={key} error={key}", f"xor {join}"]
        self.lines += [f"{handler} > {first}", f"{last} > {join}", f"{key} > {join}"]
        return key, join

    def turns(self, depth: int) -> tuple[str, str]:
        """Several turns one after another over a list, or none."""
        key, start, end = self.name("P"), self.name("s"), self.name("e")
        outside, self.lines = self.lines, []
        first, last = self.block(depth)
        inner = [f"start {start}", f"end {end}", f"{start} > {first}", f"{last} > {end}"]
        many = self.chance.choice(["one-by-one", ""])
        head = f"sub {key} each=ds as=mot {many} {{"
        self.lines = [*outside, head, *self.lines, *inner, "}"]
        return key, key


def written(node: Node) -> list[Definition]:
    """What the scripts of these drawings set."""
    if node.kind != "scriptTask":
        return []
    name = (node.script or "").partition("=")[0].strip()
    return [Definition(name, node.id, replaces=True, script=node)]


@pytest.mark.parametrize("seed", range(8))
def test_what_is_said_of_a_name_holds_on_every_way(seed: int) -> None:
    """Over all choices and lists of no, one and two items."""
    never = always = 0
    for number in range(EACH):
        scribe = Scribe(seed * EACH + number)
        source = draw({"a": scribe.drawing()})
        reading = read_model(source, {}, {}, Notes("thu.bpmn", strict=False))
        assert reading.model is not None, list(reading.notes)
        (scope,) = reading.scopes.values()
        course = Course(scope, written, lambda _: (), NAMES)
        said = {}
        for where, node in scope.walk():
            if node.id in scribe.readers:
                state, name = course.at(where, node), scribe.readers[node.id]
                reached = bool(course.reaching(state, name))
                said[node.id] = (reached, course.may_be_unset(state, name))
        never += sum(not reached for reached, _ in said.values())
        always += sum(not unset for _, unset in said.values())
        used = [name for name in CHOICES if name.encode() in source]
        for answers in itertools.product([False, True], repeat=len(used)):
            for items in ([], [1], [1, 2]) if b"mot" in source else ([],):
                data = {**dict(zip(used, answers, strict=True)), "ds": items}
                outcome = dry_run.run(reading.model, data=data, auto=True)
                assert outcome.verdict == "completed", outcome.findings
                ran = {line.element for line in outcome.trace}
                for key in ran & set(said):
                    reached, unset = said[key]
                    value = outcome.data.get(key.lower())
                    assert reached or value is None, (number, key, data, source)
                    assert unset or value is not None, (number, key, data, source)
    assert never > 10
    assert always > 10
