"""What a plan has to reach, as numbers that are linear in its serving.

Every goal says: Σ weight · GB served that way + overload ≤ most. So the same goal can be measured on a plan,
and bounded from below over all plans, by the machinery that bounds costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from cdnplan.evaluate.count.limits import ABSOLUTE, RELATIVE
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.instance.network import find_candidates
from cdnplan.model.network.geo import distance_km
from cdnplan.model.network.topology import Topology
from cdnplan.model.plan.placement import Placement, Serving
from cdnplan.optimize.problem.objective import rate_loads
from cdnplan.optimize.serve.serving import best_serving
from cdnplan.whatif.scenario.state import reachable

KM_PER_MS = 100.0
"""Round trip in fibre: light goes about 200 km in a millisecond in glass (group index 1.468 [1]_), there
and back.

References
----------
.. [1] ITU-T Recommendation G.652, "Characteristics of a single-mode optical fibre and cable", 2016.
"""

ROUNDING = 1e-9
"""Goals may be missed by this part of all demand: what float arithmetic needs."""

Kind = Literal["offload", "distance", "latency", "overload", "cost"]
UNITS = {"offload": "ratio", "distance": "km", "latency": "ms", "overload": "Gbps", "cost": "currency"}


@dataclass(frozen=True, slots=True)
class Goal:
    """One thing that has to be reached.

    Parameters
    ----------
    label : str
        For people.
    kind : {"offload", "distance", "latency", "overload", "cost"}
    wanted : float
        At least this ratio of offload; at most so many km, ms, Gbps.
    regions : frozenset of str or None
        Those whose offload counts; None: all.
    failed : str or None
        Site that has failed: the placement is as it is, serving is re-steered at least cost.
    """

    label: str
    kind: Kind
    wanted: float
    regions: frozenset[str] | None = None
    failed: str | None = None

    @property
    def unit(self) -> str:
        """Unit of `wanted` and of what is measured."""
        return UNITS[self.kind]


@dataclass(frozen=True, slots=True)
class Reached:
    """What a plan reaches of a goal.

    Parameters
    ----------
    goal : Goal
    value : float
        In the goal's unit.
    raw : float
        As it is summed: GB missed, GB·km, Gbit/s; less is better.
    ok : bool
    """

    goal: Goal
    value: float
    raw: float
    ok: bool


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """What a GB counts by candidate entry, (n_cand,), and by region from origins; overload by rate row."""

    candidate: Floats
    origin: Floats
    overload: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A placement with its serving, and the problem it is of."""

    instance: Instance
    placement: Placement
    serving: Serving


@dataclass(frozen=True, slots=True, eq=False)
class Broken:
    """What is left of a network when a site has failed: its topology, and the problem of serving."""

    network: Topology
    instance: Instance


def offload_goal(label: str, regions: frozenset[str] | None, ratio: float) -> Goal:
    """Offload of some regions together, at least `ratio`."""
    return Goal(label, "offload", ratio, regions)


def cost_goal() -> Goal:
    """The cost of a plan, to be bounded like goals."""
    return Goal("cost", "cost", 0.0)


def failure_goals(sites: Sequence[str], offload_ratio: float | None, no_overload: bool) -> Iterator[Goal]:
    """Goals for each site that may fail."""
    for site in sites:
        if no_overload:
            yield Goal(f"overload without {site}", "overload", 0.0, failed=site)
        if offload_ratio is not None:
            yield Goal(f"offload without {site}", "offload", offload_ratio, failed=site)


class Distances:
    """Great-circle distances from regions to sites and to their origins [km]."""

    def __init__(self, topology: Topology) -> None:
        self._site = {site.name: site.location for site in topology.sites}
        self._region = {region.name: region.location for region in topology.regions}
        names = sorted(self._site)
        regions = tuple(sorted(topology.regions, key=lambda region: region.name))
        reach = find_candidates(topology, regions, {name: i for i, name in enumerate(names)})
        origin = {origin.name: origin.location for origin in topology.origins}
        self._origin_km = {
            region.name: float(distance_km(origin[name], region.location))
            for region, name in zip(regions, reach.origin_name, strict=True)
        }

    def of(self, instance: Instance) -> tuple[Floats, Floats]:
        """Distance of each candidate entry, (n_cand,), and of each region's origin, (n_regions,)."""
        sites = np.array([self._site[name] for name in instance.sites]).reshape(-1, 2)
        places = np.array([self._region[name] for name in instance.regions]).reshape(-1, 2)
        region = instance.path_region[: instance.cand_pool.size]
        km = distance_km(sites[instance.pool_site[instance.cand_pool]], places[region])
        return np.asarray(km, dtype=np.float64), np.array([self._origin_km[n] for n in instance.regions])


