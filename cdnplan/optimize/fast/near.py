"""Plan again near a change: most of a network does not notice it.

The part that does is a problem of its own: regions that the change touches, pools that serve them, and the
other regions of those pools. What the rest holds and serves stays. Its prices stay as well, so the prices of
the part, put in their place, are prices of the whole, and prove a bound for the whole: the certificate does
not depend on how the part was chosen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.limits.limits import VolumeRows
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.place.local_search import LocalSearch
from cdnplan.optimize.price.pricing import PriceSearch
from cdnplan.optimize.problem.columns import Columns
from cdnplan.optimize.problem.objective import rate_loads
from cdnplan.optimize.problem.outcome import Progress, Stop, no_progress
from cdnplan.optimize.problem.rules import volumes_used_gb
from cdnplan.optimize.problem.warm_start import WarmStart
from cdnplan.optimize.serve.serving import best_serving
from cdnplan.parameters.parameters import DEFAULTS, Parameters
from cdnplan.parameters.questions import ChangeParameters

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The part of a network that a change concerns.

    Parameters
    ----------
    regions : (n,) int64
    free : (n,) int64
        Pools whose files may change.
    pools : (n,) int64
        Those and all others that may serve the regions; what the others hold stays.
    entries : (n,) int64
        Candidate entries of the regions.
    """

    regions: Ints
    free: Ints
    pools: Ints
    entries: Ints

    def share(self, instance: Instance) -> float:
        """Part of all candidate entries that is in it."""
        return self.entries.size / max(1, instance.cand_pool.size)


def part_near(
    instance: Instance,
    touched: Bools,
    pools: Bools,
    served_gb: Floats,
    parameters: ChangeParameters = DEFAULTS.change,
) -> Part:
    """Find what a change concerns.

    Parameters
    ----------
    instance : Instance
    touched : (n_regions,) bool
        Regions with other demand, candidates or costs.
    pools : (n_pools,) bool
        Pools with other limits or rules.
    served_gb : (n_cand,) float64
        What each candidate entry serves [GB].
    parameters : ChangeParameters
    """
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    slot = np.arange(region.size) - instance.cand_ptr[region]
    matters = served_gb > parameters.used * instance.region_gb()[region]
    near = touched[region] & (matters | (slot < parameters.nearest))
    free = pools.copy()
    free[instance.cand_pool[near]] = True
    inside = touched.copy()
    inside[region[free[instance.cand_pool] & matters]] = True
    entries = np.flatnonzero(inside[region])
    return Part(
        np.flatnonzero(inside),
        np.flatnonzero(free),
        np.union1d(instance.cand_pool[entries], np.flatnonzero(free)),
        entries,
    )


def sub_instance(
    instance: Instance, part: Part, holds: Bools, served_gb: Floats, origin_gb: Floats
) -> tuple[Instance, Ints]:
    """Make a problem of a part: the rest serves and holds what it does, and limits are what that leaves.

    Parameters
    ----------
    instance : Instance
    part : Part
    holds : (n_pools, n_files) bool
    served_gb, origin_gb : (n_cand,), (n_regions,) float64
        What is served now [GB].

    Returns
    -------
    part : Instance
    launches : (n,) int64
        Launch rules of the whole that are in it.
    """
    pools, entries, regions = part.pools, part.entries, part.regions
    place = np.full(instance.n_pools, -1, dtype=np.int64)
    place[pools] = np.arange(pools.size)
    inside = np.zeros(instance.n_regions, dtype=np.bool_)
    inside[regions] = True
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    outside_gb = np.where(inside[region], 0.0, served_gb)
    outside_origin = np.where(inside, 0.0, origin_gb)
    # Limits hold in every slice; what others leave is counted in their fullest.
    loads = rate_loads(instance, outside_gb, outside_origin).max(axis=1, initial=0.0)
    left = replace(instance.rates, capacity=np.maximum(0.0, instance.rates.capacity - loads))
    stays = np.ones(instance.n_pools, dtype=np.bool_)
    stays[part.free] = False
    stays = stays[pools]
    copies, held = instance.copies[pools], instance.held[pools]
    pinned = instance.pinned[pools]
    there = holds[pools] & (copies > 0)
    copies = np.where(stays[:, None] & ~there, 0, copies)
    pinned = np.where(stays[:, None], there, pinned)
    held = np.where(stays[:, None], copies, held)
    launches, launch_ptr, launch_pool, launch_min = _launches(instance, place, holds)
    widths = np.diff(instance.cand_ptr)[regions]
    names = tuple(instance.pools[p] for p in pools.tolist())
    cand_pool = place[instance.cand_pool[entries]].astype(np.int32)
    paths = np.concatenate([entries, instance.cand_pool.size + regions])
    made = replace(
        instance,
        regions=tuple(instance.regions[r] for r in regions.tolist()),
        pools=names,
        pool_site=instance.pool_site[pools],
        pool_model=instance.pool_model[pools],
        rates=left.taken(instance.n_pools, pools, names, paths, cand_pool),
        volumes=_volumes_left(instance, part, holds).taken(instance.n_pools, pools, names),
        region_row=instance.region_row[regions],
        region_share=instance.region_share[regions],
        gbps_per_gb=instance.gbps_per_gb[regions],
        cand_ptr=np.concatenate([[0], np.cumsum(widths)]).astype(np.int64),
        cand_pool=cand_pool,
        cand_cost=instance.cand_cost[entries],
        origin_cost=instance.origin_cost[regions],
        fill_cost=instance.fill_cost[pools],
        copies=copies,
        held=held,
        pinned=pinned,
        launch_ptr=launch_ptr,
        launch_pool=launch_pool,
        launch_file=instance.launch_file[launches],
        launch_min=launch_min,
        pool_appliances=instance.pool_appliances[pools],
        appliance_storage_gb=instance.appliance_storage_gb[pools],
        appliance_throughput_gbps=instance.appliance_throughput_gbps[pools],
        appliance_window_gb=instance.appliance_window_gb[pools],
    )
    return made, launches


