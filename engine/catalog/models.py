"""The table of published procedure versions."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, UTCDateTime


class ReleaseRow(Base):
    """One published version of a procedure; its files never change afterwards.

    ``files`` is a zstd-compressed JSON object {relative path: text}. The version in force on a day
    is the one with the latest ``valid_from`` not after it, published last.
    """

    __tablename__ = "release"
    __table_args__ = (UniqueConstraint("procedure", "version", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    procedure: Mapped[str] = mapped_column(String(60), index=True)
    version: Mapped[str] = mapped_column(String(10))
    digest: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(300))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    files: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    published_at: Mapped[datetime] = mapped_column(UTCDateTime)
