"""The clubhouse on every database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import sessionmaker

from engine.db import load_models, make_engine
from tests.engine.clubhouse import Clubhouse


@pytest.fixture
def club(database_url: str) -> Iterator[Clubhouse]:
    """A fictional province on an empty database of each kind."""
    engine = make_engine(database_url)
    load_models().create_all(engine)
    yield Clubhouse(sessionmaker(engine))
    engine.dispose()
