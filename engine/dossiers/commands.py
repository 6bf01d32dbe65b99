"""Open a dossier: check the form, give the code, start the main pool."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from engine import events, feel, idempotency
from engine.catalog.releases import Release, options
from engine.dossiers import moves
from engine.dossiers.codes import next_code
from engine.dossiers.models import Dossier
from engine.errors import Forbidden, NotFound
from engine.org import access, queries
from engine.org.access import Actor
from engine.org.models import Agency
from engine.tasks.models import Submission

_VN = ZoneInfo("Asia/Ho_Chi_Minh")


def open_dossier(
    session: Session,
    actor: Actor,
    release: Release,
    raw: Mapping[str, Any],
    now: datetime,
    *,
    agency_id: int,
    key: str | None = None,
) -> Dossier:
    """Take a citizen's request in at the counter of ``agency_id`` and start its procedure.

    Raises Invalid with ``errors`` by field when the start form does not hold.
    """
    if not access.may_open(actor, agency_id):
        raise Forbidden("Chỉ cán bộ Bộ phận Một cửa của cơ quan này được tiếp nhận hồ sơ.")
    asked = idempotency.digest("open", release.id, agency_id, dict(raw))
    known = idempotency.recall(session, actor.person_id, key, asked)
    if known is not None:
        return session.get_one(Dossier, known["dossier_id"])
    context = {"__today": now.astimezone(_VN).date().isoformat()}
    facts = release.forms["start"].validate(dict(raw), context, options(session))
    intake = session.get(Agency, agency_id)
    if intake is None:
        raise NotFound("Không có cơ quan này.")
    main = release.model.main
    agency = agency_for(session, release, main.id, facts, now)
    applicant = path_text(facts, release.meta.get("facts", {}).get("applicant", ""))
    subject = path_text(facts, release.meta.get("facts", {}).get("subject", ""))
    dossier = Dossier(
        code=next_code(session, intake, now),
        release_id=release.id,
        procedure=release.procedure,
        title=release.short_title,
        applicant=applicant,
        subject=subject,
        intake_agency_id=agency_id,
        phone=_contact(release, facts, "phone", ("dien_thoai", "so_dien_thoai"))[:20],
        email=_contact(release, facts, "email", ("email",))[:160],
        opened_by=actor.person_id,
        opened_at=now,
    )
    dossier.search = plain(f"{dossier.code} {applicant} {subject}")
    session.add(dossier)
    session.flush()
    events.record(
        session,
        dossier,
        "opened",
        actor,
        now,
        agency_id=agency_id,
        release=release.digest,
        version=release.version,
    )
    instance = moves.begin(session, dossier, release, main.id, agency.id, facts, actor, now)
    session.add(
        Submission(
            dossier_id=dossier.id,
            instance_id=instance.id,
            form="start",
            data=facts,
            person_id=actor.person_id,
            at=now,
        )
    )
    idempotency.remember(session, actor.person_id, key, asked, {"dossier_id": dossier.id}, now)
    session.flush()
    return dossier


def _contact(release: Release, facts: Mapping[str, Any], what: str, names: Sequence[str]) -> str:
    """Where the applicant can be reached: the path that ``[facts]`` names, else beside the name."""
    said = release.meta.get("facts", {})
    if what in said:
        return path_text(facts, said[what]).strip()
    parent = said.get("applicant", "").rpartition(".")[0]
    paths = [f"{parent}.{name}" if parent else name for name in names]
    return next((text for path in paths if (text := path_text(facts, path).strip())), "")


def agency_for(
    session: Session, release: Release, pool_id: str, facts: Mapping[str, Any], now: datetime
) -> Agency:
    """The agency that plays a pool in a dossier, by the jurisdiction of the pool's place."""
    pool = release.model.pools[pool_id]
    place = feel.compile_expression(pool.properties["place"]).evaluate(dict(facts))
    if not isinstance(place, str):
        raise NotFound(
            f"Chưa biết địa bàn để chọn cơ quan cho «{pool.name}»; "
            "hãy điền xã, phường trong tờ khai."
        )
    return queries.resolve(session, pool.properties["kind"], place, now)


def path_text(facts: Mapping[str, Any], path: str) -> str:
    """The text at a dotted path, or an empty text."""
    value: Any = facts
    for name in path.split(".") if path else ():
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def plain(text: str) -> str:
    """Lower case without diacritics, so that «Nguyen» finds «Nguyễn»."""
    spread = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(sign for sign in spread if not unicodedata.combining(sign))
