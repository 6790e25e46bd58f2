"""Rows of demand, a region's files with the same holders each: what they may take, and what they take."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.serve.serving_program import Choices
from cdnplan.optimize.serve.signature_kernels import held_slots

Bools = npt.NDArray[np.bool_]


class Rows(NamedTuple):
    """Rows of demand, the paths each may take and those it takes.

    Parameters
    ----------
    first, last : (n_regions,) int64
        Rows of each region.
    path, width, origin : (n_regions,) int64
        First path from a candidate of each region, how many there are, and the path from its origin.
    region : (n_rows,) int64
    mask : (n_rows, n_words) uint64
        As `Serving.mask`.
    gb : (n_rows,) float64
    share_ptr, share_path, share : (n_rows + 1,) int64, (n_shares,) int64, (n_shares,) float64
        Paths taken, the origin's among them.
    """

    first: Ints
    last: Ints
    path: Ints
    width: Ints
    origin: Ints
    region: Ints
    mask: npt.NDArray[np.uint64]
    gb: Floats
    share_ptr: Ints
    share_path: Ints
    share: Floats

    def of_regions(self, regions: Ints) -> Ints:
        """Rows of some regions, flat."""
        return spread(self.first[regions], self.last[regions])

    def shares_of(self, rows: Ints) -> Choices:
        """Paths that some rows take."""
        at = spread(self.share_ptr[rows], self.share_ptr[rows + 1])
        length = self.share_ptr[rows + 1] - self.share_ptr[rows]
        return Choices(np.repeat(rows, length), self.share_path[at], self.share[at])

    def choices_of(self, rows: Ints, dead: Bools) -> Choices:
        """Every path that some rows may take, but for dead ones, and the origin; sorted."""
        number, slot = held_slots(self.mask[rows])
        region = self.region[rows]
        path = self.path[region[number]] + slot
        alive = ~dead[path]
        row = np.concatenate([rows[number[alive]], rows])
        path = np.concatenate([path[alive], self.origin[region]])
        order = np.lexsort((path, row))
        return Choices(row[order], path[order], np.ones(row.size))


def spread(first: Ints, last: Ints) -> Ints:
    """Numbers from `first` up to `last`, for each pair, flat.

    Examples
    --------
    >>> spread(np.array([3, 7]), np.array([5, 8])).tolist()
    [3, 4, 7]
    """
    length = last - first
    offset = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
    return np.asarray(np.repeat(first, length) + offset, dtype=np.int64)
