"""The demo's province, tỉnh Hòa Sơn: places, agencies and people. All of it is made up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

SINCE = date(2016, 1, 1)
MERGER = date(2025, 3, 1)  # LĐTBXH: người có công to Nội vụ, bảo trợ xã hội to Y tế
PASSWORD = "motcua-demo"  # noqa: S105 - the demo's, printed on its log-in page

PROVINCE = ("31", "tỉnh Hòa Sơn")
PLACES = (
    ("31001", "xã Tân An"),
    ("31002", "xã Bình Minh"),
    ("31003", "phường Sông Ngân"),
)
ALL = tuple(code for code, _name in PLACES)


@dataclass(frozen=True)
class Office:
    """An agency; ``serves`` are (kind, place codes, first day, last day or None)."""

    code: str
    kind: str
    name: str
    short_name: str
    level: str
    serves: tuple[tuple[str, tuple[str, ...], date, date | None], ...] = ()
    parent: str = ""
    successor: str = ""
    address: str = ""
    phone: str = ""
    valid_from: date = SINCE
    valid_to: date | None = None


def _commune(number: int, name: str, short: str) -> tuple[Office, Office]:
    place = f"3100{number}"
    return (
        Office(
            f"H99.31.0{number}",
            "ubnd-xa",
            f"UBND {name}",
            f"UBND {short}",
            "xa",
            (("ubnd-xa", (place,), SINCE, None),),
            parent="H99.01",
            address=f"Số 1 đường Trung tâm, {name}, tỉnh Hòa Sơn",
            phone=f"0900 310 0{number}1",
        ),
        Office(
            f"H99.41.0{number}",
            "cong-an",
            f"Công an {name}",
            f"Công an {short}",
            "xa",
            (("cong-an", (place,), SINCE, None),),
            parent="H99.01",
            address=f"Số 5 đường Trung tâm, {name}, tỉnh Hòa Sơn",
            phone=f"0900 310 0{number}2",
        ),
    )


OFFICES: tuple[Office, ...] = (
    Office(
        "H99.01",
        "ubnd-tinh",
        "Văn phòng UBND tỉnh Hòa Sơn",
        "VP UBND tỉnh",
        "tinh",
        (("ubnd-tinh", ALL, SINCE, None),),
        address="Số 2 đường Hòa Sơn, phường Sông Ngân",
        phone="0900 310 100",
    ),
    *_commune(1, "xã Tân An", "Tân An"),
    *_commune(2, "xã Bình Minh", "Bình Minh"),
    *_commune(3, "phường Sông Ngân", "Sông Ngân"),
    Office(
        "H99.50.01",
        "bhxh",
        "BHXH cơ sở Tân An",
        "BHXH Tân An",
        "xa",
        (("bhxh", ("31001", "31002"), SINCE, None),),
        address="Số 12 đường Trung tâm, xã Tân An",
        phone="0900 310 501",
    ),
    Office(
        "H99.50.02",
        "bhxh",
        "BHXH cơ sở Sông Ngân",
        "BHXH Sông Ngân",
        "xa",
        (("bhxh", ("31003",), SINCE, None),),
        address="Số 20 đường Bờ Sông, phường Sông Ngân",
        phone="0900 310 502",
    ),
    Office(
        "H99.06",
        "noi-vu",
        "Sở Nội vụ tỉnh Hòa Sơn",
        "Sở Nội vụ",
        "tinh",
        (
            ("noi-vu", ALL, SINCE, None),
            ("ldtbxh", ALL, MERGER, None),  # what was asked of LĐTBXH is asked of its successor
        ),
        parent="H99.01",
        address="Số 6 đường Hòa Sơn, phường Sông Ngân",
        phone="0900 310 106",
    ),
    Office(
        "H99.07",
        "ldtbxh",
        "Sở Lao động – Thương binh và Xã hội tỉnh Hòa Sơn",
        "Sở LĐTBXH",
        "tinh",
        (("ldtbxh", ALL, SINCE, date(2025, 2, 28)),),
        parent="H99.01",
        successor="H99.06",
        address="Số 8 đường Hòa Sơn, phường Sông Ngân",
        phone="0900 310 107",
        valid_to=date(2025, 2, 28),
    ),
    Office(
        "H99.08",
        "y-te",
        "Sở Y tế tỉnh Hòa Sơn",
        "Sở Y tế",
        "tinh",
        (("y-te", ALL, SINCE, None),),
        parent="H99.01",
        address="Số 10 đường Hòa Sơn, phường Sông Ngân",
        phone="0900 310 108",
    ),
)


@dataclass(frozen=True)
class Someone:
    """A person of the demo with posts: (agency code, roles, first day, last day or None)."""

    username: str
    name: str
    posts: tuple[tuple[str, tuple[str, ...], date, date | None], ...]


def _in(username: str, name: str, agency: str, *roles: str) -> Someone:
    return Someone(username, name, ((agency, roles, SINCE, None),))


_LAST_DAY = date(2025, 2, 28)

PEOPLE: tuple[Someone, ...] = (
    _in("lan.ubnd.tanan", "Nguyễn Thị Lan", "H99.31.01", "mot-cua"),
    _in("hung.ubnd.tanan", "Trần Văn Hùng", "H99.31.01", "ho-tich"),
    _in("mai.ubnd.tanan", "Đỗ Thị Mai", "H99.31.01", "lien-thong"),
    _in("dung.ubnd.tanan", "Phạm Quốc Dũng", "H99.31.01", "lanh-dao", "truong-don-vi"),
    _in("tuan.congan.tanan", "Lê Anh Tuấn", "H99.41.01", "cu-tru", "lien-thong"),
    _in("khanh.congan.tanan", "Vũ Duy Khánh", "H99.41.01", "lanh-dao", "truong-don-vi"),
    _in("hoa.ubnd.binhminh", "Bùi Thị Hoa", "H99.31.02", "mot-cua", "ho-tich", "lien-thong"),
    _in("son.ubnd.binhminh", "Hoàng Văn Sơn", "H99.31.02", "lanh-dao", "truong-don-vi"),
    _in(
        "phuc.congan.binhminh",
        "Ngô Hồng Phúc",
        "H99.41.02",
        "cu-tru",
        "lanh-dao",
        "lien-thong",
        "truong-don-vi",
    ),
    _in("thao.ubnd.songngan", "Đặng Phương Thảo", "H99.31.03", "mot-cua", "ho-tich", "lien-thong"),
    _in("long.ubnd.songngan", "Phan Đức Long", "H99.31.03", "lanh-dao", "truong-don-vi"),
    _in(
        "binh.congan.songngan",
        "Dương Thanh Bình",
        "H99.41.03",
        "cu-tru",
        "lanh-dao",
        "lien-thong",
        "truong-don-vi",
    ),
    _in("ngoc.bhxh.tanan", "Lý Bảo Ngọc", "H99.50.01", "che-do", "lien-thong"),
    _in("cuong.bhxh.tanan", "Mai Mạnh Cường", "H99.50.01", "lanh-dao", "truong-don-vi"),
    _in(
        "yen.bhxh.songngan",
        "Hồ Hải Yến",
        "H99.50.02",
        "che-do",
        "lanh-dao",
        "lien-thong",
        "truong-don-vi",
    ),
    Someone(
        "quang.noivu",
        "Trịnh Minh Quang",
        (
            ("H99.06", ("chinh-sach", "lien-thong"), MERGER, None),
            ("H99.07", ("chinh-sach", "lien-thong"), SINCE, _LAST_DAY),
        ),
    ),
    Someone(
        "thu.noivu",
        "Cao Thị Thu",
        (
            ("H99.06", ("lanh-dao", "truong-don-vi"), MERGER, None),
            ("H99.07", ("lanh-dao", "truong-don-vi"), SINCE, _LAST_DAY),
        ),
    ),
    _in("linh.yte", "Tạ Khánh Linh", "H99.08", "bao-tro", "lien-thong"),
    _in("nam.yte", "Đinh Hoài Nam", "H99.08", "lanh-dao", "truong-don-vi"),
    _in("huong.kiemsoat", "Lương Thu Hương", "H99.01", "kiem-soat"),
    _in("khoa.quantri", "Chu Đăng Khoa", "H99.01", "quan-tri"),
)
