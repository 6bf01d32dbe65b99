"""`motcua dry-run`: what it reads, what it prints, how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from webapp.commands.dry_run import dry_run

ROOT = Path(__file__).resolve().parents[2]
VERSION = ROOT / "processes" / "khai-tu-lien-thong" / "2026-09-01"
CASES = ROOT / "tests" / "conformance"
TASK = str(CASES / "tasks" / "answer-data.bpmn")


def call(*arguments: object) -> Result:
    """The command with these arguments."""
    return CliRunner().invoke(dry_run, [str(argument) for argument in arguments])


def told(*arguments: object) -> dict[str, Any]:
    """The command's JSON."""
    answer: dict[str, Any] = json.loads(call(*arguments, "--json").stdout)
    return answer


def test_the_json_has_exactly_the_promised_parts() -> None:
    """Verdict, findings, trace with moments, waiting, data."""
    answer = told(TASK, "--auto", "--data", '{"x": 1}', "--at", "2026-10-05T08:00:00+07:00")
    assert list(answer) == ["verdict", "findings", "trace", "waiting", "data"]
    assert answer["verdict"] == "completed"
    assert answer["trace"] == [
        {"element": key, "type": kind, "at": "2026-10-05T08:00:00+07:00"}
        for key, kind in (
            ("s", "startEvent"),
            ("A", "userTask"),
            ("B", "scriptTask"),
            ("e", "endEvent"),
        )
    ]
    assert answer["data"] == {"x": 1, "y": 2}


def test_without_auto_it_stops_where_a_person_must_act() -> None:
    """Exit 0, and the place is named."""
    result = call(TASK, "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert answer["verdict"] == "waiting"
    assert answer["waiting"] == [{"element": "A", "for": "person", "pool": "process"}]
    assert answer["trace"][0]["at"] == "2026-09-14T09:00:00+07:00"


@pytest.mark.parametrize(
    ("drawing", "verdict", "code"),
    [
        ("tasks/user-task-auto", "completed", 0),
        ("messages/lone-catch", "waiting", 0),
        ("refused/complex-gateway", "refused", 1),
        ("gateways/xor-no-way", "error", 1),
    ],
)
def test_the_exit_code_follows_the_verdict(drawing: str, verdict: str, code: int) -> None:
    """0 completed or waiting, 1 refused or error; with and without JSON."""
    path = CASES / f"{drawing}.bpmn"
    result = call(path, "--auto", "--json")
    assert json.loads(result.stdout)["verdict"] == verdict
    assert result.exit_code == code
    people = call(path, "--auto")
    assert people.exit_code == code
    assert "Traceback" not in people.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("khong-co.bpmn",), "Không đọc được"),
        ((CASES / "gateways",), "Không rõ chạy bức vẽ nào"),
        ((TASK, "--data", "{x"), "không phải JSON"),
        ((TASK, "--data", "[1]"), "bảng JSON"),
        ((TASK, "--data", r'{"x": "\ud800"}'), "không phải JSON"),
        ((TASK, "--data", "@khong-co.json"), "Không đọc được"),
        ((TASK, "--answers", "khong-co.toml"), "Không đọc được"),
        ((TASK, "--at", "mai"), "không phải thời điểm"),
        ((TASK, "--at", "9999-12-30"), "đến năm 2100"),
        ((TASK, "--process", "khong_co"), "khong_co"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_exit_2(
    arguments: tuple[object, ...], sentence: str
) -> None:
    """A missing file, an ambiguous folder, bad JSON, a bad moment, an unknown pool."""
    result = call(*arguments)
    assert result.exit_code == 2
    assert sentence in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[step]\n", "không đọc được"),
        ('step = "x"', "danh sách"),
        ('[[step]]\ntask = "A"\nwhen = "now"', "không biết mục «when»"),
        ('[[step]]\ntask = "A"\nafter = "soon"', "không đúng dạng"),
        ('[[step]]\ntask = "A"\ndata = 3', "data phải là một bảng"),
        ('[[step]]\ntask = "A"\nmessage = "B"', "chỉ ghi một"),
        ('start_at = "mai"', "không phải thời điểm"),
    ],
)
def test_a_bad_scenario_says_what_is_wrong(tmp_path: Path, text: str, sentence: str) -> None:
    """Exit 2 with the file, the step and the fault."""
    path = tmp_path / "kich-ban.toml"
    path.write_text(text, encoding="utf-8")
    result = call(TASK, "--answers", path)
    assert (result.exit_code, "kich-ban.toml" in result.output) == (2, True)
    assert sentence in result.output


def test_answers_may_be_json_and_data_a_file(tmp_path: Path) -> None:
    """--data goes over the scenario's own data."""
    answers = {"data": {"x": 1, "z": 3}, "step": [{"task": "A", "data": {}}]}
    (tmp_path / "a.json").write_text(json.dumps(answers))
    (tmp_path / "d.json").write_text('{"x": 5}')
    answer = told(TASK, "--answers", tmp_path / "a.json", "--data", f"@{tmp_path / 'd.json'}")
    assert (answer["verdict"], answer["data"]) == ("completed", {"x": 5, "y": 6, "z": 3})


