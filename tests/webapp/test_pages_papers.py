"""The papers of the law: a checklist at the counter, nothing demanded beyond it, slips to print."""

from __future__ import annotations

import html
import io
from datetime import timedelta

import pytest

from tests.webapp.office import PROCEDURE, Office, posted

INTAKE, ELSEWHERE = "lan.ubnd.tanan", "hoa.ubnd.binhminh"
PDF = b"%PDF-1.4\n%%EOF"
ASKS = {"ket_qua_kiem_tra": "thieu", "ly_do_kiem_tra": "Bản chụp không đọc được số giấy."}


def _text(answer: object) -> str:
    return html.unescape(getattr(answer, "text", ""))


def test_the_counter_sees_what_the_law_asks_for_while_typing(office: Office) -> None:
    """The list follows the form: who has no giấy báo tử brings a substitute, and no more."""
    officer = office.enter(INTAKE)
    typed = posted(office.story("bhxh-chi-tra").data)
    address, ajax = f"/tiep-nhan/{PROCEDURE}/bieu-mau", {"HX-Request": "true"}
    assert "không phải nộp giấy tờ nào" in _text(officer.get(f"/tiep-nhan/{PROCEDURE}"))
    usual = _text(officer.post(address, typed, headers=ajax))
    assert 'id="needed"' in usual
    assert "Điều 34 Luật Hộ tịch số 60/2014/QH13" in usual
    assert "Giấy tờ thay Giấy báo tử" not in usual.split('id="needed"')[1]
    other = _text(officer.post(address, {**typed, "giay_bao_tu": "ban-an-toa-an"}, headers=ajax))
    assert "Giấy tờ thay Giấy báo tử" in other.split('id="needed"')[1]


def test_a_missing_paper_stands_on_the_list_and_on_the_slip(office: Office) -> None:
    """«Chưa có» until a file of that paper is put in; the slip tells the same."""
    officer = office.enter(INTAKE)
    opened = officer.post(f"/tiep-nhan/{PROCEDURE}", posted(office.story("bhxh-chi-tra").data))
    assert "paper-missing" in officer.get(opened.location).text
    assert "chưa nộp" in officer.get(f"{opened.location}/giay-tiep-nhan").text
    code = opened.location.rsplit("/", 1)[-1]
    listed = officer.get(opened.location).text.count("paper-missing")
    put = officer.post(
        f"/ho-so/{code}/giay-to",
        {"thanh_phan": "giay_bao_tu", "tep": (io.BytesIO(PDF), "giay.pdf"), "ve": opened.location},
    )
    assert put.status_code == 302, put.text
    assert officer.get(opened.location).text.count("paper-missing") == listed - 1


@pytest.mark.parametrize(
    ("demand", "status"),
    [
        ({}, 422),
        ({"giay_to_thieu": "giay_bao_tu"}, 302),
        ({"giay_to_thieu": "giay_thay_the"}, 422),  # the law does not ask for it in this dossier
        ({"giay_to_thieu": "so_ho_khau"}, 422),
        ({"giay_to_thieu": "khac", "giay_to_khac": "Sổ hộ khẩu"}, 422),
        ({"giay_to_thieu": "khac", "giay_to_khac": "Giấy A", "can_cu_giay_to": "cần"}, 422),
        (
            {
                "giay_to_thieu": "khac",
                "giay_to_khac": "Giấy A",
                "can_cu_giay_to": "Điều 4 Nghị định số 123/2015/NĐ-CP",
            },
            302,
        ),
    ],
)
def test_no_paper_beyond_the_list_is_demanded(
    office: Office, demand: dict[str, str], status: int
) -> None:
    """Only what the law asks for in this dossier, or another paper with the law that asks it."""
    code = office.dossier()
    officer = office.enter(INTAKE)
    address = f"/viec/{office.task(code).id}/hoan-thanh"
    assert officer.post(address, {**ASKS, **demand}).status_code == status


