"""Two web processes that run on while posts, versions and calendars change: neither keeps the old.

What changes is committed by a third process, as an administrator's command does it.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from engine.catalog import releases
from engine.catalog.models import ReleaseRow
from engine.db import make_engine, writing
from engine.dossiers import scenario
from engine.dossiers.models import Dossier
from engine.new_calendars import carry_out, compare
from engine.org.calendars import scope_of
from engine.org.models import Agency, Assignment, Person
from engine.tasks.models import Task
from tests.recovery.officer import Officer
from tests.recovery.test_recovery import _moved
from tests.recovery.town import ROOT, Town, province

PROCEDURE, VERSION, STORY = "khai-tu-lien-thong", "2026-09-01", "khong-co-che-do"
FIRST = "kiem_tra_ho_so"
HEAD = "ngày,loại,làm theo thứ,ca,ghi chú,văn bản\n"
PATIENCE = 15.0  # seconds until an import must have been seen, also on a busy machine

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


class Hall:
    """Two webs, their people, and the database behind them."""

    def __init__(self, town: Town, engine: Engine) -> None:
        self.town, self.engine = town, engine
        self.numbers = iter(range(1, 200))
        self.today = datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")).date()
        folder = ROOT / "processes" / PROCEDURE / VERSION / "scenarios"
        self.story = scenario.read(folder / f"{STORY}.toml")
        self.form = _moved(self.story.data, (self.today - self.story.start_at.date()).days)
        self.answer = self.story.steps[0]["data"]

    def officer(self, username: str) -> Officer:
        """Somebody who is logged in."""
        officer = Officer(self.town.ports, username, f"127.0.2.{next(self.numbers)}")
        officer.enter()
        return officer

    def both(
        self, officer: Officer, path: str, body: dict[str, Any] | None = None
    ) -> list[tuple[int, dict[str, Any]]]:
        """The answers of the two webs to the same request."""
        return [officer.insist(path, body, port=port) for port in self.town.ports]

    def opened(self, officer: Officer, port: int) -> int:
        """The first task of a dossier opened through one of the webs."""
        body = {"procedure": PROCEDURE, "data": self.form}
        status, told = officer.insist("/dossiers", body, port=port)
        assert status == 201, told
        with Session(self.engine) as session:
            query = select(Task.id).join(Dossier).where(Dossier.code == told["code"])
            return session.scalars(query.where(Task.element == FIRST)).one()

    def change(self, act: Callable[[Session], object]) -> None:
        """Something that an administrator commits."""
        with writing(), Session(self.engine) as session, session.begin():
            act(session)

    def inboxes(self, officer: Officer) -> list[set[int]]:
        """What the two webs show as waiting."""
        answers = self.both(officer, "/inbox")
        assert [status for status, _told in answers] == [200, 200]
        return [{row["task"]["id"] for row in told["rows"]} for _status, told in answers]

    def statuses(
        self, officer: Officer, path: str, body: dict[str, Any] | None = None
    ) -> list[int]:
        """The statuses of the two webs' answers."""
        return [status for status, _told in self.both(officer, path, body)]


@pytest.fixture
def hall(database_url: str) -> Iterator[Hall]:
    """Two web processes on one database."""
    with province(database_url, each=2) as town:
        town.start("redis", "web")
        town.wait_until_ready()
        engine = make_engine(database_url)
        yield Hall(town, engine)
        engine.dispose()


def _end_post(username: str, role: str, last: date) -> Callable[[Session], object]:
    def act(session: Session) -> None:
        for post in session.scalars(
            select(Assignment).join(Person).where(Person.username == username)
        ):
            if post.role == role:
                post.valid_to = last

    return act


