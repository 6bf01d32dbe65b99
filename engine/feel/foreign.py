"""Signs and words of other languages, each with what FEEL writes instead. Looks at text only."""

from __future__ import annotations

import re
from collections.abc import Mapping

_METHODS = {
    "equals": "So sánh bằng viết a = b.",
    "equalsIgnoreCase": "Viết lower case(a) = lower case(b).",
    "size": "Đếm danh sách viết count(ds).",
    "length": "Viết count(ds) hoặc string length(chu).",
    "isEmpty": "Viết count(ds) = 0, hoặc x = null.",
    "contains": 'Viết list contains(ds, "a"), hoặc contains(chu, "a").',
    "includes": 'Viết list contains(ds, "a"), hoặc contains(chu, "a").',
    "indexOf": "Viết index of(ds, x).",
    "startsWith": 'Viết starts with(chu, "a").',
    "endsWith": 'Viết ends with(chu, "a").',
    "matches": 'Viết matches(chu, "mau").',
    "replace": 'Viết replace(chu, "mau", "moi").',
    "split": 'Viết split(chu, ",").',
    "substring": "Viết substring(chu, 1, 3).",
    "toUpperCase": "Viết upper case(chu).",
    "upper": "Viết upper case(chu).",
    "toLowerCase": "Viết lower case(chu).",
    "lower": "Viết lower case(chu).",
    "toString": "Viết string(x).",
    "get": 'Viết get value(x, "ten"), hoặc x.ten.',
    "getVariable": "Ghi thẳng tên dữ liệu, ví dụ ho_ten.",
    "hasVariable": "Viết x != null.",
    "map": "Viết for x in ds return ….",
    "filter": "Viết ds[điều kiện].",
    "some": "Viết some x in ds satisfies ….",
    "every": "Viết every x in ds satisfies ….",
}
FUNCTIONS: Mapping[str, str] = {
    "len": "Viết count(ds) hoặc string length(chu).",
    "length": "Viết count(ds) hoặc string length(chu).",
    "size": "Đếm danh sách viết count(ds).",
    "str": "Viết string(x).",
    "int": 'Viết number("12").',
    "float": 'Viết number("1.5").',
    "avg": "Trung bình viết mean(ds).",
    "average": "Trung bình viết mean(ds).",
    "round": "Viết decimal(n, 2) hoặc round half up(n, 2).",
    "upper": "Viết upper case(chu).",
    "lower": "Viết lower case(chu).",
    "isnull": "Viết x = null.",
    "isEmpty": "Viết count(ds) = 0, hoặc x = null.",
    "exists": "Viết some x in ds satisfies …, hoặc x != null.",
    "pow": "Lũy thừa viết a ** b.",
    "range": "Khoảng viết [1..5]; dãy số viết for i in 1..5 return i.",
    "trim": 'Viết replace(chu, "^ +| +$", "").',
    "datediff": "Viết date(a) - date(b).",
}
WORDS: Mapping[str, str] = {
    "eq": "So sánh bằng viết «=».",
    "ne": "So sánh khác viết «!=».",
    "gt": "Viết «>».",
    "ge": "Viết «>=».",
    "lt": "Viết «<».",
    "le": "Viết «<=».",
    "is": "So sánh bằng viết «=»; giá trị trống viết x = null.",
    "là": "So sánh bằng viết «=».",
    "và": "Viết «and».",
    "hoặc": "Viết «or».",
    "xor": "Viết (a and not(b)) or (b and not(a)).",
    "like": 'Viết matches(chu, "mau") hoặc contains(chu, "a").',
    "contains": 'Viết contains(chu, "a") hoặc list contains(ds, "a").',
    "matches": 'Viết matches(chu, "mau").',
    "mod": "Phần dư viết modulo(a, b).",
    "div": "Chia lấy phần nguyên viết floor(a / b).",
    "days": 'Thời hạn viết duration("P5D"), hoặc working days(5).',
    "hours": 'Thời hạn viết duration("PT5H"), hoặc working hours(5).',
    "if": "Viết if điều kiện then a else b.",
    "for": "Viết for x in ds return ….",
    "function": "Không định nghĩa hàm ở đây; chỉ sort và list replace nhận function(x, y) ….",
    "return": "Chỉ viết biểu thức, không có return.",
    ":": "Không gán và không có khối lệnh; chọn một trong hai viết if … then … else ….",
    ",": "Số lẻ viết dấu chấm (1.5); nhiều giá trị viết trong [ ].",
    "+": "Không có «++»; cộng viết x + 1.",
    "?": "Chọn một trong hai: viết if … then … else ….",
    "=": "Không gán được trong biểu thức; chỉ so sánh hai vế.",
    "<": "So sánh viết «<=», «>=» hoặc «!=».",
    "and": "Cần một điều kiện ở trước «and».",
    "or": "Cần một điều kiện ở trước «or».",
}
CHARACTERS: Mapping[str, str] = {
    "^": "Lũy thừa viết a ** b.",
    "$": "Ghi thẳng tên dữ liệu, không có $.",
    "#": "Ghi thẳng tên dữ liệu; ghi chú bắt đầu bằng //.",
    "~": "Viết not(…).",
    "\\": "Chia viết «/».",
}
_SIGNS = tuple(
    (re.compile(pattern), reason, cure)
    for pattern, reason, cure in (
        (r"\$\{", "«${…}» là biểu thức JUEL của máy khác.", "Bỏ ${ và }, viết FEEL."),
        (r"#\{", "«#{…}» là biểu thức JUEL của máy khác.", "Bỏ #{ và }, viết FEEL."),
        (r"\{\{", "«{{…}}» là khuôn mẫu của máy khác.", "Bỏ {{ và }}, viết FEEL."),
        (r"\b__\w*|\w__\b", "Tên có «__» không dùng được.", "Đặt tên khác."),
        (r"!==", "FEEL không có «!==».", "So sánh khác dùng «!=»."),
        (r"===?", "FEEL không có «==».", "So sánh bằng dùng một dấu «=»."),
        (r"&&?", "FEEL không có «&&».", "Dùng «and»."),
        (r"\|\|?", "FEEL không có «||».", "Dùng «or»."),
        (r"\blambda\b|->", "Không được định nghĩa hàm.", "Dùng for, some, every."),
        (
            r"=>",
            "FEEL không có «=>».",
            "So sánh viết «>=»; không định nghĩa hàm, dùng for, some, every.",
        ),
        (r"=<", "FEEL không có «=<».", "So sánh viết «<=»."),
        (
            r"\bfunction\b(?!\s*\()|\bexternal\b",
            "Không được định nghĩa hàm.",
            "Chỉ sort và list replace nhận function(x, y) …; còn lại dùng for, some, every.",
        ),
        (
            r"(?<![\w.])\d+(?:\.\d+)?[eE][+-]?\d",
            "Số không viết dạng mũ.",
            "Viết đủ chữ số, hoặc 10 ** 3.",
        ),
        (r"(?<![\w.])0[xX]\d", "Số chỉ viết hệ mười.", "Viết số thường."),
        (
            r"(?<![\w.-])\d{4}-\d{2}-\d{2}(?![\w-])|(?<![\w.-])\d{4}-\d{2}-\d{2}T\d",
            "Ngày không có dấu nháy là phép trừ.",
            'Viết date("2026-11-22") hoặc @"2026-11-22".',
        ),
        (
            r"(?<![\w.])\d{1,2}/\d{1,2}/\d{4}(?![\w.])",
            "Ngày không có dấu nháy là phép chia.",
            'Viết date("2026-11-22").',
        ),
        (
            r"(?<![\w.])P(?:\d+[YMWD])+(?![\w.])|(?<![\w.])P(?:\d+D)?T(?:\d+[HMS])+(?![\w.])",
            "Thời hạn phải đặt trong dấu nháy.",
            'Viết duration("P3D") hoặc @"P3D".',
        ),
        (
            r"(?<![\w.])\d+(?:\.\d{3}){2,}",
            "Số không có dấu chấm hàng nghìn.",
            "Viết liền: 1000000.",
        ),
        (
            r"\.\.\s*\w+(?:\.\w+)*\s*\[\s*(?:$|[,)\]]|(?:and|or|then)\b)",
            "Khoảng mở bên phải không đóng bằng «[».",
            "Viết «)», ví dụ [1..5).",
        ),
        (
            r"\?\?|(?<=[\w)\]])\?\.",
            "FEEL không có «??» và «?.».",
            "Viết if x = null then … else x; x.y đã an toàn.",
        ),
        (r"!(?!=)", "FEEL không có «!».", "Viết not(…)."),
        (r"<>|><", "FEEL không có «<>».", "So sánh khác dùng «!=»."),
        (r"≤", "FEEL không có «≤».", "Dùng «<=»."),
        (r"≥", "FEEL không có «≥».", "Dùng «>=»."),
        (r"≠", "FEEL không có «≠».", "Dùng «!=»."),
        (r"[×·]", "FEEL không có dấu nhân này.", "Nhân viết «*»."),
        (r"÷", "FEEL không có dấu chia này.", "Chia viết «/»."),
        (r"[–—−]", "Dấu gạch dài không phải dấu trừ.", "Trừ viết «-»."),
        (r"%", "FEEL không có «%».", "Phần dư viết modulo(a, b); 10% viết 0.1."),
        (r";", "FEEL không có «;».", "Mỗi biểu thức viết riêng; trong danh sách dùng dấu phẩy."),
        (r"'|`", "Dấu nháy đơn không dùng cho chuỗi.", 'Chuỗi viết trong dấu nháy kép "…".'),
        (r"[“”„«»‘’]", "Dấu nháy cong không dùng được.", 'Chuỗi viết trong dấu nháy thẳng "…".'),
        (
            r"\b(?:import|exec|eval|def|class|elif|while|var|let|const|typeof|new)\s+\w",
            "Đây là mã lập trình (Python, JavaScript), không phải FEEL.",
            "Chỉ viết biểu thức FEEL.",
        ),
        (
            r"\b(?:None|nil|undefined|NULL|Null)\b",
            "FEEL không có giá trị này.",
            "Viết «null».",
        ),
        (r"\bTrue\b|\bTRUE\b", "FEEL viết chữ thường.", "Viết «true»."),
        (r"\bFalse\b|\bFALSE\b", "FEEL viết chữ thường.", "Viết «false»."),
        (
            r"\b(?:AND|OR|NOT|IF|THEN|ELSE|BETWEEN|IN)\b",
            "Từ khóa FEEL viết chữ thường.",
            "Viết and, or, not(…), if, then, else, between, in.",
        ),
        (r"\belse\s+if\s*\([^()]*\)\s*\{", "Đây là khối lệnh.", "Viết if … then … else …."),
        (r"\bis\s+(?:not\s+)?null\b", "FEEL không có «is null».", "Viết x = null hoặc x != null."),
        (r"\bnot\s+in\b", "FEEL không có «not in».", "Viết not(x in (…))."),
        (r"\bnot\s+(?!\()", "«not» là hàm.", "Viết not(…), có dấu ngoặc."),
        (
            r"(?<![\w.])(?:now|today)(?![\w.]|\s*[(:])",
            "now và today là hàm.",
            "Viết now() hoặc today(), có dấu ngoặc.",
        ),
    )
)
_METHOD = re.compile(r"(?<![.\d])\.\s*([^\W\d]\w*)\s*\(")


def recognise(bare: str) -> tuple[str, str, int] | None:
    """Reason, cure and place of the first thing that is no FEEL; strings are blanked out."""
    for pattern, reason, cure in _SIGNS:
        if match := pattern.search(bare):
            if pattern.pattern.startswith(r"\b(?:None") and _TYPE.search(bare[: match.start()]):
                continue
            return reason, cure, match.start()
    if match := _METHOD.search(bare):
        cure = _METHODS.get(match[1], "Gọi hàm FEEL, ví dụ upper case(ten).")
        return "Không gọi được phương thức bằng dấu chấm.", cure, match.start()
    return None


_TYPE = re.compile(r"\bof\s+(?:\w+\s*<\s*)?$")
