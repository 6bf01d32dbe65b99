"""Put the web application together. Knows every web room; no rule of the domain."""

from __future__ import annotations

import uuid

from flask import Flask, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask.wrappers import Response
from flask_wtf import CSRFProtect
from werkzeug.exceptions import RequestEntityTooLarge

from webapp import api, auth, collector, config, db, errors, i18n, limits
from webapp.archive.views import blueprint as archive
from webapp.citizen.views import blueprint as citizen
from webapp.icons import icon
from webapp.liaison.views import blueprint as liaison
from webapp.officer.chrome import chrome, home
from webapp.officer.dossiers import blueprint as dossiers
from webapp.officer.incidents import blueprint as incidents
from webapp.officer.intake import blueprint as intake
from webapp.officer.letters import blueprint as letters
from webapp.officer.notices import blueprint as notices
from webapp.officer.slips import blueprint as slips
from webapp.officer.tasks import blueprint as tasks

csrf = CSRFProtect()

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


class House(Flask):
    """Flask with one commit at the edge: errors of the commit meet the error table too."""

    def dispatch_request(self) -> ResponseReturnValue:
        return db.settle(self.make_response(super().dispatch_request()))


def create_app(settings: config.Settings | None = None) -> Flask:
    """The WSGI application for these settings (default: from the environment)."""
    settings = settings or config.Settings.from_env()
    app = House(__name__, static_folder="static", static_url_path="/static")
    config.apply(app, settings)
    app.before_request(_take_in)
    db.init_app(app)
    i18n.init_app(app)
    auth.init_app(app)
    csrf.init_app(app)
    limits.init_app(app)
    errors.init_app(app)
    for blueprint in (
        auth.blueprint, tasks, dossiers, slips, intake, notices, letters, liaison, archive, citizen,
        incidents,
    ):  # fmt: skip
        app.register_blueprint(blueprint)
    api.register(app)
    app.jinja_env.globals.update(asset=config.asset, icon=icon, new_key=lambda: uuid.uuid4().hex)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(chrome)
    app.add_url_rule("/", "home", lambda: redirect(url_for(home())))
    app.after_request(_headers)
    return app


def serve() -> Flask:
    """The application as a server's process runs it, settings from the environment."""
    app = create_app()
    collector.spare_what_stays()
    return app


def _take_in() -> None:
    """Read a body that is too large to its end (within reason) before it is refused.

    A server that answers and closes while the browser still sends makes the browser report a lost
    connection instead of the sentence.
    """
    limit, sent = current_app.config["MAX_CONTENT_LENGTH"], request.content_length
    if limit is None or sent is None or sent <= limit:
        return
    left = min(sent, 8 * limit)
    while left > 0:
        piece = request.environ["wsgi.input"].read(min(left, 65_536))
        if not piece:
            break
        left -= len(piece)
    raise RequestEntityTooLarge


def _headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if request.endpoint != "static" and "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
        response.vary.add("HX-Request")
    return response
