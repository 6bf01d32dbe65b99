"""What has been read of a drawing so far: pools, graphs, and where each element belongs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

from engine.bpmn.graph import Scope
from engine.bpmn.rules import Notes
from engine.bpmn.source import Source, load

MAX_NODES = 10_000


@dataclass
class Drawn:
    """A file as read: XML by id and one graph per executable pool (pool id → scope).

    ``participants`` has every pool, None for a process drawn without one. ``outside`` has the
    flow nodes of pools that are only drawn, ``callers`` the call activity by process it calls.
    The nodes of a called process belong to the pool that calls it first.
    """

    source: Source
    notes: Notes
    library: Mapping[str, bytes]
    participants: dict[str, etree._Element | None] = field(default_factory=dict)
    processes: dict[str, etree._Element] = field(default_factory=dict)
    outside: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, etree._Element] = field(default_factory=dict)
    node_pool: dict[str, str] = field(default_factory=dict)
    scopes: dict[str, Scope] = field(default_factory=dict)
    callers: dict[str, etree._Element] = field(default_factory=dict)
    called: dict[str, etree._Element] = field(default_factory=dict)
    count: int = 0
    _library: dict[str, Source] | None = None

    @property
    def file(self) -> str:
        """The name of the file."""
        return self.source.name

    @property
    def whole(self) -> bool:
        """Whether everything was read; a drawing that is too large is not."""
        return self.count <= MAX_NODES

    def others(self) -> Mapping[str, Source]:
        """The readable files of the library, each read once, when first asked for."""
        if self._library is None:
            self._library = {}
            for name, text in sorted(self.library.items()):
                notes = Notes(name, strict=self.notes.strict)
                loaded = load(text, name, notes)
                for finding in notes:
                    self.notes.add(finding)
                if loaded is not None:
                    self._library[name] = loaded
        return self._library

    def process_of(self, pool: str) -> str | None:
        """The process id of a pool; None when it is only drawn."""
        process = self.processes.get(pool)
        return None if process is None else process.get("id")


@dataclass(frozen=True)
class Place:
    """Where reading is: the pool, the file, how deep, and the processes being called."""

    pool: str
    source: Source
    depth: int
    chain: tuple[tuple[str, str], ...]

    def inside(self) -> Place:
        """One level deeper in the same file."""
        return Place(self.pool, self.source, self.depth + 1, self.chain)

    def called(self, source: Source, process: str) -> Place:
        """Inside a called process."""
        return Place(self.pool, source, self.depth + 1, (*self.chain, (source.name, process)))
