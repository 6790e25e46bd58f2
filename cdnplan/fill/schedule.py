"""When each appliance fetches what, and from whom: list scheduling in the order of value per byte."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.fill import schedule_kernels as kernels
from cdnplan.fill.count_kernels import count
from cdnplan.fill.heap_kernels import Heap
from cdnplan.fill.loads import pointers
from cdnplan.fill.source_kernels import HOLDS, LEAVING, NO_WINDOW, NOTHING, ORIGIN, SELFISH, Network, State
from cdnplan.fill.space_kernels import NEVER, Removals, Result, Work
from cdnplan.fill.urgency import fetching_order
from cdnplan.model.instance import Floats, Ints

Bools = npt.NDArray[np.bool_]

N_ALTERNATES = 2
"""Further appliances named for each fill, before an origin."""


LOST_NOTHING, LOST_ALL = (0, 0, 0.0), (np.iinfo(np.int64).max, 1, np.inf)
"""A night that brings everything, and one worse than any."""
PATIENCES, TRIES = 3, 4
"""Nights planned with less and less patience where copies are lost, and tries of each, with fewer last copies
that may go before an origin brings the file back."""


@dataclass(frozen=True, slots=True, eq=False)
class Copies:
    """Some copies: of which file, on which appliance.

    Parameters
    ----------
    appliance, file : (n,) int64
        Appliances numbered over all pools.
    value : (n,) float64
        What each saves [currency per period].
    required : (n,) bool
        Pinned, or for a launch: fetched before all others.
    """

    appliance: Ints
    file: Ints
    value: Floats
    required: Bools

    @property
    def size(self) -> int:
        """Number of copies."""
        return int(self.file.size)

    def take(self, which: npt.NDArray[np.generic]) -> Copies:
        """Some of them: positions or a mask."""
        return Copies(self.appliance[which], self.file[which], self.value[which], self.required[which])

    @classmethod
    def none(cls) -> Copies:
        """No copies."""
        index = np.zeros(0, dtype=np.int64)
        return cls(index, index, np.zeros(0), np.zeros(0, dtype=np.bool_))

    @classmethod
    def joined(cls, *parts: Copies) -> Copies:
        """All of several."""
        return cls(
            np.concatenate([part.appliance for part in parts]),
            np.concatenate([part.file for part in parts]),
            np.concatenate([part.value for part in parts]),
            np.concatenate([part.required for part in parts]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """One night.

    Parameters
    ----------
    wanted : Copies
        Sorted by appliance, then priority.
    kind : (n_wanted,) uint8
        Of source: peer, tier or origin as `source_kernels` has them, `NOTHING` where it is not fetched.
    source : (n_wanted,) int64
        Appliance, or index of the origin.
    path : (n_wanted,) int64
        Place of the source in the network's list of sites or origins that are near, -1 within a site.
    start, end : (n_wanted,) int64
        Instants [ms].
    alternates : (n_wanted, 2) int32
        Further appliances that hold it, -1 where there are no more.
    origin : (n_wanted,) int64
        Index of the last alternate: the cheapest origin other than the source. -1 where no way leads from
        another one: then there are no alternates.
    why : (n_wanted,) uint8
        Why it is not fetched.
    leaving : Copies
        Sorted by appliance, the first to go first.
    gone : (n_leaving,) int64
        When its space was needed [ms], -1 where it never was.
    """

    wanted: Copies
    kind: npt.NDArray[np.uint8]
    source: Ints
    path: Ints
    start: Ints
    end: Ints
    alternates: npt.NDArray[np.int32]
    origin: Ints
    why: npt.NDArray[np.uint8]
    leaving: Copies
    gone: Ints

    @property
    def fetched(self) -> Bools:
        """Which wanted copies are fetched, (n_wanted,)."""
        return np.asarray(self.kind != NOTHING)


def schedule(network: Network, kept: Copies, wanted: Copies, leaving: Copies, begin: int) -> Schedule:
    """Plan the transfers of one night.

    A list schedule [1]_ in the order of events: whenever an appliance has rate to spare in its window it
    starts the first of its files that has a source and room now, in the order of `fetching_order`. A file
    comes from a peer at the site, else from the site that holds it with the cheapest path, else from the
    origin; one that is on its way to the site and arrives in time is waited for, and so are busy sources
    while there is time. Copies that leave do so when their space is needed, the least valuable first, not
    while they are fetched, and not while they are the network's last of a file that stays: unless a rule asks
    for what needs the space, or it is worth far more than all new copies of that file, which are then given
    up; when time is short, more is enough.

    It is a heuristic: it promises neither that all that could be fetched is, nor the fewest bytes from
    the origin.

    Parameters
    ----------
    network : Network
        See `cdnplan.fill.network.fill_network`.
    kept, wanted, leaving : Copies
        What is held for good, is to be fetched, and is to be removed; each copy once.
    begin : int
        Of the night [ms].

    Returns
    -------
    Schedule

    References
    ----------
    .. [1] R. L. Graham, "Bounds on multiprocessing timing anomalies", SIAM Journal on Applied
       Mathematics 17(2), 1969.
    """
    n_appliances = network.site.size
    leaving = leaving.take(_by_worth(leaving, wanted, network))
    state = _state(network, kept, leaving)
    order = fetching_order(
        network,
        state.stored_gb,
        (wanted.appliance, wanted.file, wanted.value),
        wanted.required,
        (leaving.appliance, leaving.file),
        kept.file,
    )
    wanted = wanted.take(order)
    demand = kernels.Wanted(
        _ptr(wanted, n_appliances), wanted.appliance, wanted.file, wanted.value, wanted.required
    )
    result = _best_night(_Evening(network, state, kept, wanted, leaving, demand, begin))
    last_origin = _last_origins(network, wanted, result)
    return Schedule(
        wanted=wanted,
        kind=result.kind,
        source=_sources(network, result),
        path=result.path,
        start=result.start,
        end=result.end,
        alternates=np.where(last_origin[:, None] < 0, -1, result.alternates),
        origin=last_origin,
        why=result.why,
        leaving=leaving,
        gone=result.gone,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Evening:
    """What a night begins with, and when [ms]; `demand` is `wanted` as kernels read it."""

    network: Network
    state: State
    kept: Copies
    wanted: Copies
    leaving: Copies
    demand: kernels.Wanted
    begin: int


def _best_night(evening: _Evening) -> Result:
    """Plan the night with patience, then with less where that loses anything; take what loses least value.

    Each time appliances that could not fetch all lose some of theirs: all others go on waiting for cheap
    sources.
    """
    wanted, patience = evening.wanted, evening.network.patience.copy()
    best, least = _blank(wanted.size, evening.leaving.size), LOST_ALL
    for _ in range(PATIENCES):
        network = evening.network._replace(patience=patience.copy())
        night, lost = _night(replace(evening, network=network))
        if lost < least:
            best, least = night, lost
        late = np.unique(wanted.appliance[night.kind == NOTHING])
        if least == LOST_NOTHING or (patience[late] == SELFISH).all():
            break
        patience[late] = np.maximum(patience[late], SELFISH + 1) - 1
    return best


def _night(evening: _Evening) -> tuple[Result, tuple[int, int, float]]:
    """Try a night until promises are kept; the one that loses least, and what it loses.

    At first all last copies may go that origins can bring back; what did not come back in time may not go
    away in the next try.
    """
    network, wanted, leaving = evening.network, evening.wanted, evening.leaving
    night, least = _blank(wanted.size, leaving.size), LOST_ALL
    returns = np.zeros(network.size_gb.size, dtype=np.bool_)
    returns[wanted.file] = True
    returns[evening.kept.file] = False
    for _ in range(TRIES):
        state = State(*(array.copy() for array in evening.state))
        removals = _removals(network, evening.kept, wanted, leaving, returns)
        result = _blank(wanted.size, leaving.size)
        work = _scratch(network, wanted, evening.demand, removals)
        kernels.run_night(network, state, evening.demand, removals, result, work, evening.begin)
        lost = _lost(wanted, result)
        # At the same loss rather a night that breaks fewer promises.
        if lost <= least:
            night, least = result, lost
        if lost == LOST_NOTHING or not removals.n_away[0]:
            break
        returns &= ~removals.away
    return night, least


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
        ptr=_ptr(leaving, network.site.size),
        file=leaving.file,
        stays=stays,
        worth=worth,
        given_up=np.zeros(n_files, dtype=np.bool_),
        returns=returns,
        away=np.zeros(n_files, dtype=np.bool_),
        n_away=np.zeros(1, dtype=np.int64),
    )


def _by_worth(leaving: Copies, wanted: Copies, network: Network) -> Ints:
    """Order by appliance and value per byte, the least first; what others of the site fetch goes last."""
    n_sites = network.site_ptr.size - 1
    at_site = np.unique(wanted.file * n_sites + network.site[wanted.appliance])
    needed = np.isin(leaving.file * n_sites + network.site[leaving.appliance], at_site)
    density = leaving.value / network.size_gb[leaving.file]
    return np.lexsort((leaving.file, density, needed, leaving.appliance)).astype(np.int64)


def _ptr(copies: Copies, n_appliances: int) -> Ints:
    return pointers(np.bincount(copies.appliance, minlength=n_appliances))


def _state(network: Network, kept: Copies, leaving: Copies) -> State:
    """What everybody holds at the beginning; nothing is in use."""
    n_files, n_appliances, n_sites = network.size_gb.size, network.site.size, network.site_ptr.size - 1
    n_links = network.spare_gbps.shape[0] + 1
    copy = np.zeros((n_files, n_appliances), dtype=np.uint8)
    copy[kept.file, kept.appliance] = HOLDS
    copy[leaving.file, leaving.appliance] = LEAVING
    file = np.concatenate([kept.file, leaving.file])
    appliance = np.concatenate([kept.appliance, leaving.appliance])
    most = int(np.diff(network.site_ptr).max(initial=0))
    at_site = np.zeros((n_files, n_sites), dtype=np.uint16 if most < 2**16 else np.uint32)
    count(at_site.reshape(-1), file * n_sites + network.site[appliance])
    return State(
        copy=copy,
        at_site=at_site,
        holders=np.bincount(file, minlength=n_files).astype(np.int64),
        from_origin=np.zeros(n_files, dtype=np.int64),
        origin_end=np.zeros(n_files, dtype=np.int64),
        coming_file=np.full((n_appliances, kernels.MOST_AT_ONCE), -1, dtype=np.int32),
        coming_end=np.zeros((n_appliances, kernels.MOST_AT_ONCE), dtype=np.int64),
        coming_gbps=np.zeros((n_appliances, kernels.MOST_AT_ONCE)),
        in_used=np.zeros(n_appliances),
        in_count=np.zeros(n_appliances, dtype=np.int64),
        up_used=np.zeros(n_appliances),
        up_count=np.zeros(n_appliances, dtype=np.int64),
        link_used=np.zeros(n_links),
        link_count=np.zeros(n_links, dtype=np.int64),
        stored_gb=np.bincount(appliance, network.size_gb[file], minlength=n_appliances).astype(np.float64),
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


def _sources(network: Network, result: Result) -> Ints:
    """Appliances as they are, places in the list of origins as origins."""
    source = result.source.copy()
    origin = result.kind == ORIGIN
    source[origin] = network.origin[source[origin]]
    return source


def _last_origins(network: Network, wanted: Copies, result: Result) -> Ints:
    """Origin to turn to last: the cheapest, or the next where that is the source; -1 where there is none."""
    site = network.site[wanted.appliance]
    first, count = network.origin_ptr[site], np.diff(network.origin_ptr)[site]
    if wanted.size == 0:
        return np.zeros(0, dtype=np.int64)
    second = (result.kind == ORIGIN) & (result.source == first)
    at = np.where(second & (count > 1), first + 1, first)
    return np.where(second & (count == 1), -1, network.origin[at]).astype(np.int64)
