"""Every role in every kind of agency tries every action, by page and by API.

What each may do is written down here once more, apart from the code that decides it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from werkzeug.test import TestResponse

from engine.db import writing
from engine.dossiers import clock_commands, papers
from engine.dossiers.models import Dossier
from engine.liaison.models import Message
from engine.notices import Notice, notify
from engine.org import queries
from engine.org.models import Agency, Assignment, Person
from engine.tasks import commands
from engine.tasks.models import Task
from tests.webapp.api_house import PROCEDURE, House, Program

ROLES = (
    "mot-cua",
    "ho-tich",
    "lanh-dao",
    "cu-tru",
    "che-do",
    "chinh-sach",
    "bao-tro",
    "truong-don-vi",
    "lien-thong",
    "kiem-soat",
    "quan-tri",
)
WATCHERS = ("kiem-soat", "quan-tri")
OWNER, SENDER = "H99.41.01", "H99.31.01"  # Công an Tân An holds the task that UBND Tân An sent
AGENCIES = (OWNER, SENDER, "H99.41.02", "H99.01")  # and two that have no part in the dossier
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\n%%EOF"
ONCE = (("remove", "page"), ("end an incident", "page"))  # done by API just before
GOOD, REFUSED = range(200, 400), (403, 404)


@dataclass(frozen=True)
class Someone:
    """One person with one post."""

    agency: str
    role: str

    @property
    def works(self) -> bool:
        return self.role not in WATCHERS

    @property
    def takes_part(self) -> bool:
        return self.works and self.agency in (OWNER, SENDER)

    @property
    def owns(self) -> bool:
        return self.works and self.agency == OWNER


@dataclass(frozen=True)
class Scene:
    """What everybody tries to lay hands on."""

    code: str
    other: str
    free: int  # a task of OWNER's cu-tru that nobody holds
    held: int  # one that an officer of OWNER holds
    paper: int
    message: int
    pause: int  # for an incident at OWNER, of the dossier whose task is held
    notices: dict[str, int]


# The table: who may. Reading a dossier's progress is the control office's; all else is work.
MAY: dict[str, Callable[[Someone], bool]] = {
    "read dossier": lambda s: s.takes_part or s.role == "kiem-soat",
    "read facts": lambda s: s.takes_part,
    "read task": lambda s: s.owns,
    "work on task": lambda s: s.owns and s.role == "cu-tru",
    "release another's": lambda s: s.owns and s.role == "truong-don-vi",
    "reassign": lambda s: s.owns and s.role == "truong-don-vi",
    "upload": lambda s: s.takes_part,
    "download": lambda s: s.takes_part,
    "remove": lambda s: s.works and s.agency == SENDER,
    "acknowledge": lambda s: s.owns and s.role in ("lien-thong", "truong-don-vi"),
    "read notice": lambda s: s == Someone(OWNER, "truong-don-vi"),
    "open dossier": lambda s: s.role == "mot-cua",
    "read queue": lambda s: s.role in WATCHERS,
    "give a new date": lambda s: s.takes_part and s.role == "truong-don-vi",
    "stop the clock": lambda s: (
        s.role == "kiem-soat" or (s.takes_part and s.role == "truong-don-vi")
    ),
    "end an incident": lambda s: s.role == "kiem-soat" or (s.owns and s.role == "truong-don-vi"),
}


class Try:
    """One person at the door, by API and by page."""

    def __init__(self, house: House, scene: Scene, person_id: int) -> None:
        self.house, self.scene = house, scene
        self.program = Program(house.app.test_client())
        with self.program.client.session_transaction() as session:
            session["_user_id"] = str(person_id)  # logged in: passwords are tested elsewhere
        self.program.token = self.program.get("/session").json["csrf_token"]

    def page(self, path: str, **form: Any) -> TestResponse:
        headers = {"X-CSRFToken": self.program.token}
        return self.program.client.post(path, data=form, headers=headers)

    def look(self, path: str) -> TestResponse:
        return self.program.client.get(path)

    def attempts(self) -> Iterator[tuple[str, str, Callable[[], TestResponse]]]:
        """(action, door, attempt); those that change least come first."""
        at, api, page, look = self.scene, self.program, self.page, self.look
        code, free, held = at.code, at.free, at.held

        def paper() -> dict[str, Any]:
            return {"file": (io.BytesIO(PDF), "a.pdf"), "tep": (io.BytesIO(PDF), "a.pdf")}

        yield "read dossier", "api", lambda: api.get(f"/dossiers/{code}")
        yield "read dossier", "api events", lambda: api.get(f"/dossiers/{code}/events")
        yield "read dossier", "api diagram", lambda: api.get(f"/dossiers/{code}/diagram")
        yield "read dossier", "api papers", lambda: api.get(f"/dossiers/{code}/papers")
        yield "read dossier", "page", lambda: look(f"/ho-so/{code}")
        yield "read dossier", "page diagram", lambda: look(f"/ho-so/{code}/so-do.bpmn")
        yield "read dossier", "api why", lambda: api.get(f"/dossiers/{code}/why")
        yield "read dossier", "page why", lambda: look(f"/ho-so/{code}/vi-sao")
        yield "read task", "api why", lambda: api.get(f"/tasks/{free}/why")
        yield "read task", "page why", lambda: look(f"/viec/{free}/vi-sao")
        # Whoever may decide is told that the reason is too short.
        late = {"until": "2026-12-30", "reason": "x", "document": "7"}
        dark = {"reason": "x", "document": "7"}
        yield "give a new date", "api", lambda: api.post(f"/dossiers/{code}/extend", late)
        yield "give a new date", "page", lambda: page(f"/ho-so/{code}/hen-lai", ngay="30/12/2026")
        yield "stop the clock", "api", lambda: api.post(f"/dossiers/{code}/incidents", dark)
        yield "stop the clock", "page", lambda: page(f"/ho-so/{code}/su-co")
        yield "download", "api", lambda: api.get(f"/papers/{at.paper}")
        yield "download", "page", lambda: look(f"/giay-to/{at.paper}")
        yield "read task", "api", lambda: api.get(f"/tasks/{free}")
        yield "read task", "page", lambda: look(f"/viec/{free}")
        yield "work on task", "api draft", lambda: api.post(f"/tasks/{free}/draft", {"data": {}})
        yield "work on task", "page draft", lambda: page(f"/viec/{free}/bieu-mau")
        yield (
            "work on task",
            "api complete",
            lambda: api.post(f"/tasks/{free}/complete", {"data": {}}),
        )
        yield "work on task", "page complete", lambda: page(f"/viec/{free}/hoan-thanh")
        yield "work on task", "api claim", lambda: api.post(f"/tasks/{free}/claim")
        yield "work on task", "page claim", lambda: page(f"/viec/{free}/nhan")
        yield "release another's", "api", lambda: api.post(f"/tasks/{held}/release")
        yield "release another's", "page", lambda: page(f"/viec/{held}/tra")
        yield "reassign", "api", lambda: api.post(f"/tasks/{held}/reassign", {"person_id": 1})
        yield "reassign", "page", lambda: page(f"/viec/{held}/giao", nguoi="1")
        yield "upload", "api", lambda: api.post(f"/dossiers/{code}/papers", data=paper())
        yield "upload", "page", lambda: page(f"/ho-so/{code}/giay-to", **paper())
        yield "acknowledge", "api", lambda: api.post(f"/handoffs/{at.message}/acknowledge")
        yield "acknowledge", "page", lambda: page(f"/lien-thong/{at.message}/xac-nhan")
        yield (
            "open dossier",
            "api",
            lambda: api.post("/dossiers", {"procedure": PROCEDURE, "data": {}}),
        )
        yield "open dossier", "page", lambda: page(f"/tiep-nhan/{PROCEDURE}")
        yield "read queue", "api", lambda: api.get("/queue")
        for door, number in at.notices.items():
            yield "read notice", door, self._notice(door, number)
        yield "remove", "api", lambda: api.delete(f"/papers/{at.paper}")
        yield "remove", "page", lambda: page(f"/giay-to/{at.paper}/go")
        yield "end an incident", "api", lambda: api.post(f"/pauses/{at.pause}/end")
        yield "end an incident", "page", lambda: page(f"/ho-so/{at.other}/su-co/{at.pause}/het")

    def _notice(self, door: str, number: int) -> Callable[[], TestResponse]:
        if door == "api":
            return lambda: self.program.post(f"/notices/{number}/read")
        return lambda: self.page(f"/thong-bao/{number}")


def test_each_role_in_each_agency_does_its_own_and_nothing_else(sqlite_house: House) -> None:
    """Whoever may, is not refused; whoever may not gets 403 or 404, and nothing changes."""
    house = sqlite_house
    people = _settle(house)
    wrong: list[str] = []
    count = 0
    scene = _scene(house)
    for who, person_id in people.items():
        visitor = Try(house, scene, person_id)
        before = house.mark()
        for action, door, attempt in visitor.attempts():
            count += 1
            if MAY[action](who):
                continue
            status = attempt().status_code
            silent = action == "read notice" and door == "page" and status == 302
            if status not in REFUSED and not silent:
                wrong.append(f"{who.role} of {who.agency}: {action} by {door} gave {status}")
        if house.mark() != before or not _unread(house, scene):
            wrong.append(f"{who.role} of {who.agency}: something changed")
            before = house.mark()
    for who, person_id in people.items():
        if not any(allowed(who) for allowed in MAY.values()):
            continue
        fresh = _scene(house) if _changes(who) else scene
        visitor = Try(house, fresh, person_id)
        for action, door, attempt in visitor.attempts():
            if not MAY[action](who) or (action, door) in ONCE:
                continue
            _hold(house, fresh)
            answer = attempt()
            # 422: let in, and told that the empty form does not do.
            if answer.status_code not in GOOD and answer.status_code != 422:
                wrong.append(f"{who.role} of {who.agency}: {action} by {door}: {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)
    assert count == len(ROLES) * len(AGENCIES) * 41


def test_lists_show_each_post_its_own(sqlite_house: House) -> None:
    """Inbox, dossiers, handoffs and notices hold what the post may see and no line more."""
    house = sqlite_house
    people = _settle(house)
    scene = _scene(house)
    wrong = []
    for who, person_id in people.items():
        api = Try(house, scene, person_id).program
        found = {
            "inbox": scene.free in [r["task"]["id"] for r in api.get("/inbox").json["rows"]],
            "agency": scene.free
            in [r["task"]["id"] for r in api.get("/inbox", scope="agency").json["rows"]],
            "dossiers": scene.code in [r["code"] for r in api.get("/dossiers").json["rows"]],
            "handoffs": scene.message
            in [
                r["handoff"]["id"]
                for side in ("in", "out")
                for r in api.get("/handoffs", direction=side, state="all").json["rows"]
            ],
            "notices": [r["id"] for r in api.get("/notices").json["rows"]] != [],
        }
        seen = api.get(f"/dossiers/{scene.code}").json
        found["facts"] = bool(seen.get("facts"))
        expected = {
            "inbox": MAY["work on task"](who),
            "agency": who.owns and who.role == "truong-don-vi",
            "dossiers": MAY["read dossier"](who),
            "handoffs": who.takes_part,
            "notices": MAY["read notice"](who),
            "facts": MAY["read facts"](who),
        }
        wrong += [
            f"{who.role} of {who.agency}: {name} {'shown' if found[name] else 'kept back'}"
            for name in found
            if found[name] != expected[name]
        ]
    assert not wrong, "\n".join(wrong)


def test_an_agency_sees_only_the_fields_it_was_sent(sqlite_house: House) -> None:
    """The police see what the message brought them; the bank account is not theirs to know."""
    house = sqlite_house
    code = house.dossier(until_step=4)
    own, sent = (
        json.dumps(house.program(name).get(f"/dossiers/{code}").json["facts"], ensure_ascii=False)
        for name in ("lan.ubnd.tanan", "tuan.congan.tanan")
    )
    assert "Nguyễn Văn Đức" in own
    assert "Nguyễn Văn Đức" in sent
    assert "1903000001" in own
    assert "1903000001" not in sent


def test_nobody_gets_in_without_a_session(sqlite_house: House) -> None:
    """Every operation but the log-in answers 401 to a stranger."""
    house = sqlite_house
    visitor = house.app.test_client()
    paths = visitor.get("/api/openapi.json").json["paths"]
    for path, methods in paths.items():
        for method in methods:
            if method == "parameters" or (method, path) == ("post", "/api/v1/session"):
                continue
            address = path.replace("{code}", "x").replace("{procedure}", "x")
            for name in ("task_id", "paper_id", "handoff_id", "notice_id", "pause_id"):
                address = address.replace(f"{{{name}}}", "1")
            answer = visitor.open(address, method=method.upper())
            assert answer.status_code == 401, (method, path)
            assert answer.json["code"] == "http-401"


def _settle(house: House) -> dict[Someone, int]:
    """A person for every role in every agency of the table."""
    people = {}
    with writing(), house.sessions() as session:
        agencies = {a.code: a.id for a in session.scalars(select(Agency))}
        for agency in AGENCIES:
            for role in ROLES:
                person = Person(username=f"{role}@{agency}", name=role, password_hash="-")
                session.add(person)
                session.flush()
                session.add(
                    Assignment(
                        person_id=person.id,
                        agency_id=agencies[agency],
                        role=role,
                        valid_from=date(2020, 1, 1),
                    )
                )
                people[Someone(agency, role)] = person.id
        session.commit()
    return people


def _scene(house: House) -> Scene:
    code, other = house.dossier(until_step=4), house.dossier(until_step=4)
    free, held = (house.task(each, "xoa_thuong_tru").id for each in (code, other))
    officers = (house.id_of("tuan.congan.tanan"), house.id_of("lan.ubnd.tanan"))
    now = house.now
    with writing(), house.sessions() as session:
        tuan, lan = (queries.actor_of(session, number, house.now) for number in officers)
        dossier = session.scalars(select(Dossier).where(Dossier.code == code)).one()
        commands.claim(session, tuan, held, house.now)
        paper = papers.add(session, lan, dossier.id, "", "a.pdf", PDF, house.now)
        message = session.scalars(
            select(Message).where(
                Message.dossier_id == dossier.id, Message.flow == "mf_chuyen_cong_an"
            )
        ).one()
        agency = message.receiver_agency_id
        assert agency is not None
        for door in ("api", "page"):
            notify(session, "escalation", agency, "truong-don-vi", door, dossier.id, None, now)
        head = next(p for p in queries.people_with(session, agency, "truong-don-vi", now))
        [stopped] = clock_commands.announce_incident(
            session,
            queries.actor_of(session, head.id, now),
            session.get_one(Task, held).dossier_id,
            "Đường truyền bị đứt",
            "15/TB",
            now,
        )
        told = select(Notice).where(Notice.dossier_id == dossier.id, Notice.kind == "escalation")
        scene = Scene(
            code,
            other,
            free,
            held,
            paper.id,
            message.id,
            stopped.id,
            {notice.text: notice.id for notice in session.scalars(told)},
        )
        session.commit()
    return scene


def _hold(house: House, scene: Scene) -> None:
    """Put the two tasks back as the scene has them."""
    holder = house.id_of("tuan.congan.tanan")
    with writing(), house.sessions() as session:
        session.get_one(Task, scene.free).assignee_id = None
        session.get_one(Task, scene.held).assignee_id = holder
        session.commit()


def _changes(who: Someone) -> bool:
    return any(MAY[action](who) for action in ("remove", "read notice", "end an incident"))


def _unread(house: House, scene: Scene) -> bool:
    with house.sessions() as session:
        return all(session.get_one(Notice, n).read_at is None for n in scene.notices.values())
