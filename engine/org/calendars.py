"""The working calendar of an agency, put together from the tables. Dated inside: ask it once.

Rows are only ever added, one import after another, so the calendar as it was known at any earlier
moment can still be had: a date promised by it is counted by it for good.
"""

from __future__ import annotations

import time as clock
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Engine, and_, func, select
from sqlalchemy.orm import Session

from engine.calendar import Calendar, Day, Hours, Layer, default_calendar
from engine.calendar.hours import Season, Week, read_part, read_shifts, shifts_text
from engine.errors import Invalid, NotFound
from engine.org.models import Agency, AgencyCalendar, CalendarDay, CalendarImport
from engine.org.queries import KINDS

FRESH = 1.0  # seconds until another process's import is looked for

_DEFAULT = default_calendar()


@dataclass(frozen=True)
class Scope:
    """For whom a calendar holds: one agency, one kind of agency, or (neither) the province."""

    agency_id: int | None = None
    kind: str | None = None
    name: str = "toàn tỉnh"

    def holds(self, table: type[AgencyCalendar] | type[CalendarDay]) -> ColumnElement[bool]:
        """The rows said for exactly this scope."""
        return and_(
            table.agency_id.is_(None)
            if self.agency_id is None
            else table.agency_id == self.agency_id,
            table.kind.is_(None) if self.kind is None else table.kind == self.kind,
        )


@dataclass
class _Known:
    """What this process knows of one database's calendars."""

    checked: float = float("-inf")
    revision: tuple[int, int] = (0, 0)  # highest import, how many
    imports: list[tuple[datetime, int]] = field(default_factory=list)
    kinds: dict[int, str | None] = field(default_factory=dict)
    calendars: dict[tuple[int | None, int], Calendar] = field(default_factory=dict)
    alike: dict[tuple[int, ...], Calendar] = field(default_factory=dict)


_known: WeakKeyDictionary[Engine, _Known] = WeakKeyDictionary()
_lock = Lock()


def calendar_of(
    session: Session, agency_id: int | None, known_at: datetime | None = None
) -> Calendar:
    """The calendar by which an agency's time counts; the province's for None.

    The agency's own rows lie over those of its kind, those over the province's, those over
    Vietnam's holidays and office hours. ``known_at``: as it was known at that moment, whatever was
    imported later. Kept by this process; an import of another process is seen within a second.
    """
    known = _fresh(session)
    last = known.revision[0]
    if known_at is not None:
        last = max((number for at, number in known.imports if at <= known_at), default=0)
    if not last:
        return _DEFAULT
    found = known.calendars.get((agency_id, last))
    if found is None:
        rows = _rows(session, _scopes(session, agency_id), last)
        same = tuple(number for part in rows for number in part.numbers)
        found = known.alike.get(same)
        if found is None:
            found = known.alike[same] = _DEFAULT.over(*(part.layer for part in rows))
        known.calendars[agency_id, last] = found
    return found


def forget(session: Session) -> None:
    """Look for new imports at the next question (after an import was committed here)."""
    with _lock:
        _known.pop(_engine(session), None)


def scope_of(session: Session, agency: str | None = None, kind: str | None = None) -> Scope:
    """The scope named by an agency's code or by a kind; NotFound or Invalid with a sentence."""
    if agency and kind:
        raise Invalid("Chỉ nêu một trong hai: mã cơ quan hoặc loại cơ quan.")
    if agency:
        row = session.scalar(select(Agency).where(Agency.code == agency))
        if row is None:
            raise NotFound(f"Không có cơ quan nào có mã «{agency[:40]}».")
        return Scope(agency_id=row.id, name=row.name)
    if kind:
        if kind not in KINDS:
            raise NotFound(f"Không có loại cơ quan «{kind[:40]}». Có: {', '.join(KINDS)}.")
        return Scope(kind=kind, name=f"mọi cơ quan {KINDS[kind]}")
    return Scope()


def layer_of(session: Session, scope: Scope) -> Layer:
    """What the imports say for exactly this scope, read from the tables."""
    return _rows(session, [scope], None)[0].layer


def beneath(session: Session, scope: Scope) -> Calendar:
    """The calendar on which this scope's own rows lie, read from the tables."""
    below = [Scope()] if scope.agency_id or scope.kind else []
    if scope.agency_id is not None:
        below.append(Scope(kind=session.get_one(Agency, scope.agency_id).kind))
    return _DEFAULT.over(*(part.layer for part in _rows(session, below, None)))


def calendars_with(
    session: Session, agencies: Iterable[int], scope: Scope, layer: Layer
) -> dict[int, Calendar]:
    """The calendars of agencies in a scope as they would be with a further layer for it."""
    found: dict[int, Calendar] = {}
    alike: dict[tuple[tuple[int, ...], ...], Calendar] = {}
    for agency_id in agencies:
        scopes = _scopes(session, agency_id)
        parts = _rows(session, scopes, None)
        same = tuple(part.numbers for part in parts)
        if same not in alike:
            layers = []
            for said, part in zip(scopes, parts, strict=True):
                layers.append(part.layer)
                if (said.agency_id, said.kind) == (scope.agency_id, scope.kind):
                    layers.append(layer)
            alike[same] = _DEFAULT.over(*layers)
        found[agency_id] = alike[same]
    return found


