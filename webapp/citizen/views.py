"""Tracking by code for anybody: status and the one honest date, no personal data."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from engine.dossiers import reads
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
