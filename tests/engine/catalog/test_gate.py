"""The gate of a procedure folder: each rule has its examples, and all findings come at once."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from engine.catalog.drawing import CAUSES
from engine.catalog.folder import MAX_FILE, read_folder, read_scenarios
from engine.catalog.gate import inspect_files, inspect_folder
from engine.dossiers import step_limits
from engine.errors import ModelError
from engine.findings import RULES, Finding
from tests.engine.clubhouse import FOLDER
from webapp.scenarios import play_folder

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "tests" / "gate" / "examples"
BUNDLED = sorted(path.parent for path in (ROOT / "processes").glob("*/*/process.bpmn"))
SMALL = EXAMPLES / "no-limit" / "passes"


def small(**changed: Callable[[str], str]) -> dict[str, str]:
    """The files of a small procedure that passes, some changed: names without their ending."""
    files = {**read_folder(SMALL, SMALL / "forms"), **read_scenarios(SMALL)}
    for short, change in changed.items():
        name = next(name for name in files if Path(name).stem == short)
        before, files[name] = files[name], change(files[name])
        assert files[name] != before
    return files


def swap(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


def rules(found: list[Finding]) -> set[str]:
    return {finding.rule for finding in found}


@pytest.mark.parametrize("rule", sorted(r.id for r in RULES.values() if r.group == "procedure"))
def test_a_rule_has_its_examples(rule: str) -> None:
    fails, passes = EXAMPLES / rule / "fails", EXAMPLES / rule / "passes"
    bad = inspect_folder(fails, fails / "forms", play=play_folder)
    assert {name for name in rules(bad) if RULES[name].group == "procedure"} == {rule}
    assert all(finding.message and finding.cure for finding in bad)
    play = play_folder if rule == "scenario-fails" else None
    assert inspect_folder(passes, passes / "forms", play=play) == []


@pytest.mark.parametrize("folder", [*BUNDLED, FOLDER], ids=lambda p: f"{p.parent.name}/{p.name}")
def test_our_own_procedures_pass(folder: Path) -> None:
    forms = ROOT / "forms" / folder.parent.name / folder.name
    assert inspect_folder(folder, forms if forms.exists() else folder / "forms") == []


def test_everything_is_found_at_once() -> None:
    files = small(
        procedure=swap("9.000002", "?"),
        process=lambda t: t.replace('value="mot-cua"', 'value="mot-cuaa"').replace(
            "xa_cu_tru", "x"
        ),
        duoc=swap("30 minutes", "nửa giờ"),
        xet=swap('"radio"', '"iframe"'),
    )
    found = inspect_files(files, "vi-du/2026-01-01")
    assert rules(found) == {"procedure-codes", "lane-role", "scenario", "form"}
    cure = next(finding.cure for finding in found if finding.rule == "lane-role")
    assert cure == "Có phải «mot-cua»?"


def test_a_form_that_cannot_be_read_does_not_make_its_fields_unknown() -> None:
    found = inspect_files(small(xet=lambda text: "{"), "vi-du/2026-01-01")
    assert rules(found) == {"form"}


def test_a_picture_that_cannot_be_read_hides_nothing_else() -> None:
    files = small(process=lambda text: text[:-40], procedure=swap("NĐ-CP", ""))
    assert {"not-xml", "legal-basis"} <= rules(inspect_files(files, "vi-du/2026-01-01"))


def test_what_the_legal_clock_reads_is_what_the_gate_lets_through() -> None:
    limit = '<spiffworkflow:property name="no-limit-reason"'
    known = {
        "warn": ("24 hours or 20 %", "sớm"), "escalate-after": ("2 working hours", "lát nữa"),
        "escalate-to": ("truong-don-vi, kiem-soat", "truong-don-vi, truong-don-vi"),
        "pause-cause": ("vneid", "khac"),
    }  # fmt: skip
    for name, (good, bad) in known.items():
        for value, ok in ((good, True), (bad, False)):
            added = f'<spiffworkflow:property name="{name}" value="{value}" />{limit}'
            found = inspect_files(small(process=swap(limit, added)), "a/b")
            assert (found == []) == ok, (name, value)
    status = '<spiffworkflow:property name="portal-status" value="10"'
    for value, ok in (("false", True), ("không", False)):
        added = f'<spiffworkflow:property name="follows-pauses" value="{value}" />{status}'
        assert (inspect_files(small(process=swap(status, added)), "a/b") == []) == ok
    for line, ok in (('warn = "20 %"', True), ('escalate_after = "mai"', False)):
        files = small(procedure=swap("[facts]", f"{line}\n[facts]"))
        assert (inspect_files(files, "a/b") == []) == ok
    assert frozenset(step_limits.CAUSES) == CAUSES


def test_a_called_process_is_looked_at_as_part_of_its_caller() -> None:
    """Its tasks have forms and limits, and its conditions read what the caller's agency knows."""
    called = (
        '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="phu" '
        'targetNamespace="phu"><bpmn:process id="phu_p" isExecutable="true">'
        '<bpmn:startEvent id="bd" /><bpmn:userTask id="ghi" name="Ghi sổ" />'
        '<bpmn:exclusiveGateway id="re" default="h3" /><bpmn:endEvent id="mot" />'
        '<bpmn:endEvent id="hai" /><bpmn:sequenceFlow id="h1" sourceRef="bd" targetRef="ghi" />'
        '<bpmn:sequenceFlow id="h2" sourceRef="ghi" targetRef="re" />'
        '<bpmn:sequenceFlow id="h3" sourceRef="re" targetRef="mot" />'
        '<bpmn:sequenceFlow id="h4" sourceRef="re" targetRef="hai"><bpmn:conditionExpression>'
        "so_la > 1</bpmn:conditionExpression></bpmn:sequenceFlow></bpmn:process></bpmn:definitions>"
    )
    call = '<bpmn:callActivity id="goi" name="Gọi" calledElement="phu_p" />'
    call += '<bpmn:sequenceFlow id="f9" sourceRef="goi" targetRef="xong" /><bpmn:endEvent id="xong"'

    def change(text: str) -> str:
        text = text.replace('sourceRef="gw" targetRef="xong"', 'sourceRef="gw" targetRef="goi"')
        text = text.replace("<bpmn:incoming>f3</bpmn:incoming>", "")
        text = text.replace(
            "<bpmn:flowNodeRef>xong",
            "<bpmn:flowNodeRef>goi</bpmn:flowNodeRef><bpmn:flowNodeRef>xong",
        )
        return text.replace('<bpmn:endEvent id="xong"', call)

    files = small(process=change) | {"phu.bpmn": called}
    found = inspect_files(files, "a/b")
    assert {(f.rule, f.element) for f in found} == {("task-form", "ghi"), ("no-limit", "ghi")}
    files["forms/ghi.json"] = files["forms/xet.json"].replace('"xet"', '"ghi"')
    found = inspect_files(files, "a/b")
    assert {(f.rule, f.element) for f in found} == {("unknown-field", "h4"), ("no-limit", "ghi")}


