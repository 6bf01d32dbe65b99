"""Instances kept in memory between two steps, so that the next one need not read its state again.

An instance is kept under the bytes it was written as, and given only to whoever asks with exactly
these bytes: what another process has changed has other bytes. Whoever takes it has it alone; after
a refusal or an error it is not put back. A step that was rolled back leaves an instance nobody
asks for, which goes when newer ones come.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.bpmn.flow import InstanceFlow
    from engine.bpmn.nodes import Plan

MOST = 500
ROOM = 5_000_000  # bytes of JSON of all kept instances; in memory they take some ten times that


class Kept:
    """At most ``most`` instances that fill ``room``, the latest used; safe between threads."""

    def __init__(self, most: int = MOST, room: int = ROOM) -> None:
        self.most, self.room = most, room
        self.filled = 0
        self._flows: OrderedDict[tuple[Plan, bytes], InstanceFlow] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._flows)

    def take(self, plan: Plan, state: bytes) -> InstanceFlow | None:
        """The instance written as ``state``, no longer kept here; None when there is none."""
        with self._lock:
            flow = self._flows.pop((plan, state), None)
            if flow is not None:
                self.filled -= flow.size
            return flow

    def put(self, plan: Plan, state: bytes, flow: InstanceFlow) -> None:
        """Keep an instance that was just written as ``state`` and is used by nobody."""
        if self.most == 0 or flow.size > self.room // 10:
            return
        flow.rest()
        with self._lock:
            before = self._flows.pop((plan, state), None)
            self._flows[plan, state] = flow
            self.filled += flow.size - (0 if before is None else before.size)
            while len(self._flows) > self.most or self.filled > self.room:
                self.filled -= self._flows.popitem(last=False)[1].size

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._flows.clear()
            self.filled = 0


kept = Kept()
