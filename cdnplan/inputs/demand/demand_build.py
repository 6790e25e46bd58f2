"""Rows of demand in any order → the compressed matrix of a `Demand`, in little memory.

Rows come in parts. They are counted, then put where their region's row of the matrix is, then each row of
the matrix is sorted: nothing is ever sorted as a whole, and a part is freed as soon as it has been placed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.inputs.demand.file_shares import FileShares
from cdnplan.inputs.tables.periods import strange_period
from cdnplan.inputs.tables.table_problems import TableProblems
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand

Ints = npt.NDArray[np.int64]
Ints32 = npt.NDArray[np.int32]
Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Some rows of demand.

    Parameters
    ----------
    region : (n,) int32
        Index of the demand region.
    item : (n,) int32
        Index into the catalogue's titles or files.
    gb : (n,) float32
        Volume [GB], >= 0.
    """

    region: Ints32
    item: Ints32
    gb: Floats32


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """Demand by region: entries of region r are ``ptr[r]:ptr[r + 1]``, items increasing."""

    ptr: Ints
    item: Ints32
    gb: Floats32


def gather(parts: list[Part], n_regions: int) -> Matrix:
    """Put rows together by region, each region's sorted by item; `parts` is emptied.

    Items that occur twice in a region are kept: see `twins`.
    """
    counts = np.zeros(n_regions, dtype=np.int64)
    for part in parts:
        counts += np.bincount(part.region, minlength=n_regions)
    ptr = np.concatenate([[0], np.cumsum(counts)])
    item = np.empty(ptr[-1], dtype=np.int32)
    gb = np.empty(ptr[-1], dtype=np.float32)
    free = ptr[:-1].copy()
    parts.reverse()
    while parts:
        part = parts.pop()
        order = np.argsort(part.region, kind="stable")
        region = part.region[order]
        size = np.bincount(region, minlength=n_regions)
        place = free[region] + np.arange(region.size) - (np.cumsum(size) - size)[region]
        item[place] = part.item[order]
        gb[place] = part.gb[order]
        free += size
    for r in range(n_regions):
        own = slice(ptr[r], ptr[r + 1])
        if np.any(item[own][1:] < item[own][:-1]):
            order = np.argsort(item[own], kind="stable")
            item[own] = item[own][order]
            gb[own] = gb[own][order]
    return Matrix(ptr, item, gb)


def twins(matrix: Matrix, n_items: int) -> Ints:
    """Keys ``region * n_items + item`` that occur more than once, sorted, each once."""
    found = []
    for r in range(matrix.ptr.size - 1):
        item = matrix.item[matrix.ptr[r] : matrix.ptr[r + 1]]
        again = item[1:][item[1:] == item[:-1]]
        if again.size:
            found.append(np.unique(again).astype(np.int64) + r * n_items)
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def silent_regions(matrix: Matrix, regions: tuple[str, ...], problems: TableProblems) -> list[str]:
    """Demand regions without any entry; that all of them are is a problem."""
    silent = [region for region, size in zip(regions, np.diff(matrix.ptr), strict=True) if size == 0]
    if len(silent) == len(regions):
        problems.add("silent", "no rows for any of the regions that are planned", column="region")
    return silent


def to_demand(
    matrix: Matrix,
    regions: tuple[str, ...],
    catalog: Catalog,
    shares: FileShares | None,
    *,
    known: Mapping[str, str],
    start: dt.date,
    period_days: float,
    problems: TableProblems,
) -> Demand:
    """Split titles into files, drop zeros, and make the `Demand`.

    Parameters
    ----------
    matrix : Matrix
        By title, or by file where `shares` is None.
    regions : tuple of str
        Demand regions, sorted.
    catalog : Catalog
    shares : FileShares or None
    known : mapping of str to str
        Demand region → country code, which finds shares given by country.
    start : datetime.date
    period_days : float
        [days]
    problems : TableProblems
        Gets titles that have no shares in a region.

    Returns
    -------
    Demand
    """
    if strange := strange_period(start, period_days):
        problems.add("calendar", strange, column="date")
    whole = shares is None or shares.one_each
    width = None if shares is None else np.diff(shares.title_ptr)
    room = matrix.item.size if whole or width is None else int(width[matrix.item].sum())
    file, gb = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.float32)
    ptr = np.zeros(len(regions) + 1, dtype=np.int64)
    for r, region in enumerate(regions):
        own = slice(matrix.ptr[r], matrix.ptr[r + 1])
        row_file, row_gb = matrix.item[own], matrix.gb[own]
        if shares is not None and not whole and row_file.size:
            ratio = shares.in_region(region, known.get(region))
            _report_unsplit(row_file, shares, ratio, region, catalog, problems)
            row_file, row_gb = _split(row_file, row_gb, shares, ratio)
        kept = row_gb > 0
        ptr[r + 1] = ptr[r] + int(np.count_nonzero(kept))
        file[ptr[r] : ptr[r + 1]] = row_file[kept]
        gb[ptr[r] : ptr[r + 1]] = row_gb[kept]
    used = int(ptr[-1])
    if used < room:
        file, gb = file[:used].copy(), gb[:used].copy()
    return Demand(regions, ptr, file, gb, start, period_days)


def _split(
    title: Ints32, gb: Floats32, shares: FileShares, ratio: npt.NDArray[np.float64]
) -> tuple[Ints32, Floats32]:
    """Files of a region's titles, increasing, with their part of the GB."""
    begin = shares.title_ptr[title]
    width = shares.title_ptr[title + 1] - begin
    entry = np.repeat(np.arange(title.size), width)
    place = begin[entry] + np.arange(entry.size) - (np.cumsum(width) - width)[entry]
    file = shares.title_file[place]
    part = (gb[entry] * ratio[file]).astype(np.float32)
    order = np.argsort(file, kind="stable")
    return file[order], part[order]


def _report_unsplit(
    title: Ints32,
    shares: FileShares,
    ratio: npt.NDArray[np.float64],
    region: str,
    catalog: Catalog,
    problems: TableProblems,
) -> None:
    """A title has shares for all of its files in a region or for none: look at the first."""
    first = shares.title_file[shares.title_ptr[title]]
    for t in title[np.isnan(ratio[first])]:
        problems.add(
            "unsplit",
            f"no shares of the files of title {catalog.titles[t]!r} in region {region!r}, "
            "expected rows of the files table with this region or without any",
        )
