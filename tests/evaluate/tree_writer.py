"""Writes the tables of a tree of cases for the small network, and prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cdnplan.evaluate.bound import dual_bound
from cdnplan.inputs.plan_folder import PROOF, PROOF_PRICES
from cdnplan.model.instance import Instance
from cdnplan.model.placement import Prices

PRICED = ("storage", "throughput", "link", "fill", "churn", "launch")


def write_tree(folder: Path, instance: Instance, prices: Prices) -> float:
    """Three cases: kpn holds the first file; it does not, and bnix does; neither does. Returns the bound."""
    first, second = ("t00.hd", "kpn/storage-2u"), ("t00.hd", "bnix/storage-2u")
    decided = [
        _decided(instance, (*first, True)),
        _decided(instance, (*first, False), (*second, True)),
        _decided(instance, (*first, False), (*second, False)),
    ]
    sets = [better_prices(case, prices) for case in decided]
    nodes = [
        (1, 0, *first, "holds", 1),
        (2, 0, *first, "lacks", 0),
        (3, 2, *second, "holds", 2),
        (4, 2, *second, "lacks", 3),
    ]
    names = ("node", "parent", "file", "pool", "side", "prices")
    _write(folder / PROOF, dict(zip(names, zip(*nodes, strict=True), strict=True)))
    rows: dict[str, list[Any]] = {}
    for number, case in enumerate(sets, 1):
        columns = price_rows(instance, case)
        for name, values in ({"prices": [number] * len(columns["limit"])} | columns).items():
            rows.setdefault(name, []).extend(values)
    _write(folder / PROOF_PRICES, rows)
    return min(dual_bound(case, own) for case, own in zip(decided, sets, strict=True))


def _decided(instance: Instance, *decisions: tuple[str, str, bool]) -> Instance:
    """The problem with pools made to hold files, or not to."""
    copies, pinned = instance.copies.copy(), instance.pinned.copy()
    for file, pool, holds in decisions:
        at = instance.pools.index(pool), instance.files.index(file)
        if holds:
            pinned[at] = True
        else:
            copies[at] = 0
    return replace(instance, copies=copies, pinned=pinned)


def better_prices(instance: Instance, prices: Prices) -> Prices:
    """Prices that prove more than given ones: a few changes of each in turn."""
    prices = Prices(**{name: getattr(prices, name).copy() for name in PRICED})
    best = dual_bound(instance, prices)
    for limit in PRICED:
        price = getattr(prices, limit)
        for at in np.ndindex(price.shape):
            for factor in (0.5, 2.0, 0.8, 1.25):
                before = price[at]
                price[at] *= factor
                lower = dual_bound(instance, prices)
                if lower > best:
                    best = lower
                else:
                    price[at] = before
    return prices


def price_rows(instance: Instance, prices: Prices) -> dict[str, list[Any]]:
    """Columns of a table of prices."""
    rows: list[tuple[Any, ...]] = []
    for limit in ("storage", "fill", "churn"):
        values = getattr(prices, limit)
        rows += [(limit, instance.pools[p], 0, values[p] * 1000.0, "per TB") for p in np.flatnonzero(values)]
    for limit, names in (("throughput", instance.pools), ("link", instance.links)):
        values = getattr(prices, limit)
        rows += [(limit, names[i], t, values[i, t], "per Gbps") for i, t in np.argwhere(values > 0)]
    for rule in np.flatnonzero(prices.launch):
        name = f"{instance.files[instance.launch_file[rule]]}#{rule}"
        rows.append(("launch", name, 0, prices.launch[rule], "per pool"))
    names = ("limit", "name", "slice", "price", "unit")
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


def _write(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    types = dict.fromkeys(("node", "parent", "prices", "slice"), pa.int32())
    pq.write_table(pa.table({name: pa.array(c, type=types.get(name)) for name, c in columns.items()}), path)
