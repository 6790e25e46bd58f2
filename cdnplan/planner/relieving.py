"""Relief of appliances that are asked for more than they can give, one after the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cdnplan.fill.appliances import Assignment
from cdnplan.fill.loads import load_chunks, network, pointers, pool_gbps, region_rows
from cdnplan.fill.relief_kernels import Copies, Room, Scene, Shares, relieve_pool
from cdnplan.model.instance import Floats, Instance
from cdnplan.model.placement import Placement, Serving
from cdnplan.optimize.objective import link_loads
from cdnplan.planner.spread import FULL_RATIO, Spread

_ROUNDING = 1e-9


def relieve(instance: Instance, placement: Placement, assignment: Assignment, serving: Serving) -> Spread:
    """Divert what is too much for an appliance or a pool, and leave the rest as it is.

    Of all that loads a limit which is passed, those (region, signature) pairs are served by others first that
    this costs least per Gbit/s relieved: by other pools which hold them, as far as those have room on the
    appliances concerned, or by the origin; links that are full on the way cost what their overload costs.
    Pools follow one another. Greedy: it promises no optimum, but after a night hardly anything is to be done.

    Parameters
    ----------
    instance : Instance
    placement : Placement
    assignment : Assignment
        Where its copies are.
    serving : Serving
        Must belong to the placement.

    Returns
    -------
    Spread
        Within all limits of pools and appliances.
    """
    copies = _copies(instance, assignment)
    room = _room(instance, placement, serving, copies)
    limit, throughput = instance.appliance_throughput_gbps, instance.throughput_gbps
    over = room.pool.min(axis=1, initial=np.inf) < -_ROUNDING * throughput
    owner = np.repeat(np.arange(instance.n_pools), instance.pool_appliances)
    uneven = np.zeros(instance.n_pools, dtype=np.bool_)
    uneven[owner[room.appliance.min(axis=1, initial=np.inf) < -_ROUNDING * limit[owner]]] = True
    if (over | uneven).any():
        net = network(instance, serving)
        ptr, rows = region_rows(instance, net, placement, serving.apart)
        scene = Scene(net, ptr, rows, copies, room, _shares(instance, serving))
        for p in np.flatnonzero(over | uneven).tolist():
            relieve_pool(p, scene, float(limit[p]), float(throughput[p]))
        serving = _served(serving, scene.shares)
    peak = (limit[owner][:, None] - room.appliance).max(axis=1, initial=0.0)
    total = pool_gbps(instance, serving).max(axis=1, initial=0.0)
    full = np.maximum.reduceat(peak, copies.appliance_ptr[:-1]) >= limit * (1 - FULL_RATIO)
    slowed = uneven & full & (total < throughput * (1 - FULL_RATIO))
    return Spread(serving, slowed, peak, total / instance.pool_appliances)


def _copies(instance: Instance, assignment: Assignment) -> Copies:
    """Where the copies of each (pool, file) pair are."""
    pool = assignment.pool.astype(np.int64)
    order = np.argsort(pool * instance.n_files + assignment.file, kind="stable")
    first = assignment.appliance_ptr
    return Copies(
        ptr=pointers(np.bincount(pool, minlength=instance.n_pools)),
        file=assignment.file[order].astype(np.int64),
        appliance=(first[pool] + assignment.appliance - 1)[order],
        appliance_ptr=first,
    )


def _room(instance: Instance, placement: Placement, serving: Serving, copies: Copies) -> Room:
    """What this serving leaves of all limits."""
    served_gb, origin_gb = serving.candidate_gb(instance), serving.origin_gb(instance)
    return Room(
        appliance=np.repeat(instance.appliance_throughput_gbps, instance.pool_appliances)[:, None]
        - _appliance_loads(instance, placement, serving, copies),
        pool=instance.throughput_gbps[:, None] - pool_gbps(instance, serving),
        of_link=instance.link_capacity_gbps[:, None] - link_loads(instance, served_gb, origin_gb),
        link_ptr=np.concatenate(
            [instance.cand_link_ptr, instance.cand_link_ptr[-1] + instance.origin_link_ptr[1:]]
        ),
        link=np.concatenate([instance.cand_link, instance.origin_link]),
        first_origin=instance.cand_pool.size,
        least=_ROUNDING * instance.link_capacity_gbps,
        overload_cost=float(instance.overload_cost),
    )


def _appliance_loads(instance: Instance, placement: Placement, serving: Serving, copies: Copies) -> Floats:
    """Load of each appliance in each slice, copies of a file sharing it evenly [Gbit/s]."""
    loads = np.zeros((int(copies.appliance_ptr[-1]), instance.n_slices))
    single = instance.pool_appliances == 1
    for chunk in load_chunks(instance, placement, serving, wanted=~single):
        pools = slice(chunk.first_pool, chunk.first_pool + chunk.n_pools)
        part = slice(copies.ptr[pools.start], copies.ptr[pools.stop])
        file, appliance = copies.file[part], copies.appliance[part]
        # Copies and what pools hold are in the same order: pool by pool, by file.
        new = np.diff(file, prepend=-1) != 0
        new[copies.ptr[pools][np.diff(chunk.ptr) > 0] - part.start] = True
        held = np.cumsum(new) - 1
        if not np.array_equal(chunk.file, file[new]):
            raise ValueError("appliances hold other files than their pools")
        each = chunk.gbps / np.bincount(held, minlength=chunk.file.size)[:, None]
        for t in range(instance.n_slices):
            loads[:, t] += np.bincount(appliance, each[held, t], minlength=loads.shape[0])
    loads[copies.appliance_ptr[:-1][single]] = pool_gbps(instance, serving)[single]
    return loads


def _shares(instance: Instance, serving: Serving) -> Shares:
    """Shares of all rows, with those that are 0."""
    row_region = np.repeat(np.arange(instance.n_regions), np.diff(serving.ptr))
    at = pointers(np.diff(instance.cand_ptr)[row_region])
    ratio = np.zeros(int(at[-1]))
    ratio[at[serving.share_row()] + serving.slot] = serving.ratio
    return Shares(at, ratio, serving.gb, instance.cand_cost, instance.origin_cost)


def _served(serving: Serving, shares: Shares) -> Serving:
    """The serving of these shares."""
    some = np.flatnonzero(shares.ratio)
    row = np.searchsorted(shares.at, some, side="right") - 1
    return replace(
        serving,
        share_ptr=pointers(np.bincount(row, minlength=serving.gb.size)),
        slot=(some - shares.at[row]).astype(np.int32),
        ratio=shares.ratio[some],
    )
