"""English for what the engine says: every sentence of its tables, and none garbled."""
# ruff: noqa: F811 - pytest gives fixtures by name

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta

import pytest
from babel.messages.pofile import read_po

from engine import calendar
from engine.calendar import Words, default_calendar
from engine.calendar.words import remaining_words
from engine.dossiers import timeline
from engine.dossiers.step_limits import CAUSES
from tests.webapp.office import (  # noqa: F401 - fixtures
    ROOT,
    Office,
    _settled_province,
    office,
)
from webapp.spoken import phrases

SAY = phrases("en").say
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
DAYS = default_calendar()


def vietnamese(text: str) -> bool:
    """Whether a letter with a Vietnamese sign is left."""
    plain = unicodedata.normalize("NFD", text)
    return "đ" in text.lower() or any(unicodedata.combining(sign) for sign in plain)


def test_every_place_of_a_translation_is_in_its_sentence() -> None:
    """A misspelt place would break the page that shows it."""
    with (ROOT / "webapp/translations/en/LC_MESSAGES/sentences.po").open("rb") as file:
        lines = [message for message in read_po(file) if message.id]
    assert len(lines) > 200
    for line in lines:
        places = re.findall(r"\{\w+\}", str(line.string))
        assert set(places) <= set(re.findall(r"\{\w+\}", str(line.id))), line.id
        assert line.string, line.id


def test_status_outcomes_and_causes_are_all_said() -> None:
    """The small tables whole."""
    for text in [*timeline.STATUS.values(), *timeline.OUTCOMES.values(), *CAUSES.values()]:
        assert not vietnamese(SAY(text)), text


def test_every_kind_of_the_history_is_said() -> None:
    """Each sentence with plain words in its places."""
    plain = dict.fromkeys(("name", "to", "reason", "change", "document", "result"), "Abc")
    plain |= {"due": "10:00 23/11/2026", "status": "In progress", "outcome": "Completed"}
    for sentence, _level in timeline._SENTENCES.values():
        said = SAY(sentence.format_map({**plain, "round": 2}))
        assert not vietnamese(said), sentence


def test_what_is_left_is_said_for_every_length() -> None:
    """Minutes to weeks before and after the limit, by day, night and holiday."""
    for minutes in [*range(-3000, 3000, 37), *range(-60_000, 60_000, 1999)]:
        words: Words = remaining_words(DAYS, NOW, NOW + timedelta(minutes=minutes))
        assert not vietnamese(SAY(words.text)), words.text
    assert SAY("Còn 1 ngày 3 giờ làm việc") == "1 d 3 h of work left"
    assert SAY("Quá hạn 1 ngày") == "Overdue by 1 day"


@pytest.mark.parametrize(
    "limit", ["24 hours", "2 working hours", "8 working days", "12 calendar days"]
)
def test_every_day_of_a_year_is_explained(limit: str) -> None:
    """Weekends, holidays and stops, line by line as the page splits them."""
    for number in range(0, 365, 5):
        start = datetime.combine(date(2026, 1, 5) + timedelta(number), NOW.timetz())
        stop = (start + timedelta(hours=3), start + timedelta(hours=30))
        ended = calendar.explain(DAYS, start, limit, [stop], now=start)
        open_still = calendar.explain(DAYS, start, limit, [(stop[0], None)], now=stop[1])
        for line in [*ended, *open_still]:
            head, colon, rest = line.partition(": ")
            for part in (head, rest) if colon else (line,):
                assert not vietnamese(SAY(part)), part


def test_names_inside_a_sentence_stay_whole() -> None:
    """A step's own words are not taken for the engine's."""
    assert SAY("Chờ thực hiện: Chờ và nhận bổ sung") == "To do: Chờ và nhận bổ sung"
    assert SAY("Một câu không ai biết") == "Một câu không ai biết"
    assert SAY("") == ""


def test_the_pages_speak_english_where_the_engine_speaks(office: Office) -> None:
    """Levels, history, refusals and mistakes in a form; the answers of the API stay as they are."""
    code = office.dossier()
    officer = office.enter("lan.ubnd.tanan")
    officer.post("/ngon-ngu", {"ma": "en", "ve": "/"})
    assert re.search(r"of work left", officer.get("/viec").text)
    page = officer.get(f"/ho-so/{code}").text
    assert "Taken in at the counter" in page
    assert "Nhận hồ sơ tại quầy" not in page
    refused = officer.get("/ho-so/H99.99-000000-0000")
    assert "There is no such dossier" in refused.text
    wrong = officer.post("/tiep-nhan/khai-tu-lien-thong", {})
    assert wrong.status_code == 422
    assert "must be filled in." in wrong.text
    assert "không được để trống" not in wrong.text
    told = officer.get("/api/v1/dossiers/H99.99-000000-0000")
    assert told.json["message"].startswith("Không có hồ sơ này")