def test_what_has_no_meaning_is_warned_of() -> None:
    files = small(
        process=swap('name="portal-status" value="10"', 'name="portal-statu" value="10"'),
        procedure=swap('key = "vi-du"', 'key = "vi-du"\nvalid_form = 1'),
    )
    found = inspect_files(files, "vi-du/2026-02-02")
    assert {(f.severity, f.rule) for f in found} == {
        ("warning", "property"),
        ("warning", "procedure-facts"),
        ("warning", "procedure-dates"),
    }
    assert any("portal-status" in finding.cure for finding in found)


def test_fields_inside_objects_are_looked_up() -> None:
    group = (
        '{ "type": "group", "id": "g", "label": "Người", "path": "nguoi", "components": ['
        ' { "type": "textfield", "id": "f_t", "key": "ten", "label": "Tên" } ] }, '
    )
    start = swap('"components": [\n', f'"components": [\n{group}')
    for path, known in (("nguoi.ten", True), ("nguoi.tuoi", False), ("nguoi", True)):
        files = small(start=start, process=swap('ket_qua = "tu-choi"', f'{path} = "tu-choi"'))
        found = [f for f in inspect_files(files, "vi-du/2026-01-01") if f.rule == "unknown-field"]
        assert [finding.element for finding in found] == ([] if known else ["f4"]), path


@pytest.mark.parametrize(
    ("condition", "wrong"),
    [
        ('ket_qua = "tu-choi"', []), ('ket_qua != "tu-chối"', ["tu-chối"]),
        ('"huy" = ket_qua or ket_qua = null', ["huy"]), ('ket_qua in ("duoc", "bo")', ["bo"]),
        ('ket_qua in ["bo", "duoc"]', ["bo"]), ('list contains(ket_qua, "bo")', ["bo"]),
        ('ho_ten = "Ai cũng được"', []), ('xa_cu_tru = "31009"', []),
    ],
)  # fmt: skip
def test_values_nobody_can_choose(condition: str, wrong: list[str]) -> None:
    files = small(process=swap('ket_qua = "tu-choi"', f"<![CDATA[({condition}) = true]]>"))
    found = [f for f in inspect_files(files, "a/b") if f.rule == "unknown-value"]
    assert [f"«{value}»" for value in wrong] == [
        f.message.split(" với ")[1].split(",")[0] for f in found
    ]


