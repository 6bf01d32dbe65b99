"""The papers the law asks of one dossier, as a checklist: from dated data, never from code."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from engine import feel
from engine.dossiers.models import Attachment

# ``accepted`` of a paper, as the acceptance slip writes it.
KINDS = {"original": "bản chính", "certified": "bản sao chứng thực", "copy": "bản sao"}


@dataclass(frozen=True)
class Item:
    """A paper of the procedure's list. ``needed``: the law asks for it in this dossier."""

    key: str
    name: str
    legal_basis: str
    note: str
    kinds: str
    needed: bool
    files: tuple[Attachment, ...] = ()

    @property
    def missing(self) -> bool:
        """Asked for and nothing put in yet."""
        return self.needed and not self.files


def checklist(
    papers: Sequence[Mapping[str, Any]],
    data: Mapping[str, Any],
    attachments: Iterable[Attachment] = (),
) -> tuple[Item, ...]:
    """Every paper of a release's list, in the law's order, judged by the start form's ``data``."""
    files = list(attachments)
    return tuple(
        Item(
            key=paper["key"],
            name=paper["name"],
            legal_basis=paper.get("legal_basis", ""),
            note=paper.get("note", ""),
            kinds=" hoặc ".join(KINDS[kind] for kind in paper.get("accepted", ()) if kind in KINDS),
            needed=_needed(paper.get("required_when"), data),
            files=tuple(file for file in files if file.component == paper["key"]),
        )
        for paper in papers
    )


def readable(
    papers: Sequence[Mapping[str, Any]], desks: Collection[int], pools: Collection[str], intake: int
) -> list[Mapping[str, Any]]:
    """The papers of the list that concern these desks: all at the counter, else those of ``pools``.

    ``pools`` are the parts of the dossier these desks hold; a paper that names none is everybody's.
    """
    return [
        paper
        for paper in papers
        if intake in desks or "pools" not in paper or set(paper["pools"]) & set(pools)
    ]


def files_for(
    papers: Sequence[Mapping[str, Any]],
    attachments: Iterable[Attachment],
    desks: Collection[int],
    pools: Collection[str],
    intake: int,
) -> list[Attachment]:
    """The files these desks may open: their own, unlisted ones, and those of papers they read."""
    others = {p["key"] for p in papers} - {p["key"] for p in readable(papers, desks, pools, intake)}
    return [file for file in attachments if file.agency_id in desks or file.component not in others]


def _needed(condition: str | None, data: Mapping[str, Any]) -> bool:
    return condition is None or feel.is_true(_compiled(condition).evaluate(dict(data)))


@cache
def _compiled(condition: str) -> Any:
    return feel.compile_expression(condition)
