"""What more of a limit is worth: the dual prices of a plan, and their integral over a finite increment.

A price holds for the first TB or Gbit/s only; the more there is, the less the next is worth. The bound of
docs/bound.md, as a function of one limit, is convex, and minus its slope is the price. So the fall of the
bound over an increment, the other prices staying as they are, is the integral of that limit's price: one
maximum along one ray of prices (weak duality [1]_).

References
----------
.. [1] A. M. Geoffrion, "Lagrangean relaxation for integer programming", Mathematical Programming Study 2,
   1974.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cdnplan.model.instance.instance import Instance, Ints
from cdnplan.model.limits.families import CHURN, FAMILIES, FILL, Family
from cdnplan.model.plan.binding import dearest_first
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.file.bound import FileSolver, priced_bound
from cdnplan.planner.folder.limit_list import LimitList

KINDS = tuple(kind.name for kind in FAMILIES if kind not in (FILL, CHURN))
"""Limits that are asked for where nobody says which; what windows of pools let in changes every night."""
LOOKS = 9
"""Looks along the ray of prices: golden sections leave (0.618)^7, 3%, of it, where the bound is flat."""
GOLDEN = (5.0**0.5 - 1.0) / 2.0


@dataclass(frozen=True, slots=True)
class LimitPrice:
    """A limit that is worth something.

    Parameters
    ----------
    kind : Family
    name : str
        A pool, a link direction, a site.
    at : int
        Its number in `LimitList`.
    allowed : float
        What there is of it [`unit`].
    price : float
        What the first one, in all slices, saves [currency].
    """

    kind: Family
    name: str
    at: int
    allowed: float
    price: float

    @property
    def limit(self) -> str:
        """Name of its kind."""
        return self.kind.name

    @property
    def unit(self) -> str:
        """What the price is per."""
        return self.kind.priced_per


@dataclass(frozen=True, slots=True)
class Forecast:
    """What prices say that more of a limit saves.

    Parameters
    ----------
    more : float
        In the limit's `unit`.
    first_order : float
        Price × more: no plan saves more than this against what the plan's prices prove [currency].
    integrated : float
        The integral of the price: with all other prices as they are, the bound falls by so much [currency].
    price_then : float
        What the next one is worth after that [currency].
    """

    more: float
    first_order: float
    integrated: float
    price_then: float


def limit_prices(instance: Instance, prices: Prices) -> tuple[LimitPrice, ...]:
    """List the limits with a price, the dearest first.

    Parameters
    ----------
    instance : Instance
    prices : Prices

    Returns
    -------
    tuple of LimitPrice
    """
    limits = LimitList.of(instance)
    worth, allowed = limits.worth(prices), limits.allowed / limits.per
    found = [
        LimitPrice(limits.kinds[i], limits.names[i], i, float(allowed[i]), float(worth[i]))
        for i in np.flatnonzero(worth > 0).tolist()
    ]
    return tuple(sorted(found, key=lambda p: dearest_first(p.limit, p.name, p.price)))


def with_more(instance: Instance, limit: LimitPrice, more: float) -> Instance:
    """Give a limit more, everything else as it is.

    Parameters
    ----------
    instance : Instance
    limit : LimitPrice
    more : float
        In the limit's `unit`.

    Returns
    -------
    Instance
        Single appliances keep their size: the pool has more of them, if not a whole number.
    """
    volumes, rates = instance.volumes, instance.rates
    raised = np.concatenate([volumes.capacity_gb, rates.capacity])
    raised[limit.at] += more * limit.kind.per
    return replace(
        instance,
        volumes=replace(volumes, capacity_gb=raised[: volumes.n_rows]),
        rates=replace(rates, capacity=raised[volumes.n_rows :]),
    )


def pools_of(instance: Instance, limit: LimitPrice) -> Ints | None:
    """The pools that a limit is about; None where it is about what paths cross on the way, as links are."""
    n_volumes = instance.volumes.n_rows
    if limit.at < n_volumes:
        return instance.volumes.pools_of(limit.at).astype(np.int64)
    return np.array([limit.at - n_volumes]) if limit.at < n_volumes + instance.n_pools else None


class PriceCurve:
    """Bounds of one instance along rays of prices.

    Parameters
    ----------
    instance : Instance
    prices : Prices
        Those that prove its bound.
    """

    def __init__(self, instance: Instance, prices: Prices) -> None:
        self._instance, self._prices = instance, prices
        self._solver = FileSolver.of(instance)
        self.bound = priced_bound(instance, prices, self._solver)

    def forecast(self, limit: LimitPrice, more: float) -> Forecast:
        """Integrate a limit's price over an increment.

        Parameters
        ----------
        limit : LimitPrice
        more : float
            In the limit's `unit`.

        Returns
        -------
        Forecast
        """
        raised = with_more(self._instance, limit, more)
        seen: dict[float, float] = {}

        def bound(ratio: float) -> float:
            if ratio not in seen:
                seen[ratio] = priced_bound(raised, self._scaled(limit, ratio), self._solver)
            return seen[ratio]

        low, high = 0.0, 1.0
        bound(high)
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        while len(seen) < LOOKS:
            if bound(left) > bound(right):
                high, right = right, left
                left = high - GOLDEN * (high - low)
            else:
                low, left = left, right
                right = low + GOLDEN * (high - low)
        best = max(seen, key=lambda ratio: (seen[ratio], -ratio))
        return Forecast(
            more=more,
            first_order=limit.price * more,
            integrated=max(0.0, self.bound - seen[best]),
            price_then=limit.price * best,
        )

    def _scaled(self, limit: LimitPrice, ratio: float) -> Prices:
        volume, rate = self._prices.volume.copy(), self._prices.rate.copy()
        if limit.at < volume.size:
            volume[limit.at] *= ratio
        else:
            rate[limit.at - volume.size] *= ratio
        return replace(self._prices, volume=volume, rate=rate)


def only(prices: Sequence[LimitPrice], kinds: Sequence[str]) -> tuple[LimitPrice, ...]:
    """Those of some kinds of limit."""
    return tuple(price for price in prices if price.limit in kinds)
