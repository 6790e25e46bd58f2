"""Decisions: what pools hold, how demand is served, and what the limits are worth."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance, Ints, Ints32
from cdnplan.model.plan.apart import Apart


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """x: which files each pool holds.

    Parameters
    ----------
    holds : (n_pools, n_files) bool
    """

    holds: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Serving:
    """y, by region and signature: files held by the same candidates of a region share one row.

    Parameters
    ----------
    ptr : (n_regions + 1,) int64
        Rows of region r are ``ptr[r]:ptr[r + 1]``.
    mask : (n_rows, n_words) uint64
        Signature: bit b of word w is set when the region's candidate entry number 64·w + b holds the
        file, and so for appliances told apart, which follow them (`apart.signature_holders`). Increasing
        within a region, the last word counting most; only signatures that have demand are listed.
    gb : (n_rows,) float64
        Demand of the files with this signature [GB].
    share_ptr : (n_rows + 1,) int64
        Shares of row n are ``share_ptr[n]:share_ptr[n + 1]``, increasing by `slot`.
    slot : (n_shares,) int32
        Number of the candidate entry within its region; its bit is set in the row's signature.
    ratio : (n_shares,) float64
        Share of the row's demand served through it, not negative; what is missing to 1 comes from the
        origin.
    apart : Apart or None
        Appliances that signatures tell apart, so that each is asked for no more than it can give.
    """

    ptr: Ints
    mask: npt.NDArray[np.uint64]
    gb: Floats
    share_ptr: Ints
    slot: Ints32
    ratio: Floats
    apart: Apart | None = None

    def share_row(self) -> Ints:
        """Row of each share, (n_shares,)."""
        return np.repeat(np.arange(self.gb.size), np.diff(self.share_ptr))

    def share_entry(self, instance: Instance) -> Ints:
        """Candidate entry of each share, (n_shares,)."""
        first = np.repeat(instance.cand_ptr[:-1], np.diff(self.share_ptr[self.ptr]))
        return np.asarray(first + self.slot, dtype=np.int64)

    def candidate_gb(self, instance: Instance) -> Floats:
        """GB served through each candidate entry, (n_cand,) [GB]."""
        gb = self.gb[self.share_row()] * self.ratio
        return np.asarray(
            np.bincount(self.share_entry(instance), gb, minlength=instance.cand_pool.size), dtype=np.float64
        )

    def origin_gb(self, instance: Instance) -> Floats:
        """GB each region gets from the origin, (n_regions,) [GB]."""
        region = np.repeat(np.arange(instance.n_regions), np.diff(self.ptr))
        served = np.bincount(self.share_row(), self.ratio, minlength=self.gb.size)
        rest = self.gb * np.maximum(0.0, 1.0 - served)
        return np.asarray(np.bincount(region, rest, minlength=instance.n_regions), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """Dual prices of the shared limits, all >= 0: they certify the lower bound.

    Any such prices give a valid bound (weak duality); a limit that does not exist (inf) has price 0,
    and that of a rate row never exceeds its `overload_cost`.

    Parameters
    ----------
    volume : (n_volume_rows,) float64
        [currency/GB]
    rate : (n_rate_rows, n_slices) float64
        [currency per unit of the row]
    launch : (n_launches,) float64
        [currency per required pool]
    cut : (n_cuts,) float64
        Of the cuts that a proof knows, none usually [currency per unit of limit].
    """

    volume: Floats
    rate: Floats
    launch: Floats
    cut: Floats = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def zero(cls, instance: Instance) -> Prices:
        """All limits free."""
        return cls(
            volume=np.zeros(instance.volumes.n_rows),
            rate=np.zeros((instance.rates.n_rows, instance.n_slices)),
            launch=np.zeros(instance.n_launches),
        )
