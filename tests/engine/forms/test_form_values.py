"""What each field type takes, what it gives back, and the sentence when it refuses."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Invalid
from tests.engine.forms.club import LISTS, TODAY, choir, field, form, options


def accepted(component: dict, typed: object) -> object:
    return form(component).validate({component["key"]: typed}, TODAY, LISTS)[component["key"]]


def refusal(component: dict, typed: object) -> str:
    with pytest.raises(Invalid) as caught:
        form(component).validate({component["key"]: typed}, TODAY, LISTS)
    (sentences,) = caught.value.errors.values()
    (sentence,) = sentences
    assert sentence.startswith(f"«{component.get('dateLabel', component['label'])}»")
    assert sentence.endswith(".")
    return sentence


DAY = field("datetime", "a", subtype="date", dateLabel="Ngày chết")
TIME = field("datetime", "a", "Giờ", subtype="time")
NEEDED = {"required": True}
WHOLE = field("number", "a", "Số bản", decimalDigits=0, validate={"min": 0, "max": 50})
CODE = field(
    "textfield", "a", "Số định danh cá nhân", validate={"pattern": "^[0-9]{12}$"},
    properties={"patternErrorMessage": "phải gồm 12 chữ số"},
)  # fmt: skip


@pytest.mark.parametrize(
    ("component", "typed", "value"),
    [
        (DAY, "05/06/2026", "2026-06-05"),
        (DAY, " 5/6/2026 ", "2026-06-05"),
        (DAY, "5-6-2026", "2026-06-05"),
        (DAY, "5.6.2026", "2026-06-05"),
        (DAY, "2026-06-05", "2026-06-05"),
        (DAY, "29/02/2024", "2024-02-29"),
        (DAY, "", None),
        (DAY, None, None),
        (TIME, "7:05", "07:05"),
        (TIME, "07h05", "07:05"),
        (TIME, "7 giờ", "07:00"),
        (TIME, "23:59", "23:59"),
        (WHOLE, "12", 12),
        (WHOLE, 12.0, 12),
        (WHOLE, "0", 0),
        (WHOLE, " ", None),
        (field("number", "a"), "2.530.000", 2530000),
        (field("number", "a"), "1,5", 1.5),
        (field("number", "a"), "-1.234,5", -1234.5),
        (field("number", "a"), 0.1, 0.1),
        (CODE, " 001200300400 ", "001200300400"),
        (field("textfield", "a"), "một\thai\nba", "một hai ba"),
        (field("textarea", "a"), "một\r\nhai", "một\nhai"),
        (field("checkbox", "a"), "true", True),
        (field("checkbox", "a"), None, False),
        (field("checklist", "a", values=options("x", "y")), ["y", "x", "x"], ["x", "y"]),
        (field("checklist", "a", values=options("x", "y")), "x", ["x"]),
        (field("checklist", "a", values=options("x", "y")), None, []),
        (field("radio", "a", values=options(True, False)), "false", False),
        (field("radio", "a", values=options(True, False)), False, False),
        (field("radio", "a", values=options(1, 2)), "2", 2),
        (field("select", "a", valuesKey="thon"), "t2", "t2"),
        (field("textfield", "a", validate={"validationType": "email"}), "a@vidu.vn", "a@vidu.vn"),
    ],
)
def test_input_is_taken_in_as_people_write_it(component, typed, value):
    """dd/mm/yyyy, Vietnamese numbers, HTML's words for true: one JSON value out."""
    found = accepted(component, typed)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("component", "typed", "words"),
    [
        (DAY, "31/02/2026", "31/02/2026, ngày này không có"),
        (DAY, "29/02/2026", "29/02/2026, ngày này không có"),
        (DAY, "06/13/2026", "06/13/2026, ngày này không có"),
        (DAY, "hôm qua", "ngày/tháng/năm"),
        (DAY, "05/06/26", "ngày/tháng/năm"),
        (DAY, "05/06/0026", "từ năm 1800"),
        (DAY, "٠٥/٠٦/٢٠٢٦", "ngày/tháng/năm"),
        (DAY, 5, "ngày/tháng/năm"),
        (TIME, "25:00", "từ 00:00 đến 23:59"),
        (TIME, "sáng", "giờ:phút"),
        (WHOLE, "1,5", "phải là số nguyên"),
        (WHOLE, "-1", "phải từ 0 trở lên"),
        (WHOLE, "51", "không được quá 50"),
        (WHOLE, "năm", "phải là một số"),
        (WHOLE, True, "phải là một số"),
        (WHOLE, float("nan"), "phải là một số"),
        (WHOLE, float("inf"), "phải là một số"),
        (WHOLE, "9" * 5000, "quá lớn"),
        (WHOLE, 10**400, "quá lớn"),
        (WHOLE, [1], "phải là một số"),
        (field("number", "a", "Điểm", decimalDigits=2), "1,234", "chỉ được có 2 chữ số"),
        (CODE, "12345", "phải gồm 12 chữ số"),
        (CODE, "٠٠١٢٠٠٣٠٠٤٠٠", "phải gồm 12 chữ số"),
        (CODE, "001200300400x", "phải gồm 12 chữ số"),
        (CODE, 12, "phải là chữ"),
        (field("textfield", "a", "Tên", validate={"maxLength": 3}), "abcd", "dài quá 3 ký tự"),
        (field("textfield", "a", "Tên", validate={"minLength": 3}), "ab", "ít nhất 3 ký tự"),
        (field("textfield", "a", "Tên"), "a\x00b", "ký tự không dùng được"),
        (field("textfield", "a", "Tên"), "a\ud800", "ký tự không dùng được"),
        (field("textfield", "a", "Tên", validate={"required": True}), "  ", "không được để trống"),
        (field("textfield", "a", "Thư", validate={"validationType": "email"}), "a@", "thư điện tử"),
        (field("checkbox", "a", "Cam đoan", validate={"required": True}), False, "đánh dấu"),
        (field("checkbox", "a", "Cam đoan"), "maybe", "Có hoặc Không"),
        (field("radio", "a", "Bè", values=options("x")), "z", "«z» không còn trong danh sách"),
        (field("radio", "a", "Bè", values=options("x")), {}, "lựa chọn trong danh sách"),
        (field("radio", "a", "Bè", values=options("x"), validate=NEEDED), "", "phải chọn"),
        (field("radio", "a", "Có", values=options(1)), True, "không còn trong danh sách"),
        (field("checklist", "a", "Bè", values=options("x")), ["x", "z"], "«z» không còn"),
        (field("checklist", "a", "Bè", values=options("x")), {"x": 1}, "danh sách các lựa chọn"),
        (field("checklist", "a", "Bè", values=options("x"), validate=NEEDED), [], "ít nhất một"),
        (field("checklist", "a", "Bè", values=options("x", "y"), properties={"exclusive": "x, y"}),
         ["x", "y"], "chỉ được chọn một trong: «X», «Y»"),
        (field("select", "a", "Thôn", valuesKey="thon"), "t9", "không còn trong danh sách"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_field_and_what_to_write(component, typed, words):
    """Every sentence begins with the label and says what is wrong in plain Vietnamese."""
    assert words in refusal(component, typed)


def test_zero_and_no_are_answers():
    """required takes 0 and false; only empty is refused."""
    found = form(
        field("number", "n", validate={"required": True}),
        field("radio", "r", values=options(True, False), validate={"required": True}),
    )
    assert found.validate({"n": 0, "r": False}, {}, {}) == {"n": 0, "r": False}


def test_length_and_equality_are_counted_after_nfc():
    """A decomposed ế is one letter, and a decomposed option value is the option."""
    typed = unicodedata.normalize("NFD", "Huế")
    assert len(typed) > 3
    component = field("textfield", "a", validate={"maxLength": 3})
    assert accepted(component, typed) == "Huế"
    assert accepted(field("radio", "a", values=options("Huế")), typed) == "Huế"


def test_date_limits_look_at_today_other_fields_and_the_row():
    """notAfter and notBefore name the other field and its date."""
    found = form(
        field("datetime", "mat", subtype="date", dateLabel="Ngày mất",
              properties={"notAfter": "today"}),
        field("datetime", "cap", subtype="date", dateLabel="Ngày cấp",
              properties={"notBefore": "mat", "notAfter": "hen"}),
        {"type": "dynamiclist", "id": "l", "path": "l", "isRepeating": True, "components": [
            field("datetime", "tu", subtype="date", dateLabel="Từ"),
            field("datetime", "den", subtype="date", dateLabel="Đến",
                  properties={"notBefore": "this.tu"})]},
        inputs="hen",
    )  # fmt: skip
    with pytest.raises(Invalid) as caught:
        found.validate(
            {"mat": "24/11/2026", "cap": "23/11/2026",
             "l": [{"tu": "02/01/2026", "den": "2026-01-01"}]}, TODAY, {},
        )  # fmt: skip
    assert caught.value.errors == {
        "mat": ["«Ngày mất» không được sau hôm nay, 23/11/2026."],
        "cap": ["«Ngày cấp» không được trước «Ngày mất», 24/11/2026."],
        "l.0.den": ["«Đến» (dòng 1) không được trước «Từ», 02/01/2026."],
    }
    with pytest.raises(Invalid) as caught:
        found.validate({"cap": "2026-12-02", "l": []}, {**TODAY, "hen": "2026-12-01"}, {})
    assert caught.value.errors == {"cap": ["«Ngày cấp» không được sau 01/12/2026."]}
    assert found.validate({"mat": "23/11/2026", "cap": "23/11/2026", "l": []}, TODAY, {})["cap"]


GOOD = {"nguoi": {"ho_ten": "Lê Thị Ánh"}, "biet_not": False}


def test_unknown_keys_are_refused_wherever_they_stand():
    """A misspelt key of the API would otherwise be lost without a word."""
    raw = {
        **GOOD, "la": 1, "nguoi": {**GOOD["nguoi"], "tuoi": 9},
        "nhac_cu": True, "nhac": [{"ten": "sáo", "gia": 1}],
    }  # fmt: skip
    with pytest.raises(Invalid) as caught:
        choir().validate(raw, TODAY, LISTS)
    assert caught.value.errors == {
        "la": ["«la» không có trong biểu mẫu này."],
        "nguoi.tuoi": ["«tuoi» không có trong biểu mẫu này."],
        "nhac.0.gia": ["«gia» (dòng 1) không có trong biểu mẫu này."],
    }


@pytest.mark.parametrize("raw", [None, [], "x", 5])
def test_a_body_that_is_no_object_is_refused(raw):
    """JSON of another shape is a sentence."""
    with pytest.raises(Invalid, match="đối tượng JSON"):
        choir().validate(raw, TODAY, LISTS)


@pytest.mark.parametrize(
    ("part", "errors"),
    [
        (
            {"nguoi": [], "nhac_cu": False},
            {"nguoi": ["«A. Người xin vào» phải là một nhóm trường."]},
        ),
        ({"nhac": {}}, {"nhac": ["«Nhạc cụ» phải là một danh sách."]}),
        ({"nhac": ["x"]}, {"nhac.0": ["«Nhạc cụ» (dòng 1) phải là một nhóm trường."]}),
        ({"nhac": []}, {"nhac": ["«Nhạc cụ» phải có ít nhất 1 dòng."]}),
        ({"nhac": [{"ten": "x"}] * 4}, {"nhac": ["«Nhạc cụ» chỉ được có tối đa 3 dòng."]}),
        ({"nhac": [{}]}, {"nhac.0.ten": ["«Tên» (dòng 1) không được để trống."]}),
    ],
)
def test_groups_and_lists_of_another_shape_are_refused(part, errors):
    """Shape and number of rows are checked like values."""
    with pytest.raises(Invalid) as caught:
        choir().validate({**GOOD, "nhac_cu": True, **part}, TODAY, LISTS)
    assert caught.value.errors == errors


def test_all_that_is_wrong_is_said_at_once():
    """One round, every error; the count stands in the message."""
    with pytest.raises(Invalid, match="3 chỗ cần sửa") as caught:
        choir().validate({"nguoi": {"so": "12"}}, TODAY, LISTS)
    assert set(caught.value.errors) == {"nguoi.ho_ten", "nguoi.so", "biet_not"}


def test_visible_empty_fields_are_stored_as_empty():
    """So that clearing a field clears what was stored before."""
    assert choir().validate(GOOD, TODAY, LISTS) == {
        "nguoi": {"ho_ten": "Lê Thị Ánh", "ngay_sinh": None, "so": None},
        "biet_not": False, "thon": None, "be": [], "gio": None, "nhac_cu": False, "ghi_chu": None,
    }  # fmt: skip


def test_a_missing_list_of_the_server_is_not_passed_over():
    """A select whose list nobody supplied would accept nothing and say nothing."""
    with pytest.raises(KeyError, match="thon"):
        choir().validate({**GOOD, "thon": "t1"}, TODAY, {})


@settings(deadline=None)
@given(st.dates(min_value=date(1800, 1, 1), max_value=date(2200, 12, 31)))
def test_any_date_goes_in_as_people_write_it_and_out_as_iso(day):
    """dd/mm/yyyy and ISO mean the same day, whatever the browser's language."""
    assert accepted(DAY, f"{day.day}/{day.month}/{day.year}") == day.isoformat()
    assert accepted(DAY, f"{day:%d/%m/%Y}") == day.isoformat()
    assert accepted(DAY, day.isoformat()) == day.isoformat()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["nguoi", "ho_ten", "nhac", "ten", "nhac_cu", "be", "gio", "thon", "la"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(JSON)
def test_no_json_breaks_it(raw):
    """Any JSON is accepted or refused with sentences; what is accepted is accepted again."""
    found = choir()
    try:
        clean = found.validate(raw, TODAY, LISTS)
    except Invalid as error:
        for path, sentences in error.errors.items():
            assert path
            assert all(text.startswith("«") and text.endswith(".") for text in sentences)
    else:
        assert found.validate(clean, TODAY, LISTS) == clean
    if isinstance(raw, dict):
        found.view(raw, TODAY, LISTS)
        found.view(raw, TODAY, LISTS, readonly=True)
