"""What regions ask for in one period."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.network.period import last_day


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """GB per (demand region, file) in one period, compressed by row (CSR).

    A demand region is a region of the demand table; regions of a topology draw on one with a share.

    Parameters
    ----------
    regions : tuple of str
        Names of the rows, sorted.
    ptr : (n_demand_regions + 1,) int64
        Row r is ``ptr[r]:ptr[r + 1]`` of the next two.
    file : (n_entries,) int32
        Index into the catalogue's files, increasing within a row.
    gb : (n_entries,) float32
        Volume [GB], > 0.
    start : datetime.date
        First day of the period.
    period_days : float
        Its length [days].
    """

    regions: tuple[str, ...]
    ptr: npt.NDArray[np.int64]
    file: npt.NDArray[np.int32]
    gb: npt.NDArray[np.float32]
    start: dt.date
    period_days: float

    @property
    def end(self) -> dt.date:
        """Last day of the period, which names it."""
        return last_day(self.start, self.period_days)
