"""An announced incident of an agency, on its page and by the program, with the real procedure."""
# ruff: noqa: F811 - pytest gives fixtures by name

from __future__ import annotations

import json
from datetime import timedelta

from click.testing import CliRunner
from sqlalchemy import select

from engine.calendar import TIMEZONE
from engine.dossiers.models import Dossier, Instance, Pause
from engine.org.models import Agency
from tests.webapp.api_house import House, sqlite_house  # noqa: F401 - a fixture
from tests.webapp.test_permissions import Try, _scene, _settle
from webapp.commands.incident import incident


def _told(house: House, code: str) -> tuple[int, str, dict[str, str]]:
    """The agency at the counter, its code, and an incident there that has just ended."""
    with house.sessions() as session:
        dossier = session.scalars(select(Dossier).where(Dossier.code == code)).one()
        begun = session.scalars(
            select(Instance.started_at).where(
                Instance.dossier_id == dossier.id, Instance.agency_id == dossier.intake_agency_id
            )
        ).one()
        agency = session.get_one(Agency, dossier.intake_agency_id)
    house.now = max(house.now, begun + timedelta(days=3))
    begin, end = (
        f"{moment.astimezone(TIMEZONE):%d/%m/%Y %H:%M}"
        for moment in (begun + timedelta(hours=1), begun + timedelta(days=2))
    )
    form = {"co_quan": str(agency.id), "tu": begin, "den": end}
    return agency.id, agency.code, {**form, "su_co": "Mất điện toàn trụ sở", "thong_bao": "9/TB"}


def _pauses(house: House) -> list[str]:
    with house.sessions() as session:
        return list(session.scalars(select(Pause.document).where(Pause.task_id.is_(None))))


def test_preview_apply_and_undo_on_the_page(sqlite_house: House) -> None:
    """A preview changes nothing; what was typed stays; the dossier's page explains the date."""
    house = sqlite_house
    code = house.dossier(until_step=3)
    agency_id, _code, form = _told(house, code)
    head = house.enter(house.worker(agency_id, "truong-don-vi"))
    assert 'href="/su-co"' in head.get(f"/ho-so/{code}").text
    seen = head.post("/su-co", {**form, "lam": "xem"})
    assert seen.status_code == 200
    assert code in seen.text
    assert form["tu"] in seen.text
    assert _pauses(house) == []
    for change, field in (
        ({"tu": "hôm qua"}, "tu"),
        ({"den": form["tu"]}, "den"),
        ({"su_co": "?"}, "su_co"),
        ({"thong_bao": ""}, "thong_bao"),
    ):
        wrong = head.post("/su-co", {**form, **change})
        assert wrong.status_code == 422
        assert f'id="{field}-loi"' in wrong.text
    assert _pauses(house) == []
    assert head.post("/su-co", form).status_code == 302
    assert _pauses(house) == ["9/TB"]
    board = head.get("/su-co").text
    assert "9/TB" in board
    assert "Hoàn tác" in board
    assert "Mất điện toàn trụ sở" in head.get(f"/ho-so/{code}/vi-sao").text
    assert head.post("/su-co", {**form, "den": form["den"][:-2] + "59"}).status_code == 409
    assert head.post("/su-co/hoan-tac", form).status_code == 302
    assert _pauses(house) == []
    assert head.post("/su-co/hoan-tac", form).status_code == 404


def test_only_heads_and_the_control_office(sqlite_house: House) -> None:
    """Every role in four agencies: the page, an incident there, and taking one back."""
    house = sqlite_house
    people, scene = _settle(house), _scene(house)
    agency_id, agency_code, form = _told(house, scene.code)
    before, wrong = _pauses(house), []
    for who, person_id in people.items():
        visitor = Try(house, scene, person_id)
        control, head = who.role == "kiem-soat", who.role == "truong-don-vi"
        here = control or (head and who.agency == agency_code)
        for allowed, answer in (
            (control or head, visitor.look("/su-co")),
            (here, visitor.page("/su-co", **{**form, "su_co": "?"})),
            (here, visitor.page("/su-co/hoan-tac", co_quan=agency_id, thong_bao="x")),
        ):
            met = answer.status_code in (200, 422, 404) if allowed else answer.status_code == 403
            if not met:
                wrong.append(f"{who}: {answer.status_code}")
    assert wrong == []
    assert _pauses(house) == before


def test_the_program_previews_applies_and_undoes(sqlite_house: House) -> None:
    """Applied twice it is done once; what is wrong is a sentence."""
    house = sqlite_house
    code = house.dossier(until_step=3)
    _id, agency, form = _told(house, code)
    run = CliRunner()
    with house.sessions() as session:
        url = session.get_bind().engine.url.render_as_string(hide_password=False)
    common = ["--agency", agency, "--document", "9/TB", "--database", url, "--json"]
    common += ["--now", house.now.isoformat()]
    given = [*common, "--from", form["tu"], "--to", form["den"], "--reason", form["su_co"]]
    answers = [
        json.loads(run.invoke(incident, line, catch_exceptions=False).output)
        for line in (
            ["apply", *given, "--preview"],
            ["apply", *given],
            ["apply", *given],
            ["undo", *common, "--preview"],
            ["undo", *common],
        )
    ]
    assert [one["left"] for one in answers] == [0] * 5
    assert [one["applied"] for one in answers] == [False, True, True, False, True]
    assert [[row["dossier"] for row in one["moved"]] for one in answers] == [
        [code],
        [code],
        [],
        [code],
        [code],
    ]
    preview, done, _none, _undo, back = (one["moved"] for one in answers)
    assert preview == done
    assert done[0]["after"] > done[0]["before"]
    assert (back[0]["before"], back[0]["after"]) == (done[0]["after"], done[0]["before"])
    refused = run.invoke(incident, ["apply", *given, "--to", form["tu"]])
    assert refused.exit_code == 1
    assert "kết thúc sau khi bắt đầu" in refused.output
