"""The engine's Vietnamese sentences in the reader's language. Knows patterns, no rule.

The engine speaks Vietnamese only. For another language sentences.po beside messages.po lists its
sentences; `{name}` stands for anything, `{n}` for a number, `{clock}` for 07:30, `{date}` for
25/02/2026 (a digit may follow: `{n2}`). What stands in a place is translated in its turn. A
sentence without a line there is shown in Vietnamese.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po
from flask_babel import get_locale

_ROOM = Path(__file__).parent / "translations"
_PLACE = re.compile(r"\{([a-z]+)([0-9]*)\}")
_KINDS = {"n": r"\d[\d.,]*", "clock": r"\d\d:\d\d", "date": r"\d\d/\d\d/\d{4}"}
_DEEPEST = 6


@dataclass(frozen=True)
class _Pattern:
    form: re.Pattern[str]
    meaning: str


@dataclass(frozen=True)
class Phrases:
    """The sentences of a language: whole ones, and patterns with the most fixed words first."""

    whole: dict[str, str]
    patterns: tuple[_Pattern, ...]

    def say(self, text: str, depth: int = 0) -> str:
        """The sentence in this language; the text itself when it is not known."""
        if not text or depth > _DEEPEST:
            return text
        if text in self.whole:
            return self.whole[text]
        for pattern in self.patterns:
            found = pattern.form.fullmatch(text)
            if found:
                parts = {k: self.say(v or "", depth + 1) for k, v in found.groupdict().items()}
                return pattern.meaning.format_map(parts)
        return text


def spoken(text: str | None) -> str:
    """A sentence of the engine for the reader of this request."""
    language = str(get_locale() or "vi")
    if not text or language == "vi":
        return text or ""
    return phrases(language).say(text)


@cache
def phrases(language: str) -> Phrases:
    """What is known of a language; nothing when there is no file for it."""
    path = _ROOM / language / "LC_MESSAGES" / "sentences.po"
    whole: dict[str, str] = {}
    patterns: list[tuple[int, _Pattern]] = []
    if path.exists():
        with path.open("rb") as source:
            catalogue = read_po(source, locale=language)
        for message in catalogue:
            wanted, meaning = message.id, message.string
            if not isinstance(wanted, str) or not isinstance(meaning, str) or not wanted:
                continue
            if _PLACE.search(wanted):
                fixed = len(_PLACE.sub("", wanted))
                patterns.append((fixed, _Pattern(_compiled(wanted), meaning)))
            else:
                whole[wanted] = meaning
    patterns.sort(key=lambda item: -item[0])
    return Phrases(whole, tuple(pattern for _fixed, pattern in patterns))


def _compiled(text: str) -> re.Pattern[str]:
    made, end = "", 0
    for place in _PLACE.finditer(text):
        made += re.escape(text[end : place.start()])
        made += f"(?P<{place[1]}{place[2]}>{_KINDS.get(place[1], '.+?')})"
        end = place.end()
    return re.compile(made + re.escape(text[end:]), re.DOTALL)
