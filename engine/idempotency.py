"""A repeated request with the same key gets the first answer and acts only once."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import one_write
from engine.db import Base, JSONBytes, UTCDateTime
from engine.errors import Conflict, Invalid


class IdempotencyKey(Base):
    """The answer given to a person's key, and the digest of what was asked."""

    __tablename__ = "idempotency_key"
    __table_args__ = (UniqueConstraint("person_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    key: Mapped[str] = mapped_column(String(80))
    asked: Mapped[str] = mapped_column(String(64))
    answer: Mapped[dict[str, Any]] = mapped_column(JSONBytes)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


def digest(*parts: Any) -> str:
    """A digest of what is asked: equal requests have equal digests."""
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def checked(key: str | None) -> str | None:
    """A key that can be kept, or none. Raises Invalid when it is too long."""
    if key and len(key) > 80:
        raise Invalid("Idempotency-Key dài quá 80 ký tự; hãy dùng khóa ngắn hơn.")
    return key or None


def answer_of(row: IdempotencyKey, asked: str) -> dict[str, Any]:
    """The earlier answer. The same key for another request is refused."""
    if row.asked != asked:
        raise Conflict(
            "Khóa Idempotency-Key này đã dùng cho một yêu cầu khác; hãy tạo khóa mới.",
            code="idempotency-reuse",
        )
    return row.answer


def recall(session: Session, person_id: int, key: str | None, asked: str) -> dict[str, Any] | None:
    """The earlier answer to this key, or nothing."""
    if not checked(key):
        return None
    row = session.scalar(
        select(IdempotencyKey).where(
            IdempotencyKey.person_id == person_id, IdempotencyKey.key == key
        )
    )
    return None if row is None else answer_of(row, asked)


def remember(
    session: Session,
    person_id: int,
    key: str | None,
    asked: str,
    answer: dict[str, Any],
    now: datetime,
) -> None:
    """Keep the answer in the same transaction as the act."""
    if key:
        row = {"person_id": person_id, "key": key, "asked": asked, "answer": answer, "at": now}
        one_write.insert(session, IdempotencyKey, **row)
