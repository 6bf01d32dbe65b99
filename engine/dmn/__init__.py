"""DMN decision tables on FEEL: read once, evaluated as their hit policy says. Pure."""

from engine.dmn.reading import parse_decisions
from engine.dmn.table import Decision

__all__ = ["Decision", "parse_decisions"]
