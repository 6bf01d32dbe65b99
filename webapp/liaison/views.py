"""The liaison officer's board: sent, received, acknowledged, by whom and when."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import login_required

from engine.liaison import commands, reads
from webapp.auth import actor
from webapp.back import back_to
from webapp.db import db, now

blueprint = Blueprint("liaison", __name__, url_prefix="/lien-thong")

_SIDES = {"nhan": "in", "gui": "out"}
_STATES = {"cho": "open", "tat_ca": "all"}


@blueprint.get("")
@login_required
def board() -> ResponseReturnValue:
    """Handoffs to or from the officer's agencies; what must be confirmed comes first."""
    side = request.args.get("chieu", "nhan")
    owed = side == "nhan" and reads.to_acknowledge(db.session(), actor())
    state = request.args.get("loc") or ("cho" if owed else "tat_ca")
    number = request.args.get("trang", "1")
    found = reads.board(
        db.session(),
        actor(),
        _SIDES.get(side, "in"),
        _STATES.get(state, "all"),
        now(),
        int(number) if number.isdecimal() and int(number) > 0 else 1,
    )
    return render_template("liaison/board.html", found=found, side=side, state=state)


@blueprint.post("/<int:message_id>/xac-nhan")
@login_required
def acknowledge(message_id: int) -> ResponseReturnValue:
    """Confirm that a handoff has arrived; htmx gets the row anew."""
    commands.acknowledge(db.session(), actor(), message_id, now())
    if request.headers.get("HX-Request"):
        row = reads.handoff(db.session(), actor(), message_id, now())
        return render_template("liaison/_row.html", row=row, fresh=True)
    return redirect(back_to(request.form.get("ve"), "liaison.board"))
