"""Nights planned again where copies are lost: these first, and with less patience."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.fill.loads.copies import Copies
from cdnplan.fill.loads.heap_kernels import Heap
from cdnplan.fill.night import schedule_kernels as kernels
from cdnplan.fill.night.source_kernels import NO_WINDOW, NOTHING, SELFISH, Network, State
from cdnplan.fill.night.space_kernels import NEVER, Removals, Result, Work
from cdnplan.fill.night.urgency import fetching_order
from cdnplan.model.instance.instance import Ints
from cdnplan.parameters.dealing import NightParameters
from cdnplan.parameters.parameters import DEFAULTS

Bools = npt.NDArray[np.bool_]

N_ALTERNATES = 2
"""Further appliances named for each fill, before an origin."""
LOST_NOTHING, LOST_ALL = (0, 0, 0.0), (np.iinfo(np.int64).max, 1, np.inf)
"""A night that brings everything, and one worse than any."""


@dataclass(frozen=True, slots=True, eq=False)
class Evening:
    """What a night begins with, and when.

    Parameters
    ----------
    network : Network
    state : State
        Not written to.
    kept, wanted, leaving : Copies
        Those that leave are sorted by appliance, the first to go first.
    begin : int
        Of the night [ms].
    enough : float
        A long night that loses no more value than this is not planned again.
    numbers : NightParameters
    """

    network: Network
    state: State
    kept: Copies
    wanted: Copies
    leaving: Copies
    begin: int
    enough: float = 0.0
    numbers: NightParameters = DEFAULTS.night

    def will_do(self, lost: tuple[int, int, float]) -> bool:
        """Whether a night that loses so much is good enough; short ones may be bettered."""
        long = self.wanted.size * self.numbers.fewest > self.numbers.work
        return lost == LOST_NOTHING or (long and lost[0] == 0 and lost[2] <= self.enough)


@dataclass(frozen=True, slots=True, eq=False)
class Haste:
    """What is done about copies that were lost.

    Parameters
    ----------
    pressing : (n_wanted,) int64
        Copies that press more come first, in the order of the evening's list; 0: as usual.
    patience : (n_appliances,) uint8
        See `Network`.
    """

    pressing: Ints
    patience: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class PlannedNight:
    """What became of wanted copies.

    Parameters
    ----------
    wanted : Copies
        Sorted by appliance and priority.
    order : (n_wanted,) int64
        Position of each in the evening's list.
    result : Result
    lost : tuple of int, int, float
        As `_lost` counts it.
    haste : Haste
        With which the night was planned.
    """

    wanted: Copies
    order: Ints
    result: Result
    lost: tuple[int, int, float]
    haste: Haste

    @property
    def missing(self) -> Ints:
        """Positions, in the evening's list, of copies that were not fetched."""
        return np.asarray(self.order[self.result.kind == NOTHING])


