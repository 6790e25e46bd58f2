"""Which region an address or a field's value stands for."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.tables.tables import Column, Table

MOST_REGIONS = 1_000_000
"""More regions than this, and the field is taken for a wrong one."""

_MAPPED = 0xFFFF << 32
_END = 1 << 128


@dataclass(frozen=True, slots=True, eq=False)
class Prefixes:
    """Addresses as ranges without overlap.

    Parameters
    ----------
    edge_high, edge_low : (n_edges,) uint64
        Halves of the first address of each range, increasing from 0; version 4 as ``::ffff:0:0/96``.
    code : (n_edges,) int32
        Index into `regions`; -1: none.
    regions : tuple of str
        Names, sorted.
    """

    edge_high: npt.NDArray[np.uint64]
    edge_low: npt.NDArray[np.uint64]
    code: npt.NDArray[np.int32]
    regions: tuple[str, ...]


def read_prefixes(path: Path) -> Prefixes:
    """Read a table of prefixes; of several that hold an address, the longest counts.

    Parameters
    ----------
    path : Path
        Columns ``prefix`` (192.0.2.0/24, 2001:db8::/32, or one address) and ``region``.

    Returns
    -------
    Prefixes

    Raises
    ------
    InputError
        All problems, with their rows.
    """
    table = Table(path, (Column("prefix", "text"), Column("region", "text")))
    values = table.read()
    table.problems.raise_if_any()
    texts, names = table.names["prefix"].list, table.names["region"].list
    region_of: dict[tuple[int, int], tuple[int, int]] = {}
    for row, (prefix, region) in enumerate(zip(values["prefix"], values["region"], strict=True)):
        text = texts[prefix]
        try:
            network = ipaddress.ip_network(text.strip())
        except ValueError as error:
            reason = str(error) if "host bits" in str(error) else "expected a prefix as 192.0.2.0/24"
            table.problems.add("prefix", f"found {text!r}, {reason}", row=row + 1, column="prefix")
            continue
        first, last = int(network.network_address), int(network.broadcast_address)
        span = (first + _MAPPED, last + _MAPPED) if network.version == 4 else (first, last)
        before = region_of.setdefault(span, (int(region), row))
        if before[0] != region:
            message = f"{text!r} is there already, in row {before[1] + 1}, with another region"
            table.problems.add("twin", message, row=row + 1, column="prefix")
    table.problems.raise_if_any()
    return _flat({span: names[region] for span, (region, _) in region_of.items()})


def _flat(region_of: dict[tuple[int, int], str]) -> Prefixes:
    """Ranges without overlap from prefixes, which are nested or apart."""
    regions = tuple(sorted(set(region_of.values())))
    code_of = {name: i for i, name in enumerate(regions)}
    edges: dict[int, int] = {0: -1}
    open_: list[tuple[int, int]] = []  # last address and code of the prefixes that hold the place
    for (first, last), name in sorted(region_of.items(), key=lambda item: (item[0][0], -item[0][1])):
        while open_ and open_[-1][0] < first:
            end, _ = open_.pop()
            edges[end + 1] = open_[-1][1] if open_ else -1
        open_.append((last, code_of[name]))
        edges[first] = code_of[name]
    while open_:
        end, _ = open_.pop()
        edges[end + 1] = open_[-1][1] if open_ else -1
    starts = sorted(start for start in edges if start < _END)
    return Prefixes(
        np.array([start >> 64 for start in starts], dtype=np.uint64),
        np.array([start & (2**64 - 1) for start in starts], dtype=np.uint64),
        np.array([edges[start] for start in starts], dtype=np.int32),
        regions,
    )


def read_region_table(path: Path) -> dict[str, str]:
    """Read which region a value stands for.

    Parameters
    ----------
    path : Path
        Columns ``value`` and ``region``.

    Raises
    ------
    InputError
        All problems; among them values that are there twice.
    """
    table = Table(path, (Column("value", "text"), Column("region", "text")))
    values = table.read()
    table.problems.raise_if_any()
    region_of: dict[str, str] = {}
    row_of: dict[str, int] = {}
    for row, (code, region) in enumerate(zip(values["value"], values["region"], strict=True)):
        value, name = table.names["value"].list[code], table.names["region"].list[region]
        if region_of.setdefault(value, name) != name:
            message = f"{value!r} is there already, in row {row_of[value]}, with another region"
            table.problems.add("twin", message, row=row + 1, column="value")
        row_of.setdefault(value, row + 1)
    table.problems.raise_if_any()
    return region_of


@dataclass(slots=True)
class RegionCodes:
    """Regions met so far; codes index `names`.

    Parameters
    ----------
    table : mapping of str to str or None
        What values stand for; None: they are regions themselves.
    unknown : str or None
        Region of values that the table lacks; None: they have none.
    """

    table: dict[str, str] | None = None
    unknown: str | None = None
    names: list[str] = field(default_factory=list)
    _code: dict[str, int] = field(default_factory=dict)

    def of_name(self, name: str) -> int:
        """Code of a region."""
        code = self._code.setdefault(name, len(self.names))
        if code == len(self.names):
            self.names.append(name)
            if code >= MOST_REGIONS:
                message = f"more than {MOST_REGIONS:,} regions, the last {name!r}; is it the right field?"
                raise InputError([Problem(message, path="region")])
        return code

    def of_values(self, values: Any) -> npt.NDArray[np.int32]:
        """Code of each of some distinct values; -1 where the region is not known."""
        found = np.empty(len(values), dtype=np.int32)
        for i, value in enumerate(values.to_pylist()):
            name = value if self.table is None else self.table.get(value, self.unknown)
            found[i] = -1 if name is None else self.of_name(name)
        return found
