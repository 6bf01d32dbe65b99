"""The slip a citizen takes home: code, date, papers, and a QR that follows the dossier."""

from __future__ import annotations

from urllib.parse import quote

import segno
from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import login_required
from markupsafe import Markup

from engine.dossiers import reads
from engine.errors import Forbidden
from webapp.auth import actor
from webapp.db import db, now, records_reads
from webapp.officer.dossiers import find

blueprint = Blueprint("slips", __name__)


@blueprint.get("/ho-so/<code>/giay-tiep-nhan")
@login_required
@records_reads
def receipt(code: str) -> ResponseReturnValue:
    """The acceptance slip of a dossier, for the agency whose counter took it in; made to print."""
    page = find(code)
    if not page.full or page.dossier.intake_agency_id not in actor().desks:
        raise Forbidden(_("Chỉ nơi tiếp nhận in được giấy tiếp nhận của hồ sơ này."))
    follow = tracking_address(page.dossier.code)
    return render_template(
        "officer/receipt.html",
        page=page,
        code=page.dossier.code,
        follow=follow,
        qr=qr(follow),
        taken_by=reads.name_of(db.session(), page.dossier.opened_by),
        printed_at=now(),
    )


def tracking_address(code: str) -> str:
    """Where anybody follows a dossier: the address citizens know, else this server's own."""
    house = current_app.config["PUBLIC_URL"] or request.url_root.rstrip("/")
    return f"{house}/tra-cuu?ma={quote(code)}"


def qr(text: str) -> Markup:
    """A QR code as an inline SVG that fills its box."""
    drawn = segno.make(text, error="m").svg_inline(omitsize=True, border=2)
    return Markup(drawn)  # noqa: S704 - drawn here, from modules only
