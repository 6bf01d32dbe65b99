"""The archive on the screen and in the queue, with the real procedure."""

from __future__ import annotations

from datetime import datetime, timedelta

from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import func, select, text

from engine.archive import check, deletion
from engine.archive.models import ArchivedDossier, LegalHold
from engine.db import writing
from engine.dossiers.models import Dossier
from engine.org import queries
from engine.org.access import CONTROL, SYSTEM
from tests.webapp.api_house import House
from webapp import jobs


def finished(house: House) -> tuple[str, datetime]:
    """A dossier of the death group that every agency has finished, and when it is old enough.

    A younger one stands beside it, which has the newest rows of every table.
    """
    codes = [house.dossier(until_step=None) for _ in range(2)]
    with writing(), house.sessions() as session:
        session.execute(text("UPDATE delivery SET status = 'off'"))
        session.execute(text("UPDATE message SET acknowledged_at = sent_at"))
        session.execute(text("UPDATE timer SET status = 'cancelled'"))
        session.commit()
        closed = session.scalar(select(Dossier.closed_at).where(Dossier.code == codes[0]))
    assert closed is not None
    return codes[0], closed + timedelta(days=91)


def archived(house: House, code: str) -> bool:
    with house.sessions() as session:
        return session.scalar(select(Dossier.archived_at).where(Dossier.code == code)) is not None


def test_at_night_the_queue_puts_closed_dossiers_away(house: House, redis_url: str) -> None:
    """The sweeper rings once a night; the worker's job moves what is old, and only that."""
    code, moment = finished(house)
    night = moment.replace(hour=19, minute=30)  # 02:30 in Hanoi
    queue = Queue(jobs.POST, connection=Redis.from_url(redis_url), serializer=JSONSerializer)
    jobs._night = None
    queue.empty()
    jobs.sweep_once(house.app, night - timedelta(hours=5))
    assert "webapp.jobs.archive_closed" not in [job.func_name for job in queue.jobs]
    for _ in range(2):
        jobs.sweep_once(house.app, night)
    told = [job for job in queue.jobs if job.func_name == "webapp.jobs.archive_closed"]
    assert len(told) == 1
    assert not archived(house, code)
    assert jobs.archive_closed(night) == 1
    assert archived(house, code)
    assert jobs.archive_closed(night) == 0
    worker = SimpleWorker([queue], connection=queue.connection, serializer=JSONSerializer)
    worker.work(burst=True)
    assert queue.failed_job_registry.count == 0
    with house.sessions() as session:
        assert not list(check.faults(session))


def test_the_pages_of_an_archived_dossier(house: House) -> None:
    """Each agency's page shows the same as before and that it is archived; the list finds it."""
    code, now = finished(house)
    officer = house.enter("lan.ubnd.tanan")
    before = officer.get(f"/ho-so/{code}").text
    house.now = now
    assert jobs.archive_closed(now) == 1
    with house.sessions() as session:
        assert session.scalar(select(func.count()).select_from(ArchivedDossier)) == 1
    officer = house.enter("lan.ubnd.tanan")
    page = officer.get(f"/ho-so/{code}")
    assert page.status_code == 200
    assert "Hồ sơ đã chuyển vào lưu trữ" in page.text
    assert "lưu vĩnh viễn" in page.text
    for part in ("Kết quả đã trả", "Thông tin hồ sơ", "Cơ quan tham gia"):
        assert (part in before, part in page.text) == (True, True)
    for path in (f"/ho-so/{code}/vi-sao", f"/ho-so/{code}/giay-tiep-nhan"):
        assert officer.get(path).status_code == 200
    listed = officer.get("/ho-so?trang_thai=done").text
    assert code in listed
    assert "flag-kept" in listed
    anybody = house.visitor()
    assert "Đã trả kết quả" in anybody.get(f"/tra-cuu?ma={code}").text
    assert anybody.get(f"/tra-cuu/vi-sao?ma={code}").status_code == 200
    program = house.program("lan.ubnd.tanan")
    read = program.get(f"/dossiers/{code}")
    assert read.status_code == 200
    assert read.json["tasks"]
    assert program.get(f"/dossiers/{code}/events").json["verified"] is True
    task = read.json["tasks"][0]["id"]
    assert program.post(f"/tasks/{task}/complete", {"data": {}}).status_code == 404
    with writing(), house.sessions() as session:
        kept = session.scalars(select(ArchivedDossier)).one()
        kept.keep_until = now
        session.flush()
        assert deletion.purge(session, SYSTEM, kept.dossier_id, now) is not None
        session.commit()
    gone = officer.get(f"/ho-so/{code}")
    assert gone.status_code == 404
    assert "đã được xóa theo thời hạn lưu trữ" in gone.text
    assert anybody.get(f"/tra-cuu?ma={code}").status_code == 404


def test_holds_are_placed_shown_and_released(house: House) -> None:
    """The control office and the administrator hold and release; officers see that it is held."""
    code = house.dossier()
    office = house.enter(_control(house))
    assert "Lưu trữ" in office.get("/ho-so").text
    page = office.get("/luu-tru")
    assert page.status_code == 200
    assert "Không có hồ sơ nào đang giữ lại." in page.text
    wrong = office.post("/luu-tru/giu", {"ma": code, "ly_do": "", "van_ban": "CV 1/TA"})
    assert wrong.status_code == 422
    assert 'value="CV 1/TA"' in wrong.text
    assert (
        office.post("/luu-tru/giu", {"ma": "X", "ly_do": "abc", "van_ban": "abc"}).status_code
        == 404
    )
    good = {"ma": code, "ly_do": "Tòa án đang xét xử", "van_ban": "CV 1/TA"}
    assert office.post("/luu-tru/giu", good).status_code == 302
    assert "Tòa án đang xét xử" in office.get("/luu-tru").text
    assert (
        "Đang giữ lại, không xóa: CV 1/TA"
        in house.enter("lan.ubnd.tanan").get(f"/ho-so/{code}").text
    )
    with house.sessions() as session:
        number = session.scalars(select(LegalHold.id)).one()
    assert office.post(f"/luu-tru/giu/{number}/thoi", {"ly_do_thoi": ""}).status_code == 422
    assert office.post(f"/luu-tru/giu/{number}/thoi", {"ly_do_thoi": "Án xong"}).status_code == 302
    assert office.post(f"/luu-tru/giu/{number}/thoi", {"ly_do_thoi": "Án xong"}).status_code == 409


def test_others_see_no_archive(house: House) -> None:
    """Officers of agencies get neither the page nor its actions; strangers are sent to log in."""
    officer = house.enter("lan.ubnd.tanan")
    assert "/luu-tru" not in officer.get("/").text
    assert officer.get("/luu-tru").status_code == 403
    asked = {"ma": house.dossier(), "ly_do": "Giữ lại", "van_ban": "CV 1/TA"}
    assert officer.post("/luu-tru/giu", asked).status_code == 403
    assert officer.post("/luu-tru/giu/1/thoi", {"ly_do_thoi": "Thôi giữ"}).status_code == 403
    assert house.visitor().get("/luu-tru").status_code == 302


def _control(house: House) -> str:
    with house.sessions() as session:
        (office,) = queries.control_offices(session, house.now)
    return house.worker(office, CONTROL)
