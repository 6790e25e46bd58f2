"""What the relaxations of single files use under prices: shares of files in place of holders."""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit
from cdnplan.optimize.file.ascent_kernels import ADJUST_ROUNDS, adjust, ascend, start_duals
from cdnplan.optimize.file.copy_kernels import copy
from cdnplan.optimize.file.file_kernels import ask_for_file, opening_costs
from cdnplan.optimize.file.volume_kernels import raise_by_volume

Array = Any

RELAXED_CHUNKS = 8
"""Chunks of files; a constant, so that sums do not depend on the number of threads."""
NEWEST = 0.3
"""Weight of a visit in the mean of shares."""


@njit(cache=True)
def spread_by_share(
    active: Array, n_active: int, weight: float, v: Array, ptr: Array, pools: Array, slots: Array,
    costs: Array, origin: Array, share: Array, served: Array,
) -> None:  # fmt: skip
    """Serve each region by its cheapest pools, each as far as its share goes, and the rest by the origin."""
    for i in range(n_active):
        r = active[i]
        gb, left = weight * v[r], 1.0
        for j in range(ptr[r], ptr[r + 1]):
            if costs[j] >= origin[r] or left <= 0.0:
                break
            part = min(left, share[pools[j]])
            served[ptr[r] + slots[j]] += gb * part
            left -= part
        served[pools.size + r] += gb * max(0.0, left)


@njit(cache=True, nogil=True)
def relax_files(
    chunks: Array, files: Array, weights: Array, first_steps: int, steps: int, region_row: Array,
    region_share: Array, file_ptr: Array, file_row: Array, file_gb: Array, n_rows: int, ptr: Array,
    pools: Array, slots: Array, costs: Array, origin: Array, pool_ptr: Array, pool_region: Array,
    size: Array, store: Array, new: Array, copies: Array, held: Array, pinned: Array, reward_ptr: Array,
    reward_pool: Array, reward: Array, kept_u: Array, kept_share: Array, seen: Array, stored: Array,
    fresh: Array, served: Array, values: Array,
) -> None:  # fmt: skip
    """Step from each file's kept u towards the bound of its relaxation, and add up what its shares use.

    Each file counts as many times as its weight says.
    `stored`, `fresh` and `served` are by chunk (first index) and added to; `values[f]` is the bound,
    constants and all. A file that was not `seen` yet starts from dual ascent.
    """
    n_regions, n_pools = region_row.size, store.size
    for chunk in chunks:
        row_gb = np.zeros(n_rows)
        active, todo = np.empty(n_regions, np.int64), np.empty(n_regions, np.int64)
        stamp, pos = np.zeros(n_regions, np.int64), np.zeros(n_regions, np.int64)
        v, cap, u = np.zeros(n_regions), np.zeros(n_regions), np.zeros(n_regions)
        opening, slack, gift = np.zeros(n_pools), np.zeros(n_pools), np.zeros(n_pools)
        allowed, fixed = np.zeros(n_pools, np.bool_), np.zeros(n_pools, np.bool_)
        share = np.zeros(n_pools)
        for i in range(chunk, files.size, RELAXED_CHUNKS):
            f, weight = files[i], weights[i]
            n_active = ask_for_file(
                f, region_row, region_share, file_ptr, file_row, file_gb, origin, row_gb, v, cap, active
            )  # fmt: skip
            constant = opening_costs(
                f, size[f], store, new, copies, held, pinned, reward_ptr, reward_pool, reward, gift,
                opening, allowed, fixed,
            )  # fmt: skip
            if seen[f]:
                for k in range(n_active):
                    u[active[k]] = min(cap[active[k]], kept_u[f, active[k]])
            else:
                copy(opening, n_pools, slack)
                start_duals(active, n_active, v, cap, ptr, pools, costs, allowed, u, pos)
                copy(active, n_active, todo)
                ascend(todo, n_active, v, cap, ptr, pools, costs, allowed, slack, u, pos)
                adjust(
                    active, n_active, v, cap, ptr, pools, costs, pool_ptr, pool_region, allowed, opening,
                    slack, u, pos, todo, stamp, ADJUST_ROUNDS,
                )  # fmt: skip
            values[f] = constant + raise_by_volume(
                steps if seen[f] else first_steps, active, n_active, v, cap, ptr, pools, costs, opening,
                allowed, u, share,
            )  # fmt: skip
            for k in range(n_active):
                kept_u[f, active[k]] = u[active[k]]
            newest = NEWEST if seen[f] else 1.0
            seen[f] = True
            for p in range(n_pools):
                part = (1.0 if fixed[p] else share[p]) if allowed[p] else 0.0
                part = kept_share[f, p] + newest * (part - kept_share[f, p])
                kept_share[f, p] = share[p] = part
                wanted = np.int64(copies[f, p])
                stored[chunk, p] += weight * part * size[f] * wanted
                fresh[chunk, p] += weight * part * size[f] * max(0, wanted - np.int64(held[f, p]))
            spread_by_share(
                active, n_active, weight, v, ptr, pools, slots, costs, origin, share, served[chunk]
            )  # fmt: skip
