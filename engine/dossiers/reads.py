"""What may be seen of a dossier, by whom: the page, the list, and the live tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from engine.archive.models import ArchivedDossier, ArchivedPart, LegalHold
from engine.calendar import Words
from engine.catalog.releases import Release, form_of, load, options
from engine.dossiers import clock_commands, legal_clock
from engine.dossiers.charges import AgencyTime, charges
from engine.dossiers.checklist import Item, checklist, files_for, readable
from engine.dossiers.commands import plain
from engine.dossiers.contents import Contents, contents_of
from engine.dossiers.demands import Demand, demands
from engine.dossiers.models import Attachment, Dossier, Extension, Instance, Pause, Result
from engine.dossiers.participants import log_read, participants
from engine.dossiers.timeline import OUTCOMES, STATUS, Entry, tell
from engine.errors import Invalid, NotFound
from engine.events import Event
from engine.forms import Form, FormView
from engine.liaison.models import Message
from engine.org import access
from engine.org.access import Actor
from engine.org.models import Agency, Person
from engine.tasks.models import Task

PAGE = 50
STATES = ("open", "late", "paused", "done", "all")
ORDERS: dict[str, tuple[Any, ...]] = {  # what the list may be sorted by; ties by the newest
    "due": (Dossier.due_at.is_(None), Dossier.due_at),
    "new": (),
    "old": (Dossier.id,),
    "name": (Dossier.applicant,),
}


@dataclass(frozen=True)
class Section:
    """Facts as one form shows them: who wrote or received them, and when."""

    title: str
    agency: str
    at: datetime
    view: FormView


@dataclass(frozen=True)
class DossierView:
    """A dossier as one actor may see it. ``full`` is false for the control office: no facts."""

    dossier: Dossier
    release: Release
    full: bool
    facts: list[Section]
    tasks: list[Task]
    messages: list[Message]
    timeline: list[Entry]
    results: list[Result]
    attachments: list[Attachment]
    participants: list[Agency]
    words: Words
    status: str
    tokens: dict[str, list[Any]]
    may: frozenset[str]
    parts: list[AgencyTime]
    stops: list[Pause]
    extension: Extension | None
    checklist: tuple[Item, ...] = ()
    demands: tuple[Demand, ...] = ()
    kept: ArchivedDossier | None = None
    holds: tuple[LegalHold, ...] = ()


@dataclass(frozen=True)
class DossierRow:
    """A line of the list; ``where`` names the steps that are open."""

    dossier: Dossier
    words: Words
    where: str
    status: str
    applicant: str


@dataclass(frozen=True)
class Page:
    """A page of the list; ``next`` is the following page's number, if any."""

    rows: list[DossierRow]
    total: int
    next: int | None


def find(session: Session, actor: Actor, code: str, now: datetime) -> DossierView:
    """A dossier by its code, as far as the actor may see it; the read is recorded."""
    dossier = session.scalar(select(Dossier).where(Dossier.code == code))
    if dossier is None:
        raise NotFound("Không có hồ sơ này, hoặc hồ sơ không qua đơn vị của bạn.")
    agencies = participants(session, dossier)
    mine = set(actor.desks)
    sight = access.may_see_dossier(actor, agencies)
    full = sight is access.Sight.FULL
    if sight is access.Sight.NOTHING:
        raise NotFound("Không có hồ sơ này, hoặc hồ sơ không qua đơn vị của bạn.")
    log_read(session, dossier.id, actor, "dossier" if full else "progress", now)
    release = load(session, dossier.release_id)
    rows = contents_of(session, dossier)
    parts = session.scalars(select(Agency).where(Agency.id.in_(agencies)).order_by(Agency.id)).all()
    names = {agency.id: agency.short_name for agency in parts}
    events = session.scalars(
        select(Event).where(Event.dossier_id == dossier.id).order_by(Event.seq)
    )
    pools = {part.pool for part in rows.instances if part.agency_id in mine}
    reader = (mine, pools, dossier.intake_agency_id)
    attachments = files_for(release.papers, _papers(session, dossier), *reader) if full else []
    listed = readable(release.papers, *reader)
    return DossierView(
        dossier=dossier,
        release=release,
        full=full,
        facts=_facts(session, dossier, release, rows, mine, names) if full else [],
        tasks=rows.tasks,
        messages=rows.messages,
        timeline=tell(events, names),
        results=rows.results,
        attachments=attachments,
        checklist=checklist(listed, _start(rows), attachments) if full else (),
        demands=demands(session, release, rows, {a.id: a for a in parts}) if full else (),
        participants=list(parts),
        words=words_of(session, dossier, now),
        status=status_of(dossier),
        tokens=_tokens(session, rows, now),
        may=_may(actor, dossier, full) | clock_commands.allowed(session, actor, dossier),
        parts=charges(session, dossier, dossier.closed_at or now, rows),
        stops=[pause for pause in rows.pauses if pause.ended_at is None],
        extension=rows.extension,
        kept=session.get(ArchivedDossier, dossier.id) if dossier.archived_at else None,
        holds=tuple(
            session.scalars(
                select(LegalHold).where(
                    LegalHold.dossier_id == dossier.id, LegalHold.released_at.is_(None)
                )
            )
        ),
    )


