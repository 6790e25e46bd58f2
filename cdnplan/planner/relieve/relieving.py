"""Relief of appliances that are asked for more than they can give, one after the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cdnplan.fill.deal.appliances import Assignment
from cdnplan.fill.deal.relief_kernels import Copies, Room, Scene, Shares, relieve_pool
from cdnplan.fill.loads.loads import network, pointers, region_rows
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Placement, Serving
from cdnplan.planner.relieve.changed import Loads, serving_loads
from cdnplan.planner.relieve.spread import Spread


def relieve(instance: Instance, placement: Placement, assignment: Assignment, serving: Serving) -> Spread:
    """Divert what is too much for an appliance or a pool, and leave the rest as it is.

    Of all that loads a limit which is passed and must hold, those (region, signature) pairs are served by
    others first that this costs least per Gbit/s relieved: by other pools which hold them, as far as those,
    the appliances concerned and limits on the way have room, or by the origin; limits that may be passed, and
    are full, cost what their overload costs. Pools follow one another. Greedy: it promises no optimum, but
    after a night hardly anything is to be done.

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
        Within all limits that must hold.
    """
    loads = Loads.of(instance, placement, assignment, serving)
    passed = loads.beyond(instance) | loads.crowded(instance)
    if not passed.any():
        return loads.spread(instance, serving)
    limit = instance.appliance_throughput_gbps
    net = network(instance, serving)
    ptr, rows = region_rows(instance, net, placement, serving.apart)
    room = _room(instance, loads)
    scene = Scene(net, ptr, rows, _copies(instance, assignment), room, _shares(instance, serving))
    for p in np.flatnonzero(passed).tolist():
        relieve_pool(p, scene, float(limit[p]))
    serving = _served(serving, scene.shares)
    owner = np.repeat(np.arange(instance.n_pools), instance.pool_appliances)
    loads = Loads(limit[owner][:, None] - room.appliance, serving_loads(instance, serving))
    return loads.spread(instance, serving)


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


def _room(instance: Instance, loads: Loads) -> Room:
    """What this serving leaves of all limits."""
    rates, limit = instance.rates, np.repeat(instance.appliance_throughput_gbps, instance.pool_appliances)
    return Room(
        appliance=limit[:, None] - loads.appliance,
        row=rates.capacity[:, None] - loads.rate,
        capacity=rates.capacity,
        overload_cost=rates.overload_cost,
        use_ptr=rates.use_ptr,
        use_row=rates.use_row,
        use_weight=rates.use_weight,
        first_origin=instance.cand_pool.size,
    )


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
