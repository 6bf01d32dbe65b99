"""Hostile and foreign files: always an answer, never a crash, an entity or the network."""

from __future__ import annotations

import itertools

import pytest

from engine.bpmn import gate

NS = 'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
FLOW = '<sequenceFlow id="f" sourceRef="s" targetRef="u"/>'
PLAIN = f'<startEvent id="s"/><userTask id="u"/>{FLOW}'


def drawn(inside: str, outside: str = "") -> str:
    """A file with one process."""
    process = f'<process id="p" isExecutable="true">{inside}</process>'
    return f"<definitions {NS}>{outside}{process}</definitions>"


def flows(pairs: list[tuple[str, str]], condition: str = "") -> str:
    """Sequence flows between these nodes."""
    inner = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
    return "".join(
        f'<sequenceFlow id="f_{a}_{b}" sourceRef="{a}" targetRef="{b}">{inner}</sequenceFlow>'
        for a, b in pairs
    )


def rules(source: str | bytes, strict: bool = False) -> set[str]:
    """The rules a file breaks; the checker's own fault is never among them."""
    text = source if isinstance(source, bytes) else source.encode()
    inspection = gate.inspect(text, "lạ.bpmn", strict=strict)
    found = {finding.rule for finding in inspection.findings}
    assert "internal" not in found, inspection.findings
    assert inspection.ok == all(f.severity != "error" for f in inspection.findings)
    return found


def typed(declarations: str) -> str:
    """A document type."""
    return f"<!DOCTYPE d [{declarations}]>"


WIDE = '<?xml version="1.0" encoding="UTF-16"?>'
BOMB = '<!ENTITY e0 "0123456789">' + "".join(
    f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12)
)
CHAIN = [f"u{i}" for i in range(5_000)]


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        (b"", "not-xml"),
        (bytes(range(256)) * 20, "not-xml"),
        (b"\0" * 100, "not-xml"),
        (b"<?xml version='1.0' encoding='klingon'?><a/>", "not-xml"),
        (drawn('<startEvent id="s" name="ÿ"/>').encode("latin-1"), "not-xml"),
        (drawn("&undefined;"), "not-xml"),
        (typed(BOMB) + drawn(PLAIN), "doctype"),
        (typed(BOMB) + f'<definitions {NS} id="&e11;"/>', "doctype"),
        (f'<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd"><definitions {NS}/>', "doctype"),
        (typed('<!ENTITY f SYSTEM "file:///etc/hosts">') + drawn("&f;"), "doctype"),
        ("<!-- <a> -->" + typed('<!ENTITY e0 "x">') + drawn(PLAIN), "doctype"),
        ((WIDE + typed("") + drawn(PLAIN)).encode("utf-16"), "doctype"),
        ("<a>" * 10_000 + "</a>" * 10_000, "too-deep"),
        (drawn('<subProcess id="a">' * 300 + "</subProcess>" * 300), "too-deep"),
        (drawn("<documentation>" + "x" * 10_000_000 + "</documentation>"), "too-large"),
        ('<definitions xmlns="http://schema.omg.org/spec/BPMN/2.0"/>', "not-bpmn"),
        ('<Package xmlns="http://www.wfmc.org/2008/XPDL2.1"/>', "not-bpmn"),
        ('<html xmlns="http://www.w3.org/1999/xhtml"/>', "not-bpmn"),
        ('<process xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>', "not-bpmn"),
        (f"<definitions {NS}/>", "no-process"),
        (drawn('<userTask id="u"/>' * 2_000), "duplicate-id"),
        (drawn(PLAIN + flows([("s", "u")], "(" * 20_000)), "expression"),
        (drawn(PLAIN + flows([("s", "u")], "1+" * 200_000 + "1")), "expression"),
        (drawn(PLAIN + flows([("s", "u")], '"' * 50_001 + '\\"' * 9_000)), "expression"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("strict", [True, False])
def test_a_file_that_is_no_drawing_is_a_sentence(
    source: str | bytes, rule: str, strict: bool
) -> None:
    """Whatever the bytes are."""
    assert rule in rules(source, strict)


@pytest.mark.parametrize(
    "source",
    [
        drawn(PLAIN).encode("utf-8-sig"),
        (WIDE + drawn(PLAIN)).encode("utf-16"),
        ('<?xml version="1.0" encoding="windows-1252"?>' + drawn(PLAIN)).encode("cp1252"),
        f"<!-- của <ai> --><?xml-stylesheet href='http://127.0.0.1:9/a.xsl'?>{drawn(PLAIN)}",
        drawn(
            '<startEvent id="s"/>'
            + "".join(f'<userTask id="{key}"/>' for key in CHAIN)
            + flows([("s", "u0"), *itertools.pairwise(CHAIN)])
        ),
        drawn(
            '<startEvent id="s"/><parallelGateway id="g"/>'
            + "".join(f'<userTask id="{key}"/>' for key in CHAIN[:1_000])
            + flows([("s", "g"), *(("g", key) for key in CHAIN[:1_000])])
        ),
    ],
)
def test_an_odd_but_honest_file_passes(source: str | bytes) -> None:
    """Other encodings, comments, and very many elements."""
    assert rules(source) == set()


def test_very_many_faults_are_all_told() -> None:
    """None hides the others."""
    orphans = "".join(f'<userTask id="{key}"/>' for key in CHAIN)
    inspection = gate.inspect(drawn(PLAIN + orphans).encode(), "x", strict=False)
    assert len(inspection.findings) == len(CHAIN)


def test_one_bad_element_does_not_hide_another() -> None:
    """Faults of reading, of the language and of the paths, in one go."""
    source = drawn(
        '<startEvent id="s"/><serviceTask id="a"/><scriptTask id="b"><script>x == 1</script>'
        '</scriptTask><userTask id="c"/><userTask id="lone"/><endEvent id="e">'
        '<errorEventDefinition id="d" errorRef="none"/></endEvent>'
        + flows([("s", "a"), ("a", "b"), ("b", "c"), ("c", "e"), ("c", "nowhere")])
    )
    assert rules(source) == {
        "service-task",
        "foreign-text",
        "orphan-element",
        "dangling-reference",
    }
