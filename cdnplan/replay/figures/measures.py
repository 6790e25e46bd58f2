"""Figures of one policy in one period: offload, rates, fill traffic and its waste."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance, Ints, Ints32
from cdnplan.optimize.problem.arrays import RowDemand
from cdnplan.replay.cases.planning import Planned
from cdnplan.replay.figures import measure_kernels as kernels
from cdnplan.replay.requests.places import Places
from cdnplan.replay.requests.stream import Stream
from cdnplan.replay.serving.route_kernels import Candidates, Classes
from cdnplan.replay.serving.routed import CACHED, FROM_ORIGIN, FROM_PARENT, PLANNED, Outcome, Period
from cdnplan.replay.serving.routes import Routes
from cdnplan.units import BITS_PER_BYTE, HOURS_PER_DAY, SECONDS_PER_HOUR

Bools = npt.NDArray[np.bool_]

HIGH_RATIO = 0.95
"""Percentile of hourly rates that is reported besides the peak."""


@dataclass(frozen=True, slots=True)
class Fill:
    """Bytes fetched into caches [GB].

    Parameters
    ----------
    window_gb, outside_gb : float
        In and out of the sites' fill windows.
    waste_gb : float
        Fetched and not served once in the period.
    """

    window_gb: float
    outside_gb: float
    waste_gb: float

    def plus(self, other: Fill) -> Fill:
        """Both together."""
        return Fill(
            self.window_gb + other.window_gb,
            self.outside_gb + other.outside_gb,
            self.waste_gb + other.waste_gb,
        )


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate over the hours of a period [Gbit/s]: the largest, and what 95% of the hours do not exceed."""

    peak_gbps: float
    p95_gbps: float


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """What a policy did in a period; all bytes and plays are those that the sample stands for.

    Parameters
    ----------
    demand_gb, planned_gb, cached_gb, parent_gb, origin_gb : float
        All bytes, and who served them [GB].
    plays, origin_plays : float
    origin : Rate
    link : tuple of Rate
        Of each link with a capacity.
    fill : Fill
    """

    demand_gb: float
    planned_gb: float
    cached_gb: float
    parent_gb: float
    origin_gb: float
    plays: float
    origin_plays: float
    origin: Rate
    link: tuple[Rate, ...]
    fill: Fill

    @property
    def byte_offload_ratio(self) -> float:
        """Share of bytes served by appliances."""
        return 1.0 - self.origin_gb / self.demand_gb if self.demand_gb > 0 else 1.0

    @property
    def request_offload_ratio(self) -> float:
        """Share of plays served by appliances."""
        return 1.0 - self.origin_plays / self.plays if self.plays > 0 else 1.0


def measure(period: Period, places: Places, outcome: Outcome, fill: Fill) -> Figures:
    """Count what a policy did.

    Parameters
    ----------
    period : Period
    places : Places
    outcome : Outcome
    fill : Fill

    Returns
    -------
    Figures
    """
    stream = period.stream
    by_tier = np.bincount(outcome.tier, stream.gb, minlength=4)
    origin = outcome.tier == FROM_ORIGIN
    return Figures(
        demand_gb=float(by_tier.sum()),
        planned_gb=float(by_tier[PLANNED]),
        cached_gb=float(by_tier[CACHED]),
        parent_gb=float(by_tier[FROM_PARENT]),
        origin_gb=float(by_tier[FROM_ORIGIN]),
        plays=float(stream.plays.sum()),
        origin_plays=float(stream.plays[origin].sum()),
        origin=rate(_by_hour(stream, origin)),
        link=_links(period, places, outcome),
        fill=fill,
    )


def rate(hour_gb: Floats) -> Rate:
    """Peak and 95th percentile of a rate given as bytes per hour.

    Parameters
    ----------
    hour_gb : (n_hours,) float64
        [GB]

    Examples
    --------
    >>> rate(np.array([450.0, 900.0]))
    Rate(peak_gbps=2.0, p95_gbps=2.0)
    """
    gbps = hour_gb * BITS_PER_BYTE / SECONDS_PER_HOUR
    high = float(np.quantile(gbps, HIGH_RATIO, method="higher"))
    return Rate(round(float(gbps.max(initial=0.0)), 9), round(high, 9))


def _by_hour(stream: Stream, chosen: Bools) -> Floats:
    """Bytes of some requests by hour, (n_hours,) [GB]."""
    gb = np.bincount(stream.hour[chosen], stream.gb[chosen], minlength=stream.hours)
    return gb.astype(np.float64)


def _links(period: Period, places: Places, outcome: Outcome) -> tuple[Rate, ...]:
    """Rates of links with a capacity, on the path of who served each request."""
    instance, stream = period.instance, period.stream
    if instance.n_links == 0:
        return ()
    path = _serving_path(instance, places, outcome, stream.region)
    loads = np.zeros((instance.n_links, stream.hours))
    kernels.add_links(path, stream.hour, stream.gb, *instance.path_links, loads)
    return tuple(rate(row) for row in loads)


