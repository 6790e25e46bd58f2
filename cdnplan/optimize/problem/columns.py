"""Views of an instance that engines read by file and by pool: transposes, made once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Instance, Ints, Ints32


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Transposed index arrays.

    Parameters
    ----------
    file_ptr, file_row, file_gb : (n_files + 1,) int64, (n_entries,) int32, (n_entries,) float32
        Demand by file: its rows, increasing, with GB.
    pool_ptr, pool_region, pool_entry : (n_pools + 1,) int64, (n_cand,) int32, (n_cand,) int64
        Candidate entries by pool: region and entry index, by increasing region.
    cand_region : (n_cand,) int32
        Region of each candidate entry.
    """

    file_ptr: Ints
    file_row: Ints32
    file_gb: npt.NDArray[np.float32]
    pool_ptr: Ints
    pool_region: Ints32
    pool_entry: Ints
    cand_region: Ints32

    @classmethod
    def of(cls, instance: Instance) -> Columns:
        """Transpose the demand matrix and the candidate lists."""
        rows = np.repeat(
            np.arange(instance.demand_ptr.size - 1, dtype=np.int32), np.diff(instance.demand_ptr)
        )
        order = np.argsort(instance.demand_file, kind="stable")
        region = np.repeat(np.arange(instance.n_regions, dtype=np.int32), np.diff(instance.cand_ptr))
        entry = np.argsort(instance.cand_pool, kind="stable")
        return cls(
            file_ptr=_pointer(instance.demand_file, instance.n_files),
            file_row=rows[order],
            file_gb=instance.demand_gb[order],
            pool_ptr=_pointer(instance.cand_pool, instance.n_pools),
            pool_region=region[entry],
            pool_entry=entry.astype(np.int64),
            cand_region=region,
        )


def _pointer(keys: Ints32, n_keys: int) -> Ints:
    counts = np.bincount(keys, minlength=n_keys)
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
