"""Start the engine from an earlier plan: its prices and its placement, matched by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cdnplan.inputs.plans.plan_folder import planned_holdings, read_plan
from cdnplan.inputs.tables.parquet_columns import Columns
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.limits.families import CHURN, FAMILIES, FILL
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.problem.warm_start import WarmStart


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
        As `cdnplan.inputs.plans.plan_folder.read_plan`.
    """
    read = read_plan(folder)
    return start_with(read.prices, planned_holdings(read.placement), instance)


def start_with(prices: Columns, holdings: Holdings, instance: Instance) -> WarmStart:
    """`start_from`, from what has been read of a plan: its table of prices, and what appliances hold by it.

    Copies on appliances that are no more count as well: their pool may want to keep some of those files.
    """
    holds = held_copies(holdings, instance, beyond=True) > 0
    return WarmStart(prices_for(prices, instance), np.asarray(holds & (instance.copies > 0)))


def prices_for(table: Columns, instance: Instance) -> Prices:
    """Prices of a plan, where the instance knows the limits they are named after; zero elsewhere.

    Parameters
    ----------
    table : Columns
        ``prices.parquet`` of a plan, perhaps of another network or catalogue.
    instance : Instance
    """
    prices = Prices.zero(instance)
    volumes, rates, n = instance.volumes, instance.rates, instance.n_pools
    rules = [f"{instance.files[f]}#{i}" for i, f in enumerate(instance.launch_file)]
    parts: list[tuple[str, Mapping[str, int], Floats, float]] = [
        ("launch", {name: i for i, name in enumerate(rules)}, prices.launch[:, None], 1.0)
    ]
    for kind in FAMILIES:
        of_rates = {rates.names[i]: i for i in rates.of(kind).tolist()}
        of_volumes = {volumes.names[i]: i for i in volumes.of(kind).tolist()}
        if kind in (FILL, CHURN):
            # Both are about new bytes of a pool, on which the tighter one is the only limit.
            of_volumes |= {name: n + p for p, name in enumerate(instance.pools)}
        parts += [
            (kind.name, of_rates, prices.rate, kind.per),
            (kind.name, of_volumes, prices.volume[:, None], kind.per),
        ]
    limit, at = table.texts["limit"], table.values["slice"]
    for name, rows, target, per in parts:
        place = table.texts["name"].positions(rows)
        known = (limit.positions({name: 0}) == 0) & (place >= 0) & (at >= 0) & (at < target.shape[1])
        found = np.maximum(0.0, table.values["price"][known]) / per
        np.add.at(target, (place[known], at[known]), found)
    return prices


def held_copies(
    holdings: Holdings, instance: Instance, *, beyond: bool = False
) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Copies of each file on the appliances of each pool, (n_pools, n_files) uint8.

    Pools, files and appliances that the instance does not know are left out; with `beyond`, appliances
    whose numbers exceed their pool's count are not.
    """
    pool, file = holdings.numbers(instance.pools, instance.files)
    known = (pool >= 0) & (file >= 0)
    if not beyond:
        known &= holdings.appliance <= np.append(instance.pool_appliances, 0)[pool]
    shape = (instance.n_pools, instance.n_files)
    count = np.bincount(
        pool[known].astype(np.int64) * instance.n_files + file[known], minlength=shape[0] * shape[1]
    )
    return np.minimum(count, 255).astype(np.uint8).reshape(shape)
