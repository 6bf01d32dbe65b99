"""Rights by generated role × agency × action combinations."""

from __future__ import annotations

import itertools

import pytest

from engine.org import access
from engine.org.access import ROLES, SYSTEM, Actor, Sight

HOME, OTHER = 1, 2


def actor(*posts: tuple[int, str]) -> Actor:
    """Somebody with these posts."""
    return Actor(7, "lan", "Lan", frozenset(posts))


@pytest.mark.parametrize(("held", "asked"), list(itertools.product(ROLES, ROLES)))
def test_a_task_belongs_to_its_role_in_its_agency(held: str, asked: str) -> None:
    """Only the same role of the same agency works; watching roles never do."""
    someone = actor((HOME, held))
    works = held == asked and held not in ("kiem-soat", "quan-tri")
    assert access.may_work(someone, HOME, asked) is works
    assert access.may_work(someone, OTHER, asked) is False


ACTIONS = {
    access.is_head: {"truong-don-vi"},
    access.may_reassign: {"truong-don-vi"},
    access.may_acknowledge: {"lien-thong", "truong-don-vi"},
    access.may_open: {"mot-cua"},
}


@pytest.mark.parametrize(("role", "action"), list(itertools.product(ROLES, ACTIONS)))
def test_each_action_has_its_roles(role: str, action: object) -> None:
    """An action is allowed to its roles at home, and to nobody of another agency."""
    someone = actor((HOME, role))
    assert action(someone, HOME) is (role in ACTIONS[action])
    assert action(someone, OTHER) is False
    assert action(SYSTEM, HOME) is False


@pytest.mark.parametrize("role", ROLES)
def test_sight_follows_participation(role: str) -> None:
    """A working post in a participating agency sees all; the control office progress; else none."""
    someone = actor((HOME, role))
    outside = Sight.PROGRESS if role == "kiem-soat" else Sight.NOTHING
    inside = outside if role in ("kiem-soat", "quan-tri") else Sight.FULL
    assert access.may_see_dossier(someone, {HOME, OTHER}) is inside
    assert access.may_see_dossier(someone, {OTHER}) is outside
    assert access.may_see_dossier(someone, set()) is outside


def test_posts_do_not_mix() -> None:
    """A role held in one agency and another role in a second give no third right."""
    someone = actor((HOME, "mot-cua"), (OTHER, "truong-don-vi"))
    assert access.may_open(someone, HOME)
    assert not access.may_open(someone, OTHER)
    assert not access.is_head(someone, HOME)
    assert not access.is_control(someone)
    assert someone.agencies == {HOME, OTHER}
