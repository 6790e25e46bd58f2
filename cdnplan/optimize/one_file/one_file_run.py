"""A run of the engine on one file: relaxation, exchange of pools, tree.

Where no limit can bind, that is all there is to do: prices of limits would be zero, and a plan is its
holders. Otherwise it follows the passes over prices.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.file.bound import priced_bound
from cdnplan.optimize.master.file_columns import solve_exactly
from cdnplan.optimize.one_file.one_file import Facility, better_holders, relaxation_bound, settled_holders
from cdnplan.optimize.one_file.one_file_tree import reduced, search
from cdnplan.optimize.run.run_state import RunState

Bools = npt.NDArray[np.bool_]


def unlimited(instance: Instance) -> bool:
    """Whether there is one file, no rule on how many hold it, and no limit that serving it could reach.

    Parameters
    ----------
    instance : Instance

    Returns
    -------
    bool
        Storage and fill of a pool that could not take the file alone are no matter: it is never placed there.
    """
    if not Facility.applies(instance) or instance.rates.n_rows > instance.n_pools:
        return False
    row_gb = np.zeros(instance.demand_ptr.size - 1)
    row_gb[np.flatnonzero(np.diff(instance.demand_ptr))] = instance.demand_gb
    gb = instance.region_share * row_gb[instance.region_row]
    peak: Floats = gb @ instance.gbps_per_gb
    return bool((peak.max(initial=0.0) <= instance.throughput_gbps).all())


def place_alone(run: RunState) -> None:
    """Place a file that no limit concerns, from nothing.

    Parameters
    ----------
    run : RunState
        Of an `unlimited` instance; takes plans and bounds.
    """
    zero = Prices.zero(run.instance)
    with run.clock.phase("prices"):
        run.take_bound(priced_bound(run.instance, zero, run.solver), zero)
    with run.clock.phase("plan"):
        # The root of its tree: what dual ascent leaves tight, less what is not worth it.
        start = solve_exactly(run.solver, zero, max_nodes=1).holds[0]
        holds, _ = settled_holders(Facility.of(run.solver, zero), start)
        run.take_plan(run.local.serve(holds[:, None]))
    run.report("plan", 1.0)
    if not run.closed():
        exchange(run)


def exchange(run: RunState) -> None:
    """Find better holders by exchange, and bounds beyond what prices on shared limits prove.

    Parameters
    ----------
    run : RunState
        With a plan; takes a better plan and bounds.
    """
    facility, numbers = Facility.of(run.solver, run.prices), run.parameters.one_file
    with run.clock.phase("relaxation"):
        run.beyond, u = relaxation_bound(facility, run.best.cost, run.ended, numbers)
    run.report("relaxation", 1.0)
    if not run.closed():
        with run.clock.phase("exchange"):
            # First among pools that cost little more than their part of the relaxation, of which good plans
            # mostly are; then among all that could be in a better plan: fewer are tried in vain, and faster.
            for ratio in (numbers.promising, 1.0):
                goal = run.beyond + ratio * (run.best.cost - run.beyond)
                small, kept = reduced(facility, u, goal, run.parameters.pool_tree)
                better = better_holders(small, run.best.holds[kept, 0], run.ended, numbers)
                _take(run, facility, kept, better)
        run.report("exchange", 1.0)
    if not run.closed():
        _decide_pools(run, facility, u)


def _take(run: RunState, facility: Facility, kept: npt.NDArray[np.int64], small: Bools) -> None:
    """Serve the file from some of the pools kept, and those that hold it in any case."""
    holds = facility.fixed.copy()
    holds[kept] |= small
    run.take_plan(run.local.serve(holds[:, None]))


def _decide_pools(run: RunState, facility: Facility, u: Floats) -> None:
    """Branch on whether pools hold the file, first only as far as it takes to come near the best plan.

    More is decided against that nearer goal without a split: fewer nodes bring the bound there, where the
    whole tree may take more time than there is.
    """
    for ratio in (run.parameters.one_file.near, 0.0):
        _search(run, facility, u, ratio)


def _search(run: RunState, facility: Facility, u: Floats, ratio: float) -> None:
    """Look for plans that save this part of the cost, or any; now and then settle what a node would open."""

    def upper() -> float:
        best = run.best.cost
        # A whole number where the best plan's cost is one: then the tree takes all costs for such.
        return min(best, float(np.ceil(best - ratio * abs(best)))) if ratio > 0.0 else best

    if run.lower >= upper() or run.closed():
        return
    numbers, of_tree = run.parameters.one_file, run.parameters.pool_tree
    small, kept = reduced(facility, u, upper(), of_tree)
    steps = search(small, u, upper, run.ended, run.threads, of_tree)
    for number, step in enumerate(run.clock.each("tree", steps)):
        run.beyond = max(run.beyond, min(step.bound, run.best.cost))
        if step.decided or number < numbers.settle_first or number % numbers.settle_every == 0:
            with run.clock.phase("exchange"):
                holds, cost = settled_holders(small, step.holds)
                if cost < run.best.cost:
                    _take(run, facility, kept, holds)
        run.report("tree", 0.0)
        if run.closed():
            break
