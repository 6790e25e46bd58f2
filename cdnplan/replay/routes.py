"""Where requests go: by the plan's steering, to another holder where there is no room, or to the origin.

Routing is settled for each hour of the day with the load that is expected of it, so that what a sample of the
requests happens to ask for does not fill a pool. All pools work within the throughput that plans may use.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance import Floats, Instance, Ints
from cdnplan.model.placement import Serving
from cdnplan.optimize.signature_kernels import signature_table
from cdnplan.replay import route_kernels as kernels
from cdnplan.replay.stream import Stream
from cdnplan.units import HOURS_PER_DAY

Bools = npt.NDArray[np.bool_]

FULL_RATIO = 1.0 - 1e-6
"""A pool that gives more than this part of its throughput in an hour counts as full."""


@dataclass(frozen=True, slots=True, eq=False)
class Routes:
    """Choices of each class of files: a region's files with the same holders.

    Parameters
    ----------
    row_ptr : (n_regions + 1,) int64
    mask : (n_rows, n_words) uint64
        As in `cdnplan.model.placement.Serving`.
    gb : (n_rows,) float64
        Demand of the period [GB].
    ptr : (n_rows + 1,) int64
    entry : (n_choices,) int64
        Candidate entry.
    served : (n_choices, 24) float64
        Part of the row's load that it takes in each UTC hour; what is missing to 1 comes from the origin.
    spare_gbps : (n_pools, 24) float64
        Throughput that is left over in each UTC hour [Gbit/s].
    full : (n_pools, 24) bool
        Pools that give all they can.
    """

    row_ptr: Ints
    mask: npt.NDArray[np.uint64]
    gb: Floats
    ptr: Ints
    entry: Ints
    served: Floats
    spare_gbps: Floats
    full: Bools

    def rows(self, instance: Instance, holds: Bools, stream: Stream) -> Ints:
        """Row of each request, (n,) int64."""
        return np.asarray(
            kernels.rows_of(
                stream.region,
                stream.file,
                instance.cand_ptr,
                instance.cand_pool,
                holds,
                self.row_ptr,
                self.mask,
            )
        )

    def entries(self, row: Ints, stream: Stream) -> Ints:
        """Candidate entry that serves each request, -1 for the origin, (n,) int64."""
        choice = kernels.choose(row, stream.hour % 24, stream.draw, self.ptr, self.served)
        return np.asarray(np.append(self.entry, -1)[choice])


def find_routes(
    instance: Instance,
    holds: Bools,
    pool_site: Ints,
    *,
    steering: Serving | None = None,
    reactive: bool = False,
) -> Routes:
    """Settle who serves what in every hour.

    Parameters
    ----------
    instance : Instance
        The demand that came, with 24 slices.
    holds : (n_pools, n_files) bool
        What is planned to be held.
    pool_site : (n_pools,) int64
    steering : Serving or None
        How the plan meant to serve its own demand; classes it does not know, or all without it, go to their
        cheapest holder.
    reactive : bool
        Whether sites serve what nobody is planned to hold, out of caches that fill themselves.

    Returns
    -------
    Routes
    """
    ptr, mask, gb = signature_table(instance, holds)
    region = np.repeat(np.arange(instance.n_regions), np.diff(ptr))
    if steering is None:
        planned = np.full(region.size, -1, dtype=np.int64)
        share_ptr, slot, ratio = np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32), np.zeros(0)
    else:
        planned = kernels.matching_rows(region, mask, steering.ptr, steering.mask)
        share_ptr, slot, ratio = steering.share_ptr, steering.slot, steering.ratio
    choice_ptr = np.zeros(region.size + 1, dtype=np.int64)
    entry, level, share = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
    for write in (False, True):
        kernels.list_choices(
            region,
            mask,
            instance.cand_ptr,
            instance.cand_pool,
            pool_site,
            instance.throughput_gbps,
            planned,
            share_ptr,
            slot,
            ratio,
            reactive,
            choice_ptr,
            entry,
            level,
            share,
            write,
        )
        if not write:
            n = int(choice_ptr[-1])
            entry, level, share = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64), np.zeros(n)
    pool = instance.cand_pool[entry].astype(np.int64)
    served = np.zeros((entry.size, 24))
    spare = np.zeros((instance.n_pools, 24))
    for hour in range(24):
        room = instance.throughput_gbps.copy()
        load = gb * instance.gbps_per_gb[region, hour]
        column = np.zeros(entry.size)
        kernels.fill_hour(load, choice_ptr, level, share, pool, room, column)
        served[:, hour] = column
        spare[:, hour] = np.maximum(0.0, room)
    full = spare <= instance.throughput_gbps[:, None] * (1 - FULL_RATIO) + 1e-9
    return Routes(ptr, mask, gb, choice_ptr, entry, served, spare, full)


def hourly_link_gbps(instance: Instance, routes: Routes) -> Floats:
    """What routes put on links in each UTC hour of the day, (n_links, 24) [Gbit/s].

    Parameters
    ----------
    instance : Instance
        With 24 slices.
    routes : Routes
    """
    load = np.zeros((instance.n_links, HOURS_PER_DAY))
    if instance.n_links == 0:
        return load
    region = np.repeat(np.arange(instance.n_regions), np.diff(routes.row_ptr))
    row = np.repeat(np.arange(region.size), np.diff(routes.ptr))
    asked = routes.gb[:, None] * instance.gbps_per_gb[region]
    part = asked[row] * routes.served
    entry, origin = np.zeros((instance.cand_pool.size, HOURS_PER_DAY)), np.zeros_like(instance.gbps_per_gb)
    np.add.at(entry, routes.entry, part)
    np.add.at(origin, region, asked)
    np.subtract.at(origin, region[row], part)
    np.add.at(load, instance.cand_link, np.repeat(entry, np.diff(instance.cand_link_ptr), axis=0))
    rest = np.maximum(0.0, origin)
    np.add.at(load, instance.origin_link, np.repeat(rest, np.diff(instance.origin_link_ptr), axis=0))
    return load


def routed_gb(instance: Instance, routes: Routes, shares: Floats) -> tuple[Floats, Floats]:
    """What routes amount to over the period: GB through each candidate entry, and from the origin.

    Parameters
    ----------
    instance : Instance
    routes : Routes
    shares : (n_regions, 24) float64
        Share of a day's bytes in each hour.

    Returns
    -------
    served_gb : (n_cand,) float64
    origin_gb : (n_regions,) float64
    """
    region = np.repeat(np.arange(instance.n_regions), np.diff(routes.row_ptr))
    row = np.repeat(np.arange(region.size), np.diff(routes.ptr))
    ratio = (routes.served * shares[region[row]]).sum(axis=1)
    gb = routes.gb[row] * ratio
    served = np.bincount(routes.entry, gb, minlength=instance.cand_pool.size).astype(np.float64)
    rest = routes.gb - np.bincount(row, gb, minlength=region.size)
    origin = np.bincount(region, np.maximum(0.0, rest), minlength=instance.n_regions)
    return served, origin.astype(np.float64)
