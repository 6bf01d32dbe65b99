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


def test_the_file_picker_speaks_the_pages_language(browser: Browser, house: House) -> None:
    """Vietnamese in an English browser, the name beside it; taking a paper out asks first."""
    with at_screen(browser, house, locale="en-US") as officer:
        page = officer.page
        officer.enter(house.busiest("cong-an"))
        page.locator("[data-row-href] a.code").first.click()
        picker = page.locator(".file-field")
        expect(picker).to_contain_text("Chọn tệp")
        expect(picker).to_contain_text("Chưa chọn tệp nào")
        paper = {"name": "Đơn.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
        page.get_by_label("Tệp", exact=True).set_input_files(paper)
        expect(picker).to_contain_text("Đơn.pdf")
        page.get_by_role("button", name="Thêm giấy tờ").click()
        expect(page.locator("#giay-to")).to_contain_text("Đã thêm giấy tờ «Đơn.pdf».")
        page.get_by_role("button", name="Gỡ Đơn.pdf").click()
        asked = page.get_by_role("dialog")
        expect(asked).to_contain_text("Gỡ giấy tờ «Đơn.pdf» khỏi hồ sơ?")
        asked.get_by_role("button", name="Không, quay lại").click()
        expect(page.get_by_role("button", name="Gỡ Đơn.pdf")).to_be_focused()
        page.get_by_role("button", name="Gỡ Đơn.pdf").click()
        asked.get_by_role("button", name="Gỡ", exact=True).click()
        expect(page.get_by_text("Đã gỡ giấy tờ.")).to_be_visible()
        expect(page.locator("#giay-to")).not_to_contain_text("Đơn.pdf")


def test_a_refusal_is_asked_about_before_it_is_final(browser: Browser, house: House) -> None:
    """A draft of it is saved without a word; going back keeps what was typed; then it is final."""
    reason = "Người yêu cầu không có quyền đăng ký khai tử cho người này."
    with at_screen(browser, house) as officer:
        page = officer.page
        officer.enter("lan.ubnd.tanan")
        officer.go(f"/viec?buoc={PROCEDURE}:kiem_tra_ho_so")
        page.locator("[data-row-href] a.code").first.click()
        page.get_by_label("Từ chối tiếp nhận").check()
        expect(page.get_by_label("Lý do")).to_be_visible()
        page.get_by_label("Lý do").fill(reason)
        page.get_by_role("button", name="Lưu nháp", exact=True).click()
        expect(page.get_by_text("Đã lưu bản nháp.")).to_be_visible()
        page.get_by_role("button", name="Hoàn thành bước này").click()
        asked = page.get_by_role("dialog")
        expect(asked).to_contain_text("cả hồ sơ kết thúc và không mở lại được")
        asked.get_by_role("button", name="Không, quay lại").click()
        expect(page.get_by_label("Lý do")).to_have_value(reason)
        page.get_by_role("button", name="Hoàn thành bước này").click()
        asked.get_by_role("button", name="Hoàn thành bước này").click()
        expect(page.get_by_text("đã kết thúc.")).to_be_visible()


def test_leaving_a_typed_application_asks_first(browser: Browser, house: House) -> None:
    """Untouched it is left without a word; with something typed the browser asks."""
    asked: list[str] = []
    with at_screen(browser, house) as officer:
        page = officer.page
        page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
        officer.enter("lan.ubnd.tanan")
        officer.go(f"/tiep-nhan/{PROCEDURE}")
        page.get_by_role("link", name="Hủy").click()
        page.wait_for_url("**/tiep-nhan")
        assert asked == []
        officer.go(f"/tiep-nhan/{PROCEDURE}")
        name = page.locator('[name="nguoi_yeu_cau.ho_ten"]')
        name.fill("Trần Văn A")
        page.get_by_role("link", name="Hủy").click()
        expect(name).to_have_value("Trần Văn A")
        assert asked == ["beforeunload"]
        assert page.url.endswith(PROCEDURE)
        name.fill("")
        page.get_by_role("button", name="Nhận hồ sơ và cấp mã").click()
        expect(page.locator("[data-form-errors]")).to_be_visible()  # handing in is not leaving
        assert asked == ["beforeunload"]


def test_the_slip_on_paper(browser: Browser, house: House) -> None:
    """From the dossier's page: code, date and a QR; printed without menu, buttons or ground."""
    code = house.some_dossier()
    with at_screen(browser, house) as officer:
        page = officer.page
        officer.enter({"31.01": "lan.ubnd.tanan", "31.02": "hoa.ubnd.binhminh",
                       "31.03": "thao.ubnd.songngan"}[code[4:9]])  # fmt: skip
        officer.go(f"/ho-so/{code}")
        page.get_by_role("link", name="Giấy tiếp nhận, hẹn trả").click()
        slip = page.locator(".slip")
        expect(slip).to_contain_text(code)
        expect(slip.get_by_role("img", name="Mã QR mở trang tra cứu hồ sơ")).to_be_visible()
        box = slip.locator("svg").bounding_box()
        assert box is not None
        assert box["width"] >= 100
        expect(page.get_by_role("button", name="In giấy này")).to_be_visible()
        officer.shot("slip-desktop")
        page.emulate_media(media="print")
        for gone in (".side", ".page-head", ".top"):
            expect(page.locator(gone)).to_be_hidden()
        expect(slip).to_be_visible()
        page.emulate_media(media="screen")
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_no_list_is_wider_than_a_tablet_or_a_small_laptop(browser: Browser, house: House) -> None:
    """From a narrow phone to a wide desk, in both languages: nothing scrolls sideways."""
    for language in ("vi", "en"):
        with at_screen(browser, house) as officer:
            page = officer.page
            officer.go("/dang-nhap")
            page.locator(f'button[value="{language}"]').click()
            officer.enter("ngoc.bhxh.tanan")
            for path in ("/viec", "/ho-so", "/lien-thong?loc=tat_ca", "/thong-bao"):
                officer.go(path)
                for width in (320, 768, 1024, 1200, 1360, 1420, 1920):
                    page.set_viewport_size({"width": width, "height": 800})
                    wide = page.evaluate("document.documentElement.scrollWidth")
                    assert wide <= width, f"{path} in {language} is {wide} wide on {width}"
