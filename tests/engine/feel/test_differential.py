"""FEEL held live against the reference implementation, on random expressions, cells and data.

``MOTCUA_TEST_EXPRESSIONS`` says how many expressions, ``MOTCUA_TEST_SEED`` which ones. What the
random test leaves out because the two differ on purpose is in ``DIFFERENT``, each with its reason.
"""

from __future__ import annotations

import os
from random import Random
from typing import Any

import pytest

from engine import feel
from engine.errors import MotCuaError
from tests.engine.feel.drawing_lots import Lots, data
from tests.engine.feel.reference import ask, same

SEED = int(os.environ.get("MOTCUA_TEST_SEED", "20261122"))
MANY = int(os.environ.get("MOTCUA_TEST_EXPRESSIONS", "20000"))
CONTEXT = {
    "l": [1, 2],
    "e": [],
    "ps": [{"a": True, "k": 1}, {"a": False, "k": 2}],
    "z": None,
    "x": 2,
}


def drawn(random: Random, many: int) -> list[dict[str, Any]]:
    """Questions: six of ten plain expressions, twice over; cells; conditions that hide a field."""
    lots = Lots(random)
    questions: list[dict[str, Any]] = []
    for number in range(many):
        if number % 10 < 2:
            text, value = lots.cell()
            questions.append({"mode": "cell", "expression": text, "context": {"?": value}})
        elif number % 10 < 4:
            text = lots.truth(random.choice((1, 2, 3)))
            questions.append({"mode": "hide", "expression": text, "context": data(random)})
        else:
            text = lots.expression()
            for _ in range(2):
                questions.append({"mode": "value", "expression": text, "context": data(random)})
    return questions


def answer(question: dict[str, Any]) -> Any:
    """What we say; a refusal is an answer too, and never the reference's."""
    text, context = question["expression"], question["context"]
    try:
        if question["mode"] == "hide":
            return feel.hidden(text, context)
        compile_ = feel.compile_unary_tests if question["mode"] == "cell" else _expression
        return feel.to_json(compile_(text).evaluate(context))
    except MotCuaError as error:
        return error


def _expression(text: str) -> feel.Compiled:
    return feel.compile_expression(text)


def test_random_expressions_answer_as_the_reference_does() -> None:
    questions = drawn(Random(SEED), MANY)
    answers = ask(questions)
    assert len(answers) == len(questions)
    wrong = [
        (question, theirs, ours)
        for question, theirs in zip(questions, answers, strict=True)
        if not same(ours := answer(question), theirs.get("value", theirs))
    ]
    wrong.sort(key=lambda case: len(case[0]["expression"]))
    assert not wrong, f"{len(wrong)} of {len(questions)} differ (seed {SEED}): {wrong[:5]}"


DIFFERENT: list[tuple[str, Any, Any, str]] = [
    # expression, the reference's answer, ours, why
    ("0.1 + 0.2 = 0.3", False, True, "numbers are decimal, as the standard asks"),
    ("l = e", None, False, "lists of different length are not equal; no unwrapping of []"),
    ("3 between 5 and 1", True, False, "bounds are not swapped"),
    ("if 1 then 2 else 3", 2, 3, "only true is true"),
    ("ps[a].k", [], [1], "a field that is true or false may filter"),
    ("[null, 1][item != 1]", [], [None], "a filter keeps null where its condition is true"),
    ('"2" > 1', True, None, "text is never compared with a number"),
    ("true < 2", True, None, "neither are booleans"),
    ('min("b", "a")', None, "a", "whatever has an order has a least"),
    ("median([10, 9, 100])", 100, 10, "the reference sorts numbers as text"),
    ("mode([2.5, 1, -1])", [1, 2.5, -1], [-1, 1, 2.5], "modes come in order, as the standard asks"),
    ("round half up(2.5)", None, 3, "the number of digits may be left out"),
    ("remove([], 1)", [], None, "there is no such place"),
    ("insert before([1], 2, 5)", [1, 5], None, "there is no such place"),
    ("concatenate([1], z)", [1, None], None, "null is no list"),
    ("2 in [1..3] or z = 1", None, True, "or binds less than in"),
    ("x instance of number", False, True, "the reference does not know the type of a number"),
    ('split("abc", "")', ["a", "b", "c"], None, "an empty pattern is refused, as XPath asks"),
    ('replace("abc", "x*", "-")', "-a-b-c-", None, "so is one that fits nothing"),
    ('duration("P14M").years', 0, 1, "parts are those of the whole"),
    ('duration("PT30H").days', 0, 1, "parts are those of the whole"),
    ('(date("2026-03-01") - date("2026-02-01")).days', 0, 28, "days are not months"),
    ('-duration("P1D") = duration("-P1D")', False, True, "durations have a negative"),
    ('abs(duration("-P1D")) = duration("P1D")', False, True, "and a size"),
    (
        'string(date("2026-01-01") + duration("PT30H"))',
        "2026-01-02T06:00:00Z",
        "2026-01-02",
        "a date stays a date",
    ),
    ('string(date("2026-03-01") - date("2026-01-01"))', "P1M29D", "P59D", "days are not months"),
    (
        'years and months duration(date("2024-01-31"), date("2026-03-01")).months',
        1.032258064516129,
        1,
        "whole months only",
    ),
]


def test_what_differs_on_purpose_is_so_on_both_sides() -> None:
    questions = [{"mode": "value", "expression": d[0], "context": CONTEXT} for d in DIFFERENT]
    for (text, reference, ours, why), theirs in zip(DIFFERENT, ask(questions), strict=True):
        found = feel.to_json(feel.compile_expression(text).evaluate(CONTEXT))
        assert same(found, ours), (text, found, why)
        assert same(theirs.get("value"), reference), (text, theirs, why)
        assert not same(ours, reference), text


@pytest.mark.parametrize(("cell", "value"), [("? > 5", None), ("< 2", True), ("[0..9]", False)])
def test_a_cell_never_holds_by_a_clash_of_types(cell: str, value: Any) -> None:
    """The reference says true here: null equals null, and true counts as 1."""
    assert ask([{"mode": "cell", "expression": cell, "context": {"?": value}}])[0]["value"] is True
    assert feel.compile_unary_tests(cell).evaluate({"?": value}) is False
