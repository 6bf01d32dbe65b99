"""The officers' pages, spoken to over HTTP: what each shows, does and leads to."""
# ruff: noqa: F811 - pytest gives fixtures by name

from __future__ import annotations

import html
import io
import re
from datetime import timedelta

from babel.messages.pofile import read_po
from sqlalchemy import select

from engine.dossiers import scenario
from engine.dossiers.models import ReadLog
from engine.liaison.models import Message
from engine.org.models import Person
from engine.tasks.models import Task
from tests.webapp.office import (  # noqa: F401 - fixtures
    PROCEDURE,
    ROOT,
    Office,
    _settled_province,
    office,
    posted,
)
from webapp.demo import people

INTAKE, REGISTRAR, HEAD = "lan.ubnd.tanan", "hung.ubnd.tanan", "dung.ubnd.tanan"
LIAISON, CONTROL, STRANGER = "mai.ubnd.tanan", "huong.kiemsoat", "yen.bhxh.songngan"


def test_every_page_is_strict_and_personal_pages_are_not_kept(office: Office) -> None:
    """No inline script, style attribute or page in a cache; the cookie is out of scripts' reach."""
    code = office.dossier()
    officer = office.enter(INTAKE)
    task = office.task(code)
    for path in (
        "/viec",
        f"/viec/{task.id}",
        f"/ho-so/{code}",
        "/ho-so",
        "/lien-thong",
        "/thong-bao",
        "/tiep-nhan",
        f"/tiep-nhan/{PROCEDURE}",
        f"/tra-cuu?ma={code}",
    ):
        answer = officer.get(path)
        assert answer.status_code == 200, (path, answer.text[:300])
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert " style=" not in answer.text, path
        assert " onclick=" not in answer.text, path
        assert '<html lang="vi">' in answer.text
    cookie = office.visitor().get("/dang-nhap").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_log_in_says_the_same_to_a_wrong_password_and_an_unknown_name(office: Office) -> None:
    """Nothing tells whether the name exists; the right password enters and returns to the page."""
    visitor = office.visitor()
    wrong = visitor.post("/dang-nhap", {"username": INTAKE, "password": "sai"})
    unknown = visitor.post("/dang-nhap", {"username": "khong-co-ai", "password": "sai"})
    assert wrong.status_code == unknown.status_code == 422
    sentence = "Tên đăng nhập hoặc mật khẩu không đúng."
    assert sentence in wrong.text
    assert sentence in unknown.text
    password = next(p["password"] for p in people() if p["username"] == INTAKE)
    right = visitor.post(
        "/dang-nhap", {"username": INTAKE, "password": password, "next": "/lien-thong"}
    )
    assert right.location == "/lien-thong"
    assert visitor.get("/viec").status_code == 200


def test_log_in_leads_nowhere_else(office: Office) -> None:
    """A next address of another site is ignored."""
    visitor = office.visitor()
    for target in ("https://x.example/", "//x.example", "/\\x.example"):
        answer = visitor.post("/dang-nhap/thu", {"username": INTAKE, "next": target})
        assert answer.location == "/"


def test_a_page_behind_the_log_in_leads_to_it_and_back(office: Office) -> None:
    """The wanted page stands in the address of the log-in."""
    answer = office.visitor().get("/ho-so?tim=an")
    assert answer.status_code == 302
    assert answer.location == "/dang-nhap?next=/ho-so?tim%3Dan"


def test_outside_the_demo_there_are_no_cards(office: Office) -> None:
    """One-click entry exists in the demo only."""
    token = office.visitor()
    office.app.config["DEMO"] = False
    assert "person-card" not in token.get("/dang-nhap").text
    assert token.post("/dang-nhap/thu", {"username": INTAKE}).status_code == 404


def test_log_in_is_limited(office: Office) -> None:
    """After ten tries a minute there is a sentence and a pause."""
    visitor = office.visitor()
    tries = [visitor.post("/dang-nhap", {"username": "a", "password": "b"}) for _ in range(11)]
    assert [answer.status_code for answer in tries] == [422] * 10 + [429]
    assert "Thử quá nhiều lần" in tries[-1].text


