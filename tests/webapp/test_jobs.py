"""The queue: rung after the commit, kept one by one, fired once, and nothing lost with Redis."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import func, select

from engine import outbox
from engine.db import writing
from engine.dossiers.models import Dossier, Instance
from engine.events import Event
from engine.liaison.models import Message
from engine.outbox import Outbox
from engine.timer_rows import Timer
from tests.webapp.api_house import PROCEDURE, House
from webapp import jobs

INTAKE = "lan.ubnd.tanan"


def _queue(redis_url: str, name: str = jobs.QUEUE) -> Queue:
    return Queue(name, connection=Redis.from_url(redis_url), serializer=JSONSerializer)


def _side_by_side(*acts: Callable[[], Any]) -> list[Any]:
    """Let acts begin at one moment in threads of their own; their answers in order."""
    gate, answers = threading.Barrier(len(acts)), [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        gate.wait()
        answers[number] = act()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _count(house: House, *where: Any) -> int:
    with house.sessions() as session:
        return session.scalar(select(func.count()).where(*where)) or 0


def _before_handoff(house: House) -> tuple[int, str]:
    """The signer's task of a dossier; finishing it sends the first messages."""
    code = house.dossier()
    story = house.story("bhxh-chi-tra")
    for step in story.steps:
        task = house.task(code)
        if task.element == "ky_trich_luc":
            return task.id, code
        someone = house.program(house.worker(task.agency_id, task.role))
        done = someone.post(f"/tasks/{task.id}/complete", {"data": step["data"]})
        assert done.status_code == 200, done.text
    raise AssertionError("the story signs nothing")


def _sign(house: House, task: int) -> None:
    data = next(
        s["data"] for s in house.story("bhxh-chi-tra").steps if s.get("task") == "ky_trich_luc"
    )
    done = house.program("dung.ubnd.tanan").post(f"/tasks/{task}/complete", {"data": data})
    assert done.status_code == 200, done.text
    done.close()  # as a server does once the answer is sent


def test_a_ring_after_the_commit_brings_the_messages(house: House, redis_url: str) -> None:
    """The request rings once it has committed; a real RQ worker then delivers."""
    task, code = _before_handoff(house)
    queue = _queue(redis_url)
    queue.empty()
    _sign(house, task)
    assert [job.func_name for job in queue.jobs] == ["webapp.jobs.drain"]
    assert _count(house, Message.status == "pending") > 0
    worker = SimpleWorker([queue], connection=queue.connection, serializer=JSONSerializer)
    worker.work(burst=True)
    assert _count(house, Message.status == "pending") == 0
    assert house.task(code, "xoa_thuong_tru").status == "open"


def test_a_refused_request_rings_nobody(house: House, redis_url: str) -> None:
    """No commit, no promise, no ring."""
    task, _code = _before_handoff(house)
    queue = _queue(redis_url)
    queue.empty()
    refused = house.program("dung.ubnd.tanan").post(f"/tasks/{task}/complete", {"data": {}})
    assert refused.status_code == 422
    assert queue.jobs == []
    assert house.work() == 0


def test_without_redis_the_work_is_done_and_swept_up_later(
    house: House, redis_url: str, tmp_path: Any
) -> None:
    """It answers 200 though nobody hears the ring; once Redis is back the sweeper rings."""
    task, _code = _before_handoff(house)
    house.app.config["REDIS_URL"] = f"unix://{tmp_path}/nobody.sock"
    jobs._deaf_until = 0.0
    _sign(house, task)
    assert _count(house, Outbox.done_at.is_(None)) > 0
    assert not jobs.ring(house.app)
    assert jobs.sweep_once(house.app, house.now + timedelta(seconds=10)) == 0
    jobs._deaf_until = 0.0
    house.app.config["REDIS_URL"] = redis_url
    queue = _queue(redis_url)
    queue.empty()
    assert jobs.sweep_once(house.app, house.now + timedelta(seconds=1)) == 0  # perhaps under way
    assert jobs.sweep_once(house.app, house.now + timedelta(seconds=10)) == 1
    assert [job.func_name for job in queue.jobs] == ["webapp.jobs.drain"]
    assert house.work() > 0
    assert _count(house, Message.status == "pending") == 0


