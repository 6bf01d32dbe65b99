"""The legal clock: why a date is what it is, the one new date, and a pause for an incident."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import marshmallow as ma
from flask import Response, jsonify
from marshmallow import fields

from engine.dossiers import clock_commands
from engine.dossiers import why as reasons
from engine.errors import Invalid
from engine.tasks import inbox
from webapp.api.docs import KEYED
from webapp.api.dossiers import find
from webapp.api.room import ID, after_race, once, room
from webapp.auth import actor
from webapp.db import db, now, records_reads

TAG = ["Thời hạn"]
_NAMES = {
    "ngay": "until",
    "ly_do": "reason",
    "van_ban": "document",
    "su_co": "reason",
    "thong_bao": "document",
}


def _said(text: str) -> dict[str, Any]:
    return {"description": text}


class ClockLine(ma.Schema):
    """A line of the reckoning."""

    head = fields.String(metadata=_said("Ngày hoặc lượt của dòng này"))
    text = fields.String()
    counts = fields.Boolean(metadata=_said("Dòng này có tính vào thời hạn không"))


class ClockPart(ma.Schema):
    """One limit, day by day."""

    title = fields.String()
    lines = fields.Nested(ClockLine, many=True)


class ClockStop(ma.Schema):
    """A time in which the clock stood still."""

    id = fields.Integer()
    cause = fields.String()
    begin = fields.DateTime()
    end = fields.DateTime()
    reason = fields.String()
    document = fields.String()
    who = fields.String()


class NewDate(ma.Schema):
    """The one new date that was given."""

    before = fields.DateTime()
    until = fields.DateTime()
    at = fields.DateTime()
    agency = fields.String()
    reason = fields.String()
    document = fields.String()


class Why(ma.Schema):
    """A date and all it follows from, for people to read."""

    due_at = fields.DateTime(attribute="due", metadata=_said("Trống khi không tính thời hạn"))
    paused = fields.Boolean()
    summary = fields.String()
    parts = fields.Nested(ClockPart, many=True)
    stops = fields.Nested(ClockStop, many=True)
    extension = fields.Nested(NewDate)


class Extend(ma.Schema):
    """The new date, and why."""

    until = fields.Date(required=True, metadata=_said("Ngày làm việc, dạng yyyy-mm-dd"))
    reason = fields.String(required=True, metadata=_said("10 đến 400 chữ cái; người dân đọc được"))
    document = fields.String(required=True, metadata=_said("Số văn bản xin lỗi và hẹn lại"))


class Extended(ma.Schema):
    """What was promised before, and now."""

    before = fields.DateTime()
    until = fields.DateTime()
    reason = fields.String()
    document = fields.String()


class Incident(ma.Schema):
    """What happened, and the paper that announced it."""

    reason = fields.String(required=True, metadata=_said("10 đến 400 chữ cái"))
    document = fields.String(required=True, metadata=_said("Số thông báo sự cố"))


class PauseOut(ma.Schema):
    """A pause for an incident: of one agency's part, or of the whole dossier."""

    id = fields.Integer()
    instance_id = fields.Integer(metadata=_said("Trống: cả hồ sơ"))
    cause = fields.String()
    reason = fields.String()
    document = fields.String()
    started_at = fields.DateTime()
    ended_at = fields.DateTime()


class Pauses(ma.Schema):
    """The pauses that began."""

    rows = fields.Nested(PauseOut, many=True)


@room.get("/dossiers/<code>/why", tags=TAG)
@records_reads
@room.doc(summary="Vì sao hồ sơ có ngày hẹn trả này, từng dòng; lượt đọc được ghi lại")
@room.response(200, Why)
def why_dossier(code: str) -> reasons.Why:
    """Why the citizen has this date, line by line."""
    return reasons.of_dossier(db.session(), find(code).dossier, now(), inside=True)


@room.get(f"/tasks/<{ID}:task_id>/why", tags=TAG)
@records_reads
@room.doc(summary="Vì sao bước có hạn này, từng dòng; lượt đọc được ghi lại")
@room.response(200, Why)
def why_task(task_id: int) -> reasons.Why:
    """Why a step has this date, line by line."""
    view = inbox.open_task(db.session(), actor(), task_id, now())
    return reasons.of_task(db.session(), view.task, now())


@room.post("/dossiers/<code>/extend", tags=TAG)
@room.doc(summary="Xin lỗi và hẹn lại ngày trả, chỉ một lần", **KEYED)
@room.arguments(Extend)
@room.response(200, Extended)
def extend(given: dict[str, Any], code: str) -> Response:
    """Apologise and give the one new date."""

    def act() -> dict[str, Any]:
        dossier = find(code).dossier
        made = clock_commands.extend(
            db.session(),
            actor(),
            dossier.id,
            given["until"],
            given["reason"],
            given["document"],
            now(),
        )
        return _dumped(Extended(), made)

    return _answer(act, "extend", code, given)


@room.post("/dossiers/<code>/incidents", tags=TAG)
@room.doc(summary="Tạm dừng thời hạn vì sự cố đã thông báo", **KEYED)
@room.arguments(Incident)
@room.response(200, Pauses)
def announce_incident(given: dict[str, Any], code: str) -> Response:
    """Stop the clock for an announced incident."""

    def act() -> dict[str, Any]:
        dossier = find(code).dossier
        made = clock_commands.announce_incident(
            db.session(), actor(), dossier.id, given["reason"], given["document"], now()
        )
        return _dumped(Pauses(), {"rows": made})

    return _answer(act, "incident", code, given)


@room.post(f"/pauses/<{ID}:pause_id>/end", tags=TAG)
@room.doc(summary="Hết sự cố, tính tiếp thời hạn", **KEYED)
@room.response(200, PauseOut)
def end_incident(pause_id: int) -> Response:
    """The incident is over: the clock runs on."""

    def act() -> dict[str, Any]:
        return _dumped(
            PauseOut(), clock_commands.end_incident(db.session(), actor(), pause_id, now())
        )

    return _answer(act, "end-incident", pause_id)


def _answer(act: Callable[[], dict[str, Any]], *asked: Any) -> Response:
    """Act once; what is refused is told by the names this door gave the fields."""
    try:
        return jsonify(after_race(lambda: once(act, *asked)))
    except Invalid as error:
        error.errors = {_NAMES.get(name, name): said for name, said in error.errors.items()}
        raise


def _dumped(schema: ma.Schema, made: Any) -> dict[str, Any]:
    """The answer that is kept, in JSON's own types."""
    told: dict[str, Any] = schema.dump(made)
    return told
