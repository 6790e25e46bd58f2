"""Tables of a plan folder, as Arrow tables; see `cdnplan.inputs.plans.plan_folder` for names and columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from cdnplan.fill.deal.appliances import Assignment
from cdnplan.inputs.plans.plan_folder import (
    ADD,
    EVICT,
    KEEP,
    ORIGIN,
    PERIOD_DAYS,
    PERIOD_START,
    PRICE_UNITS,
)
from cdnplan.inputs.tables.arrow_arrays import from_numpy, from_texts
from cdnplan.model.instance.holdings import Holdings, appliance_name
from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.instance.network import Arc, find_candidates
from cdnplan.model.limits.families import FAMILIES
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.topology import Topology
from cdnplan.model.plan.placement import Prices
from cdnplan.planner.folder.limit_list import PER


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table as Parquet, the same bytes for the same table."""
    pq.write_table(table, path, compression="zstd")


def coded(codes: npt.NDArray[Any], names: tuple[str, ...]) -> pa.DictionaryArray:
    """Text column given as codes into a list of names."""
    return pa.DictionaryArray.from_arrays(from_numpy(codes.astype(np.int32)), from_texts(names))


def table(columns: Mapping[str, Any]) -> pa.Table:
    """Table of Arrow and numpy arrays."""
    arrays = [from_numpy(c) if isinstance(c, np.ndarray) else c for c in columns.values()]
    return pa.Table.from_arrays(arrays, names=list(columns))


def catalog_table(catalog: Catalog) -> pa.Table:
    """``inputs/files.parquet``."""
    return table(
        {
            "file": from_texts(catalog.files),
            "title": coded(catalog.file_title, catalog.titles),
            "size_gb": catalog.size_gb,
            "launch_date": catalog.launch_day[catalog.file_title],
        }
    )


def demand_table(demand: Demand, catalog: Catalog) -> pa.Table:
    """``inputs/demand.parquet``; the file itself says which period its bytes are of."""
    row = np.repeat(np.arange(len(demand.regions)), np.diff(demand.ptr))
    columns = table(
        {
            "region": coded(row, demand.regions),
            "file": coded(demand.file, catalog.files),
            "gb": demand.gb.astype(np.float32),
        }
    )
    period = {PERIOD_START: demand.start.isoformat(), PERIOD_DAYS: repr(float(demand.period_days))}
    return columns.replace_schema_metadata(period)


def paths_table(topology: Topology) -> pa.Table:
    """``inputs/paths.parquet``: who may serve each region, cheapest first, then its origin."""
    regions = tuple(sorted(topology.regions, key=lambda region: region.name))
    sites = tuple(sorted(site.name for site in topology.sites))
    reach = find_candidates(topology, regions, {name: i for i, name in enumerate(sites)})
    rows: list[tuple[str, str, float, str]] = []
    for r, region in enumerate(regions):
        rows += [
            (region.name, sites[reach.cand_site[j]], float(reach.cand_cost[j]), _chain(reach.cand_arcs[j]))
            for j in range(int(reach.cand_ptr[r]), int(reach.cand_ptr[r + 1]))
        ]
        way = _chain(reach.origin_arcs[r])
        rows.append((region.name, reach.origin_name[r], float(reach.origin_cost[r]), way))
    owner, place, cost, path = zip(*rows, strict=True) if rows else ((), (), (), ())
    return table(
        {
            "region": from_texts(owner),
            "place": from_texts(place),
            "cost_per_gb": np.array(cost, dtype=np.float64),
            "path": from_texts(path),
        }
    )


def _chain(arcs: Sequence[Arc]) -> str:
    """Nodes of a path in the direction of the bytes, given its arcs from the region outwards."""
    return ">".join([*(start for start, _ in reversed(arcs)), *(end for _, end in arcs[:1])])


def holdings_table(holdings: Holdings) -> pa.Table:
    """``inputs/holdings.parquet``."""
    return table(
        {
            "pool": coded(holdings.pool, holdings.pools),
            "appliance": holdings.appliance.astype(np.int32),
            "file": coded(holdings.file, holdings.files),
        }
    )


def placement_table(instance: Instance, assignment: Assignment, holdings: Holdings | None) -> pa.Table:
    """``placement.parquet``: what is kept and added, then in the same order what is evicted."""
    names = appliance_names(instance)
    start = assignment.appliance_ptr
    place = start[assignment.pool] + assignment.appliance - 1
    files = instance.files
    file = assignment.file.astype(np.int64)
    size = instance.size_gb[file]
    action = np.where(assignment.kept, 0, 1)
    gone = evicted_copies(instance, assignment, holdings)
    if gone is not None:
        more_names, more_files, gone_place, gone_file, gone_size = gone
        names, files = names + more_names, files + more_files
        place, file = np.concatenate([place, gone_place]), np.concatenate([file, gone_file])
        size = np.concatenate([size, gone_size])
        action = np.concatenate([action, np.full(gone_place.size, 2)])
        order = np.lexsort((file, place))
        place, file, size, action = place[order], file[order], size[order], action[order]
    return table(
        {
            "appliance": coded(place, names),
            "file": coded(file, files),
            "action": coded(action, (KEEP, ADD, EVICT)),
            "size_gb": size,
        }
    )


def appliance_names(instance: Instance) -> tuple[str, ...]:
    """Names of all appliances, by pool, then by number."""
    return tuple(
        appliance_name(pool, number)
        for pool, count in zip(instance.pools, instance.pool_appliances, strict=True)
        for number in range(1, count + 1)
    )


