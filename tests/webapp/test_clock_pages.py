"""The clock's pages without JavaScript: who may decide, what is refused where, and no leak."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.dossiers.models import Dossier, Extension, Pause
from engine.org import queries
from engine.org.access import HEAD
from engine.org.models import Person
from engine.tasks.models import Task
from tests.webapp.office import Office

REASON = "Phải xác minh tại nơi cư trú cũ của người mất"
GOOD = {"ngay": "30/12/2026", "ly_do": REASON, "van_ban": "7/PXL"}
INCIDENT = {"su_co": "Đường truyền tới cơ sở dữ liệu bị đứt", "thong_bao": "15/TB"}


def _head(office: Office, code: str) -> str:
    with office.sessions() as session:
        dossier = session.scalars(select(Dossier).where(Dossier.code == code)).one()
        return queries.people_with(session, dossier.intake_agency_id, HEAD, office.now)[0].username


@pytest.fixture
def running(office: Office) -> str:
    """A dossier that was accepted and is at work."""
    return office.dossier(until_step=3)


def test_the_head_gives_a_new_date_once(office: Office, running: str) -> None:
    head = office.enter(_head(office, running))
    assert "Xin lỗi và hẹn lại ngày trả" in head.get(f"/ho-so/{running}").text
    assert head.post(f"/ho-so/{running}/hen-lai", GOOD).status_code == 302
    page = head.get(f"/ho-so/{running}").text
    assert "30/12/2026 17:00" in page
    assert '<summary><span class="known-title">Xin lỗi và hẹn lại' not in page
    assert head.post(f"/ho-so/{running}/hen-lai", GOOD).status_code == 409
    why = head.get(f"/ho-so/{running}/vi-sao").text
    assert REASON in why
    assert "7/PXL" in why
    citizen = office.visitor().get(f"/tra-cuu/vi-sao?ma={running}").text
    assert REASON in citizen
    assert "30/12/2026 17:00" in citizen


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"ngay": "ngày mai"}, "ngay"),
        ({"ngay": "32/12/2026"}, "ngay"),
        ({"ngay": "27/12/2026"}, "ngay"),
        ({"ly_do": ""}, "ly_do"),
        ({"van_ban": "x" * 121}, "van_ban"),
    ],
)
def test_a_wrong_new_date_is_told_beside_its_field_and_keeps_what_was_typed(
    office: Office, running: str, change: dict[str, str], field: str
) -> None:
    head = office.enter(_head(office, running))
    answer = head.post(f"/ho-so/{running}/hen-lai", {**GOOD, **change})
    assert answer.status_code == 422
    assert f'id="{field}-loi"' in answer.text
    assert f'aria-describedby="{field}-loi"' in answer.text
    for name, value in {**GOOD, **change}.items():
        assert value in answer.text, name
    with office.sessions() as session:
        assert session.scalars(select(Extension)).all() == []


def test_an_incident_is_announced_shown_and_ended(office: Office, running: str) -> None:
    """By the control office, which sees no personal data; the page shows the pause to all."""
    control = office.enter("huong.kiemsoat")
    assert control.post(f"/ho-so/{running}/su-co", {**INCIDENT, "su_co": "?"}).status_code == 422
    assert control.post(f"/ho-so/{running}/su-co", INCIDENT).status_code == 302
    assert "Tạm dừng tính thời hạn" in control.get(f"/ho-so/{running}").text
    citizen = office.visitor().get(f"/tra-cuu/vi-sao?ma={running}").text
    assert INCIDENT["su_co"] in citizen
    assert "Lương Thu Hương" not in citizen
    with office.sessions() as session:
        pause = session.scalars(select(Pause)).one()
    office.now += timedelta(days=1)
    stranger = office.enter("lan.ubnd.tanan")
    assert stranger.post(f"/ho-so/{running}/su-co/{pause.id}/het").status_code == 403
    assert control.post(f"/ho-so/{running}/su-co/{pause.id}/het").status_code == 302
    assert "Tạm dừng tính thời hạn" not in control.get(f"/ho-so/{running}").text


@pytest.mark.parametrize("where", ["hen-lai", "su-co"])
def test_whoever_is_not_in_charge_decides_nothing(office: Office, running: str, where: str) -> None:
    """An intake officer who holds no step: 403; another commune's head: 404."""
    data = GOOD if where == "hen-lai" else INCIDENT
    with office.sessions() as session:
        names = list(session.scalars(select(Person.username)))
    clerk = office.enter("lan.ubnd.tanan")
    page = clerk.get(f"/ho-so/{running}").text
    assert "Tạm dừng vì sự cố đã thông báo" not in page
    assert clerk.post(f"/ho-so/{running}/{where}", data).status_code == 403
    other = next(name for name in names if ".longhoa" in name or "khoa.quantri" in name)
    assert office.enter(other).post(f"/ho-so/{running}/{where}", data).status_code == 404


def test_a_steps_date_is_explained_to_its_agency_only(office: Office, running: str) -> None:
    with office.sessions() as session:
        task = session.scalars(
            select(Task)
            .join(Dossier)
            .where(Dossier.code == running, Task.status == "open", Task.limit.is_not(None))
        ).first()
        assert task is not None
        worker = queries.people_with(session, task.agency_id, task.role, office.now)[0].username
    page = office.enter(worker).get(f"/viec/{task.id}/vi-sao").text
    assert "Thời hạn của bước" in page
    assert office.enter("huong.kiemsoat").get(f"/viec/{task.id}/vi-sao").status_code == 404
    assert office.visitor().get(f"/viec/{task.id}/vi-sao").status_code == 302


def test_before_acceptance_there_is_no_date_and_the_page_says_so(office: Office) -> None:
    code = office.dossier(until_step=0)
    page = office.visitor().get(f"/tra-cuu/vi-sao?ma={code}").text
    assert "chưa được tiếp nhận chính thức" in page
    assert office.visitor().get("/tra-cuu/vi-sao?ma=H0-0").status_code == 404
