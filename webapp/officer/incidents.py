"""The page of announced incidents: an interval left out of an agency's clocks. Holds no rule."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import login_required

from engine.calendar import TIMEZONE
from engine.dossiers import incidents
from engine.dossiers.incidents import Done
from engine.errors import Forbidden, Invalid, MotCuaError
from webapp.auth import actor
from webapp.db import db, now
from webapp.errors import status_of

blueprint = Blueprint("incidents", __name__, url_prefix="/su-co")
AT_ONCE = 100  # dossiers in one request, so that nobody waits long behind it


@blueprint.get("")
@login_required
def board() -> ResponseReturnValue:
    """The incidents that hold, and the form for another."""
    return _page()


@blueprint.post("")
@login_required
def apply() -> ResponseReturnValue:
    """Leave an interval out; with ``lam=xem`` only show what would change."""
    form = request.form
    try:
        done = incidents.apply(
            db.session(),
            actor(),
            _agency(),
            _moment("tu"),
            _moment("den"),
            form.get("su_co", ""),
            form.get("thong_bao", ""),
            now(),
            limit=AT_ONCE,
        )
    except Forbidden:
        raise
    except MotCuaError as error:
        db.session.rollback()
        return _page(error=error), status_of(error)
    if form.get("lam") == "xem":
        db.session.rollback()
        return _page(preview=done)
    flash(_("Đã không tính thời gian có sự cố của %(n)s hồ sơ.", n=len(done.moved)), "good")
    _tell_rest(done)
    return redirect(url_for("incidents.board"))


@blueprint.post("/hoan-tac")
@login_required
def undo() -> ResponseReturnValue:
    """Take an incident back."""
    document = request.form.get("thong_bao", "")
    done = incidents.undo(db.session(), actor(), _agency(), document, now(), limit=AT_ONCE)
    flash(_("Đã tính lại thời gian của %(n)s hồ sơ.", n=len(done.moved)), "good")
    _tell_rest(done)
    return redirect(url_for("incidents.board"))


def _tell_rest(done: Done) -> None:
    if done.left:
        flash(_("Còn %(n)s hồ sơ; hãy làm lại lần nữa với cùng nội dung.", n=done.left), "info")


def _agency() -> int:
    text = request.form.get("co_quan", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _moment(name: str) -> datetime:
    try:
        read = datetime.strptime(request.form.get(name, "").strip(), "%d/%m/%Y %H:%M")  # noqa: DTZ007
        return read.replace(tzinfo=TIMEZONE)
    except ValueError:
        raise Invalid(
            _("Chưa áp dụng được; hãy xem các ô được đánh dấu."),
            errors={name: [_("Hãy ghi ngày và giờ, ví dụ 23/11/2026 08:00.")]},
        ) from None


def _page(error: MotCuaError | None = None, preview: Done | None = None) -> str:
    session = db.session()
    agencies = incidents.agencies(session, actor())
    if not agencies:
        raise Forbidden(_("Chỉ kiểm soát thủ tục hoặc lãnh đạo cơ quan được áp dụng sự cố."))
    typed: dict[str, Any] = request.form if request.method == "POST" else {}
    return render_template(
        "officer/incidents.html",
        agencies=agencies,
        standing=incidents.standing(session, [agency.id for agency in agencies]),
        preview=preview,
        typed=typed,
        sentence=error.message if error else "",
        wrong=error.errors if isinstance(error, Invalid) else {},
    )
