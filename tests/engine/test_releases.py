"""Publishing: the same files are one release, a broken folder is refused and changes nothing."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from engine.catalog import releases
from engine.catalog.models import ReleaseRow
from engine.db import writing
from engine.errors import ModelError, NotFound
from tests.engine.clubhouse import FOLDER, MONDAY, Clubhouse


def _replace(name: str, old: str, new: str):
    def act(folder: Path) -> None:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return act


BROKEN = {
    "no picture": (lambda f: (f / "process.bpmn").unlink(), "process.bpmn"),
    "no procedure.toml": (lambda f: (f / "procedure.toml").unlink(), "procedure.toml"),
    "not UTF-8": (lambda f: (f / "procedure.toml").write_bytes(b"\xff\xfe"), "UTF-8"),
    "not TOML": (_replace("procedure.toml", "key =", "key"), "TOML"),
    "no key": (_replace("procedure.toml", "key =", "khoa ="), "key"),
    "bad promise": (_replace("procedure.toml", 'xa = \\"31002\\"', "xa =="), "promise"),
    "cut picture": (_replace("process.bpmn", "</bpmn:definitions>", ""), "process.bpmn"),
    "foreign condition": (_replace("process.bpmn", 'ket_qua = "tu-choi"', "${a}"), "f_tu_choi"),
    "form missing": (lambda f: (f / "forms" / "cap_the.json").unlink(), "cap_the"),
    "form of no task": (
        lambda f: shutil.copy(f / "forms" / "cap_the.json", f / "forms" / "la.json"),
        "la.json",
    ),
    "form not JSON": (_replace("forms/cap_the.json", '"components"', "components"), "cap_the"),
    "field not allowed": (_replace("forms/cap_the.json", '"textfield"', '"iframe"'), "so_the"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_folder_is_refused_by_name(club: Clubhouse, tmp_path: Path, case: str) -> None:
    folder = tmp_path / "hoi-vien" / "2026-01-01"
    shutil.copytree(FOLDER, folder)
    spoil, named = BROKEN[case]
    spoil(folder)
    with writing(), club.sessions() as session:
        with pytest.raises(ModelError) as refusal:
            releases.publish_folder(session, folder, folder / "forms", MONDAY)
        session.commit()
        assert named in refusal.value.message
        assert refusal.value.cure
        assert session.scalar(select(func.count()).select_from(ReleaseRow)) == 1


def test_a_refusal_carries_everything_that_was_found(club: Clubhouse, tmp_path: Path) -> None:
    folder = tmp_path / "hoi-vien" / "2026-01-01"
    shutil.copytree(FOLDER, folder)
    for case in ("bad promise", "field not allowed"):
        BROKEN[case][0](folder)
    with writing(), club.sessions() as session, pytest.raises(ModelError) as refusal:
        releases.publish_folder(session, folder, folder / "forms", MONDAY)
    found = refusal.value.details["findings"]
    assert {one["rule"] for one in found if one["severity"] == "error"} >= {"form", "promise"}
    assert refusal.value.rule == next(one["rule"] for one in found)


def test_drawings_and_tables_beside_the_picture_are_published_with_it(
    club: Clubhouse, tmp_path: Path
) -> None:
    """They are part of the digest: what a version calls cannot change under it."""
    folder = tmp_path / "hoi-vien" / "2020-01-01"
    shutil.copytree(FOLDER, folder)
    called = (
        '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="phu" '
        'targetNamespace="phu"><bpmn:process id="in_the" isExecutable="true">'
        '<bpmn:startEvent id="bd"><bpmn:outgoing>h1</bpmn:outgoing></bpmn:startEvent>'
        '<bpmn:endEvent id="kt"><bpmn:incoming>h1</bpmn:incoming></bpmn:endEvent>'
        '<bpmn:sequenceFlow id="h1" sourceRef="bd" targetRef="kt" /></bpmn:process>'
        "</bpmn:definitions>"
    )
    (folder / "in-the.bpmn").write_text(called, encoding="utf-8")
    _replace("process.bpmn", 'targetRef="gui_the" />', 'targetRef="in" />')(folder)
    _replace(
        "process.bpmn",
        '<bpmn:endEvent id="gui_the" name="Gửi thẻ"><bpmn:incoming>g2</bpmn:incoming>',
        '<bpmn:callActivity id="in" name="In thẻ" calledElement="in_the"><bpmn:incoming>g2'
        "</bpmn:incoming><bpmn:outgoing>g3</bpmn:outgoing></bpmn:callActivity>"
        '<bpmn:sequenceFlow id="g3" sourceRef="in" targetRef="gui_the" />'
        '<bpmn:endEvent id="gui_the" name="Gửi thẻ"><bpmn:incoming>g3</bpmn:incoming>',
    )(folder)
    with writing(), club.sessions() as session:
        row = releases.publish_folder(session, folder, folder / "forms", MONDAY)
        assert "bd" in releases.load(session, row.id).model.elements
        (folder / "in-the.bpmn").write_text(called.replace('id="bd"', 'id="bd" name="A"'))
        other = releases.publish_folder(session, folder, folder / "forms", MONDAY)
        assert other.digest != row.digest


def test_the_same_files_are_the_same_release(club: Clubhouse) -> None:
    with writing(), club.sessions() as session:
        again = releases.publish_folder(session, FOLDER, FOLDER / "forms", MONDAY)
        assert again.id == club.release_id


def test_a_dossier_finishes_under_the_version_it_was_accepted_under(
    club: Clubhouse, tmp_path: Path
) -> None:
    folder = tmp_path / "hoi-vien" / "2026-11-18"
    shutil.copytree(FOLDER, folder)
    _replace("procedure.toml", "2020-01-01", "2026-11-18")(folder)
    _replace("process.bpmn", 'name="Xét đơn"', 'name="Xét đơn mới"')(folder)
    code = club.open()
    with writing(), club.sessions() as session:
        releases.publish_folder(session, folder, folder / "forms", MONDAY)
        session.commit()
        assert releases.in_force(session, "hoi-vien", date(2026, 11, 17)).version == "2020-01-01"
        assert releases.in_force(session, "hoi-vien", date(2026, 11, 18)).version == "2026-11-18"
        with pytest.raises(NotFound, match="01/01/2019"):
            releases.in_force(session, "hoi-vien", date(2019, 1, 1))
    club.complete("an", club.task(code, "xet_don"), MONDAY, ket_qua="nhan")
    club.complete("giang", club.task(code, "cap_the"), MONDAY, so_the="123456")
    assert club.complete("an", club.task(code, "tra_the"), MONDAY)["ended"]
