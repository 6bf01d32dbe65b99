"""Typed text ↔ JSON values, one reader per field type. Errors are predicates («…» comes before)."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.forms import nodes

Options = Mapping[str, Sequence[Mapping[str, Any]]]  # the server's lists, by valuesKey


@dataclass(frozen=True, slots=True)
class Lists:
    """The choices on offer now: the server's lists, and by node id the tokens left out."""

    server: Options
    without: Mapping[str, frozenset[str]]


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{3})+(,[0-9]+)?", re.ASCII)
_PLAIN = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?", re.ASCII)
_DAY_FIRST = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})", re.ASCII)
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
_TIME = re.compile(r"([0-9]{1,2})(?:[:hH]|\s*giờ\s*)([0-9]{1,2})?(?:\s*phút|:[0-9]{2})?", re.ASCII)
_BIGGEST = Decimal(10) ** 15


class Unreadable(ValueError):
    """The value is not of the field's type; the message is a predicate in Vietnamese."""


def blank(node: nodes.Leaf) -> Any:
    """What an empty field counts as in conditions, as form-js has it."""
    match node:
        case nodes.Text():
            return ""
        case nodes.Checkbox():
            return False
        case nodes.Choice(many=True):
            return []
    return None


def read(node: nodes.Leaf, raw: Any, lists: Lists) -> Any:
    """The field's value, or its blank when nothing was entered; raises Unreadable."""
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return blank(node)
    match node:
        case nodes.Text():
            return read_text(raw, lines=node.kind == "textarea")
        case nodes.Number():
            return read_number(raw)
        case nodes.DateTime(subtype="time"):
            return read_time(raw)
        case nodes.DateTime():
            return read_date(raw)
        case nodes.Checkbox():
            return read_bool(raw)
        case nodes.Choice(many=True):
            return _read_many(node, raw, lists)
        case nodes.Choice():
            return _read_one(node, choices(node, lists), raw)
    raise TypeError(node.kind)


def read_text(raw: Any, *, lines: bool) -> str:
    """NFC, trimmed; a one-line field has spaces for tabs and line ends."""
    if not isinstance(raw, str):
        raise Unreadable("phải là chữ")
    if _CONTROL.search(raw):
        raise Unreadable("có ký tự không dùng được trong văn bản")
    text = unicodedata.normalize("NFC", raw.replace("\r\n", "\n").replace("\r", "\n"))
    if not lines:
        text = re.sub(r"[\t\n]+", " ", text)
    return text.strip()


