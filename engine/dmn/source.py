"""Safe reading of DMN XML: no entities, no network, no document type. Knows no decisions."""

from __future__ import annotations

from typing import Any

from lxml import etree

from engine.dmn import rules as gate
from engine.findings import Findings

MAX_BYTES, MAX_CELLS = 2_000_000, 20_000
_VERSIONS = (
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "https://www.omg.org/spec/DMN/20191111/MODEL/",
)


def read_root(xml: bytes, findings: Findings) -> Any:
    """The root of a DMN file; None when it is none, which is then noted."""

    def refuse(reason: str, cure: str) -> None:
        findings.error(gate.FILE, None, reason, cure)

    if len(xml) > MAX_BYTES:
        return refuse("Tệp quá lớn.", "Tách thành nhiều tệp.")
    if b"<!DOCTYPE" in xml.replace(b"\0", b""):  # looked for first: it may hold a bomb
        return refuse("Không nhận DOCTYPE.", "Bỏ dòng DOCTYPE.")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        return refuse(f"XML không đúng: {error}.", "Lưu lại tệp.")
    if root.getroottree().docinfo.doctype:
        return refuse("Không nhận DOCTYPE.", "Bỏ dòng DOCTYPE.")
    name = etree.QName(root)
    if name.localname != "definitions" or name.namespace not in _VERSIONS:
        return refuse("Không phải tệp DMN 1.1–1.3.", "Lưu lại bằng DMN 1.3.")
    if sum(1 for _ in root.iter("{*}inputEntry", "{*}outputEntry")) > MAX_CELLS:
        return refuse(f"Tệp có hơn {MAX_CELLS} ô.", "Tách thành nhiều tệp.")
    return root


def id_of(node: Any) -> str | None:
    """The id of a node, or of the nearest one around it."""
    while node is not None and node.get("id") is None:
        node = node.getparent()
    return node.get("id") if node is not None else None


def parts(node: Any) -> list[Any]:
    """The elements directly inside."""
    return [c for c in node if isinstance(c.tag, str)]


def local(node: Any) -> str:
    """The name of an element without its namespace."""
    return etree.QName(node).localname


def children(node: Any, name: str) -> list[Any]:
    """The direct children of a name."""
    return [c for c in parts(node) if local(c) == name]


def child(node: Any, name: str) -> Any:
    """The first direct child of a name; None when there is none."""
    return next(iter(children(node, name)), None)


def text_of(node: Any) -> str:
    """The stripped ``<text>`` inside an element; empty when there is none."""
    inner = child(node, "text") if node is not None else None
    return (inner.text or "").strip() if inner is not None else ""
