"""Blocks fused to one step: exact where states would multiply, and nothing is lost by it."""

from __future__ import annotations

import random
from collections import defaultdict
from itertools import pairwise

import pytest

from engine.bpmn import blocks, gate, tokens
from engine.bpmn.graph import Flow, Node, Scope
from tests.engine.bpmn.drawing import draw

KINDS = ("exclusiveGateway", "parallelGateway", "inclusiveGateway")
RULES = ("deadlock", "lack-of-synchronisation", "no-way-to-end", "never-runs")


def _chains(*ways: str, gateways: dict[str, str]) -> blocks.Chains:
    """Chains of a scope drawn as ``a > b > c``."""
    scope = Scope("p")
    for way in ways:
        names = way.split(" > ")
        for name in names:
            if name not in scope.nodes:
                scope.add(Node(name, gateways.get(name, "userTask"), element=name))
        for source, target in pairwise(names):
            scope.flows.append(Flow(f"{source}-{target}", source, target))
    scope.freeze()
    return blocks.Chains(scope, apart=(), parallel=True)


def test_a_block_in_a_block_is_one_place() -> None:
    """The nodes of every way stand in the chain, what comes last behind them."""
    chains = _chains(
        "s > g > A > j > e",
        "g > h > B > k > j",
        "h > C > k",
        gateways={
            "g": "parallelGateway",
            "j": "parallelGateway",
            "h": "exclusiveGateway",
            "k": "exclusiveGateway",
        },
    )
    assert set(chains.place.values()) == {"s-g"}
    assert chains.last["s-g"].id == "j-e"
    assert chains.behind["s-g"][0] == "g"
    assert chains.behind["s-g"][-2:] == ["j", "e"]
    assert set(chains.behind["s-g"]) == set("gAjhBkCe")


@pytest.mark.parametrize(
    ("split", "join", "fused"),
    [
        ("exclusiveGateway", "exclusiveGateway", True),
        ("exclusiveGateway", "inclusiveGateway", True),
        ("exclusiveGateway", "userTask", True),
        ("exclusiveGateway", "parallelGateway", False),
        ("parallelGateway", "parallelGateway", True),
        ("parallelGateway", "inclusiveGateway", True),
        ("parallelGateway", "exclusiveGateway", False),
        ("parallelGateway", "userTask", False),
        ("inclusiveGateway", "inclusiveGateway", True),
        ("inclusiveGateway", "parallelGateway", False),
        ("inclusiveGateway", "exclusiveGateway", False),
        ("eventBasedGateway", "exclusiveGateway", True),
        ("eventBasedGateway", "parallelGateway", False),
    ],
)
def test_only_what_closes_a_gateway_makes_a_block(split: str, join: str, fused: bool) -> None:
    """One token in, one token out, whichever ways are taken."""
    chains = _chains("s > g > A > j > e", "g > B > j", gateways={"g": split, "j": join})
    assert (chains.place["j-e"] == "s-g") is fused


def test_a_way_out_of_the_middle_makes_no_block() -> None:
    """A branch that leaves, or one that comes in from elsewhere."""
    kinds = {"g": "parallelGateway", "j": "parallelGateway", "h": "exclusiveGateway"}
    leaves = _chains("s > g > A > h > j > e", "h > e2", "g > B > j", gateways=kinds)
    assert leaves.place["j-e"] != "s-g"
    enters = _chains("s > g > A > j > e", "g > B > j", "t > C > j", gateways=kinds)
    assert enters.place["j-e"] != "s-g"


def test_parallel_diamonds_are_explored_whole() -> None:
    """Eight branches of four ways each: 65,536 markings, were each looked at by itself."""
    lines = ["start s", "and g", "and j", "end e", "s > g", "j > e"]
    for branch in range(8):
        lines += [f"xor x{branch} default=d{branch}", f"xor y{branch}", f"y{branch} > j"]
        lines.append(f"g > x{branch}")
        for way in range(4):
            lines.append(f"user t{branch}{way}")
            mark, when = (f"[d{branch}] ", "") if way == 0 else ("", f" : n{branch} = {way}")
            lines.append(f"{mark}x{branch} > t{branch}{way}{when}")
            lines.append(f"t{branch}{way} > y{branch}")
    assert _rules("\n".join(lines)) == set()


