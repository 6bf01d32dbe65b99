"""The clubhouse on every database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import sessionmaker

from engine.db import load_models, make_engine
from tests.engine.clubhouse import Clubhouse

CLOCK = Path(__file__).parent / "clock"


@pytest.fixture
def club(database_url: str) -> Iterator[Clubhouse]:
    """A fictional province on an empty database of each kind."""
    engine = make_engine(database_url)
    load_models().create_all(engine)
    yield Clubhouse(sessionmaker(engine))
    engine.dispose()


@pytest.fixture
def clock_club(database_url: str) -> Iterator[Clubhouse]:
    """The same people with a procedure full of clocks: two branches, pauses, drawn timers."""
    engine = make_engine(database_url)
    yield Clubhouse(sessionmaker(engine), CLOCK)
    engine.dispose()
