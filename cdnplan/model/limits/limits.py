"""Limits as data: what uses them, and how much there is.

Engines, judge, tables and questions go through rows and know no family: see `cdnplan.model.limits.families`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.model.limits.families import CHURN, FILL, LINK, STORAGE, THROUGHPUT, Family, code

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Ints32 = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class RateRows:
    """Limits on rates: in each slice, what is served over a path loads every row that the path uses.

    Rows of pools' throughput come first, one for each pool and in their order; then those of links, then
    all others. A path is a candidate entry, under its number, or that of a region from its origin, numbered
    after all entries.

    Parameters
    ----------
    family : (n_rows,) int8
        Position in `FAMILIES`.
    names : (n_rows,) tuple of str
        Pools, link directions ``from>to``, origins ``origin:NAME``, sites.
    capacity : (n_rows,) float64
        In the family's unit.
    overload_cost : (n_rows,) float64
        Charged per unit above the capacity in each slice [currency]; inf: a row that must hold.
    use_ptr : (n_paths + 1,) int64
        Uses of path i are ``use_ptr[i]:use_ptr[i + 1]``; the first one of an entry is its pool.
    use_row : (n_uses,) int32
    use_weight : (n_uses,) float64
        Units of the row for each Gbit/s on the path.
    """

    family: Codes
    names: tuple[str, ...]
    capacity: Floats
    overload_cost: Floats
    use_ptr: Ints
    use_row: Ints32
    use_weight: Floats

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.names)

    def of(self, kind: Family) -> Ints:
        """Rows of a family, increasing."""
        return np.flatnonzero(self.family == code(kind))

    def use_path(self) -> Ints:
        """Path of each use, (n_uses,)."""
        return np.repeat(np.arange(self.use_ptr.size - 1), np.diff(self.use_ptr))

    def joined(self, more: RateRows) -> RateRows:
        """These rows, then others of the same paths."""
        order = np.argsort(np.concatenate([self.use_path(), more.use_path()]), kind="stable")
        return RateRows(
            np.concatenate([self.family, more.family]),
            self.names + more.names,
            np.concatenate([self.capacity, more.capacity]),
            np.concatenate([self.overload_cost, more.overload_cost]),
            self.use_ptr + more.use_ptr,
            np.concatenate([self.use_row, more.use_row + np.int32(self.n_rows)])[order],
            np.concatenate([self.use_weight, more.use_weight])[order],
        )

    def taken(
        self, n_pools: int, pools: Ints, names: tuple[str, ...], paths: Ints, cand_pool: Ints32
    ) -> RateRows:
        """Rows of other pools, made of these, and all other rows.

        Parameters
        ----------
        n_pools : int
            How many pools there are in these rows.
        pools : (n,) int64
            Whose limit each new pool has.
        names : (n,) tuple of str
        paths : (n_paths,) int64
            The path that each new one is like.
        cand_pool : (n_cand,) int32
            New pool of each of the first paths.
        """
        counts = np.diff(self.use_ptr)[paths]
        ptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        at = np.repeat(self.use_ptr[paths] - ptr[:-1], counts) + np.arange(ptr[-1])
        row = self.use_row[at] + np.int32(len(names) - n_pools)
        row[ptr[: cand_pool.size]] = cand_pool
        rows = np.concatenate([pools, np.arange(n_pools, self.n_rows)])
        return RateRows(
            self.family[rows],
            names + self.names[n_pools:],
            self.capacity[rows],
            self.overload_cost[rows],
            ptr,
            row,
            self.use_weight[at],
        )


@dataclass(frozen=True, slots=True, eq=False)
class VolumeRows:
    """Limits on bytes that pools hold, or take in.

    Rows of pools' storage come first, one for each pool and in their order; then as many on the new bytes of
    each; then rows that several pools share.

    Parameters
    ----------
    family : (n_rows,) int8
        Position in `FAMILIES`.
    names : (n_rows,) tuple of str
        Pools; sites.
    capacity_gb : (n_rows,) float64
        inf where there is no limit [GB].
    fresh : (n_rows,) bool
        Whether new bytes count, and not all that is held.
    ptr, pool : (n_rows + 1,) int64, (.,) int32
        Pools of row i are ``pool[ptr[i]:ptr[i + 1]]``.
    """

    family: Codes
    names: tuple[str, ...]
    capacity_gb: Floats
    fresh: Bools
    ptr: Ints
    pool: Ints32

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.names)

    def of(self, kind: Family) -> Ints:
        """Rows of a family, increasing."""
        return np.flatnonzero(self.family == code(kind))

    def pools_of(self, row: int) -> Ints32:
        """Pools of a row."""
        return self.pool[self.ptr[row] : self.ptr[row + 1]]

    def shared(self, n_pools: int) -> tuple[Ints, Ints32]:
        """Rows that several pools share, one entry for each of their pools, and these pools; (n,) each."""
        row = np.repeat(np.arange(self.n_rows), np.diff(self.ptr))
        first = int(self.ptr[2 * n_pools])
        return row[first:], self.pool[first:]

    def joined(self, more: VolumeRows) -> VolumeRows:
        """These rows, then others of the same pools."""
        return VolumeRows(
            np.concatenate([self.family, more.family]),
            self.names + more.names,
            np.concatenate([self.capacity_gb, more.capacity_gb]),
            np.concatenate([self.fresh, more.fresh]),
            np.concatenate([self.ptr, self.ptr[-1] + more.ptr[1:]]),
            np.concatenate([self.pool, more.pool]),
        )

    def taken(self, n_pools: int, pools: Ints, names: tuple[str, ...]) -> VolumeRows:
        """Rows of other pools, made of these, and all shared ones.

        Parameters
        ----------
        n_pools : int
            How many pools there are in these rows.
        pools : (n,) int64
            Whose limits each new pool has.
        names : (n,) tuple of str
        """
        shared = np.arange(2 * n_pools, self.n_rows)
        members = [np.flatnonzero(np.isin(pools, self.pools_of(row))) for row in shared.tolist()]
        rows, each = np.concatenate([pools, n_pools + pools, shared]), np.arange(pools.size)
        counts = [*[1] * (2 * pools.size), *(part.size for part in members)]
        return VolumeRows(
            self.family[rows],
            names + names + self.names[2 * n_pools :],
            self.capacity_gb[rows],
            self.fresh[rows],
            np.cumsum([0, *counts]).astype(np.int64),
            np.concatenate([each, each, *members]).astype(np.int32),
        )


def pool_volumes(
    pools: Sequence[str], storage_gb: Floats, fill_gb: Floats, churn_gb: Floats | None = None
) -> VolumeRows:
    """Storage of each pool, and its new bytes: a fill window and a churn limit bound the same quantity.

    Of the two the tighter one is the limit, and names it.

    Parameters
    ----------
    pools : sequence of str
    storage_gb, fill_gb, churn_gb : (n_pools,) float64
        inf where there is no limit [GB].

    Examples
    --------
    >>> from cdnplan.model.limits.families import FAMILIES
    >>> rows = pool_volumes(["a/m"], np.array([9.0]), np.array([4.0]), np.array([2.0]))
    >>> [FAMILIES[kind].name for kind in rows.family], rows.capacity_gb.tolist()
    (['storage', 'churn'], [9.0, 2.0])
    """
    n, names = len(pools), tuple(pools)
    churn_gb = np.full(n, np.inf) if churn_gb is None else churn_gb
    each = np.arange(n)
    return VolumeRows(
        np.concatenate(
            [np.full(n, code(STORAGE)), np.where(fill_gb <= churn_gb, code(FILL), code(CHURN))]
        ).astype(np.int8),
        names + names,
        np.concatenate([storage_gb, np.minimum(fill_gb, churn_gb)]),
        np.repeat([False, True], n),
        np.arange(2 * n + 1, dtype=np.int64),
        np.concatenate([each, each]).astype(np.int32),
    )


def pool_rates(pools: Sequence[str], throughput_gbps: Floats, cand_pool: Ints32, n_regions: int) -> RateRows:
    """Throughput of each pool.

    Parameters
    ----------
    pools : sequence of str
    throughput_gbps : (n_pools,) float64
    cand_pool : (n_cand,) int32
        The pool of each candidate entry.
    n_regions : int
    """
    n, n_cand = len(pools), cand_pool.size
    return RateRows(
        np.full(n, code(THROUGHPUT), dtype=np.int8),
        tuple(pools),
        throughput_gbps,
        np.full(n, np.inf),
        np.minimum(np.arange(n_cand + n_regions + 1, dtype=np.int64), n_cand),
        cand_pool,
        np.ones(n_cand),
    )


def link_rates(
    links: Sequence[str], capacity_gbps: Floats, overload_cost: float, ptr: Ints, link: Ints32
) -> RateRows:
    """Link directions and origins with a capacity; more costs, but is not forbidden.

    Parameters
    ----------
    links : sequence of str
    capacity_gbps : (n_links,) float64
    overload_cost : float
        [currency/Gbps]
    ptr, link : (n_paths + 1,) int64, (.,) int32
        Links on each path.
    """
    n = len(links)
    costs = np.full(n, overload_cost, dtype=np.float64)
    kind = np.full(n, code(LINK), dtype=np.int8)
    return RateRows(kind, tuple(links), capacity_gbps, costs, ptr, link, np.ones(link.size))


def with_capacity(rows: RateRows, which: Ints | slice, capacity: Floats | float) -> RateRows:
    """The same rows, some with another capacity."""
    changed = rows.capacity.copy()
    changed[which] = capacity
    return replace(rows, capacity=changed)
