"""Plan again where what the engine placed does not fit onto appliances or into the night: elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.errors import DeadlineError, NoFeasiblePlanError
from cdnplan.fill.deal.fitting import file_value
from cdnplan.model.instance.instance import Instance
from cdnplan.optimize.problem.objective import gap_ratio, ideal_cost, plan_cost
from cdnplan.optimize.problem.outcome import GOOD_GAP_RATIO, Outcome, Status, Stop
from cdnplan.optimize.problem.priced import priced_costs
from cdnplan.optimize.problem.rules import keeps_pins_and_launches, possible_copies
from cdnplan.optimize.problem.warm_start import WarmStart
from cdnplan.planner.decide.dealing import Dealt
from cdnplan.planner.decide.engine_run import EngineRun
from cdnplan.planner.relieve.changed import serving_loads
from cdnplan.planner.relieve.spread import FULL_RATIO

Bools = npt.NDArray[np.bool_]

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Spent:
    """Time that the first plan took [s]; the night counts with the appliances."""

    optimise_s: float
    appliances_s: float


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """An engine's plan and what dealing and the night made of it; what it was not allowed to hold where."""

    outcome: Outcome
    dealt: Dealt
    ruled_out: Bools
    cost: float
    keeps_rules: bool

    @staticmethod
    def of(instance: Instance, outcome: Outcome, dealt: Dealt, ruled_out: Bools) -> _Plan:
        """Weigh what was dealt."""
        holds = dealt.placement.holds
        cost = plan_cost(dealt.assignment.counted(instance), holds, dealt.serving)
        return _Plan(outcome, dealt, ruled_out, cost, keeps_pins_and_launches(instance, holds))

    def better_than(self, other: _Plan) -> bool:
        """Keeping the rules comes first, then cost."""
        return (not self.keeps_rules, self.cost) < (not other.keeps_rules, other.cost)


@dataclass(frozen=True, slots=True)
class _Move:
    """Launches that are to leave a pool, so that a file fits onto its appliances."""

    pool: int
    file: int
    launches: tuple[int, ...]


def plan_again(
    instance: Instance,
    engine: EngineRun,
    outcome: Outcome,
    dealt: Dealt,
    finish: Callable[[Instance, Outcome], Dealt],
    *,
    spent: Spent,
    apart: Callable[[Instance, Outcome, Dealt], Dealt] | None = None,
    now: Callable[[], float] = time.perf_counter,
) -> tuple[Outcome, Dealt]:
    """Let the engine place elsewhere what has no room or no time where it was placed, and keep the cheapest.

    Each round rules out, from then on, the (pool, file) pairs that found no room on appliances, and those
    that cannot be fetched in the night. Where launches of the pool stand in the way of a file without room,
    and their rules have pools to spare, they are ruled out there instead; if that is no cheaper, the file is.
    The engine starts from the prices and the placement at hand, and ends at the gap at which it ended the
    first time, or one that is good enough: what a round wins or loses is far more than what a smaller gap
    would save. Rounds end when dealing costs little (`AgainParameters.dear`, on large
    networks `dear_large`; with `apart`, `apiece_dear`) or what it left out is worth little, when the gap
    asked for is reached (`GOOD_GAP_RATIO` where none is) or nothing is left to rule out, after
    `AgainParameters.rounds` (`rounds_large`), or when another one might pass the time limit: it is expected
    to take as long as the longest so far. No improvement is promised.

    What is ruled out binds no other plan, so the bounds of these rounds prove nothing about the problem:
    the certificate stays that of `outcome`.

    Parameters
    ----------
    instance : Instance
    engine : EngineRun
        Stops when the whole plan shall, time spent included.
    outcome : Outcome
        The engine's plan.
    dealt : Dealt
        What became of it.
    finish : callable
        Deals a plan out to appliances and plans its night, given the problem with what is ruled out as well.
    spent : Spent
    apart : callable or None
        Given the problem with what is ruled out, plans what was dealt out anew by appliance, night included.
        With it rounds do that; the engine is asked for other pools only where a rule is broken, as launches
        stay where they are, and where that finds no plan.
    now : callable
        Seconds that only grow.

    Returns
    -------
    outcome : Outcome
        The one given; its status another one where the clock or the caller ended the rounds.
    dealt : Dealt
        The cheapest, with the number of rounds in `planned_again`.
    """
    stop, numbers = engine.stop, engine.parameters.again
    first = _Plan.of(instance, outcome, dealt, np.zeros_like(dealt.placement.holds))
    best, basis, rounds, launches_too = first, first, 0, True
    cut: Status | None = None
    longest_s = spent.optimise_s + spent.appliances_s
    deadline = np.inf if stop.time_limit_s is None else now() + stop.time_limit_s - longest_s
    large = instance.cand_pool.size * instance.n_files >= numbers.large_from
    most = numbers.rounds_large if large else numbers.rounds
    dear = numbers.dear_large if large else numbers.dear
    dear = dear if apart is None else numbers.apiece_dear
    most = most if engine.parameters.parts.again else 0
    while cut is None and rounds < most and _dear(instance, best, outcome, stop, dear):
        begun = now()
        by_pools = apart is None or not basis.keeps_rules
        launches = _launches_in_the_way(instance, basis) if launches_too and by_pools else []
        ruled_out = _ruled_out(instance, basis, launches)
        if (ruled_out == basis.ruled_out).all():
            break
        if stop.asked() or begun + longest_s > deadline:
            cut = "interrupted" if stop.asked() else "time-limit"
            break
        left_s = None if stop.time_limit_s is None else deadline - begun - spent.appliances_s
        wanted = replace(stop, gap_ratio=_gap_of_rounds(instance, outcome, stop), time_limit_s=left_s)
        part = engine.part("again", outcome.lower, best.cost, wanted)
        found = None if apart is None or by_pools else _apart(instance, basis, ruled_out, apart)
        if found is None:
            found = _round(instance, part, basis, ruled_out, finish)
        rounds, longest_s = rounds + 1, max(longest_s, now() - begun)
        if found is not None and found.outcome.status in {"interrupted", "time-limit"}:
            cut = found.outcome.status
        if found is not None and found.better_than(best):
            best = basis = found
        elif launches:
            launches_too = False  # from the same basis, the files give way
        elif found is not None:
            basis = found
        else:
            break
    if cut is not None and _dear(instance, best, outcome, stop, dear):
        outcome = replace(outcome, status=cut)
    return outcome, replace(best.dealt, planned_again=rounds)


