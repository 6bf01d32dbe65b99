"""What a check of a procedure finds: rules with stable ids, and findings that name a place.

A room that checks declares its rules as constants with ``rule(...)``; ``RULES`` has them all once
those rooms are imported. Knows no file format.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Rule:
    """``id`` is stable and kebab-case; ``group`` a chapter of the guide; ``title`` one line."""

    id: str
    group: str
    title: str


RULES: dict[str, Rule] = {}


def rule(id: str, group: str, title: str) -> Rule:
    """Declare a rule, once in the program."""
    made = Rule(id, group, title)
    if RULES.setdefault(id, made) != made:
        raise ValueError(f"rule {id} is declared twice")
    return made


@dataclass(frozen=True)
class Finding:
    """One thing found: ``file`` and ``element`` say where, ``cure`` what to do about it."""

    file: str
    rule: str
    severity: Severity
    element: str | None
    message: str
    cure: str


@dataclass
class Findings:
    """What was found in one file, in the order of finding; each finding once."""

    file: str
    found: dict[Finding, None] = field(default_factory=dict)

    def error(self, rule: Rule, element: str | None, message: str, cure: str) -> None:
        """Note what makes the file unfit to run."""
        self.found[Finding(self.file, rule.id, "error", element, message, cure)] = None

    def warning(self, rule: Rule, element: str | None, message: str, cure: str) -> None:
        """Note what may be meant otherwise than it will run."""
        self.found[Finding(self.file, rule.id, "warning", element, message, cure)] = None

    @property
    def ok(self) -> bool:
        """Whether no error was found."""
        return all(finding.severity != "error" for finding in self.found)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.found)
