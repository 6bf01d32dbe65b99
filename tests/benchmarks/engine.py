"""A step of the engine beside a step of stock SpiffWorkflow: `python -m tests.benchmarks.engine`.

Every step of every scenario of the death group, pool by pool, as the test of equality plays them.
The ways alternate, block by block, in one run: stock and ours with the instance in memory, neither
saving anything; and ours as a command pays it, every state written as bytes, found among the kept
instances or read back. Stock evaluates the same FEEL, parses once, and is asked for its open tasks
after each step, as ours tells them. Then the sizes of the state.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import click
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser
from SpiffWorkflow.util.task import TaskState

from engine import bpmn
from engine.bpmn import codec
from engine.bpmn import run as engine_run
from engine.bpmn.beside import catch_up
from engine.bpmn.live import kept
from tests.engine.bpmn.drawing import Walk
from tests.engine.bpmn.equality.stock import FeelEngine, readable
from tests.engine.bpmn.equality.test_equal_procedures import Run, scenarios
from tests.engine.bpmn.test_bpmn_long_runs import TURNS, loop_of
from tests.processes.test_process_simulation import FOLDERS
from webapp.bench.report import Series, show


class Stock:
    """Plays recorded runs on the stock engine, every process parsed once."""

    def __init__(self, source: bytes, tables: dict[str, bytes]) -> None:
        self.parser = SpiffBpmnParser()
        self.parser.add_bpmn_str(source)
        self.script_engine = FeelEngine(tables)
        self.specs: dict[str, tuple[Any, Any]] = {}

    def play(self, process: str, run: Run) -> int:
        """Play a run; returns how many steps it took."""
        if process not in self.specs:
            inner = self.parser.get_subprocess_specs(process)
            self.specs[process] = (self.parser.get_spec(process), inner)
        spec, inner = self.specs[process]
        flow = BpmnWorkflow(spec, inner, script_engine=self.script_engine)
        flow.task_tree.data.update(run.calls[0][2])
        flow.do_engine_steps()
        for place, (kind, element, data) in enumerate(run.calls):
            if kind == "start" and not element:
                continue
            if kind == "complete":
                ready = flow.get_tasks(state=TaskState.READY, manual=True)
                task: Any = next(t for t in ready if t.task_spec.bpmn_id == element)
                task.data.update(data)
                task.run()
            else:
                waiting = flow.event_manager.tasks.values()
                task, caught = next(
                    (t, d)
                    for t in waiting
                    for d in getattr(
                        t.task_spec.event_definition,
                        "event_definitions",
                        [t.task_spec.event_definition],
                    )
                    if d.name == element
                )
                task.data.update(data)
                flow.send_event(BpmnEvent(caught, {}))
            flow.do_engine_steps()
            if place == len(run.calls) - 1 and bool(flow.completed) != run.moves[-1].ended:
                raise click.ClickException(f"{process}: stock does not end as ours does")
        return len(run.calls)


def live(model: bpmn.Model, run: Run) -> int:
    """Play a run on one instance that stays in memory and is never written as bytes."""
    flows: list[Any] = []
    settle = engine_run._settle

    def keep(flow: Any) -> bpmn.Move:
        flows.append(flow)
        return settle(flow)

    (_, at, known), *calls = run.calls
    with mock.patch.object(engine_run, "_settle", keep):
        move = bpmn.start(model, run.pool, known, run.clocks[0], at=at or None)
    flow = flows[0]
    for (kind, element, data), clock in zip(calls, run.clocks[1:], strict=True):
        flow.continued(clock)
        if kind == "complete":
            number = next(t.id for t in move.open_tasks if t.element == element)
            token = flow.get_task_from_id(number)
            token.write(data)
            catch_up(token)
            token.run()
        else:
            places = move.wanted if kind == "deliver" else move.timers
            token = flow.get_task_from_id(next(p.task for p in places if p.element == element))
            token.task_spec.caught(token, element, data)
        move = settle(flow)
    if move.ended != run.moves[-1].ended:
        raise click.ClickException(f"{run.pool}: ours does not end as it did")
    return len(run.calls)


def nothing(_flow: object) -> bytes:
    """What is written down of an instance that stays in memory."""
    return b""


def saved(model: bpmn.Model, run: Run) -> int:
    """Play a run as commands do: from bytes to bytes at each step."""
    (_, at, known), *calls = run.calls
    move = bpmn.start(model, run.pool, known, run.clocks[0], at=at or None)
    for (kind, element, data), clock in zip(calls, run.clocks[1:], strict=True):
        if kind == "complete":
            number = next(t.id for t in move.open_tasks if t.element == element)
            move = bpmn.complete(model, run.pool, move.state, number, data, clock)
            continue
        places = move.wanted if kind == "deliver" else move.timers
        number = next(p.task for p in places if p.element == element)
        if kind == "deliver":
            move = bpmn.deliver(model, run.pool, move.state, number, element, data, clock)
        else:
            move = bpmn.fire(model, run.pool, move.state, number, element, clock)
    return len(run.calls)


def loop_state() -> int:
    """The bytes of the state in the last turn of a user task that is done 5,000 times."""
    walk = Walk(loop_of("user A", "A"), {"n": 0, "limit": TURNS})
    for turn in range(1, TURNS):
        walk.do("A", n=turn)
    return len(walk.move.state)


@click.command()
@click.option("--rounds", default=12, show_default=True, type=click.IntRange(2, 1000))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(rounds: int, as_json: bool) -> None:
    """A step of the engine beside a step of stock SpiffWorkflow, and the size of the state."""
    folder = FOLDERS[-1]
    model, runs = scenarios(folder)
    tables = {path.name: path.read_bytes() for path in folder.glob("*.dmn")}
    stock = Stock(readable(model.xml), tables)
    names = (
        "stock, in memory",
        "ours, in memory",
        "ours, kept and written",
        "ours, read and written",
    )
    series = [Series(names[0], "steps per second")]
    series += [Series(name, "steps per second", limit=names[0]) for name in names[1:]]

    def play_stock() -> int:
        return sum(stock.play(model.pools[r.pool].process_id or "", r) for r in runs)

    def play_live() -> int:
        with mock.patch.object(codec, "dump", nothing):
            return sum(live(model, run) for run in runs)

    def play_kept() -> int:
        return sum(saved(model, run) for run in runs)

    def play_saved() -> int:
        with mock.patch.object(kept, "most", 0):
            return play_kept()

    ways: list[Callable[[], int]] = [play_stock, play_live, play_kept, play_saved]
    for turn in range(rounds + 1):  # the first warms up
        for one, play in zip(series, ways, strict=True):
            began = time.perf_counter()
            steps = play()
            if turn:
                one.values.append(steps / (time.perf_counter() - began))
    widest = max((move for run in runs for move in run.moves), key=lambda move: len(move.state))
    show(
        "engine",
        series,
        as_json,
        steps=sum(len(run.calls) for run in runs),
        largest_state_of_the_death_group=f"{len(widest.state)} bytes",
        state_after_a_loop_of_5000_turns=f"{loop_state()} bytes",
    )


if __name__ == "__main__":
    command()
