"""What appliances hold, read from the field: a table of copies, believed more than the previous plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cdnplan.inputs.plans.plan_folder import sorted_holdings, split_appliances
from cdnplan.inputs.tables.parquet_columns import Columns, Texts
from cdnplan.inputs.tables.tables import Column, Table
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Ints
from cdnplan.model.plan.sorted_numbers import sorted_distinct

_CONTRACT = (Column("appliance", "text"), Column("file", "text"))


def read_holdings(path: Path) -> Holdings:
    """Read a table of copies, one row each.

    Parameters
    ----------
    path : Path
        Parquet or CSV with the columns ``appliance`` (``site/model/number``) and ``file``. An appliance
        without rows holds nothing.

    Returns
    -------
    Holdings
        A copy listed twice is one.

    Raises
    ------
    InputError
        All problems of the table: missing columns or values, names that are no appliance's.
    """
    table = Table(path, _CONTRACT)
    values = table.read()
    table.problems.raise_if_any()
    texts = {name: _sorted(table.names[name].list, values[name]) for name in ("appliance", "file")}
    columns = Columns(str(path), int(values["file"].size), texts, {})
    pools, pool, number = split_appliances(columns, "appliance")
    file = texts["file"]
    return sorted_holdings(pools, file.names, pool, number, file.code)


def _sorted(names: list[str], code: np.ndarray[tuple[int], np.dtype[np.int32]]) -> Texts:
    """The same texts with their names sorted."""
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names), dtype=np.int32)
    place[order] = np.arange(len(names), dtype=np.int32)
    return Texts(tuple(names[i] for i in order), place[code] if names else code)


def disagreements(field: Holdings, plan: Holdings) -> tuple[int, int, tuple[str, ...]]:
    """Compare what the field says with what a plan says.

    Parameters
    ----------
    field, plan : Holdings

    Returns
    -------
    only_field, only_plan : int
        Copies that only one of them has.
    silent : tuple of str
        Appliances that hold something by the plan and nothing by the field, sorted by pool and number.
    """
    pools = sorted({*field.pools, *plan.pools})
    files = sorted({*field.files, *plan.files})
    most = int(max(field.appliance.max(initial=0), plan.appliance.max(initial=0))) + 1
    one, other = (_keys(holdings, pools, files, most) for holdings in (field, plan))
    width = max(1, len(files))
    silent = np.setdiff1d(other // width, one // width)
    return (
        int(np.setdiff1d(one, other, assume_unique=True).size),
        int(np.setdiff1d(other, one, assume_unique=True).size),
        tuple(f"{pools[place // most]}/{place % most}" for place in silent.tolist()),
    )


def _keys(holdings: Holdings, pools: list[str], files: list[str], most: int) -> Ints:
    """One number per copy, sorted: the same in both holdings for the same names."""
    pool_at = {name: i for i, name in enumerate(pools)}
    file_at = {name: i for i, name in enumerate(files)}
    pool = np.array([pool_at[name] for name in holdings.pools], dtype=np.int64)[holdings.pool]
    file = np.array([file_at[name] for name in holdings.files], dtype=np.int64)[holdings.file]
    return sorted_distinct((pool * most + holdings.appliance) * max(1, len(files)) + file)
