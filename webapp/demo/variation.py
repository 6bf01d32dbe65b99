"""Make another case of a scenario: other people, communes and dates, the same story."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from engine.calendar import Calendar
from engine.dossiers.scenario import Scenario, span
from webapp.demo.names import People
from webapp.demo.province import ALL, PLACES

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}|\d{2}/\d{2}/\d{4}")
_IDENTITY = re.compile(r"(?<!\d)\d{12}(?!\d)")
_DOCUMENT = re.compile(r"(\d{1,3})([A-Z]?/\S+)")
_OF_YEAR = re.compile(r"/20\d\d$")
_YEAR = timedelta(days=366)
_BORN = "ngay_sinh"


def vary(
    scenario: Scenario, start: datetime, chance: random.Random, people: People, calendar: Calendar
) -> Scenario:
    """The scenario begun at ``start`` by others, elsewhere; every step falls into working hours.

    Dates near the story move with it; communes change places; names, and the numbers of persons,
    telephones and documents, are drawn anew: the same old value becomes the same new one.
    """
    shift = start.date() - scenario.start_at.astimezone(start.tzinfo).date()
    codes = dict(zip(ALL, chance.sample(ALL, len(ALL)), strict=True))
    aged = timedelta(days=chance.randrange(-400, 400))
    families: dict[str, str] = {}
    words = {
        name: people.like(name, families.setdefault(name.split()[0], people.family()))
        for name in dict.fromkeys(_names(scenario.data))
    }
    names = dict(PLACES)
    for old, new in codes.items():
        words |= {names[old]: names[new], _capital(names[old]): _capital(names[new])}
    longest_first = sorted(words, key=len, reverse=True)
    spoken = re.compile("|".join(map(re.escape, longest_first)))
    numbers: dict[str, str] = {}

    def text(key: str, value: str) -> str:
        if value in codes:
            return codes[value]
        if _DAY.fullmatch(value):
            return _moved(value, scenario.start_at.date(), aged if key == _BORN else shift, key)
        value = spoken.sub(lambda found: words[found[0]], value)
        if "dien_thoai" in key:
            return numbers.setdefault(value, people.phone())
        if key.startswith("so_") and (document := _DOCUMENT.fullmatch(value)):
            serial = numbers.setdefault(document[1], str(chance.randrange(11, 900)))
            return f"{serial}{_OF_YEAR.sub(f'/{start.year}', document[2])}"
        return _IDENTITY.sub(lambda found: numbers.setdefault(found[0], people.identity()), value)

    data = _each(scenario.data, text)
    steps = [{**step, "data": _each(step.get("data", {}), text)} for step in scenario.steps]
    return replace(
        scenario, start_at=start, data=data, steps=_in_hours(steps, start, chance, calendar)
    )


def length(scenario: Scenario, steps: int | None = None) -> timedelta:
    """How long the first ``steps`` of a scenario take (all of them when None)."""
    return sum((_wait(step) for step in scenario.steps[:steps]), timedelta())


def lengthen(scenario: Scenario, step: int, more: timedelta) -> Scenario:
    """The scenario with a longer wait before one step."""
    wait = round((_wait(scenario.steps[step]) + more) / timedelta(minutes=1))
    steps = list(scenario.steps)
    steps[step] = {**steps[step], "wait": f"{wait} minutes"}
    return replace(scenario, steps=steps)


def working_moment(calendar: Calendar, moment: datetime) -> datetime:
    """The moment itself in working hours, else the next opening."""
    opens, _closes = next(calendar.spans(moment))
    return max(opens, moment)


def _in_hours(
    steps: list[dict[str, Any]], start: datetime, chance: random.Random, calendar: Calendar
) -> list[dict[str, Any]]:
    """The steps with waits that end in working hours, a few minutes apart from the opening."""
    moved, now = [], start
    for step in steps:
        then = now + _wait(step)
        if "task" in step:
            working = working_moment(calendar, then)
            if working > then:
                then = working + timedelta(minutes=chance.randrange(3, 50))
        wait = max(1, round((then - now) / timedelta(minutes=1)))
        now += timedelta(minutes=wait)
        moved.append({k: v for k, v in step.items() if k != "after"} | {"wait": f"{wait} minutes"})
    return moved


def _wait(step: Mapping[str, Any]) -> timedelta:
    return span(step.get("wait") or step.get("after") or "15 minutes")


def _moved(value: str, story: date, shift: timedelta, key: str) -> str:
    """A date of the story moves with it; what lies more than a year away stays, but birthdays."""
    shape = "%d/%m/%Y" if "/" in value else "%Y-%m-%d"
    day = datetime.strptime(value, shape).replace(tzinfo=UTC).date()
    moves = key == _BORN or abs(day - story) < _YEAR
    return (day + shift if moves else day).strftime(shape)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _each(value: Any, text: Callable[[str, str], str], key: str = "") -> Any:
    if isinstance(value, Mapping):
        return {name: _each(item, text, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_each(item, text, key) for item in value]
    if isinstance(value, str):
        return text(key, value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return text(key, value.isoformat())
    return value


def _names(value: Any, key: str = "") -> Iterator[str]:
    """Every personal name of the start form, longest paths included."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name != "ho_ten" or value.get("loai") != "to-chuc":
                yield from _names(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _names(item, key)
    elif isinstance(value, str) and "ho_ten" in key and value.strip():
        yield value
