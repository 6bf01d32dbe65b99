"""The rule of retention as procedure.toml writes it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.archive.retention import Retention, retention_of
from engine.catalog.folder import read_folder, read_scenarios
from engine.catalog.gate import inspect_files
from engine.errors import Invalid

NOON = datetime(2026, 3, 31, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("keep", "ends"),
    [
        ("1 day", datetime(2026, 4, 1, 5, 0, tzinfo=UTC)),
        ("1 month", datetime(2026, 4, 30, 5, 0, tzinfo=UTC)),
        ("11 months", datetime(2027, 2, 28, 5, 0, tzinfo=UTC)),
        ("10 years", datetime(2036, 3, 31, 5, 0, tzinfo=UTC)),
        ("permanent", None),
    ],
)
def test_months_and_years_follow_the_calendar(keep: str, ends: datetime | None) -> None:
    """A month ends on the same day, or on the last one of a shorter month, in Vietnam."""
    rule = retention_of({"retention": {"keep": keep, "legal_basis": "Luật A"}})
    assert rule.ends(NOON) == ends


def test_a_day_is_vietnams_day() -> None:
    """Late in the evening in UTC it is the next day here, and the month is counted from that."""
    rule = Retention(keep="1 month")
    assert rule.ends(datetime(2026, 1, 30, 20, 0, tzinfo=UTC)) == datetime(
        2026, 2, 27, 20, 0, tzinfo=UTC
    )


def test_what_is_old_enough_is_counted_back() -> None:
    """Ninety days without a rule; months by the calendar."""
    assert retention_of({}).to_archive(NOON) == datetime(2025, 12, 31, 5, 0, tzinfo=UTC)
    rule = retention_of({"retention": {"archive_after": "1 month"}})
    assert rule.to_archive(NOON) == datetime(2026, 2, 28, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "key"),
    [
        (5, "retention"),
        ({"keep": "10 fortnights", "legal_basis": "Luật A"}, "keep"),
        ({"keep": "0 years", "legal_basis": "Luật A"}, "keep"),
        ({"keep": "101 years", "legal_basis": "Luật A"}, "keep"),
        ({"keep": "10 years"}, "legal_basis"),
        ({"keep": 10, "legal_basis": "Luật A"}, "keep"),
        ({"archive_after": "permanent"}, "archive_after"),
        ({"archive_after": ""}, "archive_after"),
        ({"legal_basis": "x" * 401}, "legal_basis"),
        ({"archive-after": "90 days"}, "archive-after"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_a_sentence(said: Any, key: str) -> None:
    """Unknown keys and units, nothing to count, no legal basis: each named with its key."""
    with pytest.raises(Invalid) as refused:
        retention_of({"retention": said})
    assert set(refused.value.errors) == {key}
    assert all(sentence.endswith(".") for sentence in refused.value.errors[key])


def test_the_gate_reads_the_rule() -> None:
    """A procedure whose rule cannot be understood is refused at the gate, at its key."""
    folder = Path(__file__).parents[1] / "gate/examples/handoff-fields/passes"
    files = {**read_folder(folder, folder / "forms"), **read_scenarios(folder)}

    def told(rule: str) -> list[tuple[str | None, str]]:
        text = f"{files['procedure.toml']}\n[retention]\n{rule}\n"
        found = inspect_files({**files, "procedure.toml": text}, "a/b")
        return [(one.element, one.severity) for one in found if one.rule == "procedure-facts"]

    assert told('keep = "10 years"\nlegal_basis = "Luật A"') == []
    assert told('keep = "10 fortnights"\nlegal_basis = "Luật A"') == [("retention keep", "error")]
