"""What holds for every start and limit, and a slow oracle that walks minute by minute.

The oracle knows nothing of the engine's tables: it reads the hours of each minute from the rules
written down here.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.calendar import (
    Calendar,
    Day,
    Hours,
    Layer,
    Limit,
    add_working,
    default_calendar,
    due,
    elapsed,
    remaining,
    start_after_15h,
    warn_at,
    working_minutes,
)
from engine.calendar.vietnam import TIMEZONE

MINUTE = timedelta(minutes=1)
UNITS = ("hours", "working hours", "working days", "calendar days")

# minutes around Tết, Giỗ Tổ, National Day with its exchange, 24/11 and the new year of 2026
ANCHORS = [
    datetime(2026, m, d, tzinfo=TIMEZONE)
    for m, d in ((2, 11), (4, 23), (8, 20), (11, 20), (12, 24))
]
HOLIDAYS = {
    *(date(2026, 2, day) for day in range(16, 21)),
    *(date(2026, 4, day) for day in (26, 27, 30)),
    *(date(2026, month, 1) for month in (5, 9)),
    date(2026, 9, 2),
    date(2026, 11, 24),
    date(2027, 1, 1),
    *(date(2027, 2, day) for day in range(4, 11)),
}
OFFICE = ((450, 690), (810, 1020))  # minutes of the day

# An office of its own: half Fridays, a make-up Sunday morning, a shifted day, one for intake only.
TOWN = default_calendar().over(
    Layer(
        (
            Hours(
                date(2026, 1, 1),
                week=(
                    *(((time(7), time(11)), (time(13), time(16, 30))),) * 4,
                    ((time(7, 30), time(11, 30)),),
                    (),
                    (),
                ),
            ),
        ),
        {
            date(2026, 2, 15): Day("worked", ((time(8), time(9, 30)),)),
            date(2026, 4, 29): Day("half", part="afternoon"),
            date(2026, 8, 24): Day("intake", ((time(8), time(10)),)),
            date(2026, 11, 23): Day("off"),
        },
    )
)


def office_minutes(day: date) -> tuple[tuple[int, int], ...]:
    """The working minutes of a day in Vietnam's own calendar."""
    if day == date(2026, 8, 22):
        return OFFICE
    if day == date(2026, 8, 31) or day in HOLIDAYS or day.weekday() > 4:
        return ()
    return OFFICE


def town_minutes(day: date) -> tuple[tuple[int, int], ...]:
    """The same of the office of its own."""
    special = {
        date(2026, 2, 15): ((480, 570),),
        date(2026, 4, 29): ((780, 990),),
        date(2026, 8, 24): (),
        date(2026, 11, 23): (),
    }
    if day in special:
        return special[day]
    if not office_minutes(day):
        return ()
    return ((450, 690),) if day.weekday() == 4 else ((420, 660), (780, 990))


ORACLES = {"vietnam": (default_calendar(), office_minutes), "town": (TOWN, town_minutes)}

calendars = st.sampled_from(sorted(ORACLES))
starts = st.builds(
    lambda anchor, minutes: anchor + minutes * MINUTE,
    st.sampled_from(ANCHORS),
    st.integers(0, 14 * 24 * 60),
)
limits = st.builds(Limit, st.integers(0, 40), st.sampled_from(UNITS))
lengths = st.integers(0, 4 * 24 * 60)
pauses = st.lists(st.tuples(starts, lengths), max_size=3).map(
    lambda found: [(begin, begin + length * MINUTE) for begin, length in found]
)

running = st.builds(Limit, st.integers(1, 20), st.sampled_from(UNITS))
steady = running.filter(lambda limit: limit.unit != "calendar days")
parts = st.integers(0, 999)  # thousandths


def between(a: datetime, b: datetime, part: int) -> datetime:
    """A moment between two others, before the second."""
    return a + (b - a) * part // 1000


def open_minute(name: str, moment: datetime) -> bool:
    """Whether the minute that begins at ``moment`` is worked, read straight from the rules."""
    local = moment.astimezone(TIMEZONE)
    at = local.hour * 60 + local.minute
    return any(begin <= at < end for begin, end in ORACLES[name][1](local.date()))


