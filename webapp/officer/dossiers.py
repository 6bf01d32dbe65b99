"""The list of dossiers, a dossier's page, picture and papers. Holds no rule of the domain."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask.wrappers import Response
from flask_babel import gettext as _
from flask_login import login_required
from werkzeug.http import dump_options_header

from engine.dossiers import papers, reads
from engine.errors import Invalid, NotFound
from webapp.auth import actor
from webapp.back import back_to
from webapp.db import db, now, records_reads
from webapp.errors import status_of

blueprint = Blueprint("dossiers", __name__)

_SANDBOX = "default-src 'none'; sandbox"


@blueprint.get("/ho-so")
@login_required
def search() -> ResponseReturnValue:
    """The dossiers that pass through the officer's agencies."""
    text = request.args.get("tim", "").strip()
    state = request.args.get("trang_thai", "open")
    number = request.args.get("trang", "1")
    found = reads.search(
        db.session(), actor(), text, state, int(number) if number.isdecimal() else 1, now()
    )
    return render_template("officer/dossiers.html", found=found, text=text, state=state)


@blueprint.get("/ho-so/<code>")
@login_required
@records_reads
def show(code: str) -> ResponseReturnValue:
    """A dossier as far as the reader may see it."""
    return render_template("officer/dossier.html", page=_find(code))


@blueprint.get("/ho-so/<code>/so-do.bpmn")
@login_required
@records_reads
def picture(code: str) -> ResponseReturnValue:
    """The published picture of the dossier's release, byte for byte as drawn."""
    release = _find(code).release
    answer = Response(release.model.xml, mimetype="application/xml")
    answer.set_etag(release.digest)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer.make_conditional(request)


@blueprint.post("/ho-so/<code>/giay-to")
@login_required
def add_paper(code: str) -> ResponseReturnValue:
    """Put a paper in; a refusal returns to the page with its sentence beside the picker."""
    page = _find(code)
    file = request.files.get("tep")
    if file is None or not file.filename:
        raise Invalid(_("Hãy chọn một tệp để thêm."))
    content = file.stream.read(papers.MAX_BYTES + 1)
    try:
        paper = papers.add(
            db.session(), actor(), page.dossier.id, request.form.get("thanh_phan", ""),
            file.filename, content, now(),
        )
    except Invalid as error:
        if not request.headers.get("HX-Request"):
            raise
        db.session.rollback()
        part = render_template(
            "officer/_papers.html", page=_find(code), refusal=error.message,
            back=request.form.get("ve", ""),
        )
        return part, status_of(error)
    sentence = _("Đã thêm giấy tờ «%(name)s».", name=paper.filename)
    if request.headers.get("HX-Request"):
        return render_template(
            "officer/_papers.html", page=_find(code), note=sentence,
            back=request.form.get("ve", ""),
        )
    flash(sentence, "good")
    return redirect(back_to(request.form.get("ve")) + "#giay-to")


@blueprint.get("/giay-to/<int:paper_id>")
@login_required
@records_reads
def paper(paper_id: int) -> ResponseReturnValue:
    """A paper's bytes: always a download, never a page of this site."""
    found, content = papers.get(db.session(), actor(), paper_id, now())
    answer = Response(content, mimetype=found.media_type)
    ascii_name = found.filename.encode("ascii", "replace").decode().replace("?", "_")
    answer.headers["Content-Disposition"] = (
        dump_options_header("attachment", {"filename": ascii_name})
        + f"; filename*=UTF-8''{quote(found.filename, safe='')}"
    )
    answer.headers["Content-Security-Policy"] = _SANDBOX
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/giay-to/<int:paper_id>/go")
@login_required
def remove_paper(paper_id: int) -> ResponseReturnValue:
    """Take out a paper of one's own agency."""
    papers.remove(db.session(), actor(), paper_id, now())
    flash(_("Đã gỡ giấy tờ."), "good")
    return redirect(back_to(request.form.get("ve")) + "#giay-to")


def _find(code: str) -> reads.DossierView:
    if len(code) > 40:
        raise NotFound(_("Không có hồ sơ này, hoặc hồ sơ không qua đơn vị của bạn."))
    return reads.find(db.session(), actor(), code, now())
