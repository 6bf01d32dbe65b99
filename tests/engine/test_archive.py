"""Closed dossiers go into the archive whole, are read there, and come back as they were."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from engine.archive import bundle, check, commands
from engine.archive.models import ArchivedDossier
from engine.catalog.models import ReleaseRow
from engine.db import load_models, writing
from engine.dossiers import clock_commands, contents, papers, reads, why
from engine.dossiers.charges import charges
from engine.dossiers.models import Dossier, ReadLog
from engine.errors import Conflict, Invalid, NotFound
from engine.events import Event, verify
from engine.idempotency import IdempotencyKey
from engine.liaison import commands as liaison
from engine.liaison.models import Message
from engine.notices import notify
from engine.org.access import SYSTEM
from engine.outbox import Outbox
from engine.tasks.models import Submission, Task
from tests.engine.clubhouse import MONDAY, Clubhouse

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
LATER = MONDAY + 100 * DAY


def closed(club: Clubhouse, start: datetime = MONDAY, **data: object) -> str:
    """A dossier with everything in it: a supplement, a new date, a paper; finished in a week."""
    code = club.open(start, **data)
    first = club.task(code, "xet_don")
    club.complete("an", first, start + HOUR, ket_qua="bo-sung", ly_do="thiếu ảnh")
    club.complete("an", club.task(code, "cho_bo_sung"), start + DAY, da_du=True)
    then = start + DAY + HOUR
    club.complete("an", club.task(code, "xet_don"), then, ket_qua="nhan")
    with writing(), club.sessions.begin() as session:
        number = find(session, code).id
        chi, an = club.actor(session, "chi"), club.actor(session, "an")
        until = (start + 14 * DAY).date()
        clock_commands.extend(session, chi, number, until, "Đang kiểm kê.", "CV 3/CLB", then)
        papers.add(session, an, number, "anh", f"ảnh {code}.pdf", PDF, then)
    club.complete("giang", club.task(code, "cap_the"), start + 2 * DAY, so_the="123456")
    club.complete("binh", club.task(code, "tra_the"), start + 7 * DAY)
    with writing(), club.sessions.begin() as session:
        lien = club.actor(session, "lien")
        owed = select(Message.id).where(
            Message.status == "delivered", Message.acknowledged_at.is_(None)
        )
        for number in session.scalars(owed).all():
            liaison.acknowledge(session, lien, number, start + 7 * DAY)
        # Nothing goes out in these tests.
        session.execute(text("UPDATE delivery SET status = 'off'"))
    return code


def two(club: Clubhouse, **data: object) -> str:
    """An old dossier and a younger one, which has the newest rows of every table."""
    code = closed(club, **data)
    closed(club, MONDAY + 56 * DAY)
    return code


def find(session: Session, code: str) -> Dossier:
    return session.scalars(select(Dossier).where(Dossier.code == code)).one()


def put_away(club: Clubhouse, now: Any = LATER) -> int:
    """Archive all that may go; returns how many went."""
    count = 0
    while True:
        with writing(), club.sessions.begin() as session:
            gone = commands.archive(session, now)
        if not gone:
            return count
        count += len(gone)


def tables(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, as the driver gives it."""
    found = {}
    for table in load_models().sorted_tables:
        names = ", ".join(f'"{column.name}"' for column in table.c)
        keys = ", ".join(f'"{column.name}"' for column in table.primary_key)
        rows = session.execute(text(f'SELECT {names} FROM "{table.name}" ORDER BY {keys}'))
        found[table.name] = [
            tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in rows
        ]
    return found


def test_a_dossier_comes_back_row_by_row_as_it_was(club: Clubhouse) -> None:
    """Archived and restored, every table holds the very same rows; only the record has grown."""
    code = two(club, bi_mat="thích mã, “pháo” và xe\n\u0111")
    with club.sessions() as session:
        before = tables(session)
    assert put_away(club) == 1
    with club.sessions() as session:
        away = tables(session)
        number = find(session, code).id
        kept = session.get_one(ArchivedDossier, number)
        assert kept.rows == sum(
            len(before[part.__tablename__]) - len(away[part.__tablename__]) for part in bundle.PARTS
        )
        assert session.scalar(select(Task.id).where(Task.dossier_id == number)) is None
        assert session.scalar(select(Submission.id).where(Submission.dossier_id == number)) is None
        assert len(kept.bundle or b"") < kept.size
        assert verify(session, find(session, code))
    with writing(), club.sessions.begin() as session:
        assert commands.restore(session, SYSTEM, code, "Có khiếu nại", LATER + DAY) == kept.rows
    with club.sessions() as session:
        after = tables(session)
        assert [event.kind for event in _events(session, code)[-2:]] == ["archived", "restored"]
        assert verify(session, find(session, code))
        changed = {name for name in before if before[name] != after[name]}
        assert changed == {"dossier", "event"}
        assert [row for row in after["event"] if row in before["event"]] == before["event"]
        columns = [column.name for column in Dossier.__table__.c]
        for old, new in zip(before["dossier"], after["dossier"], strict=True):
            apart = {c for c, a, b in zip(columns, old, new, strict=True) if a != b}
            assert apart <= {"restored_at", "event_count", "last_hash"}


