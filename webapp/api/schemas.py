"""How rows and views look as JSON, and what requests must hold. Times are ISO 8601 in UTC."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from engine.dossiers import reads
from engine.dossiers.timeline import OUTCOMES, STATUS
from engine.tasks.inbox import LEVELS, SCOPES
from webapp.api.room import LARGEST_ID

_CURSOR = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d:\d\d)?\|\d{1,10}\Z"


def _said(text: str, **more: Any) -> dict[str, Any]:
    return {"description": text, **more}


def _number(low: int = 1, high: int = LARGEST_ID, **options: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(low, high), **options)


class Words(ma.Schema):
    """What is left of a limit, in words."""

    level = fields.String(metadata=_said("late, soon, ok hoặc paused"))
    text = fields.String(metadata=_said("Ví dụ: Còn 3 giờ làm việc"))


class Choice(ma.Schema):
    """An option of a field."""

    value = fields.String()
    label = fields.String()


class FormRow(ma.Schema):
    """A row of a list."""

    name = fields.String()
    title = fields.String()
    fields_ = fields.Nested(lambda: Field(), many=True, attribute="children", data_key="fields")


class Field(ma.Schema):
    """A component of a form that is visible now."""

    name = fields.String(metadata=_said("Đường dẫn trong data; dòng của danh sách có số thứ tự"))
    kind = fields.String()
    label = fields.String()
    description = fields.String()
    required = fields.Boolean()
    value = fields.String()
    text = fields.String(metadata=_said("Giá trị để đọc"))
    choices = fields.Nested(Choice, many=True)
    fields_ = fields.Nested(lambda: Field(), many=True, attribute="children", data_key="fields")
    rows = fields.Nested(FormRow, many=True)


class Post(ma.Schema):
    """A role in an agency."""

    agency_id = fields.Integer()
    agency = fields.String()
    role = fields.String()


class SessionOut(ma.Schema):
    """Who is logged in, and the token for changes."""

    person_id = fields.Integer(allow_none=True)
    username = fields.String(allow_none=True)
    name = fields.String(allow_none=True)
    posts = fields.Nested(Post, many=True)
    csrf_token = fields.String(metadata=_said("Gửi lại trong tiêu đề X-CSRFToken khi thay đổi"))


class LogIn(ma.Schema):
    """Name and password."""

    username = fields.String(required=True, validate=validate.Length(1, 60))
    password = fields.String(required=True, validate=validate.Length(1, 200))


class Component(ma.Schema):
    """A paper that the procedure lists."""

    key = fields.String()
    name = fields.String()


class Procedure(ma.Schema):
    """A procedure in force today."""

    procedure = fields.String()
    version = fields.String()
    title = fields.String()
    short_title = fields.String()
    papers = fields.Nested(Component, many=True)


class ProcedureForm(Procedure):
    """A procedure with its start form, as it looks before anything is filled in."""

    form = fields.Nested(Field, many=True)


class Task(ma.Schema):
    """A step of a dossier."""

    id = fields.Integer()
    element = fields.String()
    name = fields.String()
    procedure = fields.String()
    dossier = fields.String(attribute="dossier.code")
    agency = fields.String(attribute="agency.short_name")
    agency_id = fields.Integer()
    role = fields.String()
    status = fields.String(metadata=_said("open, done hoặc cancelled"))
    assignee = fields.String(attribute="assignee.name", dump_default=None)
    assignee_id = fields.Integer()
    paused = fields.Boolean()
    limit = fields.String()
    created_at = fields.DateTime()
    due_at = fields.DateTime()
    escalated_at = fields.DateTime()
    closed_at = fields.DateTime()
    version = fields.Integer(
        attribute="instance.version",
        metadata=_said("Phiên bản phần việc của đơn vị; gửi lại khi hoàn thành"),
    )


class InboxRow(ma.Schema):
    """A line of the inbox."""

    task = fields.Nested(Task)
    applicant = fields.String(attribute="dossier.applicant")
    title = fields.String(attribute="dossier.title")
    words = fields.Nested(Words)
    may_claim = fields.Boolean()
    mine = fields.Boolean()


class Step(ma.Schema):
    """How many open tasks a step has."""

    procedure = fields.String()
    title = fields.String()
    element = fields.String()
    name = fields.String()
    count = fields.Integer()


class Inbox(ma.Schema):
    """A page of the inbox."""

    rows = fields.Nested(InboxRow, many=True)
    counts = fields.Dict(keys=fields.String(), values=fields.Integer())
    steps = fields.Nested(Step, many=True)
    next = fields.String(metadata=_said("Gửi lại trong after để lấy trang sau"))


class InboxQuery(ma.Schema):
    """Filters of the inbox."""

    scope = fields.String(load_default="group", validate=validate.OneOf(SCOPES))
    text = fields.String(load_default="", validate=validate.Length(max=100))
    procedure = fields.String(load_default="", validate=validate.Length(max=60))
    element = fields.String(load_default="", validate=validate.Length(max=80))
    level = fields.String(load_default="", validate=validate.OneOf(("", *LEVELS)))
    after = fields.String(load_default=None, validate=validate.Regexp(_CURSOR))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class TaskPage(ma.Schema):
    """Everything needed to work on a task."""

    task = fields.Nested(Task)
    words = fields.Nested(Words)
    may_work = fields.Boolean()
    mine = fields.Boolean()
    title = fields.String(metadata=_said("Tên biểu mẫu"))
    form = fields.Nested(Field, many=True)
    data = fields.Dict(metadata=_said("Bản nháp, hoặc nội dung đã nộp"))


class Data(ma.Schema):
    """The values of a form."""

    data = fields.Dict(keys=fields.String(), required=True, metadata=_said("Theo tên trường"))


class Completion(Data):
    """A form that finishes a task."""

    version = fields.Integer(
        strict=True,
        load_default=None,
        allow_none=True,
        metadata=_said(
            "task.version đã đọc. Việc còn mở thì nhận cả số nhỏ hơn: nhánh khác của cùng phần "
            "việc vừa đi tiếp. Số lớn hơn hiện tại, hoặc việc đã kết thúc: 409"
        ),
    )


class Done(ma.Schema):
    """What finishing a task led to."""

    task = fields.Integer()
    dossier = fields.String()
    opened = fields.List(fields.Integer(), metadata=_said("Việc tiếp theo của bạn cùng hồ sơ"))
    ended = fields.Boolean()


class Handover(ma.Schema):
    """Who shall do the task."""

    person_id = _number(required=True)


class NewDossier(Data):
    """A dossier to open at the counter."""

    procedure = fields.String(required=True, validate=validate.Length(1, 60))
    agency_id = _number(
        load_default=None, allow_none=True, metadata=_said("Bỏ trống: quầy của người gửi")
    )


class Opened(ma.Schema):
    """A dossier as it was opened."""

    code = fields.String()


class DossierQuery(ma.Schema):
    """Search of dossiers."""

    search = fields.String(load_default="", validate=validate.Length(max=100))
    state = fields.String(load_default="all", validate=validate.OneOf(reads.STATES))
    page = fields.Integer(load_default=1, validate=validate.Range(1, 100_000))


class DossierHead(ma.Schema):
    """A dossier's envelope. For the control office names are masked."""

    code = fields.String(attribute="dossier.code")
    title = fields.String(attribute="dossier.title")
    procedure = fields.String(attribute="dossier.procedure")
    applicant = fields.String()
    portal_status = fields.Integer(
        attribute="dossier.portal_status",
        metadata=_said("; ".join(f"{n} {name}" for n, name in STATUS.items())),
    )
    status = fields.String()
    outcome = fields.String(
        attribute="dossier.outcome",
        metadata=_said("; ".join(f"{code}: {name}" for code, name in OUTCOMES.items())),
    )
    opened_at = fields.DateTime(attribute="dossier.opened_at")
    accepted_at = fields.DateTime(attribute="dossier.accepted_at")
    due_at = fields.DateTime(attribute="dossier.due_at")
    closed_at = fields.DateTime(attribute="dossier.closed_at")
    words = fields.Nested(Words)


