"""The inner walls of the house: who may import whom, and how files are written."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    path for room in ("engine", "webapp") for path in (ROOT / room).rglob("*.py")
    if "node_modules" not in path.parts
)  # fmt: skip
LINTER = Path(sys.executable).parent


def _names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def test_imports_keep_to_their_direction() -> None:
    """The contracts of [tool.importlinter] hold."""
    shown = subprocess.run(
        [LINTER / "lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr


def test_style_holds() -> None:
    """`ruff check` finds nothing."""
    shown = subprocess.run(
        [LINTER / "ruff", "check", "--no-cache", "--output-format=concise", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr


def test_only_the_gateway_imports_spiffworkflow() -> None:
    """One room knows the foreign engine."""
    importers = {
        path
        for path in SOURCES
        for name in _imported(path)
        if name.split(".")[0] == "SpiffWorkflow"
    }
    strangers = [p for p in importers if (ROOT / "engine" / "bpmn") not in p.parents]
    assert importers, "the gateway is gone"
    assert not strangers, _names(strangers)


def test_pure_rooms_import_no_database() -> None:
    """Calendar, FEEL, DMN, forms and errors work without any table."""
    pure = ("engine/calendar", "engine/feel", "engine/dmn", "engine/forms", "engine/errors.py")
    paths = [p for p in SOURCES if str(p.relative_to(ROOT)).startswith(pure)]
    bad = [p for p in paths for n in _imported(p) if n.split(".")[0] == "sqlalchemy"]
    assert paths
    assert not bad, _names(bad)


def test_every_file_says_what_it_is_for() -> None:
    """A module begins with a docstring, unless it is empty or a migration."""
    silent = [
        path
        for path in SOURCES
        if path.read_text().strip() and ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    assert not silent, _names(silent)


@pytest.mark.parametrize("word", ["utils", "helpers", "manager", "service"])
def test_nothing_is_named_for_nothing(word: str) -> None:
    """Names say what a thing is."""
    assert not [p for p in SOURCES if re.search(rf"(^|_){word}(_|$)", p.stem)]


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names