def _events(session: Session, code: str) -> list[Event]:
    query = select(Event).where(Event.dossier_id == find(session, code).id).order_by(Event.seq)
    return list(session.scalars(query))


def test_a_restored_dossier_rests_before_it_goes_again(club: Clubhouse) -> None:
    """The rule's time counts anew from the day it was brought back; the second bundle is new."""
    code = two(club)
    put_away(club)
    with writing(), club.sessions.begin() as session:
        commands.restore(session, SYSTEM, code, "Có khiếu nại", LATER)
    for days, away in ((89, False), (90, True)):
        put_away(club, LATER + days * DAY)
        with club.sessions() as session:
            assert (find(session, code).archived_at is not None) is away
    with club.sessions() as session:
        assert not list(check.faults(session))


def test_only_what_is_old_and_at_rest_goes(club: Clubhouse) -> None:
    """Open, young, and unfinished dossiers stay, and the forecast says why."""
    code = closed(club)
    club.open()
    with club.sessions() as session:
        closed_at = find(session, code).closed_at
        assert closed_at is not None
        young = commands.forecast(session, closed_at + 89 * DAY)
        assert (young.ready, young.waiting) == (0, {})
    assert put_away(club, closed_at + 89 * DAY) == 0
    with writing(), club.sessions.begin() as session:
        session.execute(
            update(Message)
            .where(Message.id == select(func.min(Message.id)).scalar_subquery())
            .values(acknowledged_at=None)
        )
        session.execute(text("UPDATE delivery SET status = 'owed'"))
    with club.sessions() as session:
        told = commands.forecast(session, LATER)
        assert told.ready == 0
        assert "còn bàn giao chưa xác nhận" in told.waiting
    assert put_away(club) == 0


def test_readers_see_an_archived_dossier_as_before(club: Clubhouse) -> None:
    """Each agency's page, the list, the citizen's page and the papers say what they said before."""
    code = two(club)

    def seen() -> dict[str, Any]:
        told: dict[str, Any] = {}
        with writing(), club.sessions.begin() as session:
            for name in ("an", "giang", "kim"):
                actor = club.actor(session, name)
                view = reads.find(session, actor, code, LATER)
                told[name] = {
                    "facts": repr([(s.title, s.agency, s.at, s.view) for s in view.facts]),
                    "tasks": [(t.id, t.name, t.agency.name, t.status) for t in view.tasks],
                    "messages": [(m.name, m.sender.name, m.payload) for m in view.messages],
                    "results": [(r.name, r.returned_at) for r in view.results],
                    "papers": [p.filename for p in view.attachments],
                    "parts": [(p.agency.name, p.own, p.waiting, p.others) for p in view.parts],
                    "agencies": [agency.id for agency in view.participants],
                    "extension": view.extension and view.extension.reason,
                    "done": view.tokens["done"],
                    "history": [e.title for e in view.timeline if e.kind != "archived"],
                    "list": [r.dossier.code for r in _list(session, actor)],
                }
                if view.attachments:
                    paper = view.attachments[0]
                    assert papers.get(session, actor, paper.id, LATER)[1] == PDF
            public = reads.track(session, code, LATER)
            assert public is not None
            public["extension"] = public["extension"].reason
            told["public"] = public
            dossier = find(session, code)
            told["why"] = why.of_dossier(session, dossier, LATER, inside=True)
            told["charges"] = len(charges(session, dossier, LATER))
        return told

    before = seen()
    assert "thích mã" in before["an"]["facts"]
    assert before["giang"]["extension"]
    assert put_away(club) == 1
    assert seen() == before
    with club.sessions() as session:
        reads_of = select(func.count()).where(ReadLog.dossier_id == find(session, code).id)
        assert session.scalar(reads_of) == 2 * 3 + 2 * 2


