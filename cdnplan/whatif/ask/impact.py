"""What a failure does, as differences to the base."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.optimize.problem.serving_paths import Paths
from cdnplan.optimize.serve.serving_program import path_gb
from cdnplan.whatif.base.detours import FailedPaths, Network
from cdnplan.whatif.base.failures import Failure
from cdnplan.whatif.steer.resteer import Resteered, resteer
from cdnplan.whatif.steer.resteer_kernels import uncovered_gb
from cdnplan.whatif.steer.steering import Steering, overload_cost

FULL_RATIO = 1e-5
"""A pool counts as full in a slice where less than this part of its throughput is left."""
LEAST_GB = 1e-6
"""Less is rounding."""


@dataclass(frozen=True, slots=True)
class Stranded:
    """A region for some of whose demand a failure leaves no pool.

    Parameters
    ----------
    region : str
    reason : {"no pool", "no copy"}
        No candidate pool is left, or none of those left holds these files.
    gb : float
        Demand that only the origin can serve now, and could be served by pools before [GB].
    """

    region: str
    reason: str
    gb: float


@dataclass(frozen=True, slots=True)
class Overload:
    """A limit that a failure overruns, or overruns more: change of what is above it in its worst slice."""

    limit: str
    gbps: float


@dataclass(frozen=True, slots=True)
class Impact:
    """A failure at once: the placement as it is, serving re-steered at least cost; changes to the base.

    Parameters
    ----------
    failure : Failure
    cost_change, delivery_change, overload_change : float
        [currency per period]; the first is the sum of the others.
    offload_change_ratio : float
        Of bytes served by appliances / all bytes, <= 0.
    moved_gb : float
        Demand that comes from elsewhere than in the base.
    origin_gb, origin_gbps : float
        More from origins: volume, and at their busiest slice.
    overload_gbps : float
        More above links' capacities, in the slice where all of them together are most above.
    overloads : tuple of Overload
        By limit, most first.
    full : tuple of str
        Pools that serve all they can in some slice, and did not before.
    stranded : tuple of Stranded
        Most demand first.
    gap : float
        No serving of this placement costs less by more than this [currency].
    rounds : int
        Programs solved to find it.
    """

    failure: Failure
    cost_change: float
    delivery_change: float
    overload_change: float
    offload_change_ratio: float
    moved_gb: float
    origin_gb: float
    origin_gbps: float
    overload_gbps: float
    overloads: tuple[Overload, ...]
    full: tuple[str, ...]
    stranded: tuple[Stranded, ...]
    gap: float
    rounds: int

    @property
    def stranded_gb(self) -> float:
        """Demand left without an alternate source [GB]."""
        return sum(region.gb for region in self.stranded)


def impact_of(base: Steering, network: Network, failure: Failure) -> Impact:
    """Let something fail.

    Parameters
    ----------
    base : Steering
    network : Network
        Of the same instance.
    failure : Failure

    Returns
    -------
    Impact
    """
    inst = base.instance
    touched = network.touched(failure)
    found = resteer(base, network.pools(failure), touched)
    before = path_gb(found.paths, found.rows.gb, found.before)
    after = path_gb(found.paths, found.rows.gb, found.after)
    origin_before, origin_after = _from_origins(base, found, before, after)
    overload = overload_cost(found.paths, found.load) - overload_cost(base.paths, base.load)
    above, overloads = _overloads(base, found)
    more_gb = float(origin_after.sum() - origin_before.sum())
    demand = float(inst.region_gb().sum())
    return Impact(
        failure=failure,
        cost_change=found.cost_change,
        delivery_change=found.cost_change - overload,
        overload_change=overload,
        offload_change_ratio=-more_gb / demand if demand > 0 else 0.0,
        moved_gb=_moved(base, found, before, after),
        origin_gb=more_gb,
        origin_gbps=_peak(inst, origin_after) - _peak(inst, origin_before),
        overload_gbps=above,
        overloads=overloads,
        full=_newly_full(base, found),
        stranded=_stranded(base, found, touched),
        gap=found.gap,
        rounds=found.rounds,
    )


def _from_origins(base: Steering, found: Resteered, before: Floats, after: Floats) -> tuple[Floats, Floats]:
    """GB of each region from the origin, in the base and after, (n_regions,) each."""
    return base.origin_gb, base.origin_gb + _by_region(base, found, after) - _by_region(base, found, before)


def _by_region(base: Steering, found: Resteered, flow: Floats) -> Floats:
    """GB on paths from origins, by region."""
    n = base.instance.n_regions
    origin = np.zeros(flow.size, dtype=np.bool_)
    origin[base.rows.origin] = origin[found.rows.origin] = True
    at = np.flatnonzero(origin)
    return np.asarray(np.bincount(found.paths.region[at], flow[at], minlength=n), dtype=np.float64)


def _peak(instance: Instance, origin_gb: Floats) -> float:
    """Gbit/s from all origins in their busiest slice."""
    return float((origin_gb[:, None] * instance.gbps_per_gb).sum(axis=0).max(initial=0.0))


def _moved(base: Steering, found: Resteered, before: Floats, after: Floats) -> float:
    """GB that come from another source than before; the same pool over another path does not count."""
    source = _sources(base, found)
    n = int(source.max(initial=-1)) + 1
    change = np.bincount(source, after - before, minlength=n)
    return float(np.maximum(change, 0.0).sum())


def _sources(base: Steering, found: Resteered) -> Ints:
    """A number for each path's region and pool (or origin), (n_paths,)."""
    inst, paths = base.instance, found.paths
    pool = np.full(paths.region.size, inst.n_pools, dtype=np.int64)
    is_pool = paths.use_limit < inst.n_pools
    pool[paths.use_path[is_pool]] = paths.use_limit[is_pool]
    return np.asarray(paths.region * (inst.n_pools + 1) + pool)


