"""A dry run told in Vietnamese, with dates: who receives what, by when, and where it ends.

Counts limits as the drawing states them, without what makes a real dossier's clocks pause besides
its own steps. Knows no database.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import MAXYEAR, datetime, timedelta

from engine import calendar
from engine.bpmn.model import Element, Model
from engine.bpmn.outcome import Happening, Outcome, Place
from engine.bpmn.scripting import VIETNAM
from engine.errors import MotCuaError

_DAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
_VERDICTS = {
    "completed": "Hoàn tất",
    "waiting": "Còn chờ",
    "refused": "Không chạy",
    "error": "Dừng vì lỗi",
}
MOST_LINES = 400


def tell(model: Model, outcome: Outcome, days: calendar.Calendar) -> list[str]:
    """The lines of the story, the verdict last."""
    return list(_Teller(model, outcome, days).lines())


def verdict_words(outcome: Outcome) -> str:
    """The verdict in words: "Hoàn tất"."""
    return _VERDICTS[outcome.verdict]


class _Teller:
    def __init__(self, model: Model, outcome: Outcome, days: calendar.Calendar) -> None:
        self.model, self.outcome, self.days = model, outcome, days
        self.pauses: dict[int, dict[int, list[datetime]]] = {}
        self.told = {
            (h.at, h.instance, h.element)
            for h in outcome.story
            if h.kind in ("deliver", "ring", "send", "outside")
        }
        self.dues: dict[tuple[int, int], datetime] = {}
        self.began: dict[int, datetime] = {}
        self.year = 0

    def lines(self) -> Iterator[str]:
        story = self.outcome.story
        if story:
            self.year = story[0].at.astimezone(VIETNAM).year
            first = story[0].at.astimezone(VIETNAM)
            yield f"Chạy thử từ {_DAYS[first.weekday()]} {first:%d/%m/%Y %H:%M}, giờ Việt Nam."
        shown, last = 0, ""
        for happening in story:
            words = self._words(happening)
            if not words:
                continue
            shown += 1
            if shown > MOST_LINES:
                yield f"… và nhiều việc nữa ({len(story)} việc trong cả lần chạy)."
                break
            moment = self._moment(happening.at)
            yield f"{moment if moment != last else '':<20} [{self._pool(happening.pool)}] {words}"
            last = moment
        yield f"{verdict_words(self.outcome)}: {self._end()}"
        for place in self.outcome.waiting:
            yield f"  chờ {self._place(place)}"
        for finding in self.outcome.findings:
            mark = "lỗi" if finding.severity == "error" else "lưu ý"
            yield f"  {mark}: {finding.element or ''} {finding.message} {finding.cure}".rstrip()

    def _end(self) -> str:
        at = self.outcome.ended_at
        if at is None or not self.outcome.story:
            return "chưa chạy bước nào."
        took = at - self.outcome.story[0].at
        return f"đến {self._moment(at, within=True)}, sau {_length(took)}."

    def _words(self, happening: Happening) -> str:
        element = self.model.elements.get(happening.element)
        name = _name(element, happening.element)
        flow = self.model.flows.get(happening.flow)
        letter = f"«{flow.name or flow.id}»" if flow is not None else name
        match happening.kind:
            case "start":
                self.began[happening.instance] = happening.at
                if flow is not None:
                    return f"bắt đầu khi nhận {letter}"
                return f"bắt đầu ở {name}" if element is not None else "bắt đầu"
            case "open":
                return f"nhận {name}{self._role(element)}{self._due(happening, element)}"
            case "done":
                self._resume(happening)
                return f"xong {name}{self._late(happening)}"
            case "gone":
                self._resume(happening)
                return f"thôi làm {name}"
            case "pass" if element is not None and self._worth_telling(happening, element):
                return f"qua {name}"
            case "send" if flow is not None:
                return f"gửi {letter} tới [{self._pool(flow.target_pool)}]"
            case "outside":
                partner = f" tới [{self._pool(flow.target_pool)}]" if flow is not None else ""
                return f"gửi {letter} ra ngoài{partner}"
            case "deliver":
                return f"nhận {letter}" + (f" ở {name}" if flow is not None else " từ ngoài")
            case "void":
                return f"thông điệp {letter} đến muộn, không còn ai chờ"
            case "ring":
                return f"đến giờ {name}"
            case "end":
                return "kết thúc"
        return ""

    def _worth_telling(self, happening: Happening, element: Element) -> bool:
        """Whether a passed event says something new."""
        key = (happening.at, happening.instance, happening.element)
        return bool(element.name) and element.type != "startEvent" and key not in self.told

    def _resume(self, happening: Happening) -> None:
        """The clock that an open step had stopped runs again."""
        pause = self.pauses.get(happening.instance, {}).get(happening.task)
        if pause is not None:
            pause[1] = happening.at

    def _role(self, element: Element | None) -> str:
        return f" (vai trò {element.lane})" if element is not None and element.lane else ""

    def _due(self, happening: Happening, element: Element | None) -> str:
        """The task's own limit, never beyond what is left to its pool."""
        if element is None:
            return ""
        if element.properties.get("pauses-clock") == "true":
            pauses = self.pauses.setdefault(happening.instance, {})
            pauses[happening.task] = [happening.at, happening.at]
            return ", đồng hồ tạm dừng"
        pool = self.model.pools[happening.pool]
        own = element.properties.get("limit")
        whole = pool.properties.get("limit")
        ends = []
        try:
            if own:
                start = happening.at
                if element.properties.get("after-15h") == "true":
                    start = calendar.start_after_15h(self.days, start)
                ends.append(calendar.due(self.days, start, own))
            if whole:
                begun = self.began.get(happening.instance, happening.at)
                stopped = [(p[0], p[1]) for p in self.pauses.get(happening.instance, {}).values()]
                ends.append(calendar.due(self.days, begun, whole, stopped))
        except MotCuaError as error:
            return f" → {error.message}"
        if not ends:
            return ""
        due = min(ends)
        self.dues[happening.instance, happening.task] = due
        end = self._moment(due, within=True)
        if due <= happening.at:
            return f" → đã quá hạn {end}"
        rule = element.properties.get("warn", calendar.DEFAULT_WARNING)
        try:
            warn = calendar.warn_at(self.days, happening.at, due, rule)
        except MotCuaError as error:
            return f" → hạn {end}; {error.message}"
        return f" → hạn {end}, báo trước {self._moment(warn, within=True)}"

    def _late(self, happening: Happening) -> str:
        due = self.dues.get((happening.instance, happening.task))
        if due is None:
            return ""
        if happening.at > due:
            return f", quá hạn {_length(happening.at - due)}"
        return ", đúng hạn"

    def _place(self, place: Place) -> str:
        name, pool = _name(self.model.elements.get(place.element), place.element), place.pool
        if place.kind == "person":
            return f"người làm {name} ở [{self._pool(pool)}]"
        if place.kind == "message":
            return f"thông điệp «{place.message}» ở {name} của [{self._pool(pool)}]"
        if place.kind == "signal":
            return f"tín hiệu «{place.message}» từ bên ngoài, ở {name} của [{self._pool(pool)}]"
        due = f", {self._moment(place.due, within=True)}" if place.due is not None else ""
        return f"đến giờ {name} của [{self._pool(pool)}]{due}"

    def _pool(self, key: str) -> str:
        pool = self.model.pools.get(key)
        return pool.name if pool is not None else key

    def _moment(self, moment: datetime, within: bool = False) -> str:
        """ "Thứ Năm 10/09 16:10"; ``within`` a sentence without the capital."""
        local = moment.astimezone(VIETNAM) if moment.year < MAXYEAR else moment
        day = _DAYS[local.weekday()]
        day = day if within else day[0].upper() + day[1:]
        year = "" if local.year == self.year else f"/{local.year}"
        return f"{day} {local:%d/%m}{year} {local:%H:%M}"


def _name(element: Element | None, key: str) -> str:
    return f"«{element.name if element is not None and element.name else key}»"


def _length(length: timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    days, rest = divmod(minutes, 1440)
    hours, rest = divmod(rest, 60)
    parts = [f"{days} ngày"] * bool(days) + [f"{hours} giờ"] * bool(hours)
    parts += [f"{rest} phút"] * bool(rest or not parts)
    return " ".join(parts)
