"""The API spoken to over HTTP: what each operation answers, on both databases."""

from __future__ import annotations

import io
import json
import re

from tests.webapp.api_house import PROCEDURE, House

INTAKE, REGISTRAR, SIGNER = "lan.ubnd.tanan", "hung.ubnd.tanan", "dung.ubnd.tanan"
LIAISON, CONTROL, ADMIN = "mai.ubnd.tanan", "huong.kiemsoat", "khoa.quantri"
PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF"


def test_a_whole_dossier_passes_through_the_api(house: House) -> None:
    """Opened, worked by each agency's own officers, returned, closed: only JSON over HTTP."""
    story = house.story("bhxh-chi-tra")
    lan = house.program(INTAKE)
    opened = lan.post("/dossiers", {"procedure": PROCEDURE, "data": story.data})
    assert opened.status_code == 201, opened.text
    code = opened.json["code"]
    house.work()
    people = {}
    for step in story.steps:
        if "task" not in step:
            continue
        task = house.task(code, step["task"])
        username = house.worker(task.agency_id, task.role)
        someone = people.setdefault(username, house.program(username))
        rows = someone.get("/inbox").json["rows"]
        assert task.id in [row["task"]["id"] for row in rows]
        page = someone.get(f"/tasks/{task.id}").json
        assert page["may_work"]
        assert page["form"]
        assert page["task"]["dossier"] == code
        assert someone.post(f"/tasks/{task.id}/claim").json["assignee"]
        done = someone.post(
            f"/tasks/{task.id}/complete",
            {"data": step.get("data", {}), "version": page["task"]["version"]},
        )
        assert done.status_code == 200, done.text
        assert done.json["task"] == task.id
        house.work()
    seen = lan.get(f"/dossiers/{code}").json
    assert seen["outcome"] == "done"
    assert sorted(r["name"] for r in seen["results"]) == sorted(story.expect["returned"])
    chain = lan.get(f"/dossiers/{code}/events").json
    assert chain["verified"]
    assert chain["events"][-1]["kind"] == "closed"
    assert chain["events"][-1]["hash"] == chain["last_hash"]
    assert [e["seq"] for e in chain["events"]] == list(range(1, len(chain["events"]) + 1))


def test_session_tells_who_and_gives_a_token(house: House) -> None:
    """Log in, read the session, log out; a wrong password says the same as an unknown name."""
    lan = house.program()
    assert lan.get("/session").status_code == 401
    wrong, unknown = lan.log_in(INTAKE, "sai"), lan.log_in("khong-co", "sai")
    assert wrong.status_code == unknown.status_code == 422
    assert wrong.json == unknown.json
    told = lan.log_in(INTAKE).json
    assert told["username"] == INTAKE
    assert [post["role"] for post in told["posts"]] == ["mot-cua"]
    assert lan.get("/session").json["name"] == told["name"]
    assert lan.delete("/session").status_code == 204
    assert lan.get("/inbox").status_code == 401


def test_a_change_needs_the_token_of_this_session(house: House) -> None:
    """Without X-CSRFToken, or with another session's, nothing changes."""
    task = house.task(house.dossier())
    lan, other = house.program(INTAKE), house.program("hoa.ubnd.binhminh")
    before = house.mark()
    for token in ("", "x", other.token):
        lan.token = token
        refused = lan.post(f"/tasks/{task.id}/claim")
        assert (refused.status_code, refused.json["code"]) == (400, "csrf")
    assert house.mark() == before
    lan.token = lan.get("/session").json["csrf_token"]
    assert lan.post(f"/tasks/{task.id}/claim").status_code == 200


def test_inbox_filters_counts_and_pages(house: House) -> None:
    """Pages follow one another by cursor without a gap; counts are of the whole scope."""
    codes = [house.dossier() for _ in range(3)]
    lan = house.program(INTAKE)
    whole = lan.get("/inbox").json
    ids = [row["task"]["id"] for row in whole["rows"]]
    assert len(ids) == 3
    assert sum(whole["counts"][level] for level in ("late", "soon", "ok", "paused")) == 3
    assert whole["steps"][0]["count"] == 3
    assert whole["next"] is None
    first = lan.get("/inbox", limit=2).json
    second = lan.get("/inbox", limit=2, after=first["next"]).json
    assert [r["task"]["id"] for r in first["rows"] + second["rows"]] == ids
    found = lan.get("/inbox", text=codes[1]).json["rows"]
    assert [row["task"]["dossier"] for row in found] == [codes[1]]
    assert lan.get("/inbox", scope="mine").json["rows"] == []
    assert lan.get("/inbox", scope="all").status_code == 422


def test_claim_release_reassign_and_draft(house: House) -> None:
    """A draft waits for whoever works on the task; the head hands it on within the role."""
    task = house.task(house.dossier())
    lan, head = house.program(INTAKE), house.program(SIGNER)
    kept = lan.post(f"/tasks/{task.id}/draft", {"data": {"ly_do_kiem_tra": "chưa xong"}})
    assert kept.status_code == 200, kept.text
    assert lan.get(f"/tasks/{task.id}").json["data"] == {"ly_do_kiem_tra": "chưa xong"}
    assert lan.post(f"/tasks/{task.id}/claim").json["assignee_id"] == house.id_of(INTAKE)
    assert lan.post(f"/tasks/{task.id}/release").json["assignee"] is None
    given = head.post(f"/tasks/{task.id}/reassign", {"person_id": house.id_of(INTAKE)})
    assert given.json["assignee_id"] == house.id_of(INTAKE)
    wrong = head.post(f"/tasks/{task.id}/reassign", {"person_id": house.id_of(REGISTRAR)})
    assert wrong.status_code == 422
    assert "vai trò" in wrong.json["message"]


