"""Tracking by code for anybody: status and the one honest date, no personal data."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from engine.dossiers import reads, why
from webapp.db import db, now
from webapp.limits import limiter

blueprint = Blueprint("citizen", __name__)


@blueprint.get("/tra-cuu")
@limiter.limit("30/minute", exempt_when=lambda: not request.args.get("ma"))
def track() -> ResponseReturnValue:
    """The form for a code, and what the code's dossier has come to."""
    code = request.args.get("ma", "").strip()[:40]
    found = reads.track(db.session(), code, now()) if code else None
    status = 404 if code and found is None else 200
    return render_template("citizen/track.html", code=code, found=found), status


@blueprint.get("/tra-cuu/vi-sao", endpoint="why")
@limiter.limit("30/minute")
def why_this_date() -> ResponseReturnValue:
    """How the date of a code's dossier comes about, day by day; nothing of the offices inside."""
    dossier = reads.by_code(db.session(), request.args.get("ma", "")[:40])
    if dossier is None:
        return render_template("citizen/track.html", code=request.args.get("ma", "")[:40]), 404
    told = why.of_dossier(db.session(), dossier, now(), inside=False)
    words = reads.words_of(db.session(), dossier, now())
    return render_template("citizen/why.html", code=dossier.code, why=told, words=words)
