"""The functions' parameters: names for calls like ``f(name: x)``, kinds, and what comes out.

One line a way of calling: ``?`` may be left out, ``...`` takes any number. Kinds are those of
``values.kind``; ``list`` takes a single value as a list of one. Knows no values.
"""

from __future__ import annotations

from dataclasses import dataclass

_TEXT = """
not(negand: boolean) boolean
all(...list: any) boolean
any(...list: any) boolean
is defined(value: any) boolean
is(value1: any, value2: any) boolean
get value(m: context, key: string) any
get entries(m: context) list
context(entries: list) context
context put(context: context, key: string, value: any) context
context put(context: context, keys: list, value: any) context
context merge(...contexts: any) context
sum(...list: any) number
mean(...list: any) number
median(...list: any) number
stddev(...list: any) number
mode(...list: any) list
product(...list: any) number
min(...list: any) any
max(...list: any) any
floor(n: number, scale?: number) number
ceiling(n: number, scale?: number) number
decimal(n: number, scale: number) number
round up(n: number, scale?: number) number
round down(n: number, scale?: number) number
round half up(n: number, scale?: number) number
round half down(n: number, scale?: number) number
modulo(dividend: number, divisor: number) number
abs(n: number|duration|months) any
sqrt(number: number) number
exp(number: number) number
log(number: number) number
odd(number: number) boolean
even(number: number) boolean
number(from: string, grouping separator?: string, decimal separator?: string) number
string(from: any) string
contains(string: string, match: string) boolean
starts with(string: string, match: string) boolean
ends with(string: string, match: string) boolean
string length(string: string) number
upper case(string: string) string
lower case(string: string) string
substring(string: string, start position: number, length?: number) string
substring before(string: string, match: string) string
substring after(string: string, match: string) string
string join(list: list, delimiter?: string) string
matches(input: string, pattern: string, flags?: string) boolean
replace(input: string, pattern: string, replacement: string, flags?: string) string
split(string: string, delimiter: string) list
count(list: list) number
list contains(list: list, element: any) boolean
index of(list: list, match: any) list
append(list: list, ...item: any) list
concatenate(...list: list) list
union(...list: list) list
distinct values(list: list) list
flatten(list: list) list
reverse(list: list) list
sublist(list: list, start position: number, length?: number) list
insert before(list: list, position: number, newItem: any) list
remove(list: list, position: number) list
list replace(list: list, position: number|function, newItem: any) list
list replace(list: list, match: function, newItem: any) list
sort(list: list, precedes: function) list
date(from: string|date|date and time) date
date(year: number, month: number, day: number) date
date and time(from: string|date|date and time) date and time
date and time(date: date|date and time, time: time) date and time
time(from: string|time|date and time) time
time(hour: number, minute: number, second: number, offset?: duration) time
duration(from: string|duration|months) any
years and months duration(from: date|date and time, to: date|date and time) months
day of week(date: date|date and time) string
day of year(date: date|date and time) number
month of year(date: date|date and time) string
week of year(date: date|date and time) number
now() date and time
today() date
before(point1: any, point2: any) boolean
before(point: any, range: range) boolean
before(range: range, point: any) boolean
before(range1: range, range2: range) boolean
after(point1: any, point2: any) boolean
after(point: any, range: range) boolean
after(range: range, point: any) boolean
after(range1: range, range2: range) boolean
meets(range1: range, range2: range) boolean
met by(range1: range, range2: range) boolean
overlaps(range1: range, range2: range) boolean
overlaps before(range1: range, range2: range) boolean
overlaps after(range1: range, range2: range) boolean
finishes(point: any, range: range) boolean
finishes(range1: range, range2: range) boolean
finished by(range: range, point: any) boolean
finished by(range1: range, range2: range) boolean
includes(range: range, point: any) boolean
includes(range1: range, range2: range) boolean
during(point: any, range: range) boolean
during(range1: range, range2: range) boolean
starts(point: any, range: range) boolean
starts(range1: range, range2: range) boolean
started by(range: range, point: any) boolean
started by(range1: range, range2: range) boolean
coincides(point1: any, point2: any) boolean
coincides(range1: range, range2: range) boolean
working days(n: number) date and time
working hours(n: number) date and time
clock hours(n: number) date and time
calendar days(n: number) date and time
"""


@dataclass(frozen=True)
class Parameter:
    """One parameter: its name, the kinds it takes (``any`` for all), how often it stands."""

    name: str
    kinds: frozenset[str]
    optional: bool
    many: bool


@dataclass(frozen=True)
class Form:
    """One way of calling a function, and the kind of its result."""

    parameters: tuple[Parameter, ...]
    result: str

    def at(self, number: int) -> Parameter | None:
        """The parameter that takes the argument with this number, from 0."""
        if number < len(self.parameters):
            return self.parameters[number]
        last = self.parameters[-1] if self.parameters else None
        return last if last is not None and last.many else None

    def takes(self, count: int) -> bool:
        """Whether it can be called with so many arguments."""
        least = sum(not parameter.optional for parameter in self.parameters)
        many = any(parameter.many for parameter in self.parameters)
        return least <= count and (many or count <= len(self.parameters))

    def order(self, names: list[str]) -> list[int | None] | None:
        """Which named argument stands at each place; None where left out, or altogether."""
        mine = [parameter.name for parameter in self.parameters]
        if len(set(names)) != len(names) or not set(names) <= set(mine):
            return None
        places = [names.index(name) if name in names else None for name in mine]
        while places and places[-1] is None:
            places.pop()
        needed = (not parameter.optional for parameter in self.parameters)
        if any(need and at >= len(places) for at, need in enumerate(needed)):
            return None
        if any(p is None and not self.parameters[at].optional for at, p in enumerate(places)):
            return None
        return places


def _parameter(text: str) -> Parameter:
    name, kinds = text.split(":")
    many, optional = name.startswith("..."), name.endswith("?")
    found = frozenset(kind.strip() for kind in kinds.split("|"))
    return Parameter(name.removeprefix("...").removesuffix("?"), found, optional, many)


def _forms() -> dict[str, tuple[Form, ...]]:
    found: dict[str, tuple[Form, ...]] = {}
    for line in _TEXT.strip().splitlines():
        name, rest = line.split("(", 1)
        inside, result = rest.rsplit(")", 1)
        listed = tuple(_parameter(part.strip()) for part in inside.split(",") if part.strip())
        found[name] = (*found.get(name, ()), Form(listed, result.strip()))
    return found


FORMS = _forms()


def takes_only_single(name: str, number: int) -> bool:
    """Whether no way of calling takes a list here, so that a list of one stands for its item."""
    found = [form.at(number) for form in FORMS[name]]
    return all(p is not None and not p.kinds & {"any", "list", "function"} for p in found)
