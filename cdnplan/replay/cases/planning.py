"""Plans in memory: made from a demand as `cdnplan plan` makes them, or read from a plan folder."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.fill.loads.values import file_values
from cdnplan.fill.night.fills import Fills
from cdnplan.fill.night.windows import MS_PER_HOUR, first_window, to_ms
from cdnplan.inputs.plans.plan_folder import PlanFiles, holdings_of
from cdnplan.model.instance.build import build_instance
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.topology import Topology
from cdnplan.model.plan.placement import Placement, Serving
from cdnplan.optimize.engine import EngineName
from cdnplan.optimize.problem.outcome import Progress, Stop, never, no_progress
from cdnplan.optimize.serve.serving import best_serving
from cdnplan.planner.decide.dealing import Dealt
from cdnplan.planner.decide.deciding import Watch, decide
from cdnplan.planner.decide.filling import fill_night

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class How:
    """Options of every plan that is made.

    Parameters
    ----------
    engine : {"auto", "exact", "fast"}
    gap_ratio, time_limit_s : float or None
    threads, seed : int
    """

    engine: EngineName = "auto"
    gap_ratio: float | None = None
    time_limit_s: float | None = None
    threads: int = 1
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """A plan for one period, as replay needs it.

    Parameters
    ----------
    instance : Instance
        The problem it was made for.
    holds : (n_pools, n_files) bool
    serving : Serving
        How it means to serve the demand it expects.
    holdings : Holdings
        What appliances hold once it is carried out.
    fill_gb : (n_pools, n_files) float32 or None
        Bytes fetched for it [GB]; None: nothing was, appliances arrive stocked.
    unfilled : (n_pools, n_files) bool or None
        What was wanted and could not be fetched in time.
    fill_hour_gb : (24,) float64
        Bytes fetched by UTC hour of the day [GB].
    lower : float
        No plan for this demand costs less [currency].
    """

    instance: Instance
    holds: Bools
    serving: Serving
    holdings: Holdings
    fill_gb: npt.NDArray[np.float32] | None
    unfilled: Bools | None
    fill_hour_gb: Floats
    lower: float


def make_plan(
    topology: Topology,
    catalog: Catalog,
    demand: Demand,
    holdings: Holdings | None,
    how: How,
    *,
    progress: Progress = no_progress,
) -> Planned:
    """Plan a period: engine, appliances, the night of fills.

    Parameters
    ----------
    topology, catalog, demand
    holdings : Holdings or None
        What appliances hold before; None: a cold start.
    how : How
    progress : Progress

    Returns
    -------
    Planned

    Raises
    ------
    NoFeasiblePlanError, DeadlineError, InputError
        As `cdnplan.planner.plan`.
    """
    instance, _ = build_instance(topology, catalog, demand, holdings)
    counted = topology.fill_counted(holdings)
    begin = night_before(demand.start)

    def fill(dealt: Dealt) -> Dealt:
        return fill_night(instance, topology, dealt, holdings, begin) if counted else dealt

    decided = decide(
        instance,
        holdings,
        engine=how.engine,
        stop=Stop(how.gap_ratio, how.time_limit_s, never),
        threads=how.threads,
        seed=how.seed,
        watch=Watch(progress=progress),
        fill=fill,
    )
    fills = decided.dealt.fills if counted else None
    return _planned(instance, decided.dealt, fills, decided.outcome.lower)


def night_before(start: dt.date) -> int:
    """When the night of fills before a period begins, as `cdnplan plan` has it [ms since 1970, UTC]."""
    return to_ms(dt.datetime.combine(start - dt.timedelta(days=1), dt.time(), tzinfo=dt.UTC))


def _planned(instance: Instance, dealt: Dealt, fills: Fills | None, lower: float) -> Planned:
    assignment = dealt.assignment
    holdings = Holdings(
        instance.pools, instance.files, assignment.pool, assignment.appliance, assignment.file
    )
    fill_gb = unfilled = None
    by_hour = np.zeros(24)
    if fills is not None:
        pool = np.repeat(np.arange(instance.n_pools), instance.pool_appliances)
        fill_gb = np.zeros(dealt.placement.holds.shape, dtype=np.float32)
        size = instance.size_gb[fills.copies.file]
        np.add.at(fill_gb, (pool[fills.copies.appliance], fills.copies.file), size)
        unfilled = np.zeros(dealt.placement.holds.shape, dtype=np.bool_)
        unfilled[pool[fills.unfilled.appliance], fills.unfilled.file] = True
        by_hour = _by_hour(fills.start, fills.end, size)
    return Planned(
        instance, dealt.placement.holds, dealt.serving, holdings, fill_gb, unfilled, by_hour, lower
    )


def _by_hour(start: Ints, end: Ints, size_gb: Floats) -> Floats:
    """Bytes of fills by the UTC hour of their middle, (24,) [GB]."""
    hour = ((start + end) // 2 // MS_PER_HOUR % 24).astype(np.int64)
    return np.bincount(hour, size_gb, minlength=24).astype(np.float64)


def plan_of_folder(
    files: PlanFiles, topology: Topology, catalog: Catalog, demand: Demand, earlier: Holdings | None
) -> Planned:
    """A plan that was written, on a catalogue that may be larger than its own.

    Parameters
    ----------
    files : PlanFiles
    topology, catalog, demand
        The plan's network and demand, on the catalogue of the replay.
    earlier : Holdings or None
        What appliances held before it.

    Returns
    -------
    Planned
        Its serving is the best one of its placement for the demand it expected.
    """
    instance, _ = build_instance(topology, catalog, demand, earlier)
    holdings = holdings_of(files.folder)
    holds = held_by_pools(instance, holdings)
    serving = best_serving(instance, holds).serving
    fill_gb = unfilled = None
    by_hour = np.zeros(24)
    if files.night is not None and files.has_holdings:
        fills, _, left = files.night
        pools = {name: p for p, name in enumerate(instance.pools)}
        known = {name: f for f, name in enumerate(instance.files)}
        fill_gb = np.zeros(holds.shape, dtype=np.float32)
        unfilled = np.zeros(holds.shape, dtype=np.bool_)
        for table, target in ((fills, fill_gb), (left, unfilled)):
            at = table.texts["appliance"]
            code = np.array([pools.get(name.rpartition("/")[0], -1) for name in at.names], dtype=np.int64)
            pool, file = np.append(code, -1)[at.code], table.texts["file"].positions(known)
            there = (pool >= 0) & (file >= 0)
            np.add.at(target, (pool[there], file[there]), table.values["size_gb"][there])
        by_hour = _by_hour(fills.values["start"], fills.values["end"], fills.values["size_gb"])
    return Planned(
        instance, holds, serving, holdings, fill_gb, unfilled, by_hour, files.plan.numbers["lower"]
    )


def held_by_pools(instance: Instance, holdings: Holdings) -> Bools:
    """Which files each pool holds at least one copy of, by name, (n_pools, n_files) bool."""
    pool, file = holdings.numbers(instance.pools, instance.files)
    holds = np.zeros((instance.n_pools, instance.n_files), dtype=np.bool_)
    there = (pool >= 0) & (file >= 0)
    holds[pool[there], file[there]] = True
    return holds


def values_per_gb(planned: Planned) -> npt.NDArray[np.float64]:
    """What each file that a pool holds saves per GB it takes, (n_pools, n_files) [currency/GB]."""
    none = np.zeros_like(planned.holds)
    value = file_values(planned.instance, Placement(planned.holds), planned.serving, none)
    taken = planned.instance.size_gb * np.maximum(1, planned.instance.copies)
    return np.asarray(value / taken)


def most_valuable(planned: Planned, value: npt.NDArray[np.float64], ratio: float) -> Bools:
    """The best part of a plan: of each pool the files worth most per GB, up to a share of its storage.

    Parameters
    ----------
    planned : Planned
    value : (n_pools, n_files) float64
        From `values_per_gb`.
    ratio : float
        Share of each pool's storage, in [0, 1]; 1 keeps all.

    Returns
    -------
    (n_pools, n_files) bool
    """
    if ratio >= 1:
        return planned.holds
    instance = planned.instance
    kept = np.zeros_like(planned.holds)
    for p in range(instance.n_pools):
        mine = np.flatnonzero(planned.holds[p])
        order = mine[np.lexsort((mine, -value[p, mine], ~instance.pinned[p, mine]))]
        taken = np.cumsum(instance.size_gb[order] * np.maximum(1, instance.copies[p, order]))
        kept[p, order[taken <= ratio * instance.storage_gb[p] * (1 + 1e-9)]] = True
    return kept


def without_fill_limits(topology: Topology) -> Topology:
    """The same network, where appliances arrive stocked."""
    return replace(topology, policy=replace(topology.policy, cold_start="free", churn_ratio=None))


def fill_windows_utc(topology: Topology, instance: Instance, start: dt.date) -> Bools:
    """UTC hours that lie in the fill window of each site, (n_sites, 24) bool."""
    zone_hours = np.zeros((len(instance.sites), 24), dtype=np.bool_)
    sites = {site.name: site for site in topology.sites}
    for s, name in enumerate(instance.sites):
        begin, end = first_window(sites[name], night_before(start))
        middle = begin + np.arange(0, max(1, (end - begin) // MS_PER_HOUR)) * MS_PER_HOUR + MS_PER_HOUR // 2
        zone_hours[s, (middle // MS_PER_HOUR % 24).astype(np.int64)] = True
    return zone_hours
