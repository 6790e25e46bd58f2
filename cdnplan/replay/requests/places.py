"""Sites as reactive caches see them: one cache each, a parent where the network has one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.network.topology import Topology


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Sites of an instance.

    Parameters
    ----------
    sites : tuple of str
    pool_site : (n_pools,) int64
        Site of each pool.
    storage_gb : (n_sites,) float64
        Usable storage of all its pools [GB].
    parent : (n_sites,) int64
        The exchange point that serves what an embedded site lacks, -1 where there is none.
    """

    sites: tuple[str, ...]
    pool_site: Ints
    storage_gb: Floats
    parent: Ints

    @property
    def has_parents(self) -> bool:
        """Whether any site has a parent."""
        return bool((self.parent >= 0).any())


def find_places(instance: Instance, topology: Topology) -> Places:
    """Group pools into sites and find each embedded site's parent.

    The parent is the exchange point that the regions of a site would be sent to next: of those that come
    after it in the candidates of regions for which it comes first, the one with most demand. Exchange points
    have none, so that there are two tiers and no circles.

    Parameters
    ----------
    instance : Instance
    topology : Topology
        Which sites are exchange points.

    Returns
    -------
    Places
    """
    sites, pool_site = instance.sites, instance.pool_site.astype(np.int64)
    kind = {site.name: site.kind for site in topology.sites}
    exchange = np.array([kind.get(name) == "ixp" for name in sites], dtype=np.bool_)
    storage = np.bincount(pool_site, instance.storage_gb, minlength=len(sites)).astype(np.float64)
    weight: dict[tuple[int, int], float] = {}
    gb = instance.region_gb()
    for r in range(instance.n_regions):
        pools = instance.cand_pool[instance.cand_ptr[r] : instance.cand_ptr[r + 1]]
        order = list(dict.fromkeys(pool_site[pools].tolist()))
        if not order or exchange[order[0]]:
            continue
        after = next((site for site in order[1:] if exchange[site]), None)
        if after is not None:
            pair = (order[0], after)
            weight[pair] = weight.get(pair, 0.0) + float(gb[r])
    parent = np.full(len(sites), -1, dtype=np.int64)
    best: dict[int, float] = {}
    for (site, above), asked in sorted(weight.items()):
        if asked > best.get(site, -1.0):
            parent[site], best[site] = above, asked
    return Places(sites, pool_site, storage, parent)


def components(instance: Instance, places: Places) -> Ints:
    """Number of the group of sites each region belongs to, (n_regions,): groups share no cache.

    Within a group all requests are sampled alike; regions without candidates form groups of their own.
    """
    group = list(range(len(places.sites) + instance.n_regions))

    def find(node: int) -> int:
        while group[node] != node:
            group[node] = group[group[node]]
            node = group[node]
        return node

    for site, above in enumerate(places.parent.tolist()):
        if above >= 0:
            group[find(site)] = find(above)
    for r in range(instance.n_regions):
        node = len(places.sites) + r
        for pool in instance.cand_pool[instance.cand_ptr[r] : instance.cand_ptr[r + 1]]:
            group[find(node)] = find(int(places.pool_site[pool]))
    roots = [find(len(places.sites) + r) for r in range(instance.n_regions)]
    return np.unique(np.array(roots, dtype=np.int64), return_inverse=True)[1].astype(np.int64)
