"""The queue: ring after a commit, keep promises, fire timers, sweep. Knows no page and no request.

Redis is a doorbell: every job reads the database anew and may run twice. Jobs need no Flask app,
only the settings, so that a forked work-horse starts in milliseconds.
"""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import structlog
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from engine import timers
from engine.db import load_models, make_engine, writing
from engine.liaison import router
from engine.outbox import Outbox
from engine.timer_rows import Timer
from webapp.config import Settings

if TYPE_CHECKING:
    from flask import Flask

QUEUE = "motcua"
LONGEST_JOB = 120  # seconds
MOST_ATTEMPTS = 12  # a promise is tried again after 1, 3, 7 … seconds, for about an hour
_OVERDUE = timedelta(seconds=3)  # a promise older than this was rung for in vain
_ENOUGH = 50  # jobs in the queue; another drain would find nothing left
_SOCKET = 0.5  # seconds to wait for Redis
_DEAF = 5.0  # seconds without ringing after Redis did not answer; the sweeper rings meanwhile

log = structlog.get_logger()
load_models()

Keeper = Callable[[Session, dict[str, Any], datetime], object]
KEEPERS: dict[str, Keeper] = {
    "route": lambda session, payload, now: router.route(session, payload["dossier"], now),
}

_makers: dict[str, sessionmaker[Session]] = {}
_deaf_until = 0.0


def ring(app: Flask) -> bool:
    """Ask a worker to keep what is owed. Called after the commit; a failure is only logged."""
    global _deaf_until
    if time.monotonic() < _deaf_until:
        return False
    try:
        _enqueue(app.config["REDIS_URL"], "drain", full=_ENOUGH)
    except RedisError as error:
        _deaf_until = time.monotonic() + _DEAF
        log.warning("redis did not hear the ring", error=type(error).__name__)
        return False
    return True


def drain(now: datetime | None = None) -> int:
    """Keep every promise that is owed, each in a transaction of its own; returns how many.

    A promise that fails keeps its error and waits longer each time; the others go on.
    """
    kept, tried = 0, set[int]()
    while True:
        waiting = [n for n in _owed(_sessions(), now or _clock()) if n not in tried]
        if not waiting:
            return kept
        for number in waiting:
            tried.add(number)
            kept += _keep(number, now or _clock())


def fire_timer(timer_id: int, now: datetime | None = None) -> bool:
    """Fire one timer, then keep what it promised. Rung twice, the second time does nothing."""
    with writing(), _sessions().begin() as session:
        fired = timers.fire(session, timer_id, now or _clock())
    if fired:
        drain(now)
    return fired


def sweep_once(app: Flask, now: datetime) -> int:
    """Claim due timers and ring for each, and for promises that nobody kept; returns the rings.

    A timer whose ring did not reach Redis is free again at once. Whatever is lost later is
    claimed again after a minute.
    """
    sessions = _sessions(app.config["SQLALCHEMY_DATABASE_URI"])
    with writing(), sessions.begin() as session:
        claimed = timers.claim_due(session, now)
    rung, url = 0, app.config["REDIS_URL"]
    try:
        for number in claimed:
            _enqueue(url, "fire_timer", number)
            rung += 1
        if _owed(sessions, now, age=_OVERDUE):
            _enqueue(url, "drain", full=_ENOUGH)
            rung += 1
    except RedisError as error:
        log.warning("redis did not hear the sweeper", error=type(error).__name__)
        _free(sessions, claimed[rung:])
    return rung


def owed_and_dead(session: Session) -> tuple[int, int]:
    """How many promises wait to be kept, and how many were given up after too many attempts."""
    unkept = select(func.count()).select_from(Outbox).where(Outbox.done_at.is_(None))
    owed = session.scalar(unkept.where(Outbox.attempts < MOST_ATTEMPTS)) or 0
    return owed, (session.scalar(unkept) or 0) - owed


