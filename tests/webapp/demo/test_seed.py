"""The demo's dossiers, made by the real commands as of one Monday morning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from engine.catalog import releases
from engine.catalog.models import ReleaseRow
from engine.db import load_models, make_engine
from engine.dossiers import papers
from engine.dossiers.models import Attachment, Dossier, Instance
from engine.events import Event, verify
from engine.liaison.models import Message
from engine.notices import Notice
from engine.org.access import LIAISON
from engine.org.models import Agency, Assignment
from engine.outbox import Outbox
from engine.tasks.models import Submission, Task
from engine.timer_rows import Timer
from webapp.demo import make_dossiers
from webapp.demo.paper import blank_paper

NOW = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)  # Monday 08:30


@pytest.fixture(scope="module")
def told() -> list[str]:
    """What the seeding said."""
    return []


@pytest.fixture(scope="module")
def sessions(
    tmp_path_factory: pytest.TempPathFactory, told: list[str]
) -> Iterator[sessionmaker[Session]]:
    """A database seeded once for all tests here."""
    path: Path = tmp_path_factory.mktemp("demo") / "demo.db"
    engine = make_engine(f"sqlite:///{path}")
    load_models().create_all(engine)
    sessions = sessionmaker(engine)
    make_dossiers(sessions, NOW, told.append)
    yield sessions
    engine.dispose()


@pytest.fixture
def session(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """A session for reading."""
    with sessions() as session:
        yield session


def test_every_planned_dossier_was_made(session: Session, told: list[str]) -> None:
    """About sixty, none left out, and progress was shown."""
    assert 55 <= session.scalar(select(func.count(Dossier.id))) <= 65
    assert not [line for line in told if "Bỏ qua" in line]
    assert len(told) > 10


def test_dossiers_stand_in_every_state(session: Session) -> None:
    """Fresh, in work, supplement, refused, stopped and done; the old version still runs."""
    statuses = Counter(session.scalars(select(Dossier.portal_status)))
    assert {1, 3, 4, 5, 8, 10} <= set(statuses)
    assert statuses[10] >= 10
    old = session.scalars(
        select(Dossier).join(ReleaseRow).where(ReleaseRow.version == "2019-07-01")
    ).all()
    assert old
    assert all(dossier.closed_at is None for dossier in old)


def test_every_kind_of_agency_has_open_work(session: Session) -> None:
    """Each kind of the current version has something waiting, in time and late."""
    open_tasks = session.scalars(select(Task).where(Task.status == "open")).all()
    kinds = {session.get_one(Agency, task.agency_id).kind for task in open_tasks}
    assert {"ubnd-xa", "cong-an", "bhxh", "noi-vu", "y-te"} <= kinds
    assert any(task.paused for task in open_tasks)
    assert sum(task.due_at is not None and task.due_at < NOW for task in open_tasks) >= 5
    assert any(task.assignee_id for task in open_tasks)
    assert any(task.assignee_id is None for task in open_tasks)
    roles = {task.role for task in open_tasks}
    assert {"mot-cua", "ho-tich", "cu-tru", "che-do", "chinh-sach", "bao-tro"} <= roles


def test_everybody_has_something_to_do(session: Session) -> None:
    """Steps for every desk of the drawing, receipts to confirm; old news has been read."""
    model = releases.load(
        session,
        session.scalars(select(ReleaseRow.id).where(ReleaseRow.version == "2026-09-01")).one(),
    ).model
    drawn = {
        (model.pools[element.pool].properties["kind"], element.lane)
        for element in model.elements.values()
        if element.type == "userTask"
    }
    waiting = {
        (task.agency_id, task.role)
        for task in session.scalars(select(Task).where(Task.status == "open"))
    }
    posts = session.scalars(select(Assignment).where(Assignment.valid_to.is_(None))).all()
    desks = [post for post in posts if (post.agency.kind, post.role) in drawn]
    idle = [(post.agency.short_name, post.role) for post in desks
            if (post.agency_id, post.role) not in waiting]  # fmt: skip
    assert len(desks) >= 15
    assert idle == []
    unconfirmed = set(session.scalars(select(Message.receiver_agency_id).where(
        Message.status == "delivered", Message.acknowledged_at.is_(None))))  # fmt: skip
    receivers = {post.agency_id for post in posts if post.role == LIAISON}
    assert receivers <= unconfirmed
    unread = session.scalars(select(Notice).where(Notice.read_at.is_(None))).all()
    assert unread
    assert all(
        notice.task_id is None or session.get_one(Task, notice.task_id).status == "open"
        for notice in unread
    )


def test_lateness_was_escalated_when_it_came(session: Session) -> None:
    """A late step has its escalation to the head; no timer of the past is left waiting."""
    late = session.scalars(
        select(Task).where(Task.status == "open", Task.due_at < NOW, Task.paused.is_(False))
    ).all()
    assert all(task.escalated_at for task in late)
    heads = session.scalars(select(Notice).where(Notice.kind == "escalation")).all()
    assert {task.id for task in late} <= {notice.task_id for notice in heads}
    waiting = select(func.count(Timer.id)).where(Timer.status == "waiting", Timer.due_at <= NOW)
    assert session.scalar(waiting) == 0


def test_stories_include_the_hard_ones(session: Session) -> None:
    """A wrong trích lục started something anew; one agency refused while others returned."""
    assert session.scalar(select(func.max(Instance.round))) >= 2
    refused = [
        submission
        for submission in session.scalars(select(Submission))
        if any(value == "tu-choi" for value in submission.data.values())
    ]
    assert any(
        session.get_one(Dossier, submission.dossier_id).outcome == "done" for submission in refused
    )


def test_the_record_is_whole(session: Session) -> None:
    """Every chain of events verifies and runs forward in time; every promise was kept."""
    for dossier in session.scalars(select(Dossier)):
        assert verify(session, dossier)
        moments = session.scalars(
            select(Event.at).where(Event.dossier_id == dossier.id).order_by(Event.seq)
        ).all()
        assert moments == sorted(moments)
        assert moments[-1] <= NOW
    assert session.scalar(select(func.count(Outbox.id)).where(Outbox.done_at.is_(None))) == 0
    pending = (
        select(func.count(Message.id))
        .join(Dossier)
        .where(Message.status == "pending", Dossier.closed_at.is_not(None))
    )
    assert session.scalar(pending) == 0


def test_most_handoffs_are_confirmed_and_papers_lie_there(session: Session) -> None:
    """Receipts are mostly confirmed; dossiers carry papers that are PDFs."""
    confirmed, all_of_them = session.execute(
        select(func.count(Message.acknowledged_at), func.count(Message.id)).where(
            Message.status == "delivered"
        )
    ).one()
    assert all_of_them * 0.8 < confirmed < all_of_them
    assert session.scalar(select(func.count(Attachment.id))) > 40
    assert papers.sniff(blank_paper("Giấy báo tử (bản chính)")) == "application/pdf"


def test_seeding_again_adds_nothing(sessions: sessionmaker[Session]) -> None:
    """Dossiers are there already: nothing is made."""
    assert make_dossiers(sessions, NOW, lambda _line: None) == 0
