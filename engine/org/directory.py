"""The organisation as a file: places, agencies with what they serve, people with their posts.

A file adds and continues; what it does not name stays as it is. History is never renamed: what was
is ended by ``valid_to``, and what follows is a row of its own. Knows no password and no web.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Invalid
from engine.org.access import ROLES
from engine.org.models import Agency, Assignment, Jurisdiction, Person, Place

LEVELS = {"xa": "xã", "huyen": "huyện", "tinh": "tỉnh"}
_REQUIRED: dict[str, Any] = {"required": "Chưa ghi mục này.", "null": "Chưa ghi mục này."}
_OPEN = date.max


def _text(longest: int, *, needed: bool = True, pattern: str | None = None) -> fields.String:
    rules: list[Any] = [validate.Length(1 if needed else 0, longest, error=_LENGTH)]
    if pattern is not None:
        rules.append(validate.Regexp(pattern, error="Có ký tự không dùng được ở đây."))
    said: dict[str, Any] = {**_REQUIRED, "invalid": "Phải là một dòng chữ trong ngoặc kép."}
    if needed:
        return fields.String(required=True, validate=rules, error_messages=said)
    return fields.String(load_default="", validate=rules, error_messages=said)


_LENGTH = "Dài từ {min} đến {max} chữ cái."
_CODE = r"[A-Za-z0-9._-]+\Z"


class _Day(fields.Date):
    """A TOML date, as it is read."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if type(value) is not date:
            raise ValidationError("Phải là một ngày, ví dụ 2026-09-01 (không có ngoặc kép).")
        return value


class _Dated(Schema):
    valid_from = _Day(required=True, error_messages=_REQUIRED)
    valid_to = _Day(load_default=None, allow_none=True)

    error_messages = {"unknown": "Không có mục này.", "type": "Phải là một bảng."}

    @validates_schema
    def _in_order(self, data: Mapping[str, Any], **_: Any) -> None:
        if data.get("valid_to") and data["valid_to"] < data["valid_from"]:
            raise ValidationError("Ngày cuối trước ngày đầu.", "valid_to")


class _Serves(_Dated):
    kind = _text(20, needed=False)
    places = fields.List(
        _text(10, pattern=_CODE), required=True, validate=validate.Length(1, error="Còn trống.")
    )


class _Agency(_Dated):
    code = _text(40, pattern=_CODE)
    kind = _text(20, pattern=_CODE)
    name = _text(160)
    short_name = _text(60)
    level = fields.String(
        required=True,
        validate=validate.OneOf(LEVELS, error=f"Phải là một trong {', '.join(LEVELS)}."),
        error_messages=_REQUIRED,
    )
    parent = _text(40, needed=False)
    successor = _text(40, needed=False)
    address = _text(200, needed=False)
    phone = _text(20, needed=False)
    serves = fields.List(fields.Nested(_Serves), load_default=list)


class _Post(_Dated):
    agency = _text(40, pattern=_CODE)
    roles = fields.List(
        fields.String(
            validate=validate.OneOf(ROLES, error=f"Vai trò phải là một trong {', '.join(ROLES)}.")
        ),
        required=True,
        validate=validate.Length(1, error="Còn trống."),
        error_messages=_REQUIRED,
    )


class _Person(Schema):
    username = _text(60, pattern=r"[a-z0-9._-]+\Z")
    name = _text(120)
    email = fields.String(load_default="", validate=validate.Length(max=160, error=_LENGTH))
    active = fields.Boolean(load_default=True)
    posts = fields.List(fields.Nested(_Post), load_default=list)

    error_messages = _Dated.error_messages


class _Place(Schema):
    code = _text(10, pattern=_CODE)
    name = _text(120)
    parent = _text(10, needed=False)

    error_messages = _Dated.error_messages


class _File(Schema):
    place = fields.List(fields.Nested(_Place), load_default=list)
    agency = fields.List(fields.Nested(_Agency), load_default=list)
    person = fields.List(fields.Nested(_Person), load_default=list)

    error_messages = _Dated.error_messages


def read(content: bytes) -> dict[str, Any]:
    """A file of the organisation; Invalid with every fault, each by its entry, when it is not one.

    ``{"place": […], "agency": […], "person": […]}`` with dates as ``date``.
    """
    try:
        told = tomllib.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Invalid(f"Không đọc được tệp TOML: {error}.") from None
    try:
        read: dict[str, Any] = _File().load(told)
    except ValidationError as error:
        _refuse(list(_lines(error.normalized_messages(), told)))
    _refuse(list(_twice(read)))
    return read


