"""Let everything fail, one after the other, and tell what is worst."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from cdnplan.errors import InputError, Problem
from cdnplan.lanes import lanes
from cdnplan.model.network.topology import Topology
from cdnplan.optimize.problem.outcome import Progress, no_progress
from cdnplan.whatif.ask.impact import Impact, impact_of
from cdnplan.whatif.base.base import Base
from cdnplan.whatif.base.detours import Network
from cdnplan.whatif.base.failures import SAME_CITY_KM, Failure, close_pairs, single_links, single_sites
from cdnplan.whatif.steer.steering import Steering

Level = Literal["sites", "links", "all", "city"]
LEVELS: tuple[Level, ...] = ("sites", "links", "all", "city")
"""Single sites, single links, both (N-1); pairs of sites of one city (N-2)."""
TELL_EVERY = 20
"""Failures between two reports of progress."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, eq=False)
class SweepResult:
    """Impacts of many failures.

    Parameters
    ----------
    base : Base
    level : {"sites", "links", "all", "city"}
    impacts : tuple of Impact
        Worst first: by cost, then by name.
    cost, offload_byte_ratio : float
        What the base's best serving costs, overload and filling among it [currency], and how much of all
        bytes appliances serve: changes are to these.
    """

    base: Base
    level: Level
    impacts: tuple[Impact, ...]
    cost: float
    offload_byte_ratio: float

    def rows(self) -> list[dict[str, Any]]:
        """One flat row for each failure, worst first; see docs/sweeps.md for the columns."""
        return [_row(impact) for impact in self.impacts]

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {
            "base": str(self.base.folder),
            "level": self.level,
            "base_cost": self.cost,
            "base_offload_byte_ratio": self.offload_byte_ratio,
            "failures": [_row(impact) | _lists(impact) for impact in self.impacts],
        }


def sweep(
    base: Base,
    level: Level,
    *,
    within_km: float = SAME_CITY_KM,
    threads: int = 1,
    progress: Progress = no_progress,
) -> SweepResult:
    """Let each site or link fail, or each pair of sites in one city, and see what becomes of the serving.

    Parameters
    ----------
    base : Base
    level : {"sites", "links", "all", "city"}
        Single sites, single links, both, or pairs of sites of one city.
    within_km : float
        How far apart two sites of a city are at most [km].
    threads : int
        The result does not depend on it.
    progress : Progress

    Returns
    -------
    SweepResult

    Raises
    ------
    InputError
        There is nothing that could fail.
    """
    topology = base.inputs.topology
    failures = failures_of(topology, level, within_km)
    if not failures:
        what = f"no two sites within {within_km:g} km" if level == "city" else f"no {level}"
        raise InputError([Problem(f"nothing that could fail: {topology.name} has {what}")])
    steering = Steering.of(base.instance, base.placement.holds, base.served)
    network = Network(topology, base.instance)

    def impact(failure: Failure) -> Impact:
        with lanes(1):
            return impact_of(steering, network, failure)

    found = in_threads(impact, failures, threads, progress, "failures")
    found.sort(key=lambda item: (-item.cost_change, item.failure.name))
    demand = float(base.instance.region_gb().sum())
    offload = 1.0 - float(steering.origin_gb.sum()) / demand if demand > 0 else 1.0
    cost = steering.cost + base.verdict.cost.fill
    return SweepResult(base, level, tuple(found), cost, offload)


def failures_of(topology: Topology, level: Level, within_km: float = SAME_CITY_KM) -> tuple[Failure, ...]:
    """List what a sweep goes through.

    Parameters
    ----------
    topology : Topology
    level : {"sites", "links", "all", "city"}
    within_km : float
        [km]
    """
    if level == "city":
        return close_pairs(topology, within_km)
    sites = single_sites(topology) if level in ("sites", "all") else ()
    links = single_links(topology) if level in ("links", "all") else ()
    return sites + links


def in_threads(
    work: Callable[[Item], Result], items: Sequence[Item], threads: int, progress: Progress, phase: str
) -> list[Result]:
    """Work on all items, results in their order; when something is raised, what has not begun is dropped."""
    done: list[Result] = []
    pool = ThreadPoolExecutor(max(1, threads))
    try:
        for number, result in enumerate(pool.map(work, items), start=1):
            done.append(result)
            if number % TELL_EVERY == 0 or number == len(items):
                progress(phase, number / len(items), None, None)
    finally:
        pool.shutdown(cancel_futures=True)
    return done


def _row(impact: Impact) -> dict[str, Any]:
    worst = impact.overloads[0].limit if impact.overloads and impact.overloads[0].gbps > 0 else None
    return {
        "failure": impact.failure.name,
        "kind": impact.failure.kind,
        "cost_change": impact.cost_change,
        "delivery_change": impact.delivery_change,
        "overload_change": impact.overload_change,
        "offload_change_ratio": impact.offload_change_ratio,
        "moved_gb": impact.moved_gb,
        "origin_gb": impact.origin_gb,
        "origin_gbps": impact.origin_gbps,
        "overload_gbps": impact.overload_gbps,
        "worst_limit": worst,
        "newly_full": len(impact.full),
        "stranded_regions": len(impact.stranded),
        "stranded_gb": impact.stranded_gb,
        "gap": impact.gap,
    }


def _lists(impact: Impact) -> dict[str, Any]:
    return {
        "overloads": [{"limit": o.limit, "gbps": o.gbps} for o in impact.overloads],
        "full_pools": list(impact.full),
        "stranded": [{"region": s.region, "reason": s.reason, "gb": s.gb} for s in impact.stranded],
    }
