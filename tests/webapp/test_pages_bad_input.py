"""Bad input meets a sentence and the right status; nothing changes and nothing typed is lost."""
# ruff: noqa: F811 - pytest gives fixtures by name

from __future__ import annotations

import io

import pytest
from sqlalchemy import select

from engine.org.models import Assignment, Person
from tests.webapp.office import Office, _settled_province, office, posted  # noqa: F401 - fixtures

INTAKE, REGISTRAR, STRANGER = "lan.ubnd.tanan", "hung.ubnd.tanan", "yen.bhxh.songngan"


@pytest.mark.parametrize("action", ["nhan", "tra", "giao", "bieu-mau", "hoan-thanh"])
def test_an_unknown_task_is_not_found(office: Office, action: str) -> None:
    """404 with a sentence, also for another agency's task: its existence is not told."""
    code = office.dossier()
    officer, stranger = office.enter(INTAKE), office.enter(STRANGER)
    asked = {"nguoi": "1"}
    for visitor, number in ((officer, 999_999), (stranger, office.task(code).id)):
        answer = visitor.post(f"/viec/{number}/{action}", asked)
        assert answer.status_code == 404
        assert "Không có việc này" in answer.text


def test_another_role_may_look_but_not_work(office: Office) -> None:
    """A colleague of another role sees the task's page without a form and is refused politely."""
    code = office.dossier()
    task = office.task(code)
    colleague = office.enter(REGISTRAR)
    page = colleague.get(f"/viec/{task.id}")
    assert page.status_code == 200
    assert "Hoàn thành bước này" not in page.text
    refused = colleague.post(f"/viec/{task.id}/nhan")
    assert refused.status_code == 403
    assert office.task(code).assignee_id is None


def test_a_finished_task_keeps_what_was_typed(office: Office) -> None:
    """409 with who finished it and when; the answers stand in the page."""
    code = office.dossier()
    officer = office.enter(INTAKE)
    task = office.task(code)
    right = posted(office.story("bhxh-chi-tra").steps[0]["data"])
    assert officer.post(f"/viec/{task.id}/hoan-thanh", right).status_code == 302
    late = officer.post(f"/viec/{task.id}/hoan-thanh", {"ket_qua_kiem_tra": "thieu"})
    assert late.status_code == 409
    assert "đã được Nguyễn Thị Lan hoàn thành" in late.text
    assert 'value="thieu" checked' in late.text
    draft = officer.post(f"/viec/{task.id}/bieu-mau", {"ket_qua_kiem_tra": "thieu"})
    assert draft.status_code == 409


def test_a_task_somebody_holds_is_refused_to_others(office: Office) -> None:
    """The holder is named; the second person's typing is kept."""
    code = office.dossier("bhxh-chi-tra", until_step=1)
    task = office.task(code)
    office.enter(REGISTRAR).post(f"/viec/{task.id}/nhan")
    with office.sessions() as session:
        other = session.scalars(select(Person.id).where(Person.username == INTAKE)).one()
        session.add(
            Assignment(
                person_id=other, agency_id=task.agency_id, role="ho-tich",
                valid_from=office.now.date(), valid_to=None,
            )
        )  # fmt: skip
        session.commit()
    answer = office.enter(INTAKE).post(
        f"/viec/{task.id}/hoan-thanh", {"so_dang_ky": "giữ lại dòng này"}
    )
    assert answer.status_code == 409
    assert "Trần Văn Hùng đang giữ việc này" in answer.text


def test_a_value_out_of_range_names_the_field(office: Office) -> None:
    """422, the field's own words, the typed value kept, the task still open."""
    code = office.dossier("bhxh-chi-tra", until_step=1)
    task = office.task(code)
    registrar = office.enter(REGISTRAR)
    data = posted(office.story("bhxh-chi-tra").steps[1]["data"])
    bad = registrar.post(f"/viec/{task.id}/hoan-thanh", {**data, "ngay_dang_ky": "45/13/2026"})
    assert bad.status_code == 422
    assert "45/13/2026" in bad.text
    assert 'aria-invalid="true"' in bad.text
    assert office.task(code).id == task.id


@pytest.mark.parametrize(
    ("content", "name", "status", "words"),
    [
        (b"MZ\x90\x00", "giay.pdf", 422, "Chỉ nhận tệp PDF, JPEG, PNG hoặc DOCX"),
        (b"", "rong.pdf", 422, "Tệp rỗng"),
        (b"%PDF-" + b"0" * (10 * 1024 * 1024), "to.pdf", 413, "Tệp lớn hơn 10 MB"),
        (b"%PDF-" + b"0" * (22 * 1024 * 1024), "rat-to.pdf", 413, "quá lớn"),
    ],
)
def test_a_wrong_paper_is_refused(
    office: Office, content: bytes, name: str, status: int, words: str
) -> None:
    """Type and size are checked by the bytes; the sentence says what is accepted."""
    code = office.dossier()
    officer = office.enter(INTAKE)
    answer = officer.post(f"/ho-so/{code}/giay-to", {"tep": (io.BytesIO(content), name)})
    assert answer.status_code == status
    assert words in answer.text
    assert 'href="/giay-to/' not in officer.get(f"/ho-so/{code}").text


def test_a_post_without_a_token_is_refused(office: Office) -> None:
    """Another site cannot make an officer act."""
    code = office.dossier()
    officer = office.enter(INTAKE)
    answer = officer.client.post(f"/viec/{office.task(code).id}/nhan")
    assert answer.status_code == 400
    assert "hãy tải lại trang" in answer.text
    assert office.task(code).assignee_id is None


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/khong-co-trang-nay", 404),
        ("get", "/ho-so/H00.00-000000-0000", 404),
        ("get", "/viec?muc=sai", 422),
        ("get", "/viec?sau=linh-tinh", 422),
        ("get", "/ho-so?trang_thai=sai", 422),
        ("get", "/tiep-nhan/khong-co", 404),
        ("put", "/viec", 405),
    ],
)
def test_strange_addresses_get_a_page_with_a_way_on(
    office: Office, method: str, path: str, status: int
) -> None:
    """A sentence, a link onward, and never a traceback."""
    officer = office.enter(INTAKE)
    extra = {"headers": {"X-CSRFToken": officer.token()}} if method == "put" else {}
    answer = getattr(officer.client, method)(path, **extra)
    assert answer.status_code == status
    assert "Về việc của tôi" in answer.text
    assert "Traceback" not in answer.text


def test_an_unforeseen_error_shows_no_traceback(office: Office) -> None:
    """500 with a sentence; the change is taken back."""
    office.app.config["PROPAGATE_EXCEPTIONS"] = False
    officer = office.enter(INTAKE)

    def broken() -> None:
        raise ZeroDivisionError("bí mật")

    office.app.view_functions["notices.board"] = broken
    answer = officer.get("/thong-bao")
    assert answer.status_code == 500
    assert "lỗi ngoài dự kiến" in answer.text
    assert "ZeroDivision" not in answer.text
    assert "bí mật" not in answer.text
