"""What the rule no longer lets us keep is deleted with proof, unless a hold stands."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from engine.archive import check, deletion, holds
from engine.archive.models import ArchivedDossier, DeletionProof
from engine.db import load_models, writing
from engine.dossiers import papers, reads
from engine.dossiers.models import Attachment, Blob, Dossier
from engine.errors import Conflict, Forbidden, Invalid, NotFound
from engine.events import Event
from engine.org.access import SYSTEM
from tests.engine.clubhouse import MONDAY, Clubhouse
from tests.engine.test_archive import DAY, LATER, closed, find, put_away, two

ENDED = MONDAY + timedelta(days=366 * 10 + 30)


def purge_all(club: Clubhouse, now: Any = ENDED) -> list[DeletionProof]:
    with writing(), club.sessions(expire_on_commit=False) as session:
        found = [
            deletion.purge(session, SYSTEM, one.dossier.id, now)
            for one in deletion.ended(session, now)
        ]
        session.commit()
        return [proof for proof in found if proof is not None]


def everything(session: Session) -> str:
    """All that the database holds, as text, packed bundles opened."""
    import zstandard

    told = []
    for table in load_models().sorted_tables:
        if table.name == "release":  # the published files
            continue
        for row in session.execute(text(f'SELECT * FROM "{table.name}"')):
            for value in row:
                raw = bytes(value) if isinstance(value, memoryview | bytes) else str(value).encode()
                if raw[:4] == b"\x28\xb5\x2f\xfd":
                    raw = zstandard.ZstdDecompressor().decompress(raw, 1 << 24)
                told.append(raw.decode("utf-8", "replace"))
    return "\n".join(told)


def test_nothing_of_the_person_is_left_and_the_proof_says_what_went(club: Clubhouse) -> None:
    """After the deletion no table holds the person's words; code, dates and record stay."""
    code = two(club, ho_ten="Lý Thị Hoa Mai", bi_mat="sở thích riêng")
    put_away(club)
    with club.sessions() as session:
        before = everything(session)
        for word in ("Lý Thị Hoa Mai", "ly thi hoa mai", "sở thích riêng", f"ảnh {code}"):
            assert word in before
        kept = session.get_one(ArchivedDossier, find(session, code).id)
        assert not deletion.ended(session, kept.keep_until - DAY)
    (proof,) = purge_all(club)
    with club.sessions() as session:
        after = everything(session)
        for word in ("Lý Thị Hoa Mai", "ly thi hoa mai", "sở thích riêng", f"ảnh {code}.pdf"):
            assert word not in after
        dossier = find(session, code)
        assert (dossier.applicant, dossier.outcome) == ("", "done")
        assert dossier.closed_at is not None
        stated = proof.statement
        assert stated["legal_basis"] == "Điều 9 Điều lệ câu lạc bộ cờ tướng"
        assert (stated["code"], stated["rows"]) == (code, kept.rows)
        assert stated["bundle_sha256"] == kept.sha256
        assert len(stated["papers_sha256"]) == 1
        counted = dict(
            session.execute(
                select(Event.kind, func.count())
                .where(Event.dossier_id == dossier.id)
                .group_by(Event.kind)
            ).all()
        )
        assert counted["task-done"] == 5
        assert counted["extended"] == counted["deleted"] == 1
        assert not list(check.faults(session))
        with pytest.raises(NotFound, match="biên bản số 1"):
            reads.find(session, club.actor(session, "an"), code, ENDED)
        with pytest.raises(NotFound, match="đã được xóa"):
            reads.track(session, code, ENDED)


def test_bytes_that_another_dossier_has_too_stay(club: Clubhouse) -> None:
    """A paper's bytes go with the last dossier that has them."""
    code = two(club)  # both have the same picture
    put_away(club)
    purge_all(club, MONDAY + timedelta(days=3653 + 20))  # the younger one is kept two months longer
    with club.sessions() as session:
        assert find(session, code).applicant == ""
        assert session.scalar(select(func.count()).select_from(Blob)) == 1
        assert session.scalar(select(func.count()).select_from(Attachment)) == 1
    closed(club, MONDAY + 112 * DAY)  # a third, with the newest rows and the same picture
    put_away(club, MONDAY + 180 * DAY)
    with writing(), club.sessions.begin() as session:
        session.execute(text("DELETE FROM attachment WHERE id = (SELECT max(id) FROM attachment)"))
    purge_all(club, MONDAY + timedelta(days=3653 + 90))
    with club.sessions() as session:
        assert session.scalar(select(func.count()).select_from(DeletionProof)) == 2
        assert session.scalar(select(func.count()).select_from(Blob)) == 0


def test_a_hold_stops_the_deletion_until_it_is_released(club: Clubhouse) -> None:
    """Held dossiers are listed with the document and stay; released, they go."""
    code = two(club)
    put_away(club)
    with writing(), club.sessions.begin() as session:
        kim = club.actor(session, "kim")
        hold = holds.place(session, kim, code, "Tòa án đang xét xử", "CV 12/TAND", LATER)
        number = hold.id
    assert purge_all(club) == []
    with club.sessions() as session:
        assert [one.held for one in deletion.ended(session, ENDED)] == ["CV 12/TAND"]
        assert [one.dossier.code for one in holds.standing(session)] == [code]
    with writing(), club.sessions.begin() as session:
        kim = club.actor(session, "kim")
        holds.release(session, kim, number, "Bản án có hiệu lực", LATER + DAY)
        with pytest.raises(Conflict, match="đã được gỡ"):
            holds.release(session, kim, number, "Lần nữa", LATER + DAY)
        assert not holds.standing(session)
    assert len(purge_all(club)) == 1
    with club.sessions() as session:
        kinds = select(Event.kind).where(Event.dossier_id == find(session, code).id)
        assert {"held", "hold-released", "deleted"} <= set(session.scalars(kinds))
        with pytest.raises(Conflict, match="đã được xóa"):
            holds.place(session, club.actor(session, "kim"), code, "Muộn", "CV 13", ENDED)