class DossierRow(DossierHead):
    """A line of the list."""

    where = fields.String(metadata=_said("Các bước đang mở"))


class DossierList(ma.Schema):
    """A page of dossiers."""

    rows = fields.Nested(DossierRow, many=True)
    total = fields.Integer()
    next = fields.Integer(metadata=_said("Số của trang sau, nếu còn"))


class Section(ma.Schema):
    """Facts that the reader's agency received or wrote down."""

    title = fields.String()
    agency = fields.String()
    at = fields.DateTime()
    fields_ = fields.Nested(Field, many=True, attribute="view.fields", data_key="fields")


class Entry(ma.Schema):
    """A line of the history."""

    at = fields.DateTime()
    title = fields.String()
    who = fields.String()
    agency = fields.String()
    kind = fields.String()
    level = fields.String()


class Result(ma.Schema):
    """A result returned to the citizen."""

    name = fields.String()
    returned_at = fields.DateTime()


class Paper(ma.Schema):
    """A paper of the dossier."""

    id = fields.Integer()
    component = fields.String()
    filename = fields.String()
    media_type = fields.String()
    size = fields.Integer(metadata=_said("byte"))
    sha256 = fields.String()
    agency_id = fields.Integer()
    uploaded_at = fields.DateTime()


class PaperIn(ma.Schema):
    """What the paper is."""

    component = fields.String(load_default="", validate=validate.Length(max=60))


