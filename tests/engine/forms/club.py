"""A fictional form, joining a village choir, with every field type; short cuts to build forms."""

from __future__ import annotations

from typing import Any

from engine.forms import Form, compile_form

TODAY = {"__today": "2026-11-23"}
LISTS = {"thon": [{"value": "t1", "label": "Thôn Đông"}, {"value": "t2", "label": "Thôn Đoài"}]}


def form(*components: dict[str, Any], inputs: str = "") -> Form:
    """A form of these components."""
    properties = {"title": "Thử", **({"inputs": inputs} if inputs else {})}
    return compile_form(
        {"type": "default", "properties": properties, "components": list(components)}, "thu.json"
    )


def field(kind: str, key: str, label: str = "Nhãn", **rest: Any) -> dict[str, Any]:
    """One component; its id follows its key."""
    return {"type": kind, "id": f"f_{key}", "key": key, "label": label, **rest}


def options(*values: Any) -> list[dict[str, Any]]:
    """Options whose labels are their values in capitals."""
    return [{"value": value, "label": str(value).upper()} for value in values]


CHOIR = (
    {
        "type": "group", "id": "g_a", "label": "A. Người xin vào", "path": "nguoi",
        "components": [
            field("textfield", "ho_ten", "Họ tên", validate={"required": True, "maxLength": 40},
                  layout={"row": "1", "columns": 8}),
            field("datetime", "ngay_sinh", subtype="date", dateLabel="Ngày sinh",
                  properties={"notAfter": "today"}, layout={"row": "1", "columns": 8}),
            field("textfield", "so", "Số thẻ", validate={"pattern": "^[0-9]{4}$"},
                  properties={"patternErrorMessage": "phải gồm 4 chữ số"}),
        ],
    },
    field("radio", "biet_not", "Biết đọc nốt nhạc", validate={"required": True},
          values=[{"value": True, "label": "Có"}, {"value": False, "label": "Không"}]),
    field("number", "so_nam", "Số năm học nhạc", decimalDigits=1, validate={"min": 0, "max": 80},
          conditional={"hide": "=biet_not = null or biet_not = false"}),
    field("select", "thon", "Thôn", valuesKey="thon"),
    field("checklist", "be", "Bè", values=options("cao", "trung", "tram"),
          properties={"exclusive": "cao, tram"}),
    field("datetime", "gio", subtype="time", timeLabel="Giờ tập"),
    field("checkbox", "nhac_cu", "Có nhạc cụ"),
    {
        "type": "dynamiclist", "id": "l_nhac", "path": "nhac", "label": "Nhạc cụ",
        "isRepeating": True, "defaultRepetitions": 0,
        "conditional": {"hide": "=nhac_cu = false"},
        "properties": {"minRows": "1", "maxRows": "3", "rowLabel": "Nhạc cụ"},
        "components": [
            {**field("textfield", "ten", "Tên", validate={"required": True}), "id": "f_nhac_ten"},
            {**field("checkbox", "muon", "Đi mượn"), "id": "f_nhac_muon"},
            {**field("textfield", "cua", "Mượn của", validate={"required": True},
                     conditional={"hide": "=this.muon = false"}), "id": "f_nhac_cua"},
        ],
    },
    {"type": "text", "id": "t_1", "text": "Tập vào tối thứ Bảy.\n\nMang theo nước uống."},
    {"type": "separator", "id": "s_1"},
    field("textarea", "ghi_chu", "Ghi chú"),
)  # fmt: skip


def choir() -> Form:
    return form(*CHOIR)
