"""Growth of time and memory when titles or regions double."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results import FAST, Result, Run
from benchmarks.tables import Column, Table, times

GAP = 0.005
"""Growth of the time to this gap is reported beside that of the whole run."""


@dataclass(frozen=True)
class Pair:
    """Two instances of the catalogue; the second has twice as many of what is doubled."""

    base: str
    larger: str
    doubled: str


PAIRS = (
    Pair("continent", "continent-titles2", "titles"),
    Pair("continent", "continent-regions2", "regions"),
    Pair("world", "world-titles2", "titles"),
    Pair("world", "world-regions2", "regions"),
)


COLUMNS = (
    Column("instance"),
    Column("twice the"),
    Column("seed", "count"),
    Column("s", "seconds"),
    Column("time", "times"),
    Column("time to 0.5%", "times"),
    Column("time to read", "times"),
    Column("GB", "gb"),
    Column("memory", "times"),
    Column("gap before", "percent"),
    Column("gap after", "percent"),
)


def growth_table(run: Run) -> Table:
    """A row for each pair and seed that the run has both of."""
    rows: list[list[object]] = []
    for pair in PAIRS:
        for larger in (r for r in run.of(FAST) if r.instance == pair.larger):
            base = run.find(pair.base, larger.seed, FAST)
            if base is not None and base.seconds is not None and larger.seconds is not None:
                rows.append(_row(pair, base, larger))
    return Table("growth", COLUMNS, rows)


def _row(pair: Pair, base: Result, larger: Result) -> list[object]:
    return [
        pair.larger,
        pair.doubled,
        larger.seed,
        larger.seconds,
        times(larger.seconds, base.seconds),
        times(larger.seconds_to(GAP), base.seconds_to(GAP)),
        times(larger.read_seconds, base.read_seconds),
        larger.peak_memory_gb,
        times(larger.peak_memory_gb, base.peak_memory_gb),
        base.gap,
        larger.gap,
    ]
