"""Legal time: four clocks, pauses, holidays and the words for them. Pure; knows no database."""

from engine.calendar.due import (
    Pause,
    Pauses,
    add_pause,
    due,
    elapsed,
    merge_pauses,
    remaining,
    start_after_15h,
)
from engine.calendar.explain import explain
from engine.calendar.hours import Day, Hours, Layer
from engine.calendar.limits import Limit, Unit, parse_limit
from engine.calendar.vietnam import SWAPS, TIMEZONE, Swap, default_calendar, public_holidays
from engine.calendar.warning import DEFAULT_WARNING, parse_warning, warn_at
from engine.calendar.words import Words, duration_words, moment_words, remaining_words
from engine.calendar.working import Calendar, add_working, working_minutes, working_time

__all__ = [
    "DEFAULT_WARNING",
    "SWAPS",
    "TIMEZONE",
    "Calendar",
    "Day",
    "Hours",
    "Layer",
    "Limit",
    "Pause",
    "Pauses",
    "Swap",
    "Unit",
    "Words",
    "add_pause",
    "add_working",
    "default_calendar",
    "due",
    "duration_words",
    "elapsed",
    "explain",
    "merge_pauses",
    "moment_words",
    "parse_limit",
    "parse_warning",
    "public_holidays",
    "remaining",
    "remaining_words",
    "start_after_15h",
    "warn_at",
    "working_minutes",
    "working_time",
]