def read_number(raw: Any) -> Decimal:
    """A JSON number, or text as Vietnamese write it: 2.530.000 or 1,5 (1.5 is accepted too)."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | Decimal | str):
        raise Unreadable("phải là một số")
    text = re.sub(r"[\s\u00a0\u202f]", "", raw) if isinstance(raw, str) else str(raw)
    if len(text) > 60:
        raise Unreadable("là số quá lớn hoặc quá nhiều chữ số thập phân")
    if isinstance(raw, str):
        if _GROUPED.fullmatch(text):
            text = text.replace(".", "")
        elif not _PLAIN.fullmatch(text):
            raise Unreadable("phải là một số")
        text = text.replace(",", ".")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise Unreadable("phải là một số") from None
    if not number.is_finite():
        raise Unreadable("phải là một số")
    if abs(number) >= _BIGGEST or -number.normalize().as_tuple().exponent > 12:  # type: ignore[operator]
        raise Unreadable("là số quá lớn hoặc quá nhiều chữ số thập phân")
    return number


def read_date(raw: Any) -> str:
    """dd/mm/yyyy or ISO in, ISO out."""
    text = raw.strip() if isinstance(raw, str) else ""
    if found := _DAY_FIRST.fullmatch(text):
        day, month, year = (int(part) for part in found.groups())
    elif found := _ISO.fullmatch(text):
        year, month, day = (int(part) for part in found.groups())
    else:
        raise Unreadable("phải ghi ngày/tháng/năm, ví dụ 05/06/2026")
    try:
        value = date(year, month, day)
    except ValueError:
        raise Unreadable(f"ghi ngày {day:02}/{month:02}/{year:04}, ngày này không có") from None
    if not 1800 <= value.year <= 2200:
        raise Unreadable(f"ghi năm {year:04}, phải từ năm 1800 đến năm 2200")
    return value.isoformat()


def read_time(raw: Any) -> str:
    """7:05, 07h05, 7 giờ 05 phút in; HH:MM out."""
    found = _TIME.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if not found:
        raise Unreadable("phải ghi giờ:phút, ví dụ 07:05")
    hour, minute = int(found[1]), int(found[2] or 0)
    if hour > 23 or minute > 59:
        raise Unreadable(f"ghi {hour:02}:{minute:02}, giờ phải từ 00:00 đến 23:59")
    return f"{hour:02}:{minute:02}"


def read_bool(raw: Any) -> bool:
    """A JSON boolean, or what an HTML checkbox posts."""
    if isinstance(raw, bool):
        return raw
    if raw in ("true", "false") and isinstance(raw, str):
        return raw == "true"
    raise Unreadable("chỉ nhận Có hoặc Không")


def choices(node: nodes.Choice, lists: Lists) -> tuple[nodes.Option, ...]:
    """The choices in force: the form's own, or the server's list. KeyError: list not supplied."""
    known = node.options
    if node.source:
        known = tuple(nodes.Option(o["value"], str(o["label"])) for o in lists.server[node.source])
    without = lists.without.get(node.id, frozenset())
    return tuple(option for option in known if option.token not in without)


def _read_one(node: nodes.Choice, known: Sequence[nodes.Option], raw: Any) -> Any:
    if not isinstance(raw, str | bool | int | float):
        raise Unreadable("phải là một lựa chọn trong danh sách")
    text = unicodedata.normalize("NFC", nodes.token(raw))
    for option in known:
        if option.token == text:
            return option.value
    name = next((option.label for option in node.options if option.token == text), text[:60])
    raise Unreadable(f"có lựa chọn «{name}» không còn trong danh sách, hãy chọn lại")


def _read_many(node: nodes.Choice, raw: Any, lists: Lists) -> list[Any]:
    if isinstance(raw, str):
        raw = [raw]
    if not isinstance(raw, list):
        raise Unreadable("phải là danh sách các lựa chọn")
    known = choices(node, lists)
    if len(raw) > len(known) + 50:
        raise Unreadable("có quá nhiều lựa chọn")
    chosen = {nodes.token(_read_one(node, known, item)) for item in raw if item != ""}
    return [option.value for option in known if option.token in chosen]


def to_json(value: Any) -> Any:
    """Decimal → int when whole, else float; everything else is JSON already."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def typed_text(node: nodes.Leaf, raw: Any) -> str:
    """What stands in an input: the text as typed; stored values written as people type them."""
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return nodes.token(raw)
    if isinstance(raw, int | float | Decimal):
        return plain_number(raw).replace(".", ",") if isinstance(node, nodes.Number) else str(raw)
    if not isinstance(raw, str):
        return json.dumps(raw, ensure_ascii=False)
    if isinstance(node, nodes.DateTime) and node.subtype == "date":
        return show_date(raw)
    return raw


def show_date(raw: str) -> str:
    """ISO → dd/mm/yyyy; any other text unchanged."""
    found = _ISO.fullmatch(raw.strip())
    return f"{found[3]}/{found[2]}/{found[1]}" if found else raw


def plain_number(value: int | float | Decimal) -> str:
    """Digits without exponent or trailing zeros."""
    text = format(Decimal(str(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def show_number(value: int | float | Decimal) -> str:
    """For reading: 2.530.000 and 1,5; four digits and fewer stay together (2026)."""
    whole, _, rest = plain_number(value).partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    if len(digits) > 4:
        digits = f"{int(digits):,}".replace(",", ".")
    return f"{sign}{digits}" + (f",{rest}" if rest else "")
