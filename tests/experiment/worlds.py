"""Seeded worlds in which policies do not differ: levels, weekdays, shared and lasting shocks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from cdnplan.experiment.design import Cluster
from cdnplan.experiment.outcomes import Outcomes

START = dt.date(2025, 1, 6)


def lasting(rng: np.random.Generator, n_days: int, n: int, rho: float, spread: float) -> np.ndarray:
    """Errors that last: autoregressive of order 1 with a stationary spread, (n_days, n)."""
    found = np.empty((n_days, n))
    found[0] = spread * rng.standard_normal(n)
    for t in range(1, n_days):
        found[t] = rho * found[t - 1] + spread * np.sqrt(1 - rho**2) * rng.standard_normal(n)
    return found


def world(seed: int, n_clusters: int, n_days: int, rho: float = 0.8) -> Outcomes:
    """A byte offload of about 0.9 for clusters of different size and noise.

    Parameters
    ----------
    seed : int
    n_clusters, n_days : int
    rho : float
        Autocorrelation of the clusters' own and of the common shocks, from day to day.
    """
    rng = np.random.default_rng(seed)
    level = 0.9 + 0.03 * rng.standard_normal(n_clusters)
    size = np.exp(rng.standard_normal(n_clusters))
    noise = 0.01 / size**0.25
    weekday = np.array([0.0, 0.0, 0.001, 0.001, 0.003, 0.006, 0.005])[(np.arange(n_days)) % 7]
    common = lasting(rng, n_days, 1, rho, 0.008)
    # Shocks in common by the kind of region, so that like clusters go together.
    kind = rng.integers(0, 4, n_clusters)
    by_kind = lasting(rng, n_days, 4, rho, 0.006)[:, kind]
    own = lasting(rng, n_days, n_clusters, rho, 1.0) * noise
    volume = 1000 * size * np.exp(0.2 * rng.standard_normal((n_days, n_clusters)))
    figure = level + weekday[:, None] + common + by_kind + own
    names = tuple(f"c{i:03d}" for i in range(n_clusters))
    return Outcomes(START, 1, names, figure * volume, volume, "hit_gb/gb")


def single(outcomes: Outcomes) -> tuple[Cluster, ...]:
    """Every unit a cluster of its own."""
    return tuple(Cluster(name, (name,)) for name in outcomes.units)


def in_clusters(outcomes: Outcomes, sizes: Sequence[int]) -> tuple[Cluster, ...]:
    """So many units in each cluster, in their order."""
    edges = np.cumsum([0, *sizes]).tolist()
    return tuple(Cluster(outcomes.units[a], outcomes.units[a:b]) for a, b in pairwise(edges))


def write_world(path: Path, seed: int, n_clusters: int, n_days: int) -> Outcomes:
    """Write a world as a table of outcomes by region (CSV), and return it."""
    made = world(seed, n_clusters, n_days)
    rows = [
        f"{made.day(t)},{unit},{made.above[t, u]:.6f},{made.below[t, u]:.6f}\n"
        for t in range(n_days)
        for u, unit in enumerate(made.units)
    ]
    path.write_text("date,region,hit_gb,gb\n" + "".join(rows), encoding="utf-8")
    return made
