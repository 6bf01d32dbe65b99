"""``motcua archive`` on a real database: away, held, deleted, proven, brought back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from engine.archive.models import ArchivedDossier, DeletionProof
from engine.db import writing
from engine.events import Event
from tests.engine.clubhouse import MONDAY, Clubhouse
from tests.engine.test_archive import DAY, LATER, closed, find
from webapp.commands.archive import archive

YEARS = (MONDAY + 3670 * DAY).isoformat()


def run(club: Clubhouse, *arguments: str, now: str = LATER.isoformat()) -> Result:
    url = club.sessions.kw["bind"].url.render_as_string(hide_password=False)
    given = [*arguments, "--database", url]
    if arguments[:1] != ("verify",):
        given += ["--now", now]
    return CliRunner().invoke(archive, given)


def said(result: Result) -> str:
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def test_the_whole_life_of_an_archive(club: Clubhouse) -> None:
    """Forecast, archive, hold, delete, verify, restore: each says what it did."""
    one, two, three = (closed(club) for _ in range(3))
    closed(club, MONDAY + 56 * DAY)
    assert json.loads(said(run(club, "--dry-run", "--json")))["ready"] == 3
    assert said(run(club, "--dry-run")).startswith("3 hồ sơ đã kết thúc")
    told = json.loads(said(run(club, "--limit", "2", "--json")))
    assert told["archived"] == 2
    assert told["swept"] > 0
    assert "Đã lưu trữ 1 hồ sơ" in said(run(club))
    assert "Đã lưu trữ 0 hồ sơ" in said(run(club))
    assert "nguyên vẹn" in said(run(club, "verify"))

    assert "Đã giữ" in said(run(club, "hold", two, "--reason", "Kiện", "--document", "CV 1/TA"))
    listed = said(run(club, "purge", now=YEARS))
    assert f"{one}: lưu 10 years" in listed
    assert f"{two}: lưu 10 years" in listed
    assert "giữ lại theo CV 1/TA" in listed
    assert listed.endswith("2 hồ sơ hết thời hạn lưu, 1 đang giữ lại. Xóa: thêm --yes.\n")
    with club.sessions() as session:
        assert session.scalars(select(DeletionProof)).all() == []
    assert "3670" not in said(run(club, "restore", three, "--reason", "Khiếu nại"))
    assert "Đã xóa 1 hồ sơ" in said(run(club, "purge", "--yes", now=YEARS))
    assert "Đã thôi giữ" in said(run(club, "release", "1", "--reason", "Xong việc"))
    assert "Đã xóa 1 hồ sơ" in said(run(club, "purge", "--yes", now=YEARS))
    assert "Không có hồ sơ nào" in said(run(club, "purge", now=YEARS))
    with club.sessions() as session:
        who = select(Event.actor_name).where(Event.kind == "deleted")
        assert all(name.startswith("Người vận hành (") for name in session.scalars(who))
        assert find(session, one).applicant == ""
        assert find(session, three).applicant != ""

    with writing(), club.sessions.begin() as session:
        session.execute(update(ArchivedDossier).values(sha256="0" * 64))
    result = run(club, "verify", "--json")
    assert result.exit_code == 1
    assert {fault["code"] for fault in json.loads(result.stdout)} == {one, two}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_file_forgets_what_was_deleted(club: Clubhouse) -> None:
    """After the deletion the bytes of the person's words are in no page of the SQLite file."""
    closed(club, ho_ten="Lý Thị Hoa Mai", bi_mat="một sở thích rất riêng")
    closed(club, MONDAY + 56 * DAY)
    path = Path(str(club.sessions.kw["bind"].url.database))
    words = ("Lý Thị Hoa Mai".encode(), "một sở thích rất riêng".encode())

    def found() -> bytes:
        return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))

    assert all(word in found() for word in words)
    said(run(club))
    said(run(club, "purge", "--yes", now=(MONDAY + 3670 * DAY).isoformat()))
    assert not any(word in found() for word in words)


def test_refusals_are_sentences(club: Clubhouse) -> None:
    """What cannot be done changes nothing and says why."""
    code = closed(club)
    for arguments, sentence in (
        (("restore", code, "--reason", "Khiếu nại"), "không nằm trong lưu trữ"),
        (("restore", "X", "--reason", "Khiếu nại"), "Không có hồ sơ mang mã «X»"),
        (("hold", code, "--reason", "", "--document", ""), "Chưa giữ được"),
        (("release", "7", "--reason", "Xong việc"), "Không có lệnh giữ"),
    ):
        result = run(club, *arguments)
        assert result.exit_code == 1
        assert sentence in str(result.exception)
