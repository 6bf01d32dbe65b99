"""Papers a citizen takes home, made to print: each carries a QR that follows the dossier."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import segno
from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import login_required
from markupsafe import Markup

from engine.dossiers import reads
from engine.errors import Forbidden, NotFound
from engine.org.models import Agency
from webapp.auth import actor
from webapp.db import db, now, records_reads
from webapp.officer.dossiers import find

blueprint = Blueprint("slips", __name__)


@blueprint.get("/ho-so/<code>/giay-tiep-nhan")
@login_required
@records_reads
def receipt(code: str) -> ResponseReturnValue:
    """The acceptance slip of a dossier, for the agency whose counter took it in."""
    page = find(code)
    _may_print(page, page.dossier.intake_agency_id)
    return _slip("receipt", page, page.dossier.intake_agency, page.dossier.opened_by)


@blueprint.get("/ho-so/<code>/phieu-xin-loi")
@login_required
@records_reads
def apology(code: str) -> ResponseReturnValue:
    """The letter that apologises and gives the new date: of who was late, and at the counter."""
    page = find(code)
    if page.extension is None:
        raise NotFound(_("Hồ sơ này chưa được hẹn lại nên chưa có phiếu xin lỗi."))
    _may_print(page, page.extension.agency_id, page.dossier.intake_agency_id)
    new = page.extension
    return _slip("apology", page, new.agency, new.by, at=new.at)


@blueprint.get("/ho-so/<code>/phieu-bo-sung/<int:number>")
@login_required
@records_reads
def supplement(code: str, number: int) -> ResponseReturnValue:
    """The one notice of what is to be supplied: of who asked, and at the counter."""
    page = find(code)
    demand = next((one for one in page.demands if one.number == number), None)
    if demand is None:
        raise NotFound(_("Không có phiếu yêu cầu bổ sung này."))
    _may_print(page, demand.agency.id, page.dossier.intake_agency_id)
    return _slip("supplement", page, demand.agency, demand.person_id, at=demand.at, demand=demand)


@blueprint.get("/ho-so/<code>/phieu-tra-ket-qua")
@login_required
@records_reads
def returned(code: str) -> ResponseReturnValue:
    """What was handed to the citizen so far, for the counter and the citizen to sign."""
    page = find(code)
    if not page.results:
        raise NotFound(_("Hồ sơ này chưa trả kết quả nào."))
    _may_print(page, page.dossier.intake_agency_id)
    return _slip("returned", page, page.dossier.intake_agency, page.results[-1].returned_by)


def _may_print(page: reads.DossierView, *agencies: int) -> None:
    if not page.full or not set(agencies) & actor().desks:
        raise Forbidden(_("Chỉ cơ quan lập giấy và nơi tiếp nhận in được giấy này."))


def _slip(
    name: str, page: reads.DossierView, issuer: Agency, signer: int | None, **more: Any
) -> str:
    follow = tracking_address(page.dossier.code)
    return render_template(
        f"officer/{name}.html",
        page=page,
        code=page.dossier.code,
        issuer=issuer,
        signer=reads.name_of(db.session(), signer),
        follow=follow,
        qr=qr(follow),
        printed_at=now(),
        **more,
    )


def tracking_address(code: str) -> str:
    """Where anybody follows a dossier: the address citizens know, else this server's own."""
    house = current_app.config["PUBLIC_URL"] or request.url_root.rstrip("/")
    return f"{house}/tra-cuu?ma={quote(code)}"


def qr(text: str) -> Markup:
    """A QR code as an inline SVG that fills its box."""
    drawn = segno.make(text, error="m").svg_inline(omitsize=True, border=2)
    return Markup(drawn)  # noqa: S704 - drawn here, from modules only
