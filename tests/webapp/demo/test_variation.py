"""Another case of the same story: other people, places and dates, nothing left half changed."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.calendar import default_calendar
from engine.calendar.vietnam import TIMEZONE
from engine.dossiers.scenario import Scenario, span
from webapp.demo.names import People
from webapp.demo.province import ALL
from webapp.demo.variation import length, vary

CALENDAR = default_calendar()
STORY = Scenario(
    name="mau",
    title="Mẫu",
    start_at=datetime(2026, 9, 7, 9, 0, tzinfo=TIMEZONE),
    data={
        "nguoi_chet": {
            "ho_ten": "Trần Văn Mẫu",
            "ngay_sinh": "1950-02-03",
            "so_dinh_danh": "000111222333",
            "ngay_chet": "06/09/2026",
            "noi_chet": "Nhà riêng, xã Tân An",
        },
        "nguoi_yeu_cau": {"ho_ten": "Trần Thị Mẫu", "dien_thoai": "0900123456"},
        "nguoi_nhan_mai_tang": {"loai": "to-chuc", "ho_ten": "Hội Người cao tuổi"},
        "so_bhxh": "0123456789",
        "xa_cu_tru": "31001",
        "xa_chet": "31001",
        "xa_huong": "31003",
        "than_nhan": [{"ho_ten": "Trần Thị Mẫu", "so_dinh_danh": "000111222444"}],
        "dong_y": True,
    },
    steps=[
        {"task": "a", "wait": "30 minutes", "data": {"y_kien": "Đã gặp Trần Văn Mẫu."}},
        {"wait": "2 days"},
        {
            "task": "b",
            "after": "20 hours",
            "data": {"ngay": "2026-09-08", "so_dang_ky": "125/2024"},
        },
    ],
    expect={"status": "done"},
)

starts = st.datetimes(datetime(2026, 3, 2), datetime(2026, 12, 20)).map(
    lambda moment: moment.replace(tzinfo=TIMEZONE)
)


@settings(max_examples=60, deadline=None)
@given(starts, st.integers(0, 10**6))
def test_the_story_stays_the_same(start: datetime, seed: int) -> None:
    """Equal values stay equal, different ones differ, and every task falls into working hours."""
    chance = random.Random(seed)
    varied = vary(STORY, start, chance, People(chance), CALENDAR)
    data = varied.data
    assert data["nguoi_yeu_cau"]["ho_ten"] == data["than_nhan"][0]["ho_ten"] != "Trần Thị Mẫu"
    assert "Thị" in data["nguoi_yeu_cau"]["ho_ten"]
    assert varied.steps[0]["data"]["y_kien"] == f"Đã gặp {data['nguoi_chet']['ho_ten']}."
    assert data["xa_cu_tru"] == data["xa_chet"] != data["xa_huong"]
    assert {data["xa_cu_tru"], data["xa_huong"]} <= set(ALL)
    assert data["nguoi_nhan_mai_tang"]["ho_ten"] == "Hội Người cao tuổi"
    assert data["so_bhxh"] == "0123456789"
    assert data["dong_y"] is True
    assert varied.steps[2]["data"]["so_dang_ky"].endswith(f"/{start.year}")
    assert data["nguoi_chet"]["ho_ten"].split()[0] == data["nguoi_yeu_cau"]["ho_ten"].split()[0]
    assert data["nguoi_chet"]["so_dinh_danh"].startswith("000")
    assert data["nguoi_chet"]["so_dinh_danh"] != data["than_nhan"][0]["so_dinh_danh"]
    assert data["nguoi_yeu_cau"]["dien_thoai"].startswith("0900")
    died = datetime.strptime(data["nguoi_chet"]["ngay_chet"], "%d/%m/%Y").date()
    assert start.date() - died == timedelta(days=1)
    now = varied.start_at
    for step in varied.steps:
        now += span(step["wait"])
        if "task" in step:
            opens, _closes = next(CALENDAR.spans(now - timedelta(minutes=1)))
            assert opens <= now
    assert length(varied) >= length(STORY) - timedelta(minutes=2)


def test_drawn_people_are_never_drawn_twice() -> None:
    """Names, identity numbers and telephone numbers are all different and all made up."""
    people = People(random.Random(1))
    identities = {people.identity() for _ in range(300)}
    assert len(identities) == 300
    assert all(len(number) == 12 and number.startswith("000") for number in identities)
    names = {people.like(name) for name in ("Trần Văn A", "Trần Thị B") for _ in range(200)}
    assert len(names) == 400
