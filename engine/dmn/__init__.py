"""DMN decisions on FEEL: read once, evaluated as their hit policy says, looked at as a whole."""

from engine.dmn.gate import inspect
from engine.dmn.reading import parse_decisions
from engine.dmn.table import Decision

__all__ = ["Decision", "inspect", "parse_decisions"]
