"""What people see: sizes, keys, dates, the picture; and screenshots to look at."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from engine.dossiers import scenario
from engine.dossiers.models import Dossier
from engine.tasks.models import Submission
from tests.browser.people import DESKTOP, PHONE, House, at_screen
from tests.webapp.office import PROCEDURE, SCENARIOS
from webapp.demo import people


@pytest.mark.parametrize(("size", "name"), [(DESKTOP, "desktop"), (PHONE, "phone")])
def test_the_main_screens(browser: Browser, house: House, size: dict[str, int], name: str) -> None:
    """Log-in, inbox, task, dossier with its picture, liaison: none wider than the screen."""
    code = house.some_dossier()
    with at_screen(browser, house, size) as officer:
        page = officer.page

        def seen(what: str) -> None:
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= size["width"], f"{what} is {wide} wide"
            officer.shot(f"{what}-{name}")

        officer.go("/dang-nhap")
        seen("login")
        officer.enter(house.busiest("ubnd-xa"))
        seen("inbox")
        page.locator("[data-row-href] a.code").first.click()
        page.locator("[data-diagram]").scroll_into_view_if_needed()  # drawn when it is near
        expect(page.locator("[data-diagram='drawn']")).to_be_attached()
        seen("task")
        officer.go("/lien-thong")
        seen("liaison")
        officer.go(f"/tiep-nhan/{PROCEDURE}")
        seen("intake")
        officer.leave()
        officer.enter("huong.kiemsoat")
        officer.go(f"/ho-so/{code}")
        page.locator("[data-diagram]").scroll_into_view_if_needed()  # drawn when it is near
        expect(page.locator("[data-diagram='drawn']")).to_be_attached()
        expect(page.locator(".djs-container .is-active").first).to_be_attached()
        expect(page.locator(".bjs-powered-by")).to_be_visible()  # the licence asks for it
        seen("dossier")


def test_on_a_phone(browser: Browser, house: House) -> None:
    """Rows of at most 140 px, a menu behind one button, the live steps before the picture."""
    with at_screen(browser, house, PHONE) as officer:
        page = officer.page
        officer.enter(house.busiest("bhxh"))
        for row in page.locator("tr.line").all():
            box = row.bounding_box()
            assert box is not None
            assert box["height"] <= 140
        expect(page.locator(".side")).to_be_hidden()
        page.locator(".top-menu summary").click()
        page.locator(".top-sheet").get_by_role("link", name="Hồ sơ").click()
        page.locator("[data-row-href] a.code").first.click()
        expect(page.locator("[data-diagram='drawn']")).to_be_attached()
        steps, picture = page.locator(".actives"), page.locator(".canvas")
        assert steps.bounding_box()["y"] < picture.bounding_box()["y"]  # type: ignore[index]
        active = page.locator(".djs-element.is-active").first.bounding_box()
        frame = page.locator(".diagram-canvas").bounding_box()
        assert active is not None
        assert frame is not None
        assert frame["x"] <= active["x"] <= frame["x"] + frame["width"]


def test_an_english_browser_reads_and_writes_days_first(browser: Browser, house: House) -> None:
    """5/6 is the fifth of June, on the page and in the record, whatever the browser's language."""
    data = dict(scenario.read(SCENARIOS / "bhxh-chi-tra.toml").data)
    data["nguoi_yeu_cau"] = {**data["nguoi_yeu_cau"], "ngay_sinh": "5/6/1980"}
    with at_screen(browser, house, locale="en-US") as officer:
        page = officer.page
        officer.enter("lan.ubnd.tanan")
        officer.go(f"/tiep-nhan/{PROCEDURE}")
        born = page.locator('[name="nguoi_yeu_cau.ngay_sinh"]')
        expect(born).to_have_attribute("placeholder", "dd/mm/yyyy")
        officer.fill(data)
        expect(born).to_have_value("05/06/1980")
        page.get_by_role("button", name="Nhận hồ sơ và cấp mã").click()
        expect(page.get_by_text("Đã nhận hồ sơ.")).to_be_visible()
        expect(page.get_by_text("05/06/1980").first).to_be_visible()
        code = page.locator("h1").inner_text().strip()
    with house.sessions() as session:
        stored = session.scalars(
            select(Submission.data).join(Dossier).where(Dossier.code == code)
        ).one()
    assert stored["nguoi_yeu_cau"]["ngay_sinh"] == "1980-06-05"


