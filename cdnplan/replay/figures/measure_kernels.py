"""Kernels of the figures: loads of links, plays by pool and file."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit
from cdnplan.replay.serving.route_kernels import rows_of

Array = npt.NDArray[Any]


@njit(cache=True)
def add_links(path: Array, hour: Array, gb: Array, link_ptr: Array, link: Array, loads: Array) -> None:
    """Add each request's bytes to the links on its path; `loads` is (n_links, n_hours) [GB]."""
    for i in range(path.size):
        for k in range(link_ptr[path[i]], link_ptr[path[i] + 1]):
            loads[link[k], hour[i]] += gb[i]


@njit(cache=True)
def add_plays(
    region_row: Array,
    region_share: Array,
    demand_ptr: Array,
    demand_file: Array,
    demand_gb: Array,
    play_gb: Array,
    cand_ptr: Array,
    cand_pool: Array,
    holds: Array,
    row_ptr: Array,
    mask: Array,
    choice_ptr: Array,
    entry: Array,
    ratio: Array,
    plays: Array,
) -> None:
    """Add the plays that each pool serves of each file it holds to `plays`, (n_pools, n_files)."""
    for r in range(region_row.size):
        first, end = demand_ptr[region_row[r]], demand_ptr[region_row[r] + 1]
        files = demand_file[first:end]
        own = np.full(files.size, r, dtype=np.int64)
        row = rows_of(own, files, cand_ptr, cand_pool, holds, row_ptr, mask)
        for i in range(files.size):
            if row[i] < 0:
                continue
            f = files[i]
            count = np.float64(demand_gb[first + i]) * region_share[r] / play_gb[f]
            for k in range(choice_ptr[row[i]], choice_ptr[row[i] + 1]):
                p = cand_pool[entry[k]]
                if holds[p, f]:
                    plays[p, f] += np.float32(count * ratio[k])
