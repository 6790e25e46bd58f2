"""Fills the tables of docs/benchmarks.md: what stands between ``<!-- table: NAME -->`` and its end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.growth import growth_table
from benchmarks.results import Run
from benchmarks.tables import Table, highs_table, instances_table, methods_table, seeds_table
from cdnplan.errors import InputError, Problem, nearest
from tests.conftest import ROOT

DOCUMENT = ROOT / "docs" / "benchmarks.md"
_MARKED = re.compile(r"(<!-- table: (\S+) -->\n)(.*?)(<!-- end of table -->)", re.DOTALL)


def all_tables(run: Run) -> list[Table]:
    """Every table of a run."""
    makers = (instances_table, seeds_table, methods_table, highs_table, growth_table)
    return [make(run) for make in makers]


def machine_table(run: Run) -> Table:
    """What the figures depend on."""
    from benchmarks.tables import Column

    rows = [[name.replace("_", " "), str(value)] for name, value in sorted(run.about.items())]
    return Table("machine", (Column("what"), Column("value")), rows)


def fill(text: str, tables: Sequence[Table], where: str = "") -> str:
    """Replace the marked tables; those without rows stay as they are.

    Raises
    ------
    InputError
        A marker names no table, or there is none for a table that has rows.
    """
    by_name = {table.name: table for table in tables}
    marked = [match[2] for match in _MARKED.finditer(text)]
    problems = [
        Problem(f"no table {name!r}", file=where, hint=nearest(name, by_name))
        for name in marked
        if name not in by_name
    ]
    problems += [
        Problem(f"found {marked.count(t.name)} places for table {t.name!r}, expected one", file=where)
        for t in tables
        if t.rows and marked.count(t.name) != 1
    ]
    if problems:
        raise InputError(problems)

    def filled(match: re.Match[str]) -> str:
        table = by_name[match[2]]
        body = f"\n{table.markdown()}\n" if table.rows else match[3]
        return match[1] + body + match[4]

    return _MARKED.sub(filled, text)


def write_docs(run: Run, path: Path = DOCUMENT) -> None:
    """Fill the tables of the document."""
    text = path.read_text(encoding="utf-8")
    path.write_text(fill(text, [machine_table(run), *all_tables(run)], str(path)), encoding="utf-8")
