"""A plan by pools made into one by appliances, each within its own limits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from cdnplan.errors import NoFeasiblePlanError
from cdnplan.fill.deal.appliances import Assignment, Kept, Start, split_pools
from cdnplan.fill.deal.fitting import fit_pools, joined_start
from cdnplan.fill.deal.sharing import Copies, shared_copies, with_room
from cdnplan.fill.deal.siblings import exchange_files
from cdnplan.fill.night.carried import carried_serving
from cdnplan.fill.night.fills import Fills
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Instance, Ints
from cdnplan.model.plan.copies import with_copies
from cdnplan.model.plan.placement import Placement, Prices, Serving
from cdnplan.optimize.problem.limits import volume_use
from cdnplan.optimize.problem.objective import plan_cost
from cdnplan.optimize.problem.rules import exceeds, new_gb
from cdnplan.parameters.parameters import DEFAULTS, Parameters
from cdnplan.planner.relieve.changed import Changed
from cdnplan.planner.relieve.spreading import near_serving, serve_changed

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Dealt:
    """A plan that appliances can carry out.

    Parameters
    ----------
    placement, serving : Placement, Serving
        Perhaps less than the engine's: what fits on no appliance is left out.
    assignment : Assignment
    dropped, added : int
        (Pool, file) pairs left out, and taken in instead.
    exchanged : int
        (Pool, file) pairs that changed places with others of their site, to even out loads.
    slowed : int
        Pools that in some slice have something to spare while one of their appliances gives all it can.
    unplaced_pool, unplaced_file : (n_unplaced,) int64
        Those of the pairs left out that had no room or came too late themselves, while others gave way to
        files worth more; where there are none of these, all pairs left out.
    planned_again : int
        Rounds in which the engine was asked for other plans, to find this one or none better (`plan_again`).
    fills : Fills
        The night that makes it true; nothing happens in it before it is planned.
    unfilled_pool, unfilled_file : (n_unfilled,) int64
        Pairs that left the plan because they cannot be fetched in time.
    apiece : bool
        The engine itself decided what each appliance holds (`plan_apiece`).
    stayed : tuple of (int, int)
        Pool and file of launches that stay, because where they were to go they cannot be fetched in time.
    """

    placement: Placement
    serving: Serving
    assignment: Assignment
    dropped: int
    added: int
    exchanged: int
    slowed: int
    unplaced_pool: Ints
    unplaced_file: Ints
    fills: Fills = field(default_factory=lambda: Fills.none(0, 0))
    unfilled_pool: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    unfilled_file: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    planned_again: int = 0
    apiece: bool = False
    stayed: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Round:
    """Where the rounds of dealing stand; `start` is where the next one begins, for some pools.

    `unplaced` are (pool, file) pairs for which there was no room or no time, as pool × n_files + file;
    `slowed` is the number of pools that an appliance holds back.
    """

    holds: Bools
    serving: Serving
    start: Start | None = None
    unplaced: tuple[int, ...] = ()
    slowed: int = 0
    parameters: Parameters = DEFAULTS


def deal(
    instance: Instance,
    placement: Placement,
    serving: Serving,
    prices: Prices,
    holdings: Holdings | None,
    start: Start | None = None,
    parameters: Parameters = DEFAULTS,
) -> Dealt:
    """Split pools onto their appliances, each within its own limits.

    Where the appliances of a pool have no room for all its files, because what is free is free in pieces,
    files that fit come in instead, so that the pool is worth most (`fit_pools`). Files whose fetching exceeds
    the fill window because others move within the pool leave the placement. What is too much for an appliance
    once all files have their place is served from elsewhere (`serve_changed`). Then pools whose few files
    cannot be spread evenly exchange some with others of their site, where that costs nothing
    (`exchange_files`). At the end files of which one copy asks an appliance for more than its share get more
    copies, where that costs next to nothing (`shared_copies`, `DealingParameters.sharing`).

    Parameters
    ----------
    instance : Instance
    placement, serving, prices : Placement, Serving, Prices
        From an engine.
    holdings : Holdings or None
        What appliances hold now.
    start : Start, optional
        An arrangement to begin with.
    parameters : Parameters
        The numbers that steer it, and what is left out.

    Returns
    -------
    Dealt

    Raises
    ------
    NoFeasiblePlanError
        No such split was found in `DealingParameters.rounds` rounds.
    """
    begun = _Round(placement.holds, serving, start, parameters=parameters)
    state, assignment = _settled(instance, *_placed(instance, begun, prices, holdings))
    fitted, unplaced = state.holds, state.unplaced
    for _ in range(parameters.dealing.evening_rounds if parameters.parts.evening else 0):
        better = _evened(instance, state, assignment, prices, holdings)
        if better is None:
            break
        state, assignment = better
    evened = state.holds
    if parameters.parts.sharing:
        state, assignment = _shared(instance, state, assignment, prices, holdings)
    left_out = placement.holds & ~fitted
    pairs = np.unique(np.array(unplaced, dtype=np.int64))
    pairs = pairs[left_out.ravel()[pairs]]
    pairs = pairs if pairs.size else np.flatnonzero(left_out)
    return Dealt(
        Placement(state.holds),
        state.serving,
        assignment,
        dropped=int(left_out.sum() + (evened & ~state.holds).sum()),
        added=int((fitted & ~placement.holds).sum() + (state.holds & ~evened).sum()),
        exchanged=int((fitted & ~evened).sum()),
        slowed=state.slowed,
        unplaced_pool=pairs // instance.n_files,
        unplaced_file=pairs % instance.n_files,
    )


def _placed(
    instance: Instance, state: _Round, prices: Prices, holdings: Holdings | None, kept: Kept | None = None
) -> tuple[_Round, Assignment]:
    """Split until every file has a place that it can come to in time; first some pools stay as they are.

    So do, from round to round, pools that hold what they held.
    """
    numbers, refilling = state.parameters.dealing, state.parameters.parts.refilling
    for number in range(numbers.rounds):
        placement = Placement(state.holds)
        assignment = split_pools(instance, placement, state.serving, holdings, start=state.start, kept=kept)
        late_pool, late_file = _late(instance, assignment)
        if assignment.dropped_pool.size + late_pool.size == 0:
            return state, assignment
        holds, start = state.holds.copy(), state.start
        arranged = np.zeros(0, dtype=np.int64)
        # What comes in for what found no room may find none either: after some rounds pools only lose files,
        # so that there is an end.
        if not assignment.dropped_pool.size:
            pass
        elif number >= numbers.fitting_rounds or not refilling:
            holds[assignment.dropped_pool, assignment.dropped_file] = False
        else:
            fitted = fit_pools(instance, holds, assignment, prices, required_files(instance), holdings)
            holds, start = fitted.holds, joined_start(start, fitted.start)
            arranged = fitted.start.pool
        holds[late_pool, late_file] = False
        dropped = assignment.dropped_pool.astype(np.int64) * instance.n_files + assignment.dropped_file
        late = late_pool * instance.n_files + late_file
        unplaced = (*state.unplaced, *dropped.tolist(), *late.tolist())
        serving = _served(instance, state, holds)
        same = (holds == state.holds).all(axis=1)
        same[arranged] = False
        kept = Kept(assignment, same)
        state = replace(state, holds=holds, serving=serving, start=start, unplaced=unplaced)
    raise NoFeasiblePlanError(f"pools could not be split onto their appliances in {numbers.rounds} rounds")


def _served(instance: Instance, state: _Round, holds: Bools) -> Serving:
    """Serve another placement, changing no more than pays: files were dealt out for what they load now."""
    placement = Placement(holds)
    carried = carried_serving(instance, Placement(state.holds), state.serving, placement, None)
    return near_serving(instance, placement, carried)


def _settled(instance: Instance, state: _Round, assignment: Assignment) -> tuple[_Round, Assignment]:
    """Serve so that every appliance is within its throughput."""
    placement = Placement(state.holds)
    change = Changed(instance, placement, assignment, placement, state.serving)
    spread = serve_changed(change, state.parameters.dealing.free)
    ended = replace(state, serving=spread.serving, slowed=int(spread.slowed.sum()))
    return ended, spread.assignment(assignment)


def _evened(
    instance: Instance, state: _Round, assignment: Assignment, prices: Prices, holdings: Holdings | None
) -> tuple[_Round, Assignment] | None:
    """Exchange files within sites; None where that does not even out loads, or costs something."""
    found = exchange_files(
        instance, Placement(state.holds), state.serving, assignment, required_files(instance)
    )
    if found is None:
        return None
    serving = _served(instance, state, found.holds)
    begun = _Round(found.holds, serving, joined_start(state.start, found.start), parameters=state.parameters)
    kept = Kept(assignment, (found.holds == state.holds).all(axis=1))
    ended, other = _settled(instance, *_placed(instance, begun, prices, holdings, kept))
    before = plan_cost(instance, state.holds, state.serving)
    dearer = plan_cost(instance, ended.holds, ended.serving) - before > state.parameters.dealing.free * abs(
        before
    )
    uneven = (assignment.imbalance_ratio.sum(), other.imbalance_ratio.sum())
    return None if dearer or uneven[1] >= uneven[0] else (ended, other)


def _shared(
    instance: Instance, state: _Round, assignment: Assignment, prices: Prices, holdings: Holdings | None
) -> tuple[_Round, Assignment]:
    """Give files more copies that keep their pools from being even, where that costs next to nothing.

    First in all such pools, in exchange for other files where there is no room; where that costs too much
    together, in those that have room.
    """
    copies = shared_copies(instance, Placement(state.holds), state.serving, assignment)
    if copies is None:
        return state, assignment
    tried: list[Copies] = []
    for wanted in (copies, with_room(instance, copies, assignment)):
        more = with_copies(instance, wanted)
        if more is instance or any(np.array_equal(wanted, other) for other in tried):
            continue
        tried.append(wanted)
        pools = (wanted != instance.copies).any(axis=1)
        try:
            found, other = _with_more(more, pools, state, assignment, prices, holdings)
        except NoFeasiblePlanError:
            # There is an arrangement already.
            continue
        before = plan_cost(instance, state.holds, state.serving)
        enough = state.parameters.dealing.sharing * _saved(instance, state.serving, pools)
        dearer = plan_cost(more, found.holds, found.serving) - before
        if dearer <= enough and other.imbalance_ratio.sum() < assignment.imbalance_ratio.sum():
            return found, other
    return state, assignment


def _saved(instance: Instance, serving: Serving, pools: Bools) -> float:
    """What some pools save, as if all that they serve came from the origin without them."""
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    saved = serving.candidate_gb(instance) * (instance.origin_cost[region] - instance.cand_cost)
    return float(saved[pools[instance.cand_pool]].sum())


def _with_more(
    more: Instance,
    pools: Bools,
    state: _Round,
    assignment: Assignment,
    prices: Prices,
    holdings: Holdings | None,
) -> tuple[_Round, Assignment]:
    """Deal out pools that shall have more copies, from what their appliances hold now; others stay."""
    start = state.start
    if start is not None:
        others = ~pools[start.pool]
        start = Start(start.pool[others], start.appliance[others], start.file[others])
    begun = replace(state, start=start)
    return _settled(more, *_placed(more, begun, prices, holdings, Kept(assignment, ~pools)))


def _late(instance: Instance, assignment: Assignment) -> tuple[Ints, Ints]:
    """New files to leave out where pools take in more than they may, least load per GB first.

    Of a pool's own limit counts what moves within the pool as well, as its appliances have to fetch it.
    """
    rows, n = instance.volumes, instance.n_pools
    none, limit_gb = np.zeros(0, dtype=np.int64), rows.capacity_gb[n:]
    if not np.isfinite(limit_gb[rows.fresh[n:]]).any():
        return none, none
    come = np.flatnonzero(~assignment.kept)
    pair = assignment.pool[come].astype(np.int64) * instance.n_files + assignment.file[come]
    pair, copies = np.unique(pair, return_counts=True)
    pool, file = pair // instance.n_files, pair % instance.n_files
    fetched_gb, fresh_gb = instance.size_gb[file] * copies, new_gb(instance, pool, file)
    fetched, fresh = (np.bincount(pool, gb, minlength=n) for gb in (fetched_gb, fresh_gb))
    shared = volume_use(instance, np.append(np.zeros(n), fresh))[2 * n :]
    used_gb = np.append(fetched, shared).astype(np.float64)
    may = ~required_files(instance)[pool, file]
    worth = instance.file_gb()[file] / instance.size_gb[file]
    left_out = np.zeros(pair.size, dtype=np.bool_)
    for i in np.flatnonzero(exceeds(used_gb, limit_gb)).tolist():
        gb = fetched_gb if i < n else fresh_gb
        mine = np.isin(pool, rows.pools_of(n + i))
        over = used_gb[i] - limit_gb[i] - gb[mine & left_out].sum()
        order = np.flatnonzero(mine & may & ~left_out)
        order = order[np.argsort(worth[order], kind="stable")]
        if over > 0.0:
            left_out[order[: int(np.searchsorted(np.cumsum(gb[order]), over)) + 1]] = True
    return pool[left_out], file[left_out]


def required_files(instance: Instance) -> Bools:
    """Files that are pinned, or that a launch rule may need, (n_pools, n_files) bool."""
    required = instance.pinned.copy()
    rule = np.repeat(np.arange(instance.n_launches), np.diff(instance.launch_ptr))
    required[instance.launch_pool, instance.launch_file[rule]] = True
    return required
