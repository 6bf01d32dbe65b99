"""What cannot be accepted: a clear sentence, the right status, and nothing changed."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from engine.catalog import releases
from engine.catalog.models import ReleaseRow
from engine.db import writing
from engine.errors import ModelError
from engine.org.models import Agency, Assignment, Person
from tests.webapp.api_house import PROCEDURE, House, Program
from tests.webapp.office import ROOT

INTAKE, REGISTRAR, SIGNER = "lan.ubnd.tanan", "hung.ubnd.tanan", "dung.ubnd.tanan"
POLICE = "tuan.congan.tanan"
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\n%%EOF"
VERSION = "2026-09-01"


def refused(answer: TestResponse, status: int, code: str = "") -> dict[str, Any]:
    """The refusal, checked: JSON, a sentence that ends, no trace of our insides."""
    assert answer.status_code == status, answer.text
    told = answer.json
    assert told["message"][0].isupper()
    assert told["message"].endswith((".", "errors."))
    assert not re.search(r"Traceback|File \"|sqlalchemy|psycopg|sqlite3", answer.text)
    if code:
        assert told["code"] == code
    return told


def test_an_unknown_task_is_not_found(house: House) -> None:
    """Whatever is done to it, also beyond the database's numbers."""
    house.dossier()
    lan, before = house.program(INTAKE), house.mark()
    for number in (999_999, 2**31, 10**30):
        refused(lan.get(f"/tasks/{number}"), 404)
        for act in ("claim", "release", "complete", "draft", "reassign"):
            body = {"person_id": 1} if act == "reassign" else {"data": {}}
            if act in ("claim", "release"):
                body = {}
            refused(lan.post(f"/tasks/{number}/{act}", body), 404)
    refused(lan.get("/dossiers/H99.31.01-000000-0000"), 404)
    refused(lan.get("/dossiers/" + "x" * 300), 404)
    refused(lan.get("/papers/999999"), 404)
    refused(lan.post("/handoffs/999999/acknowledge"), 404)
    refused(lan.post("/notices/999999/read"), 404)
    assert house.mark() == before


def test_a_finished_task_says_who_finished_it_and_when(house: House) -> None:
    """Every act on it is refused with the same sentence."""
    task, body = _finished(house)
    lan, head = house.program(INTAKE), house.program(SIGNER)
    before = house.mark()
    for answer in (
        lan.post(f"/tasks/{task}/complete", body),
        lan.post(f"/tasks/{task}/claim"),
        lan.post(f"/tasks/{task}/release"),
        lan.post(f"/tasks/{task}/draft", body),
        head.post(f"/tasks/{task}/reassign", {"person_id": house.id_of(INTAKE)}),
    ):
        told = refused(answer, 409, "finished")
        assert told["message"] == (
            "Việc này đã được Nguyễn Thị Lan hoàn thành lúc 09:00 23/11/2026."
        )
    assert house.mark() == before


def test_somebody_elses_task_stays_theirs(house: House) -> None:
    """Held by a colleague: 409 with the name. Another role: 403. Another agency: 404."""
    task = house.task(house.dossier()).id
    _colleague(house, "ha.ubnd.tanan", "H99.31.01", "mot-cua")
    lan = house.program(INTAKE)
    assert lan.post(f"/tasks/{task}/claim").status_code == 200
    before = house.mark()
    ha = _as(house, "ha.ubnd.tanan")
    for act, body in (("claim", {}), ("complete", {"data": {}}), ("draft", {"data": {}})):
        told = refused(ha.post(f"/tasks/{task}/{act}", body), 409, "conflict")
        assert "Nguyễn Thị Lan" in told["message"]
    refused(ha.post(f"/tasks/{task}/release"), 403)
    refused(house.program(REGISTRAR).post(f"/tasks/{task}/claim"), 403)
    refused(house.program("hoa.ubnd.binhminh").post(f"/tasks/{task}/claim"), 404)
    assert house.mark() == before


