"""An announced incident of an agency: its interval counts in none of the agency's open dossiers.

The number of the announcement names the incident. Applied or undone again, only what is still
missing is done, so either may be broken off. The caller commits, or rolls back for a preview.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from engine import events
from engine.dossiers import moves, pauses
from engine.dossiers.models import Dossier, Instance, Pause
from engine.errors import Conflict, Forbidden, Invalid, NotFound
from engine.org import access
from engine.org.access import SYSTEM, Actor
from engine.org.models import Agency

LONGEST = timedelta(days=31)
_LETTERS = 400  # of a reason
_REFUSED = "Chưa áp dụng được; hãy xem các ô được đánh dấu."


@dataclass(frozen=True)
class Moved:
    """A dossier, and the citizen's date before and after."""

    code: str
    before: datetime | None
    after: datetime | None


@dataclass(frozen=True)
class Done:
    """What was done now, in the dossiers' order, and how many dossiers are left for later."""

    moved: tuple[Moved, ...]
    left: int


@dataclass(frozen=True)
class Incident:
    """An incident that holds for so many parts of dossiers still open at the agency."""

    agency: Agency
    document: str
    reason: str
    begin: datetime
    end: datetime | None
    by: str
    parts: int


def apply(
    session: Session,
    actor: Actor,
    agency_id: int,
    begin: datetime,
    end: datetime,
    reason: str,
    document: str,
    now: datetime,
    *,
    limit: int,
) -> Done:
    """Leave ``begin`` to ``end``, which is over, out of every clock of the agency's open parts.

    By the head of the agency or the control office; at most ``limit`` dossiers now. Levels reached
    already stay reached. Raises Invalid with the field's errors, Conflict when the announcement
    was used for another interval.
    """
    _may(session, actor, agency_id)
    reason, document = reason.strip(), document.strip()
    _check(begin, end, reason, document, now)
    differs = (Pause.ended_at != end) | (
        (Pause.started_at != begin) & (Pause.started_at != Instance.started_at)
    )
    known = select(Pause.id).join(Instance, Instance.id == Pause.instance_id)
    if session.scalar(known.where(*_of(agency_id, document), differs).limit(1)):
        raise Conflict("Thông báo sự cố này đã dùng cho khoảng thời gian khác; hãy hoàn tác trước.")
    done = exists().where(
        Pause.instance_id == Instance.id, Pause.cause == "incident", Pause.document == document
    )
    missing = (
        select(Instance.id, Instance.dossier_id)
        .where(
            Instance.agency_id == agency_id,
            Instance.ended_at.is_(None),
            Instance.started_at < end,
            ~done,
        )
        .order_by(Instance.dossier_id, Instance.id)
    )
    found: dict[int, list[int]] = {}
    for number, dossier_id in session.execute(missing):
        found.setdefault(dossier_id, []).append(number)
    moved = []
    for dossier_id in list(found)[:limit]:
        dossier = moves.lock(session, dossier_id)
        before = dossier.due_at
        for number in found[dossier_id]:
            instance = session.get_one(Instance, number, populate_existing=True)
            again = select(Pause.id).where(  # another may have been at it before the lock
                Pause.instance_id == number, Pause.cause == "incident", Pause.document == document
            )
            if instance.ended_at is None and session.scalar(again.limit(1)) is None:
                span = (max(begin, instance.started_at), end)
                _leave_out(session, dossier, instance, span, reason, document, actor, now)
        moved.append(Moved(dossier.code, before, dossier.due_at))
    return Done(tuple(moved), max(0, len(found) - limit))


def undo(
    session: Session, actor: Actor, agency_id: int, document: str, now: datetime, *, limit: int
) -> Done:
    """Take the incident back: its interval counts again in all parts that are still open."""
    _may(session, actor, agency_id)
    rows = session.execute(
        select(Pause.id, Pause.dossier_id)
        .join(Instance, Instance.id == Pause.instance_id)
        .where(*_of(agency_id, document.strip()))
        .order_by(Pause.dossier_id, Pause.id)
    )
    found: dict[int, list[int]] = {}
    for number, dossier_id in rows:
        found.setdefault(dossier_id, []).append(number)
    if not found:
        raise NotFound("Không có sự cố nào của cơ quan theo thông báo này còn hiệu lực.")
    moved = []
    for dossier_id in list(found)[:limit]:
        dossier = moves.lock(session, dossier_id)
        before = dossier.due_at
        for number in found[dossier_id]:
            pause = session.get(Pause, number, populate_existing=True)
            if pause is not None:
                _count_again(session, dossier, pause, actor, now)
        moved.append(Moved(dossier.code, before, dossier.due_at))
    return Done(tuple(moved), max(0, len(found) - limit))


