"""The night that makes a plan true: fills, removals, and the plan without what does not fit into it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.fill.deal.appliances import Assignment
from cdnplan.fill.loads.copies import Copies
from cdnplan.fill.night.fills import Fills, absences
from cdnplan.fill.night.link_loads import links_carry
from cdnplan.fill.night.network import fill_network, spare_gbps
from cdnplan.fill.night.schedule import Schedule, schedule
from cdnplan.fill.night.shortened import shortened
from cdnplan.fill.night.source_kernels import NO_SOURCE, Network
from cdnplan.fill.night.sources import Sources, find_sources
from cdnplan.fill.night.windows import Windows, night_windows
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Instance, Ints
from cdnplan.model.network.topology import Topology
from cdnplan.model.plan.placement import Placement, Serving
from cdnplan.optimize.problem.objective import plan_cost
from cdnplan.parameters.dealing import NightParameters
from cdnplan.parameters.parameters import DEFAULTS
from cdnplan.planner.decide.dealing import Dealt
from cdnplan.planner.decide.night_copies import counts, first_of_cells, held_copies, night_copies
from cdnplan.planner.decide.staying import launches_stay
from cdnplan.planner.relieve.changed import Changed
from cdnplan.planner.relieve.spreading import ENOUGH_RATIO, serve_changed

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Night:
    """What does not change from round to round, but for copies that nobody asked for."""

    asked: Instance
    instance: Instance
    """With the copies that pools shall have, where these are more than are asked for."""
    topology: Topology
    pool: Ints
    """Pool of each appliance."""
    windows: Windows
    sources: Sources
    begin: int
    held: Ints
    """Copies held before, as sorted ``appliance * n_files + file``."""
    enough: float
    """What it may lose without being planned again [currency per period]."""
    parameters: NightParameters


@dataclass(frozen=True, slots=True, eq=False)
class _Round:
    """Copies as they stand, and the serving whose loads links carry."""

    kept: Copies
    wanted: Copies
    leaving: Copies
    serving: Serving


def fill_night(
    instance: Instance,
    topology: Topology,
    dealt: Dealt,
    holdings: Holdings | None,
    begin: int,
    parameters: NightParameters = DEFAULTS.night,
) -> Dealt:
    """Schedule what each appliance fetches in its first window after an instant, and what it removes.

    Copies that cannot be fetched leave the plan, together with the other copies of their file in the pool
    that would need them; those that nobody asked for leave alone. Where such a pool still has a file that was
    to go, it keeps it, and so do pools that have a launch for which its rule then lacks others. Serving is
    then computed anew, and so are fills where links carry something else now, until both agree.

    Parameters
    ----------
    instance, topology : Instance, Topology
    dealt : Dealt
    holdings : Holdings or None
        What appliances hold now; None: nothing.
    begin : int
        Of the night [ms since 1970, UTC].
    parameters : NightParameters

    Returns
    -------
    Dealt
        What is held once the night is over, with its fills.
    """
    pool = np.repeat(np.arange(instance.n_pools), instance.pool_appliances)
    windows = night_windows(topology, instance, begin)
    held = held_copies(instance, dealt.assignment, holdings)
    counted = dealt.assignment.counted(instance)
    kept, wanted, leaving = night_copies(instance, counted, dealt, pool, held)
    wants = np.zeros(len(instance.sites), dtype=np.bool_)
    wants[instance.pool_site[pool[wanted.appliance]]] = True
    sources = find_sources(topology, instance.sites, wants.tolist())
    enough = ENOUGH_RATIO * plan_cost(instance, dealt.placement.holds, dealt.serving)
    night = _Night(instance, counted, topology, pool, windows, sources, begin, held, enough, parameters)
    state = _Round(kept, wanted, leaving, dealt.serving)
    unfilled: list[tuple[Copies, npt.NDArray[np.uint8]]] = []
    ended = dealt
    for number in range(parameters.rounds + 2):
        result = _schedule(night, state)
        if number == parameters.rounds:
            why = np.where(result.fetched, NO_SOURCE, result.why).astype(np.uint8)
            result = replace(result, kind=np.zeros_like(result.kind), why=why)
        night = _asking_less(night, state, result)
        after = _resolve(night, state, result)
        if after is None:
            break
        left, why, stands, state, had = *after, state.kept
        state, stay = _rules_kept(night, state)
        unfilled.append((left, why))
        ended = _served_anew(night, replace(ended, stayed=ended.stayed + stay), state)
        state = replace(state, serving=ended.serving)
        if not stay:
            network = _network(night, state)
            rest = shortened(network, result, had, ~stands)
            settled = None if rest is None else _settled(rest, state)
            if settled is not None and links_carry(network, settled):
                result = settled
                break
    fills = _fills(night, state.kept, result, unfilled)
    pairs = np.unique(night.pool[fills.unfilled.appliance] * instance.n_files + fills.unfilled.file)
    pairs = pairs[~ended.placement.holds.ravel()[pairs]]
    return replace(
        ended, fills=fills, unfilled_pool=pairs // instance.n_files, unfilled_file=pairs % instance.n_files
    )


def _asking_less(night: _Night, state: _Round, result: Schedule) -> _Night:
    """Do without copies that cannot be fetched and that nobody asked for: their pools keep the others."""
    if night.instance is night.asked or result.fetched.all():
        return night

    def cell(copies: Copies) -> Ints:
        return night.pool[copies.appliance] * night.asked.n_files + copies.file

    copies = night.instance.copies.reshape(-1).copy()
    asked = night.asked.copies.reshape(-1)
    lost = np.unique(cell(result.wanted.take(~result.fetched)))
    have = counts(cell(state.kept), copies.size) + counts(
        cell(result.wanted.take(result.fetched)), copies.size
    )
    spare = lost[(copies[lost] > asked[lost]) & (have[lost] >= asked[lost])]
    if spare.size == 0:
        return night
    copies[spare] = have[spare]
    return replace(night, instance=replace(night.instance, copies=copies.reshape(night.asked.copies.shape)))


def _network(night: _Night, state: _Round, spare_ratio: float = 1.0) -> Network:
    """What limits the night while links carry this serving, of which fills use a part of what is to spare."""
    spare = spare_gbps(night.instance, state.serving, night.sources)
    spare[spare > 0.0] *= spare_ratio
    return fill_network(night.topology, night.instance, night.sources, night.windows, spare)


def _schedule(night: _Night, state: _Round) -> Schedule:
    network = _network(night, state, night.parameters.spare)
    return schedule(
        network, state.kept, state.wanted, state.leaving, night.begin, night.enough, night.parameters
    )


def _resolve(
    night: _Night, state: _Round, result: Schedule
) -> tuple[Copies, npt.NDArray[np.uint8], Bools, _Round] | None:
    """Copies to give up with the reasons, which stay, and what is left to do; None where all was fetched."""
    if result.fetched.all():
        return None
    instance = night.instance
    cells = instance.n_pools * instance.n_files

    def cell(copies: Copies) -> Ints:
        return night.pool[copies.appliance] * instance.n_files + copies.file

    wanted, fetched = result.wanted, result.fetched
    there = result.leaving.take(result.gone < 0)
    crowded = np.zeros(instance.n_pools, dtype=np.bool_)
    crowded[night.pool[wanted.appliance[~fetched]]] = True

    def counted(copies: Copies) -> npt.NDArray[np.int16]:
        # Where all was fetched nothing is lacking, so that nothing need be counted.
        return counts(cell(copies.take(crowded[night.pool[copies.appliance]])), cells)

    needed = np.where(np.repeat(crowded, instance.n_files), instance.copies.reshape(-1), 0).astype(np.int16)
    kept = counted(state.kept)
    planned, have = kept + counted(wanted), kept + counted(wanted.take(fetched))
    lacking = (planned > 0) & (have < needed)
    short = np.where(lacking, needed - have, 0)
    # Where something could not be fetched, files that were to go may stay if their copies are there.
    stays = (planned == 0) & (needed > 0)
    short += np.where(stays, needed, 0)
    found = counted(there)
    back = (short > 0) & (found >= short)
    retained = first_of_cells(cell(there), np.where(back, short, 0))
    dropped = lacking & ~back
    give_up = ~fetched | dropped[cell(wanted)]
    why = _reasons(cell(wanted), result, give_up)
    keeps = ~dropped[cell(state.kept)]
    now_kept = there.take(retained)
    leaves = np.ones(result.leaving.size, dtype=np.bool_)
    leaves[np.flatnonzero(result.gone < 0)[retained]] = False
    # Nothing is lost where the pool keeps the copy on another appliance.
    lost = wanted.take(give_up)
    lost = replace(lost, value=np.where(back[cell(lost)], 0.0, lost.value))
    return (
        lost,
        why,
        ~give_up,
        _Round(
            kept=Copies.joined(state.kept.take(keeps), now_kept),
            wanted=wanted.take(~give_up),
            leaving=Copies.joined(result.leaving.take(leaves), state.kept.take(~keeps)),
            serving=state.serving,
        ),
    )


def _rules_kept(night: _Night, state: _Round) -> tuple[_Round, tuple[tuple[int, int], ...]]:
    """The same with launches that have to stay, and which these are."""
    found = launches_stay(night.instance, night.pool, state.kept, state.wanted, state.leaving)
    return replace(state, kept=found.kept, leaving=found.leaving), found.pairs


def _reasons(cell: Ints, result: Schedule, give_up: Bools) -> npt.NDArray[np.uint8]:
    """Why copies are given up: their own reason, or that of another copy that the pool needs as well."""
    why = result.why.copy()
    lost = np.flatnonzero(~result.fetched)
    of_cell = dict(zip(cell[lost].tolist(), why[lost].tolist(), strict=True))
    for q in np.flatnonzero(give_up & result.fetched):
        why[q] = of_cell.get(int(cell[q]), why[q])
    return np.asarray(why[give_up])


def _settled(result: Schedule, state: _Round) -> Schedule:
    """The same night, of which everything fetched is wanted: no other schedule is needed."""
    fetched = result.fetched
    width = int(max(result.leaving.file.max(initial=0), state.leaving.file.max(initial=0))) + 1
    before = result.leaving.appliance * width + result.leaving.file
    stays = ~np.isin(before, state.leaving.appliance * width + state.leaving.file)
    leaving = result.leaving.take(~stays)
    more = np.isin(state.leaving.appliance * width + state.leaving.file, before, invert=True)
    added = state.leaving.take(more)
    return Schedule(
        wanted=result.wanted.take(fetched),
        kind=result.kind[fetched],
        source=result.source[fetched],
        path=result.path[fetched],
        start=result.start[fetched],
        end=result.end[fetched],
        alternates=result.alternates[fetched],
        origin=result.origin[fetched],
        why=result.why[fetched],
        leaving=Copies.joined(leaving, added),
        gone=np.concatenate([result.gone[~stays], np.full(added.size, -1)]),
    )


def _served_anew(night: _Night, dealt: Dealt, state: _Round) -> Dealt:
    """The plan of the copies that are left, on the appliances where they are."""
    instance = night.instance
    assignment = _assignment(night, dealt.assignment, state)
    holds = np.zeros_like(dealt.placement.holds)
    holds[assignment.pool, assignment.file] = True
    placement = Placement(holds)
    spread = serve_changed(Changed(instance, placement, assignment, dealt.placement, dealt.serving))
    return replace(
        dealt,
        placement=placement,
        serving=spread.serving,
        assignment=spread.assignment(assignment),
        slowed=int(spread.slowed.sum()),
    )


def _assignment(night: _Night, before: Assignment, state: _Round) -> Assignment:
    """Copies kept and wanted as rows, with what they add up to; loads are still those of before."""
    instance, n_files = night.instance, night.instance.n_files
    appliance = np.concatenate([state.kept.appliance, state.wanted.appliance])
    file = np.concatenate([state.kept.file, state.wanted.file])
    kept = np.arange(file.size) < state.kept.size
    order = np.argsort(appliance * n_files + file, kind="stable")
    appliance, file, kept = appliance[order], file[order], kept[order]
    pool = night.pool[appliance]
    cells = instance.n_pools * n_files
    had = counts(night.pool[night.held // n_files] * n_files + night.held % n_files, cells)
    wanted = counts(pool * n_files + file, cells)
    same = counts((pool * n_files + file)[kept], cells)
    more = np.minimum(had, wanted) - same
    some = np.flatnonzero(more)
    moved = np.bincount(some // n_files, more[some] * instance.size_gb[some % n_files], instance.n_pools)
    none = np.zeros(0, dtype=np.int32)
    return replace(
        before,
        pool=pool.astype(np.int32),
        appliance=(appliance - before.appliance_ptr[pool] + 1).astype(np.int32),
        file=file.astype(np.int32),
        kept=kept,
        storage_gb=np.bincount(appliance, instance.size_gb[file], minlength=night.pool.size).astype(
            np.float64
        ),
        dropped_pool=none,
        dropped_file=none,
        overloaded_pool=none,
        overloaded_ratio=np.zeros(0),
        moved_gb=moved.astype(np.float64),
    )


def _fills(
    night: _Night, kept: Copies, result: Schedule, unfilled: list[tuple[Copies, npt.NDArray[np.uint8]]]
) -> Fills:
    """The night as it is written down; copies whose space nobody needed go at its end."""
    removed = result.leaving
    at = np.where(result.gone < 0, night.windows.until, result.gone)
    order = np.lexsort((removed.file, at, removed.appliance))
    lost = Copies.joined(Copies.none(), *(copies for copies, _ in unfilled))
    why = np.concatenate([np.zeros(0, dtype=np.uint8), *(reasons for _, reasons in unfilled)])
    by_value = np.lexsort((lost.file, -lost.value, lost.appliance))
    away_file, away_ms = absences(
        kept.file, (result.wanted.file, result.end), (removed.file, at), night.instance.n_files
    )
    return Fills(
        begin=night.begin,
        until=night.windows.until,
        copies=result.wanted,
        kind=result.kind,
        source=result.source,
        start=result.start,
        end=result.end,
        alternates=result.alternates,
        origin=result.origin,
        removed=removed.take(order),
        removed_at=at[order],
        unfilled=lost.take(by_value),
        why=why[by_value],
        away_file=away_file,
        away_ms=away_ms,
    )
