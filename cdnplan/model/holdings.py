"""What appliances hold before a plan: read from the previous plan or from the field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.model.instance import Ints32


@dataclass(frozen=True, slots=True, eq=False)
class Holdings:
    """One row per copy, sorted by pool, appliance, file.

    Parameters
    ----------
    pools, files : tuple of str
        Names; those a network no longer knows are ignored where holdings are used.
    pool, appliance, file : (n_copies,) int32
        Index into `pools`, number of the appliance within the pool counted from 1, index into `files`.
    """

    pools: tuple[str, ...]
    files: tuple[str, ...]
    pool: Ints32
    appliance: Ints32
    file: Ints32

    @classmethod
    def empty(cls) -> Holdings:
        """Nothing is held anywhere."""
        none = np.zeros(0, dtype=np.int32)
        return cls((), (), none, none, none)


def appliance_name(pool: str, number: int) -> str:
    """Name of an appliance: its pool's name and its number within it, counted from 1.

    Examples
    --------
    >>> appliance_name("ams-ix/flash-1u", 2)
    'ams-ix/flash-1u/2'
    """
    return f"{pool}/{number}"
