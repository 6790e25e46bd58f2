"""Requests of one or more periods through planned content, reactive caches and their parents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance import Floats, Instance, Ints
from cdnplan.model.placement import Serving
from cdnplan.replay.caches import BLIND, BOUNDS, Sizes, run_cache
from cdnplan.replay.places import Places
from cdnplan.replay.routes import Routes, find_routes
from cdnplan.replay.stream import Stream, hour_shares
from cdnplan.replay.warmup import Warmup
from cdnplan.units import BITS_PER_BYTE, SECONDS_PER_HOUR

Bools = npt.NDArray[np.bool_]

PLANNED, CACHED, FROM_PARENT, FROM_ORIGIN = range(4)
"""Who serves a request: planned content, a reactive cache, its parent, the origin."""

_SHUFFLE = 7919.0
"""Turns a request's draw into another one."""

Tick = Callable[[float], None]
"""Called with the share of the work that is done."""


@dataclass(frozen=True, slots=True, eq=False)
class Period:
    """What came in one period.

    Parameters
    ----------
    start : datetime.date
    instance : Instance
        The demand that came, with 24 slices.
    stream : Stream
    """

    start: dt.date
    instance: Instance
    stream: Stream

    @property
    def shares(self) -> Floats:
        """Share of a day's bytes in each UTC hour, (n_regions, 24)."""
        return hour_shares(self.instance)


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """Planned content of one period, and how the plan steers requests to it."""

    holds: Bools
    steering: Serving | None


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Who served each request of a period.

    Parameters
    ----------
    routes : Routes
    row : (n,) int64
        Row of `routes` of each request.
    entry : (n,) int64
        Candidate entry of its region that it went to, -1 where it went straight to the origin.
    tier : (n,) int8
        `PLANNED`, `CACHED`, `FROM_PARENT` or `FROM_ORIGIN`.
    """

    routes: Routes
    row: Ints
    entry: Ints
    tier: npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Routed:
    """Requests of all periods, sent to their first place."""

    periods: tuple[Period, ...]
    outcomes: tuple[Outcome, ...]
    """Of planned content alone: everything else from the origin."""
    period: Ints
    file: Ints
    time_h: Floats
    gb: Floats
    draw: Floats
    site: Ints
    """Site of the reactive cache that is asked, -1 where none is."""

    def split(self, tier: npt.NDArray[np.int8]) -> tuple[Outcome, ...]:
        """Outcomes by period, with these tiers."""
        bounds = np.searchsorted(self.period, np.arange(len(self.outcomes) + 1))
        return tuple(
            Outcome(one.routes, one.row, one.entry, tier[bounds[k] : bounds[k + 1]])
            for k, one in enumerate(self.outcomes)
        )


def route(
    periods: Sequence[Period],
    places: Places,
    contents: Sequence[Content],
    *,
    reactive: bool,
) -> Routed:
    """Send every request to its first place.

    Parameters
    ----------
    periods : sequence of Period
    places : Places
    contents : sequence of Content
        Of each period.
    reactive : bool
        Whether sites have caches for what is not planned.

    Returns
    -------
    Routed
    """
    outcomes, sites = [], []
    for period, content in zip(periods, contents, strict=True):
        instance, stream = period.instance, period.stream
        routes = find_routes(
            instance, content.holds, places.pool_site, steering=content.steering, reactive=reactive
        )
        row = routes.rows(instance, content.holds, stream)
        entry = routes.entries(row, stream)
        pool = np.append(instance.cand_pool, -1)[entry]
        held = (entry >= 0) & content.holds[pool, stream.file]
        tier = np.where(held, PLANNED, FROM_ORIGIN).astype(np.int8)
        outcomes.append(Outcome(routes, row, entry, tier))
        sites.append(np.where((entry >= 0) & ~held, places.pool_site[pool], -1))
    hours = np.cumsum([0, *(period.stream.hours for period in periods)])
    streams = [period.stream for period in periods]
    return Routed(
        tuple(periods),
        tuple(outcomes),
        np.repeat(np.arange(len(streams)), [stream.size for stream in streams]),
        np.concatenate([stream.file for stream in streams]).astype(np.int64),
        np.concatenate([stream.time_h + hours[k] for k, stream in enumerate(streams)]),
        np.concatenate([stream.gb for stream in streams]),
        np.concatenate([stream.draw for stream in streams]),
        np.concatenate(sites).astype(np.int64),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """What one policy made of the requests, by period.

    Parameters
    ----------
    alone, with_parent : tuple of Outcome
        Without and with a shared parent tier; the same where no site has a parent.
    lagged, lagged_with_parent : tuple of Outcome
        With what caches held when each period began, and nothing else all through it.
    """

    alone: tuple[Outcome, ...]
    with_parent: tuple[Outcome, ...]
    lagged: tuple[Outcome, ...]
    lagged_with_parent: tuple[Outcome, ...]


def simulate(
    policy: str,
    routed: Routed,
    places: Places,
    storage_gb: Floats,
    sizes: Sizes,
    warmup: Warmup,
    tick: Tick = lambda _: None,
) -> Simulated:
    """Run all sites' caches under one policy.

    Parameters
    ----------
    policy : str
        Key of `cdnplan.replay.caches.POLICIES`.
    routed : Routed
    places : Places
    storage_gb : (n_sites,) float64
        Storage of each site's cache [GB].
    sizes : Sizes
    warmup : Warmup
        What caches hold and have seen before the first period.
    tick : callable

    Returns
    -------
    Simulated
    """
    run = _Run(policy, routed, places, storage_gb, sizes, warmup)
    own = run.edges(tick)
    first = _tiers(routed, own.hit, np.zeros(own.hit.size, dtype=np.bool_))
    late = _tiers(routed, own.lagged, np.zeros(own.hit.size, dtype=np.bool_))
    if not places.has_parents:
        return Simulated(routed.split(first), routed.split(first), routed.split(late), routed.split(late))
    both = run.parents(own)
    return Simulated(
        routed.split(first),
        routed.split(_tiers(routed, both.hit, both.above)),
        routed.split(late),
        routed.split(_tiers(routed, both.lagged, both.lagged_above)),
    )


def _tiers(routed: Routed, hit: Bools, above: Bools) -> npt.NDArray[np.int8]:
    tier = np.concatenate([one.tier for one in routed.outcomes])
    tier = np.where(hit, CACHED, tier)
    return np.where(above & ~hit, FROM_PARENT, tier).astype(np.int8)


@dataclass(frozen=True, slots=True, eq=False)
class _Edges:
    """What sites' own requests find, and what sites that have a parent hold when the first period begins."""

    hit: Bools
    lagged: Bools
    held: dict[int, Bools]


