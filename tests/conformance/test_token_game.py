"""Any flat drawing, sound or not, runs as the standard's token game allows."""

from __future__ import annotations

import random

import pytest

from engine import bpmn
from engine.bpmn import bounds, dry_run
from tests.conformance.token_game import Game
from tests.engine.bpmn.drawing import draw

EACH = 60
_NODES = ("user", "user", "xor", "and", "or")


def scribble(chance: random.Random) -> tuple[bytes, dict[str, bool]]:
    """A flat drawing with ways anywhere; back only to tasks. Start data decide its conditions."""
    count = chance.randint(3, 9)
    kinds = ["user"] + [chance.choice(_NODES) for _ in range(count - 1)]
    names = [f"{kind}{index}" for index, kind in enumerate(kinds)]
    ways: dict[str, list[str]] = {name: [] for name in names}
    for index in range(1, count):
        ways[chance.choice(names[:index])].append(names[index])
    for _ in range(chance.randint(0, count)):
        source, target = chance.randrange(count), chance.randrange(count)
        if (target > source or kinds[target] == "user") and names[target] not in ways[
            names[source]
        ]:
            ways[names[source]].append(names[target])
    facts: dict[str, bool] = {}
    lines, flows = ["start s", "s > user0"], []
    for name, kind in zip(names, kinds, strict=True):
        targets = ways[name] or [f"end{name}"]
        if not ways[name]:
            lines.append(f"end end{name}")
        default = f"d{name}" if kind in ("xor", "or") and len(targets) > 1 else ""
        lines.append(f"{kind} {name}" + (f" default={default}" if default else ""))
        for number, target in enumerate(targets):
            condition = ""
            if default and number < len(targets) - 1:
                fact = f"v{len(facts)}"
                facts[fact] = chance.random() < 0.5
                condition = f" : {fact} = true"
            head = f"[{default}] " if default and not condition else ""
            flows.append(f"{head}{name} > {target}{condition}")
    return draw({"a": "\n".join([*lines, *flows])}), facts


@pytest.mark.parametrize("seed", range(10))
def test_a_scribbled_drawing_runs_as_the_token_game_allows(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every completion in turn, and how it ended: all tokens gone, or nothing that can move."""
    monkeypatch.setattr(bounds, "MAX_ACTIONS", 40)
    seen = set()
    for number in range(EACH):
        source, facts = scribble(random.Random(seed * EACH + number))
        model = bpmn.parse(source, {}, "nguech-ngoac.bpmn", strict=False)
        outcome = dry_run.run(model, data=facts, auto=True)
        trace = [line.element for line in outcome.trace]
        rules = {finding.rule for finding in outcome.findings if finding.severity == "error"}
        end = outcome.verdict if outcome.verdict == "completed" else "".join(rules)
        seen.add(end)
        assert end in ("completed", "deadlock", "endless", "too-many-steps", "too-long"), rules
        problem = Game(source).allows(trace[:40], end if len(trace) <= 40 else "")
        assert problem == "", (seed * EACH + number, trace[:40], end, problem)
    assert "completed" in seen


def test_the_game_refuses_what_a_drawing_does_not_show() -> None:
    """The judge itself: a join before its branches, a branch twice, both ways of a choice."""
    split = draw({"a": "start s\nand f\nuser A\nuser B\nor j\ns > f > A > j\nf > B > j"})
    choice = draw({"a": "start s\nxor g\nuser A\nuser B\ns > g\ng > A : x\ng > B : y"})
    assert Game(split).allows(["s", "f", "B", "A", "j"], "completed") == ""
    assert Game(choice).allows(["s", "g", "B"], "completed") == ""
    for trace in (["s", "f", "A", "j"], ["s", "f", "A", "A"], ["s", "A"], ["s", "f", "A", "B"]):
        assert Game(split).allows(trace, "completed")
    assert Game(choice).allows(["s", "g", "A", "B"], "completed")
    assert Game(split).allows(["s", "f", "A"], "deadlock")
