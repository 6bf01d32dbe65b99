"""Every scenario walked through the engine alone, in memory: pools, handoffs and timers, no rows.

It shows that the pictures themselves are right, and that every drawn element is used.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from engine import bpmn, calendar

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = sorted(p.parent for p in (ROOT / "processes").glob("*/*/process.bpmn"))
CALENDAR = calendar.default_calendar()
every = pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: p.name)


@dataclass
class Moment:
    """The engine's clock in a walk."""

    now: datetime

    def due(self, limit: str) -> datetime:
        """When a limit counted from now runs out."""
        return calendar.due(CALENDAR, self.now, calendar.parse_limit(limit))


@dataclass
class Party:
    """One instance of a pool: what its agency knows and where its tokens stand."""

    pool: str
    facts: dict[str, Any]
    move: bpmn.Move


@dataclass
class Walk:
    """A dossier without a database."""

    model: bpmn.Model
    clock: Moment
    parties: list[Party] = field(default_factory=list)
    passed: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    void: list[str] = field(default_factory=list)

    def begin(self, pool: str, facts: Mapping[str, Any], at: str | None = None) -> None:
        """Start a pool, at its message start when ``at`` is given."""
        known = self._pick(facts, self.model.pools[pool].names)
        move = bpmn.start(self.model, pool, known, self.clock, at=at)
        self.parties.append(Party(pool, dict(facts), move))
        self._after(self.parties[-1])

    def do(self, task: str, data: Mapping[str, Any]) -> None:
        """Complete the first open task of that element."""
        for party in self.parties:
            for token in party.move.open_tasks:
                if token.element == task:
                    party.facts |= data
                    names = self.model.pools[party.pool].names
                    party.move = bpmn.complete(
                        self.model,
                        party.pool,
                        party.move.state,
                        token.id,
                        self._pick(data, names),
                        self.clock,
                    )
                    self._after(party)
                    return
        raise AssertionError(f"no open task {task}; open: {sorted(self.open())}")

    def pass_time(self, until: datetime) -> None:
        """Fire what is due on the way to a moment."""
        while True:
            due = [(t.due, p, t) for p in self.parties for t in p.move.timers if t.due <= until]
            if not due:
                self.clock.now = until
                return
            self.clock.now, party, timer = min(due, key=lambda entry: entry[0])
            party.move = bpmn.fire(
                self.model, party.pool, party.move.state, timer.task, timer.element, self.clock
            )
            self._after(party)

    def open(self) -> list[str]:
        """Elements of the open tasks."""
        return [t.element for p in self.parties for t in p.move.open_tasks]

    def _after(self, party: Party) -> None:
        self.passed |= {entry.element for entry in party.move.trace}
        for sent in party.move.sent:
            for flow in self.model.flows.values():
                if flow.source_element == sent.element:
                    self.used.add(flow.id)
                    self._carry(flow, pick_fields({**party.facts, **sent.data}, flow.fields))

    def _carry(self, flow: bpmn.MessageFlow, payload: dict[str, Any]) -> None:
        target = flow.target_element or ""
        if self.model.elements[target].type == "startEvent":
            self.begin(flow.target_pool, payload, at=target)
            return
        for party in reversed(self.parties):
            for wanted in party.move.wanted if party.pool == flow.target_pool else ():
                if wanted.element == target:
                    party.facts |= payload
                    known = self._pick(payload, self.model.pools[party.pool].names)
                    party.move = bpmn.deliver(
                        self.model,
                        party.pool,
                        party.move.state,
                        wanted.task,
                        target,
                        known,
                        self.clock,
                    )
                    self._after(party)
                    return
        assert self.model.elements[target].type == "boundaryEvent", f"nobody waits for {flow.id}"
        self.void.append(flow.id)

    @staticmethod
    def _pick(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
        return {name: values[name] for name in names if name in values}


def pick_fields(values: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """The values at dotted paths, in the same shape."""
    told: dict[str, Any] = {}
    for path in paths:
        *parents, last = path.split(".")
        source: Any = values
        for name in parents:
            source = source.get(name) or {}
        if last in source:
            place = told
            for name in parents:
                place = place.setdefault(name, {})
            place[last] = source[last]
    return told


def span(text: str) -> timedelta:
    """``"3 days"`` as a duration."""
    number, unit = re.fullmatch(r"(\d+) (minute|hour|day)s?", text).groups()  # type: ignore[union-attr]
    return timedelta(**{f"{unit}s": int(number)})


@cache
def walks(folder: Path) -> dict[str, tuple[Walk, dict[str, Any]]]:
    """Every scenario of a folder, walked to its last step."""
    tables = {p.name: p.read_bytes() for p in folder.glob("*.dmn")}
    model = bpmn.parse((folder / "process.bpmn").read_bytes(), tables, folder.name)
    found = {}
    for path in sorted((folder / "scenarios").glob("*.toml")):
        scenario = tomllib.loads(path.read_text(encoding="utf-8"))
        walk = Walk(model, Moment(datetime.fromisoformat(scenario["start_at"])))
        walk.begin(model.main.id, scenario["data"])
        for step in scenario["step"]:
            walk.pass_time(walk.clock.now + span(step.get("wait") or step["after"]))
            if "task" in step:
                walk.do(step["task"], step["data"])
        found[path.stem] = (walk, scenario["expect"])
    return found


@every
def test_every_walk_arrives(folder: Path) -> None:
    """Ended pools, elements passed and tasks left are what the scenario says."""
    for name, (walk, expect) in walks(folder).items():
        assert set(expect.get("reached", ())) <= walk.passed, name
        assert not set(expect.get("not_reached", ())) & walk.passed, name
        assert sorted(walk.open()) == sorted(expect.get("open", ())), name
        if "status" in expect:
            assert all(party.move.ended for party in walk.parties), name


@every
def test_every_drawn_element_is_used(folder: Path) -> None:
    """No part of the picture is there for show: some scenario passes each node and handoff."""
    played = [walk for walk, _expect in walks(folder).values()]
    model = played[0].model
    # The way out of the recall when nobody had received anything: whoever asks for a recall had.
    unused = set(model.elements) - set().union(*(walk.passed for walk in played))
    assert unused == {"chua_ai_nhan"}
    assert set(model.flows) - set().union(*(walk.used for walk in played)) == set()


@every
def test_a_recall_reaches_only_who_works(folder: Path) -> None:
    """Who works on the wrong extract stops; who has finished, or not begun, is not disturbed."""
    walk, _expect = walks(folder)["trich-luc-sai"]
    assert walk.void == ["mf_thu_hoi_cong_an", "mf_thu_hoi_bhxh"]
    walk, _expect = walks(folder)["thu-hoi-khi-dang-thoi-huong"]
    assert "mf_thu_hoi_thoi_huong" not in walk.void
    assert "cho_trich_luc_thoi_huong" in walk.passed
