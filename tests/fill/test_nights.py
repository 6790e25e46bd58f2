"""Nights of random small networks, judged by replay: the judge shares no code with the planner of fills."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cdnplan.errors import InputError, NoFeasiblePlanError
from cdnplan.evaluate.verify import verify
from cdnplan.parameters.parameters import DEFAULTS, Parameters
from cdnplan.planner import PlanRequest, plan
from tests.fill.random_networks import Case, case
from tests.planner.plans import rows, write_network


def two_nights(
    seed: int, folder: Path, gap_ratio: float = 0.05, parameters: Parameters = DEFAULTS
) -> list[Path]:
    """Plans of two nights, the second with holdings of the field that differ a little; those that exist."""
    made = case(seed)
    rng = np.random.default_rng([seed, 18])
    first = replace(
        _write(made, 0, folder / "one"), engine="fast", gap_ratio=gap_ratio, parameters=parameters
    )
    if not _planned(first):
        return []
    held = [(r["appliance"], r["file"]) for r in rows(first.out, "placement")]
    told = [pair for pair in held if rng.random() > 0.1]
    pa_csv.write_csv(
        pa.table({"appliance": [a for a, _ in told], "file": [f for _, f in told]}), folder / "field.csv"
    )
    second = replace(
        _write(made, 1, folder / "two"),
        engine="fast",
        gap_ratio=gap_ratio,
        parameters=parameters,
        previous=first.out,
        holdings=folder / "field.csv" if told and rng.random() < 0.5 else None,
    )
    return [first.out, second.out] if _planned(second) else [first.out]


def _write(made: Case, night: int, folder: Path) -> PlanRequest:
    return write_network(folder, made.topology, made.catalog, made.demands[night])


def _planned(request: PlanRequest) -> bool:
    """Whether there is a plan; where a rule cannot be kept in the night there is none, and nothing else."""
    try:
        plan(request)
    except (NoFeasiblePlanError, InputError) as error:
        assert "pin" in str(error)
        return False
    return True


# The night is what is judged here: most plans need not be close to the best for it, and take a moment then.
@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from([1.0, 1.0, 0.05]))
@example(2, 0.05)  # nodes of a search tree with equal bounds
def test_every_night_stands_up_to_its_replay(seed: int, gap_ratio: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for made in two_nights(seed, Path(folder), gap_ratio):
            report = verify(made)
            assert report.ok, "\n".join(str(check) for check in report.failed)


def tally(seeds: range) -> dict[str, Any]:
    """Plan and judge many; what was found, and what kinds of fills and reasons came up."""
    found: Counter[str] = Counter()
    failed: list[str] = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            plans = two_nights(seed, Path(folder))
            found["without a plan"] += 2 - len(plans) if plans else 1
            for made in plans:
                report = verify(made)
                found["nights"] += 1
                failed += [f"{seed}: {check}" for check in report.failed]
                for name, column in (("fills", "kind"), ("unfilled", "reason")):
                    found.update(f"{name} {row[column]}" for row in rows(made, name))
    return {"found": dict(sorted(found.items())), "failed": failed}


def main() -> None:
    """Judge many nights: ``python -m tests.fill.test_nights --first 0 --count 300``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=300)
    given_ = parser.parse_args()
    print(json.dumps(tally(range(given_.first, given_.first + given_.count)), indent=2))


if __name__ == "__main__":
    main()
