"""Ways to serve regions, and which limits they use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.model.instance.instance import Floats, Instance, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """A path for each candidate entry, under its number, then one from the origin for each region.

    Limits are the rate rows of the instance, unless others are added (`serving_ways`).

    Parameters
    ----------
    region : (n_paths,) int64
    cost : (n_paths,) float64
        [currency/GB]
    use_ptr : (n_paths + 1,) int64
        Uses of path i are ``use_ptr[i]:use_ptr[i + 1]``.
    use_limit, use_weight : (n_uses,) int64, float64
        Limits that paths use, and what these bear of a path's load.
    capacity, overload_cost : (n_limits,) float64
        See `RateRows`.
    gbps_per_gb : (n_regions, n_slices) float64
    """

    region: Ints
    cost: Floats
    use_ptr: Ints
    use_limit: Ints
    use_weight: Floats
    capacity: Floats
    overload_cost: Floats
    gbps_per_gb: Floats

    @classmethod
    def of(cls, instance: Instance) -> Paths:
        """Collect the paths of an instance."""
        rates = instance.rates
        return cls(
            region=instance.path_region,
            cost=np.concatenate([instance.cand_cost, instance.origin_cost]),
            use_ptr=rates.use_ptr,
            use_limit=rates.use_row.astype(np.int64),
            use_weight=rates.use_weight,
            capacity=rates.capacity,
            overload_cost=rates.overload_cost,
            gbps_per_gb=instance.gbps_per_gb,
        )

    @property
    def use_path(self) -> Ints:
        """Path of each use, (n_uses,)."""
        return np.repeat(np.arange(self.region.size), np.diff(self.use_ptr))

    @property
    def strict(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Limits that must hold, (n_limits,)."""
        return np.isinf(self.overload_cost)

    def load(self, gb: Floats) -> Floats:
        """Load of each limit in each slice, (n_limits, n_slices), from GB on each path."""
        path = self.use_path
        gb, region = gb[path] * self.use_weight, self.region[path]
        loads = np.zeros((self.capacity.size, self.gbps_per_gb.shape[1]))
        for t in range(loads.shape[1]):
            flow = gb * self.gbps_per_gb[region, t]
            loads[:, t] = np.bincount(self.use_limit, flow, minlength=self.capacity.size)
        return loads

    def tolls(self, price: Floats) -> Floats:
        """What a GB on each path costs by prices of its limits.

        Parameters
        ----------
        price : (n_limits, n_slices) float64
            [currency per unit of the limit]

        Returns
        -------
        (n_paths,) float64
            [currency/GB]
        """
        path = self.use_path
        region, toll = self.region[path], np.zeros(path.size)
        for t in np.flatnonzero(price.any(axis=0)).tolist():
            toll += self.gbps_per_gb[region, t] * price[self.use_limit, t]
        return np.bincount(path, toll * self.use_weight, minlength=self.region.size).astype(np.float64)

    def uses(self, path: Ints) -> tuple[Ints, Ints, Floats]:
        """Every limit that some paths use, flat, (.,) each: the position in `path`, the limit, the weight."""
        length = self.use_ptr[path + 1] - self.use_ptr[path]
        offset = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
        use = np.repeat(self.use_ptr[path], length) + offset
        return np.repeat(np.arange(path.size), length), self.use_limit[use], self.use_weight[use]
