"""Settings of other tools that say what BPMN itself can say: written as BPMN, so that they run.

Only what means exactly the same here: FEEL, plain names, fixed targets. Whatever is left stands
where it was and is named by ``foreign``. Knows no engine.
"""

from __future__ import annotations

import re

from lxml import etree

from engine.bpmn.xml import BPMN, child_text, children

_ZEEBE = "http://camunda.org/schema/zeebe/1.0"
_CAMUNDA = (
    "http://camunda.org/schema/1.0/bpmn",
    "http://operaton.org/schema/1.0/bpmn",
    "http://activiti.org/bpmn",
    "http://flowable.org/bpmn",
)
_NAME = re.compile(r"[^\W\d]\w*")


def adopt(root: etree._Element) -> None:
    """Rewrite, in place, the settings of scripts, repeated activities and calls."""
    for script in list(root.iter(f"{{{BPMN}}}scriptTask")):
        _script(script)
    for multi in list(root.iter(f"{{{BPMN}}}multiInstanceLoopCharacteristics")):
        if not children(multi, "loopDataInputRef") and not children(multi, "loopCardinality"):
            _zeebe_items(multi)
            _camunda_items(multi)
    for call in list(root.iter(f"{{{BPMN}}}callActivity")):
        _call(call)


def _setting(element: etree._Element, name: str) -> etree._Element | None:
    """The only setting of this name among the extensions of an element."""
    found = element.findall(f"{{{BPMN}}}extensionElements/{{{_ZEEBE}}}{name}")
    return found[0] if len(found) == 1 else None


def _drop(setting: etree._Element) -> None:
    around = setting.getparent()
    if around is not None:
        around.remove(setting)


def _plain(text: str | None) -> str | None:
    """The name that a FEEL text consists of."""
    name = (text or "").strip().removeprefix("=").strip()
    return name if _NAME.fullmatch(name) else None


def _add(
    element: etree._Element, kind: str, text: str | None = None, name: str | None = None
) -> None:
    child = etree.SubElement(element, f"{{{BPMN}}}{kind}")
    child.text = text
    if name:
        child.set("name", name)


def _script(task: etree._Element) -> None:
    """``=a + b`` with a result variable ``c`` is ``c = a + b``."""
    setting = _setting(task, "script")
    if setting is None or child_text(task, "script") is not None:
        return
    expression = (setting.get("expression") or "").strip()
    result = setting.get("resultVariable") or ""
    if expression.startswith("=") and "//" not in expression and _NAME.fullmatch(result):
        for empty in children(task, "script"):
            task.remove(empty)
        _add(task, "script", f"{result} = {' '.join(expression[1:].split(chr(10)))}")
        _drop(setting)


def _zeebe_items(multi: etree._Element) -> None:
    setting = _setting(multi, "loopCharacteristics")
    if setting is None:
        return
    given = ("inputCollection", "inputElement", "outputCollection", "outputElement")
    names = {key: _plain(setting.get(key)) for key in given if setting.get(key)}
    paired = ("outputCollection" in names) == ("outputElement" in names)
    if "inputCollection" not in names or None in names.values() or not paired:
        return
    _add(multi, "loopDataInputRef", names["inputCollection"])
    if "inputElement" in names:
        _add(multi, "inputDataItem", name=names["inputElement"])
    if "outputElement" in names:
        _add(multi, "loopDataOutputRef", names["outputCollection"])
        _add(multi, "outputDataItem", name=names["outputElement"])
    _drop(setting)


def _camunda_items(multi: etree._Element) -> None:
    for space in _CAMUNDA:
        collection, variable = f"{{{space}}}collection", f"{{{space}}}elementVariable"
        items, item = multi.get(collection, ""), multi.get(variable, "")
        if _NAME.fullmatch(items) and (not item or _NAME.fullmatch(item)):
            _add(multi, "loopDataInputRef", items)
            if item:
                _add(multi, "inputDataItem", name=item)
            for key in (collection, variable):
                multi.attrib.pop(key, None)
            return


def _call(call: etree._Element) -> None:
    setting = _setting(call, "calledElement")
    if setting is None or call.get("calledElement"):
        return
    target = (setting.get("processId") or "").strip()
    whole = all(
        setting.get(key, "true") == "true"
        for key in ("propagateAllChildVariables", "propagateAllParentVariables")
    )
    if target and not target.startswith("=") and whole:
        call.set("calledElement", target)
        _drop(setting)
