"""Parts of small networks, so that a test names only what it is about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from cdnplan.model.instance.build import build_instance
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Instance
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.policy import Costs, PeakProfile, Policy, Reserves
from cdnplan.model.network.topology import (
    ApplianceGroup,
    DemandShare,
    Hardware,
    Link,
    Location,
    Origin,
    Region,
    Site,
    SiteKind,
    Topology,
)

START = dt.date(2026, 7, 6)
BIG = Hardware("big", storage_tb=10.0, throughput_gbps=100.0, fill_gbps=1.0)
SMALL = Hardware("small", storage_tb=1.0, throughput_gbps=40.0, fill_gbps=0.5)
NO_RESERVES = Reserves(0.0, 0.0, 0.0, 0.0)
FLAT = tuple([1.0] * 24)
"""The same rate in all hours: 1 GB of a week is 8 / (7 * 86400) Gbit/s."""


def site(
    name: str,
    kind: SiteKind = "ixp",
    at: Location = (52.0, 5.0),
    groups: Mapping[str, int] | None = None,
    **more: Any,
) -> Site:
    """A site with one appliance of model ``big``, or with the groups given."""
    appliances = tuple(ApplianceGroup(m, n) for m, n in (groups or {"big": 1}).items())
    return Site(name, kind, at, appliances, **more)


def region(
    name: str,
    *sites: str,
    country: str = "NL",
    at: Location = (52.0, 5.0),
    share: float = 1.0,
    row: str = "",
    **more: Any,
) -> Region:
    """A region that draws on the demand row of its own name, unless another is given."""
    return Region(name, country, at, sites, DemandShare(row or name, share), **more)


def network(
    sites: tuple[Site, ...], regions: tuple[Region, ...], links: tuple[Link, ...] = (), **policy: Any
) -> Topology:
    """A network with one origin; no reserves, distance free and a flat day unless the policy says else."""
    given = {
        "reserves": NO_RESERVES,
        "costs": Costs(per_gb_per_1000km=0.0),
        "peak_profile": PeakProfile(1, FLAT),
    }
    return Topology(
        "test",
        (BIG, SMALL),
        (Origin("origin", (50.0, 0.0)),),
        sites,
        regions,
        links,
        Policy(**given | policy),
    )


def catalog(size_gb: Mapping[str, float], launch: Mapping[str, dt.date] | None = None) -> Catalog:
    """Files by name, ``title.profile``; what is before the last dot is the title."""
    files = tuple(sorted(size_gb))
    titles = tuple(sorted({name.rsplit(".", 1)[0] for name in files}))
    days = [np.datetime64((launch or {}).get(title), "D") for title in titles]
    return Catalog(
        files=files,
        size_gb=np.array([size_gb[name] for name in files]),
        titles=titles,
        file_title=np.array([titles.index(name.rsplit(".", 1)[0]) for name in files], dtype=np.int32),
        launch_day=np.array(days, dtype="datetime64[D]"),
    )


def demand(gb: Mapping[str, Mapping[str, float]], files: Catalog, days: float = 7.0) -> Demand:
    """GB by demand row and file."""
    rows = tuple(sorted(gb))
    entries = [(files.files.index(name), gb[row][name]) for row in rows for name in sorted(gb[row])]
    return Demand(
        regions=rows,
        ptr=np.cumsum([0, *(len(gb[row]) for row in rows)]).astype(np.int64),
        file=np.array([f for f, _ in entries], dtype=np.int32),
        gb=np.array([value for _, value in entries], dtype=np.float32),
        start=START,
        period_days=days,
    )


def holdings(copies: list[tuple[str, int, str]]) -> Holdings:
    """Copies as (pool, appliance, file)."""
    pools = tuple(sorted({pool for pool, _, _ in copies}))
    files = tuple(sorted({file for _, _, file in copies}))
    rows = sorted((pools.index(pool), number, files.index(file)) for pool, number, file in copies)
    pool, appliance, file = (np.array(column, dtype=np.int32) for column in zip(*rows, strict=True))
    return Holdings(pools, files, pool, appliance, file)


FILES = catalog({"a": 10.0, "b": 20.0, "c": 40.0})


def build(
    topology: Topology,
    gb: Mapping[str, Mapping[str, float]] | None = None,
    files: Catalog = FILES,
    held: Holdings | None = None,
    start: dt.date = START,
) -> Instance:
    """The instance of a network; without demand given, every region asks 1 GB of the first file."""
    asked = gb or {r.demand.region: {files.files[0]: 1.0} for r in topology.regions}
    instance, _ = build_instance(topology, files, replace(demand(asked, files), start=start), held)
    return instance


def candidates(instance: Instance, name: str) -> list[tuple[str, float]]:
    """Candidate pools of a region with their costs, in order."""
    r = instance.regions.index(name)
    entries = range(instance.cand_ptr[r], instance.cand_ptr[r + 1])
    return [(instance.pools[instance.cand_pool[j]], round(float(instance.cand_cost[j]), 12)) for j in entries]


def candidate_links(instance: Instance, name: str) -> dict[str, list[str]]:
    """Limited links on the path of each candidate pool of a region."""
    r = instance.regions.index(name)
    found = {}
    for j in range(instance.cand_ptr[r], instance.cand_ptr[r + 1]):
        found[instance.pools[instance.cand_pool[j]]] = path_links(instance, j)
    return found


def origin_links(instance: Instance, name: str) -> list[str]:
    """Limited links on a region's path from the origin."""
    return path_links(instance, instance.cand_pool.size + instance.regions.index(name))


def path_links(instance: Instance, path: int) -> list[str]:
    """Limited links on a path."""
    ptr, link = instance.path_links
    return sorted(instance.links[e] for e in link[ptr[path] : ptr[path + 1]])


def copies_of(instance: Instance, pool: str) -> dict[str, int]:
    """Copies of each file that a pool needs."""
    row = instance.copies[instance.pools.index(pool)]
    return {name: int(count) for name, count in zip(instance.files, row, strict=True)}
