"""The compiled shape of a form: one class per allowed field type. Holds no values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any


class Mark(Enum):
    """Stands where a value would: nothing entered at all; not shown; empty though needed."""

    ABSENT = "absent"
    HIDDEN = "hidden"
    NEEDED = "needed"


ABSENT, HIDDEN, NEEDED = Mark
MOST_ROWS = 200  # rows of a list that are looked at at all
ROW = "*"  # stands for the row number in a path inside a list: than_nhan.*.ho_ten


@dataclass(frozen=True, slots=True)
class Condition:
    """A ``conditional.hide`` expression: its text, compiled FEEL, and the paths it looks at."""

    text: str
    compiled: Any
    paths: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What every component has. ``path`` is empty for groups without path, texts, separators."""

    kind: str
    id: str
    label: str = ""
    description: str = ""
    key: str = ""
    path: str = ""
    hide: Condition | None = None
    row: str = ""
    columns: int | None = None
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf(Node):
    """A field that holds a value."""

    required: bool = False
    need: Condition | None = None  # required only while this is true
    omit: bool = False  # left empty, it changes nothing that is stored already
    default: Any = None
    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Leaf):
    """textfield, textarea."""

    min_length: int | None = None
    max_length: int
    pattern: re.Pattern[str] | None = None
    pattern_message: str = "không đúng dạng"
    email: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Leaf):
    """number; always Decimal inside."""

    min: Decimal | None = None
    max: Decimal | None = None
    digits: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DateTime(Leaf):
    """datetime: subtype date (ISO date) or time (HH:MM)."""

    subtype: str = "date"
    not_after: str = ""
    not_before: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkbox(Leaf):
    """checkbox: true or false; required means it must be ticked."""


@dataclass(frozen=True, slots=True)
class Option:
    """One choice. ``value`` is any JSON scalar, ``token`` how it stands in an HTML post."""

    value: Any
    label: str

    @property
    def token(self) -> str:
        return token(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Leaf):
    """radio, select (one value) and checklist (a list); ``source`` names a server's list."""

    options: tuple[Option, ...] = ()
    source: str = ""
    exclusive: tuple[frozenset[str], ...] = ()
    asks: tuple[tuple[str, str], ...] = ()  # (option token, what is asked before it is handed in)
    hide_options: tuple[tuple[str, Condition], ...] = ()  # (option token, when it is left out)

    @property
    def many(self) -> bool:
        return self.kind == "checklist"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Node):
    """A titled section; with a path its children live in an object of their own."""

    children: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows(Node):
    """dynamiclist: a list of objects, between ``min_rows`` and ``max_rows`` of them."""

    children: tuple[Node, ...] = ()
    min_rows: int = 0
    max_rows: int
    default_rows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Words(Node):
    """text: plain paragraphs."""

    paragraphs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Separator(Node):
    """A line between fields."""


def token(value: Any) -> str:
    """How an option's JSON value is written in HTML: strings as they are, true as "true"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def walk(nodes: tuple[Node, ...]) -> Iterator[Node]:
    """Every component, parents before children, in the order of the paper."""
    for node in nodes:
        yield node
        if isinstance(node, Group | Rows):
            yield from walk(node.children)


def concrete(path: str, index: int | None) -> str:
    """The path of one row's field: ``than_nhan.*.ho_ten`` and 2 give ``than_nhan.2.ho_ten``."""
    return path if index is None else path.replace(ROW, str(index), 1)
