"""The queue: ring after a commit, keep promises, fire timers, sweep. Knows no page and no request.

Redis is a doorbell: every job reads the database anew and may run twice. Jobs need no Flask app,
only the settings, so that a forked work-horse starts in milliseconds.
"""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
import structlog
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from engine import digests, letter_texts, letters, timers
from engine.archive import commands as archiving
from engine.calendar import TIMEZONE
from engine.db import load_models, make_engine, writing
from engine.errors import MotCuaError
from engine.liaison import router
from engine.outbox import Outbox
from engine.timer_rows import Timer
from webapp import post
from webapp.config import Settings

if TYPE_CHECKING:
    from flask import Flask

QUEUE = "motcua"  # what a person waits for: messages between agencies
TIMERS, POST = "motcua-timers", "motcua-post"
QUEUES = (QUEUE, TIMERS, POST)  # in the order in which workers look into them
LONGEST_JOB = 120  # seconds
_LONGEST_DRAIN = 30.0  # seconds after which a drain makes way for the next
BATCH = 50  # timers in one job: a job's start costs more than a timer
_IN_FLIGHT = 20  # jobs of timers in the queue; no more are claimed until some are done
_LETTERS = 10  # letters in one job
MOST_ATTEMPTS = 12  # a promise is tried again after 1, 3, 7 … seconds, for about an hour
_OVERDUE = timedelta(seconds=3)  # a promise older than this was rung for in vain
_ENOUGH = 50  # jobs in the queue; another drain would find nothing left
_TOGETHER = 5  # timers in one transaction of SQLite
_BREATH = 0.02  # seconds between two of those, for other writers
_SOCKET = 0.5  # seconds to wait for Redis
_DEAF = 5.0  # seconds without ringing after Redis did not answer; the sweeper rings meanwhile

ROOT = Path(__file__).resolve().parent.parent  # where processes/ and forms/ stand
log = structlog.get_logger()
load_models()

Keeper = Callable[[Session, dict[str, Any], datetime], object]
KEEPERS: dict[str, Keeper] = {
    "route": lambda session, payload, now: router.route(session, payload["dossier"], now),
}

NIGHT = range(1, 5)  # hours in Vietnam in which the archive works
_LONGEST_ARCHIVE = 10.0  # seconds after which it makes way for letters and messages

_makers: dict[str, sessionmaker[Session]] = {}
_deaf_until = 0.0
_night: date | None = None  # the last night in which this sweeper rang for the archive


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
    """Keep every promise that is owed, the same one in one transaction; returns how many.

    A promise that fails keeps its error and waits longer each time; the others go on. When new
    ones come as fast as they are kept, the rest is left to another job before the queue's limit
    breaks this one off in the middle.
    """
    kept, tried, end = 0, set[int](), time.monotonic() + _LONGEST_DRAIN
    while True:
        owed = _owed(_sessions(), now or _clock())
        waiting = [same for numbers in owed if (same := [n for n in numbers if n not in tried])]
        if not waiting:
            return kept
        for numbers in waiting:
            if time.monotonic() > end:
                _ring_again()
                return kept
            tried.update(numbers)
            kept += _keep(numbers, now or _clock())


def _ring_again() -> None:
    try:
        _enqueue(_settings().redis_url, "drain", full=_ENOUGH)
    except RedisError as error:  # the sweeper finds what is owed
        log.warning("redis did not hear the drain", error=type(error).__name__)


def fire_timers(numbers: list[int], now: datetime | None = None) -> int:
    """Fire some timers, then keep what they promised; returns how many fired.

    Each in its own transaction; on SQLite, where there is one writer and a commit costs most, a
    few together, and then a pause in which others get their turn. One that fails is left to be
    claimed again; the others go on.
    """
    fired, alone = 0, _sessions().kw["bind"].dialect.name != "sqlite"
    size = 1 if alone else _TOGETHER
    for start in range(0, len(numbers), size):
        fired += _fire(numbers[start : start + size], now)
        if not alone:
            time.sleep(_BREATH)
    if fired:
        drain(now)
    return fired


def _fire(numbers: list[int], now: datetime | None) -> int:
    try:
        with writing(), _sessions().begin() as session:
            return sum(timers.fire(session, number, now or _clock()) for number in numbers)
    except Exception as error:
        if len(numbers) > 1:
            return sum(_fire([number], now) for number in numbers)
        trace = "".join(traceback.format_exception(error))  # without local values
        log.error("timer not fired", timer=numbers[0], trace=trace)
        return 0


