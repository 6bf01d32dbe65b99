"""The inbox and the work on a task."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from engine.tasks import commands
from engine.tasks import inbox as reads
from webapp.api import schemas
from webapp.api.docs import KEYED
from webapp.api.room import ID, after_race, key, once, room
from webapp.auth import actor
from webapp.db import db, now, records_reads

TAG = ["Việc"]


@room.get("/inbox", tags=TAG)
@room.arguments(schemas.InboxQuery, location="query")
@room.doc(summary="Việc đang chờ theo vai trò, gần hạn trước")
@room.response(200, schemas.Inbox)
def read_inbox(asked: dict[str, Any]) -> dict[str, Any]:
    """Open tasks of one's posts, nearest legal limit first."""
    after, limit = asked.pop("after"), asked.pop("limit")
    page = reads.inbox(
        db.session(), actor(), reads.Filters(**asked), now(), after=after, limit=limit
    )
    names = ("procedure", "title", "element", "name", "count")
    return {
        "rows": page.rows,
        "counts": page.counts,
        "steps": [dict(zip(names, line, strict=True)) for line in page.by_step],
        "next": page.next,
    }


@room.get(f"/tasks/<{ID}:task_id>", tags=TAG)
@records_reads
@room.doc(summary="Một việc cùng biểu mẫu; lượt đọc được ghi lại")
@room.response(200, schemas.TaskPage)
def read_task(task_id: int) -> dict[str, Any]:
    """A task with its form; the read is recorded."""
    view = reads.open_task(db.session(), actor(), task_id, now())
    form = view.form.view(view.raw, view.context, view.options, None, readonly=not view.may_work)
    return {
        "task": view.task,
        "words": view.words,
        "may_work": view.may_work,
        "mine": view.mine,
        "title": form.title,
        "form": form.fields,
        "data": view.raw,
    }


@room.post(f"/tasks/<{ID}:task_id>/claim", tags=TAG)
@room.doc(summary="Nhận việc", **KEYED)
@room.response(200, schemas.Task)
def claim(task_id: int) -> Response:
    """Take a task."""

    def act() -> Any:
        return _told(commands.claim(db.session(), actor(), task_id, now()))

    return jsonify(after_race(lambda: once(act, "claim", task_id)))


@room.post(f"/tasks/<{ID}:task_id>/release", tags=TAG)
@room.doc(summary="Trả việc lại cho nhóm", **KEYED)
@room.response(200, schemas.Task)
def release(task_id: int) -> Response:
    """Give a task back to the others of the role."""

    def act() -> Any:
        return _told(commands.release(db.session(), actor(), task_id, now()))

    return jsonify(after_race(lambda: once(act, "release", task_id)))


@room.post(f"/tasks/<{ID}:task_id>/reassign", tags=TAG)
@room.doc(summary="Phân công cho người khác cùng vai trò (lãnh đạo đơn vị)", **KEYED)
@room.arguments(schemas.Handover)
@room.response(200, schemas.Task)
def reassign(given: dict[str, int], task_id: int) -> Response:
    """Hand a task to another person of its role (heads)."""
    person = given["person_id"]

    def act() -> Any:
        return _told(commands.reassign(db.session(), actor(), task_id, person, now()))

    return jsonify(after_race(lambda: once(act, "reassign", task_id, person)))


@room.post(f"/tasks/<{ID}:task_id>/draft", tags=TAG)
@room.arguments(schemas.Data)
@room.doc(summary="Lưu bản nháp; gửi lại vẫn là bản nháp ấy")
@room.response(200, schemas.Task)
def save_draft(given: dict[str, Any], task_id: int) -> Any:
    """Keep what was filled in so far; sent again it is the same draft."""
    return commands.save_draft(db.session(), actor(), task_id, given["data"], now())


@room.post(f"/tasks/<{ID}:task_id>/complete", tags=TAG)
@room.doc(summary="Hoàn thành việc với biểu mẫu", **KEYED)
@room.arguments(schemas.Completion())
@room.response(200, schemas.Done)
def complete(given: dict[str, Any], task_id: int) -> dict[str, Any]:
    """Finish a task with its form."""
    return after_race(
        lambda: commands.complete(
            db.session(),
            actor(),
            task_id,
            given["data"],
            now(),
            key=key(),
            version=given["version"],
        )
    )


_TASK = schemas.Task()


def _told(task: Any) -> dict[str, Any]:
    """The task as the answer that is kept, in JSON's own types."""
    return _TASK.dump(task)
