"""The drawn form: posting it back changes nothing, rows come and go, everything is bound."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Invalid
from engine.forms import compile_form
from tests.engine.forms.club import LISTS, TODAY, choir, field, form, options
from tests.engine.forms.pages import draw, posted

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "forms").rglob("*.json"))
XA = {"xa": [{"value": "00001", "label": "Xã Đông"}, {"value": "00002", "label": "Phường Tây"}]}

LINE = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=12
) | st.sampled_from(["", "  x ", "<b>&\"'", "31/02/2026", "1,5", "12"])
ROW = st.fixed_dictionaries({"ten": LINE, "muon": st.booleans()}, optional={"cua": LINE})
RAW = st.fixed_dictionaries(
    {},
    optional={
        "nguoi": st.fixed_dictionaries(
            {}, optional={"ho_ten": LINE, "ngay_sinh": LINE, "so": LINE}
        ),
        "biet_not": st.sampled_from(["true", "false", ""]),
        "so_nam": LINE,
        "thon": st.sampled_from(["t1", "t2", "", "t9"]),
        "be": st.lists(st.sampled_from(["cao", "trung", "tram"]), unique=True),
        "gio": LINE,
        "nhac_cu": st.booleans(),
        "nhac": st.lists(ROW, max_size=3),
        "ghi_chu": LINE,
    },
)


def verdict(found, raw):
    """The clean data, or the errors."""
    try:
        return found.validate(raw, TODAY, LISTS)
    except Invalid as error:
        return error.errors


@settings(max_examples=60, deadline=None)
@given(RAW)
def test_a_page_posted_back_unchanged_means_the_same(raw):
    """Typed text, ticks, rows and hidden remains survive page → post → page, to the last sign."""
    found = choir()
    page = draw(found.view(raw, TODAY, LISTS))
    again = found.from_post(posted(page), LISTS)
    assert verdict(found, again) == verdict(found, raw)
    second = posted(draw(found.view(again, TODAY, LISTS)))
    assert second == posted(page)


@settings(max_examples=40, deadline=None)
@given(RAW)
def test_clean_data_shown_and_posted_is_the_same_clean_data(raw):
    """Stored values (ISO dates, numbers, true) go through the page and come back as stored."""
    found = choir()
    clean = verdict(found, raw)
    if "nguoi" not in clean:
        return
    page = draw(found.view(clean, TODAY, LISTS))
    assert found.validate(found.from_post(posted(page), LISTS), TODAY, LISTS) == clean


def test_rows_are_added_and_removed_by_plain_buttons():
    """Without a script: a press is not a hand-in, and what stands in other rows stays."""
    found = choir()
    raw = {"nhac_cu": True, "nhac": [{"ten": "sáo"}, {"ten": "nhị"}]}
    page = draw(found.view(raw, TODAY, LISTS))
    more = posted(page, press="__add.nhac")
    assert found.row_action(more).kind == "add"
    assert [row.get("ten") for row in found.from_post(more, LISTS)["nhac"]] == ["sáo", "nhị", None]
    less = posted(page, press="__remove.nhac.0")
    assert found.row_action(less).index == 0
    assert [row["ten"] for row in found.from_post(less, LISTS)["nhac"]] == ["nhị"]
    full = draw(found.view(found.from_post(more, LISTS), TODAY, LISTS))
    assert not full.xpath("//button[@name='__add.nhac']")
    one = draw(found.view({"nhac_cu": True, "nhac": [{}]}, TODAY, LISTS))
    assert not one.xpath("//button[starts-with(@name, '__remove.')]")


def test_enter_in_a_field_saves_the_draft_and_hands_nothing_in():
    """The first button of the form is what a browser presses on Enter."""
    found = choir()
    page = draw(found.view({}, TODAY, LISTS))
    first = page.xpath("//button")[0]
    assert first.get("name") == "__enter"
    assert found.row_action(posted(page, press="__enter")).kind == "enter"
    assert found.row_action(posted(page)) is None


def test_what_was_typed_into_a_field_that_is_hidden_now_comes_back_with_it():
    """Change of mind twice costs nothing; what is hidden is still not stored."""
    found = choir()
    raw = {"nguoi": {"ho_ten": "Lê Á"}, "biet_not": "false", "so_nam": "12", "nhac_cu": False,
           "nhac": [{"ten": "sáo", "muon": True, "cua": "Bà"}]}  # fmt: skip
    page = draw(found.view(raw, TODAY, LISTS))
    assert not page.xpath("//input[@name='so_nam'][@type='text']")
    again = found.from_post(posted(page), LISTS)
    assert again["so_nam"] == "12"
    assert again["nhac"] == [{"ten": "sáo", "muon": True, "cua": "Bà"}]
    clean = found.validate(again, TODAY, LISTS)
    assert not {"so_nam", "nhac"} & set(clean)


def test_controls_and_strangers_in_a_post_are_ignored():
    """csrf tokens, buttons and unknown names of a page are not data."""
    found = form(field("textfield", "a"))
    page = draw(found.view({"a": "x"}, {}, {}))
    sent = posted(page)
    sent.add("csrf_token", "abc")
    sent.add("b", "1")
    sent.add("__rows.zz", "5")
    sent.add("__remove.zz.0", "1")
    assert found.from_post(sent, {}) == {"a": "x"}
    assert found.row_action(sent) is None


def test_a_post_cannot_ask_for_endless_rows():
    """A forged row count is cut, and the list's own limit speaks."""
    found = choir()
    sent = posted(draw(found.view({"nhac_cu": True}, TODAY, LISTS)))
    sent.setlist("__rows.nhac", ["999"])
    assert len(found.from_post(sent, LISTS)["nhac"]) == 200
    sent.setlist("__rows.nhac", ["99999999999"])
    assert len(found.from_post(sent, LISTS)["nhac"]) == 1


