"""People at their screens: log in, read, fill a form the way it stands on the page, click."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from engine.dossiers.models import Dossier
from engine.org.models import Agency, Assignment, Person
from engine.tasks.models import Task
from tests.webapp.office import posted

SCREENSHOTS = Path(__file__).parent / "screenshots"
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
expect.set_options(timeout=20_000)  # a busy machine draws a diagram slowly

_WATCH = """
document.addEventListener("securitypolicyviolation", (event) => window.tellViolation(
  `${location.pathname}: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


@dataclass
class House:
    """The running product."""

    address: str
    sessions: sessionmaker[Session]
    log: Path

    def task(self, code: str, element: str, *, within: float = 20.0) -> tuple[int, str]:
        """The open task's id and the user name of somebody who may do it; waits for the worker."""
        until = time.monotonic() + within
        while True:
            with self.sessions() as session:
                found = session.execute(
                    select(Task.id, Task.agency_id, Task.role)
                    .join(Dossier)
                    .where(Dossier.code == code, Task.element == element, Task.status == "open")
                ).first()
                if found is not None:
                    name = session.scalars(
                        select(Person.username)
                        .join(Assignment)
                        .where(
                            Assignment.agency_id == found.agency_id,
                            Assignment.role == found.role,
                            Assignment.valid_to.is_(None),
                        )
                        .order_by(Person.id)
                    ).first()
                    assert name is not None
                    return found.id, name
            assert time.monotonic() < until, f"{element} of {code} never came"
            time.sleep(0.2)

    def some_dossier(self) -> str:
        """An open dossier with work under way in more than one agency."""
        with self.sessions() as session:
            several = (
                select(Task.dossier_id)
                .where(Task.status == "open")
                .group_by(Task.dossier_id)
                .order_by(Task.dossier_id.desc())
            )
            ids = list(session.scalars(several))
            counts = {
                number: len(
                    set(
                        session.scalars(
                            select(Task.agency_id).where(
                                Task.dossier_id == number, Task.status == "open"
                            )
                        )
                    )
                )
                for number in ids
            }
            best = max(ids, key=lambda number: counts[number])
            return session.get_one(Dossier, best).code

    def busiest(self, kind: str) -> str:
        """The user name of whoever has most open tasks in an agency of a kind."""
        with self.sessions() as session:
            rows = (
                session.execute(
                    select(Person.username)
                    .join(Assignment, Assignment.person_id == Person.id)
                    .join(Agency, Agency.id == Assignment.agency_id)
                    .join(
                        Task,
                        (Task.agency_id == Assignment.agency_id) & (Task.role == Assignment.role),
                    )
                    .where(
                        Agency.kind == kind, Task.status == "open", Assignment.valid_to.is_(None)
                    )
                )
                .scalars()
                .all()
            )
            return max(set(rows), key=rows.count)


class Officer:
    """One person's browser tab. What it may not do by policy or in scripts is collected."""

    def __init__(self, page: Page, house: House, troubles: list[str]) -> None:
        self.page, self.house, self.troubles = page, house, troubles

    def go(self, path: str) -> None:
        answer = self.page.goto(self.house.address + path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"

    def enter(self, username: str) -> None:
        """By the demo's card."""
        self.go("/dang-nhap")
        self.page.locator(f'button[value="{username}"]').click()
        expect(self.page.locator("h1")).to_be_visible()

    def leave(self) -> None:
        """Log out by the button, on a phone in the menu."""
        self.go("/thong-bao")
        button = self.page.get_by_role("button", name="Đăng xuất")
        if not button.is_visible():
            self.page.locator(".top-menu summary").click()
        button.click()
        expect(self.page.get_by_role("heading", name="Đăng nhập")).to_be_visible()

    def fill(self, data: dict[str, Any]) -> None:
        """Answer every name in ``data``; fields that appear through other answers come later."""
        left = posted(data)
        while left:
            ready = [name for name in left if self._there(name)]
            assert ready, f"never shown: {sorted(left)}"
            for name in ready:
                self._answer(name, left.pop(name))

    def settle(self) -> None:
        """Wait until no answer of the server is under way."""
        self.page.wait_for_function("() => !document.querySelector('.htmx-request')")

    def shot(self, name: str) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.evaluate("document.fonts.ready")
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")

    def _named(self, name: str) -> Locator:
        return self.page.locator(f'#form-sections [name="{name}"]:not([type="hidden"])')

    def _there(self, name: str) -> bool:
        if name.startswith("__rows."):
            return self.page.locator(f'[name="__add.{name[7:]}"]').count() > 0
        return self._named(name).count() > 0

    def _answer(self, name: str, value: str | list[str]) -> None:
        if name.startswith("__rows."):
            self._rows(name[7:], int(str(value)))
            return
        controls = self._named(name)
        first = controls.first
        tag = first.evaluate("e => e.tagName + ' ' + e.type")
        if tag.startswith("SELECT"):
            if first.input_value() != value:
                self._then(first, lambda: first.select_option(str(value)))
        elif tag.startswith("INPUT") and tag.endswith(("radio", "checkbox")):
            alone = isinstance(value, str) and tag.endswith("checkbox")
            for item in [value] if isinstance(value, str) else value:
                one = first if alone else controls.and_(self.page.locator(f'[value="{item}"]'))
                if one.is_checked() != (item == "true" or not alone):
                    self._then(one, one.click)
        elif first.input_value() != value:
            first.fill(str(value))
            self._then(first, first.blur)

    def _then(self, control: Locator, act: Callable[[], Any]) -> None:
        """Act; a field on which others depend brings the sections anew."""
        if control.get_attribute("data-refresh") is None:
            act()
            return
        with self.page.expect_response(lambda answer: answer.url.endswith("/bieu-mau")):
            act()
        self.settle()

    def _rows(self, path: str, wanted: int) -> None:
        rows = self.page.locator(f'[data-rows="{path}"] [data-row]')
        while rows.count() < wanted:
            have = rows.count()
            self.page.locator(f'[name="__add.{path}"]').click()
            expect(rows).to_have_count(have + 1)


@contextmanager
def at_screen(
    browser: Browser,
    house: House,
    size: dict[str, int] = DESKTOP,
    locale: str = "vi-VN",
    **options: Any,
) -> Iterator[Officer]:
    """An officer's own browser; at the end nothing may have offended the policy or broken."""
    troubles: list[str] = []
    context = browser.new_context(viewport=size, locale=locale, **options)  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    context.expose_function("tellViolation", lambda told: troubles.append(told))
    context.add_init_script(_WATCH)
    page = context.new_page()
    page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
    try:
        yield Officer(page, house, troubles)
    finally:
        context.close()
    assert troubles == []
