"""The list of dossiers, a dossier's page, picture and papers. Holds no rule of the domain."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask.wrappers import Response
from flask_babel import gettext as _
from flask_login import login_required
from werkzeug.http import dump_options_header

from engine.dossiers import clock_commands, papers, reads
from engine.dossiers import why as reasons
from engine.dossiers.step_limits import CAUSES
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
    # Running dossiers by their legal date; of what has ended, the newest.
    usual = "new" if state in ("done", "all") else "due"
    order = request.args.get("xep") or usual
    number = request.args.get("trang", "1")
    page = int(number) if number.isdecimal() else 1
    found = reads.search(db.session(), actor(), text, state, page, now(), order=order)
    return render_template(
        "officer/dossiers.html", found=found, text=text, state=state, order=order, usual=usual
    )


@blueprint.get("/ho-so/<code>")
@login_required
@records_reads
def show(code: str) -> ResponseReturnValue:
    """A dossier as far as the reader may see it."""
    return render_template("officer/dossier.html", page=find(code), **_clock())


@blueprint.get("/ho-so/<code>/vi-sao")
@login_required
@records_reads
def why(code: str) -> ResponseReturnValue:
    """How the citizen's date comes about, line by line."""
    page = find(code)
    told = reasons.of_dossier(db.session(), page.dossier, now(), inside=True)
    return render_template(
        "officer/why.html",
        why=told,
        code=code,
        words=page.words,
        over=code,
        back=url_for("dossiers.show", code=code),
    )


@blueprint.post("/ho-so/<code>/hen-lai")
@login_required
def extend(code: str) -> ResponseReturnValue:
    """Apologise and give the one new date."""
    page = find(code)
    try:
        clock_commands.extend(
            db.session(),
            actor(),
            page.dossier.id,
            _day(request.form.get("ngay", "")),
            request.form.get("ly_do", ""),
            request.form.get("van_ban", ""),
            now(),
        )
    except Invalid as error:
        return _refused(code, error)
    flash(_("Đã xin lỗi và hẹn lại; người dân thấy ngày mới và lý do khi tra cứu."), "good")
    return redirect(url_for("dossiers.show", code=code))


@blueprint.post("/ho-so/<code>/su-co")
@login_required
def announce_incident(code: str) -> ResponseReturnValue:
    """Stop the clock for an announced incident."""
    page = find(code)
    try:
        clock_commands.announce_incident(
            db.session(),
            actor(),
            page.dossier.id,
            request.form.get("su_co", ""),
            request.form.get("thong_bao", ""),
            now(),
        )
    except Invalid as error:
        return _refused(code, error)
    flash(_("Đã tạm dừng thời hạn vì sự cố."), "good")
    return redirect(url_for("dossiers.show", code=code))


@blueprint.post("/ho-so/<code>/su-co/<int:pause_id>/het")
@login_required
def end_incident(code: str, pause_id: int) -> ResponseReturnValue:
    """The incident is over: the clock runs on."""
    clock_commands.end_incident(db.session(), actor(), pause_id, now())
    flash(_("Đã tính tiếp thời hạn; các ngày hạn được lùi theo thời gian tạm dừng."), "good")
    return redirect(url_for("dossiers.show", code=code))


@blueprint.get("/ho-so/<code>/so-do.bpmn")
@login_required
@records_reads
def picture(code: str) -> ResponseReturnValue:
    """The published picture of the dossier's release, byte for byte as drawn."""
    release = find(code).release
    answer = Response(release.model.xml, mimetype="application/xml")
    answer.set_etag(release.digest)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer.make_conditional(request)


@blueprint.post("/ho-so/<code>/giay-to")
@login_required
def add_paper(code: str) -> ResponseReturnValue:
    """Put a paper in; a refusal returns to the page with its sentence beside the picker."""
    page = find(code)
    file = request.files.get("tep")
    if file is None or not file.filename:
        raise Invalid(_("Hãy chọn một tệp để thêm."))
    content = file.stream.read(papers.MAX_BYTES + 1)
    try:
        paper = papers.add(
            db.session(),
            actor(),
            page.dossier.id,
            request.form.get("thanh_phan", ""),
            file.filename,
            content,
            now(),
        )
    except Invalid as error:
        if not request.headers.get("HX-Request"):
            raise
        db.session.rollback()
        part = render_template(
            "officer/_papers.html",
            page=find(code),
            refusal=error.message,
            back=request.form.get("ve", ""),
        )
        return part, status_of(error)
    sentence = _("Đã thêm giấy tờ «%(name)s».", name=paper.filename)
    if request.headers.get("HX-Request"):
        return render_template(
            "officer/_papers.html",
            page=find(code),
            note=sentence,
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


def _clock(error: Invalid | None = None) -> dict[str, Any]:
    """What the part about time needs: the names of causes, and what was refused and typed."""
    return {
        "causes": CAUSES,
        "typed": request.form if error else {},
        "clock_errors": error.errors if error else {},
        "clock_sentence": error.message if error else "",
    }


def _refused(code: str, error: Invalid) -> ResponseReturnValue:
    db.session.rollback()
    return render_template("officer/dossier.html", page=find(code), **_clock(error)), 422


def _day(text: str) -> date:
    try:
        return datetime.strptime(text.strip(), "%d/%m/%Y").date()  # noqa: DTZ007 - a day only
    except ValueError:
        raise Invalid(
            _("Chưa hẹn lại được; hãy xem các ô được đánh dấu."),
            errors={"ngay": [_("Hãy ghi ngày theo dạng ngày/tháng/năm, ví dụ 30/11/2026.")]},
        ) from None


def find(code: str) -> reads.DossierView:
    """A dossier as the person at the screen may see it; NotFound otherwise."""
    if len(code) > 40:
        raise NotFound(_("Không có hồ sơ này, hoặc hồ sơ không qua đơn vị của bạn."))
    return reads.find(db.session(), actor(), code, now())
