"""A plan folder: names of its files and columns, and reading it.

A folder is written whole or not at all and never changed, so that it can be checked, compared and built
upon years later from its files alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.plans.plan_json import BY_TREE, PLAN_JSON, PlanJson, read_plan_json
from cdnplan.inputs.tables.parquet_columns import Columns, Kind, read_columns
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Ints, Ints32
from cdnplan.model.limits.families import FAMILIES
from cdnplan.model.plan.sorted_numbers import sorted_distinct

PLACEMENT = "placement.parquet"
SERVING = "serving.parquet"
APPLIANCES = "appliances.parquet"
PRICES = "prices.parquet"
PROOF = "proof.parquet"
PROOF_PRICES = "proof_prices.parquet"
PROOF_CUTS = "proof_cuts.parquet"
FILLS = "fills.parquet"
EVICTIONS = "evictions.parquet"
UNFILLED = "unfilled.parquet"
TOPOLOGY = "inputs/topology.yaml"
FILES = "inputs/files.parquet"
DEMAND = "inputs/demand.parquet"
PATHS = "inputs/paths.parquet"
HOLDINGS = "inputs/holdings.parquet"

TABLES: dict[str, dict[str, Kind]] = {
    PLACEMENT: {"appliance": "text", "file": "text", "action": "text", "size_gb": "number"},
    SERVING: {"region": "text", "pool": "text", "gb": "number", "peak_gbps": "number"},
    APPLIANCES: {
        "appliance": "text",
        "pool": "text",
        "storage_gb": "number",
        "storage_limit_gb": "number",
        "peak_gbps": "number",
        "throughput_limit_gbps": "number",
    },
    PRICES: {"limit": "text", "name": "text", "slice": "integer", "price": "number", "unit": "text"},
    PROOF: {
        "node": "integer",
        "parent": "integer",
        "file": "text",
        "pool": "text",
        "side": "text",
        "prices": "integer",
    },
    PROOF_PRICES: {
        "prices": "integer",
        "limit": "text",
        "name": "text",
        "slice": "integer",
        "price": "number",
        "unit": "text",
    },
    PROOF_CUTS: {"cut": "integer", "pool": "text", "limit": "integer", "file": "text", "weight": "integer"},
    FILLS: {
        "appliance": "text",
        "file": "text",
        "size_gb": "number",
        "source": "text",
        "kind": "text",
        "start": "instant",
        "end": "instant",
        "priority": "integer",
        "value": "number",
        "alternates": "texts",
    },
    EVICTIONS: {"appliance": "text", "file": "text", "size_gb": "number", "at": "instant"},
    UNFILLED: {"appliance": "text", "file": "text", "size_gb": "number", "value": "number", "reason": "text"},
    FILES: {"file": "text", "title": "text", "size_gb": "number", "launch_date": "date"},
    DEMAND: {"region": "text", "file": "text", "gb": "float32"},
    PATHS: {"region": "text", "place": "text", "cost_per_gb": "number", "path": "text"},
    HOLDINGS: {"pool": "text", "appliance": "integer", "file": "text"},
}
"""Columns of every table of the folder; `HOLDINGS` is there only when there was a previous plan, and plans of
earlier releases have no `PATHS`."""

PERIOD_START, PERIOD_DAYS = "period_start", "period_days"
"""Metadata of the table of demand: first day of the period it is for, and its length [days]. Plans of earlier
releases have their period in plan.json only."""

TREE = (PROOF, PROOF_PRICES)
"""Tables of a tree of cases that proves the bound; only plans have them that say so, and of these some
`PROOF_CUTS` as well."""

NIGHT = (FILLS, EVICTIONS, UNFILLED)
"""Tables of the night of filling; plans of earlier releases have none of them."""

PEER, TIER, FROM_ORIGIN = "peer", "tier", "origin"
FILL_KINDS = (PEER, TIER, FROM_ORIGIN)
"""Where a copy is fetched from: an appliance of the same site, one of another site, an origin."""

UNFILLED_REASONS = ("window", "fill rate", "link", "source", "space", "origin cap")
"""Why a copy that was wanted could not be fetched."""

HOLDS, LACKS = "holds", "lacks"
SIDES = (HOLDS, LACKS)
"""What a node of a proof decides: the pool holds the file, or it does not."""

KEEP, ADD, EVICT = "keep", "add", "evict"
ACTIONS = (KEEP, ADD, EVICT)
"""What an appliance does with a file: has it and keeps it, fetches it, has it and removes it."""

ORIGIN = "origin"
"""Stands for a pool in the serving table where the origin serves."""

PRICE_UNITS = {kind.name: f"per {kind.priced_per}" for kind in FAMILIES} | {
    "launch": "per pool",
    "cut": "per unit",
}
"""Limits that carry a price, and what it is counted per; those of cuts are part of a proof only."""

Tree = tuple[Columns, Columns, Columns | None]
"""The tables of `TREE`, and `PROOF_CUTS` where there is one."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class PlanFiles:
    """What a plan folder says, its tables as arrays; nothing is recomputed.

    Parameters
    ----------
    folder : Path
    plan : PlanJson
    placement, serving, appliances, prices : Columns
        See `TABLES` for their columns.
    night : tuple of Columns or None
        The tables of `NIGHT`; None in plans of earlier releases.
    tree : tuple of Columns or None
        See `Tree`; None where something else proves the bound.
    """

    folder: Path
    plan: PlanJson
    placement: Columns
    serving: Columns
    appliances: Columns
    prices: Columns
    night: tuple[Columns, Columns, Columns] | None = None
    tree: Tree | None = None

    @property
    def has_holdings(self) -> bool:
        """Whether the plan was made from a previous one."""
        return (self.folder / HOLDINGS).is_file()


