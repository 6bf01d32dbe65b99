"""One step of a pool: state bytes in, moved tokens out. No database, no user, no wall clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from engine.bpmn import codec
from engine.bpmn.beside import catch_up
from engine.bpmn.flow import READY, WAITING, InstanceFlow, Token, merge
from engine.bpmn.live import kept
from engine.bpmn.model import ArmedTimer, Clock, Model, Move, OpenTask, Wanted
from engine.bpmn.scripting import plain
from engine.errors import Conflict, MotCuaError, NotFound


def start(
    model: Model, pool_id: str, data: Mapping[str, Any], clock: Clock, at: str | None = None
) -> Move:
    """Begin a pool with ``data``; ``at`` names the start event, else the plain (or only) one."""
    pool, built = _pool(model, pool_id)
    if at is None:
        plain_starts = [s for s in pool.starts if built.plan.task_specs[s].event.kind == "none"]
        candidates = plain_starts or list(pool.starts)
        if len(candidates) != 1:
            raise Conflict(f"«{pool.name}» chỉ bắt đầu bằng thông điệp.", code="no-plain-start")
        at = candidates[0]
    elif at not in pool.starts:
        raise Conflict(f"«{pool.name}» không bắt đầu được ở «{at}».", code="no-such-start")
    flow = InstanceFlow(built.plan, built.inner, clock)
    root = flow.task_tree
    root.data = plain(data)
    root.internal_data["at"] = at
    with _moving(flow):
        root.task_spec._on_complete(root)
        root.data = {}
        return _settle(flow)


def complete(
    model: Model, pool_id: str, state: bytes, task: int, data: Mapping[str, Any], clock: Clock
) -> Move:
    """A person has done an open task; ``data`` is what they entered. Conflict when not open."""
    flow = _load(model, pool_id, state, clock)
    token = _token(flow, task)
    if token.state != READY or not token.task_spec.manual:
        raise Conflict("Công việc này không còn mở.", code="task-not-open", task=task)
    token.write(plain(data))
    catch_up(token)
    with _moving(flow):
        token.run()
        return _settle(flow)


def deliver(
    model: Model,
    pool_id: str,
    state: bytes,
    task: int,
    element: str,
    data: Mapping[str, Any],
    clock: Clock,
) -> Move:
    """A message has come for exactly this waiting place. Conflict when it waits no more."""
    flow = _load(model, pool_id, state, clock)
    token = _waiting(flow, task, element, "message")
    payload = plain(data)
    with _moving(flow):
        token.task_spec.caught(token, element, payload)
        return _settle(flow)


def fire(model: Model, pool_id: str, state: bytes, task: int, element: str, clock: Clock) -> Move:
    """A timer has rung. Conflict when it is not armed any more."""
    flow = _load(model, pool_id, state, clock)
    token = _waiting(flow, task, element, "timer")
    with _moving(flow):
        token.task_spec.caught(token, element, {})
        return _settle(flow)


@contextmanager
def _moving(flow: InstanceFlow) -> Iterator[None]:
    """A refusal on the way says in ``trace`` what had completed before it; nothing is kept."""
    try:
        yield
    except MotCuaError as error:
        error.trace = tuple(flow.trace)  # type: ignore[attr-defined]
        raise


def _pool(model: Model, pool_id: str) -> Any:
    pool = model.pools.get(pool_id)
    if pool is None or pool_id not in model.plans:
        raise NotFound(f"Không có pool «{pool_id}» chạy được.")
    return pool, model.plans[pool_id]


def _load(model: Model, pool_id: str, state: bytes, clock: Clock) -> InstanceFlow:
    _, built = _pool(model, pool_id)
    flow = kept.take(built.plan, state)
    if flow is not None:
        flow.continued(clock)
        return flow
    flow = codec.load(state, built.plan, built.inner, clock)
    if flow.completed:
        raise Conflict("Phần việc này đã kết thúc.", code="ended")
    return flow


def _token(flow: InstanceFlow, task: int) -> Token:
    token: Token = flow.get_task_from_id(task)
    return token


def _waiting(flow: InstanceFlow, task: int, element: str, kind: str) -> Token:
    token = _token(flow, task)
    waits = token.task_spec.waiting_for(token) if token.state == WAITING else []
    if not any(name == element and event.kind == kind for name, event in waits):
        raise Conflict("Nơi này không còn chờ.", code="not-waiting", task=task, element=element)
    return token


def _settle(flow: InstanceFlow) -> Move:
    flow.do_engine_steps()
    flow.prune_all()
    open_tasks, timers, wanted, signals = [], [], [], []
    copies: dict[int, Any] = {}
    tokens = flow.tokens()
    for token in tokens:
        spec = token.task_spec
        if token.state == READY and spec.manual:
            open_tasks.append(OpenTask(token.id, spec.element, _shown(token.data, copies)))
        if token.state != WAITING:
            continue
        for element, due in token.internal_data.get("due", {}).items():
            timers.append(ArmedTimer(token.id, element, datetime.fromisoformat(due)))
        for element, event in spec.waiting_for(token):
            if event.kind == "message":
                wanted.append(Wanted(token.id, element, event.name))
            elif event.kind == "signal" and not flow.throws(event.name):
                signals.append(Wanted(token.id, element, event.name))
    ended = bool(flow.completed)
    state = codec.dump(flow)
    move = Move(
        state=state,
        ended=ended,
        data=plain(flow.data) if ended else _known(tokens),
        open_tasks=tuple(open_tasks),
        timers=tuple(timers),
        wanted=tuple(wanted),
        signals=tuple(signals),
        sent=tuple(flow.sent),
        trace=tuple(flow.trace),
    )
    if not ended:
        kept.put(flow.spec, state, flow)
    return move


def _shown(data: dict[str, Any], copies: dict[int, Any]) -> dict[str, Any]:
    """A copy for those outside; a large value that several tokens carry is copied once."""
    shown = dict(data)
    for name, value in data.items():
        if isinstance(value, (list, dict)):
            if id(value) not in copies:
                copies[id(value)] = plain(value)
            shown[name] = copies[id(value)]
    return shown


def _known(tokens: list[Token]) -> dict[str, Any]:
    """What all live tokens together know, each value as last written."""
    data, stamps = dict(tokens[0].data), dict(tokens[0].stamps)
    for token in tokens[1:]:
        merge(data, stamps, token.data, token.stamps)
    known: dict[str, Any] = plain(data)
    return known
