"""Nodes that wait: messages, timers, signals, boundaries and the event-based gateway.

Every waiting token keeps its own due times by element id. Knows nothing of files or bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any

from engine.bpmn import scripting
from engine.bpmn.beside import catch_up
from engine.bpmn.flow import FUTURE, WAITING, Token
from engine.bpmn.graph import Event
from engine.bpmn.nodes import Node
from engine.errors import MotCuaError


class Catch(Node):
    """An intermediate catch event or a receive task."""

    timer: scripting.Timer | None = None

    def enter(self, my_task: Token) -> bool | None:
        parent: Any = my_task.parent
        if parent is not None and parent.internal_data.get("via") == self.name:
            return True
        my_task._set_state(WAITING)
        self.arm(my_task)
        return None

    def arm(self, my_task: Token) -> None:
        """Count the due times of a token that has begun to wait."""
        if self.timer is not None:
            self.arm_one(my_task, self.element or self.name, self.bpmn_name, self.timer)

    def arm_one(self, my_task: Token, element: str, label: str, timer: scripting.Timer) -> None:
        """Count one due time, once, from the clock of this step."""
        clock = my_task.workflow.top_workflow.clock
        try:
            moment, left = scripting.due(timer, my_task.data, clock)
        except MotCuaError as error:
            raise scripting.explain(error, label, element) from None
        my_task.internal_data.setdefault("due", {})[element] = moment.astimezone(UTC).isoformat()
        if left != 0:
            my_task.internal_data["left"] = left

    def waiting_for(self, my_task: Token) -> list[tuple[str, Event]]:
        return [(self.element or self.name, self.event)]

    def caught(self, my_task: Token, element: str, payload: Mapping[str, Any]) -> None:
        """What was waited for has come: take its values and go on."""
        for name in ("due", "left"):
            my_task.internal_data.pop(name, None)
        catch_up(my_task)
        my_task.write(dict(payload))
        my_task._ready()


class EventGateway(Catch):
    """Waits for whichever of the events behind it comes first; then goes on through that one."""

    branches: dict[str, Any]

    def enter(self, my_task: Token) -> bool | None:
        my_task._set_state(WAITING)
        self.arm(my_task)
        return None

    def arm(self, my_task: Token) -> None:
        for name in self._outputs:
            spec = self.plan.task_specs[name]
            if spec.timer is not None:
                self.arm_one(my_task, name, spec.bpmn_name, spec.timer)

    def waiting_for(self, my_task: Token) -> list[tuple[str, Event]]:
        return [(name, self.plan.task_specs[name].event) for name in self._outputs]

    def caught(self, my_task: Token, element: str, payload: Mapping[str, Any]) -> None:
        super().caught(my_task, element, payload)
        my_task.internal_data = {"via": element}

    def chosen(self, my_task: Token) -> Iterable[str]:
        return [my_task.internal_data["via"]]


class Boundary(Catch):
    """An event on the edge of an activity; stays armed when it does not interrupt."""

    interrupting = True
    whole = False

    def caught(self, my_task: Token, element: str, payload: Mapping[str, Any]) -> None:
        """Take what the activity knows at this moment; end it, or stay armed beside it.

        ``whole``: the start of an event sub-process, which takes what all of its scope knows and
        ends all of it, handlers that still run included.
        """
        top = my_task.workflow.top_workflow
        host: Token = my_task.workflow.tasks[my_task.host]
        left = my_task.internal_data.get("left", 0)
        my_task.host = None
        around = [host]
        if self.whole:
            live = my_task.workflow.live()
            around = [t for t in live if t is not my_task and t.host is None]
        inside = [t for token in around for t in (token, *top.inside(token))]
        my_task.absorb(inside)
        for token in inside:
            token.task_spec.forget(token, my_task)
        if self.interrupting:
            for token in around:
                token.cancel()
        elif self.timer is None or left != 0:
            self._arm_again(my_task, host, left)
        super().caught(my_task, element, payload)

    def _arm_again(self, my_task: Token, host: Token, left: int | None) -> None:
        again = Token(my_task.workflow, self, my_task.parent, FUTURE)
        again.host, again.came, again.rank = host.id, my_task.came, my_task.rank
        again.data, again.stamps = dict(host.data), dict(host.stamps)
        again._set_state(WAITING)
        self.arm(again)
        if self.timer is not None:
            again.internal_data.pop("left", None)
            if left is None:
                again.internal_data["left"] = None
            elif left > 1:
                again.internal_data["left"] = left - 1
