"""Every scenario of every bundled procedure, pool by pool: ours, ours never saved, and stock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from lxml import etree

from engine import bpmn
from engine.bpmn import run as engine_run
from engine.bpmn.beside import catch_up
from engine.bpmn.flow import InstanceFlow
from tests.engine.bpmn.drawing import NOON
from tests.engine.bpmn.equality.stock import BPMN, Stock, readable
from tests.processes.test_process_simulation import FOLDERS, walks

SMALL = 4_096
STEPS = ("start", "complete", "deliver", "fire")


@dataclass
class Run:
    """One instance of a pool in a scenario: what was done to it, and what came of each step."""

    pool: str
    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    moves: list[bpmn.Move] = field(default_factory=list)
    clocks: list[Any] = field(default_factory=list)


def element_of(move: bpmn.Move, task: int) -> str:
    """The element of an open task."""
    return next(t.element for t in move.open_tasks if t.id == task)


@contextmanager
def recorded() -> Iterator[list[Run]]:
    """Note every step that is taken on the engine meanwhile."""
    runs: list[Run] = []
    real = {name: getattr(bpmn, name) for name in STEPS}

    def spy(kind: str) -> Any:
        def step(model: bpmn.Model, pool: str, *args: Any, **named: Any) -> bpmn.Move:
            move: bpmn.Move = real[kind](model, pool, *args, **named)
            if kind == "start":
                call = (kind, named.get("at") or "", dict(args[0]))
                runs.append(Run(pool))
                run = runs[-1]
            else:
                run = next(r for r in runs if r.pool == pool and r.moves[-1].state == args[0])
                data = dict(args[-2]) if kind != "fire" else {}
                element = element_of(run.moves[-1], args[1]) if kind == "complete" else args[2]
                call = (kind, element, data)
            run.calls.append(call)
            run.moves.append(move)
            run.clocks.append(type(args[-1])(args[-1].now))
            return move

        return step

    with mock.patch.multiple(bpmn, **{name: spy(name) for name in STEPS}):
        yield runs


def scenarios(folder: Path) -> tuple[bpmn.Model, list[Run]]:
    """The model of a folder and every run of a pool in its scenarios."""
    walks.cache_clear()
    with recorded() as runs:
        played = walks(folder)
    return next(iter(played.values()))[0].model, runs


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: p.name)
def test_a_run_restored_after_every_step_equals_one_that_was_never_saved(folder: Path) -> None:
    """The same moves to the byte, and few bytes."""
    model, runs = scenarios(folder)
    assert len(runs) > 20
    assert max(len(move.state) for run in runs for move in run.moves) < SMALL
    for run in runs:
        built, flow = model.plans[run.pool], None
        for (kind, element, data), before, move, clock in zip(
            run.calls, [None, *run.moves], run.moves, run.clocks, strict=False
        ):
            if flow is None:
                kept: list[InstanceFlow] = []
                settle = engine_run._settle
                with mock.patch.object(
                    engine_run,
                    "_settle",
                    lambda flow, kept=kept, settle=settle: (kept.append(flow), settle(flow))[1],
                ):
                    again = bpmn.start(model, run.pool, data, clock, at=element or None)
                assert again == move
                flow = kept[0]
                continue
            assert before is not None
            flow.continued(clock)
            if kind == "complete":
                task = next(t.id for t in before.open_tasks if t.element == element)
                token = flow.get_task_from_id(task)
                token.write(data)
                catch_up(token)
                token.run()
            else:
                places = before.wanted if kind == "deliver" else before.timers
                token = flow.get_task_from_id(next(p.task for p in places if p.element == element))
                token.task_spec.caught(token, element, data)
            assert engine_run._settle(flow) == move
        assert built.plan is not None


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: p.name)
def test_a_run_equals_the_stock_engines(folder: Path) -> None:
    """Step by step: what completed, what is open, what is waited for; the data at the end."""
    model, runs = scenarios(folder)
    tables = {path.name: path.read_bytes() for path in folder.glob("*.dmn")}
    source = readable(model.xml)
    boundaries = etree.fromstring(source).iterfind(f".//{{{BPMN}}}errorEventDefinition/..")
    hosts = {b.get("id"): b.get("attachedToRef") for b in boundaries if b.get("attachedToRef")}
    compared = 0
    for run in runs:
        process = model.pools[run.pool].process_id or ""
        at, known = run.calls[0][1:]
        stock, trace = Stock(source, process, known, NOON, tables), list[str]()
        for (kind, element, data), move in zip(run.calls, run.moves, strict=True):
            if kind == "start" and at:
                stock.tell(at, **known)
            elif kind == "complete":
                stock.do(element, **data)
            elif kind != "start":
                stock.tell(element, **data)
            trace += [entry.element for entry in move.trace]
            # The stock engine lists a sub-process that an error has interrupted (test_deviations).
            lines = zip(stock.trace, [*stock.trace[1:], ""], strict=True)
            assert sorted(trace) == sorted(
                line for line, next_ in lines if hosts.get(next_) != line
            )
            assert sorted(t.element for t in move.open_tasks) == sorted(stock.open)
            waits = [w.element for w in (*move.wanted, *move.timers)]
            assert sorted(waits) == sorted(stock.wanted)
            assert move.ended == stock.ended
            compared += 1
    assert compared > 100
