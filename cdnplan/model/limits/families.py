"""Kinds of limits: what people read of each, the numbers that it reads from a topology, and its rows.

A family is its entry in `FAMILIES`, its numbers in `EXTRAS`, a builder of its rows in `MORE_RATES` or
`MORE_VOLUMES`, and the judge's own count (`cdnplan.evaluate.count.own_counts`). Files of topologies are
read with this module loaded: numpy comes with the builders only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cdnplan.errors import InputError, Problem
from cdnplan.units import GB_PER_TB

if TYPE_CHECKING:
    from cdnplan.model.limits.limits import Floats, Ints, Ints32, RateRows, VolumeRows
    from cdnplan.model.network.topology import Hardware, Topology


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of limit, as people read of it.

    Parameters
    ----------
    name : str
    words : str
        As sentences call it: "its … is 5 GB".
    unit : str
        Of what is used and allowed.
    priced_per : str
        What prices are shown for one more of.
    per : float
        So many of `unit` are one of `priced_per`.
    """

    name: str
    words: str
    unit: str
    priced_per: str
    per: float = 1.0


STORAGE = Family("storage", "usable storage", "GB", "TB", GB_PER_TB)
THROUGHPUT = Family("throughput", "throughput", "Gbps", "Gbps")
LINK = Family("link", "capacity", "Gbps", "Gbps")
FILL = Family("fill", "fill window", "GB", "TB", GB_PER_TB)
CHURN = Family("churn", "churn limit", "GB", "TB", GB_PER_TB)
POWER = Family("power", "power", "W", "W")
OUTSIDE = Family("outside", "limit on bytes from outside", "GB", "TB", GB_PER_TB)
FAMILIES = (STORAGE, THROUGHPUT, LINK, FILL, CHURN, POWER, OUTSIDE)
"""All of them; of equal prices limits are shown in this order."""


@dataclass(frozen=True, slots=True)
class Extra:
    """A number in a topology file that one family of limits alone reads; it may be left out.

    Parameters
    ----------
    part : {"hardware", "sites"}
    key, description : str
    """

    part: Literal["hardware", "sites"]
    key: str
    description: str


EXTRAS = (
    Extra("hardware", "idle_w", "What one appliance draws while it serves nothing [W]"),
    Extra("hardware", "w_per_gbps", "What it draws more for each Gbit/s that it serves [W per Gbit/s]"),
    Extra("sites", "power_w", "What all appliances of the site may draw together [W]; left out: no limit"),
    Extra(
        "sites",
        "outside_gb_per_window",
        "New copies that may come to all appliances of the site in one fill window [GB]; left out: no limit",
    ),
)
"""Of hardware a number left out counts as 0."""


def code(kind: Family) -> int:
    """Number of a family, which stands for it in rows."""
    return FAMILIES.index(kind)


@dataclass(frozen=True, slots=True, eq=False)
class Fleet:
    """What rows of families are made of.

    Parameters
    ----------
    topology : Topology
    sites : tuple of str
    pool_site : (n_pools,) int32
    hardware : (n_pools,) tuple of Hardware
    appliances : (n_pools,) int32
    cand_pool : (n_cand,) int32
    n_regions : int
    fill_counted : bool
        Whether what appliances take in is limited: not where they arrive stocked.
    """

    topology: Topology
    sites: tuple[str, ...]
    pool_site: Ints32
    hardware: tuple[Hardware, ...]
    appliances: Ints32
    cand_pool: Ints32
    n_regions: int
    fill_counted: bool

    def site_limits(self, key: str) -> tuple[Ints, Floats]:
        """Sites with a limit, as indices into `sites`, and that limit."""
        import numpy as np

        given = {site.name: site.limit(key) for site in self.topology.sites}
        limits = [(i, given[name]) for i, name in enumerate(self.sites)]
        found = [(i, limit) for i, limit in limits if limit is not None]
        return np.array([i for i, _ in found], dtype=np.int64), np.array([limit for _, limit in found])

    def per_appliance(self, key: str) -> Floats:
        """A number of the hardware of each pool, (n_pools,)."""
        import numpy as np

        return np.array([model.limit(key) for model in self.hardware], dtype=np.float64)


def power_rows(fleet: Fleet) -> RateRows:
    """Power of sites: idle_w of all appliances, and w_per_gbps for each Gbit/s that they serve.

    Raises
    ------
    InputError
        Appliances of a site draw more than it has while they serve nothing.
    """
    import numpy as np

    from cdnplan.model.limits.limits import RateRows

    sites, power_w = fleet.site_limits("power_w")
    idle_w = np.bincount(
        fleet.pool_site, fleet.per_appliance("idle_w") * fleet.appliances, minlength=len(fleet.sites)
    )[sites]
    short = np.flatnonzero(idle_w > power_w).tolist()
    if short:
        raise InputError(
            Problem(
                f"its appliances draw {idle_w[i]:,.0f} W idle, but it has only {power_w[i]:,.0f} W",
                path=f"sites.{fleet.sites[sites[i]]}.power_w",
            )
            for i in short
        )
    row_of_site = np.full(len(fleet.sites), -1, dtype=np.int32)
    row_of_site[sites] = np.arange(sites.size)
    row, weight = row_of_site[fleet.pool_site], fleet.per_appliance("w_per_gbps")
    used = ((row >= 0) & (weight > 0))[fleet.cand_pool]
    ptr = np.concatenate([[0], np.cumsum(used), np.full(fleet.n_regions, used.sum())]).astype(np.int64)
    return RateRows(
        np.full(sites.size, code(POWER), dtype=np.int8),
        tuple(fleet.sites[i] for i in sites.tolist()),
        power_w - idle_w,
        np.full(sites.size, np.inf),
        ptr,
        row[fleet.cand_pool[used]],
        weight[fleet.cand_pool[used]],
    )


def outside_rows(fleet: Fleet) -> VolumeRows:
    """New bytes of all pools of a site together, where what appliances take in is limited at all."""
    import numpy as np

    from cdnplan.model.limits.limits import VolumeRows

    sites, most_gb = fleet.site_limits("outside_gb_per_window")
    if not fleet.fill_counted:
        sites, most_gb = sites[:0], most_gb[:0]
    pools = [np.flatnonzero(fleet.pool_site == site).astype(np.int32) for site in sites.tolist()]
    return VolumeRows(
        np.full(sites.size, code(OUTSIDE), dtype=np.int8),
        tuple(fleet.sites[i] for i in sites.tolist()),
        most_gb,
        np.ones(sites.size, dtype=np.bool_),
        np.cumsum([0, *(part.size for part in pools)]).astype(np.int64),
        np.concatenate([np.zeros(0, dtype=np.int32), *pools]),
    )


MORE_RATES = (power_rows,)
MORE_VOLUMES = (outside_rows,)
"""Builders of the rows that follow those of pools and links."""
