"""Where the built front end lies. Knows the manifest that the build writes, and no page."""

from __future__ import annotations

import json
from pathlib import Path

from flask import url_for

from engine.errors import MotCuaError

DIST = Path(__file__).parent / "static" / "dist"

_read: tuple[int, dict[str, str]] = (0, {})


class MissingAssets(MotCuaError):
    """The front end has not been built, or the page asks for a file it does not make."""

    code = "missing-assets"


def manifest() -> dict[str, str]:
    """From the name in a page (``app.css``) to the built file's name; re-read when rebuilt."""
    global _read
    try:
        changed = (DIST / "manifest.json").stat().st_mtime_ns
    except FileNotFoundError:
        raise MissingAssets("Giao diện chưa được dựng: hãy chạy “make assets”.") from None
    if _read[0] != changed:
        _read = (changed, json.loads((DIST / "manifest.json").read_text()))
    return _read[1]


def asset(name: str) -> str:
    """The URL of ``app.js``, ``app.css``, ``viewer.js`` or ``viewer.css`` with its hash."""
    try:
        built = manifest()[name]
    except KeyError:
        raise MissingAssets(f"Giao diện đã dựng không có tệp “{name}”.", name=name) from None
    return url_for("static", filename=f"dist/{built}")