def weights(goal: Goal, instance: Instance, distances: Distances) -> Weights:
    """Weights of a goal's sum."""
    none, costs = np.zeros(instance.cand_pool.size), instance.rates.overload_cost
    free = np.where(np.isinf(costs), np.inf, 0.0)
    if goal.kind == "offload":
        return Weights(none, _asked(goal, instance).astype(np.float64), free)
    if goal.kind == "overload":
        return Weights(none, np.zeros(instance.n_regions), np.where(np.isinf(costs), np.inf, 1.0))
    if goal.kind == "cost":
        return Weights(instance.cand_cost, instance.origin_cost, costs)
    candidate, origin = distances.of(instance)
    per = KM_PER_MS if goal.kind == "latency" else 1.0
    return Weights(candidate / per, origin / per, free)


def most(goal: Goal, instance: Instance) -> float:
    """What the goal's sum may be at most."""
    gb = _gb(goal, instance)
    if goal.kind == "overload":
        soft = np.isfinite(instance.rates.overload_cost)
        slack = RELATIVE * instance.rates.capacity[soft] + ABSOLUTE
        return goal.wanted + float(slack.sum()) * instance.n_slices
    return ((1.0 - goal.wanted) if goal.kind == "offload" else goal.wanted) * gb


def in_unit(goal: Goal, instance: Instance, raw: float) -> float:
    """A sum in the goal's unit."""
    gb = _gb(goal, instance)
    if goal.kind == "overload":
        return raw
    mean = raw / gb if gb > 0 else 0.0
    return 1.0 - mean if goal.kind == "offload" else mean


def tolerance(goal: Goal, instance: Instance) -> float:
    """By how much rounding may exceed `most`."""
    scale = max(abs(most(goal, instance)), _gb(goal, instance)) if goal.kind != "overload" else 1.0
    return ROUNDING * scale


def measured(
    goals: Sequence[Goal], network: Topology, planned: Plan, broken: Callable[[str], Broken]
) -> tuple[Reached, ...]:
    """Measure a plan.

    Parameters
    ----------
    goals : sequence of Goal
    network : Topology
        That of the plan.
    planned : Plan
    broken : callable
        Makes the network and the problem that are left when a site has failed.

    Returns
    -------
    tuple of Reached
        In the order of the goals.
    """
    instance = planned.instance
    flows = {"": (instance, planned.serving, Distances(network))}
    found = []
    for goal in goals:
        failed = goal.failed or ""
        if failed not in flows:
            left = broken(failed)
            holds = _still_there(planned, left.instance)
            flows[failed] = (
                left.instance,
                best_serving(left.instance, holds).serving,
                Distances(left.network),
            )
        problem, served, distances = flows[failed]
        raw = _sum(goal, problem, served.candidate_gb(problem), served.origin_gb(problem), distances)
        ok = raw <= most(goal, problem) + tolerance(goal, problem)
        found.append(Reached(goal, in_unit(goal, problem, raw), raw, ok))
    return tuple(found)


def _still_there(planned: Plan, left: Instance) -> npt.NDArray[np.bool_]:
    """What the pools that are left hold, as before; (n_pools, n_files)."""
    at = {name: p for p, name in enumerate(planned.instance.pools)}
    return np.asarray(planned.placement.holds[[at[name] for name in left.pools]])


def without_site(topology: Topology, site: str) -> Topology:
    """Take a site that has failed out of a network, with its links; rules that place files are left out.

    Regions whose sites have all failed are served by nobody but the origin.
    """
    sites = tuple(item for item in topology.sites if item.name != site)
    regions = tuple(
        region
        if site not in region.sites
        else replace(region, sites=(kept := tuple(n for n in region.sites if n != site)), cut_off=not kept)
        for region in topology.regions
    )
    links = tuple(link for link in topology.links if site not in (link.from_, link.to))
    policy = replace(topology.policy.restricted_to(tuple(item.name for item in sites)), pins=(), launches=())
    return reachable(topology, replace(topology, sites=sites, regions=regions, links=links, policy=policy))


def _asked(goal: Goal, instance: Instance) -> npt.NDArray[np.bool_]:
    """Regions that a goal is about, (n_regions,)."""
    if goal.regions is None:
        return np.ones(instance.n_regions, dtype=np.bool_)
    return np.array([name in goal.regions for name in instance.regions], dtype=np.bool_)


def _gb(goal: Goal, instance: Instance) -> float:
    """Demand that a goal is about [GB]."""
    return float(instance.region_gb()[_asked(goal, instance)].sum())


def _sum(goal: Goal, instance: Instance, served: Floats, origin: Floats, distances: Distances) -> float:
    counted = weights(goal, instance, distances)
    total = float(served @ counted.candidate + origin @ counted.origin)
    soft = np.flatnonzero(np.isfinite(counted.overload) & (counted.overload > 0.0))
    if soft.size:
        above = rate_loads(instance, served, origin)[soft] - instance.rates.capacity[soft, None]
        total += float(counted.overload[soft] @ np.maximum(0.0, above).sum(axis=1))
    return total
