"""A yearly calendar's file: what it says, a sentence for each fault, and all or nothing."""

from __future__ import annotations

import string
import unicodedata
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.calendar import Day, Hours, Layer, default_calendar
from engine.calendar.written import write
from engine.calendar.yearly import read
from engine.errors import Invalid

TABLES = Path(__file__).resolve().parent / "tables"
BELOW = default_calendar()
HEAD = "ngày,loại,làm theo thứ,ca,ghi chú,văn bản\n"
MORNING, AFTERNOON = (time(7, 30), time(11, 30)), (time(13, 30), time(17))


def told(rows: str) -> dict[str, list[str]]:
    """The faults of a CSV by place."""
    with pytest.raises(Invalid) as caught:
        read((HEAD + rows).encode(), "lich.csv", BELOW)
    return caught.value.errors or {"": [caught.value.message]}


def test_days_are_read() -> None:
    """Each kind of day, single and in a span, with its source."""
    rows = (
        "31/08/2026,nghỉ,,,Nghỉ hoán đổi,TB 1\n2026-08-22,làm bù,thứ Hai,,,TB 1\n"
        "30/06/2026,nửa ngày,,sáng,,\n07/03/2026,tiếp nhận,,07:30-11:30,,\n"
        "05/03/2026..06/03/2026,Nghi,,,,\n24/11/2026,như thường,,,,\n"
    )
    layer = read((HEAD + rows).encode(), "lich.csv", BELOW)
    assert layer.days == {
        date(2026, 8, 31): Day("off", note="Nghỉ hoán đổi", document="TB 1"),
        date(2026, 8, 22): Day("worked", like=0, document="TB 1"),
        date(2026, 6, 30): Day("half", part="morning"),
        date(2026, 3, 7): Day("intake", (MORNING,)),
        date(2026, 3, 5): Day("off"),
        date(2026, 3, 6): Day("off"),
        date(2026, 11, 24): Day("usual"),
    }
    days = BELOW.over(layer)
    assert days.shifts_of(date(2026, 6, 30)) == (MORNING,)
    assert days.shifts_of(date(2026, 3, 7)) == ()
    assert days.intake_of(date(2026, 3, 7)) == (MORNING,)
    assert days.intake_of(date(2026, 3, 14)) == ()


def test_hours_are_read() -> None:
    """Rows of one span make one week; a season returns each year from the year it began."""
    layer = read((TABLES / "mua.csv").read_bytes(), "mua.csv", BELOW)
    summer, winter = layer.hours
    assert summer.season == ((4, 16), (10, 15))
    assert (winter.since, winter.until) == (date(2026, 10, 16), None)
    days = BELOW.over(layer)
    late = (time(13), time(17))
    assert days.shifts_of(date(2026, 4, 15)) == (MORNING, AFTERNOON), "winter began in October"
    assert days.shifts_of(date(2027, 4, 15)) == (MORNING, late)
    assert days.shifts_of(date(2027, 4, 19)) == ((time(7), time(11, 30)), AFTERNOON)
    assert days.shifts_of(date(2028, 1, 4)) == (MORNING, late)


@pytest.mark.parametrize("name", ["mua.csv", "xa.csv"])
def test_what_is_written_reads_back(name: str) -> None:
    """The file, its layer, its file again, its layer again: the same."""
    layer = read((TABLES / name).read_bytes(), name, BELOW)
    assert read(write(layer).encode(), name, BELOW) == layer


def test_semicolons_tabs_and_a_mark_in_front_are_read() -> None:
    """As spreadsheets write them; blank lines are passed over."""
    said = Layer(days={date(2026, 8, 31): Day("off", note="a, b")})
    for text in (
        unicodedata.normalize("NFD", 'ngày,loại,ghi chú\n31/08/2026,nghỉ,"a, b"\n'),
        "\ufeffNgày;Loại;Ghi chú\r\n31/08/2026;Nghỉ;a, b\r\n;;\r\n",
        "ngay\tloai\tghi chu\n31/08/2026\tnghi\ta, b\n",
        'ghi chú,loại,ngày\n"a, b",nghỉ,31/08/2026\n',
    ):
        assert read(text.encode(), "lich.csv", BELOW) == said


