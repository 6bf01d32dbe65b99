"""What each kind of flow node does when a token reaches it. Knows nothing of files or bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec

from engine.bpmn import scripting
from engine.bpmn.flow import FUTURE, STARTED, WAITING, Token
from engine.bpmn.graph import Event
from engine.bpmn.model import Sent, TraceEntry
from engine.errors import Conflict, MotCuaError

NONE = Event()


class Plan(BpmnProcessSpec):
    """The executable form of a process or sub-process; never changed once built."""

    def __init__(self, name: str, wrapped: bool = False) -> None:
        super().__init__(name=name)
        self.task_specs: dict[str, Any] = {}
        self.wrapped = wrapped
        self.start: Root = Root(self, "__root")
        self.end: End = End(self, "__end")
        self.reach: dict[str, dict[str, tuple[int, int]]] = {}  # see joins.reach_sets


class Node(BpmnTaskSpec):
    """A flow node. ``element`` and ``tag`` name it in the trace; None keeps it out of it."""

    manual: bool
    element: str | None = None
    tag: str = ""
    event: Event = NONE
    place = 0

    def __init__(self, plan: Plan, name: str, **kwargs: Any) -> None:
        super().__init__(plan, name, inputs=[], outputs=[], **kwargs)
        self.plan = plan
        self.bpmn_name = ""
        self.watchers: list[str] = []
        self.repeats: str | None = None

    # SpiffWorkflow predicts the future of every token and stores it; nothing here needs that.
    def _update(self, my_task: Token) -> None:
        if self._update_hook(my_task):
            my_task._ready()

    def test(self) -> None:
        """Checked at parse."""

    def _update_hook(self, my_task: Token) -> bool | None:
        my_task._inherit_data()
        parent: Any = my_task.parent
        my_task.came = None if parent is None else parent.task_spec.name
        if self.repeats is not None:
            parent.task_spec.prepare(parent, my_task)
        for place, name in enumerate(self.watchers, 1):
            spec: Any = self.plan.task_specs[name]
            boundary = parent._add_child(spec, FUTURE)
            boundary.host, boundary.rank = my_task.id, (*my_task.rank, place)
            spec._update(boundary)
        return self.enter(my_task)

    def enter(self, my_task: Token) -> bool | None:
        """A token has arrived: True when it may go on at once, else it was put to wait."""
        return True

    def _run(self, my_task: Token) -> bool | None:
        try:
            return self.act(my_task)
        except MotCuaError as error:
            raise scripting.explain(error, self.bpmn_name, self.element or self.name) from None

    def act(self, my_task: Token) -> bool | None:
        """Do the work of the node; True when it is done."""
        return True

    def leave(self, my_task: Token) -> None:
        """What the completed node sets off besides its flows."""

    def forget(self, my_task: Token, outside: Token) -> None:
        """Take back from a token outside what only counts within this one's turns."""

    def chosen(self, my_task: Token) -> Iterable[str]:
        """The names of the nodes that follow."""
        return self._outputs

    def _on_complete(self, my_task: Token) -> None:
        top = my_task.workflow.top_workflow
        if self.element is not None:
            top.trace.append(TraceEntry(self.element, self.tag))
        if self.watchers:
            for other in my_task.workflow.live():
                if other.host == my_task.id:
                    other.cancel()
        self.leave(my_task)
        if my_task.workflow.completed:
            return
        if self.repeats is not None:
            wrapper: Any = my_task.parent
            wrapper.task_spec.turn_done(wrapper, my_task)
            return
        children = []
        for name in self.chosen(my_task):
            children.append(my_task._add_child(self.plan.task_specs[name], FUTURE))
        if len(children) > 1:
            for place, child in enumerate(children):
                child.rank = (*my_task.rank, place)
        for child in children:
            if child.live:
                child.task_spec._update(child)

    def _on_cancel(self, my_task: Token) -> None:
        my_task.workflow.top_workflow.close(my_task)

    def waiting_for(self, my_task: Token) -> list[tuple[str, Event]]:
        """The (element, event) pairs a waiting token can be woken by."""
        return []

    def may_settle(self, my_task: Token, mutual: bool = False) -> bool:
        """Let a token that waits for others go on when no other can come; True when it does."""
        return False


