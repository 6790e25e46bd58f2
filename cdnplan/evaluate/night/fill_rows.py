"""The tables of a night as numbers, each row checked for itself: names, sizes, kinds, order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from cdnplan.evaluate.count.assignment import Fleet
from cdnplan.evaluate.night.fill_values import most_saved
from cdnplan.evaluate.verdict.report import TOLERANCE, Check, Ledger
from cdnplan.inputs.plans.plan_folder import (
    EVICTIONS,
    FILL_KINDS,
    FILLS,
    FROM_ORIGIN,
    PEER,
    TIER,
    UNFILLED,
    UNFILLED_REASONS,
)
from cdnplan.inputs.tables.parquet_columns import Columns, Texts
from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.model.plan.sorted_numbers import contains

Bools = npt.NDArray[np.bool_]

TOO_MUCH = "less than 0, or more than holding the file can save"
UNKNOWN = -1
"""Stands for a place that the network does not have."""


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where copies come from: appliances by their number in the fleet, origins numbered after them."""

    fleet: Fleet
    origins: tuple[str, ...]

    def numbers(self, texts: Texts) -> Ints:
        """Replace names by numbers, `UNKNOWN` where there is no such place."""
        return texts.positions(self._known(texts.names))

    def is_origin(self, place: Ints) -> Bools:
        """Which places are origins."""
        return place >= self.fleet.size

    def sites(self) -> tuple[tuple[str, ...], Ints]:
        """Names of sites, sorted, and the site of each appliance as an index into them."""
        instance = self.fleet.instance
        return instance.sites, instance.pool_site[self.fleet.pools()].astype(np.int64)

    def name(self, place: int) -> str:
        """Name of a place."""
        size = self.fleet.size
        return self.origins[place - size] if place >= size else self.fleet.name(place)

    def _known(self, names: Iterable[str]) -> dict[str, int]:
        pools = {name: p for p, name in enumerate(self.fleet.instance.pools)}
        origins = {name: self.fleet.size + i for i, name in enumerate(self.origins)}
        known: dict[str, int] = {}
        for name in names:
            pool, _, number = name.rpartition("/")
            if name in origins:
                known[name] = origins[name]
            elif pool in pools and re.fullmatch(r"[1-9][0-9]*", number) is not None:
                p = pools[pool]
                if int(number) <= self.fleet.instance.pool_appliances[p]:
                    known[name] = int(self.fleet.ptr[p]) + int(number) - 1
        return known


@dataclass(frozen=True, slots=True, eq=False)
class _TableRows:
    """A table of the night, each row about a file on an appliance."""

    table: Columns

    written: ClassVar[str]
    """Name of the file."""

    def failure(
        self,
        row: int,
        check: str,
        detail: str,
        claimed: float | str | None = None,
        found: float | None = None,
    ) -> Check:
        """Say what is wrong with a row."""
        texts = self.table.texts
        key = f"{texts['file'].at(row)} on {texts['appliance'].at(row)}"
        return Check(check, False, self.written, row + 1, key, claimed, found, detail)


