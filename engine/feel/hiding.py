"""What form-js's ``conditional.hide`` means: the condition is a unary test, so null hides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import FeelError
from engine.feel.compiler import Compiled, compile_expression, run
from engine.feel.values import Scope


def hidden(condition: Compiled | str, context: Mapping[str, Any]) -> bool:
    """Whether a field with this condition is hidden.

    True and null hide; so a missing name or a type clash hides. A ``not(…)`` around the whole
    condition turns that round: ``not(a > 1)`` shows while ``a`` is empty. A condition that
    exceeds its bounds does not hide. A text may begin with form-js's ``=``.
    """
    compiled = condition
    if isinstance(compiled, str):
        compiled = compile_expression(compiled.strip().removeprefix("="))
    scope = Scope(compiled.text, context, None, None)
    try:
        if compiled.inside_not is not None:
            return not _holds(run(compiled.inside_not, scope))
        return _holds(compiled.evaluate(context))
    except FeelError:
        return False


def _holds(value: Any) -> bool:
    if isinstance(value, list):
        return any(item is None for item in value)
    return value is True or value is None