def test_papers_go_in_come_out_and_are_taken_out(house: House) -> None:
    """A paper's bytes come back as they went in, as a download; removed, it is gone."""
    code = house.dossier()
    lan = house.program(INTAKE)
    put = lan.post(
        f"/dossiers/{code}/papers", data={"file": (io.BytesIO(PDF), "giấy tờ.pdf")}, key="p1"
    )
    assert put.status_code == 201, put.text
    paper = put.json
    again = lan.post(
        f"/dossiers/{code}/papers", data={"file": (io.BytesIO(PDF), "giấy tờ.pdf")}, key="p1"
    )
    assert again.json == paper
    assert [p["id"] for p in lan.get(f"/dossiers/{code}/papers").json] == [paper["id"]]
    fetched = lan.get(f"/papers/{paper['id']}")
    assert fetched.data == PDF
    assert fetched.headers["Content-Disposition"].startswith("attachment")
    assert lan.delete(f"/papers/{paper['id']}").status_code == 204
    assert lan.get(f"/papers/{paper['id']}").status_code == 404
    assert lan.get(f"/dossiers/{code}/papers").json == []


def test_handoffs_are_listed_and_acknowledged(house: House) -> None:
    """The receiving agency's liaison officer confirms; the sender sees by whom and when."""
    house.dossier(until_step=4)
    tuan, mai = house.program("tuan.congan.tanan"), house.program(LIAISON)
    row = tuan.get("/handoffs").json["rows"][0]
    assert row["may_acknowledge"]
    number = row["handoff"]["id"]
    told = tuan.post(f"/handoffs/{number}/acknowledge", key="ack").json
    assert told["acknowledged_by"] == "Lê Anh Tuấn"
    assert tuan.post(f"/handoffs/{number}/acknowledge", key="ack").json == told
    sent = mai.get("/handoffs", direction="out", state="all").json["rows"]
    assert number in [line["handoff"]["id"] for line in sent]
    assert mai.post(f"/handoffs/{number}/acknowledge").status_code == 403


def test_control_office_sees_progress_and_no_names(house: House) -> None:
    """Masked applicant, no facts, no papers, no event data; and the queue's health."""
    code = house.dossier(until_step=4)
    huong = house.program(CONTROL)
    seen = huong.get(f"/dossiers/{code}").json
    assert not seen["full"]
    assert seen["facts"] == seen["papers"] == []
    assert "**" in seen["applicant"]
    chain = huong.get(f"/dossiers/{code}/events").json
    assert chain["verified"]
    assert all("data" not in event for event in chain["events"])
    assert huong.get("/queue").json == {"owed": 0, "dead": 0}
    assert house.program(ADMIN).get("/queue").status_code == 200
    assert house.program(INTAKE).get("/queue").status_code == 403


def test_procedures_show_the_form_that_opens_a_dossier(house: House) -> None:
    """What is in force today, with the fields that apply before anything is typed."""
    lan = house.program(INTAKE)
    assert [p["procedure"] for p in lan.get("/procedures").json] == [PROCEDURE]
    told = lan.get(f"/procedures/{PROCEDURE}").json
    assert told["version"] == "2026-09-01"
    assert "nguoi_yeu_cau.ho_ten" in re.findall(r'"name": "([^"]+)"', json.dumps(told["form"]))
    assert lan.get("/procedures/khong-co").status_code == 404


def test_notices_reach_the_post_and_are_marked(house: House) -> None:
    """A late step is told to the head of its agency; only that post may mark it read."""
    from engine.dossiers.scenario import pass_time

    code = house.dossier()
    house.now = house.now.replace(day=house.now.day + 2)
    pass_time(house.sessions, code, house.now)
    head = house.program(SIGNER)
    rows = head.get("/notices").json["rows"]
    assert [row["kind"] for row in rows] == ["escalation"]
    stranger = house.program("hoa.ubnd.binhminh")
    assert stranger.post(f"/notices/{rows[0]['id']}/read").status_code == 404
    assert head.post(f"/notices/{rows[0]['id']}/read").status_code == 204
    assert head.get("/notices").json["rows"] == []


def test_every_operation_is_described(house: House) -> None:
    """The description is whole, has a summary for each operation, and its page runs no script."""
    visitor = house.app.test_client()
    spec = visitor.get("/api/openapi.json").json
    rules = {
        re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        for rule in house.app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1")
    }
    assert rules == set(spec["paths"])
    page = visitor.get("/api/docs")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            if method == "parameters":
                continue
            assert operation["summary"], path
            assert f"{method.upper()}</span> {path}" in page.text
    for name in spec["components"]["schemas"]:
        assert f'id="{name}"' in page.text
    assert " style=" not in page.text
    assert not re.search(r"<script(?![^>]* src=)", page.text)
