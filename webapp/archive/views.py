"""The archive's page: legal holds, what was deleted and its proofs. Holds no rule of the domain."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import login_required

from engine.archive import deletion, holds
from engine.errors import Forbidden, Invalid, MotCuaError
from webapp.auth import actor
from webapp.db import db, now
from webapp.errors import status_of

blueprint = Blueprint("archive", __name__, url_prefix="/luu-tru")


@blueprint.get("")
@login_required
def board() -> ResponseReturnValue:
    """The holds that stand, the dossiers whose retention has ended, the newest proofs."""
    return _page()


@blueprint.post("/giu")
@login_required
def hold() -> ResponseReturnValue:
    """Keep a dossier from being deleted."""
    code = request.form.get("ma", "").strip()[:40]
    reason, document = request.form.get("ly_do", ""), request.form.get("van_ban", "")
    try:
        holds.place(db.session(), actor(), code, reason, document, now())
    except Forbidden:
        raise
    except MotCuaError as error:
        db.session.rollback()
        return _page(error), status_of(error)
    flash(_("Đã giữ hồ sơ %(code)s; sẽ không bị xóa cho tới khi thôi giữ.", code=code), "good")
    return redirect(url_for("archive.board"))


@blueprint.post("/giu/<int:number>/thoi")
@login_required
def release(number: int) -> ResponseReturnValue:
    """End a hold."""
    holds.release(db.session(), actor(), number, request.form.get("ly_do_thoi", ""), now())
    flash(_("Đã thôi giữ hồ sơ."), "good")
    return redirect(url_for("archive.board"))


def _page(error: MotCuaError | None = None) -> str:
    if not holds.may_hold(actor()):
        raise Forbidden(_("Chỉ kiểm soát thủ tục và quản trị được xem kho lưu trữ."))
    session = db.session()
    errors = error.errors if isinstance(error, Invalid) else {}
    return render_template(
        "archive/board.html",
        standing=holds.standing(session),
        ended=deletion.ended(session, now()),
        proofs=deletion.proofs(session, 100),
        typed=request.form if error else {},
        sentence=error.message if error else "",
        wrong=errors if error is None or errors else {"ma": [error.message]},
    )
