"""The procedures in force and their start forms."""

from __future__ import annotations

from datetime import date
from typing import Any

from engine.catalog import releases
from webapp.api import schemas
from webapp.api.room import room
from webapp.db import db, now
from webapp.i18n import VN

TAG = ["Thủ tục"]


@room.get("/procedures", tags=TAG)
@room.doc(summary="Các thủ tục đang có hiệu lực")
@room.response(200, schemas.Procedure(many=True))
def list_procedures() -> list[releases.Release]:
    """The procedures in force today."""
    return releases.all_in_force(db.session(), today())


@room.get("/procedures/<procedure>", tags=TAG)
@room.doc(summary="Một thủ tục cùng tờ khai còn trống")
@room.response(200, schemas.ProcedureForm)
def read_procedure(procedure: str) -> dict[str, Any]:
    """A procedure in force today with its empty start form."""
    release = releases.in_force(db.session(), procedure, today())
    context = {"__today": today().isoformat()}
    view = release.forms["start"].view({}, context, releases.options(db.session()), None)
    return {
        "procedure": release.procedure,
        "version": release.version,
        "title": release.title,
        "short_title": release.short_title,
        "papers": release.papers,
        "form": view.fields,
    }


def today() -> date:
    """The day in Vietnam."""
    return now().astimezone(VN).date()