def stopped(moment: datetime, spans: list) -> bool:
    """Whether the minute that begins at ``moment`` lies in a pause."""
    return any(begin <= moment < end for begin, end in spans)


def closing(name: str, day: date) -> datetime:
    """When a day that counts ends."""
    minutes = ORACLES[name][1](day)[-1][1]
    return datetime(day.year, day.month, day.day, tzinfo=TIMEZONE) + minutes * MINUTE


def calendar(name: str) -> Calendar:
    """The engine's calendar of that name."""
    return ORACLES[name][0]


@settings(max_examples=200, deadline=None)
@given(calendars, starts, starts, limits, pauses)
def test_a_later_start_never_ends_earlier(
    name: str, a: datetime, b: datetime, limit: Limit, p: list
) -> None:
    """Monotone in the start when nothing is paused, and the end is never before the start."""
    days, (a, b) = calendar(name), sorted((a, b))
    assert due(days, a, limit) <= due(days, b, limit)
    assert due(days, a, limit, p) >= due(days, a, limit) >= a


@settings(max_examples=200, deadline=None)
@given(calendars, starts, st.integers(0, 40), st.integers(0, 40), st.sampled_from(UNITS), pauses)
def test_a_longer_limit_never_ends_earlier(
    name: str, start: datetime, short: int, long: int, unit: str, p: list
) -> None:
    """Monotone in the limit, with pauses too."""
    short, long = sorted((short, long))
    earlier = due(calendar(name), start, Limit(short, unit), p)
    assert earlier <= due(calendar(name), start, Limit(long, unit), p)


@settings(max_examples=80, deadline=None)
@given(calendars, starts, st.integers(0, 30), st.booleans(), pauses)
def test_hours_equal_the_minute_by_minute_oracle(
    name: str, start: datetime, amount: int, working: bool, p: list
) -> None:
    """Hours of either clock: walk minute by minute, count those that run, stop when enough."""
    left, moment = amount * 60, start
    while left:
        left -= not stopped(moment, p) and (not working or open_minute(name, moment))
        moment += MINUTE
    limit = Limit(amount, "working hours" if working else "hours")
    assert due(calendar(name), start, limit, p) == moment


@settings(max_examples=80, deadline=None)
@given(calendars, starts, st.integers(1, 12), pauses)
def test_working_days_equal_the_minute_by_minute_oracle(
    name: str, start: datetime, amount: int, p: list
) -> None:
    """Days: walk to the close of the last counted day, then on for each paused working minute."""
    day, counted = start.date(), 0
    while counted < amount:
        day += timedelta(days=1)
        counted += bool(ORACLES[name][1](day))
    left, moment = 0, start
    while moment < closing(name, day):
        left += open_minute(name, moment)
        moment += MINUTE
    if any(begin < closing(name, day) and end > start for begin, end in p):
        moment = start
        while left:
            left -= not stopped(moment, p) and open_minute(name, moment)
            moment += MINUTE
    assert due(calendar(name), start, Limit(amount, "working days"), p) == moment


@settings(max_examples=150, deadline=None)
@given(calendars, starts, st.integers(0, 30))
def test_calendar_days_equal_the_day_by_day_oracle(name: str, start: datetime, amount: int) -> None:
    """Count the dates, then walk on to a day that counts and has not closed."""
    day = start.date() + timedelta(days=amount)
    while not ORACLES[name][1](day) or closing(name, day) < start:
        day += timedelta(days=1)
    assert due(calendar(name), start, Limit(amount, "calendar days")) == closing(name, day)


@settings(max_examples=100, deadline=None)
@given(calendars, starts, st.integers(0, 20 * 24 * 60))
def test_working_minutes_equal_the_oracle(name: str, a: datetime, count: int) -> None:
    """Counted from the tables or minute by minute, it is the same."""
    b = a + count * MINUTE
    worked = sum(open_minute(name, a + i * MINUTE) for i in range(count))
    assert working_minutes(calendar(name), a, b) == worked
    assert working_minutes(calendar(name), b, a) == 0