def _list(session: Session, actor: Any) -> list[reads.DossierRow]:
    return reads.search(session, actor, "tran van tot", "done", 1, LATER).rows


def test_strangers_see_nothing_of_the_archive(club: Clubhouse) -> None:
    """An agency that took no part neither finds nor opens an archived dossier."""
    code = two(club)
    put_away(club)
    with club.sessions() as session:
        dung = club.actor(session, "dung")
        assert not _list(session, dung)
        with pytest.raises(NotFound):
            reads.find(session, dung, code, LATER)


def test_a_damaged_bundle_is_found_and_never_read(club: Clubhouse) -> None:
    """A changed or cut bundle, or a changed event, is a finding; a page says so in a sentence."""
    code = two(club)
    put_away(club)
    with writing(), club.sessions.begin() as session:
        kept = session.get_one(ArchivedDossier, find(session, code).id)
        assert not list(check.faults(session))
        good = kept.bundle
        assert good is not None
        for bad in (good[:-5], good[:50] + bytes([good[50] ^ 1]) + good[51:], b"", b"{}"):
            kept.bundle = bad
            session.flush()
            assert [fault.code for fault in check.faults(session)] == [code]
            kept = session.get_one(ArchivedDossier, kept.dossier_id)
            with pytest.raises(Invalid, match="nguyên vẹn"):
                contents.contents_of(session, find(session, code))
        kept.bundle = None
        session.flush()
        assert ["không có biên bản" in f.sentence for f in check.faults(session)] == [True]
        session.get_one(ArchivedDossier, kept.dossier_id).bundle = good
        session.execute(update(Event).where(Event.kind == "closed").values(actor_name="x", seq=99))
        assert ["Nhật ký" in f.sentence for f in check.faults(session)] == [True]


def test_refusals_of_restoring(club: Clubhouse) -> None:
    """A dossier that is not there, not archived, or without a reason is refused."""
    code = closed(club)
    with writing(), club.sessions() as session:
        for given, reason, error in (
            ("C1-000000-0000", "Có khiếu nại", NotFound),
            (code, "Có khiếu nại", Conflict),
            (code, "  ", Invalid),
        ):
            with pytest.raises(error):
                commands.restore(session, SYSTEM, given, reason, LATER)


def test_a_bundle_of_another_shape_is_refused_or_filled(club: Clubhouse) -> None:
    """A column the tables no longer have is refused by name; a newer one gets its default."""
    code = two(club)
    put_away(club)
    with writing(), club.sessions() as session:
        kept = session.get_one(ArchivedDossier, find(session, code).id)
        assert kept.bundle is not None

        def reshape(change: Any) -> None:
            import hashlib

            import orjson
            import zstandard

            said = orjson.loads(zstandard.decompress(kept.bundle))
            change(said["tables"])
            raw = orjson.dumps(said)
            kept.bundle, kept.size = zstandard.compress(raw), len(raw)
            kept.sha256 = hashlib.sha256(raw).hexdigest()

        def drop(held: dict[str, Any], name: str) -> None:
            place = held["columns"].index(name)
            for row in (held["columns"], *held["rows"]):
                del row[place]

        reshape(lambda tables: drop(tables["task"], "paused"))
        rows = bundle.unpack(kept)
        bundle.put_back(session, rows)
        filled = select(Task.paused).where(Task.dossier_id == kept.dossier_id)
        assert set(session.scalars(filled)) == {False}
        reshape(lambda tables: tables["task"]["columns"].__setitem__(0, "old_id"))
        with pytest.raises(Invalid, match=re.escape("«task.old_id»")):
            bundle.unpack(kept)


def test_two_archivers_share_the_work(club: Clubhouse) -> None:
    """What one transaction holds the other passes over; on SQLite the second waits its turn."""
    codes = [closed(club) for _ in range(3)]
    closed(club, MONDAY + 56 * DAY)
    if club.sessions.kw["bind"].dialect.name == "sqlite":
        assert put_away(club) == 3
    else:
        with writing(), club.sessions.begin() as one:
            first = commands.archive(one, LATER, limit=2)
            with writing(), club.sessions.begin() as other:
                second = commands.archive(other, LATER)
        assert len(first) == 2
        assert len(second) == 1
        assert not set(first) & set(second)
    with club.sessions() as session:
        assert session.scalar(select(func.count()).select_from(ArchivedDossier)) == len(codes)
        assert not list(check.faults(session))


