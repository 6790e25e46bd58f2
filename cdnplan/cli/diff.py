"""`cdnplan diff`: what changed between two plans."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cdnplan.cli.terminal.tables import TableFormat

if TYPE_CHECKING:
    from cdnplan.fill.diff.difference import Difference, Figure

Part = Literal["sites", "reasons", "figures", "effects"]


def diff(
    a: Annotated[Path, typer.Argument(metavar="A", help="Plan in force.", show_default=False)],
    b: Annotated[Path, typer.Argument(metavar="B", help="Plan to compare with it.", show_default=False)],
    sites: Annotated[int, typer.Option(metavar="N", min=0, help="Sites shown; 0: all.")] = 10,
    reasons: Annotated[int, typer.Option(metavar="N", min=0, help="Reasons shown; 0: all.")] = 10,
    fmt: Annotated[
        TableFormat,
        typer.Option("--format", help="json: everything, in full. csv: one of the tables, in full."),
    ] = "table",
    table: Annotated[Part, typer.Option("--table", help="Which table as csv.")] = "sites",
) -> None:
    """Show what changed between two plans: cost, bytes in and out by site, and why.

    Exit code 0, whatever changed. 2: a folder cannot be read.
    """
    import json

    from cdnplan.fill.diff.difference import diff as compare

    found = compare(a, b)
    if fmt == "json":
        sys.stdout.write(json.dumps(found.as_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    elif fmt == "csv":
        _print_csv(found, table)
    else:
        _print(found, sites or len(found.sites), reasons or len(found.reasons))


def _print_csv(found: Difference, part: Part) -> None:
    from cdnplan.cli.terminal.tables import print_table

    rows = found.as_dict()[part]
    columns = list(rows[0]) if rows else []
    print_table(columns, [list(row.values()) for row in rows], "csv")


def _print(found: Difference, sites: int, reasons: int) -> None:
    """From the whole to the parts: figures, what makes the cost differ, why copies moved, where."""
    from cdnplan.cli.terminal.tables import print_table

    for letter, side in (("A", found.a), ("B", found.b)):
        text = f"{side['folder']}: {side['network']}, {side['period']}, {side['status']}, id {side['id']}"
        sys.stdout.write(f"{letter}  {text}\n")
    sys.stdout.write("\n")
    print_table(("figure", "A", "B", "change"), [_figure_row(figure) for figure in found.figures])
    sys.stdout.write("\nwhat makes the cost differ (they add up):\n")
    print_table(("because of", "cost"), [(e.effect, _signed(e.cost)) for e in found.effects if e.cost != 0])
    changed = [r for r in found.reasons if r.in_gb + r.out_gb > 0]
    _heading("reasons why copies come and go", min(reasons, len(changed)), len(changed))
    print_table(
        ("reason", "name", "detail", "in_gb", "out_gb", "sites", "saves"),
        [
            (r.reason, r.name, r.detail, *_whole(r.in_gb, r.out_gb), r.sites, *_whole(r.saves))
            for r in changed[:reasons]
        ],
    )
    touched = [s for s in found.sites if s.in_gb + s.out_gb + s.moved_gb > 0]
    _heading("sites", min(sites, len(touched)), len(touched))
    columns = (
        "in_gb",
        "out_gb",
        "moved_gb",
        "outside_gb",
        "held_gb",
        "served_gb",
        "served_change_gb",
        "saves",
    )
    print_table(
        ("site", *columns),
        [(s.site, *_whole(*(getattr(s, column) for column in columns))) for s in touched[:sites]],
    )
    for title, texts in (("new warning", found.new_warnings), ("newly full", found.newly_full)):
        shown = texts[:10]
        sys.stdout.write("".join(f"{title}: {text}\n" for text in shown))
        if len(texts) > len(shown):
            sys.stdout.write(f"{title}: {len(texts) - len(shown):,} more\n")


def _heading(what: str, shown: int, total: int) -> None:
    """Title of a table that may be cut short."""
    sys.stdout.write(f"\n{what}, most bytes first ({shown:,} of {total:,}):\n")


def _whole(*values: float | None) -> list[int | None]:
    """GB and currency to the unit: what is smaller is of no interest to a reader."""
    return [None if value is None else round(value) for value in values]


def _figure_row(figure: Figure) -> tuple[str, str, str, str]:
    before, after = _shown(figure.a, figure.unit), _shown(figure.b, figure.unit)
    if figure.a is None or figure.b is None:
        return figure.figure, before, after, ""
    change = figure.b - figure.a
    if figure.unit == "ratio":
        return figure.figure, before, after, f"{change * 100:+.3f} points"
    ratio = f" ({change / abs(figure.a):+.2%})" if figure.a else ""
    return figure.figure, before, after, f"{change:+,.0f}{ratio}" if change else "0"


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit == "ratio":
        return f"{value:.3%}"
    return f"{value:,.2f}" if unit == "currency" else f"{value:,.0f}" + (f" {unit}" if unit else "")


def _signed(value: float) -> str:
    return f"{value:+,.2f}"
