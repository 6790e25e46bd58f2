"""Titles and files tables → the catalogue, and how a title's demand is split over its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.inputs.demand.file_shares import FileShares
from cdnplan.inputs.demand.titles_reader import ListedTitles, list_titles, report_twins
from cdnplan.inputs.tables.tables import Column, Table
from cdnplan.model.network.catalog import Catalog

SUM_TOLERANCE = 1e-3
"""How far the shares of a title's files may be from 1; they are then scaled to 1."""

_FILES = (
    Column("file", "text"),
    Column("title", "text"),
    Column("size_gb", "number", above=0),
    Column("demand_ratio", "number", minimum=0, maximum=1),
    Column("region", "text", required=False, empty=True),
    Column("profile", "text", required=False, empty=True),
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def read_catalog(titles: Path, files: Path | None = None) -> tuple[Catalog, FileShares]:
    """Read what can be placed.

    Parameters
    ----------
    titles : Path
        Table of titles: ``title``, ``launch_date``, … and ``size_gb``, which a title without files needs.
    files : Path or None
        Table of files: ``file``, ``title``, ``size_gb``, ``demand_ratio`` (share of the title's bytes),
        and optionally ``profile`` and ``region``: rows with a region hold there, rows without one
        everywhere else. Per
        title and region the shares sum to 1. A title without files is one file of the same name.

    Returns
    -------
    Catalog
    FileShares

    Raises
    ------
    InputError
        All problems of both tables.
    """
    faults: list[Problem] = []
    listed: ListedTitles | None = None
    table: Table | None = None
    try:
        listed = list_titles(titles, sizes=files is None)
    except InputError as error:
        faults += error.problems
    try:
        table = None if files is None else Table(files, _FILES)
        rows = None if table is None else _FileRows.of(table)
    except InputError as error:
        faults += error.problems
        rows = None
    if listed is not None and not faults:
        if table is not None and rows is not None:
            _check_files(table, rows, listed)
        _check_sizes(listed, rows)
    faults += listed.problems.all() if listed is not None else []
    faults += table.problems.all() if table is not None else []
    if faults or listed is None:
        raise InputError(faults)
    return _whole(listed) if rows is None else _built(listed, rows)


@dataclass(frozen=True, slots=True, eq=False)
class _FileRows:
    """The files table as read: codes into `files`, `titles` and `regions` (-1: everywhere else)."""

    files: list[str]
    titles: list[str]
    regions: list[str]
    file: Ints
    title: Ints
    region: Ints
    size_gb: Floats
    ratio: Floats
    profile: list[str]

    @classmethod
    def of(cls, table: Table) -> _FileRows:
        values: Mapping[str, npt.NDArray[Any]] = table.read()
        file = values["file"].astype(np.int64)
        return cls(
            files=table.names["file"].list,
            titles=table.names["title"].list,
            regions=table.names["region"].list,
            file=file,
            title=values["title"].astype(np.int64),
            region=values["region"].astype(np.int64) if "region" in values else np.full_like(file, -1),
            size_gb=values["size_gb"],
            ratio=values["demand_ratio"],
            profile=_texts(table, values, "profile"),
        )

    @property
    def group(self) -> Ints:
        """Number of each row's (title, region), (n_rows,)."""
        return self.title * (len(self.regions) + 1) + self.region + 1

    def first_rows(self, key: Ints) -> Ints:
        """For each row the first row with the same key, (n_rows,)."""
        _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        return np.asarray(first[inverse], dtype=np.int64)


def _texts(table: Table, values: Mapping[str, npt.NDArray[Any]], name: str) -> list[str]:
    """Text of each row, empty where there is none; nothing where the table has no such column."""
    if name not in values:
        return []
    names = [*table.names[name].list, ""]
    return [names[code] for code in values[name].tolist()]


def _check_files(table: Table, rows: _FileRows, listed: ListedTitles) -> None:
    """Titles that do not exist, files that contradict themselves, shares that do not sum to 1."""
    known = frozenset(listed.titles.titles)
    for code, name in enumerate(rows.titles):
        if name not in known:
            table.problems.add(
                "unknown",
                f"{name!r} is not a title of the titles table",
                row=int(np.argmax(rows.title == code)) + 1,
                column="title",
                hint=lambda name=name: nearest(name, known),  # type: ignore[misc]
            )
    report_twins(
        table,
        np.where(rows.file < 0, -1, rows.file * (len(rows.regions) + 1) + rows.region + 1),
        lambda row: f"the file {rows.files[rows.file[row]]!r}{_where(rows, row)} is there already",
    )
    first = rows.first_rows(rows.file)
    for column, values, what in (
        ("title", np.where(rows.title < 0, np.nan, rows.title), "another title"),
        ("size_gb", rows.size_gb, "another size"),
    ):
        both = (rows.file >= 0) & ~np.isnan(values) & ~np.isnan(values[first])
        other = np.flatnonzero(both & (values != values[first]))
        table.problems.add_rows(
            "contradiction",
            other + 1,
            lambda i, other=other, what=what: (  # type: ignore[misc]
                f"the file {rows.files[rows.file[other[i]]]!r} has {what} in row {first[other[i]] + 1}"
            ),
            column,
        )
    _check_sums(table, rows)


def _check_sums(table: Table, rows: _FileRows) -> None:
    names, first, inverse = np.unique(rows.group, return_index=True, return_inverse=True)
    sums = np.bincount(inverse, rows.ratio, minlength=names.size)
    wrong = np.flatnonzero((np.abs(sums - 1) > SUM_TOLERANCE) & (rows.title[first] >= 0))
    at = first[wrong]
    table.problems.add_rows(
        "sum",
        at + 1,
        lambda i: (
            f"the shares of title {rows.titles[rows.title[at[i]]]!r}{_where(rows, at[i])} sum to "
            f"{sums[wrong[i]]:.6g}, expected 1"
        ),
        "demand_ratio",
    )


def _where(rows: _FileRows, row: int) -> str:
    region = rows.region[row]
    return "" if region < 0 else f" in region {rows.regions[region]!r}"


def _check_sizes(listed: ListedTitles, rows: _FileRows | None) -> None:
    """A title without files needs a size, and a name that no file has."""
    with_files = frozenset() if rows is None else frozenset(rows.titles)
    file_names = frozenset() if rows is None else frozenset(rows.files)
    reported = frozenset(listed.problems.rows_of("size_gb").tolist())
    for i, title in enumerate(listed.titles.titles):
        if title in with_files:
            continue
        row = int(listed.row[i])
        if title in file_names:
            message = f"the title {title!r} has no files, but a file of another title has its name"
            listed.problems.add("name", message, row=row, column="title")
        if np.isnan(listed.titles.size_gb[i]) and row not in reported:
            message = f"the title {title!r} has no size and no files, expected one of them"
            listed.problems.add("size", message, row=row, column="size_gb")


def _whole(listed: ListedTitles) -> tuple[Catalog, FileShares]:
    """Each title is one file."""
    titles = listed.titles
    index = np.arange(titles.n_titles, dtype=np.int32)
    catalog = Catalog(titles.titles, titles.size_gb, titles.titles, index, titles.launch_day)
    return catalog, FileShares(np.arange(index.size + 1, dtype=np.int64), index, np.ones(index.size))


def _built(listed: ListedTitles, rows: _FileRows) -> tuple[Catalog, FileShares]:
    """Files of the files table, and each title without any as one file of its own."""
    titles = listed.titles
    title_index = {name: i for i, name in enumerate(titles.titles)}
    first = np.unique(rows.file, return_index=True)[1]
    size = {rows.files[rows.file[row]]: float(rows.size_gb[row]) for row in first}
    owner = {rows.files[rows.file[row]]: title_index[rows.titles[rows.title[row]]] for row in first}
    with_files = frozenset(rows.titles)
    alone = [name for name in titles.titles if name not in with_files]
    for name in alone:
        owner[name] = title_index[name]
        size[name] = float(titles.size_gb[title_index[name]])
    files = tuple(sorted(owner))
    file_title = np.array([owner[name] for name in files], dtype=np.int32)
    catalog = Catalog(
        files, np.array([size[name] for name in files]), titles.titles, file_title, titles.launch_day
    )
    return catalog, _shares(catalog, rows, alone)


def _shares(catalog: Catalog, rows: _FileRows, alone: list[str]) -> FileShares:
    index = {name: i for i, name in enumerate(catalog.files)}
    file = np.array([index[name] for name in rows.files], dtype=np.int64)[rows.file]
    _, group = np.unique(rows.group, return_inverse=True)
    scaled = rows.ratio / np.bincount(group, rows.ratio)[group]
    ratio = np.full(catalog.n_files, np.nan)
    everywhere = rows.region < 0
    # A title with shares for everywhere has none of a file that is only listed for some region.
    titles_everywhere = np.zeros(len(catalog.titles), dtype=bool)
    titles_everywhere[catalog.file_title[file[everywhere]]] = True
    ratio[titles_everywhere[catalog.file_title]] = 0.0
    ratio[file[everywhere]] = scaled[everywhere]
    ratio[[index[name] for name in alone]] = 1.0
    order = np.lexsort((file, rows.region))
    order = order[rows.region[order] >= 0]
    counts = np.bincount(rows.region[order], minlength=len(rows.regions))
    profile = np.full(catalog.n_files, "", dtype=object)
    profile[file[: len(rows.profile)]] = rows.profile
    return FileShares(
        title_ptr=np.concatenate(
            [[0], np.cumsum(np.bincount(catalog.file_title, minlength=len(catalog.titles)))]
        ),
        title_file=np.argsort(catalog.file_title, kind="stable").astype(np.int32),
        ratio=ratio,
        regions=tuple(rows.regions),
        region_ptr=np.concatenate([[0], np.cumsum(counts)]),
        region_file=file[order].astype(np.int32),
        region_ratio=scaled[order],
        profile=tuple(profile.tolist()) if rows.profile else (),
    )