def rows_of(layer: Layer, scope: Scope, number: int) -> list[AgencyCalendar | CalendarDay]:
    """The rows that say a layer for a scope, of the import with that number."""
    rows: list[AgencyCalendar | CalendarDay] = []
    for hours in layer.hours:
        rows.append(
            AgencyCalendar(
                agency_id=scope.agency_id,
                kind=scope.kind,
                valid_from=hours.since,
                valid_to=hours.until,
                season=_season_text(hours.season),
                hours=_hours_json(hours),
                note=hours.note,
                document=hours.document,
                import_id=number,
            )
        )
    for day, special in layer.days.items():
        rows.append(
            CalendarDay(
                agency_id=scope.agency_id,
                kind=scope.kind,
                day=day,
                what=special.kind,
                weekday=special.like,
                shifts=shifts_text(special.shifts, special.part),
                note=special.note,
                document=special.document,
                import_id=number,
            )
        )
    return rows


@dataclass(frozen=True)
class _Part:
    """One scope's layer and the numbers of the rows that said it."""

    layer: Layer
    numbers: tuple[int, ...]


def _fresh(session: Session) -> _Known:
    engine = _engine(session)
    with _lock:
        known = _known.setdefault(engine, _Known())
    if clock.monotonic() - known.checked < FRESH:
        return known
    checked = clock.monotonic()
    row = session.execute(select(func.max(CalendarImport.id), func.count(CalendarImport.id))).one()
    revision = (row[0] or 0, row[1])
    if revision != known.revision:
        query = select(CalendarImport.imported_at, CalendarImport.id).order_by(CalendarImport.id)
        imports = [(at, number) for at, number in session.execute(query)]
        known = _Known(revision=revision, imports=imports)
        with _lock:
            _known[engine] = known
    known.checked = checked
    return known


def _engine(session: Session) -> Engine:
    return session.get_bind().engine


def _scopes(session: Session, agency_id: int | None) -> list[Scope]:
    scopes = [Scope()]
    if agency_id is not None:
        kind = session.scalar(select(Agency.kind).where(Agency.id == agency_id))
        scopes += [Scope(kind=kind)] if kind else []
        scopes.append(Scope(agency_id=agency_id))
    return scopes


def _rows(session: Session, scopes: Iterable[Scope], last: int | None) -> list[_Part]:
    """What was said for each of the scopes by the imports up to ``last``."""
    parts = []
    for scope in scopes:
        numbers: list[int] = []
        found: list[list[Any]] = []
        for table in (AgencyCalendar, CalendarDay):
            query = select(table).where(scope.holds(table)).order_by(table.import_id, table.id)
            if last is not None:
                query = query.where(table.import_id <= last)
            rows: list[Any] = list(session.scalars(query))
            found.append(rows)
            numbers += [-row.id if table is CalendarDay else row.id for row in rows]
        hours, days = found
        layer = Layer(tuple(map(_hours, hours)), {row.day: _day(row) for row in days})
        parts.append(_Part(layer, tuple(numbers)))
    return parts


def _day(row: CalendarDay) -> Day:
    part = read_part(row.shifts) or ""
    shifts = () if part or not row.shifts else read_shifts(row.shifts)
    kind: Any = row.what
    return Day(kind, shifts, row.weekday, part, row.note, row.document)


def _hours(row: AgencyCalendar) -> Hours:
    try:
        late = row.hours.get("late_after")
        return Hours(
            row.valid_from,
            row.valid_to,
            week=_week(row.hours.get("week")),
            intake=_week(row.hours.get("intake")),
            late_after=time.fromisoformat(late) if late else None,
            season=_season(row.season),
            note=row.note,
            document=row.document,
        )
    except (AttributeError, TypeError, ValueError, Invalid) as error:
        raise Invalid(f"Giờ làm việc số {row.id} trong cơ sở dữ liệu bị hỏng: {error}.") from error


def _week(said: list[str] | None) -> Week | None:
    return None if said is None else tuple(read_shifts(day) if day else () for day in said)


def _hours_json(hours: Hours) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name, week in (("week", hours.week), ("intake", hours.intake)):
        if week is not None:
            said[name] = [shifts_text(shifts) for shifts in week]
    if hours.late_after is not None:
        said["late_after"] = f"{hours.late_after:%H:%M}"
    return said


def _season(text: str | None) -> Season | None:
    if text is None:
        return None
    first, last = (date.fromisoformat(f"2024-{part}") for part in text.split(".."))
    return (first.month, first.day), (last.month, last.day)


def _season_text(season: Season | None) -> str | None:
    if season is None:
        return None
    return "..".join(f"{month:02d}-{day:02d}" for month, day in season)