class Root(Node):
    """Where a scope begins; starts at the event the token names, or at the only one."""

    def chosen(self, my_task: Token) -> Iterable[str]:
        return [my_task.internal_data.pop("at", None) or self._outputs[0]]


class End(Node):
    """Where all tokens of a scope meet: the scope ends when no other is left."""

    def enter(self, my_task: Token) -> bool | None:
        others = [t for t in my_task.workflow.live() if t is not my_task]
        for other in others:
            if other.task_spec is self:
                my_task.absorb([other])
                other.cancel()
        if any(t.live and t.host is None for t in others):
            my_task._set_state(WAITING)
            return None
        my_task._set_state(STARTED)
        top = my_task.workflow.top_workflow
        top.finish(my_task.workflow, my_task.data, my_task.stamps)
        return None


class Pass(Node):
    """Goes straight on: none events, links, merges."""


class Work(Node):
    """A user or manual task: waits for a person."""

    def __init__(self, plan: Plan, name: str, **kwargs: Any) -> None:
        super().__init__(plan, name, manual=True, **kwargs)


class ScriptNode(Node):
    """A script task: FEEL assignments."""

    script: Any

    def act(self, my_task: Token) -> bool:
        clock = my_task.workflow.top_workflow.clock
        values = self.script.evaluate(
            my_task.data, functions=scripting.functions(clock), now=clock.now
        )
        my_task.write(scripting.results(values))
        return True


class RuleNode(Node):
    """A business rule task: a DMN decision."""

    decision: Any

    def act(self, my_task: Token) -> bool:
        clock = my_task.workflow.top_workflow.clock
        values = self.decision.evaluate(
            my_task.data, functions=scripting.functions(clock), now=clock.now
        )
        my_task.write(scripting.results(values))
        return True


class Throw(Node):
    """A throwing or end event, or a send task."""

    def leave(self, my_task: Token) -> None:
        top = my_task.workflow.top_workflow
        event = self.event
        if event.kind == "message":
            data = scripting.plain(my_task.data)
            top.sent.append(Sent(self.element or self.name, event.name, data))
        elif event.kind == "signal":
            top.throw_signal(my_task, event.name)
        elif event.kind in ("error", "escalation", "cancel"):
            top.throw_up(my_task, event.kind, event.code)
        elif event.kind == "terminate":
            scope: Any = my_task.workflow
            while scope is not top and scope.spec.wrapped:
                scope = scope.host.workflow
            everything = [t for t in scope.live() if t.id]
            for token in list(everything):
                everything.extend(top.inside(token))
            my_task.absorb(everything)
            top.finish(scope, my_task.data, my_task.stamps)


class Choice(Node):
    """An exclusive or inclusive gateway's way out: (condition or None, target) in file order."""

    choices: list[tuple[Any, str]]
    default: str | None = None
    many = False

    def act(self, my_task: Token) -> bool:
        if len(self._outputs) > 1 or any(c is not None for c, _ in self.choices):
            my_task.internal_data["to"] = self._ways(my_task)
        return True

    def _ways(self, my_task: Token) -> list[str]:
        clock = my_task.workflow.top_workflow.clock
        ways = []
        for condition, target in self.choices:
            if condition is None or scripting.holds(condition, my_task.data, clock):
                ways.append(target)
                if not self.many:
                    break
        if not ways and self.default is not None:
            ways.append(self.default)
        if not ways:
            raise Conflict(
                "không điều kiện nào đúng và không có nhánh mặc định.", code="no-way-out"
            )
        return ways

    def chosen(self, my_task: Token) -> Iterable[str]:
        return my_task.internal_data.pop("to", None) or self._outputs


class SubProcess(Node):
    """A sub-process, a transaction or the process that a call activity calls."""

    inner: str

    def enter(self, my_task: Token) -> bool | None:
        my_task._set_state(STARTED)
        inside = my_task.workflow.top_workflow.create_subprocess(my_task, self.inner)
        root = inside.task_tree
        root.data, root.stamps = dict(my_task.data), dict(my_task.stamps)
        root.task_spec._on_complete(root)
        root.data, root.stamps = {}, {}
        return None
