"""When a dry run has gone on long enough, or only comes back to where it was. Knows no clock."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

import orjson

from engine.bpmn.model import Move

MAX_ACTIONS = 50_000
MAX_WORK = 4_800_000  # bytes of saved state, over all actions: some ten seconds
MAX_RINGS = 300  # one after another, while a message is awaited that may never come
MAX_TRACE = 200_000
MAX_INSTANCES = 2_000
SAME_AGAIN = 1_000  # so often everything may look the same as before


class Bounds:
    """Counts what a run has spent."""

    def __init__(self) -> None:
        self.actions = self.work = 0
        self.seen: Counter[bytes] = Counter()

    def spent(self, size: int) -> bool:
        """Count one action on a state of ``size`` bytes; whether that was too much in all."""
        self.actions += 1
        self.work += size
        return self.actions > MAX_ACTIONS or self.work > MAX_WORK

    def same_again(self, shapes: Iterable[bytes]) -> bool:
        """Whether everything has looked just so too often."""
        digest = hashlib.blake2b(digest_size=16)
        for shape in shapes:
            digest.update(shape)
        key = digest.digest()
        self.seen[key] += 1
        return self.seen[key] > SAME_AGAIN


def shape_of(pool: str, move: Move, now: datetime) -> bytes:
    """How an instance looks from outside: the same when it has come back to where it was."""
    if move.ended:
        return b""
    second = timedelta(seconds=1)
    looks = [
        pool,
        [[task.element, task.data] for task in move.open_tasks],
        [place.element for place in move.wanted],
        [[timer.element, (timer.due - now) // second] for timer in move.timers],
        move.data,
    ]
    whole = orjson.dumps(looks, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(whole, digest_size=16).digest()
