"""One marshmallow schema per form, built from its nodes. Visibility is settled before it loads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields, missing, validate

from engine.forms import nodes, values
from engine.forms.compile import limit_path
from engine.forms.conditions import Places, raw_rows, shown

UNKNOWN = "không có trong biểu mẫu này"
EMPTY = "không được để trống"


@dataclass(frozen=True, slots=True)
class Run:
    """What one validation may look at beside the value itself."""

    data: Mapping[str, Any]
    context: Mapping[str, Any]
    lists: values.Lists


_run: ContextVar[Run] = ContextVar("forms_run")


class _Strict(Schema):
    """Keys the form does not have are refused."""

    error_messages = {"unknown": UNKNOWN, "type": "phải là một nhóm trường"}


class _Visible(fields.Field):
    """A field that steps aside when it is hidden, and takes null for "not entered"."""

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if value is nodes.HIDDEN:
            return missing
        return super().deserialize(missing if value is None else value, *args, **kwargs)


class _Group(_Visible, fields.Nested):
    pass


class _Rows(_Visible, fields.List):
    pass


class Value(_Visible):
    """One leaf: read by its type, required or blank, then marshmallow's validators."""

    def __init__(self, node: nodes.Leaf, label_of: Callable[[str], str]) -> None:
        self.node, self.label_of = node, label_of
        empty = _empty(node)
        common: dict[str, Any] = {
            "validate": _validators(node),
            "error_messages": {"required": empty, "null": empty},
        }
        if node.required:
            super().__init__(required=True, **common)
        else:
            super().__init__(load_default=_stored(values.blank(node)), **common)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        run = _run.get()
        try:
            found = values.read(self.node, value, run.lists)
        except values.Unreadable as error:
            raise ValidationError(str(error)) from None
        if isinstance(self.node, nodes.DateTime) and found is not None:
            self._limits(self.node, found, data or {}, run)
        if found == values.blank(self.node) and self.node.required:
            raise ValidationError(_empty(self.node))
        return found

    def _validate(self, value: Any) -> None:
        if value != values.blank(self.node):
            super()._validate(value)

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if value is nodes.NEEDED:
            raise ValidationError(_empty(self.node))
        found = super().deserialize(value, *args, **kwargs)
        if self.node.omit and found in (values.blank(self.node), None):
            return missing
        return _stored(found)

    def _limits(self, node: nodes.DateTime, found: str, row: Mapping[str, Any], run: Run) -> None:
        for target, word, wrong in (
            (node.not_after, "sau", lambda limit: found > limit),
            (node.not_before, "trước", lambda limit: found < limit),
        ):
            limit = _limit(target, row, run)
            if limit is not None and wrong(limit):
                if target == "today":
                    name = "hôm nay, "
                else:
                    label = self.label_of(limit_path(node, target))
                    name = f"«{label}», " if label else ""
                raise ValidationError(f"không được {word} {name}{values.show_date(limit)}")


def _limit(target: str, row: Mapping[str, Any], run: Run) -> str | None:
    if not target:
        return None
    if target == "today":
        today = run.context["__today"]
        return today.isoformat() if isinstance(today, date) else str(today)
    if target.startswith("this."):
        found: Any = row.get(target[5:])
    else:
        found = run.data
        for key in target.split("."):
            found = found.get(key, nodes.ABSENT) if isinstance(found, Mapping) else nodes.ABSENT
        if found is nodes.ABSENT:
            found = run.context
            for key in target.split("."):
                found = found.get(key) if isinstance(found, Mapping) else None
    try:
        return values.read_date(found)
    except values.Unreadable:
        return None


def _stored(value: Any) -> Any:
    """What is kept: null for an empty text, whole numbers as int."""
    return None if value == "" else values.to_json(value)


def _empty(node: nodes.Leaf) -> str:
    match node:
        case nodes.Checkbox():
            return "phải được đánh dấu"
        case nodes.Choice(many=True):
            return "phải chọn ít nhất một mục"
        case nodes.Choice():
            return "phải chọn một mục"
    return EMPTY


def _validators(node: nodes.Leaf) -> list[Callable[[Any], Any]]:
    match node:
        case nodes.Text():
            return _text_validators(node)
        case nodes.Number():
            checks: list[Callable[[Any], Any]] = []
            if node.min is not None:
                least = values.show_number(node.min)
                checks.append(validate.Range(min=node.min, error=f"phải từ {least} trở lên"))
            if node.max is not None:
                most = values.show_number(node.max)
                checks.append(validate.Range(max=node.max, error=f"không được quá {most}"))
            if node.digits is not None:
                checks.append(_digits(node.digits))
            return checks
        case nodes.Choice(exclusive=groups) if groups:
            return [_exclusive(node)]
    return []