def test_the_inbox_shows_words_and_claims_by_row(office: Office) -> None:
    """A row tells the remaining working time; claiming by htmx answers the row anew."""
    code = office.dossier()
    officer = office.enter(INTAKE)
    page = officer.get("/viec").text
    assert code in page
    assert "làm việc" in page
    task = office.task(code)
    row = officer.post(f"/viec/{task.id}/nhan", headers={"HX-Request": "true"})
    assert row.status_code == 200
    assert f'id="viec-{task.id}"' in row.text
    assert "data-focus" in row.text
    assert "<html" not in row.text
    assert "Tôi đang giữ" in officer.get("/viec?pham_vi=mine").text
    back = officer.post(f"/viec/{task.id}/tra", headers={"HX-Request": "true"})
    assert "Nhận việc" in back.text


def test_filters_live_in_the_address_and_come_back(office: Office) -> None:
    """The last filters are restored; «Bỏ lọc» forgets them."""
    code = office.dossier()
    officer = office.enter(INTAKE)
    found = officer.get(f"/viec?buoc={PROCEDURE}:kiem_tra_ho_so&tim={code[-6:]}")
    assert code in found.text
    assert "Kiểm tra thành phần hồ sơ (1)" in found.text
    back = officer.get("/viec")
    assert back.status_code == 302
    assert "kiem_tra_ho_so" in back.location
    none = officer.get("/viec?tim=khongcoai")
    assert "Không có việc nào khớp bộ lọc." in none.text
    assert officer.get("/viec?xoa=1").location == "/viec"
    assert officer.get("/viec").status_code == 200


def test_intake_opens_a_dossier_and_gives_its_code(office: Office) -> None:
    """The start form in, a dossier page with the code out; a mistake keeps what was typed."""
    officer = office.enter(INTAKE)
    data = posted(office.story("bhxh-chi-tra").data)
    wrong = officer.post(f"/tiep-nhan/{PROCEDURE}", {**data, "nguoi_chet.ngay_chet": "31/02/2026"})
    assert wrong.status_code == 422
    assert "31/02/2026" in wrong.text
    assert data["nguoi_yeu_cau.ho_ten"] in wrong.text
    assert "chỗ cần sửa" in wrong.text
    opened = officer.post(f"/tiep-nhan/{PROCEDURE}", {**data, "key": "mot-lan"})
    assert opened.status_code == 302, opened.text
    page = officer.get(opened.location)
    assert "Mã hồ sơ: H" in page.text
    again = officer.post(f"/tiep-nhan/{PROCEDURE}", {**data, "key": "mot-lan"})
    assert again.location == opened.location


def test_the_form_changes_with_what_is_typed_and_keeps_a_draft(office: Office) -> None:
    """The refresh post saves the draft and answers the sections that now apply."""
    code = office.dossier()
    officer = office.enter(INTAKE)
    task = office.task(code)
    before = officer.get(f"/viec/{task.id}").text
    part = officer.post(
        f"/viec/{task.id}/bieu-mau", {"ket_qua_kiem_tra": "thieu"}, headers={"HX-Request": "true"}
    )
    assert part.status_code == 200
    assert 'id="form-sections"' in part.text
    assert part.text.count("form-label") > before.count("form-label") - 6
    assert "Đã lưu nháp" in part.text
    assert 'value="thieu" checked' in officer.get(f"/viec/{task.id}").text


def test_completing_leads_to_the_next_task(office: Office) -> None:
    """First the same dossier's next task for this person, else the inbox; the dossier moves."""
    code = office.dossier()
    officer = office.enter(INTAKE)
    task = office.task(code)
    step = office.story("bhxh-chi-tra").steps[0]
    done = officer.post(f"/viec/{task.id}/hoan-thanh", posted(step["data"]))
    assert done.status_code == 302, done.text
    assert "Đã hoàn thành" in officer.get(done.location).text
    registrar = office.enter(REGISTRAR)
    assert code in registrar.get("/viec").text


def test_a_double_click_answers_the_same(office: Office) -> None:
    """The hidden key makes a repeated completion answer without acting twice."""
    code = office.dossier()
    officer = office.enter(INTAKE)
    task = office.task(code)
    data = {**posted(office.story("bhxh-chi-tra").steps[0]["data"]), "key": "lan-mot"}
    first = officer.post(f"/viec/{task.id}/hoan-thanh", data)
    second = officer.post(f"/viec/{task.id}/hoan-thanh", data)
    assert first.status_code == second.status_code == 302


