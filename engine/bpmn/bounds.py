"""When a dry run has gone on long enough, or only comes back to where it was. Knows no clock."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from engine.bpmn.model import Move

MAX_ACTIONS = 50_000
MAX_WORK = 15_000_000  # as ``Look.cost``, over all actions: some fifteen seconds
MAX_RINGS = 300  # one after another, while a message is awaited that may never come
MAX_TRACE = 200_000
MAX_INSTANCES = 2_000
SAME_AGAIN = 1_000  # so often everything may look the same as before
# What an action costs, in microseconds: by itself, for each place that waits, for each byte.
_ACTION, _PLACE, _BYTE = 100, 25, 0.04


@dataclass(frozen=True)
class Look:
    """How an instance looks from outside: ``shape`` is the same when it has come back.

    ``cost`` estimates what a step of it takes, in microseconds of an ordinary machine.
    """

    shape: bytes = b""
    cost: int = _ACTION


NOTHING = Look()


class Bounds:
    """Counts what a run has spent. ``turns``: so many turns of a repeated activity look alike."""

    def __init__(self, turns: int = 0) -> None:
        self.actions = self.work = 0
        self.most_alike = SAME_AGAIN + turns
        self.seen: Counter[bytes] = Counter()

    def spent(self, cost: int) -> bool:
        """Count one action; whether that was too much in all."""
        self.actions += 1
        self.work += cost
        return self.actions > MAX_ACTIONS or self.work > MAX_WORK

    def same_again(self, shapes: Iterable[bytes]) -> bool:
        """Whether everything has looked just so too often."""
        digest = hashlib.blake2b(digest_size=16)
        for shape in shapes:
            digest.update(shape)
        key = digest.digest()
        self.seen[key] += 1
        return self.seen[key] > self.most_alike


def look(pool: str, move: Move, now: datetime) -> Look:
    """How an instance of ``pool`` looks at ``now``."""
    if move.ended:
        return NOTHING
    second = timedelta(seconds=1)
    whole = orjson.dumps(
        [
            pool,
            [[task.element, task.data] for task in move.open_tasks],
            [place.element for place in move.wanted],
            [[timer.element, (timer.due - now) // second] for timer in move.timers],
            move.data,
        ],
        option=orjson.OPT_SORT_KEYS,
    )
    places = len(move.open_tasks) + len(move.wanted) + len(move.timers) + len(move.signals)
    cost = _ACTION + _PLACE * places + int(_BYTE * (len(whole) + len(move.state)))
    return Look(hashlib.blake2b(whole, digest_size=16).digest(), cost)
