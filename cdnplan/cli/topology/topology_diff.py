"""`cdnplan topology diff`: what changed between two topologies, by meaning."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cdnplan.cli.terminal.tables import TableFormat

if TYPE_CHECKING:
    from cdnplan.inputs.topology.topology_diff import Change, TopologyDiff, Total

CHANGE_COLUMNS = ("did", "what", "name", "key", "before", "after")
TOTAL_COLUMNS = (
    *("group", "name", "sites_a", "sites_b", "appliances_a", "appliances_b"),
    *("storage_a_tb", "storage_b_tb", "throughput_a_gbps", "throughput_b_gbps"),
)
ALIKE = 3
"""More things than this that changed in the same way share a line."""
WIDEST = 48
"""Characters of a value in a table for people."""


def diff(
    a: Annotated[
        Path, typer.Argument(metavar="A", help="Topology, or plan folder, before.", show_default=False)
    ],
    b: Annotated[Path, typer.Argument(metavar="B", help="The same, after.", show_default=False)],
    env: Annotated[
        str | None, typer.Option("--env", metavar="E", help="Environment whose overrides apply.")
    ] = None,
    sites: Annotated[int, typer.Option(metavar="N", min=0, help="Sites shown in totals; 0: all.")] = 10,
    fmt: Annotated[
        TableFormat,
        typer.Option(
            "--format", help="json: everything. csv: one of the tables. Both name every single thing."
        ),
    ] = "table",
    table: Annotated[
        Literal["changes", "totals"], typer.Option("--table", help="Which table as csv.")
    ] = "changes",
) -> None:
    """Show what changed between two topologies: what they mean, not how they are written.

    Renamed things are recognised. Exit code 0, whatever changed.
    """
    import json

    from cdnplan.cli.terminal.tables import print_table
    from cdnplan.inputs.topology.topology_diff import diff_topologies
    from cdnplan.inputs.topology.topology_reader import read_topology_of

    before, after = (read_topology_of(path, env=env) for path in (a, b))
    found = diff_topologies(before, after)
    changes = [_change_row(change) for change in found.changes]
    totals = [_total_row(total) for total in found.totals if total.group == "total" or total.changed]
    if fmt == "json":
        data = {
            "changes": [dict(zip(CHANGE_COLUMNS, row, strict=True)) for row in changes],
            "totals": [dict(zip(TOTAL_COLUMNS, row, strict=True)) for row in totals],
        }
        sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    elif fmt == "csv":
        if table == "changes":
            rows = [(*row[:4], _text(row[4]), _text(row[5])) for row in changes]
            print_table(CHANGE_COLUMNS, rows, "csv")
        else:
            print_table(TOTAL_COLUMNS, totals, "csv")
    else:
        _print(found, sites)


def _change_row(change: Change) -> tuple[object, ...]:
    return change.did, change.what, change.name, change.key, change.before, change.after


def _total_row(total: Total) -> tuple[object, ...]:
    return tuple(getattr(total, column) for column in TOTAL_COLUMNS)


def _text(value: object) -> object:
    return ", ".join(str(item) for item in value) if isinstance(value, list) else value


def _print(found: TopologyDiff, sites: int) -> None:
    from cdnplan.cli.terminal.tables import print_table

    if not found.changes:
        sys.stdout.write("the two mean the same\n")
        return
    print_table(
        ("did", "what", "name", "key", "before", "after"), [_shown(group) for group in _alike(found.changes)]
    )
    moved = [total for total in found.totals if total.changed]
    if not moved:
        return
    shown = [total for total in moved if total.group != "site"]
    changed = [total for total in moved if total.group == "site"]
    changed.sort(
        key=lambda t: (-abs(t.storage_b_tb - t.storage_a_tb), -abs(t.throughput_b_gbps - t.throughput_a_gbps))
    )
    kept = changed[: sites or len(changed)]
    sys.stdout.write("\n")
    columns = ("capacity", "name", "sites", "appliances", "storage_tb", "+/-", "throughput_gbps", "+/-")
    print_table(columns, [_capacity(total) for total in (*shown, *kept)])
    if len(kept) < len(changed):
        sys.stdout.write(f"and {len(changed) - len(kept):,} more sites; --sites 0 shows all\n")


def _capacity(total: Total) -> tuple[object, ...]:
    return (
        total.group,
        total.name,
        _arrow(total.sites_a, total.sites_b),
        _arrow(total.appliances_a, total.appliances_b),
        total.storage_b_tb,
        _signed(total.storage_b_tb - total.storage_a_tb),
        total.throughput_b_gbps,
        _signed(total.throughput_b_gbps - total.throughput_a_gbps),
    )


def _arrow(one: int, two: int) -> str:
    return f"{two:,}" if one == two else f"{one:,} -> {two:,}"


def _signed(value: float) -> str:
    return f"{round(value, 6):+,.10g}" if value else "0"


def _alike(changes: Sequence[Change]) -> list[list[Change]]:
    """Group things that changed in the same way, in the order of their first."""
    groups: dict[tuple[str, ...], list[Change]] = {}
    for change in changes:
        one, two = _edited(change)
        whole = not change.key and change.did != "renamed"
        key = (
            (change.did, change.what, change.key, one, two)
            if not whole
            else (change.did, change.what, change.name)
        )
        groups.setdefault(key, []).append(change)
    found: list[list[Change]] = []
    for group in groups.values():
        found += [group] if len(group) > ALIKE else [[change] for change in group]
    return found


def _edited(change: Change) -> tuple[str, str]:
    """Before and after; of lists only what left and what came, or that their order is another."""
    if not (isinstance(change.before, list) and isinstance(change.after, list)) or not change.key:
        return _brief(change.before), _brief(change.after)
    gone = [item for item in change.before if item not in change.after]
    come = [item for item in change.after if item not in change.before]
    if change.before and change.after and not gone and not come:
        return _brief(change.before), _brief(change.after)
    return _brief([f"-{item}" for item in gone]), _brief([f"+{item}" for item in come])


def _brief(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.12g}"
    text = str(_text(value)) if value != [] else ""
    return text if len(text) <= WIDEST else text[: WIDEST - 3] + "..."


def _shown(group: Sequence[Change]) -> tuple[str, ...]:
    change = group[0]
    one, two = _edited(change)
    name = change.name
    if len(group) > 1:
        name = f"{len(group):,}: {change.name}, {group[1].name}, ..."
    return change.did, change.what, name, change.key, one, two
