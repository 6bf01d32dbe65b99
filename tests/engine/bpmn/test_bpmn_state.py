"""The saved state: small, checked, the same run with or without saving, no clock, many threads."""

from __future__ import annotations

import base64
import dataclasses
import random
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, NoReturn

import pytest

from engine import bpmn
from engine.bpmn import codec
from engine.bpmn.beside import catch_up
from engine.bpmn.flow import InstanceFlow
from tests.engine.bpmn.drawing import Clock, Walk, draw
from tests.engine.bpmn.test_bpmn_gateways import INCLUSIVE_LOOP
from tests.engine.bpmn.test_bpmn_messages import three_pools
from tests.engine.bpmn.test_bpmn_scopes import ERROR

MANY = """
start s
or split
user A
boundary slow on=A soft every=R3/PT2H
user Nudge
sub P each=items as=item into=results gives=result {
  start ps
  and ps2
  user B
  events g
  catch c1 after=PT1H
  receive c2 message=Hello
  and pj
  end pe
  ps > ps2 > B > pj > pe
  xor either
  ps2 > g > c1 > either > pj
  g > c2 > either
}
boundary gone on=P message=Gone
user G
or join
xor more default=out
end e
s > again
xor again
again > split
[1] split > A : x != 1
[2] split > P : x != 2
A > join
slow > Nudge
P > join
gone > G > join
join > more
[back] more > again : n < 2
[out] more > e
eventsub H {
  start hs soft message=Note
  script S := notes = if notes = null then 1 else notes + 1
  hs > S
}
"""


class Unbroken(Walk):
    """The same steps on one live instance that is never saved."""

    live: InstanceFlow | None = None

    def step(self, kind: str, element: str, nth: int, data: dict[str, Any]) -> None:
        """Carry out a step on the live instance as `run` does on a loaded one."""
        flow = self.live
        assert flow is not None
        flow.continued(self.clock)
        if kind == "do":
            token = flow.get_task_from_id(self.task(element, nth).id)
            token.write(data)
            catch_up(token)
            token.run()
        else:
            places = self.move.wanted if kind == "tell" else self.move.timers
            place = next(p for p in places if p.element == element)
            if isinstance(place, bpmn.ArmedTimer):
                self.clock.now = max(self.clock.now, place.due)
            token = flow.get_task_from_id(place.task)
            token.task_spec.caught(token, element, data)
        self._keep(bpmn.run._settle(flow))


def choices(walk: Walk) -> list[tuple[str, str, int]]:
    """Every step possible now."""
    found = []
    for element in dict.fromkeys(walk.open):
        found += [("do", element, n) for n in range(walk.open.count(element))]
    found += [("tell", e, 0) for e in dict.fromkeys(walk.wanted)]
    return found + [("ring", e, 0) for e in dict.fromkeys(walk.timers)]


@pytest.mark.parametrize("text", [MANY, INCLUSIVE_LOOP, ERROR], ids=["many", "loop", "error"])
@pytest.mark.parametrize("seed", range(15))
def test_saving_after_every_step_equals_never_saving(
    text: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random walks, step for step: open tasks, timers, messages, trace, data and bytes."""
    dice = random.Random(seed)
    start = {"n": 0, "items": [1, 2], "b": True, "c": True}
    saved = Walk(text, dict(start))
    kept: list[InstanceFlow] = []
    settle = bpmn.run._settle
    monkeypatch.setattr(bpmn.run, "_settle", lambda flow: (kept.append(flow), settle(flow))[1])
    unbroken = Unbroken(saved.model, dict(start))
    monkeypatch.undo()
    unbroken.live = kept[0]
    for step in range(60):
        assert saved.move == unbroken.move
        if saved.ended:
            break
        kind, element, nth = dice.choice(choices(saved))
        data = {dice.choice("nkx"): dice.randint(0, 3)} if dice.random() < 0.7 else {}
        if kind == "do" and element == "B":
            data["result"] = "bad" if dice.random() < 0.2 else step
        if step > 30:
            data["n"] = 5
        if kind == "do":
            saved.do(element, nth, **data)
        elif kind == "tell":
            saved.tell(element, **data)
        else:
            data = {}
            saved.ring(element)
        unbroken.step(kind, element, nth, data)
    assert saved.trace == unbroken.trace


def test_reading_and_writing_a_state_gives_the_same_bytes() -> None:
    """Nothing is added or lost by a round trip."""
    walk = Walk(MANY, {"n": 0, "items": [1, 2]})
    built = walk.model.plans["a"]
    flow = codec.load(walk.move.state, built.plan, built.inner, walk.clock)
    assert codec.dump(flow) == walk.move.state


def test_a_corrupted_state_is_refused_with_a_sentence() -> None:
    """Any changed byte, any cut, another pool, another format."""
    walk = Walk(MANY, {"n": 0, "items": [1, 2]})
    state, task = walk.move.state, walk.move.open_tasks[0].id
    broken = [b"", state[:1], state[:-1], state[: len(state) // 2], b"\x03" + state[1:], b"{}"]
    broken += [
        state[:i] + bytes([state[i] ^ 0x41]) + state[i + 1 :] for i in range(0, len(state), 7)
    ]
    for bad in broken:
        with pytest.raises(bpmn.BadState, match="Trạng thái"):
            bpmn.complete(walk.model, "a", bad, task, {}, walk.clock)
    other = Walk("start s\nuser Other\ns > Other")
    with pytest.raises(bpmn.BadState, match="không khớp"):
        bpmn.complete(other.model, "a", state, task, {}, walk.clock)


def test_a_state_is_small() -> None:
    """A task waiting, and the busiest point of a model with turns, timers and messages."""
    small = Walk("start s\nuser A\ns > A", {"ho_ten": "Nguyễn Văn An", "n": 3})
    busy = Walk(MANY, {"n": 0, "items": [1, 2, 3]})
    assert len(busy.open) == 4
    assert len(small.move.state) < 150
    assert len(busy.move.state) < 600


def test_nothing_reads_the_wall_clock_or_draws_a_random_id(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every step of a model with timers, with the clocks and uuid replaced by traps."""
    model = bpmn.parse(draw({"a": MANY}), {}, "x.bpmn")

    def trap(*args: object, **kwargs: object) -> NoReturn:
        raise AssertionError("wall clock or random id")

    class Trapped(datetime):
        now = today = utcnow = trap  # type: ignore[assignment]

    for name in ("time", "time_ns", "localtime"):
        monkeypatch.setattr(time, name, trap)
    monkeypatch.setattr(uuid, "uuid4", trap)
    monkeypatch.setattr("SpiffWorkflow.task.uuid4", trap)
    monkeypatch.setattr("SpiffWorkflow.bpmn.specs.event_definitions.timer.datetime", Trapped)
    monkeypatch.setattr("engine.bpmn.scripting.datetime", Trapped)
    walk = Walk(model, {"n": 0, "items": [1]})
    walk.ring("slow").ring("c1").do("B").tell("hs").do("A", n=9).do("Nudge")
    ended = walk.ended
    monkeypatch.undo()
    assert ended


def test_two_runs_of_the_same_steps_give_the_same_bytes() -> None:
    """Order comes from the instance's own counter."""
    runs = [
        Walk(MANY, {"n": 0, "items": [1, 2]}).do("B").ring("slow").tell("c2").move.state
        for _ in range(2)
    ]
    assert runs[0] == runs[1]


def test_threads_share_one_model() -> None:
    """Many instances at once over one parsed model, all right."""
    model = three_pools()
    many = bpmn.parse(draw({"a": MANY}), {}, "x.bpmn")

    def one(number: int) -> bool:
        walk = Walk(many, {"n": 0, "items": [1, 2], "x": 0})
        walk.do("B", result=number).do("B").tell("c2").tell("c2").do("A", n=number + 2)
        commune = Walk(model, {"name": str(number)}, pool="commune").do("Receive")
        return (
            walk.ended
            and walk.data["results"] == [number, None]
            and commune.sent[0][1] == {"name": str(number)}
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(200)))