def search(
    session: Session,
    actor: Actor,
    text: str,
    state: str,
    page: int,
    now: datetime,
    *,
    order: str = "new",
) -> Page:
    """The dossiers that pass through the actor's agencies in one of ``ORDERS``, 50 a page."""
    if state not in STATES or order not in ORDERS or page < 1:
        raise Invalid("Bộ lọc không hợp lệ.")
    wanted = and_(_visible(actor, state), _state(state, now), *_words(text))
    query = (
        select(Dossier)
        .where(wanted)
        .order_by(*ORDERS[order], Dossier.id.desc())
        .offset((page - 1) * PAGE)
        .limit(PAGE + 1)
    )
    found = list(session.scalars(query))
    total = session.scalar(select(func.count()).select_from(Dossier).where(wanted)) or 0
    open_steps = _open_steps(session, [dossier.id for dossier in found])
    masked = not actor.desks
    rows = [
        DossierRow(
            dossier=dossier,
            words=words_of(session, dossier, now),
            where=", ".join(open_steps.get(dossier.id, [])),
            status=status_of(dossier),
            applicant=mask(dossier.applicant) if masked else dossier.applicant,
        )
        for dossier in found[:PAGE]
    ]
    return Page(rows, total, page + 1 if len(found) > PAGE else None)


def by_code(session: Session, code: str) -> Dossier | None:
    """The dossier of a code, for anybody who holds the code."""
    return session.scalar(select(Dossier).where(Dossier.code == code.strip()))


def track(session: Session, code: str, now: datetime) -> dict[str, Any] | None:
    """What anybody who holds the code may know: the status, the date and the agencies at work."""
    dossier = by_code(session, code)
    if dossier is None:
        return None
    rows = contents_of(session, dossier)
    return {
        "code": dossier.code,
        "title": dossier.title,
        "applicant": mask(dossier.applicant),
        "status": status_of(dossier),
        "portal_status": dossier.portal_status,
        "opened_at": dossier.opened_at,
        "due_at": dossier.due_at,
        "closed_at": dossier.closed_at,
        "words": words_of(session, dossier, now),
        "extension": rows.extension,
        "awaited": _awaited(session, dossier, rows),
        "steps": [
            (task.agency.short_name, task.name) for task in rows.tasks if task.status == "open"
        ],
        "results": [(result.name, result.returned_at) for result in rows.results],
    }


def _awaited(
    session: Session, dossier: Dossier, rows: Contents
) -> list[tuple[str, datetime | None]]:
    """Who waits for the citizen's papers now, and until when."""
    waiting = {p.id for p in rows.pauses if p.ended_at is None and p.cause == "supplement"}
    if not waiting:
        return []
    agencies = {task.agency_id: task.agency for task in rows.tasks if task.status == "open"}
    asked = demands(session, load(session, dossier.release_id), rows, agencies)
    return [(demand.agency.name, demand.until) for demand in asked if demand.number in waiting]


def words_of(session: Session, dossier: Dossier, now: datetime) -> Words:
    """What is left of the citizen's date, in words; the outcome once the dossier is closed."""
    if dossier.closed_at is not None:
        on_time = dossier.due_at is None or dossier.closed_at <= dossier.due_at
        text = OUTCOMES.get(dossier.outcome or "", "Đã kết thúc")
        return Words("ok" if on_time else "late", text if on_time else f"{text}, quá hạn")
    if dossier.due_at is None and not dossier.paused:
        return Words("paused", "Chưa tiếp nhận")
    agency = dossier.intake_agency_id
    return legal_clock.words_for(session, agency, now, dossier.due_at, dossier.paused)


def status_of(dossier: Dossier) -> str:
    """The national portal's status in words."""
    return STATUS.get(dossier.portal_status, "")


def mask(name: str) -> str:
    """A name that only its owner recognises: «Nguyễn V** A**»."""
    first, *rest = name.split() or [""]
    return " ".join([first, *(f"{part[0]}**" for part in rest)])


