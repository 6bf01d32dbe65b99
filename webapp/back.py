"""Where a redirect may lead: only to a page of this house."""

from urllib.parse import urlsplit

from flask import url_for


def back_to(target: str | None, otherwise: str = "home") -> str:
    """The target when it is a plain local path, else the named endpoint's address."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")):
        parts = urlsplit(target)
        if not parts.scheme and not parts.netloc and "\n" not in target and "\r" not in target:
            return target
    return url_for(otherwise)
