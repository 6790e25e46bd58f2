"""Requests of one or more periods through planned content, reactive caches and their parents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.replay.caches.caches import BLIND, BOUNDS, Sizes, distinct, run_cache
from cdnplan.replay.caches.corrected import CORRECTED, run_corrected
from cdnplan.replay.caches.prefill import Prefill, fetched_gb
from cdnplan.replay.caches.warmup import Warmup
from cdnplan.replay.requests.places import Places
from cdnplan.replay.serving.routed import CACHED, FROM_PARENT, Outcome, Routed
from cdnplan.units import BITS_PER_BYTE, SECONDS_PER_HOUR

Bools = npt.NDArray[np.bool_]

_SHUFFLE = 7919.0
"""Turns a request's draw into another one."""

_NOBODY = np.zeros(0, dtype=np.int64)

Tick = Callable[[float], None]
"""Called with the share of the work that is done."""


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """What one policy made of the requests, by period.

    Parameters
    ----------
    alone, with_parent : tuple of Outcome
        Without and with a shared parent tier; the same where no site has a parent.
    lagged, lagged_with_parent : tuple of Outcome
        With what caches held when each period began, and nothing else all through it.
    given_gb, given_gb_with_parent : (n_periods, 2) float64
        Bytes fetched for what caches were given when each period began, and those of them that were not
        asked for in it [GB].
    """

    alone: tuple[Outcome, ...]
    with_parent: tuple[Outcome, ...]
    lagged: tuple[Outcome, ...]
    lagged_with_parent: tuple[Outcome, ...]
    given_gb: Floats
    given_gb_with_parent: Floats