def test_a_stale_page_is_told_to_load_again(house: House) -> None:
    """A version the record has not reached, and a task that the record has left behind."""
    code = house.dossier()
    task = house.task(code).id
    lan = house.program(INTAKE)
    page = lan.get(f"/tasks/{task}").json
    story = house.story("bhxh-chi-tra").steps[0]["data"]
    before = house.mark()
    ahead = {"data": story, "version": page["task"]["version"] + 5}
    told = refused(lan.post(f"/tasks/{task}/complete", ahead), 409, "stale")
    assert "tải lại" in told["message"]
    assert house.mark() == before
    good = {"data": story, "version": page["task"]["version"]}
    assert lan.post(f"/tasks/{task}/complete", good).status_code == 200
    refused(lan.post(f"/tasks/{task}/complete", good), 409, "finished")


MALFORMED = {
    "cut off": b'{"data": {"ket_qua_kiem_tra": "du"',
    "empty": b"",
    "not a number": b'{"data": {"so": NaN}}',
    "too deep": b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "not UTF-8": b'{"data": {"ly_do": "\xff\xfe"}}',
    "half a letter": b'{"data": {"ly_do": "\\ud800"}}',
    "NUL": b'{"data": {"ly_do": "a\\u0000b"}}',
}


@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_json_is_told_so(sqlite_house: House, what: str) -> None:
    """400 with a sentence, wherever JSON is expected."""
    house = sqlite_house
    task = house.task(house.dossier()).id
    lan, before = house.program(INTAKE), house.mark()
    for path in (f"/tasks/{task}/complete", f"/tasks/{task}/draft", "/dossiers", "/session"):
        answer = lan.post(path, data=MALFORMED[what], content_type="application/json")
        told = refused(answer, 400, "unreadable")
        assert told["message"].startswith("JSON ")
    assert house.mark() == before


def test_json_of_another_shape_names_the_field(house: House) -> None:
    """422 with errors by field, in Vietnamese."""
    task = house.task(house.dossier()).id
    lan, before = house.program(INTAKE), house.mark()
    path = f"/tasks/{task}/complete"
    assert refused(lan.post(path, {}), 422)["errors"] == {"data": ["Thiếu trường này."]}
    assert refused(lan.post(path, {"data": []}), 422)["errors"] == {
        "data": ["Phải là một đối tượng JSON."]
    }
    told = refused(lan.post(path, {"data": {}, "version": "1", "la": 1}), 422)
    assert told["errors"] == {"version": ["Phải là số nguyên."], "la": ["Không có trường này."]}
    for body in (b"[]", b'"du"', b"7", b"null"):
        refused(lan.post(path, data=body, content_type="application/json"), 422)
    refused(lan.post(f"/tasks/{task}/reassign", {"person_id": 10**20}), 422)
    for after in ("|" + "9" * 30, "2026-11-23T09:00:00|1", "2026-13-40T09:00:00+00:00|1", "|"):
        refused(lan.get("/inbox", after=after), 422)
    for query in ({"limit": "0"}, {"limit": "x"}, {"scope": "tat-ca"}, {"after": "bậy"},
                  {"level": "x"}, {"text": "x" * 500}):  # fmt: skip
        refused(lan.get("/inbox", **query), 422)
    for query in ({"page": "0"}, {"page": "9" * 30}, {"state": "x"}):
        refused(lan.get("/dossiers", **query), 422)
        refused(lan.get("/handoffs", **query), 422)
    refused(lan.get("/inbox", text="a\x00b"), 400)
    assert house.mark() == before


def test_another_media_type_is_refused(house: House) -> None:
    """A form where JSON is spoken, JSON where a file is expected: 415."""
    code = house.dossier()
    task = house.task(code).id
    lan, before = house.program(INTAKE), house.mark()
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data"):
        answer = lan.post(f"/tasks/{task}/complete", data=b'{"data":{}}', content_type=kind)
        refused(answer, 415, "http-415")
    refused(lan.post(f"/dossiers/{code}/papers", {"file": "a.pdf"}), 415)
    assert house.mark() == before


