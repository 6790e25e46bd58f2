"""What a plan was made from, read back out of its folder: catalogue, demand, earlier holdings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.plans.plan_folder import (
    DEMAND,
    FILES,
    HOLDINGS,
    PERIOD_DAYS,
    PERIOD_START,
    TABLES,
    TOPOLOGY,
    PlanFiles,
    attempt,
    read_plan,
    sorted_holdings,
)
from cdnplan.inputs.plans.plan_json import PlanJson
from cdnplan.inputs.tables.parquet_columns import Texts, read_columns
from cdnplan.inputs.topology.topology_reader import read_resolved
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.topology import Topology

MAX_LISTED = 20
"""Rows listed per kind of problem."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenPlan:
    """A plan folder with all it was made from; `holdings` is None when there was no previous plan."""

    files: PlanFiles
    topology: Topology
    catalog: Catalog
    demand: Demand
    holdings: Holdings | None


def open_plan(folder: Path) -> OpenPlan:
    """Read a plan folder and its inputs.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    OpenPlan

    Raises
    ------
    InputError
        As `read_plan`, `read_topology` and `read_plan_inputs`: all problems of the inputs together.
    """
    files = read_plan(folder)
    problems: list[Problem] = []
    topology = attempt(problems, lambda: read_resolved(folder / TOPOLOGY))
    inputs = attempt(problems, lambda: read_plan_inputs(folder, files.plan))
    if topology is None or inputs is None:
        raise InputError(problems)
    return OpenPlan(files, topology, *inputs)


def read_plan_inputs(folder: Path, plan: PlanJson) -> tuple[Catalog, Demand, Holdings | None]:
    """Read what a plan was made from, except the topology.

    Parameters
    ----------
    folder : Path
    plan : PlanJson
        Says which period the demand is for.

    Returns
    -------
    catalog : Catalog
    demand : Demand
    holdings : Holdings or None
        None when there was no previous plan.

    Raises
    ------
    InputError
        As `read_plan`; also files named twice, without a positive size, or demand for unknown files.
    """
    problems: list[Problem] = []
    tables = attempt(problems, lambda: read_catalog_demand(folder, plan))
    holdings = None
    if (folder / HOLDINGS).is_file():
        holdings = attempt(problems, lambda: _holdings(folder))
    if problems or tables is None:
        raise InputError(problems)
    return *tables, holdings


def demand_period(folder: Path) -> tuple[str, str] | None:
    """What the table of demand says its period is: first day and number of days, as they are written.

    Parameters
    ----------
    folder : Path
        A plan folder.

    Returns
    -------
    tuple of str, or None
        None in plans of earlier releases, whose tables do not say it.

    Raises
    ------
    InputError
        The table cannot be read.
    """
    path = folder / DEMAND
    try:
        metadata = pq.read_schema(path).metadata or {}
    except (OSError, pa.ArrowException) as error:
        raise InputError([Problem(f"cannot be read: {error}", file=str(path))]) from None
    start, days = (metadata.get(key.encode()) for key in (PERIOD_START, PERIOD_DAYS))
    if start is None and days is None:
        return None
    return (start or b"").decode(errors="replace"), (days or b"").decode(errors="replace")


def read_catalog_demand(folder: Path, plan: PlanJson) -> tuple[Catalog, Demand]:
    """The catalogue and the demand of `read_plan_inputs`."""
    catalog = _catalog(folder)
    return catalog, _demand(folder, catalog, plan)


def _catalog(folder: Path) -> Catalog:
    table = read_columns(folder / FILES, TABLES[FILES])
    file, title = table.texts["file"], table.texts["title"]
    size, launch = table.values["size_gb"], table.values["launch_date"]
    order = np.argsort(file.code, kind="stable")
    twice = order[1:][np.diff(file.code[order]) == 0]
    bad = [
        Problem(f"file {file.at(i)!r} given twice", table.file, row=int(i) + 1) for i in twice[:MAX_LISTED]
    ]
    bad += [
        Problem(f"size {size[i]:g} GB, expected more than 0", table.file, row=int(i) + 1, path="size_gb")
        for i in np.flatnonzero(size <= 0)[:MAX_LISTED]
    ]
    if bad:
        raise InputError(bad)
    launch_day = np.full(len(title.names), np.datetime64("NaT"), dtype="datetime64[D]")
    launch_day[title.code] = launch
    return Catalog(file.names, size[order], title.names, title.code[order], launch_day)


def _demand(folder: Path, catalog: Catalog, plan: PlanJson) -> Demand:
    table = read_columns(folder / DEMAND, TABLES[DEMAND])
    region, gb = table.texts["region"], table.values["gb"]
    file = table.texts["file"].positions({name: i for i, name in enumerate(catalog.files)})
    bad = [
        Problem(
            f"file {table.texts['file'].at(i)!r} is not in {FILES}", table.file, row=int(i) + 1, path="file"
        )
        for i in np.flatnonzero(file < 0)[:MAX_LISTED]
    ]
    bad += [
        Problem(f"{gb[i]:g} GB, expected more than 0", table.file, row=int(i) + 1, path="gb")
        for i in np.flatnonzero(gb <= 0)[:MAX_LISTED]
    ]
    key = region.code.astype(np.int64) * max(1, catalog.n_files) + file
    if (np.diff(key) <= 0).any():
        order = np.argsort(key, kind="stable")
        twice = order[1:][np.diff(key[order]) == 0]
        bad += [
            Problem(f"demand of {region.at(i)!r} for one file given twice", table.file, row=int(i) + 1)
            for i in twice[:MAX_LISTED]
        ]
        region, file, gb = Texts(region.names, region.code[order]), file[order], gb[order]
    if bad:
        raise InputError(bad)
    counts = np.bincount(region.code, minlength=len(region.names))
    return Demand(
        regions=region.names,
        ptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        file=file.astype(np.int32),
        gb=gb,
        start=plan.start,
        period_days=plan.days,
    )


def _holdings(folder: Path) -> Holdings:
    table = read_columns(folder / HOLDINGS, TABLES[HOLDINGS])
    pool, file, number = table.texts["pool"], table.texts["file"], table.values["appliance"]
    bad = np.flatnonzero(number < 1)[:MAX_LISTED]
    if bad.size:
        raise InputError(
            Problem(
                f"appliance {number[i]}, numbers start at 1", table.file, row=int(i) + 1, path="appliance"
            )
            for i in bad
        )
    return sorted_holdings(pool.names, file.names, pool.code, number, file.code)
