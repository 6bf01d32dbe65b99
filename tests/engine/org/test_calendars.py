"""Calendars of agencies in both databases: layers, imports, and dates that never move silently."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

from engine.calendar import TIMEZONE, Layer
from engine.calendar.hours import read_shifts
from engine.db import writing
from engine.dossiers.models import Dossier
from engine.errors import Invalid, NotFound
from engine.events import Event, verify
from engine.new_calendars import Change, carry_out, compare, one_at_a_time
from engine.org import calendars
from engine.org.calendars import calendar_of, forget, layer_of, scope_of
from engine.org.models import Agency, AgencyCalendar, CalendarDay, CalendarImport
from engine.tasks.models import Task
from tests.engine.clubhouse import MONDAY, Clubhouse
from webapp.commands.calendar import calendar
from webapp.demo import load_organisation

HEAD = "ngày,loại,làm theo thứ,ca,ghi chú,văn bản\n"
HOUR = timedelta(hours=1)
FRIDAY, SATURDAY = date(2026, 3, 6), date(2026, 3, 7)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """An otherwise empty database with the demo's organisation."""
    with writing(), Session(engine) as session:
        load_organisation(session)
        yield session


def take_in(
    session: Session,
    rows: str,
    *,
    agency: str | None = None,
    kind: str | None = None,
    at: datetime = MONDAY,
) -> Change:
    """Import a CSV as the command does, without its commit."""
    scope = scope_of(session, agency, kind)
    change = compare(session, (HEAD + rows).encode(), "lich.csv", scope)
    carry_out(session, change, "quan", at)
    session.flush()
    forget(session)
    return change


def number(session: Session, code: str) -> int:
    """An agency's id by its code."""
    return session.scalars(select(Agency.id).where(Agency.code == code)).one()


def counts(session: Session) -> list[int]:
    """How many rows the three tables have."""
    tables = (CalendarImport, AgencyCalendar, CalendarDay)
    return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def test_without_an_import_vietnams_calendar_holds(session: Session) -> None:
    """For the province, for an agency, and for an agency nobody knows."""
    days = calendar_of(session, None)
    assert days.is_working_day(FRIDAY)
    assert not days.is_working_day(SATURDAY)
    assert calendar_of(session, number(session, "H99.41.01")) is days
    assert calendar_of(session, 999_999) is days


def test_the_most_particular_layer_wins(session: Session) -> None:
    """The agency over its kind, the kind over the province; each only where it speaks."""
    off = "{:%d/%m/%Y},{},,{},,\n"
    thursday = FRIDAY - timedelta(days=1)
    take_in(session, off.format(FRIDAY, "nghỉ", "") + off.format(thursday, "nghỉ", ""))
    take_in(session, off.format(FRIDAY, "nửa ngày", "sáng"), kind="cong-an")
    take_in(session, off.format(FRIDAY, "như thường", ""), agency="H99.41.01")
    worked = {
        code: [
            str(calendar_of(session, number(session, code)).shifts_of(day)[0][0])
            if calendar_of(session, number(session, code)).is_working_day(day)
            else ""
            for day in (thursday, FRIDAY)
        ]
        for code in ("H99.50.01", "H99.41.02", "H99.41.01")
    }
    assert worked == {
        "H99.50.01": ["", ""],
        "H99.41.02": ["", "07:30:00"],
        "H99.41.01": ["", "07:30:00"],
    }
    two = calendar_of(session, number(session, "H99.41.02"))
    assert two.shifts_of(FRIDAY) == read_shifts("07:30-11:30")
    one = calendar_of(session, number(session, "H99.41.01"))
    assert one.shifts_of(FRIDAY) == read_shifts("07:30-11:30 13:30-17:00")


def test_agencies_without_rows_of_their_own_share_one_calendar(session: Session) -> None:
    """The years are worked out once for all of them."""
    take_in(session, f"{FRIDAY:%d/%m/%Y},nghỉ,,,,\n")
    same = {id(calendar_of(session, number(session, c))) for c in ("H99.41.01", "H99.50.01")}
    assert same == {id(calendar_of(session, None))}