def _overloads(base: Steering, found: Resteered) -> tuple[float, tuple[Overload, ...]]:
    """What limits that may be passed bear more above their capacities, all together and one by one."""
    names = (*base.instance.rates.names, *found.limits)
    now, was = _above(found.paths, found.load), np.zeros_like(found.load)
    was[: base.load.shape[0]] = _above(base.paths, base.load)
    change = now.max(axis=1, initial=0.0) - was.max(axis=1, initial=0.0)
    at = np.flatnonzero(np.abs(change) > FULL_RATIO * found.paths.capacity)
    listed = sorted((Overload(names[i], float(change[i])) for i in at), key=lambda o: (-o.gbps, o.limit))
    together = float(now.sum(axis=0).max(initial=0.0) - was.sum(axis=0).max(initial=0.0))
    return together, tuple(listed)


def _above(paths: Paths, load: Floats) -> Floats:
    """What limits that may be passed bear above their capacities, (n_limits, n_slices)."""
    return np.where(paths.strict[:, None], 0.0, np.maximum(0.0, load - paths.capacity[:, None]))


def _newly_full(base: Steering, found: Resteered) -> tuple[str, ...]:
    """Limits that must hold and are used up now: pools, and whatever they share."""
    n, limit = base.load.shape[0], base.paths.capacity[:, None] * (1 - FULL_RATIO)
    now = (found.load[:n] >= limit).any(axis=1) & (found.load[:n] > 0).any(axis=1)
    was = (base.load >= limit).any(axis=1)
    return tuple(base.instance.rates.names[i] for i in np.flatnonzero(now & ~was & base.paths.strict))


def _stranded(base: Steering, found: Resteered, touched: FailedPaths) -> tuple[Stranded, ...]:
    """Regions with demand that no pool can serve any more."""
    regions = np.append(touched.thinned, [d.region for d in touched.detours]).astype(np.int64)
    regions = np.unique(regions)
    all_alive = np.zeros(found.dead.size, dtype=np.bool_)
    more = uncovered_gb(regions, found.rows, found.dead) - uncovered_gb(regions, base.rows, all_alive)
    left = _pools_left(found, regions)
    had = base.rows.width[regions] > 0
    hit = np.flatnonzero((more > LEAST_GB) | (had & (left == 0)))
    listed = [
        Stranded(
            base.instance.regions[regions[i]],
            "no pool" if left[i] == 0 else "no copy",
            max(0.0, float(more[i])),
        )
        for i in hit
    ]
    return tuple(sorted(listed, key=lambda s: (-s.gb, s.region)))


def _pools_left(found: Resteered, regions: Ints) -> Ints:
    """Candidate pools that are alive, of each region."""
    first, width = found.rows.path[regions], found.rows.width[regions]
    alive = np.concatenate([[0], np.cumsum(~found.dead)])
    return np.asarray(alive[first + width] - alive[first], dtype=np.int64)
