"""Which rows of demand would be served cheaper elsewhere, at given prices of the limits."""

from __future__ import annotations

from typing import Any

import numpy as np

from cdnplan.compiled import njit

Array = Any


@njit(cache=True, nogil=True)
def row_gains(
    regions: Array, first_row: Array, last_row: Array, first_path: Array, width: Array, origin_path: Array,
    price: Array, dead: Array, mask: Array, gb: Array, share_ptr: Array, share_path: Array, share: Array,
    freed: Array, gain: Array,
) -> None:  # fmt: skip
    """Fill in, for all rows of some regions, what the cheapest path would save [currency].

    Parameters
    ----------
    regions : (n,) int64
    first_row, last_row, first_path, width, origin_path : (n_regions,) int64
        Rows of a region, its paths from pools, and the one from its origin.
    price : (n_paths,) float64
        Cost and tolls of each path [currency/GB].
    dead : (n_paths,) bool
    mask : (n_rows, n_words) uint64
    gb : (n_rows,) float64
    share_ptr, share_path, share : (n_rows + 1,), (n_shares,), (n_shares,)
        Paths that each row takes.
    freed : (n_rows,) bool
        Rows that the program shares out already: no gain.
    gain : (n_rows,) float64
        Written for these regions' rows.
    """
    for r in regions:
        base = first_path[r]
        for n in range(first_row[r], last_row[r]):
            gain[n] = 0.0
            if freed[n]:
                continue
            least = price[origin_path[r]]
            for k in range(width[r]):
                if (mask[n, k // 64] >> np.uint64(k % 64)) & np.uint64(1) and not dead[base + k]:
                    least = min(least, price[base + k])
            paid = 0.0
            for i in range(share_ptr[n], share_ptr[n + 1]):
                paid += share[i] * price[share_path[i]]
            gain[n] = gb[n] * (paid - least)


@njit(cache=True, nogil=True)
def uncovered_gb(
    regions: Array, first_row: Array, last_row: Array, first_path: Array, width: Array, dead: Array,
    mask: Array, gb: Array, out: Array,
) -> None:  # fmt: skip
    """Sum, for each of some regions, the demand for files that no pool alive may serve it from [GB].

    Parameters
    ----------
    regions, first_row, last_row, first_path, width, dead, mask, gb
        As for `row_gains`.
    out : (n,) float64
        One for each of `regions`.
    """
    for i in range(regions.size):
        r = regions[i]
        out[i] = 0.0
        for n in range(first_row[r], last_row[r]):
            served = False
            for k in range(width[r]):
                if (mask[n, k // 64] >> np.uint64(k % 64)) & np.uint64(1) and not dead[first_path[r] + k]:
                    served = True
                    break
            if not served:
                out[i] += gb[n]