@settings(max_examples=200, deadline=None)
@given(calendars, starts, steady, parts, lengths)
def test_a_pause_adds_exactly_what_it_took(
    name: str, start: datetime, limit: Limit, part: int, length: int
) -> None:
    """Additive: the end without it, and the pause's own time on the limit's clock after that."""
    days, plain = calendar(name), due(calendar(name), start, limit)
    begin = between(start, plain, part)
    pause = (begin, begin + length * MINUTE)
    taken = elapsed(days, limit, *pause)
    ended = due(days, start, limit, [pause])
    assert elapsed(days, limit, plain, ended) == taken
    assert (ended == plain) is (not taken)


@settings(max_examples=200, deadline=None)
@given(calendars, starts, limits, starts, pauses)
def test_used_and_left_make_the_whole(
    name: str, start: datetime, limit: Limit, now: datetime, p: list
) -> None:
    """At every moment after the start, whatever was paused; and for three clocks the whole is
    what it is without pauses."""
    days, (start, now) = calendar(name), sorted((start, now))
    used = elapsed(days, limit, start, now, p)
    whole = elapsed(days, limit, start, due(days, start, limit, p), p)
    assert used + remaining(days, start, limit, now, p) == whole
    if limit.unit != "calendar days":
        assert whole == elapsed(days, limit, start, due(days, start, limit))


@settings(max_examples=200, deadline=None)
@given(calendars, starts, running, parts, st.lists(st.tuples(parts, parts), max_size=3))
def test_what_is_left_starts_again_to_the_same_end(
    name: str, start: datetime, limit: Limit, part: int, stops: list
) -> None:
    """Stop at any moment, throw all away but what is left, start again: the same end."""
    days = calendar(name)
    now = between(start, due(days, start, limit), part)
    p = [(between(start, now, min(pair)), between(start, now, max(pair))) for pair in stops]
    end, left = due(days, start, limit, p), remaining(days, start, limit, now, p)
    if limit.unit in ("hours", "calendar days"):
        assert now + left == end
    else:
        assert add_working(days, now, left) == end


@settings(max_examples=150, deadline=None)
@given(calendars, starts, steady, parts, lengths)
def test_a_clock_that_stands_still_leaves_the_same(
    name: str, start: datetime, limit: Limit, part: int, length: int
) -> None:
    """An open pause: what is left does not change while it lasts."""
    days = calendar(name)
    begin = between(start, due(days, start, limit), part)
    at_once = remaining(days, start, limit, begin, [(begin, None)])
    later = remaining(days, start, limit, begin + length * MINUTE, [(begin, None)])
    assert later == at_once


@settings(max_examples=200, deadline=None)
@given(calendars, starts, limits)
def test_the_warning_lies_between(name: str, start: datetime, limit: Limit) -> None:
    """A warning comes neither before the start nor after the end, and everything is UTC."""
    end = due(calendar(name), start, limit)
    warn = warn_at(calendar(name), start, end)
    assert start <= warn <= end
    assert end.tzinfo is UTC
    assert warn.tzinfo is UTC


@settings(max_examples=200, deadline=None)
@given(calendars, starts, st.integers(1, 3000))
def test_back_and_forth(name: str, start: datetime, minutes: int) -> None:
    """Going back by working time and on again ends where one began, or at the same working time."""
    days, amount = calendar(name), minutes * MINUTE
    back = add_working(days, start, -amount)
    assert elapsed(days, "working hours", back, start) == amount
    again = add_working(days, back, amount)
    assert again <= start
    assert not working_minutes(days, again, start)


@settings(max_examples=200, deadline=None)
@given(calendars, starts)
def test_the_15h_rule_moves_only_forward(name: str, moment: datetime) -> None:
    """Applied twice it is as applied once."""
    start = start_after_15h(calendar(name), moment)
    assert start >= moment
    assert start_after_15h(calendar(name), start) == start
