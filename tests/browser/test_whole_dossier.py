"""One dossier from the counter to the last returned result, each agency by its own officer."""

from __future__ import annotations

from playwright.sync_api import Browser, expect
from sqlalchemy import select

from engine.dossiers import scenario
from engine.dossiers.models import Dossier, Result
from tests.browser.people import House, Officer, at_screen
from tests.webapp.office import PROCEDURE, SCENARIOS


def test_whole_dossier(browser: Browser, house: House) -> None:
    """Three communes, three agencies; every step by hand in the browser, no policy offended."""
    story = scenario.read(SCENARIOS / "ba-xa-khac-nhau.toml")
    with at_screen(browser, house) as officer:
        officer.enter("lan.ubnd.tanan")
        code = _take_in(officer, story.data)
        for step in story.steps:
            task_id, username = house.task(code, step["task"])
            officer.leave()
            officer.enter(username)
            _do(officer, code, task_id, step.get("data", {}))
        officer.go(f"/ho-so/{code}")
        for name in story.expect["returned"]:
            expect(officer.page.get_by_text(name).first).to_be_visible()
        officer.shot("dossier-closed-desktop")
    with house.sessions() as session:
        dossier = session.scalars(select(Dossier).where(Dossier.code == code)).one()
        returned = session.scalars(select(Result.name).where(Result.dossier_id == dossier.id)).all()
    assert dossier.outcome == "done"
    assert sorted(returned) == sorted(story.expect["returned"])


def _take_in(officer: Officer, data: dict[str, object]) -> str:
    page = officer.page
    page.get_by_role("link", name="Tiếp nhận hồ sơ").first.click()
    page.locator(f'a[href="/tiep-nhan/{PROCEDURE}"]').click()
    officer.fill(data)
    page.get_by_role("button", name="Nhận hồ sơ và cấp mã").click()
    expect(page.get_by_text("Đã nhận hồ sơ.")).to_be_visible()
    return page.locator("h1").inner_text().strip()


def _do(officer: Officer, code: str, task_id: int, data: dict[str, object]) -> None:
    """Find the task in the inbox by the code, take it there, open it, answer, complete."""
    page = officer.page
    officer.go(f"/viec?tim={code}")
    row = page.locator(f"#viec-{task_id}")
    expect(row).to_be_visible()
    row.get_by_role("button", name="Nhận việc").click()
    open_ = row.get_by_role("link", name="Mở")
    expect(open_).to_be_focused()
    open_.click()
    expect(page.get_by_text("Bạn đang giữ việc này.")).to_be_visible()
    officer.fill(data)
    page.get_by_role("button", name="Hoàn thành bước này").click()
    expect(page.get_by_text("Đã hoàn thành").first).to_be_visible()
