"""The settings of one installation, read from the environment. Knows no view and no table."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from werkzeug.middleware.proxy_fix import ProxyFix

from engine.errors import Invalid
from webapp.assets import asset
from webapp.embedded import socket_url

__all__ = ["BadSettings", "Settings", "apply", "asset"]

SHORTEST_SECRET = 32  # characters


class BadSettings(Invalid):
    """A setting is missing or cannot be understood; the sentence names the variable."""

    code = "bad-settings"


@dataclass(frozen=True)
class Settings:
    """What may differ between installations. ``deploy/README.md`` has the table of variables."""

    database_url: str
    redis_url: str
    secret_key: str = field(repr=False)
    demo: bool = False
    host: str = "127.0.0.1"
    port: int = 8000
    max_upload_mb: int = 20
    data_dir: Path = Path(".data")
    https: bool = False
    proxies: int = 0
    own_redis: bool = False  # True when Redis is ours to start
    smtp_url: str = field(default="", repr=False)  # smtp[s]://[user:password@]host[:port]
    mail_from: str = ""
    webhook_url: str = ""  # the gateway for SMS and Zalo
    webhook_secret: str = field(default="", repr=False)
    public_url: str = ""  # where citizens reach us; stands in letters
    digest_at: time = time(7, 30)

    @property
    def channels(self) -> frozenset[str]:
        """The channels outside the application that are set up."""
        ways = {"email": self.smtp_url and self.mail_from, "sms": self.webhook_url}
        return frozenset(name for name, way in ways.items() if way)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the ``MOTCUA_…`` variables; raises BadSettings with a sentence."""
        env = os.environ if environ is None else environ
        data_dir = _folder(env.get("MOTCUA_DATA_DIR") or ".data")
        demo = _flag(env, "MOTCUA_DEMO", default=False)
        redis_url = env.get("MOTCUA_REDIS_URL", "")
        return cls(
            database_url=_database(env.get("MOTCUA_DATABASE_URL", ""), data_dir),
            redis_url=_redis(redis_url) if redis_url else socket_url(data_dir),
            own_redis=not redis_url,
            secret_key=_secret(env.get("MOTCUA_SECRET_KEY", ""), demo, data_dir),
            demo=demo,
            host=env.get("MOTCUA_HOST") or "127.0.0.1",
            port=_number(env, "MOTCUA_PORT", 8000, 1, 65535),
            max_upload_mb=_number(env, "MOTCUA_MAX_UPLOAD_MB", 20, 1, 1024),
            data_dir=data_dir,
            https=_flag(env, "MOTCUA_HTTPS", default=not demo),
            proxies=_number(env, "MOTCUA_PROXIES", 0, 0, 5),
            smtp_url=_url(env, "MOTCUA_SMTP_URL", ("smtp", "smtps")),
            mail_from=_mail_from(env),
            webhook_url=_url(env, "MOTCUA_WEBHOOK_URL", ("https", "http")),
            webhook_secret=_webhook_secret(env),
            public_url=_url(env, "MOTCUA_PUBLIC_URL", ("https", "http")).rstrip("/"),
            digest_at=_clock_time(env, "MOTCUA_DIGEST_AT", "07:30"),
        )

    def to_env(self) -> dict[str, str]:
        """The same settings as variables, for the programs started beside the web."""
        return {
            "MOTCUA_DATABASE_URL": self.database_url,
            "MOTCUA_REDIS_URL": self.redis_url,
            "MOTCUA_SECRET_KEY": self.secret_key,
            "MOTCUA_DEMO": str(int(self.demo)),
            "MOTCUA_HOST": self.host,
            "MOTCUA_PORT": str(self.port),
            "MOTCUA_MAX_UPLOAD_MB": str(self.max_upload_mb),
            "MOTCUA_DATA_DIR": str(self.data_dir),
            "MOTCUA_HTTPS": str(int(self.https)),
            "MOTCUA_PROXIES": str(self.proxies),
            "MOTCUA_SMTP_URL": self.smtp_url,
            "MOTCUA_MAIL_FROM": self.mail_from,
            "MOTCUA_WEBHOOK_URL": self.webhook_url,
            "MOTCUA_WEBHOOK_SECRET": self.webhook_secret,
            "MOTCUA_PUBLIC_URL": self.public_url,
            "MOTCUA_DIGEST_AT": f"{self.digest_at:%H:%M}",
        }

    def with_port(self, port: int) -> Settings:
        """The same settings on another port."""
        return replace(self, port=port)


