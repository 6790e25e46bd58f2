"""Start the engine from an earlier plan: its prices and its placement, matched by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cdnplan.inputs.parquet_columns import Columns
from cdnplan.inputs.plan_folder import holdings_of, read_plan
from cdnplan.model.instance import Instance
from cdnplan.model.placement import Prices
from cdnplan.optimize.warm_start import WarmStart
from cdnplan.units import GB_PER_TB


def start_from(folder: Path, instance: Instance) -> WarmStart:
    """Take prices and placement of a plan, as far as they have names that the instance knows.

    Parameters
    ----------
    folder : Path
        A plan folder; its network and catalogue may be others than the instance's.
    instance : Instance

    Returns
    -------
    WarmStart

    Raises
    ------
    InputError
        As `cdnplan.inputs.plan_folder.read_plan`.
    """
    return WarmStart(_prices(read_plan(folder).prices, instance), _holds(folder, instance))


def _prices(table: Columns, instance: Instance) -> Prices:
    prices = Prices.zero(instance)
    rules = [f"{instance.files[f]}#{i}" for i, f in enumerate(instance.launch_file)]
    limits = {
        "storage": (instance.pools, prices.storage[:, None], GB_PER_TB),
        "throughput": (instance.pools, prices.throughput, 1.0),
        "link": (instance.links, prices.link, 1.0),
        "fill": (instance.pools, prices.fill[:, None], GB_PER_TB),
        "churn": (instance.pools, prices.churn[:, None], GB_PER_TB),
        "launch": (rules, prices.launch[:, None], 1.0),
    }
    kind = table.texts["limit"]
    for limit, (names, target, unit) in limits.items():
        place = table.texts["name"].positions({name: i for i, name in enumerate(names)})
        rows = (kind.positions({limit: 0}) == 0) & (place >= 0)
        at = table.values["slice"]
        rows &= (at >= 0) & (at < target.shape[1])
        target[place[rows], at[rows]] = np.maximum(0.0, table.values["price"][rows]) / unit
    return prices


def _holds(folder: Path, instance: Instance) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    held = holdings_of(folder)
    pools = {name: i for i, name in enumerate(instance.pools)}
    files = {name: i for i, name in enumerate(instance.files)}
    pool = np.array([pools.get(name, -1) for name in held.pools], dtype=np.int64)[held.pool]
    file = np.array([files.get(name, -1) for name in held.files], dtype=np.int64)[held.file]
    known = (pool >= 0) & (file >= 0)
    holds = np.zeros((instance.n_pools, instance.n_files), dtype=np.bool_)
    holds[pool[known], file[known]] = True
    return np.asarray(holds & (instance.copies > 0))
