"""Writes the tables of a proof for the small network: a tree of cases, cuts, and prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cdnplan.evaluate.proof.bound import dual_bound
from cdnplan.inputs.plans.plan_folder import PROOF, PROOF_CUTS, PROOF_PRICES
from cdnplan.model.instance.instance import Instance
from cdnplan.model.limits.families import CHURN
from cdnplan.model.plan.cuts import Cuts
from cdnplan.model.plan.placement import Prices
from tests.evaluate.prices import parts

PRICED = ("volume", "rate", "launch", "cut")

COLUMNS = ("node", "parent", "file", "pool", "side", "prices")

Node = tuple[int, int, str, str, str, int]


def write_tree(folder: Path, instance: Instance, prices: Prices, *, cuts: bool = False) -> float:
    """Three cases: kpn holds the first file; it does not, and bnix does; neither does. Returns the bound."""
    first, second = ("t00.hd", "kpn/storage-2u"), ("t00.hd", "bnix/storage-2u")
    decided = [
        _decided(instance, (*first, True)),
        _decided(instance, (*first, False), (*second, True)),
        _decided(instance, (*first, False), (*second, False)),
    ]
    nodes: list[Node] = [
        (1, 0, *first, "holds", 1),
        (2, 0, *first, "lacks", 0),
        (3, 2, *second, "holds", 2),
        (4, 2, *second, "lacks", 3),
    ]
    return _write_proof(folder, instance, nodes, decided, prices, weighed(instance) if cuts else Cuts.none())


def write_cuts(folder: Path, instance: Instance, prices: Prices) -> float:
    """Nothing is decided: cuts and prices prove a bound for the whole problem. Returns it."""
    return _write_proof(folder, instance, [], [instance], prices, weighed(instance))


def weighed(instance: Instance) -> Cuts:
    """Two cuts: whole parts of 10 GB that bnix, and whole GB that kpn stores at most of some files."""
    parts = []
    for name, unit, limit in (("bnix/storage-2u", 10.0, 10), ("kpn/storage-2u", 1.0, 224)):
        pool = instance.pools.index(name)
        weight = np.floor(instance.size_gb * instance.copies[pool] / unit).astype(np.int64)
        weight[instance.copies[pool] == 0] = 1
        file = np.flatnonzero(weight > 0)
        parts.append(Cuts.one(pool, limit, file, weight[file]))
    return Cuts.joined(*parts)


def _write_proof(
    folder: Path,
    instance: Instance,
    nodes: Sequence[Node],
    decided: Sequence[Instance],
    prices: Prices,
    cuts: Cuts,
) -> float:
    """Find prices for each case, and write all tables."""
    if cuts.n_cuts:
        volume = prices.volume.copy()
        volume[cuts.pool] = 1e-6
        prices = replace(prices, volume=volume, cut=np.full(cuts.n_cuts, 0.01))
        _write(folder / PROOF_CUTS, _cut_rows(instance, cuts))
    sets = [better_prices(case, prices, cuts) for case in decided]
    columns = zip(*nodes, strict=True) if nodes else [()] * len(COLUMNS)
    _write(folder / PROOF, dict(zip(COLUMNS, columns, strict=True)))
    rows: dict[str, list[Any]] = {}
    for number, case in enumerate(sets, 1):
        columns = price_rows(instance, case)
        for name, values in ({"prices": [number] * len(columns["limit"])} | columns).items():
            rows.setdefault(name, []).extend(values)
    _write(folder / PROOF_PRICES, rows)
    return min(dual_bound(case, own, cuts=cuts) for case, own in zip(decided, sets, strict=True))


def _cut_rows(instance: Instance, cuts: Cuts) -> dict[str, list[Any]]:
    """Columns of a table of cuts."""
    rows = [
        (c + 1, instance.pools[cuts.pool[c]], cuts.limit[c], instance.files[cuts.file[i]], cuts.weight[i])
        for c in range(cuts.n_cuts)
        for i in range(cuts.ptr[c], cuts.ptr[c + 1])
    ]
    names = ("cut", "pool", "limit", "file", "weight")
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


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


def better_prices(instance: Instance, prices: Prices, cuts: Cuts | None = None) -> Prices:
    """Prices that prove more than given ones: a few changes of each in turn."""
    prices = Prices(**{name: getattr(prices, name).copy() for name in PRICED})
    best = dual_bound(instance, prices, cuts=cuts)
    for limit in PRICED:
        price = getattr(prices, limit)
        for at in np.ndindex(price.shape):
            for factor in (0.5, 2.0, 0.8, 1.25):
                before = price[at]
                price[at] *= factor
                lower = dual_bound(instance, prices, cuts=cuts)
                if lower > best:
                    best = lower
                else:
                    price[at] = before
    return prices


def price_rows(instance: Instance, prices: Prices) -> dict[str, list[Any]]:
    """Columns of a table of prices."""
    rows: list[tuple[Any, ...]] = []
    own, churn = parts(instance, prices), {*instance.volumes.of(CHURN).tolist()}
    for limit, at in (("storage", 0), ("fill", instance.n_pools), ("churn", instance.n_pools)):
        rows += [
            (limit, pool, 0, prices.volume[at + p] * 1000.0, "per TB")
            for p, pool in enumerate(instance.pools)
            if prices.volume[at + p] and (at == 0 or (at + p in churn) == (limit == "churn"))
        ]
    for limit, names in (("throughput", instance.pools), ("link", instance.links)):
        values = own[limit]
        rows += [(limit, names[i], t, values[i, t], "per Gbps") for i, t in np.argwhere(values > 0)]
    for rule in np.flatnonzero(prices.launch):
        name = f"{instance.files[instance.launch_file[rule]]}#{rule}"
        rows.append(("launch", name, 0, prices.launch[rule], "per pool"))
    rows += [("cut", str(cut + 1), 0, prices.cut[cut], "per unit") for cut in np.flatnonzero(prices.cut)]
    names = ("limit", "name", "slice", "price", "unit")
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


def _write(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    types: dict[str, Any] = dict.fromkeys(("file", "pool", "side"), pa.string())
    types |= dict.fromkeys(("node", "parent", "prices", "slice", "cut", "limit", "weight"), pa.int32())
    if path.name == PROOF_PRICES:
        types["limit"] = pa.string()
    pq.write_table(pa.table({name: pa.array(c, type=types.get(name)) for name, c in columns.items()}), path)