FAULTS = [
    ("02/03/2026,làm bù,2,,,\n", "vốn đã là ngày làm việc"),
    ("22/08/2026,làm bù,7,,,\n", "thứ Bảy không có ca làm việc để làm theo"),
    ("22/08/2026,làm bù,2-6,,,\n", "chỉ ghi một thứ"),
    ("22/08/2026,làm bù,2,sáng,,\n22/08/2026,nghỉ,,,,\n", "đã có ở dòng 2"),
    ("20/08/2026..24/08/2026,nghỉ,,,,\n22/08/2026,làm bù,2,,,\n", "đã có ở dòng 2"),
    ("07/03/2026,nửa ngày,,sáng,,\n", "không phải ngày làm việc"),
    ("02/03/2026,nửa ngày,,,,\n", "cần cột «ca»"),
    ("02/03/2026,nửa ngày,3,sáng,,\n", "không dùng cột «làm theo thứ»"),
    ("02/03/2026,nghỉ,,07:30-11:30,,\n", "không dùng cột"),
    ("07/03/2026,tiếp nhận,,,,\n", "cần cột «ca»"),
    ("07/03/2026,làm bù,2,07:30-11:30,,\n", "chỉ dùng một trong hai cột"),
    ("02/03/2026,nửa ngày,,11:30-07:30,,\n", "kết thúc trước khi bắt đầu"),
    ("02/03/2026,nửa ngày,,07:30-11:30 11:00-12:00,,\n", "chồng lên ca trước"),
    ("02/03/2026,nửa ngày,,7-11,,\n", "không đọc được"),
    ("02/03/2026,nửa ngày,,07:30-25:30,,\n", "giờ không tồn tại"),
    ("02/03/2026,lễ,,,,\n", "loại «lễ» không có"),
    ("30/02/2026,nghỉ,,,,\n", "không đọc được"),
    (",nghỉ,,,,\n", "thiếu ngày"),
    ("02/03/1900,nghỉ,,,,\n", "nằm ngoài các năm"),
    ("05/03/2026..02/03/2026,nghỉ,,,,\n", "trước ngày đầu"),
    ("02/03/2026..,nghỉ,,,,\n", "phải có ngày cuối"),
    ("02/03/2026..02/06/2027,nghỉ,,,,\n", "dài hơn một năm"),
    ("02/03/2026..03/03/2026 hằng năm,nghỉ,,,,\n", "chỉ dùng cho giờ"),
    ("01/01/2026..,giờ làm việc,,07:30-11:30,,\n", "thiếu cột «làm theo thứ»"),
    ("01/01/2026..,giờ làm việc,2-9,07:30-11:30,,\n", "không đọc được"),
    ("01/01/2026..,giờ làm việc,6-2,07:30-11:30,,\n", "không đúng thứ tự"),
    ('01/01/2026..,giờ làm việc,"2,2",07:30-11:30,,\n', "một thứ hai lần"),
    ("01/01/2026..,giờ làm việc,2-6,nghỉ,,\n", "không có ca làm việc nào"),
    ("01/01/2026..,giờ chốt,,ba giờ,,\n", "giờ chốt"),
    ("01/01/2026.. hằng năm,giờ làm việc,2-6,07:30-11:30,,\n", "cần cả ngày đầu và ngày cuối"),
    ("01/03/2026..01/03/2027 hằng năm,giờ làm việc,2-6,07:30-11:30,,\n", "dài hơn một năm"),
    ("01/03/2026..01/02/2028 hằng năm,giờ làm việc,2-6,07:30-11:30,,\n", "dài hơn một năm"),
    ("02/03/2026,nửa ngày,," + "07:30-07:31 " * 7 + ",,\n", "không có hơn 6 ca"),
    (
        "01/01/2026..,giờ làm việc,2-6,07:30-11:30,,\n01/01/2026..,giờ làm việc,6,08:00-11:30,,\n",
        "thứ Sáu đã có giờ",
    ),
    (
        "01/01/2026..30/06/2026,giờ làm việc,2-6,07:30-11:30,,\n"
        "01/08/2026..,giờ làm việc,2-6,07:30-11:30,,\n",
        "hở từ 01/07/2026 đến 31/07/2026",
    ),
    (
        "01/01/2026..30/06/2026,giờ làm việc,2-6,07:30-11:30,,\n"
        "30/06/2026..,giờ làm việc,2-6,07:30-11:30,,\n",
        "chồng lên khoảng của dòng 2",
    ),
    (
        "01/01/2026..,giờ làm việc,2-6,07:30-11:30,,\n"
        "01/06/2026..,giờ làm việc,2-6,08:00-11:30,,\n",
        "chưa có ngày cuối",
    ),
    (
        "16/04/2026..15/10/2026 hằng năm,giờ làm việc,2-6,07:00-11:30,,\n"
        "15/10/2026..15/04/2027 hằng năm,giờ làm việc,2-6,07:30-11:30,,\n",
        "mùa chồng lên mùa của dòng 2 (ngày 15/10)",
    ),
    (
        "16/04/2026..15/10/2026 hằng năm,giờ làm việc,2-6,07:00-11:30,,\n"
        "17/10/2026..15/04/2027 hằng năm,giờ làm việc,2-6,07:30-11:30,,\n",
        "ngày 16/10 không thuộc mùa nào",
    ),
]


