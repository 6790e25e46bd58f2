"""Copies of files on appliances, as nights deal with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.fill.loads.loads import pointers
from cdnplan.model.instance.instance import Floats, Ints

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Copies:
    """Some copies: of which file, on which appliance.

    Parameters
    ----------
    appliance, file : (n,) int64
        Appliances numbered over all pools.
    value : (n,) float64
        What each saves [currency per period].
    required : (n,) bool
        Pinned, or for a launch: fetched before all others.
    """

    appliance: Ints
    file: Ints
    value: Floats
    required: Bools

    @property
    def size(self) -> int:
        """Number of copies."""
        return int(self.file.size)

    def take(self, which: npt.NDArray[np.generic]) -> Copies:
        """Some of them: positions or a mask."""
        return Copies(self.appliance[which], self.file[which], self.value[which], self.required[which])

    @classmethod
    def none(cls) -> Copies:
        """No copies."""
        index = np.zeros(0, dtype=np.int64)
        return cls(index, index, np.zeros(0), np.zeros(0, dtype=np.bool_))

    @classmethod
    def joined(cls, *parts: Copies) -> Copies:
        """All of several."""
        return cls(
            np.concatenate([part.appliance for part in parts]),
            np.concatenate([part.file for part in parts]),
            np.concatenate([part.value for part in parts]),
            np.concatenate([part.required for part in parts]),
        )

    def ptr(self, n_appliances: int) -> Ints:
        """Copies sorted by appliance, cut into those of each, (n_appliances + 1,)."""
        return pointers(np.bincount(self.appliance, minlength=n_appliances))