def test_papers_go_in_and_come_out_only_for_those_who_may_see(office: Office) -> None:
    """A paper is a sandboxed download; an officer of another agency does not learn of it."""
    code = office.dossier()
    officer = office.enter(INTAKE)
    pdf = (io.BytesIO(b"%PDF-1.7 giay bao tu"), "Giấy báo tử.pdf")
    added = officer.post(f"/ho-so/{code}/giay-to", {"tep": pdf, "ve": f"/ho-so/{code}"})
    assert added.status_code == 302, added.text
    page = officer.get(f"/ho-so/{code}").text
    assert "Giấy báo tử.pdf" in page
    link = "/giay-to/1"
    got = officer.get(link)
    assert got.data.startswith(b"%PDF-")
    assert got.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert "filename*=UTF-8''Gi%E1%BA%A5y" in got.headers["Content-Disposition"]
    stranger = office.enter(STRANGER)
    assert stranger.get(link).status_code == 404
    assert stranger.get(f"/ho-so/{code}").status_code == 404
    assert stranger.get(f"/ho-so/{code}/so-do.bpmn").status_code == 404


def test_the_picture_is_as_drawn(office: Office) -> None:
    """Byte for byte the published file."""
    code = office.dossier()
    got = office.enter(INTAKE).get(f"/ho-so/{code}/so-do.bpmn")
    assert got.mimetype == "application/xml"
    drawn = ROOT / "processes" / PROCEDURE / "2026-09-01" / "process.bpmn"
    assert got.data == drawn.read_bytes()


def test_handoffs_are_seen_and_acknowledged_with_name_and_time(office: Office) -> None:
    """The receiving liaison officer confirms; both sides then see by whom and when."""
    code = office.dossier("bhxh-chi-tra", until_step=3)
    police = office.enter("tuan.congan.tanan")
    board = police.get("/lien-thong").text
    assert code in board
    assert "Xác nhận đã nhận" in board
    with office.sessions() as session:
        received = session.scalars(select(Message).where(Message.status == "delivered")).all()
        ours = next(m for m in received if m.receiver.short_name == "Công an Tân An")
    assert police.post(f"/lien-thong/{ours.id}/xac-nhan").status_code == 302
    sent = office.enter(LIAISON).get("/lien-thong?chieu=gui").text
    assert "Lê Anh Tuấn" in sent
    assert "Đã xác nhận" in sent


def test_the_head_hands_a_task_on(office: Office) -> None:
    """Only the head sees and may use it; the new holder finds it among theirs."""
    code = office.dossier("bhxh-chi-tra", until_step=1)
    task = office.task(code)
    head = office.enter(HEAD)
    page = head.get("/viec?pham_vi=agency").text
    assert code in page
    with office.sessions() as session:
        person = session.scalars(select(Person.id).where(Person.username == REGISTRAR)).one()
    handed = head.post(f"/viec/{task.id}/giao", {"nguoi": str(person)})
    assert handed.status_code == 302
    registrar = office.enter(REGISTRAR)
    assert code in registrar.get("/viec?pham_vi=mine").text
    refused = registrar.post(f"/viec/{task.id}/giao", {"nguoi": str(person)})
    assert refused.status_code == 403


def test_the_control_office_sees_progress_and_no_names(office: Office) -> None:
    """Steps, dates and the picture, but neither facts nor papers nor an applicant's name."""
    code = office.dossier()
    control = office.enter(CONTROL)
    name = office.story("bhxh-chi-tra").data["nguoi_yeu_cau"]["ho_ten"]
    for path in (f"/ho-so/{code}", "/ho-so"):
        page = control.get(path)
        assert page.status_code == 200
        assert code in page.text
        assert name not in page.text


