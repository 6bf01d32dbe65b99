"""The counter: choose a procedure, fill its start form, open the dossier. Holds no domain rule."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask.wrappers import Response
from flask_babel import gettext as _
from flask_login import login_required

from engine.catalog import releases
from engine.dossiers import commands
from engine.dossiers.checklist import Item, checklist
from engine.errors import Forbidden, Invalid
from engine.org import access
from webapp.auth import actor
from webapp.db import db, now
from webapp.i18n import VN

blueprint = Blueprint("intake", __name__, url_prefix="/tiep-nhan")


@blueprint.get("")
@login_required
def choose() -> ResponseReturnValue:
    """The procedures in force today; with only one the list is still shown, it is short."""
    _counter()
    return render_template(
        "officer/intake.html", offered=releases.all_in_force(db.session(), _today())
    )


@blueprint.get("/<procedure>")
@login_required
def start(procedure: str) -> ResponseReturnValue:
    """An empty start form."""
    _counter()
    return _page(releases.in_force(db.session(), procedure, _today()), {})


@blueprint.post("/<procedure>/bieu-mau")
@login_required
def refresh(procedure: str) -> ResponseReturnValue:
    """The sections that apply to what is typed; nothing is stored before the dossier is opened."""
    _counter()
    release = releases.in_force(db.session(), procedure, _today())
    raw = release.forms["start"].from_post(request.form, releases.options(db.session()))
    if not request.headers.get("HX-Request"):
        return _page(release, raw)
    return render_template(
        "officer/_start.html", form_view=_view(release, raw, None), needed=_needed(release, raw)
    )


@blueprint.post("/<procedure>")
@login_required
def submit(procedure: str) -> ResponseReturnValue:
    """Open the dossier under the version in force and show it with its code."""
    agency_id = _counter()
    release = releases.in_force(db.session(), procedure, _today())
    if release.forms["start"].row_action(request.form) is not None:
        return refresh(procedure)
    raw = release.forms["start"].from_post(request.form, releases.options(db.session()))
    try:
        dossier = commands.open_dossier(
            db.session(),
            actor(),
            release,
            raw,
            now(),
            agency_id=agency_id,
            key=request.form.get("key") or None,
        )
    except Invalid as error:
        db.session.rollback()
        return _page(release, raw, error.message, error.errors), 422
    flash(_("Đã nhận hồ sơ. Mã hồ sơ: %(code)s.", code=dossier.code), "good")
    return redirect(url_for("dossiers.show", code=dossier.code))


def _counter() -> int:
    """The officer's agency with a counter."""
    me = actor()
    for agency, _role in sorted(me.posts):
        if access.may_open(me, agency):
            return agency
    raise Forbidden(_("Chỉ cán bộ Bộ phận Một cửa được tiếp nhận hồ sơ."))


def _today() -> Any:
    return now().astimezone(VN).date()


def _needed(release: releases.Release, raw: dict[str, Any]) -> list[Item]:
    """The papers that the law asks for, as far as the form tells already."""
    start = release.forms["start"]
    known = start.known(raw, {"__today": _today().isoformat()}, releases.options(db.session()))
    return [paper for paper in checklist(release.papers, known) if paper.needed]


def _view(
    release: releases.Release, raw: dict[str, Any], errors: dict[str, list[str]] | None
) -> Any:
    context = {"__today": _today().isoformat()}
    return release.forms["start"].view(raw, context, releases.options(db.session()), errors)


def _page(
    release: releases.Release,
    raw: dict[str, Any],
    sentence: str = "",
    errors: dict[str, list[str]] | None = None,
) -> Response:
    return make_response(
        render_template(
            "officer/start.html",
            release=release,
            form_view=_view(release, raw, errors),
            needed=_needed(release, raw),
            sentence=sentence,
            errors=errors or {},
            key=request.form.get("key"),
        )
    )
