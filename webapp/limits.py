"""The one limiter of requests; where it counts is a setting."""

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(get_remote_address, in_memory_fallback_enabled=True, headers_enabled=False)


def init_app(app: Flask) -> None:
    """Attach the limiter. Single views are limited and ask for themselves: nothing before each."""
    limiter.init_app(app)
    before = app.before_request_funcs.get(None, [])
    if limiter._check_request_limit in before:
        before.remove(limiter._check_request_limit)
