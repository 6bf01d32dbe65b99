"""The part of regular expressions that means the same in a browser and here."""

from __future__ import annotations

import re

_ESCAPES = set("dDwWtn.\\/-+*?()[]{}|^$")
_NESTED = re.compile(r"\((?:[^()\\]|\\.)*[+*}](?:[^()\\]|\\.)*\)(?:[+*]|\{[0-9]+,)", re.ASCII)


def portable(text: object) -> re.Pattern[str]:
    """Compile for unanchored search, ASCII classes, ``$`` = the very end. ValueError: a reason."""
    if not isinstance(text, str) or len(text) > 500:
        raise ValueError("không phải chữ hoặc dài quá 500 ký tự")
    if _NESTED.search(text):
        raise ValueError("lặp bên trong lặp, có thể chạy rất lâu")
    out: list[str] = []
    in_class = False
    position = 0
    while position < len(text):
        char = text[position]
        if char == "\\":
            escaped = text[position + 1 : position + 2]
            if escaped not in _ESCAPES or not escaped:
                raise ValueError(f"có «\\{escaped}»")
            out.append(char + escaped)
            position += 2
            continue
        if in_class:
            in_class = char != "]"
            if char == "[":
                raise ValueError("có «[» trong ngoặc vuông")
        elif char == "[":
            in_class = True
            if text[position + 1 :].startswith(("]", "^]")):
                raise ValueError("có ngoặc vuông rỗng")
        elif char == "(" and text[position + 1 : position + 2] == "?":
            if text[position + 1 : position + 3] != "?:":
                raise ValueError("có nhóm đặc biệt «(?…»")
        elif char in "+*?}" and text[position + 1 : position + 2] == "+":
            raise ValueError("có «+» sau một dấu lặp")
        elif char == "$":
            char = r"\Z"
        out.append(char)
        position += 1
    try:
        return re.compile("".join(out), re.ASCII)
    except re.error as error:
        raise ValueError(str(error)) from None