def carry_letters(numbers: list[int], now: datetime | None = None) -> int:
    """Carry some letters; no transaction is open while a server is spoken to."""
    settings, carried = _settings(), 0
    for number in numbers:
        with writing(), _sessions().begin() as session:
            letter = letters.begin(session, number, now or _clock())
            if letter is None:
                continue
            to = post.Address(letter.channel, letter.recipient, letter.key)
            event, procedure = letter.event, letter.procedure
            values = {**letter.values, "link": _link(settings, letter.values.get("code", ""))}
        why, final = "", False
        try:
            text = letter_texts.write(ROOT, event, to.channel, values, procedure=procedure)
            post.carry(settings, to, event, text, now or _clock())
        except post.NotNow as error:
            why = str(error)
        except (post.Never, MotCuaError) as error:
            why, final = str(error), True
        with writing(), _sessions().begin() as session:
            if why:
                letters.failed(session, number, now or _clock(), why, final=final)
            else:
                letters.sent(session, number, now or _clock())
                carried += 1
    return carried


def fire_timer(timer_id: int, now: datetime | None = None) -> bool:
    """Fire one timer, then keep what it promised. Rung twice, the second time does nothing."""
    with writing(), _sessions().begin() as session:
        fired = timers.fire(session, timer_id, now or _clock())
    if fired:
        drain(now)
    return fired


def archive_closed(now: datetime | None = None) -> int:
    """Put away closed dossiers whose time has come; returns how many. The rest is another job's."""
    sessions, gone, end = _sessions(), 0, time.monotonic() + _LONGEST_ARCHIVE
    alone = sessions.kw["bind"].dialect.name != "sqlite"
    while time.monotonic() < end:
        with writing(), sessions.begin() as session:
            batch = archiving.archive(
                session, now or _clock(), archiving.BATCH if alone else _TOGETHER
            )
        if not batch:
            with writing(), sessions.begin() as session:
                archiving.sweep(session, now or _clock())
            return gone
        gone += len(batch)
        if not alone:
            time.sleep(_BREATH)
    try:
        _enqueue(_settings().redis_url, "archive_closed", queue=POST)
    except RedisError as error:  # the next night goes on
        log.warning("redis did not hear the archive", error=type(error).__name__)
    return gone


def sweep_once(app: Flask, now: datetime) -> int:
    """Ring for what is due: timers, promises that nobody kept, letters; make the day's digests.

    Returns how many timers were rung for, plus one for the promises. Only as many timers are
    claimed as the queue has room for: a burst waits in the database, where it costs nothing. What
    did not reach Redis is free again at once; what is lost later is claimed again after a minute.
    """
    sessions = _sessions(app.config["SQLALCHEMY_DATABASE_URI"])
    with writing(), sessions.begin() as session:
        digests.make(session, now, app.config["DIGEST_AT"])
        letters.switch_off(session, sorted(set(letters.CHANNELS) - app.config["CHANNELS"]))
    rung, url = 0, app.config["REDIS_URL"]
    try:
        rung = _ring_for_timers(sessions, url, now)
        if _owed(sessions, now, age=_OVERDUE):
            _enqueue(url, "drain", full=_ENOUGH)
            rung += 1
        _ring_for_letters(sessions, url, now)
        _ring_for_archive(url, now)
    except RedisError as error:
        log.warning("redis did not hear the sweeper", error=type(error).__name__)
    return rung


def _ring_for_timers(sessions: sessionmaker[Session], url: str, now: datetime) -> int:
    rung = 0
    room = _IN_FLIGHT - _queue(url, TIMERS).count
    while room > 0:
        with writing(), sessions.begin() as session:
            claimed = timers.claim_due(session, now, min(timers.BATCH, room * BATCH))
        for start in range(0, len(claimed), BATCH):
            part = claimed[start : start + BATCH]
            try:
                _enqueue(url, "fire_timers", part, queue=TIMERS)
            except RedisError:
                _free(sessions, claimed[start:])
                raise
            rung += len(part)
            room -= 1
        if len(claimed) < timers.BATCH:
            break
    return rung


def _ring_for_letters(sessions: sessionmaker[Session], url: str, now: datetime) -> None:
    if _queue(url, POST).count >= _IN_FLIGHT:
        return
    with writing(), sessions.begin() as session:
        claimed = letters.claim(session, now)
    for start in range(0, len(claimed), _LETTERS):
        _enqueue(url, "carry_letters", claimed[start : start + _LETTERS], queue=POST)


