"""The page of announced incidents: a mistake first, a preview, applied and taken back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect

from engine.calendar import TIMEZONE
from tests.browser.people import DESKTOP, PHONE, House, at_screen
from tests.browser.test_accessibility import _judged


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_an_incident_from_the_screen(browser: Browser, house: House, size: dict[str, int]) -> None:
    """What was typed stays beside the mistake and in the preview; undone, nothing is left."""
    house.some_dossier()
    today = datetime.now(TIMEZONE)
    begin, end = (f"{today - timedelta(days=back):%d/%m/%Y 08:00}" for back in (2, 1))
    found = []
    with at_screen(browser, house, size, bypass_csp=True) as office:
        page = office.page
        office.enter("huong.kiemsoat")
        office.go("/su-co")
        page.get_by_label("Từ", exact=True).fill(end)
        page.get_by_label("Đến", exact=True).fill(begin)
        page.get_by_label("Sự cố, người dân sẽ đọc được").fill("Mất điện toàn trụ sở")
        page.get_by_label("Số thông báo sự cố").fill(f"{size['width']}/TB")
        page.get_by_role("button", name="Xem trước").click()
        expect(page.locator("#den-loi")).to_contain_text("kết thúc sau khi bắt đầu")
        found += _judged(page)
        page.get_by_label("Từ", exact=True).fill(begin)
        page.get_by_label("Đến", exact=True).fill(end)
        page.get_by_role("button", name="Xem trước").click()
        expect(page.get_by_text("Chưa có gì thay đổi.")).to_be_visible()
        expect(page.get_by_label("Số thông báo sự cố")).to_have_value(f"{size['width']}/TB")
        found += _judged(page)
        office.shot(f"incidents-{size['width']}")
        page.get_by_role("button", name="Áp dụng").click()
        expect(page.get_by_text("Đã không tính thời gian có sự cố")).to_be_visible()
        found += _judged(page)
        for undo in page.get_by_role("button", name="Hoàn tác").all():
            undo.click()
        expect(page.get_by_text("Không có sự cố nào.")).to_be_visible()
    assert found == []