def test_a_batch_that_breaks_leaves_everything(club: Clubhouse) -> None:
    """Nothing of a batch is seen before its commit; broken off, it can be begun anew."""
    two(club)
    with club.sessions() as session:
        before = tables(session)
    with writing(), club.sessions() as session:
        assert commands.archive(session, LATER)
        session.rollback()
    with club.sessions() as session:
        assert tables(session) == before
    assert put_away(club) == 1


def test_a_row_that_came_between_stops_the_batch(club: Clubhouse, monkeypatch: Any) -> None:
    """What was added after the packing is never deleted unpacked."""
    code = two(club)
    real = bundle.pack

    def packed(session: Session, codes: Any) -> Any:
        found = real(session, codes)
        notify(session, "due", 1, "mot-cua", "Vừa tới", find(session, code).id, None, LATER)
        return found

    monkeypatch.setattr(bundle, "pack", packed)
    with pytest.raises(Conflict, match="chạy lại"):
        put_away(club)
    monkeypatch.undo()
    with club.sessions() as session:
        assert find(session, code).archived_at is None
        assert not session.scalar(select(func.count()).select_from(ArchivedDossier))
    assert put_away(club) == 1


def test_numbers_in_the_archive_are_never_given_again(club: Clubhouse) -> None:
    """With the newest rows archived, new dossiers get other numbers, so that it can come back."""
    old = closed(club)
    put_away(club)  # on SQLite it stays: it has the newest rows
    fresh = closed(club)
    put_away(club, LATER)
    closed(club)
    with writing(), club.sessions.begin() as session:
        for code in (old, fresh):
            if find(session, code).archived_at is not None:
                commands.restore(session, SYSTEM, code, "Đối chiếu", LATER)
    with club.sessions() as session:
        for code in (old, fresh):
            assert contents.contents_of(session, find(session, code)).tasks


def test_leftovers_are_swept_after_a_month(club: Clubhouse) -> None:
    """Kept promises and remembered answers go after thirty days; what is owed stays."""
    club.open(key="k1")
    with writing(), club.sessions.begin() as session:
        session.add(Outbox(kind="route", payload={"dossier": 1}, created_at=MONDAY))
        session.add(Outbox(kind="route", payload={"dossier": 1}, created_at=MONDAY, done_at=MONDAY))
    with writing(), club.sessions.begin() as session:
        assert commands.sweep(session, MONDAY + 29 * DAY) == 0
        assert commands.sweep(session, MONDAY + 31 * DAY) >= 2
        assert session.scalar(select(func.count()).select_from(IdempotencyKey)) == 0
        assert session.scalars(select(Outbox.done_at)).all() == [None]


def test_without_a_rule_a_dossier_is_kept_for_ever(clock_club: Clubhouse) -> None:
    """A procedure that says nothing of retention is archived after 90 days and never deleted."""
    with clock_club.sessions() as session:
        (rule,) = commands.rules_of(session).values()
        assert (rule.archive_after, rule.keep) == ("90 days", "permanent")
        assert rule.ends(MONDAY) is None
        assert session.scalar(select(func.count()).select_from(ReleaseRow)) == 1


def test_every_table_of_a_dossier_is_in_the_bundle_or_stays_on_purpose() -> None:
    """A new table cannot be forgotten: what refers to a dossier's rows is moved with them."""
    metadata = load_models()
    moved = {part.__tablename__ for part in bundle.PARTS}
    stays = {"event", "read_log", "attachment"}  # see engine/archive/bundle.py
    ours = {"archived_dossier", "archived_part", "legal_hold", "deletion_proof"}
    for table in metadata.sorted_tables:
        to = {key.column.table.name for key in table.foreign_keys}
        if to & moved:
            assert table.name in moved, table.name
        if "dossier" in to:
            assert table.name in moved | stays | ours, table.name
        for key in table.foreign_keys:
            if key.column.table.name in moved | {"blob"}:
                assert _indexed(table, key.parent), f"{table.name}.{key.parent.name}"


def _indexed(table: Any, column: Any) -> bool:
    """Whether removing what the column refers to finds its rows without reading the table."""
    from sqlalchemy import UniqueConstraint

    leading = [next(iter(index.columns)) for index in table.indexes]
    unique = (c for c in table.constraints if isinstance(c, UniqueConstraint))
    leading += [next(iter(constraint.columns)) for constraint in unique]
    return any(one is column for one in leading)
