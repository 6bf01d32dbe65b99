"""The texts of letters: templates on disk, one per event, channel and language. No database.

``forms/notices/<event>/<channel>.<language>.txt``; a file of the same name under
``processes/<procedure>/notices/<event>/`` wins for that procedure. The first line of an e-mail is
its subject. A template may name only the listed variables; anything else is refused when read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.errors import Invalid, NotFound

CHANNELS = ("email", "sms")
LANGUAGES = ("vi", "en")
VARIABLES = {
    "accepted": {"code", "procedure", "applicant", "due", "link"},
    "supplement": {"code", "procedure", "applicant", "link"},
    "result": {"code", "procedure", "applicant", "result", "link"},
    "late": {"code", "procedure", "applicant", "due", "link"},
    "warn": {"code", "procedure", "step", "agency", "due", "link"},
    "escalation": {"code", "procedure", "step", "agency", "due", "link"},
    "ack": {"code", "procedure", "step", "agency", "link"},
    "digest": {"agency", "day", "late", "soon", "escalated", "lines", "link"},
}
_MOST = 20_000  # letters of a template


@dataclass(frozen=True)
class Text:
    """A letter ready to go. ``subject`` is empty for short messages."""

    subject: str
    body: str


def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )


def write(
    root: Path,
    event: str,
    channel: str,
    values: Mapping[str, Any],
    *,
    procedure: str = "",
    language: str = "vi",
) -> Text:
    """Fill the template of an event. NotFound when there is none, Invalid when it is wrong."""
    path = find(root, event, channel, procedure=procedure, language=language)
    known = {name: values.get(name, "") for name in VARIABLES[event]}
    try:
        told = _read(path, path.stat().st_mtime_ns, event).render(known).strip()
    except TemplateError as error:
        raise Invalid(f"{path.name} ({event}): {error}") from None
    if channel != "email":
        return Text("", " ".join(told.split()))
    subject, _, body = told.partition("\n")
    return Text(" ".join(subject.split()), body.strip() + "\n")


def find(root: Path, event: str, channel: str, *, procedure: str, language: str) -> Path:
    """The file for an event: the procedure's before the general one, else the Vietnamese."""
    if event not in VARIABLES or channel not in CHANNELS:
        raise NotFound(f"Không có mẫu thông báo cho sự kiện «{event}» qua kênh «{channel}».")
    rooms = [root / "forms" / "notices"]
    if procedure:
        rooms.insert(0, root / "processes" / procedure / "notices")
    for name in dict.fromkeys((language, "vi")):
        for room in rooms:
            path = room / event / f"{channel}.{name}.txt"
            if path.is_file():
                return path
    raise NotFound(f"Không có mẫu thông báo cho sự kiện «{event}» qua kênh «{channel}».")


def check(root: Path) -> list[str]:
    """What is wrong with the templates on disk, a sentence each; empty when all can be used."""
    rooms = [root / "forms" / "notices", *sorted((root / "processes").glob("*/notices"))]
    faults = []
    for path in sorted(path for room in rooms for path in room.glob("*/*") if path.is_file()):
        event, (channel, _, language) = path.parent.name, path.stem.partition(".")
        where = path.relative_to(root)
        if event not in VARIABLES:
            faults.append(f"{where}: không có sự kiện «{event}»; có: {', '.join(VARIABLES)}.")
        elif path.suffix != ".txt" or channel not in CHANNELS or language not in LANGUAGES:
            faults.append(f"{where}: tên tệp phải có dạng email.vi.txt hoặc sms.vi.txt.")
        else:
            try:
                _read(path, path.stat().st_mtime_ns, event)
            except Invalid as error:
                faults.append(f"{where}: {error.message}")
    return faults


@cache
def _read(path: Path, _changed: int, event: str) -> Any:
    """A template parsed once per change of its file; Invalid names what it may not say."""
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"Không đọc được mẫu thông báo {path.name}: {error}.") from None
    if len(source) > _MOST:
        raise Invalid(f"Mẫu thông báo {path.name} dài quá {_MOST} chữ cái.")
    environment = _environment()
    try:
        tree = environment.parse(source)
        unknown = meta.find_undeclared_variables(tree) - VARIABLES[event]
        if unknown:
            raise Invalid(
                f"Mẫu «{event}» dùng biến không có: {', '.join(sorted(unknown))}. "
                f"Được dùng: {', '.join(sorted(VARIABLES[event]))}."
            )
        if meta.find_referenced_templates(tree) and list(meta.find_referenced_templates(tree)):
            raise Invalid(f"Mẫu «{event}» không được gọi mẫu khác.")
        return environment.from_string(source)
    except TemplateError as error:
        raise Invalid(f"Mẫu «{event}» sai cú pháp: {error}.") from None
