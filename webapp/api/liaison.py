"""Handoffs between agencies, notices, and what the queue owes."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from flask.typing import ResponseReturnValue

from engine import notices
from engine.errors import Forbidden, NotFound
from engine.liaison import commands, reads
from engine.notices import Notice
from engine.org.access import OVERSEERS
from webapp import jobs
from webapp.api import schemas
from webapp.api.docs import KEYED
from webapp.api.room import ID, after_race, once, room
from webapp.auth import actor
from webapp.db import db, now

_HANDOFF = schemas.Handoff()


@room.get("/handoffs", tags=["Liên thông"])
@room.arguments(schemas.BoardQuery, location="query")
@room.doc(summary="Các lượt bàn giao đến hoặc đi, mới nhất trước")
@room.response(200, schemas.Board)
def list_handoffs(asked: dict[str, Any]) -> reads.Board:
    """Handoffs to or from one's agencies, newest first."""
    return reads.board(
        db.session(), actor(), asked["direction"], asked["state"], now(), asked["page"]
    )


@room.post(f"/handoffs/<{ID}:handoff_id>/acknowledge", tags=["Liên thông"])
@room.doc(summary="Xác nhận đã nhận bàn giao", **KEYED)
@room.response(200, schemas.Handoff)
def acknowledge(handoff_id: int) -> Response:
    """Confirm that a handoff has arrived."""

    def act() -> Any:
        return _HANDOFF.dump(commands.acknowledge(db.session(), actor(), handoff_id, now()))

    return jsonify(after_race(lambda: once(act, "acknowledge", handoff_id)))


@room.get("/notices", tags=["Thông báo"])
@room.doc(summary="Thông báo chưa đọc")
@room.response(200, schemas.Notices)
def list_notices() -> dict[str, Any]:
    """Unread notices of one's posts."""
    return {"rows": notices.unread(db.session(), actor(), limit=200)}


@room.post(f"/notices/<{ID}:notice_id>/read", tags=["Thông báo"])
@room.doc(summary="Đánh dấu đã đọc")
@room.response(204)
def read_notice(notice_id: int) -> ResponseReturnValue:
    """Mark a notice of one's own posts as read."""
    notice = db.session.get(Notice, notice_id)
    if notice is None or (notice.agency_id, notice.role) not in actor().posts:
        raise NotFound("Không có thông báo này.")
    notices.mark_read(db.session(), actor(), notice_id, now())
    return "", 204


@room.get("/queue", tags=["Thông báo"])
@room.doc(summary="Việc nền đang chờ và việc đã bỏ dở (quản trị, kiểm soát)")
@room.response(200, schemas.Queue)
def read_queue() -> dict[str, int]:
    """What waits to be carried out, and what was given up (administrators, control office)."""
    if not any(role in OVERSEERS for _agency, role in actor().posts):
        raise Forbidden("Chỉ quản trị viên và bộ phận kiểm soát được xem hàng đợi.")
    owed, dead = jobs.owed_and_dead(db.session())
    return {"owed": owed, "dead": dead}
