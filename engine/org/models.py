"""Tables of the organisation. History is never renamed: a row ends and another begins."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.db import Base, JSONBytes, UTCDateTime


class Place(Base):
    """A commune or ward (xã, phường, đặc khu) by its administrative code."""

    __tablename__ = "place"

    code: Mapped[str] = mapped_column(String(10), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    parent_code: Mapped[str | None] = mapped_column(String(10))


class Agency(Base):
    """An agency of one kind (``ubnd-xa``, ``cong-an``, …) while it exists."""

    __tablename__ = "agency"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(160))
    short_name: Mapped[str] = mapped_column(String(60))
    level: Mapped[str] = mapped_column(String(10))  # xa | huyen | tinh
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"))
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"))
    address: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(20), default="")
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class Jurisdiction(Base):
    """Which agency of a kind serves a place, and when. ``valid_to`` is the last day."""

    __tablename__ = "jurisdiction"
    __table_args__ = (Index(None, "kind", "place_code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    place_code: Mapped[str] = mapped_column(ForeignKey("place.code"))
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    agency: Mapped[Agency] = relationship()


class Person(Base):
    """Somebody who logs in. ``password_hash`` is argon2id."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(160), default="")
    password_hash: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    posts: Mapped[list[Assignment]] = relationship(back_populates="person")


class Assignment(Base):
    """A person's role in an agency, and when. Roles are the codes of the lanes, and a few more."""

    __tablename__ = "assignment"
    __table_args__ = (Index(None, "agency_id", "role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    role: Mapped[str] = mapped_column(String(30))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    person: Mapped[Person] = relationship(back_populates="posts")
    agency: Mapped[Agency] = relationship()


class CalendarImport(Base):
    """One yearly calendar taken in. The highest ``id`` is the revision of all calendars."""

    __tablename__ = "calendar_import"

    id: Mapped[int] = mapped_column(primary_key=True)
    filename: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    imported_at: Mapped[datetime] = mapped_column(UTCDateTime)
    imported_by: Mapped[str] = mapped_column(String(120))


class AgencyCalendar(Base):
    """Weekly hours of an agency, of a kind of agency, or (neither) of the whole province.

    ``hours`` are read and checked by ``engine.org.calendars``. Rows are only added: of two that
    cover a day the later import holds. ``valid_to`` is the last day; ``season`` ("04-15..10-15")
    returns every year.
    """

    __tablename__ = "agency_calendar"
    __table_args__ = (
        Index(None, "agency_id"),
        Index(None, "kind"),
        CheckConstraint("agency_id IS NULL OR kind IS NULL", name="ck_agency_calendar_scope"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"))
    kind: Mapped[str | None] = mapped_column(String(20))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    season: Mapped[str | None] = mapped_column(String(12))
    hours: Mapped[dict[str, Any]] = mapped_column(JSONBytes)
    note: Mapped[str] = mapped_column(String(200), default="")
    document: Mapped[str] = mapped_column(String(200), default="")
    import_id: Mapped[int] = mapped_column(ForeignKey("calendar_import.id"))


class CalendarDay(Base):
    """A day that is not as its weekday is: off, make-up, half, intake only, or usual after all.

    For an agency, a kind, or the province, like ``AgencyCalendar``. Rows are only added: of two for
    one day the later import holds. ``weekday`` (0 is Monday) is the one whose hours it has;
    ``shifts`` ("07:30-11:30", "sáng") its own.
    """

    __tablename__ = "calendar_day"
    __table_args__ = (
        Index(None, "agency_id"),
        Index(None, "kind"),
        CheckConstraint("agency_id IS NULL OR kind IS NULL", name="ck_calendar_day_scope"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"))
    kind: Mapped[str | None] = mapped_column(String(20))
    day: Mapped[date]
    what: Mapped[str] = mapped_column(String(10))
    weekday: Mapped[int | None]
    shifts: Mapped[str] = mapped_column(String(120), default="")
    note: Mapped[str] = mapped_column(String(200), default="")
    document: Mapped[str] = mapped_column(String(200), default="")
    import_id: Mapped[int] = mapped_column(ForeignKey("calendar_import.id"))
