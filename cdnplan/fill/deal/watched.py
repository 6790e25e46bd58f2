"""What some appliances serve of each row of demand that comes from their pools."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan.fill.deal import watched_kernels as kernels
from cdnplan.fill.deal.appliances import Assignment
from cdnplan.fill.loads.loads import network, pointers, region_rows
from cdnplan.lanes import in_lanes
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Placement, Serving
from cdnplan.optimize.serve.serving_ways import Watched

Bools = npt.NDArray[np.bool_]


def watched_appliances(
    instance: Instance, placement: Placement, serving: Serving, assignment: Assignment, which: Bools
) -> Watched:
    """Find out how serving loads some appliances.

    Whatever part of a row a pool serves, it serves of each of its files, and copies of a file share that
    evenly. So a row has a fixed part on each appliance, whether its files are told apart by that or not.

    Parameters
    ----------
    instance : Instance
    placement, serving : Placement, Serving
        Must belong together.
    assignment : Assignment
        Where copies are.
    which : (n_appliances,) bool

    Returns
    -------
    Watched
    """
    copies, place = _copies(instance, assignment, which)
    net = network(instance, serving)
    ptr, rows = region_rows(instance, net, placement, serving.apart)
    items, count = np.arange(instance.n_regions), np.zeros(instance.n_regions, dtype=np.int64)
    none = np.zeros(0, dtype=np.int64)

    def run(start: npt.NDArray[Any], size: int) -> tuple[npt.NDArray[Any], ...]:
        out = *(np.zeros(size, dtype=np.int64) for _ in range(3)), np.zeros(size)
        in_lanes(kernels.watched_parts, items, np.diff(ptr), net, copies, ptr, rows, start, count, *out)
        return out

    run(none, 0)
    start = pointers(count)
    row, entry, appliance, part = run(start, int(start[-1]))
    number = place[instance.cand_pool[entry]] + appliance
    own = np.repeat(np.arange(instance.n_pools), instance.pool_appliances)
    return Watched(row, entry, number, part, instance.appliance_throughput_gbps[own[which]])


def _copies(
    instance: Instance, assignment: Assignment, which: Bools
) -> tuple[kernels.WatchedCopies, npt.NDArray[np.int64]]:
    """Copies on watched appliances, and how many such appliances come before each pool's."""
    first = assignment.appliance_ptr
    before = pointers(which)
    pool = assignment.pool.astype(np.int64)
    number = first[pool] + assignment.appliance - 1
    mine = np.flatnonzero(which[number])
    concerned = np.zeros(instance.n_pools, dtype=np.bool_)
    concerned[pool[mine]] = True
    there = np.flatnonzero(concerned[pool])
    cell = pool[there] * instance.n_files + assignment.file[there]
    cells, copies = np.unique(cell, return_counts=True)
    mine = mine[np.lexsort((number[mine], assignment.file[mine], pool[mine]))]
    share = copies[np.searchsorted(cells, pool[mine] * instance.n_files + assignment.file[mine])]
    return (
        kernels.WatchedCopies(
            ptr=pointers(np.bincount(pool[mine], minlength=instance.n_pools)),
            file=assignment.file[mine].astype(np.int64),
            appliance=before[number[mine]] - before[first[pool[mine]]],
            part=1.0 / share,
            number=np.diff(before[first]),
        ),
        before[first[:-1]],
    )
