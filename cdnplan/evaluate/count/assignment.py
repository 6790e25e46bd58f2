"""Which appliance holds which file: appliances numbered over all pools, copies as flat arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.evaluate.count.room import FULL_RATIO
from cdnplan.inputs.plans.plan_folder import split_appliances
from cdnplan.inputs.tables.parquet_columns import Columns
from cdnplan.model.instance.holdings import Holdings, appliance_name
from cdnplan.model.instance.instance import Floats, Instance, Ints, Ints32
from cdnplan.model.plan.sorted_numbers import sorted_distinct


@dataclass(frozen=True, slots=True, eq=False)
class Fleet:
    """The appliances of an instance, numbered by pool, then by their number within it.

    Parameters
    ----------
    instance : Instance
    ptr : (n_pools + 1,) int64
        Appliances of pool p are ``ptr[p]:ptr[p + 1]``.
    """

    instance: Instance
    ptr: Ints

    @classmethod
    def of(cls, instance: Instance) -> Fleet:
        """Number the appliances."""
        return cls(instance, np.concatenate([[0], np.cumsum(instance.pool_appliances)]).astype(np.int64))

    @property
    def size(self) -> int:
        """Number of appliances."""
        return int(self.ptr[-1])

    def pools(self) -> Ints:
        """Pool of each appliance, (n_appliances,)."""
        return np.repeat(np.arange(self.instance.n_pools), self.instance.pool_appliances)

    def name(self, appliance: int) -> str:
        """Name of an appliance."""
        pool = int(self.pools()[appliance])
        return appliance_name(self.instance.pools[pool], appliance - int(self.ptr[pool]) + 1)

    def find(self, pools: tuple[str, ...], pool: Ints32, number: Ints32) -> Ints:
        """Numbers of appliances given by pool and number within it, -1 where there is no such.

        Parameters
        ----------
        pools : tuple of str
            Names of pools.
        pool, number : (n,) int32
            Index into `pools`; number counted from 1.

        Returns
        -------
        (n,) int64
        """
        index = {name: i for i, name in enumerate(self.instance.pools)}
        known = np.array([index.get(name, -1) for name in pools], dtype=np.int64)
        p = known[pool] if pools else pool.astype(np.int64)
        count = np.append(self.instance.pool_appliances, 0)
        return np.where((p >= 0) & (number <= count[p]), self.ptr[p] + number - 1, -1)

    def read(self, table: Columns) -> Ints:
        """Numbers of the appliances in a table's rows, -1 where there is no such.

        Raises
        ------
        InputError
            A name is not that of an appliance.
        """
        return self.find(*split_appliances(table, "appliance"))

    def spare(self, appliance: Ints, file: Ints, table: Columns) -> npt.NDArray[np.bool_]:
        """Where a pool has a copy on an appliance that could give more.

        Parameters
        ----------
        appliance, file : (n_copies,) int64
            -1 for what is unknown.
        table : Columns
            ``appliances.parquet``, which says what each appliance gives at its peak; in which slice that is,
            it does not say. Pools of one appliance always count: what they give is the pool's limit.

        Returns
        -------
        (n_pools, n_files) bool

        Raises
        ------
        InputError
            A name is not that of an appliance.
        """
        instance, pools = self.instance, self.pools()
        peak, number = np.zeros(self.size), self.read(table)
        peak[number[number >= 0]] = table.values["peak_gbps"][number >= 0]
        can = (peak < instance.appliance_throughput_gbps[pools] * FULL_RATIO) | (
            instance.pool_appliances[pools] == 1
        )
        there = (appliance >= 0) & (file >= 0)
        there[there] = can[appliance[there]]
        found = np.zeros((instance.n_pools, instance.n_files), dtype=np.bool_)
        found[pools[appliance[there]], file[there]] = True
        return found

    def keys(self, appliance: Ints, file: Ints) -> Ints:
        """One number per (appliance, file), -1 where either is; `unkey` undoes it."""
        known = (appliance >= 0) & (file >= 0)
        return np.where(known, appliance * max(1, self.instance.n_files) + file, -1)

    def unkey(self, keys: Ints) -> tuple[Ints, Ints]:
        """Appliance and file of each number."""
        n_files = max(1, self.instance.n_files)
        return keys // n_files, keys % n_files

    def held(self, holdings: Holdings | None) -> Ints:
        """Keys of the copies held before, sorted; those of unknown appliances or files left out."""
        if holdings is None or holdings.pool.size == 0:
            return np.zeros(0, dtype=np.int64)
        index = {name: i for i, name in enumerate(self.instance.files)}
        known = np.array([index.get(name, -1) for name in holdings.files], dtype=np.int64)
        appliance = self.find(holdings.pools, holdings.pool, holdings.appliance)
        keys = sorted_distinct(self.keys(appliance, known[holdings.file]))
        return keys[keys >= 0]


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """Copies after the plan.

    Parameters
    ----------
    fleet : Fleet
    appliance, file : (n_copies,) int64
        One entry per copy, sorted by appliance, then file.
    added : (n_copies,) bool
        Whether the copy has to be fetched.
    """

    fleet: Fleet
    appliance: Ints
    file: Ints
    added: npt.NDArray[np.bool_]

    def pool(self) -> Ints:
        """Pool of each copy, (n_copies,)."""
        return self.fleet.pools()[self.appliance]

    def stored_gb(self) -> Floats:
        """Bytes on each appliance, (n_appliances,) [GB]."""
        total = np.zeros(self.fleet.size)
        np.add.at(total, self.appliance, self.fleet.instance.size_gb[self.file])
        return total

    def added_gb(self) -> Floats:
        """Bytes each pool has to fetch, moves between its appliances included, (n_pools,) [GB]."""
        instance = self.fleet.instance
        total = np.zeros(instance.n_pools)
        np.add.at(total, self.pool()[self.added], instance.size_gb[self.file[self.added]])
        return total
