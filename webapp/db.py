"""The web's session on the engine's tables, and one unit of work per request. Knows no view."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

from flask import Flask, current_app, g, request
from flask.wrappers import Response
from flask_sqlalchemy import SQLAlchemy

from engine import outbox
from engine.db import Base, load_models, prepare, writing
from webapp import jobs

db = SQLAlchemy(metadata=Base.metadata)

_SAFE = ("GET", "HEAD", "OPTIONS")


def init_app(app: Flask) -> None:
    """Connect the engine's metadata to the app's database and open a unit of work per request."""
    load_models()
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", {})["hide_parameters"] = True  # in logs
    db.init_app(app)
    with app.app_context():
        prepare(db.engine)
    app.before_request(_begin)
    app.teardown_request(_end)


def now() -> datetime:
    """The request's one moment (aware, UTC). A test may set ``app.config["NOW"]``."""
    if "now" not in g:
        clock = current_app.config.get("NOW")
        g.now = clock() if clock else datetime.now(UTC)
    return g.now


def records_reads(view: Any) -> Any:
    """Mark a view that writes the record of reads although its method is safe."""
    view.records_reads = True
    return view


def settle(response: Response) -> Response:
    """Commit what the request did when its answer is good, else take all of it back.

    When a promise was put into the outbox, the doorbell is rung once the answer is on its way.
    """
    promised = outbox.promised(db.session())
    if response.status_code >= 400:
        db.session.rollback()
        return response
    db.session.commit()
    if promised:
        app: Any = current_app
        response.call_on_close(partial(jobs.ring, app._get_current_object()))
    return response


def _begin() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if request.method not in _SAFE or getattr(view, "records_reads", False):
        g.unit = writing()
        g.unit.__enter__()


def _end(_error: BaseException | None) -> None:
    unit = g.pop("unit", None)
    if unit is not None:
        unit.__exit__(None, None, None)
