"""The placement problem as flat arrays: what engines and the judge both read, and nothing else.

Indices: region r, pool p, file f, link direction e, time slice t, candidate entry j (a pool that may
serve a region; entries of region r are ``cand_ptr[r]:cand_ptr[r + 1]``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cdnplan.model.limits.families import LINK, code
from cdnplan.model.limits.limits import Floats, Ints, Ints32, RateRows, VolumeRows

__all__ = ["Floats", "Instance", "Ints", "Ints32"]


@dataclass(frozen=True, eq=False)
class Instance:
    """Data of DESIGN's model; every number already net of reserves. Built by `build_instance`.

    Parameters
    ----------
    regions, pools, files, sites, models : tuple of str
        Names. A pool is all appliances of a model at a site, ``site/model``.
    pool_site, pool_model : (n_pools,) int32
        Index into `sites` and `models`.
    rates : RateRows
        Limits on what is served: throughput of pools, capacity of links, ...
    volumes : VolumeRows
        Limits on what pools hold and take in: storage, fill window or churn, ...
    region_row : (n_regions,) int32
        Row of the demand matrix the region draws on.
    region_share : (n_regions,) float64
        Its share of that row: demand v[r, f] = share[r] * demand[row[r], f].
    demand_ptr, demand_file, demand_gb : (n_rows + 1,) int64, (n_entries,) int32, (n_entries,) float32
        Demand matrix, CSR by row, files increasing within a row [GB per period].
    gbps_per_gb : (n_regions, n_slices) float64
        h[r, t]: rate in slice t for each GB of the period [Gbit/s per GB].
    cand_ptr, cand_pool, cand_cost : (n_regions + 1,) int64, (n_cand,) int32, (n_cand,) float64
        Candidate pools of each region with delivery cost [currency/GB], cheapest first.
    origin_cost : (n_regions,) float64
        Delivery cost from the cheapest origin [currency/GB].
    fill_cost : (n_pools,) float64
        g[p] [currency per GB filled].
    size_gb : (n_files,) float64
        s[f] [GB].
    copies : (n_pools, n_files) uint8
        k: copies the pool holds if it holds the file; 0 where the file is banned.
    held : (n_pools, n_files) uint8
        Copies already there; new copies = max(0, copies - held).
    pinned : (n_pools, n_files) bool
        x[f, p] = 1 is required.
    launch_ptr, launch_pool : (n_launches + 1,) int64, (.,) int32
        Pools of each launch rule; at least `launch_min` of them hold file `launch_file`.
    launch_file, launch_min : (n_launches,) int32
    pool_appliances : (n_pools,) int32
        Number of appliances.
    appliance_storage_gb, appliance_throughput_gbps : (n_pools,) float64
        Usable limits of each single appliance of the pool.
    appliance_window_gb : (n_pools,) float64
        What it can take in in a night [GB]; inf where fill windows do not count.
    period_days : float
        Length of the period [days].
    """

    regions: tuple[str, ...]
    pools: tuple[str, ...]
    files: tuple[str, ...]
    sites: tuple[str, ...]
    models: tuple[str, ...]
    pool_site: Ints32
    pool_model: Ints32
    rates: RateRows
    volumes: VolumeRows
    region_row: Ints32
    region_share: Floats
    demand_ptr: Ints
    demand_file: Ints32
    demand_gb: npt.NDArray[np.float32]
    gbps_per_gb: Floats
    cand_ptr: Ints
    cand_pool: Ints32
    cand_cost: Floats
    origin_cost: Floats
    fill_cost: Floats
    size_gb: Floats
    copies: npt.NDArray[np.uint8]
    held: npt.NDArray[np.uint8]
    pinned: npt.NDArray[np.bool_]
    launch_ptr: Ints
    launch_pool: Ints32
    launch_file: Ints32
    launch_min: Ints32
    pool_appliances: Ints32
    appliance_storage_gb: Floats
    appliance_throughput_gbps: Floats
    appliance_window_gb: Floats
    period_days: float

    @property
    def n_regions(self) -> int:
        """Number of regions."""
        return len(self.regions)

    @property
    def n_pools(self) -> int:
        """Number of pools."""
        return len(self.pools)

    @property
    def n_files(self) -> int:
        """Number of files."""
        return len(self.files)

    @property
    def storage_gb(self) -> Floats:
        """Storage of each pool, S[p], (n_pools,) [GB]."""
        return self.volumes.capacity_gb[: self.n_pools]

    @property
    def new_limit_gb(self) -> Floats:
        """New bytes that each pool may take in, W[p], (n_pools,) [GB]; inf where there is no limit."""
        return self.volumes.capacity_gb[self.n_pools : 2 * self.n_pools]

    @property
    def throughput_gbps(self) -> Floats:
        """Throughput of each pool, B[p], (n_pools,) [Gbit/s]."""
        return self.rates.capacity[: self.n_pools]

    @property
    def n_links(self) -> int:
        """Number of link directions with a capacity."""
        return int(np.count_nonzero(self.rates.family == code(LINK)))

    @property
    def link_rows(self) -> slice:
        """Rate rows of links, which follow those of pools."""
        return slice(self.n_pools, self.n_pools + self.n_links)

    @property
    def links(self) -> tuple[str, ...]:
        """Link directions with a capacity; an origin's is called ``origin:NAME``."""
        return self.rates.names[self.link_rows]

    @property
    def link_capacity_gbps(self) -> Floats:
        """Capacity of those, U[e], (n_links,) [Gbit/s]."""
        return self.rates.capacity[self.link_rows]

    @cached_property
    def path_links(self) -> tuple[Ints, Ints32]:
        """Links with a capacity on each path, numbered as in `links`: (n_paths + 1,) int64, (.,) int32."""
        rows, links = self.rates, self.link_rows
        kept = (rows.use_row >= links.start) & (rows.use_row < links.stop)
        ptr = np.concatenate([[0], np.cumsum(kept)])[rows.use_ptr].astype(np.int64)
        return ptr, (rows.use_row[kept] - links.start).astype(np.int32)

    @property
    def path_region(self) -> Ints:
        """Region of each path, (n_paths,): of candidate entries, then of the regions' origins."""
        regions = np.arange(self.n_regions)
        return np.concatenate([np.repeat(regions, np.diff(self.cand_ptr)), regions])

    @property
    def n_slices(self) -> int:
        """Number of time slices."""
        return int(self.gbps_per_gb.shape[1])

    @property
    def n_launches(self) -> int:
        """Number of launch rules, one per file."""
        return int(self.launch_file.size)

    def row_gb(self) -> Floats:
        """Total demand of each row of the demand matrix, (n_rows,) [GB]."""
        sums = np.zeros(self.demand_ptr.size - 1)
        rows = np.repeat(np.arange(sums.size), np.diff(self.demand_ptr))
        np.add.at(sums, rows, self.demand_gb.astype(np.float64))
        return sums

    def file_gb(self) -> Floats:
        """Demand of each file over all regions, (n_files,) [GB]."""
        weight = np.bincount(self.region_row, self.region_share, minlength=self.demand_ptr.size - 1)
        gb = np.repeat(weight, np.diff(self.demand_ptr)) * self.demand_gb
        return np.asarray(np.bincount(self.demand_file, gb, minlength=self.n_files), dtype=np.float64)

    def region_gb(self) -> Floats:
        """Total demand of each region, (n_regions,) [GB]."""
        return self.region_share * self.row_gb()[self.region_row]
