"""What a step's properties say of its time: limit, warning, escalation. Reads; knows no row.

On the element: ``limit``, ``after-15h``, ``warn`` (what is left when it warns: "4 working hours",
"20 %", "24 hours or 20 %"), ``escalate-to`` (roles in the order they hear, separated by commas),
``escalate-after`` (the further limit before each next role hears), ``pauses-clock`` and
``pause-cause``. ``warn``, ``escalate_to`` and ``escalate_after`` in ``procedure.toml`` are for all
steps that say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine import bpmn, calendar
from engine.catalog.releases import Release
from engine.errors import Invalid
from engine.org.access import CONTROL, HEAD, ROLES

CAUSES = {
    "supplement": "Chờ bổ sung hồ sơ",
    "payment": "Chờ thực hiện nghĩa vụ tài chính",
    "vneid": "Chờ xác nhận trên VNeID",
    "incident": "Sự cố đã thông báo",
}  # why a clock stands still; only the last is not the citizen's
_ESCALATE_TO = f"{HEAD}, {CONTROL}"
_ESCALATE_AFTER = "1 working day"


@dataclass(frozen=True)
class Times:
    """What a step's time is governed by. ``escalate_to`` are roles in the order they hear."""

    limit: str | None
    after_15h: bool
    warning: str
    escalate_to: tuple[str, ...]
    escalate_after: str
    pauses: str | None  # the cause, when the step stops the clock while it waits


def times_of(release: Release, element: bpmn.Element) -> Times:
    """The rules for the time of one step; Invalid, with the element, when they make no sense."""
    try:
        return _read(element.properties, release.meta)
    except Invalid as error:
        raise Invalid(f"«{element.name}» ({element.id}): {error.message}") from None


def of_all_steps(meta: Mapping[str, Any]) -> Times:
    """The rules of ``procedure.toml`` for whatever says nothing of its own."""
    return _read({}, meta)


def _read(said: Mapping[str, str], meta: Mapping[str, Any]) -> Times:
    warning = said.get("warn", meta.get("warn", calendar.DEFAULT_WARNING))
    calendar.parse_warning(warning)
    limit = said.get("limit")
    if limit is not None:
        calendar.parse_limit(limit)
    after = said.get("escalate-after", meta.get("escalate_after", _ESCALATE_AFTER))
    calendar.parse_limit(after)
    named = said.get("escalate-to", meta.get("escalate_to", _ESCALATE_TO))
    roles = tuple(role.strip() for role in named.split(",") if role.strip())
    for role in roles:
        if role not in ROLES:
            raise Invalid(f"escalate-to: không có vai trò «{role}». Có: {', '.join(ROLES)}.")
    if len(set(roles)) != len(roles):
        raise Invalid("escalate-to: một vai trò được ghi hai lần.")
    cause = None
    if said.get("pauses-clock") == "true":
        cause = said.get("pause-cause", "supplement")
        if cause not in CAUSES:
            raise Invalid(f"pause-cause: «{cause}» không phải một trong {', '.join(CAUSES)}.")
    return Times(
        limit=limit,
        after_15h=said.get("after-15h") == "true",
        warning=warning,
        escalate_to=roles,
        escalate_after=after,
        pauses=cause,
    )