def test_one_poisoned_promise_blocks_no_other(house: House) -> None:
    """It keeps its error, is tried less and less often, is given up, counted; others are kept."""
    task, _code = _before_handoff(house)
    with writing(), house.sessions() as session:
        outbox.put(session, "route", {"dossier": 999_999}, house.now)
        outbox.put(session, "no-such-kind", {}, house.now)
        session.commit()
    _sign(house, task)
    assert jobs.drain(house.now) > 0
    assert _count(house, Message.status == "pending") == 0
    with house.sessions() as session:
        rows = session.scalars(select(Outbox).where(Outbox.done_at.is_(None))).all()
        assert [row.attempts for row in rows] == [1, 1]
        assert "Không có hồ sơ này." in rows[0].error
        assert "no-such-kind" in rows[1].error
        assert jobs.owed_and_dead(session) == (2, 0)
    assert jobs.drain(house.now) == 0  # not again in the same second
    moment = house.now
    for _ in range(jobs.MOST_ATTEMPTS + 2):
        moment += timedelta(hours=2)
        jobs.drain(moment)
    with house.sessions() as session:
        assert jobs.owed_and_dead(session) == (0, 2)
    assert jobs.sweep_once(house.app, moment) == 0 or _count(house, Timer.status == "claimed")


def test_promises_of_one_dossier_are_kept_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten promises to carry a dossier's messages: one look into it; another dossier has its own."""
    task, code = _before_handoff(house)
    _sign(house, task)
    other = house.dossier()
    house.work()
    with writing(), house.sessions() as session:
        first, second = (
            session.scalars(select(Dossier.id).where(Dossier.code == one)).one()
            for one in (code, other)
        )
        for number in (*[first] * 5, second, *[first] * 5):
            outbox.put(session, "route", {"dossier": number}, house.now)
        session.commit()
    carried, route = [], jobs.KEEPERS["route"]

    def told(session: Any, payload: dict[str, Any], now: datetime) -> object:
        carried.append(payload["dossier"])
        return route(session, payload, now)

    monkeypatch.setitem(jobs.KEEPERS, "route", told)
    assert jobs.drain(house.now) == 11
    assert carried == [first, second]
    assert _count(house, Outbox.done_at.is_(None)) == 0


def _due(house: House) -> tuple[int, datetime]:
    """A timer of a fresh dossier and a moment after which it is due."""
    house.dossier()
    with house.sessions() as session:
        timer = session.scalars(select(Timer).order_by(Timer.due_at)).first()
        assert timer is not None
        return timer.id, timer.due_at + timedelta(seconds=1)


def test_a_timer_rung_twice_fires_once(house: House) -> None:
    """One after the other, and both at one moment."""
    timer, moment = _due(house)
    before = _count(house, Event.id.is_not(None))
    answers = _side_by_side(*[lambda: jobs.fire_timer(timer, moment)] * 2)
    assert sorted(answers) == [False, True]
    assert jobs.fire_timer(timer, moment) is False
    assert jobs.fire_timer(timer + 10_000, moment) is False
    assert _count(house, Event.id.is_not(None)) == before + 1


def test_a_timer_not_yet_due_does_not_fire(house: House) -> None:
    """A stray ring does nothing."""
    timer, moment = _due(house)
    assert jobs.fire_timer(timer, moment - timedelta(seconds=2)) is False
    assert _count(house, Timer.status == "fired") == 0


def test_two_sweepers_side_by_side_ring_once(house: House, redis_url: str) -> None:
    """Each due timer is rung by one of them only, and fires once."""
    for _ in range(5):
        house.dossier()
    moment = house.now + timedelta(days=3)
    due = _count(house, Timer.status == "waiting", Timer.due_at <= moment)
    assert due >= 10
    queue = _queue(redis_url, jobs.TIMERS)
    queue.empty()
    _side_by_side(*[lambda: jobs.sweep_once(house.app, moment)] * 2)
    assert {job.func_name for job in queue.jobs} == {"webapp.jobs.fire_timers"}
    rung = [number for job in queue.jobs for number in job.args[0]]
    assert sorted(rung) == sorted(set(rung))
    assert len(rung) == due
    fired = sum(jobs.fire_timers(job.args[0], moment) for job in queue.jobs)
    assert 0 < fired <= due
    assert _count(house, Timer.status == "claimed") == 0
    for kind in ("warn", "due", "overdue"):
        told = _count(house, Event.kind == kind)
        assert told == _count(house, Timer.kind == kind, Timer.status == "fired")
    assert jobs.fire_timers(rung, moment) == 0


