"""The legal clock on screen: a supplement stops it, the answer runs it on, the page says why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from engine.calendar import default_calendar
from engine.catalog import releases
from engine.db import writing
from engine.dossiers import scenario
from engine.dossiers.models import Dossier
from engine.org import queries
from engine.org.models import Agency, Assignment, Person
from engine.tasks.models import Task
from tests.browser.people import DESKTOP, PHONE, House, at_screen
from tests.webapp.office import PROCEDURE, SCENARIOS

STORY = "noi-vu-bo-sung-kip"


def _asked(house: House) -> tuple[str, datetime, int]:
    """A dossier that waits for the citizen for three days; its code, its date, the step."""
    with house.sessions() as session:
        release = releases.in_force(session, PROCEDURE, datetime.now(UTC).date())
    story = scenario.read(SCENARIOS / f"{STORY}.toml")
    asked = next(
        number for number, step in enumerate(story.steps)
        if step.get("task", "").startswith("cho_bo_sung")
    )  # fmt: skip
    moment = datetime.now(UTC) - timedelta(days=4)
    with writing():
        told = scenario.play(house.sessions, release, story, start_at=moment, until_step=asked)
    assert told.ok, told.differences
    with house.sessions() as session:
        dossier = session.scalars(select(Dossier).where(Dossier.code == told.code)).one()
        task = session.scalars(
            select(Task).where(Task.dossier_id == dossier.id, Task.paused, Task.due_at.is_(None))
        ).one()
        assert dossier.paused
        assert dossier.due_at is not None
        return told.code, dossier.due_at, task.id


def _head_of(house: House, task_id: int) -> str:
    with house.sessions() as session:
        agency = session.get_one(Task, task_id).agency_id
        return queries.heads_of(session, agency, datetime.now(UTC))[0].username


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_supplement_pauses_the_answer_resumes_the_page_explains(
    browser: Browser, house: House, size: dict[str, int]
) -> None:
    """Officer and citizen see the pause, then the later date, and line by line why."""
    code, before, task_id = _asked(house)
    name = "desktop" if size is DESKTOP else "phone"
    with house.sessions() as session:
        task = session.get_one(Task, task_id)
        username = queries.people_with(session, task.agency_id, task.role, datetime.now(UTC))[
            0
        ].username
    with at_screen(browser, house, size) as officer:
        page = officer.page
        officer.enter(username)
        officer.go(f"/ho-so/{code}")
        expect(page.locator(".clock .level-paused")).to_have_text("Tạm dừng tính thời hạn")
        expect(page.locator("#thoi-gian")).to_contain_text("Chờ bổ sung hồ sơ")
        page.locator("#thoi-gian").scroll_into_view_if_needed()
        officer.shot(f"clock-paused-{name}")
        officer.go(f"/viec/{task_id}/vi-sao")
        expect(page.locator(".why")).to_contain_text("không ai bị tính giờ")

        officer.go(f"/viec/{task_id}")
        story = scenario.read(SCENARIOS / f"{STORY}.toml")
        answer = next(
            step.get("data", {}) for step in story.steps
            if step.get("task", "").startswith("cho_bo_sung")
        )  # fmt: skip
        officer.fill(answer)
        page.get_by_role("button", name="Hoàn thành bước này").click()
        expect(page.get_by_text("Đã hoàn thành").first).to_be_visible()
        with house.sessions() as session:
            dossier = session.scalars(select(Dossier).where(Dossier.code == code)).one()
            assert not dossier.paused
            assert dossier.due_at is not None
            assert dossier.due_at > before
            due = f"{dossier.due_at.astimezone():%d/%m/%Y}"

        officer.go(f"/ho-so/{code}")
        link = page.get_by_role("link", name="Vì sao có ngày này?").first
        link.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Vì sao có ngày này?")).to_be_visible()
        why = page.locator(".why")
        expect(why.locator(".why-due")).to_contain_text(due)
        expect(why).to_contain_text("Những lúc tạm dừng")
        expect(why).to_contain_text("làm việc, hạn lùi đến")
        expect(why).to_contain_text("ngày làm việc thứ 1")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        officer.shot(f"clock-why-{name}")
        officer.leave()

        officer.go(f"/tra-cuu?ma={code}")
        page.get_by_role("link", name="Vì sao có ngày này?").click()
        expect(page.locator(".why .why-due")).to_contain_text(due)
        expect(page.locator(".why")).to_contain_text("Chờ bổ sung hồ sơ")
        with house.sessions() as session:
            staff = session.scalars(select(Person.name).join(Assignment).join(Agency))
            said = page.locator("main").inner_text()
            assert not [person for person in staff if person in said]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        officer.shot(f"clock-citizen-{name}")


def test_the_head_apologises_and_gives_a_new_date_once(browser: Browser, house: House) -> None:
    """A wrong date is told beside its field; a good one stands on the citizen's page with why."""
    code, _before, task_id = _asked(house)
    head = _head_of(house, task_id)
    reason = "Phải xác minh thêm tại nơi cư trú cũ"
    days = default_calendar()
    later = days.next_working_day((datetime.now(UTC) + timedelta(days=90)).date())
    with at_screen(browser, house) as officer:
        page = officer.page
        officer.enter(head)
        officer.go(f"/ho-so/{code}")
        expect(page.locator("summary", has_text="Xin lỗi và hẹn lại")).to_have_count(
            0
        )  # it is paused
        story = scenario.read(SCENARIOS / f"{STORY}.toml")
        _finish(house, story, task_id)
        officer.go(f"/ho-so/{code}")
        page.locator("summary", has_text="Xin lỗi và hẹn lại").click()
        page.get_by_label("Ngày hẹn lại").fill("01/01/2020")
        page.get_by_label("Lý do chậm").fill(reason)
        page.get_by_label("Số văn bản xin lỗi").fill("12/PXL")
        page.get_by_role("button", name="Xin lỗi và hẹn lại").click()
        expect(page.locator("#ngay-loi")).to_be_visible()
        expect(page.get_by_label("Lý do chậm")).to_have_value(reason)
        page.locator("#thoi-gian").scroll_into_view_if_needed()
        officer.shot("clock-extend-desktop")
        page.get_by_label("Ngày hẹn lại").fill(f"{later:%d/%m/%Y}")
        page.get_by_role("button", name="Xin lỗi và hẹn lại").click()
        expect(page.get_by_text("Đã xin lỗi và hẹn lại")).to_be_visible()
        expect(page.locator("summary", has_text="Xin lỗi và hẹn lại")).to_have_count(0)
        page.locator("#thoi-gian").scroll_into_view_if_needed()
        officer.shot("clock-extended-desktop")
        officer.leave()
        officer.go(f"/tra-cuu?ma={code}")
        expect(page.locator(".found")).to_contain_text(f"{later:%d/%m/%Y} 17:00")
        expect(page.locator(".found")).to_contain_text(reason)
        officer.shot("clock-extended-citizen")


def _finish(house: House, story: scenario.Scenario, task_id: int) -> None:
    from engine.tasks.commands import complete

    with writing(), house.sessions() as session:
        task = session.get_one(Task, task_id)
        data = next(s.get("data", {}) for s in story.steps if s.get("task") == task.element)
        now = datetime.now(UTC)
        person = queries.people_with(session, task.agency_id, task.role, now)[0]
        complete(session, queries.actor_of(session, person.id, now), task_id, data, now)
        session.commit()
