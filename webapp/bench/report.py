"""How a benchmark tells what it measured: one table for people, one JSON for programs."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import click


@dataclass
class Series:
    """Repeated measurements of one thing. ``limit`` names the series it is compared with."""

    name: str
    unit: str
    values: list[float] = field(default_factory=list)
    limit: str | None = None

    @property
    def median(self) -> float:
        """The middle value."""
        return statistics.median(self.values)


def rows(series: Sequence[Series]) -> list[dict[str, Any]]:
    """Min, median and max of each series; the ratio of its median to that of its limit."""
    medians = {one.name: one.median for one in series if one.values}
    found = []
    for one in series:
        if not one.values:
            continue
        row: dict[str, Any] = {
            "name": one.name,
            "unit": one.unit,
            "runs": len(one.values),
            "min": min(one.values),
            "median": one.median,
            "max": max(one.values),
        }
        if one.limit is not None and medians.get(one.limit):
            row["limit"] = one.limit
            row["ratio"] = one.median / medians[one.limit]
        found.append(row)
    return found


def show(benchmark: str, series: Sequence[Series], as_json: bool, **facts: Any) -> None:
    """Print the table, or JSON ``{"benchmark", "series": [...], ...facts}``."""
    found = rows(series)
    if as_json:
        click.echo(json.dumps({"benchmark": benchmark, "series": found, **facts}, indent=1))
        return
    width = max((len(row["name"]) for row in found), default=0)
    heads = " ".join(f"{head:>12}" for head in ("min", "median", "max", "ratio"))
    click.echo(f"{benchmark:<{width}}  {heads}  unit")
    for row in found:
        numbers = " ".join(f"{row[key]:>12,.3f}" for key in ("min", "median", "max"))
        ratio = f"{row['ratio']:.3f}" if "ratio" in row else "–"
        click.echo(f"{row['name']:<{width}}  {numbers} {ratio:>12}  {row['unit']}")
    for name, value in facts.items():
        click.echo(f"{name}: {value}")
