"""The placement problem as flat arrays: what engines and the judge both read, and nothing else.

Indices: region r, pool p, file f, link direction e, time slice t, candidate entry j (a pool that may
serve a region; entries of region r are ``cand_ptr[r]:cand_ptr[r + 1]``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Ints32 = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """Data of DESIGN's model; every number already net of reserves. Built by `build_instance`.

    Parameters
    ----------
    regions, pools, files, links : tuple of str
        Names. A pool is ``site/model``; a link direction is ``from>to``; an origin's capacity is the
        link ``origin:NAME``. Only links with a capacity are listed.
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
    cand_link_ptr, cand_link : (n_cand + 1,) int64, (.,) int32
        Capacity-limited links on the path of each candidate entry.
    origin_link_ptr, origin_link : (n_regions + 1,) int64, (.,) int32
        The same for each region's path from the origin.
    link_capacity_gbps : (n_links,) float64
        U[e] [Gbit/s].
    overload_cost : float
        Charged per Gbit/s above U[e] in each slice [currency/Gbps].
    storage_gb, throughput_gbps : (n_pools,) float64
        S[p] [GB], B[p] [Gbit/s].
    fill_limit_gb, churn_limit_gb : (n_pools,) float64
        W[p] and the churn limit, both on new bytes [GB]; inf where there is none.
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
    period_days : float
        Length of the period [days].
    """

    regions: tuple[str, ...]
    pools: tuple[str, ...]
    files: tuple[str, ...]
    links: tuple[str, ...]
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
    cand_link_ptr: Ints
    cand_link: Ints32
    origin_link_ptr: Ints
    origin_link: Ints32
    link_capacity_gbps: Floats
    overload_cost: float
    storage_gb: Floats
    throughput_gbps: Floats
    fill_limit_gb: Floats
    churn_limit_gb: Floats
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
    def n_links(self) -> int:
        """Number of link directions with a capacity."""
        return len(self.links)

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
