"""What moves a date beside the count itself: exchanged days, the 15:00 rule, warnings, pauses."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from engine.calendar import (
    Calendar,
    Hours,
    Swap,
    add_pause,
    default_calendar,
    due,
    elapsed,
    explain,
    parse_limit,
    parse_warning,
    remaining,
    start_after_15h,
    warn_at,
)
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


RULES = [
    # the working time between Monday 08:00 and Friday 17:00 is 37 hours
    ("20 %", "06/03/2026 07:36"),
    ("40%", "05/03/2026 07:42"),
    ("4 working hours", "06/03/2026 11:00"),
    ("1 working day", "05/03/2026 17:00"),
    ("2 calendar days", "04/03/2026 17:00"),
    ("24 hours", "05/03/2026 17:00"),
    ("24 hours or 20 %", "06/03/2026 07:36"),
    ("20 % or 4 working hours", "06/03/2026 11:00"),
    ("3 giờ làm việc hoặc 10 %", "06/03/2026 14:00"),
    ("0 hours", "06/03/2026 17:00"),
    ("30 working days", "02/03/2026 08:00"),
]


@pytest.mark.parametrize(("rule", "warn"), RULES)
def test_the_procedure_says_when_to_warn(rule: str, warn: str) -> None:
    """A share, a lead on any clock, or the later of several; never before the start."""
    start, end = at("02/03/2026 08:00"), at("06/03/2026 17:00")
    assert said(warn_at(CALENDAR, start, end, rule)) == warn


def test_a_share_leaves_pauses_out() -> None:
    """20 % of the ten working hours that run, not of the hours that stood still between."""
    pauses = [(at("03/03/2026 07:30"), at("05/03/2026 17:00"))]
    start, end = at("02/03/2026 14:30"), at("06/03/2026 17:00")
    assert said(warn_at(CALENDAR, start, end, "20 %", pauses)) == "06/03/2026 15:00"


@pytest.mark.parametrize("rule", ["", "20", "0 %", "100 %", "soon", "24 hours or", "1 week"])
def test_unreadable_warnings_are_refused(rule: str) -> None:
    """A rule is a share or a limit; anything else is a sentence."""
    with pytest.raises(Invalid, match="Mốc cảnh báo"):
        parse_warning(rule)


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
    begin, end = at("02/03/2026 09:00"), at("02/03/2026 08:30")
    with pytest.raises(Invalid, match="tạm dừng"):
        due(CALENDAR, at("02/03/2026 08:00"), "1 hour", [(begin, end)])
    with pytest.raises(Invalid, match="múi giờ"):
        due(CALENDAR, at("02/03/2026 08:00"), "1 hour", [(begin.replace(tzinfo=None), begin)])
    with pytest.raises(Invalid, match="múi giờ"):
        due(CALENDAR, datetime(2026, 3, 2, 8), "1 hour")


def test_an_open_pause_counts_until_now() -> None:
    """Without saying what now is it is refused; one that begins later has not begun."""
    start, pause = at("02/03/2026 08:00"), (at("02/03/2026 09:00"), None)
    with pytest.raises(Invalid, match="chưa kết thúc"):
        due(CALENDAR, start, "2 working hours", [pause])
    end = due(CALENDAR, start, "2 working hours", [pause], at("02/03/2026 10:30"))
    assert said(end) == "02/03/2026 11:30"
    early = due(CALENDAR, start, "2 working hours", [pause], at("02/03/2026 08:30"))
    assert said(early) == "02/03/2026 10:00"
    lines = explain(CALENDAR, start, "2 working hours", [pause], now=at("02/03/2026 10:30"))
    assert lines[-2].startswith(
        "Tạm dừng 09:00 ngày 02/03/2026 – 10:30 ngày 02/03/2026 (còn đang tạm dừng)"
    )


LEFT = [
    # one working hour and a half are used on Friday, half an hour is left for Monday
    ("06/03/2026 15:30", "2 working hours", "06/03/2026 18:00", [], 1.5, 0.5),
    # 8 working days of 7.5 hours and the rest of the first day (from 09:30: 5.5 hours)
    ("03/09/2026 09:30", "8 working days", "04/09/2026 07:30", [], 5.5, 60),
    # late by 2 working hours: 4 were due
    ("02/03/2026 07:30", "4 working hours", "02/03/2026 15:30", [], 6, -2),
    # paused for an hour, and paused still
    ("02/03/2026 07:30", "4 working hours", "02/03/2026 11:30", ["08:00-09:00"], 3, 1),
    ("02/03/2026 07:30", "4 working hours", "02/03/2026 16:30", ["10:30-"], 3, 1),
    # clock hours and calendar days go on at night
    ("06/03/2026 15:00", "24 hours", "07/03/2026 09:00", [], 18, 6),
    ("02/03/2026 17:00", "3 calendar days", "03/03/2026 17:00", [], 24, 48),
]


@pytest.mark.parametrize(("start", "limit", "now", "pauses", "used", "left"), LEFT)
def test_what_is_used_and_left(
    start: str, limit: str, now: str, pauses: list[str], used: float, left: float
) -> None:
    """In hours of the limit's own clock; a clock that stands still uses nothing."""
    day = start[:10]
    spans = [part.split("-") for part in pauses]
    stopped = [(at(f"{day} {a}"), at(f"{day} {b}") if b else None) for a, b in spans]
    parsed, hour = parse_limit(limit), timedelta(hours=1)
    assert elapsed(CALENDAR, parsed, at(start), at(now), stopped) == used * hour
    assert remaining(CALENDAR, at(start), parsed, at(now), stopped) == left * hour