@pytest.mark.parametrize(("rows", "sentence"), FAULTS)
def test_each_fault_has_its_sentence(rows: str, sentence: str) -> None:
    """The last row of each is at fault (in the case of a gap or an overlap: the later one)."""
    faults = told(rows)
    place = f"dòng {rows.count(chr(10)) + 1}"
    assert sentence in " ".join(faults.get(place, faults.get("dòng 2", [])))


def test_all_faults_are_told_at_once() -> None:
    """Each in its place; what is right beside them is not used."""
    faults = told("02/03/2026,làm bù,2,,,\n31/08/2026,nghỉ,,,,\nx,nghỉ,,,,\n07/03/2026,?,,,,\n")
    assert set(faults) == {"dòng 2", "dòng 4", "dòng 5"}


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"", "a.csv", "thiếu cột"),
        ("ngày,loại\n".encode(), "a.csv", "không có dòng nào"),
        ("ngày,loại,màu\n".encode(), "a.csv", "cột «màu»"),
        ("ngày,ngày,loại\n".encode(), "a.csv", "ghi hai lần"),
        ("ngày\n".encode(), "a.csv", "thiếu cột loại"),
        ("ngày,loại\n31/08/2026,nghỉ,?\n".encode(), "a.csv", "nhiều ô hơn"),
        ("ngày,loại\n".encode("utf-16"), "a.csv", "UTF-8"),
        (b"x" * 1_000_001, "a.csv", "lớn hơn"),
        ("ngày,loại\n".encode() + b"a,b\n" * 5001, "a.csv", "hơn 5000 dòng"),
        (f"ngày,loại,ghi chú\n31/08/2026,nghỉ,{'x' * 201}\n".encode(), "a.csv", "dài hơn"),
        (b"x = [", "a.toml", "không phải TOML"),
        (b"x = 1", "a.toml", "không có mục x"),
        (b"shifts = 1", "a.toml", "phải là một bảng"),
        (b"[days]\n", "a.toml", "[[days]]"),
        (b"[[days]]\ndate = 2026-03-02\nday = 1\n", "a.toml", "không có khóa day"),
        (b"", "a.toml", "không có dòng nào"),
    ],
)
def test_what_is_no_calendar_is_refused(content: bytes, name: str, sentence: str) -> None:
    """With one sentence that names the file."""
    with pytest.raises(Invalid, match="Tệp lịch a") as caught:
        read(content, name, BELOW)
    assert sentence in caught.value.message


cells = st.text(string.digits + './-:, hngàyisctmlbừ"\n;', max_size=24) | st.sampled_from(
    ["02/03/2026", "nghỉ", "làm bù", "giờ làm việc", "2-6", "07:30-11:30", "01/01/2026..", "sáng"]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(cells, min_size=2, max_size=6), max_size=6))
@example([["02/03/2026..03/03/2026", "nghỉ"]])
def test_any_text_is_a_layer_or_a_sentence(rows: list[list[str]]) -> None:
    """Never another error; and what was taken reads back the same."""
    text = HEAD + "\n".join(",".join(row) for row in rows)
    try:
        layer = read(text.encode(), "lich.csv", BELOW)
    except Invalid:
        return
    assert read(write(layer).encode(), "lich.csv", BELOW) == layer


