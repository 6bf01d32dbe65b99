"""A running instance on SpiffWorkflow's workflow and task: own ids, own order, no wall clock.

Replaces the engine's tree scans by lists of what is ready, and its merging of whole copies by
the time each value was written. Parallel branches move in rounds, one node each, in the order in
which the file draws their flows; what happens inside a sub-process runs before what is around it.
Knows nothing of files or bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

import orjson
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.model import Clock, Sent, TraceEntry
from engine.errors import Conflict

READY, WAITING, STARTED, FUTURE = (
    TaskState.READY,
    TaskState.WAITING,
    TaskState.STARTED,
    TaskState.FUTURE,
)
FINISHED = TaskState.FINISHED_MASK
MAX_STEPS = 100_000
MAX_TOKENS = 30_000
_SWEEP = 500
_LOOKED_AT = 100
_BY_ID = attrgetter("id")


def same(a: Any, b: Any) -> bool:
    """Whether two JSON values are the same, true and 1 being different."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (dict, list)):
        return orjson.dumps(a, option=orjson.OPT_SORT_KEYS) == orjson.dumps(
            b, option=orjson.OPT_SORT_KEYS
        )
    return bool(a == b)


def merge(
    data: dict[str, Any], stamps: dict[str, int], other: dict[str, Any], others: dict[str, int]
) -> None:
    """Take into ``data`` what ``other`` has and what was written there later."""
    for name, value in other.items():
        stamp = others.get(name, 0)
        if name not in data or stamp > stamps.get(name, 0):
            data[name] = value
            if stamp:
                stamps[name] = stamp


class Token(Task):
    """A task of the instance.

    ``stamps`` says for each name of ``data`` at which count it was last written (absent = as
    given at the start): what is newer wins where branches meet, whoever arrives last.
    ``came`` is the node it came from; ``host`` the activity a boundary event belongs to; ``rank``
    its place among all tokens: branches stand in the order of the flows of their split.
    """

    stamps: dict[str, int]
    rank: tuple[int, ...]

    def __init__(
        self,
        workflow: Any,
        task_spec: Any,
        parent: Token | None = None,
        state: int = FUTURE,
        id: int | None = None,
    ) -> None:
        # Not the inherited one: it draws a random id and reads the wall clock.
        top = workflow.top_workflow
        self.id: Any = top.next_id() if id is None else id
        workflow.tasks[self.id] = self
        if self.id:
            top.index[self.id] = self
        self.workflow = workflow
        self._parent: Any = None if parent is None else parent.id
        self._state = state
        self.triggered = False
        self.task_spec = task_spec
        self.thread_id = 0
        self.data: dict[str, Any] = {}
        self.internal_data: dict[str, Any] = {}
        self.stamps = {}
        self.came: str | None = None
        self.host: int | None = None
        self.last_state_change: Any = top.tick()
        self.rank = () if parent is None else parent.rank

    def _add_child(self, task_spec: Any, state: int = FUTURE) -> Token:
        return Token(self.workflow, task_spec, self, state)

    def _set_state(self, value: int) -> None:
        if value == self._state:
            return
        self._state = value
        self.last_state_change = self.workflow.top_workflow.tick()
        if value == READY and not self.task_spec.manual:
            self.workflow.wake(self)

    def _inherit_data(self) -> None:
        parent: Any = self.parent
        if parent is not None:
            self.data, self.stamps = dict(parent.data), dict(parent.stamps)

    def cancel(self) -> None:
        """End this token and all that hangs on it, unless it has ended."""
        if self.live:
            self._set_state(TaskState.CANCELLED)
            self.task_spec._on_cancel(self)

    @property
    def live(self) -> bool:
        """Whether it has not ended."""
        return not self._state & FINISHED

    def _ready(self) -> None:
        if self.live:
            self._set_state(READY)

    def write(self, values: dict[str, Any]) -> None:
        """Set values; only those that differ count as written."""
        stamp = self.workflow.top_workflow.tick()
        for name, value in values.items():
            if name not in self.data or not same(self.data[name], value):
                self.data[name] = value
                self.stamps[name] = stamp

    def absorb(self, others: Iterable[Token]) -> None:
        """Take from each other token what was written later than what is here."""
        for other in others:
            merge(self.data, self.stamps, other.data, other.stamps)


