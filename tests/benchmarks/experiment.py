"""Coverage and power of trials, from end to end, over many simulated worlds.

    python -m tests.benchmarks.experiment [--trials 1000] [--seed 1]

In every world the design, its smallest detectable effect and its arms are made from the world's own history;
then the trial runs, once with no effect and once with exactly the effect that the design promised to find.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from cdnplan.experiment.assign import draw
from cdnplan.experiment.effect import by_randomisation, estimate
from cdnplan.experiment.observe import observe
from cdnplan.experiment.plan_trial import TrialWish, plan_trial
from cdnplan.experiment.trial import with_effect
from tests.experiment.worlds import single, world


class Setting(NamedTuple):
    """A design and a world: clusters, days of history and autocorrelation."""

    name: str
    wish: TrialWish
    n_clusters: int
    history_days: int
    rho: float


SETTINGS = (
    Setting("pairs, 20 pairs", TrialWish("pairs", n_rows=14), 40, 112, 0.8),
    Setting("pairs, 6 pairs", TrialWish("pairs", n_rows=14), 12, 140, 0.8),
    Setting("strata, 6 of 6", TrialWish("strata", n_rows=14), 36, 112, 0.8),
    Setting("strata, 2 of 4", TrialWish("strata", n_rows=14, stratum_size=4), 8, 140, 0.8),
    Setting("switchback, one network", TrialWish("switchback", n_rows=28), 1, 140, 0.8),
    Setting(
        "switchback, one network, washout",
        TrialWish("switchback", n_rows=60, block_rows=3, washout_rows=1),
        1,
        240,
        0.9,
    ),
    Setting("switchback, 12 clusters crossed", TrialWish("switchback", n_rows=14), 12, 112, 0.8),
)


class Counts(NamedTuple):
    """Shares over trials."""

    covered_ratio: float
    randomised_covered_ratio: float
    power: float
    mean_detectable: float


def outcomes_of(setting: Setting, seed: int) -> Iterator[tuple[float, float, bool, bool, bool]]:
    """One trial: estimate, detectable effect, whether intervals cover zero, whether the effect is found."""
    outcomes = world(seed, setting.n_clusters, setting.history_days + setting.wish.n_rows, setting.rho)
    start = outcomes.day(setting.history_days)
    design = plan_trial(outcomes, single(outcomes), replace(setting.wish, start=start))
    treated = draw(design, seed)
    by_cluster = outcomes.by_cluster(design.cluster_of(outcomes.units), len(design.clusters))
    observed = observe(design, by_cluster, treated)
    none = estimate(observed.seen)
    with_it = estimate(with_effect(observed, design.minimum_detectable, crossed=design.crossed).seen)
    drawn = by_randomisation(observed.seen, seed, draws=999)
    yield (
        none.estimate,
        design.minimum_detectable,
        none.low <= 0 <= none.high,
        drawn.low <= 0 <= drawn.high,
        not with_it.low <= 0 <= with_it.high,
    )


def measure(setting: Setting, trials: int, seed: int) -> Counts:
    """Run many trials in many worlds."""
    found = [row for i in range(trials) for row in outcomes_of(setting, seed * 1_000_000 + i)]
    columns = np.array(found, dtype=float)
    return Counts(
        covered_ratio=float(columns[:, 2].mean()),
        randomised_covered_ratio=float(columns[:, 3].mean()),
        power=float(columns[:, 4].mean()),
        mean_detectable=float(columns[:, 1].mean()),
    )


def main() -> None:
    """Read options, run, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    results = {}
    for setting in SETTINGS:
        began = time.monotonic()
        counts = measure(setting, options.trials, options.seed)
        results[setting.name] = {**counts._asdict(), "seconds": round(time.monotonic() - began, 1)}
        print(json.dumps({setting.name: results[setting.name]}), flush=True)


if __name__ == "__main__":
    main()
