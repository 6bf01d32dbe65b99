"""«Vì sao có ngày này?»: a date told line by line, so that anybody can check it. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine import calendar
from engine.calendar import Calendar, moment_words
from engine.catalog.releases import load
from engine.dossiers import legal_clock
from engine.dossiers.contents import contents_of
from engine.dossiers.models import Dossier, Pause
from engine.dossiers.step_limits import CAUSES, times_of
from engine.tasks.models import Task


@dataclass(frozen=True)
class Line:
    """One line: what it is about, what it says, and whether time was counted there."""

    head: str
    text: str
    counts: bool


@dataclass(frozen=True)
class Part:
    """One limit of which the date is made, day by day."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Stop:
    """A time in which the clock stood still. Who and by which paper is for inside eyes."""

    id: int
    cause: str
    begin: datetime
    end: datetime | None
    reason: str
    document: str
    who: str


@dataclass(frozen=True)
class NewDate:
    """The one new date that was given, by whom and why."""

    before: datetime
    until: datetime
    at: datetime
    agency: str
    reason: str
    document: str


@dataclass(frozen=True)
class Why:
    """A date and all it follows from. ``due`` is None when nothing is counted (yet)."""

    due: datetime | None
    paused: bool
    summary: str
    parts: tuple[Part, ...] = ()
    stops: tuple[Stop, ...] = ()
    extension: NewDate | None = None


def of_dossier(session: Session, dossier: Dossier, now: datetime, *, inside: bool) -> Why:
    """Why the citizen has this date. ``inside`` tells names and papers of the offices too."""
    rows = contents_of(session, dossier)
    pauses = sorted(rows.pauses, key=lambda pause: (pause.started_at, pause.id))
    stops = tuple(_stop(pause, inside) for pause in pauses)
    if dossier.accepted_at is None or not dossier.promise:
        text = (
            "Hồ sơ chưa được tiếp nhận chính thức nên chưa có ngày hẹn trả. "
            "Thời hạn bắt đầu khi hồ sơ đủ thành phần và được tiếp nhận."
        )
        return Why(dossier.due_at, dossier.paused, text, stops=stops)
    days = legal_clock.calendar_for(session, dossier.intake_agency_id, dossier.accepted_at)
    given = rows.extension
    spans = [(p.started_at, p.ended_at) for p in pauses]
    start, parts = dossier.accepted_at, []
    for number, limit in enumerate(dossier.promise, 1):
        words = calendar.parse_limit(limit).words
        title = f"Chặng {number}: {words}" if len(dossier.promise) > 1 else f"Thời hạn {words}"
        parts.append(Part(title, _explained(days, start, limit, spans, now)))
        start = calendar.due(days, start, limit, spans, now)
    whole = " và ".join(calendar.parse_limit(limit).words for limit in dossier.promise)
    summary = (
        f"Tiếp nhận chính thức lúc {moment_words(days, dossier.accepted_at)}; "
        f"thời hạn theo quy định là {whole}"
    )
    if len(dossier.promise) > 1:
        summary += ", các chặng tính nối tiếp nhau"
    extension = None
    if given is not None:
        extension = NewDate(
            given.before, given.until, given.at, given.agency.name, given.reason, given.document
        )
    return Why(dossier.due_at, dossier.paused, f"{summary}.", tuple(parts), stops, extension)


def of_task(session: Session, task: Task, now: datetime) -> Why:
    """Why a step has this date: its own limit, and what is left to its agency."""
    release = load(session, task.dossier.release_id)
    times = times_of(release, release.model.elements[task.element])
    until = task.closed_at or now
    pauses = [
        pause
        for pause in _pauses(session, task.dossier_id, task.instance_id)
        if pause.started_at < until
    ]
    stops = tuple(_stop(pause, True) for pause in pauses)
    if times.pauses is not None:
        text = (
            f"{CAUSES[times.pauses]}: trong lúc chờ, thời hạn của đơn vị và của hồ sơ tạm dừng; "
            "không ai bị tính giờ ở bước này."
        )
        return Why(None, True, text, stops=stops)
    spans = [(p.started_at, p.ended_at) for p in pauses]
    parts = []
    start = task.counted_from or task.created_at
    days = legal_clock.calendar_for(session, task.agency_id, start)
    said = []
    if times.limit is not None:
        words = calendar.parse_limit(times.limit).words
        said.append(f"thời hạn của bước là {words}")
        counted = calendar.start_after_15h(days, start) if times.after_15h else start
        lines = _explained(days, counted, times.limit, spans, now, accepted=start)
        parts.append(Part(f"Thời hạn của bước: {words}", lines))
    limit = release.model.pools[task.instance.pool].properties.get("limit")
    if limit:
        words = calendar.parse_limit(limit).words
        said.append(f"không quá thời hạn của cơ quan, {words}")
        lines = _explained(days, task.instance.started_at, limit, spans, now)
        parts.append(Part(f"Thời hạn của cơ quan: {words}", lines))
    if not parts:
        return Why(None, task.paused, "Bước này không có thời hạn riêng.", stops=stops)
    summary = "; ".join(said)
    if len(parts) > 1:
        summary += "; hạn là ngày đến trước"
    if task.counted_from is not None:
        summary += (
            f". Bước này mở lại sau khi bổ sung nên tính tiếp từ lần đầu, "
            f"{moment_words(days, task.counted_from)}, không tính lại từ đầu"
        )
    return Why(task.due_at, task.paused, f"{summary[0].upper()}{summary[1:]}.", tuple(parts), stops)


def _explained(
    days: Calendar,
    start: datetime,
    limit: str,
    pauses: list[tuple[datetime, datetime | None]],
    now: datetime,
    accepted: datetime | None = None,
) -> tuple[Line, ...]:
    told = calendar.explain(days, start, limit, pauses, now=now, accepted=accepted)
    return tuple(_line(text) for text in told)


def _line(text: str) -> Line:
    head, colon, rest = text.partition(": ")
    if not colon:
        return Line("", text, True)
    idle = "không tính" in rest or "nghỉ" in rest
    return Line(head, rest, not idle)


def _pauses(session: Session, dossier_id: int, instance_id: int) -> list[Pause]:
    query = select(Pause).where(
        Pause.dossier_id == dossier_id,
        or_(Pause.instance_id == instance_id, Pause.instance_id.is_(None)),
    )
    return list(session.scalars(query.order_by(Pause.started_at, Pause.id)))


def _stop(pause: Pause, inside: bool) -> Stop:
    return Stop(
        id=pause.id,
        cause=CAUSES[pause.cause],
        begin=pause.started_at,
        end=pause.ended_at,
        reason=pause.reason if inside or pause.cause == "incident" else "",
        document=pause.document,
        who=pause.started_by if inside else "",
    )