def test_errors_stand_at_the_field_and_in_the_summary_and_typing_stays():
    """Bound labels, aria-invalid, a described error, a link to the field, its section named."""
    found = choir()
    raw = {"nguoi": {"so": "12"}, "nhac_cu": True, "nhac": [{"ten": ""}], "thon": "t9"}
    view = found.view(raw, TODAY, LISTS, {**verdict(found, raw), "la": ["«la» không có."]})
    page, summary = draw(view), draw(view, "errors")
    (so,) = page.xpath("//input[@name='nguoi.so']")
    assert so.get("value") == "12"
    assert so.get("aria-invalid") == "true"
    assert "is-invalid" in so.get("class")
    (text,) = page.xpath(f"//*[@id='{so.get('aria-describedby')}']")
    assert text.text_content().strip() == "«Số thẻ» phải gồm 4 chữ số."
    assert summary.xpath("//*[@role='alert'][@tabindex='-1']")
    links = {a.get("href")[1:]: a for a in summary.xpath("//a")}
    assert set(links) == {"f-nguoi-ho_ten", "f-nguoi-so", "f-biet_not", "f-thon", "f-nhac-0-ten"}
    assert all(page.xpath(f"//*[@id='{id_}']") for id_ in links)
    assert "A. Người xin vào" in links["f-nguoi-so"].getparent().text_content()
    assert "«la» không có." in summary.text_content()
    (old,) = page.xpath("//select[@name='thon']/option[@selected]")
    assert old.get("value") == "t9"
    assert "không còn trong danh sách" in old.text_content()


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_shipped_form_draws_cleanly(path):
    """No double ids, no script or style in the page, every input labelled, every reference met."""
    found = compile_form(path.read_bytes(), path.name)
    everything = {"than_nhan": [{}, {}], "doi_tuong": ["bhxh", "nguoi-co-cong"]}
    everything |= {"huong_tuat_bhxh": True, "giay_bao_tu": "khac", "hinh_thuc_nhan": "tai-khoan"}
    for raw in ({}, everything):
        page = draw(found.view(raw, TODAY, XA))
        ids = page.xpath("//@id")
        assert len(ids) == len(set(ids))
        for reference in " ".join(page.xpath("//@aria-describedby | //@aria-labelledby")).split():
            assert reference in ids
        assert not page.xpath("//script | //style | //@style")
        assert not [name for e in page.iter() for name in e.attrib if name.startswith("on")]
        labelled = set(page.xpath("//label/@for"))
        for control in page.xpath("//input[not(@type='hidden')] | //select | //textarea"):
            inside = [a for a in control.iterancestors() if a.tag == "label"]
            assert inside or control.get("id") in labelled
        assert len(found.dependents) == 0 or page.xpath("//@data-refresh")


