"""Safe reading of BPMN XML: no entities, no network, no document type. Knows no engine."""

from __future__ import annotations

from lxml import etree

from engine.errors import ModelError

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
OURS = "http://spiffworkflow.org/bpmn/schema/1.0/core"
MAX_BYTES = 4_000_000


def tag(element: etree._Element) -> str:
    """The local name of a BPMN element, empty for any other namespace."""
    name = etree.QName(element)
    return name.localname if name.namespace == BPMN else ""


def children(element: etree._Element, name: str) -> list[etree._Element]:
    """Direct BPMN children of one kind."""
    return element.findall(f"{{{BPMN}}}{name}")


def child_text(element: etree._Element, name: str) -> str | None:
    """The stripped text of the first such child; None when there is no child or no text."""
    found = element.find(f"{{{BPMN}}}{name}")
    text = (found.text or "").strip() if found is not None else ""
    return text or None


def properties(element: etree._Element | None) -> dict[str, str]:
    """The ``spiffworkflow:properties`` of an element."""
    if element is None:
        return {}
    path = f"{{{BPMN}}}extensionElements/{{{OURS}}}properties/{{{OURS}}}property"
    return {p.get("name", ""): p.get("value", "") for p in element.findall(path)}


def parse_xml(source: bytes, file: str) -> etree._Element:
    """The root of a file; no entities, no network, no document type."""
    if len(source) > MAX_BYTES:
        raise ModelError(file, None, "tệp quá lớn.", "Hãy tách quy trình hoặc bỏ phần thừa.")
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
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ModelError(
            file, None, f"không phải XML hợp lệ ({error}).", "Hãy lưu lại từ trình vẽ sơ đồ."
        ) from None
    if root.getroottree().docinfo.doctype:
        raise ModelError(file, None, "có khai báo DOCTYPE.", "Hãy bỏ khai báo này.")
    if tag(root) != "definitions":
        raise ModelError(file, None, "không phải tệp BPMN 2.0.", "Hãy lưu lại từ trình vẽ sơ đồ.")
    return root
