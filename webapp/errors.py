"""One table from what can go wrong to an HTTP status, and the page that says it. No traceback."""

from __future__ import annotations

import traceback

import structlog
from flask import Flask, Request, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from engine.errors import (
    Conflict,
    FeelError,
    Forbidden,
    Invalid,
    ModelError,
    MotCuaError,
    NotFound,
    Stale,
    TooLarge,
)
from webapp.db import db
from webapp.spoken import spoken

log = structlog.get_logger()

STATUS: dict[type[MotCuaError], int] = {
    NotFound: 404,
    Forbidden: 403,
    Conflict: 409,
    Stale: 409,
    Invalid: 422,
    TooLarge: 413,
    ModelError: 422,
    FeelError: 422,
}


def init_app(app: Flask) -> None:
    """Register the handlers: our errors, HTTP's own, a lost race, and whatever nobody foresaw."""
    app.register_error_handler(MotCuaError, _ours)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(StaleDataError, _raced)
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(Exception, _unforeseen)


def status_of(error: MotCuaError) -> int:
    """The status of an error's nearest class in the table; 400 when none is there."""
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return 400


def answer(status: int, sentence: str, code: str, **details: object) -> ResponseReturnValue:
    """The refusal in the form the client reads: JSON, a fragment for htmx, or a page."""
    db.session.rollback()
    if wants_json(request):
        return jsonify(code=code, message=sentence, **details), status
    sentence = spoken(sentence)
    if request.headers.get("HX-Request"):
        fragment = render_template("errors/fragment.html", sentence=sentence)
        return (
            fragment,
            status,
            {"HX-Retarget": "#alerts", "HX-Reswap": "innerHTML", "HX-Reselect": "[role=alert]"},
        )
    return render_template("errors/page.html", sentence=sentence, status=status, code=code), status


def wants_json(asked: Request) -> bool:
    """Whether the API is spoken here."""
    return asked.path.startswith("/api/") or asked.is_json


def _ours(error: MotCuaError) -> ResponseReturnValue:
    details = {"details": error.details} if error.details else {}
    if isinstance(error, Invalid) and error.errors:
        details["errors"] = error.errors
    return answer(status_of(error), error.message, error.code, **details)


def _csrf(_error: CSRFError) -> ResponseReturnValue:
    sentence = _("Trang đã mở quá lâu hoặc phiên đã đổi; hãy tải lại trang rồi làm lại.")
    return answer(400, sentence, "csrf")


def _http(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if status < 400:
        return error.get_response()
    if isinstance(error, RequestEntityTooLarge):
        return answer(413, _("Nội dung gửi lên quá lớn; mỗi tệp tối đa 10 MB."), "too-large")
    sentences = {
        400: _("Yêu cầu không đọc được; hãy kiểm tra lại rồi gửi lại."),
        401: _("Hãy đăng nhập để tiếp tục."),
        403: _("Bạn không có quyền mở trang này."),
        404: _("Không có trang này; có thể địa chỉ đã gõ nhầm hoặc trang đã chuyển đi."),
        405: _("Trang này không nhận cách gửi như vậy; hãy quay lại và dùng nút trên trang."),
        415: _("Kiểu nội dung gửi lên không được nhận ở đây."),
        429: _("Thử quá nhiều lần; hãy đợi một phút rồi thử lại."),
    }
    sentence = sentences.get(status, _("Yêu cầu không thực hiện được."))
    return answer(status, sentence, f"http-{status}")


def _raced(_error: StaleDataError) -> ResponseReturnValue:
    sentence = _("Có người vừa thay đổi hồ sơ này; hãy tải lại trang để xem bản mới rồi làm lại.")
    return answer(409, sentence, "stale")


def _database(error: OperationalError) -> ResponseReturnValue:
    log.error("database", error=type(error.orig).__name__, path=request.path)
    sentence = _("Cơ sở dữ liệu đang bận; chưa có gì thay đổi. Hãy thử lại sau giây lát.")
    return answer(503, sentence, "busy")


def _unforeseen(error: Exception) -> ResponseReturnValue:
    # The bare trace: richer ones print local values, and those are people's data.
    trace = "".join(traceback.format_exception(error))
    log.error("unforeseen", path=request.path, method=request.method, trace=trace)
    sentence = _("Hệ thống gặp lỗi ngoài dự kiến và chưa thay đổi gì; hãy thử lại sau ít phút.")
    return answer(500, sentence, "internal")
