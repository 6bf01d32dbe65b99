"""The inbox and the page of a task: read, call one command, answer. Holds no rule of the domain."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import (
    Blueprint,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask.wrappers import Response
from flask_babel import gettext as _
from flask_login import login_required

from engine.dossiers import why as reasons
from engine.errors import Conflict, Invalid
from engine.forms import Form
from engine.org import access, queries
from engine.tasks import commands
from engine.tasks import inbox as reads
from webapp.auth import actor
from webapp.back import back_to
from webapp.db import db, now, records_reads

blueprint = Blueprint("tasks", __name__, url_prefix="/viec")

_NAMES = {
    "pham_vi": "scope",
    "tim": "text",
    "thu_tuc": "procedure",
    "buoc": "element",
    "muc": "level",
}


@blueprint.get("")
@login_required
def inbox() -> ResponseReturnValue:
    """The list. Filters live in the address; an address without any restores the last ones."""
    if "xoa" in request.args:
        session.pop("inbox", None)
        return redirect(url_for("tasks.inbox"))
    asked = {name: request.args[name].strip() for name in _NAMES if request.args.get(name)}
    if not request.args and session.get("inbox"):
        return redirect(url_for("tasks.inbox", **session["inbox"]))
    filters = reads.Filters(**_filters(asked))
    after = request.args.get("sau") or None
    page = reads.inbox(db.session(), actor(), filters, now(), after=after)
    if not page.rows and not asked and _is_head():  # a head without steps looks after the others'
        return redirect(url_for("tasks.inbox", pham_vi="agency"))
    session["inbox"] = asked
    context = {
        "page": page,
        "filters": filters,
        "asked": asked,
        "steps": _steps(page.by_step),
        "head": _is_head(),
        "more": _more(asked, page.next),
    }
    if after and request.headers.get("HX-Request"):
        return render_template("officer/_rows.html", **context)
    return render_template("officer/inbox.html", **context)


@blueprint.post("/<int:task_id>/nhan")
@login_required
def claim(task_id: int) -> ResponseReturnValue:
    """Take a task; htmx gets the row anew, a plain form goes on to the task."""
    commands.claim(db.session(), actor(), task_id, now())
    return _row_or(task_id, url_for("tasks.show", task_id=task_id))


@blueprint.post("/<int:task_id>/tra")
@login_required
def release(task_id: int) -> ResponseReturnValue:
    """Give a task back to the group."""
    commands.release(db.session(), actor(), task_id, now())
    if not _from_row():
        flash(_("Đã trả việc lại cho nhóm."), "good")
    return _row_or(task_id, url_for("tasks.inbox"))


@blueprint.post("/<int:task_id>/giao")
@login_required
def reassign(task_id: int) -> ResponseReturnValue:
    """The head hands a task to another person of its role."""
    person = request.form.get("nguoi", "")
    if not person.isdecimal():
        raise Invalid(_("Hãy chọn người nhận việc."))
    task = commands.reassign(db.session(), actor(), task_id, int(person), now())
    flash(_("Đã giao «%(name)s».", name=task.name), "good")
    return redirect(back_to(request.form.get("ve"), "tasks.inbox"))


@blueprint.get("/<int:task_id>")
@login_required
@records_reads
def show(task_id: int) -> ResponseReturnValue:
    """The page of a task: its form, what is known, papers, history, the picture."""
    return _page(reads.open_task(db.session(), actor(), task_id, now()))


@blueprint.get("/<int:task_id>/vi-sao")
@login_required
@records_reads
def why(task_id: int) -> ResponseReturnValue:
    """How the step's date comes about, line by line."""
    view = reads.open_task(db.session(), actor(), task_id, now())
    told = reasons.of_task(db.session(), view.task, now())
    return render_template(
        "officer/why.html",
        why=told,
        code=view.task.dossier.code,
        words=view.words,
        over=view.task.name,
        back=url_for("tasks.show", task_id=task_id),
    )


@blueprint.post("/<int:task_id>/bieu-mau")
@login_required
def refresh(task_id: int) -> ResponseReturnValue:
    """Save the draft; the form comes back with the sections that now apply."""
    view = reads.open_task(db.session(), actor(), task_id, now())
    raw = view.form.from_post(request.form, view.options, view.raw)
    commands.save_draft(db.session(), actor(), task_id, raw, now())
    if not request.headers.get("HX-Request"):
        flash(_("Đã lưu bản nháp."), "good")
        return redirect(url_for("tasks.show", task_id=task_id))
    shown = view.form.view(raw, view.context, view.options, None)
    return render_template("officer/_form.html", form_view=shown, saved=now())


