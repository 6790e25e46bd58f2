"""A demand table as a stream of requests: who asks for what, when, and for how many bytes.

A request is one play. It asks for `play_gb` of its file, or for the whole file where that is smaller, so a
pair with v GB in a period is played v / play_gb times on average; plays come as a Poisson process whose rate
follows the policy's day in the region's own time zone. A sampled stream keeps each play with the
same probability: relative rates, and with them the hit ratios of caches in a steady state, stay what they are
[1]_, while everything takes 1 / ratio times as long.

References
----------
.. [1] H. Che, Y. Tung, Z. Wang, "Hierarchical Web caching systems: modeling, design and experimental
   results", IEEE JSAC 20(7), 2002: a file of rate λ is found with probability 1 − exp(−λT), where T solves
   Σ s·(1 − exp(−λT)) = storage; with all rates halved, T doubles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.evaluate.count.signatures import row_demand
from cdnplan.inputs.demand.logged_requests import LoggedRequests
from cdnplan.model.instance.instance import Floats, Instance, Ints, Ints32
from cdnplan.units import BITS_PER_BYTE, HOURS_PER_DAY, SECONDS_PER_HOUR

Floats32 = npt.NDArray[np.float32]

PLAY_GB = 2.0
"""Bytes of one play where nothing else is said: 53 minutes at 5 Mbit/s [GB]."""


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """Requests of one period in order of time.

    Parameters
    ----------
    region, file : (n,) int32
        Indices of the instance.
    time_h : (n,) float64
        Hours since the period began, UTC.
    gb : (n,) float64
        Bytes this request stands for: its own divided by the sampling ratio [GB].
    plays : (n,) float64
        Plays it stands for: 1 / sampling ratio.
    draw : (n,) float64
        A random number in [0, 1) that decides what is left to chance.
    hours : int
        Length of the stream [h].
    """

    region: Ints32
    file: Ints32
    time_h: Floats
    gb: Floats
    plays: Floats
    draw: Floats
    hours: int

    @property
    def size(self) -> int:
        """Number of requests."""
        return int(self.region.size)

    @property
    def hour(self) -> Ints:
        """Whole hour since the period began, (n,) int64."""
        return np.minimum(self.time_h.astype(np.int64), self.hours - 1)


def hour_shares(instance: Instance) -> Floats:
    """Share of a day's bytes in each UTC hour, (n_regions, 24); each row sums to 1.

    Parameters
    ----------
    instance : Instance
        With 24 slices, so that a slice's busiest hour is the hour.
    """
    if instance.n_slices != HOURS_PER_DAY:
        raise ValueError(f"expected {HOURS_PER_DAY} slices, found {instance.n_slices}")
    shares = instance.gbps_per_gb * (instance.period_days * SECONDS_PER_HOUR / BITS_PER_BYTE)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def expected_plays(instance: Instance, play_gb: float, days: float) -> float:
    """Plays that a stream of so many days has on average before it is sampled."""
    asked_gb = np.minimum(play_gb, instance.size_gb)
    weight = np.bincount(instance.region_row, instance.region_share, instance.demand_ptr.size - 1)
    gb = np.repeat(weight, np.diff(instance.demand_ptr)) * instance.demand_gb
    return float((gb / asked_gb[instance.demand_file]).sum() * days / instance.period_days)


def logged_stream(
    instance: Instance,
    logged: LoggedRequests,
    ratio: float | Floats,
    *,
    seed: int,
    days: float | None = None,
) -> Stream:
    """Requests that were logged, each with the bytes that were sent.

    Parameters
    ----------
    instance : Instance
        Their demand, with 24 slices. Where several of its regions draw on one of the log, each request
        is of one of them, drawn by their shares.
    logged : LoggedRequests
    ratio : float or (n_regions,) float64
        Share of the requests to keep, in (0, 1].
    seed : int
        Of these draws.
    days : float or None
        Only the first days [days].

    Returns
    -------
    Stream
    """
    rng = np.random.default_rng([seed, 2])
    hours = logged.hours if days is None else min(logged.hours, max(1, round(days * HOURS_PER_DAY)))
    n = int(np.searchsorted(logged.time_h, hours))
    chance, draw, keep = rng.random((3, n))
    region = np.full(n, -1, dtype=np.int32)
    for row in range(len(logged.regions)):
        mine = np.flatnonzero(logged.region[:n] == row)
        there = np.flatnonzero(instance.region_row == row)
        if there.size and mine.size:
            edges = np.cumsum(instance.region_share[there])
            region[mine] = there[np.searchsorted(edges / edges[-1], chance[mine], side="right")]
    kept = np.broadcast_to(np.asarray(ratio, dtype=np.float64), (instance.n_regions,))
    stays = (region >= 0) & (keep < kept[region])
    region = region[stays]
    plays = 1.0 / kept[region]
    gb = logged.gb[:n][stays] * plays
    return Stream(region, logged.file[:n][stays], logged.time_h[:n][stays], gb, plays, draw[stays], hours)


def draw_stream(
    instance: Instance,
    ratio: float | Floats,
    *,
    seed: int,
    period: int = 0,
    play_gb: float = PLAY_GB,
    days: float | None = None,
) -> Stream:
    """Draw the requests of a period, or of its first days.

    Parameters
    ----------
    instance : Instance
        The demand that came, with 24 slices.
    ratio : float or (n_regions,) float64
        Share of the plays to keep, in (0, 1].
    seed, period : int
        Each region and period has random numbers of its own.
    play_gb : float
        Bytes of a play [GB].
    days : float or None
        Length of the stream [days]; None: the whole period.

    Returns
    -------
    Stream
    """
    days = instance.period_days if days is None else min(days, instance.period_days)
    hours = max(1, round(days * HOURS_PER_DAY))
    whole_days = max(1, -(-hours // HOURS_PER_DAY))
    kept = np.broadcast_to(np.asarray(ratio, dtype=np.float64), (instance.n_regions,))
    asked_gb = np.minimum(play_gb, instance.size_gb)
    shares = hour_shares(instance)
    parts: list[tuple[Ints32, Ints32, Floats, Floats]] = []
    for r in range(instance.n_regions):
        rng = np.random.default_rng([seed, period, r])
        file, gb = row_demand(instance, r)
        mean = gb * (kept[r] * whole_days / instance.period_days) / asked_gb[file]
        drawn = np.repeat(file, rng.poisson(mean))
        day = rng.integers(0, whole_days, drawn.size)
        hour = np.searchsorted(np.cumsum(shares[r])[:-1], rng.random(drawn.size), side="right")
        time_h = day * float(HOURS_PER_DAY) + hour + rng.random(drawn.size)
        draw = rng.random(drawn.size)
        stays = time_h < hours
        count = int(stays.sum())
        parts.append((np.full(count, r, dtype=np.int32), drawn[stays], time_h[stays], draw[stays]))
    region, file, time_h, draw = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(time_h, kind="stable")
    region, file = region[order], file[order]
    plays = 1.0 / kept[region]
    return Stream(region, file, time_h[order], asked_gb[file] * plays, plays, draw[order], hours)
