"""Check procedure.toml: facts, dates, law, codes, papers and the promised date."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from engine.archive.retention import retention_of
from engine.calendar import parse_limit, parse_warning
from engine.catalog import rules
from engine.catalog.fields import Fields, of_form
from engine.catalog.version import Version, closest
from engine.errors import Invalid
from engine.org.access import ROLES

FILE = "procedure.toml"
_TEXTS = ("key", "title")
_KEYS = (
    "key", "title", "short_title", "valid_from", "valid_to", "codes", "legal_basis", "sector",
    "level", "system", "applicant", "fee", "facts", "papers", "promise", "roles", "kinds",
    "warn", "escalate_to", "escalate_after", "retention",
)  # fmt: skip
_OF_PAPER = ("required_when", "legal_basis", "accepted", "pools", "note")
_PERSONS = ("applicant", "subject", "phone", "email")
_KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_CODE = re.compile(r"\d\.\d{6}(?:\.[\w.]+)?")
_NUMBER = re.compile(r"\d+[^\s/]*(?:/\d{4})?/[^\W\d_][^\s/]*")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def read(version: Version) -> None:
    """Take the facts of a version in; what cannot be read is noted and stays empty."""
    try:
        version.meta = tomllib.loads(version.files[FILE])
    except ValueError as error:  # a number of thousands of digits is one, too
        version.error(rules.FACTS, FILE, None, f"Sai cú pháp TOML: {error}.", "Hãy sửa tệp.")
    except RecursionError:
        version.error(rules.FACTS, FILE, None, "Lồng nhau quá sâu.", "Hãy viết phẳng hơn.")


def check(version: Version) -> None:
    """Everything that procedure.toml must say."""
    meta = version.meta
    if not meta:
        return
    start = version.forms.get("start")
    known = of_form(start) if start is not None else None  # without it no field can be looked up
    _keys(version, meta)
    _dates(version, meta)
    _legal_basis(version, meta)
    _codes(version, meta)
    _retention(version, meta)
    if known is None:
        return
    _persons(version, meta, known)
    _papers(version, meta, known)
    _promise(version, meta, known)


def _keys(version: Version, meta: Mapping[str, Any]) -> None:
    for needed in _TEXTS:
        if not isinstance(meta.get(needed), str) or not meta[needed].strip():
            version.error(rules.FACTS, FILE, needed, "Thiếu khóa bắt buộc.", "Hãy thêm khóa này.")
    key = meta.get("key")
    if isinstance(key, str) and key and (not _KEY.fullmatch(key) or len(key) > 60):
        version.error(
            rules.FACTS, FILE, "key", f"Mã «{key[:60]}» không dùng được.",
            "Dùng chữ thường không dấu, số và dấu gạch ngang, tối đa 60 ký tự.",
        )  # fmt: skip
    for table in ("facts", "roles", "kinds"):
        found = meta.get(table, {})
        if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
            version.error(
                rules.FACTS, FILE, table, f"[{table}] phải là các dòng «mã = \"chữ\"».",
                "Hãy viết lại bảng này.",
            )  # fmt: skip
    for name, read in (("warn", parse_warning), ("escalate_after", parse_limit)):
        try:
            read(str(meta.get(name, "1 hour")))
        except Invalid as error:
            version.error(rules.LIMIT, FILE, name, error.message, "Hãy sửa thời hạn.")
    if "escalate_to" in meta:
        escalation(version, FILE, "escalate_to", str(meta["escalate_to"]))
    for extra in sorted(set(meta) - set(_KEYS)):
        version.warning(
            rules.FACTS, FILE, extra, f"Khóa «{extra}» không có nghĩa nên bị bỏ qua.",
            closest(extra, _KEYS) or "Hãy bỏ khóa này hoặc sửa tên.",
        )  # fmt: skip


def _retention(version: Version, meta: Mapping[str, Any]) -> None:
    try:
        retention_of(meta)
    except Invalid as error:
        for key, sentences in error.errors.items():
            for sentence in sentences:
                version.error(rules.FACTS, FILE, f"retention {key}", sentence, "Hãy sửa quy định.")


def escalation(version: Version, file: str, element: str, told: str) -> None:
    """The roles that hear of lateness, one after another: all known, none twice."""
    roles = [role.strip() for role in told.split(",")]
    for role in roles:
        if role not in ROLES:
            version.error(
                rules.ESCALATE,
                file,
                element,
                f"Không có vai trò «{role}» để nhận cảnh báo.",
                closest(role, ROLES) or f"Chọn: {', '.join(ROLES)}.",
            )
    if len(set(roles)) < len(roles):
        version.error(
            rules.ESCALATE,
            file,
            element,
            f"Một vai trò nhận cảnh báo hai lần: «{told}».",
            "Ghi mỗi vai trò một lần.",
        )


def day_of(value: Any) -> date | None:
    """A day as TOML or text; None when it is no day."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _dates(version: Version, meta: Mapping[str, Any]) -> None:
    begin = day_of(meta.get("valid_from"))
    if begin is None:
        what = "Ngày không đúng dạng." if "valid_from" in meta else "Thiếu khóa bắt buộc."
        version.error(rules.DATES, FILE, "valid_from", what, "Ghi ngày hiệu lực, ví dụ 2026-09-01.")
    end = day_of(meta.get("valid_to"))
    if "valid_to" in meta and end is None:
        version.error(rules.DATES, FILE, "valid_to", "Ngày không đúng dạng.", "Ghi 2026-08-31.")
    if begin is not None and end is not None and end < begin:
        version.error(
            rules.DATES, FILE, "valid_to", f"Hết hiệu lực {end} trước khi bắt đầu {begin}.",
            "Hãy sửa một trong hai ngày.",
        )  # fmt: skip
    folder = version.label.rsplit("/", 1)[-1]
    if begin is not None and _DAY.fullmatch(folder) and folder != begin.isoformat():
        version.warning(
            rules.DATES, FILE, "valid_from", f"Thư mục tên «{folder}» nhưng hiệu lực từ {begin}.",
            "Đặt tên thư mục theo ngày bắt đầu hiệu lực.",
        )  # fmt: skip


