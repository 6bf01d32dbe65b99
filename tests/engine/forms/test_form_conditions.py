"""Visibility: form-js's meaning, chains, lists, and what the dossier knows."""

from __future__ import annotations

import pytest

from engine.errors import Invalid
from engine.forms import Form
from tests.engine.forms.club import LISTS, TODAY, choir, field, form, options


def names(found: Form, raw: dict, context: dict | None = None) -> set[str]:
    """Paths of the visible fields."""

    def of(fields):
        for f in fields:
            if f.name:
                yield f.name
            yield from of(f.children)
            for row in f.rows:
                yield from of(row.children)

    return set(of(found.view(raw, context or TODAY, LISTS).fields))


@pytest.mark.parametrize(
    ("typed", "visible"),
    [("", False), ("abc", False), ("0", False), ("1", True), ("1,5", True), (2, True)],
)
def test_null_counts_as_hidden(typed, visible):
    """A comparison with an empty or unreadable number is null, and null hides."""
    found = form(field("number", "so"), field("textfield", "a", conditional={"hide": "=so <= 0"}))
    assert ("a" in names(found, {"so": typed})) is visible


def test_empty_is_what_form_js_has_for_each_type():
    """Text "", checkbox false, checklist [], the rest null."""
    found = form(
        field("textfield", "t"), field("checkbox", "c"), field("number", "n"),
        field("checklist", "l", values=options("x")),
        field("textfield", "ok", conditional={
            "hide": "=not(t = \"\" and c = false and n = null and count(l) = 0)"}),
    )  # fmt: skip
    assert "ok" in names(found, {})
    assert "ok" in names(found, {"t": None, "c": None, "n": "", "l": None})
    assert "ok" not in names(found, {"t": "x"})


def test_a_hidden_field_counts_as_empty_for_the_next():
    """A hides B, B hides C: a value left in hidden B does not keep C on the page."""
    found = form(
        field("checkbox", "a"),
        field("checkbox", "b", conditional={"hide": "=a = false"}),
        field("textfield", "c", conditional={"hide": "=b = false"}),
    )
    assert names(found, {"a": True, "b": True}) == {"a", "b", "c"}
    assert names(found, {"a": False, "b": True}) == {"a"}
    assert found.validate({"a": False, "b": True, "c": "x"}, {}, {}) == {"a": False}


def test_the_order_of_fields_does_not_matter_for_a_chain():
    """The same chain drawn backwards gives the same fields."""
    found = form(
        field("textfield", "c", conditional={"hide": "=b = false"}),
        field("checkbox", "b", conditional={"hide": "=a = false"}),
        field("checkbox", "a"),
    )
    assert names(found, {"a": False, "b": True}) == {"a"}
    assert names(found, {"a": True, "b": True}) == {"a", "b", "c"}


def test_a_hidden_group_hides_and_drops_its_children():
    """Required fields of a hidden group are not asked for, and nothing of it is stored."""
    group = {
        "type": "group", "id": "g", "path": "g", "conditional": {"hide": "=a = false"},
        "components": [field("textfield", "b", validate={"required": True})],
    }  # fmt: skip
    found = form(field("checkbox", "a"), group)
    assert found.validate({"a": False, "g": {"b": "x"}}, {}, {}) == {"a": False}
    plain = form(field("checkbox", "a"), {k: v for k, v in group.items() if k != "path"})
    assert plain.validate({"a": False, "b": "x"}, {}, {}) == {"a": False}


def test_a_row_sees_its_own_fields_as_this_and_the_form_by_name():
    """Rows are judged one by one."""
    raw = {"nhac_cu": True, "nhac": [{"ten": "sáo", "muon": True}, {"ten": "nhị", "muon": False}]}
    visible = names(choir(), raw)
    assert "nhac.0.cua" in visible
    assert "nhac.1.cua" not in visible
    rows = {
        "type": "dynamiclist", "id": "l", "path": "l", "isRepeating": True,
        "components": [
            field("textfield", "a"),
            field("textfield", "b", conditional={"hide": "=tat = true or this.a = \"x\""}),
        ],
    }  # fmt: skip
    found = form(field("checkbox", "tat"), rows)
    assert names(found, {"l": [{"a": "x"}, {"a": "y"}]}) == {"tat", "l", "l.0.a", "l.1.a", "l.1.b"}
    assert names(found, {"tat": True, "l": [{"a": "y"}]}) == {"tat", "l", "l.0.a"}


def test_the_dossiers_facts_are_usable_and_the_form_wins():
    """A declared input comes from the context; a field of the same name is the form's own."""
    found = form(
        field("textfield", "a", conditional={"hide": "=da_bo_sung = true"}), inputs="da_bo_sung"
    )
    assert names(found, {}, {"da_bo_sung": False}) == {"a"}
    assert names(found, {}, {"da_bo_sung": True}) == set()
    own = form(field("checkbox", "x"), field("textfield", "a", conditional={"hide": "=x = true"}))
    assert names(own, {"x": False}, {"x": True}) == {"x", "a"}


def test_required_only_while_its_condition_is_true():
    """requiredWhen asks for the field and marks it; null does not."""
    found = form(
        field("radio", "a", values=options("x", "y")),
        field("textfield", "b", "Số", properties={"requiredWhen": '=a = "x"'}),
    )
    assert found.dependents == {"a"}
    assert not found.view({}, {}, {}).fields[1].required
    assert found.view({"a": "x"}, {}, {}).fields[1].required
    assert found.validate({"a": "y"}, {}, {}) == {"a": "y", "b": None}
    with pytest.raises(Invalid) as caught:
        found.validate({"a": "x", "b": " "}, {}, {})
    assert caught.value.errors == {"b": ["«Số» không được để trống."]}


def test_an_option_can_be_withdrawn_by_the_dossiers_facts():
    """hideOption: not drawn, not accepted, still named by its label in the error."""
    found = form(
        field("radio", "a", "Kết quả", values=options("du", "thieu"),
              properties={"hideOption": "thieu: =da_bo_sung = true"}),
        inputs="da_bo_sung",
    )  # fmt: skip
    assert found.validate({"a": "thieu"}, {}, {}) == {"a": "thieu"}
    again = {"da_bo_sung": True}
    assert [c.value for c in found.view({}, again, {}).fields[0].choices] == ["du"]
    with pytest.raises(Invalid) as caught:
        found.validate({"a": "thieu"}, again, {})
    assert "«THIEU» không còn trong danh sách" in caught.value.errors["a"][0]


def test_a_fact_stored_in_an_earlier_round_goes_when_its_field_is_hidden():
    """replace(): a reason beside a good result would be a lie; omitEmpty fields keep the old."""
    found = form(
        field("radio", "kq", values=options("du", "thieu")),
        field("textarea", "ly_do", conditional={"hide": '=kq = null or kq = "du"'}),
        field("textfield", "so", properties={"omitEmpty": "true"}),
    )
    facts = {"kq": "thieu", "ly_do": "Thiếu giấy", "so": "12", "khac": 1}
    data = found.validate({"kq": "du", "so": ""}, {}, {})
    assert data == {"kq": "du"}
    assert found.replace(facts, data) == {"kq": "du", "so": "12", "khac": 1}
