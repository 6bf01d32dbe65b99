"""The JSON API for programs: the same commands and reads as the pages, under /api/v1.

Holds no rule of the domain; every refusal comes from the one table of errors.
"""

from __future__ import annotations

from flask import Flask

from webapp.api import clock, docs, dossiers, liaison, papers, procedures, session, tasks
from webapp.api.room import House, room

__all__ = ["register"]

# Imported: their routes are made.
_ROOMS = (session, procedures, tasks, dossiers, clock, papers, liaison)


def register(app: Flask) -> None:
    """Add the API, its description at /api/openapi.json and the page about it at /api/docs."""
    app.config.update(
        API_TITLE="Một Cửa",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
    )
    house = House(app, spec_kwargs={"info": {"description": docs.INTRODUCTION}, "tags": docs.TAGS})
    docs.describe_security(house.spec)
    house.register_blueprint(room)
    app.register_blueprint(docs.blueprint)
    if "csrf" in app.extensions:
        app.extensions["csrf"].exempt(room)  # the room asks for its own header on every change
