"""Let everything fail, one after the other, and tell what is worst."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from cdnplan.lanes import lanes
from cdnplan.model.topology import Topology
from cdnplan.optimize.outcome import Progress, no_progress
from cdnplan.whatif.detours import Network
from cdnplan.whatif.failures import SAME_CITY_KM, Failure, close_pairs, single_links, single_sites
from cdnplan.whatif.impact import Impact, impact_of
from cdnplan.whatif.steering import Steering

Level = Literal["sites", "links", "all", "city"]
TELL_EVERY = 20
"""Failures between two reports of progress."""


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """Impacts of many failures, worst first: by cost, then by name.

    Parameters
    ----------
    impacts : tuple of Impact
    base_cost : float
        Delivery and overload of the base [currency].
    """

    impacts: tuple[Impact, ...]
    base_cost: float


def failures_of(topology: Topology, level: Level, within_km: float = SAME_CITY_KM) -> tuple[Failure, ...]:
    """What a sweep goes through.

    Parameters
    ----------
    topology : Topology
    level : {"sites", "links", "all", "city"}
        Single sites, single links, both, or pairs of sites.
    within_km : float
        How far apart two sites of a city are at most [km].
    """
    if level == "city":
        return close_pairs(topology, within_km)
    sites = single_sites(topology) if level in ("sites", "all") else ()
    links = single_links(topology) if level in ("links", "all") else ()
    return sites + links


def sweep_failures(
    base: Steering,
    network: Network,
    failures: Sequence[Failure],
    *,
    threads: int = 1,
    progress: Progress = no_progress,
) -> Sweep:
    """Let failures happen, each on its own.

    Parameters
    ----------
    base : Steering
    network : Network
    failures : sequence of Failure
    threads : int
        The result does not depend on it.
    progress : Progress

    Returns
    -------
    Sweep
    """

    def one(failure: Failure) -> Impact:
        with lanes(1):
            return impact_of(base, network, failure)

    found = in_threads(one, failures, threads, progress)
    found.sort(key=lambda impact: (-impact.cost_change, impact.failure.name))
    return Sweep(tuple(found), base.cost)


def in_threads(
    work: Callable[[Failure], Impact], items: Sequence[Failure], threads: int, progress: Progress
) -> list[Impact]:
    """Work on all items; when asked to stop, what has not begun is dropped."""
    done: list[Impact] = []
    pool = ThreadPoolExecutor(max(1, threads))
    try:
        for number, impact in enumerate(pool.map(work, items), start=1):
            done.append(impact)
            if number % TELL_EVERY == 0 or number == len(items):
                progress("failures", number / len(items), None, None)
    finally:
        pool.shutdown(cancel_futures=True)
    return done
