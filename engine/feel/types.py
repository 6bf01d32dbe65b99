"""Declared types of names, for what can be known of an expression without running it. Pure.

A type says what FEEL finds behind a name. Task data is JSON, so the date of a form is ``Text()``
(ISO text, read with ``date(…)``); ``Date()`` is for names that hold a FEEL date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class Type:
    """What a name may hold. Unless ``required``, null too."""

    required: bool = field(default=False, kw_only=True)
    kinds: ClassVar[frozenset[str]] = frozenset()


@dataclass(frozen=True)
class Number(Type):
    """A number."""

    kinds: ClassVar[frozenset[str]] = frozenset({"number"})


@dataclass(frozen=True)
class Text(Type):
    """A string; with ``values``, one of these and no other."""

    values: tuple[str, ...] | None = None
    kinds: ClassVar[frozenset[str]] = frozenset({"string"})


@dataclass(frozen=True)
class Boolean(Type):
    """True or false."""

    kinds: ClassVar[frozenset[str]] = frozenset({"boolean"})


@dataclass(frozen=True)
class Date(Type):
    """A day."""

    kinds: ClassVar[frozenset[str]] = frozenset({"date"})


@dataclass(frozen=True)
class DateTime(Type):
    """A moment."""

    kinds: ClassVar[frozenset[str]] = frozenset({"date and time"})


@dataclass(frozen=True)
class Time(Type):
    """A time of day."""

    kinds: ClassVar[frozenset[str]] = frozenset({"time"})


@dataclass(frozen=True)
class Duration(Type):
    """A duration, of either kind."""

    kinds: ClassVar[frozenset[str]] = frozenset({"duration", "months"})


@dataclass(frozen=True)
class List(Type):
    """A list of items of one type."""

    of: Type = field(default_factory=lambda: Any())
    kinds: ClassVar[frozenset[str]] = frozenset({"list"})


@dataclass(frozen=True)
class Context(Type):
    """An object. With ``fields`` None its entries are unknown."""

    fields: Mapping[str, Type] | None = field(default=None, hash=False)
    kinds: ClassVar[frozenset[str]] = frozenset({"context"})


@dataclass(frozen=True)
class Any(Type):
    """Nothing is known."""


def at(types: Mapping[str, Type], path: tuple[str, ...]) -> Type:
    """The type of a path: declared as ``a.b`` itself, or as field ``b`` of the context ``a``."""
    declared = types.get(".".join(path))
    if declared is not None:
        return declared
    if len(path) < 2:
        return Any()
    return inside(at(types, path[:-1]), path[-1])


def inside(type_: Type, key: str) -> Type:
    """The type of ``value.key``; through a list, a list of the fields."""
    if isinstance(type_, Context) and type_.fields is not None:
        found = type_.fields.get(key, Any())
        return found if type_.required else optional(found)
    if isinstance(type_, List) and isinstance(type_.of, Context):
        return List(inside(type_.of, key), required=type_.required)
    return Any()


def union(types: Iterable[Type]) -> Type:
    """What is one of several types; Any where they are of different kinds, or none."""
    made: Type | None = None
    for one in types:
        made = one if made is None else _either(made, one)
    return made if made is not None else Any()


def _either(one: Type, other: Type) -> Type:
    if type(one) is not type(other):
        return Any()
    required = one.required and other.required
    if isinstance(one, Text) and isinstance(other, Text):
        known = one.values is not None and other.values is not None
        values = dict.fromkeys((*(one.values or ()), *(other.values or ())))
        return Text(tuple(values) if known else None, required=required)
    if isinstance(one, List) and isinstance(other, List):
        return List(_either(one.of, other.of), required=required)
    if isinstance(one, Context) and isinstance(other, Context):
        if one.fields is None or other.fields is None:
            return Context(required=required)
        mine, theirs = one.fields, other.fields
        both = {
            name: _either(mine[name], theirs[name])
            if name in mine and name in theirs
            else optional(mine[name] if name in mine else theirs[name])
            for name in (*mine, *theirs)
        }
        return Context(both, required=required)
    return one if required == one.required else other


def optional(type_: Type) -> Type:
    """The same type with null."""
    if not type_.required:
        return type_
    copied = dict(type_.__dict__)
    copied["required"] = False
    return type(type_)(**copied)