def evicted_copies(
    instance: Instance, assignment: Assignment, holdings: Holdings | None
) -> tuple[tuple[str, ...], tuple[str, ...], Ints, Ints, Floats] | None:
    """Copies held before and no longer, those of appliances or files that are no more included.

    Returns
    -------
    more_names, more_files : tuple of str
        Appliances and files the network does not know, numbered after those it knows.
    place, file, size_gb : (n,) arrays
        Size 0 for files that left the catalogue.
    """
    if holdings is None or holdings.pool.size == 0:
        return None
    pool_index = {name: p for p, name in enumerate(instance.pools)}
    file_index = {name: f for f, name in enumerate(instance.files)}
    n_appliances = int(assignment.appliance_ptr[-1])
    lost_files = tuple(name for name in holdings.files if name not in file_index)
    file_index |= {name: instance.n_files + i for i, name in enumerate(lost_files)}
    file = np.array([file_index[name] for name in holdings.files], dtype=np.int64)[holdings.file]
    pool = np.array([pool_index.get(name, -1) for name in holdings.pools], dtype=np.int64)[holdings.pool]
    known = (pool >= 0) & (holdings.appliance <= np.append(instance.pool_appliances, 0)[pool])
    place = np.where(known, assignment.appliance_ptr[pool] + holdings.appliance - 1, -1)
    unknown = np.flatnonzero(~known)
    lost = [appliance_name(holdings.pools[holdings.pool[i]], int(holdings.appliance[i])) for i in unknown]
    lost_names = tuple(dict.fromkeys(lost))
    number = {name: n_appliances + i for i, name in enumerate(lost_names)}
    place[unknown] = [number[name] for name in lost]
    width = instance.n_files + len(lost_files)
    now = (assignment.appliance_ptr[assignment.pool] + assignment.appliance - 1) * width + assignment.file
    gone = ~np.isin(place * width + file, now)
    size = np.concatenate([instance.size_gb, np.zeros(len(lost_files))])
    return lost_names, lost_files, place[gone], file[gone], size[file[gone]]


def lost_copies(
    instance: Instance, assignment: Assignment, holdings: Holdings | None
) -> tuple[tuple[str, ...], tuple[str, ...], Ints, Ints]:
    """Copies held before of appliances or files that are no more; see `evicted_copies`."""
    gone = evicted_copies(instance, assignment, holdings)
    if gone is None:
        return (), (), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    names, files, place, file, _ = gone
    lost = (place >= int(assignment.appliance_ptr[-1])) | (file >= instance.n_files)
    return names, files, place[lost], file[lost]


def serving_table(instance: Instance, served_gb: Floats, origin_gb: Floats) -> pa.Table:
    """``serving.parquet``: GB and peak rate by region and pool, the origin last."""
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    rows = np.concatenate([region, np.arange(instance.n_regions)])
    pool = np.concatenate([instance.cand_pool, np.full(instance.n_regions, instance.n_pools)])
    gb = np.concatenate([served_gb, origin_gb])
    used = np.flatnonzero(gb > 0)
    used = used[np.lexsort((pool[used], rows[used]))]
    peak = instance.gbps_per_gb.max(axis=1)
    return table(
        {
            "region": coded(rows[used], instance.regions),
            "pool": coded(pool[used], (*instance.pools, ORIGIN)),
            "gb": gb[used],
            "peak_gbps": gb[used] * peak[rows[used]],
        }
    )


def appliances_table(instance: Instance, assignment: Assignment) -> pa.Table:
    """``appliances.parquet``: what each appliance stores and serves."""
    pool = np.repeat(np.arange(instance.n_pools), instance.pool_appliances)
    return table(
        {
            "appliance": from_texts(appliance_names(instance)),
            "pool": coded(pool, instance.pools),
            "storage_gb": assignment.storage_gb,
            "storage_limit_gb": instance.appliance_storage_gb[pool],
            "peak_gbps": assignment.peak_gbps,
            "throughput_limit_gbps": instance.appliance_throughput_gbps[pool],
        }
    )


def as_stored(instance: Instance, prices: Prices) -> Prices:
    """Prices as they are read back: volumes' stored per TB, some change in their last bit."""
    volume, rate = PER[instance.volumes.family], PER[instance.rates.family][:, None]
    return replace(prices, volume=prices.volume * volume / volume, rate=prices.rate * rate / rate)


def prices_table(instance: Instance, prices: Prices) -> pa.Table:
    """``prices.parquet``: what one more TB, Gbit/s or exempted pool is worth; only prices above 0."""
    return table(price_columns(price_rows(instance, prices)))


PriceRow = tuple[str, str, int, float, str]
"""Limit, name, slice, price and unit."""


def price_rows(instance: Instance, prices: Prices) -> list[PriceRow]:
    """Prices above 0, as they are stored."""
    parts = [
        (kind.name, [rows.names[i] for i in rows.of(kind)], values[rows.of(kind)] * kind.per)
        for kind in FAMILIES
        for rows, values in ((instance.volumes, prices.volume[:, None]), (instance.rates, prices.rate))
    ]
    launches = [f"{instance.files[f]}#{i}" for i, f in enumerate(instance.launch_file)]
    cuts = [str(cut + 1) for cut in range(prices.cut.size)]
    parts += [("launch", launches, prices.launch[:, None]), ("cut", cuts, prices.cut[:, None])]
    return [
        (limit, names[i], int(t), float(values[i, t]), PRICE_UNITS[limit])
        for limit, names, values in parts
        for i, t in np.argwhere(values > 0)
    ]


def price_columns(rows: Sequence[PriceRow]) -> dict[str, Any]:
    """Columns of a table of prices."""
    limit, name, at, price, unit = list(zip(*rows, strict=True)) if rows else [()] * 5
    return {
        "limit": from_texts(limit),
        "name": from_texts(name),
        "slice": np.array(at, dtype=np.int32),
        "price": np.array(price, dtype=np.float64),
        "unit": from_texts(unit),
    }
