"""Prove that the archive is whole: every bundle, every dossier's chain, the chain of proofs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, undefer

from engine import events
from engine.archive import bundle
from engine.archive.deletion import link
from engine.archive.models import ArchivedDossier, DeletionProof

_PAGE = 200


@dataclass(frozen=True)
class Fault:
    """Something of a dossier that is not as it was written."""

    code: str
    sentence: str


def faults(session: Session) -> Iterator[Fault]:
    """Everything that is wrong, found in one pass that reads each bundle once."""
    proofs: dict[int, DeletionProof] = {}
    before = ""
    for proof in session.scalars(select(DeletionProof).order_by(DeletionProof.id)):
        proofs[proof.id] = proof
        code = str(proof.statement.get("code", ""))
        if proof.previous != before or proof.hash != link(proof.previous, proof.statement):
            yield Fault(code, f"Biên bản xóa số {proof.id} đã bị sửa, hoặc chuỗi biên bản bị đứt.")
        before = proof.hash
    told = set()
    after = 0
    while True:
        page = session.scalars(
            select(ArchivedDossier)
            .where(ArchivedDossier.dossier_id > after)
            .options(undefer(ArchivedDossier.bundle), joinedload(ArchivedDossier.dossier))
            .order_by(ArchivedDossier.dossier_id)
            .limit(_PAGE)
        ).all()
        for kept in page:
            told.add(kept.proof_id)
            yield from _of(session, kept, proofs.get(kept.proof_id or 0))
            session.expire(kept, ["bundle"])
        if len(page) < _PAGE:
            break
        after = page[-1].dossier_id
    for number in sorted(set(proofs) - told):
        code = str(proofs[number].statement.get("code", ""))
        yield Fault(code, f"Biên bản xóa số {number} không còn hồ sơ nào trỏ tới.")


def _of(session: Session, kept: ArchivedDossier, proof: DeletionProof | None) -> Iterator[Fault]:
    dossier = kept.dossier
    if proof is None:
        if kept.bundle is None:
            yield Fault(dossier.code, "Gói lưu trữ đã mất mà không có biên bản xóa.")
        elif not bundle.whole(kept):
            yield Fault(dossier.code, "Gói lưu trữ không còn nguyên vẹn.")
    elif kept.bundle is not None or proof.statement.get("bundle_sha256") != kept.sha256:
        yield Fault(dossier.code, "Gói lưu trữ không khớp với biên bản xóa.")
    emptied = dict(proof.statement["events_emptied"]) if proof else None
    if not events.verify(session, dossier, emptied):
        yield Fault(dossier.code, "Nhật ký của hồ sơ đã bị sửa hoặc thiếu.")
