"""One version under inspection: its texts, what could be made of them, what was found."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine import bpmn, feel
from engine.catalog.fields import Fields
from engine.dmn import Decision
from engine.errors import FeelError
from engine.feel.reading import paths_of
from engine.findings import Finding, Rule
from engine.forms import Form
from engine.org.access import OVERSEERS, ROLES
from engine.org.queries import KINDS


@dataclass
class Version:
    """``label`` stands before every file name; ``model`` is None while the picture has errors.

    ``whole``: every form and table could be read, so that a field unknown to them is unknown.
    """

    label: str
    files: Mapping[str, str]
    meta: dict[str, Any] = field(default_factory=dict)
    forms: dict[str, Form] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    model: bpmn.Model | None = None
    whole: bool = True
    found: dict[Finding, None] = field(default_factory=dict)

    def error(self, rule: Rule, file: str, element: str | None, message: str, cure: str) -> None:
        """Note what makes the version unfit to be published."""
        self.note(Finding(self.name(file), rule.id, "error", element, message, cure))

    def warning(self, rule: Rule, file: str, element: str | None, message: str, cure: str) -> None:
        """Note what may be meant otherwise."""
        self.note(Finding(self.name(file), rule.id, "warning", element, message, cure))

    def note(self, finding: Finding) -> None:
        """Take a finding in, once."""
        self.found[finding] = None

    def name(self, file: str) -> str:
        """A file of the version as people read it."""
        return f"{self.label}/{file}"

    @property
    def kinds(self) -> dict[str, str]:
        """The kinds of agencies: the house's, and those procedure.toml adds under [kinds]."""
        return KINDS | _texts(self.meta.get("kinds"))

    @property
    def roles(self) -> dict[str, str]:
        """The roles that do work: the house's, and those procedure.toml adds under [roles]."""
        house = {role: name for role, name in ROLES.items() if role not in OVERSEERS}
        return house | _texts(self.meta.get("roles"))

    def reads(
        self, rule: Rule, file: str, element: str | None, text: Any, known: Fields, what: str
    ) -> bool:
        """Whether a FEEL text compiles and reads only known fields; if not, it is noted."""
        if not isinstance(text, str):
            self.error(rule, file, element, f"{what} không phải là chữ.", "Ghi biểu thức FEEL.")
            return False
        try:
            compiled = feel.compile_expression(text)
        except FeelError as error:
            self.error(rule, file, element, f"{what}: {error.message}", "Hãy sửa biểu thức.")
            return False
        unknown = [path for path in sorted(paths_of(compiled)) if not known.has(path)]
        for path in unknown:
            self.error(
                rule,
                file,
                element,
                f"{what}: «{text}» nêu trường «{path}» không có.",
                closest(path, known.paths | known.open) or "Hãy sửa tên trường.",
            )
        return not unknown


def closest(word: str, known: Iterable[str]) -> str:
    """A cure that names the most similar known word, or an empty text."""
    found = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"Có phải «{found[0]}»?" if found else ""


def _texts(value: Any) -> dict[str, str]:
    """A TOML table of names, without what is no text."""
    if not isinstance(value, dict):
        return {}
    return {key: name for key, name in value.items() if isinstance(name, str)}
