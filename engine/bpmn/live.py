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

LARGEST = 20_000  # bytes of a state that is still worth its memory


class Kept:
    """At most ``most`` instances, the latest used; safe between threads."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._flows: OrderedDict[tuple[Plan, bytes], InstanceFlow] = OrderedDict()
        self._lock = Lock()

    def take(self, plan: Plan, state: bytes) -> InstanceFlow | None:
        """The instance written as ``state``, no longer kept here; None when there is none."""
        with self._lock:
            return self._flows.pop((plan, state), None)

    def put(self, plan: Plan, state: bytes, flow: InstanceFlow) -> None:
        """Keep an instance that was just written as ``state`` and is used by nobody."""
        if len(state) > LARGEST:
            return
        with self._lock:
            self._flows[plan, state] = flow
            while len(self._flows) > self.most:
                self._flows.popitem(last=False)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._flows.clear()


kept = Kept(500)
