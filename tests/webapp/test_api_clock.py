"""The legal clock by API: the same decisions, refusals and reckoning as on the pages."""
# ruff: noqa: F811 - pytest gives fixtures by name

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from engine.dossiers.models import Dossier, Extension, Pause
from tests.webapp.api_house import House, sqlite_house  # noqa: F401 - a fixture

CONTROL = "huong.kiemsoat"
LATE = {
    "until": "2026-12-30",
    "reason": "Phải xác minh tại nơi cư trú cũ của người mất",
    "document": "7/PXL",
}
DARK = {"reason": "Đường truyền tới cơ sở dữ liệu bị đứt", "document": "15/TB"}


def _head(house: House, code: str) -> str:
    with house.sessions() as session:
        dossier = session.scalars(select(Dossier).where(Dossier.code == code)).one()
        return house.worker(dossier.intake_agency_id, "truong-don-vi")


def test_a_new_date_is_given_once_and_explained(sqlite_house: House) -> None:
    """Wrong input is told by the API's own names; the twin of a request gets its answer."""
    house = sqlite_house
    code = house.dossier(until_step=3)
    head = house.program(_head(house, code))
    before = head.get(f"/dossiers/{code}/why").json
    assert before["extension"] is None
    assert before["parts"][0]["lines"][0]["text"]
    for change, field in (
        ({"until": "2026-12-27"}, "until"),
        ({"until": "30/12/2026"}, "json.until"),
        ({"reason": "muộn"}, "reason"),
        ({"document": "x" * 121}, "document"),
    ):
        refused = head.post(f"/dossiers/{code}/extend", {**LATE, **change})
        assert refused.status_code == 422
        assert list(refused.json["errors"]) == [field.removeprefix("json.")], refused.text
    given = head.post(f"/dossiers/{code}/extend", LATE, key="mot-lan")
    assert given.status_code == 200, given.text
    assert given.json["until"].startswith("2026-12-30T10:00")
    assert head.post(f"/dossiers/{code}/extend", LATE, key="mot-lan").json == given.json
    assert head.post(f"/dossiers/{code}/extend", LATE).status_code == 409
    told = head.get(f"/dossiers/{code}/why").json
    assert told["extension"]["reason"] == LATE["reason"]
    assert told["due_at"] == given.json["until"]
    assert told["due_at"] > before["due_at"]
    with house.sessions() as session:
        assert len(session.scalars(select(Extension)).all()) == 1


def test_an_incident_stops_the_clock_until_it_is_over(sqlite_house: House) -> None:
    """The promised date moves by the working time of the pause, and the pause can be found."""
    house = sqlite_house
    code = house.dossier(until_step=3)
    control = house.program(CONTROL)
    due = control.get(f"/dossiers/{code}/why").json["due_at"]
    made = control.post(f"/dossiers/{code}/incidents", DARK, key="su-co")
    assert made.status_code == 200, made.text
    [row] = made.json["rows"]
    assert (row["instance_id"], row["ended_at"]) == (None, None)
    assert control.post(f"/dossiers/{code}/incidents", DARK, key="su-co").json == made.json
    assert control.post(f"/dossiers/{code}/incidents", DARK).status_code == 409
    told = control.get(f"/dossiers/{code}/why").json
    assert told["paused"]
    assert [stop["id"] for stop in told["stops"]] == [row["id"]]
    house.now += timedelta(days=1)
    ended = control.post(f"/pauses/{row['id']}/end")
    assert ended.status_code == 200, ended.text
    assert ended.json["ended_at"] is not None
    assert control.post(f"/pauses/{row['id']}/end").status_code == 409
    assert control.post("/pauses/999999/end").status_code == 404
    assert control.get(f"/dossiers/{code}/why").json["due_at"] > due
    with house.sessions() as session:
        assert [p.document for p in session.scalars(select(Pause))] == ["15/TB"]


def test_a_step_tells_why_it_is_due(sqlite_house: House) -> None:
    """Line by line, for whoever may read the step."""
    house = sqlite_house
    code = house.dossier(until_step=4)
    task = house.task(code, "xoa_thuong_tru")
    why = house.program("tuan.congan.tanan").get(f"/tasks/{task.id}/why").json
    assert why["due_at"]
    assert any(line["counts"] for part in why["parts"] for line in part["lines"])
    assert house.program("lan.ubnd.tanan").get(f"/tasks/{task.id}/why").status_code == 404
