"""Sums over the files of a pool that no plan exceeds, because files are held whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.model.instance.instance import Floats, Ints, Ints32


@dataclass(frozen=True, slots=True, eq=False)
class Cuts:
    """Inequalities Σ weight·x[file, pool] ≤ limit that hold for every plan, one pool each.

    Of three files of which a pool has room for any two, it holds at most two; fractions that fill it to the
    last byte may add up to more. Such sums are implied by what a pool can hold, so they bind no plan, but
    their prices prove more.

    Parameters
    ----------
    pool, limit : (n_cuts,) int32
    ptr : (n_cuts + 1,) int64
        Entries of cut c are ``ptr[c]:ptr[c + 1]``.
    file, weight : (n_entries,) int32
        Files of the cut in increasing order, and their weights, all at least 1.

    Examples
    --------
    >>> cuts = Cuts.joined(Cuts.none(), Cuts.one(pool=2, limit=1, file=[3, 5], weight=[1, 1]))
    >>> cuts.n_cuts, cuts.charges(np.array([0.5]), n_pools=3, n_files=6)[2].tolist()
    (1, [0.0, 0.0, 0.0, 0.5, 0.0, 0.5])
    """

    pool: Ints32
    limit: Ints32
    ptr: Ints
    file: Ints32
    weight: Ints32

    @classmethod
    def none(cls) -> Cuts:
        """No cut."""
        empty = np.zeros(0, dtype=np.int32)
        return cls(empty, empty, np.zeros(1, dtype=np.int64), empty, empty)

    @classmethod
    def one(cls, pool: int, limit: int, file: list[int] | Ints, weight: list[int] | Ints) -> Cuts:
        """A single cut.

        Parameters
        ----------
        pool, limit : int
        file, weight : (n,) int
            In increasing order of files.
        """
        place = np.array([pool], dtype=np.int32), np.array([limit], dtype=np.int32)
        entries = np.asarray(file, dtype=np.int32), np.asarray(weight, dtype=np.int32)
        return cls(*place, np.array([0, entries[0].size], dtype=np.int64), *entries)

    @classmethod
    def joined(cls, *parts: Cuts) -> Cuts:
        """Put cuts one after the other; at least one part."""
        sizes = np.concatenate([np.diff(part.ptr) for part in parts])
        return cls(
            np.concatenate([part.pool for part in parts]),
            np.concatenate([part.limit for part in parts]),
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            np.concatenate([part.file for part in parts]),
            np.concatenate([part.weight for part in parts]),
        )

    @property
    def n_cuts(self) -> int:
        """How many there are."""
        return int(self.pool.size)

    def take(self, which: Ints) -> Cuts:
        """Select cuts.

        Parameters
        ----------
        which : (n,) int64
        """
        parts = [np.arange(self.ptr[c], self.ptr[c + 1]) for c in which]
        entries = np.concatenate([np.zeros(0, dtype=np.int64), *parts])
        sizes = np.diff(self.ptr)[which]
        ptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        return Cuts(self.pool[which], self.limit[which], ptr, self.file[entries], self.weight[entries])

    def charges(self, price: Floats, n_pools: int, n_files: int) -> Floats:
        """What prices of cuts add to the cost of holding files.

        Parameters
        ----------
        price : (n_cuts,) float64
            [currency per unit of limit]
        n_pools, n_files : int

        Returns
        -------
        (n_pools, n_files) float64
            [currency]
        """
        charge = np.zeros((n_pools, n_files))
        cut = np.repeat(np.arange(self.n_cuts), np.diff(self.ptr))
        np.add.at(charge, (self.pool[cut], self.file), price[cut] * self.weight)
        return charge
