"""Compiled loops over all requests: who would serve them if each came from its cheapest holder."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit
from cdnplan.model.instance import Floats, Ints, Ints32

STEPS_PER_OCTAVE = 4
"""Values per TB are sorted into bins; so many of them make a factor of two."""
LOWEST_EXPONENT = -40
"""Less than 2 to this power GB per GB stored counts as nothing."""
N_BINS = 320
"""Bins up to 2 to the power of 40; bin 0 holds what serves nothing."""


@njit(cache=True)
def serve_nearest(
    cand_ptr: Ints,
    cand_pool: Ints32,
    useful: Ints,
    region_row: Ints32,
    region_share: Floats,
    demand_ptr: Ints,
    demand_file: Ints32,
    demand_gb: npt.NDArray[np.float32],
    holds: npt.NDArray[np.bool_],
) -> tuple[Floats, Floats, Floats, npt.NDArray[np.float32]]:
    """Let each request come from its cheapest holder, and note what each other pool on the way misses.

    Parameters
    ----------
    cand_ptr, cand_pool, region_row, region_share, demand_ptr, demand_file, demand_gb
        As in `Instance`.
    useful : (n_regions,) int64
        Candidates of each region that are cheaper than its origin.
    holds : (n_pools, n_files) bool

    Returns
    -------
    near_gb : (n_cand,) float64
        What each candidate entry is the cheapest holder of [GB].
    content_gb : (n_regions,) float64
        What no candidate holds [GB].
    lost_gb : (n_files,) float64
        The same by file [GB].
    worth_gb : (n_pools, n_files) float32
        Where the pool holds the file: what it serves of it. Where it does not: what it would serve if it held
        it, all else as it is [GB].
    """
    near = np.zeros(cand_pool.size)
    content = np.zeros(region_row.size)
    lost = np.zeros(holds.shape[1])
    worth = np.zeros(holds.shape, np.float32)
    for r in range(region_row.size):
        begin, end = cand_ptr[r], cand_ptr[r] + useful[r]
        row, share = region_row[r], region_share[r]
        for i in range(demand_ptr[row], demand_ptr[row + 1]):
            file, gb = demand_file[i], share * demand_gb[i]
            found = False
            for j in range(begin, end):
                pool = cand_pool[j]
                worth[pool, file] += np.float32(gb)
                if holds[pool, file]:
                    near[j] += gb
                    found = True
                    break
            if not found:
                content[r] += gb
                lost[file] += gb
    return near, content, lost, worth


@njit(cache=True)
def bins_of_worth(
    worth_gb: npt.NDArray[np.float32],
    holds: npt.NDArray[np.bool_],
    place_gb: Floats,
    copies: npt.NDArray[np.uint8],
) -> tuple[Floats, Floats]:
    """Sort copies by what they serve per GB stored.

    Parameters
    ----------
    worth_gb : (n_pools, n_files) float32
        As `serve_nearest` gives it.
    holds : (n_pools, n_files) bool
    place_gb : (n_files,) float64
        Size of one copy [GB].
    copies : (n_pools, n_files) uint8
        Copies that the pool needs of a file; 0 where it may hold none.

    Returns
    -------
    stored_gb, served_gb : (2, n_pools, N_BINS) float64
        Space and service of the copies in each bin [GB]; first of what pools hold, then of what they do not.
    """
    stored = np.zeros((2, worth_gb.shape[0], N_BINS))
    served = np.zeros((2, worth_gb.shape[0], N_BINS))
    for p in range(worth_gb.shape[0]):
        for f in range(worth_gb.shape[1]):
            side = 0 if holds[p, f] else 1
            gb = worth_gb[p, f]
            if copies[p, f] == 0 or (side == 1 and gb <= 0.0):
                continue
            space = place_gb[f] * copies[p, f]
            at = 0
            if gb > 0.0:
                octave = np.log2(gb / space) - LOWEST_EXPONENT
                at = min(N_BINS - 1, max(0, int(np.floor(octave * STEPS_PER_OCTAVE)) + 1))
            stored[side, p, at] += space
            served[side, p, at] += gb
    return stored, served