def _serving_path(instance: Instance, places: Places, outcome: Outcome, region: Ints32) -> Ints:
    """Path that the bytes of each request take.

    What a parent serves takes the path of the region's own candidate there, or, where it is none, that of
    the site that asked it.
    """
    path = np.where(outcome.tier == FROM_ORIGIN, instance.cand_pool.size + region, outcome.entry)
    for i in np.flatnonzero(outcome.tier == FROM_PARENT).tolist():
        above = places.parent[places.pool_site[instance.cand_pool[path[i]]]]
        first, end = instance.cand_ptr[region[i]], instance.cand_ptr[region[i] + 1]
        there = np.flatnonzero(places.pool_site[instance.cand_pool[first:end]] == above)
        if there.size:
            path[i] = first + there[0]
    return np.asarray(path, dtype=np.int64)


def reactive_fill(
    period: Period, places: Places, outcome: Outcome, windows: Bools, *, parents: bool = False
) -> Fill:
    """What reactive caches fetched: the bytes played of every miss that went through a site.

    Parameters
    ----------
    period : Period
    places : Places
    outcome : Outcome
    windows : (n_sites, 24) bool
        UTC hours within each site's fill window.
    parents : bool
        Whether parents fetch what they lack themselves.

    Returns
    -------
    Fill
    """
    instance, stream = period.instance, period.stream
    asked = np.flatnonzero((outcome.entry >= 0) & (outcome.tier != PLANNED))
    site = places.pool_site[instance.cand_pool[outcome.entry[asked]]]
    tier, hour, gb = outcome.tier[asked], stream.hour[asked] % HOURS_PER_DAY, stream.gb[asked]
    pair = site * instance.n_files + stream.file[asked]
    missed = tier != CACHED
    inside = windows[site, hour]
    window = float(gb[missed & inside].sum())
    outside = float(gb[missed & ~inside].sum())
    served = np.unique(pair[~missed])
    waste = float(gb[missed][~np.isin(pair[missed], served)].sum())
    # A parent that had to fetch as well fetched for itself and the site below.
    above = places.parent[site]
    twice = (tier == FROM_ORIGIN) & (above >= 0)
    if parents:
        over = windows[np.maximum(above, 0), hour]
        window += float(gb[twice & over].sum())
        outside += float(gb[twice & ~over].sum())
    return Fill(window, outside, waste)


def plan_fill(planned: Planned, served_plays: npt.NDArray[np.float32]) -> Fill:
    """What a plan had fetched, all in its windows, and what of it nobody is expected to have asked for.

    Parameters
    ----------
    planned : Planned
    served_plays : (n_pools, n_files) float32
        Plays that each pool is expected to serve of each file in the period, from `expected_plays_by_pool`.

    Returns
    -------
    Fill
        Waste counts each copy's bytes by the chance, exp(−plays), that it is not played once.
    """
    if planned.fill_gb is None:
        return Fill(0.0, 0.0, 0.0)
    total = float(planned.fill_gb.sum(dtype=np.float64))
    pool, file = np.nonzero(planned.fill_gb)
    gb = planned.fill_gb[pool, file].astype(np.float64)
    return Fill(total, 0.0, float(gb @ np.exp(-served_plays[pool, file].astype(np.float64))))


def expected_plays_by_pool(
    instance: Instance, routes: Routes, holds: Bools, shares: Floats, play_gb: float, days: float
) -> npt.NDArray[np.float32]:
    """Plays that each pool is expected to serve of each file, (n_pools, n_files).

    Parameters
    ----------
    instance : Instance
        The demand that came, with 24 slices.
    routes : Routes
    holds : (n_pools, n_files) bool
    shares : (n_regions, 24) float64
        Share of a day's bytes in each hour.
    play_gb : float
        Bytes of a play [GB].
    days : float
        Length [days].
    """
    plays = np.zeros((instance.n_pools, instance.n_files), dtype=np.float32)
    each = np.minimum(play_gb, instance.size_gb)
    region = np.repeat(np.arange(instance.n_regions), np.diff(routes.row_ptr))
    row = np.repeat(np.arange(region.size), np.diff(routes.ptr))
    ratio = (routes.served * shares[region[row]]).sum(axis=1)
    share = instance.region_share * (days / instance.period_days)
    kernels.add_plays(
        RowDemand.of(instance)._replace(region_share=share),
        each,
        Candidates(instance.cand_ptr, instance.cand_pool),
        holds,
        Classes(routes.row_ptr, routes.mask),
        routes.ptr,
        routes.entry,
        ratio,
        plays,
    )
    return plays
