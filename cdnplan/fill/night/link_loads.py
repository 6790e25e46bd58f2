"""Whether links still carry a night's fills when serving leaves them something else."""

from __future__ import annotations

import numpy as np

from cdnplan.fill.loads.loads import pointers
from cdnplan.fill.night.schedule import Schedule
from cdnplan.fill.night.source_kernels import MEGABITS_PER_GB, MS_PER_HOUR, ORIGIN, TIER, Network
from cdnplan.model.instance.instance import Floats, Ints

_ROUNDING = 1e-9


def links_carry(network: Network, night: Schedule) -> bool:
    """Whether no link is asked for more than it has to spare at any moment of a night.

    Parameters
    ----------
    network : Network
        With what links have to spare now.
    night : Schedule
        Planned for what they had before.

    Returns
    -------
    bool
    """
    link, fill = _crossings(network, night)
    if link.size == 0:
        return True
    start, end = night.start[fill], night.end[fill]
    gbps = network.size_gb[night.wanted.file[fill]] * MEGABITS_PER_GB / (end - start)
    order = np.argsort(link, kind="stable")
    cuts = np.flatnonzero(np.diff(link[order])) + 1
    return all(
        _carries(network.spare_gbps[link[rows[0]]], start[rows], end[rows], gbps[rows])
        for rows in np.split(order, cuts)
    )


def _crossings(network: Network, night: Schedule) -> tuple[Ints, Ints]:
    """Links that fills cross: link and fill of each crossing."""
    links, fills = [], []
    for kind, ptr, of_path in (
        (TIER, network.near_link_ptr, network.near_link),
        (ORIGIN, network.origin_link_ptr, network.origin_link),
    ):
        mine = np.flatnonzero(night.kind == kind)
        first, count = ptr[night.path[mine]], np.diff(ptr)[night.path[mine]]
        at = np.arange(int(count.sum())) - np.repeat(pointers(count)[:-1] - first, count)
        links.append(of_path[at].astype(np.int64))
        fills.append(np.repeat(mine, count))
    return np.concatenate(links), np.concatenate(fills)


def _carries(spare_gbps: Floats, start: Ints, end: Ints, gbps: Floats) -> bool:
    """Whether one link is within its limit whenever a fill begins and at each full hour."""
    hours = np.arange(-(-int(start.min()) // MS_PER_HOUR), int(end.max()) // MS_PER_HOUR + 1) * MS_PER_HOUR
    time = np.concatenate([start, hours])
    by_start, by_end = np.argsort(start, kind="stable"), np.argsort(end, kind="stable")
    begun = np.append(0.0, np.cumsum(gbps[by_start]))[np.searchsorted(start[by_start], time, side="right")]
    ended = np.append(0.0, np.cumsum(gbps[by_end]))[np.searchsorted(end[by_end], time, side="right")]
    load = begun - ended
    spare = spare_gbps[time // MS_PER_HOUR % spare_gbps.size]
    return bool((load <= spare + _ROUNDING * (1.0 + gbps.sum())).all())
