"""Ways to tamper with a night that is written: its tables, its topology, its figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdnplan.inputs.plans.plan_folder import FILLS, TOPOLOGY
from tests.evaluate.plan_writer import change_json, change_table, seal
from tests.evaluate.tamperings import Rows, where

PLAN = "plan.json"


@dataclass(frozen=True)
class NightTampering:
    """A change to a folder; it gives the row that is wrong then, counted from 0, or None."""

    name: str
    change: Callable[[Path], int | None]
    check: str
    file: str = FILLS
    said: str = ""


def rows(
    name: str, check: str, change: Callable[[Rows], int | None], *, file: str = FILLS, said: str = ""
) -> NightTampering:
    """Change the rows of a table."""

    def apply(folder: Path) -> int | None:
        found: list[int | None] = []
        change_table(folder, file, lambda table: found.append(change(table)))
        return found[0]

    return NightTampering(name, apply, check, file, said)


def cell(
    name: str, check: str, wanted: dict[str, Any], column: str, by: Callable[[Any], Any], **more: Any
) -> NightTampering:
    """Change one cell of the row that holds some values."""

    def change(table: Rows) -> int:
        (row,) = where(table, **wanted)
        table[row][column] = by(table[row][column])
        return row

    return rows(name, check, change, **more)


def claim(name: str, *path: str, by: Callable[[Any], Any], check: str = "value") -> NightTampering:
    """Change one figure of plan.json."""

    def change(folder: Path) -> None:
        def apply(claims: dict[str, Any]) -> None:
            level = claims["fills"]
            for key in path[:-1]:
                level = level[key]
            level[path[-1]] = by(level[path[-1]])

        change_json(folder, apply)

    return NightTampering(name, change, check, PLAN, "fills." + ".".join(path))


def shift(table: Rows, row: int, **by: float) -> int:
    """Move a transfer in time."""
    for column in ("start", "end"):
        table[row][column] += dt.timedelta(**by)
    return row


def at(table: Rows, row: int, start: str) -> int:
    """Move a transfer to a start in UTC."""
    begin = dt.datetime.fromisoformat(start + "+00:00")
    table[row]["end"] += begin - table[row]["start"]
    table[row]["start"] = begin
    return row


def row_of(table: Rows, appliance: str, file: str) -> int:
    (row,) = where(table, appliance=appliance, file=file)
    return row


def moved(appliance: str, file: str, start: str) -> Callable[[Rows], int]:
    return lambda table: at(table, row_of(table, appliance, file), start)


def faster(table: Rows, row: int, gbps: float) -> int:
    """Make a transfer end so early that it runs at a rate."""
    seconds = table[row]["size_gb"] * 8 / gbps
    table[row]["end"] = table[row]["start"] + dt.timedelta(milliseconds=round(seconds * 1000))
    return row


def from_elsewhere(table: Rows, row: int, source: str, kind: str) -> int:
    table[row].update(source=source, kind=kind, alternates=["origin-west"])
    return row


def topology(name: str, check: str, old: str, new: str, row: int | None, said: str = "") -> NightTampering:
    """Change the topology after the fact."""

    def change(folder: Path) -> int | None:
        before = (folder / TOPOLOGY).read_text(encoding="utf-8")
        assert old in before
        (folder / TOPOLOGY).write_text(before.replace(old, new), encoding="utf-8")
        seal(folder)
        return row

    return NightTampering(name, change, check, FILLS, said)
