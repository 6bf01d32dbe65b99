"""What every route of the API shares: log-in, the CSRF header, JSON read strictly, acting once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import marshmallow as ma
import orjson
from flask import Request, abort, request
from flask_login import current_user
from flask_smorest import Api, Blueprint
from flask_wtf.csrf import validate_csrf
from sqlalchemy.exc import IntegrityError
from webargs.flaskparser import FlaskParser
from wtforms.validators import ValidationError as BadToken

from engine import idempotency
from engine.errors import Invalid, MotCuaError, Stale, TooLarge
from webapp.auth import actor
from webapp.db import db, now

LARGEST_JSON = 1024 * 1024  # bytes
LARGEST_ID = 2**31 - 1
ID = f"int(max={LARGEST_ID})"  # the route converter for row numbers
KEY_HEADER = "Idempotency-Key"

_OPEN = {"api.open_session", "api.read_session"}
_SAFE = ("GET", "HEAD", "OPTIONS")
_SENTENCES = {
    "Missing data for required field.": "Thiếu trường này.",
    "Field may not be null.": "Trường này không được để trống.",
    "Unknown field.": "Không có trường này.",
    "Not a valid integer.": "Phải là số nguyên.",
    "Not a valid string.": "Phải là chữ.",
    "Not a valid boolean.": "Phải là đúng hoặc sai (true, false).",
    "Not a valid mapping type.": "Phải là một đối tượng JSON.",
    "Invalid input type.": "Phải là một đối tượng JSON.",
}


class Refusal(ma.Schema):
    """How every refusal looks."""

    code = ma.fields.String(metadata={"description": "Mã ổn định cho chương trình."})
    message = ma.fields.String(metadata={"description": "Câu cho người đọc."})
    errors = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.List(ma.fields.String()),
        metadata={"description": "Đường dẫn của trường: các câu báo lỗi."},
    )
    details = ma.fields.Dict()


class House(Api):
    """flask-smorest without its own error pages: the house has one table of errors."""

    ERROR_SCHEMA = Refusal

    def _register_error_handlers(self) -> None:
        """The application's handlers stand already."""


class StrictParser(FlaskParser):
    """Reads JSON that is JSON, and says in Vietnamese what does not fit."""

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        body = req.get_data(cache=True) if (req.content_length or 0) <= LARGEST_JSON else None
        if body is None or len(body) > LARGEST_JSON:
            raise TooLarge(f"Nội dung JSON lớn hơn {LARGEST_JSON // 1024} KB.")
        if not req.is_json:
            abort(415)
        try:
            read = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise Unreadable(
                f"JSON sai cú pháp ở dòng {error.lineno}, cột {error.colno}."
            ) from None
        if b"\\u0000" in body:
            raise Unreadable("JSON chứa ký tự rỗng (\\u0000), không lưu được.")
        return read

    def handle_error(
        self,
        error: ma.ValidationError,
        req: Request,
        schema: ma.Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        found: dict[str, list[str]] = {}
        for messages in error.normalized_messages().values():
            _flatten(messages, "", found)
        raise Invalid("Yêu cầu có trường chưa đúng; xem errors.", errors=found)


class Unreadable(MotCuaError):
    """The request is no JSON at all: 400."""

    code = "unreadable"


class Room(Blueprint):
    """A blueprint that reads with the strict parser."""

    ARGUMENTS_PARSER = StrictParser()


room = Room("api", __name__, url_prefix="/api/v1", template_folder="templates")


@room.before_request
def _guard() -> None:
    """Nobody unknown beyond this point, and no change without the header of this session."""
    if any("\x00" in value for _key, value in request.args.items(multi=True)):
        raise Unreadable("Địa chỉ chứa ký tự rỗng.")
    if request.endpoint in _OPEN:
        return
    if not current_user.is_authenticated:
        abort(401)
    if request.method in _SAFE:
        return
    try:
        validate_csrf(request.headers.get("X-CSRFToken"))
    except BadToken:
        raise MotCuaError(
            "Thiếu hoặc sai tiêu đề X-CSRFToken; hãy lấy mã mới bằng GET /api/v1/session.",
            code="csrf",
        ) from None


def key() -> str | None:
    """The request's Idempotency-Key."""
    return request.headers.get(KEY_HEADER) or None


def once(act: Callable[[], dict[str, Any]], *asked: Any) -> dict[str, Any]:
    """Act and keep the answer under the request's key; the same key again only gets the answer.

    ``asked`` says what is asked for: one key for two different requests is refused.
    """
    session, person, digest = db.session(), actor().person_id, idempotency.digest(*asked)
    known = idempotency.recall(session, person, key(), digest)
    if known is not None:
        return known
    answer = act()
    idempotency.remember(session, person, key(), digest, answer, now())
    return answer


def after_race(act: Callable[[], Any]) -> Any:
    """Act; when a twin of this request with the same key committed first, answer like the twin.

    Without a key there is no twin, and the error goes on.
    """
    try:
        done = act()
        db.session.flush()
        return done
    except IntegrityError:
        db.session.rollback()
        if key() is None:
            raise
    try:
        done = act()
        db.session.flush()
        return done
    except IntegrityError:
        raise Stale("Một yêu cầu khác vừa được ghi; hãy gửi lại.") from None


def _flatten(messages: Any, path: str, found: dict[str, list[str]]) -> None:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            _flatten(inner, f"{path}.{name}" if path else str(name), found)
    else:
        texts = messages if isinstance(messages, list) else [messages]
        found[path or "_schema"] = [
            _SENTENCES.get(str(text), _reworded(str(text))) for text in texts
        ]


def _reworded(text: str) -> str:
    if text.startswith("Must be one of: "):
        return f"Chỉ nhận: {text.removeprefix('Must be one of: ')}"
    if text.startswith(("Must be", "Length must be", "Longer than", "Shorter than")):
        return "Ngoài giới hạn cho phép."
    return "Giá trị không hợp lệ."
