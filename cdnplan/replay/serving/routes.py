"""Where requests go: by the plan's steering, to another holder where there is no room, or to the origin.

Routing is settled for each hour of the day with the load that is expected of it, so that what a sample of the
requests happens to ask for does not fill a pool. All pools work within what plans may use.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.fill.loads.loads import pointers
from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.plan.placement import Serving
from cdnplan.optimize.problem.serving_paths import Paths
from cdnplan.optimize.serve.signature_kernels import signature_table
from cdnplan.replay.requests.stream import Stream
from cdnplan.replay.serving import route_kernels as kernels
from cdnplan.units import HOURS_PER_DAY

Bools = npt.NDArray[np.bool_]

FULL_RATIO = 1.0 - 1e-6
"""A limit of which more than this part is used in an hour counts as used up."""


@dataclass(frozen=True, slots=True, eq=False)
class Routes:
    """Choices of each class of files: a region's files with the same holders.

    Parameters
    ----------
    row_ptr : (n_regions + 1,) int64
    mask : (n_rows, n_words) uint64
        As in `cdnplan.model.plan.placement.Serving`.
    gb : (n_rows,) float64
        Demand of the period [GB].
    ptr : (n_rows + 1,) int64
    entry : (n_choices,) int64
        Candidate entry.
    served : (n_choices, 24) float64
        Part of the row's load that it takes in each UTC hour; what is missing to 1 comes from the origin.
    spare_gbps : (n_pools, 24) float64
        What strict limits leave over for each pool in each UTC hour [Gbit/s].
    full : (n_cand, 24) bool
        Candidate entries over which no more can come, because a strict limit is used up.
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
        candidates = kernels.Candidates(instance.cand_ptr, instance.cand_pool)
        classes = kernels.Classes(self.row_ptr, self.mask)
        return np.asarray(kernels.rows_of(stream.region, stream.file, candidates, holds, classes))

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
        nowhere = np.full(region.size, -1, dtype=np.int64)
        none = np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32), np.zeros(0)
        planned = kernels.Planned(nowhere, *none)
    else:
        same = kernels.matching_rows(region, mask, kernels.Classes(steering.ptr, steering.mask))
        planned = kernels.Planned(same, steering.share_ptr, steering.slot, steering.ratio)
    candidates = kernels.Candidates(instance.cand_ptr, instance.cand_pool)
    sites = kernels.Sites(pool_site, instance.throughput_gbps)
    choices = kernels.list_choices(region, mask, candidates, sites, planned, reactive)
    entry, uses = choices.entry, _strict_uses(instance, choices.entry)
    served, capacity = np.zeros((entry.size, HOURS_PER_DAY)), instance.rates.capacity
    left = np.zeros((capacity.size, HOURS_PER_DAY))
    for hour in range(HOURS_PER_DAY):
        room = capacity.copy()
        load = gb * instance.gbps_per_gb[region, hour]
        column = np.zeros(entry.size)
        kernels.fill_hour(load, choices, uses, room, column)
        served[:, hour], left[:, hour] = column, np.maximum(0.0, room)
    at, row, weight = _strict_uses(instance, np.arange(instance.cand_pool.size))
    of_use = np.repeat(np.arange(at.size - 1), np.diff(at))
    spare, full = left[: instance.n_pools].copy(), np.zeros((at.size - 1, HOURS_PER_DAY), dtype=np.bool_)
    np.minimum.at(spare, instance.cand_pool[of_use], left[row] / weight[:, None])
    np.logical_or.at(full, of_use, left[row] <= capacity[row, None] * (1 - FULL_RATIO) + 1e-9)
    return Routes(ptr, mask, gb, choices.ptr, entry, served, spare, full)


def _strict_uses(instance: Instance, entry: Ints) -> kernels.Uses:
    """Strict rate rows that entries use."""
    paths = Paths.of(instance)
    at, row, weight = paths.uses(entry)
    strict = paths.strict[row] & (weight > 0)
    ptr = pointers(np.bincount(at[strict], minlength=entry.size))
    return kernels.Uses(ptr, row[strict], weight[strict])


def hourly_use(instance: Instance, routes: Routes) -> Floats:
    """What routes use of each rate row in each UTC hour of the day, (n_rate_rows, 24).

    Parameters
    ----------
    instance : Instance
        With 24 slices.
    routes : Routes
    """
    rates, n_cand = instance.rates, instance.cand_pool.size
    region = np.repeat(np.arange(instance.n_regions), np.diff(routes.row_ptr))
    row = np.repeat(np.arange(region.size), np.diff(routes.ptr))
    asked = routes.gb[:, None] * instance.gbps_per_gb[region]
    part = asked[row] * routes.served
    path = np.zeros((n_cand + instance.n_regions, HOURS_PER_DAY))
    np.add.at(path, routes.entry, part)
    np.add.at(path, n_cand + region, asked)
    np.subtract.at(path, n_cand + region[row], part)
    used = np.zeros((rates.n_rows, HOURS_PER_DAY))
    np.add.at(used, rates.use_row, np.maximum(0.0, path)[rates.use_path()] * rates.use_weight[:, None])
    return used


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
