"""A whole house for the browser: web and worker as programs of their own, a real Redis, a demo."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from engine.db import load_models, make_engine
from tests.browser.people import House
from webapp import embedded, processes
from webapp.commands.programs import web_command
from webapp.config import Settings
from webapp.demo.dossiers import make_dossiers

DOSSIERS = 24  # enough for every inbox to have something in it


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The product at work on this machine; its address and its database."""
    data = Path(tempfile.mkdtemp(prefix="motcua-browser-"))  # a short path: sockets need one
    settings = Settings.from_env({"MOTCUA_DEMO": "1", "MOTCUA_DATA_DIR": str(data)})
    # Elsewhere than the house of another process of tests, which may look at the same moment.
    port = processes.free_port("127.0.0.1", 30_000 + os.getpid() % 2_000)
    settings = replace(settings, port=port)
    engine = make_engine(settings.database_url)
    load_models().create_all(engine)
    make_dossiers(sessionmaker(engine), datetime.now(UTC), lambda _text: None, count=DOSSIERS)
    environment = {**os.environ, **settings.to_env()}
    redis = embedded.start(data)
    programs = [redis]
    with (data / "log").open("wb") as log:
        for command in (
            [sys.executable, "-m", "webapp.cli", "worker"],
            web_command(settings, workers=1),
        ):
            programs.append(
                subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
            )
        try:
            address = f"http://127.0.0.1:{settings.port}"
            _wait_for(address, data / "log")
            yield House(address, sessionmaker(engine, class_=Session), data / "log")
        finally:
            for program in reversed(programs):
                program.terminate()
            for program in programs:
                program.wait(15)
            engine.dispose()


def _wait_for(address: str, log: Path) -> None:
    for _ in range(150):
        try:
            with urllib.request.urlopen(f"{address}/dang-nhap", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the web did not answer:\n{log.read_text()[-3000:]}")
