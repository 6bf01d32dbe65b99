"""Overlaps, gaps and dead rules agree with trying every combination of values."""

from __future__ import annotations

import itertools
import random
import re

import pytest

from engine.dmn import inspect
from engine.findings import Finding
from tests.engine.dmn.tables import Table, random_table

TABLES = [random_table(random.Random(seed)) for seed in range(250)]


def found(table: Table, policy: str, rule: str, **more: str) -> list[Finding]:
    _, findings = inspect(table.xml(policy, **more), "bang.dmn")
    assert not {f.rule for f in findings} & {"dmn-cell", "dmn-type", "dmn-unchecked"}
    return [finding for finding in findings if finding.rule == rule]


def pairs(findings: list[Finding]) -> set[tuple[int, int]]:
    made = set()
    for finding in findings:
        if finding.severity == "error":
            one, other = re.findall(r"\(r(\d+)\)", finding.message)
            made.add((int(one), int(other)))
    return made


def test_overlaps_are_those_of_enumeration() -> None:
    for seed, table in enumerate(TABLES):
        both = {
            pair
            for point in table.points()
            for pair in itertools.combinations(table.held(point), 2)
        }
        told = found(table, "UNIQUE", "dmn-overlap")
        assert pairs(told) == both or (len(told) == 9 and pairs(told) <= both), seed


def test_different_answers_of_any_are_those_of_enumeration() -> None:
    for seed, table in enumerate(TABLES):
        answers = [answer for _, answer in table.rules]
        clash = {
            (a, b)
            for point in table.points()
            for a, b in itertools.combinations(table.held(point), 2)
            if answers[a] != answers[b]
        }
        told = found(table, "ANY", "dmn-any")
        assert pairs(told) == clash or (len(told) == 9 and pairs(told) <= clash), seed


@pytest.mark.parametrize("policy", ["UNIQUE", "FIRST", "ANY", "PRIORITY"])
def test_gaps_are_those_of_enumeration(policy: str) -> None:
    for seed, table in enumerate(TABLES):
        values = '<outputValues><text>"a","b","c"</text></outputValues>'
        gap = any(not table.held(point) for point in table.points())
        assert bool(found(table, policy, "dmn-gap", values=values)) == gap, seed


def test_the_witness_of_a_gap_is_one() -> None:
    for seed, table in enumerate(TABLES):
        decisions, findings = inspect(table.xml("FIRST"), "bang.dmn")
        for finding in findings:
            if finding.rule == "dmn-gap":
                case = finding.message.removeprefix("Không dòng nào đúng khi ").split(";")
                data = dict(re.findall(r'(x\d) = (?:date\()?"?([^";)]*)', "; ".join(case)))
                read = {"null (trống": None, "null": None, "true": True, "false": False}
                facts = {
                    name: int(text)
                    if re.fullmatch(r"-?\d+", text)
                    else read.get(text.strip(), text)
                    for name, text in data.items()
                }
                assert decisions["bang"].evaluate(facts) == {"ra": None}, seed


def test_rules_that_are_never_chosen_are_those_of_enumeration() -> None:
    for seed, table in enumerate(TABLES):
        chosen = {held[0] for point in table.points() if (held := table.held(point))}
        dead = {f"r{at}" for at in range(len(table.rules)) if at not in chosen}
        assert {f.element for f in found(table, "FIRST", "dmn-dead-rule")} == dead, seed
        order = "cab"
        best = {
            min(held, key=lambda at: (order.index(table.rules[at][1]), at))
            for point in table.points()
            if (held := table.held(point))
        }
        values = '<outputValues><text>"c","a","b"</text></outputValues>'
        told = found(table, "PRIORITY", "dmn-dead-rule", values=values)
        assert {f.element for f in told} == {
            f"r{at}" for at in range(len(table.rules)) if at not in best
        }, seed


def test_values_a_column_may_not_have_are_left_out() -> None:
    for seed, table in enumerate(TABLES):
        points = list(table.points(limited=True))
        chosen = {held[0] for point in points if (held := table.held(point))}
        _, findings = inspect(table.xml("FIRST", limited=True), "bang.dmn")
        gap = any(not table.held(point) for point in points)
        assert ("dmn-gap" in {f.rule for f in findings}) == gap, seed
        dead = {f"r{at}" for at in range(len(table.rules)) if at not in chosen}
        assert {f.element for f in findings if f.rule == "dmn-dead-rule"} == dead, seed
