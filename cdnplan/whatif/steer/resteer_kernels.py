"""Which rows of demand would be served cheaper elsewhere, at given prices of the limits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit, part
from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.whatif.steer.rows import Rows

Bools = npt.NDArray[np.bool_]


@part
def _may_take(rows: Rows, n: int, k: int, path: int, dead: Bools) -> bool:
    """Whether candidate k of its region, at the end of a path, is alive and holds the files of a row."""
    return bool((rows.mask[n, k // 64] >> np.uint64(k % 64)) & np.uint64(1)) and not dead[path]


@njit(cache=True)
def row_gains(regions: Ints, rows: Rows, price: Floats, dead: Bools, freed: Bools) -> Floats:
    """Say what the rows of some regions would save on the cheapest path at given prices [currency].

    Parameters
    ----------
    regions : (n,) int64
    rows : Rows
    price : (n_paths,) float64
        Cost and tolls of each path [currency/GB].
    dead : (n_paths,) bool
    freed : (n_rows,) bool
        Rows that the program shares out already: no gain.

    Returns
    -------
    (n_rows,) float64
        0 in other regions.
    """
    gain = np.zeros(rows.gb.size)
    for r in regions:
        first = rows.path[r]
        for n in range(rows.first[r], rows.last[r]):
            if freed[n]:
                continue
            least = price[rows.origin[r]]
            for k in range(rows.width[r]):
                if _may_take(rows, n, k, first + k, dead):
                    least = min(least, price[first + k])
            paid = 0.0
            for i in range(rows.share_ptr[n], rows.share_ptr[n + 1]):
                paid += rows.share[i] * price[rows.share_path[i]]
            gain[n] = rows.gb[n] * (paid - least)
    return gain


@njit(cache=True)
def uncovered_gb(regions: Ints, rows: Rows, dead: Bools) -> Floats:
    """Sum, for each of some regions, the demand for files that no pool alive may serve it from, (n,) [GB].

    Parameters
    ----------
    regions, rows, dead
        As for `row_gains`.
    """
    gb = np.zeros(regions.size)
    for i in range(regions.size):
        r = regions[i]
        for n in range(rows.first[r], rows.last[r]):
            served = False
            for k in range(rows.width[r]):
                if _may_take(rows, n, k, rows.path[r] + k, dead):
                    served = True
                    break
            if not served:
                gb[i] += rows.gb[n]
    return gb
