"""The rules of each field type: what its JSON may say and the node it becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from engine.forms import nodes, patterns, values
from engine.forms.checks import KEY, Checks

TEXT_LENGTH = {"textfield": 500, "textarea": 10_000}
LONGEST = 20_000


def check_default(check: Checks, node: nodes.Leaf) -> nodes.Leaf:
    """A default must be a value the field itself would take."""
    if node.default is None or (isinstance(node, nodes.Choice) and node.source):
        return node
    try:
        values.read(node, node.default, values.Lists({}, {}))
    except values.Unreadable as error:
        raise check.refuse(
            node.id, f"defaultValue {error}.", "Sửa giá trị mặc định hoặc bỏ đi."
        ) from None
    return node


def textfield(
    check: Checks, raw: Any, rules: Mapping[str, Any], base: dict[str, Any]
) -> nodes.Text:
    id_, kind = base["id"], base["kind"]
    longest = check.whole(id_, "maxLength", rules.get("maxLength", TEXT_LENGTH[kind]), 1, LONGEST)
    shortest = rules.get("minLength")
    if shortest is not None:
        shortest = check.whole(id_, "minLength", shortest, 0, longest)
    email = rules.get("validationType") or "custom"
    if email not in ("email", "custom"):
        raise check.refuse(
            id_,
            f"validationType «{email}» không dùng được.",
            "Với số điện thoại dùng pattern ^(0|\\+84)[0-9]{9,10}$.",
        )
    pattern = None
    if rules.get("pattern"):
        try:
            pattern = patterns.portable(rules["pattern"])
        except ValueError as error:
            raise check.refuse(
                id_,
                f"pattern không dùng được: {error}.",
                "Dùng mẫu đơn giản, ví dụ ^[0-9]{12}$.",
            ) from None
    message = base["properties"].get("patternErrorMessage") or rules.get("patternErrorMessage")
    return nodes.Text(
        **base, min_length=shortest, max_length=longest, pattern=pattern,
        pattern_message=str(message or "không đúng dạng").rstrip("."), email=email == "email",
    )  # fmt: skip


def number(check: Checks, raw: Any, rules: Mapping[str, Any], base: dict[str, Any]) -> nodes.Number:
    bounds: dict[str, Decimal | None] = {"min": None, "max": None}
    for name in bounds:
        if rules.get(name) is not None:
            try:
                bounds[name] = values.read_number(rules[name])
            except values.Unreadable:
                raise check.refuse(base["id"], f"{name} sai.", "Ghi một số.") from None
    digits = raw.get("decimalDigits")
    if digits is not None:
        digits = check.whole(base["id"], "decimalDigits", digits, 0, 12)
    return nodes.Number(**base, digits=digits, min=bounds["min"], max=bounds["max"])


def datetime(check: Checks, raw: Any, rules: Any, base: dict[str, Any]) -> nodes.DateTime:
    subtype = raw.get("subtype") or "date"
    if subtype not in ("date", "time"):
        raise check.refuse(
            base["id"],
            f"subtype «{subtype}» không dùng được.",
            "Tách thành một trường ngày và một trường giờ.",
        )
    after = base["properties"].get("notAfter", "")
    before = base["properties"].get("notBefore", "")
    if subtype == "time" and (after or before):
        raise check.refuse(base["id"], "notAfter, notBefore chỉ dùng cho ngày.", "Bỏ đi.")
    return nodes.DateTime(**base, subtype=subtype, not_after=after, not_before=before)


def checkbox(check: Checks, raw: Any, rules: Any, base: dict[str, Any]) -> nodes.Checkbox:
    return nodes.Checkbox(**base)


def select(check: Checks, raw: Any, rules: Any, base: dict[str, Any]) -> nodes.Choice:
    id_ = base["id"]
    source, listed = raw.get("valuesKey") or "", raw.get("values")
    if bool(source) == bool(listed):
        raise check.refuse(
            id_, "Cần đúng một trong hai: values hoặc valuesKey.", "Thêm hoặc bỏ một bên."
        )
    if source and (not isinstance(source, str) or not KEY.fullmatch(source)):
        raise check.refuse(id_, "valuesKey sai.", "Ghi tên danh sách của hệ thống, ví dụ xa.")
    options = _options(check, id_, listed) if listed else ()
    groups = [
        frozenset(name.strip() for name in group.split(",") if name.strip())
        for group in base["properties"].get("exclusive", "").split(";")
        if group.strip()
    ]
    for name in sorted(frozenset().union(*groups) - {option.token for option in options}):
        raise check.refuse(id_, f"exclusive nêu «{name}» không có trong values.", "Sửa lại.")
    return nodes.Choice(
        **base, options=options, source=source, exclusive=tuple(groups),
        hide_options=_hide_options(check, base, options), asks=_asks(check, base, options),
    )  # fmt: skip


def _hide_options(
    check: Checks, base: dict[str, Any], options: tuple[nodes.Option, ...]
) -> tuple[tuple[str, nodes.Condition], ...]:
    """``hideOption``: "thieu: =da_bo_sung = true", over declared inputs only."""
    found = []
    for line in base["properties"].get("hideOption", "").split(";"):
        if not line.strip():
            continue
        name, _, text = line.partition(":")
        condition = check.conditions.compile(base["id"], text)
        strange = condition.compiled.names - check.conditions.inputs
        if name.strip() not in {option.token for option in options} or strange:
            raise check.refuse(
                base["id"],
                f"hideOption «{line.strip()}» sai.",
                "Ghi giá trị có trong values, dấu hai chấm, rồi điều kiện trên tên ở inputs.",
            )
        found.append((name.strip(), condition))
    return tuple(found)


def _asks(
    check: Checks, base: dict[str, Any], options: tuple[nodes.Option, ...]
) -> tuple[tuple[str, str], ...]:
    """``ask``: "tu-choi: Từ chối thì hồ sơ kết thúc." for what cannot be taken back."""
    found = []
    for line in base["properties"].get("ask", "").split(";"):
        token, _, sentence = (part.strip() for part in line.partition(":"))
        if not line.strip():
            continue
        if token not in {option.token for option in options} or not sentence:
            raise check.refuse(
                base["id"],
                f"ask «{line.strip()}» sai.",
                "Ghi giá trị có trong values, dấu hai chấm, rồi câu hỏi lại.",
            )
        found.append((token, sentence))
    return tuple(found)


def _options(check: Checks, id_: str, listed: Any) -> tuple[nodes.Option, ...]:
    options: list[nodes.Option] = []
    items: list[Any] = listed if isinstance(listed, list) else [None]
    for item in items:
        good = isinstance(item, dict) and isinstance(item.get("label"), str)
        if not good or not isinstance(item.get("value"), str | bool | int):
            raise check.refuse(
                id_, "Một lựa chọn sai.", 'Ghi {"label": chữ, "value": chữ, số, true/false}.'
            )
        label = check.plain(item, "label", id_)
        if not label or not nodes.token(item["value"]):
            raise check.refuse(id_, "Một lựa chọn thiếu nhãn hoặc giá trị.", "Ghi cho đủ.")
        options.append(nodes.Option(item["value"], label))
    if len({option.token for option in options}) < len(options):
        raise check.refuse(id_, "Hai lựa chọn trùng giá trị.", "Đặt giá trị khác nhau.")
    return tuple(options)


READERS: dict[str, Callable[[Checks, Any, Mapping[str, Any], dict[str, Any]], nodes.Leaf]] = {
    "textfield": textfield,
    "textarea": textfield,
    "number": number,
    "datetime": datetime,
    "checkbox": checkbox,
    "checklist": select,
    "radio": select,
    "select": select,
}
