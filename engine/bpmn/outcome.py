"""What a dry run leaves: its verdict, trace, findings, and the happenings of its story.

Knows no engine; ``Record`` is filled while the run goes on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from engine.bpmn.model import Clock, TraceEntry
from engine.errors import MotCuaError
from engine.findings import Finding

Verdict = Literal["completed", "waiting", "refused", "error"]

_CURES = {
    "no-way-out": "Hãy thêm nhánh mặc định, hoặc ghi điều kiện cho mọi trường hợp.",
    "deadlock": "Hãy xem lại cổng gộp: mỗi nhánh nó chờ đều phải có đường đến.",
    "endless": "Hãy cho vòng lặp một bước chờ người, chờ giờ, hoặc một điều kiện để ra.",
    "too-many-steps": "Hãy xem lại chỗ rẽ song song nằm trong vòng lặp.",
    "too-many-turns": "Hãy giảm số lần lặp.",
    "not-a-list": "Hãy để bước trước ghi danh sách này.",
    "not-a-count": "Hãy ghi số lần lặp là số nguyên không âm.",
    "no-plain-start": "Hãy chọn nơi bắt đầu bằng --process, hoặc gửi thông điệp mở nó.",
}
_MOST_OF_A_FAILED_STEP = 1_000  # lines: an endless loop has very many
_CURE = "Hãy sửa phần tử này rồi chạy lại."


@dataclass(frozen=True)
class Line:
    """One completion of a drawn element."""

    element: str
    type: str
    at: datetime


@dataclass(frozen=True)
class Place:
    """Where an instance waits for a ``person``, ``message``, ``signal`` or ``time``."""

    element: str
    kind: Literal["person", "message", "signal", "time"]
    pool: str
    message: str = ""
    due: datetime | None = None


@dataclass(frozen=True)
class Happening:
    """What a story tells: ``kind`` with the pool, element and flow it is about.

    Kinds: start, open, done, gone, pass, send, outside, deliver, void, ring, end.
    """

    kind: str
    at: datetime
    pool: str
    instance: int
    element: str = ""
    flow: str = ""
    task: int = 0


@dataclass(frozen=True)
class Outcome:
    """Where a dry run arrived. ``pools`` has the data of each instance's pool, last one wins."""

    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    trace: tuple[Line, ...] = ()
    waiting: tuple[Place, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)
    pools: dict[str, dict[str, Any]] = field(default_factory=dict)
    story: tuple[Happening, ...] = ()
    ended_at: datetime | None = None


class Record:
    """What a run has done so far: completions, findings, and the happenings of its story."""

    def __init__(self, file: str, clock: Clock, findings: Iterable[Finding]) -> None:
        self.file, self.clock = file, clock
        self.findings = list(findings)
        self.failed = False
        self.lines: list[Line] = []
        self.story: list[Happening] = []

    def follow(self, trace: Iterable[TraceEntry]) -> None:
        """Take note of completions."""
        at = self.clock.now
        self.lines.extend(Line(entry.element, entry.type, at) for entry in trace)

    def tell(
        self,
        kind: str,
        pool: str,
        instance: int,
        element: str = "",
        flow: str = "",
        task: int = 0,
    ) -> None:
        """Take note of something for the story."""
        now = self.clock.now
        self.story.append(Happening(kind, now, pool, instance, element, flow, task))

    def warning(self, rule: str, element: str | None, message: str, cure: str) -> None:
        """Take note of what may not be meant so."""
        self._find(Finding(self.file, rule, "warning", element, message, cure))

    def error(self, rule: str, element: str | None, message: str, cure: str) -> None:
        """Take note of what makes the verdict an error."""
        self.failed = True
        self._find(Finding(self.file, rule, "error", element, message, cure))

    def fail(self, error: MotCuaError) -> None:
        """Take note of a refusal at run time, and of how far its step had come."""
        self.follow(getattr(error, "trace", ())[:_MOST_OF_A_FAILED_STEP])
        element = error.details.get("element")
        cure = _CURES.get(error.code) or getattr(error, "cure", "") or _CURE
        self.error(error.code, element if isinstance(element, str) else None, error.message, cure)

    def _find(self, found: Finding) -> None:
        if found not in self.findings:
            self.findings.append(found)