def test_no_more_is_claimed_than_the_queue_has_room_for(
    house: House, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A burst waits in the database; messages between agencies never wait behind it."""
    monkeypatch.setattr(jobs, "BATCH", 2)
    monkeypatch.setattr(jobs, "_IN_FLIGHT", 3)
    for _ in range(5):
        house.dossier()
    moment = house.now + timedelta(days=3)
    queue = _queue(redis_url, jobs.TIMERS)
    due = _count(house, Timer.status == "waiting", Timer.due_at <= moment)
    assert jobs.sweep_once(house.app, moment) == 6
    assert jobs.sweep_once(house.app, moment) == 0
    assert [len(job.args[0]) for job in queue.jobs] == [2, 2, 2]
    assert _count(house, Timer.status == "waiting", Timer.due_at <= moment) == due - 6
    queues = [_queue(redis_url, name) for name in jobs.QUEUES]
    _queue(redis_url).enqueue("webapp.jobs.drain")
    done: list[str] = []
    worker = SimpleWorker(queues, connection=queue.connection, serializer=JSONSerializer)
    monkeypatch.setattr(
        worker,
        "perform_job",
        lambda job, *_rest: done.append(job.func_name) or job.delete() or True,
    )
    worker.work(burst=True)
    assert done == ["webapp.jobs.drain", *["webapp.jobs.fire_timers"] * 3]


def test_a_timer_that_cannot_be_fired_stops_no_other(
    house: House,
) -> None:
    """It stays claimed and is tried again; those after it in the same job fire."""
    timer, moment = _due(house)
    with writing(), house.sessions() as session:
        broken = session.get_one(Timer, timer)
        broken.kind, broken.token, broken.element = "bpmn", 999, "no-such-element"
        broken.task_id = None
        session.commit()
        others = list(
            session.scalars(
                select(Timer.id).where(
                    Timer.id != timer, Timer.due_at <= moment + timedelta(days=3)
                )
            )
        )
    fired = jobs.fire_timers([timer, *others], moment + timedelta(days=3))
    assert fired > 0
    assert _count(house, Timer.id == timer, Timer.status == "fired") == 0


def test_a_lost_ring_is_rung_again(house: House, redis_url: str, tmp_path: Any) -> None:
    """Redis forgot everything: after a minute. Redis was away: at once."""
    timer, moment = _due(house)
    queue = _queue(redis_url)
    assert jobs.sweep_once(house.app, moment) == 1
    queue.connection.flushall()
    assert jobs.sweep_once(house.app, moment + timedelta(seconds=30)) == 0
    assert jobs.sweep_once(house.app, moment + timedelta(seconds=61)) == 1
    house.app.config["REDIS_URL"] = f"unix://{tmp_path}/nobody.sock"
    assert jobs.sweep_once(house.app, moment + timedelta(seconds=122)) == 0
    house.app.config["REDIS_URL"] = redis_url
    assert jobs.sweep_once(house.app, moment + timedelta(seconds=123)) == 1
    assert jobs.fire_timer(timer, moment)


@pytest.mark.parametrize("what", ["complete", "claim", "open"])
def test_the_same_key_acts_once_also_in_a_race(house: House, what: str) -> None:
    """Two requests with one key at one moment, and a third later: one act, three equal answers."""
    story = house.story("bhxh-chi-tra")
    if what == "open":
        path, body = "/dossiers", {"procedure": PROCEDURE, "data": story.data}
    else:
        task = house.task(house.dossier())
        path = f"/tasks/{task.id}/{what}"
        body = {"data": story.steps[0]["data"]} if what == "complete" else {}
    house.work()
    twins = [house.program(INTAKE), house.program(INTAKE)]
    count = house.mark()
    answers = _side_by_side(*[lambda t=t: t.post(path, body, key="once") for t in twins])
    assert {answer.status_code for answer in answers} == {201 if what == "open" else 200}
    after = house.mark()
    assert after != count
    again = twins[0].post(path, body, key="once")
    assert answers[0].json == answers[1].json == again.json
    assert house.mark() == after
    if what == "open":
        assert _count(house, Dossier.id.is_not(None)) == 1
        assert _count(house, Instance.id.is_not(None)) == 1
    other = twins[1].post(
        path,
        {**body, "data": {"ly_do": "khác"}, "procedure": PROCEDURE}
        if what == "open"
        else {**body, "data": {"ly_do": "khác"}},
        key="once",
    )
    if what != "claim":
        assert other.status_code == 409
        assert other.json["code"] == "idempotency-reuse"
    assert house.mark() == after


def test_a_task_completed_by_two_people_at_once_is_done_once(house: House) -> None:
    """The second is told by whom and when; one event, one submission."""
    task = house.task(house.dossier())
    body = {"data": house.story("bhxh-chi-tra").steps[0]["data"]}
    twins = [house.program(INTAKE), house.program(INTAKE)]
    answers = _side_by_side(
        *[lambda t=t: t.post(f"/tasks/{task.id}/complete", body) for t in twins]
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    refused = next(a for a in answers if a.status_code == 409)
    assert refused.json["code"] == "finished"
    assert "Nguyễn Thị Lan" in refused.json["message"]
    assert _count(house, Event.kind == "task-done") == 1
