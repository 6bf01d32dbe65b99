"""Officers who work through the JSON API and repeat a request until it is answered."""

from __future__ import annotations

import http.client
import json
import threading
import time
import uuid
from collections import Counter
from http.cookies import SimpleCookie
from typing import Any

from webapp.demo.province import PASSWORD

PATIENCE = 60.0  # seconds for one request with all its repetitions
_AGAIN = (502, 503, 504)


class GaveUp(Exception):
    """A request was not answered within the patience, or was refused."""


class Officer:
    """One person with a session; every change carries a key and may be sent many times."""

    def __init__(self, port: int, username: str, address: str) -> None:
        self.port, self.username, self.address = port, username, address
        self.cookie = self.token = ""
        self.seen: Counter[int | str] = Counter()
        self._entering = threading.Lock()

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a change; the same key however often it has to be sent."""
        with self._entering:
            if not self.token:
                told = self._insist(
                    "/session", {"username": self.username, "password": PASSWORD}, {}
                )
                self.token = told["csrf_token"]
        headers = {"X-CSRFToken": self.token, "Idempotency-Key": uuid.uuid4().hex}
        return self._insist(path, body, headers)

    def _insist(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                status, told = self._send(path, body, headers)
            except (OSError, http.client.HTTPException) as error:
                self.seen[type(error).__name__] += 1
                time.sleep(0.1)
                continue
            self.seen[status] += 1
            if status < 300:
                return told
            if status not in _AGAIN:
                raise GaveUp(f"{self.username} {path}: {status} {told}")
            time.sleep(0.1)
        raise GaveUp(f"{self.username} {path}: no answer in {PATIENCE:.0f} s; {dict(self.seen)}")

    def _send(
        self, path: str, body: dict[str, Any], headers: dict[str, str]
    ) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            sent = {
                "Content-Type": "application/json",
                "X-Forwarded-For": self.address,
                "Cookie": self.cookie,
                **headers,
            }
            connection.request("POST", f"/api/v1{path}", json.dumps(body), sent)
            answer = connection.getresponse()
            content = answer.read()
            if path == "/session" and answer.status == 200:
                jar = SimpleCookie(answer.headers["Set-Cookie"])
                self.cookie = f"session={jar['session'].value}"
            return answer.status, json.loads(content)
        finally:
            connection.close()