def test_a_lost_post_is_lost_in_both_processes_at_once(hall: Hall) -> None:
    """The next request of each process is refused, also one that was under way on a page."""
    lan = hall.officer("lan.ubnd.tanan")
    tasks = [hall.opened(lan, port) for port in hall.town.ports]
    assert hall.inboxes(lan) == [set(tasks)] * 2
    assert hall.statuses(lan, f"/tasks/{tasks[0]}") == [200, 200]
    hall.change(_end_post("lan.ubnd.tanan", "mot-cua", hall.today - timedelta(days=1)))
    assert hall.inboxes(lan) == [set(), set()]
    for task in tasks:
        assert hall.statuses(lan, f"/tasks/{task}") == [404, 404]
        assert hall.statuses(lan, f"/tasks/{task}/claim", {}) == [404, 404]
        assert hall.statuses(lan, f"/tasks/{task}/complete", {"data": hall.answer}) == [404, 404]
    body = {"procedure": PROCEDURE, "data": hall.form}
    assert hall.statuses(lan, "/dossiers", body) == [403, 403]
    with Session(hall.engine) as session:
        assert {task.status for task in session.scalars(select(Task))} == {"open"}


def test_cover_begins_in_both_processes_at_once(hall: Hall) -> None:
    """Who is given a post works in it with the next request, and no longer when it is taken."""
    lan, tuan = hall.officer("lan.ubnd.tanan"), hall.officer("tuan.congan.tanan")
    tasks = [hall.opened(lan, port) for port in (*hall.town.ports, *hall.town.ports)]
    assert hall.inboxes(tuan) == [set(), set()]
    assert hall.statuses(tuan, f"/tasks/{tasks[0]}") == [404, 404]

    def cover(session: Session) -> None:
        person = session.scalars(select(Person).where(Person.username == tuan.username)).one()
        agency = session.scalars(select(Agency).where(Agency.code == "H99.31.01")).one()
        post = {"agency_id": agency.id, "role": "mot-cua", "valid_from": hall.today}
        session.add(Assignment(person_id=person.id, **post, valid_to=hall.today))

    hall.change(cover)
    assert hall.inboxes(tuan) == [set(tasks)] * 2
    done = [
        tuan.insist(f"/tasks/{task}/complete", {"data": hall.answer}, port=port)[0]
        for task, port in zip(tasks[:2], hall.town.ports, strict=True)
    ]
    assert done == [200, 200]
    hall.change(_end_post(tuan.username, "mot-cua", hall.today - timedelta(days=1)))
    for task in tasks[2:]:
        assert hall.statuses(tuan, f"/tasks/{task}/complete", {"data": hall.answer}) == [404, 404]


def test_an_agency_that_ends_and_a_locked_person_are_gone_in_both_processes(hall: Hall) -> None:
    """Nobody works in an agency past its last day; a locked person's session ends."""
    lan, hoa = hall.officer("lan.ubnd.tanan"), hall.officer("hoa.ubnd.binhminh")
    task = hall.opened(lan, hall.town.ports[0])
    assert hall.statuses(lan, f"/tasks/{task}") == [200, 200]
    assert hall.statuses(hoa, "/inbox") == [200, 200]

    def end(session: Session) -> None:
        agency = session.scalars(select(Agency).where(Agency.code == "H99.31.01")).one()
        agency.valid_to = hall.today - timedelta(days=1)
        session.scalars(select(Person).where(Person.username == hoa.username)).one().active = False

    hall.change(end)
    assert hall.inboxes(lan) == [set(), set()]
    assert hall.statuses(lan, f"/tasks/{task}/complete", {"data": hall.answer}) == [404, 404]
    assert hall.statuses(hoa, "/inbox") == [401, 401]
    assert hall.statuses(hoa, f"/tasks/{task}/claim", {}) == [401, 401]


