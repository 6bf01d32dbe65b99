"""The engine's tests read every state back from its bytes; those of the kept instances do not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.bpmn.live import kept


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:  # a test may undo its own patches meanwhile
        patch.setattr(kept, "most", 0)
        kept.clear()
        yield
