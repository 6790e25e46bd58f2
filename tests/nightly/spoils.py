"""Ways to spoil a night: each changes a project, or what its clocks say."""

from __future__ import annotations

import datetime as dt
import shutil
import time
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.nightly.nights import Project

Spoil = Callable[[Project], None]


def history(change: Callable[[dict[str, str]], dict[str, str] | None]) -> Spoil:
    return lambda job: job.edit_rows("history.csv", change)


def scaled(factor: float) -> Spoil:
    return history(lambda row: row | {"gb": repr(float(row["gb"]) * factor)})


def without_region(*names: str) -> Spoil:
    return history(lambda row: None if row["region"] in names else row)


def until(last: str) -> Spoil:
    return history(lambda row: row if row["date"] <= last else None)


def titles(change: Callable[[dict[str, str]], dict[str, str] | None]) -> Spoil:
    return lambda job: job.edit_rows("titles.csv", change)


def topology(old: str, new: str) -> Spoil:
    return lambda job: job.edit("topology.yaml", lambda text: text.replace(old, new))


def gone(*names: str) -> Spoil:
    def spoil(job: Project) -> None:
        for name in names:
            job.path(name).unlink()

    return spoil


def config(**changes: Any) -> Spoil:
    return lambda job: job.configure(**changes)


def later(**time: float) -> Spoil:
    def spoil(job: Project) -> None:
        job.now += dt.timedelta(**time)

    return spoil


def every(*spoils: Spoil) -> Spoil:
    def spoil(job: Project) -> None:
        for one in spoils:
            one(job)

    return spoil


def forget(job: Project) -> None:
    shutil.rmtree(job.path("work"))


def aged(name: str, hours: float) -> Spoil:
    return lambda job: job.touch(name, hours)


def empty(name: str) -> Spoil:
    return lambda job: job.path(name).write_bytes(b"")


def noise(name: str) -> Spoil:
    return lambda job: job.path(name).write_bytes(bytes(range(256)) * 4)


def cut(name: str) -> Spoil:
    return lambda job: job.edit(name, lambda text: text[: len(text) // 2 + 3])


def demand_table(change: Callable[[dict[str, str]], dict[str, str] | None] = lambda row: row) -> Spoil:
    """From now on the demand comes from a table."""

    def spoil(job: Project) -> None:
        job.edit_rows("demand.csv", lambda row: change(row | {"gb": row["gb"] + "0"}))
        job.configure(inputs__demand={"path": "demand.csv"})
        job.configure(inputs__history=None)

    return spoil


def other_tastes(job: Project) -> None:
    """The least wanted titles are the most wanted from now on, and the other way round."""
    names = [
        line.split(",")[0] for line in job.path("titles.csv").read_text(encoding="utf-8").splitlines()[1:]
    ]
    gb = dict.fromkeys(names, 0.0)

    def count(row: dict[str, str]) -> dict[str, str]:
        gb[row["title"]] += float(row["gb"])
        return row | {"gb": row["gb"] + "0"}

    job.edit_rows("history.csv", count)
    order = sorted(names, key=gb.__getitem__)
    swapped = dict(zip(order, reversed(order), strict=True))
    job.edit_rows("history.csv", lambda row: row | {"title": swapped[row["title"]]})


def field_says(change: Callable[[list[tuple[str, str]]], list[tuple[str, str]]]) -> Spoil:
    """A table of what appliances hold: what the plan in force says, with a change."""

    def spoil(job: Project) -> None:
        placed = pq.read_table(job.current / "placement.parquet").to_pylist()
        held = [(row["appliance"], row["file"]) for row in placed if row["action"] != "evict"]
        lines = ["appliance,file", *(",".join(row) for row in change(held))]
        job.path("holdings.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        job.touch("holdings.csv")
        job.configure(inputs__holdings={"path": "holdings.csv", "max_age_hours": 24.0})

    return spoil


def jump(seconds: float, at_phase: str) -> Spoil:
    """The stopwatch moves on by so much when a phase begins: all is slow that night."""

    def spoil(job: Project) -> None:
        late = [0.0]

        def hear(event: dict[str, Any]) -> None:
            if event.get("phase") == at_phase:
                late[0] = seconds

        job.on_event = hear
        job.monotonic = lambda: time.monotonic() + late[0]

    return spoil


def tampered(job: Project) -> None:
    """A file of the new plan is spoilt on the disk before it is verified."""

    def hear(event: dict[str, Any]) -> None:
        if event.get("phase") == "verify":
            (path,) = job.published.glob(".staging/*/placement.parquet")
            table = pq.read_table(path)
            pq.write_table(table.slice(1), path)

    job.on_event = hear


def damaged_current(job: Project) -> None:
    path = job.current.resolve() / "placement.parquet"
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table, table.slice(0, 1)]), path)


def current_is_a_folder(job: Project) -> None:
    place = job.current.resolve()
    job.current.unlink()
    shutil.copytree(place, job.current)


NO_BETTER = config(guards__cost_rise_ratio={"refuse": None}, guards__offload_drop_ratio={"refuse": None})
"""Files are large here: one copy that cannot be fetched makes a plan worse than to go on."""
