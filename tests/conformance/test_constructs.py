"""The guide's table of constructs says what the conformance drawings show."""

from __future__ import annotations

import pytest

from tests.conformance.constructs import HERE, README, Construct, constructs, in_guide, section
from tests.conformance.test_conformance import CASES

ROOT = HERE.parents[1]
VERDICTS = {case.name: case.says["verdict"] for case in CASES}


def test_the_guide_has_the_table() -> None:
    """`python -m tests.conformance.constructs` writes it."""
    assert in_guide(README.read_text(encoding="utf-8")) == section()


@pytest.mark.parametrize("row", constructs(), ids=lambda row: row.name)
def test_each_row_names_what_shows_it(row: Construct) -> None:
    """Each drawing and test exists; what is refused is refused, what runs runs somewhere."""
    verdicts = set()
    for name in row.by:
        if "::" in name:
            path, _, test = name.partition("::")
            assert f"def {test}(" in (ROOT / path).read_text(encoding="utf-8"), name
        else:
            verdicts.add(VERDICTS[name])
    if row.runs:
        assert verdicts & {"completed", "waiting"}
    else:
        assert verdicts == {"refused"}
