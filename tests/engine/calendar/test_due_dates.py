"""Dated cases of the four clocks, each worked out by hand from the wall calendar."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from engine.calendar import Swap, default_calendar, due, parse_limit, start_after_15h, warn_at
from engine.calendar.vietnam import TIMEZONE
from engine.errors import Invalid

CALENDAR = default_calendar()


def at(text: str) -> datetime:
    """A local moment from "13/02/2026 15:01"."""
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=TIMEZONE)


def said(moment: datetime) -> str:
    """A moment as local "dd/mm/yyyy HH:MM"."""
    assert moment.utcoffset().total_seconds() == 0, "stored as UTC"
    return f"{moment.astimezone(TIMEZONE):%d/%m/%Y %H:%M}"


WORKING_DAYS = [
    # Monday to Friday in a plain week of March 2026
    ("02/03/2026 08:00", 1, "03/03/2026 17:00"),
    ("02/03/2026 08:00", 3, "05/03/2026 17:00"),
    ("02/03/2026 08:00", 5, "09/03/2026 17:00"),
    ("02/03/2026 16:59", 1, "03/03/2026 17:00"),
    # before opening, after closing, over lunch: the first day is not counted all the same
    ("02/03/2026 06:10", 1, "03/03/2026 17:00"),
    ("02/03/2026 12:15", 1, "03/03/2026 17:00"),
    ("02/03/2026 20:45", 1, "03/03/2026 17:00"),
    # from a weekend
    ("07/03/2026 09:00", 1, "09/03/2026 17:00"),
    ("08/03/2026 23:59", 2, "10/03/2026 17:00"),
    # Friday 15:01
    ("06/03/2026 15:01", 1, "09/03/2026 17:00"),
    # month end: Tuesday 31/03 to Wednesday 01/04; year end over Friday 01/01/2027
    ("31/03/2026 10:00", 1, "01/04/2026 17:00"),
    ("31/12/2026 10:00", 1, "04/01/2027 17:00"),
    # Tết 2026: Monday 16/02 to Friday 20/02 off
    ("13/02/2026 15:01", 1, "23/02/2026 17:00"),
    ("12/02/2026 09:00", 3, "24/02/2026 17:00"),
    ("17/02/2026 09:00", 1, "23/02/2026 17:00"),
    # Giỗ Tổ on Sunday 26/04/2026, in lieu Monday 27/04; then 30/04 and 01/05
    ("24/04/2026 10:00", 1, "28/04/2026 17:00"),
    ("24/04/2026 10:00", 3, "04/05/2026 17:00"),
    # National Day 2026: 31/08 exchanged for Saturday 22/08, 01/09 and 02/09 off
    ("28/08/2026 10:00", 1, "03/09/2026 17:00"),
    ("21/08/2026 10:00", 1, "22/08/2026 17:00"),
    ("21/08/2026 10:00", 2, "24/08/2026 17:00"),
    # 24/11 is a holiday from 2026 on, not in 2025
    ("23/11/2026 10:00", 1, "25/11/2026 17:00"),
    ("21/11/2025 10:00", 1, "24/11/2025 17:00"),
    # the limits of NĐ 301/2026 after a Trích lục on Thursday 03/09/2026
    ("03/09/2026 09:30", 1, "04/09/2026 17:00"),
    ("03/09/2026 09:30", 8, "15/09/2026 17:00"),
    ("03/09/2026 09:30", 18, "29/09/2026 17:00"),
    # Tết 2027: Thursday 04/02 to Wednesday 10/02 off
    ("03/02/2027 09:00", 1, "11/02/2027 17:00"),
    # zero days: the day itself, else the next working day
    ("06/03/2026 09:00", 0, "06/03/2026 17:00"),
    ("06/03/2026 17:00", 0, "06/03/2026 17:00"),
    ("06/03/2026 17:01", 0, "09/03/2026 17:00"),
    ("07/03/2026 09:00", 0, "09/03/2026 17:00"),
]


@pytest.mark.parametrize(("start", "days", "end"), WORKING_DAYS)
def test_working_days(start: str, days: int, end: str) -> None:
    """The first day is not counted; the last ends with its working hours."""
    assert said(due(CALENDAR, at(start), f"{days} working days")) == end


WORKING_HOURS = [
    ("02/03/2026 08:00", 2, "02/03/2026 10:00"),
    ("02/03/2026 07:00", 2, "02/03/2026 09:30"),
    ("02/03/2026 10:30", 2, "02/03/2026 14:30"),
    ("02/03/2026 09:30", 2, "02/03/2026 11:30"),
    ("02/03/2026 12:00", 2, "02/03/2026 15:30"),
    ("02/03/2026 16:00", 2, "03/03/2026 08:30"),
    ("02/03/2026 18:00", 4, "03/03/2026 11:30"),
    ("06/03/2026 15:01", 2, "09/03/2026 07:31"),
    ("13/02/2026 15:01", 4, "23/02/2026 09:31"),
    ("02/03/2026 08:00", 8, "03/03/2026 08:30"),
    ("07/03/2026 10:00", 8, "10/03/2026 08:00"),
    ("02/03/2026 12:00", 0, "02/03/2026 12:00"),
]


@pytest.mark.parametrize(("start", "hours", "end"), WORKING_HOURS)
def test_working_hours(start: str, hours: int, end: str) -> None:
    """Only minutes inside a shift count."""
    assert said(due(CALENDAR, at(start), f"{hours} working hours")) == end


CLOCK_AND_CALENDAR = [
    ("02/03/2026 15:20", "24 hours", "03/03/2026 15:20"),
    ("06/03/2026 15:01", "24 hours", "07/03/2026 15:01"),
    ("15/02/2026 22:00", "24 hours", "16/02/2026 22:00"),
    ("31/12/2026 23:30", "1 hour", "01/01/2027 00:30"),
    ("02/03/2026 12:00", "0 hours", "02/03/2026 12:00"),
    # calendar days: 12 from Monday 02/03 is Saturday 14/03, so Monday 16/03
    ("02/03/2026 10:00", "12 calendar days", "16/03/2026 17:00"),
    ("02/03/2026 10:00", "10 calendar days", "12/03/2026 17:00"),
    # ending on Tết, on Giỗ Tổ's Sunday, on 24/11
    ("10/02/2026 10:00", "7 calendar days", "23/02/2026 17:00"),
    ("16/04/2026 10:00", "10 calendar days", "28/04/2026 17:00"),
    ("12/11/2026 10:00", "12 calendar days", "25/11/2026 17:00"),
    ("07/03/2026 10:00", "0 calendar days", "09/03/2026 17:00"),
    ("06/03/2026 17:30", "0 calendar days", "09/03/2026 17:00"),
]


@pytest.mark.parametrize(("start", "limit", "end"), CLOCK_AND_CALENDAR)
def test_clock_hours_and_calendar_days(start: str, limit: str, end: str) -> None:
    """Clock hours run day and night; calendar days never end on a day off."""
    assert said(due(CALENDAR, at(start), limit)) == end


PAUSES = [
    # one whole working day, an afternoon of three working hours, a night: nothing
    (
        "02/03/2026 08:00",
        "3 working days",
        [("03/03/2026 09:00", "04/03/2026 09:00")],
        "06/03/2026 17:00",
    ),
    (
        "02/03/2026 08:00",
        "3 working days",
        [("03/03/2026 13:30", "03/03/2026 16:30")],
        "06/03/2026 10:30",
    ),
    (
        "02/03/2026 08:00",
        "3 working days",
        [("03/03/2026 17:00", "04/03/2026 07:30")],
        "05/03/2026 17:00",
    ),
    # across Tết: Friday 13/02 15:00 to Monday 23/02 09:30 is two hours and two hours
    (
        "12/02/2026 09:00",
        "3 working days",
        [("13/02/2026 15:00", "23/02/2026 09:30")],
        "25/02/2026 11:30",
    ),
    # two pauses, out of order; overlapping ones count once
    (
        "02/03/2026 08:00",
        "2 working hours",
        [("02/03/2026 10:00", "02/03/2026 10:30"), ("02/03/2026 09:00", "02/03/2026 09:15")],
        "02/03/2026 10:45",
    ),
    (
        "02/03/2026 08:00",
        "3 working hours",
        [("02/03/2026 09:00", "02/03/2026 10:00"), ("02/03/2026 09:30", "02/03/2026 10:00")],
        "02/03/2026 14:00",
    ),
    # clock hours: the pause counts by the clock, over a weekend too
    (
        "06/03/2026 15:00",
        "24 hours",
        [("07/03/2026 09:00", "09/03/2026 09:00")],
        "09/03/2026 15:00",
    ),
    # a pause after the end, and one before the start, change nothing
    (
        "02/03/2026 08:00",
        "1 working day",
        [("03/03/2026 17:00", "05/03/2026 09:00")],
        "03/03/2026 17:00",
    ),
    (
        "02/03/2026 08:00",
        "24 hours",
        [("01/03/2026 08:00", "02/03/2026 08:00")],
        "03/03/2026 08:00",
    ),
    # a pause that is over only after the start takes what lies behind the start
    (
        "02/03/2026 08:00",
        "24 hours",
        [("01/03/2026 08:00", "02/03/2026 09:00")],
        "03/03/2026 09:00",
    ),
    # a supplement of seven working days before a benefit of eight
    (
        "03/09/2026 09:30",
        "8 working days",
        [("04/09/2026 09:00", "15/09/2026 09:00")],
        "24/09/2026 17:00",
    ),
    # calendar days: 25 hours of pause are two days more: 12/03 + 2 = Saturday → Monday
    (
        "02/03/2026 10:00",
        "10 calendar days",
        [("04/03/2026 08:00", "05/03/2026 09:00")],
        "16/03/2026 17:00",
    ),
]


@pytest.mark.parametrize(("start", "limit", "pauses", "end"), PAUSES)
def test_pauses_move_the_end_exactly(
    start: str, limit: str, pauses: list[tuple[str, str]], end: str
) -> None:
    """A stopped clock goes on where it stood."""
    stopped = [(at(a), at(b)) for a, b in pauses]
    assert said(due(CALENDAR, at(start), parse_limit(limit), stopped)) == end


def test_exchanged_days_are_a_parameter() -> None:
    """Without the exchange of 2026 Monday 31/08 counts and Saturday 22/08 does not."""
    plain = default_calendar(swaps=())
    assert said(due(plain, at("28/08/2026 10:00"), "1 working day")) == "31/08/2026 17:00"
    assert said(due(plain, at("21/08/2026 10:00"), "1 working day")) == "24/08/2026 17:00"
    again = default_calendar(swaps=[Swap(date(2026, 8, 31), date(2026, 8, 22))])
    assert said(due(again, at("28/08/2026 10:00"), "1 working day")) == "03/09/2026 17:00"


def test_single_days_off_and_make_up_days() -> None:
    """An extra day off and an extra working Saturday are taken as given."""
    local = default_calendar(off=[date(2026, 3, 3)], worked=[date(2026, 3, 7)])
    assert said(due(local, at("02/03/2026 10:00"), "1 working day")) == "04/03/2026 17:00"
    assert said(due(local, at("06/03/2026 10:00"), "1 working day")) == "07/03/2026 17:00"


AFTER_15H = [
    ("06/03/2026 14:59", "06/03/2026 14:59"),
    ("06/03/2026 15:00", "06/03/2026 15:00"),
    ("06/03/2026 15:01", "09/03/2026 07:30"),
    ("13/02/2026 16:00", "23/02/2026 07:30"),
    ("07/03/2026 09:00", "09/03/2026 07:30"),
    ("02/03/2026 05:00", "02/03/2026 05:00"),
]


@pytest.mark.parametrize(("moment", "start"), AFTER_15H)
def test_after_15h(moment: str, start: str) -> None:
    """What is accepted after 15:00 starts with the next working day."""
    assert said(start_after_15h(CALENDAR, at(moment))) == start


WARNINGS = [
    # 2 working hours: 20 % is 24 minutes before the end
    ("02/03/2026 08:00", "02/03/2026 10:00", "02/03/2026 09:36"),
    # a Trích lục in 24 clock hours, Monday 08:00: 7.5 working hours lie between, 1.5 before the end
    ("02/03/2026 08:00", "03/03/2026 08:00", "02/03/2026 16:00"),
    # 18 working days: 24 hours before the end
    ("03/09/2026 09:30", "29/09/2026 17:00", "28/09/2026 17:00"),
    # 24 clock hours inside a weekend: 20 % of the clock
    ("07/03/2026 08:00", "08/03/2026 08:00", "08/03/2026 03:12"),
]


@pytest.mark.parametrize(("start", "end", "warn"), WARNINGS)
def test_warn_at(start: str, end: str, warn: str) -> None:
    """Whichever is later: a fifth of the working time left, or a day before."""
    assert said(warn_at(CALENDAR, at(start), at(end))) == warn


@pytest.mark.parametrize(
    "text", ["", "24", "hours", "-1 hours", "1.5 hours", "3 weeks", "999999 hours", "3 days"]
)
def test_unreadable_limits_are_refused(text: str) -> None:
    """A limit is a whole number and one of four units; anything else is a sentence."""
    with pytest.raises(Invalid, match="Thời hạn"):
        parse_limit(text)


def test_a_limit_reads_back() -> None:
    """The text of a limit reads back as the same limit, in both languages."""
    for text in ("24 hours", "2 working hours", "8 working days", "12 calendar days"):
        assert str(parse_limit(text)) == text
        assert parse_limit(parse_limit(text).words) == parse_limit(text)


def test_bad_pauses_are_refused() -> None:
    """A pause that ends before it begins, or without a time zone, is refused."""
    with pytest.raises(Invalid, match="tạm dừng"):
        due(
            CALENDAR,
            at("02/03/2026 08:00"),
            "1 hour",
            [(at("02/03/2026 09:00"), at("02/03/2026 08:30"))],
        )
    with pytest.raises(Invalid, match="múi giờ"):
        due(CALENDAR, datetime(2026, 3, 2, 8), "1 hour")
