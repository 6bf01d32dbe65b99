"""Carries a letter outside: an SMTP conversation, or a signed call of a gateway. Knows no table."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from engine.letter_texts import Text

_PATIENCE = 20  # seconds for one server
_LATER = (408, 409, 425, 429)  # refusals that may pass


class NotNow(Exception):
    """The server is away or busy: worth another attempt."""


class Never(Exception):
    """The server has refused this letter for good."""


@dataclass(frozen=True)
class Address:
    """One recipient on one channel; ``key`` is the same for every attempt at the same letter."""

    channel: str
    recipient: str
    key: str


def carry(settings: Any, to: Address, event: str, text: Text, now: datetime) -> None:
    """Hand a letter over to its server. Raises NotNow or Never with what the server said."""
    if to.channel == "email":
        _mail(settings.smtp_url, settings.mail_from, to, text, now)
    else:
        _call(settings.webhook_url, settings.webhook_secret, to, event, text, now)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What the gateway compares: HMAC-SHA256 over the timestamp, a dot and the body."""
    signed = timestamp.encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _mail(url: str, sender: str, to: Address, text: Text, now: datetime) -> None:
    where = urlsplit(url)
    host, options = where.hostname or "", parse_qs(where.query)
    try:
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = sender, to.recipient, text.subject
        letter["Date"] = format_datetime(now)
        name = hashlib.sha256(to.key.encode()).hexdigest()[:32]
        letter["Message-ID"] = f"<{name}@{sender.rpartition('@')[2]}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(text.body)
    except ValueError as error:  # a line break in an address
        raise Never(f"Địa chỉ hoặc tiêu đề không dùng được: {error}") from None
    try:
        server: smtplib.SMTP
        if where.scheme == "smtps":
            context = ssl.create_default_context()
            server = smtplib.SMTP_SSL(host, where.port or 465, timeout=_PATIENCE, context=context)
        else:
            server = smtplib.SMTP(host, where.port or 25, timeout=_PATIENCE)
        with server:
            if options.get("starttls") == ["1"]:
                server.starttls(context=ssl.create_default_context())
            if where.username:
                server.login(unquote(where.username), unquote(where.password or ""))
            server.send_message(letter)
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise _refusal(code, said) from None
    except smtplib.SMTPAuthenticationError as error:
        raise NotNow(f"{error.smtp_code} {_told(error.smtp_error)}") from None
    except smtplib.SMTPResponseException as error:
        raise _refusal(error.smtp_code, error.smtp_error) from None
    except (smtplib.SMTPException, OSError) as error:
        raise NotNow(f"{type(error).__name__}: {error}") from None


def _refusal(code: int, said: bytes | str) -> Exception:
    return (Never if code >= 500 else NotNow)(f"{code} {_told(said)}")


def _told(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said


def _call(url: str, secret: str, to: Address, event: str, text: Text, now: datetime) -> None:
    where = urlsplit(url)
    body = json.dumps(
        {"key": to.key, "event": event, "to": to.recipient, "text": text.body or text.subject},
        ensure_ascii=False,
    ).encode()
    stamp = str(int(now.timestamp()))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": to.key,
        "X-Motcua-Timestamp": stamp,
        "X-Motcua-Signature": signature(secret, stamp, body),
    }
    kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
    connection = kind(where.hostname or "", where.port, timeout=_PATIENCE)
    try:
        path = (where.path or "/") + (f"?{where.query}" if where.query else "")
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        said = answer.read(2000).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise NotNow(f"{type(error).__name__}: {error}") from None
    finally:
        connection.close()
    if 200 <= answer.status < 300:
        return
    later = answer.status >= 500 or answer.status in _LATER
    raise (NotNow if later else Never)(f"{answer.status} {said[:200]}")
