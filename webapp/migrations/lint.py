"""Whether a migration keeps to what ``online`` offers, and so never locks a table of millions."""

from __future__ import annotations

import ast
from pathlib import Path

_FIRST = "0001"  # made the tables, while they were empty
_MODULES = {"sa": "sqlalchemy", "online": "webapp.migrations"}


def faults(folder: Path) -> list[str]:
    """What is wrong in the migrations of a folder, as sentences with file and line."""
    found = []
    for path in sorted(folder.glob("*.py")):
        if not path.name.startswith(_FIRST):
            found += [f"{path.name}:{line}: {why}" for line, why in of(path.read_text())]
    return found


def of(source: str) -> list[tuple[int, str]]:
    """The faults of one migration: (line, sentence)."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            bad = [a.name for a in node.names if (a.name, a.asname) != ("sqlalchemy", "sa")]
            found += [(node.lineno, f"imports {name}; only sqlalchemy as sa") for name in bad]
        elif isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
            if (node.module, names) != ("webapp.migrations", ["online"]):
                said = f"imports from {node.module}; only webapp.migrations.online"
                found.append((node.lineno, said))
        elif isinstance(node, ast.Call):
            said = _call(node)
            if said:
                found.append((node.lineno, said))
    return sorted(found)


def _call(node: ast.Call) -> str:
    target = node.func
    if not isinstance(target, ast.Attribute) or not isinstance(target.value, ast.Name):
        return f"calls {ast.unparse(target)}; a migration calls online.… and sa.… only"
    room = target.value.id
    if room not in _MODULES:
        return f"calls {room}.{target.attr}; use what webapp/migrations/online.py offers"
    if room == "online" and target.attr.startswith("_"):
        return f"calls online.{target.attr}, which is its own"
    if (room, target.attr) == ("online", "backfill") and len(node.args) < 3:
        return "fills a whole table; say in where which rows are not filled yet"
    return ""
