"""Put what a pool sends on its message flows: exactly the listed fields, kept in the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine import bpmn, events, one_write
from engine.catalog.releases import Release
from engine.dossiers import legal_clock
from engine.dossiers.models import Dossier, Instance
from engine.liaison.models import Message
from engine.org.access import Actor

_ACKNOWLEDGE_WITHIN = "2 working hours"  # NĐ 301/2026, Điều 3: the receiving agency confirms


def send(
    session: Session,
    dossier: Dossier,
    release: Release,
    instance: Instance,
    sent: bpmn.Sent,
    actor: Actor,
    now: datetime,
) -> None:
    """Put a message on every flow that leaves the element; the router carries it on."""
    known = {**instance.facts, **sent.data}
    days = legal_clock.calendar_for(session, instance.agency_id)
    for flow in release.model.flows.values():
        if flow.source_element != sent.element:
            continue
        message = Message(
            dossier_id=dossier.id,
            flow=flow.id,
            name=flow.name or sent.message,
            sender_instance_id=instance.id,
            sender_agency_id=instance.agency_id,
            payload=_payload(known, flow.fields),
            sent_at=now,
            ack_due_at=legal_clock.due_after(days, now, _ACKNOWLEDGE_WITHIN),
        )
        one_write.number(session, message)
        events.record(
            session,
            dossier,
            "message-sent",
            actor,
            now,
            agency_id=instance.agency_id,
            instance_id=instance.id,
            message=message.id,
            flow=flow.id,
            name=message.name,
            fields=sorted(message.payload),
        )


def _payload(known: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    """Exactly the listed paths (``nguoi_chet.ho_ten`` or a root name) that have a value."""
    payload: dict[str, Any] = {}
    for path in fields:
        *parents, last = path.split(".")
        source: Any = known
        for name in parents:
            source = source.get(name) if isinstance(source, Mapping) else None
        if not isinstance(source, Mapping) or last not in source:
            continue
        target = payload
        for name in parents:
            target = target.setdefault(name, {})
        target[last] = source[last]
    return payload
