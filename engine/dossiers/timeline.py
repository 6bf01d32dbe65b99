"""The record of a dossier told in Vietnamese sentences, without personal data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.events import Event

_VN = ZoneInfo("Asia/Ho_Chi_Minh")

STATUS = {
    1: "Mới đăng ký",
    2: "Được tiếp nhận",
    3: "Không được tiếp nhận",
    4: "Đang xử lý",
    5: "Yêu cầu bổ sung giấy tờ",
    6: "Yêu cầu thực hiện nghĩa vụ tài chính",
    7: "Công dân yêu cầu rút",
    8: "Dừng xử lý",
    9: "Đã xử lý xong",
    10: "Đã trả kết quả",
}  # the national portal's codes
OUTCOMES = {"done": "Hoàn thành", "refused": "Từ chối", "stopped": "Dừng giải quyết"}

# kind: (sentence, level for the eye)
_SENTENCES = {
    "opened": ("Nhận hồ sơ tại quầy", "info"),
    "accepted": ("Tiếp nhận chính thức, hẹn trả {due}", "good"),
    "status": ("Trạng thái: {status}", "info"),
    "pool-started": ("Bắt đầu phần việc của đơn vị (lần {round})", "info"),
    "pool-ended": ("Kết thúc phần việc của đơn vị", "info"),
    "task-opened": ("Chờ thực hiện: {name}", "info"),
    "task-claimed": ("Nhận việc: {name}", "info"),
    "task-released": ("Trả việc lại cho nhóm: {name}", "info"),
    "task-reassigned": ("Phân công lại: {name}, giao {to}", "info"),
    "task-done": ("Hoàn thành: {name}", "good"),
    "task-cancelled": ("Không còn phải làm: {name}", "info"),
    "message-sent": ("Gửi: {name}", "info"),
    "message-delivered": ("Đã đến nơi nhận: {name}", "info"),
    "message-acknowledged": ("Xác nhận đã nhận: {name}", "good"),
    "message-void": ("Không còn nơi nhận: {name}", "warn"),
    "receipt-late": ("Chậm xác nhận đã nhận: {name}", "warn"),
    "clock-paused": ("Tạm dừng tính thời gian: {reason}", "warn"),
    "clock-resumed": ("Tính tiếp thời gian, hẹn trả {due}", "info"),
    "incident-left-out": ("Không tính thời gian có sự cố ({document}): {reason}", "warn"),
    "incident-undone": ("Tính lại thời gian đã bỏ vì sự cố ({document})", "warn"),
    "calendar-changed": ("Lịch làm việc thay đổi, ngày đã hẹn giữ nguyên ({change})", "warn"),
    "extended": ("Xin lỗi và hẹn lại ngày trả: {due} ({document}). Lý do: {reason}", "warn"),
    "timer-fired": ("Đến mốc thời gian: {name}", "warn"),
    "warn": ("Sắp đến hạn: {name}", "warn"),
    "due": ("Đến hạn: {name}", "warn"),
    "overdue": ("Quá hạn, đã báo {to}: {name}", "late"),
    "all-warn": ("Sắp đến ngày hẹn trả {due}, đã báo {to}", "warn"),
    "all-due": ("Đến ngày hẹn trả {due}", "warn"),
    "all-late": ("Quá ngày hẹn trả {due}, đã báo {to}", "late"),
    "escalated": ("Vẫn quá hạn, đã báo {to}: {name}", "late"),
    "result-returned": ("Trả kết quả: {result}", "good"),
    "paper-added": ("Thêm giấy tờ", "info"),
    "paper-removed": ("Gỡ giấy tờ", "warn"),
    "closed": ("Kết thúc hồ sơ: {outcome}", "good"),
    "archived": ("Chuyển vào lưu trữ", "info"),
    "restored": ("Đưa ra khỏi lưu trữ: {reason}", "info"),
    "held": ("Giữ lại, không xóa ({document}): {reason}", "warn"),
    "hold-released": ("Thôi giữ lại: {reason}", "info"),
    "deleted": ("Xóa theo thời hạn lưu trữ", "warn"),
}


@dataclass(frozen=True)
class Entry:
    """A line of the history. ``level``: info, good, warn or late."""

    at: datetime
    title: str
    who: str
    agency: str
    kind: str
    level: str


def tell(events: Iterable[Event], agencies: Mapping[int, str]) -> list[Entry]:
    """The events as lines, newest first. A kind without a sentence is shown by its name."""
    lines = []
    for event in events:
        sentence, level = _SENTENCES.get(event.kind, (event.kind, "info"))
        lines.append(
            Entry(
                at=event.at,
                title=sentence.format_map(_Words(event.data)),
                who=event.actor_name,
                agency=agencies.get(event.agency_id or 0, ""),
                kind=event.kind,
                level=level,
            )
        )
    return lines[::-1]


class _Words(dict[str, object]):
    """An event's data in the reader's words."""

    def __missing__(self, key: str) -> str:
        return "…"

    def __getitem__(self, key: str) -> object:
        value = super().__getitem__(key)
        if key == "due":
            if not isinstance(value, str):
                return "chưa định"
            moment = datetime.fromisoformat(value)
            return f"{moment.astimezone(_VN):%H:%M %d/%m/%Y}"
        if key == "status" and isinstance(value, int):
            return STATUS.get(value, value)
        if key == "outcome" and isinstance(value, str):
            return OUTCOMES.get(value, value)
        return value
