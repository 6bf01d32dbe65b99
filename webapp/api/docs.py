"""The page about the API, drawn on the server from its own description: no script, no stranger."""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from flask import Blueprint, current_app, render_template

from webapp.api.room import KEY_HEADER

INTRODUCTION = """API của Một Cửa dùng cùng các lệnh và quyền như trang web.

Đăng nhập bằng POST /api/v1/session; trình duyệt hoặc chương trình giữ cookie phiên. Mọi yêu cầu \
POST và DELETE khác phải gửi kèm tiêu đề X-CSRFToken với mã nhận từ phiên (có hiệu lực một giờ, \
lấy lại bằng GET /api/v1/session).

Yêu cầu có tiêu đề Idempotency-Key được thực hiện đúng một lần: gửi lại cùng khóa và cùng nội \
dung sẽ nhận lại câu trả lời cũ; cùng khóa mà khác nội dung bị từ chối (409). Hãy dùng một khóa \
ngẫu nhiên cho mỗi việc và gửi lại khi mất mạng.

Lời từ chối nào cũng là JSON {"code", "message", "errors"}; message là câu tiếng Việt cho người \
đọc. Thời điểm theo ISO 8601, giờ UTC; ngày trong biểu mẫu nhận yyyy-mm-dd hoặc dd/mm/yyyy."""

TAGS = [
    {"name": "Phiên", "description": "Đăng nhập, đăng xuất"},
    {"name": "Thủ tục", "description": "Thủ tục đang có hiệu lực"},
    {"name": "Việc", "description": "Hộp việc, nhận, trả, phân công, hoàn thành"},
    {"name": "Hồ sơ", "description": "Tiếp nhận, tra cứu, lịch sử, sơ đồ"},
    {"name": "Thời hạn", "description": "Vì sao có ngày này, hẹn lại, tạm dừng vì sự cố"},
    {"name": "Giấy tờ", "description": "Thêm, tải, gỡ giấy tờ"},
    {"name": "Liên thông", "description": "Bàn giao giữa các cơ quan"},
    {"name": "Thông báo", "description": "Nhắc hạn, chỉ đạo, tình trạng hàng đợi"},
]

KEYED: dict[str, Any] = {
    "parameters": [
        {
            "in": "header",
            "name": KEY_HEADER,
            "schema": {"type": "string", "maxLength": 80},
            "description": "Cùng khóa gửi lại: cùng câu trả lời, không làm hai lần.",
        }
    ]
}

blueprint = Blueprint(
    "api_docs_page",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/api/static",
)


@blueprint.get("/api/docs")
def page() -> str:
    """The API's operations, parameters and schemas."""
    spec = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    groups: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in TAGS}
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            if isinstance(operation, dict) and "responses" in operation:
                groups[operation["tags"][0]].append(
                    {
                        "method": method.upper(),
                        "path": path,
                        "operation": operation,
                        "parameters": [
                            *methods.get("parameters", ()),
                            *operation.get("parameters", ()),
                        ],
                    }
                )
    return render_template(
        "api/docs.html",
        spec=spec,
        groups=groups,
        paragraphs=INTRODUCTION.split("\n\n"),
        schemas=spec["components"]["schemas"],
        kind=_kind,
        reference=_reference,
    )


def describe_security(spec: APISpec) -> None:
    """Say how a request proves who sends it."""
    spec.components.security_scheme(
        "session", {"type": "apiKey", "in": "cookie", "name": "session"}
    )
    spec.components.security_scheme(
        "csrf", {"type": "apiKey", "in": "header", "name": "X-CSRFToken"}
    )
    spec.options["security"] = [{"session": [], "csrf": []}]


def _reference(schema: dict[str, Any]) -> str:
    """The name of the schema a part refers to, also as the item of a list; else empty."""
    found = schema.get("$ref") or schema.get("items", {}).get("$ref") or ""
    for part in schema.get("allOf", ()):
        found = found or part.get("$ref", "")
    return str(found).rsplit("/", 1)[-1]


def _kind(schema: dict[str, Any]) -> str:
    """A type in a few letters: ``integer``, ``[Task]``, ``late | soon``."""
    name = _reference(schema)
    if "enum" in schema:
        return " | ".join(str(value) or "“”" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"[{name or schema.get('items', {}).get('type', '')}]"
    return name or " ".join(str(schema[part]) for part in ("type", "format") if part in schema)