@dataclass(frozen=True, slots=True, eq=False)
class FillRows(_TableRows):
    """`fills.parquet` as numbers.

    Parameters
    ----------
    places : Places
    table : Columns
    appliance, file, source, kind : (n,) int64
        `UNKNOWN` where a name is not known.
    size_gb : (n,) float64
        Of the catalogue; 0 for files it does not have.
    start, end : (n,) int64
        [ms since 1970 in UTC]
    sound : (n,) bool
        Rows that can be replayed: names are known, it takes time, and no row before it makes the same copy.
    """

    written: ClassVar[str] = FILLS

    places: Places
    appliance: Ints
    file: Ints
    source: Ints
    kind: Ints
    size_gb: Floats
    start: Ints
    end: Ints
    sound: Bools

    def keys(self) -> Ints:
        """One number per copy, see `Fleet.keys`."""
        return self.places.fleet.keys(self.appliance, self.file)

    def gbps(self) -> Floats:
        """Rate of each transfer [Gbit/s]; 0 where it is not sound."""
        seconds = np.where(self.sound, self.end - self.start, 1) / 1000.0
        return np.asarray(np.where(self.sound, self.size_gb * 8.0 / seconds, 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class EvictionRows(_TableRows):
    """`evictions.parquet` as numbers; `UNKNOWN` where a name is not known."""

    written: ClassVar[str] = EVICTIONS

    appliance: Ints
    file: Ints
    at: Ints


def read_fills(places: Places, table: Columns, ledger: Ledger) -> FillRows:
    """Replace names by numbers and check every row of `fills.parquet` for itself.

    Raises
    ------
    InputError
        A name is not that of an appliance.
    """
    fleet, texts = places.fleet, table.texts
    appliance, file = fleet.read(table), _files(fleet, table)
    source = places.numbers(texts["source"])
    start, end = table.values["start"], table.values["end"]
    first = _first(fleet.keys(appliance, file))
    known = (appliance >= 0) & (file >= 0) & (source >= 0)
    rows = FillRows(
        places=places,
        table=table,
        appliance=appliance,
        file=file,
        source=source,
        kind=texts["kind"].positions({name: i for i, name in enumerate(FILL_KINDS)}),
        size_gb=np.append(fleet.instance.size_gb, 0.0)[file],
        start=start,
        end=end,
        sound=known & first & (end > start) & (source != appliance),
    )
    _check_names(rows, first, ledger)
    _check_kinds(rows, ledger)
    _check_order(rows, ledger)
    _check_alternates(rows, ledger)
    return rows


def _check_names(rows: FillRows, first: Bools, ledger: Ledger) -> None:
    table = rows.table
    texts, sizes, values = table.texts, table.values["size_gb"], table.values["value"]
    known = (rows.appliance >= 0) & (rows.file >= 0)
    wrong_size = (rows.file >= 0) & ~(np.abs(sizes - rows.size_gb) <= TOLERANCE * rows.size_gb)

    def note(check: str, wrong: Bools, detail: str, column: str | None = None) -> None:
        claimed = texts[column] if column is not None else None
        ledger.rows(
            check,
            FILLS,
            np.flatnonzero(wrong),
            lambda i: rows.failure(i, check, detail, claimed.at(i) if claimed is not None else None),
            f"{table.n_rows:,} rows",
        )

    note("known appliance", rows.appliance < 0, "the network has none", "appliance")
    note("known file", rows.file < 0, "not in the catalogue", "file")
    note("known source", rows.source < 0, "neither an appliance nor an origin", "source")
    note("one row per appliance and file", known & ~first, "in another row, too")
    note("takes time", rows.end <= rows.start, "ends no later than it starts")
    most = most_saved(rows.places.fleet.instance, _pools(rows.places.fleet, rows.appliance), rows.file)
    note("value", ~((values >= 0) & (values <= most * (1 + TOLERANCE))), TOO_MUCH)
    ledger.rows(
        "size_gb",
        FILLS,
        np.flatnonzero(wrong_size),
        lambda i: rows.failure(i, "size_gb", "", float(sizes[i]), float(rows.size_gb[i])),
    )


def _check_kinds(rows: FillRows, ledger: Ledger) -> None:
    """The kind of source is what its place says."""
    places, texts = rows.places, rows.table.texts
    _, site = places.sites()
    known = (rows.appliance >= 0) & (rows.source >= 0)
    due = np.full(rows.kind.size, FILL_KINDS.index(FROM_ORIGIN))
    near = np.flatnonzero(known & ~places.is_origin(rows.source))
    same = site[rows.source[near]] == site[rows.appliance[near]]
    due[near] = np.where(same, FILL_KINDS.index(PEER), FILL_KINDS.index(TIER))
    ledger.rows(
        "kind of source",
        FILLS,
        np.flatnonzero(known & (rows.kind != due)),
        lambda i: rows.failure(
            i,
            "kind of source",
            f"{texts['source'].at(i)} is {FILL_KINDS[due[i]]!r} to it",
            texts["kind"].at(i),
        ),
    )
    ledger.rows(
        "another source than itself",
        FILLS,
        np.flatnonzero(known & (rows.source == rows.appliance)),
        lambda i: rows.failure(i, "another source than itself", "a copy cannot come from where it goes"),
    )


def _check_order(rows: FillRows, ledger: Ledger) -> None:
    """Rows are sorted by appliance; priorities count from 1 within each."""
    priority, n = rows.table.values["priority"].astype(np.int64), rows.appliance.size
    begins = np.append(True, np.diff(rows.appliance) != 0)[:n]
    place = np.arange(n) - np.maximum.accumulate(np.where(begins, np.arange(n), 0))
    ledger.rows(
        "sorted by appliance",
        FILLS,
        1 + np.flatnonzero(np.diff(rows.appliance) < 0),
        lambda i: rows.failure(i, "sorted by appliance", "comes after a later one"),
    )
    ledger.rows(
        "priority",
        FILLS,
        np.flatnonzero(priority != place + 1),
        lambda i: rows.failure(
            i, "priority", "counted from 1 within the appliance", float(priority[i]), float(place[i] + 1)
        ),
    )


def _check_alternates(rows: FillRows, ledger: Ledger) -> None:
    """Alternates are other places, each once, and an origin stands behind all of them."""
    lists = rows.table.lists["alternates"]
    place, row = rows.places.numbers(lists.items), lists.row()
    origin = rows.places.is_origin(place)
    own = (place == rows.source[row]) | (place == rows.appliance[row])
    key = row * (rows.places.fleet.size + len(rows.places.origins)) + place
    twice = ~_first(np.where(place >= 0, key, -1 - np.arange(place.size)))
    length = np.diff(lists.ptr)
    last_is_origin = np.zeros(length.size, dtype=bool)
    last_is_origin[length > 0] = origin[lists.ptr[1:][length > 0] - 1]
    # There may be no other origin to fall back on than the one that is the source.
    none_needed = (length == 0) & rows.places.is_origin(rows.source)

    def note(check: str, wrong: Bools, detail: str) -> None:
        at = np.flatnonzero(wrong)
        ledger.rows(
            check,
            FILLS,
            np.arange(at.size),
            lambda n: rows.failure(int(row[at[n]]), check, detail, lists.items.at(int(at[n]))),
            f"{place.size:,} alternates",
        )

    note("known alternate", place < 0, "neither an appliance nor an origin")
    note("another alternate", (place >= 0) & own, "the appliance itself, or the source")
    note("each alternate once", twice, "in the list twice")
    ledger.rows(
        "an origin as last alternate",
        FILLS,
        np.flatnonzero(~last_is_origin & ~none_needed),
        lambda i: rows.failure(i, "an origin as last alternate", "the file can always be had there"),
    )


def read_evictions(fleet: Fleet, table: Columns, ledger: Ledger) -> EvictionRows:
    """Replace names by numbers and check sizes; what the network no longer knows may be evicted.

    Raises
    ------
    InputError
        A name is not that of an appliance.
    """
    rows = EvictionRows(table, fleet.read(table), _files(fleet, table), table.values["at"])
    sizes = table.values["size_gb"]
    size = np.append(fleet.instance.size_gb, 0.0)[rows.file]
    wrong = (rows.file >= 0) & ~(np.abs(sizes - size) <= TOLERANCE * size)
    ledger.rows(
        "size_gb",
        EVICTIONS,
        np.flatnonzero(wrong),
        lambda i: rows.failure(i, "size_gb", "", float(sizes[i]), float(size[i])),
        f"{table.n_rows:,} rows",
    )
    return rows


def check_unfilled(fleet: Fleet, table: Columns, held: Ints, placed: Ints, ledger: Ledger) -> Bools:
    """Check the copies that were wanted and could not be had.

    Parameters
    ----------
    fleet : Fleet
    table : Columns
        `unfilled.parquet`.
    held, placed : (.,) int64
        Keys of the copies held before, and of those held at the end, sorted.
    ledger : Ledger
        Takes the checks.

    Returns
    -------
    (n_rows,) bool
        Which rows speak of copies that are not there, each once.

    Raises
    ------
    InputError
        A name is not that of an appliance.
    """
    appliance, file, texts = fleet.read(table), _files(fleet, table), table.texts
    keys = fleet.keys(appliance, file)
    size = np.append(fleet.instance.size_gb, 0.0)[file]
    claimed, value = table.values["size_gb"], table.values["value"]
    first = _first(keys)
    reason = texts["reason"].positions({name: i for i, name in enumerate(UNFILLED_REASONS)})

    def note(check: str, wrong: Bools, detail: str) -> None:
        def failure(i: int) -> Check:
            key = f"{texts['file'].at(i)} on {texts['appliance'].at(i)}"
            return Check(check, False, UNFILLED, i + 1, key, detail=detail)

        ledger.rows(check, UNFILLED, np.flatnonzero(wrong), failure, f"{table.n_rows:,} rows")

    note("known appliance", appliance < 0, "the network has none")
    note("known file", file < 0, "not in the catalogue")
    note("one row per appliance and file", (keys >= 0) & ~first, "in another row, too")
    note("not placed", (keys >= 0) & contains(placed, keys), "it is in the placement")
    note("not held", (keys >= 0) & contains(held, keys), "it was there before")
    note("known reason", reason < 0, f"known: {', '.join(UNFILLED_REASONS)}")
    note("size_gb", (file >= 0) & ~(np.abs(claimed - size) <= TOLERANCE * size), "not that of the catalogue")
    most = most_saved(fleet.instance, _pools(fleet, appliance), file)
    note("value", ~((value >= 0) & (value <= most * (1 + TOLERANCE))), TOO_MUCH)
    return (keys >= 0) & first & ~contains(placed, keys)


def _pools(fleet: Fleet, appliance: Ints) -> Ints:
    """Pool of each appliance, `UNKNOWN` where the appliance is."""
    return np.append(fleet.pools(), UNKNOWN)[appliance]


def _files(fleet: Fleet, table: Columns) -> Ints:
    """File of each row, `UNKNOWN` where the catalogue has none."""
    return table.texts["file"].positions({name: i for i, name in enumerate(fleet.instance.files)})


def _first(keys: Ints) -> Bools:
    """Which numbers have not come before."""
    first = np.zeros(keys.size, dtype=bool)
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first[order] = np.append(True, np.diff(ordered) != 0)[: keys.size]
    return first
