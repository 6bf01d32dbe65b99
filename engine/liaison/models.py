"""The table of messages that pass between pools."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.db import Base, JSONBytes, UTCDateTime
from engine.dossiers.models import Dossier
from engine.org.models import Agency, Person


class Message(Base):
    """A handoff. ``status``: ``pending`` (kept until wanted), ``delivered``, ``void``.

    Delivered once, to exactly one instance. People acknowledge it apart from delivery;
    ``ack_due_at`` is two working hours after it was sent (NĐ 301/2026).
    """

    __tablename__ = "message"
    __table_args__ = (
        Index(None, "dossier_id", "status"),
        Index(None, "receiver_agency_id", "acknowledged_at"),
        Index(None, "sender_agency_id", "sent_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dossier_id: Mapped[int] = mapped_column(ForeignKey("dossier.id"))
    flow: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(160))
    sender_instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"), index=True)
    sender_agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    receiver_instance_id: Mapped[int | None] = mapped_column(ForeignKey("instance.id"), index=True)
    receiver_agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONBytes)
    status: Mapped[str] = mapped_column(String(10), default="pending")
    note: Mapped[str] = mapped_column(String(200), default="")
    sent_at: Mapped[datetime] = mapped_column(UTCDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ack_due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    acknowledged_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    acknowledged_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    dossier: Mapped[Dossier] = relationship()
    sender: Mapped[Agency] = relationship(foreign_keys=[sender_agency_id])
    receiver: Mapped[Agency | None] = relationship(foreign_keys=[receiver_agency_id])
    acknowledger: Mapped[Person | None] = relationship()
