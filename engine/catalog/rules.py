"""The gate's rules about a procedure folder, each declared once. Knows no file."""

from __future__ import annotations

from engine.findings import rule

FILES = rule("procedure-files", "procedure", "Thư mục có đủ tệp, tệp là văn bản UTF-8")
FACTS = rule("procedure-facts", "procedure", "procedure.toml đúng cú pháp, đủ khóa, không khóa lạ")
DATES = rule("procedure-dates", "procedure", "Ngày hiệu lực của phiên bản đúng và hợp nhau")
LEGAL = rule("legal-basis", "procedure", "Có căn cứ pháp lý, mỗi văn bản có số và tên")
CODES = rule("procedure-codes", "procedure", "Có mã thủ tục trên Cổng, đúng dạng, có ngày")
PAPERS = rule("papers", "procedure", "Thành phần hồ sơ có mã riêng, điều kiện dùng trường có thật")
PROMISE = rule("promise", "procedure", "Ngày hẹn trả phủ mọi trường hợp và thời hạn đọc được")
FORM = rule("form", "procedure", "Mọi biểu mẫu dùng được")
TASK_FORM = rule("task-form", "procedure", "Mỗi bước người làm có biểu mẫu, mỗi biểu mẫu có bước")
FIELD = rule("unknown-field", "procedure", "Trường nêu trong điều kiện, lệnh, bảng là có thật")
VALUE = rule("unknown-value", "procedure", "Giá trị đem so sánh có trong lựa chọn của trường")
KIND = rule("pool-kind", "procedure", "Mỗi pool ghi một loại cơ quan đã biết")
PLACE = rule("pool-place", "procedure", "Mỗi pool biết tìm cơ quan theo địa bàn nào")
ROLE = rule("lane-role", "procedure", "Mỗi làn ghi một vai trò đã biết, mỗi bước thuộc một làn")
ESCALATE = rule("escalate-role", "procedure", "Vai trò nhận cảnh báo đã biết")
NO_LIMIT = rule("no-limit", "procedure", "Mỗi bước có thời hạn, hoặc nói rõ vì sao không")
LIMIT = rule("limit", "procedure", "Thời hạn đọc được")
STATUS = rule("portal-status", "procedure", "Trạng thái Cổng là số từ 1 đến 10")
PROPERTY = rule("property", "procedure", "Thuộc tính đúng tên và đúng giá trị")
HANDOFF = rule("handoff-fields", "procedure", "Luồng tin liệt kê các trường nơi gửi có")
NO_SCENARIO = rule("no-scenario", "procedure", "Thủ tục có ít nhất một kịch bản")
SCENARIO = rule("scenario", "procedure", "Kịch bản đúng dạng và nêu bước, pool có thật")
SCENARIO_FAILS = rule("scenario-fails", "procedure", "Mọi kịch bản chạy đúng như mong đợi")
