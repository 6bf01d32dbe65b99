"""Check the scenario files of a version: their form, and that what they name is drawn."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from engine import bpmn
from engine.catalog import rules
from engine.catalog.drawing import form_of
from engine.catalog.fields import PEOPLE
from engine.catalog.version import Version, closest

_SPAN = re.compile(r"\s*\d+\s+(?:minute|hour|day)s?\s*")
_KEYS = ("title", "covers", "start_at", "data", "step", "expect")
_STEP = ("task", "pool", "after", "wait", "data")
_EXPECT = ("status", "reached", "not_reached", "returned", "open", "ended_pools")
_STATUS = ("done", "stopped", "refused")


def names(files: Mapping[str, str]) -> list[str]:
    """The scenario files among a version's files."""
    return sorted(n for n in files if n.startswith("scenarios/") and n.endswith(".toml"))


def check(version: Version, model: bpmn.Model | None) -> None:
    """Every scenario is well-formed; with a model, what it names exists."""
    found = names(version.files)
    if not found:
        version.error(
            rules.NO_SCENARIO, "scenarios", None, "Thủ tục chưa có kịch bản nào.",
            "Viết một kịch bản cho mỗi đường đi; xem hướng dẫn phần Kịch bản.",
        )  # fmt: skip
    for name in found:
        _Script(version, model, name).check()


class _Script:
    def __init__(self, version: Version, model: bpmn.Model | None, file: str) -> None:
        self.version, self.model, self.file = version, model, file

    def error(self, place: str | None, message: str, cure: str) -> None:
        self.version.error(rules.SCENARIO, self.file, place, message, cure)

    def check(self) -> None:
        try:
            raw = tomllib.loads(self.version.files[self.file])
        except (ValueError, RecursionError) as error:
            self.error(None, f"Sai cú pháp TOML: {error}.", "Hãy sửa tệp.")
            return
        self.keys(None, raw, _KEYS)
        if not isinstance(raw.get("title"), str) or not raw["title"].strip():
            self.error("title", "Kịch bản chưa có tên.", "Ghi title.")
        self.moment(raw.get("start_at"))
        if not isinstance(raw.get("data"), dict):
            self.error("data", "Kịch bản chưa có tờ khai.", "Ghi [data].")
        else:
            self.fields("data", raw["data"], "start")
        steps = raw.get("step", [])
        if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
            self.error("step", "Các bước phải viết thành [[step]].", "Hãy viết lại.")
            steps = []
        for number, step in enumerate(steps, 1):
            self.step(f"step {number}", step)
        expect = raw.get("expect")
        if not isinstance(expect, dict) or not expect:
            self.error("expect", "Kịch bản không nói mong đợi gì.", "Ghi [expect].")
        else:
            self.expect(expect)

    def keys(self, place: str | None, found: Iterable[str], allowed: tuple[str, ...]) -> None:
        for extra in sorted(set(found) - set(allowed)):
            self.error(
                place, f"Khóa «{extra}» không có nghĩa.",
                closest(extra, allowed) or f"Chọn: {', '.join(allowed)}.",
            )  # fmt: skip

    def moment(self, value: Any) -> None:
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except (TypeError, ValueError):
            moment = None
        if moment is None or moment.tzinfo is None:
            self.error(
                "start_at", "Thiếu lúc bắt đầu, hoặc không có múi giờ.",
                'Ghi như "2026-09-14T09:00:00+07:00".',
            )  # fmt: skip

    def step(self, place: str, step: Mapping[str, Any]) -> None:
        self.keys(place, step, _STEP)
        for name in ("after", "wait"):
            if name in step and not _SPAN.fullmatch(str(step[name])):
                self.error(
                    place, f"Khoảng thời gian «{step[name]}» không đọc được.",
                    "Ghi như 30 minutes, 2 hours, 8 days.",
                )  # fmt: skip
        task = step.get("task")
        if task is None:
            if "wait" not in step:
                self.error(place, "Bước không có task, cũng không có wait.", "Ghi một trong hai.")
            return
        if self.model is None:
            return
        element = self.model.elements.get(str(task))
        if element is None or element.type not in PEOPLE:
            people = [e.id for e in self.model.elements.values() if e.type in PEOPLE]
            self.error(
                place, f"Không có bước người làm «{task}».",
                closest(str(task), people) or "Hãy sửa mã bước.",
            )  # fmt: skip
            return
        if "pool" in step and step["pool"] != element.pool:
            self.error(
                place, f"Bước «{task}» không thuộc pool «{step['pool']}».",
                f"Ghi pool = \"{element.pool}\".",
            )  # fmt: skip
        data = step.get("data", {})
        if not isinstance(data, dict):
            self.error(place, "data của bước phải là bảng.", "Ghi như data = { ket_qua = 1 }.")
        else:
            self.fields(place, data, form_of(element))

    def fields(self, place: str, data: Mapping[str, Any], name: str) -> None:
        form = self.version.forms.get(name)
        for extra in sorted(set(data) - form.names) if form is not None else ():
            self.error(
                place, f"Biểu mẫu «{name}» không có trường «{extra}».",
                closest(extra, form.names if form is not None else ()) or "Hãy sửa tên trường.",
            )  # fmt: skip

    def expect(self, expect: Mapping[str, Any]) -> None:
        self.keys("expect", expect, _EXPECT)
        if "status" in expect and expect["status"] not in _STATUS:
            self.error(
                "expect", f"Kết cục «{expect['status']}» không có.", f"Chọn: {', '.join(_STATUS)}."
            )
        lists = [name for name in _EXPECT[1:] if name in expect]
        for name in lists:
            if not isinstance(expect[name], list):
                self.error("expect", f"«{name}» phải là danh sách.", 'Ghi như ["ma_buoc"].')
        if self.model is None:
            return
        elements = set(self.model.elements)
        known = {
            "reached": elements,
            "not_reached": elements,
            "open": elements,
            "ended_pools": set(self.model.pools),
            "returned": {
                e.properties["result"]
                for e in self.model.elements.values()
                if "result" in e.properties
            },
        }
        for name in lists:
            for item in expect[name] if isinstance(expect[name], list) else ():
                if str(item) not in known[name]:
                    self.error(
                        "expect", f"{name} nêu «{item}» không có trong sơ đồ.",
                        closest(str(item), known[name]) or "Hãy sửa tên.",
                    )  # fmt: skip
