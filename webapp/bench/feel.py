"""``motcua bench feel``: what one evaluation of a cached condition costs, beside plain Python.

The limit of each condition is a Python lambda that asks the same of the same data. All alternate
in one run, block by block, on one core; compiling is measured apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import click

from engine import feel
from webapp.bench.report import Series, show

BLOCK = 2_000
DATA: dict[str, Any] = {
    "tuoi": 66,
    "ket_qua": "tra-lai",
    "co_thuong_tru": True,
    "ngay_chet": "2026-11-20",
    "doi_tuong": ["bhxh", "nguoi-co-cong"],
    "nguoi": {"quan_he": "con", "tuoi": 40},
    "than_nhan": [{"ten": "An", "tuoi": 40}, {"ten": "Chi", "tuoi": 9}],
}
CONDITIONS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "co_thuong_tru = true": lambda d: d["co_thuong_tru"] is True,
    'ket_qua = "tra-lai"': lambda d: d["ket_qua"] == "tra-lai",
    "tuoi >= 60 and co_thuong_tru": lambda d: d["tuoi"] >= 60 and d["co_thuong_tru"],
    "tuoi in [60..80)": lambda d: 60 <= d["tuoi"] < 80,
    'nguoi.quan_he in ("con", "vợ")': lambda d: d["nguoi"]["quan_he"] in ("con", "vợ"),
    'list contains(doi_tuong, "bhxh")': lambda d: "bhxh" in d["doi_tuong"],
    "some t in than_nhan satisfies t.tuoi < 18": lambda d: any(
        t["tuoi"] < 18 for t in d["than_nhan"]
    ),
}


def timed(run: Callable[[], object], times: int) -> float:
    """Microseconds of one call, over a block of calls."""
    began = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - began) / times * 1e6


@click.command()
@click.option("--seconds", default=5.0, show_default=True, type=click.FloatRange(0.1, 3600))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(seconds: float, as_json: bool) -> None:
    """What one evaluation of a cached FEEL condition costs, beside plain Python."""
    works: list[tuple[Series, Callable[[], object], int]] = []
    for text, plain in CONDITIONS.items():
        compiled = feel.compile_expression(text)
        if compiled.evaluate(DATA) is not True or not plain(DATA):
            raise click.ClickException(f"{text}: not what Python says")
        bare = f"Python: {text}"
        works.append((Series(bare, "µs"), lambda plain=plain: plain(DATA), BLOCK))  # type: ignore[misc]
        ours = Series(text, "µs", limit=bare)
        works.append((ours, lambda compiled=compiled: compiled.evaluate(DATA), BLOCK))  # type: ignore[misc]
    fresh = iter(range(10**9))
    compiling = Series("compile, never seen before", "µs")
    works.append(
        (compiling, lambda: feel.compile_expression(f"tuoi >= {next(fresh)} and co = true"), 20)
    )
    until = time.perf_counter() + seconds
    while not compiling.values or time.perf_counter() < until:
        for series, run, times in works:
            series.values.append(timed(run, times))
    show("feel", [series for series, _, _ in works], as_json)
