"""Ranges as values: ``[1..5)``. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Range:
    """From ``low`` to ``high``, both of one kind; the ends belong to it or not."""

    low: Any
    high: Any
    low_in: bool
    high_in: bool
