"""Requests that were really logged: the table that `cdnplan ingest --requests` writes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.inputs.demand.demand_regions import match_regions
from cdnplan.inputs.tables.parquet_columns import Columns, Kind, read_columns
from cdnplan.inputs.tables.table_problems import TableProblems
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand

_COLUMNS: Mapping[str, Kind] = {"time": "time", "region": "text", "object": "text", "bytes": "long"}
_MS_PER_HOUR = 3_600_000
_HOURS_PER_DAY = 24
_SHOWN = 3


@dataclass(frozen=True, slots=True, eq=False)
class LoggedRequests:
    """Requests of one period, in order of time.

    Parameters
    ----------
    regions : tuple of str
        Demand regions, sorted.
    region, file : (n,) int32
        Indices into these and into the catalogue's files.
    time_h : (n,) float64
        Hours since `start`, UTC.
    gb : (n,) float64
        Bytes sent [GB].
    start : datetime.date
        First day.
    hours : int
        Whole hours from its beginning to the last request.
    """

    regions: tuple[str, ...]
    region: npt.NDArray[np.int32]
    file: npt.NDArray[np.int32]
    time_h: npt.NDArray[np.float64]
    gb: npt.NDArray[np.float64]
    start: dt.date
    hours: int

    def demand(self, n_files: int, period_days: float) -> Demand:
        """What they amount to; days that the log lacks are taken to be as those that it has.

        Parameters
        ----------
        n_files : int
            Of the catalogue.
        period_days : float
            Length of the period that the demand is to stand for [days].
        """
        days = -(-self.hours // _HOURS_PER_DAY)
        pair, place = np.unique(self.region.astype(np.int64) * n_files + self.file, return_inverse=True)
        gb = np.bincount(place, self.gb) * (period_days / days)
        ptr = np.searchsorted(pair, np.arange(len(self.regions) + 1) * n_files)
        return Demand(
            self.regions,
            ptr.astype(np.int64),
            (pair % n_files).astype(np.int32),
            gb.astype(np.float32),
            self.start,
            period_days,
        )


def read_logged_requests(
    path: Path,
    catalog: Catalog,
    *,
    known: Mapping[str, str],
    date: dt.date | None = None,
    period_days: float,
) -> tuple[LoggedRequests, list[str]]:
    """Read the requests of one period.

    Parameters
    ----------
    path : Path
        Parquet with ``time`` (UTC), ``region``, ``object`` and ``bytes``, in order of time.
    catalog : Catalog
        Requests for other files or titles are left out, and told.
    known : mapping of str to str
        Demand regions → country code, as in `cdnplan.inputs.demand.demand_regions.match_regions`.
    date : datetime.date or None
        First day; None: that of the first request.
    period_days : float
        The requests of so many days count.

    Returns
    -------
    LoggedRequests
    list of str
        Warnings.

    Raises
    ------
    InputError
        No such table, unknown regions, titles of several files, or nothing that counts.
    """
    table, by = _read(path)
    problems = TableProblems(str(path))
    time_ms = table.values["time"]
    region_code, region_names = table.texts["region"].code, table.texts["region"].names
    object_code, objects = table.texts["object"].code, table.texts["object"].names
    match = match_regions(region_names, known, problems)
    problems.raise_if_any()
    regions = tuple(sorted(known))
    row = {name: r for r, name in enumerate(regions)}
    region_of = np.array([-1 if name is None else row[name] for name in match.known], dtype=np.int32)
    file_of = _files(path, objects, catalog, by)
    region, file = region_of[region_code], file_of[object_code]
    gb = table.values["bytes"] / 1e9
    begin = np.datetime64(int(time_ms[0]), "ms").astype("datetime64[D]") if time_ms.size else None
    start = np.datetime64(date, "D") if date is not None else begin
    if start is None:
        raise InputError([Problem("no requests", file=str(path))])
    since = time_ms - start.astype("datetime64[ms]").astype(np.int64)
    inside = (since >= 0) & (since < period_days * _HOURS_PER_DAY * _MS_PER_HOUR)
    kept = inside & (region >= 0) & (file >= 0) & (gb > 0)
    if not kept.any():
        message = f"no request of the plan's regions and titles in {period_days:g} days from {start}"
        raise InputError([Problem(message, file=str(path), hint=_hint(objects, catalog, by))])
    found = LoggedRequests(
        regions,
        region[kept],
        file[kept],
        since[kept] / _MS_PER_HOUR,
        gb[kept],
        start.astype(dt.date),
        int(since[kept][-1]) // _MS_PER_HOUR + 1,
    )
    total = float(gb[inside].sum())
    warnings = [f"{path}: {text}" for text in match.warnings]
    lost = {"regions": inside & (region < 0), "titles": inside & (region >= 0) & (file < 0)}
    for what, rows in lost.items():
        if rows.any():
            names = region_names if what == "regions" else objects
            codes = (region_code if what == "regions" else object_code)[rows]
            some = ", ".join(repr(names[i]) for i in np.unique(codes)[:_SHOWN].tolist())
            share = float(gb[rows].sum()) / total if total > 0 else 0.0
            warnings.append(f"{path}: {share:.1%} of the bytes are for {what} that the plan lacks, as {some}")
    if found.hours % _HOURS_PER_DAY:
        warnings.append(f"{path}: the last day ends after {found.hours % _HOURS_PER_DAY} hours")
    return found, warnings


def on_catalog(requests: LoggedRequests, own: Catalog, other: Catalog) -> LoggedRequests:
    """The same requests with the numbers of another catalogue that has all its files."""
    index = {name: i for i, name in enumerate(other.files)}
    place = np.array([index[name] for name in own.files], dtype=np.int32)
    return replace(requests, file=place[requests.file])


def _read(path: Path) -> tuple[Columns, str]:
    """Columns, and what objects are: files or titles."""
    table = read_columns(path, _COLUMNS)
    metadata: Mapping[bytes, bytes] = pq.read_schema(path).metadata or {}
    return table, metadata.get(b"by", b"title").decode(errors="replace")


def _files(path: Path, objects: Sequence[str], catalog: Catalog, by: str) -> npt.NDArray[np.int32]:
    """Number of each object's file, -1 where the catalogue has none."""
    if by == "file":
        index = {name: f for f, name in enumerate(catalog.files)}
        return np.array([index.get(name, -1) for name in objects], dtype=np.int32)
    counts = np.bincount(catalog.file_title, minlength=len(catalog.titles))
    several = [name for t, name in enumerate(catalog.titles) if counts[t] > 1]
    split = sorted(set(objects).intersection(several))
    if split:
        message = f"{len(split):,} titles are several files, as {split[0]!r}: ingest the log by file"
        raise InputError([Problem(message, file=str(path))])
    file = {catalog.titles[t]: f for f, t in enumerate(catalog.file_title.tolist())}
    return np.array([file.get(name, -1) for name in objects], dtype=np.int32)


def _hint(objects: Sequence[str], catalog: Catalog, by: str) -> str:
    known = catalog.files if by == "file" else catalog.titles
    return nearest(objects[0], known) if objects else ""
