"""Tiny random instances, built straight as arrays; every family of constraints is active in some seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance, Ints, Ints32
from tests.instance_checks import check_instance
from tests.limits import instance_of

__all__ = ["FAMILIES", "check_instance", "random_instance", "to_dense"]

FAMILIES = frozenset(
    {"storage", "throughput", "links", "overload", "fill", "churn", "pins", "bans", "copies", "launches"}
)
"""Names of what can be switched on; `overload` makes links so tight or cheap to exceed that it happens."""


def random_instance(
    seed: int,
    *,
    n_regions: int | None = None,
    n_files: int | None = None,
    n_pools: int | None = None,
    slices: int | None = None,
    families: frozenset[str] | None = None,
) -> Instance:
    """Draw a tiny instance.

    Parameters
    ----------
    seed : int
        Same seed and arguments, same instance.
    n_regions, n_files, n_pools, slices : int or None
        Sizes; None: 1 to 3, 1 to 5, 1 to 4 and 1 to 3.
    families : frozenset of str or None
        Which of `FAMILIES` may be active; None: each with probability 0.4. A family left out does not bind.

    Returns
    -------
    Instance
        Pins are feasible together and each launch rule is feasible beside the pins; several launch rules
        need not be feasible together.

    Examples
    --------
    >>> random_instance(1, n_files=3).n_files
    3
    """
    rng = np.random.default_rng([seed, 20240])
    r = int(rng.integers(1, 4)) if n_regions is None else n_regions
    p = int(rng.integers(1, 5)) if n_pools is None else n_pools
    f = int(rng.integers(1, 6)) if n_files is None else n_files
    t = int(rng.integers(1, 4)) if slices is None else slices
    drawn = frozenset(name for name in sorted(FAMILIES) if rng.random() < 0.4)
    on = drawn if families is None else families
    unknown = on - FAMILIES
    if unknown:
        raise ValueError(f"unknown families {sorted(unknown)}")

    demand = _draw_demand(rng, r, f)
    gbps = rng.uniform(0.01, 1.0, size=(r, t)).round(3)
    paths = _draw_paths(rng, r, p, with_links=bool(on & {"links", "overload"}))
    files = _draw_files(rng, p, f, on)
    dense = _dense(demand, r, f)
    reach = _reach(paths, dense, gbps, p)
    limits = _draw_limits(rng, files, reach.max(axis=1), on)
    capacity, overload = _draw_capacity(rng, paths, dense, gbps, "overload" in on)
    launches = _draw_launches(rng, files, limits, "launches" in on)
    return instance_of(
        regions=tuple(f"r{i}" for i in range(r)),
        pools=tuple(f"s{i}/m" for i in range(p)),
        files=tuple(f"f{i}" for i in range(f)),
        links=tuple(f"a{i}>b{i}" for i in range(paths.n_links)),
        region_row=demand.region_row,
        region_share=demand.region_share,
        demand_ptr=demand.ptr,
        demand_file=demand.file,
        demand_gb=demand.gb,
        gbps_per_gb=gbps,
        cand_ptr=paths.cand_ptr,
        cand_pool=paths.cand_pool,
        cand_cost=paths.cand_cost,
        origin_cost=paths.origin_cost,
        cand_link_ptr=paths.cand_link_ptr,
        cand_link=paths.cand_link,
        origin_link_ptr=paths.origin_link_ptr,
        origin_link=paths.origin_link,
        link_capacity_gbps=capacity,
        overload_cost=overload,
        storage_gb=limits.storage,
        throughput_gbps=limits.throughput,
        fill_limit_gb=limits.fill,
        churn_limit_gb=limits.churn,
        fill_cost=limits.fill_cost,
        size_gb=files.size,
        copies=files.copies,
        held=files.held,
        pinned=files.pinned,
        launch_ptr=launches[0],
        launch_pool=launches[1],
        launch_file=launches[2],
        launch_min=launches[3],
        pool_appliances=files.appliances,
        appliance_storage_gb=limits.storage / files.appliances,
        appliance_throughput_gbps=limits.throughput / files.appliances,
        period_days=7.0,
    )


def to_dense(instance: Instance) -> Floats:
    """Demand v as a full matrix.

    Returns
    -------
    (n_regions, n_files) float64
        v[r, f] [GB].
    """
    v = np.zeros((instance.n_regions, instance.n_files))
    for region in range(instance.n_regions):
        row = int(instance.region_row[region])
        entries = slice(int(instance.demand_ptr[row]), int(instance.demand_ptr[row + 1]))
        amounts = instance.demand_gb[entries].astype(np.float64)
        v[region, instance.demand_file[entries]] = instance.region_share[region] * amounts
    return v


@dataclass(frozen=True)
class _Demand:
    region_row: Ints32
    region_share: Floats
    ptr: Ints
    file: Ints32
    gb: npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Paths:
    n_links: int
    cand_ptr: Ints
    cand_pool: Ints32
    cand_cost: Floats
    origin_cost: Floats
    cand_link_ptr: Ints
    cand_link: Ints32
    origin_link_ptr: Ints
    origin_link: Ints32


@dataclass(frozen=True)
class _Files:
    size: Floats
    copies: npt.NDArray[np.uint8]
    held: npt.NDArray[np.uint8]
    pinned: npt.NDArray[np.bool_]
    appliances: Ints32

    @property
    def stored(self) -> Floats:
        """Bytes a pool stores of a file if it holds it (n_pools, n_files) [GB]."""
        return self.copies * self.size

    @property
    def new(self) -> Floats:
        """Bytes of it that have to be filled (n_pools, n_files) [GB]."""
        return np.maximum(0, self.copies.astype(int) - self.held) * self.size


@dataclass(frozen=True)
class _Limits:
    storage: Floats
    throughput: Floats
    fill: Floats
    churn: Floats
    fill_cost: Floats


def _draw_demand(rng: np.random.Generator, r: int, f: int) -> _Demand:
    """Rows shared by regions or owned by one; narrow or many orders of magnitude; some files unasked."""
    n_rows = int(rng.integers(1, r + 1))
    spread = [(0, 2), (-2, 3), (-6, 6)][int(rng.choice(3, p=[0.6, 0.3, 0.1]))]
    asked = rng.random((n_rows, f)) < 0.75
    gb = 10.0 ** rng.uniform(*spread, size=(n_rows, f))
    if rng.random() < 0.3:
        gb = np.ceil(gb)
    own = n_rows == r
    row = rng.permutation(r) if own else rng.integers(0, n_rows, size=r)
    share = np.ones(r) if own else rng.uniform(0.1, 0.9, size=r).round(2)
    return _Demand(
        region_row=row.astype(np.int32),
        region_share=share,
        ptr=np.concatenate([[0], np.cumsum(asked.sum(axis=1))]).astype(np.int64),
        file=np.nonzero(asked)[1].astype(np.int32),
        gb=gb[asked].astype(np.float32),
    )


def _dense(demand: _Demand, r: int, f: int) -> Floats:
    rows = np.zeros((demand.ptr.size - 1, f))
    rows[np.repeat(np.arange(rows.shape[0]), np.diff(demand.ptr)), demand.file] = demand.gb
    return demand.region_share[:, None] * rows[demand.region_row]


def _draw_paths(rng: np.random.Generator, r: int, p: int, *, with_links: bool) -> _Paths:
    """Candidates by cost, often with ties; links that several candidates and origins share."""
    n_links = int(rng.integers(1, 4)) if with_links else 0
    ties = rng.random() < 0.4
    pools: list[Ints] = []
    costs: list[Floats] = []
    for _ in range(r):
        chosen = np.flatnonzero(rng.random(p) < 0.8) if rng.random() < 0.9 else np.zeros(0, dtype=np.int64)
        cost = rng.integers(0, 4, chosen.size) * 1.0 if ties else rng.uniform(0.0, 5.0, chosen.size).round(3)
        order = np.argsort(cost, kind="stable")
        pools.append(chosen[order])
        costs.append(cost[order])
    origin = rng.integers(2, 10, r) * 1.0 if ties else rng.uniform(2.0, 10.0, r).round(3)
    n_cand = sum(part.size for part in pools)
    over = [np.flatnonzero(rng.random(n_links) < 0.5) for _ in range(n_cand)]
    origin_over = [np.flatnonzero(rng.random(n_links) < 0.4) for _ in range(r)]
    cand_link_ptr, cand_link = _ragged(over)
    origin_link_ptr, origin_link = _ragged(origin_over)
    return _Paths(
        n_links=n_links,
        cand_ptr=np.concatenate([[0], np.cumsum([part.size for part in pools])]).astype(np.int64),
        cand_pool=np.concatenate(pools).astype(np.int32),
        cand_cost=np.concatenate(costs).astype(np.float64),
        origin_cost=origin,
        cand_link_ptr=cand_link_ptr,
        cand_link=cand_link,
        origin_link_ptr=origin_link_ptr,
        origin_link=origin_link,
    )


def _ragged(parts: list[Ints]) -> tuple[Ints, Ints32]:
    ptr = np.zeros(len(parts) + 1, dtype=np.int64)
    ptr[1:] = np.cumsum([part.size for part in parts])
    return ptr, np.concatenate([np.zeros(0, dtype=np.int64), *parts]).astype(np.int32)


def _draw_files(rng: np.random.Generator, p: int, f: int, on: frozenset[str]) -> _Files:
    """Sizes, sometimes all equal; copies of 2 and bans; what is held already; pins on files not banned."""
    kind = int(rng.integers(0, 3))
    size = [np.full(f, 10.0), rng.integers(1, 20, f) * 1.0, rng.uniform(1.0, 20.0, f).round(3)][kind]
    appliances = rng.integers(1, 4, p)
    copies = np.ones((p, f), dtype=np.int64)
    if "copies" in on:
        appliances = np.maximum(appliances, 2)
        copies[rng.random((p, f)) < 0.4] = 2
    if "bans" in on:
        banned = (rng.random(p) < 0.7)[:, None] & (rng.random(f) < 0.35)[None, :]
        copies[banned] = 0
    held = np.zeros((p, f), dtype=np.int64)
    if on & {"fill", "churn"}:
        held = np.minimum(rng.integers(0, 3, (p, f)), appliances[:, None])
        held[rng.random((p, f)) < 0.4] = 0
    pinned = np.zeros((p, f), dtype=bool)
    if "pins" in on:
        pinned = (rng.random((p, f)) < 0.2) & (copies > 0)
    return _Files(
        size=size,
        copies=copies.astype(np.uint8),
        held=held.astype(np.uint8),
        pinned=pinned,
        appliances=appliances.astype(np.int32),
    )


def _reach(paths: _Paths, dense: Floats, gbps: Floats, p: int) -> Floats:
    """Load of each pool if it served all it may serve, (n_pools, n_slices) [Gbit/s]."""
    region = np.repeat(np.arange(gbps.shape[0]), np.diff(paths.cand_ptr))
    load = np.zeros((p, gbps.shape[1]))
    np.add.at(load, paths.cand_pool, (dense.sum(axis=1)[:, None] * gbps)[region])
    return load


def _draw_limits(rng: np.random.Generator, files: _Files, reach: Floats, on: frozenset[str]) -> _Limits:
    """Tight where the family is on, never below what pins need; above all that is possible where off."""
    p = reach.size
    all_stored, all_new = files.stored.sum(axis=1), files.new.sum(axis=1)
    pin_stored = np.where(files.pinned, files.stored, 0.0).sum(axis=1)
    pin_new = np.where(files.pinned, files.new, 0.0).sum(axis=1)

    storage = 2.0 * all_stored + 1.0
    if "storage" in on:
        tight = rng.uniform(0.2, 0.8, p) * all_stored
        tight[rng.random(p) < 0.12] = 0.0
        storage = np.maximum(tight.round(2), pin_stored)
    throughput = 2.0 * reach + 1.0
    if "throughput" in on:
        throughput = rng.uniform(0.1, 0.7, p) * reach
        throughput[rng.random(p) < 0.08] = 0.0
    fill = np.full(p, np.inf)
    if "fill" in on:
        fill = np.maximum((rng.uniform(0.1, 0.7, p) * all_new).round(2), pin_new)
    churn = np.full(p, np.inf)
    if "churn" in on:
        churn = np.maximum((rng.uniform(0.1, 0.7, p) * all_new).round(2), pin_new)
    costly = bool(on & {"fill", "churn"}) or rng.random() < 0.3
    fill_cost = rng.uniform(0.0, 2.0, p).round(2) if costly else np.zeros(p)
    return _Limits(storage, throughput, fill, churn, fill_cost)


def _draw_capacity(
    rng: np.random.Generator, paths: _Paths, dense: Floats, gbps: Floats, overload: bool
) -> tuple[Floats, float]:
    """Capacity of links against what could run over them; with `overload` too little or cheap to exceed."""
    rate = (dense.sum(axis=1)[:, None] * gbps).max(axis=1)
    region = np.repeat(np.arange(rate.size), np.diff(paths.cand_ptr))
    entry_rate = np.repeat(rate[region], np.diff(paths.cand_link_ptr))
    origin_rate = np.repeat(rate, np.diff(paths.origin_link_ptr))
    possible = np.bincount(paths.cand_link, entry_rate, minlength=paths.n_links)
    possible = possible + np.bincount(paths.origin_link, origin_rate, minlength=paths.n_links)
    low, high = (0.0, 0.4) if overload else (0.2, 0.9)
    capacity = rng.uniform(low, high, paths.n_links) * possible
    if overload:
        capacity[rng.random(paths.n_links) < 0.15] = 0.0
    cost = float(rng.uniform(0.5, 20.0)) if overload else 200.0
    return np.asarray(capacity, dtype=np.float64), cost


def _draw_launches(
    rng: np.random.Generator, files: _Files, limits: _Limits, on: bool
) -> tuple[Ints, Ints32, Ints32, Ints32]:
    """Up to two rules, each feasible beside the pins; a rule may name pools that cannot hold the file."""
    p, f = files.copies.shape
    pools: list[Ints] = []
    of_file: list[int] = []
    least: list[int] = []
    for file in sorted(rng.choice(f, size=min(f, int(rng.integers(1, 3))), replace=False)) if on else []:
        chosen = np.flatnonzero(rng.random(p) < 0.8)
        fits = [pool for pool in chosen if _fits(files, limits, int(pool), int(file))]
        if fits:
            pools.append(chosen)
            of_file.append(int(file))
            least.append(int(rng.integers(1, len(fits) + 1)))
    ptr, pool = _ragged(pools)
    return ptr, pool, np.array(of_file, dtype=np.int32), np.array(least, dtype=np.int32)


def _fits(files: _Files, limits: _Limits, pool: int, file: int) -> bool:
    """Whether the pool can hold the file beside its pins."""
    held = files.pinned[pool].copy()
    held[file] = True
    stored, new = files.stored[pool][held].sum(), files.new[pool][held].sum()
    limit = min(limits.fill[pool], limits.churn[pool])
    return bool(files.copies[pool, file] > 0 and stored <= limits.storage[pool] and new <= limit)
