"""Languages, and how dates, sizes and roles are written. Vietnamese texts are the msgids."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Blueprint, Flask, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_babel import Babel, Domain, get_locale, gettext

from engine.calendar import default_calendar, duration_words
from engine.org.access import ROLES
from webapp.back import back_to
from webapp.spoken import spoken

LANGUAGES = {"vi": "Tiếng Việt", "en": "English"}
VN = ZoneInfo("Asia/Ho_Chi_Minh")
COOKIE = "ngon_ngu"

_DAYS = default_calendar()  # how long a usual day is

blueprint = Blueprint("language", __name__)


class Catalogue(Domain):
    """Reads the .po files themselves, so no compiled file can be stale or missing."""

    def get_translations(self) -> NullTranslations:
        name = str(get_locale() or "vi")
        if name not in self.cache:
            self.cache[name] = _read(name)
        return self.cache[name]


_CATALOGUE = Catalogue()


def init_app(app: Flask) -> None:
    """Choose the language per request: the remembered choice, else Vietnamese."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", "vi")
    app.config.setdefault("BABEL_DEFAULT_TIMEZONE", "Asia/Ho_Chi_Minh")
    Babel(app, locale_selector=_chosen)
    app.before_request(_CATALOGUE.as_default)
    app.register_blueprint(blueprint)
    app.jinja_env.filters.update(
        moment=moment,
        day=day,
        brief=brief,
        size=size,
        role=role,
        minutes=minutes,
        address=address,
        spoken=spoken,
        iso_day=lambda text: day(date.fromisoformat(text)),
    )
    app.jinja_env.globals.update(languages=LANGUAGES, language=lambda: str(get_locale() or "vi"))


@blueprint.post("/ngon-ngu")
def choose() -> ResponseReturnValue:
    """Remember a language for a year, in a cookie without anything personal."""
    code = request.form.get("ma", "vi")
    response = redirect(back_to(request.form.get("ve")))
    if code in LANGUAGES:
        session["language"] = code
        response.set_cookie(
            COOKIE,
            code,
            max_age=365 * 24 * 3600,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure,
        )
    return response


def moment(value: datetime | None) -> str:
    """dd/mm/yyyy HH:MM in Vietnam's time, or an empty text."""
    return f"{value.astimezone(VN):%d/%m/%Y %H:%M}" if value else ""


def day(value: date | None) -> str:
    """dd/mm/yyyy."""
    if isinstance(value, datetime):
        value = value.astimezone(VN).date()
    return f"{value:%d/%m/%Y}" if value else ""


def brief(value: datetime | None, now: datetime | None = None) -> str:
    """HH:MM dd/mm, with the year when it is not this year's."""
    if value is None:
        return ""
    local = value.astimezone(VN)
    this_year = (now or datetime.now(UTC)).astimezone(VN).year
    return f"{local:%H:%M %d/%m}" if local.year == this_year else f"{local:%H:%M %d/%m/%Y}"


def size(count: int) -> str:
    """Bytes as KB or MB with a decimal comma."""
    if count < 1024 * 1024:
        return f"{max(1, round(count / 1024))} KB"
    return f"{count / 1024 / 1024:.1f} MB".replace(".", ",")


def minutes(count: int) -> str:
    """Working minutes as people say them; a dash for none."""
    return spoken(duration_words(_DAYS, count, datetime.now(UTC))) if count else "–"


def address(text: str) -> str:
    """An e-mail address or telephone number that only its owner recognises."""
    name, at, host = text.partition("@")
    return f"{name[:2]}…{at}{host}" if at else f"{text[:3]}…{text[-2:]}"


def role(code: str) -> str:
    """A role's name in the reader's language."""
    return gettext(ROLES.get(code, code))


def _chosen() -> str:
    wanted = session.get("language") or request.cookies.get(COOKIE)
    return wanted if wanted in LANGUAGES else "vi"


def _read(name: str) -> NullTranslations:
    path = Path(__file__).parent / "translations" / name / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return NullTranslations()
    with path.open("rb") as source:
        catalogue = read_po(source, locale=name)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)
