"""Legal time: four clocks, pauses, holidays and the words for them. Pure; knows no database."""

from engine.calendar.due import due, start_after_15h, warn_at
from engine.calendar.explain import explain
from engine.calendar.limits import Limit, parse_limit
from engine.calendar.vietnam import SWAPS, Swap, default_calendar
from engine.calendar.words import Words, duration_words, moment_words, remaining_words
from engine.calendar.working import Calendar, working_minutes

__all__ = [
    "SWAPS",
    "Calendar",
    "Limit",
    "Swap",
    "Words",
    "default_calendar",
    "due",
    "duration_words",
    "explain",
    "moment_words",
    "parse_limit",
    "remaining_words",
    "start_after_15h",
    "warn_at",
    "working_minutes",
]
