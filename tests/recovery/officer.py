"""Officers who work through the JSON API and repeat a request until it is answered."""

from __future__ import annotations

import http.client
import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from http.cookies import SimpleCookie
from typing import Any

from webapp.demo.province import PASSWORD

PATIENCE = 60.0  # seconds for one request with all its repetitions
_AGAIN = (502, 503, 504)


class GaveUp(Exception):
    """A request was not answered within the patience, or was refused."""


class Officer:
    """One person with a session; every change carries a key and may be sent many times.

    ``ports`` are those of the webs; another one is asked when one does not answer.
    """

    def __init__(self, ports: Sequence[int], username: str, address: str) -> None:
        self.ports, self.username, self.address = ports, username, address
        self.cookie = self.token = ""
        self.seen: Counter[int | str] = Counter()
        self._entering = threading.Lock()

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a change; the same key however often it has to be sent."""
        status, told = self.insist(path, body, key=uuid.uuid4().hex)
        if status >= 300:
            raise GaveUp(f"{self.username} {path}: {status} {told}")
        return told

    def enter(self) -> None:
        """Log in, once."""
        with self._entering:
            if not self.token:
                body = {"username": self.username, "password": PASSWORD}
                status, told = self._insist("/session", body, {})
                if status >= 300:
                    raise GaveUp(f"{self.username} may not log in: {status} {told}")
                self.token = told["csrf_token"]

    def insist(
        self,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        key: str | None = None,
        port: int | None = None,
    ) -> tuple[int, dict[str, Any]]:
        """Status and answer of a request (a GET without a body), sent again until it is answered.

        ``port`` is the web that is asked first: a session is good at all of them.
        """
        self.enter()
        headers = {"X-CSRFToken": self.token, **({"Idempotency-Key": key} if key else {})}
        return self._insist(path, body, headers, port)

    def _insist(
        self,
        path: str,
        body: dict[str, Any] | None,
        headers: dict[str, str],
        port: int | None = None,
    ) -> tuple[int, dict[str, Any]]:
        end = time.monotonic() + PATIENCE
        port = port or self.ports[0]
        while time.monotonic() < end:
            try:
                status, told = self._send(path, body, headers, port)
            except (OSError, http.client.HTTPException) as error:
                self.seen[type(error).__name__] += 1
            else:
                self.seen[status] += 1
                if status not in _AGAIN:
                    return status, told
            time.sleep(0.1)
            port = self.ports[(self.ports.index(port) + 1) % len(self.ports)]
        raise GaveUp(f"{self.username} {path}: no answer in {PATIENCE:.0f} s; {dict(self.seen)}")

    def _send(
        self,
        path: str,
        body: dict[str, Any] | None,
        headers: dict[str, str],
        port: int,
    ) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            sent = {
                "Content-Type": "application/json",
                "X-Forwarded-For": self.address,
                "Cookie": self.cookie,
                **headers,
            }
            method, content = ("GET", None) if body is None else ("POST", json.dumps(body))
            connection.request(method, f"/api/v1{path}", content, sent)
            answer = connection.getresponse()
            told = answer.read()
            if path == "/session" and answer.status == 200:
                jar = SimpleCookie(answer.headers["Set-Cookie"])
                self.cookie = f"session={jar['session'].value}"
            return answer.status, json.loads(told)
        finally:
            connection.close()
