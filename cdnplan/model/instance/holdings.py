"""What appliances hold before a plan: read from the previous plan or from the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cdnplan.model.instance.instance import Ints32


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

    def numbers(self, pools: Sequence[str], files: Sequence[str]) -> tuple[Ints32, Ints32]:
        """Find the copies in other lists of pools and files, by name.

        Parameters
        ----------
        pools, files : sequence of str

        Returns
        -------
        pool, file : (n_copies,) int32
            -1 where the list has no such name.

        Examples
        --------
        >>> one = np.zeros(1, dtype=np.int32)
        >>> held = Holdings(("ams/box",), ("t1.hd",), one, one + 1, one)
        >>> [found.tolist() for found in held.numbers(["kpn/box", "ams/box"], ["t2.hd"])]
        [[1], [-1]]
        """
        return _numbers(self.pools, pools)[self.pool], _numbers(self.files, files)[self.file]


def lost_appliances(holdings: Holdings, count: Mapping[str, int]) -> tuple[list[tuple[str, int]], int]:
    """Find the appliances that hold something and that a network lacks.

    Parameters
    ----------
    holdings : Holdings
    count : mapping of str to int
        Appliances of each pool of the network.

    Returns
    -------
    lost : list of (str, int)
        Pool and number, sorted.
    held : int
        Appliances that hold something.

    Examples
    --------
    >>> one = np.zeros(1, dtype=np.int32)
    >>> lost_appliances(Holdings(("ams/box",), ("t1.hd",), one, one + 2, one), {"ams/box": 1})
    ([('ams/box', 2)], 1)
    """
    there = np.array([count.get(name, 0) for name in holdings.pools], dtype=np.int64)
    most = int(holdings.appliance.max(initial=0)) + 1
    held = np.unique(holdings.pool.astype(np.int64) * most + holdings.appliance)
    lost = held[held % most > there[held // most]].tolist() if held.size else []
    return sorted((holdings.pools[at // most], at % most) for at in lost), int(held.size)


def _numbers(names: Sequence[str], known: Sequence[str]) -> Ints32:
    index = {name: i for i, name in enumerate(known)}
    return np.array([index.get(name, -1) for name in names], dtype=np.int32)


def appliance_name(pool: str, number: int) -> str:
    """Name of an appliance: its pool's name and its number within it, counted from 1.

    Examples
    --------
    >>> appliance_name("ams-ix/flash-1u", 2)
    'ams-ix/flash-1u/2'
    """
    return f"{pool}/{number}"
