"""What a form file may be: every shipped form and documented example, and every refusal."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from engine.errors import ModelError
from engine.forms import compile_form, subset
from tests.engine.forms.club import choir, field, form, options

ROOT = Path(__file__).parents[3]
README = (ROOT / "forms" / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
FILES = sorted((ROOT / "forms").rglob("*.json"))


def components_of(example: str) -> list[dict]:
    found = json.loads(example)
    if isinstance(found, list):
        return found
    return found["components"] if found["type"] == "default" else [found]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_guide_compiles(example):
    """What the guide shows can be used as it stands."""
    found = json.loads(example)
    if isinstance(found, dict) and found["type"] == "default":
        compile_form(found, "README.md")
    else:
        form(*components_of(example))


def test_every_allowed_type_and_property_is_documented():
    """A type, rule or property of ours that the guide does not show does not exist for people."""
    shown = {part["type"] for example in EXAMPLES for part in components_of(example)}
    assert shown == set(subset.TYPES)
    ours = {name for names in subset.PROPERTIES.values() for name in names}
    rules = {name for names in subset.RULES.values() for name in names}
    assert {name for name in ours | rules if f"`{name}`" not in README} == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_shipped_form_compiles(path):
    """All forms in forms/ are within the allowed subset and have a heading."""
    found = compile_form(path.read_bytes(), str(path.relative_to(ROOT)))
    assert found.title
    assert found.fields


@pytest.mark.parametrize("version", ["2019-07-01", "2026-09-01"])
def test_the_start_form_has_the_fields_of_the_paper(version):
    """Mẫu 02: requester, deceased, papers, benefits, relatives, payment, results."""
    found = compile_form(
        (ROOT / "forms/khai-tu-lien-thong" / version / "start.json").read_bytes(), "start.json"
    )
    assert found.names == {
        *("nguoi_yeu_cau", "nguoi_chet", "xa_cu_tru", "xa_chet", "xa_huong", "co_thuong_tru"),
        *("giay_bao_tu", "so_giay_bao_tu", "ngay_giay_bao_tu", "noi_cap_giay_bao_tu", "doi_tuong"),
        *("dang_huong_tuat_thang", "huong_tuat_bhxh", "huong_tro_cap_ncc", "so_bhxh"),
        *("noi_dong_bhxh", "so_quyet_dinh_ncc", "muc_tro_cap_ncc", "than_nhan"),
        *("nguoi_nhan_mai_tang", "hinh_thuc_nhan", "so_tai_khoan", "ngan_hang", "nhan_ket_qua"),
        "so_ban_sao",
    }
    people = ["ho_ten", "ngay_sinh", "so_dinh_danh", "noi_cu_tru"]
    requester = [*people, "quan_he", "dien_thoai", "email"]
    deceased = [*people, "gioi_tinh", "dan_toc", "quoc_tich", "ngay_chet", "gio_chet", "noi_chet"]
    assert {f"nguoi_yeu_cau.{key}" for key in requester} <= found.paths
    assert {f"nguoi_chet.{key}" for key in [*deceased, "nguyen_nhan"]} <= found.paths
    assert found.lists == {"xa"}


def test_a_form_tells_what_it_writes_and_what_moves_it():
    """names, paths and dependents come from the JSON alone."""
    found = choir()
    assert found.names == {
        *("nguoi", "biet_not", "so_nam", "thon", "be", "gio", "nhac_cu", "nhac", "ghi_chu")
    }
    assert "nhac.*.ten" in found.paths
    assert found.dependents == {"biet_not", "nhac_cu", "nhac.*.muon"}


def patterned(pattern: str) -> dict:
    return field("textfield", "a", validate={"pattern": pattern})


REFUSED = {
    "unknown type": ([{"type": "filepicker", "id": "x", "key": "x"}], "filepicker"),
    "unknown attribute": ([field("textfield", "a", valuesExpression="=x")], "valuesExpression"),
    "no id": ([{"type": "textfield", "key": "a", "label": "A"}], "id"),
    "same id": ([field("textfield", "a"), {**field("textfield", "b"), "id": "f_a"}], "trùng id"),
    "same key": ([field("textfield", "a"), {**field("textfield", "a"), "id": "y"}], "cùng ghi"),
    "dotted key": ([{**field("textfield", "a"), "key": "a.b"}], "a.b"),
    "control key": ([{**field("textfield", "a"), "key": "__rows"}], "__rows"),
    "no label": ([field("textfield", "a", "")], "nhãn"),
    "expression in label": ([field("textfield", "a", "=b")], "label"),
    "template in label": ([field("textfield", "a", "Chào {{ten}}")], "label"),
    "ask about no option": (
        [field("radio", "a", values=[{"label": "A", "value": "a"}], properties={"ask": "b: Sao?"})],
        "ask «b: Sao?» sai",
    ),
    "markup in text": ([{"type": "text", "id": "t", "text": "<b>x</b>"}], "text"),
    "markdown in text": ([{"type": "text", "id": "t", "text": "**x**"}], "text"),
    "empty text": ([{"type": "text", "id": "t", "text": " "}], "trống"),
    "rule as expression": ([field("number", "a", validate={"min": "=b"})], "min"),
    "unknown rule": ([field("checkbox", "a", validate={"min": 1})], "min"),
    "required is no flag": ([field("checkbox", "a", validate={"required": "yes"})], "required"),
    "phone": ([field("textfield", "a", validate={"validationType": "phone"})], "phone"),
    "pattern with look-ahead": ([patterned("(?=a)")], "pattern"),
    "pattern with property": ([patterned(r"\p{L}")], "pattern"),
    "pattern that may hang": ([patterned("^(a+)+$")], "pattern"),
    "pattern that is broken": ([patterned("(a")], "pattern"),
    "too long": ([field("textfield", "a", validate={"maxLength": 10**6})], "maxLength"),
    "readonly": ([field("textfield", "a", readonly=True)], "readonly"),
    "disabled": ([field("textfield", "a", disabled=True)], "disabled"),
    "date and time": ([field("datetime", "a", subtype="datetime", dateLabel="A")], "subtype"),
    "limit on a time": (
        [field("datetime", "a", subtype="time", timeLabel="A", properties={"notAfter": "today"})],
        "notAfter",
    ),
    "limit on nothing": (
        [field("datetime", "a", dateLabel="A", properties={"notAfter": "b"})], "«b»",
    ),
    "no options": ([field("select", "a")], "values"),
    "two sources": ([field("select", "a", values=options("x"), valuesKey="thon")], "values"),
    "same option": ([field("radio", "a", values=options("x", "x"))], "trùng"),
    "option of no kind": ([field("radio", "a", values=[{"value": {}, "label": "A"}])], "lựa chọn"),
    "exclusive stranger": (
        [field("checklist", "a", values=options("x"), properties={"exclusive": "x, y"})], "«y»",
    ),
    "hideOption on a field": (
        [
            field("checkbox", "b"),
            field("radio", "a", values=options("x"), properties={"hideOption": "x: =b = true"}),
        ],
        "hideOption",
    ),
    "default out of options": ([field("radio", "a", values=options("x"), defaultValue="y")], "y"),
    "default of another type": ([field("number", "a", defaultValue="ba")], "defaultValue"),
    "hide without equals": ([field("textfield", "a", conditional={"hide": "true"})], "dấu ="),
    "hide beyond hide": ([field("textfield", "a", conditional={"show": "=true"})], "hide"),
    "hide that is broken": ([field("textfield", "a", conditional={"hide": "=b ="})], "Điều kiện"),
    "hide of a stranger": ([field("textfield", "a", conditional={"hide": "=zz = 1"})], "«zz»"),
    "this outside a list": ([field("textfield", "a", conditional={"hide": "=this.b = 1"})], "this"),
    "hides itself": ([field("textfield", "a", conditional={"hide": "=a = \"x\""})], "chờ lẫn nhau"),
    "circle": (
        [
            field("textfield", "a", conditional={"hide": "=b = \"x\""}),
            field("textfield", "b", conditional={"hide": "=a = \"x\""}),
        ],
        "chờ lẫn nhau",
    ),
    "group hidden by its child": (
        [{"type": "group", "id": "g", "conditional": {"hide": "=a = true"},
          "components": [field("checkbox", "a")]}],
        "chờ lẫn nhau",
    ),
    "stranger in a group": (
        [
            {"type": "group", "id": "g", "path": "g", "components": [field("checkbox", "a")]},
            field("textfield", "b", conditional={"hide": "=g.c = true"}),
        ],
        "g.c",
    ),
    "columns": ([field("textfield", "a", layout={"columns": 17})], "columns"),
    "list without rows": (
        [{"type": "dynamiclist", "id": "l", "path": "l", "isRepeating": True, "components": []}],
        "trường nào",
    ),
    "list that cannot grow": (
        [{"type": "dynamiclist", "id": "l", "path": "l", "components": [field("checkbox", "a")]}],
        "isRepeating",
    ),
    "list in a list": (
        [{"type": "dynamiclist", "id": "l", "path": "l", "isRepeating": True, "components": [
            {"type": "dynamiclist", "id": "m", "path": "m", "isRepeating": True,
             "components": [field("checkbox", "a")]}]}],
        "danh sách",
    ),
    "more rows at least than at most": (
        [{"type": "dynamiclist", "id": "l", "path": "l", "isRepeating": True,
          "properties": {"minRows": "3", "maxRows": "2"}, "components": [field("checkbox", "a")]}],
        "maxRows",
    ),
    "unknown property": ([field("textfield", "a", properties={"colour": "red"})], "colour"),
    "component that is no object": (["x"], "đối tượng"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_listed_is_refused_with_a_cure(name):
    """A refusal names the file and what is wrong, and says what to do."""
    components, word = REFUSED[name]
    with pytest.raises(ModelError) as caught:
        form(*components)
    assert word in caught.value.message
    assert caught.value.file == "thu.json"
    assert caught.value.cure.endswith(".")


@pytest.mark.parametrize("source", [b"", b"[]", b"{", b"\xff", b'{"type": "default"}', b"[" * 5000])
def test_a_file_that_is_no_form_is_refused(source):
    """Broken JSON and other documents are a sentence, never a traceback."""
    with pytest.raises(ModelError):
        compile_form(source, "thu.json")
