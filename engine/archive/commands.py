"""Put closed dossiers away and bring one back: its working rows become one row, and again rows.

Safe to run twice, side by side, and to break off at any moment: a batch is one transaction, and
what another holds is passed over. Conflict when rows came between; nothing is moved then.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

import orjson
import zstandard
from sqlalchemy import ColumnElement, Engine, and_, delete, func, or_, select
from sqlalchemy.orm import Session

from engine import events
from engine.archive import bundle
from engine.archive.models import ArchivedDossier, ArchivedPart
from engine.archive.retention import Retention, retention_of
from engine.catalog.models import ReleaseRow
from engine.dossiers import moves
from engine.dossiers.models import Dossier, Instance
from engine.errors import Conflict, Invalid, NotFound
from engine.idempotency import IdempotencyKey
from engine.letters import Delivery
from engine.liaison.models import Message
from engine.org.access import SYSTEM, Actor
from engine.outbox import Outbox
from engine.timer_rows import OPEN, Timer

BATCH = 20  # dossiers in one transaction
_rules: WeakKeyDictionary[Engine, dict[int, Retention]] = WeakKeyDictionary()
_SPENT = timedelta(days=30)  # kept promises and answers to repeated requests live so long


@dataclass(frozen=True)
class Forecast:
    """How many dossiers would go now, and how many are old enough but not at rest, by reason."""

    ready: int
    waiting: dict[str, int]


def archive(session: Session, now: datetime, limit: int = BATCH) -> list[int]:
    """Put away up to ``limit`` dossiers whose rule says so; returns their ids, none when done."""
    rules = rules_of(session)
    chosen: dict[int, Retention] = {}
    for release, rule in rules.items():
        left = limit - len(chosen)
        if left < 1:
            break
        query = (
            select(Dossier.id)
            .where(_old(release, rule, now), *_at_rest(session).values())
            .order_by(Dossier.closed_at, Dossier.id)
            .limit(left)
            .with_for_update(skip_locked=True)
        )
        chosen |= dict.fromkeys(session.scalars(query), rule)
    if not chosen:
        return []
    dossiers = session.scalars(
        select(Dossier).where(Dossier.id.in_(chosen)).execution_options(populate_existing=True)
    ).all()
    packed = bundle.pack(session, {dossier.id: dossier.code for dossier in dossiers})
    # A dossier brought back before has its row of the archive, empty, from the first time.
    session.execute(delete(ArchivedPart).where(ArchivedPart.dossier_id.in_(chosen)))
    session.execute(delete(ArchivedDossier).where(ArchivedDossier.dossier_id.in_(chosen)))
    for dossier in dossiers:
        _put_away(session, dossier, chosen[dossier.id], packed[dossier.id], now)
    session.flush()
    if bundle.remove(session, chosen) != sum(one.rows for one in packed.values()):
        raise Conflict("Hồ sơ vừa thay đổi trong lúc đưa vào lưu trữ; hãy chạy lại.")
    return sorted(chosen)


def forecast(session: Session, now: datetime) -> Forecast:
    """What ``archive`` would do now. Changes nothing."""
    conditions = _at_rest(session)
    ready, waiting = 0, dict.fromkeys(conditions, 0)
    for release, rule in rules_of(session).items():
        old = _old(release, rule, now)
        ready += _count(session, old, *conditions.values())
        for reason, rests in conditions.items():
            waiting[reason] += _count(session, old, ~rests)
    return Forecast(ready, {reason: number for reason, number in waiting.items() if number})


def restore(session: Session, actor: Actor, code: str, reason: str, now: datetime) -> int:
    """Bring a dossier's rows back as they were; returns how many. It may be archived again later.

    NotFound without such a dossier; Conflict when it is not archived or was deleted; Invalid
    without a reason or when the bundle cannot be read.
    """
    reason = reason.strip()
    if not 3 <= len(reason) <= 400:
        raise Invalid("Hãy ghi lý do đưa hồ sơ ra khỏi lưu trữ (3 đến 400 ký tự).")
    dossier = locked(session, code)
    kept = session.get(ArchivedDossier, dossier.id)
    if kept is None or dossier.archived_at is None:
        raise Conflict(f"Hồ sơ {dossier.code} không nằm trong lưu trữ.")
    if kept.proof_id is not None:
        raise Conflict(
            f"Hồ sơ {dossier.code} đã được xóa theo thời hạn (biên bản số {kept.proof_id})."
        )
    count = bundle.put_back(session, bundle.unpack(kept))
    session.execute(delete(ArchivedPart).where(ArchivedPart.dossier_id == dossier.id))
    session.delete(kept)
    dossier.archived_at, dossier.restored_at = None, now
    events.record(
        session, dossier, "restored", actor, now, reason=reason, rows=count, sha256=kept.sha256
    )
    session.flush()
    return count


def sweep(session: Session, now: datetime, limit: int = 1000) -> int:
    """Delete what is only remembered for repetitions: promises kept and answers given long ago."""
    ended = now - _SPENT
    gone = 0
    for table, spent in (
        (Outbox, Outbox.done_at < ended),
        (IdempotencyKey, IdempotencyKey.at < ended),
    ):
        old = list(
            session.scalars(
                select(table.id).where(spent).limit(limit).with_for_update(skip_locked=True)
            )
        )
        session.execute(
            delete(table).where(table.id.in_(old)),
            execution_options={"synchronize_session": False},
        )
        gone += len(old)
    return gone


def locked(session: Session, code: str) -> Dossier:
    """The dossier of a code, held until the transaction ends."""
    number = session.scalar(select(Dossier.id).where(Dossier.code == code.strip()))
    if number is None:
        raise NotFound(f"Không có hồ sơ mang mã «{code.strip()[:40]}».")
    return moves.lock(session, number)


def rules_of(session: Session) -> dict[int, Retention]:
    """The retention of each published version, by its number: it passed the gate."""
    known = _rules.setdefault(session.get_bind().engine, {})
    fresh = select(ReleaseRow.id, ReleaseRow.files).where(ReleaseRow.id.not_in(known))
    for number, packed in session.execute(fresh).all():
        files = orjson.loads(zstandard.decompress(packed))
        known[number] = retention_of(tomllib.loads(files["procedure.toml"]))
    return dict(sorted(known.items()))


def _put_away(
    session: Session, dossier: Dossier, rule: Retention, packed: bundle.Packed, now: datetime
) -> None:
    assert dossier.closed_at is not None  # noqa: S101 - only closed ones were chosen
    until = rule.ends(dossier.closed_at)
    session.add(
        ArchivedDossier(
            dossier_id=dossier.id,
            archived_at=now,
            keep=rule.keep,
            keep_until=until,
            legal_basis=rule.legal_basis,
            rows=packed.rows,
            size=packed.size,
            sha256=packed.sha256,
            bundle=packed.bundle,
        )
    )
    session.add_all(
        ArchivedPart(dossier_id=dossier.id, agency_id=agency)
        for agency in {dossier.intake_agency_id, *packed.agencies}
    )
    dossier.archived_at, dossier.restored_at = now, None
    events.record(
        session,
        dossier,
        "archived",
        SYSTEM,
        now,
        rows=packed.rows,
        sha256=packed.sha256,
        keep=rule.keep,
        until=until.isoformat() if until else None,
    )


def _old(release: int, rule: Retention, now: datetime) -> ColumnElement[bool]:
    before = rule.to_archive(now)
    return and_(
        Dossier.release_id == release,
        Dossier.closed_at <= before,
        Dossier.archived_at.is_(None),
        or_(Dossier.restored_at.is_(None), Dossier.restored_at <= before),
    )


def _at_rest(session: Session) -> dict[str, ColumnElement[bool]]:
    """What must hold before a dossier goes, by what is told when it does not."""
    conditions: dict[str, ColumnElement[bool]] = {
        "còn hẹn giờ chưa tới": ~select(Timer.id)
        .join(Instance, Instance.id == Timer.instance_id)
        .where(Instance.dossier_id == Dossier.id, Timer.status.in_(OPEN))
        .exists(),
        "còn bàn giao chưa xác nhận": ~select(Message.id)
        .where(
            Message.dossier_id == Dossier.id,
            Message.status == "delivered",
            Message.acknowledged_at.is_(None),
        )
        .exists(),
        "còn thư chưa gửi": ~select(Delivery.id)
        .where(Delivery.dossier_id == Dossier.id, Delivery.status.in_(("owed", "sending")))
        .exists(),
    }
    if session.get_bind().dialect.name == "sqlite":  # a sequence never gives a number twice
        conditions["mang số thứ tự mới nhất của một bảng (SQLite)"] = Dossier.id.not_in(
            bundle.newest(session)
        )
    return conditions


def _count(session: Session, *wanted: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Dossier).where(*wanted)) or 0
