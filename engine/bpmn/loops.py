"""Repeated activities: standard loops and multi-instance, parallel or one after another.

Results stand in the order of the items, whoever finishes first; a turn that never ended has none.
Knows nothing of files or bytes.
"""

from __future__ import annotations

from typing import Any

from engine.bpmn import scripting
from engine.bpmn.flow import FUTURE, STARTED, Token
from engine.bpmn.graph import Loop
from engine.bpmn.nodes import Node
from engine.errors import Conflict, MotCuaError

MAX_TURNS = 10_000
COUNTER = "loopCounter"
# What BPMN lets the conditions of a repeated activity read besides the data.
COUNTS = frozenset(
    {
        COUNTER,
        "numberOfInstances",
        "numberOfActiveInstances",
        "numberOfCompletedInstances",
        "numberOfTerminatedInstances",
    }
)


class Repeat(Node):
    """Runs the node ``turn`` once per item, or while a condition holds.

    ``counted``: what is inside reads the number of its turn.
    """

    turn: str
    loop: Loop
    condition: Any = None
    cardinality: Any = None
    counted = False

    def enter(self, my_task: Token) -> bool | None:
        my_task._set_state(STARTED)
        state = my_task.internal_data
        state.update({"done": 0, "next": 0})
        if self.loop.kind == "standard":
            if self.loop.test_before and not self._again(my_task):
                return self._complete(my_task)
            self._spawn(my_task)
            return None
        try:
            items = self._items(my_task)
        except MotCuaError as error:
            raise self._explain(error) from None
        state.update({"items": items, "out": []})
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
                count = -1 if isinstance(number, (bool, str)) else int(number)
            except (TypeError, ValueError):
                count = -1
            if count < 0 or count > MAX_TURNS or count != number:
                raise Conflict("số lần lặp không hợp lệ.", code="not-a-count")
            items = list(range(count))
        if len(items) > MAX_TURNS:
            raise Conflict(f"danh sách dài quá {MAX_TURNS} mục.", code="too-many-turns")
        return items

    def _spawn(self, my_task: Token) -> None:
        state = my_task.internal_data
        child = my_task._add_child(self.plan.task_specs[self.turn], FUTURE)
        child.internal_data["turn"] = state["next"]
        child.rank = (*my_task.rank, state["next"])
        state["next"] += 1
        child.task_spec._update(child)

    def prepare(self, my_task: Token, child: Token) -> None:
        """Give a new turn its item and its number."""
        items, turn = my_task.internal_data.get("items"), child.internal_data["turn"]
        if items is not None and self.loop.item is not None:
            child.write({self.loop.item: items[turn]})
        if self.counted:
            child.write({COUNTER: turn + 1})

    def _again(self, my_task: Token) -> bool:
        done = my_task.internal_data["done"]
        if self.loop.maximum is not None and done >= self.loop.maximum:
            return False
        if done >= MAX_TURNS:
            error = Conflict("vòng lặp quá nhiều lần.", code="too-many-turns")
            raise self._explain(error)
        return self.condition is None or self._holds(my_task, my_task, {COUNTER: done})

    def turn_done(self, my_task: Token, child: Token) -> None:
        """A turn has ended: take what it wrote, go on or end."""
        state, turn = my_task.internal_data, child.internal_data["turn"]
        state["done"] += 1
        repeats = self.loop.kind != "standard"
        enough = repeats and self.condition is not None and self._enough(my_task, child)
        result = child.data.get(self.loop.result or "")
        for name in self.local():
            child.data.pop(name, None)
        my_task.absorb([child])
        if not repeats:
            enough = not self._again(my_task)
        else:
            if self.loop.results is not None:
                state["out"].append([turn, result])
            enough = enough or state["done"] == len(state["items"])
        if enough:
            my_task.workflow.top_workflow.close(my_task)
            self._complete(my_task)
            my_task._ready()
        elif self.loop.kind != "parallel":
            self._spawn(my_task)

    def local(self) -> list[str]:
        """The names that only count within a turn."""
        counter = COUNTER if self.counted else None
        return [name for name in (self.loop.item, self.loop.result, counter) if name]

    def forget(self, my_task: Token, outside: Token) -> None:
        for name in self.local():
            outside.data.pop(name, None)
            outside.stamps.pop(name, None)
            if name in my_task.data:
                outside.data[name] = my_task.data[name]

    def _enough(self, my_task: Token, child: Token) -> bool:
        """Whether the turns that have ended are enough, as the turn that ended last sees it."""
        state = my_task.internal_data
        counts = {
            COUNTER: child.internal_data["turn"] + 1,
            "numberOfInstances": len(state["items"]),
            "numberOfActiveInstances": state["next"] - state["done"],
            "numberOfCompletedInstances": state["done"],
            "numberOfTerminatedInstances": 0,
        }
        return self._holds(my_task, child, counts)

    def _holds(self, my_task: Token, seen_by: Token, counts: dict[str, int]) -> bool:
        clock = my_task.workflow.top_workflow.clock
        try:
            return scripting.holds(self.condition, {**seen_by.data, **counts}, clock)
        except MotCuaError as error:
            raise self._explain(error) from None

    def _explain(self, error: MotCuaError) -> MotCuaError:
        return scripting.explain(error, self.bpmn_name, self.name)

    def _complete(self, my_task: Token) -> bool:
        out = my_task.internal_data.get("out")
        if out is not None and self.loop.results is not None:
            results = [result for _, result in sorted(out, key=lambda pair: int(pair[0]))]
            my_task.write({self.loop.results: results})
        my_task.internal_data = {}
        return True