def test_hours_are_kept_whole(session: Session) -> None:
    """Weeks, intake hours, the 15:00 rule's hour and seasons come back as they were written."""
    rows = (
        "01/01/2026..31/12/2026,giờ làm việc,2-6,07:00-11:00 13:00-17:00,Giờ mới,QĐ 1\n"
        "01/01/2026..,giờ tiếp nhận,7,07:30-11:30,,QĐ 1\n"
        "01/01/2026..,giờ chốt,,16:00,,QĐ 1\n"
        "01/11/2026..28/02/2027 hằng năm,giờ làm việc,2-6,08:00-11:30,,QĐ 2\n"
    )
    change = take_in(session, rows, agency="H99.41.01")
    scope = scope_of(session, "H99.41.01")
    assert layer_of(session, scope) == change.layer
    assert len(change.layer.hours) == 4
    assert layer_of(session, scope_of(session)) == Layer()
    days = calendar_of(session, scope.agency_id)
    assert days.intake_of(SATURDAY) == read_shifts("07:30-11:30")
    assert days.shifts_of(date(2028, 1, 4)) == read_shifts("08:00-11:30")
    assert days.late_after(FRIDAY).hour == 16


def test_a_later_import_wins_and_the_earlier_is_still_known(session: Session) -> None:
    """Rows are only added: what was known before can be asked for."""
    take_in(session, f"{FRIDAY:%d/%m/%Y},nghỉ,,,,\n", at=MONDAY)
    take_in(session, f"{FRIDAY:%d/%m/%Y},nửa ngày,,sáng,,\n", at=MONDAY + HOUR)
    assert counts(session) == [2, 0, 2]
    now = calendar_of(session, None)
    assert now.shifts_of(FRIDAY) == read_shifts("07:30-11:30")
    assert calendar_of(session, None, known_at=MONDAY + 2 * HOUR) is now
    assert not calendar_of(session, None, known_at=MONDAY).is_working_day(FRIDAY)
    before = calendar_of(session, None, known_at=MONDAY - HOUR)
    assert before.shifts_of(FRIDAY) == read_shifts("07:30-11:30 13:30-17:00")


def test_the_same_file_again_says_nothing_new(session: Session) -> None:
    """No row, no import; a file that says one thing more adds that alone."""
    rows = f"{FRIDAY:%d/%m/%Y},nghỉ,,,,\n01/01/2027..,giờ làm việc,2-6,08:00-12:00,,\n"
    take_in(session, rows)
    assert counts(session) == [1, 1, 1]
    assert take_in(session, rows).empty
    assert counts(session) == [1, 1, 1]
    more = take_in(session, rows + f"{SATURDAY:%d/%m/%Y},làm bù,6,,,\n")
    assert list(more.layer.days) == [SATURDAY]
    assert counts(session) == [2, 1, 2]


def test_a_fault_changes_nothing(session: Session) -> None:
    """Neither its own row nor the right ones beside it."""
    with pytest.raises(Invalid, match="không có gì được thay đổi"):
        take_in(session, f"{FRIDAY:%d/%m/%Y},nghỉ,,,,\n{FRIDAY:%d/%m/%Y},nghỉ,,,,\n")
    assert counts(session) == [0, 0, 0]


def test_a_make_up_day_is_judged_by_the_agencys_own_week(session: Session) -> None:
    """Where Saturday is worked it cannot be a make-up day; elsewhere it can."""
    take_in(session, "01/01/2026..,giờ làm việc,2-7,07:30-11:30,,\n", agency="H99.41.01")
    row = f"{SATURDAY:%d/%m/%Y},làm bù,2,,,\n"
    with pytest.raises(Invalid):
        take_in(session, row + "01/01/2026..,giờ làm việc,2-7,07:30-11:30,,\n", agency="H99.41.01")
    assert not take_in(session, row, agency="H99.41.02").empty