def test_dates_are_plain_text_fields_in_any_browser():
    """type=date would follow the browser's language: 05/06 read as 6 May."""
    found = choir()
    page = draw(found.view({"nguoi": {"ngay_sinh": "1950-06-05"}}, TODAY, LISTS))
    (day,) = page.xpath("//input[@name='nguoi.ngay_sinh']")
    assert (day.get("type"), day.get("value"), day.get("placeholder")) == (
        "text", "05/06/1950", "dd/mm/yyyy",
    )  # fmt: skip
    assert day.get("inputmode") == "numeric"
    assert day.get("data-date") is not None


def test_reading_shows_labels_dates_and_words_and_leaves_out_what_is_empty():
    """dd/mm/yyyy, options by label, Có or Không, numbers grouped; conditions do not hide facts."""
    found = form(
        field("datetime", "a", subtype="date", dateLabel="Ngày"),
        field("radio", "b", "Bè", values=options("cao")),
        field("checkbox", "c", "Nhạc cụ"),
        field("number", "d", "Tiền", appearance={"suffixAdorner": "đồng"},
              conditional={"hide": "=khac != 1"}),
        field("select", "e", "Thôn", valuesKey="thon"),
        field("textfield", "f", "Trống"),
        inputs="khac",
    )  # fmt: skip
    stored = {"a": "2026-06-05", "b": "cao", "c": False, "d": 25300000, "e": "t2", "f": None}
    page = draw(found.view(stored, {}, LISTS, readonly=True), "facts")
    terms = [dt.text_content() for dt in page.xpath("//dt")]
    values = [dd.text_content() for dd in page.xpath("//dd")]
    assert dict(zip(terms, values, strict=True)) == {
        "Ngày": "05/06/2026", "Bè": "CAO", "Nhạc cụ": "Không", "Tiền": "25.300.000 đồng",
        "Thôn": "Thôn Đoài",
    }  # fmt: skip
    unlisted = draw(found.view(stored, {}, {}, readonly=True), "facts")
    assert unlisted.xpath("//dd")[-1].text_content() == "t2"


def test_rows_are_read_under_their_own_title():
    """A list of facts is drawn row by row."""
    stored = {"nhac_cu": True, "nhac": [{"ten": "sáo", "muon": False}, {"ten": "nhị"}]}
    page = draw(choir().view(stored, {}, LISTS, readonly=True), "facts")
    assert [h.text_content() for h in page.xpath("//h4")] == ["Nhạc cụ 1", "Nhạc cụ 2"]


def test_two_fields_of_one_row_stand_side_by_side():
    """16 columns of the editor become 12 of the page; a row that is not full is ended."""
    found = form(
        field("textfield", "a", layout={"row": "1", "columns": 8}),
        field("textfield", "b", layout={"row": "1", "columns": 8}),
        field("textfield", "c", layout={"row": "2", "columns": 4}),
        field("textfield", "d", layout={"row": "3"}),
        field("textfield", "e", layout={"row": "3"}),
    )
    drawn = found.view({}, {}, {}).fields
    assert [f.span for f in drawn] == [6, 6, 3, 6, 6]
    assert [f.breaks for f in drawn] == [False, False, False, True, False]