def _legal_basis(version: Version, meta: Mapping[str, Any]) -> None:
    for number, entry in _tables(version, rules.LEGAL, meta, "legal_basis"):
        told = entry.get("number")
        if not isinstance(told, str) or not _NUMBER.fullmatch(told):
            version.error(
                rules.LEGAL, FILE, f"legal_basis {number}",
                f"Số văn bản «{told}» không đúng dạng.", "Ghi như 118/2025/NĐ-CP.",
            )  # fmt: skip
        if not isinstance(entry.get("title"), str) or not entry["title"].strip():
            version.error(
                rules.LEGAL, FILE, f"legal_basis {number}", "Văn bản chưa có tên.", "Ghi title."
            )


def _codes(version: Version, meta: Mapping[str, Any]) -> None:
    for number, entry in _tables(version, rules.CODES, meta, "codes"):
        place = f"codes {number}"
        code = entry.get("code")
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            version.error(
                rules.CODES, FILE, place, f"Mã thủ tục «{code}» không đúng dạng.",
                "Ghi như 2.002913.",
            )  # fmt: skip
        begin, end = day_of(entry.get("from")), day_of(entry.get("to"))
        if begin is None or ("to" in entry and (end is None or end < begin)):
            version.error(
                rules.CODES, FILE, place, "Mã thiếu ngày bắt đầu, hoặc ngày không đúng.",
                "Ghi from = 2026-09-01, và to nếu mã đã thôi dùng.",
            )  # fmt: skip


def _persons(version: Version, meta: Mapping[str, Any], known: Fields) -> None:
    facts = meta.get("facts")
    for name, path in sorted(facts.items() if isinstance(facts, dict) else ()):
        if name not in _PERSONS:
            version.warning(
                rules.FACTS, FILE, f"facts.{name}", "Khóa này không có nghĩa nên bị bỏ qua.",
                closest(name, _PERSONS) or f"Chọn: {', '.join(_PERSONS)}.",
            )  # fmt: skip
        elif isinstance(path, str) and path not in known.paths:
            version.error(
                rules.FACTS, FILE, f"facts.{name}", f"Tờ khai không có trường «{path}».",
                closest(path, known.paths) or "Ghi trường của start.json.",
            )  # fmt: skip


