"""What batches of files use at given prices, as kernels add it up."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cdnplan.compiled import part
from cdnplan.model.instance.instance import Floats, Instance, Ints32
from cdnplan.optimize.problem.arrays import Holding

CHUNKS = 8
"""Chunks of files; a constant, so that sums do not depend on the number of threads."""


class Batch(NamedTuple):
    """Files, (n,), and how many each stands for, (n,)."""

    files: Ints32
    weights: Floats


class Totals(NamedTuple):
    """What files use, by chunk (first index) and added to.

    Parameters
    ----------
    stored, fresh : (n_chunks, n_pools) float64
        [GB]
    served : (n_chunks, n_cand + n_regions) float64
        By entry in the instance's order, then by region from the origin [GB].
    """

    stored: Floats
    fresh: Floats
    served: Floats

    @classmethod
    def none(cls, instance: Instance) -> Totals:
        """Of no files."""
        stored = np.zeros((CHUNKS, instance.n_pools))
        served = np.zeros((CHUNKS, instance.cand_pool.size + instance.n_regions))
        return cls(stored, np.zeros_like(stored), served)

    def loads(self) -> Floats:
        """Stored and new GB by pool, then GB served, (2 * n_pools + n_cand + n_regions,)."""
        return np.concatenate([each.sum(axis=0) for each in self])


@part
def add_stored(p: int, f: int, times: float, holding: Holding, stored: Floats, fresh: Floats) -> None:
    """Add what it takes a pool to hold so many times a file."""
    gb, wanted = times * holding.size[f], np.int64(holding.copies[f, p])
    stored[p] += gb * wanted
    fresh[p] += gb * max(0, wanted - np.int64(holding.held[f, p]))