def best_night(evening: Evening) -> PlannedNight:
    """Plan a night, and plan it again in other ways while it loses too much; the one that loses least value.

    What was lost goes to the head of the queue and does not wait for cheap sources, what stands in its way
    becomes as urgent, and the appliances that lost it have less patience: the greedy plan is built anew from
    its own failures, as in squeaky wheel optimization [1]_. First from all of them; then, from the best night
    so far, from some drawn at random, while others calm down again.

    Parameters
    ----------
    evening : Evening

    Returns
    -------
    PlannedNight

    References
    ----------
    .. [1] D. E. Joslin and D. P. Clements, "Squeaky wheel optimization", Journal of Artificial Intelligence
       Research 10, 1999.
    """
    n_wanted, numbers = evening.wanted.size, evening.numbers
    nights = max(numbers.fewest, min(numbers.most, numbers.work // max(1, n_wanted)))
    rng = np.random.default_rng(0)
    begun = Haste(np.zeros(n_wanted, dtype=np.int64), evening.network.patience)
    here = best = _night(evening, begun)
    for number in range(1, nights):
        if evening.will_do(best.lost):
            break
        driven = number <= numbers.driven
        night = _night(evening, _driven(evening, here) if driven else _other(evening, here, rng))
        if night.lost < best.lost:
            best = night
        if driven or night.lost <= here.lost:
            here = best if number == numbers.driven else night
    return best


def _driven(evening: Evening, night: PlannedNight) -> Haste:
    """All that was lost presses more, and those who lost it have less patience."""
    pressing, patience = night.haste.pressing.copy(), night.haste.patience.copy()
    late = np.unique(evening.wanted.appliance[night.missing])
    pressing[night.missing] += 1
    patience[late] = _less(patience[late])
    return Haste(pressing, patience)


def _other(evening: Evening, night: PlannedNight, rng: np.random.Generator) -> Haste:
    """Some of what was lost presses more or is waited for less; something else calms down."""
    pressing, patience = night.haste.pressing.copy(), night.haste.patience.copy()
    numbers = evening.numbers
    of = evening.wanted.appliance[night.missing]
    late = np.unique(of)
    chosen = late[rng.random(late.size) < numbers.chosen]
    if chosen.size == 0:
        chosen = rng.choice(late, 1)
    hurries = rng.random(chosen.size) < numbers.hurries
    presses = (rng.random(chosen.size) < numbers.presses) | ~hurries
    pressing[night.missing[np.isin(of, chosen[presses])]] += 1
    patience[chosen[hurries]] = _less(patience[chosen[hurries]])
    calmer = (patience < evening.network.patience) & (rng.random(patience.size) < numbers.forgets)
    patience[calmer] += 1
    pressing[rng.random(pressing.size) < numbers.forgets] = 0
    return Haste(pressing, patience)


def _less(patience: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """A step less, if there is one."""
    return np.maximum(patience, SELFISH + 1) - np.uint8(1)


def _night(evening: Evening, haste: Haste) -> PlannedNight:
    """Try a night until promises are kept; the one that loses least.

    At first all last copies may go that origins can bring back; what did not come back in time may not go
    away in the next try.
    """
    network = evening.network._replace(patience=haste.patience.copy())
    order = _order(evening, haste)
    wanted, leaving = evening.wanted.take(order), evening.leaving
    demand = kernels.Wanted(
        wanted.ptr(network.site.size),
        wanted.appliance,
        wanted.file,
        np.where(wanted.required, np.inf, wanted.value),
        wanted.required | (haste.pressing[order] > 0),
    )
    best, least = _blank(wanted.size, leaving.size), LOST_ALL
    returns = np.zeros(network.size_gb.size, dtype=np.bool_)
    returns[wanted.file] = True
    returns[evening.kept.file] = False
    for _ in range(evening.numbers.tries):
        state = State(*(array.copy() for array in evening.state))
        removals = _removals(network, evening.kept, wanted, leaving, returns)
        result = _blank(wanted.size, leaving.size)
        work = _scratch(network, wanted, demand, removals)
        kernels.run_night(network, state, demand, removals, result, work, evening.begin)
        lost = _lost(wanted, result)
        # At the same loss rather a night that breaks fewer promises.
        if lost <= least:
            best, least = result, lost
        if lost == LOST_NOTHING or not removals.n_away[0]:
            break
        returns &= ~removals.away
    return PlannedNight(wanted, order, best, least, haste)


def _order(evening: Evening, haste: Haste) -> Ints:
    """What a rule asks for comes first, then what presses."""
    wanted, leaving = evening.wanted, evening.leaving
    rank = haste.pressing + wanted.required * (1 + haste.pressing.max(initial=0))
    return fetching_order(
        evening.network,
        evening.state.stored_gb,
        (wanted.appliance, wanted.file, wanted.value),
        rank,
        (leaving.appliance, leaving.file),
        evening.kept.file,
        evening.numbers.chain,
    )


def _lost(wanted: Copies, result: Result) -> tuple[int, int, float]:
    """What a night leaves undone: copies that a rule asks for, whether there are others, and their value."""
    unfetched = result.kind == NOTHING
    required = int((unfetched & wanted.required).sum())
    return required, int(unfetched.any()), float(wanted.value[unfetched].sum())


def _removals(network: Network, kept: Copies, wanted: Copies, leaving: Copies, returns: Bools) -> Removals:
    n_files = network.size_gb.size
    stays = np.zeros(n_files, dtype=np.bool_)
    stays[kept.file] = stays[wanted.file] = True
    worth = np.bincount(wanted.file, wanted.value, n_files).astype(np.float64)
    worth[wanted.file[wanted.required]] = np.inf
    return Removals(
        ptr=leaving.ptr(network.site.size),
        file=leaving.file,
        stays=stays,
        worth=worth,
        given_up=np.zeros(n_files, dtype=np.bool_),
        returns=returns,
        away=np.zeros(n_files, dtype=np.bool_),
        n_away=np.zeros(1, dtype=np.int64),
    )


def _blank(n_wanted: int, n_leaving: int) -> Result:
    return Result(
        kind=np.zeros(n_wanted, dtype=np.uint8),
        source=np.full(n_wanted, -1, dtype=np.int64),
        path=np.full(n_wanted, -1, dtype=np.int64),
        start=np.full(n_wanted, NEVER, dtype=np.int64),
        end=np.full(n_wanted, NEVER, dtype=np.int64),
        alternates=np.full((n_wanted, N_ALTERNATES), -1, dtype=np.int32),
        why=np.full(n_wanted, NO_WINDOW, dtype=np.uint8),
        gone=np.full(n_leaving, NEVER, dtype=np.int64),
    )


def _scratch(network: Network, wanted: Copies, demand: kernels.Wanted, leaving: Removals) -> Work:
    """Room for all events there can be at once: transfers, and looks for work."""
    size_gb = network.size_gb[wanted.file]
    waiting_gb = np.asarray(np.bincount(wanted.appliance, size_gb, network.site.size), dtype=np.float64)
    n = network.site.size
    room = kernels.MOST_AT_ONCE * n + network.open_begin.size + 1
    return Work(
        heap=Heap.of(room),
        head=demand.ptr[:-1].copy(),
        waiting_gb=waiting_gb,
        shed=np.zeros(wanted.size, dtype=np.bool_),
        idle=np.zeros(n, dtype=np.bool_),
        poll=np.full(n, NEVER, dtype=np.int64),
        woken=np.full(n, NEVER, dtype=np.int64),
        busy=np.full(leaving.file.size, np.iinfo(np.int64).min, dtype=np.int64),
        first_leaving=leaving.ptr[:-1].copy(),
    )