def test_a_promised_date_moves_by_a_pause_alone() -> None:
    """By what the pause takes from its clock, whatever the calendar would say of the limit."""
    pause = (at("03/03/2026 15:00"), at("04/03/2026 09:30"))  # four working hours
    moved = {
        "hours": "07/03/2026 11:30",
        "working hours": "09/03/2026 11:30",
        "working days": "09/03/2026 11:30",
        "calendar days": "09/03/2026 17:00",
    }
    for unit, end in moved.items():
        assert said(add_pause(CALENDAR, unit, at("06/03/2026 17:00"), pause)) == end
        nothing = (pause[0], pause[0])
        assert said(add_pause(CALENDAR, unit, at("06/03/2026 17:00"), nothing)) == (
            "06/03/2026 17:00"
        )


@pytest.mark.parametrize(
    "start", ["31/12/1975 23:59", "01/01/0001 00:00", "01/01/2101 00:00", "31/12/9999 23:59"]
)
@pytest.mark.parametrize("unit", ["hours", "working hours", "working days", "calendar days"])
def test_years_without_a_calendar_are_refused(start: str, unit: str) -> None:
    """A sentence, not a guess and not an overflow."""
    with pytest.raises(Invalid, match="1976 đến năm 2100"):
        due(CALENDAR, at(start), f"1 {unit}")


def test_a_limit_may_not_outlast_the_calendar() -> None:
    """The search for a working day ends with the last year known."""
    with pytest.raises(Invalid, match="2100"):
        due(CALENDAR, at("01/06/2095 08:00"), "9999 working days")


def test_an_office_that_never_works_is_refused() -> None:
    """At the door, and when every day was taken off: never a search without end."""
    with pytest.raises(Invalid, match="không có ca làm việc"):
        Hours(date(2026, 1, 1), week=((),) * 7)
    with pytest.raises(Invalid, match="2100"):
        due(Calendar(()), at("02/03/2026 08:00"), "1 working day")
    with pytest.raises(Invalid, match="2100"):
        due(Calendar(()), at("02/03/2026 08:00"), "1 working hour")


def test_seconds_are_kept() -> None:
    """A limit in hours ends at the very second, to the microsecond."""
    start = at("02/03/2026 16:59").replace(second=59, microsecond=250_000)
    end = due(CALENDAR, start, "1 working hour")
    assert end - at("03/03/2026 08:29") == timedelta(seconds=59, microseconds=250_000)
    hours = due(CALENDAR, start, "1 hour")
    assert hours - start == timedelta(hours=1)


@pytest.mark.parametrize(
    ("start", "limit", "parts"),
    [
        ("23/11/2026 12:34:27", "24 hours", ["11 giờ 26 phút", "12 giờ 34 phút"]),
        ("17/11/2026 16:58:59", "2 working hours", ["2 phút", "1 giờ 58 phút"]),
    ],
)
def test_the_hours_told_add_up_when_the_start_has_seconds(
    start: str, limit: str, parts: list[str]
) -> None:
    moment = datetime.strptime(start, "%d/%m/%Y %H:%M:%S").replace(tzinfo=TIMEZONE)
    lines = explain(CALENDAR, moment, limit)[1:-1]
    assert [line.partition(": tính ")[2].partition(",")[0] for line in lines] == parts


def test_a_pause_is_told_between_the_minutes_shown() -> None:
    begin = at("17/11/2026 08:00") + timedelta(seconds=40)
    end = at("17/11/2026 09:00") + timedelta(seconds=20)
    lines = explain(CALENDAR, at("16/11/2026 16:00"), "24 hours", [(begin, end)])
    assert any("không tính 1 giờ, hạn lùi" in line for line in lines)
