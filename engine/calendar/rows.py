"""The rows of a yearly calendar in a file, from CSV or TOML. Judges no row."""

from __future__ import annotations

import csv
import io
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.calendar.cells import fold
from engine.calendar.hours import Kind
from engine.calendar.working import FIRST_YEAR
from engine.errors import Invalid, TooLarge

COLUMNS = ("ngày", "loại", "làm theo thứ", "ca", "ghi chú", "văn bản")
MOST_BYTES, MOST_ROWS, LONGEST = 1_000_000, 5_000, 200

Field = Literal["week", "intake", "late_after"]

DAY_KINDS: dict[str, Kind] = {
    "nghỉ": "off",
    "làm bù": "worked",
    "nửa ngày": "half",
    "tiếp nhận": "intake",
    "như thường": "usual",
}
HOURS_KINDS: dict[str, Field] = {
    "giờ làm việc": "week",
    "giờ tiếp nhận": "intake",
    "giờ chốt": "late_after",
}


@dataclass(frozen=True)
class Row:
    """One row as it was written; ``place`` is how people find it."""

    place: str
    when: str
    kind: str
    weekdays: str
    shifts: str
    note: str
    document: str


def read_rows(content: bytes, name: str) -> list[Row]:
    """The rows of a file; ``name`` tells CSV from TOML. Invalid when it is not such a file."""
    if len(content) > MOST_BYTES:
        raise TooLarge(f"Tệp lịch {name} lớn hơn {MOST_BYTES // 1000} KB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(f"Tệp lịch {name} không phải văn bản UTF-8.") from None
    rows = _toml_rows(text, name) if name.lower().endswith(".toml") else _csv_rows(text, name)
    if len(rows) > MOST_ROWS:
        raise TooLarge(f"Tệp lịch {name} có hơn {MOST_ROWS} dòng.")
    if not rows:
        raise Invalid(f"Tệp lịch {name} không có dòng nào.")
    for row in rows:
        if max(len(row.note), len(row.document)) > LONGEST:
            raise Invalid(
                f"Tệp lịch {name}, {row.place}: ghi chú hoặc văn bản dài hơn {LONGEST} ký tự."
            )
    return rows


def _csv_rows(text: str, name: str) -> list[Row]:
    head = text.split("\n", 1)[0]
    delimiter = max((",", ";", "\t"), key=head.count)
    lines = csv.reader(io.StringIO(text), delimiter=delimiter)
    rows: list[Row] = []
    try:
        columns = _columns(next(lines, []), name)
        for cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
                raise Invalid(f"Tệp lịch {name}, dòng {lines.line_num}: nhiều ô hơn số cột.")
            said = dict(zip(columns, cells, strict=False))
            rows.append(_row(f"dòng {lines.line_num}", said))
    except csv.Error:
        raise Invalid(f"Tệp lịch {name}, dòng {lines.line_num}: không phải CSV.") from None
    return rows


def _columns(head: Iterable[str], name: str) -> list[str]:
    known = {fold(column): column for column in COLUMNS}
    columns = []
    for cell in head:
        column = known.get(fold(cell))
        if column is None or column in columns:
            raise Invalid(
                f"Tệp lịch {name}: cột «{cell.strip()[:40]}» không có hoặc ghi hai lần. "
                f"Các cột: {', '.join(COLUMNS)}."
            )
        columns.append(column)
    missing = [column for column in COLUMNS[:2] if column not in columns]
    if missing:
        raise Invalid(f"Tệp lịch {name} thiếu cột {', '.join(missing)}.")
    return columns


def _toml_rows(text: str, name: str) -> list[Row]:
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"Tệp lịch {name} không phải TOML: {error}.") from None
    unknown = set(said) - {"shifts", "hours", "days"}
    if unknown:
        raise Invalid(
            f"Tệp lịch {name}: không có mục {', '.join(sorted(unknown))}; chỉ có shifts, hours, "
            "days."
        )
    rows = []
    for weekdays, shifts in _table(said.get("shifts", {}), name, "shifts").items():
        when = f"01/01/{FIRST_YEAR}.."
        cells = {"ngày": when, "loại": "giờ làm việc", "làm theo thứ": weekdays, "ca": shifts}
        rows.append(_row(f"shifts.{weekdays}", cells))
    if "shifts" in said and not rows:
        raise Invalid(f"Tệp lịch {name}: cơ quan không có ca làm việc nào trong tuần.")
    for part, usual in (("hours", "giờ làm việc"), ("days", "")):
        entries = said.get(part, [])
        if not isinstance(entries, list):
            raise Invalid(f"Tệp lịch {name}: «{part}» phải viết [[{part}]].")
        for number, entry in enumerate(entries, 1):
            place = f"{part} {number}"
            rows.append(_row(place, _toml_cells(_table(entry, name, place), usual, name, place)))
    return rows


def _toml_cells(entry: Mapping[str, Any], kind: str, name: str, place: str) -> dict[str, Any]:
    keys = {"from", "date", "to", "yearly", "kind", "weekdays", "shifts", "note", "document"}
    unknown = set(entry) - keys
    if unknown:
        raise Invalid(
            f"Tệp lịch {name}, {place}: không có khóa {', '.join(sorted(unknown))}; các khóa: "
            f"{', '.join(sorted(keys))}."
        )
    when = str(entry.get("from", entry.get("date", "")))
    if "to" in entry:
        when += f"..{entry['to']}"
    elif kind:
        when += ".."
    return {
        "ngày": when + (" hằng năm" if entry.get("yearly") else ""),
        "loại": entry.get("kind", kind),
        "làm theo thứ": entry.get("weekdays", ""),
        "ca": entry.get("shifts", ""),
        "ghi chú": entry.get("note", ""),
        "văn bản": entry.get("document", ""),
    }


def _table(value: Any, name: str, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Invalid(f"Tệp lịch {name}: «{place}» phải là một bảng.")
    return value


def _row(place: str, said: Mapping[str, Any]) -> Row:
    cells = {
        column: " ".join(unicodedata.normalize("NFC", str(said.get(column, ""))).split())
        for column in COLUMNS
    }
    kinds = {fold(kind): kind for kind in (*DAY_KINDS, *HOURS_KINDS)}
    kind = kinds.get(fold(cells["loại"]), cells["loại"])
    return Row(
        place,
        cells["ngày"],
        kind,
        cells["làm theo thứ"],
        cells["ca"],
        cells["ghi chú"],
        cells["văn bản"],
    )