def read_plan(folder: Path) -> PlanFiles:
    """Read the decisions and claims of a plan.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    PlanFiles

    Raises
    ------
    InputError
        Files or columns are missing, cut short or of another kind; all problems of all files at once.
    """
    if not folder.is_dir():
        raise InputError([Problem("no such plan folder", file=str(folder))])
    problems: list[Problem] = []
    plan = attempt(problems, lambda: read_plan_json(folder / PLAN_JSON))
    tables = [
        attempt(problems, lambda name=name: read_columns(folder / name, TABLES[name]))  # type: ignore[misc]
        for name in (PLACEMENT, SERVING, APPLIANCES, PRICES)
    ]
    placement, serving, appliances, prices = tables
    night = _read_night(folder, plan, problems)
    tree = _read_tree(folder, plan, problems)
    if plan is None or placement is None or serving is None or appliances is None or prices is None:
        raise InputError(problems)
    if problems:
        raise InputError(problems)
    return PlanFiles(folder, plan, placement, serving, appliances, prices, night, tree)


def _read_night(
    folder: Path, plan: PlanJson | None, problems: list[Problem]
) -> tuple[Columns, Columns, Columns] | None:
    """Read the tables of the night where there are any, or should be."""
    told = plan is not None and plan.fills is not None
    if not told and not any((folder / name).is_file() for name in NIGHT):
        return None
    if plan is not None and not told:
        problems.append(Problem("missing", file=str(folder / PLAN_JSON), path="fills"))
    fills, evictions, unfilled = (
        attempt(problems, lambda name=name: read_columns(folder / name, TABLES[name]))  # type: ignore[misc]
        for name in NIGHT
    )
    if fills is None or evictions is None or unfilled is None:
        return None
    return fills, evictions, unfilled


def _read_tree(folder: Path, plan: PlanJson | None, problems: list[Problem]) -> Tree | None:
    """Read the tables of a proof where there is one, or should be."""
    told = plan is not None and plan.bound_proof == BY_TREE
    found = [name for name in (*TREE, PROOF_CUTS) if (folder / name).is_file()]
    if not told and not found:
        return None
    if plan is not None and not told:
        message = f"found {plan.bound_proof!r}, expected {BY_TREE!r}: there is {' and '.join(found)}"
        problems.append(Problem(message, file=str(folder / PLAN_JSON), path="bound_proof"))
    nodes, prices, cuts = (
        attempt(problems, lambda name=name: read_columns(folder / name, TABLES[name]))  # type: ignore[misc]
        if name in (*TREE, *found)
        else None
        for name in (*TREE, PROOF_CUTS)
    )
    return None if nodes is None or prices is None else (nodes, prices, cuts)


def holdings_of(folder: Path) -> Holdings:
    """What appliances hold once a plan is carried out: its files to keep and to add.

    Parameters
    ----------
    folder : Path
        A plan folder.

    Returns
    -------
    Holdings

    Raises
    ------
    InputError
        As `read_plan`, and names of appliances without a pool and a number.
    """
    return planned_holdings(read_plan(folder).placement)


def planned_holdings(table: Columns) -> Holdings:
    """What appliances hold once a placement table is carried out; see `holdings_of`."""
    action = table.texts["action"]
    keep = action.positions({EVICT: 0}) < 0
    pools, pool, number = split_appliances(table, "appliance")
    file = table.texts["file"]
    return sorted_holdings(pools, file.names, pool[keep], number[keep], file.code[keep])


def split_appliances(table: Columns, column: str) -> tuple[tuple[str, ...], Ints32, Ints32]:
    """Split names of appliances, ``pool/number``.

    Parameters
    ----------
    table : Columns
    column : str
        Name of the column of appliances.

    Returns
    -------
    pools : tuple of str
        Distinct pools, sorted.
    pool, number : (n_rows,) int32
        Index into `pools`, and number within the pool.

    Raises
    ------
    InputError
        A name has no number of 1 or more at its end.
    """
    texts = table.texts[column]
    split = [name.rpartition("/") for name in texts.names]
    bad = [i for i, (pool, _, n) in enumerate(split) if not pool or not re.fullmatch(r"[1-9][0-9]*", n)]
    if bad:
        rows = np.flatnonzero(np.isin(texts.code, bad))
        raise InputError(
            Problem(f"no appliance's name: {texts.at(row)!r}", file=table.file, row=int(row) + 1, path=column)
            for row in rows[:20]
        )
    pools = sorted({pool for pool, _, _ in split})
    index = {pool: i for i, pool in enumerate(pools)}
    of_pool = np.array([index[pool] for pool, _, _ in split], dtype=np.int32)
    number = np.array([min(int(n), 2**31 - 1) for _, _, n in split], dtype=np.int32)
    return tuple(pools), of_pool[texts.code], number[texts.code]


def sorted_holdings(
    pools: tuple[str, ...], files: tuple[str, ...], pool: Ints32, number: Ints32, file: Ints32
) -> Holdings:
    """Make holdings from copies in any order; a copy listed twice is one."""
    n_files, most = max(1, len(files)), int(number.max(initial=0)) + 1
    key: Ints = (pool.astype(np.int64) * most + number) * n_files + file
    key = sorted_distinct(key)
    place = key // n_files
    return Holdings(
        pools=pools,
        files=files,
        pool=(place // most).astype(np.int32),
        appliance=(place % most).astype(np.int32),
        file=(key % n_files).astype(np.int32),
    )


def sha256(path: Path) -> str:
    """Checksum of a file as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def attempt(problems: list[Problem], read: Callable[[], T]) -> T | None:
    """Read, or remember what is wrong and go on."""
    try:
        return read()
    except InputError as error:
        problems += error.problems
        return None