class _Scope:
    """What the instance and its sub-processes share."""

    tasks: dict[Any, Any]
    task_tree: Any
    spec: Any
    top_workflow: Any
    around: Any = None
    ready: list[Token]
    busy: dict[Any, None]

    def begin(self) -> None:
        """Set the root token, under which everything hangs."""
        self.ready, self.busy = [], {}
        self.task_tree = Token(self, self.spec.start, state=TaskState.COMPLETED, id=0)

    def wake(self, token: Token) -> None:
        """Note that a token is ready, here and in the scopes around."""
        self.ready.append(token)
        scope: Any = self
        while scope is not None:
            scope.busy[self] = None
            scope = scope.around

    def round(self) -> bool:
        """Let every token that is ready here or further inside go on by one node, each branch in
        its place; False when there was none.
        """
        scopes, self.busy = [scope for scope in self.busy if scope.ready], {}
        batch: list[Token] = []
        for scope in scopes:
            batch += scope.ready
            scope.ready = []
        if len(batch) > 1:
            batch.sort(key=lambda token: (token.rank, token.last_state_change))
        for token in batch:
            if token.state == READY:
                self.top_workflow.step(token)
        for scope in scopes:
            if scope.spec.reach:
                scope.settle()
        return bool(batch)

    def settle(self, mutual: bool = False) -> bool:
        """Let inclusive joins go on that nothing more can reach; False when there is none.

        ``mutual``: only the oldest of those that nothing but other waiting joins can reach.
        """
        # Each look at very many tokens counts as steps, else an endless split takes for ever.
        self.top_workflow.steps += len(self.tasks) // _LOOKED_AT
        waiting = [t for t in self.live() if t.state == WAITING]
        if mutual:
            waiting.sort(key=lambda token: token.last_state_change)
        settled = False
        for token in waiting:
            if token.state == WAITING and token.task_spec.may_settle(token, mutual):
                settled = True
                if mutual:
                    break
        return settled

    def live(self) -> list[Token]:
        """The tokens that have not ended, oldest first."""
        return [task for task in self.tasks.values() if not task._state & FINISHED]

    def prune(self) -> None:
        """Forget what has ended; the event log is the history."""
        live = self.live()
        self.tasks = {0: self.task_tree} | {token.id: token for token in live}
        for token in live:
            if token._parent not in self.tasks:
                token._parent = 0

    def _task_completed_notify(self, task: Task) -> None:
        pass


class SubFlow(_Scope, BpmnSubWorkflow):
    """The inside of a sub-process that runs."""

    def __init__(self, spec: BpmnProcessSpec, host: int, top: InstanceFlow) -> None:
        super().__init__(spec, host, top, deserializing=True)
        self.around = self.host.workflow
        self.begin()
        self.task_tree.rank = self.host.rank
        self.begun = top.count

    @property
    def host(self) -> Token:
        """The activity it is the inside of."""
        return self.top_workflow.get_task_from_id(self.parent_task_id)


