"""Consecutive nights of the demo, from empty caches.

    python -m benchmarks.ten_nights [--nights 10] [--time-limit 600] [--gap G] [--folder DIR]

`cdnplan new` makes the network, whose history is forecast from; `cdnplan nightly` runs once a day with the
guards it has by default. A night must not be dearer than leaving things as they are, and caches must be full
after as many nights as the first one said, or one more: else the exit code is 1.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import yaml

from benchmarks.tables import Column, Table
from cdnplan.inputs.plans.plan_folder import APPLIANCES
from cdnplan.nightly import nightly, read_config
from cdnplan.synth.folder.project import new

FIRST = dt.date(2026, 3, 2)
"""A Monday; the history of the demo ends the day before."""


@dataclass(frozen=True)
class OneNight:
    """What one night did.

    Parameters
    ----------
    date : datetime.date
    state : str
    exit_code : int
    fetched_gb, held_gb : float
        By the plan in force in the morning.
    cost : float
        Of that plan on the night's demand, its fills included.
    left_alone : float or None
        Cost of leaving things as they were; None where nothing was in force.
    nights_to_fill : int or None
        As the night said.
    reason : str
    """

    date: dt.date
    state: str
    exit_code: int
    fetched_gb: float
    held_gb: float
    cost: float
    left_alone: float | None
    nights_to_fill: int | None
    reason: str

    @property
    def is_dearer(self) -> bool:
        """Whether leaving things as they were would have cost less."""
        return self.left_alone is not None and self.cost > self.left_alone * (1 + 1e-9)


def run_nights(folder: Path, nights: int, engine: dict[str, float | int]) -> list[OneNight]:
    """Make the demo and run so many nights of it."""
    new(folder)
    config = folder / "nightly.yaml"
    job = {
        "inputs": {name: {"path": f"{name}.parquet"} for name in ("titles", "history")},
        "engine": engine,
        "deadline": {"minutes": 60},
        "publish": {"folder": "published", "keep": nights},
    }
    job["inputs"]["topology"] = {"path": "topology.yaml"}
    config.write_text(yaml.safe_dump(job), encoding="utf-8")
    return [_night(config, FIRST + dt.timedelta(days=day)) for day in range(nights)]


def _night(config: Path, date: dt.date) -> OneNight:
    result = nightly(read_config(config), date=date)
    status = result.status
    if status["in_force"] is None:
        raise RuntimeError(f"nothing is in force after {date}: {status['reason']}")
    published = status["state"] == "published"
    today, plan = status["in_force_today"], status["plan"] or {}
    stored = pq.read_table(config.parent / "published" / "current" / APPLIANCES)["storage_gb"]
    return OneNight(
        date=date,
        state=status["state"],
        exit_code=result.exit_code,
        fetched_gb=plan["fill_gb"] if published else 0.0,
        held_gb=float(stored.to_numpy().sum()),
        cost=plan["upper"] if published else today["cost"],
        left_alone=None if today is None else today["cost"],
        nights_to_fill=plan["to_fill"]["nights"] if plan else None,
        reason=status["reason"],
    )


def as_table(nights: Sequence[OneNight]) -> Table:
    """Night by night."""
    columns = (
        Column("night"),
        Column("state"),
        Column("exit"),
        Column("fetched [GB]", "count"),
        Column("held [GB]", "count"),
        Column("cost in force", "cost"),
        Column("cost of leaving all as it was", "cost"),
        Column("nights to fill"),
    )
    rows = [
        (
            night.date.isoformat(),
            night.state,
            str(night.exit_code),
            night.fetched_gb,
            night.held_gb,
            night.cost,
            night.left_alone,
            "–" if night.nights_to_fill is None else str(night.nights_to_fill),
        )
        for night in nights
    ]
    return Table("ten nights", columns, rows)


def faults(nights: Sequence[OneNight]) -> list[str]:
    """What must not be; empty when all is well."""
    found = [f"{night.date} is dearer than leaving all as it was" for night in nights if night.is_dearer]
    said = nights[0].nights_to_fill
    if said is None or said + 1 >= len(nights):
        return [*found, f"the first night says {said} nights to fill, too many for {len(nights)} nights"]
    # What is said is an estimate, give or take a night.
    left = nights[said + 1].nights_to_fill
    if left:
        found.append(f"a night after the {said} that the first one said, {left} are left")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the nights and what is wrong with them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nights", type=int, default=10)
    parser.add_argument(
        "--time-limit",
        type=float,
        default=600.0,
        help="of each night's search, which ends by itself sooner [s]",
    )
    parser.add_argument("--gap", type=float, default=None)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--folder", type=Path, default=None, help="for the project; default: a scratch folder"
    )
    asked = parser.parse_args(arguments)
    engine: dict[str, float | int] = {"time_limit_s": asked.time_limit, "threads": asked.threads}
    if asked.gap is not None:
        engine["gap_ratio"] = asked.gap
    with tempfile.TemporaryDirectory() as scratch:
        nights = run_nights(asked.folder or Path(scratch) / "demo", asked.nights, engine)
    sys.stdout.write(as_table(nights).markdown())
    for night in nights:
        if night.reason:
            sys.stdout.write(f"{night.date}: {night.reason}\n")
    wrong = faults(nights)
    sys.stdout.write("".join(f"wrong: {text}\n" for text in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
