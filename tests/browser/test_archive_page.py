"""The archive's page: a hold is placed with a mistake first, shown, accessible, and released."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import DESKTOP, PHONE, House, at_screen
from tests.browser.test_accessibility import _judged


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_hold_from_the_screen(browser: Browser, house: House, size: dict[str, int]) -> None:
    """What was typed stays beside the mistake; the dossier's page tells of the hold."""
    code = house.some_dossier()
    found = []
    with at_screen(browser, house, size, bypass_csp=True) as office:
        page = office.page
        office.enter("huong.kiemsoat")
        office.go("/luu-tru")
        page.get_by_text("Giữ một hồ sơ, không cho xóa").click()
        page.get_by_label("Mã hồ sơ").fill("H00-000000-0000")
        page.get_by_label("Lý do giữ lại").fill("Tòa án đang xét xử")
        page.get_by_label("Văn bản yêu cầu giữ lại").fill("CV 12/TAND")
        page.get_by_role("button", name="Giữ lại").click()
        expect(page.locator("#ma-loi")).to_contain_text("Không có hồ sơ mang mã")
        expect(page.get_by_label("Văn bản yêu cầu giữ lại")).to_have_value("CV 12/TAND")
        found += _judged(page)
        page.get_by_label("Mã hồ sơ").fill(code)
        page.get_by_role("button", name="Giữ lại").click()
        expect(page.get_by_text("Tòa án đang xét xử")).to_be_visible()
        expect(page.get_by_role("heading", name="Biên bản xóa")).to_be_visible()
        found += _judged(page)
        office.shot(f"archive-{size['width']}")
        office.go(f"/ho-so/{code}")
        expect(page.get_by_text("Đang giữ lại, không xóa: CV 12/TAND")).to_be_visible()
        found += _judged(page)
        office.go("/luu-tru")
        page.get_by_label("Lý do thôi giữ").fill("Bản án có hiệu lực")
        page.get_by_role("button", name="Thôi giữ").click()
        expect(page.get_by_text("Không có hồ sơ nào đang giữ lại.")).to_be_visible()
    assert found == []
