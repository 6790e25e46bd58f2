"""Tables of a run, for the terminal and for the documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.methods import SOLVERS
from benchmarks.results import FAST, Result, Run
from benchmarks.traces import THRESHOLDS, gap_ratio

_SHOWN: dict[str, Callable[[float], str]] = {
    "text": str,
    "count": lambda value: f"{value:,.0f}",
    "cost": lambda value: f"{value:,.1f}" if abs(value) < 1e5 else f"{value:,.0f}",
    "percent": lambda value: f"{100 * value:.2f}%" if value >= 1e-3 else f"{100 * value:.4f}%",
    "seconds": lambda value: f"{value:.1f}" if value >= 10 else f"{value:.2f}",
    "times": lambda value: f"{value:,.0f}" if value >= 100 else f"{value:.3g}",
    "gb": lambda value: f"{value:.2f}",
}


@dataclass(frozen=True)
class Column:
    """Heading of a column, and how its numbers are shown."""

    heading: str
    kind: str = "text"

    def shown(self, cell: object) -> str:
        """A cell as text; what is not known, or of another kind, as it is."""
        if cell is None:
            return "–"
        return cell if isinstance(cell, str) else _SHOWN[self.kind](cell)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Table:
    """A table with a name."""

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[object]]

    def cells(self) -> list[list[str]]:
        """Every row as text."""
        return [[c.shown(cell) for c, cell in zip(self.columns, row, strict=True)] for row in self.rows]

    def markdown(self) -> str:
        """As Markdown, ending in a newline."""
        heads = [column.heading for column in self.columns]
        lines = [heads, ["---"] * len(heads), *self.cells()]
        rows = [" | ".join(cell.replace("|", "\\|") for cell in line) for line in lines]
        return "".join(f"|{row}|\n" if row.startswith("---") else f"| {row} |\n" for row in rows).replace(
            " | ---", "|---"
        )


def instances_table(run: Run) -> Table:
    """Sizes, and what reading the files takes."""
    columns = (
        Column("instance"),
        Column("regions", "count"),
        Column("pools", "count"),
        Column("files", "count"),
        Column("slices", "count"),
        Column("links", "count"),
        Column("candidates", "count"),
        Column("demand entries", "count"),
        Column("serving variables", "count"),
        Column("read s", "seconds"),
        Column("read GB", "gb"),
    )
    rows: list[list[object]] = []
    seen: set[str] = set()
    for result in run.results:
        size = result.sizes
        if result.instance in seen or size is None:
            continue
        seen.add(result.instance)
        counts = (size.regions, size.pools, size.files, size.slices, size.links)
        more = (size.candidates, size.entries, size.variables)
        rows.append([result.instance, *counts, *more, result.read_seconds, result.read_memory_gb])
    return Table("instances", columns, rows)


def seeds_table(run: Run) -> Table:
    """The fast engine on every seed, the worst first within an instance."""
    columns = (
        Column("instance"),
        Column("seed", "count"),
        Column("gap", "percent"),
        Column("cost", "cost"),
        Column("bound", "cost"),
        Column("s", "seconds"),
        *(Column(f"s to {100 * gap:g}%", "seconds") for gap in THRESHOLDS),
        Column("read s", "seconds"),
        Column("GB", "gb"),
        Column("note"),
    )
    order = {name: i for i, name in enumerate(dict.fromkeys(r.instance for r in run.results))}

    def worst_first(result: Result) -> tuple[int, float, int]:
        gap = float("inf") if result.gap is None else result.gap
        return order[result.instance], -gap, result.seed

    rows = [
        [
            r.instance,
            r.seed,
            r.gap,
            r.cost,
            r.lower,
            r.seconds,
            *(r.seconds_to(gap) for gap in THRESHOLDS),
            r.read_seconds,
            r.peak_memory_gb,
            r.note,
        ]
        for r in sorted(run.of(FAST), key=worst_first)
    ]
    return Table("seeds", columns, rows)


def methods_table(run: Run) -> Table:
    """Plans of all methods, held to the best bound that any of them proved."""
    columns = (
        Column("instance"),
        Column("method"),
        Column("cost", "cost"),
        Column("× fast's cost", "times"),
        Column("best bound", "cost"),
        Column("gap", "percent"),
        Column("offload (bytes)", "percent"),
        Column("s", "seconds"),
        Column("× fast's time", "times"),
        Column("GB", "gb"),
        Column("note"),
    )
    rows: list[list[object]] = []
    for instance, seed in compared(run):
        results = [r for r in run.results if (r.instance, r.seed) == (instance, seed)]
        best = max((r.lower for r in results if r.lower is not None), default=None)
        fast = run.find(instance, seed, FAST)
        rows += [
            _method_row(result, best, fast)
            for result in results
            if result.method not in SOLVERS or result.cost is not None
        ]
    return Table("methods", columns, rows)


def compared(run: Run) -> list[tuple[str, int]]:
    """Instances and seeds on which there is more than the fast engine."""
    others = [(r.instance, r.seed) for r in run.results if r.method != FAST]
    return list(dict.fromkeys(others))


def _method_row(result: Result, best: float | None, fast: Result | None) -> list[object]:
    known = result.cost is not None and best is not None
    lower = min(best, result.cost) if known else None  # type: ignore[type-var]
    return [
        result.instance,
        result.method,
        result.cost,
        times(result.cost, None if fast is None else fast.cost),
        lower,
        gap_ratio(result.cost, lower) if known else None,  # type: ignore[arg-type]
        result.offload_byte_ratio,
        result.seconds,
        times(result.seconds, None if fast is None else fast.seconds),
        result.peak_memory_gb,
        result.note,
    ]


def highs_table(run: Run) -> Table:
    """HiGHS on the whole model against the time that the fast engine takes to a proven gap of 1%."""
    columns = (
        Column("instance"),
        Column("serving variables", "count"),
        Column("HiGHS"),
        Column("ended"),
        Column("build s", "seconds"),
        Column("solve s", "seconds"),
        Column("value", "cost"),
        Column("bound", "cost"),
        Column("fast's bound", "cost"),
        Column("fast: s to 1%", "seconds"),
        Column("solve / fast to 1%"),
    )
    rows = []
    for result in run.results:
        if result.method not in SOLVERS:
            continue
        fast = run.find(result.instance, result.seed, FAST)
        to_one = None if fast is None else fast.seconds_to(0.01)
        value = result.cost if result.value is None else result.value
        rows.append(
            [
                result.instance,
                None if result.sizes is None else result.sizes.variables,
                result.method,
                result.note,
                result.phases.get("build"),
                result.phases.get("solve"),
                value,
                result.lower,
                None if fast is None else fast.lower,
                to_one,
                _over_fast(result, to_one),
            ]
        )
    return Table("highs", columns, rows)


def _over_fast(result: Result, to_one: float | None) -> str | None:
    """Solver's time over the fast engine's to 1% (a MIP to 1% too); ``>`` where it was stopped."""
    solve = result.phases.get("solve")
    seconds = result.seconds_to(0.01) if result.method == "mip" else None
    finished = seconds is not None or (result.method != "mip" and result.note == "Optimal")
    spent = solve if seconds is None else seconds - result.phases.get("build", 0.0)
    found = times(spent, to_one)
    if found is None:
        return None
    return ("" if finished else "> ") + Column("", "times").shown(found)


def times(value: float | None, base: float | None) -> float | None:
    """How many times the base; None where one of them is not known or the base is 0."""
    return None if value is None or not base else value / base