def test_a_fault_inside_a_branch_is_found_all_the_same() -> None:
    """The block around it is not closed, and so is looked into."""
    assert _rules(
        "start s\nuser A\nuser B\nuser C\nand g\nand j\nxor x default=d\nand k\nend e\n"
        "s > g > x\n[d] x > A\nx > B : n = 1\nA > k\nB > k\nk > j\ng > C > j\nj > e"
    ) == {("deadlock", "error")}


def test_combinations_that_were_not_tried_are_told() -> None:
    """Nine ways out of an inclusive gateway that no single join closes."""
    lines = ["start s", "or g default=f0", "xor j", "end e", "s > g", "j > e"]
    for way in range(9):
        lines += [f"user t{way}", f"t{way} > j"]
        lines.append(f"[f0] g > t{way}" if way == 0 else f"g > t{way} : n{way} = 1")
    found = gate.inspect(draw({"a": "\n".join(lines)}), "drawing.bpmn", strict=False).findings
    (told,) = [f for f in found if f.rule == "too-many-states"]
    assert told.element == "g"
    assert "9 nhánh" in told.message


@pytest.mark.parametrize("seed", range(4))
def test_fused_or_not_the_same_is_found(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawings of blocks, many with a wrong join or a way too many; only echoes may be fewer."""
    looked: dict[bool, int] = defaultdict(int)
    for number in range(30):
        lines = _composed(random.Random(1000 * seed + number))
        with monkeypatch.context() as patch:
            patch.setattr(tokens, "Chains", _unfused)
            slow = _rules(lines)
        fast = _rules(lines)
        if ("too-many-states", "warning") in slow | fast:
            continue
        looked[bool(slow)] += 1
        worst = {rule for rule, severity in slow if severity == "error"}
        assert {rule for rule, _ in fast} == {rule for rule, _ in slow}, lines
        assert {rule for rule, severity in fast if severity == "error"} <= worst, lines
        assert bool(worst) == any(severity == "error" for _, severity in fast), lines
    assert looked[True] > 3
    assert looked[False] > 3


def _unfused(scope: Scope, **_how: object) -> blocks.Chains:
    return blocks.Chains(scope, apart=scope.nodes, parallel=False)


def _rules(lines: str) -> set[tuple[str, str]]:
    found = gate.inspect(draw({"a": lines}), "drawing.bpmn", strict=False).findings
    return {(f.rule, f.severity) for f in found if f.rule in (*RULES, "too-many-states")}


def _composed(chance: random.Random) -> str:
    """Blocks within blocks; one join in twelve is of another kind, one drawing in four has a way
    from a gateway to somewhere else."""
    lines, ways = ["start s", "end e"], list[tuple[str, str]]()
    kinds: dict[str, str] = {}

    def new(kind: str) -> str:
        name = f"{kind[0]}{len(kinds)}"
        kinds[name] = kind
        return name

    def block(before: str, depth: int) -> str:
        if depth == 0 or chance.random() < 0.3:
            task = new("user")
            ways.append((before, task))
            return task
        kind = chance.choice(("xor", "and", "or"))
        split = new(kind)
        join = new(kind if chance.random() < 0.92 else chance.choice(("xor", "and", "or")))
        ways.append((before, split))
        for _ in range(chance.randint(2, 3)):
            ways.append((block(split, depth - 1), join))
        return join

    ways.append((block("s", 3), "e"))
    gateways = [name for name, kind in kinds.items() if kind != "user"]
    if gateways and chance.random() < 0.25:
        ways.append((chance.choice(gateways), chance.choice([*kinds])))
    for name, kind in kinds.items():
        out = [place for place, (source, _) in enumerate(ways) if source == name]
        chooses = kind in ("xor", "or") and len(out) > 1
        lines.append(f"{kind} {name}" + (f" default=f{out[-1]}" if chooses else ""))
    for place, (source, target) in enumerate(ways):
        out = [n for n, (other, _) in enumerate(ways) if other == source]
        asks = kinds.get(source) in ("xor", "or") and len(out) > 1 and place != out[-1]
        lines.append(f"[f{place}] {source} > {target}" + (f" : v{place} = 1" if asks else ""))
    return "\n".join(lines)
