"""Log in and out by JSON. Decides no right."""

from __future__ import annotations

from typing import Any

from flask import abort, session
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user
from flask_wtf.csrf import generate_csrf
from sqlalchemy import select

from engine.errors import Invalid
from engine.org import queries
from engine.org.models import Person
from webapp import auth
from webapp.api import schemas
from webapp.api.room import room
from webapp.db import db
from webapp.limits import limiter

TAG = ["Phiên"]


@room.get("/session", tags=TAG)
@room.doc(summary="Ai đang đăng nhập, kèm mã CSRF mới")
@room.response(200, schemas.SessionOut)
def read_session() -> dict[str, Any]:
    """Who is logged in, with a fresh CSRF token."""
    if not current_user.is_authenticated:
        abort(401)
    return _told()


@room.post("/session", tags=TAG)
@limiter.limit("10/minute;100/hour")
@room.arguments(schemas.LogIn)
@room.doc(summary="Đăng nhập; câu trả lời đặt cookie phiên và cho mã CSRF")
@room.response(200, schemas.SessionOut)
def open_session(given: dict[str, str]) -> dict[str, Any]:
    """Log in; the answer sets the session cookie and tells the CSRF token."""
    person = db.session.scalar(
        select(Person).where(Person.username == given["username"].strip(), Person.active.is_(True))
    )
    known = person.password_hash if person else auth._NOBODY
    if not auth._matches(known, given["password"]) or person is None:
        raise Invalid("Tên đăng nhập hoặc mật khẩu không đúng.")
    session.clear()  # nothing of whoever was here before
    login_user(auth.user_of(person.id))
    session.permanent = True
    return _told()


@room.delete("/session", tags=TAG)
@room.doc(summary="Đăng xuất")
@room.response(204)
def close_session() -> ResponseReturnValue:
    """Log out."""
    logout_user()
    session.clear()
    return "", 204


def _told() -> dict[str, Any]:
    me = auth.actor()
    names = {agency.id: agency.short_name for agency in queries.agencies_of(db.session(), me)}
    return {
        "person_id": me.person_id,
        "username": me.username,
        "name": me.name,
        "posts": [
            {"agency_id": agency, "agency": names.get(agency, ""), "role": role}
            for agency, role in sorted(me.posts)
        ],
        "csrf_token": generate_csrf(),
    }
