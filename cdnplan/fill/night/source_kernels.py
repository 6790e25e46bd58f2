"""Kernels that find a source for one fill at one moment: a peer, another site on a cheap path, an origin."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit

Array = npt.NDArray[Any]

MS_PER_HOUR = 3_600_000
MEGABITS_PER_GB = 8000.0
"""Also milliseconds that a GB takes at one Gbit/s."""
ROUNDING = 1e-9

NONE, HOLDS, COMING, LEAVING = 0, 1, 2, 3
"""What an appliance does with a file: nothing, has it for good, fetches it, has it but will remove it."""
NOTHING, PEER, TIER, ORIGIN = 0, 1, 2, 3
"""Kinds of source."""
NO_WINDOW, NO_RATE, NO_LINK, NO_SOURCE, NO_SPACE, NO_ORIGIN = 1, 2, 3, 4, 5, 6
"""Why a copy is not fetched, now or at all."""
SELFISH, HURRIED, PATIENT = 0, 1, 2
"""How an appliance goes about its night, see `schedule_kernels.run_night`."""


class Network(NamedTuple):
    """What stays the same all night; see `Sources`, `Windows`, `Night` for shapes and units.

    `site_ptr` cuts appliances into sites; `spare_gbps` is what links have left in each hour of the UTC day,
    (n_links, 24); `origin_cap_gbps` has one entry. `patience` is `PATIENT`, `HURRIED` or `SELFISH`: what is
    to go from an appliance that is selfish is no source, so that its space is free whenever it is needed.
    """

    site_ptr: Array
    site: Array
    fill_gbps: Array
    upload_gbps: Array
    limit_gb: Array
    open_ptr: Array
    open_begin: Array
    open_end: Array
    closed_ptr: Array
    closed_begin: Array
    closed_end: Array
    near_ptr: Array
    near_site: Array
    near_link_ptr: Array
    near_link: Array
    origin_ptr: Array
    origin: Array
    origin_link_ptr: Array
    origin_link: Array
    spare_gbps: Array
    origin_cap_gbps: Array
    size_gb: Array
    n_origins: int
    patience: Array


class State(NamedTuple):
    """Where the night stands.

    `copy` is what each appliance does with each file, (n_files, n_appliances); `at_site` counts the holders
    of each file at each site, `holders` in the whole network; `from_origin` counts fetches from origins, and
    `origin_end` is when the first of them ends. `coming_file`, `coming_end`, `coming_gbps` list what is on
    its way to each appliance, (n_appliances, most), -1 where nothing is. Rates in use are ``*_used`` with the
    number of transfers ``*_count``, so that rounding does not pile up; the last entry of `link_used` is that
    of all origins together.
    """

    copy: Array
    at_site: Array
    holders: Array
    from_origin: Array
    origin_end: Array
    coming_file: Array
    coming_end: Array
    coming_gbps: Array
    in_used: Array
    in_count: Array
    up_used: Array
    up_count: Array
    link_used: Array
    link_count: Array
    stored_gb: Array


@njit(cache=True)
def duration_ms(size_gb: float, gbps: float) -> int:
    """Whole milliseconds that a transfer takes, rounded up so that its rate is not passed."""
    return max(1, int(np.ceil(size_gb * MEGABITS_PER_GB / gbps - ROUNDING)))


@njit(cache=True)
def closed_during(net: Network, a: int, begin: int, end: int) -> bool:
    """Whether an appliance is under maintenance at any time between two instants."""
    for i in range(net.closed_ptr[a], net.closed_ptr[a + 1]):
        if net.closed_begin[i] < end and begin < net.closed_end[i]:
            return True
    return False


@njit(cache=True)
def path_gbps(
    net: Network, state: State, links: Array, size_gb: float, gbps: float, least: float, now: int
) -> float:
    """Rate that a path's links have to spare until the transfer ends, at most `gbps`; 0: below `least`."""
    if links.size == 0:
        return gbps
    for _ in range(26):
        last = now + duration_ms(size_gb, gbps) - 1
        spare = gbps
        for hour in range(now // MS_PER_HOUR, min(last // MS_PER_HOUR, now // MS_PER_HOUR + 23) + 1):
            for e in links:
                spare = min(spare, net.spare_gbps[e, hour % 24] - state.link_used[e])
        if spare < least:
            return 0.0
        if spare >= gbps:
            return gbps
        gbps = spare
    return 0.0


@njit(cache=True)
def best_appliance(
    net: Network, state: State, site: int, f: int, a: int, size_gb: float, gbps: float, least: float, now: int
) -> int:
    """Appliance of a site, not a, that gives a file fastest, first of those that keep it. -1: none."""
    best, best_gbps, best_keeps = -1, 0.0, False
    for b in range(net.site_ptr[site], net.site_ptr[site + 1]):
        kind = state.copy[f, b]
        if b == a or not (kind == HOLDS or (kind == LEAVING and net.patience[b] > SELFISH)):
            continue
        rate = min(gbps, net.upload_gbps[b] - state.up_used[b])
        if rate < least or closed_during(net, b, now, now + duration_ms(size_gb, rate)):
            continue
        keeps = kind == HOLDS
        if (keeps and not best_keeps) or (keeps == best_keeps and rate > best_gbps):
            best, best_gbps, best_keeps = b, rate, keeps
    return best


@njit(cache=True)
def from_tier(
    net: Network, state: State, a: int, f: int, gbps: float, least: float, now: int, tries: int
) -> tuple[int, int, float, bool, bool]:
    """Look for the cheapest other site with a free holder, at most `tries` of those that hold the file.

    Gives the appliance (-1: none), its place in the list of sites, the rate; whether any site in reach holds
    the file, and whether only a link stood in the way.
    """
    held, linked, size = False, False, net.size_gb[f]
    for j in range(net.near_ptr[net.site[a]], net.near_ptr[net.site[a] + 1]):
        site = net.near_site[j]
        if state.at_site[f, site] == 0:
            continue
        held = True
        tries -= 1
        if tries < 0:
            break
        b = best_appliance(net, state, site, f, a, size, gbps, least, now)
        if b < 0:
            continue
        rate = min(gbps, net.upload_gbps[b] - state.up_used[b])
        links = net.near_link[net.near_link_ptr[j] : net.near_link_ptr[j + 1]]
        rate = path_gbps(net, state, links, size, rate, least, now)
        if rate <= 0.0:
            linked = True
        elif not closed_during(net, b, now, now + duration_ms(size, rate)):
            return b, j, rate, True, linked
    return -1, -1, 0.0, held, linked


@njit(cache=True)
def from_an_origin(
    net: Network, state: State, a: int, f: int, gbps: float, least: float, now: int
) -> tuple[int, float, int]:
    """Cheapest origin that has enough to spare: its place in the list (-1: none), rate, why not."""
    spare = net.origin_cap_gbps[0] - state.link_used[-1]
    if spare < least:
        return -1, 0.0, NO_ORIGIN
    for j in range(net.origin_ptr[net.site[a]], net.origin_ptr[net.site[a] + 1]):
        links = net.origin_link[net.origin_link_ptr[j] : net.origin_link_ptr[j + 1]]
        rate = path_gbps(net, state, links, net.size_gb[f], min(gbps, spare), least, now)
        if rate > 0.0:
            return j, rate, 0
    return -1, 0.0, NO_LINK


@njit(cache=True)
def arrival(state: State, a: int, f: int) -> int:
    """When a file that is on its way to an appliance arrives."""
    for n in range(state.coming_file.shape[1]):
        if state.coming_file[a, n] == f:
            return int(state.coming_end[a, n])
    return -1


@njit(cache=True)
def find_source(
    net: Network,
    state: State,
    a: int,
    f: int,
    gbps: float,
    least: float,
    now: int,
    latest: int,
    hurry: bool,
    tries: int,
) -> tuple[int, int, int, float, int]:
    """Kind of source, appliance (or place in the list of origins), place in the list of sites, rate, why not.

    A file that is at the site, or on its way there, comes from a peer; one that other sites in reach hold
    comes from them, one that nobody holds comes from the origin once, and others wait for it. Nothing is
    waited for that is on its way and arrives after the `latest` moment at which this transfer may start. In a
    `hurry` busy sources are not waited for: then it comes from the next kind that can give it.
    """
    here, coming = False, False
    for b in range(net.site_ptr[net.site[a]], net.site_ptr[net.site[a] + 1]):
        kind = state.copy[f, b]
        here = here or kind in (HOLDS, LEAVING)
        coming = coming or (kind == COMING and arrival(state, b, f) <= latest)
    if here:
        b = best_appliance(net, state, net.site[a], f, a, net.size_gb[f], gbps, least, now)
        if b >= 0:
            return PEER, b, -1, min(gbps, net.upload_gbps[b] - state.up_used[b]), 0
    if (here or coming) and not hurry:
        return NOTHING, -1, -1, 0.0, NO_SOURCE
    b, j, rate, held, linked = from_tier(net, state, a, f, gbps, least, now, tries)
    if b >= 0:
        return TIER, b, j, rate, 0
    fetched = state.from_origin[f] > 0 and now <= state.origin_end[f] <= latest
    if not hurry and (held or fetched):
        return NOTHING, -1, -1, 0.0, NO_LINK if linked else NO_SOURCE
    j, rate, why = from_an_origin(net, state, a, f, gbps, least, now)
    if j >= 0:
        return ORIGIN, j, j, rate, 0
    return NOTHING, -1, -1, 0.0, why


@njit(cache=True)
def alternates(
    net: Network, state: State, a: int, f: int, source: int, now: int, end: int, out: Array
) -> None:
    """Further appliances that hold a file for good, peers first, then the cheapest; -1 for none left."""
    out[:] = -1
    n = 0
    s = net.site[a]
    for j in range(net.near_ptr[s] - 1, net.near_ptr[s + 1]):
        site = s if j < net.near_ptr[s] else net.near_site[j]
        if state.at_site[f, site] == 0:
            continue
        for b in range(net.site_ptr[site], net.site_ptr[site + 1]):
            if b in (a, source) or state.copy[f, b] != HOLDS:
                continue
            if not closed_during(net, b, now, end):
                out[n] = b
                n += 1
                if n == out.size:
                    return
                if site != s:
                    break
