"""The main screens by the rules of WCAG 2.2 AA, judged by axe-core; and paths without a mouse."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from engine.dossiers.models import Dossier
from tests.browser.people import DESKTOP, PHONE, House, at_screen
from tests.webapp.office import PROCEDURE, ROOT
from webapp.demo import people

AXE = ROOT / "webapp/frontend/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def _judged(page: Page) -> list[str]:
    size = page.viewport_size
    assert size is not None
    # Tall enough that the bar that stays at the foot of the screen covers nothing by chance.
    page.set_viewport_size({"width": size["width"], "height": 2400})
    page.evaluate(AXE.read_text("utf-8") + ";0")
    found: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES
    )
    assert len(found["passes"]) > 10  # it did look
    return [
        f"{page.url}: {rule['id']} {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_screen_breaks_the_rules(browser: Browser, house: House, size: dict[str, int]) -> None:
    """Log-in, inbox, task, dossier, slip, intake with mistakes, handoffs, letters, tracking."""
    code = house.some_dossier()
    with house.sessions() as session:
        dossier = session.scalars(select(Dossier).where(Dossier.code == code)).one()
        commune = dossier.intake_agency.name
    clerk = next(
        p["username"] for p in people()
        if p["agency"] == commune and "Tiếp nhận và trả kết quả" in p["roles"]
    )  # fmt: skip
    found = []
    with at_screen(browser, house, size, bypass_csp=True) as officer:
        page = officer.page
        for path in ("/dang-nhap", f"/tra-cuu?ma={code}", f"/tra-cuu/vi-sao?ma={code}"):
            officer.go(path)
            found += _judged(page)
        officer.enter(clerk)
        officer.go("/viec")
        found += _judged(page)
        page.locator("[data-row-href] a.code").first.click()
        page.locator("[data-diagram]").scroll_into_view_if_needed()
        expect(page.locator("[data-diagram='drawn']")).to_be_attached()
        found += _judged(page)
        for path in (f"/ho-so/{code}", f"/ho-so/{code}/giay-tiep-nhan", f"/ho-so/{code}/vi-sao",
                     "/ho-so", "/lien-thong", "/thong-bao", "/tiep-nhan"):  # fmt: skip
            officer.go(path)
            found += _judged(page)
        officer.go(f"/tiep-nhan/{PROCEDURE}")
        page.get_by_role("button", name="Nhận hồ sơ và cấp mã").click()
        expect(page.locator("[data-form-errors]")).to_be_focused()
        found += _judged(page)
        officer.leave()
        officer.enter("huong.kiemsoat")
        for path in ("/thu-gui-di", f"/ho-so/{code}"):
            officer.go(path)
            found += _judged(page)
    assert found == []


def test_a_task_by_keyboard_alone(browser: Browser, house: House) -> None:
    """From the log-in to a finished answer: no mouse, and the focus is always to be seen."""
    with at_screen(browser, house) as officer:
        page = officer.page
        officer.go("/dang-nhap")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Tới nội dung chính")).to_be_focused()
        card = page.locator(f'button[value="{house.busiest("y-te")}"]')
        card.focus()
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("Việc của tôi")
        page.wait_for_load_state()  # who presses a key sooner presses it before the script is there
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url("**/viec/*")
        first = page.locator("#form-sections input[type=radio]").first
        for _ in range(60):
            page.keyboard.press("Tab")
            ring = page.evaluate(
                "() => { const at = document.activeElement; const s = getComputedStyle(at);"
                " return at === document.body || s.outlineStyle !== 'none'"
                " || getComputedStyle(at.closest('.file-field') || at).outlineStyle !== 'none'; }"
            )
            assert ring, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
            if page.evaluate("document.activeElement.type") == "radio":
                break
        page.keyboard.press("Space")
        expect(first).to_be_checked()
