"""What the appliances of a base hold, counted by pool: quickly, for real networks hold millions of copies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from cdnplan.inputs.plans.plan_folder import EVICT, planned_holdings, split_appliances
from cdnplan.inputs.tables.parquet_columns import Columns
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Instance, Ints

Counts = npt.NDArray[np.uint8]


class HeldCopies:
    """Copies by pool and file, and by appliance where some are gone.

    Parameters
    ----------
    table : Columns
        ``placement.parquet`` of the base.
    instance : Instance
        Of the base.
    """

    def __init__(self, table: Columns, instance: Instance) -> None:
        self._table, self._instance = table, instance
        appliance = table.texts["appliance"]
        split = [name.rpartition("/") for name in appliance.names]
        place = {name: i for i, name in enumerate(instance.pools)}
        self._pool: Ints = np.array([place.get(pool, -1) for pool, _, _ in split], dtype=np.int64)
        self._number: Ints = np.array([int(n) if n.isdigit() else 0 for _, _, n in split], dtype=np.int64)
        file = {name: i for i, name in enumerate(instance.files)}
        names = table.texts["file"].names
        self._file: Ints = np.array([file.get(name, -1) for name in names], dtype=np.int64)
        self.counts: Counts = self._count(None)

    def holdings(self) -> Holdings:
        """The same as holdings: copy by copy, which takes seconds for large networks."""
        split_appliances(self._table, "appliance")
        return planned_holdings(self._table)

    def left(self, instance: Instance, lost: Mapping[str, frozenset[int]]) -> Counts:
        """Copies that are left in another problem.

        Parameters
        ----------
        instance : Instance
        lost : mapping of str to frozenset of int
            By pool, numbers of appliances that are gone.

        Returns
        -------
        (n_pools, n_files) uint8
            In the problem's indices.
        """
        counts = self.by_name(instance)
        place = {name: i for i, name in enumerate(self._instance.pools)}
        touched = [p for p, name in enumerate(instance.pools) if lost.get(name) and name in place]
        if not touched:
            return counts
        olds = np.array([place[instance.pools[p]] for p in touched], dtype=np.int64)
        alive = np.zeros(self._pool.size, dtype=np.bool_)
        for old in olds.tolist():
            gone = lost[self._instance.pools[old]]
            mine = np.flatnonzero(self._pool == old)
            alive[mine] = [int(n) not in gone for n in self._number[mine]]
        code = self._table.texts["appliance"].code
        recounted = self._count(np.flatnonzero(alive[code]))
        files = self._files_of(instance)
        for p, old in zip(touched, olds.tolist(), strict=True):
            counts[p] = _taken(recounted[old], files)
        return counts

    def by_name(self, instance: Instance) -> Counts:
        """All copies of the base in another problem's indices, lost or not."""
        place = {name: i for i, name in enumerate(self._instance.pools)}
        files = self._files_of(instance)
        found = np.zeros((instance.n_pools, instance.n_files), dtype=np.uint8)
        for p, name in enumerate(instance.pools):
            if name in place:
                found[p] = _taken(self.counts[place[name]], files)
        return found

    def _files_of(self, instance: Instance) -> Ints | None:
        """Index of each file in the base, -1 where it has none; None where all are the same."""
        if instance.files == self._instance.files:
            return None
        index = {name: i for i, name in enumerate(self._instance.files)}
        return np.array([index.get(name, -1) for name in instance.files], dtype=np.int64)

    def _count(self, rows: Ints | None) -> Counts:
        """Copies in some rows of the table (None: in all), in the base's indices."""
        inst, texts = self._instance, self._table.texts
        action, pool_of = texts["action"], self._pool
        columns = [texts["appliance"].code, texts["file"].code]
        if EVICT in action.names:
            kept = np.flatnonzero(action.code != action.names.index(EVICT))
            rows = kept if rows is None else np.intersect1d(rows, kept, assume_unique=True)
        appliance, file = columns if rows is None else [column[rows] for column in columns]
        key = pool_of[appliance] * inst.n_files
        key += self._file[file]
        if (pool_of < 0).any() or (self._file < 0).any():
            key = key[(pool_of[appliance] >= 0) & (self._file[file] >= 0)]
        count = np.bincount(key, minlength=inst.n_pools * inst.n_files)
        return np.minimum(count, 255).astype(np.uint8).reshape(inst.n_pools, inst.n_files)


def _taken(row: Counts, files: Ints | None) -> Counts:
    return row if files is None else np.where(files >= 0, np.append(row, np.uint8(0))[files], np.uint8(0))