class Agency(ma.Schema):
    """An agency that takes part."""

    id = fields.Integer()
    code = fields.String()
    short_name = fields.String()
    kind = fields.String()


class Handoff(ma.Schema):
    """A message between agencies, without its content."""

    id = fields.Integer()
    flow = fields.String()
    name = fields.String()
    dossier = fields.String(attribute="dossier.code")
    sender = fields.String(attribute="sender.short_name")
    receiver = fields.String(attribute="receiver.short_name", dump_default=None)
    status = fields.String(metadata=_said("pending, delivered hoặc void"))
    note = fields.String()
    sent_at = fields.DateTime()
    delivered_at = fields.DateTime()
    ack_due_at = fields.DateTime()
    acknowledged_at = fields.DateTime()
    acknowledged_by = fields.String(attribute="acknowledger.name", dump_default=None)


class HandoffRow(ma.Schema):
    """A line of the liaison board."""

    handoff = fields.Nested(Handoff, attribute="message")
    words = fields.Nested(Words)
    may_acknowledge = fields.Boolean()


class Board(ma.Schema):
    """A page of the liaison board."""

    rows = fields.Nested(HandoffRow, many=True)
    open = fields.Integer(metadata=_said("Số lượt còn phải xác nhận"))
    next = fields.Integer()


class BoardQuery(ma.Schema):
    """Which handoffs."""

    direction = fields.String(load_default="in", validate=validate.OneOf(("in", "out")))
    state = fields.String(load_default="open", validate=validate.OneOf(("open", "all")))
    page = fields.Integer(load_default=1, validate=validate.Range(1, 100_000))


class DossierPage(DossierHead):
    """A dossier as far as the reader may see it."""

    full = fields.Boolean(metadata=_said("false: chỉ tiến độ, không có dữ kiện"))
    facts = fields.Nested(Section, many=True)
    tasks = fields.Nested(Task, many=True)
    messages = fields.Nested(Handoff, many=True)
    timeline = fields.Nested(Entry, many=True)
    results = fields.Nested(Result, many=True)
    papers = fields.Nested(Paper, many=True, attribute="attachments")
    participants = fields.Nested(Agency, many=True)
    may = fields.List(fields.String())


class Event(ma.Schema):
    """One link of the chain. ``data`` only for agencies that take part."""

    seq = fields.Integer()
    at = fields.DateTime()
    kind = fields.String()
    actor = fields.String(attribute="actor_name")
    agency_id = fields.Integer()
    instance_id = fields.Integer()
    task_id = fields.Integer()
    data = fields.Dict()
    hash = fields.String()


class Chain(ma.Schema):
    """The events of a dossier; ``verified`` tells whether the chain of hashes is whole."""

    verified = fields.Boolean()
    last_hash = fields.String()
    events = fields.Nested(Event, many=True)


class Notice(ma.Schema):
    """Something a post should look at."""

    id = fields.Integer()
    kind = fields.String()
    text = fields.String()
    task_id = fields.Integer()
    created_at = fields.DateTime()


class Notices(ma.Schema):
    """Unread notices, newest first."""

    rows = fields.Nested(Notice, many=True)


class Queue(ma.Schema):
    """What the outbox owes."""

    owed = fields.Integer(metadata=_said("Lời hứa đang chờ thực hiện"))
    dead = fields.Integer(metadata=_said("Lời hứa đã thử quá nhiều lần, cần người xem"))