def test_too_much_is_refused(house: House) -> None:
    """JSON beyond 1 MB, a file beyond 10 MB, a request beyond the server's limit: 413."""
    code = house.dossier()
    task = house.task(code).id
    lan, before = house.program(INTAKE), house.mark()
    big = {"data": {"ly_do": "x" * (1024 * 1024)}}
    refused(lan.post(f"/tasks/{task}/draft", big), 413, "too-large")
    for size, path in ((10 * 1024 * 1024 + 1, "file"), (22 * 1024 * 1024, "request")):
        file = (io.BytesIO(PDF.ljust(size, b" ")), f"{path}.pdf")
        refused(lan.post(f"/dossiers/{code}/papers", data={"file": file}), 413, "too-large")
    many = {"data": {"than_nhan": [{"ho_ten": "x"}] * 6_000}}
    refused(lan.post(f"/tasks/{task}/draft", many), 422)
    refused(lan.post(f"/tasks/{task}/claim", key="k" * 81), 422)
    assert house.mark() == before


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "a")
    return buffer.getvalue()


WRONG_FILES = {
    "a program named .pdf": (b"MZ\x90\x00" + b"\x00" * 60, "to-khai.pdf"),
    "a page named .jpg": (b"<!doctype html><script>alert(1)</script>", "anh.jpg"),
    "a picture with script": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "anh.svg"),
    "an archive named .docx": (_zip(), "don.docx"),
    "a broken archive": (b"PK\x03\x04 broken", "don.docx"),
    "nothing": (b"", "rong.pdf"),
}


def test_a_file_of_a_wrong_type_is_refused_by_its_bytes(house: House) -> None:
    """Whatever its name says; so are a missing file and an unknown component."""
    code = house.dossier()
    lan, before = house.program(INTAKE), house.mark()
    path = f"/dossiers/{code}/papers"
    for content, name in WRONG_FILES.values():
        refused(lan.post(path, data={"file": (io.BytesIO(content), name)}), 422, "invalid")
    refused(lan.post(path, data={"component": "a"}, content_type="multipart/form-data"), 422)
    file = {"file": (io.BytesIO(PDF), "a.pdf"), "component": "khong-co"}
    refused(lan.post(path, data=file), 422)
    assert house.mark() == before


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("nguoi_chet.ngay_chet", "2030-01-01"),
        ("nguoi_chet.ngay_chet", "31/02/2026"),
        ("nguoi_chet.ho_ten", ""),
        ("nguoi_chet.ho_ten", ["danh", "sách"]),
        ("nguoi_chet.ho_ten", {"a": 1}),
        ("nguoi_chet.gioi_tinh", "khác"),
        ("nguoi_yeu_cau.so_dinh_danh", "12"),
        ("xa_cu_tru", "99999"),
        ("so_ban_sao", -1),
        ("so_ban_sao", 10**12),
    ],
)
def test_a_value_out_of_range_stands_beside_its_field(
    sqlite_house: House, path: str, value: Any
) -> None:
    """422 with the field's path and a sentence; no code is used up."""
    house = sqlite_house
    lan, before = house.program(INTAKE), house.mark()
    data = dict(house.form())
    place, *rest = path.split(".")
    data[place] = {**data[place], rest[0]: value} if rest else value
    told = refused(lan.post("/dossiers", {"procedure": PROCEDURE, "data": data}), 422, "invalid")
    assert path in told["errors"], told
    assert told["errors"][path][0].endswith(".")
    assert told["errors"][path][0].startswith("«")  # the field in its own words
    assert house.mark() == before
    good = lan.post("/dossiers", {"procedure": PROCEDURE, "data": house.form()})
    assert good.json["code"].endswith("-0001")


def test_a_dossier_is_not_opened_where_it_cannot_be(house: House) -> None:
    """An unknown procedure, an agency that is not one's own, a post without a counter."""
    lan, before = house.program(INTAKE), house.mark()
    body = {"procedure": PROCEDURE, "data": house.form()}
    refused(lan.post("/dossiers", {**body, "procedure": "khong-co"}), 404)
    refused(lan.post("/dossiers", {**body, "agency_id": 1}), 403)
    refused(house.program(POLICE).post("/dossiers", body), 403)
    assert house.mark() == before