def test_tracking_tells_no_personal_data(office: Office) -> None:
    """Anybody with the code sees status and date; the name only as initials."""
    code = office.dossier("bhxh-chi-tra", until_step=1)
    found = office.visitor().get(f"/tra-cuu?ma={code}")
    data = office.story("bhxh-chi-tra").data
    assert found.status_code == 200
    assert code in found.text
    assert data["nguoi_yeu_cau"]["ho_ten"] not in found.text
    assert data["nguoi_chet"]["ho_ten"] not in found.text
    missing = office.visitor().get("/tra-cuu?ma=H00-0")
    assert missing.status_code == 404
    assert "Không có hồ sơ nào mang mã này" in missing.text


def test_reading_a_dossier_is_recorded(office: Office) -> None:
    """Who opened whose dossier and when stays in the record, also from the control office."""
    code = office.dossier()
    office.enter(INTAKE).get(f"/ho-so/{code}")
    office.enter(CONTROL).get(f"/ho-so/{code}")
    with office.sessions() as session:
        reads = session.execute(
            select(Person.username, ReadLog.what).join(Person, Person.id == ReadLog.person_id)
        ).all()
    assert [tuple(read) for read in reads] == [(INTAKE, "dossier"), (CONTROL, "progress")]


def test_a_long_inbox_goes_on_where_it_stopped(office: Office) -> None:
    """Fifty rows, then the rest by the cursor; htmx gets bare rows, none twice."""
    code = office.dossier()
    first = office.task(code)
    with office.sessions() as session:
        columns = {c.key for c in Task.__table__.columns} - {"id"}
        for number in range(60):
            copy = {name: getattr(first, name) for name in columns}
            copy["due_at"] = first.due_at + timedelta(minutes=number // 2)
            session.add(Task(**copy))
        session.commit()
    officer = office.enter(INTAKE)
    page = officer.get("/viec").text
    rows = re.findall(r'id="viec-(\d+)"', page)
    assert len(rows) == 50
    more = html.unescape(re.search(r'hx-get="([^"]+)" hx-target="#more"', page)[1])  # type: ignore[index]
    part = officer.get(more, headers={"HX-Request": "true"}).text
    rest = re.findall(r'id="viec-(\d+)"', part)
    assert "<html" not in part
    assert len(rest) == 11
    assert not set(rows) & set(rest)


def test_notices_lead_to_their_task_and_are_read_once(office: Office) -> None:
    """A late task reaches the head's bell; opening the notice marks it and opens the task."""
    code = office.dossier("bhxh-chi-tra", until_step=1)
    scenario.pass_time(office.sessions, code, office.now + timedelta(days=4))
    office.now += timedelta(days=4)
    head = office.enter(HEAD)
    board = head.get("/thong-bao").text
    assert "Quá hạn, cần chỉ đạo" in board
    number = re.search(r'action="/thong-bao/(\d+)"', board)[1]  # type: ignore[index]
    opened = head.post(f"/thong-bao/{number}")
    assert opened.location == f"/viec/{office.task(code).id}"
    assert "Giao cho" in head.get(opened.location).text
    assert f'action="/thong-bao/{number}"' not in head.get("/thong-bao").text
    assert "Đã báo lãnh đạo" in head.get("/viec?pham_vi=agency&muc=escalated").text


def test_english_is_the_second_language_and_is_remembered(office: Office) -> None:
    """The frame speaks English after the switch; dates stay day first."""
    officer = office.enter(INTAKE)
    office.dossier()
    officer.post("/ngon-ngu", {"ma": "en", "ve": "/viec"})
    page = officer.get("/viec").text
    assert '<html lang="en">' in page
    assert "My tasks" in page
    assert "23/11/2026 09:00" in page


def test_every_text_of_the_frame_has_its_english() -> None:
    """Each msgid in templates and views stands in the catalogue with a translation."""
    room = ROOT / "webapp"
    sources = [*room.rglob("*.html"), *room.glob("*.py"), *room.glob("*/*.py")]
    asked = set()
    for path in sources:
        if "static" not in path.parts and "node_modules" not in path.parts:
            found = re.findall(r"""\b_\(\s*(?:"([^"]+)"|'([^']+)')""", path.read_text())
            asked |= {first or second for first, second in found}
    with (room / "translations/en/LC_MESSAGES/messages.po").open("rb") as file:
        known = {message.id for message in read_po(file) if message.string}
    assert asked - known == set()
