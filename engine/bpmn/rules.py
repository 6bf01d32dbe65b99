"""The rules of reading and checking a drawing, and the notes taken by them. Knows no engine."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.findings import Finding, Findings, Rule, rule

# structure: the file and its picture hang together
NOT_XML = rule("not-xml", "structure", "Tệp là XML hợp lệ")
DOCTYPE = rule("doctype", "structure", "Tệp không có khai báo DOCTYPE hay thực thể XML")
NOT_BPMN = rule("not-bpmn", "structure", "Tệp là BPMN 2.0")
TOO_LARGE = rule("too-large", "structure", "Tệp và bức vẽ nằm trong giới hạn về kích thước")
TOO_DEEP = rule("too-deep", "structure", "Tiểu quy trình và phần được gọi không lồng quá sâu")
MUST_UNDERSTAND = rule("must-understand", "structure", "Không có phần mở rộng bắt buộc phải hiểu")
DUPLICATE_ID = rule("duplicate-id", "structure", "Mỗi mã chỉ dùng một lần")
RESERVED_ID = rule("reserved-id", "structure", "Mã không bắt đầu bằng «__»")
MISSING_ID = rule("missing-id", "structure", "Mọi phần tử có mã")
DANGLING = rule("dangling-reference", "structure", "Mọi tham chiếu trỏ tới phần tử có thật")
DOUBLED = rule("doubled-setting", "structure", "Mỗi thiết lập chỉ ghi một lần")
UNKNOWN_ATTRIBUTE = rule(
    "unknown-attribute", "structure", "Thuộc tính là của BPMN 2.0 và đặt đúng chỗ"
)
BAD_VALUE = rule("bad-value", "structure", "Thuộc tính đúng/sai ghi true hoặc false")
SEVERAL_COLLABORATIONS = rule(
    "several-collaborations", "structure", "Tệp có nhiều nhất một sơ đồ cộng tác"
)
PROCESS_WITHOUT_POOL = rule(
    "process-without-pool", "structure", "Mỗi quy trình thuộc một pool hoặc được gọi"
)
PROCESS_IN_TWO_POOLS = rule("process-in-two-pools", "structure", "Mỗi quy trình thuộc một pool")
EMPTY_POOL = rule("empty-pool", "structure", "Pool mở có bước bên trong")
NO_PROCESS = rule("no-process", "structure", "Tệp có ít nhất một quy trình chạy được")
NOT_EXECUTABLE = rule("not-executable", "structure", "Quy trình không bị tắt (isExecutable)")
EXECUTABLE_MISSING = rule("executable-missing", "structure", "Quy trình ghi rõ isExecutable")
MAIN_POOL = rule("main-pool", "structure", "Rõ pool nào mở hồ sơ")
NO_START = rule("no-start", "structure", "Quy trình có điểm bắt đầu")
SEVERAL_STARTS = rule("several-starts", "structure", "Chỉ có một điểm bắt đầu thường")
SUB_PROCESS_START = rule(
    "sub-process-start", "structure", "Tiểu quy trình có đúng một điểm bắt đầu thường"
)
EMPTY_SUB_PROCESS = rule("empty-sub-process", "structure", "Tiểu quy trình có bước bên trong")
START_NOWHERE = rule("start-nowhere", "structure", "Điểm bắt đầu dẫn tới một bước")
FLOW_INTO_START = rule("flow-into-start", "structure", "Không mũi tên nào đi vào điểm bắt đầu")
FLOW_OUT_OF_END = rule("flow-out-of-end", "structure", "Không mũi tên nào đi ra từ điểm kết thúc")
FLOW_INTO_BOUNDARY = rule(
    "flow-into-boundary", "structure", "Không mũi tên nào đi vào sự kiện biên"
)
FLOW_ACROSS = rule("flow-across", "structure", "Mũi tên không vượt ra ngoài phạm vi của mình")
BOUNDARY_HOST = rule("boundary-host", "structure", "Sự kiện biên gắn vào một công việc")
ORPHAN = rule("orphan-element", "structure", "Không phần tử nào đứng rời")
UNREACHABLE = rule("unreachable", "structure", "Mọi phần tử có đường dẫn tới từ điểm bắt đầu")
DEFAULT_FLOW = rule("default-flow", "structure", "Mũi tên mặc định đi ra từ chính phần tử đó")
DEFAULT_WITH_CONDITION = rule(
    "default-with-condition", "structure", "Mũi tên mặc định không có điều kiện"
)
MESSAGE_FLOW_IN_POOL = rule(
    "message-flow-in-pool", "structure", "Luồng thông điệp nối hai pool khác nhau"
)
MESSAGE_FLOW_BORDER = rule(
    "message-flow-border", "structure", "Luồng thông điệp nối vào sự kiện, không vào viền pool mở"
)
MESSAGE_FLOW_ENDS = rule(
    "message-flow-ends", "structure", "Luồng thông điệp đi từ nơi gửi tới nơi nhận"
)

MESSAGE_NAMES = rule("message-names", "structure", "Hai đầu luồng thông điệp nói cùng một tin")
LANE_TWICE = rule("lane-twice", "structure", "Mỗi phần tử chỉ thuộc một làn")

# behaviour: every construct works as drawn or is refused
UNTYPED_TASK = rule("untyped-task", "behaviour", "Công việc có loại")
SERVICE_TASK = rule("service-task", "behaviour", "Không dùng Service Task")
AD_HOC = rule("ad-hoc", "behaviour", "Không dùng tiểu quy trình ad-hoc")
COMPLEX_GATEWAY = rule("complex-gateway", "behaviour", "Không dùng cổng phức hợp")
COMPENSATION = rule("compensation", "behaviour", "Không dùng bù trừ")
CONDITIONAL_EVENT = rule("conditional-event", "behaviour", "Không dùng sự kiện điều kiện")
MULTIPLE_EVENTS = rule("multiple-events", "behaviour", "Mỗi sự kiện có một định nghĩa")
MISPLACED_EVENT = rule("misplaced-event", "behaviour", "Loại sự kiện dùng được ở chỗ của nó")
UNKNOWN_ELEMENT = rule("unknown-element", "behaviour", "Chỉ dùng phần tử chạy được")
PARTICIPANT_MULTIPLICITY = rule(
    "participant-multiplicity", "behaviour", "Pool không có dấu nhiều bên tham gia"
)
INSTANTIATING_RECEIVE = rule(
    "instantiating-receive", "behaviour", "Receive Task không mở quy trình"
)
INSTANTIATING_GATEWAY = rule(
    "instantiating-gateway", "behaviour", "Cổng sự kiện không mở quy trình"
)
PARALLEL_EVENT_GATEWAY = rule(
    "parallel-event-gateway", "behaviour", "Cổng sự kiện không chờ song song"
)
TIMER_START = rule("timer-start", "behaviour", "Pool không bắt đầu bằng hẹn giờ")
SIGNAL_START = rule("signal-start", "behaviour", "Pool không bắt đầu bằng tín hiệu")
TOKEN_QUANTITY = rule("token-quantity", "behaviour", "Công việc nhận và trả đúng một lượt")
CALL_TARGET = rule("call-target", "behaviour", "Phần được gọi có trong cùng phiên bản")
CALL_RECURSION = rule("call-recursion", "behaviour", "Quy trình không gọi lại chính mình")
CALL_SHARED_MESSAGE = rule(
    "call-shared-message", "behaviour", "Phần có thông điệp chỉ được gọi từ một pool"
)
CANCEL_OUTSIDE = rule("cancel-outside", "behaviour", "Huỷ giao dịch chỉ dùng với giao dịch")
CANCEL_UNCAUGHT = rule("cancel-uncaught", "behaviour", "Giao dịch bị huỷ có lối ra huỷ ở biên")
LOOP_BOUND = rule("loop-bound", "behaviour", "Vòng lặp có điều kiện hoặc số lần")
LOOP_PLACE = rule("loop-place", "behaviour", "Chỉ công việc mới lặp")
MULTI_INSTANCE_COUNT = rule(
    "multi-instance-count", "behaviour", "Lặp nhiều phiên theo số lần hoặc theo danh sách"
)
MULTI_INSTANCE_RESULT = rule(
    "multi-instance-result", "behaviour", "Lặp nhiều phiên gom kết quả có đủ hai tên"
)
MULTI_INSTANCE_EVENTS = rule(
    "multi-instance-events", "behaviour", "Lặp nhiều phiên không ném sự kiện sau mỗi phiên"
)
TIMER_MISSING = rule("timer-missing", "behaviour", "Hẹn giờ có đúng một thời hạn")
TIMER_CYCLE = rule("timer-cycle", "behaviour", "Hẹn giờ lặp đặt ở nơi reo được nhiều lần")
LINK_TARGET = rule("link-target", "behaviour", "Liên kết có đúng một điểm nhận")
LINK_SOURCE = rule("link-source", "behaviour", "Điểm nhận liên kết có nơi gửi")
LINK_FLOW = rule("link-flow", "behaviour", "Điểm gửi liên kết không có mũi tên đi ra")
SIGNAL_ENDS = rule("signal-ends", "behaviour", "Tín hiệu có nơi phát và nơi nhận trong pool")
ERROR_UNCAUGHT = rule("error-uncaught", "behaviour", "Mọi lỗi được ném có nơi bắt")
ESCALATION_UNCAUGHT = rule("escalation-uncaught", "behaviour", "Mọi báo cấp trên có nơi bắt")
NEVER_THROWN = rule("never-thrown", "behaviour", "Sự kiện lỗi ở biên có nơi ném")
ERROR_INTERRUPTS = rule("error-interrupts", "behaviour", "Sự kiện lỗi và huỷ ở biên luôn ngắt")
EVENT_GATEWAY_BRANCHES = rule(
    "event-gateway-branches", "behaviour", "Cổng sự kiện có ít nhất hai nhánh"
)
EVENT_GATEWAY_TARGET = rule(
    "event-gateway-target", "behaviour", "Sau cổng sự kiện là các sự kiện chờ"
)
EVENT_SUB_PROCESS_START = rule(
    "event-sub-process-start", "behaviour", "Tiểu quy trình sự kiện bắt đầu bằng một sự kiện"
)
EVENT_SUB_PROCESS_SCOPE = rule(
    "event-sub-process-scope",
    "behaviour",
    "Quanh tiểu quy trình sự kiện chỉ có một bước đầu tiên",
)
EVENT_SUB_PROCESS_FLOW = rule(
    "event-sub-process-flow", "behaviour", "Không mũi tên nào nối tiểu quy trình sự kiện"
)
CONDITION_MISSING = rule("condition-missing", "behaviour", "Nhánh rẽ có điều kiện hoặc là mặc định")
CONDITION_IGNORED = rule("condition-ignored", "behaviour", "Điều kiện đặt ở nơi điều kiện được xét")
MESSAGE_WITHOUT_FLOW = rule(
    "message-without-flow", "behaviour", "Mọi thông điệp có luồng thông điệp"
)
DECISION_MISSING = rule("decision-missing", "behaviour", "Bước quyết định gọi một bảng có thật")
DATA_ASSOCIATION = rule(
    "data-association", "behaviour", "Dữ liệu không được gán bằng mũi tên dữ liệu"
)
CORRELATION = rule("correlation", "behaviour", "Thông điệp không định tuyến bằng khoá tương quan")

# language: everything is FEEL
LANGUAGE = rule("foreign-language", "language", "Ngôn ngữ khai báo là FEEL")
FOREIGN_TEXT = rule("foreign-text", "language", "Biểu thức không viết bằng ngôn ngữ khác")
EXPRESSION = rule("expression", "language", "Điều kiện và biểu thức là FEEL đúng")
SCRIPT = rule("script", "language", "Script Task là các phép gán FEEL đúng")
TIMER_TEXT = rule("timer-text", "language", "Hẹn giờ là FEEL, ISO 8601 hoặc thời hạn")
FOREIGN_BEHAVIOUR = rule(
    "foreign-behaviour", "language", "Không có thiết lập của phần mềm khác làm đổi cách chạy"
)
FOREIGN_SETTING = rule(
    "foreign-setting", "language", "Thiết lập của phần mềm khác bị bỏ qua được nêu ra"
)

# What no rule foresaw: the checker itself gave up. Not a rule, since no drawing may cause it.
INTERNAL = Rule("internal", "structure", "Lỗi của chính lệnh kiểm tra")


@dataclass
class Notes(Findings):
    """The findings of one file; ``files`` says which elements come from another one."""

    strict: bool = True
    files: dict[str, str] = field(default_factory=dict)

    def error(self, rule: Rule, element: str | None, message: str, cure: str) -> None:
        self.add(Finding(self._file(element), rule.id, "error", element, message, cure))

    def warning(self, rule: Rule, element: str | None, message: str, cure: str) -> None:
        self.add(Finding(self._file(element), rule.id, "warning", element, message, cure))

    def doubt(self, rule: Rule, element: str | None, message: str, cure: str) -> None:
        """An error in a procedure, a warning on a bare file."""
        (self.error if self.strict else self.warning)(rule, element, message, cure)

    def add(self, finding: Finding) -> None:
        """Take over a finding of another room."""
        self.found[finding] = None

    def _file(self, element: str | None) -> str:
        return self.files.get(element or "", self.file)