def simulate(
    policy: str,
    routed: Routed,
    places: Places,
    storage_gb: Floats,
    sizes: Sizes,
    warmup: Warmup,
    tick: Tick = lambda _: None,
    *,
    prefill: Prefill | None = None,
    lagged: bool = True,
) -> Simulated:
    """Run all sites' caches under one policy.

    Parameters
    ----------
    policy : str
        Key of `cdnplan.replay.caches.caches.POLICIES`, or `CORRECTED`.
    routed : Routed
    places : Places
    storage_gb : (n_sites,) float64
        Storage of each site's cache [GB].
    sizes : Sizes
    warmup : Warmup
        What caches hold and have seen before the first period.
    tick : callable
    prefill : Prefill or None
        What they are given when each period begins; `CORRECTED` needs it.
    lagged : bool
        Whether outcomes with the same lag are wanted; without, they mean nothing.

    Returns
    -------
    Simulated
    """
    lagged = lagged and policy not in BOUNDS and policy not in BLIND and prefill is None
    run = _Run(policy, routed, places, storage_gb, sizes, warmup, prefill, lagged)
    own = run.edges(tick)
    first = _tiers(routed, own.hit, np.zeros(own.hit.size, dtype=np.bool_))
    late = _tiers(routed, own.lagged, np.zeros(own.hit.size, dtype=np.bool_))
    if not places.has_parents:
        alone, behind = routed.split(first), routed.split(late)
        return Simulated(alone, alone, behind, behind, own.given_gb.sum(axis=0), own.given_gb.sum(axis=0))
    both = run.parents(own)
    return Simulated(
        routed.split(first),
        routed.split(_tiers(routed, both.hit, both.above)),
        routed.split(late),
        routed.split(_tiers(routed, both.lagged, both.lagged_above)),
        own.given_gb.sum(axis=0),
        both.given_gb.sum(axis=0),
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
    given_gb: Floats
    """By site, period, and whether all or only what was not asked for, (n_sites, n_periods, 2) [GB]."""


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What one cache did: hits live and lagged, what it held at first, bytes it was given."""

    hit: Bools
    lagged: Bools
    held: Bools
    given_gb: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Both:
    hit: Bools
    above: Bools
    lagged: Bools
    lagged_above: Bools
    given_gb: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """One policy on all sites."""

    policy: str
    routed: Routed
    places: Places
    storage_gb: Floats
    sizes: Sizes
    warmup: Warmup
    prefill: Prefill | None
    lagged: bool

    def edges(self, tick: Tick) -> _Edges:
        """Every site with its own requests."""
        routed, n = self.routed, self.routed.file.size
        hit, lagged = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
        held: dict[int, Bools] = {}
        given_gb = np.zeros((len(self.places.sites), len(routed.periods), 2))
        order = np.argsort(routed.site, kind="stable")
        bounds = np.searchsorted(routed.site[order], np.arange(len(self.places.sites) + 1))
        for site in range(len(self.places.sites)):
            mine = order[bounds[site] : bounds[site + 1]]
            above = self.places.parent[site] >= 0
            if mine.size or above:
                found = self._cache(site, mine, self.warmup.requests(site))
                hit[mine], lagged[mine], given_gb[site] = found.hit, found.lagged, found.given_gb
                if above:
                    held[site] = found.held
            tick((site + 1) / len(self.places.sites))
        return _Edges(hit, lagged, held, given_gb)

    def parents(self, own: _Edges) -> _Both:
        """Parents with their own requests and what their children lack, in order of time."""
        routed, places = self.routed, self.places
        nothing = np.zeros_like(own.hit)
        both = _Both(own.hit.copy(), nothing, own.lagged.copy(), nothing.copy(), own.given_gb.copy())
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
            found = self._cache(parent, asked, warm, below)
            planned = self._planned(asked, parent)
            mine = routed.site[asked] == parent
            both.hit[asked[mine]] = found.hit[mine]
            both.above[asked[~mine]] = found.hit[~mine] | planned[~mine]
            both.given_gb[parent] = found.given_gb
            if not self.lagged:
                continue
            # With what was held when each period began, children lack other files.
            asked = np.flatnonzero((routed.site == parent) | (children & ~own.lagged))
            asked = asked[self._room(asked, parent)]
            late = self._cache(parent, asked, warm).lagged
            mine = routed.site[asked] == parent
            both.lagged[asked[mine]] = late[mine]
            both.lagged_above[asked[~mine]] = late[~mine] | self._planned(asked, parent)[~mine]
        return both

    def _cache(self, site: int, mine: Ints, warm: Ints, below: Ints = _NOBODY) -> _Found:
        """Some requests at a site, which may be the parent of others."""
        routed, stock, prefill = self.routed, self.warmup.stock[site], self.prefill
        storage = self.sizes.storage(self.storage_gb[site])
        period, asked = routed.period[mine], routed.file[mine]
        starts = np.searchsorted(period, np.arange(len(routed.periods)))
        given = () if prefill is None else prefill.of(site)
        if self.policy == CORRECTED and prefill is not None:
            # It counts anew in each period, so that there is nothing to warm up.
            run = run_corrected(
                storage,
                self.sizes.file,
                stock,
                asked,
                starts.tolist(),
                given=given,
                expected=prefill.foreseen(site, below),
                strength=prefill.strength,
                play_gb=prefill.play_gb,
            )
            hit = run.hit
        else:
            files = np.concatenate([stock, warm, asked])
            begun = stock.size + warm.size
            run = run_cache(
                self.policy,
                storage,
                self.sizes.file,
                files,
                warm=begun,
                marks=(begun + starts).tolist(),
                given=given,
                looked_for=self._looked_for(site, files[:begun], asked, starts),
            )
            hit = run.hit[begun:]
        held = run.held[0]
        if self.policy in BLIND:
            held = np.zeros(self.sizes.file.size, dtype=np.bool_)
            held[stock] = True
        given_gb = fetched_gb(given, run.held, self.warmup.size_gb, period[hit], asked[hit], len(starts))
        return _Found(hit, run.held[period, asked], held, given_gb)

    def _looked_for(self, site: int, before: Ints, asked: Ints, starts: Ints) -> list[Ints]:
        """Files whose presence matters when each period begins."""
        n_files = self.sizes.file.size
        ends = np.append(starts[1:], asked.size)
        found: list[Ints] = []
        for k, (begin, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            # Requests of the period are hits of the lagged cache where it is there.
            wanted = [asked[begin:end]] if self.lagged else []
            wanted += [] if self.prefill is None else [self.prefill.of(site)[k]]
            # What a site does not hold at first, its parent is asked for before the first period.
            wanted += [before] if k == 0 and self.places.parent[site] >= 0 else []
            joined = np.concatenate(wanted) if wanted else _NOBODY
            found.append(distinct(joined, n_files))
        return found

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
