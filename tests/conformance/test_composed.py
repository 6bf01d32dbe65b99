"""Drawings put together by chance run as they are put together."""

from __future__ import annotations

import random

import pytest

from engine.bpmn.answers import Answers
from tests.conformance.case import fits
from tests.conformance.composed import Composer
from webapp.commands import dry_run

EACH = 25


@pytest.mark.parametrize("seed", range(12))
def test_a_composed_drawing_runs_as_composed(seed: int) -> None:
    """It passes the gate and its trace is one of the orders its blocks allow."""
    for number in range(EACH):
        composer = Composer(random.Random(seed * EACH + number))
        source, pattern = composer.drawing()
        drawing = dry_run.Drawing(f"ghep-{seed}-{number}.bpmn", source)
        _, outcome = dry_run.play(drawing, answers=Answers(data=composer.facts), auto=True)
        trace = [line.element for line in outcome.trace]
        place = f"seed {seed * EACH + number}"
        assert outcome.verdict == "completed", (place, outcome.findings, trace)
        assert fits(pattern, trace), (place, pattern, trace)
