"""The command line tells a limit, in words and in JSON, and refuses with a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy.orm import Session

from engine.db import make_engine, writing
from webapp.commands.deadline import deadline
from webapp.demo import load_organisation

ANY = ("--from", "02/03/2026 08:00", "--limit", "1 hour")
TABLES = Path(__file__).resolve().parent / "tables"


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and output of ``motcua deadline``; an error of ours is its sentence."""
    result = CliRunner().invoke(deadline, arguments)
    return result.exit_code, result.output or str(result.exception)


def test_a_limit_is_told_day_by_day() -> None:
    """Friday 15:01 under the 15:00 rule, across Tết."""
    code, text = run("--from", "13/02/2026 15:01", "--limit", "1 working day", "--after-15h")
    assert code == 0
    assert text.splitlines() == [
        "Tiếp nhận lúc 15:01 ngày 13/02/2026, sau 15:00: tính từ đầu ngày làm việc kế tiếp.",
        "Thời hạn 1 ngày làm việc, tính từ 07:30 ngày 23/02/2026.",
        "Thứ Hai 23/02/2026: ngày đầu, không tính",
        "Thứ Ba 24/02/2026: ngày làm việc thứ 1",
        "Hạn: 17:00 ngày 24/02/2026 (thứ Ba).",
    ]


def test_json_has_the_moments() -> None:
    """ISO in, ISO with Vietnam's offset out; pauses may be repeated."""
    code, text = run(
        "--from",
        "2026-03-02T08:00",
        "--limit",
        "2 giờ làm việc",
        "--json",
        "--pause",
        "02/03/2026 09:00..02/03/2026 09:15",
        "--pause",
        "02/03/2026 10:00..02/03/2026 10:30",
    )
    answer = json.loads(text)
    assert code == 0
    assert answer["from"] == answer["starts"] == "2026-03-02T08:00:00+07:00"
    assert answer["due"] == "2026-03-02T10:45:00+07:00"
    assert answer["limit"] == "2 working hours"
    assert answer["explanation"][-1] == "Hạn: 10:45 ngày 02/03/2026 (thứ Hai)."


def test_a_pause_without_end_needs_a_now() -> None:
    """With it the pause is counted so far."""
    asked = ("--from", "02/03/2026 08:00", "--limit", "2 working hours", "--pause")
    assert run(*asked, "02/03/2026 09:00..")[1].startswith("Error: Khoảng tạm dừng chưa kết thúc")
    code, text = run(*asked, "02/03/2026 09:00..", "--now", "02/03/2026 10:30")
    assert code == 0
    assert text.rstrip().endswith(
        "Nếu tính tiếp ngay bây giờ, hạn là: 11:30 ngày 02/03/2026 (thứ Hai)."
    )


@pytest.mark.parametrize(
    ("content", "suffix", "due"),
    [
        (TABLES.joinpath("xa.csv").read_text(), ".csv", "2026-03-06T11:30:00+07:00"),
        ('[shifts]\n"2-5" = "08:00-12:00"\n', ".toml", "2026-03-09T12:00:00+07:00"),
        (
            '[[days]]\ndate = 2026-03-06\nkind = "nghỉ"\n[[hours]]\nfrom = 2026-01-01\n'
            'weekdays = "2-6"\nshifts = "07:00-11:00 13:00-16:00"\n',
            ".toml",
            "2026-03-09T16:00:00+07:00",
        ),
    ],
)
def test_a_calendar_file_lies_on_top(tmp_path: Path, content: str, suffix: str, due: str) -> None:
    """CSV as for the import, or TOML; holidays hold all the same."""
    path = tmp_path / f"lich{suffix}"
    path.write_text(content)
    asked = ("--from", "05/03/2026 08:00", "--limit", "1 working day", "--json")
    code, text = run(*asked, "--calendar", str(path))
    assert code == 0, text
    assert json.loads(text)["due"] == due


def test_an_agency_has_its_own_calendar(database_url: str) -> None:
    """Its rows count; another agency's do not; an unknown code is a sentence."""
    from webapp.commands.calendar import calendar

    engine = make_engine(database_url)
    with writing(), Session(engine) as session:
        load_organisation(session)
        session.commit()
    engine.dispose()
    done = CliRunner().invoke(
        calendar,
        ["import", str(TABLES / "xa.csv"), "--agency", "H99.41.01", "--database", database_url],
    )
    assert done.exit_code == 0, done.output
    asked = ("--from", "05/03/2026 10:00", "--limit", "1 working day", "--database", database_url)
    ends = {}
    for agency in ("H99.41.01", "H99.41.02"):
        code, text = run(*asked, "--json", "--agency", agency)
        assert code == 0, text
        ends[agency] = json.loads(text)["due"]
    assert ends == {
        "H99.41.01": "2026-03-06T11:30:00+07:00",
        "H99.41.02": "2026-03-06T17:00:00+07:00",
    }
    code, text = run(*asked, "--agency", "H99.99")
    assert code == 1
    assert "Không có cơ quan nào có mã «H99.99»" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "hôm qua", "--limit", "1 hour"], "không phải thời điểm"),
        (["--from", "02/03/2026 08:00", "--limit", "một ngày"], "không đọc được"),
        (["--from", "02/03/2026 08:00", "--limit", "3 fortnights"], "không đọc được"),
        (["--from", "02/03/2026 08:00", "--limit", "-3 working days"], "không đọc được"),
        (["--from", "02/03/2026 08:00", "--limit", "1000000000 working days"], "0 đến 10000"),
        ([*ANY, "--pause", "x"], "khoảng thời gian"),
        (["--from", "31/12/9999 08:00", "--limit", "1 hour"], "đến năm 2100"),
        ([*ANY, "--warn", "x"], "Mốc cảnh báo"),
        ([*ANY, "--calendar", "no.csv"], "Không có"),
        ([*ANY, "--agency", "A", "--database", "sqlite:////nowhere/m.db"], "Chưa có cơ sở dữ liệu"),
        ([*ANY, "--agency", "A", "--database", "here"], "địa chỉ cơ sở dữ liệu"),
        ([*ANY, "--pause", "03/03/2026 08:00..02/03/2026 08:00"], "trước khi bắt đầu"),
    ],
)
def test_bad_input_is_a_sentence(arguments: list[str], said: str) -> None:
    """No traceback, a code other than zero."""
    code, text = run(*arguments)
    assert code in (1, 2)
    assert said in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("ngày,loại,làm theo thứ,ca\n01/01/2026..,giờ làm việc,2-6,nghỉ\n", "không có ca làm việc"),
        ("[shifts]\n", "không có ca làm việc"),
    ],
)
def test_a_calendar_without_shifts_is_a_sentence(tmp_path: Path, content: str, said: str) -> None:
    """An office that never works has no deadline."""
    path = tmp_path / ("lich.toml" if content.startswith("[") else "lich.csv")
    path.write_text(content)
    code, text = run(
        "--from", "02/03/2026 08:00", "--limit", "1 working day", "--calendar", str(path)
    )
    assert code == 1
    assert said in text