clocks = st.builds(time, st.integers(0, 23), st.integers(0, 59))
shift_lists = st.lists(clocks, min_size=2, max_size=8, unique=True).map(
    lambda found: tuple(zip(sorted(found)[::2], sorted(found)[1::2], strict=False))
)
weeks = st.tuples(*[shift_lists] * 5, *[st.just(()) | shift_lists] * 2)
words = st.text('ab cđư,;."/-', max_size=12).map(lambda text: " ".join(text.split()))
dates = st.dates(date(2025, 1, 1), date(2027, 12, 31))
kinds = {
    True: st.builds(Day, st.just("half"), shift_lists, note=words, document=words)
    | st.builds(Day, st.just("half"), part=st.sampled_from(["morning", "afternoon"])),
    False: st.builds(Day, st.just("worked"), shift_lists, note=words)
    | st.builds(Day, st.just("worked"), like=st.integers(0, 4)),
}
whenever = st.builds(
    Day, st.sampled_from(["off", "usual"]), note=words, document=words
) | st.builds(Day, st.just("intake"), shift_lists)


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    """Anything a file can say on top of Vietnam's calendar."""
    found = []
    first, *ends = sorted(draw(st.sets(dates, min_size=1, max_size=3)))
    for last in (*ends, None):
        found.append(Hours(first, last, week=draw(weeks), note=draw(words)))
        first = last + timedelta(days=1) if last else first
    if draw(st.booleans()):
        found.append(Hours(draw(dates), intake=draw(weeks)))
    if draw(st.booleans()):
        found.append(Hours(draw(dates), late_after=draw(clocks)))
    if draw(st.booleans()):
        ends = [(day.month, day.day) for day in draw(st.tuples(dates, dates))]
        since = date(2025, *ends[0]) if ends[0] != (2, 29) else date(2028, 2, 29)
        if ends[1] == (2, 29):
            ends[1] = (2, 28)
        found.append(Hours(since, week=draw(weeks), season=(ends[0], ends[1])))
    below = BELOW.over(Layer(tuple(found)))
    days = {}
    for day in draw(st.sets(dates, max_size=5)):
        days[day] = draw(whenever | kinds[bool(below.plain_shifts(day))])
    days = {
        day: special
        for day, special in days.items()
        if special.kind in ("off", "usual") or below.over(Layer(days={day: special})).intake_of(day)
    }
    return Layer(tuple(found), days)


@settings(max_examples=200, deadline=None)
@given(layers())
def test_all_that_can_be_said_is_written_and_read(layer: Layer) -> None:
    """The same days and, however its rows are put together, the same hours."""
    again = read(write(layer).encode(), "lich.csv", BELOW)
    assert again.days == layer.days
    one, other = BELOW.over(layer), BELOW.over(again)
    day = date(2025, 1, 1)
    while day.year < 2029:
        assert one.shifts_of(day) == other.shifts_of(day)
        assert one.intake_of(day) == other.intake_of(day)
        assert one.late_after(day) == other.late_after(day)
        day += timedelta(days=9)


def test_later_layers_win() -> None:
    """Of what is said twice the last holds; what is not said stays as it was."""
    province = Layer(
        (Hours(date(2026, 1, 1), week=(((time(8), time(12)),),) * 5 + ((), ())),),
        {date(2026, 3, 2): Day("off"), date(2026, 3, 3): Day("off")},
    )
    agency = Layer((), {date(2026, 3, 2): Day("usual")})
    days = BELOW.over(province, agency)
    assert days.shifts_of(date(2026, 3, 2)) == ((time(8), time(12)),)
    assert days.shifts_of(date(2026, 3, 3)) == ()
    assert days.shifts_of(date(2025, 12, 31)) == (MORNING, AFTERNOON)
    assert days.late_after(date(2026, 3, 2)) == time(15)


def test_the_guides_example_is_a_calendar() -> None:
    """The CSV shown to officers reads without a fault."""
    guide = (Path(__file__).resolve().parents[3] / "deploy" / "README.md").read_text()
    example = guide.split("```csv\n")[1].split("```")[0]
    layer = read(example.encode(), "vi-du.csv", BELOW)
    assert len(layer.hours) == 4
    assert {day.kind for day in layer.days.values()} == {"off", "worked", "half", "intake"}
