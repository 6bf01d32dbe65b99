"""What is owed to people outside the application: e-mails and short messages, one row each.

The row is the debt; a worker carries it and writes down what came of it. Outside channels hear no
personal data: an abbreviated name, the code, a date and the address of the tracking page.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, and_, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import one_write
from engine.db import Base, JSONBytes, UTCDateTime
from engine.dossiers.models import Dossier
from engine.errors import NotFound
from engine.org import queries

_VN = ZoneInfo("Asia/Ho_Chi_Minh")
CHANNELS = ("email", "sms")
MOST_ATTEMPTS = 8
_LEASE = timedelta(minutes=2)  # a carrier that died is followed by another after this
_FIRST_WAIT = timedelta(seconds=30)  # then twice as long each time: about an hour in all


class Delivery(Base):
    """One letter to one address. ``values`` fill the template of ``event`` for the channel.

    ``status``: ``owed`` → ``sending`` → ``sent``; ``dead`` after too many attempts; ``off`` when
    the channel is not set up here. ``key`` says the same thing once: a letter with it is never owed
    twice for a dossier, and gateways get it to tell a repetition.
    """

    __tablename__ = "delivery"
    __table_args__ = (UniqueConstraint("key", "dossier_id"), Index(None, "status", "next_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(120))
    event: Mapped[str] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(8))
    recipient: Mapped[str] = mapped_column(String(200))
    dossier_id: Mapped[int | None] = mapped_column(ForeignKey("dossier.id"), index=True)
    procedure: Mapped[str] = mapped_column(String(60), default="")
    version: Mapped[str] = mapped_column(String(10), default="")
    values: Mapped[dict[str, Any]] = mapped_column(JSONBytes)
    status: Mapped[str] = mapped_column(String(8), default="owed")
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(UTCDateTime)
    error: Mapped[str] = mapped_column(String(400), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


def to_applicant(
    session: Session,
    dossier: Dossier,
    event: str,
    now: datetime,
    *,
    ref: str = "",
    due: datetime | None = None,
    result: str = "",
) -> None:
    """Owe the applicant a letter on every channel they gave; ``ref`` tells events of a kind apart.

    Events: ``accepted``, ``supplement``, ``result``, ``late``.
    """
    addresses = {"email": dossier.email, "sms": dossier.phone}
    values = {
        "code": dossier.code,
        "procedure": dossier.title,
        "applicant": initials(dossier.applicant),
        "due": f"{due.astimezone(_VN):%H:%M ngày %d/%m/%Y}" if due else "",
        "result": result,
    }
    _owe(
        session,
        [
            {
                "key": f"{event}:{dossier.id}:{ref}:{channel}",
                "event": event,
                "channel": channel,
                "recipient": address,
                "dossier_id": dossier.id,
                "procedure": dossier.procedure,
                "values": values,
            }
            for channel, address in addresses.items()
            if address
        ],
        now,
    )


def to_post(
    session: Session,
    agency_id: int,
    role: str,
    event: str,
    now: datetime,
    *,
    ref: str,
    values: dict[str, Any],
    dossier: Dossier | None = None,
    only: int | None = None,
) -> None:
    """Owe everybody who holds a post (or ``only`` one of them) an e-mail.

    Events: ``warn``, ``escalation``, ``ack``, ``digest``.
    """
    people = queries.people_with(session, agency_id, role, now)
    _owe(
        session,
        [
            {
                "key": f"{event}:{ref}:{agency_id}:{role}:{person.id}",
                "event": event,
                "channel": "email",
                "recipient": person.email,
                "dossier_id": dossier.id if dossier else None,
                "procedure": dossier.procedure if dossier else "",
                "values": values,
            }
            for person in people
            if person.email and only in (None, person.id)
        ],
        now,
    )


def initials(name: str) -> str:
    """A name as outside channels may carry it: «N. V. An»."""
    *before, last = name.split() or [""]
    return " ".join([*(f"{part[0]}." for part in before), last])


def claim(session: Session, now: datetime, limit: int = 100) -> list[int]:
    """The letters to carry now; each is this caller's for two minutes."""
    owed = (
        select(Delivery.id)
        .where(Delivery.status.in_(("owed", "sending")), Delivery.next_at <= now)
        .order_by(Delivery.next_at, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = session.execute(
        update(Delivery)
        .where(Delivery.id.in_(owed))
        .values(status="owed", next_at=now + _LEASE)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return sorted(number for (number,) in taken)


def begin(session: Session, number: int, now: datetime) -> Delivery | None:
    """One more attempt at a letter that is still owed: counted before it is made."""
    letter = session.scalar(
        select(Delivery)
        .where(Delivery.id == number, Delivery.status == "owed")
        .with_for_update(skip_locked=True)
    )
    if letter is None:
        return None
    letter.status, letter.next_at = "sending", now + _LEASE
    letter.attempts += 1
    session.flush()
    return letter


def sent(session: Session, number: int, now: datetime) -> None:
    """It has arrived at the server or gateway."""
    letter = session.get_one(Delivery, number)
    letter.status, letter.sent_at, letter.error = "sent", now, ""


def failed(session: Session, number: int, now: datetime, why: str, *, final: bool = False) -> None:
    """It could not be handed over: again later, or never when refused for good."""
    letter = session.get_one(Delivery, number)
    letter.error = why[:400]
    if final or letter.attempts >= MOST_ATTEMPTS:
        letter.status = "dead"
    else:
        letter.status = "owed"
        letter.next_at = now + _FIRST_WAIT * 2 ** (letter.attempts - 1)


def switch_off(session: Session, channels: list[str]) -> None:
    """What is owed on channels that are not set up is not kept for later."""
    if channels:
        session.execute(
            update(Delivery)
            .where(Delivery.status == "owed", Delivery.channel.in_(channels))
            .values(status="off", error="Kênh gửi chưa được cấu hình")
            .execution_options(synchronize_session=False)
        )


def again(session: Session, number: int, now: datetime) -> Delivery:
    """A dead letter gets all its attempts once more."""
    letter = session.get(Delivery, number)
    if letter is None or letter.status not in ("dead", "off"):
        raise NotFound("Không có thư nào như vậy đang chờ gửi lại.")
    letter.status, letter.attempts, letter.next_at = "owed", 0, now
    return letter


def counts(session: Session) -> dict[str, int]:
    """How many letters stand in each state."""
    query = select(Delivery.status, func.count()).group_by(Delivery.status)
    return {status: number for status, number in session.execute(query)}  # noqa: C416


def board(session: Session, status: str, limit: int = 100) -> list[Delivery]:
    """The newest letters in a state, or in any (``all``)."""
    query = select(Delivery).order_by(Delivery.id.desc()).limit(limit)
    if status != "all":
        query = query.where(and_(Delivery.status == status))
    return list(session.scalars(query))


def _owe(session: Session, rows: list[dict[str, Any]], now: datetime) -> None:
    for row in rows:
        one_write.insert(session, Delivery, **row, next_at=now, created_at=now)