def test_a_model_is_not_changed_by_running_it() -> None:
    """The plan's nodes are the same, with the same ways, after many runs."""

    def shape(model: bpmn.Model) -> list[Any]:
        built = model.plans["a"]
        plans = [built.plan, *built.inner.values()]
        return [(k, [*s._inputs], [*s._outputs]) for p in plans for k, s in p.task_specs.items()]

    walk = Walk(MANY, {"n": 0, "items": [1, 2]})
    before = shape(walk.model)
    walk.do("B").ring("slow").tell("hs").tell("gone").do("G")
    assert shape(walk.model) == before


def test_a_long_chain_of_tasks_and_deep_history_stay_fast() -> None:
    """2,000 tasks in a row: the state does not grow, no recursion limit is met."""
    names = " > ".join(f"u{i}" for i in range(2000))
    text = "start s\n" + "\n".join(f"user u{i}" for i in range(2000)) + f"\ns > {names}"
    walk = Walk(text)
    sizes = set()
    for i in range(300):
        walk.do(f"u{i}")
        sizes.add(len(walk.move.state))
    assert max(sizes) < 150
    assert Clock().now == walk.clock.now


FIRST_FORMAT = base64.b85decode(
    b"0VuUE{bYv#^#%X}jV2*LYnu+doimDKm<40j;Wy@Jw;3r|zgqF_f`H!5Fbn_$Ypu1OYmy2S)zuJKbKd}niI@XufTR"
    b"OL2Z4m?bUAwzsR-5*&7C2^d{<;iePNu&(-;P6fU81qZy?qOtGqpooAUNx%wZ^YMRdYN#lGAf7mFxWRI2MGl>azi+"
    b"&<Tba_6oa?vGXOP+)DbQ*D~ZX_Bh+1hcRT8UO<m@Pz@8FUpA6tl&~^`#FVa7%W?+g0ZR0_1FYFVm8AB<A@3z;KL%"
    b"s7(tlq(mp&uVw`de7KZUfUHkx4W$F({wE"
)


def test_a_state_of_the_first_format_is_still_read() -> None:
    """A dossier that was open when the format changed goes on: turns, results, cycles."""
    walk = Walk(
        """
        start s
        and g
        user A each=items as=i into=rs gives=r
        user B
        boundary late on=B soft every=R3/PT1H
        user C
        and j
        end e
        s > g > A > j
        g > B > j > e
        late > C
        """,
        {"items": ["x", "y"], "n": 1},
    )
    walk.do("A", 1, r="Y").ring("late")
    now = walk.move
    task = walk.task("A").id
    walk.move = dataclasses.replace(now, state=FIRST_FORMAT)
    assert walk.task("A").id == task
    walk.do("A", r="X").ring("late").do("B").do("C").do("C")
    assert walk.ended
    assert walk.data == {"items": ["x", "y"], "n": 1, "rs": ["X", "Y"]}