@dataclass(frozen=True, slots=True, eq=False)
class _Both:
    hit: Bools
    above: Bools
    lagged: Bools
    lagged_above: Bools


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """One policy on all sites."""

    policy: str
    routed: Routed
    places: Places
    storage_gb: Floats
    sizes: Sizes
    warmup: Warmup

    def edges(self, tick: Tick) -> _Edges:
        """Every site with its own requests."""
        routed, n = self.routed, self.routed.file.size
        hit, lagged = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
        held: dict[int, Bools] = {}
        order = np.argsort(routed.site, kind="stable")
        bounds = np.searchsorted(routed.site[order], np.arange(len(self.places.sites) + 1))
        for site in range(len(self.places.sites)):
            mine = order[bounds[site] : bounds[site + 1]]
            above = self.places.parent[site] >= 0
            if mine.size or above:
                hit[mine], lagged[mine], found = self._cache(site, mine, self.warmup.requests(site))
                if above:
                    held[site] = found
            tick((site + 1) / len(self.places.sites))
        return _Edges(hit, lagged, held)

    def parents(self, own: _Edges) -> _Both:
        """Parents with their own requests and what their children lack, in order of time."""
        routed, places = self.routed, self.places
        both = _Both(own.hit.copy(), np.zeros_like(own.hit), own.lagged.copy(), np.zeros_like(own.hit))
        above = np.append(places.parent, -1)[routed.site]
        for parent in np.unique(places.parent[places.parent >= 0]).tolist():
            below = np.flatnonzero(places.parent == parent)
            children = above == parent
            asked = np.flatnonzero((routed.site == parent) | (children & ~own.hit))
            asked = asked[self._room(asked, parent)]
            lacking = np.zeros(self.sizes.file.size, dtype=np.float32)
            for child in below.tolist():
                lacking += np.where(own.held[child], np.float32(0.0), self.warmup.plays[child])
            warm = self.warmup.requests(parent, lacking)
            found, _, _ = self._cache(parent, asked, warm)
            planned = self._planned(asked, parent)
            mine = routed.site[asked] == parent
            both.hit[asked[mine]] = found[mine]
            both.above[asked[~mine]] = found[~mine] | planned[~mine]
            if self.policy in BOUNDS or self.policy in BLIND:
                continue
            # With what was held when each period began, children lack other files.
            asked = np.flatnonzero((routed.site == parent) | (children & ~own.lagged))
            asked = asked[self._room(asked, parent)]
            _, late, _ = self._cache(parent, asked, warm)
            mine = routed.site[asked] == parent
            both.lagged[asked[mine]] = late[mine]
            both.lagged_above[asked[~mine]] = late[~mine] | self._planned(asked, parent)[~mine]
        return both

    def _cache(self, site: int, mine: Ints, warm: Ints) -> tuple[Bools, Bools, Bools]:
        """Hits of some requests at a site, live and lagged, and what it holds before them."""
        routed, stock = self.routed, self.warmup.stock[site]
        files = np.concatenate([stock, warm, routed.file[mine]])
        begun = stock.size + warm.size
        period = routed.period[mine]
        marks = begun + np.searchsorted(period, np.arange(len(routed.periods)))
        storage = self.sizes.storage(self.storage_gb[site])
        run = run_cache(self.policy, storage, self.sizes.file, files, warm=begun, marks=marks.tolist())
        held = run.held[0]
        if self.policy in BLIND:
            held = np.zeros(self.sizes.file.size, dtype=np.bool_)
            held[stock] = True
        return run.hit[begun:], run.held[period, routed.file[mine]], held

    def _planned(self, asked: Ints, parent: int) -> Bools:
        """Whether a parent is planned to hold what is asked of it."""
        routed = self.routed
        pools = np.flatnonzero(self.places.pool_site == parent)
        return self.warmup.planned(routed.period[asked], pools, routed.file[asked])

    def _room(self, asked: Ints, parent: int) -> Bools:
        """Which requests find room at a parent: children's only in what its own regions leave over."""
        routed = self.routed
        pools = np.flatnonzero(self.places.pool_site == parent)
        child = routed.site[asked] != parent
        hour = routed.time_h[asked].astype(np.int64)
        begins = np.cumsum([0, *(period.stream.hours for period in routed.periods)])
        hours = int(begins[-1])
        need_gb = np.bincount(hour[child], routed.gb[asked[child]], minlength=hours)[:hours]
        need = need_gb * (BITS_PER_BYTE / SECONDS_PER_HOUR)
        spare = np.concatenate(
            [
                one.routes.spare_gbps[pools].sum(axis=0)[np.arange(period.stream.hours) % 24]
                for one, period in zip(routed.outcomes, routed.periods, strict=True)
            ]
        )
        ratio = np.divide(spare, need, out=np.ones(hours), where=need > spare)
        other = routed.draw[asked] * _SHUFFLE % 1.0
        return np.asarray(~child | (other < ratio[np.minimum(hour, hours - 1)]))
