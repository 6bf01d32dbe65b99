"""Check what the picture says about agencies, roles, forms, limits and handoffs."""

from __future__ import annotations

import json
from collections.abc import Mapping

from lxml import etree

from engine import bpmn
from engine.bpmn.rules import Notes
from engine.bpmn.xml import BPMN, parse_xml, properties
from engine.calendar import parse_limit, parse_warning
from engine.catalog import rules
from engine.catalog.facts import FILE as FACTS
from engine.catalog.facts import conditions_of, escalation
from engine.catalog.fields import PEOPLE, Fields, called, expressions, known, of_form
from engine.catalog.folder import libraries
from engine.catalog.values import asked, offered
from engine.catalog.version import Version, closest
from engine.dmn.cells import shape
from engine.errors import Invalid

FILE = "process.bpmn"
_FLAG = frozenset({"true", "false"})
_POOL = ("kind", "main", "place", "limit", "no-limit-reason")
_NODE = ("portal-status", "public-phase", "clock", "follows-pauses")
_TASK = (
    "form", "limit", "no-limit-reason", "after-15h", "pauses-clock", "pause-cause", "warn",
    "escalate-to", "escalate-after", "result", "portal-status", "public-phase", "clock",
)  # fmt: skip
CAUSES = frozenset({"supplement", "payment", "vneid", "incident"})
_VALUES = {
    "main": _FLAG,
    "after-15h": _FLAG,
    "pauses-clock": _FLAG,
    "follows-pauses": _FLAG,
    "pause-cause": CAUSES,
    "clock": frozenset({"start"}),
}
_LIMITS = {"limit": parse_limit, "escalate-after": parse_limit, "warn": parse_warning}


def form_of(element: bpmn.Element) -> str:
    """The name of the form of a user task: its property ``form``, else its own id."""
    return element.properties.get("form", element.id)


def check(version: Version, model: bpmn.Model) -> None:
    """Everything that the picture must say beside running as drawn."""
    pictures = pictures_of(version)
    forms = {e.id: form_of(e) for e in model.elements.values() if e.type in PEOPLE}
    outputs = {key: decision.outputs for key, decision in version.decisions.items()}
    knows = known(model, version.forms, forms, outputs, pictures)
    _pools(version, model)
    _lanes(version, model)
    _forms(version, forms)
    _properties(version, model)
    _limits(version, model, pictures)
    _stated(version, model, pictures)
    if version.whole and set(forms.values()) <= set(version.forms):
        _places(version, model)
        _inputs(version, model, forms, knows)
        _handoffs(version, model, knows)
        _fields(version, model, pictures, knows)
        _values(version, model, pictures)


def pictures_of(version: Version) -> list[etree._Element]:
    """The roots of the drawings that can be read."""
    read = [
        parse_xml(version.files[name].encode(), Notes(name))
        for name in (FILE, *libraries(version.files))
    ]
    return [root for root in read if root is not None]


def _pools(version: Version, model: bpmn.Model) -> None:
    for pool in model.pools.values():
        kind = pool.properties.get("kind")
        if not kind:
            version.error(
                rules.KIND, FILE, pool.id, f"Pool «{pool.name}» chưa ghi loại cơ quan.",
                f"Ghi thuộc tính kind, một trong: {', '.join(version.kinds)}.",
            )  # fmt: skip
        elif kind not in version.kinds:
            version.error(
                rules.KIND, FILE, pool.id, f"Không có loại cơ quan «{kind}».",
                closest(kind, version.kinds)
                or f"Chọn một trong: {', '.join(version.kinds)}; loại mới thì khai ở [kinds] "
                "của procedure.toml.",
            )  # fmt: skip


def _places(version: Version, model: bpmn.Model) -> None:
    start = version.forms.get("start")
    every = Fields()
    for form in version.forms.values():
        every.paths |= of_form(form).paths
    for pool in model.pools.values():
        if pool.process_id is None:
            continue
        if "place" not in pool.properties:
            version.error(
                rules.PLACE, FILE, pool.id, f"Pool «{pool.name}» không nói tìm cơ quan ở đâu.",
                "Ghi thuộc tính place: FEEL cho mã xã, ví dụ xa_cu_tru.",
            )  # fmt: skip
            continue
        given = []
        if pool.id == model.main.id and start is not None:
            given.append(of_form(start))
        for flow in model.flows.values():
            target = model.elements.get(flow.target_element or "")
            if flow.target_pool == pool.id and target is not None and target.type == "startEvent":
                sent = Fields()
                for path in flow.fields:
                    sent.receive(path, every)
                    sent.open.add(path)
                given.append(sent)
        for one in given:
            version.reads(rules.PLACE, FILE, pool.id, pool.properties["place"], one, "place")


