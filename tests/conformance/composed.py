"""Random drawings put together of blocks whose trace is known because of how they are put together.

No engine is asked: a block knows what must happen when a token enters it. Beside the drawing
stands the pattern of its trace (see ``case.fits``).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.engine.bpmn.drawing import draw

Pattern = list[Any]
DEPTH = 4


@dataclass
class Block:
    """Lines of a drawing between two of its nodes, and what happens between them."""

    lines: list[str]
    entry: str
    exit: str
    pattern: Pattern


@dataclass
class Composer:
    """Draws blocks by chance; ``facts`` are start data, ``called`` processes to be called."""

    chance: random.Random
    facts: dict[str, Any] = field(default_factory=dict)
    called: dict[str, str] = field(default_factory=dict)
    last: int = 0

    def drawing(self) -> tuple[bytes, Pattern]:
        """A whole file and the pattern of its trace."""
        lines, pattern = self.scope(DEPTH)
        return draw({"a": "\n".join(lines)}, called=self.called), pattern

    def name(self, kind: str) -> str:
        """An id of its own."""
        self.last += 1
        return f"{kind}{self.last}"

    def scope(self, depth: int) -> tuple[list[str], Pattern]:
        """The inside of a process or sub-process, from its start to its ends."""
        start = self.name("start")
        if depth > 1 and self.chance.random() < 0.2:
            return self.open_ends(start, depth)
        end, block = self.name("end"), self.block(depth - 1)
        ways = f"{start} > {block.entry}\n{block.exit} > {end}"
        lines = [f"start {start}", f"end {end}", *block.lines, ways]
        return self.handled(lines), [start, *block.pattern, end]

    def open_ends(self, start: str, depth: int) -> tuple[list[str], Pattern]:
        """Branches that never join: the scope is done when the last of them has ended."""
        split = self.name("and")
        lines, branches = [f"start {start}", f"and {split}", f"{start} > {split}"], []
        for _ in range(self.chance.randint(2, 3)):
            block, end = self.block(depth - 2), self.name("end")
            lines += [*block.lines, f"end {end}"]
            lines.append(f"{split} > {block.entry}\n{block.exit} > {end}")
            branches.append([*block.pattern, end])
        return self.handled(lines), [start, split, branches]

    def handled(self, lines: list[str]) -> list[str]:
        """Sometimes with an event sub-process that is never called, which changes nothing."""
        if self.chance.random() > 0.15:
            return lines
        sub, start, end, task = (self.name(k) for k in ("handler", "on", "off", "user"))
        soft = self.chance.choice(["", "soft "])
        inside = [f"start {start} {soft}message={start}", f"user {task}", f"end {end}"]
        return [*lines, f"eventsub {sub} {{", *inside, f"{start} > {task} > {end}", "}"]

    def block(self, depth: int) -> Block:
        """Any block, the smaller the deeper."""
        if depth <= 0:
            return self.task(depth)
        kinds: list[Callable[[int], Block]] = [
            *(self.task, self.chain, self.chain, self.parallel, self.exclusive, self.inclusive),
            *(self.turns, self.sub, self.many, self.repeated, self.waits, self.fails, self.link),
            *(self.call, self.transaction, self.implicit, self.cycle, self.stopped, self.tells),
            *(self.gives_up, self.mends, self.shouts, self.cancelled),
        ]
        return self.chance.choice(kinds)(depth)

    def task(self, depth: int) -> Block:
        """One activity."""
        kind = self.chance.choice(["user", "manual", "task", "script"])
        key = self.name(kind)
        line = f"script {key} := x{key} = 1" if kind == "script" else f"{kind} {key}"
        return Block([line], key, key, [key])

    def chain(self, depth: int) -> Block:
        """One block after another."""
        first, second = self.block(depth - 1), self.block(depth - 1)
        lines = [*first.lines, *second.lines, f"{first.exit} > {second.entry}"]
        return Block(lines, first.entry, second.exit, [*first.pattern, *second.pattern])

    def fork(self, kind: str, depth: int, conditions: list[str], taken: list[int]) -> Block:
        """A split and a join of one kind; ``conditions`` by branch, an empty one is the default."""
        split, join = self.name(kind), self.name(kind)
        blocks = [self.block(depth - 1) for _ in conditions]
        default = self.name("flow")
        lines = [f"{kind} {split}" + (f" default={default}" if "" in conditions else "")]
        lines.append(f"{kind} {join}")
        for block, condition in zip(blocks, conditions, strict=True):
            flow = f"[{default}] " if condition == "" else ""
            way = f"{flow}{split} > {block.entry}"
            way += f" : {condition}" if condition not in ("", "always") else ""
            lines += [*block.lines, way, f"{block.exit} > {join}"]
        branches = [blocks[index].pattern for index in taken]
        return Block(lines, split, join, [split, branches, join])

    def parallel(self, depth: int) -> Block:
        """All ways."""
        count = self.chance.randint(2, 3)
        return self.fork("and", depth, ["always"] * count, list(range(count)))

    def exclusive(self, depth: int) -> Block:
        """The first way whose condition holds, though a later one may hold too."""
        fact, value = self.name("v"), self.chance.randint(0, 2)
        self.facts[fact] = value
        conditions = [f"{fact} = 0", f"{fact} <= 1", ""]
        return self.fork("xor", depth, conditions, [value])

    def inclusive(self, depth: int) -> Block:
        """Every way whose condition holds."""
        facts = [self.name("v"), self.name("v")]
        holds = [self.chance.random() < 0.6 for _ in facts]
        self.facts |= dict(zip(facts, holds, strict=True))
        taken = [index for index, one in enumerate(holds) if one] or [2]
        return self.fork("or", depth, [f"{fact} = true" for fact in facts] + [""], taken)

    def turns(self, depth: int) -> Block:
        """A way back, so many times."""
        count, turns = self.name("n"), self.chance.randint(1, 3)
        begin, merge, add, again = (self.name(k) for k in ("begin", "merge", "add", "again"))
        block, out = self.block(depth - 1), self.name("pass")
        lines = [
            f"script {begin} := {count} = 0",
            f"script {add} := {count} = {count} + 1",
            f"xor {merge}",
            f"xor {again} default=to{out}",
            f"throw {out}",
            f"{begin} > {merge} > {block.entry}",
            f"{block.exit} > {add} > {again}",
            f"{again} > {merge} : {count} < {turns}",
            f"[to{out}] {again} > {out}",
        ]
        pattern = [begin, *([merge, *block.pattern, add, again] * turns), out]
        return Block([*block.lines, *lines], begin, out, pattern)

    def inside(self, head: str, depth: int) -> tuple[str, list[str], Pattern]:
        """A sub-process as ``head`` says: its id, its lines, its inside."""
        key = self.name("sub")
        lines, pattern = self.scope(depth - 1)
        return key, [f"{head.replace('*', key)} {{", *lines, "}"], pattern

    def sub(self, depth: int) -> Block:
        """A sub-process."""
        key, lines, pattern = self.inside("sub *", depth)
        return Block(lines, key, key, [*pattern, key])

    def transaction(self, depth: int) -> Block:
        """A transaction that goes well."""
        key, lines, pattern = self.inside("transaction *", depth)
        return Block(lines, key, key, [*pattern, key])

    def many(self, depth: int) -> Block:
        """A sub-process per item, at once or one by one."""
        times, one_by_one = self.chance.randint(1, 3), self.chance.random() < 0.5
        flag = " one-by-one" if one_by_one else ""
        key, lines, pattern = self.inside(f"sub * times={times}{flag}", depth)
        turn = [*pattern, key]
        return Block(lines, key, key, turn * times if one_by_one else [[turn] * times])

    def repeated(self, depth: int) -> Block:
        """A sub-process with a standard loop."""
        times = self.chance.randint(1, 3)
        key, lines, pattern = self.inside(f"sub * most={times}", depth)
        return Block(lines, key, key, [*pattern, key] * times)

    def waits(self, depth: int) -> Block:
        """An event gateway: the earlier timer's way."""
        gate, late, soon, join = (self.name(k) for k in ("gate", "late", "soon", "xor"))
        one, two = self.block(depth - 1), self.block(depth - 1)
        lines = [
            f"events {gate}",
            f"catch {late} after=P{self.chance.randint(2, 9)}D",
            f"catch {soon} after=PT{self.chance.randint(1, 30)}H",
            f"xor {join}",
            f"{gate} > {late} > {one.entry}",
            f"{gate} > {soon} > {two.entry}",
            f"{one.exit} > {join}",
            f"{two.exit} > {join}",
        ]
        pattern = [gate, soon, *two.pattern, join]
        return Block([*one.lines, *two.lines, *lines], gate, join, pattern)

    def fails(self, depth: int) -> Block:
        """A sub-process that may end in an error, and its handler."""
        key, fact, wrong = self.name("sub"), self.name("v"), self.chance.random() < 0.5
        self.facts[fact] = wrong
        names = [self.name(k) for k in ("start", "xor", "good", "bad", "error", "xor")]
        start, choice, good, bad, boundary, join = names
        block, handler = self.block(depth - 1), self.block(depth - 1)
        inside = [
            *(f"start {start}", f"xor {choice} default=to{good}", f"end {good}"),
            *(f"end {bad} error={bad}", *block.lines, f"{start} > {block.entry}"),
            *(f"{block.exit} > {choice}", f"{choice} > {bad} : {fact} = true"),
            f"[to{good}] {choice} > {good}",
        ]
        lines = [
            *(f"sub {key} {{", *inside, "}", f"boundary {boundary} on={key} error={bad}"),
            *(f"xor {join}", *handler.lines, f"{key} > {join}"),
            *(f"{boundary} > {handler.entry}", f"{handler.exit} > {join}"),
        ]
        ending = [bad, boundary, *handler.pattern] if wrong else [good, key]
        return Block(lines, key, join, [start, *block.pattern, choice, *ending, join])

    def link(self, depth: int) -> Block:
        """A jump by name."""
        block, throw, catch = self.block(depth - 1), self.name("jump"), self.name("land")
        lines = [f"throw {throw} link={throw}", f"catch {catch} link={throw}"]
        lines += [*block.lines, f"{block.exit} > {throw}"]
        return Block(lines, block.entry, catch, [*block.pattern, throw, catch])

    def call(self, depth: int) -> Block:
        """A process called by name."""
        key, process = self.name("call"), self.name("process")
        lines, pattern = self.scope(depth - 1)
        self.called[process] = "\n".join(lines)
        return Block([f"call {key} process={process}"], key, key, [*pattern, key])

    def implicit(self, depth: int) -> Block:
        """A split without a gateway, joined by one."""
        key, join = self.name("user"), self.name("and")
        blocks = [self.block(depth - 1), self.block(depth - 1)]
        lines = [f"user {key}", f"and {join}", *blocks[0].lines, *blocks[1].lines]
        lines += [f"{key} > {block.entry}\n{block.exit} > {join}" for block in blocks]
        return Block(lines, key, join, [key, [block.pattern for block in blocks], join])

    def cycle(self, depth: int) -> Block:
        """A sub-process that waits, and a reminder that rings so many times meanwhile."""
        key, start, wait, end, ring, note, off = (
            self.name(k) for k in ("sub", "start", "wait", "end", "ring", "note", "off")
        )
        rings = self.chance.randint(1, 3)
        lines = [
            *(f"sub {key} {{", f"start {start}", f"catch {wait} after=PT{rings}H30M"),
            *(f"end {end}", f"{start} > {wait} > {end}", "}"),
            f"boundary {ring} on={key} soft every=R9/PT1H",
            f"script {note} := x{note} = 1",
            *(f"end {off}", f"{ring} > {note} > {off}"),
        ]
        pattern = [start, *([ring, note, off] * rings), wait, end, key]
        return Block(lines, key, key, pattern)

    def stopped(self, depth: int) -> Block:
        """A terminate end that takes a waiting branch away, inside a sub-process."""
        names = ("sub", "start", "and", "wait", "user", "stop", "end")
        key, start, split, wait, never, stop, end = (self.name(k) for k in names)
        block = self.block(depth - 1)
        lines = [
            *(f"sub {key} {{", f"start {start}", f"and {split}", f"catch {wait} after=P900D"),
            *(f"user {never}", f"end {stop} terminate", f"end {end}", *block.lines),
            *(f"{start} > {split} > {wait} > {never} > {end}", f"{split} > {block.entry}"),
            *(f"{block.exit} > {stop}", "}"),
        ]
        return Block(lines, key, key, [start, split, *block.pattern, stop, key])

    def tells(self, depth: int) -> Block:
        """An escalation whose handler runs beside the rest."""
        names = ("sub", "start", "end", "sub", "start", "up", "end", "heard", "off")
        outer, begin, over, key, start, up, end, heard, off = (self.name(k) for k in names)
        block, rest, handler = (self.block(depth - 1) for _ in range(3))
        lines = [
            *(f"sub {outer} {{", f"start {begin}", f"end {over}", f"{begin} > {key} > {over}"),
            *(f"sub {key} {{", f"start {start}", f"throw {up} escalation={up}", f"end {end}"),
            *(*block.lines, *rest.lines, f"{start} > {block.entry}"),
            *(f"{block.exit} > {up} > {rest.entry}", f"{rest.exit} > {end}", "}"),
            *(f"boundary {heard} on={key} soft escalation={up}", *handler.lines, f"end {off}"),
            *(f"{heard} > {handler.entry}", f"{handler.exit} > {off}", "}"),
        ]
        branches = [[heard, *handler.pattern, off], [*rest.pattern, end, key, over]]
        return Block(lines, outer, outer, [begin, start, *block.pattern, up, branches, outer])

    def gives_up(self, depth: int) -> Block:
        """An escalation that ends the sub-process while a branch of it still waits."""
        names = ("sub", "start", "and", "wait", "up", "user", "end", "heard", "xor")
        key, start, split, wait, up, never, end, heard, join = (self.name(k) for k in names)
        block, handler = self.block(depth - 1), self.block(depth - 1)
        lines = [
            *(f"sub {key} {{", f"start {start}", f"and {split}", f"catch {wait} after=P900D"),
            *(f"user {never}", f"throw {up} escalation={up}", f"end {end}", *block.lines),
            *(f"{start} > {split} > {wait} > {never} > {end}", f"{split} > {block.entry}"),
            *(f"{block.exit} > {up} > {end}", "}", f"xor {join}", f"{key} > {join}"),
            *(f"boundary {heard} on={key} escalation={up}", *handler.lines),
            *(f"{heard} > {handler.entry}", f"{handler.exit} > {join}"),
        ]
        pattern = [start, split, *block.pattern, up, heard, *handler.pattern, join]
        return Block(lines, key, join, pattern)

    def mends(self, depth: int) -> Block:
        """An error that the sub-process's own handler catches: it completes after it."""
        names = ("sub", "start", "bad", "handler", "on", "off")
        key, start, bad, handler, on, off = (self.name(k) for k in names)
        block, mend = self.block(depth - 1), self.block(depth - 1)
        lines = [
            *(f"sub {key} {{", f"start {start}", f"end {bad} error={bad}", *block.lines),
            *(f"{start} > {block.entry}", f"{block.exit} > {bad}"),
            *(f"eventsub {handler} {{", f"start {on} error={bad}", f"end {off}", *mend.lines),
            *(f"{on} > {mend.entry}", f"{mend.exit} > {off}", "}", "}"),
        ]
        pattern = [start, *block.pattern, bad, on, *mend.pattern, off, handler, key]
        return Block(lines, key, key, pattern)

    def shouts(self, depth: int) -> Block:
        """A signal end that wakes another branch."""
        names = ("sub", "start", "and", "heard", "wait", "shout", "end")
        key, start, split, heard, wait, shout, end = (self.name(k) for k in names)
        one, two = self.block(depth - 1), self.block(depth - 1)
        lines = [
            *(f"sub {key} {{", f"start {start}", f"and {split}", f"catch {heard} signal={key}"),
            *(f"catch {wait} after=PT1M", f"end {shout} signal={key}", f"end {end}"),
            *(*one.lines, *two.lines, f"{start} > {split} > {heard} > {one.entry}"),
            *(f"{one.exit} > {end}", f"{split} > {wait} > {two.entry}", f"{two.exit} > {shout}"),
            "}",
        ]
        branches = [[heard, *one.pattern, end], [wait, *two.pattern, shout]]
        return Block(lines, key, key, [start, split, branches, key])

    def cancelled(self, depth: int) -> Block:
        """A transaction that is cancelled while a branch of it still waits."""
        names = ("transaction", "start", "and", "wait", "end", "cancel", "edge", "xor")
        key, start, split, wait, end, cancel, edge, join = (self.name(k) for k in names)
        block, handler = self.block(depth - 1), self.block(depth - 1)
        lines = [
            *(f"transaction {key} {{", f"start {start}", f"and {split}", f"end {end}"),
            *(f"catch {wait} after=P900D", f"end {cancel} cancel", *block.lines),
            *(f"{start} > {split} > {wait} > {end}", f"{split} > {block.entry}"),
            *(f"{block.exit} > {cancel}", "}", f"boundary {edge} on={key} cancel"),
            *(f"xor {join}", *handler.lines, f"{key} > {join}"),
            *(f"{edge} > {handler.entry}", f"{handler.exit} > {join}"),
        ]
        pattern = [start, split, *block.pattern, cancel, edge, *handler.pattern, join]
        return Block(lines, key, join, pattern)
