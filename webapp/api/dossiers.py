"""Dossiers: open, search, read, their chain of events and their picture."""

from __future__ import annotations

from typing import Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue
from flask.wrappers import Response
from sqlalchemy import select

from engine import events
from engine.catalog import releases
from engine.dossiers import commands, reads
from engine.errors import Forbidden, NotFound
from engine.org import access
from webapp.api import schemas
from webapp.api.docs import KEYED
from webapp.api.procedures import today
from webapp.api.room import after_race, key, room
from webapp.auth import actor
from webapp.db import db, now, records_reads

TAG = ["Hồ sơ"]


@room.post("/dossiers", tags=TAG)
@room.doc(summary="Tiếp nhận hồ sơ tại quầy", **KEYED)
@room.arguments(schemas.NewDossier)
@room.response(201, schemas.Opened)
def open_dossier(given: dict[str, Any]) -> Any:
    """Take a citizen's request in at the counter."""
    counter = given["agency_id"] or _counter()

    def act() -> Any:
        return commands.open_dossier(
            db.session(),
            actor(),
            releases.in_force(db.session(), given["procedure"], today()),
            given["data"],
            now(),
            agency_id=counter,
            key=key(),
        )

    return after_race(act)


@room.get("/dossiers", tags=TAG)
@room.arguments(schemas.DossierQuery, location="query")
@room.doc(summary="Hồ sơ đi qua đơn vị của mình, mới nhất trước")
@room.response(200, schemas.DossierList)
def search_dossiers(asked: dict[str, Any]) -> reads.Page:
    """Dossiers that pass through one's agencies, newest first."""
    return reads.search(
        db.session(), actor(), asked["search"], asked["state"], asked["page"], now()
    )


@room.get("/dossiers/<code>", tags=TAG)
@records_reads
@room.doc(summary="Một hồ sơ trong phạm vi được xem; lượt đọc được ghi lại")
@room.response(200, schemas.DossierPage)
def read_dossier(code: str) -> dict[str, Any]:
    """A dossier as far as one may see it; the read is recorded."""
    view = find(code)
    shown = {name: getattr(view, name) for name in view.__dataclass_fields__}
    name = view.dossier.applicant
    return {**shown, "applicant": name if view.full else reads.mask(name)}


@room.get("/dossiers/<code>/events", tags=TAG)
@records_reads
@room.doc(summary="Nhật ký của hồ sơ, kèm kết quả kiểm tra chuỗi mã băm")
@room.response(200, schemas.Chain)
def read_events(code: str) -> Response:
    """The record of a dossier, with the check of its chain of hashes."""
    view = find(code)
    rows = db.session.scalars(
        select(events.Event)
        .where(events.Event.dossier_id == view.dossier.id)
        .order_by(events.Event.seq)
    ).all()
    chain = {
        "verified": events.verify(db.session(), view.dossier),
        "last_hash": view.dossier.last_hash,
        "events": rows,
    }
    hidden = () if view.full else ("events.data",)
    return jsonify(schemas.Chain(exclude=hidden).dump(chain))


@room.get("/dossiers/<code>/diagram", tags=TAG)
@records_reads
@room.doc(summary="Sơ đồ BPMN mà hồ sơ đang theo, nguyên như đã vẽ")
@room.response(200, {"type": "string"}, content_type="application/xml")
def read_diagram(code: str) -> ResponseReturnValue:
    """The BPMN picture under which the dossier runs, as it was drawn."""
    release = find(code).release
    answer = Response(release.model.xml, mimetype="application/xml")
    answer.set_etag(release.digest)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer.make_conditional(request)


def find(code: str) -> reads.DossierView:
    """A dossier by its code, for whoever may see it."""
    if len(code) > 40 or "\x00" in code:
        raise NotFound("Không có hồ sơ này, hoặc hồ sơ không qua đơn vị của bạn.")
    return reads.find(db.session(), actor(), code, now())


def _counter() -> int:
    me = actor()
    for agency, _role in sorted(me.posts):
        if access.may_open(me, agency):
            return agency
    raise Forbidden("Chỉ cán bộ Bộ phận Một cửa được tiếp nhận hồ sơ.")
