"""The comfort script in a real browser: sections change under the hands, nothing typed is lost.

Pages and answers come from the macros in this process; the test decides when an answer arrives.
"""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest
from lxml import html
from werkzeug.datastructures import MultiDict

from tests.engine.forms.club import LISTS, TODAY, choir
from tests.engine.forms.pages import ENVIRONMENT
from webapp.assets import DIST, manifest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request, Route

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'"
)
HOST = "http://mau.test"
PAGE = """{% import "forms/fields.html" as forms %}<!doctype html><html lang="vi"><head>
<title>Mẫu</title><link rel="stylesheet" href="/dist/{{ css }}">
<script type="module" src="/dist/{{ js }}"></script></head><body><main>
{{ forms.errors(view) }}<form method="post" {{ forms.form_attributes("/lai") }}>
{{ forms.render(view) }}<button id="xong">Xong</button></form></main></body></html>"""
PART = '{% import "forms/fields.html" as forms %}{{ forms.render(view) }}'


class Site:
    """Answers the browser; refreshes wait in ``held`` until ``answer`` is called."""

    def __init__(self) -> None:
        self.form = choir()
        self.raw: dict = {}
        self.errors: dict | None = None
        self.held: list[Route] = []

    def draw(self, template: str, raw: dict) -> str:
        view = self.form.view(raw, TODAY, LISTS, self.errors)
        names = manifest()
        made = ENVIRONMENT.from_string(template)
        return made.render(view=view, css=names["app.css"], js=names["app.js"])

    def serve(self, route: Route, request: Request) -> None:
        path = request.url.removeprefix(HOST)
        if path == "/lai":
            self.held.append(route)
        elif path.startswith("/dist/"):
            route.fulfill(path=DIST / path.removeprefix("/dist/"))
        elif path == "/":
            policy = {"content-security-policy": POLICY}
            page = self.draw(PAGE, self.raw)
            route.fulfill(body=page, content_type="text/html; charset=utf-8", headers=policy)
        else:
            route.fulfill(status=204)

    def answer(self) -> dict:
        """Let the oldest refresh through; what it had posted."""
        route = self.held.pop(0)
        raw = self.form.from_post(posted(route.request), LISTS)
        route.fulfill(body=self.draw(PART, raw), content_type="text/html; charset=utf-8")
        return raw


def posted(request: Request) -> MultiDict:
    kind = request.headers["content-type"]
    body = request.post_data_buffer or b""
    if kind.startswith("application/x-www-form-urlencoded"):
        return MultiDict(parse_qsl(body.decode(), keep_blank_values=True))
    parts = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    return MultiDict(
        (part.get_param("name", header="content-disposition"), part.get_payload(decode=True))
        for part in parts.get_payload()
    )


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900})
    found = context.new_page()
    wrong: list[str] = []
    found.on("pageerror", lambda error: wrong.append(str(error)))
    found.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
    found.route(f"{HOST}/**", site.serve)
    yield found
    context.close()
    assert wrong == []


def start(page: Page) -> None:
    page.goto(HOST)
    page.wait_for_function("document.querySelector('.date-field, #f-nguoi-ngay_sinh') !== null")
    page.wait_for_load_state("networkidle")


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.id")


def wait_for_refresh(page: Page, site: Site) -> None:
    for _ in range(200):
        if site.held:
            return
        page.wait_for_timeout(10)
    raise AssertionError("no refresh was posted")


def test_typing_goes_on_while_the_sections_change(page, site):
    """Letters typed after the post left stay, with the caret between them."""
    start(page)
    page.check("#f-biet_not")
    wait_for_refresh(page, site)
    page.focus("#f-nguoi-ho_ten")
    page.keyboard.type("Trần Bốn")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert site.answer()["biet_not"] == "true"
    page.wait_for_selector("#f-so_nam")
    assert focused(page) == "f-nguoi-ho_ten"
    page.keyboard.type("Văn ")
    assert page.input_value("#f-nguoi-ho_ten") == "Trần Văn Bốn"
    assert site.held == []


def test_the_ticked_box_keeps_the_focus(page, site):
    """Tab goes on from where the person was."""
    start(page)
    page.focus("#f-nhac_cu")
    page.keyboard.press("Space")
    wait_for_refresh(page, site)
    site.answer()
    page.wait_for_selector("[data-rows=nhac]")
    assert focused(page) == "f-nhac_cu"
    assert page.is_checked("#f-nhac_cu")


def test_rows_come_and_go_without_leaving_the_page(page, site):
    """An added row gets the caret in its first field; after a removal the add button has it."""
    site.raw = {"nhac_cu": True, "nhac": [{"ten": "sáo"}]}
    start(page)
    page.fill("#f-nhac-0-ten", "sáo trúc")
    page.click("[name='__add.nhac']")
    wait_for_refresh(page, site)
    assert site.answer()["nhac"][0]["ten"] == "sáo trúc"
    page.wait_for_selector("#f-nhac-1-ten")
    assert focused(page) == "f-nhac-1-ten"
    page.click("[name='__remove.nhac.0']")
    wait_for_refresh(page, site)
    site.answer()
    page.wait_for_selector("#f-nhac-1-ten", state="detached")
    assert page.input_value("#f-nhac-0-ten") == ""
    assert focused(page) == "f-nhac-add"


def test_enter_in_a_field_hands_nothing_in_and_dates_are_filled_up(page, site):
    """5/6/1950 becomes 05/06/1950, in an English browser too; the page stays."""
    start(page)
    page.fill("#f-nguoi-ngay_sinh", "5/6/1950")
    page.keyboard.press("Enter")
    assert page.input_value("#f-nguoi-ngay_sinh") == "05/06/1950"
    page.fill("#f-nguoi-ngay_sinh", "31/02/1950")
    page.keyboard.press("Tab")
    assert page.input_value("#f-nguoi-ngay_sinh") == "31/02/1950"
    assert page.url == f"{HOST}/"
    assert html.fromstring(page.content()).xpath("//*[@id='form-sections']")


def test_the_error_summary_takes_the_focus_and_leads_to_the_field(page, site):
    """A screen reader begins with what is wrong; each line goes to its field."""
    site.errors = {"nguoi.so": ["«Số thẻ» phải gồm 4 chữ số."], "biet_not": ["«Biết» phải chọn."]}
    start(page)
    assert focused(page) == "form-errors"
    page.click("#form-errors a >> nth=0")
    assert focused(page) == "f-nguoi-so"
    page.click("#form-errors a >> nth=1")
    assert focused(page) == "f-biet_not"
