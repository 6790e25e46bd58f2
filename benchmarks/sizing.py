"""Sizing: random questions against trying every set, and three countries of the real network.

    python -m benchmarks.sizing                      # 100 drawn questions, then BE, NL and LU
    python -m benchmarks.sizing --instances 20 --seed 500
    python -m benchmarks.sizing --instances 0 --keep DIR

Both sides plan with the exact engine and hold plans against the target in the same way; what is compared is
the price of the hardware. The real network is asked for several times its demand: as it is, appliances serve
all of it. Times are of processor as well as of the clock, as the machine may be shared.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import real_week
from cdnplan.cli.terminal.progress import progress_on_stderr
from cdnplan.evaluate.verify import verify
from cdnplan.whatif.size.size import size
from cdnplan.whatif.size.sizing_file import read_sizing
from cdnplan.whatif.size.sizing_search import Options, SizingSearch
from cdnplan.whatif.size.sizing_tables import as_dict
from tests.whatif.sizing_cases import all_sets, by_trying, draw

COUNTRIES = frozenset({"BE", "NL", "LU"})
QUESTION = """\
name: three countries
demand_factor: 4.5
target:
  offload_ratio: 0.995
models:
  storage-2u: {price: 30000, max_per_site: 4, rack_units: 2}
  flash-1u: {price: 40000, kinds: [ixp], max_per_site: 4, rack_units: 1}
  global-1u: {price: 15000, kinds: [embedded], max_per_site: 4, rack_units: 1}
site_limits:
  - {sites: ["*"], rack_units: 12}
runner_ups: 2
curve_points: 4
"""


def one(number: int) -> dict[str, Any]:
    """A drawn question, answered both ways."""
    case = draw(number)
    problem = case.problem()
    begun = time.process_time()
    search = SizingSearch(problem, Options(engine="exact"))
    found = search.search(case.sizing.goals)
    answered = time.process_time()
    price, tried = by_trying(case)
    mine = np.inf if found.best is None else found.best.price
    return {
        "instance": number,
        "goals": [goal.label for goal in case.sizing.goals],
        "equal": bool(mine == price or abs(mine - price) <= 1e-9 * max(1.0, abs(price))),
        "proven": found.proven,
        "price": mine if np.isfinite(mine) else None,
        "sets": len(all_sets(problem)),
        "tried": tried,
        "planned": len(search.planned),
        "seconds": round(answered - begun, 3),
        "seconds_trying": round(time.process_time() - answered, 3),
    }


def drawn(instances: int, seed: int) -> dict[str, Any]:
    """Answer drawn questions and sum up."""
    rows = []
    for number in range(seed, seed + instances):
        rows.append(one(number))
        if not rows[-1]["equal"]:
            sys.stderr.write(f"differs: {json.dumps(rows[-1])}\n")
    return {
        "instances": instances,
        "equal": sum(row["equal"] for row in rows),
        "proven": sum(row["proven"] for row in rows),
        "to_buy_something": sum(row["price"] is not None and row["price"] > 0 for row in rows),
        "nothing_reaches": sum(row["price"] is None for row in rows),
        "sets": sum(row["sets"] for row in rows),
        "tried": sum(row["tried"] for row in rows),
        "planned": sum(row["planned"] for row in rows),
        "seconds": round(sum(row["seconds"] for row in rows), 1),
        "seconds_trying": round(sum(row["seconds_trying"] for row in rows), 1),
    }


def three_countries(folder: Path, time_limit_s: float, gap_ratio: float | None) -> dict[str, Any]:
    """Size the real network of three countries."""
    loaded = real_week.read_files(real_week.write_week(folder, 1, slices=1), COUNTRIES)
    question = folder / "sizing.yaml"
    question.write_text(QUESTION, encoding="utf-8")
    begun, used = time.perf_counter(), time.process_time()
    with progress_on_stderr() as progress:
        result = size(
            loaded.topology,
            loaded.catalog,
            loaded.demand,
            read_sizing(question, loaded.topology),
            plan_out=folder / "plan",
            gap_ratio=gap_ratio,
            time_limit_s=time_limit_s,
            threads=2,
            progress=progress,
        )
    told = as_dict(result)
    return {
        "seconds": round(time.perf_counter() - begun, 1),
        "processor_seconds": round(time.process_time() - used, 1),
        "verifies": verify(folder / "plan").ok,
        **{key: told[key] for key in ("status", "price", "price_at_least", "added", "goals", "options")},
        "curve": told["curve"],
        "sets_planned": told["sets_planned"],
        "bounds_made": told["bounds_made"],
    }


def main() -> None:
    """Run what is asked for and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--instances", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--time-limit", type=float, default=300.0)
    parser.add_argument("--gap", type=float, default=None)
    parser.add_argument("--keep", type=Path, default=None)
    asked = parser.parse_args()
    found: dict[str, Any] = {}
    if asked.instances:
        found["drawn"] = drawn(asked.instances, asked.seed)
        sys.stderr.write(json.dumps(found["drawn"]) + "\n")
    if real_week.has_data():
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) if asked.keep is None else asked.keep
            folder.mkdir(parents=True, exist_ok=True)
            found["three countries"] = three_countries(folder, asked.time_limit, asked.gap)
    else:
        sys.stderr.write(f"SKIPPED: no real data at {real_week.data_folder()}\n")
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
