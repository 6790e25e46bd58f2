"""Bytes not served by the best place, by cause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.evaluate.signatures import row_demand
from cdnplan.model.instance import Floats, Instance
from cdnplan.model.placement import Placement


@dataclass(frozen=True, slots=True, eq=False)
class Misses:
    """Why bytes came from further away than they might have.

    Parameters
    ----------
    content_gb : (n_regions,) float64
        No candidate of the region holds the file: the origin has to serve it [GB].
    capacity_gb : (n_regions,) float64
        A candidate holds the file, but a dearer one or the origin serves it, for want of throughput or
        link capacity; at least so much, as only the GB per pool are known [GB].
    """

    content_gb: Floats
    capacity_gb: Floats


def misses(instance: Instance, placement: Placement, served_gb: Floats) -> Misses:
    """Split the misses of a serving by cause.

    Parameters
    ----------
    instance : Instance
    placement : Placement
    served_gb : (n_cand,) float64
        [GB per period]

    Returns
    -------
    Misses
    """
    content = np.zeros(instance.n_regions)
    capacity = np.zeros(instance.n_regions)
    for r in range(instance.n_regions):
        start, end = int(instance.cand_ptr[r]), int(instance.cand_ptr[r + 1])
        file, gb = row_demand(instance, r)
        first = np.full(file.size, end - start)
        for k in reversed(range(end - start)):
            first[placement.holds[instance.cand_pool[start + k], file]] = k
        best = np.bincount(first, weights=gb, minlength=end - start + 1)
        content[r] = best[-1]
        # A candidate that serves less than what it is the best place for was passed over for the rest.
        capacity[r] = np.maximum(0.0, best[:-1] - served_gb[start:end]).sum()
    return Misses(content, capacity)