def _volumes_left(instance: Instance, part: Part, holds: Bools) -> VolumeRows:
    """Volume rows as pools outside of a part leave them; pools that stay as they are take in what they do."""
    rows, n = instance.volumes, instance.n_pools
    outside, stays = np.ones(n, dtype=np.bool_), np.ones(n, dtype=np.bool_)
    outside[part.pools] = stays[part.free] = False
    taken = np.where(
        rows.fresh,
        volumes_used_gb(instance, holds & stays[:, None]),
        volumes_used_gb(instance, holds & outside[:, None]),
    )
    taken[: 2 * n] = 0.0
    capacity = np.maximum(0.0, rows.capacity_gb - taken)
    capacity[n : 2 * n][stays] = np.inf
    return replace(rows, capacity_gb=capacity)


def _launches(
    instance: Instance, place: Ints, holds: Bools
) -> tuple[Ints, Ints, npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Launch rules with pools inside; those outside that hold the file count as they are."""
    kept: list[int] = []
    pools: list[Ints] = []
    least: list[int] = []
    for rule in range(instance.n_launches):
        named = instance.launch_pool[instance.launch_ptr[rule] : instance.launch_ptr[rule + 1]]
        inside = place[named]
        outside = int(holds[named[inside < 0], instance.launch_file[rule]].sum())
        if (inside >= 0).any():
            kept.append(rule)
            pools.append(inside[inside >= 0])
            least.append(max(0, int(instance.launch_min[rule]) - outside))
    ptr = np.cumsum([0, *(p.size for p in pools)]).astype(np.int64)
    joined = np.concatenate([np.zeros(0, dtype=np.int64), *pools]).astype(np.int32)
    return np.array(kept, dtype=np.int64), ptr, joined, np.array(least, dtype=np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class NearPlan:
    """A plan of the whole, of which a part is new.

    Parameters
    ----------
    holds : (n_pools, n_files) bool
    served_gb, origin_gb : (n_cand,), (n_regions,) float64
        What is served from where [GB].
    prices : Prices
        Of the whole, to prove a bound for it.
    seconds : dict of str to float
        By step [s].
    ended : bool
        Whether the clock or the caller ended the search.
    """

    holds: Bools
    served_gb: Floats
    origin_gb: Floats
    prices: Prices
    seconds: dict[str, float]
    ended: bool


def solve_near(
    instance: Instance,
    start: WarmStart,
    part: Part,
    served_gb: Floats,
    origin_gb: Floats,
    *,
    stop: Stop | None = None,
    progress: Progress = no_progress,
    clock: Callable[[], float] = time.perf_counter,
    parameters: Parameters = DEFAULTS,
) -> NearPlan:
    """Plan a part anew and leave the rest, with prices for the whole.

    Parameters
    ----------
    instance : Instance
        The whole.
    start : WarmStart
        Prices and placement of nearly the same problem; the placement must fit outside of the part.
    part : Part
    served_gb, origin_gb : (n_cand,), (n_regions,) float64
        The best serving of that placement [GB].
    stop, progress, clock
        As for `cdnplan.optimize.fast.fast.solve_fast`.
    parameters : Parameters

    Returns
    -------
    NearPlan

    Raises
    ------
    NoFeasiblePlanError
        See `cdnplan.optimize.place.local_search.forced_holders`.
    """
    stop = Stop() if stop is None else stop
    begun = clock()
    seconds: dict[str, float] = {}

    def ended() -> bool:
        late = stop.time_limit_s is not None and clock() - begun >= stop.time_limit_s
        return late or stop.asked()

    small, launches = sub_instance(instance, part, start.holds, served_gb, origin_gb)
    columns = Columns.of(small)
    solver, local = FileSolver.of(small, columns), LocalSearch(small, columns, parameters)
    first = WarmStart(
        _prices_of(instance, start.prices, part, launches), start.holds[part.pools] & (small.copies > 0)
    )
    numbers = parameters.change
    passes = numbers.passes_of_all / max(part.share(instance), 1e-9)
    passes = int(np.clip(passes, numbers.least_passes, numbers.most_passes))
    prices = replace(parameters.prices, warm_passes=passes)
    search = PriceSearch(small, solver, 0, first, parameters=replace(parameters, prices=prices))
    states = search.passes()
    seconds["part"] = clock() - begun
    for number in range(1, search.planned + 1):
        state = next(states)
        progress("prices near the change", number / (search.planned + 1), None, None)
        if ended():
            break
    seconds["prices"] = clock() - begun - sum(seconds.values())
    plan = min(
        local.refit(np.ascontiguousarray(state.holds.T), state.current, ended),
        # Where little is to be done, what was there with its gaps filled is hard to beat.
        local.refit(first.holds.copy(), state.current, ended, 1),
        key=lambda found: found.cost,
    )
    holds = start.holds & (instance.copies > 0)
    holds[part.free] = plan.holds[np.searchsorted(part.pools, part.free)]
    served, origin = served_gb.copy(), origin_gb.copy()
    served[part.entries] = plan.serving.candidate_gb(small)
    origin[part.regions] = plan.serving.origin_gb(small)
    lost: Bools = np.any(start.holds & ~holds, axis=1)
    _serve_strays(instance, part, lost, holds, served, origin)
    seconds["plan"] = clock() - begun - sum(seconds.values())
    own = small.throughput_gbps >= numbers.own * instance.throughput_gbps[part.pools]
    merged = _merged(instance, start.prices, state.prices, part, launches, own)
    return NearPlan(holds, served, origin, merged, seconds, ended())


def _serve_strays(
    instance: Instance, part: Part, lost: Bools, holds: Bools, served_gb: Floats, origin_gb: Floats
) -> None:
    """Serve regions anew that are not in the part but draw a little on pools that lost files; in place."""
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    inside = np.zeros(instance.n_regions, dtype=np.bool_)
    inside[part.regions] = True
    strays = np.unique(region[lost[instance.cand_pool] & (served_gb > 0) & ~inside[region]])
    if strays.size == 0:
        return
    entries = np.flatnonzero(np.isin(region, strays))
    pools = np.unique(instance.cand_pool[entries]).astype(np.int64)
    few = Part(strays, np.zeros(0, dtype=np.int64), pools, entries)
    small, _ = sub_instance(instance, few, holds, served_gb, origin_gb)
    serving = best_serving(small, holds[pools]).serving
    served_gb[entries] = serving.candidate_gb(small)
    origin_gb[strays] = serving.origin_gb(small)


def _rows_of(instance: Instance, part: Part) -> tuple[Ints, Ints]:
    """Volume rows and rate rows of the whole that are those of the part, in its order."""
    n, pools = instance.n_pools, part.pools
    shared = np.arange(2 * n, instance.volumes.n_rows)
    volumes = np.concatenate([pools, n + pools, shared])
    return volumes, np.concatenate([pools, np.arange(n, instance.rates.n_rows)])


def _prices_of(instance: Instance, prices: Prices, part: Part, launches: Ints) -> Prices:
    """Prices of the part's limits."""
    volumes, rates = _rows_of(instance, part)
    return Prices(prices.volume[volumes], prices.rate[rates], prices.launch[launches])


def _merged(
    instance: Instance, prices: Prices, found: Prices, part: Part, launches: Ints, own: Bools
) -> Prices:
    """Prices of the whole, those of the part in their place; `own`: of its pools, see `ChangeParameters`.

    Of the part's pools only those that are free have prices of volumes of their own.
    """
    volumes, rates = _rows_of(instance, part)
    free = np.isin(part.pools, part.free)
    shared = np.ones(volumes.size - 2 * free.size, dtype=np.bool_)
    volume, rate, launch = prices.volume.copy(), prices.rate.copy(), prices.launch.copy()
    kept = np.concatenate([free, free, shared])
    volume[volumes[kept]] = found.volume[kept]
    kept = np.concatenate([free | own, np.ones(rates.size - free.size, dtype=np.bool_)])
    rate[rates[kept]] = found.rate[kept]
    launch[launches] = found.launch
    return Prices(volume, rate, launch)