def test_an_answer_that_does_not_fit_is_an_error_with_what_is_open(tmp_path: Path) -> None:
    """Without auto the scenario must fit; with auto an unused step is a warning."""
    path = tmp_path / "a.toml"
    path.write_text('[[step]]\ntask = "Z"')
    answer = told(TASK, "--answers", path)
    assert answer["verdict"] == "error"
    assert "đang chờ: A" in answer["findings"][-1]["message"]
    answer = told(TASK, "--answers", path, "--auto")
    assert answer["verdict"] == "completed"
    assert answer["findings"][-1]["rule"] == "answer-unused"


def test_what_a_scenario_expects_is_compared(tmp_path: Path) -> None:
    """Elements reached and not reached, pools ended, tasks open."""
    path = tmp_path / "a.toml"
    path.write_text('[expect]\nreached = ["e"]\nnot_reached = ["s"]\nopen = []')
    answer = told(TASK, "--answers", path)
    assert answer["verdict"] == "error"
    found = [f["message"] for f in answer["findings"] if f["rule"] == "scenario-differs"]
    assert len(found) == 3


@pytest.mark.parametrize(
    "scenario", sorted((VERSION / "scenarios").glob("*.toml")), ids=lambda path: path.stem
)
def test_every_scenario_of_the_procedure_runs_without_a_database(scenario: Path) -> None:
    """The version folder is checked as a procedure, then played to what the scenario expects."""
    answer = told(VERSION, "--answers", scenario)
    assert answer["verdict"] in ("completed", "waiting"), answer["findings"]


def test_the_story_has_dates_limits_and_handoffs() -> None:
    """For people: who receives what, by when, what passes between agencies, how it ends."""
    scenario = VERSION / "scenarios" / "bhxh-chi-tra.toml"
    story = call(VERSION, "--answers", scenario).output
    assert story.startswith("Chạy thử từ thứ Hai 14/09/2026 09:00")
    for words in ("→ hạn", "báo trước", "gửi «", "bắt đầu khi nhận «", "Hoàn tất", "đúng hạn"):
        assert words in story, words


def test_another_pool_may_begin() -> None:
    """--process takes the id of a pool or of its process."""
    path = CASES / "messages" / "process-option.bpmn"
    for name in ("b", "p_b"):
        answer = told(path, "--auto", "--process", name)
        assert [line["element"] for line in answer["trace"]] == ["bs", "W", "be"]


def test_a_moment_beyond_the_calendar_is_waited_for(tmp_path: Path) -> None:
    """No overflow: the timer stays armed and a finding says why."""
    text = (CASES / "timers" / "duration.bpmn").read_text().replace("P1DT2H", "P900Y")
    path = tmp_path / "xa.bpmn"
    path.write_text(text)
    answer = told(path, "--auto")
    assert (answer["verdict"], answer["waiting"][0]["due"][:4]) == ("waiting", "2926")
    assert answer["findings"][-1]["rule"] == "too-far"
    last = text.replace("timeDuration", "timeDate").replace("P900Y", "9999-12-31T23:30:00Z")
    path.write_text(last)
    assert "9999" in call(path, "--auto").output
    assert told(path, "--auto")["waiting"][0]["due"].startswith("9999")
    waits = tmp_path / "cho.toml"
    waits.write_text('[[step]]\nwait = "900000 days"')
    assert "quá năm 2100" in told(path, "--answers", waits)["findings"][-1]["message"]


def test_a_step_may_name_a_receive_task_as_a_task(tmp_path: Path) -> None:
    """The message it waits for arrives with the step's data."""
    path = tmp_path / "a.toml"
    path.write_text('[[step]]\ntask = "R"\ndata = { x = 1 }')
    answer = told(CASES / "messages" / "from-collapsed-pool.bpmn", "--answers", path)
    assert (answer["verdict"], answer["data"]) == ("completed", {"x": 1})


def test_a_folder_of_drawings_calls_from_one_file_to_another(tmp_path: Path) -> None:
    """--process says which drawing of a folder runs; the others are its library."""
    head = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d">'
    whole = (CASES / "calls" / "once.bpmn").read_text()
    cut, end = whole.index('<process id="shared"'), whole.index("</definitions>")
    (tmp_path / "chinh.bpmn").write_text(whole[:cut] + whole[end:])
    (tmp_path / "chung.bpmn").write_text(head + whole[cut:])
    assert call(tmp_path).exit_code == 2
    answer = told(tmp_path, "--process", "process", "--auto")
    assert answer["verdict"] == "completed", answer["findings"]
    assert [line["element"] for line in answer["trace"]] == ["s", "cs", "A", "ce", "C", "B", "e"]
