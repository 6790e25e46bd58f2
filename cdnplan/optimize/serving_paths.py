"""Ways to serve regions, and which limits they use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.model.instance import Floats, Instance, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """A path for each candidate entry, under its number, then one from the origin for each region.

    Limits are pools, then links: link e is limit ``n_pools + e``.

    Parameters
    ----------
    region : (n_paths,) int64
    cost : (n_paths,) float64
        [currency/GB]
    use_path, use_limit : (n_uses,) int64
        Every path with every limit it uses, by path.
    use_ptr : (n_paths + 1,) int64
        Where each path starts in those.
    capacity : (n_limits,) float64
        [Gbit/s]
    gbps_per_gb : (n_regions, n_slices) float64
    use_weight : (n_uses,) float64 or None
        Part of a path's load that the limit bears; None: all.
    """

    region: Ints
    cost: Floats
    use_path: Ints
    use_limit: Ints
    use_ptr: Ints
    capacity: Floats
    gbps_per_gb: Floats
    use_weight: Floats | None = None

    @classmethod
    def of(cls, instance: Instance) -> Paths:
        """Collect the paths of an instance."""
        regions, n_cand = np.arange(instance.n_regions), instance.cand_pool.size
        cand_owner = _owners(instance.cand_link_ptr)
        origin_owner = _owners(instance.origin_link_ptr)
        path = np.concatenate([np.arange(n_cand), cand_owner, n_cand + origin_owner])
        limit = np.concatenate(
            [
                instance.cand_pool,
                instance.n_pools + instance.cand_link.astype(np.int64),
                instance.n_pools + instance.origin_link.astype(np.int64),
            ]
        ).astype(np.int64)
        order = np.lexsort((limit, path))
        counts = np.bincount(path, minlength=n_cand + instance.n_regions)
        return cls(
            region=np.concatenate([np.repeat(regions, np.diff(instance.cand_ptr)), regions]),
            cost=np.concatenate([instance.cand_cost, instance.origin_cost]),
            use_path=path[order],
            use_limit=limit[order],
            use_ptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            capacity=np.concatenate([instance.throughput_gbps, instance.link_capacity_gbps]),
            gbps_per_gb=instance.gbps_per_gb,
        )

    def load(self, gb: Floats) -> Floats:
        """Load of each limit in each slice, (n_limits, n_slices) [Gbit/s], from GB on each path."""
        gb, region = gb[self.use_path], self.region[self.use_path]
        if self.use_weight is not None:
            gb = gb * self.use_weight
        loads = np.zeros((self.capacity.size, self.gbps_per_gb.shape[1]))
        for t in range(loads.shape[1]):
            flow = gb * self.gbps_per_gb[region, t]
            loads[:, t] = np.bincount(self.use_limit, flow, minlength=self.capacity.size)
        return loads

    def uses(self, path: Ints) -> tuple[Ints, Ints]:
        """Every limit that some paths use: the position in `path`, and the limit; flat, (.,) each."""
        position, use = self._positions(path)
        return position, self.use_limit[use]

    def weights(self, path: Ints) -> Floats:
        """What the limits in `uses` bear of a path's load."""
        _, use = self._positions(path)
        return np.ones(use.size) if self.use_weight is None else self.use_weight[use]

    def _positions(self, path: Ints) -> tuple[Ints, Ints]:
        """Position in `path`, and among the uses, of every use of some paths; flat."""
        length = self.use_ptr[path + 1] - self.use_ptr[path]
        offset = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
        position = np.repeat(np.arange(path.size), length)
        return position, np.repeat(self.use_ptr[path], length) + offset


def _owners(ptr: Ints) -> Ints:
    return np.repeat(np.arange(ptr.size - 1), np.diff(ptr))