def test_values_in_tables_and_facts() -> None:
    table = (EXAMPLES / "dmn-values" / "passes.dmn").read_text()
    table = table.replace("<text>cap</text>", "<text>ket_qua</text>").replace("inputValues", "khac")
    files = small(procedure=swap("ho_ten != null", "xa_cu_tru = 1 or ket_qua = null"))
    files["bang.dmn"] = table
    found = [f for f in inspect_files(files, "a/b") if f.rule == "unknown-value"]
    assert {(f.file, f.element) for f in found} == {
        ("a/b/bang.dmn", "dong_1"),
        ("a/b/bang.dmn", "dong_2"),
    }


def test_what_a_form_takes_from_the_dossier_is_known_to_its_agency() -> None:
    inputs = swap('"title": "Xét hồ sơ"', '"title": "Xét hồ sơ", "inputs": "ho_ten, ho_tenn"')
    found = inspect_files(small(xet=inputs), "vi-du/2026-01-01")
    assert [(f.rule, f.element, f.cure) for f in found] == [
        ("unknown-field", "xet", "Có phải «ho_ten»?")
    ]


def test_scenarios_are_played_only_when_nothing_else_is_wrong(tmp_path: Path) -> None:
    played: list[Path] = []

    def play(folder: Path, forms: Path) -> list[tuple[str, list[str]]]:
        played.append(folder)
        return [("duoc", ["chưa qua xong"]), ("khac", [])]

    folder = tmp_path / "vi-du" / "2026-01-01"
    shutil.copytree(SMALL, folder)
    found = inspect_folder(folder, folder / "forms", play=play)
    assert [(f.rule, f.file, f.message) for f in found] == [
        ("scenario-fails", "vi-du/2026-01-01/scenarios/duoc.toml", "chưa qua xong")
    ]
    (folder / "forms" / "xet.json").unlink()
    assert rules(inspect_folder(folder, folder / "forms", play=play)) == {"task-form"}
    assert played == [folder]


def test_found_once_told_as_often_as_asked() -> None:
    files = small(procedure=swap("9.000002", "?"))
    first = inspect_files(files, "vi-du/2026-01-01")
    told = list(first)
    first.clear()
    assert inspect_files(dict(files), "vi-du/2026-01-01") == told
    other = inspect_files(files, "vi-du/2026-01-02")
    assert {finding.file for finding in other} == {"vi-du/2026-01-02/procedure.toml"}


STRANGE = ['""', "5", "true", "[]", "[1]", "{}", "[{}]", '["x"]', "2026-01-01", "{ a = { b = 1 } }"]
KEYS = ["key", "title", "valid_from", "valid_to", "codes", "legal_basis", "facts", "papers"]
KEYS += ["promise", "roles", "kinds", "short_title"]


@pytest.mark.parametrize("key", KEYS)
def test_no_value_in_procedure_toml_breaks_the_gate(key: str) -> None:
    rest = 'key = "a"\ntitle = "A"\nvalid_from = 2026-01-01\n'
    for value in STRANGE:
        lines = [line for line in rest.splitlines() if not line.startswith(f"{key} =")]
        text = "\n".join([*lines, f"{key} = {value}"])
        found = inspect_files(small(procedure=lambda _, text=text: text), "a/b")
        assert found, value
        with pytest.raises(ModelError):
            raise_first(found)


def raise_first(found: list[Finding]) -> None:
    from engine.catalog.gate import refuse_errors

    refuse_errors(found)


@pytest.mark.parametrize("key", ["title", "start_at", "data", "step", "expect", "covers"])
def test_no_value_in_a_scenario_breaks_the_gate(key: str) -> None:
    for value in STRANGE:
        text = f"{key} = {value}\n"
        assert rules(inspect_files(small(duoc=lambda _, text=text: text), "a/b")) == {"scenario"}
    for part in ("task = 5", 'data = 5\ntask = "xet"', "wait = 5", "pool = []", "after = {}"):
        text = f"[[step]]\n{part}\n[expect]\nreached = 5\nopen = [5]\nstatus = []\n"
        assert rules(inspect_files(small(duoc=lambda _, text=text: text), "a/b")) == {"scenario"}


@pytest.mark.parametrize("text", ["", "5", "[]", "{}", '"x"', "[" * 5000, '{"type": "default"}'])
def test_no_form_breaks_the_gate(text: str) -> None:
    assert rules(inspect_files(small(xet=lambda _: text), "a/b")) == {"form"}


