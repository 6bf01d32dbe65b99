"""What people read: the time left, the time overrun, the count day by day."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path

import pytest

from engine.calendar import (
    Hours,
    Layer,
    default_calendar,
    duration_words,
    explain,
    remaining_words,
    start_after_15h,
)
from engine.calendar.vietnam import TIMEZONE
from engine.calendar.yearly import read

CALENDAR = default_calendar()


def at(text: str) -> datetime:
    """A local moment from "13/02/2026 15:01"."""
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=TIMEZONE)


SENTENCES = [
    ("02/03/2026 08:00", "04/03/2026 17:00", "ok", "Còn 2 ngày 7 giờ làm việc"),
    ("02/03/2026 17:00", "04/03/2026 17:00", "ok", "Còn 2 ngày làm việc"),
    ("02/03/2026 09:00", "12/03/2026 17:00", "ok", "Còn 8 ngày làm việc"),
    ("02/03/2026 08:00", "02/03/2026 17:00", "ok", "Còn 7 giờ làm việc"),
    ("02/03/2026 11:30", "02/03/2026 16:30", "soon", "Còn 3 giờ làm việc"),
    ("02/03/2026 12:00", "02/03/2026 15:00", "soon", "Còn 1 giờ 30 phút làm việc"),
    ("02/03/2026 16:35", "02/03/2026 17:00", "soon", "Còn 25 phút làm việc"),
    ("13/02/2026 16:00", "23/02/2026 09:30", "soon", "Còn 3 giờ làm việc"),
    (
        "06/03/2026 17:30",
        "07/03/2026 09:00",
        "soon",
        "Đến hạn 09:00 ngày 07/03/2026, ngoài giờ làm việc",
    ),
    ("02/03/2026 17:00", "02/03/2026 17:00", "soon", "Đến hạn lúc này"),
    ("07/03/2026 09:00", "06/03/2026 17:00", "late", "Vừa quá hạn"),
    ("02/03/2026 09:10", "02/03/2026 09:00", "late", "Quá hạn 10 phút"),
    ("04/03/2026 16:30", "02/03/2026 17:00", "late", "Quá hạn 1 ngày 7 giờ"),
    ("23/02/2026 08:30", "13/02/2026 17:00", "late", "Quá hạn 1 giờ"),
    ("31/03/2026 17:00", "02/03/2026 17:00", "late", "Quá hạn 21 ngày"),
]


@pytest.mark.parametrize(("now", "end", "level", "text"), SENTENCES)
def test_remaining_words(now: str, end: str, level: str, text: str) -> None:
    """Time left and overrun is working time; a day is a working day of 7.5 hours."""
    words = remaining_words(CALENDAR, at(now), at(end))
    assert (words.level, words.text) == (level, text)


def test_a_stopped_clock_says_so() -> None:
    """While paused nothing is late."""
    words = remaining_words(CALENDAR, at("04/03/2026 08:00"), at("02/03/2026 17:00"), paused=True)
    assert (words.level, words.text) == ("paused", "Tạm dừng tính thời hạn")
    assert remaining_words(CALENDAR, at("04/03/2026 08:00"), None, paused=True) == words
    assert remaining_words(CALENDAR, at("04/03/2026 08:00"), None).text == "Không có thời hạn"


def test_explain_tells_each_day_and_pause() -> None:
    """A limit across Tết with a pause is told so that it can be checked by hand."""
    lines = explain(
        CALENDAR,
        at("13/02/2026 15:01"),
        "2 working days",
        [(at("23/02/2026 09:00"), at("24/02/2026 09:00"))],
    )
    assert lines == [
        "Thời hạn 2 ngày làm việc, tính từ 15:01 ngày 13/02/2026.",
        "Thứ Sáu 13/02/2026: ngày đầu, không tính",
        "Thứ Bảy 14/02/2026: nghỉ cuối tuần, không tính",
        "Chủ nhật 15/02/2026: nghỉ cuối tuần, không tính",
        "Thứ Hai 16/02/2026: nghỉ lễ (Giao thừa Tết Nguyên Đán), không tính",
        "Thứ Ba 17/02/2026: nghỉ lễ (Tết Nguyên Đán), không tính",
        "Thứ Tư 18/02/2026: nghỉ lễ (Mùng hai Tết Nguyên Đán), không tính",
        "Thứ Năm 19/02/2026: nghỉ lễ (Mùng ba Tết Nguyên Đán), không tính",
        "Thứ Sáu 20/02/2026: nghỉ lễ (Mùng bốn Tết Nguyên Đán), không tính",
        "Thứ Bảy 21/02/2026: nghỉ cuối tuần, không tính",
        "Chủ nhật 22/02/2026: nghỉ cuối tuần, không tính",
        "Thứ Hai 23/02/2026: ngày làm việc thứ 1",
        "Thứ Ba 24/02/2026: ngày làm việc thứ 2",
        "Chưa kể tạm dừng, hạn là 17:00 ngày 24/02/2026.",
        "Tạm dừng 09:00 ngày 23/02/2026 – 09:00 ngày 24/02/2026: "
        "không tính 7 giờ 30 phút làm việc, hạn lùi đến 17:00 ngày 25/02/2026.",
        "Hạn: 17:00 ngày 25/02/2026 (thứ Tư).",
    ]


def test_explain_knows_all_four_clocks() -> None:
    """Hours name what each day gave; calendar days name the day they move past."""
    hours = explain(CALENDAR, at("06/03/2026 15:00"), "24 hours")
    assert hours[1:3] == [
        "Thứ Sáu 06/03/2026: tính 9 giờ, cả ngày đêm",
        "Thứ Bảy 07/03/2026: tính 15 giờ, cả ngày đêm (nghỉ cuối tuần)",
    ]
    working = explain(CALENDAR, at("06/03/2026 15:00"), "4 working hours")
    assert working[1] == "Thứ Sáu 06/03/2026: tính 2 giờ"
    assert working[4] == "Thứ Hai 09/03/2026: tính 2 giờ"
    days = explain(CALENDAR, at("04/03/2026 15:00"), "3 calendar days")
    assert days[4:7] == [
        "Thứ Bảy 07/03/2026: ngày thứ 3, nghỉ cuối tuần: chuyển tiếp",
        "Chủ nhật 08/03/2026: nghỉ cuối tuần: chuyển tiếp",
        "Thứ Hai 09/03/2026: ngày làm việc kế tiếp",
    ]
    today = explain(CALENDAR, at("04/03/2026 10:00"), "0 working days")
    assert today[1] == "Thứ Tư 04/03/2026: hạn trong ngày"


def test_explain_names_what_is_special_about_a_day() -> None:
    """Make-up days, half days, days for intake only and weekdays without shifts."""
    path = Path(__file__).resolve().parent / "tables" / "xa.csv"
    town = CALENDAR.over(read(path.read_bytes(), path.name, CALENDAR))
    lines = explain(town, at("06/03/2026 10:00"), "4 working days")
    assert lines[1:-1] == [
        "Thứ Sáu 06/03/2026: ngày đầu, không tính",
        "Thứ Bảy 07/03/2026: ngày làm việc thứ 1 (làm bù, 07:30-11:30, Làm bù nửa ngày, CV 5)",
        "Chủ nhật 08/03/2026: nghỉ cuối tuần, không tính",
        "Thứ Hai 09/03/2026: ngày làm việc thứ 2",
        "Thứ Ba 10/03/2026: nghỉ (Ngày hội của địa phương, CV 5), không tính",
        "Thứ Tư 11/03/2026: ngày làm việc thứ 3 (nửa ngày, 13:30-17:00, Sáng tổng vệ sinh, CV 5)",
        "Thứ Năm 12/03/2026: chỉ tiếp nhận hồ sơ (Tập huấn nên chỉ tiếp nhận, CV 5), không tính",
        "Thứ Sáu 13/03/2026: ngày làm việc thứ 4",
    ]
    week = Hours(date(2026, 1, 1), week=((), *[((time(8), time(12)),)] * 4, (), ()))
    closed = explain(CALENDAR.over(Layer((week,))), at("06/03/2026 10:00"), "1 working day")
    assert closed[2:5] == [
        "Thứ Bảy 07/03/2026: nghỉ cuối tuần, không tính",
        "Chủ nhật 08/03/2026: nghỉ cuối tuần, không tính",
        "Thứ Hai 09/03/2026: không có ca làm việc, không tính",
    ]


def test_explain_says_where_a_late_dossier_starts() -> None:
    """After the hour, after a short day's closing, on a day that does not count."""
    path = Path(__file__).resolve().parent / "tables" / "xa.csv"
    town = CALENDAR.over(read(path.read_bytes(), path.name, CALENDAR))
    said = {
        "06/03/2026 12:00": ", sau giờ làm việc: tính",
        "01/04/2026 14:01": ", sau 14:00: tính",
        "08/03/2026 09:00": ", là ngày không làm việc: tính",
    }
    for text, words in said.items():
        start = start_after_15h(town, at(text))
        lines = explain(town, start, "1 working day", accepted=at(text))
        assert words in lines[0]
        assert lines[1].startswith("Thời hạn 1 ngày làm việc, tính từ 07:30")
    assert explain(town, at("09/03/2026 09:00"), "1 hour", accepted=at("09/03/2026 09:00"))[
        0
    ].startswith("Thời hạn")


def test_a_day_of_work_is_as_long_as_the_season_says() -> None:
    """Eight hours are a day and half an hour in the usual week, and a day where a day is eight."""
    path = Path(__file__).resolve().parent / "tables" / "mua.csv"
    season = CALENDAR.over(read(path.read_bytes(), path.name, CALENDAR))
    june = at("01/06/2026 08:00")
    assert duration_words(CALENDAR, 480, june) == "1 ngày"
    assert duration_words(CALENDAR, 900, june) == "2 ngày"
    assert duration_words(season, 960, june) == "2 ngày"
    assert duration_words(season, 480, at("02/03/2026 08:00")) == "1 ngày"
