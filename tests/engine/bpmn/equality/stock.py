"""A drawn model on SpiffWorkflow as its makers ship it: their parser, engine, joins and timers.

Two things are ours, through the places they leave for it: expressions are FEEL (a script engine
of their own interface) and the wall clock is a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest import mock

from lxml import etree
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine import dmn, feel
from engine.bpmn import scripting

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_TABLE = "table:"
_CATCHES = ("startEvent", "intermediateCatchEvent", "boundaryEvent", "receiveTask")


class FeelEngine(PythonScriptEngine):
    """Evaluates FEEL instead of Python; a script ``table:ID`` is a decision."""

    def __init__(self, tables: Mapping[str, bytes]) -> None:
        super().__init__()
        self.decisions: dict[str, Any] = {}
        for name, source in tables.items():
            self.decisions |= dmn.parse_decisions(source, name)

    def evaluate(self, task: Task, expression: str, external_context: Any = None) -> Any:
        """The value of an expression; a condition is FEEL true or it is not."""
        value = feel.compile_expression(expression).evaluate(task.data)
        return feel.to_json(value)

    def execute(self, task: Task, script: str, external_context: Any = None) -> bool:
        """Carry out a script task or a decision."""
        if script.startswith(_TABLE):
            values = self.decisions[script.removeprefix(_TABLE)].evaluate(task.data)
        else:
            values = feel.compile_script(script).evaluate(task.data)
        task.data.update(scripting.results(values))
        return True


def readable(source: bytes) -> bytes:
    """A procedure as the stock engine can read it, the same picture.

    Decisions become scripts for `FeelEngine`; whatever waits for a message or a time waits for a
    message of its own element's name, whatever sends sends one nobody else has: the stock engine
    knows no working days and hands a message to every place of its name.
    """
    root = etree.fromstring(source)
    for node in list(root.iter(f"{{{BPMN}}}businessRuleTask")):
        called = node.find(".//{*}calledDecisionId")
        node.tag = f"{{{BPMN}}}scriptTask"
        etree.SubElement(node, f"{{{BPMN}}}script").text = f"{_TABLE}{called.text}"
    for node in list(root.iter(f"{{{BPMN}}}*")):
        tag = etree.QName(node).localname
        kinds = ("messageEventDefinition", "timerEventDefinition")
        found = next((c for kind in kinds for c in node.iterfind(f"{{{BPMN}}}{kind}")), None)
        if found is None and tag not in ("receiveTask", "sendTask"):
            continue
        name = node.get("id", "") if tag in _CATCHES else f"from_{node.get('id')}"
        message = etree.Element(f"{{{BPMN}}}message", id=f"message_{name}", name=name)
        root.insert(0, message)
        holder = node
        if found is not None:
            node.remove(found)
            holder = etree.SubElement(node, f"{{{BPMN}}}messageEventDefinition")
        holder.set("messageRef", f"message_{name}")
    return etree.tostring(root)


class Stock:
    """One process on the stock engine, walked with the same words as `drawing.Walk`."""

    def __init__(
        self,
        source: bytes,
        process: str,
        data: Mapping[str, Any],
        now: datetime,
        tables: Mapping[str, bytes] = {},
    ) -> None:
        self.now = now
        self.trace: list[str] = []
        parser = SpiffBpmnParser()
        parser.add_bpmn_str(source)
        spec = parser.get_spec(process)
        inner = parser.get_subprocess_specs(process)
        self.flow = BpmnWorkflow(spec, inner, script_engine=FeelEngine(tables))
        self.flow.task_tree.data.update(data)
        with self._clock():
            self._run()

    @contextmanager
    def _clock(self) -> Iterator[None]:
        test = self

        class Now(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
                return test.now

        place = "SpiffWorkflow.bpmn.specs.event_definitions.timer.datetime"
        with mock.patch(place, Now):
            yield

    def _run(self) -> None:
        self.flow.do_engine_steps(did_complete_task=self._completed)

    def _completed(self, task: Task) -> None:
        spec: Any = task.task_spec
        drawn = getattr(spec, "bpmn_id", None)
        done = task.state == TaskState.COMPLETED
        if drawn is not None and done and not isinstance(spec, LoopTask):
            self.trace.append(drawn)

    def open_tasks(self) -> list[Any]:
        """The open user tasks, in the engine's order."""
        return list(self.flow.get_tasks(state=TaskState.READY, manual=True))

    @property
    def open(self) -> list[str]:
        """The elements of the open tasks."""
        return [task.task_spec.bpmn_id for task in self.open_tasks()]

    def _waiting(self) -> Iterator[tuple[Any, Any]]:
        for task in self.flow.event_manager.tasks.values():
            definition = task.task_spec.event_definition
            for one in getattr(definition, "event_definitions", [definition]):
                yield task, one

    @property
    def timers(self) -> int:
        """How many timers are armed."""
        return sum(isinstance(d, TimerEventDefinition) for _, d in self._waiting())

    @property
    def wanted(self) -> list[str]:
        """The names of the messages that are waited for."""
        return [d.name for _, d in self._waiting() if isinstance(d, MessageEventDefinition)]

    @property
    def ended(self) -> bool:
        """Whether the instance has ended."""
        return bool(self.flow.completed)

    @property
    def data(self) -> dict[str, Any]:
        """The data at the end."""
        return dict(self.flow.data)

    def do(self, element: str, turn: Mapping[str, Any] = {}, **data: Any) -> None:
        """Complete the first open task of an element that has these values."""
        task = next(
            t
            for t in self.open_tasks()
            if t.task_spec.bpmn_id == element and turn.items() <= t.data.items()
        )
        task.data.update(data)
        with self._clock():
            task.run()
            self._completed(task)
            self._run()

    def tell(self, message: str, **data: Any) -> None:
        """Send in a message by its name; its values go where it is waited for."""
        task, definition = next(
            (t, d)
            for t, d in self._waiting()
            if isinstance(d, MessageEventDefinition) and d.name == message
        )
        task.data.update(data)
        with self._clock():
            self.flow.send_event(BpmnEvent(definition, {}))
            self._run()

    def wait_until(self, moment: datetime) -> None:
        """Let time pass; what is due fires."""
        self.now = moment.astimezone(UTC)
        with self._clock():
            self.flow.refresh_timers()
            self._run()