def _facts(
    session: Session,
    dossier: Dossier,
    release: Release,
    rows: Contents,
    mine: set[int],
    names: Mapping[int, str],
) -> list[Section]:
    lists = options(session)
    by_id = {instance.id: instance for instance in rows.instances}
    seen = {number for number, instance in by_id.items() if instance.agency_id in mine}
    sections: list[Section] = []
    for sub in rows.submissions:
        own_intake = sub.form == "start" and dossier.intake_agency_id in mine
        if sub.instance_id not in seen and not own_intake:
            continue
        intake = sub.form == "start"
        agency = dossier.intake_agency_id if intake else by_id[sub.instance_id].agency_id
        title = "Tờ khai" if sub.form == "start" else _step_name(release, sub.form)
        sections.append(
            Section(title, names[agency], sub.at, _shown(release.forms[sub.form], sub.data, lists))
        )
    for message in rows.messages:
        if message.receiver_instance_id not in seen or message.delivered_at is None:
            continue
        for form, data in _by_form(release, message.payload):
            sections.append(
                Section(
                    message.name,
                    names[message.sender_agency_id],
                    message.delivered_at,
                    _shown(form, data, lists),
                )
            )
    return sorted(sections, key=lambda section: section.at)


def _start(rows: Contents) -> dict[str, Any]:
    """The start form's facts as they were handed in last."""
    return next((sub.data for sub in reversed(rows.submissions) if sub.form == "start"), {})


def _shown(form: Form, data: dict[str, Any], lists: dict[str, Any]) -> FormView:
    return form.view(data, data, lists, None, readonly=True)


def _by_form(release: Release, payload: Mapping[str, Any]) -> list[tuple[Form, dict[str, Any]]]:
    """Split what was received by the form whose labels explain it; the start form first."""
    rest = dict(payload)
    parts = []
    for name in ["start", *(n for n in release.forms if n != "start")]:
        form = release.forms[name]
        roots = {path.split(".")[0] for path in form.names}
        known = {key: rest.pop(key) for key in list(rest) if key in roots}
        if known:
            parts.append((form, known))
    return parts


def _step_name(release: Release, form: str) -> str:
    for element in release.model.elements.values():
        if form_of(element) == form:
            return element.name
    return form


def _papers(session: Session, dossier: Dossier) -> list[Attachment]:
    query = select(Attachment).where(
        Attachment.dossier_id == dossier.id, Attachment.removed_at.is_(None)
    )
    return list(session.scalars(query.order_by(Attachment.id)))


def _tokens(session: Session, rows: Contents, now: datetime) -> dict[str, list[Any]]:
    active = []
    for task in rows.tasks:
        if task.status == "open":
            words = legal_clock.words_for(session, task.agency_id, now, task.due_at, task.paused)
            active.append({"id": task.element, "level": words.level, "text": words.text})
    busy = {token["id"] for token in active}
    done = {element for instance in rows.instances for element in instance.trace}
    return {"done": sorted(done - busy), "active": active}


def _may(actor: Actor, dossier: Dossier, full: bool) -> frozenset[str]:
    may = set()
    if full and dossier.closed_at is None:
        may.add("upload")
    if any(role in ("lien-thong", "truong-don-vi") for _agency, role in actor.posts):
        may.add("acknowledge")
    return frozenset(may)


def _visible(actor: Actor, state: str) -> ColumnElement[bool]:
    if access.is_control(actor):
        return Dossier.id.is_not(None)
    through = select(Instance.dossier_id).where(Instance.agency_id.in_(actor.desks))
    ours = or_(Dossier.intake_agency_id.in_(actor.desks), Dossier.id.in_(through))
    if state not in ("done", "all"):  # only closed ones are archived
        return ours
    archived = select(ArchivedPart.dossier_id).where(ArchivedPart.agency_id.in_(actor.desks))
    return or_(ours, Dossier.id.in_(archived))


def _state(state: str, now: datetime) -> ColumnElement[bool]:
    running = and_(Dossier.closed_at.is_(None), Dossier.paused.is_(False))
    return {
        "open": Dossier.closed_at.is_(None),
        "late": and_(running, Dossier.due_at < now),
        "paused": and_(Dossier.closed_at.is_(None), Dossier.paused),
        "done": Dossier.closed_at.is_not(None),
        "all": Dossier.id.is_not(None),
    }[state]


def _words(text: str) -> list[ColumnElement[bool]]:
    return [Dossier.search.contains(word, autoescape=True) for word in plain(text).split()]


def _open_steps(session: Session, ids: list[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    query = (
        select(Task.dossier_id, Task.name, Agency.short_name)
        .join(Agency, Agency.id == Task.agency_id)
        .where(Task.dossier_id.in_(ids), Task.status == "open")
        .order_by(Task.id)
    )
    for dossier_id, name, agency in session.execute(query):
        found.setdefault(dossier_id, []).append(f"{name} ({agency})")
    return found


def name_of(session: Session, person_id: int | None) -> str:
    """A person's name for the screen, or an empty text."""
    person = session.get(Person, person_id) if person_id is not None else None
    return person.name if person else ""
