"""BPMN: drawn files to models, one step of a pool at a time. The only room with SpiffWorkflow."""

from engine.bpmn.codec import BadState
from engine.bpmn.model import (
    ArmedTimer,
    Clock,
    Element,
    Lane,
    MessageFlow,
    Model,
    Move,
    OpenTask,
    Pool,
    Sent,
    TraceEntry,
    Wanted,
)
from engine.bpmn.parse import parse
from engine.bpmn.run import complete, deliver, fire, start

__all__ = [
    "ArmedTimer",
    "BadState",
    "Clock",
    "Element",
    "Lane",
    "MessageFlow",
    "Model",
    "Move",
    "OpenTask",
    "Pool",
    "Sent",
    "TraceEntry",
    "Wanted",
    "complete",
    "deliver",
    "fire",
    "parse",
    "start",
]
