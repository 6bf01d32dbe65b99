"""The bell: what a person's posts were told, and the mark that it was read."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required
from sqlalchemy import select

from engine import notices
from engine.dossiers.models import Dossier
from engine.notices import Notice
from engine.tasks.models import Task
from webapp.auth import actor
from webapp.db import db, now

blueprint = Blueprint("notices", __name__, url_prefix="/thong-bao")


@blueprint.get("")
@login_required
def board() -> ResponseReturnValue:
    """The unread notices, newest first."""
    found = notices.unread(db.session(), actor())
    ids = {notice.dossier_id for notice in found if notice.dossier_id}
    rows = db.session.execute(select(Dossier.id, Dossier.code).where(Dossier.id.in_(ids)))
    codes = {number: code for number, code in rows}  # noqa: C416 - a Result is not a mapping
    return render_template("officer/notices.html", found=found, codes=codes)


@blueprint.post("/<int:notice_id>")
@login_required
def read(notice_id: int) -> ResponseReturnValue:
    """Mark a notice read and go to what it is about."""
    notices.mark_read(db.session(), actor(), notice_id, now())
    return redirect(_subject(db.session.get(Notice, notice_id)))


@blueprint.post("/tat-ca")
@login_required
def read_all() -> ResponseReturnValue:
    """Mark all of one's notices read."""
    for notice in notices.unread(db.session(), actor(), limit=500):
        notices.mark_read(db.session(), actor(), notice.id, now())
    return redirect(url_for("notices.board"))


def _subject(notice: Notice | None) -> str:
    if notice is None or (notice.agency_id, notice.role) not in actor().posts:
        return url_for("notices.board")
    if notice.dossier_id is None:
        return url_for("tasks.inbox") if actor().desks else url_for("dossiers.search")
    task = db.session.get(Task, notice.task_id) if notice.task_id else None
    if task is not None and task.status == "open" and task.agency_id in actor().desks:
        return url_for("tasks.show", task_id=task.id)
    dossier = db.session.get_one(Dossier, notice.dossier_id)
    return url_for("dossiers.show", code=dossier.code)
