"""What the rest of the house sees of a drawn procedure and of one step of it. Knows no engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class Element:
    """A drawn flow node. ``lane`` is the role of its lane, inherited into sub-processes.

    ``type`` is the BPMN tag (``userTask``); the start of an event sub-process catches as a
    boundary event does and is typed ``boundaryEvent``.
    """

    id: str
    type: str
    name: str
    pool: str
    lane: str | None
    properties: Mapping[str, str]


@dataclass(frozen=True)
class MessageFlow:
    """A handoff between pools; ``fields`` are the paths of facts it carries."""

    id: str
    name: str
    source_pool: str
    source_element: str | None
    target_pool: str
    target_element: str | None
    fields: tuple[str, ...]

    def payload(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """Exactly the listed paths (``nguoi_chet.ho_ten`` or a root name) that have a value."""
        payload: dict[str, Any] = {}
        for path in self.fields:
            *parents, last = path.split(".")
            source: Any = known
            for name in parents:
                source = source.get(name) if isinstance(source, Mapping) else None
            if not isinstance(source, Mapping) or last not in source:
                continue
            target = payload
            for name in parents:
                target = target.setdefault(name, {})
            target[last] = source[last]
        return payload


@dataclass(frozen=True)
class Lane:
    """A lane and the ids of the flow nodes drawn directly in it."""

    id: str
    name: str
    pool: str
    role: str | None
    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Pool:
    """A participant. ``process_id`` is None when it is drawn collapsed.

    ``names`` are the root names its expressions read; ``starts`` its own start events.
    """

    id: str
    name: str
    process_id: str | None
    properties: Mapping[str, str]
    names: frozenset[str]
    starts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Model:
    """One parsed procedure file. ``plans`` belongs to this room: pool id to executable plan."""

    pools: Mapping[str, Pool]
    flows: Mapping[str, MessageFlow]
    elements: Mapping[str, Element]
    lanes: Mapping[str, Lane]
    main: Pool
    xml: bytes
    plans: Mapping[str, Any] = field(repr=False, compare=False, default_factory=dict)


class Clock(Protocol):
    """The moment of a command and the calendar seen from it."""

    now: datetime

    def due(self, limit: str) -> datetime:
        """The end of ``limit`` ("3 working days") counted from now; aware."""
        ...


@dataclass(frozen=True)
class OpenTask:
    """A user or manual task that waits for a person."""

    id: int
    element: str
    data: dict[str, Any]


@dataclass(frozen=True)
class ArmedTimer:
    """A drawn timer that waits; ``due`` is aware."""

    task: int
    element: str
    due: datetime


@dataclass(frozen=True)
class Wanted:
    """A place that waits for a message."""

    task: int
    element: str
    message: str


@dataclass(frozen=True)
class Sent:
    """A message thrown in this step; ``data`` is what the token carried."""

    element: str
    message: str
    data: dict[str, Any]


@dataclass(frozen=True)
class TraceEntry:
    """One completion of a drawn element; ``type`` is its BPMN tag."""

    element: str
    type: str


@dataclass(frozen=True)
class Move:
    """The outcome of one step: the new state and everything that stands open after it."""

    state: bytes
    ended: bool
    data: dict[str, Any]
    open_tasks: tuple[OpenTask, ...]
    timers: tuple[ArmedTimer, ...]
    wanted: tuple[Wanted, ...]
    sent: tuple[Sent, ...]
    trace: tuple[TraceEntry, ...]
    signals: tuple[Wanted, ...] = ()  # only the outside could send them: bare drawings