def test_another_process_sees_an_import(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """The revision is asked for again once it is no longer fresh."""
    assert calendar_of(session, None).is_working_day(FRIDAY)
    change = compare(session, f"{HEAD}{FRIDAY},nghỉ,,,,\n".encode(), "a.csv", scope_of(session))
    carry_out(session, change, "quan", MONDAY)
    monkeypatch.setattr(calendars, "FRESH", 3600.0)
    assert calendar_of(session, None).is_working_day(FRIDAY), "known for this long"
    monkeypatch.setattr(calendars, "FRESH", 0.0)
    assert not calendar_of(session, None).is_working_day(FRIDAY)


def test_unknown_scopes_are_sentences(session: Session) -> None:
    """An agency or a kind nobody knows, and both at once."""
    with pytest.raises(NotFound, match="mã «X»"):
        scope_of(session, "X")
    with pytest.raises(NotFound, match="loại cơ quan «x»"):
        scope_of(session, kind="x")
    with pytest.raises(Invalid, match="một trong hai"):
        scope_of(session, "X", "x")


def test_damaged_hours_are_a_sentence(session: Session) -> None:
    """Hours that somebody broke in the database are refused, not guessed."""
    take_in(session, "01/01/2027..,giờ làm việc,2-6,08:00-12:00,,\n")
    for broken in ({"week": ["08:00-12:00"]}, {"week": [""] * 7}, {"week": 1}, []):
        session.execute(update(AgencyCalendar).values(hours=broken))
        session.expire_all()
        forget(session)
        with pytest.raises(Invalid, match="bị hỏng"):
            calendar_of(session, None)


def accepted(club: Clubhouse) -> str:
    """A dossier accepted Monday at 10:00: promised for Thursday, the card due on Wednesday."""
    code = club.open()
    club.complete("an", club.task(code, "xet_don"), MONDAY + HOUR, ket_qua="nhan")
    return code


TUESDAY_OFF = HEAD + "17/11/2026,nghỉ,,,Mất điện toàn tỉnh,CV 9\n"


def local(moment: datetime) -> str:
    """A moment as "17:00 19/11"."""
    return f"{moment.astimezone(TIMEZONE):%H:%M %d/%m}"


def test_an_import_lists_what_it_would_move_and_moves_nothing(club: Clubhouse) -> None:
    """The promised date and the step's stay; the dossier's record says what would be."""
    code = accepted(club)
    with club.sessions() as session:
        change = compare(session, TUESDAY_OFF.encode(), "lich.csv", scope_of(session))
        listed = [
            (one.code, one.what, local(one.due), local(one.would_be)) for one in change.touched
        ]
        assert listed == [
            (code, "ngày hẹn trả", "17:00 19/11", "17:00 20/11"),
            (code, "bước «Cấp thẻ»", "17:00 18/11", "17:00 19/11"),
        ]
        assert counts(session) == [0, 0, 0], "a preview writes nothing"
    with writing(), club.sessions() as session:
        carry_out(session, change, "quan", MONDAY + 2 * HOUR)
        session.commit()
        forget(session)
    with club.sessions() as session:
        dossier = session.scalars(select(Dossier)).one()
        task = session.scalars(select(Task).where(Task.element == "cap_the")).one()
        assert (local(dossier.due_at), local(task.due_at)) == ("17:00 19/11", "17:00 18/11")
        event = session.scalars(select(Event).where(Event.kind == "calendar-changed")).one()
        assert event.data["change"] == (
            "ngày hẹn trả: 17:00 19/11/2026 → 17:00 20/11/2026; "
            "bước «Cấp thẻ»: 17:00 18/11/2026 → 17:00 19/11/2026"
        )
        assert (event.data["file"], event.data["by"]) == ("lich.csv", "quan")
        assert verify(session, dossier)


def test_only_open_dossiers_of_that_scope_are_touched(club: Clubhouse) -> None:
    """Another agency's calendar touches its own step alone; a closed dossier is past."""
    code = accepted(club)
    with club.sessions() as session:
        scope = scope_of(session, "B1")
        change = compare(session, TUESDAY_OFF.encode(), "lich.csv", scope)
        assert [one.what for one in change.touched] == ["bước «Cấp thẻ»"]
        other = compare(session, TUESDAY_OFF.encode(), "lich.csv", scope_of(session, "C2"))
        assert other.touched == ()
        past = HEAD + "10/11/2026,nghỉ,,,,\n27/11/2026,nghỉ,,,,\n"
        assert compare(session, past.encode(), "lich.csv", scope_of(session)).touched == ()
    club.complete("giang", club.task(code, "cap_the"), MONDAY + 2 * HOUR, so_the="123456")
    club.complete("binh", club.task(code, "tra_the"), MONDAY + 3 * HOUR)
    with club.sessions() as session:
        assert compare(session, TUESDAY_OFF.encode(), "lich.csv", scope_of(session)).touched == ()


def test_the_command_previews_imports_shows_and_exports(
    club: Clubhouse, database_url: str, tmp_path: Path
) -> None:
    """The same words; what is exported imports as nothing new."""
    code = accepted(club)
    path = tmp_path / "lich-2026.csv"
    path.write_text(TUESDAY_OFF)

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(calendar, [*arguments, "--database", database_url])
        assert result.exit_code == 0, result.output
        return result.output

    told = run("import", str(path), "--preview")
    assert told.startswith("Xem trước lịch cho toàn tỉnh:\n  Thứ Ba 17/11/2026: nghỉ (Mất điện")
    assert f"  {code}, ngày hẹn trả: 17:00 19/11/2026 → 17:00 20/11/2026" in told
    answer = json.loads(run("import", str(path), "--json"))
    assert answer["imported"] is True
    assert answer["touched"][0] == {
        "dossier": code,
        "what": "ngày hẹn trả",
        "due": "2026-11-19T17:00:00+07:00",
        "would_be": "2026-11-20T17:00:00+07:00",
    }
    exported = run("export")
    assert exported == TUESDAY_OFF
    path.write_text(exported)
    assert "không nói điều gì mới" in run("import", str(path))
    shown = json.loads(run("show", "--year", "2026", "--json"))
    assert {"17/11/2026", "24/11/2026"} <= {one["date"] for one in shown["days"]}
    assert "Thứ Ba 17/11/2026: nghỉ (Mất điện toàn tỉnh, CV 9)" in run("show", "--year", "2026")


def test_the_command_refuses_a_faulty_file(
    club: Clubhouse, database_url: str, tmp_path: Path
) -> None:
    """Each place with its sentence, code 1, nothing written."""
    path = tmp_path / "lich.csv"
    path.write_text(HEAD + "17/11/2026,làm bù,2,,,\n18/11/2026,nghỉ,,,,\n18/11/2026,nghỉ,,,,\n")
    result = CliRunner().invoke(calendar, ["import", str(path), "--database", database_url])
    assert result.exit_code == 1
    assert "dòng 2: thứ Ba 17/11/2026 vốn đã là ngày làm việc" in result.output
    assert "dòng 4: ngày 18/11/2026 đã có ở dòng 3" in result.output
    with club.sessions() as session:
        assert counts(session) == [0, 0, 0]


def test_two_imports_at_the_same_moment_follow_each_other(
    club: Clubhouse, database_url: str, tmp_path: Path
) -> None:
    """Two processes with one file: the later one finds that it says nothing new."""
    code = accepted(club)
    path = tmp_path / "lich.csv"
    path.write_text(TUESDAY_OFF)
    motcua = Path(sys.executable).with_name("motcua")
    command = [motcua, "calendar", "import", path, "--database", database_url, "--json"]
    with writing(), club.sessions() as session:
        one_at_a_time(session)
        counts(session)  # on SQLite the first statement takes the write lock
        started = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(2)
        ]
        while session.get_bind().dialect.name == "postgresql":
            assert all(one.poll() is None for one in started)
            if session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")) == 2:
                break
            time.sleep(0.05)
    told = [one.communicate(timeout=60) for one in started]
    assert [one.returncode for one in started] == [0, 0], told
    answers = [json.loads(out) for out, _err in told]
    assert sorted(answer["imported"] for answer in answers) == [False, True]
    with club.sessions() as session:
        assert session.scalar(select(func.count()).select_from(CalendarImport)) == 1
        dossier = session.scalars(select(Dossier).where(Dossier.code == code)).one()
        events = select(func.count()).select_from(Event).where(Event.dossier_id == dossier.id)
        assert session.scalar(events.where(Event.kind == "calendar-changed")) == 1