def test_no_damage_to_a_picture_breaks_the_gate() -> None:
    """Elements, attributes and values taken away or swapped: always a list of findings."""
    folder = EXAMPLES / "handoff-fields" / "passes"
    files = {**read_folder(folder, folder / "forms"), **read_scenarios(folder)}
    source, dice = files["process.bpmn"].encode(), random.Random(3)
    for _ in range(150):
        root = etree.fromstring(source)
        for _ in range(dice.randint(1, 3)):
            node = dice.choice([n for n in root.iter() if n.getparent() is not None])
            change = dice.randint(0, 2)
            if change == 0:
                node.getparent().remove(node)
            elif change == 1 and node.attrib:
                del node.attrib[dice.choice(list(node.attrib))]
            elif node.attrib:
                name = dice.choice(list(node.attrib))
                node.attrib[name] = dice.choice(["", "xet", "gw", "?", "x.y", "1 day", "xa"])
        files["process.bpmn"] = etree.tostring(root).decode()
        found = inspect_files(files, "a/b")
        assert all(finding.rule in RULES for finding in found)
        assert "internal" not in rules(found)


@pytest.mark.parametrize("odd", ["folder", "dangling", "pipe", "latin", "large"])
@pytest.mark.parametrize("name", ["forms/xet.json", "scenarios/duoc.toml", "bang.dmn"])
def test_no_odd_thing_in_a_folder_breaks_the_gate(tmp_path: Path, name: str, odd: str) -> None:
    """A folder, a link to nothing, a pipe, another encoding, too much: one finding, no hang."""
    version = tmp_path / "vi-du" / "2026-01-01"
    shutil.copytree(SMALL, version)
    place = version / name
    place.unlink(missing_ok=True)
    if odd == "folder":
        place.mkdir()
    elif odd == "dangling":
        place.symlink_to(version / "khong-co")
    elif odd == "pipe":
        os.mkfifo(place)
    elif odd == "latin":
        place.write_bytes(b"\xe9\xff")
    else:
        with place.open("wb") as file:
            file.truncate(MAX_FILE + 1)
    found = inspect_folder(version, version / "forms")
    unread = odd not in ("latin", "large") and name == "bang.dmn"  # only regular files are tables
    assert rules(found) == (set() if unread else {"procedure-files"})
    assert all(finding.message and finding.cure for finding in found)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("procedure", "a = " + "9" * 5_000),
        ("duoc", "a = " + "9" * 5_000),
        ("procedure", "a = " + "[" * 5_000),
        ("xet", '{"components": [{"id": "a", "type": {"a": 1}}]}'),
        ("xet", '{"components": [{"id": "a", "type": "text", "layout": 5}]}'),
        ("xet", '{"components": [{"id": "a", "type": "number", "key": "b", "appearance": [1]}]}'),
    ],
)
def test_values_that_a_reader_of_files_trips_over_end_in_a_sentence(file: str, text: str) -> None:
    """Numbers of thousands of digits, nesting, a type that is an object."""
    found = inspect_files(small(**{file: lambda _: text}), "vi-du/2026-01-01")
    assert any(finding.severity == "error" for finding in found)
    assert all(finding.message and finding.cure for finding in found)
    assert "internal" not in rules(found)


def test_a_condition_in_procedure_toml_that_is_no_text() -> None:
    """Told, not tripped over."""
    wrong = swap('required_when = "ho_ten != null"', "required_when = [1]")
    assert "papers" in rules(inspect_files(small(procedure=wrong), "x/y"))
    for wrong in ('pools = ["khong_co"]', 'pools = "ubnd_xa"'):
        given = swap('required_when = "ho_ten != null"', wrong)
        assert "papers" in rules(inspect_files(small(procedure=given), "x/y"))


@pytest.mark.parametrize(
    ("condition", "clash"),
    [
        ('=ket_qua = "tu-choi"', False),
        ('=ket_qua = "tu choi"', True),
        ("=ket_qua = 1", True),
        ("=ket_qua", True),
        ("=ket_qua = null", False),
        ('=count(ket_qua) > 1 or ket_qua in ("duoc", "x")', True),
    ],
)
def test_a_condition_of_a_form_that_never_fits_its_fields(condition: str, clash: bool) -> None:
    """The kinds of its own fields and the values of their choices."""
    field = {"type": "textfield", "id": "f_ly_do", "key": "ly_do", "label": "Lý do"}
    more = json.dumps({**field, "conditional": {"hide": condition}})
    found = inspect_files(small(xet=swap('"components": [', f'"components": [ {more},')), "x/y")
    assert rules(found) == ({"type-clash"} if clash else set())
    assert all(f.element == "f_ly_do" and f.severity == "error" for f in found)


def test_a_condition_of_procedure_toml_that_never_fits_the_opening_form() -> None:
    """The same for papers and promises."""
    found = inspect_files(small(procedure=swap('"ho_ten != null"', '"ho_ten > 5"')), "x/y")
    assert [(f.rule, f.element) for f in found] == [("type-clash", "papers 1")]
