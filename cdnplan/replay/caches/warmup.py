"""What reactive caches hold and have seen before the first period that counts."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cdnplan.evaluate.count.signatures import row_demand
from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.replay.requests.places import Places

Bools = npt.NDArray[np.bool_]

TURNOVERS = 5.0
"""Requests of the warm-up for each file that fits into a cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Warmup:
    """Warm-up of each site.

    Parameters
    ----------
    stock : tuple of (n,) int64
        Files that each site's cache starts with, the least valuable first.
    plays : (n_sites, n_files) float32
        Plays that regions which come to a site first ask of its cache, as far as was known.
    storage_gb : (n_sites,) float64
        Of each cache [GB].
    size_gb : (n_files,) float64
    holds : tuple of (n_pools, n_files) bool
        Planned content of each period.
    seed : int
    turnovers : float
        Requests for each file that fits into a cache.
    """

    stock: tuple[Ints, ...]
    plays: npt.NDArray[np.float32]
    storage_gb: Floats
    size_gb: Floats
    holds: tuple[Bools, ...]
    seed: int
    turnovers: float
    _drawn: dict[int, npt.NDArray[np.int32]] = field(default_factory=dict)

    def requests(self, site: int, more: npt.NDArray[np.float32] | None = None) -> Ints:
        """What a site's cache is asked for before the first period, drawn by its plays, and by `more`."""
        if more is not None:
            return self._draw(site, more)
        if site not in self._drawn:
            # Every policy asks again.
            self._drawn[site] = self._draw(site, None).astype(np.int32)
        return self._drawn[site].astype(np.int64)

    def _draw(self, site: int, more: npt.NDArray[np.float32] | None) -> Ints:
        plays = self.plays[site].astype(np.float64)
        if more is not None:
            plays += more
        total = float(plays.sum())
        if total <= 0 or self.storage_gb[site] <= 0:
            return np.zeros(0, dtype=np.int64)
        mean_size = float(plays @ self.size_gb) / total
        fit = min(self.storage_gb[site] / mean_size, np.count_nonzero(plays))
        rng = np.random.default_rng([self.seed, 1, site])
        edges = np.cumsum(plays)
        drawn = np.searchsorted(
            edges, rng.random(round(self.turnovers * max(1.0, fit))) * edges[-1], side="right"
        )
        return np.asarray(np.minimum(drawn, plays.size - 1), dtype=np.int64)

    def planned(self, period: Ints, pools: Ints, file: Ints) -> Bools:
        """Whether any of some pools is planned to hold each file in each period, (n,) bool."""
        held = np.zeros(file.size, dtype=np.bool_)
        for pool in pools.tolist():
            for k, holds in enumerate(self.holds):
                mine = period == k
                held[mine] |= holds[pool, file[mine]]
        return held


def site_gb(instance: Instance, places: Places, planned: Bools | None) -> npt.NDArray[np.float32]:
    """GB that each site's cache is asked for by regions that come to it first, (n_sites, n_files).

    Parameters
    ----------
    instance : Instance
    places : Places
    planned : (n_pools, n_files) bool or None
        Files that a candidate of a region is planned to hold are not asked of its caches.
    """
    asked = np.zeros((len(places.sites), instance.n_files), dtype=np.float32)
    for r in range(instance.n_regions):
        pools = instance.cand_pool[instance.cand_ptr[r] : instance.cand_ptr[r + 1]]
        if pools.size == 0:
            continue
        file, gb = row_demand(instance, r)
        if planned is not None:
            gb = np.where(planned[pools][:, file].any(axis=0), 0.0, gb)
        asked[places.pool_site[pools[0]], file] += gb.astype(np.float32)
    return asked


def make_warmup(
    known: Instance,
    places: Places,
    storage_gb: Floats,
    stock: tuple[Ints, ...],
    contents: tuple[Bools, ...],
    *,
    play_gb: float,
    seed: int,
    turnovers: float = TURNOVERS,
) -> Warmup:
    """Prepare requests from what was known before the first period.

    Parameters
    ----------
    known : Instance
        Demand of the earlier period.
    places : Places
    storage_gb : (n_sites,) float64
        Of each cache [GB].
    stock : tuple of (n,) int64
        What each cache starts with.
    contents : tuple of (n_pools, n_files) bool
        Planned content of each period.
    play_gb : float
        Bytes of a play [GB].
    seed : int
    turnovers : float
        Requests for each file that fits.

    Returns
    -------
    Warmup
    """
    plays = site_gb(known, places, contents[0])
    plays /= np.minimum(play_gb, known.size_gb).astype(np.float32)
    return Warmup(stock, plays, storage_gb, known.size_gb, contents, seed, turnovers)


def make_stock(
    places: Places, holds: Bools, planned: Bools, value: Floats, storage_gb: Floats, size_gb: Floats
) -> tuple[Ints, ...]:
    """What the first plan holds beyond planned content, as far as it fits, the least valuable first.

    Parameters
    ----------
    places : Places
    holds, planned : (n_pools, n_files) bool
        The whole first plan, and the part that stays planned.
    value : (n_pools, n_files) float64
        [currency/GB]
    storage_gb : (n_sites,) float64
        Of each cache [GB].
    size_gb : (n_files,) float64

    Returns
    -------
    tuple of (n,) int64
        Of each site.
    """
    stock: list[Ints] = []
    for site in range(len(places.sites)):
        pools = np.flatnonzero(places.pool_site == site)
        rest = (holds[pools] & ~planned[pools]).any(axis=0)
        files = np.flatnonzero(rest)
        order = files[np.lexsort((files, -value[pools][:, files].max(axis=0, initial=0.0)))]
        fits = np.cumsum(size_gb[order]) <= storage_gb[site]
        stock.append(order[fits][::-1].astype(np.int64))
    return tuple(stock)
