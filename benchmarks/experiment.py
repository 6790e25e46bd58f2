"""Coverage and power of trials, from end to end, over many simulated worlds.

    python -m benchmarks.experiment [--trials 1000] [--seed 1] [--only "of 1 to 8"]

In every world the design, its smallest detectable effect and its arms are made from the world's own history;
then the trial runs, once with no effect and once with exactly the effect that the design promised to find.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from cdnplan.experiment.assign import draw
from cdnplan.experiment.effect import by_randomisation, estimate
from cdnplan.experiment.observe import observe
from cdnplan.experiment.plan_trial import TrialWish, plan_trial
from cdnplan.experiment.trial import with_effect
from tests.experiment.worlds import in_clusters, world


class Setting(NamedTuple):
    """A design and a world: clusters, days of history, autocorrelation, regions of each cluster in turn."""

    name: str
    wish: TrialWish
    n_clusters: int
    history_days: int
    rho: float
    regions: tuple[int, ...] = (1,)


UNEQUAL = (1, 1, 2, 3, 5, 8)
"""Regions of clusters that are far from equal, as those that share a parent are."""

SETTINGS = (
    Setting("pairs, 12", TrialWish("pairs", n_rows=14), 24, 98, 0.8),
    Setting("strata, 4 of 6", TrialWish("strata", n_rows=14), 24, 98, 0.8),
    Setting("switchback, one network", TrialWish("switchback", n_rows=28), 1, 140, 0.8),
    Setting("switchback, 12 clusters crossed", TrialWish("switchback", n_rows=14), 12, 98, 0.8),
    Setting(
        "switchback, one network, blocks of 3 days, washout",
        TrialWish("switchback", n_rows=60, block_rows=3, washout_rows=1),
        1,
        240,
        0.9,
    ),
    Setting("pairs, 6", TrialWish("pairs", n_rows=14), 12, 140, 0.8),
    Setting("strata, 2 of 4", TrialWish("strata", n_rows=14, stratum_size=4), 8, 140, 0.8),
    Setting("pairs, 12, of 1 to 8 regions", TrialWish("pairs", n_rows=14), 24, 98, 0.8, UNEQUAL),
    Setting("strata, 4 of 6, of 1 to 8 regions", TrialWish("strata", n_rows=14), 24, 98, 0.8, UNEQUAL),
    Setting(
        "switchback, 12 clusters crossed, of 1 to 8 regions",
        TrialWish("switchback", n_rows=14),
        12,
        98,
        0.8,
        UNEQUAL,
    ),
)

RANDOMISED_EVERY = 5
"""Randomisation inference takes longest, so it is made for every fifth trial."""


class Counts(NamedTuple):
    """Shares over trials."""

    trials: int
    covered_ratio: float
    randomised_covered_ratio: float
    power: float
    mean_detectable: float


def outcomes_of(setting: Setting, seed: int) -> tuple[float, float, float, float]:
    """One trial: detectable effect, whether the two intervals cover zero, whether the effect is found."""
    sizes = [setting.regions[c % len(setting.regions)] for c in range(setting.n_clusters)]
    outcomes = world(seed, sum(sizes), setting.history_days + setting.wish.n_rows, setting.rho)
    start = outcomes.day(setting.history_days)
    design = plan_trial(outcomes, in_clusters(outcomes, sizes), replace(setting.wish, start=start))
    treated = draw(design, seed)
    by_cluster = outcomes.by_cluster(design.cluster_of(outcomes.units), len(design.clusters))
    observed = observe(design, by_cluster, treated)
    none = estimate(observed.seen)
    with_it = estimate(with_effect(observed, design.minimum_detectable, crossed=design.crossed).seen)
    covered = float("nan")
    if seed % RANDOMISED_EVERY == 0:
        drawn = by_randomisation(observed.seen, seed, draws=999)
        covered = float(drawn.low <= 0 <= drawn.high)
    return (
        design.minimum_detectable,
        float(none.low <= 0 <= none.high),
        covered,
        float(not with_it.low <= 0 <= with_it.high),
    )


def measure(setting: Setting, trials: int, seed: int) -> Counts:
    """Run many trials in many worlds."""
    found = np.array([outcomes_of(setting, seed * 1_000_000 + i) for i in range(trials)])
    detectable, covered, randomised, rejected = found.T
    return Counts(
        trials=trials,
        covered_ratio=float(covered.mean()),
        randomised_covered_ratio=float(np.nanmean(randomised)),
        power=float(rejected.mean()),
        mean_detectable=float(detectable.mean()),
    )


def main() -> None:
    """Read options, run, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="settings whose names hold this")
    options = parser.parse_args()
    results = {}
    for setting in (one for one in SETTINGS if options.only in one.name):
        began = time.monotonic()
        counts = measure(setting, options.trials, options.seed)
        results[setting.name] = {**counts._asdict(), "seconds": round(time.monotonic() - began, 1)}
        print(json.dumps({setting.name: results[setting.name]}), flush=True)


if __name__ == "__main__":
    main()
