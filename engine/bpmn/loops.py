"""Repeated activities: standard loops and multi-instance, parallel or one after another.

Results stand in the order of the items, whoever finishes first. Knows nothing of files or bytes.
"""

from __future__ import annotations

from typing import Any

from engine.bpmn import scripting
from engine.bpmn.flow import FUTURE, STARTED, Token
from engine.bpmn.graph import Loop
from engine.bpmn.nodes import Node
from engine.errors import Conflict, MotCuaError

MAX_TURNS = 1_000


class Repeat(Node):
    """Runs the node ``turn`` once per item, or while a condition holds."""

    turn: str
    loop: Loop
    condition: Any = None
    cardinality: Any = None

    def enter(self, my_task: Token) -> bool | None:
        my_task._set_state(STARTED)
        state = my_task.internal_data
        state["done"] = 0
        if self.loop.kind == "standard":
            if self.loop.test_before and not self._again(my_task):
                return self._complete(my_task)
            state["next"] = 0
            self._spawn(my_task)
            return None
        try:
            items = self._items(my_task)
        except MotCuaError as error:
            raise scripting.explain(error, self.bpmn_name, self.name) from None
        state.update({"items": items, "next": 0, "out": [None] * len(items)})
        if not items:
            return self._complete(my_task)
        for _ in items if self.loop.kind == "parallel" else items[:1]:
            self._spawn(my_task)
        return None

    def _items(self, my_task: Token) -> list[Any]:
        if self.loop.items is not None:
            items = my_task.data.get(self.loop.items)
            if not isinstance(items, list):
                raise Conflict(f"«{self.loop.items}» không phải danh sách.", code="not-a-list")
        else:
            clock = my_task.workflow.top_workflow.clock
            number = scripting.evaluate(self.cardinality, my_task.data, clock)
            try:
                count = int(number)
            except (TypeError, ValueError):
                count = -1
            if count < 0 or count > MAX_TURNS or count != number:
                raise Conflict("số lần lặp không hợp lệ.", code="not-a-count")
            items = list(range(1, count + 1))
        if len(items) > MAX_TURNS:
            raise Conflict(f"danh sách dài quá {MAX_TURNS} mục.", code="too-many-turns")
        return items

    def _spawn(self, my_task: Token) -> None:
        state = my_task.internal_data
        child = my_task._add_child(self.plan.task_specs[self.turn], FUTURE)
        child.internal_data["turn"] = state["next"]
        state["next"] += 1
        child.task_spec._update(child)

    def prepare(self, my_task: Token, child: Token) -> None:
        """Give a new turn its item."""
        items = my_task.internal_data.get("items")
        if items is not None and self.loop.item is not None:
            child.write({self.loop.item: items[child.internal_data["turn"]]})

    def _again(self, my_task: Token) -> bool:
        done = my_task.internal_data["done"]
        if self.loop.maximum is not None and done >= self.loop.maximum:
            return False
        if done >= MAX_TURNS:
            raise Conflict("vòng lặp quá nhiều lần.", code="too-many-turns")
        clock = my_task.workflow.top_workflow.clock
        return self.condition is None or scripting.holds(self.condition, my_task.data, clock)

    def turn_done(self, my_task: Token, child: Token) -> None:
        """A turn has ended: take what it wrote, go on or end."""
        state, turn = my_task.internal_data, child.internal_data["turn"]
        clock = my_task.workflow.top_workflow.clock
        enough = (
            self.loop.kind != "standard"
            and self.condition is not None
            and scripting.holds(self.condition, child.data, clock)
        )
        child.data.pop(self.loop.item or "", None)
        result = child.data.pop(self.loop.result or "", None)
        my_task.absorb([child])
        state["done"] += 1
        if self.loop.kind == "standard":
            if self._again(my_task):
                self._spawn(my_task)
            else:
                self._complete(my_task)
                my_task._ready()
            return
        state["out"][turn] = result
        if enough or state["done"] == len(state["items"]):
            my_task.workflow.top_workflow.close(my_task)
            self._complete(my_task)
            my_task._ready()
        elif self.loop.kind == "sequential":
            self._spawn(my_task)

    def _complete(self, my_task: Token) -> bool:
        out = my_task.internal_data.get("out")
        if out is not None and self.loop.results is not None:
            my_task.write({self.loop.results: out})
        my_task.internal_data = {}
        return True