def _gap_of_rounds(instance: Instance, outcome: Outcome, stop: Stop) -> float:
    """Gap at which the engine may end: what the first plan ended with, if none that is enough is larger."""
    return max(gap_ratio(outcome.lower, outcome.upper, ideal_cost(instance)), good_enough(stop))


def good_enough(stop: Stop) -> float:
    """Gap with which a plan is good enough."""
    return GOOD_GAP_RATIO if stop.gap_ratio is None else stop.gap_ratio


def _dear(instance: Instance, plan: _Plan, outcome: Outcome, stop: Stop, ratio: float) -> bool:
    """Whether it is worth while to look for a plan that loses less than this one."""
    if plan.dealt.unplaced_pool.size + plan.dealt.unfilled_pool.size == 0:
        return False
    ideal = ideal_cost(instance)
    if not plan.keeps_rules:
        return True
    reached = gap_ratio(outcome.lower, plan.cost, ideal) <= good_enough(stop)
    enough = ratio * (plan.cost - ideal)
    return not reached and plan.cost - outcome.upper > enough and _at_stake(instance, plan) > enough


def _at_stake(instance: Instance, plan: _Plan) -> float:
    """What it would save to have all that the engine placed and dealing or night left out, one by one.

    Other places for these files save no more. What loads cost that appliances do not share evenly, or what
    they serve in the end, is not in it. Of a plan by appliance only the night left anything out. Of limits
    that must hold, what became free has no price any more: at the engine's price for it, a file that would
    use all of it is worth nothing.
    """
    holds, dealt, rates = plan.dealt.placement.holds, plan.dealt, instance.rates
    loads = serving_loads(instance, dealt.serving)
    free = (loads < rates.capacity[:, None] * (1 - FULL_RATIO)) & np.isinf(rates.overload_cost)[:, None]
    prices = plan.outcome.prices
    prices = replace(prices, rate=np.where(free, 0.0, prices.rate))
    cost, origin = np.split(priced_costs(instance, prices), [instance.cand_pool.size])
    left_out = np.argwhere(plan.outcome.placement.holds & ~holds)
    if dealt.apiece:
        left_out = np.column_stack([dealt.unfilled_pool, dealt.unfilled_file])
    pairs = left_out.tolist()
    return sum(file_value(instance, holds, p, f, cost, origin) for p, f in pairs)