def _lanes(version: Version, model: bpmn.Model) -> None:
    for lane in model.lanes.values():
        if lane.role is None:
            version.error(
                rules.ROLE, FILE, lane.id, f"Làn «{lane.name}» chưa ghi vai trò.",
                f"Ghi thuộc tính role, một trong: {', '.join(version.roles)}.",
            )  # fmt: skip
        elif lane.role not in version.roles:
            version.error(
                rules.ROLE, FILE, lane.id, f"Không có vai trò «{lane.role}» để làm việc.",
                closest(lane.role, version.roles)
                or f"Chọn một trong: {', '.join(version.roles)}; vai trò mới thì khai ở [roles] "
                "của procedure.toml.",
            )  # fmt: skip
    for element in model.elements.values():
        if element.type in PEOPLE and element.lane is None:
            version.error(
                rules.ROLE, FILE, element.id, f"Bước «{element.name}» không thuộc làn nào có "
                "vai trò nên không ai làm.", "Vẽ bước vào một làn có vai trò.",
            )  # fmt: skip
        told = element.properties.get("escalate-to")
        if told is not None:
            escalation(version, FILE, element.id, told)


def _forms(version: Version, forms: Mapping[str, str]) -> None:
    drawn = {
        name.removeprefix("forms/").removesuffix(".json")
        for name in version.files
        if name.startswith("forms/")
    }
    needed = {name: task for task, name in forms.items()} | {"start": None}
    for name, task in sorted(needed.items()):
        if name not in drawn:
            version.error(
                rules.TASK_FORM, f"forms/{name}.json", task,
                "Bước này chưa có biểu mẫu." if task else "Thủ tục chưa có tờ khai.",
                f"Hãy thêm tệp {name}.json.",
            )  # fmt: skip
    for name in sorted(drawn - set(needed)):
        version.error(
            rules.TASK_FORM, f"forms/{name}.json", name,
            "Biểu mẫu không thuộc bước nào trong sơ đồ.",
            closest(name, needed) or "Hãy đổi tên theo mã bước, hoặc xóa tệp.",
        )  # fmt: skip


def _inputs(
    version: Version, model: bpmn.Model, forms: Mapping[str, str], knows: Mapping[str, Fields]
) -> None:
    """What a form's conditions take from the dossier is known to the agency that has the form."""
    for task, name in sorted(forms.items()):
        fields = knows[model.elements[task].pool]
        for wanted in _wanted(version, name):
            if not fields.has(wanted):
                version.error(
                    rules.FIELD, f"forms/{name}.json", task,
                    f"Biểu mẫu dùng «{wanted}» (properties.inputs) mà cơ quan này không có.",
                    closest(wanted, fields.paths | fields.open) or "Hãy sửa tên, hoặc gửi kèm "
                    "trường này trong luồng tin.",
                )  # fmt: skip


def asked_by_forms(version: Version, pictures: list[etree._Element]) -> dict[str, frozenset[str]]:
    """What the form of each step takes from the dossier, by the id of the step."""
    found = {}
    for root in pictures:
        for task in root.iter(*(f"{{{BPMN}}}{kind}" for kind in PEOPLE)):
            key = task.get("id", "")
            wanted = _wanted(version, properties(task).get("form", key))
            found[key] = frozenset(wanted)
    return found


def _wanted(version: Version, name: str) -> list[str]:
    """The names that a form takes from the dossier."""
    if name not in version.forms:
        return []
    told = (json.loads(version.files[f"forms/{name}.json"]).get("properties") or {}).get("inputs")
    return sorted({part.strip() for part in (told or "").split(",") if part.strip()})


def _properties(version: Version, model: bpmn.Model) -> None:
    named: list[tuple[str, Mapping[str, str], tuple[str, ...]]] = [
        (pool.id, pool.properties, _POOL) for pool in model.pools.values()
    ]
    for e in model.elements.values():
        named.append((e.id, e.properties, _TASK if e.type in PEOPLE else _NODE))
    for key, found, allowed in named:
        for name, value in sorted(found.items()):
            if name not in allowed:
                version.warning(
                    rules.PROPERTY, FILE, key, f"Thuộc tính «{name}» không có nghĩa ở đây.",
                    closest(name, allowed) or f"Chọn: {', '.join(allowed)}.",
                )  # fmt: skip
            elif name in _VALUES and value not in _VALUES[name]:
                version.error(
                    rules.PROPERTY, FILE, key, f"Thuộc tính «{name}» có giá trị lạ «{value}».",
                    f"Ghi một trong: {', '.join(sorted(_VALUES[name]))}.",
                )  # fmt: skip
        status = found.get("portal-status")
        if status is not None and (not status.isascii() or status not in map(str, range(1, 11))):
            version.error(
                rules.STATUS, FILE, key, f"Trạng thái Cổng «{status}» không có.",
                "Ghi một số từ 1 đến 10.",
            )  # fmt: skip