def carry_out(session: Session, told: Mapping[str, Any], secret: Callable[[str], str]) -> list[str]:
    """Write a file's content into the tables; returns what changed, a line each.

    ``secret`` gives the password hash of a new person by their username. Invalid, and nothing is
    to be committed, when the file contradicts itself or what is there.
    """
    faults: list[str] = []
    changes: list[str] = []
    _places(session, told["place"], changes)
    agencies = _agencies(session, told["agency"], changes, faults)
    _jurisdictions(session, told["agency"], agencies, changes, faults)
    _people(session, told["person"], agencies, secret, changes, faults)
    session.flush()
    faults += _served_twice(session)
    _refuse(faults)
    return changes


def _places(session: Session, told: list[dict[str, Any]], changes: list[str]) -> None:
    known = {place.code: place for place in session.scalars(select(Place))}
    for one in told:
        place = known.get(one["code"])
        if place is None:
            place = Place(code=one["code"], name=one["name"], parent_code=one["parent"] or None)
            session.add(place)
            changes.append(f"thêm địa bàn {place.code} {place.name}")
        elif place.name != one["name"]:
            changes.append(f"đổi tên địa bàn {place.code}: {place.name} → {one['name']}")
            place.name = one["name"]
    session.flush()


def _agencies(
    session: Session, told: list[dict[str, Any]], changes: list[str], faults: list[str]
) -> dict[str, Agency]:
    agencies = {agency.code: agency for agency in session.scalars(select(Agency))}
    plain = ("kind", "name", "short_name", "level", "valid_from")
    mutable = ("address", "phone", "valid_to")
    for one in told:
        agency = agencies.get(one["code"])
        if agency is None:
            values = {name: one[name] for name in (*plain, *mutable)}
            agency = agencies[one["code"]] = Agency(code=one["code"], **values)
            session.add(agency)
            changes.append(f"thêm đơn vị {agency.code} {agency.name}")
            continue
        if changed := [name for name in plain if getattr(agency, name) != one[name]]:
            faults.append(
                f"đơn vị {agency.code}: {', '.join(changed)} khác với đơn vị đang có; hãy cho đơn "
                "vị cũ kết thúc (valid_to) và thêm đơn vị mới với mã khác."
            )
        for name in mutable:
            if getattr(agency, name) != one[name]:
                changes.append(f"đơn vị {agency.code}: {name} → {one[name]}")
                setattr(agency, name, one[name])
    session.flush()
    for one in told:
        agency = agencies[one["code"]]
        for name in ("parent", "successor"):
            other = agencies.get(one[name])
            if one[name] and other is None:
                faults.append(f"đơn vị {agency.code}: không có đơn vị {one[name]} ({name}).")
            elif (number := other.id if other else None) != getattr(agency, f"{name}_id"):
                setattr(agency, f"{name}_id", number)
                changes.append(f"đơn vị {agency.code}: {name} → {one[name] or 'không'}")
    return agencies


def _jurisdictions(
    session: Session,
    told: list[dict[str, Any]],
    agencies: Mapping[str, Agency],
    changes: list[str],
    faults: list[str],
) -> None:
    places = set(session.scalars(select(Place.code)))
    known = {
        (row.kind, row.place_code, row.agency_id, row.valid_from): row
        for row in session.scalars(select(Jurisdiction))
    }
    for one in told:
        agency = agencies[one["code"]]
        for serves in one["serves"]:
            kind = serves["kind"] or agency.kind
            for place in serves["places"]:
                where = f"đơn vị {agency.code}: địa bàn {place} ({kind})"
                if place not in places:
                    faults.append(f"{where}: chưa có địa bàn này.")
                    continue
                row = known.get((kind, place, agency.id, serves["valid_from"]))
                if row is None:
                    row = Jurisdiction(
                        kind=kind,
                        place_code=place,
                        agency_id=agency.id,
                        valid_from=serves["valid_from"],
                        valid_to=serves["valid_to"],
                    )
                    session.add(row)
                    changes.append(f"{where} từ {row.valid_from:%d/%m/%Y}")
                elif row.valid_to != serves["valid_to"]:
                    row.valid_to = serves["valid_to"]
                    changes.append(f"{where}: {_until(row.valid_to)}")


