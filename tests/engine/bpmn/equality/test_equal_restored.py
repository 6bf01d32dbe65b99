"""Read back from bytes after every step, over a fresh parse, or never saved at all: the same run.

Here the models have everything, also what the stock engine cannot do.
"""

from __future__ import annotations

import os
import random

import pytest

from engine import bpmn
from engine.bpmn import codec
from tests.engine.bpmn.drawing import Walk, draw
from tests.engine.bpmn.equality.sketches import Sketch
from tests.engine.bpmn.test_bpmn_state import Unbroken, choices

SEED = int(os.environ.get("MOTCUA_TEST_SEED", "1"))
MODELS = int(os.environ.get("MOTCUA_TEST_MODELS", "200"))


@pytest.mark.parametrize("seed", range(SEED, SEED + MODELS))
def test_a_restored_run_equals_one_that_was_never_saved(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step for step the same open tasks, timers, messages, trace, data and bytes."""
    sketch = Sketch(random.Random(seed), stock=False)
    source, data = draw({"a": sketch.model(4)}), sketch.data()
    models = [bpmn.parse(source, {}, "thu.bpmn", strict=False) for _ in range(2)]
    restored = Walk(models[0], dict(data))
    # The same start once more, kept alive.
    kept = []
    monkeypatch.setattr(codec, "dump", lambda flow: (kept.append(flow), dump(flow))[1])
    unbroken = Unbroken(models[0], dict(data))
    monkeypatch.undo()
    unbroken.live = kept[0]
    steps = 0
    while not restored.ended:
        assert restored.move == unbroken.move
        steps += 1
        assert steps < 500
        restored.model = models[steps % 2]
        kind, element, nth = sketch.dice.choice(choices(restored))
        value = {f"w{element}_{steps}": steps} if kind == "do" else {}
        if kind == "do":
            restored.do(element, nth, **value)
        elif kind == "tell":
            restored.tell(element)
        else:
            restored.ring(element)
        unbroken.step(kind, element, nth, value)
    assert restored.move == unbroken.move
    assert restored.trace == unbroken.trace
    assert not [line for line in restored.trace if line.startswith("_")]


dump = codec.dump
