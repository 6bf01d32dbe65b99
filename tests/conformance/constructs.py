"""The table of constructs in processes/README.md, made of constructs.toml.

`python -m tests.conformance.constructs` writes it anew.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
README = HERE.parents[1] / "processes" / "README.md"
TITLE = "## Bảng phần tử"
INTRO = """\
Máy làm đúng như BPMN nói, hoặc từ chối khi kiểm tra và nói rõ phần tử, lý do, cách sửa. Tên ở cột \
cuối là hình trong `tests/conformance/`: tệp `.bpmn`, và điều phải xảy ra ở tệp `.toml` bên cạnh.

`motcua dry-run TỆP` chạy thử một hình bất kỳ hay một thư mục phiên bản bằng máy thật, giờ giả, \
không cần cơ sở dữ liệu. `--auto` tự làm xong bước chưa có câu trả lời và nhảy tới hẹn giờ kế \
tiếp; `--answers` là một kịch bản như trên, chỉ cần các `[[step]]`: `task` làm xong một bước, \
`message` đưa vào một thông điệp từ ngoài (tên, hoặc mã nơi chờ), `wait` để thời gian trôi; bước \
không ghi `after` thì làm ngay. Không nêu `--at` thì bắt đầu lúc 9 giờ thứ Hai 14/09/2026."""


@dataclass(frozen=True)
class Construct:
    """A row: ``by`` names conformance cases, or tests as ``file.py::test``."""

    name: str
    runs: bool
    by: list[str]
    note: str = ""


def constructs() -> list[Construct]:
    """The rows in their order."""
    raw = tomllib.loads((HERE / "constructs.toml").read_text(encoding="utf-8"))
    return [Construct(**row) for row in raw["construct"]]


def section() -> str:
    """The section of the guide, from its title to its last row."""
    lines = [TITLE, "", INTRO, "", "| Phần tử | Chạy hay từ chối | Kiểm bằng |", "|---|---|---|"]
    for row in constructs():
        what = "chạy" if row.runs else "từ chối"
        what += f" ({row.note})" if row.note else ""
        lines.append(f"| {row.name} | {what} | {', '.join(f'`{name}`' for name in row.by)} |")
    return "\n".join(lines) + "\n"


def in_guide(text: str) -> str:
    """The section as it stands in the guide's text; empty when it is not there."""
    start = text.find(TITLE + "\n")
    if start < 0:
        return ""
    end = text.find("\n## ", start)
    return text[start : end if end >= 0 else len(text)].rstrip("\n") + "\n"


def main() -> None:
    """Write the section into the guide."""
    text = README.read_text(encoding="utf-8")
    old = in_guide(text)
    if old:
        text = text.replace(old, section())
    else:
        before, mark, after = text.partition("## Thêm một thủ tục")
        text = f"{before}{section()}\n{mark}{after}"
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