def test_the_inbox_by_keyboard(browser: Browser, house: House) -> None:
    """j and k move the cursor, Enter opens the task."""
    with at_screen(browser, house) as officer:
        page = officer.page
        officer.enter(house.busiest("noi-vu"))
        rows = page.locator("[data-row-href]")
        page.keyboard.press("j")
        expect(rows.nth(0)).to_be_focused()
        page.keyboard.press("j")
        expect(rows.nth(1)).to_be_focused()
        page.keyboard.press("k")
        expect(rows.nth(0)).to_be_focused()
        wanted = rows.nth(0).get_attribute("data-row-href")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{wanted}")


def test_without_scripts(browser: Browser, house: House) -> None:
    """Plain posts do the work: take a task, change an answer, save the draft."""
    with at_screen(browser, house, PHONE, java_script_enabled=False) as officer:
        page = officer.page
        officer.enter(house.busiest("y-te"))
        page.locator(".top-menu summary").click()
        expect(page.locator(".top-sheet")).to_be_visible()
        page.locator(".top-menu summary").click()
        page.get_by_role("button", name="Nhận việc").first.click()
        expect(page.get_by_text("Bạn đang giữ việc này.")).to_be_visible()
        page.locator("#form-sections input[type=radio]").first.check()
        page.get_by_role("button", name="Lưu nháp").last.click()
        expect(page.get_by_text("Đã lưu bản nháp.")).to_be_visible()
        expect(page.locator("#form-sections input[type=radio]").first).to_be_checked()


def test_a_refused_paper_stays_beside_the_form(
    browser: Browser, house: House, tmp_path: Path
) -> None:
    """A wrong file is refused in words where it was chosen; what was typed is untouched."""
    with at_screen(browser, house) as officer:
        page = officer.page
        officer.enter(house.busiest("cong-an"))
        page.locator("[data-row-href] a.code").first.click()
        page.locator("#form-sections input[type=radio]").first.check()
        wrong = {"name": "giay.pdf", "mimeType": "application/pdf", "buffer": b"MZ"}
        page.locator("#tep").set_input_files(wrong)
        page.get_by_role("button", name="Thêm giấy tờ").click()
        expect(page.locator("#giay-to [role=alert]")).to_contain_text("Chỉ nhận tệp PDF")
        right = {"name": "Giấy tờ.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
        page.locator("#tep").set_input_files(right)
        page.get_by_role("button", name="Thêm giấy tờ").click()
        expect(page.locator("#giay-to")).to_contain_text("Đã thêm giấy tờ «Giấy tờ.pdf».")
        large = tmp_path / "to.pdf"
        large.write_bytes(b"%PDF-" * 6_000_000)
        page.locator("#tep").set_input_files(large)
        page.get_by_role("button", name="Thêm giấy tờ").click()
        expect(page.locator("#page-alert")).to_contain_text("quá lớn")
        expect(page.locator("#form-sections input[type=radio]").first).to_be_checked()
        with page.expect_response("**/bieu-mau"):
            page.locator("#form-sections input[type=radio]").nth(1).check()
        expect(page.locator("#page-alert")).to_contain_text("quá lớn")


def test_filtering_and_acknowledging_without_leaving_the_page(
    browser: Browser, house: House
) -> None:
    """The filter swaps the list and writes the address; an acknowledged handoff changes its row."""
    with at_screen(browser, house) as officer:
        page = officer.page
        officer.enter("ngoc.bhxh.tanan")
        choice = page.locator("#buoc option:not([value=''])").first.get_attribute("value")
        page.locator("#buoc").select_option(choice)
        page.wait_for_url("**/viec?*buoc=*")
        expect(page.locator("tr.line").first).to_be_visible()
    receivers = [p for p in people() if "Đầu mối liên thông" in p["roles"]]
    for person in receivers:  # whoever has a handoff to acknowledge in today's demo
        with at_screen(browser, house) as officer:
            page = officer.page
            officer.enter(person["username"])
            officer.go("/lien-thong?loc=tat_ca")
            rows = page.locator("tr", has=page.get_by_role("button", name="Xác nhận đã nhận"))
            if not rows.count():
                continue
            number = rows.first.get_attribute("id")
            rows.first.get_by_role("button", name="Xác nhận đã nhận").click()
            expect(page.locator(f"#{number}")).to_contain_text(person["name"])
            return
    raise AssertionError("nobody of the demo has a handoff to acknowledge")
