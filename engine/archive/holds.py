"""Legal holds: what keeps a dossier from being deleted, and who may place and release them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from engine import events
from engine.archive.commands import locked
from engine.archive.models import ArchivedDossier, LegalHold
from engine.errors import Conflict, Forbidden, Invalid, NotFound
from engine.org.access import ADMIN, CONTROL, SYSTEM, Actor


def may_hold(actor: Actor) -> bool:
    """The control office and the administrators; the system itself when an operator commands it."""
    return actor.person_id == SYSTEM.person_id or any(
        role in (ADMIN, CONTROL) for _agency, role in actor.posts
    )


def place(
    session: Session, actor: Actor, code: str, reason: str, document: str, now: datetime
) -> LegalHold:
    """Hold a dossier, archived or not, for a reason and by a document. More than one may stand.

    Forbidden for others; NotFound without such a dossier; Conflict when it was deleted already.
    """
    _allow(actor)
    errors = {}
    reason, document = reason.strip(), document.strip()
    if not 3 <= len(reason) <= 400:
        errors["ly_do"] = ["Hãy ghi lý do giữ lại hồ sơ (3 đến 400 ký tự)."]
    if not 3 <= len(document) <= 120:
        errors["van_ban"] = ["Hãy ghi văn bản yêu cầu giữ lại, ví dụ: CV 12/TAND."]
    if errors:
        raise Invalid("Chưa giữ được hồ sơ; hãy xem các ô được đánh dấu.", errors=errors)
    dossier = locked(session, code)
    kept = session.get(ArchivedDossier, dossier.id)
    if kept is not None and kept.proof_id is not None:
        raise Conflict(
            f"Hồ sơ {dossier.code} đã được xóa theo thời hạn (biên bản số {kept.proof_id})."
        )
    hold = LegalHold(
        dossier_id=dossier.id,
        reason=reason,
        document=document,
        placed_by=actor.name,
        placed_at=now,
    )
    session.add(hold)
    events.record(session, dossier, "held", actor, now, reason=reason, document=document)
    session.flush()
    return hold


def release(session: Session, actor: Actor, hold_id: int, reason: str, now: datetime) -> LegalHold:
    """End a hold, with a reason; what was held may be deleted when its time has passed."""
    _allow(actor)
    reason = reason.strip()
    if not 3 <= len(reason) <= 400:
        raise Invalid(
            "Hãy ghi lý do thôi giữ hồ sơ (3 đến 400 ký tự).",
            errors={"ly_do_thoi": ["Hãy ghi lý do (3 đến 400 ký tự)."]},
        )
    hold = session.get(LegalHold, hold_id)
    if hold is None:
        raise NotFound("Không có lệnh giữ hồ sơ này.")
    dossier = locked(session, hold.dossier.code)
    session.refresh(hold)
    if hold.released_at is not None:
        raise Conflict("Lệnh giữ hồ sơ này đã được gỡ.")
    hold.released_at, hold.released_by, hold.release_reason = now, actor.name, reason
    events.record(session, dossier, "hold-released", actor, now, reason=reason)
    session.flush()
    return hold


def standing(session: Session, limit: int = 200) -> list[LegalHold]:
    """The holds that stand, newest first, each with its dossier."""
    query = (
        select(LegalHold)
        .where(LegalHold.released_at.is_(None))
        .options(joinedload(LegalHold.dossier))
        .order_by(LegalHold.id.desc())
        .limit(limit)
    )
    return list(session.scalars(query))


def _allow(actor: Actor) -> None:
    if not may_hold(actor):
        raise Forbidden("Chỉ kiểm soát thủ tục và quản trị được giữ hoặc thôi giữ hồ sơ.")
