"""Who is at the screen: log-in, log-out, and the demo's one-click cards. Decides no right."""

from __future__ import annotations

from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import (
    Blueprint,
    Flask,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import (
    LoginManager,
    UserMixin,
    current_user,
    login_user,
    logout_user,
)
from sqlalchemy import select

from engine.errors import NotFound
from engine.org import queries
from engine.org.access import Actor
from engine.org.models import Person
from webapp.back import back_to
from webapp.db import db, now
from webapp.limits import limiter

blueprint = Blueprint("auth", __name__)
_hasher = PasswordHasher()
_NOBODY = _hasher.hash("no such person")  # verified for unknown names: same words, same time


class User(UserMixin):
    """The person logged in, with the posts held now."""

    def __init__(self, actor: Actor) -> None:
        self.id = str(actor.person_id)
        self.name = actor.name
        self.username = actor.username
        self.actor = actor


def actor() -> Actor:
    """The actor of this request; only behind a log-in."""
    return current_user.actor


def user_of(person_id: int) -> User:
    """The person with the posts held at this moment. NotFound when unknown or locked."""
    return User(queries.actor_of(db.session(), person_id, now()))


def init_app(app: Flask) -> None:
    """Attach the log-in manager; a page behind it leads to the log-in and back.

    The cookie is written when something changes, not with every answer: an answer still under way
    at log-out must not bring the session back.
    """
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    manager = LoginManager(app)
    manager.user_loader(_load)
    manager.unauthorized_handler(_to_login)


@blueprint.get("/dang-nhap")
def login() -> ResponseReturnValue:
    """The log-in page; in the demo with a card for each person."""
    if current_user.is_authenticated:
        return redirect(url_for("home"))
    return _page()


@blueprint.post("/dang-nhap")
@limiter.limit("10/minute;100/hour")
def check() -> ResponseReturnValue:
    """Check name and password. The refusal does not say which of the two was wrong."""
    username = request.form.get("username", "").strip()[:60]
    password = request.form.get("password", "")[:200]
    person = db.session.scalar(
        select(Person).where(Person.username == username, Person.active.is_(True))
    )
    if not _matches(person.password_hash if person else _NOBODY, password) or person is None:
        flash(_("Tên đăng nhập hoặc mật khẩu không đúng."), "error")
        return _page(username), 422
    return _enter(person)


@blueprint.post("/dang-nhap/thu")
def demo() -> ResponseReturnValue:
    """Enter as a person of the demo by one click; unknown outside the demo."""
    if not current_app.config.get("DEMO"):
        abort(404)
    offered = {someone["username"] for group in _groups() for someone in group["people"]}
    person = db.session.scalar(
        select(Person).where(Person.username == request.form.get("username", ""))
    )
    if person is None or not person.active or person.username not in offered:
        abort(404)
    return _enter(person)


@blueprint.post("/dang-xuat")
def logout() -> ResponseReturnValue:
    """End the session; the language stays."""
    logout_user()
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    return redirect(url_for("auth.login"))


def _enter(person: Person) -> ResponseReturnValue:
    wanted = request.form.get("next")
    language = session.get("language")
    session.clear()  # nothing of whoever sat here before
    if language:
        session["language"] = language
    login_user(user_of(person.id))
    session.permanent = True
    return redirect(back_to(wanted))


def _matches(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def _load(person_id: str) -> User | None:
    try:
        return user_of(int(person_id)) if person_id.isdecimal() else None
    except NotFound:
        return None


def _to_login() -> ResponseReturnValue:
    if request.path.startswith("/api/"):
        abort(401)
    if request.headers.get("HX-Request"):
        return "", 401, {"HX-Redirect": url_for("auth.login")}
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("auth.login", next=wanted))


def _page(username: str = "") -> str:
    return render_template(
        "auth/login.html",
        groups=_groups(),
        username=username,
        next=request.values.get("next", ""),
    )


def _groups() -> list[dict[str, Any]]:
    """The demo's people by agency, as ``webapp.demo.people`` gives them; empty in production."""
    if not current_app.config.get("DEMO"):
        return []
    from webapp import demo as province  # the demo's data stay out of production's memory

    groups: dict[str, list[dict[str, Any]]] = {}
    for someone in province.people():
        groups.setdefault(someone["agency"], []).append(someone)
    return [{"agency": agency, "people": people} for agency, people in groups.items()]
