"""What holds for every start and limit, and a slow oracle that walks minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.calendar import Limit, default_calendar, due, start_after_15h, warn_at, working_minutes
from engine.calendar.vietnam import TIMEZONE

CALENDAR = default_calendar()
MINUTE = timedelta(minutes=1)
UNITS = ("hours", "working hours", "working days", "calendar days")

# minutes around Tết, Giỗ Tổ, National Day with its exchange, and 24/11 of 2026
ANCHORS = [datetime(2026, m, d, tzinfo=TIMEZONE) for m, d in ((2, 11), (4, 23), (8, 20), (11, 20))]
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


def open_minute(moment: datetime) -> bool:
    """Whether the minute that begins at ``moment`` is worked, read straight from the rules."""
    local = moment.astimezone(TIMEZONE)
    at = local.hour * 60 + local.minute
    return CALENDAR.is_working_day(local.date()) and (450 <= at < 690 or 810 <= at < 1020)


@settings(max_examples=200, deadline=None)
@given(starts, starts, limits, pauses)
def test_a_later_start_never_ends_earlier(a: datetime, b: datetime, limit: Limit, p: list) -> None:
    """Monotone in the start when nothing is paused, and the end is never before the start."""
    a, b = sorted((a, b))
    assert due(CALENDAR, a, limit) <= due(CALENDAR, b, limit)
    assert due(CALENDAR, a, limit, p) >= due(CALENDAR, a, limit) >= a


@settings(max_examples=200, deadline=None)
@given(starts, st.integers(0, 40), st.integers(0, 40), st.sampled_from(UNITS), pauses)
def test_a_longer_limit_never_ends_earlier(
    start: datetime, short: int, long: int, unit: str, p: list
) -> None:
    """Monotone in the limit, with pauses too."""
    short, long = sorted((short, long))
    earlier = due(CALENDAR, start, Limit(short, unit), p)
    assert earlier <= due(CALENDAR, start, Limit(long, unit), p)


@settings(max_examples=60, deadline=None)
@given(starts, st.integers(0, 30), st.booleans(), pauses)
def test_hours_equal_the_minute_by_minute_oracle(
    start: datetime, amount: int, working: bool, p: list
) -> None:
    """Hours of either clock: walk minute by minute, count those that run, stop when enough."""
    left, moment = amount * 60, start
    while left:
        stopped = any(begin <= moment < end for begin, end in p)
        left -= not stopped and (not working or open_minute(moment))
        moment += MINUTE
    limit = Limit(amount, "working hours" if working else "hours")
    assert due(CALENDAR, start, limit, p) == moment


@settings(max_examples=60, deadline=None)
@given(starts, st.integers(1, 12), pauses)
def test_working_days_equal_the_minute_by_minute_oracle(
    start: datetime, amount: int, p: list
) -> None:
    """Days: walk to the close of the last counted day, then on for each paused working minute."""
    day, counted = start.date(), 0
    while counted < amount:
        day += timedelta(days=1)
        counted += CALENDAR.is_working_day(day)
    end = datetime(day.year, day.month, day.day, 17, tzinfo=TIMEZONE)
    left, moment = 0, start
    while moment < end:
        left += open_minute(moment)
        moment += MINUTE
    moment = start
    while left:
        stopped = any(begin <= moment < until for begin, until in p)
        left -= not stopped and open_minute(moment)
        moment += MINUTE
    assert due(CALENDAR, start, Limit(amount, "working days"), p) == moment


@settings(max_examples=100, deadline=None)
@given(starts, starts)
def test_working_minutes_equal_the_oracle(a: datetime, b: datetime) -> None:
    """Counted span by span or minute by minute, it is the same."""
    a, b = sorted((a, b))
    assume(b - a < timedelta(days=20))
    count = (b - a) // MINUTE
    assert working_minutes(CALENDAR, a, b) == sum(open_minute(a + i * MINUTE) for i in range(count))
    assert working_minutes(CALENDAR, b, a) == 0


@settings(max_examples=200, deadline=None)
@given(starts, limits)
def test_the_warning_lies_between(start: datetime, limit: Limit) -> None:
    """A warning comes neither before the start nor after the end, and everything is UTC."""
    end = due(CALENDAR, start, limit)
    warn = warn_at(CALENDAR, start, end)
    assert start <= warn <= end
    assert end.tzinfo is UTC
    assert warn.tzinfo is UTC


@settings(max_examples=200, deadline=None)
@given(starts)
def test_the_15h_rule_moves_only_forward(moment: datetime) -> None:
    """Applied twice it is as applied once."""
    start = start_after_15h(CALENDAR, moment)
    assert start >= moment
    assert start_after_15h(CALENDAR, start) == start
