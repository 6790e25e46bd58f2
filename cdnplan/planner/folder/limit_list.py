"""All limits of an instance in one list, whatever their family: volume rows, then rate rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.evaluate.count.limits import volume_used
from cdnplan.evaluate.count.loads import rate_used
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.limits.families import FAMILIES, Family
from cdnplan.model.plan.placement import Placement, Prices

PER = np.array([kind.per for kind in FAMILIES])
"""Units of each family in one that prices are shown for."""


@dataclass(frozen=True, slots=True, eq=False)
class LimitList:
    """Limits by their number in the list.

    Parameters
    ----------
    kinds : tuple of Family
    names : tuple of str
    allowed : (n_limits,) float64
        In the family's unit.
    per : (n_limits,) float64
        So many of these are one that prices are shown for.
    fresh : (n_limits,) bool
        Whether new bytes count.
    """

    kinds: tuple[Family, ...]
    names: tuple[str, ...]
    allowed: Floats
    per: Floats
    fresh: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, instance: Instance) -> LimitList:
        """List the limits of an instance."""
        volumes, rates = instance.volumes, instance.rates
        family = np.concatenate([volumes.family, rates.family])
        return cls(
            kinds=tuple(FAMILIES[kind] for kind in family),
            names=volumes.names + rates.names,
            allowed=np.concatenate([volumes.capacity_gb, rates.capacity]),
            per=PER[family],
            fresh=np.append(volumes.fresh, np.zeros(rates.n_rows, dtype=np.bool_)),
        )

    def worth(self, prices: Prices) -> Floats:
        """What one more of each saves, in all slices together, (n_limits,) [currency]."""
        return np.append(prices.volume, prices.rate.sum(axis=1)) * self.per


def limits_used(instance: Instance, placement: Placement, served_gb: Floats, origin_gb: Floats) -> Floats:
    """What is used of each limit, in the slice in which that is most, (n_limits,); as the judge counts it.

    Parameters
    ----------
    instance : Instance
    placement : Placement
    served_gb, origin_gb : (n_cand,), (n_regions,) float64
        [GB per period]
    """
    loads = rate_used(instance, served_gb, origin_gb)
    return np.append(volume_used(instance, placement), loads.max(axis=1, initial=0.0))