def apply(app: Flask, settings: Settings) -> None:
    """Write the settings into ``app.config`` under the names that Flask's extensions read.

    Our own names there: DEMO, REDIS_URL, DATA_DIR (a Path), MAX_UPLOAD_MB, CHANNELS, DIGEST_AT.
    """
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        DEMO=settings.demo,
        REDIS_URL=settings.redis_url,
        DATA_DIR=settings.data_dir,
        MAX_UPLOAD_MB=settings.max_upload_mb,
        CHANNELS=settings.channels,
        PUBLIC_URL=settings.public_url,
        DIGEST_AT=settings.digest_at,
        # A little above one file, for the other fields of the same form.
        MAX_CONTENT_LENGTH=(settings.max_upload_mb + 1) * 1024 * 1024,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.https,
        PREFERRED_URL_SCHEME="https" if settings.https else "http",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=10),
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=7),  # built files carry a hash in their names
        RATELIMIT_STORAGE_URI=settings.redis_url.replace("unix://", "redis+unix://", 1)
        if settings.redis_url.startswith("unix://")
        else settings.redis_url,
    )
    if settings.proxies:
        hops = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]


def _folder(text: str) -> Path:
    folder = Path(text).expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadSettings(
            f"Không tạo được thư mục dữ liệu {folder} (MOTCUA_DATA_DIR): {error.strerror}."
        ) from None
    return folder


def _database(text: str, data_dir: Path) -> str:
    if not text:
        return f"sqlite:///{data_dir / 'motcua.db'}"
    try:
        url = make_url(text)
    except ArgumentError:
        raise BadSettings(
            "MOTCUA_DATABASE_URL không phải là địa chỉ cơ sở dữ liệu. Ví dụ: "
            "postgresql://motcua@localhost/motcua hoặc sqlite:////var/lib/motcua/motcua.db."
        ) from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("postgresql+psycopg", "sqlite", "sqlite+pysqlite"):
        raise BadSettings(
            f"MOTCUA_DATABASE_URL: không hỗ trợ “{url.drivername}”; hãy dùng postgresql:// "
            "hoặc sqlite://."
        )
    return url.render_as_string(hide_password=False)


def _redis(text: str) -> str:
    if not text.startswith(("redis://", "rediss://", "unix://")):
        raise BadSettings(
            "MOTCUA_REDIS_URL phải bắt đầu bằng redis://, rediss:// hoặc unix://. "
            "Ví dụ: redis://localhost:6379/0."
        )
    return text


def _secret(text: str, demo: bool, data_dir: Path) -> str:
    if text:
        if len(text) < SHORTEST_SECRET:
            raise BadSettings(
                f"MOTCUA_SECRET_KEY quá ngắn: cần ít nhất {SHORTEST_SECRET} ký tự ngẫu nhiên."
            )
        return text
    if not demo:
        raise BadSettings(
            "Thiếu MOTCUA_SECRET_KEY: hãy đặt một chuỗi ngẫu nhiên từ "
            f"{SHORTEST_SECRET} ký tự, ví dụ lấy từ lệnh: openssl rand -hex 32."
        )
    kept = data_dir / "secret-key"
    try:
        with open(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    except OSError as error:
        raise BadSettings(f"Không ghi được {kept}: {error.strerror}.") from None
    return kept.read_text() or secrets.token_hex(32)


def _url(env: Mapping[str, str], name: str, schemes: tuple[str, ...]) -> str:
    text = env.get(name, "").strip()
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        fits = parts.scheme in schemes and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        fits = False
    if not fits:
        raise BadSettings(
            f"{name} không phải là một địa chỉ; cần dạng {schemes[0]}://máy-chủ[:cổng]."
        )
    return text


def _mail_from(env: Mapping[str, str]) -> str:
    text = env.get("MOTCUA_MAIL_FROM", "").strip()
    if not text and env.get("MOTCUA_SMTP_URL", "").strip():
        raise BadSettings("Có MOTCUA_SMTP_URL mà thiếu MOTCUA_MAIL_FROM: địa chỉ của người gửi.")
    if text and (text.count("@") != 1 or any(letter.isspace() for letter in text)):
        raise BadSettings("MOTCUA_MAIL_FROM phải là một địa chỉ e-mail, ví dụ motcua@tinh.gov.vn.")
    return text


def _webhook_secret(env: Mapping[str, str]) -> str:
    text = env.get("MOTCUA_WEBHOOK_SECRET", "")
    if env.get("MOTCUA_WEBHOOK_URL", "").strip() and len(text) < SHORTEST_SECRET:
        raise BadSettings(
            f"MOTCUA_WEBHOOK_SECRET cần ít nhất {SHORTEST_SECRET} ký tự ngẫu nhiên để ký tin nhắn."
        )
    return text


def _clock_time(env: Mapping[str, str], name: str, default: str) -> time:
    text = env.get(name) or default
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise BadSettings(
            f"{name} phải là giờ và phút, ví dụ 07:30, không phải “{text}”."
        ) from None


def _number(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name) or str(default)
    if not text.isdecimal() or not low <= int(text) <= high:
        raise BadSettings(f"{name} phải là số từ {low} đến {high}, không phải “{text}”.")
    return int(text)


def _flag(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = (env.get(name) or str(int(default))).lower()
    if text not in ("0", "1", "true", "false", "yes", "no"):
        raise BadSettings(f"{name} phải là 1 hoặc 0, không phải “{text}”.")
    return text in ("1", "true", "yes")
