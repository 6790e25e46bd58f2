"""More copies of files of which one copy asks an appliance for more than its share of the pool's load."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cdnplan.fill.deal.appliances import Assignment
from cdnplan.fill.loads.loads import load_chunks, pool_gbps
from cdnplan.fill.loads.room import room_beside
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Placement, Serving
from cdnplan.optimize.problem.rules import exceeds, new_gb

Copies = npt.NDArray[np.uint8]

UNEVEN_RATIO = 0.05
"""No copy shall ask an appliance for more than this above the mean of its pool."""
BUSY_RATIO = 0.1
"""Pools whose mean is below this part of an appliance's throughput have nothing to gain from being even."""
_ROUNDING = 1e-9


def shared_copies(
    instance: Instance, placement: Placement, serving: Serving, assignment: Assignment
) -> Copies | None:
    """Count the copies with which no file keeps a pool from being even.

    However files are dealt out, the busiest appliance has at least the largest load of one copy, so where
    that is more than `UNEVEN_RATIO` above the mean more copies have to share it. Those that are there already
    are kept as long as one fewer would ask for more than the mean: they do not come and go with a load
    that varies a little.

    Parameters
    ----------
    instance : Instance
    placement, serving : Placement, Serving
    assignment : Assignment
        Of this placement.

    Returns
    -------
    (n_pools, n_files) uint8 or None
        At least those asked for; None where these are enough.
    """
    n = instance.pool_appliances
    mean = pool_gbps(instance, serving).max(axis=1, initial=0.0) / n
    busy = (n > 1) & (mean > 0.0) & (mean >= BUSY_RATIO * instance.appliance_throughput_gbps)
    spare = ((instance.held > instance.copies) & placement.holds).any(axis=1)
    wanted: npt.NDArray[np.bool_] = busy & (spare | (assignment.imbalance_ratio > UNEVEN_RATIO))
    if not wanted.any():
        return None
    copies = instance.copies.copy()
    for chunk in load_chunks(instance, placement, serving, wanted=wanted):
        for i in np.flatnonzero(wanted[chunk.first_pool : chunk.first_pool + chunk.n_pools]).tolist():
            p, part = chunk.first_pool + i, slice(int(chunk.ptr[i]), int(chunk.ptr[i + 1]))
            file, load = chunk.file[part], chunk.gbps[part].max(axis=1, initial=0.0) / mean[p]
            enough = np.ceil(load / (1.0 + UNEVEN_RATIO) - _ROUNDING)
            kept = np.minimum(instance.held[p, file], np.ceil(load - _ROUNDING))
            most = min(int(n[p]), np.iinfo(copies.dtype).max)
            needed = np.minimum(np.maximum(enough, kept), most).astype(copies.dtype)
            copies[p, file] = np.maximum(copies[p, file], needed)
    return copies if (copies != instance.copies).any() else None


def with_room(instance: Instance, copies: Copies, assignment: Assignment) -> Copies:
    """Those of some more copies that there is room and time for without removing anything.

    Parameters
    ----------
    instance : Instance
    copies : (n_pools, n_files) uint8
        At least those asked for.
    assignment : Assignment
        With the copies asked for.

    Returns
    -------
    (n_pools, n_files) uint8
        Of each pool all of `copies` or only those asked for.
    """
    wanted, found = replace(instance, copies=copies), instance.copies.copy()
    come = ~assignment.kept
    come_gb = instance.size_gb[assignment.file[come]]
    taken_gb = np.bincount(assignment.pool[come], come_gb, instance.n_pools).astype(np.float64)
    for p in np.flatnonzero((copies != instance.copies).any(axis=1)).tolist():
        rows = assignment.rows(p)
        at, file = assignment.appliance[rows] - 1, assignment.file[rows]
        n, fresh = int(instance.pool_appliances[p]), ~assignment.kept[rows]
        size = instance.size_gb[file]
        free = instance.appliance_storage_gb[p] - np.bincount(at, size, n)
        time = instance.appliance_window_gb[p] - np.bincount(at[fresh], size[fresh], n)
        room = np.maximum(0.0, np.minimum(free, time))
        more_of = np.flatnonzero(copies[p] > instance.copies[p])
        more_gb = float((new_gb(wanted, p, more_of) - new_gb(instance, p, more_of)).sum())
        if exceeds(taken_gb[p] + more_gb, room_beside(instance, taken_gb)[p]):
            continue
        for f in more_of.tolist():
            able = room >= instance.size_gb[f]
            able[at[file == f]] = False
            most = np.argsort(-np.where(able, room, -1.0), kind="stable")
            more = most[: int(copies[p, f]) - int(instance.copies[p, f])]
            if not able[more].all():
                break
            room[more] -= instance.size_gb[f]
        else:
            found[p] = copies[p]
            taken_gb[p] += more_gb
    return found
