"""``motcua web``, ``worker`` and ``sweeper``: the three programs of one installation."""

from __future__ import annotations

import os
import signal
import sys
import threading
from datetime import UTC, datetime

import click
import structlog

from webapp import collector, embedded
from webapp.config import Settings

INTERVAL = 1.0  # seconds between two sweeps
PAUSE_AFTER_ERROR = 5.0

log = structlog.get_logger()


def web_command(settings: Settings, workers: int = 2, threads: int = 4) -> list[str]:
    """The command line that serves the pages at the settings' address."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return [
        *(sys.executable, "-m", "gunicorn", "webapp.app:serve()"),
        *("--bind", f"{host}:{settings.port}"),
        *("--workers", str(workers), "--threads", str(threads), "--worker-class", "gthread"),
        *("--graceful-timeout", "10", "--timeout", "60", "--log-level", "warning"),
        "--no-control-socket",
    ]


@click.command()
@click.option("--workers", default=2, show_default=True, help="Processes.")
@click.option("--threads", default=4, show_default=True, help="Threads in each.")
def web(workers: int, threads: int) -> None:
    """Serve the pages and the API at MOTCUA_HOST and MOTCUA_PORT."""
    argv = web_command(Settings.from_env(), workers, threads)
    os.execv(argv[0], argv)  # noqa: S606  # becomes the server: signals reach it directly


@click.command()
@click.option("--burst", is_flag=True, help="Stop when the queue is empty.")
def worker(burst: bool) -> None:
    """Work the queues of jobs until told to stop; a job under way is finished first."""
    from redis import Redis
    from rq import Queue, Worker
    from rq.serializers import JSONSerializer

    # All that jobs need is imported once here, not in every job.
    from engine import letter_texts
    from webapp.jobs import QUEUES, ROOT

    settings = Settings.from_env()
    for fault in letter_texts.check(ROOT):
        log.error("letter template cannot be used", fault=fault)
    embedded.wait_until_ready(settings.redis_url)
    connection = Redis.from_url(settings.redis_url)
    queues = [Queue(name, connection=connection, serializer=JSONSerializer) for name in QUEUES]
    collector.spare_what_stays()  # and what is not touched is shared with the process of a job
    Worker(queues, connection=connection, serializer=JSONSerializer).work(
        burst=burst, with_scheduler=False, logging_level="WARNING"
    )


@click.command()
@click.option("--once", is_flag=True, help="Sweep once and stop.")
def sweeper(once: bool) -> None:
    """Ring for due timers and owed messages each second, until told to stop."""
    from webapp.app import create_app
    from webapp.jobs import sweep_once

    app = create_app(Settings.from_env())
    if once:
        sweep_once(app, datetime.now(UTC))
        return
    collector.spare_what_stays()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    wait = 0.0
    while not stop.wait(wait):
        try:
            sweep_once(app, datetime.now(UTC))
            wait = INTERVAL
        except Exception:
            # The database or Redis may be away for a while: nothing is lost, the next sweep
            # finds the same rows.
            log.exception("sweep failed")
            wait = PAUSE_AFTER_ERROR
