"""``motcua bench http``: a task completed through the API, beside the same command without HTTP.

The server is the product's own (gunicorn, its Redis); each client is logged in and keeps its
connection. Blocks of both alternate in one run.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from webapp import embedded, processes
from webapp.bench import town
from webapp.bench.completions import finish
from webapp.bench.report import Series, show
from webapp.config import Settings


class Client:
    """A program logged in as the officer, on one kept connection."""

    def __init__(self, port: int, username: str, password: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookie = self.token = ""
        body = {"username": username, "password": password}
        self.token = self.post("/api/v1/session", body)["csrf_token"]

    def post(self, path: str, body: Any) -> Any:
        """The answer to a POST; any refusal is an error of the benchmark."""
        headers = {
            "Content-Type": "application/json",
            "Cookie": self.cookie,
            "X-CSRFToken": self.token,
        }
        self.connection.request("POST", path, json.dumps(body), headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{path}: {answer.status} {text[:300]!r}")
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self.cookie = value.partition(";")[0]
        return json.loads(text)

    def send(self, path: str, body: Any) -> None:
        """A POST whose answer need only be good: as little of the client's own work as can be."""
        text = json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Cookie: {self.cookie}\r\nX-CSRFToken: {self.token}\r\n"
            f"Content-Length: {len(text)}\r\n\r\n"
        )
        wire: Any = self.connection.sock
        wire.sendall(head.encode() + text)
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = wire.recv(65536)
            if not piece:
                raise RuntimeError(f"{path}: the server closed the connection")
            answer += piece
        head_end = answer.index(b"\r\n\r\n") + 4
        length = re.search(rb"(?i)content-length: *(\d+)", answer[:head_end])
        while length and len(answer) < head_end + int(length[1]):
            answer += wire.recv(65536)
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"{path}: {answer[:500]!r}")


@contextmanager
def server(url: str, workers: int) -> Iterator[int]:
    """The product's web server over a database; gives its port."""
    with tempfile.TemporaryDirectory(prefix="motcua-bench-") as name:
        folder = Path(name)
        port = processes.free_port("127.0.0.1", 18000)
        settings = Settings.from_env(
            {
                "MOTCUA_DATABASE_URL": url,
                "MOTCUA_DATA_DIR": name,
                "MOTCUA_DEMO": "1",
                "MOTCUA_PORT": str(port),
            }
        )
        redis = embedded.start(folder)
        argv = [sys.executable, "-m", "webapp.cli", "web", "--workers", str(workers)]
        web = subprocess.Popen(argv, env={**os.environ, **settings.to_env()})
        try:
            end = time.monotonic() + 60
            while not processes.answers("127.0.0.1", port):
                if web.poll() is not None or time.monotonic() > end:
                    raise click.ClickException("Máy chủ web không khởi động được.")
                time.sleep(0.1)
            yield port
        finally:
            web.terminate()
            web.wait()
            redis.terminate()
            redis.wait()


def _worker(url: str, port: int, password: str, pipe: Any) -> None:
    house = town.enter(url)
    client = Client(port, house.officer.username, password)
    pipe.send("ready")
    for kind, work in iter(pipe.recv, ("end", None)):
        for number, task in work:
            if kind == "http":
                client.send(f"/api/v1/tasks/{task}/complete", {"data": house.answer})
            else:
                finish(house, task, number)
        pipe.send("done")


@click.command()
@click.option("--database", "url", help="A URL, or “postgresql” for one of its own; else SQLite.")
@click.option("--processes", "workers", type=click.IntRange(1, 16), help="Clients, and servers.")
@click.option("--rounds", default=12, show_default=True, type=click.IntRange(2, 1000))
@click.option("--block", default=20, show_default=True, help="Tasks per client and block.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(url: str | None, workers: int | None, rounds: int, block: int, as_json: bool) -> None:
    """Complete tasks through the API, beside the command without HTTP."""
    from webapp.demo.province import PASSWORD

    with town.database(url) as fresh:
        house = town.settle(fresh)
        postgresql = house.engine.dialect.name == "postgresql"
        workers = workers or (2 if postgresql else 1)
        tasks = town.open_tasks(house, 2 * (rounds + 1) * block * workers)
        house.engine.dispose()
        series = [
            Series("command without HTTP", "per second"),
            Series("POST /api/v1/tasks/{id}/complete", "per second", limit="command without HTTP"),
        ]
        with server(fresh, workers) as port:
            context = multiprocessing.get_context("spawn")
            pipes = []
            for _ in range(workers):
                here, there = context.Pipe()
                arguments = (fresh, port, PASSWORD, there)
                context.Process(target=_worker, args=arguments, daemon=True).start()
                pipes.append(here)
            for pipe in pipes:
                pipe.recv()
            number = 0
            for turn in range(rounds + 1):  # the first warms up
                for one, kind in zip(series, ("ours", "http"), strict=True):
                    started = time.perf_counter()
                    for pipe in pipes:
                        work = [(number + n, tasks.pop()) for n in range(block)]
                        pipe.send((kind, work))
                        number += block
                    for pipe in pipes:
                        pipe.recv()
                    if turn:
                        one.values.append(block * workers / (time.perf_counter() - started))
            for pipe in pipes:
                pipe.send(("end", None))
    show(
        "http",
        series,
        as_json,
        database="PostgreSQL" if postgresql else "SQLite",
        processes=workers,
    )
