"""Papers of a dossier: checked by their bytes, stored once by hash, shown to those who may see."""

from __future__ import annotations

import hashlib
import io
import zipfile
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine import events
from engine.dossiers import moves
from engine.dossiers.checklist import files_for
from engine.dossiers.contents import contents_of
from engine.dossiers.models import Attachment, Blob, Dossier, Instance
from engine.dossiers.participants import log_read, participants
from engine.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from engine.org.access import Actor

MAX_BYTES = 10 * 1024 * 1024
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def sniff(content: bytes) -> str | None:
    """The media type by content, or nothing when it is none of those accepted."""
    if content.startswith(b"%PDF-"):
        return "application/pdf"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"PK\x03\x04"):
        try:
            names = zipfile.ZipFile(io.BytesIO(content)).namelist()
        except zipfile.BadZipFile:
            return None
        return _DOCX if "word/document.xml" in names else None
    return None


def add(
    session: Session,
    actor: Actor,
    dossier_id: int,
    component: str,
    filename: str,
    content: bytes,
    now: datetime,
) -> Attachment:
    """Put a paper into a dossier by an agency that takes part in it."""
    agency_id = _working_agency(session, actor, dossier_id)
    dossier = moves.lock(session, dossier_id)
    if dossier.closed_at is not None:
        raise Conflict("Hồ sơ đã kết thúc nên không thêm giấy tờ được nữa.")
    if not content:
        raise Invalid("Tệp rỗng; hãy chọn tệp khác.")
    if len(content) > MAX_BYTES:
        raise TooLarge(f"Tệp lớn hơn {MAX_BYTES // 1024 // 1024} MB; hãy quét lại gọn hơn.")
    media_type = sniff(content)
    if media_type is None:
        raise Invalid("Chỉ nhận tệp PDF, JPEG, PNG hoặc DOCX; hãy đổi định dạng tệp.")
    components = {paper["key"] for paper in moves.release_of(session, dossier).papers}
    if component and component not in components:
        raise Invalid("Thành phần hồ sơ này không có trong danh mục đã công bố.")
    digest = hashlib.sha256(content).hexdigest()
    _store(session, digest, content)
    paper = Attachment(
        dossier_id=dossier_id,
        agency_id=agency_id,
        component=component,
        filename=_safe_name(filename),
        media_type=media_type,
        sha256=digest,
        size=len(content),
        uploaded_by=actor.person_id,
        uploaded_at=now,
    )
    session.add(paper)
    session.flush()
    events.record(
        session,
        dossier,
        "paper-added",
        actor,
        now,
        agency_id=agency_id,
        paper=paper.id,
        filename=paper.filename,
        sha256=digest,
    )
    return paper


def get(
    session: Session, actor: Actor, attachment_id: int, now: datetime
) -> tuple[Attachment, bytes]:
    """A paper and its bytes, for those who may see the dossier; the read is recorded."""
    paper = session.get(Attachment, attachment_id)
    if paper is None or paper.removed_at is not None or not _may_open(session, actor, paper):
        raise NotFound("Không có giấy tờ này.")
    log_read(session, paper.dossier_id, actor, f"paper {paper.id}", now)
    return paper, session.get_one(Blob, paper.sha256).content


def remove(session: Session, actor: Actor, attachment_id: int, now: datetime) -> None:
    """Take out a paper one's own agency put in; the record keeps its hash."""
    paper = session.get(Attachment, attachment_id)
    if paper is None or paper.removed_at is not None:
        raise NotFound("Không có giấy tờ này.")
    _working_agency(session, actor, paper.dossier_id)
    if paper.agency_id not in actor.desks:
        raise Forbidden("Chỉ đơn vị đã thêm giấy tờ được gỡ giấy tờ đó.")
    dossier = moves.lock(session, paper.dossier_id)
    if dossier.closed_at is not None:
        raise Conflict("Hồ sơ đã kết thúc nên không gỡ giấy tờ được nữa.")
    paper.removed_at = now
    events.record(
        session,
        dossier,
        "paper-removed",
        actor,
        now,
        agency_id=paper.agency_id,
        paper=paper.id,
        filename=paper.filename,
        sha256=paper.sha256,
    )
    session.flush()


def _may_open(session: Session, actor: Actor, paper: Attachment) -> bool:
    dossier = session.get_one(Dossier, paper.dossier_id)
    if not actor.desks & participants(session, dossier):
        return False
    parts = contents_of(session, dossier).instances
    pools = {part.pool for part in parts if part.agency_id in actor.desks}
    listed = moves.release_of(session, dossier).papers
    return bool(files_for(listed, [paper], actor.desks, pools, dossier.intake_agency_id))


def _store(session: Session, digest: str, content: bytes) -> None:
    # Held until the commit: the archive may be deleting the last dossier that has these bytes.
    hold = {"read": True, "key_share": True}
    if session.get(Blob, digest, with_for_update=hold) is not None:
        return
    try:
        with session.begin_nested():
            session.add(Blob(sha256=digest, size=len(content), content=content))
    except IntegrityError:  # the same paper was stored by another dossier at this moment
        pass


def _working_agency(session: Session, actor: Actor, dossier_id: int) -> int:
    """The actor's agency that has a part in the dossier; NotFound for everybody else."""
    dossier = session.get(Dossier, dossier_id)
    parts = session.scalars(
        select(Instance.agency_id)
        .where(Instance.dossier_id == dossier_id)
        .order_by(Instance.ended_at.is_not(None), Instance.id)
    ).all()
    if dossier is not None:
        for agency in (*parts, dossier.intake_agency_id):
            if agency in actor.desks:
                return agency
    raise NotFound("Không có hồ sơ này.")


def _safe_name(filename: str) -> str:
    name = filename.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(sign for sign in name if sign.isprintable())[-200:] or "giay-to"
