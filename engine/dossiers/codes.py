"""The dossier's code: unit – date – serial of the day, taken under a lock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.dossiers.models import CodeCounter
from engine.org.models import Agency

_VN = ZoneInfo("Asia/Ho_Chi_Minh")


def next_code(session: Session, agency: Agency, now: datetime) -> str:
    """The next code of a unit on a day, e.g. ``H99.31-261123-0042`` (four digits: provincial)."""
    session.scalar(select(Agency.id).where(Agency.id == agency.id).with_for_update())
    day = now.astimezone(_VN).date()
    counter = session.scalar(
        select(CodeCounter)
        .where(CodeCounter.agency_id == agency.id, CodeCounter.day == day)
        .with_for_update()
    )
    if counter is None:
        counter = CodeCounter(agency_id=agency.id, day=day, last=0)
        session.add(counter)
    counter.last += 1
    session.flush()
    return f"{agency.code}-{day:%y%m%d}-{counter.last:04d}"