BROKEN: dict[str, tuple[Callable[[Path, Path], object], str]] = {
    "no picture": (lambda f, _: (f / "process.bpmn").unlink(), "process.bpmn"),
    "no facts": (lambda f, _: (f / "procedure.toml").unlink(), "procedure.toml"),
    "picture cut off": (
        lambda f, _: (f / "process.bpmn").write_bytes((f / "process.bpmn").read_bytes()[:5000]),
        "process.bpmn",
    ),
    "picture with an entity": (
        lambda f, _: (f / "process.bpmn").write_text(
            '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>'
        ),
        "process.bpmn",
    ),
    "facts of another syntax": (
        lambda f, _: (f / "procedure.toml").write_text("key = ["),
        "procedure.toml",
    ),
    "facts without a key": (
        lambda f, _: (f / "procedure.toml").write_text('title = "a"'),
        "procedure.toml",
    ),
    "not UTF-8": (lambda f, _: (f / "procedure.toml").write_bytes(b"\xff\xfe\x00"), "procedure"),
    "decision cut off": (
        lambda f, _: next(f.glob("*.dmn")).write_text("<definitions"),
        ".dmn",
    ),
    "a form is missing": (lambda _, forms: (forms / "tham_tra.json").unlink(), "tham_tra"),
    "a form is no JSON": (
        lambda _, forms: (forms / "tham_tra.json").write_text("{"),
        "tham_tra.json",
    ),
    "a field nobody knows": (
        lambda _, forms: (forms / "tham_tra.json").write_text(
            '{"type":"default","id":"a","components":[{"type":"html","id":"x","content":"<b>"}]}'
        ),
        "tham_tra.json",
    ),
    "a form too many": (
        lambda _, forms: shutil.copy(forms / "tham_tra.json", forms / "la.json"),
        "la.json",
    ),
    "a condition that is no FEEL": (
        lambda f, _: (f / "process.bpmn").write_text(
            (f / "process.bpmn").read_text().replace('ket_qua_ky = "tra-lai"', "__import__('os')")
        ),
        "process.bpmn",
    ),
}


def test_a_broken_procedure_folder_is_not_published(house: House, tmp_path: Path) -> None:
    """The refusal names the file and what to do; the versions published stay as they were."""
    for number, (name, (damage, file)) in enumerate(BROKEN.items()):
        folder = tmp_path / str(number) / PROCEDURE / VERSION
        forms = tmp_path / str(number) / "forms"
        shutil.copytree(ROOT / "processes" / PROCEDURE / VERSION, folder)
        shutil.copytree(ROOT / "forms" / PROCEDURE / VERSION, forms)
        before = (folder / "process.bpmn").read_bytes()
        damage(folder, forms)
        if "FEEL" in name:
            assert (folder / "process.bpmn").read_bytes() != before
        with writing(), house.sessions() as session:
            rows = session.scalar(select(func.count()).select_from(ReleaseRow))
            with pytest.raises(ModelError) as refusal:
                releases.publish_folder(session, folder, forms, house.now)
            assert file in refusal.value.message, name
            assert refusal.value.reason, name
            assert refusal.value.cure, name
            session.rollback()
            assert session.scalar(select(func.count()).select_from(ReleaseRow)) == rows


def test_what_nobody_foresaw_is_a_sentence_too(
    sqlite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours: 500, a sentence, no trace, and what the request did is taken back."""
    house = sqlite_house
    task = house.task(house.dossier()).id
    lan, before = house.program(INTAKE), house.mark()
    monkeypatch.setattr("engine.tasks.commands.acknowledge_by_work", lambda *_: 1 / 0)
    refused(lan.post(f"/tasks/{task}/claim"), 500, "internal")
    assert house.mark() == before
    monkeypatch.undo()


def _finished(house: House) -> tuple[int, dict[str, Any]]:
    task = house.task(house.dossier()).id
    body = {"data": house.story("bhxh-chi-tra").steps[0]["data"]}
    assert house.program(INTAKE).post(f"/tasks/{task}/complete", body).status_code == 200
    return task, body


def _colleague(house: House, username: str, agency: str, role: str) -> None:
    with writing(), house.sessions() as session:
        person = Person(username=username, name="Hà", password_hash="-")
        session.add(person)
        session.flush()
        unit = session.scalars(select(Agency.id).where(Agency.code == agency)).one()
        session.add(
            Assignment(person_id=person.id, agency_id=unit, role=role, valid_from=date(2020, 1, 1))
        )
        session.commit()


def _as(house: House, username: str) -> Program:
    program = house.program()
    with program.client.session_transaction() as session:
        session["_user_id"] = str(house.id_of(username))
    program.token = program.get("/session").json["csrf_token"]
    return program