def test_a_version_published_meanwhile_holds_for_new_dossiers_in_both_processes(
    hall: Hall, tmp_path: Path
) -> None:
    """Dossiers that are open finish under theirs; the next one opened has the new one."""
    lan, hung = hall.officer("lan.ubnd.tanan"), hall.officer("hung.ubnd.tanan")
    ports = hall.town.ports
    before = [hall.opened(lan, port) for port in ports]
    folder, forms = _new_version(tmp_path, hall.today)
    hall.change(
        lambda session: releases.publish_folder(session, folder, forms, datetime.now().astimezone())
    )
    after = [hall.opened(lan, port) for port in ports]
    with Session(hall.engine) as session:
        names = [session.get_one(Task, task).name for task in (*before, *after)]
        versions = [
            session.get_one(ReleaseRow, session.get_one(Task, task).dossier.release_id).version
            for task in (*before, *after)
        ]
    assert versions == [VERSION] * 2 + [f"{hall.today}"] * 2
    assert names == ["Kiểm tra thành phần hồ sơ"] * 2 + ["Kiểm tra hồ sơ theo bản mới"] * 2
    second = next(step for step in hall.story.steps if step["task"] == "tham_tra")
    words = []
    for task, port in zip([*before, *after], [*ports, *ports], strict=True):
        crossed = ports[1 - ports.index(port)]  # finished where it was not opened
        body = {"data": hall.answer}
        status, told = lan.insist(f"/tasks/{task}/complete", body, port=crossed)
        assert status == 200, told
        with Session(hall.engine) as session:
            dossier = session.get_one(Task, task).dossier_id
            query = select(Task).where(Task.dossier_id == dossier, Task.status == "open")
            following = session.scalars(query).one()
            number, name = following.id, following.name
        status, page = hung.insist(f"/tasks/{number}", port=crossed)
        assert status == 200, page
        words.append((name, page["title"]))
        data = _moved(second["data"], (hall.today - hall.story.start_at.date()).days)
        status, told = hung.insist(f"/tasks/{number}/complete", {"data": data}, port=port)
        assert status == 200, told
    old, new = words[:2], words[2:]
    assert {name for name, _title in old} == {"Thẩm tra, ghi vào sổ hộ tịch"}
    assert {name for name, _title in new} == {"Thẩm tra theo bản mới"}
    assert {title for _name, title in new} == {"Biểu mẫu theo bản mới"}
    assert not {title for _name, title in old} & {title for _name, title in new}


def _new_version(folder: Path, day: date) -> tuple[Path, Path]:
    """The version in force with other names of its first steps and another form's title."""
    made = folder / "processes" / PROCEDURE / f"{day}"
    forms = folder / "forms" / PROCEDURE / f"{day}"
    shutil.copytree(ROOT / "processes" / PROCEDURE / VERSION, made)
    shutil.copytree(ROOT / "forms" / PROCEDURE / VERSION, forms)
    facts = made / "procedure.toml"
    text = facts.read_text()
    facts.write_text(text.replace(f"valid_from = {VERSION}", f"valid_from = {day}"))
    drawing = made / "process.bpmn"
    text = drawing.read_text()
    for old, new in (
        ("Kiểm tra thành phần hồ sơ", "Kiểm tra hồ sơ theo bản mới"),
        ("Thẩm tra, ghi vào sổ hộ tịch", "Thẩm tra theo bản mới"),
    ):
        assert f'name="{old}"' in text
        text = text.replace(f'name="{old}"', f'name="{new}"')
    drawing.write_text(text)
    form = forms / "tham_tra.json"
    drawn = json.loads(form.read_text())
    drawn["properties"]["title"] = "Biểu mẫu theo bản mới"
    form.write_text(json.dumps(drawn, ensure_ascii=False))
    return made, forms


def test_an_imported_calendar_is_seen_by_both_processes(hall: Hall) -> None:
    """After days off were imported elsewhere, both date the next task behind them."""
    lan = hall.officer("lan.ubnd.tanan")
    last = hall.today + timedelta(days=9)
    before = [_due(hall, hall.opened(lan, port)) for port in hall.town.ports]
    assert all(due <= last for due in before)
    rows = "".join(
        f"{hall.today + timedelta(days=number):%d/%m/%Y},nghỉ,,,,\n" for number in range(10)
    )

    def import_(session: Session) -> None:
        scope = scope_of(session)
        change = compare(session, f"{HEAD}{rows}".encode(), "lich.csv", scope)
        carry_out(session, change, "quản trị", datetime.now().astimezone())

    hall.change(import_)
    for port in hall.town.ports:
        end = time.monotonic() + PATIENCE
        while _due(hall, hall.opened(lan, port)) <= last:
            assert time.monotonic() < end, "the web goes on with the old calendar"
            time.sleep(0.2)


def _due(hall: Hall, task: int) -> date:
    with Session(hall.engine) as session:
        due = session.get_one(Task, task).due_at
    assert due is not None
    return due.astimezone(ZoneInfo("Asia/Ho_Chi_Minh")).date()
