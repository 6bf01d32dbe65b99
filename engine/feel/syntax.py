"""Read FEEL text into a small tree, bounded in size and depth. Knows no values."""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from engine.errors import FeelError

MAX_TEXT, MAX_NODES, MAX_DEPTH, MAX_DIGITS = 4_000, 400, 40, 34
KEYWORDS = frozenset([
    "if", "then", "else", "for", "in", "return", "some", "every", "satisfies",
    "and", "or", "between", "true", "false", "null",
])  # fmt: skip

_SHORTER = "Hãy tách thành nhiều biểu thức."
_QUIET = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_FOREIGN = tuple(
    (re.compile(pattern), reason, cure)
    for pattern, reason, cure in (
        (r"[$#]\{", "«${…}» là biểu thức JUEL của máy khác.", "Bỏ ${ và }, viết FEEL."),
        (r"\b__\w*|\w__\b", "Tên có «__» không dùng được.", "Đặt tên khác."),
        (r"===?", "FEEL không có «==».", "So sánh bằng dùng một dấu «=»."),
        (r"!==", "FEEL không có «!==».", "So sánh khác dùng «!=»."),
        (r"&&?", "FEEL không có «&&».", "Dùng «and»."),
        (r"\|\|?", "FEEL không có «||».", "Dùng «or»."),
        (r"=>|->|\blambda\b|\bfunction\b", "Không được định nghĩa hàm.", "Dùng for, some, every."),
        (r"!(?!=)", "FEEL không có «!».", "Viết not(…)."),
        (r"<>", "FEEL không có «<>».", "So sánh khác dùng «!=»."),
        (r"≤", "FEEL không có «≤».", "Dùng «<=»."),
        (r"≥", "FEEL không có «≥».", "Dùng «>=»."),
        (r"≠", "FEEL không có «≠».", "Dùng «!=»."),
        (r"%", "FEEL không có «%».", "Phần dư viết modulo(a, b)."),
        (r";", "FEEL không có «;».", "Mỗi biểu thức viết riêng."),
        (r"'|`", "Dấu nháy đơn không dùng cho chuỗi.", 'Chuỗi viết trong dấu nháy kép "…".'),
        (r"[“”„«»‘’]", "Dấu nháy cong không dùng được.", 'Chuỗi viết trong dấu nháy thẳng "…".'),
        (
            r"\b(?:import|exec|eval|def|class|elif|while|var|let|const|typeof|new)\s+\w",
            "Đây là mã lập trình (Python, JavaScript), không phải FEEL.",
            "Chỉ viết biểu thức FEEL.",
        ),
        (r"\bNone\b|\bnil\b|\bundefined\b", "FEEL không có giá trị này.", "Viết «null»."),
        (r"\bTrue\b|\bTRUE\b", "FEEL viết chữ thường.", "Viết «true»."),
        (r"\bFalse\b|\bFALSE\b", "FEEL viết chữ thường.", "Viết «false»."),
        (r"\b(?:AND|OR|NOT|IF)\b", "Từ khóa FEEL viết chữ thường.", "Viết and, or, not(…), if."),
        (r"\bnot\s+(?!\()", "«not» là hàm.", "Viết not(…), có dấu ngoặc."),
        (
            r"(?<![.\d])\.\s*[^\W\d]\w*\s*\(",
            "Không gọi được phương thức bằng dấu chấm.",
            "Gọi hàm FEEL, ví dụ upper case(ten).",
        ),
    )
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{6})|([ntr"\\]))')


@dataclass(frozen=True, slots=True)
class Node:
    """One piece of an expression: what it is, its children (nodes and tokens), size and depth."""

    kind: str
    children: list[Any]
    size: int
    depth: int


class _TooBig(Exception):
    pass


class _Builder:
    """Called by the parser bottom-up; refuses a tree as soon as it grows too big or too deep."""

    def __default__(self, data: Any, children: list[Any], _meta: Any) -> Node:
        size = depth = 1
        for child in children:
            if isinstance(child, Node):
                size += child.size
                depth = max(depth, child.depth + 1)
        if size > MAX_NODES:
            raise _TooBig(f"có hơn {MAX_NODES} phần tử.")
        if depth > MAX_DEPTH:
            raise _TooBig(f"lồng nhau quá sâu, hơn {MAX_DEPTH} tầng.")
        return Node(str(data), children, size, depth)


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        start=["expression", "tests"],
        maybe_placeholders=False,
        transformer=_Builder(),
    )


def parse(text: str, start: str = "expression") -> Node:
    """The tree of an expression (or of unary ``tests``); FeelError with position and cure."""
    text = prepare(text)
    try:
        return _parser().parse(text, start=start)  # type: ignore[return-value]
    except _TooBig as error:
        raise FeelError(text, str(error), _SHORTER) from None
    except UnexpectedInput as error:
        raise _explain(text, error) from None


def prepare(text: str) -> str:
    """The text in NFC, checked for length and for other languages' signs."""
    if not isinstance(text, str):
        raise FeelError(str(text), "không phải là chữ.", "Viết biểu thức FEEL.")
    if len(text) > MAX_TEXT:
        raise FeelError(text, f"dài hơn {MAX_TEXT} ký tự.", _SHORTER)
    text = unicodedata.normalize("NFC", text)
    bare = blank(text)
    for pattern, reason, cure in _FOREIGN:
        if match := pattern.search(bare):
            raise FeelError(text, reason, cure, match.start())
    level = 0
    for at, sign in enumerate(bare):
        level += (sign in "([{") - (sign in ")]}")
        if level > MAX_DEPTH:
            raise FeelError(text, f"ngoặc lồng nhau quá sâu, hơn {MAX_DEPTH} tầng.", _SHORTER, at)
    return text


def blank(text: str) -> str:
    """The text with strings and comments blanked out, every position kept."""
    return _QUIET.sub(
        lambda m: '"' + " " * (len(m[0]) - 2) + '"' if m[0][0] == '"' else " " * len(m[0]), text
    )


def unquote(text: str) -> str:
    """The value of a string literal, quotes included in ``text``."""

    def one(match: re.Match[str]) -> str:
        if match[3]:
            return _ESCAPES[match[3]]
        number = int(match[1] or match[2], 16)
        return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"

    return _ESCAPE.sub(one, text[1:-1])


def closest(name: str, known: Any) -> str:
    """A cure that names the most similar known word, if there is one."""
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"Có phải «{found[0]}»?" if found else ""


def _explain(text: str, error: UnexpectedInput) -> FeelError:
    at = error.pos_in_stream if isinstance(error.pos_in_stream, int) else len(text)
    if isinstance(error, UnexpectedCharacters):
        if text[at] == '"':
            return FeelError(text, "chuỗi chưa đóng.", 'Thêm dấu " ở cuối chuỗi.', at)
        return FeelError(text, f"có ký tự lạ «{text[at]}».", "Xóa hoặc thay ký tự này.", at)
    token = error.token if isinstance(error, UnexpectedToken) else None
    if not isinstance(token, Token) or token.type == "$END":
        return _unfinished(text, getattr(error, "expected", ()))
    cure = "Kiểm tra dấu ngoặc, dấu phẩy và toán tử."
    if token == "?":  # noqa: S105 - a token of the grammar
        cure = "Chọn một trong hai: viết if … then … else …."
    elif token.type in ("NAME", "STRING", "NUMBER"):
        cure = "Thiếu toán tử ở trước, hoặc tên có khoảng trắng."
    elif token == "=":  # noqa: S105 - a token of the grammar
        cure = "Không gán được trong biểu thức; chỉ so sánh hai vế."
    return FeelError(text, f"không chờ «{token}» ở đây.", cure, token.start_pos)


def _unfinished(text: str, expected: Any) -> FeelError:
    bare = blank(text)
    if not bare.strip():
        return FeelError(text, "biểu thức trống.", "Viết biểu thức FEEL.", 0)
    opened: list[int] = []
    for at, sign in enumerate(bare):
        if sign in "([{":
            opened.append(at)
        elif sign in ")]}" and opened:
            opened.pop()
    if opened:
        sign = bare[opened[-1]]
        cure = f"Thêm «{')]}'['([{'.index(sign)]}» vào chỗ kết thúc."
        return FeelError(text, f"ngoặc «{sign}» chưa đóng.", cure, opened[-1])
    for word in ("then", "else", "satisfies", "return"):
        if word.upper() in expected:
            return FeelError(text, f"thiếu «{word}».", "Viết nốt biểu thức.", len(text))
    return FeelError(text, "biểu thức kết thúc sớm.", "Viết nốt vế còn thiếu.", len(text))