def _round(
    instance: Instance,
    engine: EngineRun,
    basis: _Plan,
    ruled_out: Bools,
    finish: Callable[[Instance, Outcome], Dealt],
) -> _Plan | None:
    """Plan without what is ruled out, and finish it; None where that leaves no plan."""
    copies = instance.copies.copy()
    copies[ruled_out] = 0
    start = WarmStart(basis.outcome.prices, basis.dealt.placement.holds & ~ruled_out)
    try:
        ruled = replace(instance, copies=copies)
        outcome = engine.solve(ruled, start)
        # Appliances themselves rule nothing out: where there is room after all, files may come back.
        dealt = finish(ruled, outcome)
    except (NoFeasiblePlanError, DeadlineError):
        # There is a plan already: nothing better came of this one.
        return None
    return _Plan.of(instance, outcome, dealt, ruled_out)


def _apart(
    instance: Instance, basis: _Plan, ruled_out: Bools, apart: Callable[[Instance, Outcome, Dealt], Dealt]
) -> _Plan | None:
    """Plan by appliance without what is ruled out, from what is there; None where that finds no plan."""
    ruled = replace(instance, copies=np.where(ruled_out, np.uint8(0), instance.copies))
    dealt = apart(ruled, basis.outcome, basis.dealt)
    return None if dealt is basis.dealt else _Plan.of(instance, basis.outcome, dealt, ruled_out)


def _ruled_out(instance: Instance, basis: _Plan, moves: list[_Move]) -> Bools:
    """What was ruled out before, launches that shall move, and files that still have no place or time."""
    ruled_out = basis.ruled_out.copy()
    ruled_out[basis.dealt.unfilled_pool, basis.dealt.unfilled_file] = True
    ruled_out[basis.dealt.unplaced_pool, basis.dealt.unplaced_file] = True
    for move in moves:
        ruled_out[move.pool, move.file] = basis.ruled_out[move.pool, move.file]
        ruled_out[move.pool, move.launches] = True
    return np.asarray(ruled_out & ~instance.pinned)


def _launches_in_the_way(instance: Instance, basis: _Plan) -> list[_Move]:
    """Launches that other pools can take over, where one of the files left out would fit without them.

    Of a file and a launch with more copies together than the pool has appliances, some share an appliance.
    The files worth most are looked at first, as long as rules have pools to spare.
    """
    able = (possible_copies(instance) > 0) & ~basis.ruled_out
    launched = np.repeat(np.arange(instance.n_launches), np.diff(instance.launch_ptr))
    of_pair: dict[tuple[int, int], list[int]] = {}
    for pool, rule in zip(instance.launch_pool.tolist(), launched.tolist(), strict=True):
        of_pair.setdefault((pool, int(instance.launch_file[rule])), []).append(rule)
    spare = np.bincount(
        launched, able[instance.launch_pool, instance.launch_file[launched]], instance.n_launches
    )
    spare -= instance.launch_min
    moves = []
    for p, f in _most_valuable(instance, basis):
        sharing = basis.outcome.placement.holds[p] & (
            instance.copies[p].astype(np.int64) + instance.copies[p, f] > instance.pool_appliances[p]
        )
        sharing[f] = False
        launches = [g for g in np.flatnonzero(sharing & ~instance.pinned[p]).tolist() if (p, g) in of_pair]
        room = float(instance.appliance_storage_gb[p]) * (1 + _ROUNDING) - float(instance.size_gb[f])
        room -= float(instance.size_gb[sharing & instance.pinned[p]].sum())
        rules = [rule for g in launches for rule in of_pair[p, g]]
        in_the_way = 0 <= room < float(instance.size_gb[launches].sum())
        if in_the_way and all(spare[rule] >= rules.count(rule) for rule in rules):
            np.subtract.at(spare, rules, 1)
            moves.append(_Move(p, f, tuple(launches)))
    return moves


def _most_valuable(instance: Instance, basis: _Plan) -> list[tuple[int, int]]:
    """(Pool, file) pairs that dealing left out, by what they would save now."""
    cost, origin = np.split(priced_costs(instance, basis.outcome.prices), [instance.cand_pool.size])
    holds, dealt = basis.dealt.placement.holds, basis.dealt
    pairs = list(zip(dealt.unplaced_pool.tolist(), dealt.unplaced_file.tolist(), strict=True))
    value = {(p, f): file_value(instance, holds, p, f, cost, origin) for p, f in pairs}
    return sorted(pairs, key=lambda pair: (-value[pair], pair))