def standing(session: Session, agency_ids: Iterable[int]) -> list[Incident]:
    """The incidents that hold for open parts of these agencies, the latest first."""
    query = (
        select(
            Agency,
            Pause.document,
            func.min(Pause.reason),
            func.min(Pause.started_at),
            func.max(Pause.ended_at),
            func.min(Pause.ended_by),
            func.count(),
        )
        .join(Instance, Instance.id == Pause.instance_id)
        .join(Agency, Agency.id == Instance.agency_id)
        .where(*_over(), Agency.id.in_(list(agency_ids)))
        .group_by(Agency.id, Pause.document)
        .order_by(func.max(Pause.ended_at).desc(), Pause.document)
    )
    return [Incident(*row) for row in session.execute(query)]


def agencies(session: Session, actor: Actor) -> list[Agency]:
    """For which agencies the actor may announce an incident, by name."""
    query = select(Agency).order_by(Agency.name)
    if not access.is_control(actor):
        heads = [number for number in actor.agencies if access.is_head(actor, number)]
        query = query.where(Agency.id.in_(heads))
    return list(session.scalars(query))


def _leave_out(
    session: Session,
    dossier: Dossier,
    instance: Instance,
    span: tuple[datetime, datetime],
    reason: str,
    document: str,
    actor: Actor,
    now: datetime,
) -> None:
    pause = Pause(
        dossier_id=dossier.id,
        instance_id=instance.id,
        cause="incident",
        reason=reason,
        document=document,
        started_at=span[0],
        started_by=actor.name,
        ended_at=span[1],
        ended_by=actor.name,
    )
    session.add(pause)
    session.flush()
    pauses.count_anew(session, dossier, moves.release_of(session, dossier), instance, now)
    _record(session, dossier, instance, "incident-left-out", pause, actor, now)


def _count_again(
    session: Session, dossier: Dossier, pause: Pause, actor: Actor, now: datetime
) -> None:
    instance = session.get_one(Instance, pause.instance_id)
    session.delete(pause)
    session.flush()
    pauses.count_anew(session, dossier, moves.release_of(session, dossier), instance, now)
    _record(session, dossier, instance, "incident-undone", pause, actor, now)


def _record(
    session: Session,
    dossier: Dossier,
    instance: Instance,
    kind: str,
    pause: Pause,
    actor: Actor,
    now: datetime,
) -> None:
    events.record(
        session,
        dossier,
        kind,
        actor,
        now,
        agency_id=instance.agency_id,
        instance_id=instance.id,
        pause=pause.id,
        begin=pause.started_at.isoformat(),
        end=(pause.ended_at or now).isoformat(),
        reason=pause.reason,
        document=pause.document,
        due=dossier.due_at.isoformat() if dossier.due_at else None,
    )


def _over() -> tuple[ColumnElement[bool], ...]:
    """Pauses for an incident that is over, of parts of dossiers still open."""
    return (
        Pause.cause == "incident",
        Pause.task_id.is_(None),
        Pause.ended_at.is_not(None),
        Instance.ended_at.is_(None),
    )


def _of(agency_id: int, document: str) -> tuple[ColumnElement[bool], ...]:
    return (*_over(), Instance.agency_id == agency_id, Pause.document == document)


def _may(session: Session, actor: Actor, agency_id: int) -> None:
    if session.get(Agency, agency_id) is None:
        raise NotFound("Không có cơ quan này.")
    if actor.person_id == SYSTEM.person_id or access.is_control(actor):
        return
    if not access.is_head(actor, agency_id):
        raise Forbidden("Chỉ kiểm soát thủ tục hoặc lãnh đạo cơ quan được áp dụng sự cố.")


def _check(begin: datetime, end: datetime, reason: str, document: str, now: datetime) -> None:
    errors: dict[str, list[str]] = {}
    if end <= begin:
        errors["den"] = ["Sự cố phải kết thúc sau khi bắt đầu."]
    elif end > now:
        errors["den"] = ["Sự cố phải đã kết thúc; đang có sự cố thì tạm dừng ở từng hồ sơ."]
    elif end - begin > LONGEST:
        errors["den"] = [f"Một lần sự cố không quá {LONGEST.days} ngày."]
    if not 10 <= len(reason) <= _LETTERS:
        errors["su_co"] = [f"Hãy ghi sự cố, từ 10 đến {_LETTERS} chữ cái."]
    if not 1 <= len(document) <= 120:
        errors["thong_bao"] = ["Hãy ghi số thông báo sự cố (tối đa 120 chữ cái)."]
    if errors:
        raise Invalid(_REFUSED, errors=errors)