def forget(*, close: bool = False) -> None:
    """Let the next job read the settings and open connections of its own.

    After a fork the parent's connections may neither be used nor closed.
    """
    for maker in _makers.values():
        maker.kw["bind"].dispose(close=close)
    _makers.clear()
    _settings.cache_clear()


os.register_at_fork(after_in_child=forget)


def _owed(
    sessions: sessionmaker[Session], now: datetime, age: timedelta | None = None
) -> list[int]:
    """The promises to try now, at least so old: new ones first, that none waits for a bad one.

    A promise that was never tried is due whatever this machine's clock says of its date.
    """
    query = (
        select(Outbox.id, Outbox.attempts, Outbox.created_at)
        .where(Outbox.done_at.is_(None), Outbox.attempts < MOST_ATTEMPTS)
        .order_by(Outbox.attempts, Outbox.id)
        .limit(500)
    )
    if age is not None:
        query = query.where(Outbox.created_at <= now - age)
    with sessions() as session:
        rows = session.execute(query).all()
    return [r.id for r in rows if not r.attempts or r.created_at + _patience(r.attempts) <= now]


def _patience(attempts: int) -> timedelta:
    return timedelta(seconds=2**attempts - 1)


def _keep(number: int, now: datetime) -> bool:
    try:
        with writing(), _sessions().begin() as session:
            promise = session.scalar(
                _unkept().where(Outbox.id == number).with_for_update(skip_locked=True)
            )
            if promise is None:  # kept meanwhile, or in another worker's hands
                return False
            KEEPERS[promise.kind](session, promise.payload, now)
            promise.done_at, promise.error = now, ""
    except Exception as error:  # whatever it was, the next promise has its turn
        trace = "".join(traceback.format_exception(error))  # without local values
        log.error("promise not kept", promise=number, trace=trace)
        _note_failure(number, error)
        return False
    return True


def _note_failure(number: int, error: Exception) -> None:
    with writing(), _sessions().begin() as session:
        promise = session.scalar(_unkept().where(Outbox.id == number).with_for_update())
        if promise is None:
            return
        promise.attempts += 1
        promise.error = f"{type(error).__name__}: {error}"[:400]
        if promise.attempts >= MOST_ATTEMPTS:
            log.error("promise given up", promise=number, dead=owed_and_dead(session)[1])


def _unkept() -> Any:
    return select(Outbox).where(Outbox.done_at.is_(None))


def _free(sessions: sessionmaker[Session], numbers: list[int]) -> None:
    with writing(), sessions.begin() as session:
        session.execute(
            update(Timer)
            .where(Timer.id.in_(numbers), Timer.status == "claimed")
            .values(status="waiting", claimed_at=None)
        )


def _enqueue(redis_url: str, name: str, *args: int, full: int = 0) -> None:
    """Put a job into the queue; not when it is ``full``: then one that waits will do as well."""
    queue = _queue(redis_url)
    if full and queue.count >= full:
        return
    queue.enqueue(
        f"{__name__}.{name}",
        args=args,
        job_timeout=LONGEST_JOB,
        result_ttl=0,
        failure_ttl=24 * 3600,
    )


@cache
def _queue(redis_url: str) -> Queue:
    connection = Redis.from_url(
        redis_url,
        socket_timeout=_SOCKET,
        socket_connect_timeout=_SOCKET,
        retry=Retry(NoBackoff(), 1),  # once, for a connection that a restart has closed
    )
    return Queue(QUEUE, connection=connection, serializer=JSONSerializer)


def _sessions(url: str = "") -> sessionmaker[Session]:
    """Sessions on the settings' database, with connections of this process."""
    url = url or _settings().database_url
    if url not in _makers:
        _makers[url] = sessionmaker(make_engine(url, hide_parameters=True, pool_pre_ping=True))
    return _makers[url]


@cache
def _settings() -> Settings:
    return Settings.from_env()


def _clock() -> datetime:
    return datetime.now(UTC)
