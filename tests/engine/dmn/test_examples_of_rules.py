"""Each rule about decisions has a file that breaks it and a file that keeps all rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.dmn import inspect
from engine.findings import RULES

EXAMPLES = Path(__file__).parents[2] / "gate" / "examples"


@pytest.mark.parametrize("rule", sorted(r.id for r in RULES.values() if r.group == "dmn"))
def test_a_rule_has_its_examples(rule: str) -> None:
    fails = (EXAMPLES / rule / "fails.dmn").read_bytes()
    passes = (EXAMPLES / rule / "passes.dmn").read_bytes()
    _, bad = inspect(fails, "fails.dmn")
    assert {finding.rule for finding in bad} == {rule}
    assert all(finding.message and finding.cure for finding in bad)
    decisions, good = inspect(passes, "passes.dmn")
    assert decisions
    assert not good
