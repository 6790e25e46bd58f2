"""When each appliance fetches what, and from whom: list scheduling in the order of value per byte."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.fill.loads.copies import Copies
from cdnplan.fill.loads.count_kernels import count
from cdnplan.fill.night import schedule_kernels as kernels
from cdnplan.fill.night.best_night import Evening, best_night
from cdnplan.fill.night.source_kernels import HOLDS, LEAVING, NOTHING, ORIGIN, Network, State
from cdnplan.fill.night.space_kernels import Result
from cdnplan.model.instance.instance import Ints
from cdnplan.parameters.dealing import NightParameters
from cdnplan.parameters.parameters import DEFAULTS

Bools = npt.NDArray[np.bool_]


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


def schedule(
    network: Network,
    kept: Copies,
    wanted: Copies,
    leaving: Copies,
    begin: int,
    enough: float = 0.0,
    parameters: NightParameters = DEFAULTS.night,
) -> Schedule:
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
        See `cdnplan.fill.night.network.fill_network`.
    kept, wanted, leaving : Copies
        What is held for good, is to be fetched, and is to be removed; each copy once.
    begin : int
        Of the night [ms].
    enough : float
        Value that may be lost without looking for a better night [currency per period]. Copies that a rule
        asks for may not.
    parameters : NightParameters

    Returns
    -------
    Schedule

    References
    ----------
    .. [1] R. L. Graham, "Bounds on multiprocessing timing anomalies", SIAM Journal on Applied
       Mathematics 17(2), 1969.
    """
    leaving = leaving.take(_by_worth(leaving, wanted, network))
    state = _state(network, kept, leaving)
    night = best_night(Evening(network, state, kept, wanted, leaving, begin, enough, parameters))
    wanted, result = night.wanted, night.result
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


def _by_worth(leaving: Copies, wanted: Copies, network: Network) -> Ints:
    """Order by appliance and value per byte, the least first; what others of the site fetch goes last."""
    n_sites = network.site_ptr.size - 1
    at_site = np.unique(wanted.file * n_sites + network.site[wanted.appliance])
    needed = np.isin(leaving.file * n_sites + network.site[leaving.appliance], at_site)
    density = leaving.value / network.size_gb[leaving.file]
    return np.lexsort((leaving.file, density, needed, leaving.appliance)).astype(np.int64)


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
