"""Papers of a dossier: put in, list, fetch, take out."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

from flask import abort, jsonify, request
from flask.typing import ResponseReturnValue
from flask.wrappers import Response

from engine.dossiers import papers
from engine.errors import Invalid
from webapp.api import schemas
from webapp.api.docs import KEYED
from webapp.api.dossiers import find
from webapp.api.room import ID, after_race, once, room
from webapp.auth import actor
from webapp.db import db, now, records_reads

TAG = ["Giấy tờ"]
_UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "component": {"type": "string", "maxLength": 60},
                    },
                }
            }
        },
    }
}
_PAPER = schemas.Paper()


@room.get("/dossiers/<code>/papers", tags=TAG)
@records_reads
@room.doc(summary="Giấy tờ của hồ sơ")
@room.response(200, schemas.Paper(many=True))
def list_papers(code: str) -> Any:
    """The papers of a dossier."""
    return find(code).attachments


@room.post("/dossiers/<code>/papers", tags=TAG)
@room.doc(summary="Thêm giấy tờ: PDF, JPEG, PNG hoặc DOCX, tối đa 10 MB", **KEYED, **_UPLOAD)
@room.response(201, schemas.Paper)
def add_paper(code: str) -> ResponseReturnValue:
    """Put in a paper: PDF, JPEG, PNG or DOCX, at most 10 MB."""
    if request.mimetype != "multipart/form-data":
        abort(415)
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid("Thiếu tệp; hãy gửi tệp trong trường file.", errors={"file": ["Thiếu tệp."]})
    component = request.form.get("component", "")
    if len(component) > 60 or "\x00" in component + file.filename:
        raise Invalid("Thành phần hồ sơ này không có trong danh mục đã công bố.")
    dossier = find(code).dossier.id
    filename, content = file.filename, file.stream.read(papers.MAX_BYTES + 1)

    def act() -> Any:
        paper = papers.add(db.session(), actor(), dossier, component, filename, content, now())
        return _PAPER.dump(paper)

    digest = hashlib.sha256(content).hexdigest()
    told = after_race(lambda: once(act, "paper", dossier, component, filename, digest))
    return jsonify(told), 201


@room.get(f"/papers/<{ID}:paper_id>", tags=TAG)
@records_reads
@room.doc(summary="Tải một giấy tờ; lượt đọc được ghi lại")
@room.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
def read_paper(paper_id: int) -> Response:
    """A paper's bytes; the read is recorded."""
    paper, content = papers.get(db.session(), actor(), paper_id, now())
    answer = Response(content, mimetype=paper.media_type)
    answer.headers["Content-Disposition"] = (
        f"attachment; filename*=UTF-8''{quote(paper.filename, safe='')}"
    )
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@room.delete(f"/papers/<{ID}:paper_id>", tags=TAG)
@room.doc(summary="Gỡ giấy tờ của đơn vị mình")
@room.response(204)
def remove_paper(paper_id: int) -> ResponseReturnValue:
    """Take out a paper of one's own agency."""
    papers.remove(db.session(), actor(), paper_id, now())
    return "", 204
