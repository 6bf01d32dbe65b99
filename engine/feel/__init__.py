"""FEEL, the one language of conditions, scripts, timers and decisions: closed, typed, bounded.

Pure: it knows no engine, no database and no clock. What a text may say stands in
processes/README.md, section FEEL; what can be known of it before it runs, in analysis.py.
"""

from __future__ import annotations

from engine.feel.compiler import (
    Compiled,
    Script,
    compile_expression,
    compile_script,
    compile_unary_tests,
)
from engine.feel.durations import Months
from engine.feel.functions import HOST
from engine.feel.hiding import hidden
from engine.feel.values import is_true, to_json

HOST_FUNCTIONS = HOST

__all__ = [
    "HOST_FUNCTIONS",
    "Compiled",
    "Months",
    "Script",
    "compile_expression",
    "compile_script",
    "compile_unary_tests",
    "hidden",
    "is_true",
    "to_json",
]