def test_the_citizen_takes_one_complete_notice_home(office: Office) -> None:
    """Papers, reason and the last day on it; for the counter, not for other agencies."""
    code = office.dossier()
    officer = office.enter(INTAKE)
    asked = officer.post(
        f"/viec/{office.task(code).id}/hoan-thanh", {**ASKS, "giay_to_thieu": "giay_bao_tu"}
    )
    assert "phieu-bo-sung" in officer.get(asked.location).text  # the next page: where it is awaited
    page = officer.get(f"/ho-so/{code}").text
    address = page.split(f'href="/ho-so/{code}/phieu-bo-sung/')[1].split('"')[0]
    slip = _text(officer.get(f"/ho-so/{code}/phieu-bo-sung/{address}"))
    for told in ("Giấy báo tử", ASKS["ly_do_kiem_tra"], "Nộp bổ sung trước", "Nguyễn Thị Lan"):
        assert told in slip
    assert officer.get(f"/ho-so/{code}/phieu-bo-sung/999999").status_code == 404
    citizen = _text(office.visitor().get(f"/tra-cuu?ma={code}"))
    assert "UBND xã Tân An đang chờ giấy tờ" in citizen
    until = slip.split("Nộp bổ sung trước</dt><dd><strong>")[1].split("<")[0]
    assert until in citizen
    assert ASKS["ly_do_kiem_tra"] not in citizen
    assert office.enter(ELSEWHERE).get(f"/ho-so/{code}/phieu-bo-sung/{address}").status_code == 404


def test_a_late_agency_prints_its_apology(office: Office) -> None:
    """None before a new date was given; then the reason, both dates and who apologises."""
    code = office.dossier(until_step=3)
    officer = office.enter(INTAKE)
    assert officer.get(f"/ho-so/{code}/phieu-xin-loi").status_code == 404
    office.now += timedelta(days=1)
    head = office.enter("dung.ubnd.tanan")
    reason = "Phải xác minh tại nơi cư trú cũ của người mất"
    given = {"ngay": "30/12/2026", "ly_do": reason, "van_ban": "7/PXL"}
    assert head.post(f"/ho-so/{code}/hen-lai", given).status_code == 302
    assert f"/ho-so/{code}/phieu-xin-loi" in officer.get(f"/ho-so/{code}").text
    letter = _text(officer.get(f"/ho-so/{code}/phieu-xin-loi"))
    for told in (reason, "Số: 7/PXL", "30/12/2026 17:00", "xin lỗi Ông/Bà", "UBND xã Tân An"):
        assert told in letter


def test_an_agency_reads_the_papers_that_concern_its_part(office: Office) -> None:
    """The police need no giấy báo tử: not on their page, not by its address; the counter reads."""
    code = office.dossier(until_step=4)
    officer = office.enter(INTAKE)
    given = {"thanh_phan": "giay_bao_tu", "tep": (io.BytesIO(PDF), "giay.pdf")}
    assert officer.post(f"/ho-so/{code}/giay-to", given).status_code == 302
    free = {"thanh_phan": "", "tep": (io.BytesIO(PDF), "thu.pdf")}
    assert officer.post(f"/ho-so/{code}/giay-to", free).status_code == 302
    police = office.enter("tuan.congan.tanan")
    page = police.get(f"/ho-so/{code}").text
    assert "giay.pdf" not in page
    assert "thu.pdf" in page
    assert police.get("/giay-to/1").status_code == 404
    assert police.get("/giay-to/2").status_code == 200
    assert officer.get("/giay-to/1").status_code == 200


def test_results_are_signed_for_at_the_counter(office: Office) -> None:
    """Nothing to sign before the first result; then each with its time, and what is still open."""
    officer = office.enter(INTAKE)
    fresh, code = office.dossier(), office.dossier(until_step=4)
    assert officer.get(f"/ho-so/{fresh}/phieu-tra-ket-qua").status_code == 404
    slip = _text(officer.get(f"/ho-so/{code}/phieu-tra-ket-qua"))
    assert "Trích lục khai tử:" in slip
    assert "Còn đang giải quyết" in slip
    assert office.enter(ELSEWHERE).get(f"/ho-so/{code}/phieu-tra-ket-qua").status_code == 404


def test_dossiers_are_sorted_as_officers_ask(office: Office) -> None:
    """Running ones by their legal date; by arrival or name on request; nothing else."""
    codes = [office.dossier(), office.dossier("bhxh-chi-tra", until_step=1)]
    officer = office.enter(INTAKE)
    assert 'value="due" selected' in officer.get("/ho-so").text
    for order, first in (("old", codes[0]), ("new", codes[1]), ("due", codes[1])):
        page = officer.get(f"/ho-so?xep={order}").text
        places = {code: page.index(f"/ho-so/{code}") for code in codes}
        assert min(places, key=places.__getitem__) == first, order
    assert officer.get("/ho-so?xep=khac").status_code == 422
