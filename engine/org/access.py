"""Who may do what: decided from a person's posts alone. Pure; touches no database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

INTAKE = "mot-cua"
HEAD = "truong-don-vi"
LIAISON = "lien-thong"
CONTROL = "kiem-soat"
ADMIN = "quan-tri"

# Posts that watch over work or keep the machine; they do no step of a dossier and read no facts.
OVERSEERS = frozenset({CONTROL, ADMIN})

ROLES: dict[str, str] = {
    INTAKE: "Tiếp nhận và trả kết quả",
    "ho-tich": "Tư pháp – hộ tịch",
    "lanh-dao": "Lãnh đạo ký",
    "cu-tru": "Cảnh sát cư trú",
    "che-do": "Chế độ bảo hiểm xã hội",
    "chinh-sach": "Chính sách người có công",
    "bao-tro": "Bảo trợ xã hội",
    HEAD: "Trưởng đơn vị",
    LIAISON: "Đầu mối liên thông",
    CONTROL: "Kiểm soát thủ tục hành chính",
    ADMIN: "Quản trị",
}


@dataclass(frozen=True)
class Actor:
    """A person at one moment with the posts then valid: {(agency id, role)}."""

    person_id: int
    username: str
    name: str
    posts: frozenset[tuple[int, str]] = frozenset()

    @property
    def agencies(self) -> frozenset[int]:
        """The ids of the agencies in which the actor holds any post."""
        return frozenset(agency for agency, _role in self.posts)

    @property
    def desks(self) -> frozenset[int]:
        """The agencies in which the actor works on dossiers: not as an overseer only."""
        return frozenset(agency for agency, role in self.posts if role not in OVERSEERS)


SYSTEM = Actor(person_id=0, username="he-thong", name="Hệ thống")


class Sight(StrEnum):
    """How much of a dossier an actor sees: nothing, its progress with names masked, or all."""

    NOTHING = "nothing"
    PROGRESS = "progress"
    FULL = "full"


def holds(actor: Actor, agency_id: int, *roles: str) -> bool:
    """Whether the actor holds one of the roles in the agency."""
    return any((agency_id, role) in actor.posts for role in roles)


def may_work(actor: Actor, agency_id: int, role: str) -> bool:
    """A task belongs to those who hold its role in its agency, and to nobody else."""
    return role not in OVERSEERS and holds(actor, agency_id, role)


def is_head(actor: Actor, agency_id: int) -> bool:
    """Whether the actor heads the agency."""
    return holds(actor, agency_id, HEAD)


def is_control(actor: Actor) -> bool:
    """Whether the actor sits in the control office, which follows every dossier's progress."""
    return any(role == CONTROL for _agency, role in actor.posts)


def may_reassign(actor: Actor, agency_id: int) -> bool:
    """The head of an agency hands its tasks on."""
    return is_head(actor, agency_id)


def may_acknowledge(actor: Actor, agency_id: int) -> bool:
    """A handoff is confirmed by the liaison officer of the receiving agency, or its head."""
    return holds(actor, agency_id, LIAISON, HEAD)


def may_open(actor: Actor, agency_id: int) -> bool:
    """A dossier is taken in by an intake officer of the agency where the citizen stands."""
    return holds(actor, agency_id, INTAKE)


def may_see_dossier(actor: Actor, participating_agency_ids: Collection[int]) -> Sight:
    """What an actor sees of a dossier in which these agencies take part.

    Any working post in one of them sees it; the control office sees progress only; others nothing.
    """
    if actor.desks & set(participating_agency_ids):
        return Sight.FULL
    return Sight.PROGRESS if is_control(actor) else Sight.NOTHING