@blueprint.post("/<int:task_id>/hoan-thanh")
@login_required
def complete(task_id: int) -> ResponseReturnValue:
    """Finish the task and lead to the next one. A refusal keeps everything typed on the page."""
    view = reads.open_task(db.session(), actor(), task_id, now())
    if view.form.row_action(request.form) is not None:  # a list's button, or Enter in a field
        return refresh(task_id)
    raw = view.form.from_post(request.form, view.options, view.raw)
    version = request.form.get("version", "")
    try:
        done = commands.complete(
            db.session(),
            actor(),
            task_id,
            raw,
            now(),
            key=request.form.get("key") or None,
            version=int(version) if version.isdecimal() else None,
        )
    except Invalid as error:
        return _again(task_id, raw, error.message, error.errors), 422
    except Conflict as error:
        return _again(task_id, raw, error.message, {}), 409
    return _onward(task_id, view.task.name, done)


def _again(
    task_id: int, raw: dict[str, Any], sentence: str, errors: dict[str, list[str]]
) -> Response:
    """The page as it is now in the record, with what was typed still in the form."""
    db.session.rollback()
    view = reads.open_task(db.session(), actor(), task_id, now())
    return _page(view, raw=raw, sentence=sentence, errors=errors)


def _onward(task_id: int, name: str, done: dict[str, Any]) -> ResponseReturnValue:
    """After a task: the next of the same dossier, else the next of the inbox, else the list."""
    here = next((t for t in done["opened"] if t != task_id), None)
    after = here or reads.next_task(db.session(), actor(), now(), task_id)
    if done["ended"]:
        sentence = _(
            "Đã hoàn thành «%(name)s»; hồ sơ %(code)s đã kết thúc.", name=name, code=done["dossier"]
        )
    else:
        sentence = _(
            "Đã hoàn thành «%(name)s» của hồ sơ %(code)s.", name=name, code=done["dossier"]
        )
    if after is None:
        flash(sentence, "good")
        return redirect(url_for("tasks.inbox"))
    flash(
        f"{sentence} " + (_("Bước tiếp theo của cùng hồ sơ:") if here else _("Việc tiếp theo:")),
        "good-next",
    )
    return redirect(url_for("tasks.show", task_id=after))


def _page(
    view: reads.TaskView,
    *,
    raw: dict[str, Any] | None = None,
    sentence: str = "",
    errors: dict[str, list[str]] | None = None,
) -> Response:
    typed = view.raw if raw is None else raw
    readonly = not view.may_work and raw is None
    form: Form = view.form
    shown = form.view(typed, view.context, view.options, errors, readonly=readonly)
    people = []
    if access.may_reassign(actor(), view.task.agency_id) and view.task.status == "open":
        people = queries.people_with(db.session(), view.task.agency_id, view.task.role, now())
    return make_response(
        render_template(
            "officer/task.html",
            view=view,
            task=view.task,
            page=view.dossier,
            form_view=shown,
            sentence=sentence,
            errors=errors or {},
            people=people,
            kept=raw is not None,
        )
    )


def _filters(asked: dict[str, str]) -> dict[str, str]:
    found = {_NAMES[name]: value for name, value in asked.items()}
    step = found.get("element", "")
    if ":" in step:  # the select of steps carries "procedure:element"
        found["procedure"], found["element"] = step.split(":", 1)
    return found


def _steps(by_step: list[tuple[str, str, str, str, int]]) -> list[dict[str, Any]]:
    """The steps under their procedures with counts: what the select offers."""
    groups: dict[str, dict[str, Any]] = {}
    for procedure, title, element, name, count in by_step:
        new = {"key": procedure, "title": title, "n": 0, "steps": []}
        group = groups.setdefault(procedure, new)
        group["n"] += count
        group["steps"].append({"key": f"{procedure}:{element}", "name": name, "n": count})
    return list(groups.values())


def _more(asked: dict[str, str], after: str | None) -> str | None:
    if after is None:
        return None
    return f"{url_for('tasks.inbox')}?{urlencode({**asked, 'sau': after})}"


def _is_head() -> bool:
    me = actor()
    return any(access.is_head(me, agency) for agency, _role in me.posts)


def _from_row() -> bool:
    return bool(request.headers.get("HX-Request"))


def _row_or(task_id: int, elsewhere: str) -> ResponseReturnValue:
    if _from_row():
        line = reads.row(db.session(), actor(), task_id, now())
        return render_template("officer/_row.html", row=line, fresh=True)
    return redirect(elsewhere)
