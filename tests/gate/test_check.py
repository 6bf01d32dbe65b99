"""``motcua check``: exit codes, JSON, folders, what cannot be read, and what it imports."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.findings import RULES
from webapp.commands.check import check

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EXAMPLES = HERE / "examples"
CLEAN = EXAMPLES / "service-task" / "passes.bpmn"
FAULTY = EXAMPLES / "service-task" / "fails.bpmn"
WARNED = EXAMPLES / "executable-missing" / "fails.bpmn"
TABLE = EXAMPLES / "dmn-overlap" / "fails.dmn"


def run(*arguments: object) -> Result:
    """The command in this process."""
    return CliRunner().invoke(check, [str(argument) for argument in arguments])


def told(*arguments: object) -> Any:
    """What it says as JSON."""
    return json.loads(run(*arguments, "--json").stdout)


def test_a_clean_file() -> None:
    """Exit code 0 and one line."""
    result = run(CLEAN)
    assert result.exit_code == 0
    assert f"{CLEAN}: đạt" in result.stdout
    assert told(CLEAN) == [{"file": str(CLEAN), "ok": True, "findings": []}]


def test_a_faulty_file() -> None:
    """Exit code 1; the finding has exactly these keys."""
    result = run(FAULTY, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == [
        {
            "file": str(FAULTY),
            "ok": False,
            "findings": [
                {
                    "rule": "service-task",
                    "severity": "error",
                    "element": "A",
                    "message": "Service Task không chạy được.",
                    "cure": "Hãy gửi thông điệp tới một pool đối tác, hoặc dùng Script Task.",
                }
            ],
        }
    ]
    lines = run(FAULTY).stdout.splitlines()
    assert lines[1].strip().startswith("LỖI [service-task] «A»")
    assert lines[2].strip().startswith("→ ")
    assert lines[-1] == "1 tệp: 1 lỗi, 0 lưu ý."


def test_warnings_alone_are_clean() -> None:
    """A bare file that says nothing of isExecutable runs."""
    assert run(WARNED).exit_code == 0
    (only,) = told(WARNED)
    assert (only["ok"], only["findings"][0]["severity"]) == (True, "warning")


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_what_cannot_be_read_is_told_and_the_rest_checked(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    """Exit code 2, whatever else is found."""
    paths = [FAULTY, tmp_path / "không-có.bpmn", CLEAN]
    result = run(*(paths[i] for i in order), "--json")
    assert result.exit_code == 2
    rules = {r["file"]: [f["rule"] for f in r["findings"]] for r in json.loads(result.stdout)}
    assert rules == {str(paths[0]): ["service-task"], str(paths[1]): ["unreadable"], str(CLEAN): []}


def test_neither_a_pipe_nor_a_folder_without_drawings_is_waited_for(tmp_path: Path) -> None:
    """Both are unreadable."""
    pipe, empty = tmp_path / "pipe.bpmn", tmp_path / "empty"
    os.mkfifo(pipe)
    empty.mkdir()
    assert run(pipe).exit_code == run(empty).exit_code == 2


def test_a_folder_of_loose_files(tmp_path: Path) -> None:
    """Each is checked by itself, at any depth."""
    (tmp_path / "sâu").mkdir()
    (tmp_path / "a.bpmn").write_bytes(CLEAN.read_bytes())
    (tmp_path / "sâu" / "b.bpmn").write_bytes(FAULTY.read_bytes())
    (tmp_path / "sâu" / "c.dmn").write_bytes(TABLE.read_bytes())
    (tmp_path / "readme.txt").write_text("no drawing")
    results = {Path(r["file"]).name: r["ok"] for r in told(tmp_path)}
    assert results == {"a.bpmn": True, "b.bpmn": False, "c.dmn": False}


def test_a_version_folder_is_checked_as_a_procedure(tmp_path: Path) -> None:
    """What a bare drawing may leave out, a procedure may not."""
    version = tmp_path / "processes" / "thu" / "2026-01-01"
    version.mkdir(parents=True)
    (version / "process.bpmn").write_bytes(CLEAN.read_bytes())
    for path in (version, tmp_path, tmp_path / "processes"):
        results = told(path)
        assert not all(result["ok"] for result in results)
        assert {Path(r["file"]).name for r in results} >= {"process.bpmn"}
    assert told(version / "process.bpmn")[0]["ok"]


def test_findings_in_forms_name_the_file_beside_the_processes() -> None:
    """The path can be opened from where the command was given."""
    folder = EXAMPLES / "form" / "fails"
    named = [r["file"] for r in told(folder) if r["findings"]]
    assert named
    assert all(Path(file).exists() for file in named)


def test_a_drawing_uses_the_tables_beside_it(tmp_path: Path) -> None:
    """A decision that stands in a file of the same folder is not missing."""
    drawing = (EXAMPLES / "decision-missing" / "fails.bpmn").read_text()
    table = (EXAMPLES / "dmn-overlap" / "passes.dmn").read_text()
    decision = re.search(r'<decision id="(\w+)"', table)
    assert decision is not None
    called = (
        '<extensionElements><x:calledDecisionId xmlns:x="http://spiffworkflow.org/bpmn/schema/1.0/'
        f'core">{decision[1]}</x:calledDecisionId></extensionElements>'
    )
    drawing = drawing.replace(
        '<businessRuleTask id="A"/>', f'<businessRuleTask id="A">{called}</businessRuleTask>'
    )
    (tmp_path / "a.bpmn").write_text(drawing)
    assert [f["rule"] for f in told(tmp_path / "a.bpmn")[0]["findings"]] == ["decision-missing"]
    (tmp_path / "d.dmn").write_text(table)
    (tmp_path / "other.dmn").write_text("broken, and not asked for")
    assert told(tmp_path / "a.bpmn")[0]["ok"]


def test_the_rules_as_a_table() -> None:
    """Every declared rule, once."""
    result = run("--rules")
    assert result.exit_code == 0
    assert all(result.stdout.count(f"| `{rule}` |") == 1 for rule in RULES)


def test_nothing_to_check_is_a_usage_error() -> None:
    """Click's own exit code for it."""
    assert run().exit_code == 2


def test_a_bare_check_needs_no_web_and_no_database() -> None:
    """Neither is imported, so that the command starts at once."""
    program = (
        "import sys; from webapp.commands.check import check\n"
        f"try: check([{str(CLEAN)!r}])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert not {'flask', 'sqlalchemy', 'rq', 'redis'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def test_the_bundled_procedures_are_clean() -> None:
    """All rules, scenarios played."""
    result = run(ROOT / "processes")
    assert result.exit_code == 0, result.stdout
    assert result.stdout.endswith("2 tệp: 0 lỗi, 0 lưu ý.\n")
