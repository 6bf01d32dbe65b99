"""What stands around every page: the menu with its counts, the bell, who is at the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.utils import cached_property

from engine import letters, notices
from engine.liaison import reads as liaison
from engine.org import access, queries
from engine.org.access import Actor
from engine.org.models import Agency
from engine.tasks.inbox import Filters, inbox
from webapp import db as web
from webapp.db import db


@dataclass(frozen=True)
class Item:
    """A line of the menu. ``urgent`` colours the count."""

    name: str
    icon: str
    href: str
    here: bool
    count: int = 0
    urgent: bool = False


def chrome() -> dict[str, Any]:
    """The context of every template: time and person always, the menu only on whole pages."""
    if not current_user.is_authenticated:
        return {"now": web.now()}
    return {"now": web.now(), "actor": current_user.actor, "around": Around(current_user.actor)}


def home() -> str:
    """The endpoint a person begins at: one's own work, or what one's post watches over."""
    roles = {role for _agency, role in current_user.actor.posts} if _inside() else set()
    if not roles or roles - access.OVERSEERS - {access.LIAISON}:
        return "tasks.inbox"
    if access.LIAISON in roles:
        return "liaison.board"
    return "dossiers.search" if access.CONTROL in roles else "letters.board"


def _inside() -> bool:
    return bool(current_user.is_authenticated)


class Around:
    """What the layout asks for; read only when it asks, so that fragments cost nothing."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self.roles = sorted({role for _agency, role in actor.posts})

    @cached_property
    def agencies(self) -> list[Agency]:
        return queries.agencies_of(db.session(), self._actor)

    def items(self) -> list[Item]:
        actor, session = self._actor, db.session()
        works = bool(actor.desks)
        found = []
        if works:
            counts = inbox(session, actor, Filters(), web.now(), limit=1).counts
            waiting = sum(counts.get(level, 0) for level in ("late", "soon", "ok", "paused"))
            late = counts.get("late", 0)
            found.append(
                _item(_("Việc của tôi"), "inbox", "tasks.inbox", late or waiting, late > 0)
            )
        if any(access.may_open(actor, agency.id) for agency in self.agencies):
            found.append(_item(_("Tiếp nhận hồ sơ"), "plus", "intake.choose"))
        if works or access.is_control(actor):
            found.append(_item(_("Hồ sơ"), "folder", "dossiers.search"))
        if works:
            owed = liaison.to_acknowledge(session, actor)
            found.append(_item(_("Liên thông"), "swap", "liaison.board", owed))
        if access.HEAD in self.roles or access.is_control(actor):
            found.append(_item(_("Sự cố"), "paused", "incidents.board"))
        if any(role in (access.ADMIN, access.CONTROL) for _agency, role in actor.posts):
            dead = letters.counts(session).get("dead", 0)
            found.append(_item(_("Thư gửi đi"), "mail", "letters.board", dead, dead > 0))
            found.append(_item(_("Lưu trữ"), "history", "archive.board"))
        return found

    def unread(self) -> int:
        return len(notices.unread(db.session(), self._actor, limit=100))


def _item(name: str, icon: str, endpoint: str, count: int = 0, urgent: bool = False) -> Item:
    here = (request.endpoint or "").split(".")[0] == endpoint.split(".")[0]
    return Item(name, icon, url_for(endpoint), here, count, urgent)