class InstanceFlow(_Scope, BpmnWorkflow):
    """One instance of a pool, alive in memory for one step."""

    def __init__(self, spec: BpmnProcessSpec, inner: dict[str, BpmnProcessSpec], clock: Clock):
        self.clock = clock
        self.size = 0  # bytes of its JSON when it was last written
        self.last_id = 0
        self.opened = 0
        self.steps = 0
        self.enough = _SWEEP
        self.index: dict[int, Token] = {}
        self.count = 0
        self.trace: list[TraceEntry] = []
        self.sent: list[Sent] = []
        super().__init__(spec, inner, script_engine=self, deserializing=True)
        self.begin()

    def rest(self) -> None:
        """Let go of what only the step that has ended needed."""
        self.trace, self.sent = [], []
        del self.clock

    def continued(self, clock: Clock) -> None:
        """Begin a further step on an instance that stayed in memory."""
        self.clock, self.steps = clock, 0
        self.trace, self.sent = [], []

    def next_id(self) -> int:
        """A number no other token of this instance has had."""
        self.last_id += 1
        self.opened += 1
        if self.opened > MAX_TOKENS:
            raise Conflict("Quy trình mở quá nhiều bước cùng lúc.", code="too-many-steps")
        return self.last_id

    def tick(self) -> int:
        """The next moment of the instance's own order."""
        self.count += 1
        return self.count

    def scopes(self) -> list[Any]:
        """This instance and its open sub-processes, outer ones first."""
        return [self, *self.subprocesses.values()]

    def tokens(self) -> list[Token]:
        """Every live token, in order of its id."""
        return sorted((t for scope in self.scopes() for t in scope.live()), key=_BY_ID)

    def get_task_from_id(self, task_id: Any) -> Any:
        """The live token with this id; Conflict when it has gone."""
        token = self.index.get(task_id)
        if token is not None:
            return token
        raise Conflict("Bước này đã xong hoặc không còn mở.", code="no-such-task", task=task_id)

    def create_subprocess(self, my_task: Any, spec_name: str) -> SubFlow:
        """Open the inside of a sub-process for ``my_task``."""
        inside = SubFlow(self.subprocess_specs[spec_name], my_task.id, self)
        self.subprocesses[my_task.id] = inside
        return inside

    def inside(self, host: Token) -> list[Token]:
        """Every live token within an activity, at any depth."""
        found = [t for t in host.workflow.live() if t._parent == host.id and t.host is None]
        scope = self.subprocesses.get(host.id)
        if scope is not None:
            found.extend(t for t in scope.live() if t.id)
        for token in list(found):
            found.extend(self.inside(token))
        return found

    def do_engine_steps(
        self, will_complete_task: Any = None, did_complete_task: Any = None
    ) -> None:
        """Run everything that needs no person, message or time."""
        while self._pass() or self._settle():
            pass

    def step(self, token: Token) -> None:
        """Let one ready token go on by one node."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            spec: Any = token.task_spec
            place = spec.element or token.came  # what we put in stands behind what is drawn
            raise Conflict(
                f"Quy trình chạy vòng mãi không dừng ở «{spec.bpmn_name or place}».",
                code="endless",
                element=place,
            )
        if self.opened > self.enough:
            self.prune_all()
        token.run()

    def _pass(self) -> bool:
        """Each inside as far as it comes, deepest first, then one round of the whole."""
        inner: dict[Any, None] = {}
        for scope in self.busy:
            while scope is not self:
                inner[scope] = None
                scope = scope.around
        for scope in sorted(inner, key=lambda scope: (-scope.depth, scope.begun)):
            while scope.round():
                pass
        return self.round()

    def _stuck(self) -> bool:
        """Whether nothing that still lives waits for a person, a message, time or the outside."""
        if self.completed:
            return False
        for token in self.tokens():
            if token.state == READY:
                return False
            for _, event in token.task_spec.waiting_for(token) if token.state == WAITING else ():
                if event.kind in ("message", "timer"):
                    return False
                if event.kind == "signal" and not self.throws(event.name):
                    return False
        return True

    def throws(self, signal: str) -> bool:
        """Whether something drawn in this pool throws a signal; else only the outside can."""
        for plan in (self.spec, *self.subprocess_specs.values()):
            for spec in plan.task_specs.values():
                thrown = spec.tag in ("endEvent", "intermediateThrowEvent")
                if thrown and spec.event.kind == "signal" and spec.event.name == signal:
                    return True
        return False

    def _settle(self) -> bool:
        """When nothing is ready: let joins that wait for each other go on; Conflict if stuck."""
        for scope in reversed(self.scopes()):
            if scope.spec.reach and (scope.settle() or scope.settle(mutual=True)):
                return True
        if not self._stuck():
            return False
        waiting = [t.task_spec for t in self.tokens() if t.state == WAITING and t.host is None]
        drawn = {spec.element: spec.bpmn_name for spec in waiting if spec.element is not None}
        places = ", ".join(f"«{drawn[element] or element}»" for element in sorted(drawn))
        raise Conflict(
            f"Quy trình bế tắc ở {places}: không còn gì để chờ.",
            code="deadlock",
            element=min(drawn, default=None),
        )

    def prune_all(self) -> None:
        """Forget what has ended, everywhere."""
        for scope in self.scopes():
            scope.prune()
        self.index = {t.id: t for scope in self.scopes() for t in scope.tasks.values() if t.id}
        self.opened = len(self.index)
        self.enough = self.opened + min(self.opened, MAX_TOKENS // 6) + _SWEEP
        ranks = sorted({token.rank for token in self.index.values()})
        places = {rank: (place,) for place, rank in enumerate(ranks)}
        for token in self.index.values():
            token.rank = places[token.rank]

    def finish(self, scope: Any, data: dict[str, Any], stamps: dict[str, int]) -> None:
        """End a scope with these values: the instance, or a sub-process that hands them on."""
        scope.completed = True
        for token in scope.live():
            token.cancel()
        if scope is self:
            self.data = data
            return
        host = scope.host
        del self.subprocesses[host.id]
        host.data, host.stamps = data, stamps
        host._set_state(READY)

    def close(self, host: Token) -> None:
        """Drop the inside of an activity that was cancelled."""
        scope = self.subprocesses.pop(host.id, None)
        if scope is not None:
            scope.completed = True
            for token in scope.live():
                token.cancel()
        for token in host.workflow.live():
            if token.host == host.id or token._parent == host.id:
                token.cancel()

    def throw_signal(self, thrower: Token, name: str) -> None:
        """Let everything in this instance that waits for the signal go on."""
        around = self._hosts(thrower)
        for token in self.tokens():
            waits = token.task_spec.waiting_for(token) if token.state == WAITING else ()
            for element, event in waits:
                if event.kind == "signal" and event.name == name:
                    if token.host in around:
                        token.absorb([thrower])
                    token.task_spec.caught(token, element, {})
                    break

    def _hosts(self, token: Token) -> set[int | None]:
        """The ids of the activities a token runs inside."""
        hosts: set[int | None] = set()
        scope: Any = token.workflow
        while scope is not self:
            hosts |= self._edges(scope.host)
            scope = scope.host.workflow
        return hosts

    @staticmethod
    def _edges(host: Token) -> set[int | None]:
        """The activity boundary events are armed on: itself, and what repeats it."""
        return {host.id, host._parent} if host.task_spec.repeats is not None else {host.id}

    def throw_up(self, token: Token, kind: str, code: str | None) -> None:
        """Hand an error or escalation to the nearest enclosing activity that catches it."""
        scope: Any = token.workflow
        while scope is not self:
            host = scope.host
            edges = self._edges(host)
            for exact in (True, False):
                for boundary in host.workflow.live():
                    event = boundary.task_spec.event
                    fits = event.code == code if exact else event.code is None
                    if boundary.host in edges and event.kind == kind and fits:
                        boundary.absorb([token])
                        boundary.task_spec.caught(boundary, boundary.task_spec.name, {})
                        return
            scope = host.workflow
