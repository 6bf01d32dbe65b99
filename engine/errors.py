"""What can go wrong, in sentences a person can act on. Knows nothing of HTTP or the database."""

from __future__ import annotations

from typing import Any


class MotCuaError(Exception):
    """A refusal with a Vietnamese sentence for people and a stable code for programs.

    ``details`` are small JSON values that help a program (an element id, a version number).
    """

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        self.details = details


class NotFound(MotCuaError):
    """The thing asked for does not exist, or the asker may not know that it does."""

    code = "not-found"


class Forbidden(MotCuaError):
    """The actor may see the thing but not do this to it."""

    code = "forbidden"


class Conflict(MotCuaError):
    """The thing has moved on: already finished, claimed by another, or closed."""

    code = "conflict"


class Stale(Conflict):
    """Somebody else changed the record after it was read; read again and repeat."""

    code = "stale"


class Invalid(MotCuaError):
    """Input that cannot be accepted. ``errors`` maps a field path to its sentences."""

    code = "invalid"

    def __init__(
        self, message: str, *, errors: dict[str, list[str]] | None = None, **details: Any
    ) -> None:
        super().__init__(message, **details)
        self.errors = errors or {}


class TooLarge(Invalid):
    """More bytes, rows or steps than the limit allows."""

    code = "too-large"


class ModelError(MotCuaError):
    """A procedure folder cannot be used: names file, element, reason, cure and the gate's rule."""

    code = "model"

    def __init__(
        self, file: str, element: str | None, reason: str, cure: str, rule: str = ""
    ) -> None:
        where = f"{file}, {element}" if element else file
        super().__init__(f"{where}: {reason} {cure}".strip())
        self.file, self.element, self.reason, self.cure = file, element, reason, cure
        self.rule = rule


class FeelError(MotCuaError):
    """An expression that does not compile or cannot be evaluated within its bounds."""

    code = "feel"

    def __init__(self, text: str, reason: str, cure: str = "", position: int | None = None) -> None:
        place = f" (ký tự {position + 1})" if position is not None else ""
        super().__init__(f"Biểu thức «{text[:120]}»{place}: {reason} {cure}".strip())
        self.text, self.reason, self.cure, self.position = text, reason, cure, position
