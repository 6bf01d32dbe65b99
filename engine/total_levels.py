"""What follows when the citizen's date comes near, comes, and is past: who hears of the dossier."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import events, letters
from engine.catalog.releases import load
from engine.dossiers.models import Dossier
from engine.dossiers.step_limits import of_all_steps
from engine.notices import notify
from engine.org import queries
from engine.org.access import CONTROL, HEAD, INTAKE, ROLES, SYSTEM
from engine.tasks.models import Task

_VN = ZoneInfo("Asia/Ho_Chi_Minh")
_SAID = {
    "all-warn": ("warn", "Sắp đến ngày hẹn trả"),
    "all-due": ("due", "Đến ngày hẹn trả"),
    "all-late": ("escalation", "Quá ngày hẹn trả, cần chỉ đạo và xin lỗi người dân"),
}
Post = tuple[int, str]


def reach_total(session: Session, dossier: Dossier, level: str, now: datetime) -> None:
    """Record a level of the citizen's date and tell its posts; the caller holds the dossier.

    The counter that gave the date hears of it; when it is past, the roles of ``escalate_to``. A
    post that hears the same of a step with the same date is not told twice.
    """
    if dossier.closed_at is not None or dossier.due_at is None:
        return
    waiting = session.execute(
        select(Task.agency_id, Task.role, Task.due_at).where(
            Task.dossier_id == dossier.id, Task.status == "open", Task.paused.is_(False)
        )
    ).all()
    same = {(agency, role) for agency, role, due in waiting if due == dossier.due_at}
    if level == "all-late":
        same = {(agency, HEAD) for agency, _role in same}
        told = _who_answers(session, dossier, {agency for agency, _role, _due in waiting}, now)
    else:
        told = [(dossier.intake_agency_id, INTAKE)]
    events.record(
        session,
        dossier,
        level,
        SYSTEM,
        now,
        agency_id=dossier.intake_agency_id,
        due=dossier.due_at.isoformat(),
        to=", ".join(dict.fromkeys(ROLES[role] for _agency, role in told)) or "không ai",
    )
    kind, sentence = _SAID[level]
    due = f"{dossier.due_at.astimezone(_VN):%H:%M %d/%m/%Y}"
    text = f"{sentence}: {dossier.title}, hồ sơ {dossier.code}, hẹn trả {due}."
    for agency, role in told:
        if (agency, role) in same:
            continue
        notify(session, kind, agency, role, text, dossier.id, None, now)
        if kind == "escalation":
            letters.to_post(
                session,
                agency,
                role,
                kind,
                now,
                ref=f"d{dossier.id}",
                values={
                    "code": dossier.code,
                    "procedure": dossier.title,
                    "step": "Trả kết quả cho người dân",
                    "agency": dossier.intake_agency.short_name,
                    "due": due,
                },
                dossier=dossier,
            )


def _who_answers(
    session: Session, dossier: Dossier, working: set[int], now: datetime
) -> list[Post]:
    """The heads of the counter and of every agency that still works, the control offices, …"""
    found: list[Post] = []
    for role in of_all_steps(load(session, dossier.release_id).meta).escalate_to:
        if role == CONTROL:
            found += [(agency, role) for agency in queries.control_offices(session, now)]
        elif role == HEAD:
            found += [(agency, role) for agency in sorted({dossier.intake_agency_id, *working})]
        else:
            found.append((dossier.intake_agency_id, role))
    return found
