"""What people decide about the legal clock: the one new date, and a pause for an incident."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import events, letters
from engine.dossiers import legal_clock, moves, pauses
from engine.dossiers.models import Dossier, Extension, Instance, Pause
from engine.errors import Conflict, Forbidden, Invalid, NotFound
from engine.org import access
from engine.org.access import Actor
from engine.tasks.models import Task
from engine.timer_rows import renew_total

_VN = ZoneInfo("Asia/Ho_Chi_Minh")
_LONGEST = 400  # letters of a reason
_FURTHEST = timedelta(days=366)


def extend(
    session: Session,
    actor: Actor,
    dossier_id: int,
    until: date,
    reason: str,
    document: str,
    now: datetime,
) -> Extension:
    """Apologise and give the citizen a new date, once: the end of the working day ``until``.

    By the head of an agency at work on the dossier, or by whoever holds one of its steps there.
    The clocks of the agencies and steps stay as they are: who was late stays late.
    """
    dossier = moves.lock(session, dossier_id)
    agency_id = _in_charge(session, actor, dossier)
    if agency_id is None:
        raise Forbidden(
            "Chỉ lãnh đạo hoặc người đang giữ việc của cơ quan đang giải quyết được hẹn lại."
        )
    errors: dict[str, list[str]] = {}
    reason, document = reason.strip(), document.strip()
    if not 10 <= len(reason) <= _LONGEST:
        errors["ly_do"] = [f"Hãy ghi lý do, từ 10 đến {_LONGEST} chữ cái."]
    if not 1 <= len(document) <= 120:
        errors["van_ban"] = ["Hãy ghi số văn bản xin lỗi và hẹn lại (tối đa 120 chữ cái)."]
    days = legal_clock.calendar_for(session, dossier.intake_agency_id)
    if until > now.astimezone(_VN).date() + _FURTHEST:
        errors["ngay"] = ["Ngày hẹn lại không được xa quá một năm."]
    elif not days.is_working_day(until):
        errors["ngay"] = ["Ngày hẹn lại phải là ngày làm việc."]
    if errors:
        raise Invalid("Chưa hẹn lại được; hãy xem các ô được đánh dấu.", errors=errors)
    if dossier.closed_at is not None or dossier.due_at is None:
        raise Conflict("Hồ sơ chưa có ngày hẹn trả, hoặc đã kết thúc.")
    if dossier.paused:
        raise Conflict("Thời hạn đang tạm dừng; ngày hẹn trả sẽ được tính lại khi tính tiếp.")
    if legal_clock.extension_of(session, dossier) is not None:
        raise Conflict("Hồ sơ này đã hẹn lại một lần; chỉ được hẹn lại một lần.")
    moment, before = days.closing(until), dossier.due_at
    if moment <= max(before, now):
        raise Invalid(
            "Chưa hẹn lại được; hãy xem các ô được đánh dấu.",
            errors={"ngay": ["Ngày hẹn lại phải sau ngày hẹn cũ và sau hôm nay."]},
        )
    extension = Extension(
        dossier_id=dossier.id,
        agency_id=agency_id,
        reason=reason,
        document=document,
        before=before,
        until=moment,
        at=now,
        by=actor.person_id,
    )
    session.add(extension)
    session.flush()
    legal_clock.set_dossier_due(session, dossier)
    renew_total(session, moves.release_of(session, dossier), dossier)
    events.record(
        session,
        dossier,
        "extended",
        actor,
        now,
        agency_id=agency_id,
        before=before.isoformat(),
        due=moment.isoformat(),
        reason=reason,
        document=document,
    )
    letters.to_applicant(session, dossier, "late", now, due=moment)
    session.flush()
    return extension


def announce_incident(
    session: Session, actor: Actor, dossier_id: int, reason: str, document: str, now: datetime
) -> list[Pause]:
    """Stop the clock for an announced incident.

    The control office stops the whole dossier; the head of an agency stops its own part.
    """
    dossier = moves.lock(session, dossier_id)
    release = moves.release_of(session, dossier)
    running = _running(session, dossier)
    reason, document = reason.strip(), document.strip()
    errors: dict[str, list[str]] = {}
    if not 10 <= len(reason) <= _LONGEST:
        errors["su_co"] = [f"Hãy ghi sự cố, từ 10 đến {_LONGEST} chữ cái."]
    if not 1 <= len(document) <= 120:
        errors["thong_bao"] = ["Hãy ghi số thông báo sự cố (tối đa 120 chữ cái)."]
    if access.is_control(actor):
        stopped: list[Instance | None] = [None]
    else:
        stopped = [i for i in running if access.is_head(actor, i.agency_id)]
    if not stopped:
        raise Forbidden("Chỉ kiểm soát thủ tục hoặc lãnh đạo cơ quan đang giải quyết được dừng.")
    if errors:
        raise Invalid("Chưa tạm dừng được; hãy xem các ô được đánh dấu.", errors=errors)
    if dossier.closed_at is not None:
        raise Conflict("Hồ sơ đã kết thúc.")
    known = {pause.instance_id for pause in _incidents(session, dossier)}
    if all((i.id if i else None) in known for i in stopped):
        raise Conflict("Thời hạn đang tạm dừng vì sự cố rồi.")
    made = []
    for instance in stopped:
        if (instance.id if instance else None) not in known:
            made.append(
                pauses.stop(
                    session,
                    dossier,
                    release,
                    [instance] if instance else running,
                    actor,
                    now,
                    instance=instance,
                    cause="incident",
                    reason=reason,
                    document=document,
                )
            )
    session.flush()
    return made


def end_incident(session: Session, actor: Actor, pause_id: int, now: datetime) -> Pause:
    """The incident is over: the clock runs on. By whoever could have announced it."""
    pause = session.get(Pause, pause_id)
    if pause is None or pause.task_id is not None:
        raise NotFound("Không có lần tạm dừng này.")
    dossier = moves.lock(session, pause.dossier_id)
    session.refresh(pause)
    running = _running(session, dossier)
    own = [i for i in running if i.id == pause.instance_id]
    if not access.is_control(actor) and not any(access.is_head(actor, i.agency_id) for i in own):
        raise Forbidden("Chỉ kiểm soát thủ tục hoặc lãnh đạo cơ quan đã dừng được tính tiếp.")
    if pause.ended_at is not None:
        raise Conflict("Lần tạm dừng này đã kết thúc.")
    release = moves.release_of(session, dossier)
    pauses.resume(session, dossier, release, own or running, pause, actor, now)
    session.flush()
    return pause


def allowed(session: Session, actor: Actor, dossier: Dossier) -> frozenset[str]:
    """What the actor may decide now: ``extend``, ``stop-clock``; pauses are ended by their id."""
    if dossier.closed_at is not None:
        return frozenset()
    may = set()
    if access.is_control(actor) or any(
        access.is_head(actor, i.agency_id) for i in _running(session, dossier)
    ):
        may.add("stop-clock")
    given = legal_clock.extension_of(session, dossier) is not None
    if dossier.due_at is not None and not dossier.paused and not given:  # noqa: SIM102
        if _in_charge(session, actor, dossier) is not None:
            may.add("extend")
    return frozenset(may)


def _running(session: Session, dossier: Dossier) -> list[Instance]:
    query = select(Instance).where(Instance.dossier_id == dossier.id, Instance.ended_at.is_(None))
    return list(session.scalars(query.order_by(Instance.id)))


def _incidents(session: Session, dossier: Dossier) -> list[Pause]:
    query = select(Pause).where(
        Pause.dossier_id == dossier.id, Pause.task_id.is_(None), Pause.ended_at.is_(None)
    )
    return list(session.scalars(query))


def _in_charge(session: Session, actor: Actor, dossier: Dossier) -> int | None:
    """The agency at work on the dossier for which the actor may speak: as head, or as handler."""
    for instance in _running(session, dossier):
        if access.is_head(actor, instance.agency_id):
            return instance.agency_id
    held = select(Task.agency_id).where(
        Task.dossier_id == dossier.id, Task.status == "open", Task.assignee_id == actor.person_id
    )
    agency: int | None = session.scalar(held.limit(1))
    return agency if agency in actor.desks else None
