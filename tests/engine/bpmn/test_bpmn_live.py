"""Instances that stay in memory between two steps: the same moves, never shared, never stale."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine import bpmn
from engine.bpmn import codec, live
from engine.errors import Conflict
from tests.engine.bpmn.drawing import Clock, Walk, draw
from tests.engine.bpmn.equality.sketches import Sketch
from tests.engine.bpmn.equality.test_equal_procedures import Run, scenarios
from tests.engine.bpmn.equality.test_equal_restored import MODELS, SEED
from tests.engine.bpmn.test_bpmn_state import choices
from tests.processes.test_process_simulation import FOLDERS

ONE_TASK = """
start s
user A
xor g
user B
user C
end e
s > A > g
g > B > e : x > 0
g > C > e : x < 0
"""


@pytest.fixture(autouse=True)
def _kept(_nothing_kept: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live.kept, "most", 50)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The states that were read back from bytes meanwhile."""
    found: list[bytes] = []
    load = codec.load

    def spy(state: bytes, *rest: object) -> object:
        found.append(state)
        return load(state, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(codec, "load", spy)
    return found


def _again(model: bpmn.Model, run: Run) -> list[bpmn.Move]:
    (_, at, known), *calls = run.calls
    moves = [bpmn.start(model, run.pool, known, run.clocks[0], at=at or None)]
    for (kind, element, data), clock in zip(calls, run.clocks[1:], strict=True):
        move = moves[-1]
        if kind == "complete":
            task = next(t.id for t in move.open_tasks if t.element == element)
            moves.append(bpmn.complete(model, run.pool, move.state, task, data, clock))
            continue
        places = move.wanted if kind == "deliver" else move.timers
        task = next(p.task for p in places if p.element == element)
        if kind == "deliver":
            moves.append(bpmn.deliver(model, run.pool, move.state, task, element, data, clock))
        else:
            moves.append(bpmn.fire(model, run.pool, move.state, task, element, clock))
    return moves


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: p.name)
def test_every_scenario_moves_to_the_byte_as_from_its_saved_states(
    folder: Path, monkeypatch: pytest.MonkeyPatch, reads: list[bytes]
) -> None:
    """First every state read back, then none."""
    with monkeypatch.context() as off:
        off.setattr(live.kept, "most", 0)
        model, runs = scenarios(folder)
    reads.clear()
    for run in runs:
        assert _again(model, run) == run.moves
    assert not reads


@pytest.mark.parametrize("seed", range(SEED, SEED + MODELS // 2))
def test_a_made_up_model_moves_as_from_its_saved_states(seed: int) -> None:
    """Two walks of the same model, one of which finds nothing kept."""
    sketch = Sketch(random.Random(seed), stock=False)
    source, data = draw({"a": sketch.model(4)}), sketch.data()
    one, other = (
        Walk(bpmn.parse(source, {}, "thu.bpmn", strict=False), dict(data)) for _ in range(2)
    )
    for step in range(500):
        assert one.move == other.move
        if one.ended:
            break
        kind, element, nth = sketch.dice.choice(choices(one))
        for walk in (one, other):
            if walk is other:
                live.kept.clear()
            if kind == "do":
                walk.do(element, nth, **{f"w{element}_{step}": step})
            elif kind == "tell":
                walk.tell(element)
            else:
                walk.ring(element)
    assert one.ended


def test_after_a_refusal_the_saved_state_is_read(reads: list[bytes]) -> None:
    """What the refused step had moved is gone with it."""
    walk = Walk(ONE_TASK)
    with pytest.raises(Conflict):
        walk.do("A", x=0)
    assert not reads
    assert walk.do("A", x=1).open == ["B"]
    assert len(reads) == 1


def test_a_step_that_was_never_saved_changes_nothing(reads: list[bytes]) -> None:
    """As after a rollback: the same state again, another answer."""
    walk = Walk(ONE_TASK)
    before, task = walk.move.state, walk.task("A").id
    lost = bpmn.complete(walk.model, "a", before, task, {"x": 1}, Clock())
    saved = bpmn.complete(walk.model, "a", before, task, {"x": -1}, Clock())
    assert [t.element for t in lost.open_tasks] == ["B"]
    assert [t.element for t in saved.open_tasks] == ["C"]
    assert len(reads) == 1


def test_two_dossiers_in_the_same_state_share_nothing() -> None:
    """Their bytes are equal; each goes its own way."""
    one = Walk(ONE_TASK)
    other = Walk(one.model)
    assert one.move.state == other.move.state
    assert one.do("A", x=1).open == ["B"]
    assert other.do("A", x=-1).open == ["C"]
    assert one.data == {"x": 1}
    assert other.data == {"x": -1}


def test_many_threads_at_once_on_one_state() -> None:
    """Each gets the move that follows from its own answer."""
    walk = Walk(ONE_TASK)
    state, task = walk.move.state, walk.task("A").id

    def step(number: int) -> tuple[list[str], object]:
        answer = {"x": 1 if number % 2 else -1, "number": number}
        move = bpmn.complete(walk.model, "a", state, task, answer, Clock())
        return [t.element for t in move.open_tasks], move.data["number"]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(step, range(200)))
    assert found == [(["B" if n % 2 else "C"], n) for n in range(200)]


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go, by number and by size; an instance that is too large is not kept at all."""
    for number in range(80):
        Walk(ONE_TASK, {"number": number})
    assert len(live.kept) == 50
    live.kept.clear()
    monkeypatch.setattr(live.kept, "room", 30_000)
    for number in range(80):
        Walk(ONE_TASK, {"number": number, "text": "a" * 2_000})
    assert len(live.kept) == 14
    assert 28_000 < live.kept.filled < 30_000
    live.kept.clear()
    Walk(ONE_TASK, {"text": "a" * 3_000})
    assert len(live.kept) == 0
    assert live.kept.filled == 0


def test_what_is_kept_is_counted_right() -> None:
    """Taken, put back, put twice under the same bytes: what is filled is what is there."""
    walks = [Walk(ONE_TASK, {"text": "a" * 100 * n}) for n in (1, 1, 2)]
    assert len(live.kept) == 3
    for walk in walks:
        walk.model = walks[0].model
    for walk in walks[1:]:
        walk.do("A", x=1)
    walks[0].do("A", x=1)
    assert live.kept.filled == sum(flow.size for flow in live.kept._flows.values())
    for walk in walks:
        walk.do("B")
    assert live.kept.filled == sum(flow.size for flow in live.kept._flows.values())


def test_a_kept_instance_holds_nothing_of_the_step() -> None:
    """Neither its clock, which may hold a calendar and a session, nor what it told."""
    walk = Walk(ONE_TASK)
    (flow,) = live.kept._flows.values()
    assert not hasattr(flow, "clock")
    assert (flow.trace, flow.sent) == ([], [])
    assert walk.do("A", x=1).trace == ["s", "A", "g"]
