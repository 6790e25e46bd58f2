"""Plan by appliance where planning by pool and dealing out afterwards costs much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cdnplan.errors import DeadlineError, NoFeasiblePlanError
from cdnplan.fill.deal.apiece import taken_apiece
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Placement
from cdnplan.optimize.engine import serving_variables
from cdnplan.optimize.problem.objective import gap_ratio, ideal_cost, plan_cost
from cdnplan.optimize.problem.outcome import Outcome
from cdnplan.optimize.problem.rules import keeps_pins_and_launches
from cdnplan.optimize.problem.warm_start import WarmStart
from cdnplan.optimize.serve.serving import best_serving
from cdnplan.parameters.dealing import AgainParameters
from cdnplan.planner.decide.dealing import Dealt, deal, required_files
from cdnplan.planner.decide.engine_run import EngineRun


def is_small(instance: Instance, parameters: AgainParameters) -> bool:
    """Whether planning by appliance takes little enough time."""
    entries = int(instance.pool_appliances[instance.cand_pool].sum())
    return entries * instance.n_files < parameters.apiece_up_to


def plan_apiece(
    instance: Instance,
    engine: EngineRun,
    outcome: Outcome,
    dealt: Dealt,
    holdings: Holdings | None,
    fill: Callable[[Dealt], Dealt],
    *,
    anyway: bool = False,
) -> Dealt:
    """Let the engine see every appliance's own storage and fill window, and keep the cheaper plan.

    A pool's limits are sums: its window may suffice while one of its appliances has more to replace than it
    can fetch, and its free space may be free in pieces. In a network whose pools are taken to pieces the
    engine decides knowing that, starting from what was dealt and the prices at hand. The bound stays that of
    `outcome`, as every such plan is one by pools as well.

    Parameters
    ----------
    instance : Instance
    engine : EngineRun
    outcome : Outcome
        The engine's plan.
    dealt : Dealt
        What became of it.
    holdings : Holdings or None
        What appliances hold now.
    fill : callable
        Plans the night of what was dealt out.
    anyway : bool
        Whatever dealing cost, and whatever comes of it.

    Returns
    -------
    Dealt
        The one given where nothing is cheaper, or where dealing cost next to nothing
        (`AgainParameters.apiece_dear`), or where the network is too large.
    """
    counted = dealt.assignment.counted(instance)
    cost, ideal = plan_cost(counted, dealt.placement.holds, dealt.serving), ideal_cost(instance)
    numbers = engine.parameters.again
    dear = cost - outcome.upper > numbers.apiece_dear * (cost - ideal)
    gap = gap_ratio(outcome.lower, cost, ideal)
    stop = engine.stop
    reached = stop.gap_ratio is not None and gap <= stop.gap_ratio
    if not (dear or anyway) or reached or not is_small(instance, numbers):
        return dealt
    apiece = taken_apiece(counted, dealt.assignment, holdings, required_files(instance))
    most = engine.parameters.run.exact_up_to
    if engine.name == "exact" and serving_variables(apiece.instance) > most:
        return dealt
    start = WarmStart(apiece.prices(outcome.prices), apiece.holds & (apiece.instance.copies > 0))
    own = gap_ratio(outcome.lower, outcome.upper, ideal)
    if stop.gap_ratio is None or stop.gap_ratio < own:
        stop = replace(stop, gap_ratio=own + numbers.apiece_dear)
    try:
        found = engine.part("appliances", outcome.lower, cost, stop).solve(apiece.instance, start)
        holds = apiece.together(found.placement.holds)
        serving = best_serving(instance, holds).serving
        arranged = apiece.start(found.placement.holds)
        other = fill(
            deal(instance, Placement(holds), serving, outcome.prices, holdings, arranged, engine.parameters)
        )
    except (NoFeasiblePlanError, DeadlineError):
        # There is a plan already: nothing better came of this one.
        return dealt
    theirs = other.assignment.counted(instance)
    dearer = plan_cost(theirs, other.placement.holds, other.serving) >= cost
    kept, keeps = (keeps_pins_and_launches(instance, one.placement.holds) for one in (dealt, other))
    if not anyway and (dearer or (kept and not keeps)):
        return dealt
    planned, now = outcome.placement.holds, other.placement.holds
    still = ~now[dealt.unplaced_pool, dealt.unplaced_file]
    return replace(
        other,
        dropped=int((planned & ~now).sum()),
        added=int((now & ~planned).sum()),
        unplaced_pool=dealt.unplaced_pool[still],
        unplaced_file=dealt.unplaced_file[still],
        planned_again=dealt.planned_again,
        apiece=True,
    )
