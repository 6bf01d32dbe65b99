"""The token game of BPMN 2.0.2 §13.4 on flat drawings: is a trace one that the drawing allows?

Written from the standard, with nothing of the engine: tokens lie on flows, an element takes and
gives them as its kind says, and every choice of an exclusive or inclusive split is tried.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

from lxml import etree

_BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
MOST = 2_000  # markings that a trace may have led to; beyond, the rest is not judged
Marking = tuple[str, ...]  # the flows with tokens, sorted; a flow with two stands twice


class Game:
    """One process without sub-processes or events that wait."""

    def __init__(self, source: bytes) -> None:
        process = etree.fromstring(source).find(f"{_BPMN}process")
        assert process is not None
        self.kinds: dict[str, str] = {}
        self.out: dict[str, list[str]] = {}
        self.into: dict[str, list[str]] = {}
        self.ends: dict[str, tuple[str, str]] = {}
        self.defaults: set[str] = set()
        for element in process:
            kind, key = etree.QName(element).localname, element.get("id", "")
            if kind != "sequenceFlow":
                self.kinds[key] = kind
                self.defaults.add(element.get("default", ""))
                continue
            source_id, target_id = element.get("sourceRef", ""), element.get("targetRef", "")
            self.ends[key] = (source_id, target_id)
            self.out.setdefault(source_id, []).append(key)
            self.into.setdefault(target_id, []).append(key)
        self.reaching = {
            key: self._reach(key) for key, kind in self.kinds.items() if kind[:2] == "in"
        }

    def allows(self, trace: Sequence[str], verdict: str) -> str:
        """Empty when the drawing allows the trace and its end, else what it does not allow."""
        markings: set[Marking] = {()}
        for number, element in enumerate(trace):
            first = number == 0 and self.kinds[element] == "startEvent"
            step = self._given if first else self._play
            markings = {after for marking in markings for after in step(element, marking)}
            if not markings:
                return f"{number}: {element}"
            if len(markings) > MOST:
                return ""
        if verdict == "completed" and () not in markings:
            return "tokens are left"
        if verdict == "deadlock" and not any(m and not self._enabled(m) for m in markings):
            return "something could still move"
        return ""

    def markings(self) -> dict[Marking, set[Marking]] | None:
        """Every marking that can come up and what may follow it; None: more than ``MOST``.

        Followed until a way has a second token. A join goes on when nothing is still to come, and
        joins that wait for each other do not wait for ever. A token on a way on which it meets
        nothing until it ends is left out: a second one there disturbs nobody.
        """
        free = {key for key in self.ends if self._leads_out(key)}
        starts = [key for key, kind in self.kinds.items() if kind == "startEvent"]
        todo = [after for start in starts for after in self._given(start, ())]
        found: dict[Marking, set[Marking]] = {}
        while todo:
            marking = todo.pop()
            if marking in found:
                continue
            if len(found) >= MOST:
                return None
            found[marking] = set()
            if len(set(marking)) < len(marking):
                continue
            after = {m for key in self.kinds for m in self._next(key, marking)}
            if not after:
                after = {m for key in self.kinds for m in self._next(key, marking, mutual=True)}
            found[marking] = {tuple(f for f in m if f not in free) for m in after}
            todo += found[marking]
        return found

    def _leads_out(self, flow: str) -> bool:
        """Whether a flow from what nothing or one thing leads to comes to an end by single ways."""
        source, here = self.ends[flow]
        if len(self.into.get(source, [])) > 1:
            return False
        while len(self.into[here]) == 1 and len(self.out.get(here, [])) == 1:
            here = self.ends[self.out[here][0]][1]
        return not self.out.get(here)

    def _next(self, element: str, marking: Marking, *, mutual: bool = False) -> Iterator[Marking]:
        """As ``_play``, an inclusive join only with all it has and when nothing can come."""
        into = self.into.get(element, [])
        if self.kinds[element] != "inclusiveGateway" or len(into) < 2:
            yield from self._play(element, marking)
            return
        here = [flow for flow in into if flow in marking]
        reach = self.reaching[element]
        full = set().union(*(reach[flow] for flow in here))
        empty = set().union(*(reach[flow] for flow in into if flow not in here))
        if here and (mutual or not set(marking) & (empty - full)):
            yield from self._given(element, tuple(f for f in marking if f not in here))

    def _play(self, element: str, marking: Marking) -> Iterator[Marking]:
        """The markings after an element has taken its tokens and given others."""
        filled = sorted(set(marking) & set(self.into.get(element, [])))
        kind = self.kinds[element]
        if kind == "parallelGateway":
            takes = [filled] if len(filled) == len(self.into[element]) else []
        elif kind == "inclusiveGateway":
            sizes = range(1, len(filled) + 1)
            some = itertools.chain.from_iterable(itertools.combinations(filled, n) for n in sizes)
            takes = [list(flows) for flows in some if self._joins(element, flows, marking)]
        else:
            takes = [[flow] for flow in filled]
        for taken in takes:
            left = list(marking)
            for flow in taken:
                left.remove(flow)
            yield from self._given(element, tuple(left))

    def _given(self, element: str, marking: Marking) -> Iterator[Marking]:
        out, kind = self.out.get(element, []), self.kinds[element]
        gives: Iterable[Iterable[str]] = [out]
        if kind == "exclusiveGateway" and out:
            gives = [[flow] for flow in out]
        elif kind == "inclusiveGateway" and out:
            sizes = range(1, len(out) + 1)
            some = itertools.chain.from_iterable(itertools.combinations(out, n) for n in sizes)
            gives = [ways for ways in some if len(ways) == 1 or not self.defaults & {*ways}]
        for flows in gives:
            yield tuple(sorted([*marking, *flows]))

    def _joins(self, join: str, taken: Sequence[str], marking: Marking) -> bool:
        """Whether no other token can still come to a flow that is not taken and to no taken one.

        A token that waits at a join itself moves only when another comes, which is asked too. The
        join may also have been activated while a token still lay one element further back.
        """
        reach = self.reaching[join]
        full = set().union(*(reach[flow] for flow in taken))
        left = [flow for flow in self.into[join] if flow not in taken]
        empty = set().union(*(reach[flow] for flow in left))
        return all(
            full.issuperset(self.into.get(self.ends[flow][0], [""]))
            for flow in set(marking)
            if flow in left or (flow in empty - full and not self._waits(flow, marking))
        )

    def _waits(self, flow: str, marking: Marking) -> bool:
        """Whether a token on this flow stands before a join that lacks another."""
        target = self.ends[flow][1]
        into = self.into[target]
        joins = self.kinds[target] in ("parallelGateway", "inclusiveGateway")
        return joins and any(other not in marking for other in into)

    def _reach(self, join: str) -> dict[str, set[str]]:
        """Per incoming flow of a join the flows from which a token can come to it."""
        reach = {}
        for flow in self.into.get(join, []):
            found, todo = {flow}, [flow]
            while todo:
                source = self.ends[todo.pop()][0]
                for before in self.into.get(source, []) if source != join else []:
                    if before not in found:
                        found.add(before)
                        todo.append(before)
            reach[flow] = found
        return reach

    def _enabled(self, marking: Marking) -> bool:
        """Whether anything but an inclusive join could take its tokens."""
        for element, kind in self.kinds.items():
            into = self.into.get(element, [])
            here = [flow for flow in into if flow in marking]
            if here and kind == "parallelGateway" and len(here) < len(into):
                continue
            if here and (kind != "inclusiveGateway" or len(here) == len(into)):
                return True
        return False
