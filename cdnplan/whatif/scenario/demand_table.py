"""Demand while a scenario changes it: regions draw shares of rows, and rows that must differ are copied."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.topology import DemandShare, Region

Mask = npt.NDArray[np.bool_]


class DemandTable:
    """Rows of the demand matrix, and who draws on which with what share.

    Parameters
    ----------
    demand : Demand
    catalog : Catalog
    regions : iterable of Region
    """

    def __init__(self, demand: Demand, catalog: Catalog, regions: Iterable[Region]) -> None:
        self._demand, self._base_files = demand, catalog.n_files
        index = {name: i for i, name in enumerate(demand.regions)}
        self._names = list(demand.regions)
        self._dense: dict[int, Floats] = {}
        self._width = catalog.n_files
        self._row: dict[str, int] = {}
        self._share: dict[str, float] = {}
        for region in regions:
            self._row[region.name] = index.get(region.demand.region, -1)
            self._share[region.name] = region.demand.share
        self._touched: set[str] = set()

    def grow(self, count: int) -> None:
        """Append files without demand."""
        self._width += count
        for row, gb in self._dense.items():
            self._dense[row] = np.concatenate([gb, np.zeros(self._width - gb.size)])

    def scale(self, regions: Iterable[str], files: Mask | None, factor: float) -> None:
        """Multiply demand of some regions for some files (None: all)."""
        chosen = set(regions)
        if files is None:
            for name in chosen:
                self._share[name] *= factor
                self._touched.add(name)
            return
        for row in self._own_rows(chosen):
            self._vector(row)[files] *= factor

    def region_gb(self, name: str, files: Mask | None = None) -> float:
        """Demand of a region for some files [GB]."""
        if self._row[name] < 0:
            return 0.0
        gb = self._read(self._row[name])
        return self._share[name] * float(gb.sum() if files is None else gb[files].sum())

    def move_to_regions(self, origin: Iterable[str], files: Mask | None, share: float, to: list[str]) -> None:
        """Move a share of what some regions ask for to others, in proportion to their demand."""
        moved = np.zeros(self._width)
        chosen = sorted(set(origin))
        for name in chosen:
            if self._row[name] >= 0:
                moved += self._share[name] * share * self._read(self._row[name])
        if files is not None:
            moved[~files] = 0.0
        weight = np.array([self.region_gb(name) for name in to])
        weight = weight / weight.sum() if weight.sum() > 0 else np.full(len(to), 1.0 / len(to))
        self.scale(chosen, files, 1.0 - share)
        for name, part in zip(to, weight.tolist(), strict=True):
            gb = moved * part
            if self._row[name] >= 0:
                gb = gb + self._share[name] * self._read(self._row[name])
            self._point(name, self._new_row(name, gb), 1.0)

    def move_to_files(self, regions: Iterable[str], origin: Mask, share: float, to: Mask) -> None:
        """Move a share of what regions ask of some files to other files, in proportion to their demand.

        Where a row asks for none of those, they gain alike.
        """
        for row in self._own_rows(set(regions)):
            gb = self._vector(row)
            moved = share * float(gb[origin].sum())
            gb[origin] *= 1.0 - share
            weight = gb[to]
            total = float(weight.sum())
            gb[to] += moved * (weight / total if total > 0 else np.full(weight.size, 1.0 / weight.size))

    def copy_files(
        self, regions: Iterable[str], like: npt.NDArray[np.int64], new: npt.NDArray[np.int64], factor: float
    ) -> None:
        """Let regions ask for new files as they ask for others, times a factor."""
        for row in self._own_rows(set(regions)):
            gb = self._vector(row)
            gb[new] = gb[like] * factor

    def file_gb(self) -> Floats:
        """Demand of each file over all regions, (n_files,) [GB]."""
        total = np.zeros(self._width)
        weight: dict[int, float] = {}
        for name, row in self._row.items():
            if row >= 0:
                weight[row] = weight.get(row, 0.0) + self._share[name]
        for row, share in weight.items():
            total += share * self._read(row)
        return total

    def regions(self, regions: Iterable[Region]) -> tuple[Region, ...]:
        """Let regions draw on the rows they have now."""
        return tuple(
            replace(region, demand=DemandShare(self._names[self._row[region.name]], self._share[region.name]))
            if region.name in self._touched
            else region
            for region in regions
        )

    def result(self, place: npt.NDArray[np.int64] | None) -> Demand:
        """Make a demand of the table.

        Parameters
        ----------
        place : (n_files,) int64 or None
            New index of each file; None: as they are.
        """
        if not self._dense and place is None:
            return self._demand
        parts: list[tuple[str, npt.NDArray[np.int64], npt.NDArray[np.float32]]] = []
        for row, name in enumerate(self._names):
            if row in self._dense:
                gb = self._dense[row].astype(np.float32)
                file = np.flatnonzero(gb > 0)
                gb = gb[file]
            else:
                part = slice(int(self._demand.ptr[row]), int(self._demand.ptr[row + 1]))
                file, gb = self._demand.file[part].astype(np.int64), self._demand.gb[part]
            if place is not None:
                file = place[file]
                order = np.argsort(file, kind="stable")
                file, gb = file[order], gb[order]
            parts.append((name, file, gb))
        parts.sort(key=lambda part: part[0])
        return Demand(
            regions=tuple(name for name, _, _ in parts),
            ptr=np.cumsum([0, *(file.size for _, file, _ in parts)]).astype(np.int64),
            file=np.concatenate([file for _, file, _ in parts]).astype(np.int32),
            gb=np.concatenate([gb for _, _, gb in parts]),
            start=self._demand.start,
            period_days=self._demand.period_days,
        )

    def _own_rows(self, chosen: set[str]) -> list[int]:
        """Rows that only these regions draw on; where others do, too, they get a copy."""
        users: dict[int, list[str]] = {}
        for name, row in self._row.items():
            users.setdefault(row, []).append(name)
        rows: list[int] = []
        for row, names in users.items():
            mine = [name for name in names if name in chosen]
            if row < 0 or not mine:
                continue
            if len(mine) == len(names):
                rows.append(row)
                continue
            copy = self._new_row(self._names[row], self._read(row).copy())
            for name in mine:
                self._point(name, copy, self._share[name])
            rows.append(copy)
        return rows

    def _new_row(self, like: str, gb: Floats) -> int:
        taken = set(self._names)
        number = 2
        while f"{like}#{number}" in taken:
            number += 1
        self._names.append(f"{like}#{number}")
        self._dense[len(self._names) - 1] = gb
        return len(self._names) - 1

    def _point(self, region: str, row: int, share: float) -> None:
        self._row[region], self._share[region] = row, share
        self._touched.add(region)

    def _read(self, row: int) -> Floats:
        """A row to look at."""
        if row in self._dense:
            return self._dense[row]
        gb = np.zeros(self._width)
        part = slice(int(self._demand.ptr[row]), int(self._demand.ptr[row + 1]))
        gb[self._demand.file[part]] = self._demand.gb[part]
        return gb

    def _vector(self, row: int) -> Floats:
        """A row to change."""
        if row not in self._dense:
            self._dense[row] = self._read(row)
        return self._dense[row]