def test_who_may_hold_and_what_a_hold_must_say(club: Clubhouse) -> None:
    """Officers may not; a hold needs a reason, a document and a dossier that is there."""
    code = two(club)
    with writing(), club.sessions() as session:
        an, quan = club.actor(session, "an"), club.actor(session, "quan")
        with pytest.raises(Forbidden):
            holds.place(session, an, code, "Giữ lại", "CV 1/X", LATER)
        with pytest.raises(Invalid) as refused:
            holds.place(session, quan, code, " ", "x" * 121, LATER)
        assert set(refused.value.errors) == {"ly_do", "van_ban"}
        with pytest.raises(NotFound):
            holds.place(session, quan, "C1-000000-0000", "Giữ lại", "CV 1/X", LATER)
        hold = holds.place(session, quan, code, "Giữ lại", "CV 1/X", LATER)
        with pytest.raises(Forbidden):
            holds.release(session, an, hold.id, "Thôi giữ", LATER)
        with pytest.raises(Invalid):
            holds.release(session, quan, hold.id, "", LATER)
        with pytest.raises(NotFound):
            holds.release(session, quan, 99, "Thôi giữ", LATER)


def test_what_may_not_be_deleted_is_not(club: Clubhouse) -> None:
    """Live dossiers, those kept for ever, and those deleted already are passed over."""
    code = two(club)
    with writing(), club.sessions.begin() as session:
        number = find(session, code).id
        assert deletion.purge(session, SYSTEM, number, ENDED) is None
    put_away(club)
    with writing(), club.sessions.begin() as session:
        kept = session.get_one(ArchivedDossier, number)
        until, kept.keep_until = kept.keep_until, None
        session.flush()
        assert deletion.purge(session, SYSTEM, number, ENDED) is None
        kept.keep_until = until
    assert len(purge_all(club)) == 1
    assert purge_all(club) == []
    with writing(), club.sessions.begin() as session:
        assert deletion.purge(session, SYSTEM, number, ENDED) is None


@pytest.mark.parametrize("field", ["statement", "previous", "row", "event", "emptied"])
def test_every_tampering_with_the_proofs_is_found(club: Clubhouse, field: str) -> None:
    """A proof changed or taken out, or an event changed after the deletion, is a finding."""
    codes = [closed(club), closed(club)]
    closed(club, MONDAY + 56 * DAY)
    put_away(club)
    assert len(purge_all(club, MONDAY + timedelta(days=3653 + 20))) == 2
    with writing(), club.sessions() as session:
        assert not list(check.faults(session))
        first = session.get_one(DeletionProof, 1)
        if field == "statement":
            first.statement = {**first.statement, "rows": 1}
        elif field == "previous":
            session.get_one(DeletionProof, 2).previous = "0" * 64
        elif field == "row":
            session.execute(
                update(ArchivedDossier).where(ArchivedDossier.proof_id == 1).values(proof_id=None)
            )
            session.delete(first)
        else:
            kind = "extended" if field == "emptied" else "closed"
            event = select(Event).where(Event.kind == kind, Event.dossier_id == 1)
            session.scalars(event).one().hash = "f" * 64
        session.flush()
        session.expire_all()
        assert codes[0] in {fault.code for fault in check.faults(session)} or field == "previous"
        assert list(check.faults(session))


def test_two_deleters_make_one_chain(club: Clubhouse) -> None:
    """Deletions side by side wait for each other at the chain; none is lost, none done twice."""
    for _ in range(4):
        closed(club)
    closed(club, MONDAY + 56 * DAY)
    put_away(club)
    with club.sessions() as session:
        numbers = list(session.scalars(select(Dossier.id).order_by(Dossier.id).limit(4)))
    done: list[bool] = []
    errors: list[Exception] = []

    def work(order: list[int]) -> None:
        for number in order:
            try:
                with writing(), club.sessions.begin() as session:
                    done.append(deletion.purge(session, SYSTEM, number, ENDED) is not None)
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=work, args=(o,)) for o in (numbers, numbers[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(done) == [False] * 4 + [True] * 4
    with club.sessions() as session:
        assert session.scalar(select(func.count()).select_from(DeletionProof)) == 4
        assert not list(check.faults(session))


def test_a_paper_put_in_while_its_bytes_are_deleted_keeps_them(club: Clubhouse) -> None:
    """An upload of the same bytes and the deletion of their last owner never lose them."""
    code = two(club)
    put_away(club)
    with writing(), club.sessions.begin() as session:  # the younger one's picture is another
        session.execute(
            text("DELETE FROM attachment WHERE dossier_id <> :own"), {"own": find(session, code).id}
        )
    fresh = club.open(MONDAY + 60 * DAY)
    from tests.engine.test_archive import PDF

    ready = threading.Barrier(2)

    def upload() -> None:
        ready.wait()
        with writing(), club.sessions.begin() as session:
            an, number = club.actor(session, "an"), find(session, fresh).id
            papers.add(session, an, number, "anh", "ảnh.pdf", PDF, MONDAY + 60 * DAY)

    thread = threading.Thread(target=upload)
    thread.start()
    ready.wait()
    purge_all(club, MONDAY + timedelta(days=3653 + 20))
    thread.join()
    with club.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Blob)) == 1
        assert session.scalar(select(func.count()).select_from(Attachment)) == 1
