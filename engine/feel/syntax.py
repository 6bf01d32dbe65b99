"""Read FEEL text into a small tree, bounded in size and depth. Knows no values."""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from engine.errors import FeelError
from engine.feel.foreign import CHARACTERS, FUNCTIONS, WORDS, recognise
from engine.feel.parameters import FORMS

MAX_TEXT, MAX_NODES, MAX_DEPTH, MAX_DIGITS = 4_000, 400, 40, 34
KEYWORDS = frozenset([
    "if", "then", "else", "for", "in", "return", "some", "every", "satisfies",
    "and", "or", "between", "true", "false", "null", "function",
])  # fmt: skip
RANGES = frozenset({"closed", "right_open", "left_open", "open"})

_SHORTER = "Hãy tách thành nhiều biểu thức."
_QUIET = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|//[^\n]*|/\*.*?\*/', re.DOTALL)
_STRANGE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\U0010ffff]")
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


class _Misnamed(Exception):
    """A call whose named arguments fit no way of calling the function."""

    def __init__(self, token: Token, function: str) -> None:
        super().__init__()
        self.token, self.function = token, function


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
        if data == "value" and children[0].kind in RANGES:
            return children[0]
        if data == "call" and any(child.kind == "named" for child in children[1:]):
            children = _in_order(children)
        return Node(str(data), children, size, depth)


def _in_order(children: list[Any]) -> list[Any]:
    """A call's named arguments put where they stand without names; null where left out."""
    token, *arguments = children
    function = " ".join(token.split())
    for argument in arguments:
        if argument.kind != "named":
            raise _Misnamed(token, function)
    names = [" ".join(argument.children[0].split()) for argument in arguments]
    for form in FORMS.get(function, ()):
        places = form.order(names)
        if places is not None:
            empty = Node("null", [], 1, 1)
            return [token, *(empty if p is None else arguments[p].children[1] for p in places)]
    raise _Misnamed(token, function)


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


@lru_cache(maxsize=4096)
def parse(text: str, start: str = "expression") -> Node:
    """The tree of an expression (or of unary ``tests``), shared: nobody changes it.

    FeelError with position and cure.
    """
    text = prepare(text)
    try:
        return _parser().parse(text, start=start)  # type: ignore[return-value]
    except _TooBig as error:
        raise FeelError(text, str(error), _SHORTER) from None
    except _Misnamed as error:
        raise _explain_names(text, error) from None
    except UnexpectedInput as error:
        raise _explain(text, error) from None


def prepare(text: str) -> str:
    """The text in NFC, checked for length and for other languages' signs."""
    if not isinstance(text, str):
        raise FeelError(str(text), "không phải là chữ.", "Viết biểu thức FEEL.")
    if len(text) > MAX_TEXT:
        raise FeelError(text, f"dài hơn {MAX_TEXT} ký tự.", _SHORTER)
    refuse_strange(text)
    text = unicodedata.normalize("NFC", text)
    bare = blank(text)
    if found := recognise(bare):
        reason, cure, at = found
        raise FeelError(text, reason, cure, at)
    level = 0
    for at, sign in enumerate(bare):
        level += (sign in "([{") - (sign in ")]}")
        if level > MAX_DEPTH:
            raise FeelError(text, f"ngoặc lồng nhau quá sâu, hơn {MAX_DEPTH} tầng.", _SHORTER, at)
    return text


def refuse_strange(text: str) -> None:
    """FeelError when there are control characters or halves of characters in a text."""
    if found := _STRANGE.search(text):
        sign = shown(found[0])
        raise FeelError(shown(text), f"có ký tự lạ «{sign}».", "Xóa ký tự này.", found.start())


def blank(text: str) -> str:
    """The text with strings and comments blanked out, every position kept."""
    return _QUIET.sub(
        lambda m: (
            ('"' + " " * (len(m[0]) - 2) + '"')[: len(m[0])] if m[0][0] == '"' else " " * len(m[0])
        ),
        text,
    )


def unquote(text: str) -> str:
    """The value of a string literal, quotes included in ``text``."""

    def one(match: re.Match[str]) -> str:
        if match[3]:
            return _ESCAPES[match[3]]
        number = int(match[1] or match[2], 16)
        fits = 0 < number < 0xD800 or 0xE000 <= number < 0x110000
        return chr(number) if fits else "\ufffd"

    return _ESCAPE.sub(one, text[1:-1])


def shown(text: str) -> str:
    """A piece of a text for a sentence: short, and control characters by their number."""
    return "".join(c if c.isprintable() or c == " " else f"\\u{ord(c):04x}" for c in text[:40])


def closest(name: str, known: Any) -> str:
    """A cure that names the most similar known word, if there is one."""
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"Có phải «{found[0]}»?" if found else ""


def _explain_names(text: str, error: _Misnamed) -> FeelError:
    forms = FORMS.get(error.function)
    if forms is None:
        cure = FUNCTIONS.get(error.function) or closest(error.function, FORMS)
        cure = cure or "Xem danh sách hàm."
        return FeelError(text, f"không có hàm «{error.function}».", cure, error.token.start_pos)
    ways = " hoặc ".join(", ".join(p.name for p in form.parameters) or "không có" for form in forms)
    return FeelError(
        text,
        f"tên tham số của hàm «{error.function}» không đúng.",
        f"Tên đúng: {ways}; hoặc viết theo thứ tự, không ghi tên.",
        error.token.start_pos,
    )


def _explain(text: str, error: UnexpectedInput) -> FeelError:
    at = error.pos_in_stream if isinstance(error.pos_in_stream, int) else len(text)
    if isinstance(error, UnexpectedCharacters):
        if text[at] == '"':
            return FeelError(text, "chuỗi chưa đóng.", 'Thêm dấu " ở cuối chuỗi.', at)
        cure = CHARACTERS.get(text[at], "Xóa hoặc thay ký tự này.")
        return FeelError(text, f"có ký tự lạ «{shown(text[at])}».", cure, at)
    token = error.token if isinstance(error, UnexpectedToken) else None
    if not isinstance(token, Token) or token.type == "$END":
        return _unfinished(text, getattr(error, "expected", ()))
    begins = not text[: token.start_pos].strip()
    if token.type == "COMPARE" and begins:
        cure = f"Bỏ dấu {token} ở đầu."
    elif token in WORDS:
        cure = WORDS[token]
    elif token.type in ("NAME", "STRING", "NUMBER", "FUNCTION"):
        cure = "Thiếu toán tử ở trước, hoặc tên có khoảng trắng."
    else:
        cure = "Kiểm tra dấu ngoặc, dấu phẩy và toán tử."
    return FeelError(text, f"không chờ «{shown(token)}» ở đây.", cure, token.start_pos)


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
