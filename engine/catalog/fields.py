"""Which fields a procedure has, and which of them each agency knows. Knows no rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from engine import bpmn, feel
from engine.bpmn.scripting import timer
from engine.bpmn.xml import BPMN, child_text, tag
from engine.errors import FeelError, ModelError
from engine.feel.reading import paths_of
from engine.forms import Form, nodes

PEOPLE = ("userTask", "manualTask")
_EXPRESSIONS = (
    "conditionExpression", "timeDate", "timeDuration", "timeCycle", "loopCondition",
    "loopCardinality", "completionCondition",
)  # fmt: skip
_MADE = frozenset({"inputDataItem", "outputDataItem", "dataInput", "dataOutput"})


@dataclass
class Fields:
    """Paths that exist (``than_nhan.ho_ten``), and roots of which only the name is known."""

    paths: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)

    def has(self, path: str) -> bool:
        """Whether a path may have a value."""
        root = path.split(".")[0]
        return path in self.paths or root in self.open

    def add(self, path: str) -> None:
        """A path and the objects on the way to it."""
        names = path.split(".")
        self.paths |= {".".join(names[:length]) for length in range(1, len(names) + 1)}

    def receive(self, path: str, whole: Fields) -> None:
        """A path that is sent here, with everything inside it."""
        self.add(path)
        self.paths |= {other for other in whole.paths if other.startswith(path + ".")}
        if path in whole.open:
            self.open.add(path)


@dataclass(frozen=True)
class Expression:
    """A FEEL text of the picture: the drawn element it belongs to, its pool and what it reads."""

    element: str
    pool: str
    text: str
    paths: frozenset[str]


def of_form(form: Form) -> Fields:
    """The fields that a form writes."""
    found = Fields()
    for node in nodes.walk(form.tree):
        if node.path:
            found.add(node.path.replace(f".{nodes.ROW}", ""))
    return found


def expressions(model: bpmn.Model, pictures: Iterable[etree._Element]) -> list[Expression]:
    """Every expression of the pictures that compiles, with its place."""
    found: list[Expression] = []
    for root in pictures:
        for element in root.iter(f"{{{BPMN}}}*"):
            kind = tag(element)
            if kind not in _EXPRESSIONS and kind != "script":
                continue
            text = (element.text or "").strip()
            place = _place(model, element)
            if not text or place is None:
                continue
            try:
                if kind == "script":
                    found += _lines(place, text)
                    continue
                if kind.startswith("time"):
                    compiled = timer(text, kind == "timeCycle", "", place[0]).expression
                else:
                    compiled = feel.compile_expression(text)
                if compiled is not None:
                    found.append(Expression(*place, compiled.text, paths_of(compiled)))
            except (FeelError, ModelError):
                continue  # another rule's matter
    return found


def _lines(place: tuple[str, str], text: str) -> Iterator[Expression]:
    written: set[str] = set()
    for name, compiled in feel.compile_script(text).lines:
        read = frozenset(p for p in paths_of(compiled) if p.split(".")[0] not in written)
        yield Expression(*place, compiled.text, read)
        written.add(name)


def _place(model: bpmn.Model, element: etree._Element) -> tuple[str, str] | None:
    """The drawn flow or node around an expression, and its pool."""
    above: etree._Element | None = element.getparent()
    while above is not None:
        key = above.get("id", "")
        source = above.get("sourceRef", "") if tag(above) == "sequenceFlow" else key
        if source in model.elements:
            return key, model.elements[source].pool
        above = above.getparent()
    return None


def known(
    model: bpmn.Model,
    forms: Mapping[str, Form],
    form_names: Mapping[str, str],
    decisions: Mapping[str, tuple[str, ...]],
    pictures: list[etree._Element],
) -> dict[str, Fields]:
    """What each pool may know: its forms, scripts, decisions and what is sent to it.

    ``form_names`` are the forms by task id, ``decisions`` the outputs by decision id.
    """
    pools = {key: Fields() for key in model.pools}
    every = Fields()
    written = {name: of_form(form) for name, form in forms.items()}
    for one in written.values():
        every.paths |= one.paths
    if "start" in written:
        pools[model.main.id].paths |= written["start"].paths
    for task, name in form_names.items():
        if name in written and task in model.elements:
            pools[model.elements[task].pool].paths |= written[name].paths
    for root in pictures:
        for element in root.iter(f"{{{BPMN}}}*"):
            made = set(_made(element, decisions))
            place = _place(model, element) if made else None
            if place is not None:
                pools[place[1]].open |= made
                every.open |= made
    for flow in model.flows.values():
        for path in flow.fields:
            pools[flow.target_pool].receive(path, every)
    return pools


def _made(element: etree._Element, decisions: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """The names that an element sets besides forms and messages."""
    kind = tag(element)
    if kind == "script":
        try:
            yield from feel.compile_script((element.text or "").strip()).assigned
        except FeelError:
            return
    elif kind == "extensionElements":
        yield from decisions.get(called(element), ())
    elif kind in _MADE:
        yield from (value for value in (element.get("name"), element.get("id")) if value)
    elif kind == "multiInstanceLoopCharacteristics":
        output = child_text(element, "loopDataOutputRef")
        yield from [output] if output else []


def called(task: etree._Element) -> str:
    """The id of the decision that a business rule task calls."""
    found = next(iter(task.iter("{*}calledDecisionId")), None)
    return (found.text or "").strip() if found is not None else ""