def _papers(version: Version, meta: Mapping[str, Any], known: Fields) -> None:
    seen: set[str] = set()
    for number, paper in _tables(version, rules.PAPERS, meta, "papers", needed=False):
        key = paper.get("key")
        place = key if isinstance(key, str) and key else f"papers {number}"
        if not isinstance(key, str) or not key:
            version.error(rules.PAPERS, FILE, place, "Thành phần chưa có mã.", "Ghi key.")
        elif key in seen:
            version.error(
                rules.PAPERS, FILE, place, "Hai thành phần hồ sơ cùng mã.", "Đặt mã khác nhau."
            )
        seen.add(place)
        if not isinstance(paper.get("name"), str) or not paper["name"].strip():
            version.error(rules.PAPERS, FILE, place, "Thành phần chưa có tên.", "Ghi name.")
        if "required_when" in paper:
            version.reads(rules.PAPERS, FILE, place, paper["required_when"], known, "required_when")
        pools = paper.get("pools", [])
        drawn = version.model.pools if version.model is not None else pools
        for pool in pools if isinstance(pools, list) else [pools]:
            if not isinstance(pools, list) or pool not in drawn:
                version.error(
                    rules.PAPERS, FILE, place, f"Không có pool «{pool}» để nhận giấy tờ này.",
                    closest(str(pool), drawn) or "Ghi danh sách mã pool trong hình vẽ.",
                )  # fmt: skip
        for extra in sorted(set(paper) - {"key", "name", *_OF_PAPER}):
            version.warning(
                rules.PAPERS, FILE, place, f"Khóa «{extra}» không có nghĩa nên bị bỏ qua.",
                closest(extra, _OF_PAPER) or "Hãy bỏ khóa này.",
            )  # fmt: skip


def _promise(version: Version, meta: Mapping[str, Any], known: Fields) -> None:
    cases = _tables(version, rules.PROMISE, meta, "promise")
    for number, case in cases:
        place = f"promise {number}"
        steps = case.get("steps")
        if not isinstance(steps, list) or not steps:
            version.error(
                rules.PROMISE, FILE, place, "Trường hợp chưa có thời hạn.",
                'Ghi như steps = ["24 hours", "8 working days"].',
            )  # fmt: skip
        for step in steps if isinstance(steps, list) else ():
            try:
                parse_limit(str(step))
            except Invalid as error:
                version.error(rules.PROMISE, FILE, place, error.message, "Hãy sửa thời hạn.")
        if "when" in case:
            version.reads(rules.PROMISE, FILE, place, case["when"], known, "promise")
        elif number < len(cases):
            version.error(
                rules.PROMISE, FILE, place,
                "Trường hợp không có «when» đứng trước nên các trường hợp sau không bao giờ dùng.",
                "Chuyển trường hợp này xuống cuối.",
            )  # fmt: skip
    if cases and "when" in cases[-1][1]:
        version.error(
            rules.PROMISE, FILE, f"promise {len(cases)}",
            "Trường hợp cuối có «when» nên có hồ sơ không có ngày hẹn trả.",
            "Thêm một trường hợp cuối không có «when».",
        )  # fmt: skip


def conditions_of(meta: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The conditions in procedure.toml that are texts: (place, FEEL)."""
    found = []
    for name, key in (("papers", "required_when"), ("promise", "when")):
        entries = meta.get(name)
        for number, entry in enumerate(entries if isinstance(entries, list) else (), 1):
            if isinstance(entry, dict) and isinstance(entry.get(key), str):
                found.append((f"{name} {number}", entry[key]))
    return found


def _tables(
    version: Version, rule: Any, meta: Mapping[str, Any], name: str, *, needed: bool = True
) -> list[tuple[int, dict[str, Any]]]:
    """The tables of a list in procedure.toml, numbered from 1."""
    found = meta.get(name)
    if found is None and not needed:
        return []
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        version.error(
            rule, FILE, name, f"Thiếu «{name}», hoặc không phải danh sách bảng.",
            "Hãy thêm; xem hướng dẫn procedure.toml.",
        )  # fmt: skip
        return []
    if needed and not found:
        version.error(rule, FILE, name, f"«{name}» trống.", "Hãy thêm ít nhất một mục.")
    return list(enumerate(found, 1))
