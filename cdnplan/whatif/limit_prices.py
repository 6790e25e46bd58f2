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
from typing import Literal

import numpy as np

from cdnplan.model.binding import dearest_first
from cdnplan.model.instance import Floats, Instance
from cdnplan.model.placement import Prices
from cdnplan.optimize.bound import FileSolver, priced_bound
from cdnplan.units import GB_PER_TB

Kind = Literal["storage", "throughput", "link"]
KINDS: tuple[Kind, ...] = ("storage", "throughput", "link")
"""Limits that money can raise; windows of filling and rules have prices too, in the plan's table."""
UNIT = {"storage": "TB", "throughput": "Gbps", "link": "Gbps"}
LOOKS = 9
"""Looks along the ray of prices: golden sections leave (0.618)^7, 3%, of it, where the bound is flat."""
GOLDEN = (5.0**0.5 - 1.0) / 2.0


@dataclass(frozen=True, slots=True)
class LimitPrice:
    """A limit that is worth something.

    Parameters
    ----------
    limit : {"storage", "throughput", "link"}
    name : str
        A pool or a link direction.
    at : int
        Its number in the instance.
    allowed : float
        What there is of it [TB or Gbit/s].
    price : float
        What the first TB, or Gbit/s in all slices, saves [currency].
    """

    limit: Kind
    name: str
    at: int
    allowed: float
    price: float

    @property
    def unit(self) -> str:
        """What the price is per."""
        return UNIT[self.limit]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What prices say that more of a limit saves.

    Parameters
    ----------
    more : float
        [TB or Gbit/s]
    first_order : float
        Price × more: no plan saves more than this against what the plan's prices prove [currency].
    integrated : float
        The integral of the price: with all other prices as they are, the bound falls by so much [currency].
    price_then : float
        What the next TB or Gbit/s is worth after that [currency].
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
    limits: tuple[tuple[Kind, tuple[str, ...], Floats, Floats], ...] = (
        ("storage", instance.pools, instance.storage_gb / GB_PER_TB, prices.storage * GB_PER_TB),
        ("throughput", instance.pools, instance.throughput_gbps, prices.throughput.sum(axis=1)),
        ("link", instance.links, instance.link_capacity_gbps, prices.link.sum(axis=1)),
    )
    found = [
        LimitPrice(kind, names[i], int(i), float(allowed[i]), float(price[i]))
        for kind, names, allowed, price in limits
        for i in np.flatnonzero(price > 0)
    ]
    return tuple(sorted(found, key=lambda p: dearest_first(p.limit, p.name, p.price)))


def with_more(instance: Instance, limit: LimitPrice, more: float) -> Instance:
    """Give a limit more, everything else as it is.

    Parameters
    ----------
    instance : Instance
    limit : LimitPrice
    more : float
        [TB or Gbit/s]

    Returns
    -------
    Instance
        Single appliances keep their size: the pool has more of them, if not a whole number.
    """
    if limit.limit == "storage":
        return replace(instance, storage_gb=_raised(instance.storage_gb, limit.at, more * GB_PER_TB))
    if limit.limit == "throughput":
        return replace(instance, throughput_gbps=_raised(instance.throughput_gbps, limit.at, more))
    return replace(instance, link_capacity_gbps=_raised(instance.link_capacity_gbps, limit.at, more))


def _raised(values: Floats, at: int, more: float) -> Floats:
    raised = values.copy()
    raised[at] += more
    return raised


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
            [TB or Gbit/s]

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
        old = self._prices
        if limit.limit == "storage":
            return replace(old, storage=_times(old.storage, limit.at, ratio))
        if limit.limit == "throughput":
            return replace(old, throughput=_times(old.throughput, limit.at, ratio))
        return replace(old, link=_times(old.link, limit.at, ratio))


def _times(values: Floats, at: int, ratio: float) -> Floats:
    scaled = values.copy()
    scaled[at] *= ratio
    return scaled


def only(prices: Sequence[LimitPrice], kinds: Sequence[Kind]) -> tuple[LimitPrice, ...]:
    """Those of some kinds of limit."""
    return tuple(price for price in prices if price.limit in kinds)
