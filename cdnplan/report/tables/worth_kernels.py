"""Compiled loops over all requests: what each copy saves, and what copies that lack would."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit
from cdnplan.model.instance.instance import Floats, Ints, Ints32

STEPS_PER_OCTAVE = 4
"""Savings per TB are sorted into bins; so many of them make a factor of two."""
LOWEST_EXPONENT = -40
"""Less than 2 to this power per GB stored counts as nothing [currency/GB]."""
N_BINS = 320
"""Bins up to 2 to the power of 40; bin 0 holds what saves nothing."""
HELD, LACKING, RULED = range(3)
"""Copies in place that a plan is free to give up, those it is free to add, and those in place by a rule."""


@njit(cache=True)
def worth_of_copies(
    cand_ptr: Ints,
    cand_pool: Ints32,
    cand_cost: Floats,
    origin_cost: Floats,
    region_row: Ints32,
    region_share: Floats,
    demand_ptr: Ints,
    demand_file: Ints32,
    demand_gb: npt.NDArray[np.float32],
    holds: npt.NDArray[np.bool_],
) -> npt.NDArray[np.float32]:
    """Let each request come from its cheapest holder, and note what each copy changes in what that costs.

    Parameters
    ----------
    cand_ptr, region_row, region_share, demand_ptr, demand_file, demand_gb
        As in `Instance`.
    cand_pool, cand_cost : (n_cand,) int32, float64
        Candidates of each region with what a GB costs from them, cheapest first [currency/GB].
    origin_cost : (n_regions,) float64
        [currency/GB]
    holds : (n_pools, n_files) bool

    Returns
    -------
    (n_pools, n_files) float32
        Where the pool holds the file: what serving would cost more without this copy, all others as they
        are. Where it does not: what it would cost less with one [currency].
    """
    worth = np.zeros(holds.shape, np.float32)
    for r in range(region_row.size):
        begin, end = cand_ptr[r], cand_ptr[r + 1]
        while end > begin and cand_cost[end - 1] >= origin_cost[r]:
            end -= 1
        row, share = region_row[r], region_share[r]
        for i in range(demand_ptr[row], demand_ptr[row + 1]):
            file, gb = demand_file[i], share * demand_gb[i]
            first = begin
            while first < end and not holds[cand_pool[first], file]:
                first += 1
            now = cand_cost[first] if first < end else origin_cost[r]
            for j in range(begin, first):
                worth[cand_pool[j], file] += np.float32(gb * (now - cand_cost[j]))
            if first < end:
                second = first + 1
                while second < end and not holds[cand_pool[second], file]:
                    second += 1
                then = cand_cost[second] if second < end else origin_cost[r]
                worth[cand_pool[first], file] += np.float32(gb * (then - now))
    return worth


@njit(cache=True)
def bins_of_worth(
    worth: npt.NDArray[np.float32],
    holds: npt.NDArray[np.bool_],
    ruled: npt.NDArray[np.bool_],
    size_gb: Floats,
    copies: npt.NDArray[np.uint8],
    there: npt.NDArray[np.uint8],
    new_cost: Floats,
) -> tuple[Floats, Floats]:
    """Sort copies by what they save per GB stored, what filling costs taken off.

    Parameters
    ----------
    worth : (n_pools, n_files) float32
        As `worth_of_copies` gives it [currency].
    holds : (n_pools, n_files) bool
    ruled : (n_pools, n_files) bool
        Where a rule asks for the file.
    size_gb : (n_files,) float64
        Size of one copy [GB].
    copies : (n_pools, n_files) uint8
        Copies that the pool needs of a file; 0 where it may hold none.
    there : (n_pools, n_files) uint8
        Copies that the pool had before.
    new_cost : (n_pools,) float64
        What a GB costs that it has to fetch [currency/GB].

    Returns
    -------
    stored_gb, saved : (3, n_pools, N_BINS) float64
        Space [GB] and savings [currency] of the copies in each bin: of `HELD`, `LACKING` and `RULED`.
    """
    stored = np.zeros((3, worth.shape[0], N_BINS))
    saved = np.zeros((3, worth.shape[0], N_BINS))
    for p in range(worth.shape[0]):
        for f in range(worth.shape[1]):
            if copies[p, f] == 0 or (ruled[p, f] and not holds[p, f]):
                continue
            side = RULED if ruled[p, f] else HELD if holds[p, f] else LACKING
            new = max(0, int(copies[p, f]) - int(there[p, f]))
            net = worth[p, f] - new_cost[p] * size_gb[f] * new
            if side == LACKING and net <= 0.0:
                continue
            space = size_gb[f] * copies[p, f]
            at = 0
            if net > 0.0:
                octave = np.log2(net / space) - LOWEST_EXPONENT
                at = min(N_BINS - 1, max(0, int(np.floor(octave * STEPS_PER_OCTAVE)) + 1))
            stored[side, p, at] += space
            saved[side, p, at] += max(0.0, net)
    return stored, saved