def _limits(version: Version, model: bpmn.Model, pictures: list[etree._Element]) -> None:
    timed = {
        event.get("attachedToRef", "")
        for root in pictures
        for event in root.iter(f"{{{BPMN}}}boundaryEvent")
        if event.find(f"{{{BPMN}}}timerEventDefinition") is not None
    }
    named = [(pool.id, pool.properties) for pool in model.pools.values()]
    named += [(element.id, element.properties) for element in model.elements.values()]
    for key, found in named:
        for name, read in _LIMITS.items():
            if name in found:
                try:
                    read(found[name])
                except Invalid as error:
                    version.error(rules.LIMIT, FILE, key, error.message, "Hãy sửa thời hạn.")
    for element in model.elements.values():
        waits = element.properties.get("pauses-clock") == "true"  # its time is the citizen's
        if element.type not in PEOPLE or waits or element.id in timed:
            continue
        pool = model.pools[element.pool].properties
        told = [found.get(name) for found in (element.properties, pool) for name in _LIMITED]
        if not any(text and text.strip() for text in told):
            version.error(
                rules.NO_LIMIT, FILE, element.id,
                f"Bước «{element.name}» không có thời hạn, cơ quan của bước cũng không.",
                "Ghi limit, hoặc vẽ hẹn giờ ở biên, hoặc ghi no-limit-reason nói rõ vì sao.",
            )  # fmt: skip


_LIMITED = ("limit", "no-limit-reason")


def _stated(version: Version, model: bpmn.Model, pictures: list[etree._Element]) -> None:
    """Every handoff says what it carries, be it nothing."""
    stated = {
        flow.get("id", "")
        for root in pictures
        for flow in root.iter(f"{{{BPMN}}}messageFlow")
        if "fields" in properties(flow)
    }
    for flow in model.flows.values():
        if flow.id not in stated:
            version.error(
                rules.HANDOFF,
                FILE,
                flow.id,
                f"Luồng tin «{flow.name}» không nói gửi trường nào.",
                'Ghi thuộc tính fields; không gửi gì thì ghi fields = "".',
            )


def _handoffs(version: Version, model: bpmn.Model, knows: Mapping[str, Fields]) -> None:
    for flow in model.flows.values():
        if model.pools[flow.source_pool].process_id is None:
            continue  # a partner's own software: we do not know what it knows
        sender = knows[flow.source_pool]
        for path in flow.fields:
            if not sender.has(path):
                version.error(
                    rules.HANDOFF,
                    FILE,
                    flow.id,
                    f"Luồng tin «{flow.name}» gửi trường «{path}» mà nơi gửi không có.",
                    closest(path, sender.paths | sender.open) or "Hãy sửa tên trường.",
                )


def _fields(
    version: Version,
    model: bpmn.Model,
    pictures: list[etree._Element],
    knows: Mapping[str, Fields],
) -> None:
    for one in expressions(model, pictures):
        fields = knows[one.pool]
        for path in sorted(one.paths):
            if not fields.has(path):
                version.error(
                    rules.FIELD, FILE, one.element,
                    f"Biểu thức «{one.text}» dùng trường «{path}» mà không biểu mẫu, lệnh, bảng "
                    "hay luồng tin nào của cơ quan này ghi.",
                    closest(path, fields.paths | fields.open) or "Hãy sửa tên trường.",
                )  # fmt: skip
    for root in pictures:
        for task in root.iter(f"{{{BPMN}}}businessRuleTask"):
            element = model.elements.get(task.get("id", ""))
            decision = version.decisions.get(called(task))
            if element is None or decision is None:
                continue
            for name in sorted(decision.inputs):
                fields = knows[element.pool]
                if not fields.has(name):
                    version.error(
                        rules.FIELD, FILE, element.id,
                        f"Bảng «{decision.name}» đọc «{name}» mà cơ quan này không có.",
                        closest(name, fields.paths | fields.open) or "Hãy sửa tên trong bảng.",
                    )  # fmt: skip


def _values(version: Version, model: bpmn.Model, pictures: list[etree._Element]) -> None:
    """A condition that waits for a value which nobody can choose never holds."""
    known = offered(version.forms.values(), version.decisions.values(), pictures)
    free = {
        path
        for flow in model.flows.values()
        if model.pools[flow.source_pool].process_id is None
        for path in flow.fields
    }
    told = [(FILE, e.element, e.text, asked(e.text)) for e in expressions(model, pictures)]
    told += [(FACTS, place, text, asked(text)) for place, text in conditions_of(version.meta)]
    for decision in version.decisions.values():
        name = decision.file.rpartition("/")[2]
        told += [
            (name, column.id, column.expression.text, asked(column.expression.text))
            for column in decision.columns
        ]
        told += [
            (name, rule.id, test.text, _cell(decision.columns[at].expression.text, test.text))
            for rule in decision.rules
            for at, test in rule.tests
        ]
    for file, element, text, wanted in told:
        for path, value in wanted:
            values = known.get(path)
            if values is not None and value not in values and path not in free:
                version.error(
                    rules.VALUE,
                    file,
                    element,
                    f"«{text}» so sánh «{path}» với «{value}», mà trường này không bao giờ có "
                    "giá trị đó.",
                    closest(value, values) or f"Chọn: {', '.join(sorted(values))}.",
                )


def _cell(column: str, cell: str) -> list[tuple[str, str]]:
    """The texts a decision cell asks of its column."""
    found = shape(cell)
    asked_for = (*found.equals, *found.members) if found is not None else ()
    return [(column.strip(), value) for value in asked_for if isinstance(value, str)]
