"""Relief of appliances that are asked for more than they can give, one after the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cdnplan.fill.appliances import Assignment
from cdnplan.fill.loads import network, pointers, pool_gbps, region_rows
from cdnplan.fill.relief_kernels import Copies, Room, Scene, Shares, relieve_pool
from cdnplan.model.instance import Instance
from cdnplan.model.placement import Placement, Serving
from cdnplan.optimize.objective import link_loads
from cdnplan.planner.changed import Loads
from cdnplan.planner.spread import Spread

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
    loads = Loads.of(instance, placement, assignment, serving)
    passed = loads.beyond(instance) | loads.crowded(instance)
    if not passed.any():
        return loads.spread(instance, serving)
    limit, throughput = instance.appliance_throughput_gbps, instance.throughput_gbps
    net = network(instance, serving)
    ptr, rows = region_rows(instance, net, placement, serving.apart)
    room = _room(instance, serving, loads)
    scene = Scene(net, ptr, rows, _copies(instance, assignment), room, _shares(instance, serving))
    for p in np.flatnonzero(passed).tolist():
        relieve_pool(p, scene, float(limit[p]), float(throughput[p]))
    serving = _served(serving, scene.shares)
    owner = np.repeat(np.arange(instance.n_pools), instance.pool_appliances)
    return Loads(limit[owner][:, None] - room.appliance, pool_gbps(instance, serving)).spread(
        instance, serving
    )


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


def _room(instance: Instance, serving: Serving, loads: Loads) -> Room:
    """What this serving leaves of all limits."""
    served_gb, origin_gb = serving.candidate_gb(instance), serving.origin_gb(instance)
    return Room(
        appliance=np.repeat(instance.appliance_throughput_gbps, instance.pool_appliances)[:, None]
        - loads.appliance,
        pool=instance.throughput_gbps[:, None] - loads.pool,
        of_link=instance.link_capacity_gbps[:, None] - link_loads(instance, served_gb, origin_gb),
        link_ptr=np.concatenate(
            [instance.cand_link_ptr, instance.cand_link_ptr[-1] + instance.origin_link_ptr[1:]]
        ),
        link=np.concatenate([instance.cand_link, instance.origin_link]),
        first_origin=instance.cand_pool.size,
        least=_ROUNDING * instance.link_capacity_gbps,
        overload_cost=float(instance.overload_cost),
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
