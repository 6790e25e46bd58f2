"""What limits on rates have left to give to a region, in the slices in which it asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cdnplan.evaluate.count.limits import RELATIVE
from cdnplan.evaluate.count.loads import rate_used
from cdnplan.model.instance.instance import Floats, Instance, Ints, Ints32
from cdnplan.model.limits.limits import Bools, RateRows

FULL_RATIO = 1.0 - 1e-6
"""A limit used to this part has nothing left."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Where bytes come from.

    Parameters
    ----------
    cost : float
        [currency/GB]
    rows, weight : (n,) int32, (n,) float64
        Rate rows on the way, and what these bear of a Gbit/s.
    priced : (n,) bool
        Which of the rows may be passed, at a price.
    """

    cost: float
    rows: Ints32
    weight: Floats
    priced: Bools

    @classmethod
    def of_entry(cls, instance: Instance, entry: int) -> Source:
        """A candidate entry."""
        return cls._on(instance, entry, float(instance.cand_cost[entry]))

    @classmethod
    def of_origin(cls, instance: Instance, region: int) -> Source:
        """The origin of a region."""
        return cls._on(instance, instance.cand_pool.size + region, float(instance.origin_cost[region]))

    @classmethod
    def _on(cls, instance: Instance, path: int, cost: float) -> Source:
        rates = instance.rates
        part = slice(int(rates.use_ptr[path]), int(rates.use_ptr[path + 1]))
        rows = rates.use_row[part]
        return cls(cost, rows, rates.use_weight[part], np.isfinite(rates.overload_cost[rows]))

    def new(self, other: Source) -> tuple[Ints32, Floats]:
        """Priced rows that the other one does not use, and their weights."""
        mine = self.priced & ~np.isin(self.rows, other.rows)
        return self.rows[mine], self.weight[mine]


def moved_cost(there: Source, here: Source, gbps_per_gb: Floats, load: Floats, rates: RateRows) -> float:
    """What a GB costs more once it comes from `there` in place of `here`, overload counted.

    Rows on both ways carry what they carried. On the others a GB more is overload where the row is full,
    and a GB less saves some where it is overloaded.

    Parameters
    ----------
    there, here : Source
    gbps_per_gb : (n_slices,) float64
        Of the region [Gbit/s per GB].
    load : (n_rate_rows, n_slices) float64
        In the rows' units.
    rates : RateRows
    """
    (more, heavier), (less, lighter) = there.new(here), here.new(there)
    full = load[more] >= rates.capacity[more, None] * FULL_RATIO
    over = load[less] > rates.capacity[less, None] * (1 + RELATIVE)
    dearer = (full @ gbps_per_gb) @ (heavier * rates.overload_cost[more])
    cheaper = (over @ gbps_per_gb) @ (lighter * rates.overload_cost[less])
    return there.cost - here.cost + float(dearer - cheaper)


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """What may come from a pool.

    Parameters
    ----------
    pool : int
    by_pool_gb, by_link_gb : float
        What limits that must hold let pass, its throughput first, and those that may be passed at a price;
        0 where the first are full in a slice in which the region asks, or where the latter that are full
        make it no cheaper [GB per period].
    rows, weight : (n,) int32, (n,) float64
        Rows on the way that the bytes did not use before, and what these bear of a Gbit/s.
    """

    pool: int
    by_pool_gb: float
    by_link_gb: float
    rows: Ints32
    weight: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """What rate rows bear while bytes are moved; the table changes in place.

    Parameters
    ----------
    instance : Instance
    load : (n_rate_rows, n_slices) float64
        In the rows' units.
    """

    instance: Instance
    load: Floats

    @classmethod
    def after(cls, instance: Instance, served_gb: Floats, origin_gb: Floats) -> Room:
        """What a serving leaves."""
        return cls(instance, rate_used(instance, served_gb, origin_gb))

    def ways(self, region: int, entry: Ints, here: Sequence[Source]) -> list[Way]:
        """What may come through some entries in place of what a region gets from dearer sources.

        Parameters
        ----------
        region : int
        entry : (n,) int64
            Candidate entries of the region.
        here : sequence of Source
            Who serves it at more.

        Returns
        -------
        list of Way
            One for each entry.
        """
        instance, rate = self.instance, self.instance.gbps_per_gb[region]
        asks = np.flatnonzero(rate > 0)
        found = []
        for j in entry.tolist():
            there = Source.of_entry(instance, j)
            strict = there.rows[~there.priced], there.weight[~there.priced]
            by_pool = min((self._room(*one, rate, asks) for one in zip(*strict, strict=True)), default=np.inf)
            by_link, new, weight = self._through(there, here, rate, asks)
            rows, weights = np.append(strict[0], new), np.append(strict[1], weight)
            found.append(Way(int(instance.cand_pool[j]), by_pool, by_link, rows, weights))
        return found

    def _through(
        self, there: Source, here: Sequence[Source], rate: Floats, asks: Ints
    ) -> tuple[float, Ints32, Floats]:
        """GB that priced rows let pass until moving them from the best source pays no more; and the rows."""
        rates = self.instance.rates
        if not here:
            return np.inf, there.rows[there.priced], there.weight[there.priced]
        change = [moved_cost(there, source, rate, self.load, rates) for source in here]
        best = int(np.argmin(change))
        new, weight = there.new(here[best])
        if change[best] >= 0:
            return 0.0, new, weight
        dearest = float(rate.sum()) * float(weight @ rates.overload_cost[new])
        if there.cost - here[best].cost + dearest < 0:
            return np.inf, new, weight
        left = [self._room(*one, rate, asks) for one in zip(new, weight, strict=True)]
        # Those that are full already do not keep it from paying.
        return min((gb for gb in left if gb > 0), default=np.inf), new, weight

    def take(self, region: int, way: Way, gb: float) -> float:
        """Load a way with as much of some bytes as it has room for; gives how much that is [GB]."""
        rate = self.instance.gbps_per_gb[region]
        moved = max(0.0, min(gb, way.by_pool_gb, way.by_link_gb))
        self.load[way.rows] += moved * way.weight[:, None] * rate
        return moved

    def _room(self, row: int, weight: float, rate: Floats, asks: Ints) -> float:
        """GB that a row lets pass besides its load, 0 where it is full in some slice."""
        load, limit = self.load[row, asks], float(self.instance.rates.capacity[row])
        if (load >= limit * FULL_RATIO).any():
            return 0.0
        if weight <= 0.0:
            return np.inf
        return float(((limit - load) / (rate[asks] * weight)).min(initial=np.inf))
