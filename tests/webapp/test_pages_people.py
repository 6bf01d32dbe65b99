"""Where each post begins, the slip for the citizen, and lists that begin with what must be done."""
# ruff: noqa: F811 - pytest gives fixtures by name

from __future__ import annotations

import html
from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.dossiers.models import Dossier
from engine.liaison.models import Message
from tests.webapp.office import (  # noqa: F401 - fixtures
    Office,
    _settled_province,
    office,
)
from webapp.officer.slips import qr

INTAKE, REGISTRAR, HEAD = "lan.ubnd.tanan", "hung.ubnd.tanan", "dung.ubnd.tanan"
LIAISON, CONTROL, ADMIN = "mai.ubnd.tanan", "huong.kiemsoat", "khoa.quantri"
POLICE, STRANGER = "tuan.congan.tanan", "yen.bhxh.songngan"


@pytest.mark.parametrize(
    ("username", "place"),
    [
        (INTAKE, "/viec"),
        (HEAD, "/viec"),
        (POLICE, "/viec"),
        (LIAISON, "/lien-thong"),
        (CONTROL, "/ho-so"),
        (ADMIN, "/thu-gui-di"),
    ],
)
def test_each_post_begins_at_its_own_work(office: Office, username: str, place: str) -> None:
    """And the page it begins at stands in its menu."""
    officer = office.enter(username)
    assert officer.get("/").location == place
    page = officer.client.get(place, follow_redirects=True).text
    assert f'href="{place}" aria-current="page"' in page


def test_a_visitor_begins_at_the_log_in(office: Office) -> None:
    """The start page shows nothing to anybody unknown."""
    visitor = office.visitor()
    assert visitor.get(visitor.get("/").location).location.startswith("/dang-nhap")


def test_a_head_without_steps_sees_the_agency(office: Office) -> None:
    """The empty list of the group gives way to the agency's; a filter is not overruled."""
    code = office.dossier()
    head = office.enter(HEAD)
    assert head.get("/viec").location == "/viec?pham_vi=agency"
    assert code in head.get("/viec?pham_vi=agency").text
    assert head.get("/viec?pham_vi=mine").status_code == 200
    assert office.enter(REGISTRAR).get("/viec").status_code == 200


def test_the_slip_has_code_date_papers_and_a_way_to_follow(office: Office) -> None:
    """For the counter that took it in; before acceptance it promises no date."""
    fresh = office.dossier()
    officer = office.enter(INTAKE)
    assert f'href="/ho-so/{fresh}/giay-tiep-nhan"' in officer.get(f"/ho-so/{fresh}").text
    page = html.unescape(officer.get(f"/ho-so/{fresh}/giay-tiep-nhan").text)
    assert "Có sau khi hồ sơ được tiếp nhận chính thức" in page
    accepted = office.dossier("bhxh-chi-tra", until_step=1)
    page = html.unescape(officer.get(f"/ho-so/{accepted}/giay-tiep-nhan").text)
    with office.sessions() as session:
        dossier = session.scalars(select(Dossier).where(Dossier.code == accepted)).one()
        assert dossier.due_at is not None
        due = f"{dossier.due_at + timedelta(hours=7):%d/%m/%Y %H:%M}"
        applicant = dossier.applicant
    for wanted in (accepted, due, applicant, "UBND xã Tân An", "Nguyễn Thị Lan"):
        assert wanted in page, wanted
    assert f"http://localhost/tra-cuu?ma={accepted}" in page
    assert str(qr(f"http://localhost/tra-cuu?ma={accepted}")) in page
    office.app.config["PUBLIC_URL"] = "https://motcua.example"
    page = html.unescape(officer.get(f"/ho-so/{accepted}/giay-tiep-nhan").text)
    assert f"https://motcua.example/tra-cuu?ma={accepted}" in page


def test_only_the_counter_prints_the_slip(office: Office) -> None:
    """Another agency of the dossier, the control office and strangers are refused."""
    code = office.dossier("bhxh-chi-tra", until_step=4)
    address = f"/ho-so/{code}/giay-tiep-nhan"
    assert office.enter(INTAKE).get(address).status_code == 200
    for username, status in ((POLICE, 403), (CONTROL, 403), (STRANGER, 404), (ADMIN, 404)):
        officer = office.enter(username)
        assert officer.get(address).status_code == status, username
        if status == 403:
            assert address not in officer.get(f"/ho-so/{code}").text
    assert office.visitor().get(address).status_code == 302


def test_handoffs_to_confirm_come_first_and_change_in_place(office: Office) -> None:
    """Opened without a filter the board shows what waits; the confirmed row comes back alone."""
    code = office.dossier("bhxh-chi-tra", until_step=4)
    with office.sessions() as session:
        message = session.scalars(
            select(Message).join(Dossier).where(
                Dossier.code == code, Message.status == "delivered",
                Message.acknowledged_at.is_(None)).order_by(Message.id)
        ).first()  # fmt: skip
        assert message is not None
        kind, number = message.receiver.kind, message.id
    username = {"cong-an": POLICE, "bhxh": "ngoc.bhxh.tanan", "ubnd-xa": LIAISON}[kind]
    officer = office.enter(username)
    board = officer.get("/lien-thong").text
    assert f'id="lt-{number}"' in board
    assert "Xem tất cả" in board
    row = officer.post(f"/lien-thong/{number}/xac-nhan", headers={"HX-Request": "true"})
    assert row.status_code == 200
    assert row.text.count("<tr") == 1
    assert "Đã xác nhận" in row.text
    assert "data-focus" in row.text
    assert office.enter(STRANGER).post(f"/lien-thong/{number}/xac-nhan").status_code in (403, 404)


def test_letters_tell_which_channels_are_silent(office: Office) -> None:
    """Without a mail server nothing can be sent again, and the page says why."""
    office.dossier("bhxh-chi-tra", until_step=1)
    page = office.enter(CONTROL).get("/thu-gui-di").text
    assert "Chưa bật: thư điện tử, tin nhắn." in page
    assert "Gửi lại" not in page
