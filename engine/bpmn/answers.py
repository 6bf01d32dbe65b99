"""What people do in a dry run: the steps of a scenario file, TOML or JSON. Knows no engine."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from engine.bpmn.scripting import VIETNAM
from engine.errors import Invalid

_SPAN = re.compile(r"\s*(\d{1,9})\s+(minute|hour|day)s?\s*")
_KEYS = {"task", "message", "pool", "after", "wait", "data"}
_EXPECTS = ("reached", "not_reached", "ended_pools", "open")


@dataclass(frozen=True)
class Step:
    """One thing somebody does, ``after`` the step before.

    ``task`` is completed with ``data``, or ``message`` (its name or the element that waits for it)
    arrives from outside with ``data``; with neither, time passes. A ``task`` that waits for a
    message, a receive task, gets it.
    """

    after: timedelta = timedelta(0)
    task: str = ""
    message: str = ""
    pool: str = ""
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answers:
    """A scenario as a dry run uses it; ``expect`` maps what is compared to element or pool ids."""

    steps: tuple[Step, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)
    start_at: datetime | None = None
    expect: dict[str, list[str]] = field(default_factory=dict)


def read_answers(source: bytes, name: str) -> Answers:
    """The scenario in a file's bytes; JSON when ``name`` ends so. Invalid with a sentence."""
    try:
        text = source.decode("utf-8-sig")
        raw = read_json(text) if name.lower().endswith(".json") else tomllib.loads(text)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise Invalid(f"Kịch bản {name} không đọc được: {error}") from None
    if not isinstance(raw, Mapping):
        raise Invalid(f"Kịch bản {name} phải là một bảng có các mục data và step.")
    rows = raw.get("step", raw.get("steps", []))
    if not isinstance(rows, list):
        raise Invalid(f"Kịch bản {name}: step phải là một danh sách.")
    expect = raw.get("expect", {})
    return Answers(
        steps=tuple(_step(row, f"Kịch bản {name}, bước {n + 1}") for n, row in enumerate(rows)),
        data=_fields(raw.get("data", {}), f"Kịch bản {name}"),
        start_at=_moment(raw.get("start_at"), name),
        expect={
            key: [str(item) for item in expect[key]]
            for key in _EXPECTS
            if isinstance(expect, Mapping) and isinstance(expect.get(key), list)
        },
    )


def read_json(text: str) -> Any:
    """The value of a JSON text; ValueError, also for half a character, which nothing can keep."""
    value = json.loads(text)
    json.dumps(value, ensure_ascii=False).encode()
    return value


def _step(row: Any, where: str) -> Step:
    if not isinstance(row, Mapping):
        raise Invalid(f"{where}: phải là một bảng.")
    unknown = sorted(set(row) - _KEYS)
    if unknown:
        raise Invalid(f"{where}: không biết mục «{unknown[0]}» (có: {', '.join(sorted(_KEYS))}).")
    if "task" in row and "message" in row:
        raise Invalid(f"{where}: chỉ ghi một trong hai mục task và message.")
    words = {key: row.get(key, "") for key in ("task", "message", "pool", "after", "wait")}
    for key, value in words.items():
        if not isinstance(value, str):
            raise Invalid(f"{where}: mục {key} phải là chữ.")
    passes = words["wait"] or words["after"]
    return Step(
        after=_span(passes, where) if passes else timedelta(0),
        task=words["task"],
        message=words["message"],
        pool=words["pool"],
        data=_fields(row.get("data", {}), where),
    )


def _fields(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise Invalid(f"{where}: data phải là một bảng.")
    return dict(value)


def _span(text: str, where: str) -> timedelta:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise Invalid(f"{where}: «{text[:60]}» không đúng dạng; ví dụ: 30 minutes, 8 days.")
    try:
        return timedelta(**{f"{match[2]}s": int(match[1])})
    except OverflowError:
        raise Invalid(f"{where}: «{text[:60]}» quá dài.") from None


def _moment(value: Any, name: str) -> datetime | None:
    if value is None:
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise Invalid(f"Kịch bản {name}: start_at «{value}» không phải thời điểm.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)
