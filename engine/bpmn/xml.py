"""Safe reading of BPMN XML: no entities, no network, no document type. Knows no engine."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from engine.bpmn.rules import (
    DOCTYPE,
    MUST_UNDERSTAND,
    NOT_BPMN,
    NOT_XML,
    TOO_DEEP,
    TOO_LARGE,
    Notes,
)

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
OURS = "http://spiffworkflow.org/bpmn/schema/1.0/core"
MAX_BYTES = 4_000_000

_REDRAW = "Hãy lưu lại từ trình vẽ sơ đồ."
_ROOT = re.compile(rb"<[A-Za-z_]")
_OLDER = re.compile(r"xpdl|schema\.omg\.org/spec/BPMN|wfmc", re.IGNORECASE)


def tag(element: etree._Element) -> str:
    """The local name of a BPMN element, empty for any other namespace."""
    name = etree.QName(element)
    return name.localname if name.namespace == BPMN else ""


def children(element: etree._Element, name: str) -> list[etree._Element]:
    """Direct BPMN children of one kind."""
    return element.findall(f"{{{BPMN}}}{name}")


def child_text(element: etree._Element, name: str) -> str | None:
    """The stripped text of the first such child; None when there is no child or no text.

    What stands inside it (a documentation) is no part of the text; the text goes on behind it.
    """
    found = element.find(f"{{{BPMN}}}{name}")
    if found is None:
        return None
    text = (found.text or "") + "".join(inner.tail or "" for inner in found)
    return text.strip() or None


def owner(element: etree._Element | None) -> str | None:
    """The id of an element or of the nearest one around it that has one."""
    while element is not None and not element.get("id", "").strip():
        element = element.getparent()
    return element.get("id") if element is not None else None


def is_true(element: etree._Element, attribute: str) -> bool:
    """Whether a boolean attribute says true, in either of XML's spellings."""
    return element.get(attribute, "").strip() in ("true", "1")


def is_false(element: etree._Element, attribute: str) -> bool:
    """Whether a boolean attribute says false, in either of XML's spellings."""
    return element.get(attribute, "").strip() in ("false", "0")


def drawn_elements(root: etree._Element) -> Iterator[etree._Element]:
    """Every BPMN element of a file, in order."""
    return root.iter(f"{{{BPMN}}}*")


def properties(element: etree._Element | None) -> dict[str, str]:
    """The ``spiffworkflow:properties`` of an element."""
    if element is None:
        return {}
    path = f"{{{BPMN}}}extensionElements/{{{OURS}}}properties/{{{OURS}}}property"
    return {p.get("name", ""): p.get("value", "") for p in element.findall(path)}


def parse_xml(source: bytes, notes: Notes) -> etree._Element | None:
    """The root of a BPMN file; None when it is none, which is then noted."""
    if len(source) > MAX_BYTES:
        notes.error(TOO_LARGE, None, "tệp quá lớn.", "Hãy tách quy trình hoặc bỏ phần thừa.")
        return None
    if _declares_type(source):
        notes.error(DOCTYPE, None, "có khai báo DOCTYPE.", "Hãy bỏ khai báo này.")
        return None
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    try:
        root = etree.fromstring(source, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        if "depth" in str(error):
            notes.error(TOO_DEEP, None, "phần tử lồng quá sâu.", "Hãy vẽ phẳng hơn.")
        else:
            why = str(error).split(" (<string>")[0]
            why = why.replace(", line ", ", dòng ").replace(", column ", ", cột ")
            notes.error(NOT_XML, None, f"không phải XML hợp lệ ({why}).", _REDRAW)
        return None
    if root.getroottree().docinfo.doctype:
        notes.error(DOCTYPE, None, "có khai báo DOCTYPE.", "Hãy bỏ khai báo này.")
        return None
    if tag(root) != "definitions":
        older = _OLDER.search(str(root.tag))
        what = " mà theo một chuẩn cũ hơn" if older else ""
        cure = "Hãy xuất lại theo BPMN 2.0." if older else _REDRAW
        notes.error(NOT_BPMN, None, f"không phải tệp BPMN 2.0{what}.", cure)
        return None
    for extension in children(root, "extension"):
        if is_true(extension, "mustUnderstand"):
            notes.error(
                MUST_UNDERSTAND,
                extension.get("id"),
                f"có phần mở rộng «{extension.get('definition', '')}» bắt buộc phải hiểu.",
                "Hãy xuất lại không kèm phần mở rộng này.",
            )
    return root


def _declares_type(source: bytes) -> bool:
    """Whether a DOCTYPE stands before the root; looked for first, since it may hold a bomb."""
    flat = source.replace(b"\0", b"") if b"\0" in source[:400] else source
    root = _ROOT.search(flat)
    return b"<!DOCTYPE" in flat[: root.start() if root else len(flat)]
