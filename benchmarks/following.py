"""Ten nights that follow one another: what each costs and fetches, on the same demand and on one that drifts.

    python -m benchmarks.following                   # the sample, at the gap that docs/nightly.md has
    python -m benchmarks.following --nights 5 --sigma 0.1
    python -m benchmarks.following --any-saving      # every plan that saves anything is put in force

Each night is planned as `cdnplan nightly` does, from the plan of the night before. `as held` is what leaving
all as it is costs on the night's demand: no night may cost more.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks import real_week
from benchmarks.drift import Drift, write_drifted
from benchmarks.nights import inputs
from cdnplan.evaluate.verify import verify
from cdnplan.optimize.engine import EngineName
from cdnplan.planner import PlanRequest, plan


def follow(
    files: real_week.Files,
    folder: Path,
    *,
    nights: int,
    sigma: float,
    gap: float,
    settled: bool,
    seed: int,
    engine: EngineName,
) -> list[tuple[float, float, float]]:
    """Cost, cost of leaving all as it is, and GB fetched, of each night after the first."""
    request = PlanRequest(
        files[0], files[1], folder / "0", demand=files[2], engine=engine, gap_ratio=gap, settled=settled
    )
    plan(request)
    found = []
    for night in range(1, nights + 1):
        if sigma > 0:
            (folder / f"demand-{night}").mkdir()
            files = write_drifted(files, folder / f"demand-{night}", Drift(sigma=sigma, seed=seed + night))
        before = folder / str(night - 1)
        out = folder / str(night)
        tonight = replace(request, titles=files[1], demand=files[2], out=out, previous=before, start=before)
        # Another seed each night: that a search starts from other numbers is no reason to move files.
        record = plan(replace(tonight, seed=night)).record
        assert verify(out).ok
        held = record["as_held"]["as_held_cost"] if record["as_held"] else float("inf")
        found.append((record["upper"], held, record["fills"]["naive_origin_gb"]))
    return found


def main() -> None:
    """Print a table for both kinds of nights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--network", default="sample")
    parser.add_argument("--nights", type=int, default=10)
    parser.add_argument("--sigma", type=float, default=real_week.WEEK_SIGMA)
    parser.add_argument("--gap", type=float, default=0.01)
    parser.add_argument("--engine", choices=["auto", "exact", "fast"], default="auto")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--any-saving", action="store_true")
    given = parser.parse_args()
    for title, sigma in (("same demand", 0.0), ("drifting demand", given.sigma)):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            files = inputs(given.network, folder)
            rows = follow(
                files,
                folder,
                nights=given.nights,
                sigma=sigma,
                gap=given.gap,
                settled=not given.any_saving,
                seed=given.seed,
                engine=given.engine,
            )
        print(f"{title}\n{'night':>6}{'cost':>14}{'as held':>14}{'fetched GB':>14}")
        for night, (cost, held, gb) in enumerate(rows, 1):
            print(f"{night:>6}{cost:>14,.2f}{held:>14,.2f}{gb:>14,.0f}")
        dearer = sum(cost > held * (1 + 1e-9) for cost, held, _ in rows)
        print(f"dearer than as held: {dearer}; fetched: {sum(row[2] for row in rows):,.0f} GB\n")


if __name__ == "__main__":
    main()
