"""Sweeps and prices at full size: how long, how exact, how true.

    python -m benchmarks.sweeps --base PLAN [--level sites] [--worst 10] [--again 3] [--prices 20]

Figures on stdout as JSON: seconds of wall clock and of all processors for each part; the worst failures
against the exact serving of their whole changed problems, by way of scenarios; repeated runs; and predicted
against re-planned savings of increments of 10%.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from cdnplan.model.plan.placement import Placement
from cdnplan.optimize.serve.serving import best_serving
from cdnplan.whatif.ask.price_check import PricesRequest, prices
from cdnplan.whatif.ask.sweep import SweepResult, sweep
from cdnplan.whatif.base.base import Base, Flow, judged, load_base, rebuild
from cdnplan.whatif.base.failures import Failure
from cdnplan.whatif.scenario.apply import apply_all
from cdnplan.whatif.scenario.scenario_reader import read_scenarios

T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, dict[str, float]]:
    """Do it, and count wall clock and processor time [s]."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, {
        "wall_s": round(time.perf_counter() - wall, 2),
        "cpu_s": round(time.process_time() - cpu, 2),
    }


def exact(base: Base, failure: Failure) -> float:
    """Cost of a failure at once by its scenario: the whole problem built anew and served exactly."""
    fails = [f"sites: {json.dumps(list(failure.sites))}"] if failure.sites else []
    fails += [f"links: {json.dumps([f'{a}>{b}' for a, b in failure.links])}"] if failure.links else []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "it.yaml"
        file.write_text(f"name: it\nchanges:\n  - fail: {{{', '.join(fails)}}}\n", encoding="utf-8")
        (applied,) = apply_all(read_scenarios([file]), base.inputs)
    changed = rebuild(base, applied.inputs, applied.lost)
    there = np.where(changed.instance.copies == 0, 0, changed.there)
    holds = there > 0
    copies = np.where(holds, np.minimum(changed.instance.copies, there), changed.instance.copies)
    as_it_is = replace(changed.instance, copies=copies, held=there)
    # All regions are served anew: no short cut that the sweep takes is taken here.
    flow = Flow.of(as_it_is, best_serving(as_it_is, holds).serving)
    return float(judged(as_it_is, Placement(holds), flow).verdict.cost.total)


def agreement(result: SweepResult, count: int) -> list[dict[str, Any]]:
    """The worst failures against their exact re-evaluation."""
    base, found = result.base, []
    cost = result.cost
    for impact in result.impacts[:count]:
        whole, spent = timed(lambda failure=impact.failure: exact(base, failure))  # type: ignore[misc]
        change = whole - cost
        found.append(
            {
                "failure": impact.failure.name,
                "sweep": impact.cost_change,
                "exact": change,
                "difference_ratio": abs(impact.cost_change - change) / max(abs(change), 1e-9),
                "gap": impact.gap,
            }
            | spent
        )
        sys.stderr.write(f"{impact.failure.name}: {impact.cost_change:,.2f} {change:,.2f}\n")
    return found


def relative_error(predicted: float, replanned: float) -> float:
    """Error as a part of what planning anew saves; where it saves nothing, only nothing is right."""
    if replanned == 0.0:
        return 0.0 if predicted == 0.0 else float("inf")
    return abs(predicted - replanned) / abs(replanned)


def price_errors(folder: Path, count: int, kind: str, threads: int) -> dict[str, Any]:
    """Predicted against re-planned savings of 10% more at the limits that are worth most."""
    request = PricesRequest(folder, kinds=(kind,), forecasts=count, checks=count, threads=threads)  # type: ignore[arg-type]
    result, spent = timed(lambda: prices(request))
    rows = [row for row in result.table() if row["replanned"] is not None]
    error = np.array([relative_error(row["predicted"], row["replanned"]) for row in rows])
    first = np.array([relative_error(row["first_order"], row["replanned"]) for row in rows])
    return {
        "limits": len(rows),
        "sign_right": int(sum(np.sign(row["predicted"]) == np.sign(row["replanned"]) for row in rows)),
        "median_error": float(np.median(error)) if rows else None,
        "median_error_first_order": float(np.median(first)) if rows else None,
        "rows": rows,
    } | spent


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--level", choices=("sites", "links", "all", "city"), default="sites")
    parser.add_argument("--worst", type=int, default=10, help="failures re-evaluated exactly")
    parser.add_argument("--again", type=int, default=1, help="times the sweep runs")
    parser.add_argument("--prices", type=int, default=0, help="limits of each kind planned again")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    found: dict[str, Any] = {}
    if asked.again > 0:
        base, found["read"] = timed(lambda: load_base(asked.base))
        runs = [timed(lambda: sweep(base, asked.level, threads=asked.threads)) for _ in range(asked.again)]
        result = runs[0][0]
        found["sweeps"] = [spent for _, spent in runs]
        found["failures"] = len(result.impacts)
        found["same_every_time"] = all(r.rows() == result.rows() for r, _ in runs)
        found["largest_gap_ratio"] = max(
            i.gap / max(i.cost_change, 1e-6 * result.cost) for i in result.impacts
        )
        found["worst"] = agreement(result, asked.worst)
    for kind in ("storage", "throughput") if asked.prices else ():
        found[kind] = price_errors(asked.base, asked.prices, kind, asked.threads)
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
