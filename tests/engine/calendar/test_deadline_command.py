"""The command line tells a limit, in words and in JSON, and refuses with a sentence."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from webapp.commands.deadline import deadline


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and output of ``motcua deadline``."""
    result = CliRunner().invoke(deadline, arguments)
    return result.exit_code, result.output


def test_a_limit_is_told_day_by_day() -> None:
    """Friday 15:01 under the 15:00 rule, across Tết."""
    code, text = run("--from", "13/02/2026 15:01", "--limit", "1 working day", "--after-15h")
    assert code == 0
    assert text.startswith("Tiếp nhận sau 15 giờ")
    assert text.rstrip().endswith("Hạn: 17:00 ngày 24/02/2026 (thứ Ba).")


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
    assert answer["due"] == "2026-03-02T10:45:00+07:00"
    assert answer["limit"] == "2 working hours"
    assert answer["lines"][-1] == "Hạn: 10:45 ngày 02/03/2026 (thứ Hai)."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "hôm qua", "--limit", "1 hour"], "không phải thời điểm"),
        (["--from", "02/03/2026 08:00", "--limit", "một ngày"], "không đọc được"),
        (["--from", "02/03/2026 08:00", "--limit", "1 hour", "--pause", "x"], "khoảng thời gian"),
        (
            [
                "--from",
                "02/03/2026 08:00",
                "--limit",
                "1 hour",
                "--pause",
                "03/03/2026 08:00..02/03/2026 08:00",
            ],
            "trước khi bắt đầu",
        ),
    ],
)
def test_bad_input_is_a_sentence(arguments: list[str], said: str) -> None:
    """No traceback, a code other than zero."""
    code, text = run(*arguments)
    assert code != 0
    assert said in text
    assert "Traceback" not in text
