"""The gate's rules about decisions, each declared once. Knows no file."""

from __future__ import annotations

from engine.findings import rule

FILE = rule("dmn-file", "dmn", "Tệp quyết định đọc được: XML sạch, DMN 1.1 đến 1.3, không quá lớn")
ID = rule("dmn-id", "dmn", "Mỗi quyết định có một mã riêng")
KIND = rule("dmn-kind", "dmn", "Quyết định là bảng hoặc một biểu thức, không phải dạng khác")
POLICY = rule("dmn-policy", "dmn", "Hit policy và cách gộp có trong chuẩn DMN 1.3")
NEED = rule("dmn-requirement", "dmn", "Quyết định cần nhau có thật và không thành vòng")
SHAPE = rule("dmn-shape", "dmn", "Bảng có cột kết quả, mỗi dòng đủ ô, tên cột dùng được")
CELL = rule("dmn-cell", "dmn", "Mọi ô của bảng là FEEL đúng cú pháp")
TYPE = rule("dmn-type", "dmn", "Kiểu của cột có thật và các ô hợp kiểu của cột")
VALUES = rule("dmn-values", "dmn", "Giá trị trong ô thuộc danh sách cho phép của cột")
NAME = rule("dmn-name", "dmn", "Tên mà bảng đọc được vẽ thành dữ liệu vào của quyết định")
OVERLAP = rule("dmn-overlap", "dmn", "Bảng UNIQUE không có hai dòng cùng đúng")
ANY = rule("dmn-any", "dmn", "Các dòng cùng đúng của bảng ANY cho cùng kết quả")
PRIORITY = rule("dmn-priority", "dmn", "PRIORITY và OUTPUT ORDER có danh sách giá trị xếp thứ tự")
DEFAULT = rule("dmn-default", "dmn", "Giá trị mặc định chỉ dùng nơi bảng cho một kết quả")
GAP = rule("dmn-gap", "dmn", "Bảng cho một kết quả thì trường hợp nào cũng có dòng đúng")
DEAD = rule("dmn-dead-rule", "dmn", "Dòng nào của bảng cũng có lúc được chọn")
UNCHECKED = rule("dmn-unchecked", "dmn", "Ô không kiểm được chồng lấn thì phải được biết tới")
