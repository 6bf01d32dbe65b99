"""The letters sent outside: what is owed, what was sent, what could not be delivered. No rule."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import login_required

from engine import letters
from engine.errors import Forbidden
from engine.org.access import ADMIN, CONTROL
from webapp.auth import actor
from webapp.db import db, now

blueprint = Blueprint("letters", __name__, url_prefix="/thu-gui-di")

STATES = ("all", "owed", "sent", "dead", "off")


@blueprint.get("")
@login_required
def board() -> ResponseReturnValue:
    """The newest letters in a state, with the server's last word; addresses are masked."""
    _watcher()
    state = request.args.get("trang_thai", "all")
    state = state if state in STATES else "all"
    return render_template(
        "officer/letters.html",
        found=letters.board(db.session(), state),
        state=state,
        counts=letters.counts(db.session()),
        silent=sorted({"email", "sms"} - current_app.config["CHANNELS"]),
    )


@blueprint.post("/<int:number>")
@login_required
def again(number: int) -> ResponseReturnValue:
    """Try a dead letter once more."""
    _watcher()
    letters.again(db.session(), number, now())
    flash(_("Đã đưa thư vào hàng chờ gửi lại."), "good")
    return redirect(url_for("letters.board", trang_thai="dead"))


def may_watch() -> bool:
    """The control office and the administrators watch over what leaves the house."""
    return any(role in (ADMIN, CONTROL) for _agency, role in actor().posts)


def _watcher() -> None:
    if not may_watch():
        raise Forbidden(_("Chỉ quản trị và kiểm soát thủ tục được xem thư gửi đi."))
