"""The demo's province: its organisation, its people and its dossiers. Never used in production."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import sessionmaker

from webapp.demo.dossiers import make_dossiers
from webapp.demo.organisation import load_organisation, people

if TYPE_CHECKING:
    from flask import Flask

__all__ = ["load_organisation", "make_dossiers", "people", "seed"]


def seed(app: Flask, progress: Callable[[str], object] = print, now: datetime | None = None) -> int:
    """Fill the app's empty database as of ``now``; returns the number of dossiers made."""
    with app.app_context():
        return make_dossiers(
            sessionmaker(app.extensions["sqlalchemy"].engine), now or datetime.now(UTC), progress
        )