def _ring_for_archive(url: str, now: datetime) -> None:
    """Once a night; rung for twice, by two sweepers or after a restart, it finds nothing to do."""
    global _night
    local = now.astimezone(TIMEZONE)
    if local.hour in NIGHT and _night != local.date():
        _enqueue(url, "archive_closed", queue=POST)
        _night = local.date()


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
) -> list[list[int]]:
    """The promises to try now, at least so old: new ones first, that none waits for a bad one.

    Those that promise the same (to carry the messages of one dossier) stand together. One that was
    never tried is due whatever this machine's clock says of its date.
    """
    query = (
        select(Outbox.id, Outbox.attempts, Outbox.created_at, Outbox.kind, Outbox.payload)
        .where(Outbox.done_at.is_(None), Outbox.attempts < MOST_ATTEMPTS)
        .order_by(Outbox.attempts, Outbox.id)
        .limit(500)
    )
    if age is not None:
        query = query.where(Outbox.created_at <= now - age)
    with sessions() as session:
        rows = session.execute(query).all()
    same: dict[tuple[str, bytes], list[int]] = {}
    for row in rows:
        if not row.attempts or row.created_at + _patience(row.attempts) <= now:
            same.setdefault((row.kind, _written(row.payload)), []).append(row.id)
    return list(same.values())


def _written(payload: dict[str, Any]) -> bytes:
    return orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)


def _patience(attempts: int) -> timedelta:
    return timedelta(seconds=2**attempts - 1)


def _keep(numbers: list[int], now: datetime) -> int:
    """Keep promises of the same thing by doing it once; how many of them were still owed."""
    try:
        with writing(), _sessions().begin() as session:
            promises = session.scalars(
                _unkept()
                .where(Outbox.id.in_(numbers))
                .order_by(Outbox.id)
                .with_for_update(skip_locked=True)
            ).all()
            if not promises:  # kept meanwhile, or in another worker's hands
                return 0
            KEEPERS[promises[0].kind](session, promises[0].payload, now)
            for promise in promises:
                promise.done_at, promise.error = now, ""
            return len(promises)
    except Exception as error:  # whatever it was, the next promise has its turn
        trace = "".join(traceback.format_exception(error))  # without local values
        log.error("promise not kept", promises=numbers, trace=trace)
        _note_failure(numbers, error)
        return 0


def _note_failure(numbers: list[int], error: Exception) -> None:
    with writing(), _sessions().begin() as session:
        of_these = _unkept().where(Outbox.id.in_(numbers)).order_by(Outbox.id)
        for promise in session.scalars(of_these.with_for_update()):
            promise.attempts += 1
            promise.error = f"{type(error).__name__}: {error}"[:400]
            if promise.attempts >= MOST_ATTEMPTS:
                log.error("promise given up", promise=promise.id, dead=owed_and_dead(session)[1])


def _unkept() -> Any:
    return select(Outbox).where(Outbox.done_at.is_(None))


def _free(sessions: sessionmaker[Session], numbers: list[int]) -> None:
    with writing(), sessions.begin() as session:
        session.execute(
            update(Timer)
            .where(Timer.id.in_(numbers), Timer.status == "claimed")
            .values(status="waiting", claimed_at=None)
        )


def _enqueue(url: str, name: str, *args: list[int], full: int = 0, queue: str = QUEUE) -> None:
    """Put a job into a queue; not when it is ``full``: then one that waits will do as well."""
    chosen = _queue(url, queue)
    if full and chosen.count >= full:
        return
    chosen.enqueue(
        f"{__name__}.{name}",
        args=args,
        job_timeout=LONGEST_JOB,
        result_ttl=0,
        failure_ttl=24 * 3600,
    )


@cache
def _queue(redis_url: str, name: str) -> Queue:
    return Queue(name, connection=_redis(redis_url), serializer=JSONSerializer)


@cache
def _redis(url: str) -> Redis:
    return Redis.from_url(
        url,
        socket_timeout=_SOCKET,
        socket_connect_timeout=_SOCKET,
        retry=Retry(NoBackoff(), 1),  # once, for a connection that a restart has closed
    )


def _link(settings: Settings, code: str) -> str:
    """Where a letter leads: the tracking page of its dossier."""
    return f"{settings.public_url}/tra-cuu?ma={quote(code)}" if code else settings.public_url


def _sessions(url: str = "") -> sessionmaker[Session]:
    """Sessions on the settings' database, with connections of this process."""
    url = url or _settings().database_url
    if url not in _makers:
        _makers[url] = sessionmaker(make_engine(url, hide_parameters=True))
    return _makers[url]


@cache
def _settings() -> Settings:
    return Settings.from_env()


def _clock() -> datetime:
    return datetime.now(UTC)
