"""Random, structured procedures: blocks within blocks, drawn for both engines.

``stock`` leaves out what the stock engine is known to do wrongly (each such thing has its own
test in test_deviations.py), so that all of the rest can be compared line by line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random


@dataclass
class Sketch:
    """A procedure being invented. ``keeps``: the stock engine hands on all of its data, too."""

    dice: Random
    stock: bool = True
    lines: list[str] = field(default_factory=list)
    keeps: bool = True
    count: int = 0
    in_loop: int = 0
    in_turns: int = 0
    in_inclusive: int = 0
    repeated: int = 0
    level: int = 0
    deepest: int = 0

    def model(self, depth: int) -> str:
        """The text of a whole pool."""
        first, last = self.block(depth)
        return "\n".join(["start s", *self.lines, "end e", f"s > {first}", f"{last} > e"])

    def data(self) -> dict[str, int]:
        """Values for the conditions, never written by the model."""
        return {f"c{i}": self.dice.randint(0, 3) for i in range(4)}

    def name(self, letter: str) -> str:
        """A new id."""
        self.count += 1
        return f"{letter}{self.count}"

    def condition(self) -> str:
        """Something that reads the same in FEEL and Python."""
        sign = self.dice.choice([">", "<", ">=", "!=", "="])
        return f"c{self.dice.randrange(4)} {sign} {self.dice.randint(0, 3)}"

    def block(self, depth: int) -> tuple[str, str]:
        """Draw something; its first and last node."""
        kinds: list[Callable[[int], tuple[str, str]]] = [self.user, self.script, self.event]
        if depth:
            kinds += [self.chain, self.chain, self.sub, self.turns]
            if not (self.stock and self.in_loop):
                kinds += [self.parallel, self.parallel]
            # The stock engine's inclusive joins overlook much of what can still reach them.
            if not (self.stock and self.in_inclusive):
                kinds += [self.exclusive, self.guarded, self.events, self.loop]
            if not (self.stock and (self.in_loop or self.in_inclusive)):
                kinds.append(self.inclusive)
        return self.dice.choice(kinds)(depth - 1)

    def user(self, _: int) -> tuple[str, str]:
        """A user task, sometimes repeated."""
        name = self.name("u")
        how = ["", "", "", " most=2", " times=2 one-by-one", self.at_once(name, 2)]
        # The stock engine's inclusive joins do not see a repeated activity that still runs.
        plain = self.stock and self.in_inclusive
        self.lines.append(f"user {name} {'' if plain else self.dice.choice(how)}")
        return name, name

    def at_once(self, name: str, times: int) -> str:
        """Parallel turns; their items tell them apart, where the stock engine can bear it."""
        return "times=2 one-by-one" if self.repeated else f"times={times} as=t{name}"

    def script(self, _: int) -> tuple[str, str]:
        """A script task that writes a field of its own."""
        name = self.name("k")
        self.lines.append(f"script {name} := w{name} = {self.dice.randint(1, 9)}")
        return name, name

    def event(self, _: int) -> tuple[str, str]:
        """An intermediate event."""
        name = self.name("i")
        how = self.dice.choice(
            [
                f"throw {name}",
                f"throw {name} message=T{name}",
                f"catch {name} message=M{name}",
                f"receive {name} message=M{name}",
                f"catch {name} after={self.time()}",
            ]
        )
        self.lines.append(how if self.in_turns == 0 else f"throw {name}")
        return name, name

    def time(self) -> str:
        """A duration no other timer has."""
        self.count += 1
        return f"'\"PT{self.count * 97 + self.dice.randrange(60)}S\"'"

    def chain(self, depth: int) -> tuple[str, str]:
        """Two blocks, one after the other."""
        first, second = self.block(depth), self.block(depth)
        self.lines.append(f"{first[1]} > {second[0]}")
        return first[0], second[1]

    def ways(self, kind: str, depth: int, conditions: bool) -> tuple[str, str]:
        """Branches between two gateways of a kind; with conditions the last is the default."""
        split, join = self.name("g"), self.name("g")
        branches = [self.block(depth) for _ in range(self.dice.randint(2, 3))]
        default = self.name("f")
        self.lines += [f"{kind} {split}" + (f" default={default}" if conditions else "")]
        self.lines += [f"{kind} {join}"]
        for first, last in branches:
            self.lines.append(f"{last} > {join}")
            if not conditions:
                self.lines.append(f"{split} > {first}")
            elif first == branches[-1][0]:
                self.lines.append(f"[{default}] {split} > {first}")
            else:
                self.lines.append(f"{split} > {first} : {self.condition()}")
        return split, join

    def exclusive(self, depth: int) -> tuple[str, str]:
        """One of several ways."""
        return self.ways("xor", depth, True)

    def parallel(self, depth: int) -> tuple[str, str]:
        """All ways."""
        return self.ways("and", depth, False)

    def inclusive(self, depth: int) -> tuple[str, str]:
        """Some ways."""
        self.in_inclusive += 1
        drawn = self.ways("or", depth, True)
        self.in_inclusive -= 1
        return drawn

    def loop(self, depth: int) -> tuple[str, str]:
        """A block gone through one to three times by an arrow back."""
        turns = self.dice.randint(1, 3)
        begin, more, out = self.name("g"), self.name("g"), self.name("f")
        reset, add, after = self.name("r"), self.name("n"), self.name("p")
        self.in_loop += 1
        self.repeated += 1
        first, last = self.block(depth)
        self.in_loop -= 1
        self.repeated -= 1
        self.lines += [
            f"script {reset} := n{begin} = 0",
            f"xor {begin}",
            f"script {add} := n{begin} = n{begin} + 1",
            f"xor {more} default={out}",
            f"throw {after}",
            f"{reset} > {begin} > {first}",
            f"{last} > {add} > {more}",
            f"{more} > {begin} : n{begin} < {turns}",
            f"[{out}] {more} > {after}",
        ]
        return reset, after

    def inside(self, head: str, depth: int) -> None:
        """A sub-process with a head."""
        start, end = self.name("b"), self.name("e")
        outer, around = self.lines, (self.in_loop, self.in_inclusive)
        self.lines, self.in_loop, self.in_inclusive = [], 0, 0
        self.level += 1
        self.deepest = max(self.deepest, self.level)
        first, last = self.block(depth)
        self.level -= 1
        inner, self.lines = self.lines, outer
        self.in_loop, self.in_inclusive = around
        self.lines += [f"{head} {{", f"start {start}", *inner, f"end {end}"]
        self.lines += [f"{start} > {first}", f"{last} > {end}", "}"]

    def sub(self, depth: int) -> tuple[str, str]:
        """A sub-process."""
        name = self.name("P")
        self.inside(f"sub {name}", depth)
        return name, name

    def turns(self, depth: int) -> tuple[str, str]:
        """A repeated sub-process."""
        if self.stock and self.in_inclusive:
            return self.sub(depth)
        name = self.name("P")
        how = self.dice.choice(
            [
                "most=2",
                "times=2 one-by-one",
                self.at_once(name, 3),
                self.at_once(name, 2),
                "times=0",
            ]
        )
        self.in_turns += 1
        self.repeated += 1
        self.inside(f"sub {name} {how}", depth)
        self.in_turns -= 1
        self.repeated -= 1
        return name, name

    def guarded(self, depth: int) -> tuple[str, str]:
        """A task or sub-process with a boundary event, interrupting or not."""
        if self.in_turns:
            return self.sub(depth)
        host, late, merge, quiet = (self.name(x) for x in "Ptgp")
        if self.dice.random() < 0.5:
            self.lines.append(f"user {host}")
        else:
            self.inside(f"sub {host}", depth)
            self.keeps = False
        soft = self.dice.random() < 0.4
        how = f"after={self.time()}"
        if not (soft and self.stock):
            how = self.dice.choice([how, f"message=M{late}"])
        # The stock engine cannot repeat an activity behind a boundary event, and hands one
        # message to every catch of its name.
        first, last = (self.script if self.stock else self.block)(0)
        self.lines += [
            f"boundary {late} on={host} {'soft' if soft else ''} {how}",
            f"user {quiet}",
            f"{late} > {quiet} > {first}",
            f"xor {merge}",
            f"{host} > {merge}",
        ]
        if soft:
            end = self.name("e")
            self.lines += [f"end {end}", f"{last} > {end}"]
        else:
            self.lines.append(f"{last} > {merge}")
        return host, merge

    def events(self, depth: int) -> tuple[str, str]:
        """An event-based gateway over a message and a timer."""
        if self.in_turns:
            return self.exclusive(depth)
        gate, merge, message, timer = (self.name(x) for x in "gxit")
        one, two = self.block(depth), self.block(0)
        self.lines += [
            f"events {gate}",
            f"xor {merge}",
            f"catch {message} message=M{message}",
            f"catch {timer} after={self.time()}",
            f"{gate} > {message} > {one[0]}",
            f"{gate} > {timer} > {two[0]}",
            f"{one[1]} > {merge}",
            f"{two[1]} > {merge}",
        ]
        return gate, merge
