"""Every picture opens in bpmn-js without a warning, and all of it is on the canvas."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[2]
PICTURES = sorted((ROOT / "processes").glob("*/*/process.bpmn"))
VIEWER = ROOT / "webapp/frontend/node_modules/bpmn-js/dist/bpmn-viewer.production.min.js"
OPEN = """async (xml) => {
  const viewer = new BpmnJS({ container: "#canvas" });
  const { warnings } = await viewer.importXML(xml);
  const shown = viewer.get("elementRegistry").filter((e) => e.type !== "label");
  return { warnings: warnings.map((w) => w.message), shown: shown.length };
}"""


@pytest.mark.parametrize("path", PICTURES, ids=lambda p: p.parent.name)
def test_it_opens_without_a_warning(browser: Browser, path: Path) -> None:
    """The viewer that officers see takes the file as it is."""
    page = browser.new_page()
    page.set_content('<div id="canvas" style="width: 1200px; height: 700px"></div>')
    page.add_script_tag(path=str(VIEWER))
    opened = page.evaluate(OPEN, path.read_text(encoding="utf-8"))
    page.close()
    assert opened["warnings"] == []
    drawn = path.read_text(encoding="utf-8")
    assert opened["shown"] == drawn.count("<bpmndi:BPMNShape") + drawn.count("<bpmndi:BPMNEdge") + 1