def _text_validators(node: nodes.Text) -> list[Callable[[Any], Any]]:
    checks: list[Callable[[Any], Any]] = [
        validate.Length(max=node.max_length, error=f"dài quá {node.max_length} ký tự")
    ]
    if node.min_length:
        checks.append(
            validate.Length(min=node.min_length, error=f"phải có ít nhất {node.min_length} ký tự")
        )
    if node.email:
        checks.append(validate.Email(error="phải là địa chỉ thư điện tử, ví dụ ten@vidu.vn"))
    if node.pattern is not None:
        pattern, message = node.pattern, node.pattern_message

        def matches(value: str) -> None:
            if not pattern.search(value):
                raise ValidationError(message)

        checks.append(matches)
    return checks


def _digits(most: int) -> Callable[[Any], Any]:
    def check(value: Decimal) -> None:
        exponent = value.normalize().as_tuple().exponent
        if isinstance(exponent, int) and -exponent > most:
            raise ValidationError(
                f"chỉ được có {most} chữ số sau dấu phẩy" if most else "phải là số nguyên"
            )

    return check


def _exclusive(node: nodes.Choice) -> Callable[[Any], Any]:
    def check(chosen: Sequence[Any]) -> None:
        tokens = {nodes.token(value) for value in chosen}
        for group in node.exclusive:
            both = [f"«{o.label}»" for o in node.options if o.token in group & tokens]
            if len(both) > 1:
                raise ValidationError(f"chỉ được chọn một trong: {', '.join(both)}")

    return check


def build(tree: tuple[nodes.Node, ...]) -> Schema:
    """The schema of a whole form."""
    labels = {node.path: node.label for node in nodes.walk(tree) if node.path}

    def part(children: Sequence[nodes.Node]) -> dict[str, fields.Field]:
        found: dict[str, fields.Field] = {}
        for node in children:
            if isinstance(node, nodes.Group):
                inner = part(node.children)
                found |= {node.key: _Group(_schema(inner))} if node.key else inner
            elif isinstance(node, nodes.Rows):
                found[node.key] = _rows(node, _Group(_schema(part(node.children))))
            elif isinstance(node, nodes.Leaf):
                found[node.key] = Value(node, lambda path: labels.get(path, ""))
        return found

    return _schema(part(tree))


def _schema(found: dict[str, fields.Field]) -> Schema:
    return _Strict.from_dict(dict(found), name="FormSchema")()


def _rows(node: nodes.Rows, row: fields.Field) -> fields.Field:
    checks = [validate.Length(max=node.max_rows, error=f"chỉ được có tối đa {node.max_rows} dòng")]
    if node.min_rows:
        checks.append(
            validate.Length(min=node.min_rows, error=f"phải có ít nhất {node.min_rows} dòng")
        )
    return _Rows(row, validate=checks, error_messages={"invalid": "phải là một danh sách"})


def prepare(
    tree: Sequence[nodes.Node], raw: Any, gone: Places, need: Places, index: int | None = None
) -> Any:
    """The entered data, hidden parts marked, defaults put in; unknown keys stay to be seen."""
    if not isinstance(raw, Mapping):
        return raw
    data = dict(raw)
    for node, holder in _flat(tree, gone, index):
        away = holder or (node.id, index) in gone
        entered = raw.get(node.key, nodes.ABSENT)
        if away:
            data[node.key] = nodes.HIDDEN
        elif isinstance(node, nodes.Group):
            given = {} if entered in (nodes.ABSENT, None) else entered
            data[node.key] = prepare(node.children, given, gone, need, index)
        elif isinstance(node, nodes.Rows):
            rows = entered
            if entered is nodes.ABSENT or entered is None or isinstance(entered, list):
                rows = [
                    prepare(node.children, row, gone, need, number)
                    for number, row in enumerate(raw_rows(node, entered))
                ]
            data[node.key] = rows
        elif isinstance(node, nodes.Leaf):
            value = shown(entered, node)
            value = None if value is nodes.ABSENT else value
            lacking = (node.id, index) in need and _blank(value)
            data[node.key] = nodes.NEEDED if lacking else value
    return data


def _blank(value: Any) -> bool:
    return value in (None, False, "false") or value in ([], [""]) or not str(value).strip()


def _flat(
    tree: Sequence[nodes.Node], gone: Places, index: int | None, away: bool = False
) -> Iterator[tuple[nodes.Node, bool]]:
    for node in tree:
        if isinstance(node, nodes.Group) and not node.key:
            yield from _flat(node.children, gone, index, away or (node.id, index) in gone)
        elif node.key:
            yield node, away


def load(schema: Schema, run: Run) -> dict[str, Any]:
    """Validated data; raises marshmallow's ValidationError."""
    mark = _run.set(run)
    try:
        return dict(schema.load(run.data))
    finally:
        _run.reset(mark)


def flatten(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """marshmallow's nested messages as (path, predicate)."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            own = key == "_schema"
            yield from flatten(inner, path if own else f"{path}.{key}" if path else str(key))
    elif isinstance(messages, list | tuple):
        for inner in messages:
            yield from flatten(inner, path)
    else:
        yield path, str(messages)