def _people(
    session: Session,
    told: list[dict[str, Any]],
    agencies: Mapping[str, Agency],
    secret: Callable[[str], str],
    changes: list[str],
    faults: list[str],
) -> None:
    known = {person.username: person for person in session.scalars(select(Person))}
    held = {
        (row.person_id, row.agency_id, row.role, row.valid_from): row
        for row in session.scalars(select(Assignment))
    }
    for one in told:
        person = known.get(one["username"])
        if person is None:
            person = Person(username=one["username"], password_hash=secret(one["username"]))
            session.add(person)
            changes.append(f"thêm người dùng {one['username']} ({one['name']})")
        for name in ("name", "email", "active"):
            if getattr(person, name) != one[name]:
                if person.id is not None:
                    changes.append(f"người dùng {person.username}: {name} → {one[name]}")
                setattr(person, name, one[name])
        session.flush()
        for post in one["posts"]:
            agency = agencies.get(post["agency"])
            if agency is None:
                faults.append(f"người dùng {person.username}: không có đơn vị {post['agency']}.")
                continue
            for role in post["roles"]:
                where = f"{person.username}: {ROLES[role]} tại {agency.short_name}"
                row = held.get((person.id, agency.id, role, post["valid_from"]))
                if row is None:
                    row = Assignment(
                        person_id=person.id,
                        agency_id=agency.id,
                        role=role,
                        valid_from=post["valid_from"],
                        valid_to=post["valid_to"],
                    )
                    session.add(row)
                    changes.append(f"{where} từ {row.valid_from:%d/%m/%Y}")
                elif row.valid_to != post["valid_to"]:
                    row.valid_to = post["valid_to"]
                    changes.append(f"{where}: {_until(row.valid_to)}")


def _until(day: date | None) -> str:
    return f"đến hết {day:%d/%m/%Y}" if day else "không có ngày cuối"


def _served_twice(session: Session) -> Iterator[str]:
    """Two agencies of a kind for one place on one day: nobody could say who is meant."""
    query = select(Jurisdiction, Agency.code).join(Agency)
    order = (Jurisdiction.kind, Jurisdiction.place_code, Jurisdiction.valid_from, Jurisdiction.id)
    before: tuple[Jurisdiction, str] | None = None
    for row, code in session.execute(query.order_by(*order)):
        if before is not None:
            earlier, other = before
            same = (earlier.kind, earlier.place_code) == (row.kind, row.place_code)
            if same and row.valid_from <= (earlier.valid_to or _OPEN):
                yield (
                    f"địa bàn {row.place_code} ({row.kind}): {other} và {code} cùng phụ trách từ "
                    f"{row.valid_from:%d/%m/%Y}; hãy ghi valid_to cho đơn vị trước."
                )
        before = (row, code)


def _twice(told: Mapping[str, Any]) -> Iterator[str]:
    for table, key in (("place", "code"), ("agency", "code"), ("person", "username")):
        seen: set[str] = set()
        for one in told[table]:
            if one[key] in seen:
                yield f"[[{table}]] {one[key]}: ghi hai lần."
            seen.add(one[key])


def _lines(messages: Any, told: Any, path: str = "") -> Iterator[str]:
    """marshmallow's messages, each with the entry that it is about."""
    if isinstance(messages, list):
        yield from (f"{path}: {message}" for message in messages)
        return
    for key, inner in messages.items():
        here = told
        if isinstance(told, dict):
            here = told.get(key)
        elif isinstance(told, list) and isinstance(key, int):
            here = told[key] if key < len(told) else None
        if isinstance(key, int):
            named = here if isinstance(here, dict) else {}
            name = next((str(named[n]) for n in ("code", "username", "agency") if n in named), "")
            yield from _lines(inner, here, f"{path}[{key + 1}]" + (f" {name}" if name else ""))
        elif key == "_schema":
            yield from _lines(inner, here, path)
        else:
            yield from _lines(inner, here, f"{path}.{key}" if path else str(key))


def _refuse(faults: list[str]) -> None:
    if faults:
        raise Invalid(f"Tệp tổ chức có {len(faults)} chỗ sai; chưa ghi gì.", errors={"tep": faults})
